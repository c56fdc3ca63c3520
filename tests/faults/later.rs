//! What `resume` finds in a later ceremony, state by state: shares that are checked, dealt anew, used, and divided secrets.

use serde_json::Value;

use crate::states::{When, count, field, killed_of, of, resumed};
use crate::world::{Template, World};

/// A world of the later ceremony whose program was killed, with its records.
fn killed(when: When, ev: &str, step: &str) -> (World<'static>, Vec<Value>) {
    killed_of(Template::later(), when, ev, step)
}

/// Whether the log says in a step that a set counts for nothing.
fn is_void(records: &[Value], step: &str) -> bool {
    let text = |note: &&Value| note["data"]["text"].as_str().unwrap().to_owned();
    of(records, "log.note", step).iter().map(text).any(|text| text.contains("interrupted before all of them"))
}

#[test]
fn a_log_key_is_replaced_once_and_the_log_confirmed_once() {
    for (when, ev, step) in [
        (When::Before, "log.key.replaced", "1.3"),
        (When::After, "log.key.replaced", "1.3"),
        (When::After, "step.end", "1.3"),
        (When::After, "step.begin", "1.4"),
        (When::Before, "log.confirmed", "1.4"),
        (When::After, "log.confirmed", "1.4"),
    ] {
        let (world, _) = killed(when, ev, step);
        let records = resumed(&world, None);
        assert_eq!(count(&records, "log.key.replaced", ""), 1, "{ev}");
        assert!(count(&records, "log.confirmed", "1.4") >= 1, "{ev}");
        assert_eq!(count(&records, "ceremony.close", ""), 1, "{ev}");
    }
}

#[test]
fn a_token_that_cannot_be_asked_is_no_finding_about_its_keys() {
    let world = World::of(Template::later());
    // Of the calls before anything is used most are of `confirm-log`.
    let (mut equipment, mut point) = (0, 20);
    while point < 120 && equipment < 3 {
        let world = World::of(Template::later());
        world.module_fault(Some(&format!("before {point}")));
        let ended = world.run_with(&[]).with(4);
        equipment += usize::from(ended.error.contains("`confirm-log`"));
        assert!(!ended.error.contains("does not hold what the log says"), "{}", ended.error);
        point += 7;
    }
    assert!(equipment > 0);
    // A key that is gone is one.
    world.lose_keys("root");
    let ended = world.run_with(&[]).with(5);
    assert!(ended.error.contains("token `root` does not hold what the log says"), "{}", ended.error);
}

#[test]
fn a_share_that_was_checked_is_not_asked_for_again() {
    for (when, ev) in [
        (When::Before, "custody.opened"),
        (When::After, "custody.opened"),
        (When::Before, "share.checked"),
        (When::After, "share.checked"),
        (When::Before, "step.end"),
    ] {
        let (world, _) = killed(when, ev, "2.1");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "share.checked", "2.1"), 3, "{ev}");
        // Each sheet is in a bag again.
        assert_eq!(count(&records, "custody.opened", "2.1"), 3, "{ev}");
        assert_eq!(count(&records, "custody.sealed", "2.1"), 3, "{ev}");
        assert_eq!(count(&records, "log.anomaly", "2.1"), 0, "{ev}");
    }
}

#[test]
fn a_restore_is_taken_whole_or_made_again() {
    for (when, ev) in [
        (When::Before, "share.checked"),
        (When::After, "share.checked"),
        (When::After, "key.restore.intent"),
        (When::Before, "key.restored"),
        (When::After, "key.restored"),
        (When::After, "key.proof.intent"),
        (When::Before, "key.proved"),
        (When::Before, "step.end"),
    ] {
        let (world, _) = killed(when, ev, "2.2");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "key.restored", "2.2"), 1, "{ev}");
        assert_eq!(field(&records, "key.restored", "2.2", "token"), "last", "{ev}");
        assert!(count(&records, "key.proved", "2.2") >= 1, "{ev}");
    }
}

#[test]
fn a_new_set_that_not_everybody_confirmed_is_void_and_the_old_one_still_counts() {
    for (step, holders) in [("2.3", 3), ("2.4", 2)] {
        for (when, ev) in [
            (When::After, "key.backup.intent"),
            (When::Before, "key.backup"),
            (When::After, "key.backup"),
            (When::After, "share.issued"),
            (When::After, "share.confirmed"),
        ] {
            let (world, before) = killed(when, ev, step);
            let (issued, begun) = (count(&before, "share.issued", step), count(&before, "key.backup", step));
            let records = resumed(&world, None);
            assert_eq!(count(&records, "key.backup", step), 1 + begun, "{step} {ev}");
            assert_eq!(is_void(&records, step), begun == 1, "{step} {ev}");
            // What was issued of the void set and, in the end, of the old one: there of three sheets one was lost.
            let old = if step == "2.3" { 3 } else { 2 };
            assert_eq!(count(&records, "share.returned", step), issued + old, "{step} {ev}");
            assert_eq!(
                count(&records, "share.confirmed", step),
                holders + issued.saturating_sub(usize::from(ev == "share.issued")),
                "{step} {ev}"
            );
        }
    }
}

#[test]
fn a_new_set_that_everybody_confirmed_takes_the_place_of_the_old_one_once() {
    for (step, holders, old, media) in [("2.3", 3, 3, 0), ("2.4", 2, 2, 2)] {
        let same =
            [(When::Before, "share.returned"), (When::After, "share.returned"), (When::Before, "step.end")];
        let anew = [
            (When::After, "media.write.intent"),
            (When::Before, "media.written"),
            (When::After, "media.written"),
            (When::Before, "log.anomaly"),
            (When::After, "log.anomaly"),
            (When::Before, "media.destroyed"),
            (When::After, "media.destroyed"),
        ];
        for (when, ev) in same.iter().chain(anew.iter().filter(|_| media > 0)) {
            let (world, _) = killed(*when, ev, step);
            let records = resumed(&world, None);
            for (wanted, number) in [
                ("key.backup", 1),
                ("share.issued", holders),
                ("share.confirmed", holders),
                ("share.returned", old),
                ("media.written", media),
                ("media.destroyed", media),
                ("log.anomaly", media / 2),
            ] {
                assert_eq!(count(&records, wanted, step), number, "{step} {ev}: {wanted}");
            }
        }
    }
}

#[test]
fn a_secret_of_which_not_everybody_confirmed_is_typed_and_divided_anew() {
    for step in ["2.5", "2.6", "2.7"] {
        for (when, ev) in [
            (When::Before, "secret.split"),
            (When::After, "secret.split"),
            (When::After, "share.issued"),
            (When::After, "share.confirmed"),
        ] {
            let (world, before) = killed(when, ev, step);
            let begun = count(&before, "secret.split", step);
            let records = resumed(&world, None);
            assert_eq!(count(&records, "secret.split", step), 1 + begun, "{step} {ev}");
            assert_eq!(is_void(&records, step), begun == 1, "{step} {ev}");
            let issued = count(&before, "share.issued", step);
            assert_eq!(count(&records, "share.returned", step), issued, "{step} {ev}");
        }
    }
}

#[test]
fn a_secret_that_everybody_confirmed_is_divided_once() {
    for (when, ev) in [(When::Before, "step.end"), (When::After, "step.end")] {
        let (world, _) = killed(when, ev, "2.5");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "secret.split", "2.5"), 1);
        assert_eq!(count(&records, "share.returned", "2.5"), 0);
        assert_eq!(count(&records, "auth.ok", "2.5"), 1, "nobody types the PIN again");
    }
}

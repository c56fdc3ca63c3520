//! A ceremony that is closed in the middle of a backup: every sheet is accounted for, and nothing is left that one would open.

use serde_json::Value;

use crate::backup::{Holders, PRACTICE, count, events, nothing_is_left, of, table};
use crate::common::Ended;
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

/// A ceremony that somebody stops, and what it is closed as. `missing`: whose sheet is not there.
fn closed(
    outcome: &str,
    missing: &str,
    stop: impl Fn(&Question) -> bool,
) -> (Table, Vec<Value>, Ended, Holders) {
    let table = table();
    let (mut holders, mut stopped) = (Holders::default(), false);
    let _ = Room::open(&table, PRACTICE)
        .go_on(|question| {
            if !stopped && stop(question) {
                stopped = true;
                return Some("no".to_owned());
            }
            holders.answer(question)
        })
        .with(3);
    let mut of_missing = false;
    let ended = Room::open(&table, &format!("resume --log log --close {outcome} --plain"))
        .go_on(|question| match &question.wanted {
            Wanted::Text if question.shown.contains("destroyed, missing") => {
                of_missing = question.shown.contains(&format!("its holder: {missing}\n"));
                Some(if of_missing { "missing" } else { "destroyed" }.to_owned())
            }
            _ => holders.answer(question),
        })
        .with(0);
    let all = events(&table);
    (table, all, ended, holders)
}

/// That no file of a wrapped key is anywhere but on the media.
fn no_wrapped_key(table: &Table) {
    for (path, octets) in table.everything() {
        let here = octets.starts_with(b"rootrite-backup") && !path.starts_with(table.path("media"));
        assert!(!here, "{}", path.display());
    }
}

#[test]
fn each_sheet_of_an_aborted_backup_is_destroyed_before_two_or_said_to_be_missing() {
    // The third holder has the sheet and has not put it into its bag.
    let (table, all, ended, holders) = closed("aborted", "h2", |question| {
        question.shown.contains("the number on the bag?") && question.shown.contains("-3\n")
    });
    assert_eq!((count(&all, "share.issued"), count(&all, "share.confirmed")), (3, 3));
    let returned: Vec<&Value> = of(&all, "share.returned").iter().map(|data| &data["holder"]).collect();
    assert_eq!(returned, ["h1", "h3"]);
    let anomalies = of(&all, "log.anomaly");
    assert_eq!(anomalies.len(), 1);
    let text = anomalies[0]["text"].as_str().unwrap();
    assert!(text.contains("of h2: missing when the ceremony was closed"), "{text}");
    let notes: Vec<&str> = of(&all, "log.note").iter().filter_map(|data| data["text"].as_str()).collect();
    for wanted in [
        "count for nothing: the ceremony was closed as aborted: as it was seen",
        "destroyed by h1 before wim, as the ceremony is closed",
        "destroyed by h3 before wim, as the ceremony is closed",
        "was removed from the log's folder",
    ] {
        assert!(notes.iter().any(|note| note.contains(wanted)), "{wanted}\n{notes:?}");
    }
    assert!(
        ended.out.contains("shares destroyed: 2\n") && ended.out.contains("shares missing: 1\n"),
        "{}",
        ended.out
    );
    // The wrapped key goes when the log says what became of every sheet.
    let removed = all.iter().position(|event| {
        event["data"]["text"].as_str().is_some_and(|text| text.contains("was removed from the log's folder"))
    });
    let last = all.iter().rposition(|event| event["ev"] == "share.returned");
    assert!(removed > last);
    no_wrapped_key(&table);
    nothing_is_left(&table, &ended, &holders, None);
    assert_eq!(all.last().unwrap()["data"]["outcome"], "aborted");
}

#[test]
fn a_backup_that_was_restored_and_not_sealed_goes_with_its_media() {
    // One medium is written, and the key is on the other token already; it is not live.
    let (table, all, ended, holders) = closed("partial", "nobody", |question| {
        question.shown.contains("Insert an empty medium") && question.shown.contains("copy 2 of 2")
    });
    assert_eq!((count(&all, "key.restored"), count(&all, "media.written")), (1, 1));
    assert_eq!(count(&all, "share.returned"), 5);
    let destroyed: Vec<(&Value, &Value, &Value)> = of(&all, "media.destroyed")
        .iter()
        .map(|data| (&data["medium"], &data["lost"], &data["people"]))
        .collect();
    assert_eq!(destroyed, [(&"root-x1-backup-1".into(), &false.into(), &serde_json::json!(["ada", "wim"]))]);
    no_wrapped_key(&table);
    nothing_is_left(&table, &ended, &holders, None);
    // The key never was live, and the log that is closed so verifies.
    let root = &of(&all, "key.backup")[0]["spki_sha256"];
    assert!(of(&all, "key.live").iter().all(|data| data["spki_sha256"] != *root));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn a_backup_whose_key_is_live_is_left_alone_when_its_ceremony_is_closed() {
    let (table, all, ended, holders) = closed("partial", "nobody", |question| {
        question.shown.contains("issue-root") && question.wanted == Wanted::Word("sign".into())
    });
    assert_eq!((count(&all, "share.returned"), count(&all, "media.destroyed")), (0, 0));
    assert!(!ended.out.contains("count for nothing"), "{}", ended.out);
    no_wrapped_key(&table);
    nothing_is_left(&table, &ended, &holders, None);
}

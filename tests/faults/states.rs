//! What `resume` finds, state by state: the program is killed at one exact write, and the log says what became of it.

use serde_json::Value;

use crate::accounts;
use crate::world::{Template, World};

/// Before or after a record is written.
#[derive(Clone, Copy)]
pub enum When {
    /// The record was not written.
    Before,
    /// The record was written and synced, and nothing happened after it.
    After,
}

#[test]
fn no_intent_and_nothing_happened() {
    let (world, records) = killed(When::Before, "key.generate.intent", "2.1");
    assert_eq!(last(&records), "step.begin");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "key.generate.intent", "2.1"), 1);
    assert_eq!(count(&records, "act.failed", "2.1"), 0);
}

#[test]
fn an_intent_and_nothing_on_the_token() {
    let (world, records) = killed(When::After, "key.generate.intent", "2.1");
    assert_eq!(last(&records), "key.generate.intent");
    let records = resumed(&world, None);
    assert_eq!(field(&records, "act.failed", "2.1", "residue"), "nothing is on the token");
    assert_eq!(count(&records, "key.generated", "2.1"), 1);
}

#[test]
fn a_whole_key_and_no_record_is_adopted_by_an_officers_word() {
    let (world, records) = killed(When::Before, "key.generated", "2.1");
    assert_eq!(last(&records), "key.generate.intent");
    let id = field(&records, "key.generate.intent", "2.1", "id");
    let records = resumed(&world, None);
    assert_eq!(field(&records, "key.generated", "2.1", "id"), id, "the key that was there");
    assert_eq!(count(&records, "act.failed", "2.1"), 0);
}

#[test]
fn a_whole_key_that_nobody_wants_is_destroyed_by_the_quorum() {
    let (world, records) = killed(When::Before, "key.generated", "2.1");
    let id = field(&records, "key.generate.intent", "2.1", "id");
    let records = resumed(&world, Some("  \"2.1\": {say: [\"no\", destroy, destroy]}\n"));
    assert_eq!(field(&records, "act.failed", "2.1", "residue"), "2 objects, destroyed");
    assert_ne!(field(&records, "key.generated", "2.1", "id"), id, "another key");
    let notes = records.iter().filter(|record| record["ev"] == "log.note" && record["step"] == "2.1").count();
    assert_eq!(notes, 2, "one for each officer");
}

#[test]
fn a_key_that_one_officer_keeps_stays_and_the_ceremony_stops() {
    let (world, _) = killed(When::Before, "key.generated", "2.1");
    world.answers("  \"2.1\": {say: [\"no\", destroy, \"no\"]}\n");
    let ended = world.resume_with(&[]).with(3);
    assert!(ended.error.contains("declined"), "{}", ended.error);
    // The question stands until it is answered.
    let records = resumed(&world, None);
    assert_eq!(count(&records, "key.generated", "2.1"), 1);
}

#[test]
fn a_backup_of_which_not_everybody_confirmed_is_void_and_dealt_anew() {
    for (when, ev) in [
        (When::After, "key.backup.intent"),
        // The wrapped key's file is there, and no record names it: it goes.
        (When::Before, "key.backup"),
        (When::After, "key.backup"),
        (When::After, "share.issued"),
        (When::After, "share.confirmed"),
    ] {
        let (world, before) = killed(when, ev, "2.15");
        let records = resumed(&world, None);
        let issued = count(&before, "share.issued", "2.15");
        assert_eq!(count(&records, "share.returned", "2.15"), issued, "{ev}");
        let sets: Vec<&Value> =
            of(&records, "key.backup", "2.15").iter().map(|record| &record["data"]["set_id"]).collect();
        let again = count(&before, "key.backup", "2.15");
        assert_eq!(sets.len(), 1 + again, "{ev}");
        assert!(again == 0 || sets[0] != sets[1], "{sets:?}");
        let said = of(&records, "log.note", "2.15")
            .iter()
            .any(|note| note["data"]["text"].as_str().unwrap().contains("count for nothing"));
        assert_eq!(said, again == 1, "{ev}");
        assert_eq!(count(&records, "key.live", "2.15"), 1, "{ev}");
    }
}

#[test]
fn a_backup_that_everybody_confirmed_goes_on_where_it_was() {
    for (when, ev) in [
        (When::After, "key.restore.intent"),
        (When::Before, "key.restored"),
        (When::After, "key.restored"),
        (When::After, "key.proof.intent"),
        (When::After, "media.write.intent"),
        (When::Before, "media.written"),
        (When::After, "key.seal.intent"),
        (When::Before, "key.sealed"),
        (When::After, "key.sealed"),
        (When::Before, "key.live"),
        (When::After, "key.live"),
        // The wrapped key's file is gone: it is on its media.
        (When::Before, "step.end"),
    ] {
        let (world, _) = killed(when, ev, "2.15");
        let records = resumed(&world, None);
        for (ev, wanted) in [
            ("key.backup", 1),
            ("share.issued", 2),
            ("share.returned", 0),
            ("key.restored", 1),
            ("key.sealed", 1),
            ("key.live", 1),
        ] {
            assert_eq!(count(&records, ev, "2.15"), wanted, "{ev}");
        }
    }
}

/// A world whose module process ended inside C_GenerateKeyPair of step 2.1, at a point that is known exactly.
fn half_made(fault: &str) -> World<'static> {
    let world = World::of(Template::shared());
    // The first key of all is the log's.
    world.module_fault(Some(&format!("{fault} 2")));
    let ended = world.run_with(&[]).with(4);
    assert!(ended.error.contains("signal 9"), "{}", ended.error);
    world.module_fault(None);
    world
}

#[test]
fn a_public_half_without_its_private_half_is_destroyed_and_the_key_made_anew() {
    let world = half_made("half");
    let records = resumed(&world, None);
    assert!(destroyed(&records, "1 objects, destroyed"), "{:#?}", of(&records, "log.note", "2.1"));
    assert_eq!(count(&records, "key.generate.intent", "2.1"), 2);
    assert_eq!(count(&records, "key.generated", "2.1"), 1);
}

#[test]
fn a_private_half_that_does_not_fit_is_never_adopted() {
    let world = half_made("unusable");
    let records = resumed(&world, None);
    assert!(destroyed(&records, "2 objects, destroyed"), "{:#?}", of(&records, "log.note", "2.1"));
    assert_eq!(count(&records, "key.generated", "2.1"), 1, "another key");
}

/// Whether the log says what of step 2.1's first key was destroyed, by its id.
fn destroyed(records: &[Value], what: &str) -> bool {
    let id = field(records, "key.generate.intent", "2.1", "id");
    let text = |record: &&Value| record["data"]["text"].as_str().unwrap().to_owned();
    of(records, "log.note", "2.1").iter().map(text).any(|text| text.contains(&id) && text.ends_with(what))
}

#[test]
fn a_proof_without_a_record_is_made_again() {
    let (world, _) = killed(When::Before, "key.proved", "2.1");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "key.proof.intent", "2.1"), 2);
    assert_eq!(count(&records, "key.proved", "2.1"), 1);
}

#[test]
fn an_intent_without_a_signature_burns_its_serial_number() {
    let (world, records) = killed(When::After, "cert.sign.intent", "2.2");
    let serial = field(&records, "cert.sign.intent", "2.2", "serial");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "sign.aborted", "2.2"), 1);
    assert_eq!(field(&records, "serial.burned", "2.2", "serial"), serial);
    assert_ne!(field(&records, "cert.signed", "2.2", "serial"), serial);
}

#[test]
fn an_artifact_that_is_written_and_not_logged_is_adopted() {
    let (world, records) = killed(When::Before, "cert.signed", "2.2");
    let serial = field(&records, "cert.sign.intent", "2.2", "serial");
    let records = resumed(&world, None);
    assert_eq!(field(&records, "cert.signed", "2.2", "serial"), serial, "the one that was there");
    assert_eq!(count(&records, "serial.burned", "2.2"), 0);
}

#[test]
fn an_artifact_that_was_changed_is_not_adopted() {
    let (world, records) = killed(When::Before, "cert.signed", "2.2");
    let serial = field(&records, "cert.sign.intent", "2.2", "serial");
    let folder = world.path("out/bundle-practice-faults/artifacts");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut octets = std::fs::read(&file).unwrap();
    *octets.last_mut().unwrap() ^= 1;
    std::fs::write(&file, octets).unwrap();
    // Nor is the module's own word for the signature there any more.
    world.forget_outcomes();
    let records = resumed(&world, None);
    assert_eq!(field(&records, "serial.burned", "2.2", "serial"), serial);
    assert!(count(&records, "artifact.voided", "2.2") > 0);
}

#[test]
fn a_signature_that_the_module_finished_alone_is_adopted() {
    let (world, records) = killed(When::Before, "cert.signed", "2.2");
    let serial = field(&records, "cert.sign.intent", "2.2", "serial");
    // Only what the module left of it is there.
    for folder in ["out/bundle-practice-faults/artifacts", "out/certificates"] {
        for entry in std::fs::read_dir(world.path(folder)).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    let records = resumed(&world, None);
    assert_eq!(field(&records, "cert.signed", "2.2", "serial"), serial);
    assert_eq!(count(&records, "serial.burned", "2.2"), 0);
}

#[test]
fn a_crl_that_was_lost_says_the_same_under_its_number() {
    let (world, records) = killed(When::After, "crl.sign.intent", "2.9");
    let sha256 = field(&records, "crl.sign.intent", "2.9", "tbs_sha256");
    let records = resumed(&world, None);
    let intents: Vec<&Value> = of(&records, "crl.sign.intent", "2.9");
    assert_eq!(intents.len(), 2);
    assert!(intents.iter().all(|intent| intent["data"]["tbs_sha256"] == sha256.as_str()), "{intents:?}");
}

#[test]
fn a_batch_is_signed_anew_as_a_whole() {
    let (world, _) = killed(When::Before, "ocsp.signed", "2.12");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "ocsp.sign.intent", "2.12"), 2);
    assert_eq!(count(&records, "artifact.voided", "2.12"), 3, "two responses and their list");
    assert_eq!(count(&records, "ocsp.signed", "2.12"), 1);
}

#[test]
fn a_series_of_crls_is_signed_anew_with_the_same_numbers_and_times() {
    let (world, before) = killed(When::Before, "crl.signed", "2.13");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "crl.sign.intent", "2.13"), 2);
    assert_eq!(count(&records, "sign.aborted", "2.13"), 1);
    assert_eq!(count(&records, "crl.signed", "2.13"), 1);
    assert_eq!(count(&records, "artifact.voided", "2.13"), 4, "three CRLs and their list");
    let intents: Vec<&Value> = records
        .iter()
        .filter(|record| record["ev"] == "crl.sign.intent" && record["step"] == "2.13")
        .collect();
    for key in ["number", "last_number", "this_update", "next_update", "batch"] {
        assert_eq!(intents[0]["data"][key], intents[1]["data"][key], "the same is signed: {key}");
    }
    assert_eq!(field(&before, "crl.sign.intent", "2.13", "number"), "2");
}

#[test]
fn a_token_that_was_initialised_and_not_logged_is_taken() {
    let (world, _) = killed(When::Before, "token.initialized", "1.6");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "token.initialize.intent", "1.6"), 1);
    assert_eq!(count(&records, "token.initialized", "1.6"), 1);
}

#[test]
fn a_first_pin_is_changed_once_whatever_was_interrupted() {
    for when in [When::After, When::Before] {
        let ev = if matches!(when, When::After) { "token.pin.intent" } else { "token.pin.changed" };
        let (world, _) = killed_of(Template::typed(), when, ev, "1.6");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "token.initialized", "1.6"), 1);
        assert_eq!(count(&records, "token.pin.intent", "1.6"), 1);
        assert_eq!(count(&records, "token.pin.changed", "1.6"), 1);
    }
    // Between the two acts there is a token with the first PIN and no intent.
    let (world, _) = killed_of(Template::typed(), When::After, "token.initialized", "1.6");
    let records = resumed(&world, None);
    assert_eq!(count(&records, "token.initialize.intent", "1.6"), 1);
    assert_eq!(count(&records, "token.pin.changed", "1.6"), 1);
}

#[test]
fn a_token_whose_pins_are_too_short_to_be_dealt_is_refused_before_anything_begins() {
    let world = World::of(Template::shared());
    world.module_fault(Some("pins 7"));
    let ended = world.run_with(&[]).with(4);
    let said = "token `spare`: its PINs have 4 to 7 octets; wanted 8 to 32 for one that is dealt in shares";
    assert!(ended.error.contains(said), "{}", ended.error);
    assert!(!world.log().exists());
    world.module_fault(None);
    let _ = world.run_with(&[]).with(0);
}

#[test]
fn shares_that_not_all_holders_confirmed_count_for_nothing() {
    let (world, records) = killed(When::Before, "share.confirmed", "1.6");
    assert_eq!(last(&records), "share.issued");
    let records = resumed(&world, None);
    // Both officers get theirs anew, and nothing was asked of the token before.
    assert_eq!((count(&records, "share.issued", "1.6"), count(&records, "share.confirmed", "1.6")), (3, 2));
    assert!(field(&records, "log.note", "1.6", "text").ends_with("count for nothing; a new PIN is dealt"));
    assert_eq!(count(&records, "token.initialize.intent", "1.6"), 1);
    assert_eq!(count(&records, "token.pin.changed", "1.6"), 1);
}

#[test]
fn shares_that_all_holders_confirmed_are_those_of_the_token_whatever_was_interrupted() {
    for (when, ev) in [
        // The token has the first PIN, and nothing has begun.
        (When::Before, "token.pin.intent"),
        (When::After, "token.pin.intent"),
        // The token has the PIN of the shares, and no record says so.
        (When::Before, "token.pin.changed"),
    ] {
        let (world, _) = killed(when, ev, "1.6");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "share.issued", "1.6"), 2, "{ev}");
        assert_eq!(count(&records, "share.checked", "1.6"), 2, "{ev}: they put it together once more");
        assert_eq!(count(&records, "token.pin.intent", "1.6"), 1, "{ev}");
        assert_eq!(count(&records, "token.pin.changed", "1.6"), 1, "{ev}");
        assert!(count(&records, "share.checked", "2.6") >= 2, "they open it afterwards");
    }
}

#[test]
fn a_closed_log_without_its_last_head_gets_it() {
    let (world, records) = killed(When::After, "ceremony.close", "");
    assert_eq!(last(&records), "ceremony.close");
    let records = resumed(&world, None);
    let close = records.iter().position(|record| record["ev"] == "ceremony.close").unwrap();
    let after: Vec<&Value> = records[close + 1..].iter().map(|record| &record["cer"]).collect();
    assert!(!after.is_empty() && after.iter().all(|cer| *cer == "-"), "{after:?}");
}

#[test]
fn a_key_whose_destruction_was_interrupted_is_destroyed_once() {
    for when in [When::After, When::Before] {
        let ev = if matches!(when, When::After) { "key.destroy.intent" } else { "key.destroyed" };
        let (world, _) = killed(when, ev, "3.2");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "key.destroy.intent", "3.2"), 1, "{ev}");
        assert_eq!(count(&records, "key.destroyed", "3.2"), 1, "{ev}");
    }
}

#[test]
fn a_copy_on_a_medium_that_was_interrupted_is_given_up_and_made_anew() {
    let step = step_of("write-media");
    for (when, ev) in [(When::After, "media.write.intent"), (When::Before, "media.written")] {
        let (world, _) = killed(when, ev, &step);
        let records = resumed(&world, None);
        let intents = of(&records, "media.write.intent", &step);
        assert_eq!((intents.len(), count(&records, "media.written", &step)), (3, 2), "{ev}");
        let failed = of(&records, "act.failed", &step);
        assert_eq!(failed[0]["ref"], intents[0]["seq"], "{ev}");
        assert_ne!(intents[0]["data"]["medium"], intents[1]["data"]["medium"], "{ev}");
    }
}

/// The number of the ceremony's step of a name.
fn step_of(name: &str) -> String {
    let world = World::of(Template::shared());
    let _ = world.run_with(&[]).with(0);
    let records = accounts::records(&world.log());
    let begun = records.iter().find(|record| record["data"]["name"] == name).unwrap();
    begun["data"]["step"].as_str().unwrap().to_owned()
}

#[test]
fn an_empty_log_begins() {
    let (world, records) = killed(When::Before, "log.genesis", "");
    assert!(records.is_empty());
    let records = resumed(&world, None);
    assert_eq!(count(&records, "session.resumed", ""), 0, "there was no session");
    assert_eq!(records[0]["ev"], "log.genesis");
}

#[test]
fn torn_octets_are_moved_away_and_told() {
    let (world, _) = killed(When::After, "step.begin", "1.7");
    let log = world.log().join("log.jsonl");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, [whole.as_slice(), b"{\"actor\":{\"id\":"].concat()).unwrap();
    let records = resumed(&world, None);
    let told = records.iter().find(|record| record["ev"] == "log.recovered").unwrap();
    assert_eq!(told["data"]["torn_len"], 15);
    let name = format!("torn-log-{}.bin", told["data"]["torn_sha256"].as_str().unwrap());
    assert_eq!(std::fs::read(world.log().join(name)).unwrap(), b"{\"actor\":{\"id\":");
}

/// A rehearsal's clock is that of its window. Taken for a ceremony, its last record lies in the machine's future.
#[test]
fn an_earlier_clock_ends_it_before_anything_is_recorded() {
    let world = World::of(Template::shared());
    let ended = world.resume_before_its_last_record().with(3);
    assert!(ended.error.contains("the clock says"), "{}", ended.error);
    let records = accounts::records(&world.path("r/ceremony-log"));
    assert!(records.iter().all(|record| record["ev"] != "session.resumed"));
}

#[test]
fn another_program_does_not_go_on() {
    let (world, _) = killed(When::After, "step.begin", "1.7");
    let log = world.log().join("log.jsonl");
    let before = std::fs::read(&log).unwrap();
    let ended = world.resume_with_another_program().with(5);
    assert!(ended.error.contains("begun by a program with the SHA-256"), "{}", ended.error);
    assert_eq!(std::fs::read(&log).unwrap(), before);
}

#[test]
fn a_key_that_is_gone_from_its_token_is_missed() {
    let (world, _) = killed(When::After, "step.begin", "2.2");
    world.lose_keys("root");
    let ended = world.resume_with(&[]).with(4);
    assert!(
        ended.error.contains("key `root-x1` is in the log and not on the token `root`"),
        "{}",
        ended.error
    );
}

/// A world whose program was killed, with the records of its log.
fn killed(when: When, ev: &str, step: &str) -> (World<'static>, Vec<Value>) {
    killed_of(Template::shared(), when, ev, step)
}

pub fn killed_of(
    template: &'static Template,
    when: When,
    ev: &str,
    step: &str,
) -> (World<'static>, Vec<Value>) {
    let point = template.point_of(matches!(when, When::After), ev, step);
    let world = World::of(template);
    let ended = world.run_with(&[("FAULT_KILL", point)]);
    assert_eq!(ended.code, None, "{}", ended.both());
    let records = world.records();
    (world, records)
}

/// Goes on to the end and takes the accounts; what the log says then.
#[track_caller]
pub fn resumed(world: &World<'_>, answers: Option<&str>) -> Vec<Value> {
    world.answers(answers.unwrap_or_default());
    let outcome = world.recovered();
    assert!(matches!(outcome, crate::points::Outcome::Resumed), "{outcome:#?}");
    world.records()
}

pub fn of<'r>(records: &'r [Value], ev: &str, step: &str) -> Vec<&'r Value> {
    let fits = |record: &&Value| record["ev"] == ev && (step.is_empty() || record["step"] == step);
    records.iter().filter(fits).collect()
}

pub fn count(records: &[Value], ev: &str, step: &str) -> usize {
    of(records, ev, step).len()
}

#[track_caller]
pub fn field(records: &[Value], ev: &str, step: &str, key: &str) -> String {
    let found = of(records, ev, step);
    found[0]["data"][key].as_str().unwrap().to_owned()
}

fn last(records: &[Value]) -> &str {
    records.last().unwrap()["ev"].as_str().unwrap()
}

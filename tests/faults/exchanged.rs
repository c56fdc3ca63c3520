//! What `resume` finds where a token was lost, state by state: another device, a log key that takes over, a share that goes out
//! encrypted, and a key that is sealed by being replaced.

use serde_json::Value;

use crate::states::{When, count, killed_of, of, resumed};
use crate::world::{Template, World};

/// A world of that ceremony whose program was killed, with its records.
fn killed(when: When, ev: &str, step: &str) -> (World<'static>, Vec<Value>) {
    killed_of(Template::exchanged(), when, ev, step)
}

#[test]
fn a_log_key_takes_over_once_and_another_device_is_taken_for_what_it_is() {
    for (when, ev, step) in [
        (When::After, "log.note", "1.3"),
        (When::Before, "log.confirmed", "1.3"),
        (When::Before, "log.key.rotated", "1.4"),
        (When::After, "log.key.rotated", "1.4"),
        (When::After, "step.end", "1.4"),
    ] {
        let (world, _) = killed(when, ev, step);
        let records = resumed(&world, None);
        assert_eq!(count(&records, "log.key.rotated", ""), 1, "{ev}");
        assert!(count(&records, "log.confirmed", "1.3") >= 1, "{ev}");
        assert_eq!(count(&records, "log.anomaly", ""), 0, "{ev}");
        assert_eq!(count(&records, "ceremony.close", ""), 1, "{ev}");
    }
}

#[test]
fn a_share_that_went_out_and_whose_set_is_void_is_not_what_its_holder_has() {
    // The accounts look at the holder's medium: it has the share of the last set and no other.
    for (when, ev, sets) in [
        (When::Before, "share.encrypted", 2),
        (When::After, "share.encrypted", 2),
        (When::Before, "share.decrypted", 2),
        (When::After, "share.decrypted", 2),
        // Everybody has one by now.
        (When::Before, "key.restored", 1),
    ] {
        let (world, before) = killed(when, ev, "2.3");
        let out = count(&before, "share.encrypted", "2.3");
        let records = resumed(&world, None);
        assert_eq!(count(&records, "key.backup", "2.3"), sets, "{ev}");
        assert_eq!(count(&records, "share.encrypted", "2.3"), if sets == 1 { out } else { out + 1 }, "{ev}");
        let last = of(&records, "key.backup", "2.3").last().unwrap()["data"]["set_id"].clone();
        let opened = of(&records, "share.decrypted", "2.3");
        assert_eq!(opened.last().unwrap()["data"]["set_id"], last, "{ev}");
    }
}

#[test]
fn a_key_that_is_sealed_by_being_replaced_is_sealed_once_wherever_it_was_interrupted() {
    for (when, ev) in [
        (When::After, "request.approved"),
        (When::Before, "key.seal.intent"),
        (When::After, "key.seal.intent"),
        (When::Before, "key.sealed"),
        (When::After, "key.sealed"),
        (When::Before, "key.live"),
    ] {
        let (world, _) = killed(when, ev, "2.3");
        let records = resumed(&world, None);
        let sealed = of(&records, "key.sealed", "2.3");
        assert_eq!(sealed.len(), 1, "{ev}");
        assert_eq!(sealed[0]["data"]["how"], "replaced-by-restore", "{ev}");
        assert_eq!(count(&records, "key.live", "2.3"), 1, "{ev}");
        assert_eq!(count(&records, "key.backup", "2.3"), 1, "{ev}");
    }
}

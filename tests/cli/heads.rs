//! The log's newest head on the tokens: kept at the end of each ceremony, compared at the beginning of the next.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rootrite::hsm::{DataObject, LOG_HEAD, Token as _};
use serde_json::Value;

use crate::common::{Ended, softhsm};
use crate::table::Table;

const USER: &str = "rehearsal-user";

/// A first ceremony, with its log and tokens.
fn begun() -> Table {
    let table = Table::for_answers().now();
    let _ = table
        .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
        .with(0);
    table
}

/// The next ceremony of a name: it confirms the log and nothing else.
fn next(table: &Table, name: &str) -> Ended {
    next_with(table, name, "log", "answers.yaml")
}

fn next_with(table: &Table, name: &str, log: &str, answers: &str) -> Ended {
    let text = table.read("script.yaml");
    let (head, _) = text.split_once("acts:\n").unwrap();
    let head = head.replace("ceremony: test-ceremony", &format!("ceremony: {name}"));
    let acts = "acts:\n  - act: All\n    steps:\n      - roll-call: {}\n      - confirm-clock: {sources: 1}\n      \
                - confirm-log: {}\n      - seal: {}\n";
    table.write(&format!("{name}.yaml"), format!("{head}{acts}"));
    table.run(&format!(
        "run {name}.yaml --site site.yaml --log {log} --out out-{name} --practice --answers {answers}"
    ))
}

/// The heads that a token holds.
fn held(table: &Table, label: &str) -> Vec<DataObject> {
    let process = table.hsm.start();
    let mut session = softhsm::session(&process, label, USER);
    let held = session.data(LOG_HEAD).unwrap();
    drop(session);
    process.stop().unwrap();
    held
}

/// Puts one more data object on a token.
fn put(table: &Table, label: &str, application: &str, value: &[u8]) {
    let process = table.hsm.start();
    let mut session = softhsm::session(&process, label, USER);
    let (label, application, value) = (LOG_HEAD.to_owned(), application.to_owned(), value.to_vec());
    session.store_data(&DataObject { label, application, value }).unwrap();
    drop(session);
    process.stop().unwrap();
}

fn records(table: &Table, log: &str) -> Vec<Value> {
    table.read(&format!("{log}/log.jsonl")).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a ceremony's log says of an event, by a field of its data.
fn said(table: &Table, ceremony: &str, ev: &str, key: &str) -> Vec<String> {
    let records = records(table, "log");
    let of = records.iter().filter(|record| record["cer"] == ceremony && record["ev"] == ev);
    of.map(|record| record["data"][key].as_str().unwrap_or_default().to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            drop(fs::copy(entry.path(), target));
        }
    }
}

#[test]
fn each_token_has_the_last_head_once_and_the_next_ceremony_finds_it() {
    let table = begun();
    for label in ["root", "log"] {
        let held = held(&table, label);
        assert_eq!(held.len(), 1, "{label}: {held:?}");
        assert_eq!(held[0].application, "example.org/test-log/practice");
        assert_eq!(String::from_utf8_lossy(&held[0].value), table.read("log/checkpoint"), "{label}");
    }
    let ended = next(&table, "second").with(0);
    assert!(ended.out.contains("token `root`: the same head\n"), "{}", ended.out);
    assert_eq!(said(&table, "second", "log.confirmed", "how"), ["token-object", "token-object", "paper"]);
    assert_eq!(said(&table, "second", "log.confirmed", "token"), ["log", "root", ""]);
    for label in ["root", "log"] {
        assert_eq!(held(&table, label).len(), 1, "{label}");
        assert_eq!(held(&table, label)[0].value, table.read("log/checkpoint").as_bytes(), "{label}");
    }
    // It is an object like others, and its digest is not among them: it changes with each head.
    let entries = table.inventory_of("root", USER).entries;
    let heads: Vec<_> = entries.iter().filter(|entry| entry.label == LOG_HEAD.as_bytes()).collect();
    assert_eq!((heads.len(), heads[0].fingerprint), (1, None));
}

#[test]
fn an_older_copy_of_the_log_is_named_with_both_heads_and_refused() {
    let table = begun();
    copy(&table.path("log"), &table.path("old"));
    let _ = next(&table, "second").with(0);
    let newest = table.read("log/checkpoint");
    let (new, old) = (size_and_root(&table, "log"), size_and_root(&table, "old"));
    copy(&table.path("old"), &table.path("log"));
    let signed = fs::read_dir(table.path("log/checkpoints")).unwrap().count();
    let ended = next(&table, "third").with(5);
    let wanted = format!(
        "the log here is older than token `log` knows it: the token holds its head over {} records, root {}; the log here ended \
         at {} records, root {}",
        new.0, new.1, old.0, old.1
    );
    assert!(ended.error.contains(&wanted), "{wanted}\n{}", ended.error);
    assert_eq!(said(&table, "third", "log.anomaly", "text"), [wanted]);
    // Nothing was signed over the old copy, and no token forgot what it knew.
    assert_eq!(fs::read_dir(table.path("log/checkpoints")).unwrap().count(), signed);
    for label in ["root", "log"] {
        assert_eq!(held(&table, label)[0].value, newest.as_bytes(), "{label}");
    }
    // Neither going on nor giving up signs a head over it.
    for way in ["", " --close aborted"] {
        let ended = table.run(&format!("resume --log log --answers answers.yaml{way}")).with(5);
        assert!(ended.error.contains("is older than token `log` knows it"), "{way}: {}", ended.error);
    }
    assert_eq!(fs::read_dir(table.path("log/checkpoints")).unwrap().count(), signed);
}

#[test]
fn another_log_of_the_same_length_is_named_with_both_heads_and_refused() {
    let table = begun();
    copy(&table.path("log"), &table.path("fork"));
    copy(&table.hsm.tokens(), &table.path("tokens-before"));
    let _ = next(&table, "second").with(0);
    // The same ceremony on a copy of everything.
    copy(&table.hsm.tokens(), &table.path("tokens-after"));
    copy(&table.path("tokens-before"), &table.hsm.tokens());
    fs::remove_dir_all(table.path("out-second")).unwrap();
    let _ = next_with(&table, "second", "fork", "answers.yaml").with(0);
    copy(&table.path("tokens-after"), &table.hsm.tokens());
    let ((size, held), (same, here)) = (size_and_root(&table, "log"), size_and_root(&table, "fork"));
    assert_eq!(size, same);
    let ended = next_with(&table, "third", "fork", "answers.yaml").with(5);
    let wanted = format!(
        "the log here is not the one that token `log` knows: over {size} records the token holds the root {held}; here the first \
         {size} records have the root {here}"
    );
    assert!(ended.error.contains(&wanted), "{wanted}\n{}", ended.error);
    let _ = next(&table, "third-of-the-right-one").with(0);
}

#[test]
fn a_token_of_an_earlier_time_is_said_to_be_one_and_gets_the_newest_head() {
    let table = begun();
    let serial = table.serials()["root"].clone();
    copy(&table.hsm.tokens(), &table.path("tokens-before"));
    let _ = next(&table, "second").with(0);
    // Only `root` is put back as it was.
    let folder = folder_of(&table, &serial);
    copy(&table.path("tokens-before").join(&folder), &table.hsm.tokens().join(&folder));
    let ended = next(&table, "third").with(0);
    assert!(ended.out.contains("token `root`: an older head of this log"), "{}", ended.out);
    assert!(ended.out.contains("token `log`: the same head"), "{}", ended.out);
    let notes = said(&table, "third", "log.note", "text");
    assert!(
        notes.iter().any(|note| note.starts_with("token `root`: an older head of this log: it is over")),
        "{notes:?}"
    );
    assert_eq!(held(&table, "root")[0].value, table.read("log/checkpoint").as_bytes());
}

#[test]
fn a_token_that_was_not_there_is_said_to_hold_no_head_and_does_not_stand_in_for_the_one_with_the_keys() {
    let table = begun();
    let serial = table.serials()["root"].clone();
    fs::remove_dir_all(table.hsm.tokens().join(folder_of(&table, &serial))).unwrap();
    // Another token is in its place, and the site says so.
    table.hsm.add_token("root", USER, "rehearsal-officer");
    table.write("site.yaml", table.site());
    let ended = next(&table, "second").with(5);
    assert!(ended.out.contains("token `root`: no head of this log"), "{}", ended.out);
    let notes = said(&table, "second", "log.note", "text");
    assert!(notes.iter().any(|note| note.contains("it was not in the last ceremony")), "{notes:?}");
    assert!(
        ended
            .error
            .contains("token `root` does not hold what the log says: it is the device with the serial `"),
        "{}",
        ended.error
    );
    assert_eq!(held(&table, "root"), []);
}

#[test]
fn of_two_heads_the_newer_counts_and_what_is_none_is_an_anomaly() {
    let table = begun();
    let old = table.read("log/checkpoint");
    let _ = next(&table, "second").with(0);
    // As if the power had failed before the old one was destroyed; and what somebody else put there.
    put(&table, "root", "before", old.as_bytes());
    put(&table, "log", "example.org/test-log/practice", b"no head at all");
    let ended = next(&table, "third").with(0);
    assert!(ended.out.contains("token `root`: the same head"), "{}", ended.out);
    assert!(ended.out.contains("token `log`: no head of this log"), "{}", ended.out);
    let anomalies = said(&table, "third", "log.anomaly", "text");
    assert_eq!(anomalies.len(), 1, "{anomalies:?}");
    assert!(
        anomalies[0]
            .starts_with("token `log` holds a data object `rootrite-log-head` that is no head of this log")
    );
    assert_eq!(held(&table, "log")[0].value, table.read("log/checkpoint").as_bytes());
}

#[test]
fn a_token_that_keeps_no_data_objects_is_said_to_keep_none() {
    let table = Table::for_answers().now();
    let site = table.read("site.yaml");
    let (before, after) = site.split_once("    label: root\n").unwrap();
    let quirks = "    label: root\n    quirks: {like: softhsm-2.6, data-objects: false}\n";
    table.write("site.yaml", format!("{before}{quirks}{after}"));
    let _ = table
        .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
        .with(0);
    assert_eq!((held(&table, "root").len(), held(&table, "log").len()), (0, 1));
    let notes = said(&table, "test-ceremony", "log.note", "text");
    assert!(
        notes.contains(&"token `root` keeps no head of the log: its make keeps no data objects".to_owned())
    );
    let ended = next(&table, "second").with(0);
    assert!(ended.out.contains("token `root`: keeps no head"), "{}", ended.out);
}

/// The size of a log's newest head, and its root in hex.
fn size_and_root(table: &Table, log: &str) -> (String, String) {
    let ended = table.run(&format!("log head {log}")).with(0);
    let fields: BTreeMap<&str, &str> =
        ended.out.lines().filter_map(|line| line.trim().split_once(' ')).collect();
    let value = |names: &[&str]| {
        let found = names.iter().find_map(|name| fields.get(name));
        found.unwrap_or_else(|| panic!("{}", ended.out)).trim().to_owned()
    };
    (value(&["size", "records"]), value(&["root"]))
}

/// The folder of a token below SoftHSM's, by its serial number: the folder's name ends with it.
fn folder_of(table: &Table, serial: &str) -> String {
    let names = fs::read_dir(table.hsm.tokens()).unwrap();
    let name = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    name.into_iter().find(|name| name.replace('-', "").ends_with(serial)).unwrap()
}

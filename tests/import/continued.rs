//! A bundle after another: what was accepted before bounds what comes.

use std::fs;

use crate::bundle::{Bundle, Forger};
use crate::online::{ORIGIN, OnlineSide, bundle_of, codes, shared_two};

const JSON: &str = "--stage --person ann --key ann --format json";

fn errors(side: &OnlineSide, bundle: &std::path::Path) -> Vec<String> {
    let ended = side.import(bundle, JSON);
    assert_eq!(ended.code, Some(5), "{}{}", ended.out, ended.error);
    codes(&ended).into_iter().filter(|code| code.starts_with('E')).collect()
}

#[test]
fn what_an_earlier_bundle_brought_stays_and_its_crl_is_superseded() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    side.take_in(&bundle_of(table));
    let first = fs::read_link(side.path("store/active")).unwrap();
    side.take_in(second);
    assert_ne!(fs::read_link(side.path("store/active")).unwrap(), first);
    assert_eq!(
        (side.active_names("root"), side.active_names("subordinate")),
        (vec!["root-x1".into()], vec!["e1".into()])
    );
    assert_eq!(side.active_names("crl"), ["second"]);
    let active = side.active().unwrap();
    assert_eq!(active["crls"][0]["number"], "2");
    assert_eq!(active["follows"], first.file_name().unwrap().to_str().unwrap());
    for item in active["artifacts"].as_array().unwrap() {
        let octets = fs::read(side.path("store/active").join(item["path"].as_str().unwrap())).unwrap();
        assert_eq!(rootrite::digest::Digest::of(&octets).to_string(), item["sha256"].as_str().unwrap());
    }
}

#[test]
fn an_older_bundle_is_a_rollback_and_changes_nothing() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    side.take_in(&bundle_of(table));
    side.take_in(second);
    let before = side.store();
    assert_eq!(errors(&side, &bundle_of(table)), ["E132"]);
    assert_eq!(side.store(), before);
}

#[test]
fn a_fork_of_the_same_length_keeps_both_heads_as_evidence() {
    let (table, _) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    let one = side.forger(&bundle_of(table));
    let mut other = Forger::of(Bundle::of(&bundle_of(table)), ORIGIN);
    other.key = one.key.clone();
    other.records.last_mut().unwrap()["data"]["next_purpose"] = "another end".into();
    let (one, other) = (one.seal(), other.seal());
    side.take_in(one.path());
    let active = side.active();
    let ended = side.import(other.path(), "--stage --person ann --key ann").with(5);
    assert!(ended.error.contains("E133") && ended.error.contains("kept as evidence"), "{}", ended.error);
    assert_eq!(side.active(), active);
    let folder = fs::read_dir(side.path("store/evidence")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(folder.join("accepted")).unwrap(), one.text("checkpoint"));
    assert_eq!(fs::read_to_string(folder.join("offered")).unwrap(), other.text("checkpoint"));
    // A head that the log's key did not sign is no evidence of anything.
    let stranger = Forger::of(Bundle::of(other.path()), ORIGIN).seal();
    let _ = side.import(stranger.path(), "--stage --person ann --key ann").with(5);
    assert_eq!(fs::read_dir(side.path("store/evidence")).unwrap().count(), 1);
}

#[test]
fn a_broken_copy_of_what_is_active_is_named_as_broken_and_is_no_fork() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    side.take_in(&bundle_of(table));
    // The head of what is active, or of what goes on with it: it is good, and a line is not its own.
    for path in [bundle_of(table), second.to_owned()] {
        let bundle = Bundle::of(&path);
        bundle.lines(|lines| lines[1] = lines[1].replacen("session.start", "session.stop", 1));
        let ended = side.import(bundle.path(), "--stage --person ann --key ann").with(5);
        assert!(ended.error.contains("E131"), "{}", ended.error);
        assert!(!ended.error.contains("E133"), "{}", ended.error);
        assert!(ended.error.contains("this copy of the bundle is broken"), "{}", ended.error);
        assert_eq!(fs::read_dir(side.path("store/evidence")).map_or(0, Iterator::count), 0);
    }
}

#[test]
fn a_bundle_whose_predecessor_was_never_imported_is_refused() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    let found = errors(&side, second);
    assert!(found.contains(&"E141".to_owned()), "{found:?}");
    let ended = side.import(second, "");
    assert!(ended.error.contains("`test-ceremony` were never imported"), "{}", ended.error);
}

#[test]
fn who_was_revoked_stays_revoked() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    // The first bundle says what the second will say: its CRL is replaced by one that lists somebody.
    let listing =
        fs::read(Bundle::of(second).path().join(Bundle::of(second).artifact("crl", "second"))).unwrap();
    let forged = side.forger(&bundle_of(table));
    let key = forged.key.clone();
    side.take_in(forged.seal().path());
    // Whoever has the store's files may change them: here the active CRL becomes the one of the second ceremony.
    let active = fs::canonicalize(side.path("store/active")).unwrap();
    let text = fs::read_to_string(active.join("set.json")).unwrap();
    let mut set: serde_json::Value = serde_json::from_str(&text).unwrap();
    let crl = set["artifacts"].as_array_mut().unwrap().iter_mut().find(|item| item["kind"] == "crl").unwrap();
    let (path, sha256) =
        (crl["path"].as_str().unwrap().to_owned(), crl["sha256"].as_str().unwrap().to_owned());
    fs::write(active.join(path), &listing).unwrap();
    let changed = text.replace(&sha256, &rootrite::digest::Digest::of(&listing).to_string());
    let digest = rootrite::digest::Digest::of(changed.as_bytes()).to_string();
    fs::write(active.join("set.json"), &changed).unwrap();
    let name = format!("{}-{}", set["size"], &digest[..16]);
    let renamed = active.with_file_name(&name);
    fs::rename(&active, &renamed).unwrap();
    fs::remove_file(side.path("store/active")).unwrap();
    std::os::unix::fs::symlink(format!("sets/{name}"), side.path("store/active")).unwrap();
    // And the next bundle undoes the revocation.
    let mut forger = Forger::of(Bundle::of(second), ORIGIN);
    forger.key = key;
    let clean = Bundle::of(&bundle_of(table));
    let empty = fs::read(clean.path().join(clean.artifact("crl", "root-x1"))).unwrap();
    forger.change("crl", "second", |octets| *octets = empty);
    let found = errors(&side, forger.seal().path());
    assert!(found.contains(&"E196".to_owned()), "{found:?}");
}

#[test]
fn a_store_that_was_lost_does_not_forget_what_is_pinned() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    let size = fs::read_to_string(second.join("checkpoint")).unwrap().lines().nth(1).unwrap().to_owned();
    let root = crate::online::root_of(second);
    side.change("pins.yaml", "store: store", &format!("last: {{size: {size}, root: {root}}}\nstore: store"));
    assert_eq!(errors(&side, &bundle_of(table)), ["E132"]);
    side.change("pins.yaml", &root.to_string(), &"0".repeat(64));
    assert!(errors(&side, second).contains(&"E133".to_owned()));
}

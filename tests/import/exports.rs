//! Servers' configuration: made at staging, made again at activation, and the same to the last octet.

use std::fs;

use crate::online::{OnlineSide, bundle_of, shared, shared_two};

const EXPORTS: &str = "exports: {folder: {}}\nstore: store";

#[test]
fn what_is_exported_lies_under_the_active_set_and_was_made_twice() {
    let side = OnlineSide::of(shared()).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    let bundle = bundle_of(shared());
    side.take_in(&bundle);
    let exported = fs::read_dir(side.path("store/active/exports/folder")).unwrap().count();
    assert!(exported > 0);
    let ended = side.import(&bundle, "--export boulder").with(2);
    assert!(
        ended.error.contains("the pins file has no export `boulder`")
            && ended.error.contains("it has folder")
    );
}

#[test]
fn an_export_that_does_not_regenerate_is_not_activated() {
    let side = OnlineSide::of(shared()).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    let bundle = bundle_of(shared());
    let _ = side.stage(&bundle, "ann").with(0);
    let set = fs::read_dir(side.path("store/sets")).unwrap().next().unwrap().unwrap().path();
    let folder = set.join("exports/folder");
    let file =
        fs::read_dir(&folder).unwrap().map(Result::unwrap).find(|entry| entry.path().is_file()).unwrap();
    let good = fs::read(file.path()).unwrap();
    for spoil in [&good[..good.len() - 1], b""] {
        fs::write(file.path(), spoil).unwrap();
        let ended = side.activate(&bundle, "ben").with(5);
        assert!(ended.error.contains("E210 exports/folder/"), "{}", ended.error);
    }
    fs::remove_file(file.path()).unwrap();
    let ended = side.activate(&bundle, "ben").with(5);
    assert!(ended.error.contains("it is missing"), "{}", ended.error);
    fs::write(file.path(), &good).unwrap();
    fs::write(folder.join("more"), "x").unwrap();
    let ended = side.activate(&bundle, "ben").with(5);
    assert!(ended.error.contains("it is not made any more"), "{}", ended.error);
    fs::remove_file(folder.join("more")).unwrap();
    assert!(side.active().is_none());
    let _ = side.activate(&bundle, "ben").with(0);
}

#[test]
fn the_certificates_of_an_earlier_bundle_and_the_newest_crl_are_exported() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    side.take_in(&bundle_of(table));
    side.take_in(second);
    let mut names = Vec::new();
    let mut folders = vec![side.path("store/active/exports/folder")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    for wanted in ["e1", "root-x1", "second"] {
        assert!(names.iter().any(|name| name.contains(wanted)), "{wanted}: {names:?}");
    }
}

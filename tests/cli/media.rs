//! Media: an exact set of files, read back, each copy on a medium of its own and in the log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{Ended, program, sha256};
use crate::places::can_mount;
use crate::table::Table;

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const RESUME: &str = "resume --log log --answers answers.yaml";

/// The small ceremony, which ends by writing media; the site says where they are.
fn table(step: &str, places: &str) -> Table {
    let table = Table::for_answers().now();
    add(&table, step, places);
    table
}

fn add(table: &Table, step: &str, places: &str) {
    let script = table.read("script.yaml");
    table.write("script.yaml", format!("{script}      - write-media: {step}\n"));
    let places = places.replace("HERE", &table.folder().join("media").display().to_string());
    let site = table.read("site.yaml");
    table.write("site.yaml", format!("{site}media: {{online: {places}}}\n"));
    for name in ["a", "b"] {
        fs::create_dir_all(table.path("media").join(name)).unwrap();
    }
}

/// Every file below a folder, by its name from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn events(table: &Table, ev: &str) -> Vec<Value> {
    let records = table.read("log/log.jsonl");
    let all = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|record| record["ev"] == ev).collect()
}

#[test]
fn every_copy_holds_what_was_handed_over_and_nothing_else() {
    let table = table("{medium: online, copies: 2, read-again: true}", "[HERE/a, HERE/b]");
    let ended = table.run(RUN).with(0);
    let out = files(&table.path("out"));
    for name in ["a", "b"] {
        let medium = table.path("media").join(name);
        let mut wanted = out.clone();
        wanted.extend(["SHA256SUMS".to_owned(), "rootrite-medium.txt".to_owned()]);
        wanted.sort();
        assert_eq!(files(&medium), wanted);
        for file in &out {
            assert_eq!(fs::read(medium.join(file)).unwrap(), fs::read(table.path("out").join(file)).unwrap());
        }
        let sums = Command::new("sha256sum")
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(&medium)
            .output();
        assert!(sums.unwrap().status.success());
        let _ = table.run(&format!("verify media/{name}/bundle-practice-test-ceremony")).with(0);
    }
    let written = events(&table, "media.written");
    let intents = events(&table, "media.write.intent");
    assert_eq!((written.len(), intents.len()), (2, 2));
    let list = sha256(&fs::read(table.path("media/a/SHA256SUMS")).unwrap());
    for (copy, (written, intent)) in written.iter().zip(&intents).enumerate() {
        assert_eq!(written["ref"], intent["seq"]);
        assert_eq!((&written["cer"], &written["data"]["copy"]), (&"-".into(), &(copy + 1).into()));
        assert_eq!(written["data"]["files"], list.as_str());
        let marker = format!("media/{}/rootrite-medium.txt", ["a", "b"][copy]);
        let id = written["data"]["medium"].as_str().unwrap();
        assert!(table.read(&marker).contains(&format!("\nid {id}\n")));
        assert!(
            written["data"]["reader"].as_str().unwrap().ends_with("and again after it was plugged in anew")
        );
    }
    // The log has gone on, under a head of its own; the bundle ends with the closing one.
    let _ = table.run("log verify log").with(0);
    let closed = table.read("out/bundle-practice-test-ceremony/log.jsonl");
    assert!(closed.lines().last().unwrap().contains("ceremony.close"));
    let (_, after) = ended.out.split_once("The log has gone on since it was closed.").unwrap();
    let words = after.lines().find_map(|line| line.trim().strip_prefix("in words: ")).unwrap();
    let head = table.run("log head log").with(0);
    assert!(head.out.contains(words), "{words}\n{}", head.out);
}

#[test]
fn a_medium_has_only_what_the_script_names() {
    let table = table("{medium: online, files: [crls, certificates]}", "HERE/a");
    let _ = table.run(RUN).with(0);
    let wanted = [
        "SHA256SUMS",
        "certificates/e1.pem",
        "certificates/root-x1.pem",
        "crls/root-x1.crl",
        "crls/root-x1.crl.pem",
    ];
    let mut wanted: Vec<String> = wanted.map(str::to_owned).to_vec();
    wanted.push("rootrite-medium.txt".into());
    assert_eq!(files(&table.path("media/a")), wanted);
}

#[test]
fn the_same_medium_twice_is_refused_and_another_one_goes_on() {
    let table = table("{medium: online, copies: 2, files: [crls]}", "HERE/a");
    let ended = table.run(RUN).with(4);
    assert!(ended.error.contains("which was written already; wanted another one"), "{}", ended.error);
    assert_eq!(events(&table, "media.written").len(), 1);
    // It is still the same one.
    let ended = table.run(RESUME).with(4);
    assert!(ended.error.contains("which was written already; wanted another one"), "{}", ended.error);
    fs::rename(table.path("media/a"), table.path("media/first")).unwrap();
    fs::create_dir(table.path("media/a")).unwrap();
    let _ = table.run(RESUME).with(0);
    assert_eq!(events(&table, "media.written").len(), 2);
    assert_eq!(files(&table.path("media/a")), files(&table.path("media/first")));
    let _ = table.run("log verify log").with(0);
    // The next ceremony takes the log that has gone on.
    assert!(table.run(RESUME).with(0).out.contains("had ended"));
}

#[test]
fn foreign_files_are_refused_unless_the_script_allows_them() {
    let table = table("{medium: online, files: [crls]}", "HERE/a");
    fs::write(table.path("media/a/holiday.jpg"), b"x").unwrap();
    let ended = table.run(RUN).with(4);
    assert!(
        ended.error.contains("holds 1 files that must not be there, such as `holiday.jpg`"),
        "{}",
        ended.error
    );
    assert!(events(&table, "media.write.intent").is_empty());
    fs::remove_file(table.path("media/a/holiday.jpg")).unwrap();
    // A medium of another ceremony.
    fs::write(
        table.path("media/a/rootrite-medium.txt"),
        b"rootrite-medium/v1\nid 77\nlog x\nmedium y\ncopy 1\n",
    )
    .unwrap();
    let ended = table.run(RESUME).with(4);
    assert!(
        ended.error.contains("this medium was written at another time: log x, medium y, copy 1"),
        "{}",
        ended.error
    );
    fs::remove_file(table.path("media/a/rootrite-medium.txt")).unwrap();
    let _ = table.run(RESUME).with(0);

    let table = self::table("{medium: online, files: [crls], other-files: true}", "HERE/a");
    fs::write(table.path("media/a/holiday.jpg"), b"x").unwrap();
    let _ = table.run(RUN).with(0);
    assert!(table.path("media/a/holiday.jpg").exists());
}

/// Somebody changes a file between the two readings: as a medium that loses what it held.
#[test]
fn a_medium_that_lies_is_named_and_the_copy_is_made_anew() {
    let table = Table::new().now();
    add(&table, "{medium: online, files: [crls], read-again: true}", "HERE/a");
    let room = crate::room::Room::open(
        &table,
        "run script.yaml --site site.yaml --log log --out out --practice --plain",
    );
    let path = table.path("media/a/crls/root-x1.crl");
    let ended = room
        .go_on(|question| {
            if question.wanted == crate::room::Wanted::Word("plugged".into()) {
                let mut octets = fs::read(&path).unwrap();
                octets[20] ^= 1;
                fs::write(&path, octets).unwrap();
            }
            None
        })
        .with(4);
    assert!(ended.out.contains("medium `online`: `crls/root-x1.crl` reads back as "), "{}", ended.out);
    let failed = events(&table, "act.failed");
    let intent = &events(&table, "media.write.intent")[0];
    assert_eq!(failed[0]["ref"], intent["seq"]);
    // The same medium may be written once more: what it holds is this ceremony's.
    let room = crate::room::Room::open(&table, "resume --log log --plain");
    let _ = room.go_on(|_| None).with(0);
    let intents = events(&table, "media.write.intent");
    assert_eq!((intents.len(), events(&table, "media.written").len()), (2, 1));
    assert_ne!(intents[0]["data"]["medium"], intents[1]["data"]["medium"]);
    assert_eq!(fs::read(&path).unwrap(), fs::read(table.path("out/crls/root-x1.crl")).unwrap());
}

#[test]
fn a_medium_that_is_full_or_read_only_is_not_begun() {
    if !can_mount() {
        return;
    }
    for (options, wanted) in [
        ("size=64k", "KiB free; wanted"),
        ("ro,size=64m", "is read-only; wanted a medium that can be written"),
    ] {
        let table = table("{medium: online}", "HERE/a");
        let ended = mounted(&table, options);
        assert_eq!(ended.code, Some(4), "{}", ended.both());
        assert!(ended.error.contains(wanted), "{options}: {}", ended.error);
        assert!(events(&table, "media.write.intent").is_empty());
        assert!(table.path("out/summary.json").exists(), "everything else is done");
        let _ = table.run(RESUME).with(0);
    }
    let _ = mounted(&table("{medium: online}", "HERE/a"), "size=64m").with(0);
}

fn mounted(table: &Table, options: &str) -> Ended {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_rootrite"));
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o {options} none media/a && {} {RUN}", binary.display());
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).current_dir(table.folder());
    program::run(&mut command, b"")
}

#[test]
fn a_rehearsal_writes_folders_in_the_place_of_media() {
    let table = Table::without_tokens();
    let script = table.read("script.yaml");
    table.write("script.yaml", format!("{script}      - write-media: {{medium: online, copies: 2}}\n"));
    let ended = table.run("rehearse script.yaml --out out").with(0);
    assert!(ended.out.contains("The medium holds what was written."), "{}", ended.out);
    assert!(!table.path("out/rehearsal-tokens").exists());
}

#[test]
fn what_a_script_or_a_site_says_wrong_of_media_is_said_before_anything_happens() {
    for (step, places, wanted) in [
        ("{medium: other}", "HERE/a", "the script's medium `other` is missing under `media`"),
        ("{medium: online, copies: 3}", "[HERE/a, HERE/b]", "has 2 folders; the script wants 3 copies"),
        ("{medium: online, copies: 0}", "HERE/a", "`copies` is 0; wanted 1 to 20"),
        ("{medium: online, files: [everything]}", "HERE/a", "everything"),
        ("{medium: online, files: [sealed, crls]}", "HERE/a", "goes onto a medium of its own"),
        ("{medium: online}", "media", "a whole path below a folder"),
        (
            "{medium: online}\n      - write-media: {medium: online}",
            "HERE/a",
            "is written by an earlier step",
        ),
    ] {
        let table = table(step, places);
        let ended = table.run_and_change_nothing(RUN).with(2);
        assert!(ended.error.contains(wanted), "{wanted}\n{}", ended.error);
    }
    let table = table("{medium: online}", "HERE/a");
    let text = table.read("script.yaml");
    let (before, seal) = text.split_once("      - seal:").unwrap();
    let (seal, media) = seal.split_once("      - write-media").unwrap();
    table.write("script.yaml", format!("{before}      - write-media{media}      - seal:{seal}"));
    let ended = table.run_and_change_nothing(RUN).with(2);
    assert!(ended.error.contains("`write-media` stands before `seal`"), "{}", ended.error);
}

//! The log's key is lost with its site: the standby takes over, witnesses say so, and who pinned the key pins the new one.

use std::fs;

use crate::common::SoftHsm;
use crate::table::{Table, days_ago};

const FIRST: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const NEXT: &str =
    "run next.yaml --site next-site.yaml --log log --out next --practice --answers answers.yaml";

/// A log with a main key and a standby, its ceremony over; and the script and site of a second site, without the main
/// key's token.
fn table() -> Table {
    let (user, officer) = ("rehearsal-user", "rehearsal-officer");
    let tokens =
        ["root", "log", "log-b"].iter().fold(SoftHsm::new(), |hsm, name| hsm.token(name, user, officer));
    let table = Table::with(tokens).now();
    table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
    let site = table.site();
    let (before, log) = site.split_once("  log:\n").unwrap();
    let (log, after) = log.split_once("preflight:").unwrap();
    let serials = table.serials();
    let standby = log.replace("label: log", "label: log-b").replace(&serials["log"], &serials["log-b"]);
    table.write("site.yaml", format!("{before}  log:\n{log}  log-b:\n{standby}preflight:{after}"));
    table.write("next-site.yaml", format!("{before}  log-b:\n{standby}preflight:{after}"));
    let log_token = "  log: {class: any, distinct-from: [root]}\n";
    let standby_token = "  log-b: {class: any, distinct-from: [root]}\n";
    table.change("script.yaml", log_token, &format!("{log_token}{standby_token}"));
    table.change("script.yaml", "key: log-1}", "key: log-1, standby: {token: log-b, key: log-2}}");
    let script = table.read("script.yaml");
    let _ = table.run(FIRST).with(0);
    let (head, _) = script.split_once("acts:\n").unwrap();
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head
        .replace("ceremony: test-ceremony", "ceremony: site-b")
        .replace(window, &format!("window: {{from: {}, to:{to}", days_ago(0)))
        .replace(log_token, "");
    table.write("next.yaml", format!("{head}{NEXT_ACTS}"));
    table
}

const NEXT_ACTS: &str = "acts:
  - act: Opening
    steps:
      - roll-call: {}
      - confirm-clock: {sources: 1}
      - replace-log-key: {token: log-b, key: log-2, reason: the site of the main key burnt}
      - confirm-log: {}
  - act: Closing
    steps:
      - witness: {}
      - seal: {next-purpose: a new root token}
";

#[test]
fn the_standby_key_goes_on_with_the_log_and_the_pinned_key_is_another_one() {
    let table = table();
    fs::copy(table.path("log/policy"), table.path("pinned")).unwrap();
    let first = fs::read_to_string(table.path("log/checkpoint")).unwrap();
    let _ = table.run("check next.yaml --log log").with(0);
    let ended = table.run(NEXT).with(0);
    assert!(ended.out.contains("whoever pins the log's key has to pin this one"), "{}", ended.out);
    let log = table.read("log/log.jsonl");
    let record = log.lines().find(|line| line.contains("\"ev\":\"log.key.replaced\"")).unwrap();
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    let pinned = table.read("pinned");
    assert_eq!(format!("log {}", record["data"]["old"].as_str().unwrap()), pinned.lines().next().unwrap());
    assert_eq!(record["data"]["witnesses"], serde_json::json!(["wim"]));
    assert_eq!(record["data"]["reason"], "the site of the main key burnt");
    let bundle = "next/bundle-practice-site-b";
    let policy = table.read(&format!("{bundle}/policy"));
    assert_eq!(policy, format!("log {}\nquorum none\n", record["data"]["new"].as_str().unwrap()));
    // Who pinned the old key refuses, until the new one is pinned. Pinned beside each other, both logs' heads are good.
    assert!(table.run(&format!("verify {bundle} --policy pinned")).with(5).error.contains("E109"));
    table.write("repinned", &policy);
    let _ = table.run(&format!("verify {bundle} --policy repinned")).with(0);
    // The head of before is its own key's still, and the log continues it.
    assert!(first.starts_with("example.org/test-log/practice\n"));
    let _ = table.run("log verify log --policy repinned").with(0);
    // And on: the next ceremony knows its key without being told.
    let next = table.read("next.yaml");
    let (head, acts) = next.split_once("acts:\n").unwrap();
    let replace = acts.lines().find(|line| line.contains("replace-log-key")).unwrap();
    let third = format!(
        "{}acts:\n{}",
        head.replace("ceremony: site-b", "ceremony: third"),
        acts.replace(&format!("{replace}\n"), "")
    );
    table.write("next.yaml", third);
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    let _ = table.run("verify third/bundle-practice-third --policy repinned").with(0);
}

#[test]
fn only_the_log_s_own_standby_takes_over_and_before_the_log_is_confirmed() {
    let table = table();
    let good = table.read("next.yaml");
    for (from, to, wanted) in [
        (
            "key: log-2",
            "key: e1",
            "`e1` is no key of the log's own on the token `root`; wanted the log's standby key",
        ),
        ("key: log-2", "key: log-9", "the log has no key `log-9`; wanted its standby key"),
        ("token: log-b, key", "token: root, key", "`log-2` is a key of the log on the token `log-b`"),
        (
            "  - {id: wim, role: external-witness}\n",
            "  - {id: wim, role: auditor}\n",
            "`replace-log-key` needs witnesses",
        ),
    ] {
        table.write("next.yaml", good.replacen(from, to, 1).replace(", external-witness: 1}", "}"));
        let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
        assert!(ended.error.contains(wanted), "{wanted}:\n{}", ended.error);
    }
    let line = good.lines().find(|line| line.contains("replace-log-key")).unwrap();
    let later = good
        .replace(&format!("{line}\n"), "")
        .replace("- confirm-log: {}\n", &format!("- confirm-log: {{}}\n{line}\n"));
    table.write("next.yaml", later);
    let ended = table.run("check next.yaml --log log").with(2);
    assert!(ended.error.contains("`replace-log-key` stands before `confirm-log`"), "{}", ended.error);
    // Without it the lost token is missed.
    table.write("next.yaml", good.replace(&format!("{line}\n"), ""));
    let before = table.read("log/log.jsonl");
    let ended = table.run(NEXT);
    assert_ne!(ended.code, Some(0));
    assert!(ended.error.contains("`log`"), "{}", ended.error);
    assert!(table.read("log/log.jsonl").starts_with(&before));
}

/// The same log with both keys there, and a script in which the standby key takes over from the main one.
fn rotating() -> Table {
    let table = table();
    let next = table.read("next.yaml");
    let (head, _) = next.split_once("acts:\n").unwrap();
    let head = head
        .replace("ceremony: site-b", "ceremony: rotation")
        .replace("  log-b: {class: any, distinct-from: [root]}\n", BOTH);
    table.write("next.yaml", format!("{head}{ROTATE_ACTS}"));
    table
}

const BOTH: &str =
    "  log: {class: any, distinct-from: [root]}\n  log-b: {class: any, distinct-from: [root]}\n";
const ROTATE: &str = "run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml";
const ROTATE_ACTS: &str = "acts:
  - act: Opening
    steps:
      - roll-call: {}
      - confirm-clock: {sources: 1}
      - confirm-log: {}
      - rotate-log-key: {old: log-1, new: log-2}
  - act: Closing
    steps:
      - witness: {}
      - seal: {next-purpose: the next one}
";

#[test]
fn the_old_key_signs_with_the_new_one_until_the_ceremony_ends_and_not_after_it() {
    let table = rotating();
    fs::copy(table.path("log/policy"), table.path("pinned")).unwrap();
    let ended = table.run(ROTATE).with(0);
    assert!(ended.out.contains("Both keys sign the heads of this ceremony"), "{}", ended.out);
    let log = table.read("log/log.jsonl");
    let record = log.lines().find(|line| line.contains("\"ev\":\"log.key.rotated\"")).unwrap();
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    let name = |key: &str| format!("log {}\n", record["data"][key].as_str().unwrap());
    let (old, new) = (name("old"), name("new"));
    assert!(table.read("pinned").starts_with(&old));
    assert!(table.read("log/policy").starts_with(&new));
    // Whoever pinned the old key, and whoever pins the new one, takes what this ceremony made.
    let bundle = "next/bundle-practice-rotation";
    table.write("new", format!("{new}quorum none\n"));
    for policy in ["pinned", "new", "log/policy"] {
        let _ = table.run(&format!("verify {bundle} --policy {policy}")).with(0);
    }
    let head = table.read(&format!("{bundle}/checkpoint"));
    assert_eq!(head.matches("\n— ").count(), 2, "{head}");
    // A head that one of them did not sign is not that ceremony's.
    for at in [4, 5] {
        let lines: Vec<&str> = head.lines().collect();
        let kept =
            lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| format!("{line}\n"));
        table.write(&format!("{bundle}/checkpoint"), kept.collect::<String>());
        let policy = if at == 4 { "pinned" } else { "new" };
        let ended = table.run(&format!("verify {bundle} --policy {policy}")).with(5);
        assert!(ended.both().contains("E109"), "{}", ended.both());
        assert!(
            ended.both().contains("the log's key was changed, and the head is not signed by"),
            "{}",
            ended.both()
        );
    }
    table.write(&format!("{bundle}/checkpoint"), head);
    // The next ceremony knows the new key alone.
    table.change("next.yaml", "ceremony: rotation", "ceremony: after");
    table.change("next.yaml", "      - rotate-log-key: {old: log-1, new: log-2}\n", "");
    let _ = table.run(&ROTATE.replace("--out next", "--out after")).with(0);
    let bundle = "after/bundle-practice-after";
    let ended = table.run(&format!("verify {bundle} --policy pinned")).with(5);
    assert!(ended.both().contains("E109"), "{}", ended.both());
    let _ = table.run(&format!("verify {bundle} --policy new")).with(0);
    assert_eq!(table.read(&format!("{bundle}/checkpoint")).matches("\n— ").count(), 1);
}

#[test]
fn a_rotation_that_was_interrupted_goes_on_with_both_keys() {
    let table = rotating();
    table.write(
        "declines.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.1\": {say: [\"no\"]}\n",
    );
    table.change(
        "next.yaml",
        "      - witness: {}\n",
        "      - instruct: {who: bo, text: Look.}\n      - witness: {}\n",
    );
    let ended = table.run(&ROTATE.replace("answers.yaml", "declines.yaml"));
    assert_ne!(ended.code, Some(0), "{}", ended.both());
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    let head = table.read("next/bundle-practice-rotation/checkpoint");
    assert_eq!(head.matches("\n— ").count(), 2, "{head}");
    assert_eq!(table.read("log/log.jsonl").matches("\"ev\":\"log.key.rotated\"").count(), 1);
    let _ = table.run("verify next/bundle-practice-rotation").with(0);
}

#[test]
fn only_keys_of_the_log_are_rotated_and_after_the_log_is_confirmed() {
    let table = rotating();
    let good = table.read("next.yaml");
    for (from, to, wanted) in [
        (
            "old: log-1, new: log-2",
            "old: log-1, new: log-1",
            "`new` is the key that signs already; wanted another one",
        ),
        ("old: log-1, new: log-2", "old: log-1, new: root-x1", "`root-x1` is no key of the log's own"),
        (
            "old: log-1, new: log-2",
            "old: log-1, new: log-9",
            "the log has no key `log-9`; wanted one of its own",
        ),
        (
            "      - confirm-log: {}\n      - rotate-log-key: {old: log-1, new: log-2}\n",
            "      - rotate-log-key: {old: log-1, new: log-2}\n      - confirm-log: {}\n",
            "`rotate-log-key` stands after `confirm-log`",
        ),
    ] {
        table.write("next.yaml", good.replace(from, to));
        let ended = table.run("check next.yaml --log log").with(2);
        assert!(ended.error.contains(wanted), "`{wanted}` is not in\n{}", ended.error);
    }
    // The standby key does not sign yet: it cannot be the old one.
    table.write("next.yaml", good.replace("old: log-1, new: log-2", "old: log-2, new: log-1"));
    let ended = table.run(ROTATE);
    assert_ne!(ended.code, Some(0));
    assert!(ended.error.contains("key `log-2`: the log's heads are signed by"), "{}", ended.error);
}

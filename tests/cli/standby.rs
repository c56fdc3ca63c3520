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

//! Bags, vendors' statements, devices' audit logs, and the end of a key: what the log says of them, and what ends a ceremony.

use std::fs;

use serde_json::Value;

use crate::common::program::sha256;
use crate::table::{Table, days_ago};

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const NEXT: &str = "run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml";
const BEFORE: &str = "  - act: Closing\n";

/// A table whose script has these steps before its last act, which becomes act 4; today, with answers.
fn table(steps: &str) -> Table {
    let table = Table::for_answers().now();
    table.change("script.yaml", BEFORE, &format!("  - act: Devices\n    steps:\n{steps}{BEFORE}"));
    table
}

/// The next ceremony of the same log, with these steps alone.
fn next(table: &Table, steps: &str) {
    let text = table.read("script.yaml");
    let (head, acts) = text.split_once("acts:\n").unwrap();
    let (head, _) = head.split_once("inputs:\n").unwrap_or((head, ""));
    let head = head.replace("ceremony: test-ceremony", "ceremony: next-ceremony");
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap().to_owned();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head.replace(&window, &format!("window: {{from: {}, to:{to}", days_ago(0)));
    let (_, closing) = acts.split_once(BEFORE).unwrap();
    table.write(
        "next.yaml",
        format!(
            "{head}acts:\n  - act: Opening\n    steps:\n      - roll-call: {{}}\n      - confirm-clock: {{sources: 1}}\n      - confirm-log: {{}}\n{steps}{BEFORE}{closing}"
        ),
    );
}

/// The records of an event, with what they say.
fn said(table: &Table, event: &str) -> Vec<Value> {
    let records = table.read("log/log.jsonl");
    let records = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["ev"] == event).map(|record| record["data"].clone()).collect()
}

/// Answers of these steps; everything else as scripted.
fn answers(table: &Table, steps: &str) {
    table.write("answers.yaml", format!("rootrite-answers: 1\ndefault: practice\nsteps:\n{steps}"));
}

#[test]
fn a_bag_that_is_opened_is_the_one_that_was_sealed_over_ceremonies() {
    let table = table("      - custody: {seal: card-1, by: [ada, wim]}\n");
    answers(&table, &format!("  \"{}\": {{say: [A 4711, sealed]}}\n", number(&table, "custody")));
    let _ = table.run(RUN).with(0);
    let sealed = said(&table, "custody.sealed");
    assert_eq!(sealed.len(), 1);
    assert_eq!(sealed[0]["people"], serde_json::json!(["ada", "wim"]));
    assert!(!table.read("log/log.jsonl").contains("A 4711"), "a bag's number is for the annex");
    assert!(table.read("log/annex.jsonl").contains("A 4711"));
    // Sealed already: found while planning.
    next(&table, "      - custody: {seal: card-1, by: [ada, wim]}\n");
    let refused = table.run("check next.yaml --log log").with(2).error;
    assert!(refused.contains("`card-1` is sealed and has not been opened since"), "{refused}");
    // Another bag.
    next(&table, "      - custody: {open: card-1, by: [ada, wim]}\n");
    answers(&table, "  \"1.4\": {say: [A 4712, whole]}\n");
    let refused = table.run(NEXT).with(5).error;
    assert!(refused.contains("the bag has the number `A 4712`; it was sealed in `A 4711`"), "{refused}");
    assert!(said(&table, "custody.opened").is_empty());
}

#[test]
fn the_bag_that_was_sealed_opens_and_is_not_opened_twice() {
    let table = table(
        "      - custody: {open: card-1, by: [ada, wim]}\n      - custody: {seal: card-1, by: [ada, wim]}\n      - custody: {open: card-1, by: [ada, wim]}\n",
    );
    let first = number(&table, "custody");
    let (act, _) = first.split_once('.').unwrap();
    answers(
        &table,
        &format!(
            "  \"{act}.1\": {{say: [A 1]}}\n  \"{act}.2\": {{say: [A 2]}}\n  \"{act}.3\": {{say: [A 2]}}\n"
        ),
    );
    let _ = table.run(RUN).with(0);
    let (opened, sealed) = (said(&table, "custody.opened"), said(&table, "custody.sealed"));
    assert_eq!((opened.len(), sealed.len()), (2, 1));
    // The first bag is one that no log knew; the last is the one that was sealed between.
    assert!(opened[0].get("previous_bag_digest").is_none());
    assert_eq!(sealed[0]["previous_bag_digest"], opened[0]["bag_digest"]);
    assert_eq!(opened[1]["bag_digest"], sealed[0]["bag_digest"]);
    table.change("script.yaml", "      - custody: {seal: card-1, by: [ada, wim]}\n", "");
    let refused = table.run("check script.yaml").with(2).error;
    assert!(refused.contains("`card-1` was opened before and has not been sealed since"), "{refused}");
}

#[test]
fn a_bag_wants_two_people_and_one_direction() {
    for (fields, wanted) in [
        ("{open: card-1, by: [ada]}", "`by` wants two people or more, each once"),
        ("{open: card-1, by: [ada, ada]}", "`by` wants two people or more, each once"),
        ("{open: card-1, seal: card-1, by: [ada, wim]}", "one of `open` and `seal` is wanted"),
        ("{by: [ada, wim]}", "one of `open` and `seal` is wanted"),
    ] {
        let table = table(&format!("      - custody: {fields}\n"));
        let refused = table.run("check script.yaml").with(2).error;
        assert!(refused.contains(wanted), "{fields}: {refused}");
    }
}

#[test]
fn what_a_vendor_says_is_kept_as_it_is_and_by_its_digest() {
    let table = table(
        "      - attest-key: {key: root-x1, what: the vendor's statement, ask: ada, statement: root-x1-statement}\n      - device-audit: {token: root, what: the device's log, ask: ada, log: root-audit}\n",
    );
    let first = number(&table, "attest-key");
    let (act, _) = first.split_once('.').unwrap();
    table.write("statement.bin", b"\x00signed by a vendor\xff");
    table.write("audit.log", "one\ntwo\n");
    answers(
        &table,
        &format!(
            "  \"{act}.1\": {{say: [nothing.bin, ., statement.bin]}}\n  \"{act}.2\": {{say: [audit.log]}}\n"
        ),
    );
    let ended = table.run(RUN).with(0);
    assert!(ended.out.contains("`nothing.bin`: No such file"), "{}", ended.out);
    for (event, file) in [("device.attested", "statement.bin"), ("device.audit", "audit.log")] {
        let octets = fs::read(table.path(file)).unwrap();
        let said = said(&table, event);
        assert_eq!(said.len(), 1);
        let digest = said[0]["evidence_sha256"].as_str().unwrap();
        assert_eq!(digest, sha256(&octets));
        let kept = table.path(&format!("out/bundle-practice-test-ceremony/artifacts/{digest}.bin"));
        assert_eq!(fs::read(kept).unwrap(), octets);
        assert_eq!(said[0]["class"], "software");
    }
    let keys = said(&table, "key.generated");
    let root = keys.iter().find(|key| key["label"] == "root-x1").unwrap();
    assert_eq!(said(&table, "device.attested")[0]["spki_sha256"], root["spki_sha256"]);
    assert!(said(&table, "device.audit")[0].get("spki_sha256").is_none());
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn a_file_that_nobody_brings_or_confirms_ends_the_ceremony() {
    for say in ["[nothing, nothing, nothing, nothing, nothing]", "[script.yaml, \"no\"]", "[\"no\"]"] {
        let table = table("      - device-audit: {token: root, what: log, ask: ada, log: root-audit}\n");
        answers(&table, &format!("  \"{}\": {{say: {say}}}\n", number(&table, "device-audit")));
        let _ = table.run(RUN).with(3);
        assert!(said(&table, "device.audit").is_empty());
        assert!(!said(&table, "artifact.emitted").iter().any(|one| one["artifact"]["kind"] == "evidence"));
    }
}

#[test]
fn a_key_is_destroyed_by_the_quorum_and_a_fresh_process_does_not_find_it() {
    let table = table("      - destroy-key: {key: root-x1, because: the test is over}\n");
    let ended = table.run(RUN).with(0);
    assert!(
        ended.out.contains("proof: a fresh process does not find it and cannot sign with it"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("not proven: that nobody has a copy of the token"), "{}", ended.out);
    let destroyed = said(&table, "key.destroyed");
    let made = said(&table, "key.generated");
    let root = made.iter().find(|key| key["label"] == "root-x1").unwrap();
    assert_eq!(destroyed.len(), 1);
    assert_eq!(destroyed[0]["spki_sha256"], root["spki_sha256"]);
    assert_eq!(
        (&destroyed[0]["level"], &destroyed[0]["surviving"]),
        (&"absent".into(), &serde_json::json!([]))
    );
    let approved = said(&table, "request.approved");
    let approved = approved.iter().find(|one| one["kind"] == "destruction").unwrap();
    assert_eq!(approved["sha256"], root["spki_sha256"]);
    // The token itself, looked at by another program.
    let line = format!(
        "SOFTHSM2_CONF={}/softhsm2.conf exec pkcs11-tool --module {} --token-label root --login --pin rehearsal-user -O",
        table.hsm.folder().display(),
        crate::common::SoftHsm::module().display()
    );
    if let Some(listed) = crate::common::program::tool("sh", table.folder(), ["-c", &line]) {
        assert!(!listed.with(0).out.contains("root-x1"));
    }
    let _ = table.run("log verify log").with(0);
    // Its name is never given again, and nothing is signed by it.
    next(&table, "      - generate-key: {token: root, key: root-x1, algorithm: ecdsa-p256, backup: none}\n");
    let refused = table.run("check next.yaml --log log").with(2).error;
    assert!(refused.contains("there is a key `root-x1` already"), "{refused}");
    next(&table, "      - destroy-key: {key: root-x1, because: once more}\n");
    let refused = table.run("check next.yaml --log log").with(2).error;
    assert!(refused.contains("root-x1"), "{refused}");
}

#[test]
fn a_key_of_an_earlier_ceremony_is_destroyed_by_its_name_in_the_log() {
    let table = Table::for_answers().now();
    let _ = table.run(RUN).with(0);
    next(&table, "      - destroy-key: {key: root-x1, because: it is retired}\n");
    let _ = table.run(NEXT).with(0);
    assert_eq!(said(&table, "key.destroyed").len(), 1);
}

#[test]
fn no_key_goes_without_the_word_and_none_that_signs_the_log() {
    let table = table("      - destroy-key: {key: root-x1, because: of an error}\n");
    answers(&table, &format!("  \"{}\": {{say: [yes, \"no\"]}}\n", number(&table, "destroy-key")));
    let ended = table.run(RUN).with(3);
    assert!(ended.both().contains("found `yes`, wanted exactly `destroy`"), "{}", ended.both());
    assert!(said(&table, "key.destroy.intent").is_empty() && said(&table, "key.destroyed").is_empty());
    assert_eq!(said(&table, "request.rejected")[0]["kind"], "destruction");
    let log = table.read("script.yaml").replace("{key: root-x1, because", "{key: log-1, because");
    table.write("log-key.yaml", log);
    let refused = table.run("check log-key.yaml").with(2).error;
    assert!(refused.contains("key `log-1` is a key of the log"), "{refused}");
}

#[test]
fn a_rehearsal_does_all_of_it() {
    let table = table(
        "      - custody: {seal: card-1, by: [ada, wim]}\n      - attest-key: {key: root-x1, what: statement, ask: ada, statement: s}\n      - device-audit: {token: root, what: log, ask: ada, log: l}\n      - destroy-key: {key: root-x1, because: it is a rehearsal}\n",
    );
    let ended = table.run("rehearse script.yaml --out out").with(0);
    for sentence in [
        "The key is destroyed.",
        "It is stored; the log has its digest.",
        "The next ceremony will ask for this number.",
    ] {
        assert!(ended.out.contains(sentence), "{sentence}:\n{}", ended.out);
    }
}

/// The number of the first step of a name.
fn number(table: &Table, step: &str) -> String {
    let text = table.read("script.yaml");
    let (mut act, mut number) = (0, 0);
    for line in text.lines() {
        if line.starts_with("  - act:") {
            (act, number) = (act + 1, 0);
        } else if let Some(rest) = line.strip_prefix("      - ") {
            number += 1;
            if rest.starts_with(&format!("{step}:")) {
                return format!("{act}.{number}");
            }
        }
    }
    panic!("no step `{step}`");
}

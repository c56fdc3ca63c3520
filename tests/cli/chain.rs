//! Ceremonies one after the other: the ready scripts in chains, what a later one takes from the log by name, and what it
//! refuses because tokens, numbers or names are not as the log says.

use rootrite::hsm::{KeyId, Token as _};
use rootrite::pki::KeyAlgorithm;

use crate::common::{own_folder, rootrite, softhsm};
use crate::revocation::{NEXT, PLAN, after_the_first, next_with, records};
use crate::table::Table;

/// The ready scripts that can be first, and each of the others after what it continues; and all of them in one log.
const CHAINS: &[&[&str]] = &[
    &["root-and-subordinates", "crl-and-ocsp", "destroy-key"],
    &["root-and-subordinates", "emergency-revocation"],
    &["root-and-subordinates", "cross-sign"],
    &["root-and-subordinates", "restore-drill", "replace-share-holder"],
    &["root-and-subordinates", "site-lost"],
    &[
        "root-and-subordinates",
        "rotate-subordinates",
        "crl-and-ocsp",
        "emergency-revocation",
        "cross-sign",
        "destroy-key",
    ],
];

#[test]
fn every_ready_script_is_rehearsed_after_those_that_it_continues() {
    let folder = own_folder("chains");
    // These two are held together in `key_origin`: the one needs a bundle of the other.
    let mut held: Vec<&str> = vec!["subordinate-key", "sign-subordinate"];
    for (number, chain) in CHAINS.iter().enumerate() {
        let out = format!("out-{number}");
        let ended = rehearse(&folder, chain, &out);
        assert!(
            ended.out.contains(&format!("rehearsal of {} ceremonies is done", chain.len())),
            "{}",
            ended.out
        );
        let ended = rootrite(&folder, ["log", "verify", &format!("{out}/ceremony-log")]).with(0);
        assert!(!folder.join(&out).join("rehearsal-tokens").exists(), "{}", ended.out);
        held.extend(*chain);
    }
    let scripts = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ceremonies")).unwrap();
    for script in scripts.map(|entry| entry.unwrap().path()) {
        let name = script.file_stem().unwrap().to_str().unwrap();
        assert!(held.contains(&name), "{name} is in no chain");
    }
}

#[test]
fn a_rotation_leaves_new_paths_and_a_revocation_that_the_crl_and_the_responses_say() {
    let folder = own_folder("rotation");
    let _ = rehearse(&folder, &["root-and-subordinates", "rotate-subordinates"], "out");
    let (first, second) = ("out/2026-11-roots-x1-x2", "out/2026-11-rotation");
    let inspect = |file: &str| rootrite(&folder, ["inspect", file]).with(0).out;
    let serial = |file: String| {
        let said = inspect(&file);
        let line = said.lines().find(|line| line.contains("serial number")).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let e1 = serial(format!("{first}/certificates/e1.pem"));
    let crl = inspect(&format!("{second}/crls/root-x1.crl"));
    assert!(crl.contains(&e1) && crl.contains("superseded"), "{e1} in\n{crl}");
    assert!(!inspect(&format!("{second}/crls/root-x2.crl")).contains(&e1));
    // e1 first by name, then e2: the one is revoked and the other good.
    let (of_e1, of_e2) =
        (inspect(&format!("{second}/ocsp/root-x1-1.der")), inspect(&format!("{second}/ocsp/root-x1-2.der")));
    assert!(of_e1.contains(&e1) && of_e1.contains("revoked"), "{of_e1}");
    let e2 = serial(format!("{second}/certificates/e2.pem"));
    assert!(of_e2.contains(&e2) && of_e2.contains("good"), "{of_e2}");
    // The other root vouches for e2.
    let verified = std::process::Command::new("openssl")
        .args(["verify", "-x509_strict", "-CAfile"])
        .arg(folder.join(first).join("certificates/root-x2.pem"))
        .arg(folder.join(second).join("certificates/e2-by-root-x2.pem"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn the_clock_of_a_later_ceremony_begins_with_its_window_and_never_before_the_log() {
    let table = Table::without_tokens();
    write_next(&table, "2026-11-03T09:00:00Z", "2026-11-03T10:00:00Z");
    let _ = table.run("rehearse script.yaml next.yaml --out out --quiet").with(0);
    let log = std::fs::read_to_string(table.path("out/ceremony-log/log.jsonl")).unwrap();
    let of_next: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &serde_json::Value| record["cer"] == "next")
        .collect();
    assert!(of_next[0]["at"].as_str().unwrap().starts_with("2026-11-03T09:00:0"), "{}", of_next[0]);
    assert!(table.path("out/next/crls/next.crl").is_file() && table.path("out/test-ceremony/crls").is_dir());
    // A window that was over before the log's last record.
    write_next(&table, "2026-10-01T09:00:00Z", "2026-10-01T10:00:00Z");
    table.change("next.yaml", CRL, "inventory: {token: root}");
    let ended = table.run("rehearse script.yaml next.yaml --out late --quiet").with(2);
    assert!(
        ended.error.contains(
            "next.yaml:6:9: the window ends at 2026-10-01T10:00:00Z, and the log's last record is of 2026-11-01T08"
        ),
        "{}",
        ended.error
    );
}

#[test]
fn what_can_be_wrong_with_a_later_script_is_said_before_the_first_is_rehearsed() {
    let table = Table::without_tokens();
    table.write("next.yaml", "rootrite: 2\n");
    let ended = table.run_and_change_nothing("rehearse script.yaml next.yaml --out out").with(2);
    assert!(ended.error.contains("next.yaml:1:11: found version `2`"), "{}", ended.error);
    write_next(&table, "2026-11-03T09:00:00Z", "2026-11-03T10:00:00Z");
    // By itself it has no log to continue.
    for command in
        ["rehearse next.yaml --out out", "check next.yaml --practice", "plan next.yaml -o plan.json"]
    {
        let ended = table.run_and_change_nothing(command).with(2);
        assert_eq!(ended.error.matches("error: ").count(), 1, "{command}:\n{}", ended.error);
        assert!(ended.error.contains("the script continues a log, and none was given"), "{}", ended.error);
    }
    // What only the log can say is said in its turn, and no tokens are left behind.
    table.change("next.yaml", "issuer: root-x1", "issuer: root-x7");
    let ended = table.run("rehearse script.yaml next.yaml --out out --quiet").with(2);
    assert!(
        ended.error.contains("there is no certificate `root-x7`; the certificates here are `e1`, `root-x1`"),
        "{}",
        ended.error
    );
    assert!(!table.path("out/rehearsal-tokens").exists());
    let ended =
        table.run_and_change_nothing("rehearse script.yaml script.yaml --approvals a --out other").with(2);
    assert!(ended.error.contains("approvals are of one plan"), "{}", ended.error);
}

#[test]
fn a_name_of_the_log_is_enough_and_the_plan_says_its_digest() {
    let table = after_the_first();
    named(&table, "second", &[KEY, RESPONDER, CRL, RESPONSES]);
    let _ = table.run(PLAN).with(0);
    let plan: serde_json::Value = serde_json::from_str(&table.read("plan.json")).unwrap();
    for name in ["root-x1", "e1"] {
        let of_name =
            records(&table).into_iter().find(|record| record["data"]["artifact"]["name"] == name).unwrap();
        assert_eq!(plan["log"]["certificates"][name], of_name["data"]["artifact"]["sha256"], "{name}");
    }
    let _ = table.run(NEXT).with(0);
    // Once more under the same name: the name alone does not say which.
    let again = "issue-subordinate: {issuer: root-x1, key: e1, profile: tls-subordinate-ca, subject: [{C: US}, {O: Example Trust Services}, {CN: \
                 E1}], not-before: ceremony-day, lasts: 30 days, crl-url: 'http://x1.c.example.org/', issuer-url: 'http://x1.i.example.org/', \
                 certificate: e1}";
    named(&table, "third", &[again]);
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    named(&table, "fourth", &[&RESPONSES.replace("responder: o", "responder: root-x1")]);
    let ended = table.run_and_change_nothing(&PLAN.replace("plan.json", "plan-4.json")).with(2);
    assert!(
        ended.error.contains(
            "the log has 2 certificates of the name `e1`; wanted the one that is meant among the inputs"
        ),
        "{}",
        ended.error
    );
}

#[test]
fn what_does_not_lie_beside_the_log_has_to_be_an_input() {
    let table = after_the_first();
    let root =
        records(&table).into_iter().find(|record| record["data"]["artifact"]["name"] == "root-x1").unwrap();
    let sha256 = root["data"]["artifact"]["sha256"].as_str().unwrap().to_owned();
    let kept = format!("log/runs/test-ceremony/pending/{sha256}");
    named(&table, "second", &[CRL]);
    // Other octets under its digest do not count.
    table.write(&kept, b"other octets");
    let ended = table.run_and_change_nothing(PLAN).with(2);
    let wanted = format!(
        "the log has the certificate `root-x1` with the SHA-256 {sha256}, and it does not lie beside the log; wanted it among the inputs"
    );
    assert!(ended.error.contains(&wanted), "{}", ended.error);
    std::fs::remove_file(table.path(&kept)).unwrap();
    assert!(table.run_and_change_nothing(PLAN).with(2).error.contains(&wanted));
    next_with(&table, "second", &[CRL], &["root-x1"], "");
    let _ = table.run(PLAN).with(0);
}

#[test]
fn a_new_certificate_does_not_take_the_name_of_one_of_the_log_that_is_used() {
    let table = after_the_first();
    let cross = "issue-cross: {issuer: root-x1, certificate-to-cross-sign: e1, profile: cross-certificate, not-before: ceremony-day, lasts: 30 \
                 days, crl-url: 'http://x1.c.example.org/', issuer-url: 'http://x1.i.example.org/', certificate: e1}";
    named(&table, "second", &[cross]);
    let ended = table.run_and_change_nothing(PLAN).with(2);
    assert!(
        ended.error.contains("a step before this one uses the log's certificate `e1`; wanted another name"),
        "{}",
        ended.error
    );
}

#[test]
fn a_crl_number_that_is_not_above_the_last_is_refused() {
    let table = after_the_first();
    for (number, good) in [("1", false), ("2", true), ("next", true)] {
        named(&table, "second", &[&CRL.replace("number: next", &format!("number: {number}"))]);
        let ended = table.run_and_change_nothing("check next.yaml --log log").with(if good { 0 } else { 2 });
        let said = "found CRL number 1; the last one of `root-x1` is 1, wanted a higher one";
        assert!(good || ended.error.contains(said), "{number}:\n{}", ended.error);
    }
}

#[test]
fn a_token_that_does_not_hold_what_the_log_says_ends_the_ceremony() {
    let table = after_an_inventory();
    let id = KeyId::from([0x77; 16]);
    make_key(&table, &id);
    named(&table, "second", &["inventory: {token: root}", CRL]);
    let ended = table.run(NEXT).with(5);
    let wanted = "token `root` does not hold what the log says: 2 came: `";
    assert!(ended.error.contains(wanted) && ended.error.contains("nothing went"), "{}", ended.error);
    let last = records(&table).into_iter().rfind(|record| record["ev"] == "log.anomaly").unwrap();
    assert!(last["data"]["text"].as_str().unwrap().contains(wanted), "{last}");
    assert!(!table.path("next/crls/next.crl").exists());
    // Without the stranger it goes on from there.
    destroy(&table, &id);
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    // And the next one again.
    named(&table, "third", &["inventory: {token: root}", CRL]);
    let ended = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    assert!(ended.out.contains("It is what the log says that it held before."), "{}", ended.out);
}

#[test]
fn a_key_that_went_since_the_last_ceremony_ends_it_when_the_log_is_confirmed() {
    let table = after_the_first();
    let of_root = records(&table)
        .into_iter()
        .find(|record| record["ev"] == "key.generated" && record["data"]["label"] == "root-x1")
        .unwrap();
    destroy(&table, &of_root["data"]["id"].as_str().unwrap().parse().unwrap());
    named(&table, "second", &["inventory: {token: log}"]);
    let ended = table.run(NEXT).with(5);
    assert!(
        ended.error.contains("token `root` does not hold what the log says: key `root-x1`, id "),
        "{}",
        ended.error
    );
    assert!(records(&table).iter().any(|record| record["ev"] == "log.anomaly"));
}

#[test]
fn responses_about_all_that_the_log_knows_leave_out_what_has_run_out_and_what_is_no_ca() {
    let table = after_the_first();
    // Of the log: e1. The root itself is not its own subordinate.
    named(&table, "second", &[KEY, RESPONDER, CRL, &RESPONSES.replace("[e1]", "from-log")]);
    let _ = table.run(PLAN).with(0);
    let plan: serde_json::Value = serde_json::from_str(&table.read("plan.json")).unwrap();
    let text = plan["acts"].to_string();
    assert!(text.contains(r#""certificates":["e1"]"#), "{text}");
    for (wrong, said) in [
        ("some", "found `some`, wanted a list of certificates by name, or `from-log`"),
        ("[]", "`certificates` is an empty list; wanted at least one"),
    ] {
        named(&table, "second", &[KEY, RESPONDER, CRL, &RESPONSES.replace("[e1]", wrong)]);
        let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
        assert!(ended.error.contains(said), "{}", ended.error);
    }
}

#[test]
fn a_drill_leaves_the_keys_and_no_copy_of_them() {
    let folder = own_folder("drill");
    // The ceremony after it deals new shares of the keys that stayed.
    let _ = rehearse(&folder, &["root-and-subordinates", "restore-drill", "replace-share-holder"], "out");
    let records = log_of(&folder, "out");
    let of = |ev: &str| {
        records
            .iter()
            .filter(|record| record["ev"] == ev && record["cer"] == "2026-11-drill")
            .collect::<Vec<_>>()
    };
    let (restored, destroyed) = (of("key.restored"), of("key.destroyed"));
    assert_eq!((restored.len(), destroyed.len()), (2, 2));
    for (restored, destroyed) in restored.iter().zip(&destroyed) {
        assert_eq!(restored["data"]["spki_sha256"], destroyed["data"]["spki_sha256"]);
        assert_eq!(destroyed["data"]["token"], "drill");
        let surviving = destroyed["data"]["surviving"].to_string();
        assert!(
            surviving.contains("the key itself on token `root`") && !surviving.contains("`drill`"),
            "{surviving}"
        );
    }
}

#[test]
fn a_lost_site_goes_on_with_its_standby_and_its_backups() {
    let folder = own_folder("site-lost");
    let _ = rehearse(&folder, &["root-and-subordinates", "site-lost"], "out");
    let records = log_of(&folder, "out");
    let here: Vec<_> = records.iter().filter(|record| record["cer"] == "2026-11-site-b").collect();
    let notes = here
        .iter()
        .filter(|record| record["ev"] == "log.note")
        .map(|record| record["data"]["text"].to_string());
    assert!(notes.into_iter().any(|note| note.contains("another device is in the place of token `root`")));
    assert!(here.iter().any(|record| record["ev"] == "log.key.replaced"));
    assert_eq!(here.iter().filter(|record| record["ev"] == "key.restored").count(), 2);
    // It is signed with what came back.
    let crls = here.iter().filter(|record| record["ev"] == "crl.signed");
    assert_eq!(crls.map(|record| record["data"]["number"].as_str().unwrap()).collect::<Vec<_>>(), ["2", "2"]);
}

#[test]
fn what_is_replaced_or_destroyed_as_a_copy_has_to_be_known() {
    let table = after_the_first();
    named(&table, "second", &["destroy-key: {key: e1, token: log, because: a test}"]);
    let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
    assert!(ended.error.contains("the log knows no copy of the key `e1` on token `log`"), "{}", ended.error);
    named(&table, "second", &[CRL]);
    table.change("next.yaml", "confirm-log: {}", "confirm-log: {replaced: [other]}");
    table.change("next.yaml", "tokens:\n", "tokens:\n  other: {class: any}\n");
    let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
    assert!(
        ended.error.contains("the log has not seen a token `other` before: nothing is in its place"),
        "{}",
        ended.error
    );
}

#[test]
fn a_folder_that_has_no_log_is_named_where_a_script_continues_one() {
    let table = after_the_first();
    named(&table, "second", &[CRL]);
    let ended = table.run_and_change_nothing("plan next.yaml --log lgo").with(2);
    assert!(ended.error.contains("hint: `lgo` has no log: there is no `log.jsonl` in it"), "{}", ended.error);
}

#[test]
fn a_script_without_the_token_of_the_logs_key_is_refused_before_anything_begins() {
    let table = after_the_first();
    named(&table, "second", &[CRL]);
    let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
    let text = table.read("next.yaml");
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("  log: ")).collect();
    assert_eq!(without.len() + 1, text.lines().count(), "{text}");
    table.write("next.yaml", without.join("\n"));
    let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
    for wanted in [
        "the log's key is on the token `log`, which is not among the script's `tokens`",
        "hint: add `log: {class: any}`: its key signs the log's head after every step",
    ] {
        assert!(ended.error.contains(wanted), "{}", ended.error);
    }
    assert_eq!(ended.error.matches("error: ").count(), 1, "{}", ended.error);
}

/// The records of a chain.
fn log_of(folder: &std::path::Path, out: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join(out).join("ceremony-log/log.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A rehearsal of ready scripts.
fn rehearse(folder: &std::path::Path, chain: &[&str], out: &str) -> crate::common::Ended {
    let scripts = chain.iter().map(|name| format!("{}/ceremonies/{name}.yaml", env!("CARGO_MANIFEST_DIR")));
    let arguments: Vec<String> = ["rehearse".to_owned()]
        .into_iter()
        .chain(scripts)
        .chain(["--out".into(), out.to_owned(), "--quiet".into()])
        .collect();
    rootrite(folder, arguments).with(0)
}

/// A script that goes on with the log and names no input.
fn named(table: &Table, ceremony: &str, steps: &[&str]) {
    next_with(table, ceremony, steps, &[], "");
    table.change("next.yaml", "inputs:\n", "");
}

/// The same for a rehearsal, with a window.
fn write_next(table: &Table, from: &str, to: &str) {
    named(table, "next", &[CRL]);
    let text = table.read("next.yaml");
    let window = text.lines().find(|line| line.starts_with("window:")).unwrap().to_owned();
    table.change("next.yaml", &window, &format!("window: {{from: {from}, to: {to}}}"));
    // It would be after the first CRL has run out.
    table.write(
        "next.yaml",
        table
            .read("next.yaml")
            .replace("seal: {next-due: 2027-09-01T00:00:00Z, next-purpose: yearly CRL}", "seal: {}"),
    );
}

/// The first ceremony, which ends with a look at its token.
fn after_an_inventory() -> Table {
    let table = Table::for_answers().now();
    table.change(
        "script.yaml",
        "      - witness: {}\n",
        "      - inventory: {token: root}\n      - witness: {}\n",
    );
    let _ = table
        .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
        .with(0);
    table.change("script.yaml", "      - inventory: {token: root}\n", "");
    table
}

fn make_key(table: &Table, id: &KeyId) {
    let process = table.hsm.start();
    let mut session = softhsm::session(&process, "root", "rehearsal-user");
    let request = rootrite::hsm::KeyRequest {
        label: "a stranger".into(),
        id: id.clone(),
        algorithm: KeyAlgorithm::EcdsaP256,
        extractable: false,
    };
    session.generate_key_pair(&request).unwrap();
    drop(session);
    process.stop().unwrap();
}

fn destroy(table: &Table, id: &KeyId) {
    let process = table.hsm.start();
    let mut session = softhsm::session(&process, "root", "rehearsal-user");
    assert_eq!(session.destroy_objects(id).unwrap(), 2);
    drop(session);
    process.stop().unwrap();
}

const CRL: &str = "issue-crl: {issuer: root-x1, number: next, this-update: signing-time, lasts: 300 days, revoked: from-log, crl: next}";
const RESPONSES: &str = "issue-ocsp-responses: {issuer: root-x1, responder: o, certificates: [e1], this-update: signing-time, lasts: 7 \
     days, responses: r}";
const KEY: &str = "generate-key: {token: root, key: o, algorithm: ecdsa-p256, backup: none}";
const RESPONDER: &str = "issue-ocsp-responder: {issuer: root-x1, key: o, profile: ocsp-responder, subject: [{C: US}, {O: Example Trust Services}, \
     {CN: Responder}], not-before: ceremony-day, lasts: 30 days, certificate: o}";

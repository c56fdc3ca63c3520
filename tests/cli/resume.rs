//! Ceremonies that were interrupted, with people at a terminal: what they are asked, and what comes of each answer.

use std::fs;

use serde_json::Value;

use crate::common::Ended;
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
const RESUME: &str = "resume --log log --plain";

#[test]
fn people_who_said_no_can_go_on_later() {
    let table = stopped();
    let mut asked = Vec::new();
    let ended = Room::open(&table, RESUME).go_on(|question| {
        asked.push(question.wanted.clone());
        None
    });
    let ended = ended.with(0);
    let count = |wanted: &str| asked.iter().filter(|asked| **asked == Wanted::Word(wanted.into())).count();
    assert_eq!((count("resume"), count("present"), count("approve")), (1, 4, 0), "{asked:?}");
    assert_eq!(count("sign"), 2, "the certificate that was declined, and the CRL");
    assert!(ended.out.contains("was not restarted since"), "{}", ended.out);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    let serials: Vec<Value> =
        of(&table, "cert.sign.intent").iter().map(|record| record["data"]["serial"].clone()).collect();
    assert_eq!(serials.len(), 2, "nothing was signed twice");
}

#[test]
fn what_was_begun_is_resumed_and_not_begun_again() {
    let table = stopped();
    let before = table.read("log/log.jsonl");
    let ended =
        table.run("run script.yaml --site site.yaml --log log --out other --practice --plain").with(2);
    assert!(ended.error.contains("was begun in this log and has not ended"), "{}", ended.error);
    assert!(ended.error.contains("hint: rootrite resume --log log"), "{}", ended.error);
    assert_eq!(table.read("log/log.jsonl"), before);
}

#[test]
fn nothing_is_resumed_where_nothing_was_begun() {
    let table = Table::new().now();
    let ended = table.run(RESUME).with(2);
    assert!(ended.error.contains("nothing was signed"), "{}", ended.error);
}

#[test]
fn what_has_ended_is_verified_once_more() {
    let table = stopped();
    let _ = Room::open(&table, RESUME).go_on(|_| None).with(0);
    let ended = table.run(RESUME).with(0);
    assert!(ended.out.contains("had ended"), "{}", ended.out);
}

#[test]
fn a_ceremony_that_nobody_wants_to_resume_stays_where_it_is() {
    let table = stopped();
    let ended = Room::open(&table, RESUME).go_on(|question| word(question, "resume", "no"));
    assert!(ended.with(3).out.contains("declined"));
    assert!(of(&table, "cert.signed").len() == 1);
    let _ = Room::open(&table, RESUME).go_on(|_| None).with(0);
}

#[test]
fn who_has_left_is_missed() {
    let table = stopped();
    let left = |question: &Question| {
        let officer = question.shown.contains("crypto-officer): Are you still here?");
        officer.then(|| "no".to_owned())
    };
    let ended = Room::open(&table, RESUME).go_on(left).with(3);
    assert!(ended.out.contains("0 people of the role crypto-officer are still here"), "{}", ended.out);
    assert_eq!(of(&table, "participant.left").len(), 2);
    // Both are back: nobody is shut out for good.
    let mut asked = 0;
    let back = |question: &Question| {
        asked += usize::from(question.shown.contains("You were not here when the ceremony stopped."));
        None
    };
    let _ = Room::open(&table, RESUME).go_on(back).with(0);
    assert_eq!(asked, 2);
    let late = of(&table, "participant.present");
    let late = late.iter().filter(|record| {
        record["data"]["id_check"] == "came after the roll call; known to the ceremony administrator"
    });
    assert_eq!(late.count(), 2);
}

#[test]
fn what_lies_beside_the_log_is_what_was_approved() {
    for name in ["script.yaml", "site.yaml"] {
        let table = stopped();
        let file = format!("log/runs/test-ceremony/{name}");
        table.write(&file, format!("{}\n", table.read(&file)));
        let ended = table.run(RESUME).with(5);
        assert!(
            ended.error.contains("what was approved is not what lies beside the log now"),
            "{}",
            ended.error
        );
    }
}

/// Profiles of one's own are kept with the ceremony: what happens to their folder afterwards changes nothing.
#[test]
fn a_ceremony_goes_on_with_the_profiles_that_it_was_begun_with() {
    for afterwards in ["gone", "changed"] {
        let table = Table::new().now();
        fs::create_dir(table.path("profiles")).unwrap();
        let own =
            "rootrite-profile: 1\nkind: subordinate\ninherits: tls-subordinate-ca\nkey-identifier: sha1\n";
        table.write("profiles/own.yaml", own);
        table.change("script.yaml", "profile: tls-subordinate-ca", "profile: own");
        let no =
            |question: &Question| question.shown.contains("Sign the certificate `e1`?").then(|| "no".into());
        let _ = Room::open(&table, RUN).go_on(no).with(3);
        match afterwards {
            "gone" => fs::remove_dir_all(table.path("profiles")).unwrap(),
            _ => table.change("profiles/own.yaml", "key-identifier: sha1", "key-identifier: rfc7093-4"),
        }
        let _ = Room::open(&table, RESUME).go_on(|_| None).with(0);
        let said = table.run("profile read out/certificates/e1.pem").with(0).out;
        assert!(said.contains("\nkey-identifier: sha1\n"), "{said}");
    }
}

#[test]
fn an_exception_is_told_approved_and_in_log_and_report() {
    let table = Table::new().now();
    let mut told = false;
    let ended = Room::open(&table, RUN).go_on(|question| {
        let here = question.shown.contains("Sign the certificate `root-x1`?") && !told;
        told |= here;
        here.then(|| "exception".to_owned()).or_else(|| {
            question
                .shown
                .contains("What is otherwise")
                .then(|| "the seal of bag 4711 was damaged".to_owned())
        })
    });
    let _ = ended.with(0);
    let told = of(&table, "step.deviation");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["actual"], "the seal of bag 4711 was damaged");
    assert_eq!(told[0]["data"]["approved_by"], serde_json::json!(["bo", "cy"]));
    let report = table.read("out/report.md");
    assert!(report.contains("step.deviation"));
    // What was signed by kind, name and digest, not as the log's JSON.
    assert!(report.contains(" | cert.signed | root | root-x1 | `"), "{report}");
    assert_eq!(of(&table, "cert.signed").len(), 2, "the question stood");
}

#[test]
fn an_exception_of_a_file_of_answers_has_its_approvals() {
    let table = Table::for_answers().now();
    let answers = "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.2\": {deviation: a bag was open, approve: [cy]}\n";
    table.write("answers.yaml", answers);
    let run = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
    let _ = table.run(run).with(0);
    let told = of(&table, "step.deviation");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["approved_by"], serde_json::json!(["cy"]));
}

#[test]
fn in_a_pause_nobody_is_logged_in() {
    let table = Table::new().now();
    let (mut paused, mut pins) = (false, 0);
    let ended = Room::open(&table, RUN).go_on(|question| {
        pins += usize::from(question.wanted == Wanted::Pin("root".into()));
        let here = question.shown.contains("Sign the certificate `root-x1`?") && !paused;
        paused |= here;
        here.then(|| "pause".to_owned())
    });
    let _ = ended.with(0);
    assert_eq!(pins, 2, "the PIN is asked for again");
    let notes = of(&table, "log.note");
    assert_eq!(notes.len(), 2);
    assert!(notes[0]["data"]["text"].as_str().unwrap().starts_with("paused"));
}

#[test]
fn a_ceremony_that_is_aborted_voids_everything() {
    let table = stopped();
    let ended = Room::open(&table, "resume --log log --close aborted --plain").go_on(|_| None).with(0);
    assert!(ended.out.contains("aborted: nothing counts"), "{}", ended.out);
    assert_eq!(close(&table), "aborted");
    assert_eq!(of(&table, "artifact.voided").len(), 1);
    assert_eq!(of(&table, "serial.burned").len(), 1, "the root's");
    assert!(!table.path("out/certificates/root-x1.pem").exists());
    let ended = table.run("verify out/bundle-practice-test-ceremony").with(5);
    assert!(ended.both().contains("E151"), "{}", ended.both());
    // It is over: nothing of it can be resumed.
    assert!(table.run(RESUME).both().contains("had ended"));
}

#[test]
fn a_ceremony_that_is_closed_as_partial_keeps_what_it_signed() {
    let table = stopped();
    let ended = Room::open(&table, "resume --log log --close partial --plain").go_on(|_| None).with(0);
    assert!(ended.out.contains("partial: what was signed is kept"), "{}", ended.out);
    assert_eq!(close(&table), "partial");
    assert!(table.path("out/certificates/root-x1.pem").exists());
    assert!(of(&table, "artifact.voided").is_empty() && of(&table, "serial.burned").is_empty());
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn a_ceremony_that_goes_on_with_an_earlier_log_is_resumed_too() {
    let table = first();
    let next = "run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml";
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.2\": {say: [\"no\"]}\n",
    );
    let _ = table.run(next).with(3);
    table.write("answers.yaml", PRACTICE);
    let ended = table.run("resume --log log --answers answers.yaml").with(0);
    assert!(ended.out.contains("next/bundle-practice-next-ceremony"), "{}", ended.out);
    assert_eq!(of(&table, "session.resumed").len(), 1);
    assert_eq!(of(&table, "key.generated").len(), 4, "the log's, two, and the new root's");
    let _ = table.run("log verify log").with(0);
}

#[test]
fn a_log_goes_on_after_a_ceremony_that_was_aborted() {
    let table = first();
    let next = "run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml";
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.2\": {say: [\"no\"]}\n",
    );
    let _ = table.run(next).with(3);
    table.write("answers.yaml", PRACTICE);
    let _ = table.run("resume --log log --close aborted --answers answers.yaml").with(0);
    // The key was made and stays; another ceremony takes another name.
    let text =
        table.read("next.yaml").replace("next-ceremony", "third-ceremony").replace("root-x2", "root-x3");
    table.write("third.yaml", text.replace("Root X2", "Root X3"));
    let third = next.replace("next.yaml", "third.yaml").replace("--out next", "--out third");
    let _ = table.run(&third).with(0);
    let _ = table.run("log verify log").with(0);
}

#[test]
fn one_officer_alone_closes_nothing() {
    let table = stopped();
    let ended = Room::open(&table, "resume --log log --close aborted --plain")
        .go_on(|question| word(question, "close", "no"))
        .with(3);
    assert!(ended.out.contains("declined"), "{}", ended.out);
    assert!(of(&table, "ceremony.close").is_empty() && of(&table, "artifact.voided").is_empty());
    let _ = Room::open(&table, RESUME).go_on(|_| None).with(0);
}

/// A ceremony that ended well, and the script of the next one, `next.yaml`.
fn first() -> Table {
    let table = Table::for_answers().now();
    let _ = table
        .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
        .with(0);
    let text = table.read("script.yaml");
    let (head, _) = text.split_once("acts:\n").unwrap();
    let head = head.replace("ceremony: test-ceremony", "ceremony: next-ceremony");
    table.write("next.yaml", format!("{head}{NEXT}"));
    table
}

const PRACTICE: &str = "rootrite-answers: 1\ndefault: practice\n";
const NEXT: &str = "acts:
  - act: Opening
    steps:
      - roll-call: {}
      - confirm-clock: {sources: 1}
      - confirm-log: {}
  - act: Root
    steps:
      - generate-key: {token: root, key: root-x2, algorithm: ecdsa-p384, backup: none}
      - issue-root:
          key: root-x2
          profile: root-ca
          subject: [{C: US}, {O: Example Trust Services}, {CN: Example Root X2}]
          not-before: ceremony-day
          lasts: 3650 days
          certificate: root-x2
  - act: Closing
    steps:
      - seal: {}
";

/// A ceremony that stopped: an officer did not sign the second certificate.
fn stopped() -> Table {
    let table = Table::new().now();
    let ended: Ended = Room::open(&table, RUN)
        .go_on(|question| question.shown.contains("Sign the certificate `e1`?").then(|| "no".into()))
        .with(3);
    assert!(ended.out.contains("rootrite resume"), "{}", ended.out);
    table
}

fn word(question: &Question, asked: &str, said: &str) -> Option<String> {
    (question.wanted == Wanted::Word(asked.into())).then(|| said.to_owned())
}

fn close(table: &Table) -> String {
    of(table, "ceremony.close")[0]["data"]["outcome"].as_str().unwrap().to_owned()
}

fn of(table: &Table, ev: &str) -> Vec<Value> {
    let text = fs::read_to_string(table.path("log/log.jsonl")).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["ev"] == ev).collect()
}

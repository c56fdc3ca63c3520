//! Whole ceremonies: people's words on a terminal, or a file of answers; tokens of the test's own.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{Ended, SoftHsm, tool};
use crate::room::{Question, Room, Wanted};
use crate::table::{FIRST, OFFICER, Table, USER};

const PRACTICE: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
const PRODUCTION: &str = "run script.yaml --site site.yaml --log log --out out --plain";
const ANSWERED: &str =
    "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";

#[test]
fn people_conduct_a_whole_ceremony_and_no_pin_is_left_anywhere() {
    let table = Table::new().now();
    let mut asked = Vec::new();
    let ended = Room::open(&table, PRODUCTION).go_on(|question| {
        asked.push(question.wanted.clone());
        None
    });
    let ended = ended.with(0);
    let count = |wanted: &str| asked.iter().filter(|asked| **asked == Wanted::Word(wanted.into())).count();
    assert_eq!((count("approve"), count("present"), count("sign")), (2, 4, 3));
    let pin = |token: &str| asked.iter().filter(|asked| **asked == Wanted::Pin(token.into())).count();
    assert_eq!((pin("root"), pin("log")), (1, 1), "logged in once");
    assert!(
        ended.out.ends_with(
            "\nThe ceremony is done and its bundle verifies.\n  bundle  out/bundle-test-ceremony\n"
        )
    );
    let genesis = &records(&table)[0];
    assert_eq!(
        (&genesis["data"]["practice"], &genesis["data"]["origin"]),
        (&Value::Bool(false), &Value::from("example.org/test-log"))
    );
    assert_eq!(clock_sources(&table), ["witnesses"]);
    let _ = table.run("verify out/bundle-test-ceremony").with(0);
    openssl_accepts(&table, "root-x1", "e1");
    no_pin_in(&table, &ended, &[USER, OFFICER]);
    // What was generated is on the token and cannot leave it: the halves of two keys, and the head of the log.
    assert_eq!(table.inventory("root").entries.len(), 5);
    assert_eq!(table.inventory("log").entries.len(), 3);
}

/// Whose clocks the ceremony clock was compared with.
fn clock_sources(table: &Table) -> Vec<String> {
    let all = records(table);
    let set = all.iter().filter(|record| record["ev"] == "clock.set");
    set.map(|record| record["data"]["source"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_practice_ceremony_says_so_everywhere() {
    let table = Table::for_answers().now();
    let ended = table.run(ANSWERED).with(0);
    assert!(ended.out.contains("out/bundle-practice-test-ceremony"), "{}", ended.out);
    let genesis = &records(&table)[0];
    assert_eq!(genesis["data"]["practice"], true);
    assert_eq!(genesis["data"]["origin"], "example.org/test-log/practice");
    assert_eq!(summary(&table)["practice"], true);
    assert_eq!(clock_sources(&table), ["rehearsal"], "a file has no clock of its own");
    assert!(
        table.path("out/bundle-practice-test-ceremony").is_dir()
            && !table.path("out/bundle-test-ceremony").exists()
    );
    let ended = table.run("verify out/bundle-practice-test-ceremony").with(0);
    assert!(ended.both().contains("W203"), "{}", ended.both());
    openssl_accepts(&table, "root-x1", "e1");
}

#[test]
fn a_plan_that_is_not_approved_is_not_begun() {
    let table = Table::new().now();
    let before = table.inventory("root");
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        (question.shown.contains("cy (crypto-officer): Is this the plan")).then(|| "no".into())
    });
    let ended = ended.with(3);
    assert!(ended.out.contains("cy (crypto-officer) declined"), "{}", ended.out);
    assert!(
        events(&table).iter().all(|event| [
            "log.genesis",
            "session.start",
            "device.inserted",
            "plan.approved",
            "site.approved"
        ]
        .contains(&event.as_str())),
        "{:?}",
        events(&table)
    );
    assert_eq!(table.inventory("root"), before);
    assert!(!table.path("out/summary.json").exists());
}

#[test]
fn after_a_declined_signature_nothing_is_signed() {
    let table = Table::new().now();
    let ended = Room::open(&table, PRACTICE)
        .go_on(|question| question.shown.contains("Sign the certificate `e1`?").then(|| "no".into()))
        .with(3);
    assert!(ended.out.contains("declined"), "{}", ended.out);
    let events = events(&table);
    let rejected = events.iter().position(|event| event == "request.rejected").expect("the log says it");
    let after: Vec<&String> = events[rejected..].iter().filter(|event| event.contains("sign")).collect();
    assert!(after.is_empty(), "{after:?}");
    assert_eq!(events.iter().filter(|event| *event == "cert.signed").count(), 1, "the root was");
    assert!(!table.path("out/certificates/e1.pem").exists() && !table.path("out/summary.json").exists());
}

/// What is not the word is asked again; only the word and `no` count.
#[test]
fn a_word_that_is_not_the_word_is_asked_for_again() {
    let table = Table::new().now();
    let mut tries = ["Approve", " approve", "yes", "approve "].into_iter();
    let ended = Room::open(&table, PRACTICE).go_on(|question| match &question.wanted {
        Wanted::Word(word) if word == "approve" => tries.next().map(ToOwned::to_owned),
        _ => None,
    });
    let ended = ended.with(0);
    for found in ["Approve", " approve", "yes", "approve "] {
        assert!(
            ended.out.contains(&format!("  ! found `{found}`, wanted exactly `approve`\n")),
            "{}",
            ended.out
        );
    }
}

#[test]
fn a_wrong_pin_is_asked_for_again_and_a_second_one_wants_a_word() {
    let table = Table::new().now();
    let mut wrong = ["wrong-pin-1147", "wrong-pin-1148"].into_iter();
    let mut words = Vec::new();
    let mut shown = String::new();
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        if question.wanted == Wanted::Word("again".into()) {
            words.push(question.shown.clone());
        }
        shown.push_str(&question.shown);
        if question.wanted == Wanted::Pin("root".into()) { wrong.next().map(ToOwned::to_owned) } else { None }
    });
    let ended = ended.with(0);
    assert_eq!(words.len(), 1, "after the second one");
    assert!(words[0].contains("wrong PINs since the last good one: 2\n"), "{}", words[0]);
    assert!(words[0].contains("tries: "), "what the token says of tries is shown: {}", words[0]);
    assert!(shown.contains("the PIN is wrong") || shown.contains("PIN of token `root`"), "{shown}");
    let events = events(&table);
    assert_eq!(events.iter().filter(|event| *event == "auth.failed").count(), 2);
    no_pin_in(&table, &ended, &[USER, "wrong-pin-1147", "wrong-pin-1148"]);
}

#[test]
fn no_third_wrong_pin_without_the_word() {
    let table = Table::new().now();
    let mut pins = 0;
    let ended = Room::open(&table, PRACTICE).go_on(|question| match &question.wanted {
        Wanted::Pin(token) if token == "root" => {
            pins += 1;
            Some("wrong-pin-1147".into())
        }
        Wanted::Word(word) if word == "again" => Some("no".into()),
        _ => None,
    });
    let _ = ended.with(3);
    assert_eq!(pins, 2);
}

#[test]
fn a_file_of_answers_spends_no_tries() {
    let table = Table::new().now();
    table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
    let _ = table.run(ANSWERED).with(3);
    assert_eq!(
        events(&table).iter().filter(|event| *event == "auth.failed").count(),
        1,
        "one try, and no other"
    );
}

#[test]
fn a_file_of_answers_says_pins_and_words_by_step() {
    let table = Table::new().now();
    let answers = format!(
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"1.3\": {{pin: {{log: [wrong-pin-1147, {USER}]}}}}\n  \"2.1\": {{pin: {{root: {USER}}}}}\n  \
         \"3.3\": {{say: [\"no\"]}}\n"
    );
    table.write("answers.yaml", answers);
    let _ = table.run(ANSWERED).with(3);
    let events = events(&table);
    assert_eq!(events.iter().filter(|event| *event == "auth.failed").count(), 1);
    assert_eq!(events.iter().filter(|event| *event == "cert.signed").count(), 2);
    assert_eq!(events.iter().filter(|event| *event == "crl.signed").count(), 0);
}

/// Two officers know one half each; neither half is the PIN.
#[test]
fn two_people_type_one_half_of_the_pin_each() {
    let table = Table::new().now();
    table.write("site.yaml", table.read("site.yaml").replacen("pin: prompt", "pin: two-halves", 1));
    let (first, second) = USER.split_at(6);
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let half =
            |person: &str| question.shown.ends_with(&format!("{person} (crypto-officer): PIN of `root`: "));
        if half("bo") {
            Some(first.to_owned())
        } else if half("cy") {
            Some(second.to_owned())
        } else {
            None
        }
    });
    let ended = ended.with(0);
    no_pin_in(&table, &ended, &[USER]);
}

/// A PIN that a machine brings comes on a descriptor that the program inherits, never in a file that it names.
#[test]
fn a_pin_comes_from_a_file_descriptor() {
    let run = |pin: &str| {
        let table = Table::new().now();
        let site = table.read("site.yaml").replace("pin: prompt", "pin: {fd: 3}");
        table.write("site.yaml", site.replacen("{fd: 3}", "{fd: 4}", 1));
        table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
        let folder = table.hsm.folder();
        fs::write(folder.join("log-pin"), format!("{USER}\n")).unwrap();
        fs::write(folder.join("root-pin"), format!("{pin}\n")).unwrap();
        let mut command = std::process::Command::new("sh");
        let (folder, program) = (folder.display(), env!("CARGO_BIN_EXE_rootrite"));
        command.args(["-c", &format!("exec {program} {ANSWERED} 3<{folder}/log-pin 4<{folder}/root-pin")]);
        let ended = crate::common::program::run(command.current_dir(table.folder()), b"");
        (table, ended)
    };
    let (table, ended) = run(USER);
    no_pin_in(&table, &ended.with(0), &[USER]);
    // A wrong one is tried once: nobody is there to bring another.
    let (table, ended) = run("wrong-pin-1147");
    let ended = ended.with(3);
    assert_eq!(events(&table).iter().filter(|event| *event == "auth.failed").count(), 1, "{}", ended.error);
    no_pin_in(&table, &ended, &[USER, "wrong-pin-1147"]);
}

#[test]
fn a_blank_token_gets_its_label_and_pins() {
    let table = Table::with(SoftHsm::new().token("log", USER, OFFICER)).now();
    table.write("site.yaml", blank_root(&table));
    table.change(
        "script.yaml",
        "      - generate-key: {token: root, key: root-x1",
        "      - initialize-token: {token: root}\n      - generate-key: {token: root, key: root-x1",
    );
    let mut typed = 0;
    let ended = Room::open(&table, PRACTICE).go_on(|question| match &question.wanted {
        // Whoever chooses a PIN types it twice; here the second one is another one at first.
        Wanted::OfficerPin(_) => {
            typed += 1;
            (typed == 2).then(|| "slip-of-the-finger".into())
        }
        _ => None,
    });
    let ended = ended.with(0);
    assert_eq!(typed, 4);
    assert!(
        ended.out.contains("  ! the second one is not the first one; wanted the same PIN twice\n"),
        "{}",
        ended.out
    );
    let events = events(&table);
    assert!(
        events.contains(&"token.initialize.intent".to_owned())
            && events.contains(&"token.initialized".to_owned())
    );
    // The security officer gave a first PIN; the custodian, somebody else, changed it.
    let of = |ev: &str| {
        let text = table.read("log/log.jsonl");
        let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        records
            .filter(|record| record["ev"] == ev)
            .map(|record| record["data"]["people"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("token.initialized"), [serde_json::json!(["cy"])]);
    assert_eq!(of("token.pin.changed"), [serde_json::json!(["bo"])]);
    for (asked, person) in [("security officer's PIN", "cy"), ("user's first PIN", "cy"), ("PIN", "bo")] {
        let line = format!("{person}: {asked} of `root`: ");
        let line = line.replacen(": ", " (crypto-officer): ", 1);
        assert!(ended.out.contains(&line), "{line}: {}", ended.out);
    }
    assert_eq!(table.serials().keys().collect::<Vec<_>>(), ["log", "root"]);
    // Two keys with two halves each, and the log's head. That it opens says that the user's PIN is the one that was typed.
    assert_eq!(table.inventory("root").entries.len(), 5);
    no_pin_in(&table, &ended, &[USER, OFFICER, FIRST, "slip-of-the-finger"]);
}

#[test]
fn a_script_that_initialises_and_a_site_agree_on_what_is_blank() {
    let table = Table::new().now();
    table.change(
        "script.yaml",
        "      - generate-key: {token: root, key: root-x1",
        "      - initialize-token: {token: root}\n      - generate-key: {token: root, key: root-x1",
    );
    let ended = table.run_and_change_nothing(PRACTICE).with(2);
    assert_eq!(
        ended.error,
        "error: site.yaml:6:12: the script initialises token `root`; wanted `initialize: true`, for a blank one\n  6 |     label: root\n    \
         |            ^\n"
    );
}

#[test]
fn keys_of_every_algorithm_make_roots_that_openssl_accepts() {
    for algorithm in ["ecdsa-p521", "rsa-3072", "ed25519", "ecdsa-p256", "rsa-2048"] {
        let table = Table::for_answers().now();
        let script = table.read("script.yaml");
        table.write(
            "script.yaml",
            script.replacen("algorithm: ecdsa-p384", &format!("algorithm: {algorithm}"), 1),
        );
        let _ = table.run(ANSWERED).with(0);
        openssl_accepts(&table, "root-x1", "root-x1");
        openssl_accepts(&table, "root-x1", "e1");
        let crl = "crl -noout -in out/crls/root-x1.crl.pem -CAfile out/certificates/root-x1.pem";
        if let Some(ended) = tool("openssl", table.folder(), crl.split(' ')) {
            assert!(ended.with(0).error.contains("verify OK"), "{algorithm}");
        }
    }
}

#[test]
fn a_log_key_can_be_p256() {
    let table = Table::for_answers().now();
    table.change("script.yaml", "token: log, key: log-1}", "token: log, key: log-1, algorithm: ecdsa-p256}");
    let _ = table.run(ANSWERED).with(0);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn a_failed_check_of_the_machine_wants_a_word_and_is_a_deviation() {
    let table = Table::for_answers().now();
    table.change("script.yaml", "      - roll-call: {}\n", "      - preflight: {}\n      - roll-call: {}\n");
    table.change("site.yaml", "minimum-free: 1 MiB", "minimum-free: 900000 GiB");
    let ended = table.run(ANSWERED).with(0);
    assert!(ended.out.contains("free-space"), "{}", ended.out);
    assert!(events(&table).contains(&"step.deviation".to_owned()));
    let table = Table::for_answers().now();
    table.change("script.yaml", "      - roll-call: {}\n", "      - preflight: {}\n      - roll-call: {}\n");
    table.change("site.yaml", "minimum-free: 1 MiB", "minimum-free: 900000 GiB");
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"1.1\": {say: [\"no\"]}\n",
    );
    let _ = table.run(ANSWERED).with(3);
    assert!(!events(&table).contains(&"key.generate.intent".to_owned()));
}

#[test]
fn a_keyboard_of_another_layout_shows_before_any_pin_is_typed() {
    let table = Table::new().now();
    table.change("script.yaml", "      - roll-call: {}\n", "      - preflight: {}\n      - roll-call: {}\n");
    let (mut asked, mut pins_before) = (0, false);
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        pins_before |= asked == 0 && matches!(question.wanted, Wanted::Pin(_));
        let Wanted::Word(line) = &question.wanted else { return None };
        if !line.starts_with("qwazym") {
            return None;
        }
        asked += 1;
        // What a French keyboard gives first.
        (asked == 1).then(|| line.replacen("qwazym", "azqwy,", 1))
    });
    let _ = ended.with(0);
    assert_eq!((asked, pins_before), (2, false));
    let checks: Vec<_> = records(&table)
        .into_iter()
        .filter(|record| record["ev"] == "preflight.result")
        .flat_map(|record| record["data"]["checks"].as_array().unwrap().clone())
        .collect();
    assert!(checks.iter().any(|check| check["id"] == "keyboard" && check["outcome"] == "ok"), "{checks:?}");
}

#[test]
fn a_witness_who_does_not_agree_is_recorded_and_the_outcome_is_partial() {
    let table = Table::for_answers().now();
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"4.1\": {say: [\"no\", I saw another head]}\n",
    );
    let _ = table.run(ANSWERED);
    let records = records(&table);
    let last =
        records.iter().find(|record| record["ev"] == "ceremony.close").expect("it is closed all the same");
    assert_eq!(last["data"]["outcome"], "partial");
    assert!(records.iter().any(|record| record["ev"] == "witness.disagreed"));
}

#[test]
fn too_few_people_end_it() {
    let table = Table::for_answers().now();
    table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"1.1\": {say: [present, present, present, \"no\"]}\n");
    let ended = table.run(ANSWERED).with(3);
    assert!(
        ended.error.contains("0 people of the role external-witness are present; the script's quorum is 1"),
        "{}",
        ended.error
    );
    assert!(!events(&table).contains(&"key.generate.intent".to_owned()));
}

#[test]
fn a_clock_that_people_do_not_share_ends_it() {
    let table = Table::for_answers().now();
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"1.2\": {say: [2026-11-01T08:00:00Z]}\n",
    );
    let ended = table.run(ANSWERED).with(3);
    assert!(ended.error.contains("they may differ by 120 seconds"), "{}", ended.error);
    assert!(
        ended.error.contains("go on with `rootrite resume --log log` when all are ready"),
        "{}",
        ended.error
    );
    // Why it stopped is in the log, not only on the screen.
    let log = table.read("log/log.jsonl");
    let last = log.lines().last().unwrap();
    assert!(last.contains("log.anomaly") && last.contains("wim says 2026-11-01T08:00:00Z"), "{last}");
}

#[test]
fn a_ceremony_outside_its_window_is_not_begun() {
    let table = Table::for_answers();
    let ended = table.run_and_change_nothing(ANSWERED).with(3);
    assert!(
        ended.error.contains("the script's window is 2026-11-01T08:00:00Z to 2026-11-02T20:00:00Z"),
        "{}",
        ended.error
    );
}

/// A site file whose token `root` is blank.
fn blank_root(table: &Table) -> String {
    let token = |label: &str, which: &str| {
        format!(
            "  {label}: {{module: {}, environment: {{SOFTHSM2_CONF: {}}}, label: {label}, {which}, class: software, login: pin, pin: prompt}}\n",
            SoftHsm::module().display(),
            table.hsm.folder().join("softhsm2.conf").display()
        )
    };
    let serial = format!("serial: \"{}\"", table.serials()["log"]);
    format!("rootrite-site: 1\ntokens:\n{}{}", token("root", "initialize: true"), token("log", &serial))
}

fn openssl_accepts(table: &Table, root: &str, certificate: &str) {
    let arguments = format!(
        "verify -x509_strict -check_ss_sig -CAfile out/certificates/{root}.pem out/certificates/{certificate}.pem"
    );
    let Some(ended) = tool("openssl", table.folder(), arguments.split(' ')) else { return };
    assert_eq!(ended.with(0).out, format!("out/certificates/{certificate}.pem: OK\n"));
}

/// The records of the log, as far as there are any.
fn records(table: &Table) -> Vec<Value> {
    let log = table.read("log/log.jsonl");
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(table: &Table) -> Vec<String> {
    records(table).iter().map(|record| record["ev"].as_str().unwrap().to_owned()).collect()
}

fn summary(table: &Table) -> Value {
    serde_json::from_str(&table.read("out/summary.json")).unwrap()
}

/// Nothing that was written or shown holds any of these texts, in no spelling that a slip would leave.
#[track_caller]
fn no_pin_in(table: &Table, ended: &Ended, pins: &[&str]) {
    let mut texts = vec![("the screen".to_owned(), ended.both().into_bytes())];
    for folder in ["out", "log"] {
        collect(&table.path(folder), &mut texts);
    }
    assert!(texts.len() > 5, "there is something to look through");
    for pin in pins {
        let hex = rootrite::digest::hex(pin.as_bytes());
        let base64 = <base64ct::Base64Unpadded as base64ct::Encoding>::encode_string(pin.as_bytes());
        for (name, octets) in &texts {
            for spelled in [*pin, &hex, &base64] {
                let found = octets.windows(spelled.len()).any(|window| window == spelled.as_bytes());
                assert!(!found, "`{pin}` is in {name} as `{spelled}`");
            }
        }
    }
}

fn collect(folder: &Path, texts: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else {
            texts.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// A question that is not as the tests expect it shows here first.
#[test]
fn every_question_says_who_is_asked_and_what_to_type() {
    let table = Table::new().now();
    let mut questions = Vec::new();
    let _ = Room::open(&table, PRACTICE).go_on(|question: &Question| {
        questions.extend(
            question
                .shown
                .lines()
                .rev()
                .find(|line| line.contains(" (") && line.contains("): "))
                .map(ToOwned::to_owned),
        );
        None
    });
    questions.dedup();
    assert_eq!(
        questions,
        [
            "  bo (crypto-officer): Is this the plan that you reviewed, and the site that you expect? (type `approve` to go on, `no` to decline)",
            "  cy (crypto-officer): Is this the plan that you reviewed, and the site that you expect? (type `approve` to go on, `no` to decline)",
            "  ada (ceremony-administrator): Are you here? (type `present` to go on, `no` to decline)",
            "  bo (crypto-officer): Are you here? (type `present` to go on, `no` to decline)",
            "  cy (crypto-officer): Are you here? (type `present` to go on, `no` to decline)",
            "  wim (external-witness): Are you here? (type `present` to go on, `no` to decline)",
            "  wim (external-witness): What does your own clock say, in UTC? (such as 2026-11-01T08:00:00Z, or `no`)",
            "  bo (crypto-officer): PIN of `log`: ",
            "  bo (crypto-officer): PIN of `root`: ",
            "  bo (crypto-officer): Sign the certificate `root-x1`? (type `sign` to go on, `no` to decline)",
            "  bo (crypto-officer): Sign the certificate `e1`? (type `sign` to go on, `no` to decline)",
            "  bo (crypto-officer): Sign the CRL `root-x1`? (type `sign` to go on, `no` to decline)",
            "  wim (external-witness): Write the head down, and type its first 4 words if you agree. (type the words, or `no`)",
        ]
    );
}

//! Approvals as signatures: before the day and in the room, by the real `ssh-keygen`, which also judges what is in the log.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use base64ct::{Base64, Encoding as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rootrite::digest::Digest;
use serde_json::Value;

use crate::common::{Ended, program};
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

const APPROVED: &str = "run script.yaml --site site.yaml --log log --out out --plain --approvals approvals";
const PRODUCTION: &str = "run script.yaml --site site.yaml --log log --out out --plain";
const NAMESPACE: &str = "rootrite-approval";

#[test]
fn people_approve_by_their_own_keys_before_the_day_and_in_the_room() {
    let table = signing(Table::new().now());
    let _ = approve(&table, "bo").with(0);
    let ended = approve(&table, "cy").with(0);
    let plan = plan_sha256(&table);
    assert!(ended.out.contains(&plan) && ended.out.contains("in words      "), "{}", ended.out);
    let ended = table.run("approve script.yaml --site site.yaml --check approvals").with(0);
    assert!(
        ended.out.contains("bo signed the plan and site\n  cy signed the plan and site\n"),
        "{}",
        ended.out
    );
    let mut asked = Vec::new();
    let ended = Room::open(&table, APPROVED).go_on(|question| {
        asked.push(question.wanted.clone());
        signed(&table, question, "bo")
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("and its bundle verifies"), "{}", ended.out);
    let words = |wanted: &str| asked.iter().filter(|asked| **asked == Wanted::Word(wanted.into())).count();
    assert_eq!((words("approve"), words("sign"), words("present")), (0, 0, 4), "{asked:?}");
    assert_eq!(asked.iter().filter(|asked| matches!(asked, Wanted::Signature(_))).count(), 3);
    let _ = table.run("verify out/bundle-test-ceremony").with(0);
    // Everything that the log says was signed is made again from it, and judged by OpenSSH.
    let site = Digest::of(table.read("site.yaml").as_bytes()).to_string();
    for person in ["bo", "cy"] {
        let text = plan_text(person, &plan, &site);
        for ev in ["plan.approved", "site.approved"] {
            let record =
                of(&table, ev).into_iter().find(|record| record["data"]["person"] == person).unwrap();
            assert_eq!(record["data"]["method"], "signature");
            openssh_accepts(&table, person, &text, record["data"]["signature"].as_str().unwrap());
        }
    }
    let approvals = of(&table, "request.approved");
    assert_eq!(approvals.len(), 3);
    for record in approvals {
        let data = &record["data"];
        let signature = &data["signatures"][0];
        assert_eq!(signature["size"], record["seq"], "nothing came between");
        assert_eq!((&signature["person"], &data["approvers"][0]), (&Value::from("bo"), &Value::from("bo")));
        let text = act_text(&plan, &record);
        openssh_accepts(&table, "bo", &text, signature["signature"].as_str().unwrap());
    }
    let report = table.read("out/report.md");
    assert!(report.contains(&format!("| plan.approved | `{plan}` | cy | signature |")), "{report}");
    let registered = of(&table, "person.registered");
    let keys: Vec<&str> = registered.iter().map(|record| record["data"]["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["ada", "bo", "cy"].map(|id| public(&table, id)));
}

#[test]
fn nothing_is_begun_without_enough_approvals_of_plan_and_site() {
    let table = signing(Table::new().now());
    let without = APPROVED.trim_end_matches(" --approvals approvals");
    let ended = table.run_and_change_nothing(without).with(3);
    assert!(
        ended.error.contains("0 of the role `crypto-officer` signed the plan; wanted 2. Not signed: bo, cy"),
        "{}",
        ended.error
    );
    let _ = approve(&table, "bo").with(0);
    let ended = table.run_and_change_nothing(APPROVED).with(3);
    let lacks = "1 of the role `crypto-officer` signed the plan; wanted 2. Not signed: cy";
    assert!(ended.error.contains(lacks), "{}", ended.error);
    // A person counts once.
    let again =
        "approve script.yaml --site site.yaml --person bo --key keys/bo -o approvals/again.approval --sha256";
    let _ = table.run(&format!("{again} {}", plan_sha256(&table))).with(0);
    let ended = table.run_and_change_nothing(APPROVED).with(3);
    assert!(ended.error.contains(lacks), "{}", ended.error);
    // Somebody of another role counts for none.
    let _ = approve(&table, "ada").with(0);
    let ended = table.run_and_change_nothing(APPROVED).with(3);
    assert!(ended.error.contains(lacks), "{}", ended.error);
    // The plan alone is not the site.
    let plan_alone = "approve script.yaml --person cy --key keys/cy -o approvals/cy.approval --sha256";
    let ended = table.run(&format!("{plan_alone} {}", plan_sha256(&table))).with(0);
    assert!(ended.out.contains("the plan alone is approved"), "{}", ended.out);
    let ended = table.run_and_change_nothing(APPROVED).with(3);
    assert!(ended.error.contains("signed the site; wanted 2. Not signed: cy"), "{}", ended.error);
    assert!(!ended.error.contains("signed the plan"), "{}", ended.error);
}

#[test]
fn an_approval_of_something_else_is_refused_and_both_digests_are_said() {
    let table = signing(Table::new().now());
    for person in ["bo", "cy"] {
        let _ = approve(&table, person).with(0);
    }
    let signed = plan_sha256(&table);
    let site = table.read("site.yaml");
    table.write("site.yaml", site.replace("minimum-free: 1 MiB", "minimum-free: 2 MiB"));
    let (was, is) = (Digest::of(site.as_bytes()), Digest::of(table.read("site.yaml").as_bytes()));
    let ended = table.run_and_change_nothing(APPROVED).with(5);
    let said = format!("`approvals/bo.approval`: `bo` signed the site {was}; wanted {is}");
    assert!(ended.error.contains(&said), "{}", ended.error);
    table.write("site.yaml", site);
    table.change("script.yaml", "lasts: 1095 days", "lasts: 1094 days");
    let wanted = plan_sha256(&table);
    let ended = table.run_and_change_nothing(APPROVED).with(5);
    for person in ["bo", "cy"] {
        let said = format!("`{person}` signed the plan {signed}; wanted {wanted}");
        assert!(ended.error.contains(&said), "{}", ended.error);
    }
    assert!(ended.error.contains("is reviewed and approved anew"), "{}", ended.error);
    let ended = table.run("approve script.yaml --check approvals").with(5);
    assert!(ended.error.contains(&wanted), "{}", ended.error);
    let ended = table.run("rehearse script.yaml --approvals approvals --quiet").with(5);
    assert!(ended.error.contains(&wanted) && !table.path("rehearsal").exists(), "{}", ended.error);
    table.change("script.yaml", "ceremony: test-ceremony", "ceremony: other-ceremony");
    let ended = table.run("approve script.yaml --check approvals").with(5);
    assert!(
        ended.error.contains("`bo` signed the ceremony test-ceremony; wanted other-ceremony"),
        "{}",
        ended.error
    );
}

#[test]
fn what_is_not_the_person_s_own_signature_is_no_approval() {
    let table = signing(Table::new().now());
    key(&table, "stranger", &["-t", "ed25519"]);
    fs::create_dir(table.path("approvals")).unwrap();
    let site = Digest::of(table.read("site.yaml").as_bytes()).to_string();
    let text = plan_text("bo", &plan_sha256(&table), &site);
    let check = "approve script.yaml --site site.yaml --check approvals";
    let refused = |armor: &str, text: &str, why: &str| {
        table.write("approvals/bo.approval", format!("{text}{armor}"));
        for command in [check, APPROVED] {
            let ended = table.run_and_change_nothing(command).with(5);
            assert!(ended.error.contains(why), "{why}\n{}", ended.error);
        }
    };
    let good = sign(&table, "bo", NAMESPACE, &text);
    refused(&sign(&table, "stranger", NAMESPACE, &text), &text, "the script registers SHA256:");
    refused(
        &sign(&table, "cy", NAMESPACE, &text),
        &text,
        "`approvals/bo.approval` is no approval of `bo`: the signature is by the key SHA256:",
    );
    refused(&sign(&table, "bo", "git", &text), &text, "in the namespace `git`, wanted `rootrite-approval`");
    refused(
        &sign(&table, "bo", NAMESPACE, &text.replace("bo", "cy")),
        &text,
        "not by this key over this text",
    );
    refused(&good, &text.replace("person: bo", "person: wim"), "registers no `ssh-key` for them");
    refused(&good, &text.replace("person: bo", "person: eve"), "the script has nobody of that id");
    refused(
        &good,
        &text.replace("site: ", "Site: "),
        "found no approval; wanted what `rootrite approve` writes",
    );
    refused(&good[..good.len() - 40], &text, "found no SSH signature");
    table.write("approvals/bo.approval", format!("{text}{good}"));
    // `--check` with a site says whether the ceremony could begin.
    let ended = table.run(check).with(3);
    assert!(ended.out.contains("bo signed the plan and site"), "{}", ended.both());
    table.write("approvals/bo.approval", format!("{text}{good}").repeat(200));
    let _ = table.run(check).with(5);
    fs::remove_file(table.path("approvals/bo.approval")).unwrap();
    let ended = table.run(check).with(2);
    assert!(ended.error.contains("has no file that ends with `.approval`"), "{}", ended.error);
}

#[test]
fn a_reviewer_signs_only_what_they_confirm_and_only_with_their_own_key() {
    let table = signing(Table::new().now());
    key(&table, "stranger", &["-t", "ed25519"]);
    let plan = plan_sha256(&table);
    let begin = "approve script.yaml --person bo --key keys/bo -o bo.approval";
    let confirmed = |line: &str| {
        let mut command = program::command(table.folder());
        program::run(command.args(begin.split(' ')), line.as_bytes())
    };
    for line in ["", "\n", "Approve\n", "approve \n", "yes\n"] {
        let ended = confirmed(line).with(3);
        assert!(ended.error.contains("wanted exactly `approve`"), "{}", ended.error);
    }
    let ended = table.run(&format!("{begin} --sha256 {}", Digest::of(b"reviewed"))).with(5);
    assert!(ended.error.contains(&format!("has the SHA-256 {plan}; reviewed was")), "{}", ended.error);
    let begins = |key: &str, person: &str| {
        format!("approve script.yaml --person {person} --key {key} -o bo.approval --sha256 {plan}")
    };
    let ended = table.run(&begins("keys/stranger", "bo")).with(5);
    assert!(ended.error.contains("the signature is by the key SHA256:"), "{}", ended.error);
    let ended = table.run(&begins("keys/nothing", "bo")).with(3);
    assert!(ended.error.contains("`ssh-keygen` did not sign"), "{}", ended.error);
    let ended = table.run(&begins("keys/bo", "wim")).with(2);
    assert!(ended.error.contains("the script registers no key for `wim`"), "{}", ended.error);
    let ended = table.run(&begins("keys/bo", "eve")).with(2);
    assert!(ended.error.contains("nobody of the id `eve`; it has ada, bo, cy, wim"), "{}", ended.error);
    assert!(!table.path("bo.approval").exists());
    let ended = confirmed("approve\n").with(0);
    assert!(
        ended.out.contains("Signed, and the signature verifies.\n  approval  bo.approval\n"),
        "{}",
        ended.out
    );
    let before = table.read("bo.approval");
    let ended = confirmed("approve\n").with(2);
    assert!(ended.error.contains("files are only created, never replaced"), "{}", ended.error);
    assert_eq!(table.read("bo.approval"), before);
    for usage in
        ["approve script.yaml", "approve script.yaml --person bo", "approve script.yaml --key keys/bo"]
    {
        let _ = table.run(usage).with(2);
    }
}

/// What is brought in the room has to be by this person's key, over this text: over this act, this step and this head.
#[test]
fn a_signature_over_another_head_or_by_another_person_is_asked_for_again() {
    let table = approved(signing(Table::new().now()));
    let mut tries = 0;
    let mut told = false;
    let mut first = None;
    let ended = Room::open(&table, APPROVED).go_on(|question| {
        let Wanted::Signature(path) = &question.wanted else { return None };
        let text = fs::read_to_string(path).unwrap();
        tries += 1;
        match tries {
            // An exception makes the log longer: then it is another text.
            1 => {
                first = Some(path.clone());
                ssh_sign(&table, "bo", NAMESPACE, path);
                Some("exception".into())
            }
            // The officers approve the exception with their keys, too.
            2 | 3 if !told => {
                assert!(text.contains("act: deviation\n"), "{text}");
                told = tries == 3;
                signed(&table, question, if tries == 2 { "bo" } else { "cy" })
            }
            4 => Some(format!("{}.sig", first.as_ref().unwrap().display())),
            5 => Some("sign".into()),
            6 => {
                ssh_sign(&table, "cy", NAMESPACE, path);
                let other = table.path("cy.sig");
                fs::rename(path.with_file_name(sig_name(path)), &other).unwrap();
                Some(other.display().to_string())
            }
            7 => {
                ssh_sign(&table, "bo", "file", path);
                let other = table.path("file.sig");
                fs::rename(path.with_file_name(sig_name(path)), &other).unwrap();
                Some(other.display().to_string())
            }
            8 => Some("signed".into()),
            _ => signed(&table, question, "bo"),
        }
    });
    let ended = ended.with(0);
    for said in [
        "! the signature is not by this key over this text",
        "! `sign`: No such file",
        "! the signature is by the key SHA256:",
        "! the signature is in the namespace `file`",
        ".sig`: No such file",
    ] {
        assert!(ended.out.contains(said), "{said}\n{}", ended.out);
    }
    let deviation = &of(&table, "step.deviation")[0];
    assert_eq!(deviation["data"]["signatures"].as_array().unwrap().len(), 2);
    assert_eq!(of(&table, "request.approved").len(), 3);
}

#[test]
fn neither_answers_nor_words_approve_in_a_production_log() {
    let table = approved(signing(Table::for_answers().now()));
    let ended = table.run_and_change_nothing(&format!("{APPROVED} --answers answers.yaml")).with(2);
    assert!(ended.error.contains("a production log takes no `--answers`"), "{}", ended.error);
    // People stop it after the plan was approved, and a file of answers goes on with nothing.
    let stopped = Room::open(&table, APPROVED).go_on(|question| match &question.wanted {
        Wanted::Signature(_) => Some("no".into()),
        Wanted::Pin(_) => Some("rehearsal-user".into()),
        _ => None,
    });
    let _ = stopped.with(3);
    assert_eq!(of(&table, "request.rejected").len(), 1);
    let ended = table.run_and_change_nothing("resume --log log --answers answers.yaml").with(2);
    assert!(ended.error.contains("a production log takes no `--answers`"), "{}", ended.error);
}

#[test]
fn an_interrupted_ceremony_goes_on_with_the_approvals_that_were_kept() {
    let table = approved(signing(Table::new().now()));
    let stopped = |question: &Question| match &question.wanted {
        Wanted::Signature(_) if question.shown.contains("Sign the certificate `e1`") => Some("no".into()),
        _ => signed(&table, question, "bo"),
    };
    let _ = Room::open(&table, APPROVED).go_on(stopped).with(3);
    let old = to_sign(&table).pop().unwrap();
    fs::remove_dir_all(table.path("approvals")).unwrap();
    // What was kept is judged as on the first day.
    let kept = table.path("log/runs/test-ceremony/approval-2");
    let octets = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    let ended = table.run("resume --log log --plain").with(3);
    assert!(
        ended.error.contains("1 of the role `crypto-officer` signed the plan; wanted 2"),
        "{}",
        ended.error
    );
    let changed = String::from_utf8(octets.clone()).unwrap().replace("person: cy", "person: bo");
    fs::write(&kept, changed).unwrap();
    let ended = table.run("resume --log log --plain").with(5);
    assert!(ended.error.contains("approval-2` is no approval of `bo`"), "{}", ended.error);
    fs::write(&kept, octets).unwrap();
    let mut tried = false;
    let ended = Room::open(&table, "resume --log log --plain").go_on(|question| {
        let Wanted::Signature(path) = &question.wanted else { return None };
        if !tried {
            // What was laid out before the interruption is over another head.
            tried = true;
            assert_ne!(*path, old);
            ssh_sign(&table, "bo", NAMESPACE, &old);
            return Some(format!("{}.sig", old.display()));
        }
        signed(&table, question, "bo")
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("! the signature is not by this key over this text"), "{}", ended.out);
    let _ = table.run("verify out/bundle-test-ceremony").with(0);
    for ev in ["plan.approved", "site.approved", "person.registered"] {
        assert_eq!(of(&table, ev).len(), if ev == "person.registered" { 3 } else { 2 }, "{ev}");
    }
}

#[test]
fn a_rehearsal_signs_with_a_key_that_is_worth_nothing_and_needs_nobody_s() {
    let table = approved(signing(Table::without_tokens().now()));
    let _ = table.run("rehearse script.yaml --quiet --approvals approvals").with(0);
    let log = fs::read_to_string(table.path("rehearsal/ceremony-log/log.jsonl")).unwrap();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records[0]["data"]["practice"], true);
    let of = |ev: &str| records.iter().filter(|record| record["ev"] == ev).collect::<Vec<_>>();
    // What was brought was judged; in the log is the key that everybody has.
    assert_eq!(of("plan.approved").len(), 2);
    let brought = base64_of(&table.read("approvals/bo.approval"));
    assert!(of("plan.approved").iter().all(|record| record["data"]["signature"] != brought));
    let keys: Vec<&Value> =
        of("person.registered").into_iter().map(|record| &record["data"]["key"]).collect();
    assert!(keys.len() == 4 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    for record in of("request.approved") {
        let text = act_text(&plan_sha256(&table), record);
        let signature = record["data"]["signatures"][0]["signature"].as_str().unwrap();
        let _ = openssh_judges(&table, keys[0].as_str().unwrap(), &text, signature).with(0);
    }
    // Nobody may have that key as their own.
    let own = public(&table, "bo");
    table.change("script.yaml", &own, keys[0].as_str().unwrap());
    let ended = table.run("check script.yaml").with(2);
    assert!(ended.error.contains("the key that signs in rehearsals, which everybody has"), "{}", ended.error);
}

#[test]
fn practice_with_a_file_of_answers_signs_and_tells_exceptions_as_people_do() {
    let table = signing(Table::for_answers().now());
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.2\": {deviation: seal of bag 4711 was damaged, approve: [bo]}\n",
    );
    let run = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
    let _ = table.run(run).with(0);
    let deviation = &of(&table, "step.deviation")[0]["data"];
    assert_eq!(
        (&deviation["approved_by"], deviation["signatures"].as_array().unwrap().len()),
        (&serde_json::json!(["bo"]), 1)
    );
    assert_eq!(of(&table, "plan.approved").len(), 2);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

/// Every kind of key that `ssh-keygen` makes in a file is taken, and one in an agent by its public half.
#[test]
fn keys_of_every_kind_sign() {
    let table = signing(Table::without_tokens());
    let sign_with = |kind: &[&str], name: &str, key_argument: &str| {
        key(&table, name, kind);
        let script = table.read("script.yaml");
        table.change("script.yaml", &public(&table, "bo"), &public(&table, name));
        let sha256 = plan_sha256(&table);
        let file = format!("{name}.approval");
        let ended = table.run(&format!(
            "approve script.yaml --person bo --key {key_argument} -o {file} --sha256 {sha256}"
        ));
        let _ = ended.with(0);
        let text = plan_text("bo", &sha256, "none");
        let _ = openssh_judges(&table, &public(&table, name), &text, &base64_of(&table.read(&file))).with(0);
        let _ = table.run(&format!("approve script.yaml --check {file}")).with(0);
        table.write("script.yaml", script);
    };
    sign_with(&["-t", "ecdsa", "-b", "256"], "p256", "keys/p256");
    sign_with(&["-t", "ecdsa", "-b", "384"], "p384", "keys/p384");
    sign_with(&["-t", "ecdsa", "-b", "521"], "p521", "keys/p521");
    sign_with(&["-t", "rsa", "-b", "3072"], "rsa", "keys/rsa");
    key(&table, "short", &["-t", "rsa", "-b", "2048"]);
    table.change("script.yaml", &public(&table, "bo"), &public(&table, "short"));
    let ended = table.run("check script.yaml").with(2);
    assert!(ended.error.contains("the key is RSA of 2048 bits; wanted 3072 to 8192"), "{}", ended.error);
}

#[test]
fn a_key_in_an_agent_is_named_by_its_public_half() {
    let table = signing(Table::without_tokens());
    let socket = table.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..12_000 {
        if socket.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let added =
        program::run(Command::new("ssh-add").arg(table.path("keys/bo")).env("SSH_AUTH_SOCK", &socket), b"");
    let _ = added.with(0);
    fs::remove_file(table.path("keys/bo")).unwrap();
    let command = format!(
        "approve script.yaml --person bo --key keys/bo.pub -o bo.approval --sha256 {}",
        plan_sha256(&table)
    );
    let mut with_agent = program::command(table.folder());
    let ended = program::run(with_agent.args(command.split(' ')).env("SSH_AUTH_SOCK", &socket), b"");
    agent.kill().unwrap();
    agent.wait().unwrap();
    let _ = ended.with(0);
    let _ = table.run("approve script.yaml --check bo.approval").with(0);
}

// What the tests above work with.

/// The script with approvals by signature, and a key for everybody who approves.
fn signing(table: Table) -> Table {
    fs::create_dir(table.path("keys")).unwrap();
    table.change("script.yaml", "method: typed", "method: signature");
    for (id, role) in [("ada", "ceremony-administrator"), ("bo", "crypto-officer"), ("cy", "crypto-officer")]
    {
        key(&table, id, &["-t", "ed25519"]);
        let with_key = format!("{{id: {id}, role: {role}, ssh-key: \"{}\"}}", public(&table, id));
        table.change("script.yaml", &format!("{{id: {id}, role: {role}}}"), &with_key);
    }
    table
}

/// Both officers have approved plan and site, if there is one.
fn approved(table: Table) -> Table {
    for person in ["bo", "cy"] {
        let _ = approve(&table, person).with(0);
    }
    table
}

fn approve(table: &Table, person: &str) -> Ended {
    fs::create_dir_all(table.path("approvals")).unwrap();
    let site = if table.path("site.yaml").exists() { "--site site.yaml " } else { "" };
    table.run(&format!(
        "approve script.yaml {site}--person {person} --key keys/{person} -o approvals/{person}.approval --sha256 {}",
        plan_sha256(table)
    ))
}

/// A key pair of this name in `keys`, without a passphrase.
fn key(table: &Table, name: &str, kind: &[&str]) {
    let path = table.path("keys").join(name);
    let mut command = Command::new("ssh-keygen");
    let _ =
        program::run(command.args(["-q", "-N", "", "-C", name]).args(kind).arg("-f").arg(path), b"").with(0);
}

/// The public key of this name, without its comment.
fn public(table: &Table, name: &str) -> String {
    table.read(&format!("keys/{name}.pub")).split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The signature by the key of this name over a text.
fn sign(table: &Table, name: &str, namespace: &str, text: &str) -> String {
    let mut command = Command::new("ssh-keygen");
    let command =
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(table.path("keys").join(name));
    program::run(command, text.as_bytes()).with(0).out
}

/// Signs a file where it lies, as people do.
fn ssh_sign(table: &Table, name: &str, namespace: &str, path: &Path) {
    let mut command = Command::new("ssh-keygen");
    let command =
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(table.path("keys").join(name));
    let _ = program::run(command.arg(path), b"").with(0);
}

fn sig_name(path: &Path) -> String {
    format!("{}.sig", path.file_name().unwrap().to_str().unwrap())
}

/// What a person says who signs what they are asked to.
fn signed(table: &Table, question: &Question, name: &str) -> Option<String> {
    let Wanted::Signature(path) = &question.wanted else { return None };
    let command = format!("ssh-keygen -Y sign -n {NAMESPACE} -f KEY {}", path.display());
    assert!(question.shown.contains(&command), "{}", question.shown);
    ssh_sign(table, name, NAMESPACE, path);
    Some("signed".into())
}

/// What was laid out to be signed, in the order in which it was.
fn to_sign(table: &Table) -> Vec<std::path::PathBuf> {
    let folder = table.path("log/runs/test-ceremony/to-sign");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_none());
    found.sort_by_key(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.split_once('-').unwrap().0.parse::<u64>().unwrap()
    });
    found
}

fn plan_sha256(table: &Table) -> String {
    let ended = table.run("plan script.yaml").with(0);
    let line = ended.out.lines().find_map(|line| line.strip_prefix("plan SHA-256    ")).unwrap();
    line.to_owned()
}

/// The text of an approval of plan and site.
fn plan_text(person: &str, plan: &str, site: &str) -> String {
    format!(
        "rootrite plan approval/v1\nceremony: test-ceremony\nperson: {person}\nplan: {plan}\nsite: {site}\n"
    )
}

/// The text of the first approval of an act, made again from its record.
fn act_text(plan: &str, record: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (data, signature) = (&record["data"], &record["data"]["signatures"][0]);
    format!(
        "rootrite act approval/v1\nceremony: test-ceremony\nperson: {}\nplan: {plan}\nstep: {}\nact: {}\nsha256: {}\nrecords: {}\nroot: {}\n",
        text(&signature["person"]),
        text(&record["step"]),
        text(&data["kind"]),
        text(&data["sha256"]),
        signature["size"],
        text(&signature["root"]),
    )
}

/// What stands between the lines of an armor.
fn base64_of(file: &str) -> String {
    let inside = file.split("-----").nth(2).unwrap();
    inside.lines().collect()
}

fn openssh_accepts(table: &Table, person: &str, text: &str, signature: &str) {
    let _ = openssh_judges(table, &public(table, person), text, signature).with(0);
}

/// What `ssh-keygen -Y verify` says.
fn openssh_judges(table: &Table, key: &str, text: &str, signature: &str) -> Ended {
    table.write("allowed", format!("somebody namespaces=\"{NAMESPACE}\" {key}\n"));
    let armor = format!("-----BEGIN SSH SIGNATURE-----\n{signature}\n-----END SSH SIGNATURE-----\n");
    table.write("judged.sig", armor);
    let mut command = Command::new("ssh-keygen");
    command.current_dir(table.folder());
    command.args(["-Y", "verify", "-f", "allowed", "-I", "somebody", "-n", NAMESPACE, "-s", "judged.sig"]);
    program::run(&mut command, text.as_bytes())
}

fn records(table: &Table) -> Vec<Value> {
    table.read("log/log.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of(table: &Table, ev: &str) -> Vec<Value> {
    records(table).into_iter().filter(|record| record["ev"] == ev).collect()
}

/// No device is here: the key of the test signs as a FIDO device does, and OpenSSH says whether that is so.
#[test]
fn a_fido_key_signs_where_it_was_touched() {
    let table = signing(Table::without_tokens());
    let string = |octets: &[u8]| [&u32::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let algorithm = b"sk-ssh-ed25519@openssh.com";
    let blob = [string(algorithm), string(pair.public_key().as_ref()), string(b"ssh:")].concat();
    let own = format!("sk-ssh-ed25519@openssh.com {}", Base64::encode_string(&blob));
    table.change("script.yaml", &public(&table, "bo"), &own);
    let text = plan_text("bo", &plan_sha256(&table), "none");
    let made = |flags: u8| {
        let hashed = ring::digest::digest(&ring::digest::SHA512, text.as_bytes());
        let parts = [string(NAMESPACE.as_bytes()), string(b""), string(b"sha512")].concat();
        let signed = [b"SSHSIG", &parts[..], &string(hashed.as_ref())].concat();
        let counted = [&[flags][..], &4711_u32.to_be_bytes()].concat();
        let sha256 = |octets: &[u8]| Digest::of(octets).octets().to_vec();
        let message = [sha256(b"ssh:"), counted.clone(), sha256(&signed)].concat();
        let signature = [string(algorithm), string(pair.sign(&message).as_ref()), counted].concat();
        let whole = [b"SSHSIG\0\0\0\x01", &string(&blob)[..], &parts, &string(&signature)].concat();
        Base64::encode_string(&whole)
    };
    let check = |signature: &str| {
        let armor = format!("-----BEGIN SSH SIGNATURE-----\n{signature}\n-----END SSH SIGNATURE-----\n");
        table.write("bo.approval", format!("{text}{armor}"));
        table.run("approve script.yaml --check bo.approval")
    };
    // Touched, and besides with the PIN of the device.
    for flags in [1, 5] {
        let _ = openssh_judges(&table, &own, &text, &made(flags)).with(0);
        let _ = check(&made(flags)).with(0);
    }
    for flags in [0, 4] {
        // To OpenSSH it is a good signature all the same.
        let _ = openssh_judges(&table, &own, &text, &made(flags)).with(0);
        let ended = check(&made(flags)).with(5);
        assert!(ended.error.contains("the device was not touched when it signed"), "{}", ended.error);
    }
    let untouched = Base64::decode_vec(&made(0)).unwrap();
    let forged: Vec<u8> = {
        // The flag alone, without the device.
        let place = untouched.len() - 5;
        let mut octets = untouched;
        octets[place] = 1;
        octets
    };
    let forged = Base64::encode_string(&forged);
    assert_ne!(openssh_judges(&table, &own, &text, &forged).code, Some(0));
    let ended = check(&forged).with(5);
    assert!(ended.error.contains("not by this key over this text"), "{}", ended.error);
}

/// What OpenSSH has not made since 2015: RSA over SHA-1, well made, under the same key.
#[test]
fn rsa_signs_with_sha_2_only() {
    let table = signing(Table::without_tokens());
    key(&table, "rsa", &["-t", "rsa", "-b", "3072", "-m", "PEM"]);
    table.change("script.yaml", &public(&table, "bo"), &public(&table, "rsa"));
    let text = plan_text("bo", &plan_sha256(&table), "none");
    let good = Base64::decode_vec(&base64_of(&sign(&table, "rsa", NAMESPACE, &text))).unwrap();
    let check = |octets: &[u8]| {
        let armor = Base64::encode_string(octets);
        let armor = format!("-----BEGIN SSH SIGNATURE-----\n{armor}\n-----END SSH SIGNATURE-----\n");
        table.write("bo.approval", format!("{text}{armor}"));
        table.run("approve script.yaml --check bo.approval")
    };
    let _ = check(&good).with(0);
    // Everything up to the signature is the same; what is signed is made of it.
    let string = |octets: &[u8]| [&u32::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat();
    let name = good.windows(12).position(|window| window == b"rsa-sha2-512").unwrap();
    let before = &good[..name - 8];
    let hashed = ring::digest::digest(&ring::digest::SHA512, text.as_bytes());
    let parts = [string(NAMESPACE.as_bytes()), string(b""), string(b"sha512")].concat();
    let signed = [b"SSHSIG", &parts[..], &string(hashed.as_ref())].concat();
    for (algorithm, option, code) in [("ssh-rsa", "-sha1", 5), ("rsa-sha2-256", "-sha256", 0)] {
        let mut openssl = Command::new("openssl");
        openssl
            .current_dir(table.folder())
            .args(["dgst", option, "-sign", "keys/rsa", "-out", "raw", "signed"]);
        table.write("signed", &signed);
        let _ = program::run(&mut openssl, b"").with(0);
        let raw = fs::read(table.path("raw")).unwrap();
        let value = [string(algorithm.as_bytes()), string(&raw)].concat();
        let made = [before, &string(&value)].concat();
        let judged = openssh_judges(&table, &public(&table, "rsa"), &text, &Base64::encode_string(&made));
        assert_eq!(judged.code == Some(0), code == 0, "{algorithm}: {}", judged.both());
        let ended = check(&made).with(code);
        assert_eq!(ended.error.contains("the signature is by `ssh-rsa`"), code == 5, "{}", ended.error);
    }
}

/// Everything that is wrong with the keys of a script is said while planning.
#[test]
fn a_script_with_approvals_by_signature_has_a_key_for_everybody_who_is_asked() {
    let table = signing(Table::without_tokens());
    let script = table.read("script.yaml");
    let said = |old: &str, new: &str, why: &str| {
        table.write("script.yaml", script.replacen(old, new, 1));
        let ended = table.run("check script.yaml").with(2);
        assert!(ended.error.contains(why), "{why}\n{}", ended.error);
    };
    let _ = table.run("check script.yaml").with(0);
    let own = |id: &str| format!(", ssh-key: \"{}\"", public(&table, id));
    said(
        &own("ada"),
        "",
        "`ada` has no `ssh-key`; approvals by `signature` need one of everybody of the role `ceremony-administrator`",
    );
    said(&own("cy"), "", "`cy` has no `ssh-key`");
    said(&own("cy"), &own("bo"), "`cy` has the same key as `bo`; a key belongs to one person");
    said("ssh-ed25519 ", "ssh-dss ", "the key of `ada`: found a key of kind `ssh-dss`");
    said(
        "approvals: {plan: {crypto-officer: 2}",
        "approvals: {plan: {crypto-officer: 2, external-witness: 1}",
        "`wim` has no `ssh-key`",
    );
    let mut others = String::new();
    for number in 0..18 {
        let name = format!("o{number}");
        key(&table, &name, &["-t", "ed25519"]);
        writeln!(others, "  - {{id: {name}, role: crypto-officer{}}}", own(&name)).unwrap();
    }
    said("  - {id: wim,", &format!("{others}  - {{id: wim,"), "a record has room for 11000");
    // A key that is nobody's to sign with is still part of the plan.
    table.write("script.yaml", script.replacen("method: signature", "method: typed", 1));
    let before = plan_sha256(&table);
    table.change("script.yaml", &own("cy"), "");
    assert_ne!(plan_sha256(&table), before);
}

/// A person who signed before the day is not asked for the word, where words approve; the others are.
#[test]
fn where_words_approve_a_signature_before_the_day_counts_for_its_person() {
    let table = signing(Table::new().now());
    table.change("script.yaml", "method: signature", "method: typed");
    let _ = approve(&table, "cy").with(0);
    let mut asked = Vec::new();
    let ended = Room::open(&table, APPROVED).go_on(|question| {
        if question.wanted == Wanted::Word("approve".into()) {
            asked.push(question.shown.contains("bo (crypto-officer): Is this the plan"));
        }
        None
    });
    let _ = ended.with(0);
    assert_eq!(asked, [true]);
    let methods: Vec<Value> =
        of(&table, "site.approved").iter().map(|record| record["data"]["method"].clone()).collect();
    assert_eq!(methods, ["signature", "typed"]);
    let _ = table.run("verify out/bundle-test-ceremony").with(0);
}

/// Each certificate and each CRL is confirmed by itself, before its digest in words: what was confirmed is what is announced.
#[test]
fn each_certificate_and_crl_is_confirmed_by_itself_before_its_digest_in_words() {
    let table = Table::new().now();
    let mut confirmed = Vec::new();
    let ended = Room::open(&table, PRODUCTION).go_on(|question| {
        if question.wanted == Wanted::Word("sign".into()) {
            let lines: Vec<&str> = question.shown.lines().map(str::trim).collect();
            let place = lines.iter().rposition(|line| line.starts_with("to be signed, SHA-256: ")).unwrap();
            let sha256: Digest = lines[place].rsplit(' ').next().unwrap().parse().unwrap();
            assert_eq!(lines[place + 1], format!("in words: {}", sha256.words()));
            confirmed.push(sha256.to_string());
        }
        None
    });
    let _ = ended.with(0);
    let announced: Vec<String> = records(&table)
        .iter()
        .filter(|record| record["ev"].as_str().unwrap().ends_with(".sign.intent"))
        .map(|record| record["data"]["tbs_sha256"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(confirmed, announced);
    assert_eq!(confirmed.len(), 3, "two certificates and a CRL");
}

/// A ceremony that is closed before its time is closed by its officers' keys, too.
#[test]
fn a_ceremony_is_closed_by_signatures_where_approvals_are_signatures() {
    let table = approved(signing(Table::new().now()));
    let _ = Room::open(&table, APPROVED)
        .go_on(|question| matches!(question.wanted, Wanted::Signature(_)).then(|| "no".into()))
        .with(3);
    let mut refused = false;
    let ended = Room::open(&table, "resume --log log --plain --close aborted").go_on(|question| {
        match &question.wanted {
            Wanted::Signature(_) if !refused => {
                refused = true;
                assert!(
                    question.shown.contains("The ceremony ends here and cannot go on."),
                    "{}",
                    question.shown
                );
                Some("close".into())
            }
            _ => signed(&table, question, "bo"),
        }
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("! `close`: No such file"), "{}", ended.out);
    let deviation = &of(&table, "step.deviation")[0]["data"];
    assert_eq!(deviation["approved_by"], serde_json::json!(["bo"]));
    assert_eq!(deviation["signatures"].as_array().unwrap().len(), 1);
    let ended = table.run("log verify log");
    assert!(!ended.both().contains("signature of"), "{}", ended.both());
}

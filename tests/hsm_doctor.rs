//! `hsm doctor` and `hsm inventory` on a real module, SoftHSM, as people use them; OpenSC's `pkcs11-tool` is asked the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::SoftHsm;
use common::program::{Ended, command, run, tool};
use common::softhsm::session;
use rootrite::hsm::{KeyId, KeyRequest, Token as _};
use rootrite::pki::key::KeyAlgorithm;
use serde_json::Value;

const USER: &str = "123456";
const OFFICER: &str = "87654321";

fn softhsm() -> SoftHsm {
    SoftHsm::new().token("root", USER, OFFICER)
}

/// Runs `hsm …` on the token `root`, with a PIN behind descriptor 3 and something on standard input.
fn hsm(softhsm: &SoftHsm, arguments: &str, pin: &str, input: &str) -> Ended {
    let folder = softhsm.folder();
    std::fs::write(folder.join("pin"), format!("{pin}\n")).unwrap();
    let line = format!(
        "exec {} hsm {arguments} --module {} --environment SOFTHSM2_CONF={} --label root --pin-fd 3 3<pin",
        env!("CARGO_BIN_EXE_rootrite"),
        SoftHsm::module().display(),
        folder.join("softhsm2.conf").display()
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    run(&mut shell, input.as_bytes())
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.both()))
}

/// What was found, by its subject.
fn found(report: &Value) -> BTreeMap<&str, &str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|one| (one["subject"].as_str().unwrap(), one["found"].as_str().unwrap())).collect()
}

/// What was found about a subject, and in which words.
fn detail(report: &Value, subject: &str) -> String {
    let findings = report["findings"].as_array().unwrap();
    let one = findings.iter().find(|one| one["subject"] == subject).unwrap();
    format!("{} {}", one["found"].as_str().unwrap(), one["detail"].as_str().unwrap())
}

/// One key pair on the token.
fn key(softhsm: &SoftHsm) {
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let id = KeyId::from([7; 16]);
    let algorithm = KeyAlgorithm::EcdsaP256;
    token
        .generate_key_pair(&KeyRequest { label: "in use".into(), id, algorithm, extractable: false })
        .unwrap();
    process.stop().unwrap();
}

/// The files of the token's objects, with their octets.
fn objects(softhsm: &SoftHsm) -> BTreeMap<String, Vec<u8>> {
    fn read(folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                read(&entry.path(), all);
            } else if name.ends_with(".object") && name != "token.object" {
                all.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    read(&softhsm.tokens(), &mut all);
    all
}

#[test]
fn every_kind_of_key_is_made_and_every_format_of_a_wrapped_key_is_told() {
    let softhsm = softhsm();
    let report = json(&hsm(&softhsm, "doctor --probe --json", USER, "").with(0));
    let found = found(&report);
    for algorithm in KeyAlgorithm::ALL {
        if algorithm.ml_dsa().is_some() {
            assert_eq!(found[format!("make {algorithm}").as_str()], "lacks");
            continue;
        }
        assert_eq!(found[format!("make {algorithm}").as_str()], "ok");
        assert_eq!(found[format!("sign {algorithm}").as_str()], "ok");
    }
    let detail = |subject: &str| {
        let findings = report["findings"].as_array().unwrap();
        let one = findings.iter().find(|one| one["subject"] == subject).unwrap();
        one["detail"].as_str().unwrap().to_owned()
    };
    // What notes on SoftHSM 2.6 say, and `pkcs11-tool` cannot: which format a number means.
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let wrap = |name: &str| detail(&format!("wrap {kind} by {name}"));
        // An RSA key whose length needs no padding is said to be one.
        assert!(wrap("CKM_AES_KEY_WRAP (0x2109)").starts_with("rfc3394; it comes back and signs"));
        assert_eq!(wrap("CKM_AES_KEY_WRAP_PAD (0x210a)"), "rfc5649; it comes back and signs");
    }
    for by in ["rsa", "rsa-pss"] {
        assert_eq!(detail(&format!("sign by {by}")), "a digest, and what it hashes itself");
    }
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let sealed = "CKA_EXTRACTABLE is cleared and reads so, for good; it refuses to leave";
        assert_eq!(detail(&format!("seal {kind}")), sealed);
    }
    assert!(report["profile"].as_str().unwrap().ends_with("    quirks: softhsm-2.6\n"));
}

#[test]
fn what_a_token_hashes_itself_and_how_it_seals_is_found_out_and_written_down_for_the_site() {
    let softhsm = softhsm();
    let folder = softhsm.folder();
    // SoftHSM takes digests, and lets a key be sealed: somebody who has said otherwise was wrong.
    let site = format!(
        "rootrite-site: 1\ntokens:\n  token: {{module: {}, environment: {{SOFTHSM2_CONF: {}}}, label: root, serial: any, class: software, \
         login: pin, pin: {{fd: 3}}, quirks: {{like: softhsm-2.6, hashes: [rsa], seal: replaced}}}}\n",
        SoftHsm::module().display(),
        folder.join("softhsm2.conf").display()
    );
    std::fs::write(folder.join("wrong.yaml"), site).unwrap();
    std::fs::write(folder.join("pin"), format!("{USER}\n")).unwrap();
    let line = format!(
        "exec {} hsm doctor --probe --site wrong.yaml --token token 3<pin",
        env!("CARGO_BIN_EXE_rootrite")
    );
    let mut again = std::process::Command::new("sh");
    again.args(["-c", &line]).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    let said = run(&mut again, b"").with(0).out;
    assert!(said.contains("\n    quirks: {like: softhsm-2.6, hashes: [], seal: cleared}\n"), "{said}");
    // The same token behind a module that refuses both; by its name it is the same make.
    let stubborn = folder.join("stubborn");
    std::fs::create_dir(&stubborn).unwrap();
    let place = stubborn.join("libsofthsm2.so");
    let status = std::process::Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&place)
        .arg(format!("-DSOFTHSM=\"{}\"", SoftHsm::module().display()))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/stubborn.c"))
        .status()
        .expect("a C compiler is needed: apt-get install gcc");
    assert!(status.success());
    let which = format!(
        "--module {} --environment SOFTHSM2_CONF={} --environment STUBBORN_DIGESTS=1 --label root",
        place.display(),
        folder.join("softhsm2.conf").display()
    );
    let doctor = format!("doctor --probe --json --token token --profile site.yaml {which}");
    let report = json(&common::modules::hsm(folder, &doctor, USER, "").with(0));
    let detail = |subject: &str| detail(&report, subject);
    for by in ["rsa", "rsa-pss"] {
        let wanted =
            "ok only what it hashes itself; a digest, not: C_SignInit returned CKR_MECHANISM_INVALID";
        assert_eq!(detail(&format!("sign by {by}")), wanted);
    }
    assert_eq!(detail("sign rsa-2048"), "ok verifies in software");
    let replaced = "lacks only by being replaced: C_SetAttributeValue returned CKR_ATTRIBUTE_READ_ONLY";
    assert_eq!(detail("seal ecdsa-p256"), replaced);
    let text = report["profile"].as_str().unwrap();
    let wanted = "    quirks: {like: softhsm-2.6, hashes: [rsa, rsa-pss], seal: replaced}\n";
    assert!(text.ends_with(wanted), "{text}");
    // With that entry keys of the token's own are made there and sign; without it none would.
    common::modules::makes_keys(folder, USER, KeyAlgorithm::Rsa2048);
    common::modules::makes_keys(folder, USER, KeyAlgorithm::EcdsaP256);
}

#[test]
fn what_it_says_of_mechanisms_is_what_pkcs11_tool_says() {
    let softhsm = softhsm();
    let report = json(&hsm(&softhsm, "doctor --json", USER, "").with(0));
    let module = SoftHsm::module();
    // The tool takes its configuration from the environment, which ours does not.
    let line = format!(
        "SOFTHSM2_CONF=softhsm2.conf exec pkcs11-tool --module {} --token-label root -M",
        module.display()
    );
    let Some(said) = tool("sh", softhsm.folder(), ["-c", &line]) else { return };
    let named = said.with(0).out.lines().filter(|line| line.starts_with("  ")).count();
    let findings = report["findings"].as_array().unwrap();
    let counted = findings.iter().find(|one| one["subject"] == "mechanisms").unwrap();
    assert_eq!(counted["detail"], format!("{named} are named; the vendor's own: none"));
}

#[test]
fn without_a_probe_nobody_logs_in_and_nothing_is_written() {
    let softhsm = softhsm();
    let token = || {
        let folder = std::fs::read_dir(softhsm.tokens()).unwrap().next().unwrap().unwrap().path();
        std::fs::read(folder.join("token.object")).unwrap()
    };
    let before = token();
    let said = hsm(&softhsm, "doctor", "wrong", "").with(0).out;
    assert_eq!(token(), before);
    assert!(
        said.contains("\n  unknown keys: not tried: it makes objects of a session, which wants `--probe`\n")
    );
    assert!(!said.contains("for the site file"));
}

#[test]
fn a_token_that_holds_anything_is_probed_only_after_the_word() {
    let softhsm = softhsm();
    key(&softhsm);
    let before = objects(&softhsm);
    assert_eq!(before.len(), 2);
    for answer in ["", "yes\n", "Probe\n"] {
        let refused = hsm(&softhsm, "doctor --probe", USER, answer).with(3);
        assert!(refused.error.contains("holds 2 objects and may be in use"), "{}", refused.error);
        assert!(refused.error.contains("wanted exactly `probe`; nothing was done"), "{}", refused.error);
        assert_eq!(refused.out, "");
    }
    let said = hsm(&softhsm, "doctor --probe --json", USER, "probe\n").with(0);
    let report = json(&said);
    let found = found(&report);
    assert_eq!((found["inventory"], found["inventory in a fresh process"]), ("ok", "ok"));
    assert_eq!(objects(&softhsm), before, "no octet of the token's objects is another one");
}

#[test]
fn a_wrong_pin_is_tried_once_and_then_only_after_a_word() {
    let softhsm = softhsm();
    let wrong = hsm(&softhsm, "doctor --probe", "000000", "").with(3);
    assert!(wrong.error.contains("nothing is tried again"), "{}", wrong.error);
    // SoftHSM says now that a wrong PIN was tried; another try is somebody's decision, even with the right one.
    let refused = hsm(&softhsm, "doctor --probe", USER, "").with(3);
    assert!(refused.error.contains("wanted exactly `again`; nothing was done"), "{}", refused.error);
    let _ = hsm(&softhsm, "inventory", USER, "again\n").with(0);
    // The right one has cleared the flag.
    let _ = hsm(&softhsm, "inventory", USER, "").with(0);
}

#[test]
fn the_entry_it_writes_is_one_that_a_site_takes() {
    let softhsm = softhsm();
    let said = hsm(&softhsm, "doctor --probe --token ceremony --profile site.yaml", USER, "").with(0).out;
    common::modules::documented("SoftHSM 2.6.1", &said);
    let text = std::fs::read_to_string(softhsm.folder().join("site.yaml")).unwrap();
    assert!(said.contains(&text));
    let digest = common::program::sha256(text.as_bytes());
    assert!(said.ends_with(&format!("SHA-256 of this entry {digest}\n")), "{said}");
    let mut taken = command(softhsm.folder());
    taken.args(["hsm", "inventory", "--site", "site.yaml", "--token", "ceremony", "--public"]);
    let _ = run(&mut taken, b"").with(0);
    let mut again = command(softhsm.folder());
    again.args(["hsm", "inventory", "--site", "site.yaml", "--token", "other", "--public"]);
    let said = run(&mut again, b"").with(2).error;
    assert_eq!(said, "error: `site.yaml` has no token `other`; it has ceremony\n");
    // Files are only ever created.
    let again = hsm(&softhsm, "doctor --probe --profile site.yaml", USER, "").with(2);
    assert!(again.error.contains("is there already"), "{}", again.error);
    // Another module than the one looked at is not loaded.
    let other = text.replace(
        &text.split_once("sha256: ").unwrap().1.chars().take(64).collect::<String>(),
        &"0".repeat(64),
    );
    std::fs::write(softhsm.folder().join("other.yaml"), other).unwrap();
    let mut other = command(softhsm.folder());
    other.args(["hsm", "doctor", "--site", "other.yaml", "--token", "ceremony"]);
    assert!(run(&mut other, b"").with(4).error.contains("agreed upon is"));
}

#[test]
fn the_inventory_is_what_pkcs11_tool_lists() {
    let softhsm = softhsm();
    key(&softhsm);
    let listed = hsm(&softhsm, "inventory --json", USER, "").with(0);
    let report = json(&listed);
    let classes: Vec<&str> =
        report["objects"].as_array().unwrap().iter().map(|one| one["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["public-key", "private-key"]);
    let text = hsm(&softhsm, "inventory", USER, "").with(0).out;
    assert!(text.contains("\n2 objects, and 0 that cannot be read\n"), "{text}");
    assert!(text.contains("  private-key, label `in use`, id 07070707070707070707070707070707\n"), "{text}");
    let public = hsm(&softhsm, "inventory --public", USER, "").with(0).out;
    assert!(public.contains("\n1 objects, and 0 that cannot be read\nnobody was logged in"), "{public}");
    let line = format!(
        "SOFTHSM2_CONF=softhsm2.conf exec pkcs11-tool --module {} --token-label root --login --pin {USER} -O",
        SoftHsm::module().display()
    );
    let Some(said) = tool("sh", softhsm.folder(), ["-c", &line]) else { return };
    let said = said.with(0).out;
    let ids = said.lines().filter(|line| line.trim() == "ID:         07070707070707070707070707070707");
    assert_eq!(ids.count(), 2, "{said}");
}

#[test]
fn without_a_label_the_tokens_of_a_module_are_listed() {
    let softhsm = softhsm();
    let mut listed = command(softhsm.folder());
    listed.args(["hsm", "doctor", "--module"]).arg(SoftHsm::module());
    listed.args(["--environment", &format!("SOFTHSM2_CONF={}/softhsm2.conf", softhsm.folder().display())]);
    let said = run(&mut listed, b"").with(0).out;
    assert!(said.contains("\ntoken `root` (serial `"), "{said}");
    assert!(said.contains("\ntoken a blank token (serial `"), "{said}");
}

#[test]
fn objects_of_the_token_are_tried_on_an_empty_token_of_a_named_serial_after_a_word_and_removed() {
    let softhsm = softhsm();
    let serial = {
        let process = softhsm.start();
        let token = session(&process, "root", USER);
        let serial = token.token().serial.clone();
        drop(token);
        process.stop().unwrap();
        serial
    };
    let refused = hsm(&softhsm, "doctor --probe --objects", USER, "objects\n").with(2);
    assert!(refused.error.contains("`--objects` wants one token by its serial number"), "{}", refused.error);
    let doctor = format!("doctor --probe --objects --serial {serial}");
    for answer in ["", "probe\n", "Objects\n"] {
        let refused = hsm(&softhsm, &doctor, USER, answer).with(3);
        assert!(refused.error.contains("wanted exactly `objects`; nothing was done"), "{}", refused.error);
        assert_eq!(objects(&softhsm).len(), 0);
    }
    let ended = hsm(&softhsm, &doctor, USER, "objects\n").with(0);
    assert_eq!(objects(&softhsm).len(), 0, "everything was removed");
    assert!(ended.error.contains("Making the ecdsa-p256 key `rootrite-doctor-1`, id "), "{}", ended.error);
    let said = &ended.out;
    for wanted in [
        "ok      make ecdsa-p256 of the token: as asked, id ",
        "ok      sign ecdsa-p256 of the token: verifies in software",
        "ok      change CKA_SENSITIVE of a key: refused: C_SetAttributeValue returned CKR_",
        "ok      change CKA_EXTRACTABLE of a key: refused: C_SetAttributeValue returned CKR_",
        "ok      change CKA_LABEL of a key: refused: C_SetAttributeValue returned CKR_ACTION_PROHIBITED",
        "ok      seal a key that may leave: it reads sealed, and nobody can take that back",
        "ok      data object of the token: it keeps one, and the next in its place",
        "ok      private objects without a login: nobody sees them",
        "ok      private objects after a new login: the key is there, in a new process, and signs",
        "ok      destroy what was made: 4 objects are gone; a fresh process looks below",
        "ok      inventory in a fresh process: 0 objects, as before",
    ] {
        assert!(said.contains(&format!("\n  {wanted}")), "{wanted} is not in\n{said}");
    }
    // One that holds anything is none for this.
    key(&softhsm);
    let before = objects(&softhsm);
    let refused = hsm(&softhsm, &doctor, USER, "objects\n").with(3);
    assert!(refused.error.contains("for an empty token only; this one holds 2 objects"), "{}", refused.error);
    assert_eq!(objects(&softhsm), before);
}

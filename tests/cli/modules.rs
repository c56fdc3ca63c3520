//! Ceremonies with tokens that are not SoftHSM's: a cable that is pulled, and a TPM that locks without a warning.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::common::service::{Cable, Tpm};
use crate::common::{SoftHsm, kryoptic};
use crate::room::{Room, Wanted};
use crate::table::{OFFICER, Table, USER};

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
const RESUME: &str = "resume --log log --plain";

/// A table with SoftHSM's token `log`, and the token `root` of another module.
fn table(module: &str, environment: &BTreeMap<String, String>, serial: &str) -> Table {
    let table = Table::with(SoftHsm::new().token("log", USER, OFFICER)).now();
    let serials = table.serials();
    let token = |label: &str, module: &str, environment: &BTreeMap<String, String>, serial: &str| {
        let variables: Vec<String> =
            environment.iter().map(|(name, value)| format!("{name}: \"{value}\"")).collect();
        format!(
            "  {label}:\n    module: {module}\n    environment: {{{}}}\n    label: {label}\n    serial: \"{serial}\"\n    \
             class: software\n    login: pin\n    pin: prompt\n",
            variables.join(", ")
        )
    };
    let softhsm = SoftHsm::module();
    let site = format!(
        "rootrite-site: 1\ntokens:\n{}{}preflight: {{minimum-free: 1 MiB}}\n",
        token("root", module, environment, serial),
        token("log", softhsm.to_str().unwrap(), &table.hsm.environment(), &serials["log"]),
    );
    table.write("site.yaml", site);
    table
}

fn of(table: &Table, ev: &str) -> Vec<Value> {
    let text = fs::read_to_string(table.path("log/log.jsonl")).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["ev"] == ev).collect()
}

#[test]
fn a_ceremony_goes_on_after_the_cable_was_pulled() {
    let hsm = SoftHsm::new().token("root", USER, OFFICER);
    let process = hsm.start();
    let serial =
        process.slots().unwrap().into_iter().find(|slot| slot.token.label == "root").unwrap().token.serial;
    process.stop().unwrap();
    let Some(cable) = Cable::to(hsm) else { return };
    let table = table(Cable::MODULE, &cable.environment(), &serial);
    let mut pulled = false;
    let ended = Room::open(&table, RUN).go_on(|question| {
        if question.shown.contains("Sign the certificate `e1`?") && !pulled {
            pulled = true;
            cable.pull();
        }
        None
    });
    // A failure of the equipment, which people can see and mend; nothing was tried again.
    let ended = ended.with(4);
    assert!(ended.out.contains("CKR_DEVICE_ERROR"), "{}", ended.out);
    assert!(ended.out.contains("go on with `rootrite resume --log log`"), "{}", ended.out);
    assert_eq!(of(&table, "cert.signed").len(), 1, "the root's");
    let _ = Room::open(&table, RESUME).go_on(|_| None).with(0);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    assert_eq!(of(&table, "cert.signed").len(), 2);
    assert_eq!(
        of(&table, "key.generated").iter().filter(|record| record["data"]["token"] == "root").count(),
        2
    );
}

#[test]
fn a_ceremony_never_locks_a_token_that_does_not_warn() {
    let Some(tpm) = Tpm::new() else { return };
    tpm.token("root", USER, OFFICER);
    let table = table(Tpm::MODULE, &tpm.environment(), "0000000000000000");
    // Two wrong PINs; the third would lock it, and people are asked for a word before it.
    let mut tried = 0;
    let ended = Room::open(&table, RUN).go_on(|question| match &question.wanted {
        Wanted::Pin(token) if token == "root" => {
            tried += 1;
            Some("a wrong one".to_owned())
        }
        Wanted::Word(word) if word == "again" => Some("no".to_owned()),
        _ => None,
    });
    let ended = ended.with(3);
    assert_eq!(tried, 2, "{}", ended.out);
    assert!(ended.out.contains("its make locks after 3 wrong PINs, and 2 were typed here"), "{}", ended.out);
    // The count goes on after the interruption: the word is wanted before anybody types a PIN.
    let mut asked = Vec::new();
    let ended = Room::open(&table, RESUME).go_on(|question| {
        match &question.wanted {
            Wanted::Word(word) if word == "again" => asked.push(word.clone()),
            Wanted::Pin(token) if token == "root" => asked.push("PIN".to_owned()),
            _ => {}
        }
        None
    });
    let _ = ended.with(0);
    assert_eq!(asked, ["again", "PIN"]);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn a_pilot_hierarchy_of_ml_dsa_is_made_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let Some(token) = kryoptic::token(folder.path(), USER, OFFICER) else { return };
    let configuration = rootrite::hsm::ModuleConfiguration {
        program: env!("CARGO_BIN_EXE_rootrite").into(),
        environment: token.environment.clone(),
        ..rootrite::hsm::ModuleConfiguration::new(&token.library)
    };
    let process = rootrite::hsm::ModuleProcess::start(&configuration).unwrap();
    let serial = process.slots().unwrap()[0].token.serial.clone();
    process.stop().unwrap();
    let table = table(token.library.to_str().unwrap(), &token.environment, &serial);
    table.change("script.yaml", "policy: private", "policy: pqc-pilot");
    table.change("script.yaml", "key: root-x1, algorithm: ecdsa-p384", "key: root-x1, algorithm: ml-dsa-87");
    table.change("script.yaml", "key: e1, algorithm: ecdsa-p384", "key: e1, algorithm: ml-dsa-87");
    table.change("script.yaml", "lasts: 3650 days", "lasts: 365 days");
    table.change("script.yaml", "lasts: 1095 days", "lasts: 180 days");
    table.change("script.yaml", "lasts: 364 days", "lasts: 180 days");
    // The pilot's roots say that they are for servers.
    let profile = include_str!("../../templates/profiles/root-ca.yaml").replace(
        "  - basic-constraints:",
        "  - extended-key-usage: {critical: true, purposes: [server-auth]}\n  - basic-constraints:",
    );
    fs::create_dir(table.path("profiles")).unwrap();
    table.write("profiles/pilot-root.yaml", profile);
    table.change("script.yaml", "profile: root-ca", "profile: pilot-root");
    let _ = Room::open(&table, RUN).go_on(|_| None).with(0);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    let algorithms: Vec<Value> =
        of(&table, "key.generated").iter().map(|record| record["data"]["algorithm"].clone()).collect();
    let made = algorithms.iter().filter(|algorithm| **algorithm == "ml-dsa-87").count();
    assert_eq!(made, 2, "{algorithms:?}");
}

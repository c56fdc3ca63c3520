//! A token's PIN in shares: dealt to the crypto officers, put together by them at each login, and left nowhere.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{Ended, SoftHsm};
use crate::room::{Question, Room, Wanted};
use crate::table::{FIRST, OFFICER, Table, USER};

pub const PRACTICE: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";

/// A table with a blank token `root` whose PIN three crypto officers share, two of whom are enough.
pub fn table() -> Table {
    let table = Table::with(SoftHsm::new().token("log", USER, OFFICER)).now();
    let token = |label: &str, which: &str, pin: &str| {
        format!(
            "  {label}: {{module: {}, environment: {{SOFTHSM2_CONF: {}}}, label: {label}, {which}, class: software, login: pin, pin: {pin}}}\n",
            SoftHsm::module().display(),
            table.hsm.folder().join("softhsm2.conf").display()
        )
    };
    let serial = format!("serial: \"{}\"", table.serials()["log"]);
    let (root, log) = (token("root", "initialize: true", "shares"), token("log", &serial, "prompt"));
    table.write("site.yaml", format!("rootrite-site: 1\ntokens:\n{root}{log}"));
    shared(&table);
    table
}

/// Makes the script one that shares the PIN of `root`.
fn shared(table: &Table) {
    table.change("script.yaml", "  root: {class: any}", "  root: {class: any, pin: shares}");
    table.change(
        "script.yaml",
        "  - {id: cy, role: crypto-officer}\n",
        "  - {id: cy, role: crypto-officer}\n  - {id: di, role: crypto-officer}\n",
    );
    table.change("script.yaml", "quorum: {crypto-officer: 1,", "quorum: {crypto-officer: 2,");
    table.change(
        "script.yaml",
        "      - generate-key: {token: root, key: root-x1",
        "      - initialize-token: {token: root}\n      - generate-key: {token: root, key: root-x1",
    );
}

/// The holders, with what each has written down, and what they do.
#[derive(Default)]
pub struct Holders {
    /// What each has written down.
    pub sheets: BTreeMap<String, String>,
    /// Everything that was asked of them: who, and in which words.
    asked: Vec<String>,
}

impl Holders {
    /// What somebody types who holds a share.
    pub fn answer(&mut self, question: &Question) -> Option<String> {
        if question.wanted == Wanted::Enter {
            if let Some((_, shown)) = question.shown.split_once("\u{1b}[?1049h") {
                let who = shown.split("\u{1b}[H").nth(1).unwrap().split(' ').next().unwrap();
                let sheet: Vec<&str> = shown
                    .split_once("RR1\n")
                    .unwrap()
                    .1
                    .split_once("Press Enter")
                    .unwrap()
                    .0
                    .split_whitespace()
                    .filter(|word| word.len() == 5)
                    .collect();
                self.sheets.insert(who.to_owned(), format!("RR1 {}", sheet.join(" ")));
            }
            return None;
        }
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        self.asked.push(prompt.clone());
        let who = prompt.split(' ').next().unwrap();
        self.sheets.get(who).cloned()
    }
}

fn events(table: &Table) -> Vec<Value> {
    let log = table.read("log/log.jsonl");
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'e>(events: &'e [Value], ev: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["ev"] == ev).map(|event| &event["data"]).collect()
}

/// That no two neighbouring groups of any share are in a file, or on the screen but where they were shown to one person.
fn nothing_is_left(table: &Table, ended: &Ended, sheets: &BTreeMap<String, String>) {
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for part in ended.both().split("\u{1b}[?1049h").map(|part| part.rsplit("\u{1b}[?1049l").next().unwrap()) {
        texts.push(("the screen".to_owned(), part.as_bytes().to_vec()));
    }
    for (path, octets) in table.everything() {
        texts.push((path.display().to_string(), octets));
    }
    for groups in sheets.values() {
        let groups: Vec<&str> = groups.split(' ').skip(1).collect();
        for pair in groups.windows(2) {
            for spelled in [pair.concat(), pair.join(" "), pair.join("-")] {
                for (name, octets) in &texts {
                    let found = octets.windows(spelled.len()).any(|window| window == spelled.as_bytes());
                    assert!(!found, "`{spelled}` is in {name}");
                }
            }
        }
    }
}

#[test]
fn a_pin_is_dealt_read_back_and_put_together_by_its_holders_alone() {
    let table = table();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    let sheets = holders.sheets;
    assert_eq!(sheets.keys().collect::<Vec<_>>(), ["bo", "cy", "di"]);
    let events = events(&table);
    let places = |ev: &str| -> Vec<(String, u64)> {
        let place =
            |data: &&Value| (data["holder"].as_str().unwrap().to_owned(), data["index"].as_u64().unwrap());
        of(&events, ev).iter().map(place).collect()
    };
    let all = [("bo".to_owned(), 1), ("cy".to_owned(), 2), ("di".to_owned(), 3)];
    assert_eq!(places("share.issued"), all);
    assert_eq!(places("share.confirmed"), all);
    // Two are enough: the third is not asked.
    assert_eq!(places("share.checked"), all[..2]);
    let logins = of(&events, "auth.ok");
    let root = logins.iter().find(|data| data["token"] == "root").unwrap();
    assert_eq!(root["people"], serde_json::json!(["bo", "cy"]));
    // Every share is confirmed before the token has the PIN; until then it has the first one.
    let at = |ev: &str| events.iter().position(|event| event["ev"] == ev).unwrap();
    let confirmed = events.iter().rposition(|event| event["ev"] == "share.confirmed").unwrap();
    assert!(at("token.initialized") < at("share.issued") && confirmed < at("token.pin.intent"));
    assert_eq!(of(&events, "token.pin.changed").len(), 1);
    nothing_is_left(&table, &ended, &sheets);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    // What is on the sheets is the PIN: any other two open the token.
    let shares = format!("{}\n{}\n", sheets["di"], sheets["bo"]);
    table.write("shares", shares);
    let line = format!(
        "exec {} share combine --fd 3 --form octets --out-fd 4 3<shares 4>pin",
        env!("CARGO_BIN_EXE_rootrite")
    );
    let combined = crate::common::program::run(
        std::process::Command::new("sh").current_dir(table.folder()).args(["-c", &line]),
        b"",
    );
    let _ = combined.with(0);
    let pin = table.read("pin");
    assert_eq!(pin.len(), 15);
    // Two key pairs, and the head of the log.
    assert_eq!(table.inventory_of("root", &pin).entries.len(), 5);
}

#[test]
fn shares_open_a_token_before_the_ceremony_too() {
    let table = table();
    let mut holders = Holders::default();
    let _ = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    table.change("site.yaml", "initialize: true", &format!("serial: \"{}\"", table.serials()["root"]));
    let mut sheets = ["di", "cy"].into_iter().map(|who| holders.sheets[who].clone());
    let ended = Room::open(&table, "hsm inventory --site site.yaml --token root").go_on(|_| sheets.next());
    let ended = ended.with(0);
    assert!(ended.out.contains("root-x1"), "{}", ended.out);
    nothing_is_left(&table, &ended, &holders.sheets);
}

#[test]
fn a_wrong_share_is_named_by_its_holder_and_costs_no_try() {
    let table = table();
    let mut holders = Holders::default();
    let mut slips = Vec::new();
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        let first_time = !slips.contains(prompt);
        slips.push(prompt.clone());
        match prompt {
            // One character is another, so that its group is named.
            prompt if first_time && prompt.starts_with("bo") && prompt.contains("back") => {
                let other = if answer.ends_with('0') { "1" } else { "0" };
                Some(format!("{}{other}", &answer[..answer.len() - 1]))
            }
            // Another holder's share.
            prompt if first_time && prompt.starts_with("bo") => Some(holders.sheets["di"].clone()),
            // The share of somebody who is not here today.
            prompt if first_time && prompt.starts_with("cy") && prompt.contains("your share") => {
                Some(String::new())
            }
            _ => Some(answer),
        }
    });
    let ended = ended.with(0);
    for wanted in
        ["! bo: group 17 is wrong", "! bo: the share is di's; each holder types the one that the log says"]
    {
        assert!(ended.out.contains(wanted), "{wanted}\n{}", ended.out);
    }
    let events = events(&table);
    assert!(of(&events, "auth.failed").is_empty());
    let logins = of(&events, "auth.ok");
    let root = logins.iter().find(|data| data["token"] == "root").unwrap();
    assert_eq!(root["people"], serde_json::json!(["bo", "di"]));
    nothing_is_left(&table, &ended, &holders.sheets);
}

#[test]
fn too_few_shares_end_it_and_no_try_was_made() {
    let table = table();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        Some(if prompt.contains("your share") && !prompt.starts_with("cy") { String::new() } else { answer })
    });
    let ended = ended.with(3);
    assert!(ended.out.contains("1 more shares of the PIN of token `root` are wanted"), "{}", ended.out);
    let events = events(&table);
    assert!(of(&events, "auth.failed").is_empty() && of(&events, "auth.ok").len() == 1);
    nothing_is_left(&table, &ended, &holders.sheets);
}

#[test]
fn a_holder_who_does_not_read_back_ends_it_before_the_token_has_the_pin() {
    let table = table();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        // Of `cy` the first character of every group is lost.
        Some(if prompt.starts_with("cy") { answer.replace(' ', " x") } else { answer })
    });
    let ended = ended.with(3);
    assert!(ended.out.contains("`cy` has not typed back the share of token `root`"), "{}", ended.out);
    let events = events(&table);
    assert_eq!((of(&events, "share.issued").len(), of(&events, "share.confirmed").len()), (2, 1));
    assert!(of(&events, "token.pin.intent").is_empty());
    // The token has the first PIN still, which the security officer types again when it goes on with a new set.
    assert_eq!(table.inventory_of("root", FIRST).entries.len(), 0);
    let mut holders = Holders::default();
    let ended = Room::open(&table, "resume --log log --plain").go_on(|question| holders.answer(question));
    let ended = ended.with(0);
    assert!(table.read("log/log.jsonl").contains("count for nothing; a new PIN is dealt"));
    assert_eq!(holders.sheets.keys().collect::<Vec<_>>(), ["bo", "cy", "di"]);
    nothing_is_left(&table, &ended, &holders.sheets);
}

#[test]
fn a_rehearsal_has_shares_of_its_own() {
    let table = Table::without_tokens();
    shared(&table);
    let _ = table.run("rehearse script.yaml --out rehearsal").with(0);
    table.write(
        "without.yaml",
        table.read("script.yaml").replace("      - initialize-token: {token: root}\n", ""),
    );
    let _ = table.run("rehearse without.yaml --out without").with(0);
    for folder in ["rehearsal", "without"] {
        let log = table.read(&format!("{folder}/ceremony-log/log.jsonl"));
        assert_eq!(log.matches("\"ev\":\"share.checked\"").count(), 2, "{folder}");
        assert_eq!(log.matches("\"ev\":\"share.issued\"").count(), if folder == "without" { 0 } else { 3 });
    }
}

#[test]
fn a_site_brings_the_pin_as_the_script_demands_it() {
    let table = table();
    let site = table.read("site.yaml");
    table.write("site.yaml", site.replace("pin: shares", "pin: prompt"));
    let refused = table.run("check script.yaml --site site.yaml").with(2);
    let wanted =
        "token `root`: the script demands that the PIN is put together from shares; wanted `pin: shares`";
    assert!(refused.error.contains(wanted), "{}", refused.error);
    table.write("site.yaml", &site);
    let _ = table.run("check script.yaml --site site.yaml").with(0);
    table.change("script.yaml", "quorum: {crypto-officer: 2,", "quorum: {crypto-officer: 1,");
    let refused = table.run("check script.yaml --site site.yaml").with(2);
    assert!(
        refused.error.contains("found 3 of them with a quorum of 1; wanted 2 to 16"),
        "{}",
        refused.error
    );
}

//! PINs and other secrets in shares: proved, dealt, read back, bagged, and left nowhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::common::program::run;
use crate::common::{Ended, SoftHsm};
use crate::room::{Question, Room, Wanted};
use crate::table::{OFFICER, SCRIPT, Table, USER};

pub const PRACTICE: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
const RESUME: &str = "resume --log log --plain";
/// What nobody but its holders knows in the end.
pub const CODE: &str = "31-64-7 left";

/// The steps that the tests change.
const STEPS: &str = "      - split-secret: {secret: root-pin, token: root, pin: user, threshold: 2, holders: [share-holder]}
      - split-secret: {secret: root-so-pin, token: root, pin: security-officer, threshold: 2, holders: [h1, h2]}
      - split-secret: {secret: safe, ask: [ada], threshold: 3, holders: [share-holder]}
";

/// The small script, which divides three secrets after its first key is made.
pub fn script() -> String {
    let holders = ["h1", "h2", "h3"].map(|id| format!("  - {{id: {id}, role: share-holder}}\n")).concat();
    let script = SCRIPT.replace("  - {id: wim,", &format!("{holders}  - {{id: wim,"));
    assert_eq!(script.matches("      - issue-root").count(), 1);
    script.replace("      - issue-root", &format!("{STEPS}      - issue-root"))
}

pub fn table() -> Table {
    let table = Table::with(SoftHsm::new().token("root", USER, OFFICER).token("log", USER, OFFICER));
    table.write("script.yaml", script());
    let table = table.now();
    table.write("site.yaml", table.site());
    table
}

/// The holders, with what each has written down of each secret.
#[derive(Default)]
pub struct Holders {
    sheets: BTreeMap<(String, String), String>,
    old: Vec<String>,
    /// Of which secret a share was shown last.
    pub last: String,
}

impl Holders {
    pub fn answer(&mut self, question: &Question) -> Option<String> {
        if question.wanted == Wanted::Enter {
            if let Some((_, shown)) = question.shown.split_once("\u{1b}[?1049h") {
                let page = shown.split("\u{1b}[H").nth(1).unwrap();
                let (who, secret) = (page.split(' ').next().unwrap(), page.split('`').nth(1).unwrap());
                assert!(page.contains("the salt "), "{page}");
                let groups = shown.split_once("RR1\n").unwrap().1.split_once("Press Enter").unwrap().0;
                let groups: Vec<&str> = groups.split_whitespace().filter(|word| word.len() == 5).collect();
                secret.clone_into(&mut self.last);
                let key = (who.to_owned(), secret.to_owned());
                self.old.extend(self.sheets.insert(key, format!("RR1 {}", groups.join(" "))));
            }
            return None;
        }
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        if prompt.contains(": secret `") {
            return Some(CODE.to_owned());
        }
        let who = prompt.split(' ').next().unwrap();
        // Whoever types a share back has seen it last.
        self.sheets.get(&(who.to_owned(), self.last.clone())).cloned()
    }

    pub fn of(&self, who: &str, secret: &str) -> &str {
        &self.sheets[&(who.to_owned(), secret.to_owned())]
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.sheets.values().chain(&self.old)
    }
}

pub fn events(table: &Table) -> Vec<Value> {
    let log = table.read("log/log.jsonl");
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn of<'e>(events: &'e [Value], ev: &str, step: &str) -> Vec<&'e Value> {
    let fits = |event: &&Value| event["ev"] == ev && (step.is_empty() || event["step"] == step);
    events.iter().filter(fits).map(|event| &event["data"]).collect()
}

/// What sheets give, by the program's own command and nothing else.
pub fn combined(table: &Table, sheets: &[&str]) -> String {
    table.write("shares", sheets.join("\n") + "\n");
    let line = format!(
        "exec {} share combine --fd 3 --form octets --out-fd 4 3<shares 4>secret",
        env!("CARGO_BIN_EXE_rootrite")
    );
    let _ =
        run(std::process::Command::new("sh").current_dir(table.folder()).args(["-c", &line]), b"").with(0);
    let secret = table.read("secret");
    for file in ["shares", "secret"] {
        std::fs::remove_file(table.path(file)).unwrap();
    }
    secret
}

/// That no two neighbouring groups of a share and no secret is in a file, or on the screen but where it was shown to one person.
pub fn nothing_is_left(table: &Table, ended: &Ended, holders: &Holders) {
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for part in ended.both().split("\u{1b}[?1049h").map(|part| part.rsplit("\u{1b}[?1049l").next().unwrap()) {
        texts.push(("the screen".to_owned(), part.as_bytes().to_vec()));
    }
    texts.extend(table.everything().into_iter().map(|(path, octets)| (path.display().to_string(), octets)));
    let mut secrets = BTreeSet::from([USER, OFFICER, CODE].map(str::to_owned));
    for sheet in holders.all() {
        let groups: Vec<&str> = sheet.split(' ').skip(1).collect();
        // The first groups say which set it is, and are the same on every sheet.
        for pair in groups[3..].windows(2) {
            secrets.extend([pair.concat(), pair.join(" "), pair.join("-")]);
        }
    }
    for (name, octets) in &texts {
        for secret in &secrets {
            let found = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "`{secret}` is in {name}");
        }
    }
}

#[test]
fn a_pin_is_proved_before_it_is_divided_and_any_two_of_its_sheets_are_the_pin() {
    let table = table();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    let events = events(&table);
    let of_step = |step: &str| -> Vec<&str> {
        let names = events.iter().filter(|event| event["step"] == step).map(|event| event["ev"].as_str());
        names.map(Option::unwrap).filter(|ev| !ev.starts_with("custody")).collect()
    };
    let dealt = |count| ["share.issued", "share.confirmed"].repeat(count);
    let whole = |before: &[&'static str], count| {
        [&["step.begin"], before, &["secret.split"], dealt(count).as_slice(), &["step.end"]].concat()
    };
    // The officer who was logged in for the key logs in once more: what is typed now has to be the PIN.
    assert_eq!(of_step("2.2"), whole(&["quorum.met", "auth.ok"], 3));
    assert_eq!(of_step("2.3"), whole(&["quorum.met", "log.note"], 2));
    assert_eq!(of_step("2.4"), whole(&[], 3));
    let split = of(&events, "secret.split", "");
    let said = |key: &str| split.iter().map(|data| data[key].as_str().unwrap_or("-")).collect::<Vec<_>>();
    assert_eq!(said("secret"), ["root-pin", "root-so-pin", "safe"]);
    assert_eq!(said("token"), ["root", "root", "-"]);
    assert_eq!(said("pin"), ["user", "security-officer", "-"]);
    assert_eq!(of(&events, "custody.sealed", "").len(), 3 + 2 + 3);
    let shares = of(&events, "share.issued", "");
    assert!(shares.iter().all(|share| share["salt_digest"].is_string() && share["secret"].is_string()));
    let salted: BTreeSet<&str> =
        shares.iter().map(|share| share["commitment_sha256"].as_str().unwrap()).collect();
    assert_eq!(salted.len(), 8);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);

    for pair in [["h1", "h2"], ["h3", "h1"], ["h2", "h3"]] {
        assert_eq!(combined(&table, &pair.map(|who| holders.of(who, "root-pin"))), USER);
    }
    assert_eq!(combined(&table, &["h1", "h2"].map(|who| holders.of(who, "root-so-pin"))), OFFICER);
    assert_eq!(combined(&table, &["h1", "h2", "h3"].map(|who| holders.of(who, "safe"))), CODE);
    nothing_is_left(&table, &ended, &holders);
}

#[test]
fn a_wrong_pin_is_not_divided_and_asked_for_again() {
    let table = table();
    let mut holders = Holders::default();
    let mut slips = 0;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let now = question.shown.contains("2.2 split-secret") || question.shown.contains("2.3 split-secret");
        match question.wanted {
            Wanted::Pin(_) | Wanted::OfficerPin(_) if now => {
                slips += 1;
                Some("another-pin".to_owned())
            }
            _ => holders.answer(question),
        }
    });
    let ended = ended.with(0);
    assert_eq!(slips, 2, "{}", ended.out);
    let events = events(&table);
    assert_eq!(of(&events, "auth.failed", "2.2").len(), 1);
    assert_eq!(of(&events, "auth.ok", "2.2").len(), 1);
    let notes = of(&events, "log.note", "2.3");
    let texts: Vec<&str> = notes.iter().map(|note| note["text"].as_str().unwrap()).collect();
    assert!(
        texts[0].starts_with("security officer's PIN: token `root`: the PIN is not the one"),
        "{texts:?}"
    );
    assert!(texts[1].contains("it took the security officer's PIN of"), "{texts:?}");
    assert_eq!(of(&events, "secret.split", "").len(), 3);
    assert_eq!(combined(&table, &["h3", "h2"].map(|who| holders.of(who, "root-pin"))), USER);
}

#[test]
fn a_holder_who_fails_gets_a_new_set_with_everybody() {
    let table = table();
    let mut holders = Holders::default();
    let mut failed = 0;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        if prompt.starts_with("h2") && failed < 5 {
            failed += 1;
            return Some("RR1 what".to_owned());
        }
        Some(answer)
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("type `new-set` to go on"), "{}", ended.out);
    let events = events(&table);
    let sets = of(&events, "secret.split", "2.2");
    assert_eq!(sets.len(), 2);
    assert_ne!(sets[0]["set_id"], sets[1]["set_id"]);
    let returned = of(&events, "share.returned", "2.2");
    let who: Vec<&str> = returned.iter().map(|data| data["holder"].as_str().unwrap()).collect();
    assert_eq!(who, ["h1", "h2"]);
    assert!(returned.iter().all(|data| data["set_id"] == sets[0]["set_id"]));
    // Nobody types the PIN again for that.
    assert_eq!(of(&events, "auth.ok", "2.2").len(), 1);
    assert_eq!(combined(&table, &["h3", "h2"].map(|who| holders.of(who, "root-pin"))), USER);
    nothing_is_left(&table, &ended, &holders);
}

#[test]
fn what_is_interrupted_before_everybody_confirmed_is_void_and_begun_anew() {
    let table = table();
    let mut holders = Holders::default();
    let mut stopped = false;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        // The second holder's bag.
        let bag = question.shown.contains("the number on the bag?") && question.shown.contains("-2\n");
        if !stopped && bag {
            stopped = true;
            return Some("no".to_owned());
        }
        holders.answer(question)
    });
    let _ = ended.with(3);
    let resumed = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    let said = "the shares of the secret `root-pin`, set ";
    assert!(resumed.out.contains(said), "{}", resumed.out);
    let events = events(&table);
    assert_eq!(of(&events, "secret.split", "2.2").len(), 2);
    assert_eq!(of(&events, "share.returned", "2.2").len(), 2);
    // The PIN is typed and proved anew.
    assert_eq!(of(&events, "auth.ok", "2.2").len(), 2);
    let note = &of(&events, "log.note", "2.2")[0]["text"];
    assert!(note.as_str().unwrap().contains("count for nothing: the ceremony was interrupted"), "{note}");
    assert_eq!(combined(&table, &["h3", "h2"].map(|who| holders.of(who, "root-pin"))), USER);
    nothing_is_left(&table, &resumed, &holders);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn what_is_interrupted_after_everybody_confirmed_goes_on() {
    let table = table();
    let mut holders = Holders::default();
    let mut stopped = false;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        // The last holder's bag.
        let bag = question.shown.contains("the number on the bag?") && question.shown.contains("-3\n");
        if !stopped && bag {
            stopped = true;
            return Some("no".to_owned());
        }
        holders.answer(question)
    });
    let _ = ended.with(3);
    let _ = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    let events = events(&table);
    assert_eq!(of(&events, "secret.split", "2.2").len(), 1);
    assert_eq!(of(&events, "custody.sealed", "2.2").len(), 3);
    assert!(of(&events, "share.returned", "").is_empty());
    assert_eq!(combined(&table, &["h3", "h2"].map(|who| holders.of(who, "root-pin"))), USER);
}

#[test]
fn a_rehearsal_divides_what_is_public() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let _ = table.run("rehearse script.yaml --out rehearsal").with(0);
    let log = table.read("rehearsal/ceremony-log/log.jsonl");
    assert_eq!(log.matches("\"ev\":\"secret.split\"").count(), 3);
    assert_eq!(log.matches("\"ev\":\"share.confirmed\"").count(), 3 + 2 + 3);
}

#[test]
fn what_cannot_be_is_found_while_planning() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let _ = table.run("check script.yaml").with(0);
    for (old, new, said) in [
        ("pin: user, ", "", "`pin` is missing: `user` or `security-officer`"),
        ("pin: user, ", "pin: user, ask: [ada], ", "`ask` goes without `token`"),
        ("secret: safe, ask: [ada]", "secret: safe", "`token` or `ask` is missing"),
        ("secret: safe, ask: [ada]", "secret: safe, ask: [ada], pin: user", "`pin` goes with `token`"),
        ("secret: root-so-pin", "secret: root-pin", "the secret `root-pin` is divided by an earlier step"),
        ("threshold: 3", "threshold: 1", "`threshold` is 1; wanted 2 to 3"),
        ("holders: [h1, h2]", "holders: [h1]", "found 1 holders; wanted 2 to 16"),
        ("token: root, pin: user", "token: rot, pin: user", "there is no token `rot`"),
    ] {
        let text = script();
        assert_eq!(text.matches(old).count(), 1, "{old}");
        table.write("script.yaml", text.replace(old, new));
        let error = table.run("check script.yaml").with(2).error;
        assert!(error.contains(said), "{said}\n{error}");
    }
    let text = script().replace("  root: {class: any", "  root: {class: any, pin: shares");
    table.write("script.yaml", text);
    let error = table.run("check script.yaml").with(2).error;
    assert!(error.contains("the PIN of token `root` is in shares already"), "{error}");
}

#[test]
fn a_pin_that_nobody_types_here_is_found_with_the_site() {
    let table = table();
    let site = table.read("site.yaml");
    let refused = |login: &str| {
        table.write("site.yaml", site.replacen("    login: pin\n    pin: prompt\n", login, 1));
        table.run("check script.yaml --site site.yaml").with(2).error
    };
    let pad = refused("    login: protected-path\n");
    assert!(pad.contains("step 2.2 divides the PIN of token `root`: it is typed at the token's own PIN pad"));
    assert!(
        pad.contains("step 2.3 divides the security officer's PIN of token `root`: it is typed"),
        "{pad}"
    );
    let none = refused("    login: none\n");
    assert!(none.contains("divides the PIN of token `root`: the token asks for none"), "{none}");
    assert!(!none.contains("step 2.3"), "{none}");
    table.write("site.yaml", &site);
    let _ = table.run("check script.yaml --site site.yaml").with(0);
}

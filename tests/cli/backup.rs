//! A key's backup: wrapped, shared, confirmed by every holder, restored, proved, sealed, and only then live.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rootrite::hsm::{AttributeName, Reading, Token as _, TokenError};
use rootrite::secret::Secret;
use serde_json::Value;

use crate::common::program::run;
use crate::common::softhsm::session;
use crate::common::{Ended, SoftHsm};
use crate::room::{Question, Room, Wanted};
use crate::table::{FIRST, OFFICER, SCRIPT, Table, USER};

pub const PRACTICE: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
pub const RESUME: &str = "resume --log log --plain";

/// The step that the tests change.
const STEP: &str = "      - back-up-key: {key: root-x1, threshold: 3, holders: [share-holder], restore-to: [spare], copies: 2}\n";

/// What a script says of these share holders.
pub fn people(holders: &[&str]) -> String {
    let lines: Vec<String> =
        holders.iter().map(|id| format!("  - {{id: {id}, role: share-holder}}\n")).collect();
    lines.concat()
}

/// Folders in the place of media; their paths.
pub fn media(table: &Table, numbers: [usize; 2]) -> [String; 2] {
    numbers.map(|number| {
        let folder = table.path(&format!("media/copy-{number}"));
        std::fs::create_dir_all(&folder).unwrap();
        folder.display().to_string()
    })
}

/// The small script with a root that is backed up 3 of 5, restored to a token `spare`.
pub fn script() -> String {
    let holders = people(&["h1", "h2", "h3", "h4", "h5"]);
    SCRIPT
        .replace(
            "  log: {class: any,",
            "  spare: {class: any, distinct-from: [root, log]}\n  log: {class: any,",
        )
        .replace("  - {id: wim,", &format!("{holders}  - {{id: wim,"))
        .replace(
            "algorithm: ecdsa-p384, backup: none}\n      - issue-root",
            &format!("algorithm: ecdsa-p384, backup: wrapped}}\n{STEP}      - issue-root"),
        )
}

/// A table with three tokens and folders in the place of media.
pub fn table() -> Table {
    let hsm =
        ["root", "log", "spare"].iter().fold(SoftHsm::new(), |hsm, name| hsm.token(name, USER, OFFICER));
    let table = Table::with(hsm);
    table.write("script.yaml", script());
    let table = table.now();
    let site = table.site();
    let (site, preflight) = site.split_once("preflight:").unwrap();
    let spare = site.split("  root:").nth(1).unwrap().split("  log:").next().unwrap();
    let spare = spare
        .replace("label: root", "label: spare")
        .replace(&table.serials()["root"], &table.serials()["spare"]);
    let media = format!("media:\n  root-x1-backup: [{}]\n", media(&table, [1, 2]).join(", "));
    table.write("site.yaml", format!("{site}  spare:{spare}{media}preflight:{preflight}"));
    table
}

/// The holders, with what each has written down.
#[derive(Default)]
pub struct Holders {
    pub sheets: BTreeMap<String, String>,
    /// Sheets of sets that count for nothing any more.
    pub old: Vec<String>,
    /// Everything that was asked of them.
    asked: Vec<String>,
}

impl Holders {
    pub fn answer(&mut self, question: &Question) -> Option<String> {
        if question.wanted == Wanted::Enter {
            if let Some((_, shown)) = question.shown.split_once("\u{1b}[?1049h") {
                let who = shown.split("\u{1b}[H").nth(1).unwrap().split(' ').next().unwrap();
                let rows = shown.split_once("\n\n").unwrap().1.split("\n\nPress Enter").next().unwrap();
                let words: Vec<&str> =
                    rows.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect();
                assert_eq!(words.len(), 33, "{shown}");
                self.old.extend(self.sheets.insert(who.to_owned(), words.join(" ")));
            }
            return None;
        }
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        self.asked.push(prompt.clone());
        self.sheets.get(prompt.split(' ').next().unwrap()).cloned()
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.sheets.values().chain(&self.old)
    }
}

pub fn events(table: &Table) -> Vec<Value> {
    let log = table.read("log/log.jsonl");
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn of<'e>(events: &'e [Value], ev: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["ev"] == ev).map(|event| &event["data"]).collect()
}

pub fn count(events: &[Value], ev: &str) -> usize {
    of(events, ev).len()
}

/// The key-encryption key, put together from sheets by the program's own command.
pub fn combined(table: &Table, sheets: &[&String]) -> Vec<u8> {
    let lines: Vec<&str> = sheets.iter().map(|sheet| sheet.as_str()).collect();
    table.write("shares", lines.join("\n") + "\n");
    let line = format!(
        "exec {} share combine --fd 3 --form octets --out-fd 4 3<shares 4>kek",
        env!("CARGO_BIN_EXE_rootrite")
    );
    let _ =
        run(std::process::Command::new("sh").current_dir(table.folder()).args(["-c", &line]), b"").with(0);
    let kek = std::fs::read(table.path("kek")).unwrap();
    for file in ["shares", "kek"] {
        std::fs::remove_file(table.path(file)).unwrap();
    }
    assert_eq!(kek.len(), 32);
    kek
}

/// That no two neighbouring words of a share, no key-encryption key and no PIN is in a file, or on the screen but where it
/// was shown to one person.
pub fn nothing_is_left(table: &Table, ended: &Ended, holders: &Holders, kek: Option<&[u8]>) {
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for part in ended.both().split("\u{1b}[?1049h").map(|part| part.rsplit("\u{1b}[?1049l").next().unwrap()) {
        texts.push(("the screen".to_owned(), part.as_bytes().to_vec()));
    }
    for (path, octets) in table.everything() {
        texts.push((path.display().to_string(), octets));
    }
    let mut secrets: BTreeSet<Vec<u8>> = BTreeSet::new();
    for sheet in holders.all() {
        let words: Vec<&str> = sheet.split(' ').collect();
        // The first words say which set it is: they are the same on every sheet, and the log says it too.
        for pair in words[3..].windows(2) {
            secrets.extend(
                [pair.join(" "), pair.join("-"), pair.join("\n"), pair.concat()].map(String::into_bytes),
            );
        }
    }
    if let Some(kek) = kek {
        let hex = rootrite::digest::hex(kek);
        secrets.extend([kek.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    }
    secrets.extend([USER, FIRST, OFFICER].map(|pin| pin.as_bytes().to_vec()));
    for (name, octets) in &texts {
        for secret in &secrets {
            let found = octets.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "`{}` is in {name}", String::from_utf8_lossy(secret));
        }
    }
}

#[test]
fn a_key_is_live_after_every_holder_confirmed_a_restore_proved_itself_and_it_was_sealed() {
    let table = table();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    assert_eq!(holders.sheets.keys().collect::<Vec<_>>(), ["h1", "h2", "h3", "h4", "h5"]);
    let events = events(&table);
    let of_step: Vec<&str> = events
        .iter()
        .filter(|event| event["step"] == "2.2")
        .map(|event| event["ev"].as_str().unwrap())
        .filter(|ev| !ev.starts_with("custody") && !ev.starts_with("auth") && *ev != "quorum.met")
        .collect();
    let shares = ["share.issued", "share.confirmed"].repeat(5);
    let wanted = [
        vec!["step.begin", "key.backup.intent", "key.backup"],
        shares,
        vec!["share.checked"; 3],
        vec!["key.restore.intent", "key.restored", "key.proof.intent", "key.proved"],
        ["media.write.intent", "media.written"].repeat(2),
        vec!["key.seal.intent", "key.sealed", "key.live", "step.end"],
    ];
    assert_eq!(of_step, wanted.concat());
    // Every sheet and every medium is in its bag, and the sheets of those who were drawn in another one afterwards.
    assert_eq!((count(&events, "custody.sealed"), count(&events, "custody.opened")), (5 + 3 + 2, 3));
    let generated = of(&events, "key.generated");
    let root = generated.iter().find(|data| data["label"] == "root-x1").unwrap();
    assert_eq!(root["attributes"]["extractable"], true);
    let sealed = of(&events, "key.sealed")[0];
    assert_eq!(sealed["attributes"]["extractable"], false);
    assert_eq!(
        (&sealed["how"], &sealed["wrap_refused"]),
        (&"extractable-cleared".into(), &"CKR_KEY_UNEXTRACTABLE".into())
    );
    // Until it was live it signed nothing but two proofs.
    let at = |ev: &str| events.iter().position(|event| event["ev"] == ev).unwrap();
    let live = events
        .iter()
        .position(|event| event["ev"] == "key.live" && event["data"]["spki_sha256"] == sealed["spki_sha256"]);
    assert!(live.unwrap() < at("cert.sign.intent"));
    let bundle = table.run("verify out/bundle-practice-test-ceremony").with(0);
    assert!(bundle.out.contains("W203"), "{}", bundle.out);

    // The wrapped key is on its media and nowhere else.
    let blob = of(&events, "key.backup")[0]["blob_sha256"].as_str().unwrap();
    let with_blob: Vec<PathBuf> = table
        .everything()
        .into_iter()
        .filter(|(_, octets)| octets.starts_with(b"rootrite-backup"))
        .map(|(path, octets)| {
            assert_eq!(rootrite::digest::Digest::of(&octets).to_string(), blob);
            path.strip_prefix(table.folder()).unwrap().to_owned()
        })
        .collect();
    assert_eq!(with_blob, ["media/copy-1/root-x1.backup", "media/copy-2/root-x1.backup"].map(PathBuf::from));

    let kek = combined(&table, &[&holders.sheets["h5"], &holders.sheets["h1"], &holders.sheets["h4"]]);
    nothing_is_left(&table, &ended, &holders, Some(&kek));

    // On the token the original leaves no more, and on the other one the copy never could.
    leaves_no_more(&table, root["id"].as_str().unwrap(), &kek);
}

/// That neither token with the key of an id lets it go, under the key that it left under before.
fn leaves_no_more(table: &Table, id: &str, kek: &[u8]) {
    let process = table.hsm.start();
    let kek = Secret::<32>::fill(|octets| octets.copy_from_slice(kek));
    let id: rootrite::hsm::KeyId = id.parse().unwrap();
    for token in ["root", "spare"] {
        let mut token = session(&process, token, USER);
        let there = token.key(&id).unwrap();
        assert_eq!(there.private.0.get(&AttributeName::Extractable), Some(&Reading::Flag(false)));
        assert!(matches!(token.wrap_key(&id, &kek, 0x210a), Err(TokenError::Code { .. })));
    }
    process.stop().unwrap();
}

#[test]
fn a_wrong_word_is_named_by_its_place_and_a_wrong_share_by_its_holder() {
    let table = table();
    let mut holders = Holders::default();
    let mut slips = Vec::new();
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        if slips.contains(prompt) {
            return Some(answer);
        }
        slips.push(prompt.clone());
        let mut words: Vec<&str> = answer.split(' ').collect();
        if prompt.contains("back; an empty line") {
            match prompt.split(' ').next() {
                Some("h2") => words[6] = if words[6] == "academic" { "acid" } else { "academic" },
                Some("h3") => words[9..=11].rotate_left(1),
                Some("h4") => return Some(holders.sheets["h1"].clone()),
                _ => {}
            }
            return Some(words.join(" "));
        }
        // Whoever is drawn first types the share of another first.
        let other = if prompt.contains("h1") { "h2" } else { "h1" };
        (slips.iter().filter(|prompt| prompt.contains("type your share")).count() == 1)
            .then(|| holders.sheets[other].clone())
            .or(Some(answer))
    });
    let ended = ended.with(0);
    for wanted in
        ["! h2: word 7 is not the one that was shown", "! h3: words 10, 11, 12 are not those that were shown"]
    {
        assert!(ended.out.contains(wanted), "{wanted}\n{}", ended.out);
    }
    assert!(ended.out.contains("! h4: this is a share, but not the one that was shown"), "{}", ended.out);
    assert!(ended.out.contains("each holder types the one that the log says"), "{}", ended.out);
    let kek = combined(&table, &[&holders.sheets["h5"], &holders.sheets["h1"], &holders.sheets["h4"]]);
    nothing_is_left(&table, &ended, &holders, Some(&kek));
}

#[test]
fn a_holder_who_fails_gets_a_new_set_with_everybody() {
    let table = table();
    let mut holders = Holders::default();
    let mut failed = 0;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        if prompt.starts_with("h3") && failed < 5 {
            failed += 1;
            return Some("what is that".to_owned());
        }
        Some(answer)
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("type `new-set` to go on"), "{}", ended.out);
    let events = events(&table);
    let sets: Vec<&str> =
        of(&events, "key.backup").iter().map(|data| data["set_id"].as_str().unwrap()).collect();
    assert_eq!(sets.len(), 2);
    assert_ne!(sets[0], sets[1]);
    let returned = of(&events, "share.returned");
    assert_eq!(
        returned.iter().map(|data| data["holder"].as_str().unwrap()).collect::<Vec<_>>(),
        ["h1", "h2", "h3"]
    );
    assert!(returned.iter().all(|data| data["set_id"] == sets[0]));
    assert_eq!((count(&events, "share.issued"), count(&events, "share.confirmed")), (3 + 5, 2 + 5));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    // Of the first set nothing opens anything: its file is nowhere.
    let blobs = of(&events, "key.backup").iter().map(|data| data["blob_sha256"].clone()).collect::<Vec<_>>();
    assert_ne!(blobs[0], blobs[1]);
    for (path, octets) in table.everything() {
        assert_ne!(
            blobs[0],
            rootrite::digest::Digest::of(&octets).to_string().as_str(),
            "{}",
            path.display()
        );
    }
    nothing_is_left(&table, &ended, &holders, None);
}

/// Somebody says no at a question; then it is resumed. What was shown.
fn interrupted(table: &Table, holders: &mut Holders, at: impl Fn(&Question) -> bool) -> Ended {
    let mut stopped = false;
    let ended = Room::open(table, PRACTICE).go_on(|question| {
        if !stopped && at(question) {
            stopped = true;
            return Some("no".to_owned());
        }
        holders.answer(question)
    });
    let _ = ended.with(3);
    Room::open(table, RESUME).go_on(|question| holders.answer(question)).with(0)
}

#[test]
fn a_holder_who_is_late_is_missed_before_the_key_is_wrapped_and_comes_in_afterwards() {
    let table = table();
    let mut holders = Holders::default();
    let late = |question: &Question| question.shown.contains("h4 (share-holder): Are you here?");
    let mut said_no = false;
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        if !said_no && late(question) {
            said_no = true;
            return Some("no".to_owned());
        }
        holders.answer(question)
    });
    let ended = ended.with(3);
    assert!(ended.out.contains("not here: h4 (share-holder)"), "{}", ended.out);
    assert!(
        ended.out.contains("`h4` is not in the room; the backup of the key `root-x1` is dealt"),
        "{}",
        ended.out
    );
    assert_eq!(count(&events(&table), "key.backup.intent"), 0);
    let _ = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    assert_eq!(holders.sheets.keys().collect::<Vec<_>>(), ["h1", "h2", "h3", "h4", "h5"]);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

#[test]
fn what_is_interrupted_before_everybody_confirmed_is_void_and_said_so() {
    let table = table();
    let mut holders = Holders::default();
    let resumed = interrupted(&table, &mut holders, |question| {
        question.shown.contains("share 3 of 5") && question.shown.contains("the number on the bag?")
            || question.shown.contains("the number on the bag?") && question.shown.contains("-3\n")
    });
    let said = "count for nothing: the ceremony was interrupted before all of them were confirmed";
    assert!(resumed.out.contains(said), "{}", resumed.out);
    let events = events(&table);
    assert_eq!((count(&events, "key.backup"), count(&events, "share.returned")), (2, 3));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &resumed, &holders, None);
}

#[test]
fn what_is_interrupted_after_everybody_confirmed_goes_on() {
    let table = table();
    let mut holders = Holders::default();
    let resumed =
        interrupted(&table, &mut holders, |question| question.shown.contains("Insert an empty medium"));
    assert!(!resumed.out.contains("count for nothing"), "{}", resumed.out);
    let events = events(&table);
    assert_eq!((count(&events, "key.backup"), count(&events, "share.issued")), (1, 5));
    // The key was restored before: nobody is asked for a share again.
    assert_eq!((count(&events, "share.checked"), count(&events, "key.restored")), (3, 1));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &resumed, &holders, None);
}

#[test]
fn what_cannot_be_is_found_while_planning_by_line_and_column() {
    let table = Table::without_tokens();
    let wrong = |old: &str, new: &str| {
        let script = script();
        assert_eq!(script.matches(old).count(), 1, "{old}");
        table.write("script.yaml", script.replace(old, new));
        table.run("check script.yaml").with(2).error
    };
    let root = STEP.trim_start();
    for (old, new, line, said) in [
        (
            root,
            "- instruct: {who: ada, text: Nothing.}\n",
            31,
            "key `root-x1` waits for its backup, and no `back-up-key` step follows",
        ),
        ("threshold: 3", "threshold: 1", 32, "`threshold` is 1; wanted 2 to 5, as many as there are holders"),
        ("threshold: 3", "threshold: 6", 32, "`threshold` is 6; wanted 2 to 5"),
        ("holders: [share-holder]", "holders: [h1]", 32, "found 1 holders; wanted 2 to 16"),
        (
            "holders: [share-holder]",
            "holders: [h1, h2, h1]",
            32,
            "`h1` holds two shares; each holder has one",
        ),
        (
            "restore-to: [spare]",
            "restore-to: [root]",
            32,
            "a restore to `root` proves nothing: the key is there already",
        ),
        ("restore-to: [spare], ", "", 32, "`restore-to` is missing"),
        (
            "spare: {class: any, distinct-from: [root, log]}",
            "spare: {class: any}",
            32,
            "tokens `spare` and `root` may be the same device",
        ),
        ("copies: 2", "copies: 0", 32, "`copies` is 0; wanted 1 to 20"),
        ("copies: 2", "copies: 2, what: cloning", 32, "`what` goes with `method: vendor`"),
        (
            "copies: 2",
            "method: vendor",
            32,
            "is generated with `backup: wrapped`; wanted `method: wrapped` here",
        ),
    ] {
        let error = wrong(old, new);
        assert!(error.contains(said), "{said}\n{error}");
        assert!(error.contains(&format!("script.yaml:{line}:")), "{said}\n{error}");
    }
}

#[test]
fn no_step_signs_with_a_key_before_it_is_live() {
    let table = Table::without_tokens();
    // The backup stands behind what signs.
    let script = script().replace(STEP, "");
    let script = script.replace("      - witness: {}\n", &format!("{STEP}      - witness: {{}}\n"));
    table.write("script.yaml", script);
    let refused = table.run("check script.yaml").with(2);
    let said =
        "key `root-x1` is not live here: its backup is not proven; wanted its `back-up-key` before this step";
    assert!(refused.error.contains(said), "{}", refused.error);
    assert!(refused.error.contains("script.yaml:33:16"), "{}", refused.error);
}

#[test]
fn what_a_make_cannot_wrap_is_found_with_the_site() {
    let table = table();
    table.change(
        "script.yaml",
        "policy: private",
        "policy: private # and a key that SoftHSM 2.6.1 does not wrap",
    );
    let site = table.read("site.yaml");
    let refused = |site: String| {
        table.write("site.yaml", site);
        table.run("check script.yaml --site site.yaml").with(2).error
    };
    let unknown = refused(site.replacen("    label: root\n", "    label: root\n    quirks: standard\n", 1));
    assert!(unknown.contains("token `root`, for step 2.2: nobody has said how it wraps keys"), "{unknown}");
    let other = "    label: spare\n    quirks: {like: softhsm-2.6, wrap: [{format: rfc3394-pkcs7, mechanism: 0x210a}]}\n";
    let none = refused(site.replacen("    label: spare\n", other, 1));
    assert!(none.contains("no format in which it wraps a key is one that spare take"), "{none}");
    let no_p384 = "    label: spare\n    quirks: {like: softhsm-2.6, unwrappable: [ecdsa-p384]}\n";
    let lacking = refused(site.replacen("    label: spare\n", no_p384, 1));
    assert!(lacking.contains("wraps no ecdsa-p384 key and takes none back"), "{lacking}");
    let no_media =
        refused(site.split("media:").next().unwrap().to_owned() + "preflight: {minimum-free: 1 MiB}\n");
    assert!(no_media.contains("the script's medium `root-x1-backup` is missing under `media`"), "{no_media}");
    table.write("site.yaml", &site);
    let _ = table.run("check script.yaml --site site.yaml").with(0);
}

#[test]
fn a_vendor_s_backup_stands_behind_the_same_gate() {
    let vendor = "      - back-up-key: {key: root-x1, method: vendor, what: cloning with the vendor's tool, restore-to: [spare], evidence: root-x1-cloning}\n";
    let table = Table::without_tokens();
    table.write("script.yaml", script().replace("backup: wrapped", "backup: vendor").replace(STEP, vendor));
    let _ = table.run("rehearse script.yaml --out out").with(0);
    let log = table.read("out/ceremony-log/log.jsonl");
    for wanted in
        ["\"ev\":\"key.backup\"", "\"format\":\"vendor\"", "rehearsal: `root-x1` was not copied to `spare`"]
    {
        assert!(log.contains(wanted), "{wanted}");
    }
    // With people the copy has to be there: it is not, because no vendor's tool has made one.
    let room = self::table();
    room.write(
        "script.yaml",
        room.read("script.yaml").replace("backup: wrapped", "backup: vendor").replace(STEP, vendor),
    );
    room.write("evidence", "what the vendor's tool says");
    let site = room.read("site.yaml");
    let (before, after) = (site.split("media:").next().unwrap(), site.split("preflight").nth(1).unwrap());
    room.write("site.yaml", format!("{before}preflight{after}"));
    let ended = Room::open(&room, PRACTICE).go_on(|question| {
        (question.wanted == Wanted::Text && question.shown.contains("Which file is it?"))
            .then(|| "evidence".to_owned())
    });
    let ended = ended.with(4);
    assert!(ended.out.contains("token `spare` has 0 keys of its public half; wanted 1"), "{}", ended.out);
    let events = events(&room);
    let (root, live) = (of(&events, "key.backup")[0]["spki_sha256"].clone(), of(&events, "key.live"));
    assert!(live.iter().all(|data| data["spki_sha256"] != root), "{live:?}");
    assert_eq!(count(&events, "cert.sign.intent"), 0);
}

/// A later ceremony of the same log, with these steps.
pub fn later(name: &str, holders: &[&str], steps: &str) -> String {
    let people = people(holders);
    format!(
        "rootrite: 1\nceremony: {name}\ntitle: After the backup\npolicy: private\n{}\ntokens:\n  root: {{class: any}}\n  \
         drill: {{class: any, distinct-from: [root, log]}}\n  log: {{class: any, distinct-from: [root]}}\npeople:\n  - {{id: ada, role: \
         ceremony-administrator}}\n  - {{id: bo, role: crypto-officer}}\n  - {{id: cy, role: crypto-officer}}\n  - {{id: wim, role: \
         external-witness}}\n{people}quorum: {{crypto-officer: 1, external-witness: 1}}\napprovals: {{plan: {{crypto-officer: 2}}, method: typed}}\n\
         acts:\n  - act: Opening\n    steps:\n      - roll-call: {{}}\n      - confirm-clock: {{sources: 1}}\n      - confirm-log: {{}}\n  \
         - act: Backup\n    steps:\n{steps}  - act: Closing\n    steps:\n      - witness: {{}}\n      - seal: {{}}\n",
        crate::table::window(1)
    )
}

/// A table after the first ceremony, with a blank page for the next: its script, and a site with a token `drill`.
pub fn table_after(holders: &mut Holders) -> Table {
    let table = table();
    let _ = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    table
}

pub fn site_for_later(table: &Table) {
    let site = table.read("site.yaml");
    // The token `spare` was only there to prove the backup: a new one takes its part.
    let drill = SoftHsm::module();
    assert!(drill.is_file());
    table.write("later.yaml.site", site.replace("  spare:", "  drill:"));
}

pub const LATER: &str = "run later.yaml --site later.yaml.site --log log --out out-2 --practice --plain";

/// What somebody answers in a later ceremony: the head's words are on paper.
pub fn on_paper(table: &Table, question: &Question) -> Option<String> {
    if question.wanted != Wanted::Words || !question.shown.contains("Type all words") {
        return None;
    }
    let head = table.run("log head log").with(0).out;
    Some(head.lines().find_map(|line| line.trim().strip_prefix("in words")).unwrap().trim().to_owned())
}

#[test]
fn shares_are_checked_and_a_key_is_restored_in_a_later_ceremony() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let steps = "      - check-shares: {key: root-x1, holders: [h1, h2]}\n      - restore-key: {key: root-x1, to: [drill], copy: 2}\n";
    table.write("later.yaml", later("drill", &["h1", "h2", "h3"], steps));
    // `spare` has the key already; it is emptied as a new device would be.
    let process = table.hsm.start();
    let mut spare = session(&process, "spare", USER);
    let id = of(&events(&table), "key.restored")[0]["id"].as_str().unwrap().parse().unwrap();
    spare.destroy_objects(&id).unwrap();
    drop(spare);
    process.stop().unwrap();
    let mut wrong = 0;
    let ended = Room::open(&table, LATER).go_on(|question| {
        if let Some(words) = on_paper(&table, question) {
            return Some(words);
        }
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return None };
        // `h2` has lost the sheet.
        if prompt.starts_with("h2") && wrong < 1 {
            wrong += 1;
            return Some(String::new());
        }
        Some(answer)
    });
    let ended = ended.with(0);
    let all = events(&table);
    let anomalies = of(&all, "log.anomaly");
    assert_eq!(anomalies.len(), 1, "{anomalies:?}");
    assert_eq!(anomalies[0]["text"].as_str().unwrap().split('`').nth(1), Some("h2"));
    assert_eq!((count(&all, "key.restored"), count(&all, "key.sealed")), (2, 1));
    let restored = of(&all, "key.restored")[1];
    assert_eq!(
        (&restored["token"], &restored["attributes"]["extractable"]),
        (&"drill".into(), &false.into())
    );
    let _ = table.run("verify out-2/bundle-practice-drill").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}

pub const ALL: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

#[test]
fn a_new_set_under_the_same_key_takes_the_place_of_the_old_one() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let before = holders.sheets.clone();
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let ended = Room::open(&table, LATER)
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)))
        .with(0);
    let all = events(&table);
    let backups = of(&all, "key.backup");
    assert_eq!((backups.len(), &backups[0]["blob_sha256"]), (2, &backups[1]["blob_sha256"]));
    assert_eq!(backups[0]["kcv"], backups[1]["kcv"]);
    // Every old sheet is typed, then every new one; two are drawn; only then the old ones go.
    let of_step: Vec<&str> = all
        .iter()
        .filter(|event| event["step"] == "2.1" && event["cer"] == "refresh")
        .map(|event| event["ev"].as_str().unwrap())
        .filter(|ev| ev.starts_with("share.") || ev.starts_with("key."))
        .collect();
    let wanted = [
        vec!["share.checked"; 5],
        vec!["key.backup.intent", "key.backup"],
        ["share.issued", "share.confirmed"].repeat(3),
        vec!["share.checked"; 2],
        vec!["share.returned"; 5],
    ];
    assert_eq!(of_step, wanted.concat());
    let _ = table.run("verify out-2/bundle-practice-refresh").with(0);
    let kek = combined(&table, &[&holders.sheets["h6"], &holders.sheets["h1"]]);
    assert_eq!(kek, combined(&table, &[&before["h1"], &before["h2"], &before["h3"]]));
    nothing_is_left(&table, &ended, &holders, Some(&kek));
}

#[test]
fn a_new_holder_who_is_late_is_missed_before_an_old_sheet_is_typed() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let before = (count(&events(&table), "share.checked"), count(&events(&table), "custody.opened"));
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let ended = Room::open(&table, LATER).go_on(|question| {
        let late = question.shown.contains("h6 (share-holder): Are you here?");
        if late { Some("no".into()) } else { on_paper(&table, question).or_else(|| holders.answer(question)) }
    });
    let ended = ended.with(3);
    let said =
        "`h6` is not in the room; the backup of the key `root-x1` is dealt to all its holders together";
    assert!(ended.out.contains(said), "{}", ended.out);
    let all = events(&table);
    assert_eq!((count(&all, "share.checked"), count(&all, "custody.opened")), before);
    let _ = Room::open(&table, RESUME)
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)))
        .with(0);
    let _ = table.run("verify out-2/bundle-practice-refresh").with(0);
}

#[test]
fn where_a_sheet_is_lost_the_key_is_wrapped_anew_and_every_old_copy_is_accounted_for() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let media = media(&table, [3, 4]);
    let site = table.read("later.yaml.site");
    let new = format!("media:\n  root-x1-second: [{}]\n", media.join(", "));
    table.write("later.yaml.site", site.replace("media:\n", &new));
    // Nobody had said that the sheet of `h2` is lost: nothing changes.
    table.write(
        "later.yaml",
        later(
            "refresh",
            &ALL,
            "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h3, h6]}\n",
        ),
    );
    let before = holders.sheets.clone();
    let stopped = Room::open(&table, LATER)
        .go_on(|question| {
            let lost = matches!(&question.wanted, Wanted::Secret(prompt) if prompt.starts_with("h2"));
            on_paper(&table, question)
                .or_else(|| if lost { Some(String::new()) } else { holders.answer(question) })
        })
        .with(3);
    assert!(
        stopped.out.contains(
            "the sheet of `h2` is missing or wrong; nothing has changed. Plan again with `lost: [h2]`"
        ),
        "{}",
        stopped.out
    );
    let ended = Room::open(&table, "resume --log log --close aborted --plain")
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)));
    let _ = ended.with(0);
    assert_eq!(holders.sheets, before);
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h3, h6], lost: [h2], lost-copies: [1], medium: root-x1-second}\n";
    table.write("later.yaml", later("refresh-2", &ALL, steps));
    let ended = Room::open(&table, &LATER.replace("out-2", "out-3"))
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)))
        .with(0);
    let all = events(&table);
    let backups = of(&all, "key.backup");
    assert_eq!(backups.len(), 2);
    for differs in ["blob_sha256", "kcv", "set_id"] {
        assert_ne!(backups[0][differs], backups[1][differs], "{differs}");
    }
    let destroyed = of(&all, "media.destroyed");
    let copies: Vec<(&str, bool)> = destroyed
        .iter()
        .map(|data| (data["medium"].as_str().unwrap(), data["lost"].as_bool().unwrap()))
        .collect();
    assert_eq!(copies, [("root-x1-backup-1", true), ("root-x1-backup-2", false)]);
    assert_eq!(count(&all, "share.returned"), 4);
    for medium in &media {
        let octets = std::fs::read(std::path::Path::new(medium).join("root-x1.backup")).unwrap();
        assert_eq!(backups[1]["blob_sha256"], rootrite::digest::Digest::of(&octets).to_string().as_str());
    }
    let _ = table.run("verify out-3/bundle-practice-refresh-2").with(0);
    let kek = combined(&table, &[&holders.sheets["h6"], &holders.sheets["h1"]]);
    assert_ne!(kek, combined(&table, &[&before["h1"], &before["h2"], &before["h3"]]));
    nothing_is_left(&table, &ended, &holders, Some(&kek));
}

#[test]
fn a_refresh_is_rehearsed_between_the_backup_and_a_drill() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let window =
        |day: u32| format!("window: {{from: 2026-11-{day:02}T08:00:00Z, to: 2026-11-{day:02}T20:00:00Z}}");
    let write = |name: &str, day: u32, steps: &str| {
        let script = later(name, &ALL, steps).replace(&crate::table::window(1), &window(day));
        table.write(&format!("{name}.yaml"), script);
    };
    write("same", 3, "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n");
    write(
        "anew",
        4,
        "      - refresh-shares: {key: root-x1, threshold: 3, holders: [h1, h2, h3], lost: [h6], medium: root-x1-second}\n",
    );
    write(
        "drill",
        5,
        "      - check-shares: {key: root-x1}\n      - restore-key: {key: root-x1, to: [drill]}\n",
    );
    let _ = table.run("rehearse script.yaml same.yaml anew.yaml drill.yaml --out all --quiet").with(0);
    let log = table.read("all/ceremony-log/log.jsonl");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (count(&events, "key.backup"), count(&events, "key.restored"), count(&events, "media.destroyed")),
        (3, 2, 2)
    );
    let checks: BTreeSet<&str> =
        of(&events, "key.backup").iter().map(|data| data["kcv"].as_str().unwrap()).collect();
    assert_eq!(checks.len(), 2);
}

#[test]
fn what_a_later_ceremony_cannot_do_is_found_while_planning() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let rehearsed = table.run("rehearse script.yaml --out first").with(0);
    assert!(rehearsed.error.is_empty(), "{}", rehearsed.error);
    let wrong = |holders: &[&str], steps: &str, said: &str| {
        table.write("later.yaml", later("drill", holders, steps));
        let error = table.run("check later.yaml --log first/ceremony-log").with(2).error;
        assert!(error.contains(said), "{said}\n{error}");
    };
    let all = ["h1", "h2", "h3", "h4", "h5"];
    wrong(&all[..2], "      - restore-key: {key: root-x1, to: [drill]}\n", "2 of the holders of set ");
    wrong(
        &all,
        "      - restore-key: {key: root-x1, to: [drill], copy: 3}\n",
        "`copy` is 3; the log knows 2 of this key",
    );
    wrong(
        &all,
        "      - restore-key: {key: e1, to: [drill]}\n",
        "the log knows no backup of the key `e1` in shares",
    );
    wrong(&all, "      - check-shares: {key: root-x1, holders: [ada]}\n", "`ada` holds no share of set ");
    wrong(&all[..4], "      - check-shares: {key: root-x1}\n", "`h5` holds a share of set ");
    let refresh = |rest: &str| {
        format!("      - refresh-shares: {{key: root-x1, threshold: 2, holders: [h1, h2]{rest}}}\n")
    };
    wrong(&all[..4], &refresh(""), "wanted them there, or under `lost`");
    wrong(&all, &refresh(", medium: other"), "`medium` goes with `lost` or `lost-copies`");
    wrong(&all, &refresh(", lost: [h1]"), "`medium` is missing: another name than `root-x1-backup`");
    wrong(&all, &refresh(", lost: [h1, h2, h3], medium: other"), "2 sheets of set ");
    wrong(&all, &refresh(", lost: [h9], medium: other"), "`h9` holds no share of set ");
    wrong(&all, &refresh(", lost-copies: [1, 2], medium: other"), "every copy is lost");
    wrong(&all, &refresh(", lost-copies: [3], medium: other"), "there is no copy 3; the log knows 2");
}

#[test]
fn a_drill_is_rehearsed_after_the_ceremony_that_it_is_about() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let steps = "      - check-shares: {key: root-x1}\n      - restore-key: {key: root-x1, to: [drill]}\n";
    let from = "2026-11-03T08:00:00Z, to: 2026-11-04T20:00:00Z";
    let script = later("drill", &["h1", "h2", "h3", "h4", "h5"], steps);
    table.write("later.yaml", script.replace(&crate::table::window(1), &format!("window: {{from: {from}}}")));
    let _ = table.run("rehearse script.yaml later.yaml --out both").with(0);
    let log = table.read("both/ceremony-log/log.jsonl");
    assert_eq!(log.matches("\"ev\":\"key.restored\"").count(), 2);
    assert_eq!(log.matches("\"ev\":\"log.anomaly\"").count(), 0, "{log}");
}

/// With nothing of this program: the commands of the guide, SLIP-39's reference implementation, openssl, and the sheets.
#[test]
fn a_key_comes_back_with_nothing_of_this_program() {
    let python =
        std::env::var_os("ROOTRITE_SHAMIR_MNEMONIC").map(PathBuf::from).filter(|python| python.exists());
    let Some(python) = python else {
        crate::common::program::skipped(
            "ROOTRITE_SHAMIR_MNEMONIC names no Python with shamir-mnemonic; scripts/test sets it",
        );
        return;
    };
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    let all = events(&table);
    // All that remains are three sheets, one medium and the guide.
    let elsewhere = tempfile::tempdir().unwrap();
    let sheets = ["h2", "h5", "h3"].map(|who| holders.sheets[who].clone()).join("\n");
    std::fs::write(elsewhere.path().join("sheets.txt"), sheets).unwrap();
    std::fs::copy(table.path("media/copy-2/root-x1.backup"), elsewhere.path().join("root-x1.backup"))
        .unwrap();
    let guide = include_str!("../../docs/guide/recovery.md");
    let block = |after: &str| {
        let rest = guide.split_once(after).unwrap().1.split_once("```sh\n").unwrap().1;
        rest.split_once("```").unwrap().0.to_owned()
    };
    let commands = block("## With nothing of ours").replace("python3", &python.display().to_string());
    let check = block("The check value says");
    let line = format!("set -e\n{commands}\n{check}");
    let ended =
        run(std::process::Command::new("bash").current_dir(elsewhere.path()).args(["-c", &line]), b"")
            .with(0);
    assert_eq!(ended.out.trim(), of(&all, "key.backup")[0]["kcv"].as_str().unwrap());
    let found = std::fs::read_to_string(elsewhere.path().join("found.pem")).unwrap();
    let certificate = table.path("out/certificates/root-x1.pem");
    let key = run(
        std::process::Command::new("openssl").args(["x509", "-noout", "-pubkey", "-in"]).arg(certificate),
        b"",
    );
    assert_eq!(key.with(0).out, found);
    // What came back signs as the root.
    let sign = "openssl dgst -sha384 -sign key.der -keyform DER -out signature sheets.txt && openssl dgst -sha384 -verify found.pem -signature signature sheets.txt";
    let signed = run(std::process::Command::new("sh").current_dir(elsewhere.path()).args(["-c", sign]), b"");
    assert!(signed.with(0).out.contains("Verified OK"));
}

#[test]
fn what_would_lose_a_key_is_said_from_the_log_alone() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let _ = table.run("rehearse script.yaml --out first --quiet").with(0);
    let said = table.run("survive --log first/ceremony-log").with(0).out;
    let root = said.split_once("root-x1\n").unwrap().1;
    for wanted in [
        "  tokens  root, spare\n  shares  3 of 5, set ",
        ": h1, h2, h3, h4, h5\n  media   root-x1-backup-1, root-x1-backup-2\n",
        "  lost if every token is lost (2), and 3 sheets or all 2 media\n  what loses it alone: nothing\n",
    ] {
        assert!(root.contains(wanted), "{wanted}\n{said}");
    }
    assert!(
        said.contains("e1\n  tokens  root\n  lost if every token is lost (1)\n  what loses it alone: root\n"),
        "{said}"
    );
    let _ = table
        .run("survive --log first/ceremony-log --without spare,h1,h2,h3,root-x1-backup-1,root-x1-backup-2")
        .with(0);
    let lost = table.run("survive --log first/ceremony-log --without root,spare,h1,h2,h3").with(5);
    assert!(
        lost.error.contains("the key `root-x1` is lost") && lost.out.contains("it is LOST"),
        "{}",
        lost.both()
    );
    let unknown = table.run("survive --log first/ceremony-log --without cellar").with(2);
    assert!(unknown.error.contains("the log knows no `cellar`"), "{}", unknown.error);
}

#[test]
fn what_is_kept_together_is_tried_together() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let _ = table.run("rehearse script.yaml --out first --quiet").with(0);
    let try_places = |places: &str| {
        table.write("places.yaml", format!("rootrite-places: 1\nplaces:\n{places}"));
        table.run("survive --log first/ceremony-log --places places.yaml")
    };
    // `e1` is in one token and nowhere else.
    let good =
        try_places("  site-a: [spare, h1, h2, root-x1-backup-1]\n  site-b: [h3, h4, root-x1-backup-2]\n")
            .with(0);
    let root = good.out.split_once("root-x1\n").unwrap().1;
    assert!(root.contains("  without what `site-a` has: it survives\n"), "{}", good.out);
    assert!(root.contains("  without what `site-b` has: it survives\n"), "{}", good.out);
    assert_eq!(good.out.lines().last(), Some("in no place of the file: h5, log, root"));
    let bad = try_places("  site-a: [root, spare, h1, h2, h3]\n  site-b: [h4, h5]\n").with(5);
    assert!(bad.error.contains("the key `root-x1` is lost without what `site-a` has"), "{}", bad.error);
    assert!(!bad.error.contains("site-b"), "{}", bad.error);
    // What is named beside the places is lost at the same time.
    table.write("places.yaml", "rootrite-places: 1\nplaces: {site-a: [spare, h1, h2, h3]}\n");
    let with_root = table.run("survive --log first/ceremony-log --places places.yaml --without root").with(5);
    assert!(
        with_root.error.contains("the key `root-x1` is lost without what `site-a` has"),
        "{}",
        with_root.error
    );
    let wrong = try_places("  site-a: [cellar, h1]\n  site-b: [h1]\n").with(2);
    assert!(wrong.error.contains("places.yaml:3:12: the log knows no `cellar`"), "{}", wrong.error);
    assert!(wrong.error.contains("places.yaml:4:12: `h1` is in `site-a` already"), "{}", wrong.error);
}

/// Where the system would write a core file into the folder, a program that is killed with one in its hands writes none.
#[test]
fn a_program_that_dies_while_a_holder_types_leaves_no_core_file() {
    let table = table();
    let elsewhere = tempfile::tempdir().unwrap();
    let abort = "ulimit -c unlimited; kill -ABRT $$";
    let _ =
        std::process::Command::new("sh").current_dir(elsewhere.path()).args(["-c", abort]).status().unwrap();
    let one_can_be_made = std::fs::read_dir(elsewhere.path()).unwrap().count() > 0;
    let mut holders = Holders::default();
    let mut killed = false;
    let ended = Room::open_after("ulimit -c unlimited; exec ", &table, PRACTICE).go_on(|question| {
        let answer = holders.answer(question)?;
        if !killed && matches!(&question.wanted, Wanted::Secret(prompt) if prompt.starts_with("h4")) {
            killed = true;
            for pid in pids_in(&table) {
                let _ = std::process::Command::new("kill").args(["-ABRT", &pid]).status().unwrap();
            }
        }
        Some(answer)
    });
    assert!(killed && ended.code != Some(0), "{}", ended.out);
    let cores: Vec<PathBuf> = table
        .everything()
        .into_keys()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
        .collect();
    assert_eq!(cores, Vec::<PathBuf>::new(), "one can be made here: {one_can_be_made}");
    nothing_is_left(&table, &ended, &holders, None);
}

/// The processes of the program that work in a table's folder.
pub fn pids_in(table: &Table) -> Vec<String> {
    let here = table.folder().canonicalize().unwrap();
    let of_program = |path: &std::path::Path| {
        let link = |name: &str| std::fs::read_link(path.join(name)).ok();
        link("cwd").is_some_and(|cwd| cwd == here)
            && link("exe").is_some_and(|exe| exe == std::path::Path::new(env!("CARGO_BIN_EXE_rootrite")))
    };
    let all = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| of_program(path))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

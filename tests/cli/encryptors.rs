//! A share that is encrypted for its holder's own key: by real programs, by such as do it wrong, and in a whole ceremony.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::backup::{Holders, PRACTICE, RESUME, count, events, nothing_is_left, of, script, table};
use crate::common::Ended;
use crate::common::program::{run, sha256, skipped};
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

const AGE: &str = "/usr/bin/age";
const GPG: &str = "/usr/bin/gpg";

/// Whether the real programs are here; says so loudly if not.
fn there(program: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        skipped(&format!("{program} is not here: apt-get install age gpg"));
    }
    there
}

/// A key of age in a folder: the file of its private half, and its public half.
fn age_key(folder: &Path, name: &str) -> (PathBuf, String) {
    std::fs::create_dir_all(folder).unwrap();
    let file = folder.join(format!("{name}.key"));
    let _ = run(Command::new("/usr/bin/age-keygen").arg("-o").arg(&file), b"").with(0);
    let public = run(Command::new("/usr/bin/age-keygen").arg("-y").arg(&file), b"").with(0).out;
    (file, public.trim().to_owned())
}

/// A site with nothing but encryptors.
fn site_with(table: &Table, encryptors: &str) {
    table.write("site.yaml", format!("rootrite-site: 1\ntokens: {{}}\nencryptors:\n{encryptors}"));
}

const TRY: &str = "share try-encryptor --site site.yaml";

#[test]
fn real_encryptors_encrypt_for_a_holder_s_key_and_open_again() {
    if !there(AGE) || !there(GPG) {
        return;
    }
    let table = Table::without_tokens();
    let keys = table.path("keys");
    let (file, public) = age_key(&keys, "h1");
    // A socket's path has to be short.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    let home = home.path();
    let empty = table.path("empty");
    std::fs::create_dir(&empty).unwrap();
    for folder in [home, &empty] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let gpg = |arguments: &[&str]| {
        let arguments = [&["--batch", "--quiet", "--homedir", home.to_str().unwrap()], arguments].concat();
        Command::new(GPG).args(arguments).env_remove("GPG_AGENT_INFO").output().unwrap()
    };
    let made =
        gpg(&["--passphrase", "", "--quick-gen-key", "h2@example.org", "rsa2048", "encr,sign", "never"]);
    assert!(made.status.success(), "{made:?}");
    table.write("h2.gpg", gpg(&["--export", "h2@example.org"]).stdout);
    let (gpg_key, home, empty) = (table.path("h2.gpg"), home.display(), empty.display());
    site_with(
        &table,
        &format!(
            "  age:\n    encrypt: {{command: [{AGE}, --encrypt, --recipient, \"{{recipient}}\"], sha256: {age_sha256}}}\n    \
             decrypt: [{AGE}, --decrypt, --identity, {file}]\n    holders: {{h1: {public}}}\n  \
             gpg:\n    encrypt: [{GPG}, --batch, --no-options, --homedir, {empty}, --no-keyring, --lock-never, --no-random-seed-file, \
             --trust-model, always, --recipient-file, \"{{recipient}}\", --encrypt]\n    \
             decrypt: {{command: [{GPG}, --batch, --homedir, {home}, --decrypt], network: unix, writes: [{home}]}}\n    \
             holders: {{h2: {gpg_key}}}\n",
            age_sha256 = sha256(&std::fs::read(AGE).unwrap()),
            file = file.display(),
            gpg_key = gpg_key.display(),
        ),
    );
    let tried = table.run(TRY);
    let stopped = Command::new("gpgconf").args(["--homedir", &home.to_string(), "--kill", "all"]).status();
    assert!(stopped.unwrap().success());
    let tried = tried.with(0);
    assert_eq!(tried.out.matches(": it is the share\n").count(), 2, "{}", tried.both());
    assert!(tried.out.contains(&public), "{}", tried.out);
    // Nothing was written where gpg could only read.
    assert_eq!(std::fs::read_dir(table.path("empty")).unwrap().count(), 0);
}

/// A program of a test, as a script of the shell.
fn program(table: &Table, name: &str, text: &str) -> String {
    table.write(name, format!("#!/bin/sh\n{text}\n"));
    let path = table.path(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn an_encryptor_that_is_dead_hangs_lies_or_is_another_gives_no_share() {
    let table = Table::without_tokens();
    let elsewhere = table.path("elsewhere");
    let left = elsewhere.display();
    for (text, said) in [
        ("exit 3", "ended badly (exit status: 3)"),
        ("kill -KILL $$", "ended badly (signal: 9"),
        ("exec sleep 300", "took longer than 1 seconds and was stopped"),
        // What it leaves behind keeps its pipes open, and goes with it.
        ("sleep 300 & exit 4", "ended badly (exit status: 4)"),
        ("cat >/dev/null", "it gave back nothing"),
        ("cat", "it gave the share back as it is, or only written otherwise"),
        ("tr a-z A-Z | tr ' ' '\\n'", "it gave the share back as it is"),
        ("base64 -w 0", "it gave the share back as it is"),
        ("cat >/dev/null; echo encrypted", "it gave back 10 octets; what is encrypted is longer than"),
        ("cat >/dev/null; head -c 20000 /dev/urandom", "gave back more than 16384 octets"),
        ("cat >&2; exit 1", "it said: (words of the share, which are not shown)"),
        (
            "cat >/dev/null; echo no such key >&2; exit 1",
            "ended badly (exit status: 1); it said: no such key",
        ),
        ("bash -c 'exec 3<>/dev/udp/127.0.0.1/9' && exit 0; exit 8", "ended badly (exit status: 8)"),
        // It may write no file, and has neither a network nor a terminal.
        (&format!("cat >{left}; exit 5"), "ended badly (exit status"),
        ("exec 3<>/dev/tty || exit 6", "ended badly (exit status"),
        ("test -z \"$HOME$USER\" || exit 0; exit 7", "ended badly (exit status: 7)"),
    ] {
        let path = program(&table, "encryptor", text);
        let encryptor = format!(
            "  fake:\n    encrypt: [{path}, \"{{recipient}}\"]\n    seconds: 1\n    holders: {{h1: key}}\n"
        );
        // The limit is for what hangs; nothing else may be stopped for being slow.
        let limit = if text.contains("exec sleep") { "seconds: 1" } else { "seconds: 120" };
        site_with(&table, &encryptor.replace("seconds: 1", limit));
        let tried = table.run(TRY).with(4);
        assert!(tried.error.contains(said), "{text}: {said}\n{}", tried.error);
        // Where the kernel has no Landlock a file can be made, and nothing can be written to it.
        assert!(
            std::fs::read(&elsewhere).is_ok_and(|there| there.is_empty()) || !elsewhere.exists(),
            "{text}"
        );
    }
    let path = program(&table, "encryptor", "cat");
    let other = sha256(b"another");
    site_with(
        &table,
        &format!(
            "  fake:\n    encrypt: {{command: [{path}, \"{{recipient}}\"], sha256: {other}}}\n    holders: {{h1: key}}\n"
        ),
    );
    let tried = table.run(TRY).with(4);
    assert!(tried.error.contains(&format!("the site wants {other}")), "{}", tried.error);
    let unknown = table.run(&format!("{TRY} --holder h9")).with(2);
    assert!(unknown.error.contains("names no encryptor for `h9`"), "{}", unknown.error);
}

#[test]
fn what_opens_something_else_is_no_proof() {
    let table = Table::without_tokens();
    let encrypts = program(&table, "encryptor", "cat >/dev/null; head -c 500 /dev/urandom");
    let opens = program(&table, "opener", "cat >/dev/null; echo theory painting academic");
    site_with(
        &table,
        &format!(
            "  fake:\n    encrypt: [{encrypts}, \"{{recipient}}\"]\n    decrypt: [{opens}]\n    holders: {{h1: key}}\n"
        ),
    );
    let tried = table.run(TRY).with(4);
    assert!(tried.error.contains("gave back another text than the share"), "{}", tried.error);
}

/// The table of a backup, with holders whose shares are encrypted; their media, and what the site says.
fn encrypted_table(holders: &[&str], encryptors: &str) -> Table {
    let table = table();
    let script = script().replace(
        "holders: [share-holder], ",
        &format!("holders: [share-holder], encrypted: [{}], ", holders.join(", ")),
    );
    // The window is the one that the table has set.
    let window =
        table.read("script.yaml").lines().find(|line| line.starts_with("window:")).unwrap().to_owned();
    let script: Vec<&str> =
        script.lines().map(|line| if line.starts_with("window:") { window.as_str() } else { line }).collect();
    table.write("script.yaml", script.join("\n") + "\n");
    let mut media = String::from("media:\n");
    for holder in holders {
        let folder = table.path(&format!("media/own-{holder}"));
        std::fs::create_dir_all(&folder).unwrap();
        writeln!(media, "  root-x1-share-{holder}: {}", folder.display()).unwrap();
    }
    table.change("site.yaml", "media:\n", &format!("encryptors:\n{encryptors}{media}"));
    table
}

/// The words that a holder's own device shows: what lies on the medium, opened by age.
fn on_own_device(table: &Table, holder: &str, key: &Path) -> String {
    let folder = table.path(&format!("media/own-{holder}"));
    let file = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "age"))
        .unwrap();
    let out = Command::new(AGE)
        .args(["--decrypt", "--identity"])
        .arg(key)
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// What the people answer: whoever has a device opens the medium there and types what it shows.
fn answer(
    table: &Table,
    holders: &mut Holders,
    keys: &[(&str, &Path)],
    question: &Question,
) -> Option<String> {
    if let Wanted::Secret(prompt) = &question.wanted
        && let Some((holder, key)) = keys.iter().find(|(holder, _)| prompt.starts_with(holder))
    {
        let words = on_own_device(table, holder, key);
        holders.sheets.insert((*holder).to_owned(), words.clone());
        return Some(words);
    }
    holders.answer(question)
}

#[test]
fn a_share_goes_out_encrypted_and_opens_by_the_holder_s_own_key() {
    if !there(AGE) {
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let (h2, h2_public) = age_key(keys.path(), "h2");
    let (h4, h4_public) = age_key(keys.path(), "h4");
    let folder = keys.path().display();
    let encryptors = format!(
        "  age:\n    encrypt: [{AGE}, --encrypt, --recipient, \"{{recipient}}\"]\n    decrypt: [{AGE}, --decrypt, --identity, \"{folder}/{{holder}}.key\"]\n    \
         holders: {{h2: {h2_public}}}\n  age-too:\n    encrypt: [{AGE}, --encrypt, --recipient, \"{{recipient}}\"]\n    holders: {{h4: {h4_public}}}\n"
    );
    let table = encrypted_table(&["h2", "h4"], &encryptors);
    // Everybody is drawn.
    table.change("script.yaml", "threshold: 3", "threshold: 5");
    let _ = table.run("check script.yaml --site site.yaml").with(0);
    let (mut holders, mut opened) = (Holders::default(), 0);
    // Of `h2` nothing is ever typed.
    let own = [("h4", h4.as_path())];
    // The file of the second is named after its encryptor.
    let rename = |table: &Table| {
        let folder = table.path("media/own-h4");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "age-too") {
                std::fs::copy(&path, path.with_extension("age")).unwrap();
            }
        }
    };
    let ended = Room::open(&table, PRACTICE)
        .go_on(|question| {
            rename(&table);
            if question.wanted == Wanted::Text && question.shown.contains("open, type") {
                opened += 1;
                return Some("open".to_owned());
            }
            answer(&table, &mut holders, &own, question)
        })
        .with(0);
    let all = events(&table);
    let drawn = of(&all, "share.checked").iter().filter(|data| data["holder"] == "h2").count();
    assert_eq!((opened, drawn), (1, 1));
    assert_eq!((count(&all, "share.issued"), count(&all, "share.confirmed")), (5, 5));
    let sent = of(&all, "share.encrypted");
    let opened = of(&all, "share.decrypted");
    assert_eq!((sent.len(), opened.len()), (2, 2));
    let by: Vec<(&Value, &Value)> = opened.iter().map(|data| (&data["holder"], &data["by"])).collect();
    assert_eq!(by, [(&"h2".into(), &"program".into()), (&"h4".into(), &"device".into())]);
    for (sent, holder) in sent.iter().zip(["h2", "h4"]) {
        assert_eq!(sent["program_sha256"], sha256(&std::fs::read(AGE).unwrap()).as_str());
        let file = table.path(&format!("media/own-{holder}/{}", sent["file"].as_str().unwrap()));
        assert_eq!(sent["ciphertext_sha256"], sha256(&std::fs::read(file).unwrap()).as_str());
        let key = if holder == "h2" { &h2 } else { &h4 };
        holders.sheets.insert(holder.to_owned(), on_own_device(&table, holder, key));
    }
    // Neither was ever shown, and the bundle has neither.
    assert!(!ended.out.contains("h2 alone") && !ended.out.contains("h4 alone"), "{}", ended.out);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    let bundle = table.path("out/bundle-practice-test-ceremony");
    for (path, octets) in table.everything() {
        let is_ciphertext = octets.starts_with(b"age-encryption.org");
        assert!(!is_ciphertext || path.starts_with(table.path("media")), "{}", path.display());
        assert!(!path.starts_with(&bundle) || !is_ciphertext);
    }
    nothing_is_left(&table, &ended, &holders, None);
}

/// A ceremony in which `h3` has an encryptor of these words, to its end; what is said where it did not work.
fn with_liar(text: &str, said: &str) -> (Table, Vec<Value>, Ended, Holders) {
    let keys = tempfile::tempdir().unwrap();
    let (_, other) = age_key(keys.path(), "other");
    let (own, public) = age_key(keys.path(), "h3");
    let place = tempfile::tempdir().unwrap();
    let liar = place.path().join("liar");
    std::fs::write(&liar, format!("#!/bin/sh\n{}\n", text.replace("OTHER", &other))).unwrap();
    std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).unwrap();
    let table = encrypted_table(
        &["h3"],
        &format!(
            "  age:\n    encrypt: [{}, \"{{recipient}}\"]\n    decrypt: [{AGE}, --decrypt, --identity, {}]\n    seconds: 60\n    holders: {{h3: {public}}}\n",
            liar.display(),
            own.display()
        ),
    );
    let (mut holders, mut again) = (Holders::default(), 0);
    let ended = Room::open(&table, PRACTICE)
        .go_on(|question| {
            if question.wanted == Wanted::Text && question.shown.contains("again, sheet") {
                again += 1;
                assert!(question.shown.contains(said), "{said}\n{}", question.shown);
                return Some(if again == 1 { "again" } else { "sheet" }.to_owned());
            }
            holders.answer(question)
        })
        .with(0);
    assert_eq!(again, 2);
    let all = events(&table);
    (table, all, ended, holders)
}

#[test]
fn what_was_encrypted_for_somebody_else_does_not_open_and_the_holder_gets_a_sheet() {
    if !there(AGE) {
        return;
    }
    let text = format!("exec {AGE} --encrypt --recipient OTHER");
    let (table, all, ended, holders) = with_liar(&text, "no identity matched any of the recipients");
    // Twice encrypted, never opened; the sheet is a deviation that the officers approved.
    assert_eq!((count(&all, "share.encrypted"), count(&all, "share.decrypted")), (2, 0));
    let deviations = of(&all, "step.deviation");
    assert_eq!(deviations.len(), 1);
    assert_eq!(deviations[0]["approved_by"], serde_json::json!(["bo", "cy"]));
    assert_eq!(
        (count(&all, "key.backup"), count(&all, "share.confirmed"), count(&all, "share.returned")),
        (1, 5, 0)
    );
    // What did not open is not left on the medium.
    assert_eq!(std::fs::read_dir(table.path("media/own-h3")).unwrap().count(), 0);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn an_encryptor_that_hands_the_share_on_writes_nothing_anywhere() {
    if !there(AGE) {
        return;
    }
    let (table, all, ended, holders) = with_liar("exec cat", "it has encrypted nothing");
    assert_eq!((count(&all, "share.encrypted"), count(&all, "media.written")), (0, 2));
    assert_eq!(std::fs::read_dir(table.path("media/own-h3")).unwrap().count(), 0);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn an_interruption_while_a_share_goes_out_leaves_a_set_that_counts_for_nothing() {
    if !there(AGE) {
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let (own, public) = age_key(keys.path(), "h3");
    let encryptors = format!(
        "  age:\n    encrypt: [{AGE}, --encrypt, --recipient, \"{{recipient}}\"]\n    holders: {{h3: {public}}}\n"
    );
    let table = encrypted_table(&["h3"], &encryptors);
    let own = [("h3", own.as_path())];
    let (mut holders, mut stopped) = (Holders::default(), false);
    let _ = Room::open(&table, PRACTICE)
        .go_on(|question| {
            if !stopped && question.wanted == Wanted::Word("opened".to_owned()) {
                stopped = true;
                return Some("no".to_owned());
            }
            answer(&table, &mut holders, &own, question)
        })
        .with(3);
    let ended = Room::open(&table, RESUME)
        .go_on(|question| {
            if question.shown.contains("Erase your medium before everybody") {
                let folder = table.path("media/own-h3");
                std::fs::remove_dir_all(&folder).unwrap();
                std::fs::create_dir(&folder).unwrap();
            }
            answer(&table, &mut holders, &own, question)
        })
        .with(0);
    let all = events(&table);
    let sets: Vec<&Value> = of(&all, "share.encrypted").iter().map(|data| &data["set_id"]).collect();
    assert_eq!(sets.len(), 2);
    assert_ne!(sets[0], sets[1]);
    assert_eq!((count(&all, "share.returned"), count(&all, "key.backup")), (3, 2));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn who_has_no_encryptor_or_no_medium_is_found_with_the_site() {
    let table = encrypted_table(
        &["h3"],
        "  age:\n    encrypt: [/usr/bin/age, --encrypt, --recipient, \"{recipient}\"]\n    holders: {h4: age1xyz}\n",
    );
    let refused = table.run("check script.yaml --site site.yaml").with(2).error;
    assert!(
        refused.contains("no encryptor names a key of `h3`, whose share of step 2.2 is encrypted"),
        "{refused}"
    );
    table.change("site.yaml", "{h4: age1xyz}", "{h3: age1xyz}");
    let _ = table.run("check script.yaml --site site.yaml").with(0);
    table.change("site.yaml", "  root-x1-share-h3:", "  root-x1-share-h2:");
    let refused = table.run("check script.yaml --site site.yaml").with(2).error;
    assert!(refused.contains("the script's medium `root-x1-share-h3` is missing under `media`"), "{refused}");
    table.change("script.yaml", "encrypted: [h3]", "encrypted: [ada]");
    let refused = table.run("check script.yaml").with(2).error;
    assert!(refused.contains("`ada` has no share here; `encrypted` names holders"), "{refused}");
}

#[test]
fn a_share_of_a_secret_goes_out_encrypted_and_is_the_secret_with_another_sheet() {
    use crate::split_secret as divided;
    if !there(AGE) {
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let (h2, public) = age_key(keys.path(), "h2");
    let table = divided::table();
    let steps = "      - split-secret: {secret: safe, ask: [ada], threshold: 2, holders: [h1, h2]";
    let script = table.read("script.yaml");
    let (before, after) = script.split_once("      - split-secret:").unwrap();
    let after = after.split_once("      - issue-root").unwrap().1;
    table.write("script.yaml", format!("{before}{steps}, encrypted: [h2]}}\n      - issue-root{after}"));
    let refused = table.run("check script.yaml --site site.yaml").with(2).error;
    assert!(refused.contains("h2") && refused.contains("encryptor"), "{refused}");
    let folder = table.path("media/own-h2");
    std::fs::create_dir_all(&folder).unwrap();
    let age = format!(
        "encryptors:\n  age:\n    encrypt: [{AGE}, --encrypt, --recipient, \"{{recipient}}\"]\n    decrypt: [{AGE}, --decrypt, --identity, {}]\n    \
         holders: {{h2: {public}}}\nmedia:\n  safe-share-h2: {}\npreflight:",
        h2.display(),
        folder.display()
    );
    table.change("site.yaml", "preflight:", &age);
    let mut holders = divided::Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    assert!(!ended.out.contains("h2 alone"), "{}", ended.out);
    let all = events(&table);
    for ev in ["share.encrypted", "share.decrypted"] {
        let said = of(&all, ev);
        assert_eq!(
            (said.len(), &said[0]["secret"], &said[0]["holder"]),
            (1, &"safe".into(), &"h2".into()),
            "{ev}"
        );
    }
    assert_eq!((count(&all, "share.issued"), count(&all, "share.confirmed")), (2, 2));
    let own = on_own_device(&table, "h2", &h2);
    assert_eq!(divided::combined(&table, &[own.trim(), holders.of("h1", "safe")]), divided::CODE);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    // In a later ceremony it is read from the medium again.
    let later = crate::backup::later("check", &["h1", "h2"], "      - check-shares: {secret: safe}\n")
        .replace("  drill: {class: any, distinct-from: [root, log]}\n", "");
    table.write("later.yaml", later);
    holders.last = "safe".into();
    let mut opened = 0;
    let line = "run later.yaml --site site.yaml --log log --out out-2 --practice --plain";
    let _ = Room::open(&table, line)
        .go_on(|question| {
            if question.wanted == Wanted::Text && question.shown.contains("open, type") {
                opened += 1;
                return Some("open".to_owned());
            }
            crate::backup::on_paper(&table, question).or_else(|| holders.answer(question))
        })
        .with(0);
    assert_eq!((opened, count(&events(&table), "share.checked")), (1, 2));
    divided::nothing_is_left(&table, &ended, &holders);
}

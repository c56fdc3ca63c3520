//! A witness on a machine of its own: what it cosigns, what it remembers, and what it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ceremony_log::key::VerifierKey;
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Policy, Window, policy_text};

use crate::common::program::{Ended, command, rootrite, run};
use crate::room::{Room, Wanted};
use crate::table::Table;
use crate::writer::{Key, Writer, text};

/// A witness's machine, and the medium that comes to it.
struct Machine {
    folder: tempfile::TempDir,
    log_key: Key,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap(), log_key: Key::of_log(1) };
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "witness", "-f"])
            .arg(machine.path("key"))
            .status()
            .unwrap();
        assert!(made.success());
        machine
            .write("policy", &policy_text(std::slice::from_ref(&machine.log_key.verifier), &[], 0).unwrap());
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Brings a log on a medium, as it is at a size: its file may have more lines.
    fn bring(&self, log: &Writer, size: u64) {
        let _ = fs::remove_dir_all(self.path("log"));
        fs::create_dir(self.path("log")).unwrap();
        self.write("log/log.jsonl", &log.text());
        self.write("log/checkpoint", &log.note_at(size, &self.log_key).to_string());
    }

    fn arguments(more: &str) -> Vec<String> {
        let line = format!(
            "log cosign log --store store --policy policy --name wim.example.net/witness --key key {more}"
        );
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn cosign(&self, more: &str) -> Ended {
        rootrite(self.folder.path(), Self::arguments(more))
    }

    fn verifier(&self) -> VerifierKey {
        let ended = rootrite(
            self.folder.path(),
            ["log", "witness-key", "--name", "wim.example.net/witness", "--key", "key"],
        );
        ended.with(0).out.trim_end().parse().unwrap()
    }

    /// Everything in the store but its lock, by name.
    fn store(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.file_name().unwrap() != "lock" {
                    found.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("store"), &mut found);
        found.sort();
        found
    }
}

/// The signature line that the program printed.
fn line(ended: &Ended) -> Signature {
    Signature::parse(ended.out.lines().last().unwrap()).unwrap()
}

/// Two ceremonies, and how long the log was after the first.
fn two_ceremonies() -> (Writer, u64) {
    let mut log = Writer::new();
    log.begin();
    log.ceremony("2026-root");
    let first = log.size();
    log.ceremony("2027-crl");
    (log, first)
}

#[test]
fn a_head_is_cosigned_so_that_a_policy_with_the_witness_accepts_it() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    // The log on the medium has gone on since its head: what is cosigned is the head.
    machine.bring(&log, first);
    let ended = machine.cosign("--out line").with(0);
    assert!(ended.out.contains("last head  none: this is the first head"), "{}", ended.out);
    let signature = line(&ended);
    assert_eq!(fs::read_to_string(machine.path("line")).unwrap(), format!("{signature}\n"));
    let policy =
        policy_text(std::slice::from_ref(&machine.log_key.verifier), &[machine.verifier()], 1).unwrap();
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut note = log.note_at(first, &machine.log_key);
    let window = Window { now: now(), ahead: 5, oldest: Some(120) };
    assert!(policy.judge(&note, &window).is_err());
    note.add(signature).unwrap();
    assert_eq!(policy.judge(&note, &window).unwrap().cosignatures().len(), 1);
}

#[test]
fn the_same_head_gets_the_same_line_and_a_later_one_another() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    let one = line(&machine.cosign("").with(0));
    let before = machine.store();
    let again = machine.cosign("").with(0);
    assert!(again.out.contains("last head  the same head\ncosigned before, at "), "{}", again.out);
    assert_eq!((line(&again), machine.store()), (one.clone(), before.clone()));
    machine.bring(&log, log.size());
    let later = machine.cosign("").with(0);
    assert!(later.out.contains(&format!("last head  size {first}, root ")), "{}", later.out);
    assert_ne!(line(&later), one);
    // What was there is there as it was, and one file more.
    let after = machine.store();
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|kept| after.contains(kept)));
    std::thread::sleep(Duration::from_millis(1100));
    let fresh = line(&machine.cosign("--fresh").with(0));
    assert!(fresh.octets[..8] > line(&later).octets[..8]);
    // From then on that one is the head's line.
    assert_eq!(line(&machine.cosign("").with(0)), fresh);
}

#[test]
fn a_log_that_was_rolled_back_is_refused_and_both_heads_are_named() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, log.size());
    let _ = machine.cosign("").with(0);
    machine.bring(&log, first);
    let ended = machine.cosign("--out line").with(5);
    let root = |size: u64| log.levels.root(size).unwrap();
    for wanted in [
        "E132 checkpoint: size ".to_owned(),
        format!("error: this witness's own head: size {}, root {}\n", log.size(), root(log.size())),
        format!("error: the head that was offered: size {first}, root {}\n", root(first)),
        "nothing was cosigned; the head that was offered is kept as evidence in store/".to_owned(),
    ] {
        assert!(ended.error.contains(&wanted), "{wanted}:\n{}", ended.error);
    }
    assert!(!machine.path("line").exists() && ended.out.is_empty());
    let refused = machine.store().into_iter().find(|(path, _)| path.parent().unwrap().ends_with("refused"));
    assert_eq!(Note::parse(&refused.unwrap().1).unwrap(), log.note_at(first, &machine.log_key));
}

#[test]
fn a_fork_is_refused_whether_it_is_as_long_or_longer() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    let _ = machine.cosign("").with(0);
    let mut other = Writer::new();
    other.begin();
    other.ceremony("2026-other");
    assert_eq!(other.size(), first);
    machine.bring(&other, first);
    let same_size = machine.cosign("").with(5);
    assert!(same_size.error.contains("E133 checkpoint: the root over "), "{}", same_size.error);
    other.ceremony("2027-crl");
    machine.bring(&other, other.size());
    let longer = machine.cosign("").with(5);
    let own = format!("this witness's own head: size {first}, root {}", log.levels.root(first).unwrap());
    assert!(longer.error.contains(&own) && longer.error.contains("E133"), "{}", longer.error);
    // The true log goes on.
    machine.bring(&log, log.size());
    let _ = machine.cosign("").with(0);
}

#[test]
fn a_log_whose_records_do_not_fit_together_is_not_cosigned() {
    let machine = Machine::new();
    let mut log = Writer::new();
    log.begin();
    log.ceremony("2026-root");
    log.append("cert.signed", None, text("serial", "02"));
    machine.bring(&log, log.size());
    let ended = machine.cosign("").with(5);
    assert!(ended.error.contains("E153"), "{}", ended.error);
    assert!(machine.store().is_empty());
    // Another key than the pinned one.
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    machine.write("log/checkpoint", &log.note_at(first, &Key::of_log(9)).to_string());
    assert!(machine.cosign("").with(5).error.contains("E109"));
    // A line that somebody changed, with the head of the log as it was.
    machine.bring(&log, first);
    machine.write("log/log.jsonl", &log.text().replacen("01ab", "01ac", 1));
    assert!(machine.cosign("").with(5).error.contains("E131"));
    assert!(machine.store().is_empty());
    // An open ceremony is what witnesses see in the room.
    let mut log = Writer::new();
    log.begin();
    log.open_ceremony("2026-root");
    machine.bring(&log, log.size());
    let _ = machine.cosign("").with(0);
}

#[test]
fn a_key_in_an_agent_cosigns_and_one_that_the_agent_lacks_does_not() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    let socket = machine.path("agent");
    let mut agent =
        Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let cosign = || {
        let mut command = command(machine.folder.path());
        command.env("SSH_AUTH_SOCK", &socket);
        run(
            command
                .args(Machine::arguments("").iter().map(|word| if word == "key" { "key.pub" } else { word })),
            b"",
        )
    };
    let lacking = cosign();
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(machine.path("key"))
        .env("SSH_AUTH_SOCK", &socket)
        .stderr(Stdio::null())
        .status();
    let signed = cosign();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(added.unwrap().success());
    assert!(lacking.with(4).error.contains("the ssh-agent does not hold the key SHA256:"));
    let signature = line(&signed.with(0));
    machine.verifier().verify(log.note_at(first, &machine.log_key).text(), &signature.octets).unwrap();
    let without = rootrite(
        machine.folder.path(),
        Machine::arguments("").iter().map(|word| if word == "key" { "key.pub" } else { word }),
    );
    assert!(without.with(4).error.contains("`SSH_AUTH_SOCK` is not set"));
}

#[test]
fn a_witness_that_is_killed_has_said_nothing_that_it_does_not_remember() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    let mut seen = None;
    for pause in 0..40_u64 {
        let mut child = command(machine.folder.path())
            .args(Machine::arguments(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(pause * 500));
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let Some(said) = said.lines().last().and_then(|line| Signature::parse(line).ok()) else { continue };
        let store = machine.store();
        let remembers = |(_, octets): &(PathBuf, Vec<u8>)| {
            Note::parse(octets).is_ok_and(|note| note.signatures().contains(&said))
        };
        assert!(store.iter().any(remembers));
        assert_eq!(*seen.get_or_insert(said.clone()), said, "a head has one line");
    }
    // Whatever was left, the next one goes on.
    let last = line(&machine.cosign("").with(0));
    assert_eq!(seen.unwrap_or_else(|| last.clone()), last);
}

#[test]
fn a_store_that_cannot_be_written_gives_no_line() {
    let machine = Machine::new();
    let (log, first) = two_ceremonies();
    machine.bring(&log, first);
    fs::create_dir(machine.path("store")).unwrap();
    let allowed =
        |mode| fs::set_permissions(machine.path("store"), fs::Permissions::from_mode(mode)).unwrap();
    machine.write("store/lock", "");
    allowed(0o500);
    let writable = fs::write(machine.path("store/probe"), b"").is_ok();
    let ended = machine.cosign("");
    allowed(0o700);
    // Nothing is denied to root.
    if !writable {
        let ended = ended.with(4);
        assert!(ended.out.is_empty(), "{}", ended.out);
    }
    // What lies there and is no head of this log is not passed over.
    let _ = machine.cosign("").with(0);
    let (path, _) = machine.store().into_iter().find(|(path, _)| path.extension().is_some()).unwrap();
    fs::write(&path, b"something else").unwrap();
    let ended = machine.cosign("").with(4);
    assert!(ended.error.contains("is not the head that this witness kept"), "{}", ended.error);
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A ceremony in whose room a witness has a key on a machine of their own.
fn room_with_a_witness() -> (Table, Machine) {
    let (table, machine) = (Table::new().now(), Machine::new());
    let key = fs::read_to_string(machine.path("key.pub")).unwrap();
    let key = key.trim().rsplit_once(' ').unwrap().0.to_owned();
    let cosigner = format!("{{person: wim, name: wim.example.net/witness, key: {key}}}");
    table.change(
        "script.yaml",
        "- witness: {}",
        &format!("- witness: {{cosigners: [{cosigner}], quorum: 1}}"),
    );
    let seal = table.read("script.yaml").lines().find(|line| line.contains("- seal:")).unwrap().to_owned();
    table.change("script.yaml", &seal, &format!("{seal}\n      - witness: {{}}"));
    (table, machine)
}

/// Cosigns what a question shows; the file with the line.
fn cosign_shown(machine: &Machine, shown: &str) -> Option<PathBuf> {
    let place =
        shown.lines().rev().find_map(|line| line.trim().strip_prefix("the log for your machine: "))?;
    let _ = fs::remove_dir_all(machine.path("log"));
    fs::create_dir(machine.path("log")).unwrap();
    for name in ["log.jsonl", "checkpoint", "policy"] {
        fs::copy(Path::new(place).join(name), machine.path("log").join(name)).unwrap();
    }
    // What the witness was shown when the log got its key.
    fs::copy(machine.path("log/policy"), machine.path("policy")).unwrap();
    let size = Note::parse(&fs::read(machine.path("log/checkpoint")).unwrap()).unwrap();
    let size = size.text().lines().nth(1).unwrap().to_owned();
    let line = machine.path(&format!("line-{size}"));
    let _ = fs::remove_file(&line);
    let _ = machine.cosign(&format!("--out {}", line.display())).with(0);
    Some(line)
}

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";

#[test]
fn a_witness_with_a_key_cosigns_in_the_room_and_the_bundle_carries_it() {
    let (table, machine) = room_with_a_witness();
    let mut asked = 0;
    let mut wrong_first = true;
    let ended = Room::open(&table, RUN).go_on(|question| {
        if question.wanted != Wanted::Text || !question.shown.contains("Cosign this head") && asked == 0 {
            return None;
        }
        if std::mem::take(&mut wrong_first) {
            asked += 1;
            // Somebody else's line.
            let other = machine.path("other");
            fs::write(&other, format!("{}\n", Key::of_witness("other", 7).cosign("x", 1))).unwrap();
            return Some(other.display().to_string());
        }
        asked += 1;
        let screen = fs::read_dir(table.path("log/runs/test-ceremony/to-witness")).unwrap().flatten();
        let newest =
            screen.map(|entry| entry.file_name().into_string().unwrap().parse::<u64>().unwrap()).max();
        let place = table.path(&format!("log/runs/test-ceremony/to-witness/{}", newest.unwrap()));
        let shown = format!("the log for your machine: {}\n", place.display());
        Some(cosign_shown(&machine, &shown).unwrap().display().to_string())
    });
    let ended = ended.with(0);
    assert_eq!(asked, 3, "once wrong, once before the closing, once after it");
    assert!(ended.out.contains("the line is by the key "), "{}", ended.out);
    let log = table.read("log/log.jsonl");
    let records: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |ev: &str| records.iter().filter(|record| record["ev"] == ev).collect::<Vec<_>>();
    assert_eq!(of("witness.registered")[0]["data"]["vkey"], machine.verifier().to_string());
    let agreed = of("witness.agreed");
    assert_eq!(agreed.len(), 2);
    for record in &agreed {
        let line = record["data"]["cosignature"].as_str().unwrap();
        assert!(line.starts_with("— wim.example.net/witness "), "{line}");
    }
    // The closing head in the bundle, in its proofs and its consistency has the line; the policy asks for it.
    let bundle = "out/bundle-practice-test-ceremony";
    let closing = Signature::parse(agreed[1]["data"]["cosignature"].as_str().unwrap()).unwrap();
    let note = Note::parse(table.read(&format!("{bundle}/checkpoint")).as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 2);
    assert!(note.signatures().contains(&closing));
    assert!(table.read(&format!("{bundle}/policy")).contains("group witnesses 1 wim.example.net/witness"));
    let verify = format!("verify {bundle} --policy {bundle}/policy");
    let _ = table.run(&verify).with(0);
    // Without the line, or with a changed one, it is refused.
    let checkpoint = table.read(&format!("{bundle}/checkpoint"));
    table.write(&format!("{bundle}/checkpoint"), checkpoint.replace(&format!("{closing}\n"), ""));
    assert!(table.run(&verify).with(5).error.contains("E110"));
    let mut octets = closing.octets.clone();
    octets[20] ^= 1;
    let changed = Signature { octets, ..closing.clone() };
    table.write(
        &format!("{bundle}/checkpoint"),
        checkpoint.replace(&closing.to_string(), &changed.to_string()),
    );
    assert!(table.run(&verify).with(5).error.contains("E108"));
    // Nothing in the log says something that the key did not sign.
    table.write(&format!("{bundle}/checkpoint"), checkpoint);
    let _ = table.run(&verify).with(0);
}

#[test]
fn a_witness_who_is_interrupted_after_the_closing_is_asked_again_and_declining_is_recorded() {
    let (table, machine) = room_with_a_witness();
    let mut last = String::new();
    let mut declined = false;
    let stopped = Room::open(&table, RUN).go_on(|question| {
        if question.shown.contains("The log is closed.") || last == "closed" {
            // Ten times what is no line at all: the ceremony stops.
            "closed".clone_into(&mut last);
            return (question.wanted == Wanted::Text).then(|| "script.yaml".to_owned());
        }
        if question.shown.contains("Cosign this head") {
            declined = true;
            return Some("no".to_owned());
        }
        None
    });
    assert!(declined);
    assert!(stopped.with(3).out.contains("E103: signature line"));
    let ended = Room::open(&table, "resume --log log --plain").go_on(|question| {
        if !question.shown.contains("Cosign this head") {
            return None;
        }
        Some(cosign_shown(&machine, &question.shown).unwrap().display().to_string())
    });
    let _ = ended.with(0);
    let log = table.read("log/log.jsonl");
    assert!(log.contains("\"ev\":\"witness.disagreed\"") && log.contains("\"outcome\":\"partial\""));
    let bundle = "out/bundle-practice-test-ceremony";
    assert_eq!(
        Note::parse(table.read(&format!("{bundle}/checkpoint")).as_bytes()).unwrap().signatures().len(),
        2
    );
    let _ = table.run(&format!("verify {bundle} --policy {bundle}/policy")).with(0);
}

#[test]
fn a_witness_who_cosigns_no_more_is_removed_and_what_that_key_signs_counts_for_nothing() {
    let (table, first) = room_with_a_witness();
    let cosigning = |machine: &Machine, run: &str, paper: &str| {
        let ended = Room::open(&table, run).go_on(|question| {
            if question.shown.contains("from the last ceremony's paper") {
                return Some(paper.to_owned());
            }
            if !question.shown.contains("Cosign this head") {
                return None;
            }
            Some(cosign_shown(machine, &question.shown).unwrap().display().to_string())
        });
        ended.with(0).out
    };
    let said = cosigning(&first, RUN, "");
    let words = said.lines().filter_map(|line| line.trim().strip_prefix("in words: ")).next_back().unwrap();
    // The next ceremony has the same person with another key.
    let second = Machine::new();
    let public = |machine: &Machine| fs::read_to_string(machine.path("key.pub")).unwrap().trim().to_owned();
    let key = |machine: &Machine| public(machine).rsplit_once(' ').unwrap().0.to_owned();
    let script = table.read("script.yaml").replace(&key(&first), &key(&second));
    let (head, acts) = script.split_once("acts:\n").unwrap();
    let closing = acts.rsplit_once("  - act:").unwrap().1;
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head
        .replace("ceremony: test-ceremony", "ceremony: next")
        .replace(window, &format!("window: {{from: {}, to:{to}", crate::table::days_ago(0)));
    let opening = "acts:\n  - act: Opening\n    steps:\n      - roll-call: {}\n      - confirm-clock: {sources: 1}\n      - \
                   confirm-log: {}\n";
    table.write("next.yaml", format!("{head}{opening}  - act:{closing}"));
    let next = "run next.yaml --site site.yaml --log log --out next --practice --plain";
    let _ = cosigning(&second, next, words);
    let log = table.read("log/log.jsonl");
    let records = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let records: Vec<_> = records.filter(|record| record["cer"] == "next").collect();
    let of = |ev: &str| records.iter().filter(|record| record["ev"] == ev).collect::<Vec<_>>();
    assert_eq!(of("witness.removed").len(), 1);
    assert_eq!(of("witness.removed")[0]["data"]["vkey"], first.verifier().to_string());
    assert_eq!(of("witness.removed")[0]["data"]["person"], "wim");
    assert_eq!(of("witness.registered")[0]["data"]["vkey"], second.verifier().to_string());
    let policy = table.read("log/policy");
    assert!(
        policy.contains(&second.verifier().to_string()) && !policy.contains(&first.verifier().to_string())
    );
    let _ = table.run("verify next/bundle-practice-next").with(0);
}

#[test]
fn what_is_wrong_with_those_who_cosign_is_found_while_planning() {
    let (table, machine) = room_with_a_witness();
    let _ = table.run("check script.yaml").with(0);
    let good = table.read("script.yaml");
    let key = fs::read_to_string(machine.path("key.pub")).unwrap();
    let key = key.split(' ').nth(1).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ecdsa", "-N", "", "-C", "", "-f"])
        .arg(machine.path("ecdsa"))
        .status();
    assert!(made.unwrap().success());
    let ecdsa = fs::read_to_string(machine.path("ecdsa.pub")).unwrap().trim().to_owned();
    for (from, to, wanted) in [
        ("      - witness: {}\n", "", "nobody cosigns its closing head; wanted `witness: {}` after `seal`"),
        ("quorum: 1", "quorum: 2", "`quorum` is 2; there are 1 who cosign"),
        ("quorum: 1", "quorum: 0", "`quorum` is 0; there are 1 who cosign"),
        ("person: wim", "person: bo", "`bo` is crypto-officer; those who cosign are witnesses"),
        ("wim.example.net/witness", "\"wim witness\"", "found `wim witness`, wanted a host and a path"),
        (key, "AAAA", "the key says `ssh-ed25519`, and its octets say something else"),
        (
            &format!("ssh-ed25519 {key}"),
            &ecdsa,
            "found a key of the kind `ecdsa-sha2-nistp256`; cosignatures are by `ssh-ed25519`",
        ),
        (
            "cosigners: [",
            "cosigners: [{person: wim, name: w, key: ssh-ed25519 KEY}, ",
            "a key and a name of their own, once",
        ),
    ] {
        let to = to.replace("KEY", key);
        assert!(good.contains(from), "{from}");
        table.write("script.yaml", good.replacen(from, &to, 1));
        let ended = table.run("check script.yaml").with(2);
        assert!(ended.error.contains(wanted), "{wanted}:\n{}", ended.error);
    }
    let cosigners = good.lines().find(|line| line.contains("cosigners")).unwrap().to_owned();
    table.write("script.yaml", good.replace(&cosigners, "      - witness: {}"));
    let ended = table.run("check script.yaml").with(2);
    assert!(ended.error.contains("`witness` stands after `seal` and no witness cosigns"), "{}", ended.error);
    // A rehearsal has nobody's key: the words are compared, and the bundle is good.
    table.write("script.yaml", good);
    let _ = table.run("rehearse script.yaml --out rehearsal").with(0);
}

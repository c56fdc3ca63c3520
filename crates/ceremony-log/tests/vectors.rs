//! The format's vectors: one file per question, with the answer inside. Other readers of the format can use them as they are.
//!
//! A file has lines `key: value`, an empty line, and then parts, each below a line `-- name --`: policy, checkpoint and
//! log.jsonl, or policy and proof, or policy and consistency.
//!
//! - `expect`: every code that is found, sorted, each once; nothing for a good log.
//! - `now`: the reader's clock, in seconds since 1970. `oldest`: how old a cosignature may be, in seconds, if there is a bound.
//! - `last`: size and root of the last head that the reader accepted, if it has one.
//! - `practice`: `refuse` for a reader that takes no practice logs.
//!
//! A head that the policy refuses ends it. What the records say together is judged if all lines and the head fit.
//!
//! `WRITE_VECTORS=1 cargo test -p ceremony-log --test vectors` writes files that are missing, and changes none.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a test stops where something is wrong"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Finding};
use ceremony_log::consistency::Consistency;
use ceremony_log::json::{Object, Value};
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Policy, Window, policy_text};
use ceremony_log::proof::Proof;
use ceremony_log::state::State;
use ceremony_log::verify::{Practice, VerifyError, verify};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

mod writer;

use writer::{BEGAN, Key, ORIGIN, Writer, text};

/// The reader's clock, unless a vector says another: an hour after the log began.
const NOW: u64 = BEGAN + 3600;

/// A vector that is being made.
#[derive(Clone)]
struct Vector {
    source: &'static str,
    expect: &'static str,
    head: Vec<(&'static str, String)>,
    parts: Vec<(&'static str, Vec<u8>)>,
}

impl Vector {
    fn of(source: &'static str, expect: &'static str) -> Self {
        Self { source, expect, head: vec![("now", NOW.to_string())], parts: Vec::new() }
    }

    fn with(mut self, key: &'static str, value: &dyn ToString) -> Self {
        self.head.retain(|(known, _)| *known != key);
        self.head.push((key, value.to_string()));
        self
    }

    fn part(mut self, name: &'static str, octets: impl Into<Vec<u8>>) -> Self {
        self.parts.push((name, octets.into()));
        self
    }

    fn file(&self) -> Vec<u8> {
        let mut file = format!("expect: {}\nsource: {}\n", self.expect, self.source).replace(": \n", ":\n");
        for (key, value) in &self.head {
            writeln!(file, "{key}: {value}").unwrap();
        }
        file.push('\n');
        let mut file = file.into_bytes();
        for (name, octets) in &self.parts {
            file.extend(format!("-- {name} --\n").into_bytes());
            file.extend(octets);
        }
        file
    }
}

fn log_key() -> Key {
    Key::of_log(1)
}

fn witnesses() -> [Key; 3] {
    [2, 3, 4].map(|seed| Key::of_witness(&format!("witness-{seed}.example.net"), seed))
}

fn own_policy() -> String {
    policy_text(&[log_key().verifier], &[], 0).unwrap()
}

/// Two of three witnesses.
fn witness_policy() -> String {
    policy_text(&[log_key().verifier], &witnesses().map(|key| key.verifier), 2).unwrap()
}

/// A log of one ceremony that came to its end.
fn good() -> Writer {
    let mut log = Writer::new();
    log.begin();
    log.ceremony("2026-root");
    log
}

/// A log and its head, judged by its own policy.
fn whole(source: &'static str, expect: &'static str, log: &Writer) -> Vector {
    with_policy(source, expect, log, &own_policy(), &log.note(&log_key()).to_string())
}

fn with_policy(source: &'static str, expect: &'static str, log: &Writer, policy: &str, head: &str) -> Vector {
    Vector::of(source, expect).part("policy", policy).part("checkpoint", head).part("log.jsonl", log.text())
}

/// A good log with one more line, changed as a text before the head is signed: chain and head fit it.
fn line(expect: &'static str, source: &'static str, change: impl Fn(String) -> String) -> Vector {
    let mut log = good();
    let record = log.record("log.note", None, text("severity", "info").with("text", "one"));
    log.push(change(record.to_line().unwrap()));
    whole(source, expect, &log)
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |line| {
        assert!(line.contains(from), "{line}");
        line.replacen(from, to, 1)
    }
}

/// A head with these cosignatures, judged by two of three.
fn cosigned(expect: &'static str, lines: &[Signature]) -> Vector {
    let log = good();
    let mut note = log.note(&log_key());
    for line in lines {
        note.add(line.clone()).unwrap();
    }
    with_policy("C2SP tlog-policy, tlog-cosignature", expect, &log, &witness_policy(), &note.to_string())
}

fn vectors() -> Vec<(&'static str, Vector)> {
    [heads(), cosignatures(), policies(), lines(), logs(), states(), alone()].concat()
}

fn heads() -> Vec<(&'static str, Vector)> {
    let (log, key) = (good(), log_key());
    let note = log.note(&key).to_string();
    let head = |expect, changed: String| {
        assert_ne!(changed, note);
        with_policy("C2SP tlog-checkpoint, signed-note", expect, &log, &own_policy(), &changed)
    };
    let signed = |text: String| {
        let mut note = Note::new(text.clone()).unwrap();
        note.add(key.sign(&text)).unwrap();
        note.to_string()
    };
    let size = log.size();
    let bare = log.head(size);
    let other = Key::of_log(9);
    vec![
        ("good", whole("ceremony-log/v1", "", &log)),
        ("head-no-signature-line", head("E103", note.replace("— ", "- "))),
        ("head-base64-not-canonical", head("E104", signed(bare.replacen("=\n", "\n", 1)))),
        ("head-extension-line", head("E105", signed(format!("{bare}extension\n")))),
        (
            "head-size-with-zero",
            head("E106", signed(bare.replace(&format!("\n{size}\n"), &format!("\n0{size}\n")))),
        ),
        (
            "head-another-size-under-its-signature",
            head("E107", note.replace(&format!("\n{size}\n"), "\n9\n")),
        ),
        ("head-by-nobody-known", head("E109", log.note(&other).to_string())),
        (
            "head-two-signatures-one-bad",
            head("E107", {
                let mut note = log.note(&key);
                note.add(Signature::new(&key.verifier, &[0; 64])).unwrap();
                note.to_string()
            }),
        ),
        ("head-of-another-log", head("E111", signed(bare.replace(ORIGIN, "example.org/other")))),
        ("head-not-a-note", head("E103", bare)),
    ]
}

fn cosignatures() -> Vec<(&'static str, Vector)> {
    let log = good();
    let text = log.head(log.size());
    let [one, two, three] = witnesses();
    let now = |key: &Key| key.cosign(&text, NOW);
    let mut bad = now(&one);
    bad.octets[30] ^= 1;
    let old = NOW - 31 * 86_400;
    vec![
        ("cosigned-two-of-three", cosigned("", &[now(&one), now(&three)])),
        ("cosigned-one-of-three", cosigned("E110", &[now(&two)])),
        ("cosigned-twice-by-one", cosigned("E110", &[now(&two), two.cosign(&text, NOW - 5)])),
        ("cosigned-one-bad", cosigned("E108", &[bad, now(&two), now(&three)])),
        (
            "cosigned-over-another-head",
            cosigned("E108", &[one.cosign(&log.head(3), NOW), now(&two), now(&three)]),
        ),
        ("cosigned-in-the-future", cosigned("E112", &[one.cosign(&text, NOW + 301), now(&two), now(&three)])),
        ("cosigned-a-little-ahead", cosigned("", &[one.cosign(&text, NOW + 300), now(&two)])),
        (
            "cosigned-stale",
            cosigned("E113", &[one.cosign(&text, NOW - 101), now(&two), now(&three)]).with("oldest", &100),
        ),
        ("cosigned-long-ago", cosigned("W204", &[one.cosign(&text, old), now(&two)])),
        ("cosigned-by-a-stranger-too", {
            let stranger = Key::of_witness("stranger.example.net", 8);
            cosigned("", &[now(&one), now(&two), stranger.cosign(&text, NOW)])
        }),
        ("cosigned-by-the-log-key", {
            let key = Key::of(ORIGIN, KeyKind::Cosignature, 1);
            cosigned("E110", &[key.cosign(&text, NOW), now(&one)])
        }),
    ]
}

fn policies() -> Vec<(&'static str, Vector)> {
    let log = good();
    let note = log.note(&log_key()).to_string();
    let own = own_policy();
    let policy = |expect, changed: String| {
        assert_ne!(changed, own);
        with_policy("C2SP tlog-policy", expect, &log, &changed, &note)
    };
    let [one, two, three] = witnesses().map(|key| key.verifier);
    let id = own.split('+').nth(1).unwrap().to_owned();
    vec![
        ("policy-key-id", policy("E101", own.replace(&id, "00000000"))),
        ("policy-key-base64", policy("E104", own.replacen("\nquorum", "=\nquorum", 1))),
        ("policy-unknown-line", policy("E102", format!("{own}trust everybody\n"))),
        ("policy-no-quorum", policy("E102", own.replace("quorum none\n", ""))),
        (
            "policy-group-twice",
            policy(
                "E102",
                format!("{}witness w {one}\ngroup g 1 w w\nquorum g\n", own.replace("quorum none\n", "")),
            ),
        ),
        ("policy-groups-of-groups", {
            let text = log.head(log.size());
            let mut note = log.note(&log_key());
            for key in &witnesses()[1..] {
                note.add(key.cosign(&text, NOW)).unwrap();
            }
            let policy = format!(
                "# comment\n\nlog {}\nwitness a {one}\nwitness b {two} https://b.example.net/\nwitness c {three}\ngroup ab any a b\ngroup all all ab c\nquorum all\n",
                log_key().verifier
            );
            with_policy("C2SP tlog-policy", "", &log, &policy, &note.to_string())
        }),
    ]
}

fn lines() -> Vec<(&'static str, Vector)> {
    let source = "ceremony-log/v1 §2";
    let genesis = |expect, change: &dyn Fn(Object) -> Object| {
        let mut log = Writer::new();
        let first = text("hash", "sha256").with("spec", "ceremony-log/v1").with("practice", false);
        log.append("log.genesis", None, change(first.with("origin", ORIGIN)));
        log.ceremony("2026-root");
        whole("ceremony-log/v1 §3", expect, &log)
    };
    vec![
        ("line-not-json", line("E121", source, replaced("{", ""))),
        ("line-key-twice", line("E122", source, replaced("\"cer\":", "\"cer\":\"x\",\"cer\":"))),
        ("line-float", line("E123", source, replaced("\"v\":1", "\"v\":1.0"))),
        ("line-null", line("E123", source, replaced("\"text\":\"one\"", "\"text\":null"))),
        (
            "line-large-integer",
            line("E123", source, replaced("\"text\":\"one\"", "\"text\":9007199254740992")),
        ),
        ("line-largest-integer", line("", source, replaced("\"text\":\"one\"", "\"text\":9007199254740991"))),
        (
            "line-keys-not-sorted",
            line("E124", source, |line| {
                let (before, after) = line.split_once("\"severity\":\"info\",\"text\":\"one\"").unwrap();
                format!("{before}\"text\":\"one\",\"severity\":\"info\"{after}")
            }),
        ),
        ("line-white-space", line("E124", source, replaced("{\"actor\"", "{ \"actor\""))),
        ("line-escape", line("E124", source, replaced("\"text\":\"one\"", "\"text\":\"\\u006fne\""))),
        ("line-upper-case-key", line("E128", source, replaced("\"text\"", "\"textT\""))),
        ("line-bidi", line("E128", source, replaced("\"one\"", "\"\u{202e}one\""))),
        ("line-escaped-control", line("E128", source, replaced("\"one\"", "\"\\u0000\""))),
        ("line-no-field", line("E128", source, replaced("\"mono\":", "\"mona\":"))),
        ("line-role", line("E128", source, replaced("\"software\"", "\"hardware\""))),
        ("line-deep", line("E128", source, replaced("\"one\"", "[[[[[[1]]]]]]"))),
        (
            "line-long",
            line("E128", source, |line| line.replace("\"one\"", &format!("\"{}\"", "x".repeat(16 * 1024)))),
        ),
        ("line-version", line("E129", source, replaced("\"v\":1", "\"v\":2"))),
        (
            "line-sequence",
            line("E125", source, |line| {
                let (before, after) = line.split_once("\"seq\":").unwrap();
                format!("{before}\"seq\":9{}", &after[after.find(',').unwrap()..])
            }),
        ),
        ("line-second-genesis", {
            let mut log = good();
            log.append("log.genesis", None, text("origin", ORIGIN).with("practice", false));
            whole(source, "E125", &log)
        }),
        (
            "line-chain",
            line("E126", source, |line| {
                let (before, after) = line.split_once("\"prev\":\"").unwrap();
                format!("{before}\"prev\":\"{}{}", "0".repeat(64), &after[64..])
            }),
        ),
        ("line-genesis-of-another-format", genesis("E129", &|first| first.with("spec", "ceremony-log/v2"))),
        ("line-genesis-practice-unsaid", genesis("E111 W203", &|first| first.with("practice", true))),
        ("line-time-back", line("E127", source, |line| line.replacen("2026-11-01", "2026-10-31", 1))),
        (
            "line-mono-back",
            line("E127", source, |line| {
                let (before, after) = line.split_once("\"mono\":").unwrap();
                format!("{before}\"mono\":1{}", &after[after.find(',').unwrap()..])
            }),
        ),
        ("line-time-back-approved", {
            let mut log = good();
            log.at -= 3600;
            let approved = vec![ceremony_log::json::Value::from("bo")];
            log.append("clock.set", None, text("source", "witnesses").with("approved_by", approved));
            whole(source, "", &log)
        }),
    ]
}

fn logs() -> Vec<(&'static str, Vector)> {
    let log = good();
    let key = log_key();
    let note = log.note(&key).to_string();
    let text_of = |log: &Writer| log.text();
    let changed = |expect, text: String| {
        Vector::of("ceremony-log/v1 §5", expect)
            .part("policy", own_policy())
            .part("checkpoint", note.clone())
            .part("log.jsonl", text)
    };
    let whole_text = text_of(&log);
    let without_last =
        log.lines[..log.lines.len() - 1].iter().fold(String::new(), |text, line| text + line + "\n");
    let mut longer = log.clone();
    longer.append("log.note", None, text("text", "one more"));
    let mut practice = Writer::new();
    practice.origin = format!("{ORIGIN}/practice");
    practice.begin();
    practice.ceremony("2026-root");
    let practice_key = Key::of(&practice.origin, KeyKind::Ed25519, 1);
    let practice_policy = policy_text(std::slice::from_ref(&practice_key.verifier), &[], 0).unwrap();
    let practice = |expect| {
        let note = practice.note(&practice_key).to_string();
        with_policy("ceremony-log/v1 §5, 3", expect, &practice, &practice_policy, &note)
    };
    let last =
        |size: u64| Checkpoint { origin: ORIGIN.to_owned(), size, root: log.levels.root(size).unwrap() };
    let base64 = |head: &Checkpoint| format!("{} {}", head.size, head.to_string().lines().nth(2).unwrap());
    vec![
        ("log-torn", changed("E120 E130", format!("{without_last}{{\"actor\""))),
        ("log-torn-after-all", changed("E120", format!("{whole_text}{{\"actor\""))),
        ("log-torn-by-one-octet", changed("E120", format!("{whole_text} "))),
        ("log-line-changed", changed("E126 E131", whole_text.replacen("\"01ab\"", "\"01ac\"", 1))),
        (
            "log-last-line-changed",
            changed("E131", whole_text.replacen("\"outcome\":\"ok\"", "\"outcome\":\"no\"", 1)),
        ),
        ("log-shorter", changed("E130", without_last)),
        ("log-longer", changed("E130", longer.text())),
        ("log-empty", changed("E130", String::new())),
        ("log-continues", whole("ceremony-log/v1 §5, 2", "", &log).with("last", &base64(&last(5)))),
        (
            "log-same-as-last",
            whole("ceremony-log/v1 §5, 2", "", &log).with("last", &base64(&last(log.size()))),
        ),
        (
            "log-rolled-back",
            whole("ceremony-log/v1 §5, 2", "E132", &log)
                .with("last", &format!("{} {}", log.size() + 1, base64(&last(5)).split(' ').nth(1).unwrap())),
        ),
        (
            "log-forked",
            whole("ceremony-log/v1 §5, 2", "E133", &log)
                .with("last", &format!("6 {}", base64(&last(5)).split(' ').nth(1).unwrap())),
        ),
        (
            "log-forked-at-the-same-size",
            whole("ceremony-log/v1 §5, 2", "E133", &log)
                .with("last", &format!("{} {}", log.size(), base64(&last(5)).split(' ').nth(1).unwrap())),
        ),
        (
            "log-broken-under-the-last-head",
            changed("E126 E131", whole_text.replacen("\"01ab\"", "\"01ac\"", 1))
                .with("last", &base64(&last(log.size()))),
        ),
        (
            "log-broken-before-the-last-head",
            changed("E126 E131", whole_text.replacen("\"bo\"", "\"no\"", 1)).with("last", &base64(&last(5))),
        ),
        ("practice", practice("W203")),
        ("practice-refused", practice("E158").with("practice", &"refuse")),
    ]
}

fn states() -> Vec<(&'static str, Vector)> {
    let source = "ceremony-log/v1 §3, §5, 4";
    let opened = || {
        let mut log = Writer::new();
        log.begin();
        log.open_ceremony("2026-root");
        log
    };
    let ended = |mut log: Writer, expect| {
        log.append("ceremony.close", None, text("outcome", "ok"));
        whole(source, expect, &log)
    };
    let lacks = |ev: &str, expect| {
        let (whole_log, mut log) = (good(), Writer::new());
        log.begin();
        // The same records but one; references to later ones move with it.
        let mut left_out = u64::MAX;
        "2026-root".clone_into(&mut log.cer);
        for (seq, line) in whole_log.lines.iter().enumerate().skip(1) {
            let record = ceremony_log::record::Record::parse(line.as_bytes()).unwrap();
            if record.ev == ev {
                left_out = seq as u64;
                continue;
            }
            let reference = record.reference.map(|to| if to > left_out { to - 1 } else { to });
            log.append(&record.ev, reference, record.data);
        }
        assert_ne!(left_out, u64::MAX);
        whole(source, expect, &log)
    };
    let with = |ev: &str, reference: Option<u64>, data: Object, expect| {
        let mut log = opened();
        log.append(ev, reference, data);
        ended(log, expect)
    };
    let key = |log: &Writer| {
        let record = ceremony_log::record::Record::parse(log.lines[7].as_bytes()).unwrap();
        record.data.str("spki_sha256").unwrap().to_owned()
    };
    let replaced = |new: &str, witnesses: Vec<ceremony_log::json::Value>, expect| {
        let mut log = opened();
        let added =
            text("vkey", "log-2").with("spki_sha256", "22").with("role", "standby").with("token", "b");
        log.append("log.key.added", None, added.with("label", "log-2"));
        let data = text("old", "log-1").with("new", new).with("witnesses", witnesses);
        log.append("log.key.replaced", None, data.with("reason", "it burnt"));
        ended(log, expect)
    };
    let rotated = |new: &str, expect| {
        let mut log = opened();
        let added =
            text("vkey", "log-2").with("spki_sha256", "22").with("role", "standby").with("token", "b");
        log.append("log.key.added", None, added.with("label", "log-2"));
        log.append("log.key.rotated", None, text("old", "log-1").with("new", new));
        ended(log, expect)
    };
    let removed = |vkey: &str, expect| {
        let mut log = opened();
        log.append("witness.registered", None, text("person", "wim").with("vkey", "wim+1"));
        log.append("witness.removed", None, text("person", "wim").with("vkey", vkey));
        ended(log, expect)
    };
    let life = |expect, without: &[&str]| {
        let mut log = opened();
        life_of_shares(&mut log, without, None);
        ended(log, expect)
    };
    let grouped = |expect, needed, counts: &[u32]| {
        let mut log = opened();
        life_of_shares(&mut log, &[], Some((needed, counts)));
        ended(log, expect)
    };
    let spki = key(&opened());
    let intent = || text("issuer_spki_sha256", &spki).with("serial", "02");
    vec![
        ("state-not-closed", whole(source, "E150", &opened())),
        ("state-closed-twice", {
            let mut log = good();
            log.append("ceremony.close", None, text("outcome", "ok"));
            whole(source, "E150", &log)
        }),
        ("state-aborted", {
            let mut log = opened();
            log.append("ceremony.close", None, text("outcome", "aborted"));
            whole(source, "E151", &log)
        }),
        ("state-open-intent", with("cert.sign.intent", None, intent(), "E152")),
        ("state-result-without-intent", with("crl.signed", None, text("number", "2"), "E153")),
        ("state-result-of-another-intent", with("crl.signed", Some(8), Object::new(), "E153")),
        ("state-result-differs", {
            let mut log = opened();
            let seq = log.append("cert.sign.intent", None, intent());
            log.append("cert.signed", Some(seq), text("serial", "03").with("spki_sha256", spki.as_str()));
            ended(log, "E153")
        }),
        ("state-result-of-another-number", {
            let mut log = opened();
            let number = |number: u32| text("issuer_spki_sha256", &spki).with("number", number);
            let seq = log.append("crl.sign.intent", None, number(7));
            log.append("crl.signed", Some(seq), number(8));
            ended(log, "E153")
        }),
        ("state-ceremony-without-name", {
            let mut log = good();
            "-".clone_into(&mut log.cer);
            log.append("ceremony.open", None, text("plan_sha256", "00"));
            ended(log, "E150")
        }),
        ("state-failed-act", {
            let mut log = opened();
            let seq = log.append("cert.sign.intent", None, intent());
            log.append("act.failed", Some(seq), text("error", "it is gone"));
            ended(log, "")
        }),
        ("state-unknown-signing-event", with("tsa.sign.intent", None, Object::new(), "E154")),
        ("state-unknown-event", with("weather.told", None, Object::new(), "W201")),
        ("state-plan-not-approved", lacks("plan.approved", "E155")),
        ("state-no-login", lacks("auth.ok", "E155")),
        ("state-key-not-live", lacks("key.live", "E159")),
        ("state-foreign-key", with("key.live", None, text("spki_sha256", "00"), "E159")),
        ("state-quorum", with("quorum.met", None, text("token", "root").with("threshold", 2_u32), "E155")),
        ("state-log-key-replaced", replaced("log-2", vec!["wim".into()], "")),
        ("state-log-key-by-nobody", replaced("log-2", Vec::new(), "E155")),
        ("state-log-key-of-nobody", replaced("log-3", vec!["wim".into()], "E159")),
        ("state-log-key-rotated", rotated("log-2", "")),
        ("state-log-key-rotated-to-nobody", rotated("log-3", "E159")),
        ("state-witness-removed", removed("wim+1", "")),
        ("state-witness-removed-unknown", removed("wim+2", "E159")),
        ("state-key-of-shares", life("", &[])),
        ("state-key-of-groups", grouped("", 2, &[1, 1])),
        ("state-key-of-other-groups", grouped("E159", 2, &[1, 2])),
        ("state-key-of-too-few-groups", grouped("E159", 3, &[1, 1])),
        ("state-key-restored-early", life("E159", &["share.confirmed"])),
        ("state-key-sealed-unproved", life("E159", &["key.proof.intent", "key.proved"])),
        ("state-key-not-sealed", life("E159", &["key.sealed"])),
        ("state-key-not-restored", life("E159", &["key.restore.intent", "key.restored"])),
        ("state-second-ceremony", {
            let mut log = good();
            log.ceremony("2027-crl");
            whole(source, "", &log)
        }),
        ("state-same-ceremony-again", {
            let mut log = good();
            log.ceremony("2026-root");
            whole(source, "E150 E159", &log)
        }),
    ]
}

/// A key that could leave its token: backed up in two shares, restored, sealed and only then live; without these events. `groups`: how many of
/// these are needed, each with so many shares and a threshold of all of them.
fn life_of_shares(log: &mut Writer, without: &[&str], groups: Option<(u32, &[u32])>) {
    let spki = text("spki_sha256", &"5".repeat(64));
    let attributes = |extractable: bool| Object::new().with("extractable", extractable);
    let share = |index: u32| spki.clone().with("set_id", "11").with("index", index);
    let mut backup = spki.clone().with("set_id", "11").with("share_count", 2_u32);
    if let Some((needed, counts)) = groups {
        let group = |count: &u32| {
            let group = text("name", "a").with("threshold", *count).with("share_count", *count);
            Value::Object(group)
        };
        let all: Vec<Value> = counts.iter().map(group).collect();
        backup = backup.with("group_threshold", needed).with("groups", Value::Array(all));
    }
    let events = [
        ("key.generate.intent", text("token", "root")),
        ("key.generated", spki.clone().with("attributes", attributes(true))),
        ("key.backup.intent", spki.clone()),
        ("key.backup", backup),
        ("share.confirmed", share(1)),
        ("share.confirmed", share(2)),
        ("key.restore.intent", spki.clone()),
        ("key.restored", spki.clone().with("token", "spare")),
        ("key.proof.intent", spki.clone()),
        ("key.proved", spki.clone().with("verified", true)),
        ("key.sealed", spki.clone().with("attributes", attributes(false))),
        ("key.live", spki.clone()),
        ("crl.sign.intent", text("issuer_spki_sha256", &"5".repeat(64)).with("number", 7_u32)),
        ("crl.signed", text("issuer_spki_sha256", &"5".repeat(64)).with("number", 7_u32)),
    ];
    let mut intent = None;
    for (ev, data) in events.into_iter().filter(|(ev, _)| !without.contains(ev)) {
        let closes = intent.take();
        let seq = log.append(ev, closes, data);
        intent = ev.ends_with(".intent").then_some(seq);
    }
}

/// Proofs and consistency.
fn alone() -> Vec<(&'static str, Vector)> {
    let (log, key) = (good(), log_key());
    let proof = log.proof(9, log.note(&key)).to_string();
    let judged = |expect, proof: String| {
        Vector::of("C2SP tlog-proof", expect).part("policy", own_policy()).part("proof", proof)
    };
    let lines: Vec<&str> = proof.lines().collect();
    let swapped = |one: usize, other: usize| {
        let mut lines = lines.clone();
        lines.swap(one, other);
        lines.join("\n") + "\n"
    };
    let path = log.levels.consistency(5, log.size()).unwrap();
    let body = Consistency::new(5, path, log.note(&key)).to_string();
    let last = |size: u64| {
        let head = log.head(size);
        format!("{size} {}", head.lines().nth(2).unwrap())
    };
    let continues = |expect, body: String, last: String| {
        let vector = Vector::of("C2SP tlog-witness", expect).with("last", &last);
        vector.part("policy", own_policy()).part("consistency", body)
    };
    vec![
        ("proof", judged("", proof.clone())),
        ("proof-another-index", judged("E144", proof.replace("index 9\n", "index 8\n"))),
        ("proof-path-swapped", judged("E144", swapped(3, 4))),
        ("proof-path-short", judged("E144", [&lines[..3], &lines[4..]].concat().join("\n") + "\n")),
        ("proof-header", judged("E144", proof.replace("@v1", "@v2"))),
        ("proof-head-by-nobody", judged("E109", log.proof(9, log.note(&Key::of_log(9))).to_string())),
        ("consistency", continues("", body.clone(), last(5))),
        (
            "consistency-another-last-head",
            continues("E133", body.clone(), format!("5 {}", last(6).split(' ').nth(1).unwrap())),
        ),
        ("consistency-from-another-size", continues("E144", body.clone(), last(6))),
        (
            "consistency-rolled-back",
            continues("E132", body, format!("99 {}", last(6).split(' ').nth(1).unwrap())),
        ),
    ]
}

/// A vector as it was read.
struct Read {
    head: Vec<(String, String)>,
    parts: Vec<(String, Vec<u8>)>,
}

impl Read {
    fn of(octets: &[u8]) -> Self {
        let at = octets.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = std::str::from_utf8(&octets[..at]).unwrap();
        let head = head.lines().map(|line| {
            let (key, value) = line.split_once(':').unwrap();
            (key.to_owned(), value.trim().to_owned())
        });
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        for line in octets[at + 2..].split_inclusive(|octet| *octet == b'\n') {
            let name = std::str::from_utf8(line)
                .ok()
                .and_then(|line| line.strip_prefix("-- ")?.strip_suffix(" --\n"));
            match name {
                Some(name) => parts.push((name.to_owned(), Vec::new())),
                None => parts.last_mut().unwrap().1.extend(line),
            }
        }
        Self { head: head.collect(), parts }
    }

    fn said(&self, key: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn part(&self, name: &str) -> Option<&[u8]> {
        self.parts.iter().find(|(known, _)| known == name).map(|(_, octets)| octets.as_slice())
    }

    /// Every code that this crate finds.
    fn codes(&self) -> BTreeSet<Code> {
        let findings = self.judge().unwrap_or_else(|findings| findings);
        findings.into_iter().map(|finding| finding.code).collect()
    }

    fn judge(&self) -> Result<Vec<Finding>, Vec<Finding>> {
        let fault = |fault: ceremony_log::code::Fault| vec![fault.at(ceremony_log::code::Place::Log)];
        let policy = Policy::parse(self.part("policy").unwrap())?;
        let now = self.said("now").unwrap().parse().unwrap();
        let window =
            Window { oldest: self.said("oldest").map(|oldest| oldest.parse().unwrap()), ..Window::at(now) };
        let last = self.said("last").map(|last| {
            let (size, root) = last.split_once(' ').unwrap();
            format!("{ORIGIN}\n{size}\n{root}\n").parse::<Checkpoint>().unwrap()
        });
        if let Some(proof) = self.part("proof") {
            let proven = Proof::parse(proof).map_err(fault)?.verify(&policy, &window)?;
            return Ok(proven.head().warnings().to_vec());
        }
        if let Some(body) = self.part("consistency") {
            let head = Consistency::parse(body).map_err(fault)?.verify(&last.unwrap(), &policy, &window)?;
            return Ok(head.warnings().to_vec());
        }
        let note = Note::parse(self.part("checkpoint").unwrap()).map_err(fault)?;
        let head = policy.judge(&note, &window)?;
        let practice =
            if self.said("practice") == Some("refuse") { Practice::Refuse } else { Practice::Warn };
        let mut state = State::new();
        let mut log = self.part("log.jsonl").unwrap();
        match verify(&mut log, head, last.as_ref(), practice, &mut |entry| state.follow(entry.record)) {
            Ok(log) => Ok([log.warnings(), &state.finish().list].concat()),
            Err(VerifyError::Refused(findings)) => Err(findings.list),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A head by an ECDSA key: other octets each time, so that the file is made once.
fn p256() -> Vector {
    const SPKI: [u8; 26] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let spki = [&SPKI[..], pair.public_key().as_ref()].concat();
    let key = VerifierKey::new(ORIGIN, KeyKind::EcdsaP256, &spki).unwrap();
    let log = good();
    let mut note = Note::new(log.head(log.size())).unwrap();
    note.add(Signature::new(&key, pair.sign(&random, note.text().as_bytes()).unwrap().as_ref())).unwrap();
    let policy = policy_text(&[key], &[], 0).unwrap();
    with_policy("ceremony-log/v1 §4", "", &log, &policy, &note.to_string())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

#[test]
fn every_vector_says_what_this_crate_finds() {
    let files: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Those that are made here, and one by an ECDSA key, which signs otherwise each time.
    assert_eq!(files.len(), vectors().len() + 1);
    let (mut found, mut wrong) = (BTreeSet::new(), Vec::new());
    for path in files {
        let read = Read::of(&fs::read(&path).unwrap());
        assert!(read.said("source").is_some_and(|source| !source.is_empty()), "{}", path.display());
        let codes = read.codes();
        let said: Vec<_> = codes.iter().map(|code| code.name()).collect();
        if said.join(" ") != read.said("expect").unwrap() {
            wrong.push(format!("{}: {} {:?}", path.display(), said.join(" "), read.said("expect")));
        }
        found.extend(codes);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every code of the format's own items; the rest needs certificates, artifacts or an importer's pins.
    for code in Code::ALL.iter().filter(|code| code.name() < "E140" && code.name() > "E100") {
        assert!(found.contains(code), "no vector has {code}");
    }
}

#[test]
fn the_files_are_what_is_made_here() {
    let once = folder().join("good-p256.txt");
    if !once.exists() && std::env::var_os("WRITE_VECTORS").is_some() {
        fs::write(&once, p256().file()).unwrap();
    }
    for (name, vector) in vectors() {
        let path = folder().join(format!("{name}.txt"));
        if !path.exists() && std::env::var_os("WRITE_VECTORS").is_some() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, vector.file()).unwrap();
        }
        assert_eq!(
            String::from_utf8_lossy(&fs::read(&path).unwrap()),
            String::from_utf8_lossy(&vector.file()),
            "{name}"
        );
    }
}

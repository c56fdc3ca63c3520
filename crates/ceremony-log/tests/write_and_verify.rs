//! A writer and a reader that share nothing but files, through the public interface alone: a log of two
//! checkpoints with a P-256 log key and a witness, its proofs, and the example that verifies a bundle's folder.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test stops where something is not as it should be"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use ceremony_log::checkpoint::{Checkpoint, checkpoint_text};
use ceremony_log::consistency::Consistency;
use ceremony_log::json::{Limits, Object, Value};
use ceremony_log::key::{KeyKind, VerifierKey, cosignature_text};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Policy, Window, policy_text};
use ceremony_log::proof::Proof;
use ceremony_log::record::{Actor, Record, Role};
use ceremony_log::state::State;
use ceremony_log::tree::{Hash, Levels, Tree};
use ceremony_log::verify::{Practice, scan, verify};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

const ORIGIN: &str = "example.org/ceremony-log/practice";
const NOW: u64 = 1_800_000_000;

/// A SubjectPublicKeyInfo of P-256 up to its point, RFC 5480.
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// Everything that a ceremony has while it writes.
struct Writer {
    text: String,
    tree: Tree,
    levels: Levels,
    prev: Hash,
    log_key: EcdsaKeyPair,
    log_verifier: VerifierKey,
    witness_key: Ed25519KeyPair,
    witness_verifier: VerifierKey,
}

impl Writer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let log_key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let prefix: Vec<u8> =
            (0..SPKI.len()).step_by(2).map(|at| u8::from_str_radix(&SPKI[at..at + 2], 16).unwrap()).collect();
        let spki = [&prefix, log_key.public_key().as_ref()].concat();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let witness_key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        Self {
            text: String::new(),
            tree: Tree::new(),
            levels: Levels::new(),
            prev: Hash::ZERO,
            log_verifier: VerifierKey::new(ORIGIN, KeyKind::EcdsaP256, &spki).unwrap(),
            log_key,
            witness_verifier: VerifierKey::new("w1", KeyKind::Cosignature, witness_key.public_key().as_ref())
                .unwrap(),
            witness_key,
        }
    }

    fn append(&mut self, ev: &str, reference: Option<u64>, data: Object) -> u64 {
        let seq = self.tree.size();
        let record = Record {
            seq,
            prev: self.prev,
            at: "2026-11-01T08:00:00Z".parse().unwrap(),
            mono: seq * 100,
            cer: "2026-root".to_owned(),
            ev: ev.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data,
            step: None,
            reference,
        };
        let line = record.to_line().unwrap();
        self.prev = self.tree.push_line(line.as_bytes());
        self.levels.push(self.prev);
        self.text.push_str(&line);
        self.text.push('\n');
        seq
    }

    fn checkpoint(&self, now: u64) -> Note {
        let text = checkpoint_text(ORIGIN, self.tree.size(), &self.tree.root()).unwrap();
        let signature = self.log_key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        let cosignature = self.witness_key.sign(cosignature_text(now, &text).as_bytes());
        let timed = [&now.to_be_bytes(), cosignature.as_ref()].concat();
        let mut note = Note::new(text).unwrap();
        note.add(Signature::new(&self.log_verifier, signature.as_ref())).unwrap();
        note.add(Signature::new(&self.witness_verifier, &timed)).unwrap();
        Note::parse(note.to_string().as_bytes()).unwrap()
    }

    fn policy(&self) -> String {
        let (log, witness) = (self.log_verifier.clone(), self.witness_verifier.clone());
        policy_text(&[log], &[witness], 1).unwrap()
    }

    /// From genesis to the first checkpoint; what it returns is the seq of a certificate's record.
    fn ceremony(&mut self) -> u64 {
        let data = |key: &str, value: &str| Object::new().with(key, value);
        let genesis = data("hash", "sha256").with("spec", "ceremony-log/v1").with("practice", true);
        self.append("log.genesis", None, genesis.with("origin", ORIGIN));
        self.append("session.start", None, Object::new());
        self.append("plan.approved", None, data("sha256", "p").with("person", "bo"));
        self.append("ceremony.open", None, data("plan_sha256", "p"));
        self.append("auth.ok", None, data("token", "root"));
        let intent = self.append("key.generate.intent", None, data("token", "root"));
        let attributes = Object::new().with("local", true).with("never_extractable", true);
        self.append("key.generated", Some(intent), data("spki_sha256", "k").with("attributes", attributes));
        self.append("key.live", None, data("spki_sha256", "k"));
        let intent =
            self.append("cert.sign.intent", None, data("issuer_spki_sha256", "k").with("serial", "01"));
        self.append("cert.signed", Some(intent), data("spki_sha256", "k").with("serial", "01"))
    }
}

#[test]
fn what_a_writer_writes_a_reader_verifies() {
    let mut writer = Writer::new();
    let signed = writer.ceremony();
    let first: Checkpoint = writer.checkpoint(NOW).text().parse().unwrap();
    writer.append("ceremony.close", None, Object::new().with("outcome", "ok"));

    let policy = Policy::parse(writer.policy().as_bytes()).unwrap();
    let window = Window { now: NOW, ahead: 0, oldest: Some(60) };
    let head = policy.judge(&writer.checkpoint(NOW), &window).unwrap();
    let mut state = State::new();
    let mut file = writer.text.as_bytes();
    let log = verify(&mut file, head, Some(&first), Practice::Warn, &mut |entry| state.follow(entry.record))
        .unwrap();
    assert_eq!(log.tree(), &writer.tree);
    assert_eq!(state.finish().list, []);

    let path = writer.levels.inclusion(signed, writer.tree.size()).unwrap();
    let line = writer.text.lines().nth(usize::try_from(signed).unwrap()).unwrap();
    let proof = Proof::new(line.as_bytes(), signed, path, writer.checkpoint(NOW)).to_string();
    let proven = Proof::parse(proof.as_bytes()).unwrap().verify(&policy, &window).unwrap();
    assert_eq!(proven.record().ev, "cert.signed");

    let path = writer.levels.consistency(first.size, writer.tree.size()).unwrap();
    let body = Consistency::new(first.size, path, writer.checkpoint(NOW)).to_string();
    let consistency = Consistency::parse(body.as_bytes()).unwrap();
    assert_eq!(consistency.verify(&first, &policy, &window).unwrap().cosignatures().len(), 1);
}

#[test]
fn a_writer_that_starts_again_finds_where_it_was() {
    let mut writer = Writer::new();
    writer.ceremony();
    let torn = format!("{}{{\"actor\"", writer.text);
    let scan = scan(&mut torn.as_bytes(), &mut |_| {}).unwrap();
    assert_eq!((scan.torn, scan.tree), (8, writer.tree.clone()));
    assert_eq!(scan.last.map(|record| record.ev), Some("cert.signed".to_owned()));
    assert!(!scan.findings.refuse());
}

#[test]
fn a_manifest_is_canonical_json_of_the_file_kind() {
    let artifact = Object::new().with("name", "Wurzel Größe 1").with("seq", 9_u32);
    let manifest = Value::from(Object::new().with("v", 1_u32).with("artifacts", vec![Value::from(artifact)]));
    let text = manifest.to_checked(&Limits::FILE).unwrap();
    assert_eq!(text, r#"{"artifacts":[{"name":"Wurzel Größe 1","seq":9}],"v":1}"#);
}

/// The example's program, beside the folder of this test's own. `cargo test` builds both.
///
/// Not through `cargo run`: its environment differs from the test's, and ring would be built anew each time.
fn built_example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/verify");
    assert!(example.exists(), "{} is not built: run `cargo build --examples` first", example.display());
    example
}

/// Runs the example on a folder with these files: what it prints, and its exit code.
fn example(name: &str, writer: &Writer, log: &str) -> (String, Option<i32>) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (name, content) in [
        ("log.jsonl", log.to_owned()),
        ("policy", writer.policy()),
        ("checkpoint", writer.checkpoint(now).to_string()),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    let output = Command::new(built_example()).arg(&folder).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn the_example_tells_a_good_log_from_a_changed_one() {
    let mut writer = Writer::new();
    writer.ceremony();
    writer.append("ceremony.close", None, Object::new().with("outcome", "ok"));
    let head = format!(
        "policy    the folder's own: pin your own to know whose log this is\norigin    {ORIGIN}\nsize      11\n\
         root      {}\ncosigned  by 1 witnesses\n",
        writer.tree.root()
    );
    let (good, code) = example("good", &writer, &writer.text);
    assert_eq!(good, format!("{head}W203 log.jsonl:1: the log of a practice ceremony\ngood\n"));
    assert_eq!(code, Some(0));
    let (bad, code) = example("bad", &writer, &writer.text.replace("\"serial\":\"01\"", "\"serial\":\"02\""));
    assert!(bad.contains("E126 log.jsonl:10: prev is") && bad.ends_with("refused\n"), "{bad}");
    assert_eq!(code, Some(5));
}

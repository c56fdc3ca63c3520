//! A writer of logs for tests, through the public interface alone: keys from a seed, so that the same octets come each time.

#![allow(dead_code, reason = "each test uses a part of it")]

use ceremony_log::checkpoint::checkpoint_text;
use ceremony_log::json::Object;
use ceremony_log::key::{KeyKind, VerifierKey, cosignature_text};
use ceremony_log::note::{Note, Signature};
use ceremony_log::proof::Proof;
use ceremony_log::record::{Actor, Record, Role};
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Levels};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The origin of every log here, unless a test says another one.
pub const ORIGIN: &str = "example.org/ceremony-log";

/// The time of the first record, and of no other: 2026-11-01T08:00:00Z.
pub const BEGAN: u64 = 1_793_520_000;

/// An Ed25519 key of a seed.
pub struct Key {
    pair: Ed25519KeyPair,
    pub verifier: VerifierKey,
}

impl Key {
    pub fn of_log(seed: u8) -> Self {
        Self::of(ORIGIN, KeyKind::Ed25519, seed)
    }

    pub fn of_witness(name: &str, seed: u8) -> Self {
        Self::of(name, KeyKind::Cosignature, seed)
    }

    pub fn of(name: &str, kind: KeyKind, seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let verifier = VerifierKey::new(name, kind, pair.public_key().as_ref()).unwrap();
        Self { pair, verifier }
    }

    pub fn sign(&self, text: &str) -> Signature {
        Signature::new(&self.verifier, self.pair.sign(text.as_bytes()).as_ref())
    }

    pub fn cosign(&self, text: &str, time: u64) -> Signature {
        let signature = self.pair.sign(cosignature_text(time, text).as_bytes());
        Signature::new(&self.verifier, &[&time.to_be_bytes()[..], signature.as_ref()].concat())
    }
}

/// A log that is being written.
#[derive(Clone)]
pub struct Writer {
    pub origin: String,
    pub cer: String,
    pub lines: Vec<String>,
    pub levels: Levels,
    prev: Hash,
    pub at: u64,
}

impl Writer {
    pub fn new() -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            cer: "2026-root".to_owned(),
            lines: Vec::new(),
            levels: Levels::new(),
            prev: Hash::ZERO,
            at: BEGAN,
        }
    }

    /// The record that would come next.
    pub fn record(&self, ev: &str, reference: Option<u64>, data: Object) -> Record {
        let seq = self.lines.len() as u64;
        Record {
            seq,
            prev: self.prev,
            at: Time::from_seconds(self.at).unwrap(),
            mono: seq * 100,
            cer: self.cer.clone(),
            ev: ev.to_owned(),
            actor: Actor { id: "rootrite".to_owned(), role: Role::Software },
            data,
            step: None,
            reference,
        }
    }

    pub fn append(&mut self, ev: &str, reference: Option<u64>, data: Object) -> u64 {
        let record = self.record(ev, reference, data);
        self.push(record.to_line().unwrap());
        record.seq
    }

    /// Adds a line as it is.
    pub fn push(&mut self, line: String) {
        self.prev = Hash::leaf(line.as_bytes());
        self.levels.push(self.prev);
        self.lines.push(line);
        self.at += 1;
    }

    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    pub fn size(&self) -> u64 {
        self.levels.size()
    }

    /// The head over the first `size` lines, not signed.
    pub fn head(&self, size: u64) -> String {
        checkpoint_text(&self.origin, size, &self.levels.root(size).unwrap()).unwrap()
    }

    /// The head of now, signed by a key of the log.
    pub fn note(&self, key: &Key) -> Note {
        self.note_at(self.size(), key)
    }

    pub fn note_at(&self, size: u64, key: &Key) -> Note {
        let text = self.head(size);
        let mut note = Note::new(text.clone()).unwrap();
        note.add(key.sign(&text)).unwrap();
        note
    }

    pub fn proof(&self, seq: u64, note: Note) -> Proof {
        let path = self.levels.inclusion(seq, self.size()).unwrap();
        Proof::new(self.lines[usize::try_from(seq).unwrap()].as_bytes(), seq, path, note)
    }

    /// `log.genesis`, and a session.
    pub fn begin(&mut self) {
        let practice = self.origin.ends_with("/practice");
        let genesis = text("hash", "sha256").with("spec", "ceremony-log/v1").with("practice", practice);
        self.append("log.genesis", None, genesis.with("origin", self.origin.clone()));
    }

    /// A ceremony: it is approved, makes a key, signs a certificate with it and ends. The seq of the certificate's record.
    pub fn ceremony(&mut self, cer: &str) -> u64 {
        let signed = self.open_ceremony(cer);
        self.append("ceremony.close", None, text("outcome", "ok"));
        signed
    }

    /// The same, not ended.
    pub fn open_ceremony(&mut self, cer: &str) -> u64 {
        cer.clone_into(&mut self.cer);
        let digest = |what: &str| Hash::of(format!("{cer}/{what}").as_bytes()).to_string();
        self.append("session.start", None, Object::new());
        self.append("plan.approved", None, text("sha256", &digest("plan")).with("person", "bo"));
        self.append("ceremony.open", None, text("plan_sha256", &digest("plan")));
        self.append("auth.ok", None, text("token", "root"));
        let intent = self.append("key.generate.intent", None, text("token", "root"));
        let attributes = Object::new().with("local", true).with("never_extractable", true);
        let spki = digest("key");
        self.append(
            "key.generated",
            Some(intent),
            text("spki_sha256", &spki).with("attributes", attributes).with("token", "root"),
        );
        self.append("key.live", None, text("spki_sha256", &spki));
        let tbs = text("issuer_spki_sha256", &spki).with("serial", "01ab").with("tbs_sha256", digest("tbs"));
        let intent = self.append("cert.sign.intent", None, tbs);
        let artifact = text("kind", "root")
            .with("media_type", "application/pkix-cert")
            .with("name", "root-x1")
            .with("sha256", digest("certificate"));
        let signed = text("spki_sha256", &spki).with("serial", "01ab").with("artifact", artifact);
        self.append("cert.signed", Some(intent), signed)
    }
}

pub fn text(key: &str, value: &str) -> Object {
    Object::new().with(key, value)
}

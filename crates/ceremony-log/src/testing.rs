//! What the tests sign with. The crate itself never holds a private key.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use crate::checkpoint::{Checkpoint, checkpoint_text};
use crate::json::Object;
use crate::key::{KeyKind, P256_SPKI, VerifierKey, cosignature_text};
use crate::note::{Note, Signature};
use crate::policy::{Policy, SignedHead, Window};
use crate::record::{Actor, Record, Role};
use crate::time::Time;
use crate::tree::{Hash, Levels};

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

/// A key pair made for one test.
pub struct LogKey {
    pair: Pair,
    verifier: VerifierKey,
}

impl LogKey {
    pub fn ed25519(name: &str) -> Self {
        Self::edwards(name, KeyKind::Ed25519)
    }

    pub fn witness(name: &str) -> Self {
        Self::edwards(name, KeyKind::Cosignature)
    }

    fn edwards(name: &str, kind: KeyKind) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let verifier = VerifierKey::new(name, kind, pair.public_key().as_ref()).unwrap();
        Self { pair: Pair::Ed25519(pair), verifier }
    }

    pub fn p256(name: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        let spki = [&P256_SPKI, pair.public_key().as_ref()].concat();
        let verifier = VerifierKey::new(name, KeyKind::EcdsaP256, &spki).unwrap();
        Self { pair: Pair::P256(pair), verifier }
    }

    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    pub fn sign(&self, text: &str) -> Signature {
        Signature::new(&self.verifier, &self.octets(text))
    }

    pub fn cosign(&self, text: &str, time: u64) -> Signature {
        let octets = self.octets(&cosignature_text(time, text));
        Signature::new(&self.verifier, &[&time.to_be_bytes(), octets.as_slice()].concat())
    }

    fn octets(&self, text: &str) -> Vec<u8> {
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec(),
        }
    }
}

/// Some head of `example.org/log`.
pub fn head() -> Checkpoint {
    Checkpoint { origin: "example.org/log".to_owned(), size: 5, root: Hash::leaf(b"") }
}

/// A log that breaks no rule of the lines: a practice one, so that it is recognised as such.
pub struct GoodLog {
    pub lines: Vec<String>,
}

impl GoodLog {
    pub fn new() -> Self {
        let mut log = Self { lines: Vec::new() };
        let genesis = Object::new()
            .with("hash", "sha256")
            .with("origin", "example.org/log/practice")
            .with("practice", true)
            .with("spec", "ceremony-log/v1");
        log.add(|record| record.data = genesis.clone());
        log.add(|record| record.ev = "session.start".to_owned());
        for _ in 0..9 {
            log.add(|_| {});
        }
        log
    }

    /// Appends a record that follows the last: `log.note` (`log.genesis` at 0), 10 s later; `spoil` may differ.
    pub fn add(&mut self, spoil: impl FnOnce(&mut Record)) {
        let seq = self.size();
        let mut record = Record {
            seq,
            prev: self.lines.last().map_or(Hash::ZERO, |line| Hash::leaf(line.as_bytes())),
            at: Time::from_seconds(1_800_000_000 + 10 * seq).unwrap(),
            mono: 10_000 * seq,
            cer: "-".to_owned(),
            ev: if seq == 0 { "log.genesis" } else { "log.note" }.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data: Object::new().with("severity", "info").with("text", format!("line {seq}")),
            step: None,
            reference: None,
        };
        spoil(&mut record);
        self.lines.push(record.to_line().unwrap());
    }

    /// Appends a record that names an artifact.
    pub fn name_artifact(&mut self, sha256: &str) {
        let artifact = Object::new().with("kind", "root").with("sha256", sha256);
        self.add(|record| record.data = Object::new().with("artifact", artifact));
    }

    pub fn size(&self) -> u64 {
        self.lines.len() as u64
    }

    pub fn levels(&self) -> Levels {
        let mut levels = Levels::new();
        for line in &self.lines {
            levels.push(Hash::leaf(line.as_bytes()));
        }
        levels
    }

    pub fn text(&self) -> String {
        self.lines.join("\n") + if self.lines.is_empty() { "" } else { "\n" }
    }

    /// The log's head, signed.
    pub fn note(&self, key: &LogKey) -> Note {
        let root = self.levels().root(self.size()).unwrap();
        let text = checkpoint_text(key.name(), self.size(), &root).unwrap();
        let mut note = Note::new(text.clone()).unwrap();
        note.add(key.sign(&text)).unwrap();
        note
    }

    /// The log's head, signed by some key and judged by a policy that trusts it.
    pub fn signed_head(&self) -> SignedHead {
        let key = LogKey::ed25519("example.org/log/practice");
        let policy = Policy::parse(format!("log {}\nquorum none\n", key.verifier()).as_bytes()).unwrap();
        policy.judge(&self.note(&key), &Window::at(0)).unwrap()
    }
}

//! The answer of the online side to a ceremony: which head it took in, when, and what is active there since.
//!
//! A receipt is a signed note (C2SP signed-note) by an Ed25519 key of the online side's own. The key's name is the log's
//! origin and `/receipts`. The next ceremony compares it with the log on its medium: a log that is shorter was rolled back.
//!
//! ```text
//! rootrite receipt/v1
//! origin: example.org/ceremony-log
//! size: 123
//! root: 64 hex digits
//! at: 2026-11-21T10:00:00Z
//! set: SHA-256 of the set's description, which names everything that is active
//! artifacts: 12
//! active: root 64 hex digits root-x1
//!
//! — example.org/ceremony-log/receipts base64
//! ```

use std::fmt::Write as _;

use ceremony_log::code::Fault;
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{MOST_OCTETS, Note, Signature};
use thiserror::Error;

use crate::clock::Timestamp;
use crate::digest::Digest;

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The log's origin.
    pub origin: String,
    /// The size of the head that was taken in.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// When it was activated.
    pub at: Timestamp,
    /// The digest of the description of everything that is active.
    pub set: Digest,
    /// How many artifacts are active.
    pub artifacts: u64,
    /// Certificates and CRLs among them: kind, digest and name.
    pub active: Vec<(String, Digest, String)>,
}

/// A receipt whose signature was verified by a key that is known from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    receipt: Receipt,
    key: VerifierKey,
}

impl VerifiedReceipt {
    /// What it says.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The key that signed it, as scripts write it.
    pub fn key(&self) -> String {
        self.key.to_string()
    }
}

impl Receipt {
    /// The most octets of one.
    pub const MOST_OCTETS: usize = MOST_OCTETS;

    /// What is signed.
    pub fn text(&self) -> String {
        let Self { origin, size, root, at, set, artifacts, active } = self;
        let mut text = format!(
            "{HEADER}\norigin: {origin}\nsize: {size}\nroot: {root}\nat: {at}\nset: {set}\nartifacts: {artifacts}\n"
        );
        for (kind, sha256, name) in active.iter().take(MOST_ACTIVE) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "active: {kind} {sha256} {name}");
        }
        text
    }

    /// The key that signs receipts for a log.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Note`] for an origin that no key can have.
    pub fn verifier(origin: &str, point: &[u8; 32]) -> Result<VerifierKey, ReceiptError> {
        Ok(VerifierKey::new(&format!("{origin}/receipts"), KeyKind::Ed25519, point)?)
    }

    /// Puts a signature under it.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] unless the signature is the key's.
    pub fn signed(&self, key: &VerifierKey, signature: &[u8]) -> Result<String, ReceiptError> {
        let mut note = Note::new(self.text())?;
        key.verify(note.text(), signature)?;
        note.add(Signature::new(key, signature))?;
        Ok(note.to_string())
    }

    /// Reads a receipt and verifies it.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] unless it is one, in its one form, by `key`.
    pub fn read(octets: &[u8], key: &str) -> Result<VerifiedReceipt, ReceiptError> {
        let key: VerifierKey = key.parse()?;
        let note = Note::parse(octets)?;
        let receipt = Self::of_text(note.text()).ok_or(ReceiptError::Form)?;
        if key.kind() != KeyKind::Ed25519 || key.name() != format!("{}/receipts", receipt.origin) {
            return Err(ReceiptError::Key { found: key.name().to_owned(), origin: receipt.origin });
        }
        let mut good = false;
        for signature in note.signatures().iter().filter(|signature| signature.is_by(&key)) {
            key.verify(note.text(), &signature.octets)?;
            good = true;
        }
        if !good {
            return Err(ReceiptError::NotSigned { key: key.to_string() });
        }
        Ok(VerifiedReceipt { receipt, key })
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        let (origin, size) = (value("origin")?.to_owned(), value("size")?.parse().ok()?);
        let (root, at) = (value("root")?.parse().ok()?, value("at")?.parse().ok()?);
        let (set, artifacts) = (value("set")?.parse().ok()?, value("artifacts")?.parse().ok()?);
        let mut active = Vec::new();
        for line in lines {
            let mut parts = line.strip_prefix("active: ")?.splitn(3, ' ');
            active.push((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.to_owned()));
        }
        let read = Self { origin, size, root, at, set, artifacts, active };
        (read.text() == text).then_some(read)
    }
}

/// Why something is no receipt.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is no note, or a key is none, or a signature is not the key's.
    #[error(transparent)]
    Note(#[from] Fault),
    /// It is a note about something else.
    #[error("it is a signed note, and no `{HEADER}`")]
    Form,
    /// The key is another log's.
    #[error("the key is `{found}`; wanted an Ed25519 key of the name `{origin}/receipts`")]
    Key {
        /// Its name.
        found: String,
        /// The receipt's origin.
        origin: String,
    },
    /// Another key signed it, or none.
    #[error("the key {key} did not sign it")]
    NotSigned {
        /// Which key should have.
        key: String,
    },
}

const HEADER: &str = "rootrite receipt/v1";

/// How many artifacts are named one by one; the set's digest covers all.
const MOST_ACTIVE: usize = 200;

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            origin: "example.org/log".into(),
            size: 12,
            root: Digest::of(b"root"),
            at: Timestamp::from_seconds(1_800_000_000).unwrap(),
            set: Digest::of(b"set"),
            artifacts: 3,
            active: vec![("root".into(), Digest::of(b"x1"), "root-x1".into())],
        }
    }

    fn signed(receipt: &Receipt, seed: u8) -> (VerifierKey, String) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let point = pair.public_key().as_ref().try_into().unwrap();
        let key = Receipt::verifier(&receipt.origin, &point).unwrap();
        let signature = pair.sign(receipt.text().as_bytes());
        let note = receipt.signed(&key, signature.as_ref()).unwrap();
        (key, note)
    }

    #[test]
    fn a_receipt_is_read_by_its_key_and_by_no_other() {
        let (key, note) = signed(&receipt(), 1);
        let read = Receipt::read(note.as_bytes(), &key.to_string()).unwrap();
        assert_eq!((read.receipt(), read.key()), (&receipt(), key.to_string()));
        let (other, _) = signed(&receipt(), 2);
        let error = Receipt::read(note.as_bytes(), &other.to_string()).unwrap_err();
        assert!(matches!(error, ReceiptError::NotSigned { .. }), "{error}");
        let elsewhere = Receipt { origin: "example.org/other".into(), ..receipt() };
        let (elsewhere, _) = signed(&elsewhere, 1);
        let error = Receipt::read(note.as_bytes(), &elsewhere.to_string()).unwrap_err();
        assert!(matches!(error, ReceiptError::Key { .. }), "{error}");
    }

    #[test]
    fn a_receipt_that_somebody_changed_is_none() {
        let (key, note) = signed(&receipt(), 1);
        for (from, to) in [("size: 12", "size: 11"), ("root-x1", "root-x2"), ("artifacts: 3", "artifacts: 4")]
        {
            let error = Receipt::read(note.replacen(from, to, 1).as_bytes(), &key.to_string()).unwrap_err();
            assert!(matches!(error, ReceiptError::Note(_)), "{to}: {error}");
        }
        for (from, to) in [("size: 12", "size: 012"), ("receipt/v1", "receipt/v2"), ("set: ", "sets: ")] {
            let error = Receipt::read(note.replacen(from, to, 1).as_bytes(), &key.to_string()).unwrap_err();
            assert!(matches!(error, ReceiptError::Form), "{to}: {error}");
        }
    }

    #[test]
    fn a_receipt_of_a_great_many_artifacts_is_still_a_note() {
        let name = ("subordinate".to_owned(), Digest::of(b"x"), "e".repeat(64));
        let many = Receipt { active: vec![name; 10_000], ..receipt() };
        let (_, note) = signed(&many, 1);
        assert!(note.len() < Receipt::MOST_OCTETS);
    }
}

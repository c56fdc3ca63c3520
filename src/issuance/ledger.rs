//! What a ceremony and its log know: keys, certificates, serial numbers, CRL numbers and revocations.
//!
//! Planning fills a ledger with what will be, conducting with what is; everything that is issued is drafted
//! and judged against one. Names are the script's.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::KeyId;
use crate::pki::{KeyAlgorithm, Name, PublicKey, SerialNumber};

/// A key that the ceremony knows.
#[derive(Clone, Debug)]
pub struct Key {
    /// The script's name, which is its label on the token.
    pub name: String,
    /// The script's name for the token.
    pub token: String,
    /// CKA_ID; drawn when the key is made, so a plan has none.
    pub id: Option<KeyId>,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
    /// The public key; in a plan a placeholder of the same form.
    pub public: PublicKey,
    /// Whether it may sign what people rely on.
    pub live: bool,
}

/// A certificate that the ceremony knows.
#[derive(Clone, Debug)]
pub struct KnownCertificate {
    /// The script's name.
    pub name: String,
    /// root, subordinate, cross or ocsp-responder.
    pub kind: String,
    /// The whole certificate; in a plan with placeholders and without a true signature.
    pub der: Vec<u8>,
    /// The name of the key that it certifies, if it is one of the ledger.
    pub key: Option<String>,
    /// The name of the certificate that it was issued under; its own for a root.
    pub issuer: String,
}

/// A revocation that the next CRL has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// CRLReason, RFC 5280 §5.3.1.
    pub reason: u8,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    keys: BTreeMap<String, Key>,
    certificates: BTreeMap<String, KnownCertificate>,
    serials: BTreeMap<Digest, BTreeSet<SerialNumber>>,
    crl_numbers: BTreeMap<Digest, u64>,
    uses: BTreeMap<Digest, BTreeSet<String>>,
}

impl Ledger {
    /// A key by the script's name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(name)
    }

    /// Every key, by name.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// Learns of a key.
    pub fn add_key(&mut self, key: Key) {
        self.keys.insert(key.name.clone(), key);
    }

    /// A certificate by the script's name.
    pub fn certificate(&self, name: &str) -> Option<&KnownCertificate> {
        self.certificates.get(name)
    }

    /// Every certificate, by name.
    pub fn certificates(&self) -> impl Iterator<Item = &KnownCertificate> {
        self.certificates.values()
    }

    /// The certificate under which a CA key signs: its root's own, or the newest that certifies the key.
    pub fn certificate_of_key(&self, key: &str) -> Option<&KnownCertificate> {
        let of_key = |kind: &str| {
            self.certificates.values().find(|known| known.kind == kind && known.key.as_deref() == Some(key))
        };
        of_key("root").or_else(|| of_key("subordinate"))
    }

    /// Learns of a certificate.
    pub fn add_certificate(&mut self, certificate: KnownCertificate) {
        self.certificates.insert(certificate.name.clone(), certificate);
    }

    /// Whether a serial number was used under an issuer's name.
    pub fn has_serial(&self, issuer: &Name, serial: &SerialNumber) -> bool {
        self.serials.get(&issuer.sha256()).is_some_and(|used| used.contains(serial))
    }

    /// Learns that a serial number is used under an issuer's name, whether or not a certificate came of it.
    pub fn use_serial(&mut self, issuer_sha256: Digest, serial: SerialNumber) {
        self.serials.entry(issuer_sha256).or_default().insert(serial);
    }

    /// The last CRL number of an issuer, by its key.
    pub fn last_crl_number(&self, issuer_spki: Digest) -> Option<u64> {
        self.crl_numbers.get(&issuer_spki).copied()
    }

    /// Learns that a CRL number is used.
    pub fn use_crl_number(&mut self, issuer_spki: Digest, number: u64) {
        let last = self.crl_numbers.entry(issuer_spki).or_insert(number);
        *last = number.max(*last);
    }

    /// What a public key is used for: subjects, as their DER digests in hex, and kinds of certificate.
    pub fn uses(&self, spki: Digest) -> impl Iterator<Item = &str> {
        self.uses.get(&spki).into_iter().flatten().map(String::as_str)
    }

    /// Learns of a use of a public key.
    pub fn add_use(&mut self, spki: Digest, used: String) {
        self.uses.entry(spki).or_default().insert(used);
    }
}

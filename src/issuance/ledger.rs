//! What a ceremony and its log know: keys, certificates, serial numbers, CRL numbers and revocations.
//!
//! Planning fills a ledger with what will be, conducting with what is; everything that is issued is drafted
//! and judged against one. Names are the script's.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::KeyId;
use crate::pki::reason::Reason;
use crate::pki::{KeyAlgorithm, Name, PublicKey, SerialNumber, read};

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

/// A key that an earlier ceremony made, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedKey {
    /// Its name, which is its label.
    pub name: String,
    /// The script's name for the token.
    pub token: String,
    /// CKA_ID in hex.
    pub id: String,
    /// What kind of key.
    pub algorithm: String,
    /// The digest of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
    /// Whether it may sign.
    pub live: bool,
}

/// A certificate that an earlier ceremony signed, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCertificate {
    /// root, subordinate, cross or ocsp-responder.
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The digest of the whole certificate.
    pub sha256: Digest,
    /// The digest of its issuer's.
    pub issuer_sha256: Digest,
    /// The digest of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
}

/// A revocation that the next CRL has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// CRLReason, RFC 5280 §5.3.1.
    pub reason: Reason,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    keys: BTreeMap<String, Key>,
    certificates: BTreeMap<String, KnownCertificate>,
    serials: BTreeMap<Digest, BTreeSet<SerialNumber>>,
    crl_numbers: BTreeMap<String, u64>,
    next_updates: BTreeSet<Timestamp>,
    revocations: BTreeMap<String, Vec<Revocation>>,
    uses: BTreeMap<Digest, BTreeSet<String>>,
    logged_keys: BTreeMap<String, LoggedKey>,
    logged_certificates: BTreeMap<Digest, LoggedCertificate>,
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

    /// Whether a key of this name exists: in this ceremony or in the log.
    pub fn has_key(&self, name: &str) -> bool {
        self.keys.contains_key(name) || self.logged_keys.values().any(|key| key.name == name)
    }

    /// Remembers a key of the log; it is not live yet.
    pub fn remember_key(&mut self, key: LoggedKey) {
        self.logged_keys.insert(key.spki_sha256.clone(), key);
    }

    /// A key of the log became live.
    pub fn logged_key_is_live(&mut self, spki_sha256: &str) {
        if let Some(key) = self.logged_keys.get_mut(spki_sha256) {
            key.live = true;
        }
    }

    /// A key of the log by its public key.
    pub fn logged_key(&self, spki_sha256: &str) -> Option<&LoggedKey> {
        self.logged_keys.get(spki_sha256)
    }

    /// The name of a key of the log.
    pub fn logged_key_name(&self, spki_sha256: &str) -> Option<String> {
        self.logged_key(spki_sha256).map(|key| key.name.clone())
    }

    /// Remembers a certificate of the log.
    pub fn remember_certificate(&mut self, certificate: LoggedCertificate) {
        self.logged_certificates.insert(certificate.sha256, certificate);
    }

    /// Takes in a certificate that the log names and its file brings: from here on it and its key can be used like
    /// those of this ceremony. Whether it was one of the log.
    pub fn take_in(&mut self, name: &str, der: &[u8]) -> bool {
        let Some(logged) = self.logged_certificates.get(&Digest::of(der)).cloned() else { return false };
        let Ok(view) = read::certificate(der) else { return false };
        let issuer = match self.logged_certificates.get(&logged.issuer_sha256) {
            Some(issuer) if issuer.sha256 == logged.sha256 => name.to_owned(),
            Some(issuer) => self.name_of(issuer.sha256).unwrap_or_else(|| issuer.name.clone()),
            None => String::new(),
        };
        let key = view.public_key().ok().and_then(|public| self.take_in_key(&logged.spki_sha256, public));
        self.learn_certificate(KnownCertificate {
            name: name.to_owned(),
            kind: logged.kind,
            der: der.to_vec(),
            key,
            issuer,
        });
        true
    }

    /// The script's name for a certificate that was taken in.
    fn name_of(&self, sha256: Digest) -> Option<String> {
        self.certificates
            .values()
            .find(|known| Digest::of(&known.der) == sha256)
            .map(|known| known.name.clone())
    }

    fn take_in_key(&mut self, spki_sha256: &str, public: PublicKey) -> Option<String> {
        let logged = self.logged_keys.get(spki_sha256)?.clone();
        self.add_key(Key {
            name: logged.name.clone(),
            token: logged.token,
            id: Some(logged.id.parse().ok()?),
            algorithm: logged.algorithm.parse().ok()?,
            public,
            live: logged.live,
        });
        Some(logged.name)
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

    /// Learns of a certificate, its serial number, and what its key is used for.
    pub fn learn_certificate(&mut self, certificate: KnownCertificate) {
        if let Ok(view) = read::certificate(&certificate.der) {
            if let Ok(serial) = view.tbs().serial() {
                self.use_serial(view.issuer().sha256(), serial);
            }
            let used = format!("{} {}", certificate.kind, view.subject().sha256());
            self.add_use(Digest::of(view.tbs().spki().octets()), used);
        }
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

    /// The last CRL number of an issuer, by the name of its key.
    pub fn last_crl_number(&self, issuer_key: &str) -> Option<u64> {
        self.crl_numbers.get(issuer_key).copied()
    }

    /// Learns that a CRL number is used.
    pub fn use_crl_number(&mut self, issuer_key: &str, number: u64) {
        let last = self.crl_numbers.entry(issuer_key.to_owned()).or_insert(number);
        *last = number.max(*last);
    }

    /// Learns that a CRL or an OCSP response runs out at `at`.
    pub fn runs_out(&mut self, at: Timestamp) {
        self.next_updates.insert(at);
    }

    /// When the first CRL or OCSP response runs out.
    pub fn first_next_update(&self) -> Option<Timestamp> {
        self.next_updates.first().copied()
    }

    /// What is revoked of the certificates that a key signed, in the order of revocation.
    pub fn revocations(&self, issuer_key: &str) -> &[Revocation] {
        self.revocations.get(issuer_key).map_or(&[], Vec::as_slice)
    }

    /// Learns of a revocation.
    pub fn revoke(&mut self, issuer_key: &str, revocation: Revocation) {
        self.revocations.entry(issuer_key.to_owned()).or_default().push(revocation);
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

//! What a later ceremony uses of the log by the name that the log has for it: certificates and keys of earlier ceremonies.
//!
//! The rules of this file:
//! - A name means one thing: where the log has several of a name, an input of the script has to say which.
//! - The octets come from beside the log and count only if their digest is the one that the log has.
//! - What counts for nothing by the log, because it was voided or destroyed, is not recalled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Ledger, LoggedKey};
use crate::digest::Digest;
use crate::pki::PublicKey;

/// What a plan uses of the log by name, with the digests that the log has: certificates whole, keys by their public key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// Certificates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, Digest>,
    /// Keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Digest>,
}

impl Recalled {
    /// Whether nothing of the log is used by name.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.keys.is_empty()
    }
}

/// What the log knows under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nothing.
    Nothing,
    /// One thing, by its digest, and its octets are there.
    One(Digest),
    /// One thing, and its octets are not beside the log.
    Lost(Digest),
    /// So many.
    Several(usize),
}

impl Ledger {
    /// Learns octets that were kept beside the log; the caller has compared their digest.
    pub fn keep(&mut self, sha256: Digest, octets: Vec<u8>) {
        self.kept.insert(sha256, octets);
    }

    /// A certificate that the log named counts for nothing.
    pub fn forget_certificate(&mut self, sha256: Digest) {
        self.logged_certificates.remove(&sha256);
    }

    /// What certificate the log has under a name.
    pub fn certificate_named(&self, name: &str) -> Named {
        let named = self.logged_certificates.values().filter(|logged| logged.name == name);
        self.one(named.map(|logged| logged.sha256))
    }

    /// What key the log has under a name: one that may sign.
    pub fn key_named(&self, name: &str) -> Named {
        let named = self.logged_keys.values().filter(|logged| logged.name == name && logged.live);
        self.one(named.filter_map(|logged| logged.spki_sha256.parse().ok()))
    }

    /// What was kept beside the log under a digest.
    pub fn kept(&self, sha256: Digest) -> Option<&[u8]> {
        self.kept.get(&sha256).map(Vec::as_slice)
    }

    /// A key of the log is one of those that sign its heads.
    pub fn logged_key_is_of_the_log(&mut self, spki_sha256: &str) {
        if let Some(key) = self.logged_keys.get_mut(spki_sha256) {
            key.of_log = true;
        }
    }

    /// The keys that a token has to hold by the log: those that may sign, and the log's own, unless they were destroyed.
    pub fn keys_on<'l>(&'l self, token: &'l str) -> impl Iterator<Item = &'l LoggedKey> {
        self.logged_keys.values().filter(move |key| {
            let lives = (key.live || key.of_log) && !self.possessions.is_destroyed(&key.name);
            key.token == token && lives && self.possessions.is_on(&key.spki_sha256, token)
        })
    }

    /// Whether the log knows that a key was restored to a token and is there still.
    pub fn has_copy(&self, spki_sha256: Digest, token: &str) -> bool {
        self.backups
            .all()
            .iter()
            .any(|backup| backup.spki_sha256 == spki_sha256 && backup.restored.contains(token))
    }

    /// A copy of a key that was restored to a token is not there any more.
    pub fn copy_is_gone(&mut self, spki_sha256: Digest, token: &str) {
        self.backups.is_gone_from(spki_sha256, token);
        let here = format!("the same key on token `{token}`");
        for one in self.possessions.surviving(spki_sha256) {
            if one == here || one.starts_with(&format!("{here}, ")) {
                self.possessions.survives_no_longer(spki_sha256, &one);
            }
        }
    }

    /// The names of the log's certificates.
    pub fn logged_certificate_names(&self) -> impl Iterator<Item = &str> {
        self.logged_certificates.values().map(|logged| logged.name.as_str())
    }

    /// The names of the log's keys that may sign.
    pub fn logged_key_names(&self) -> impl Iterator<Item = &str> {
        self.logged_keys.values().filter(|logged| logged.live).map(|logged| logged.name.as_str())
    }

    /// Takes in what a plan uses of the log by name, from the octets that are beside it. What is not there is missed by the
    /// step that needs it.
    pub fn recall(&mut self, recalled: &Recalled) {
        // Issuers before what they issued, so that each finds its issuer by name.
        for _ in 0..2 {
            for (name, sha256) in &recalled.certificates {
                if let Some(der) = self.kept.get(sha256).cloned() {
                    self.take_in(name, &der);
                }
            }
        }
        for sha256 in recalled.keys.values() {
            let Some(der) = self.kept.get(sha256).cloned() else { continue };
            if let Ok(public) = PublicKey::from_spki_der(&der) {
                self.take_in_key(&sha256.to_string(), public);
            }
        }
    }

    /// The issuer of a certificate of the log, by name and digest; nothing if it issued itself or is unknown.
    pub fn logged_issuer(&self, sha256: Digest) -> Option<(String, Digest)> {
        let logged = self.logged_certificates.get(&sha256)?;
        let issuer = self.logged_certificates.get(&logged.issuer_sha256)?;
        (issuer.sha256 != sha256).then(|| (issuer.name.clone(), issuer.sha256))
    }

    fn one(&self, found: impl Iterator<Item = Digest>) -> Named {
        let found: Vec<Digest> = found.collect();
        match found.as_slice() {
            [] => Named::Nothing,
            [one] if self.kept.contains_key(one) => Named::One(*one),
            [one] => Named::Lost(*one),
            several => Named::Several(several.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuance::{LoggedCertificate, LoggedKey};

    fn ledger_with(names: &[(&str, &[u8])]) -> Ledger {
        let mut ledger = Ledger::default();
        for (name, octets) in names {
            let sha256 = Digest::of(octets);
            ledger.remember_certificate(LoggedCertificate {
                kind: "root".into(),
                name: (*name).to_owned(),
                sha256,
                issuer_sha256: sha256,
                spki_sha256: sha256.to_string(),
            });
        }
        ledger
    }

    #[test]
    fn a_name_means_one_certificate_whose_octets_are_there() {
        let mut ledger = ledger_with(&[("a", b"1"), ("b", b"2"), ("b", b"3")]);
        assert_eq!(ledger.certificate_named("c"), Named::Nothing);
        assert_eq!(ledger.certificate_named("a"), Named::Lost(Digest::of(b"1")));
        assert_eq!(ledger.certificate_named("b"), Named::Several(2));
        ledger.keep(Digest::of(b"1"), b"1".to_vec());
        assert_eq!(ledger.certificate_named("a"), Named::One(Digest::of(b"1")));
        ledger.forget_certificate(Digest::of(b"3"));
        assert_eq!(ledger.certificate_named("b"), Named::Lost(Digest::of(b"2")));
    }

    #[test]
    fn a_key_that_was_destroyed_is_not_recalled() {
        let mut ledger = Ledger::default();
        let spki = Digest::of(b"spki");
        ledger.remember_key(LoggedKey {
            name: "k".into(),
            token: "t".into(),
            id: "01".into(),
            algorithm: "ecdsa-p256".into(),
            spki_sha256: spki.to_string(),
            live: false,
            of_log: false,
        });
        assert_eq!(ledger.key_named("k"), Named::Nothing);
        ledger.logged_key_is_live(&spki.to_string());
        assert_eq!(ledger.key_named("k"), Named::Lost(spki));
        ledger.destroy_key("k");
        assert_eq!(ledger.key_named("k"), Named::Nothing);
    }
}

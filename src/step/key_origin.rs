//! Where a key was made that this ceremony certifies and another one generated: what the log of that ceremony says.
//!
//! A request proves that its key is possessed, by whoever has it and however it came to be. The bundle of the ceremony that made
//! the key proves that a token generated it, that it never could leave that token, and who was there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::Policy;

/// What the log of another ceremony says of a key and of the request that it signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOrigin {
    /// The log's name.
    pub origin: String,
    /// How many records the log has.
    pub size: u64,
    /// The root of their tree: the head that people wrote down there.
    pub root: Digest,
    /// The digest of the log's file.
    pub log_sha256: Digest,
    /// Whether it is a practice log.
    pub practice: bool,
    /// The ceremony that generated the key.
    pub ceremony: String,
    /// When.
    pub generated_at: Timestamp,
    /// The token's name there.
    pub token: String,
    /// What it says that it is.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// `hardware` or `software`.
    pub class: String,
    /// CKA_ID in hex.
    pub id: String,
    /// What kind of key.
    pub algorithm: String,
    /// The digest of its SubjectPublicKeyInfo.
    pub spki_sha256: Digest,
    /// The request's name there.
    pub request: String,
    /// The digest of the request.
    pub request_sha256: Digest,
}

impl KeyOrigin {
    /// Why a key with this origin is not certified, all of it. `practice`: the ceremony that would do it is one itself.
    pub fn unfit(&self, policy: Policy, practice: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.practice && !practice {
            wrong.push(format!(
                "the log `{}` is a practice log; only a practice ceremony takes its keys",
                self.origin
            ));
        }
        if policy == Policy::PublicTls && !self.practice && self.class != "hardware" {
            wrong.push(format!(
                "the key was generated on the token `{}` of the class {}; public-tls wants hardware",
                self.token, self.class
            ));
        }
        wrong
    }
}

/// For the people at the table and the reviewers.
impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin, size, root, ceremony, generated_at, token, model, serial, class, algorithm, ..
        } = self;
        write!(
            f,
            "Its {algorithm} key was generated on {generated_at} in the ceremony `{ceremony}`, on the token `{token}` ({model}, serial \
             {serial}, {class}), and can never leave it: so says the log `{origin}` of {size} records, root {root}, in words {}.",
            root.words()
        )
    }
}

/// The request that a bundle brings, with what its log says of the key: what is kept beside the log for a later start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroughtRequest {
    /// Where the key comes from.
    pub origin: KeyOrigin,
    /// The request, DER in hex.
    pub request: String,
}

impl BroughtRequest {
    /// As canonical JSON.
    pub fn octets(&self) -> Vec<u8> {
        // Texts, numbers and digests: this cannot fail, and an empty file would not read back.
        serde_json::to_value(self).map(|value| value.to_string().into_bytes()).unwrap_or_default()
    }

    /// Reads what [`BroughtRequest::octets`] wrote.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub fn read(octets: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(octets).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> KeyOrigin {
        let digest = Digest::of(b"");
        KeyOrigin {
            origin: "online.example.org/log".into(),
            size: 40,
            root: digest,
            log_sha256: digest,
            practice: false,
            ceremony: "e3".into(),
            generated_at: "2026-10-20T08:00:00Z".parse().unwrap(),
            token: "issuing".into(),
            model: "Luna".into(),
            serial: "1".into(),
            class: "hardware".into(),
            id: "01".into(),
            algorithm: "ecdsa-p384".into(),
            spki_sha256: digest,
            request: "e3".into(),
            request_sha256: digest,
        }
    }

    #[test]
    fn public_tls_wants_a_key_that_hardware_generated() {
        assert_eq!(origin().unfit(Policy::PublicTls, false), Vec::<String>::new());
        let software = KeyOrigin { class: "software".into(), ..origin() };
        let wanted =
            "the key was generated on the token `issuing` of the class software; public-tls wants hardware";
        assert_eq!(software.unfit(Policy::PublicTls, false), [wanted]);
        // Real people on real tokens without consequences: the log that is brought is none of practice.
        assert_eq!(software.unfit(Policy::PublicTls, true), [wanted]);
        assert_eq!(software.unfit(Policy::Private, false), Vec::<String>::new());
    }

    #[test]
    fn a_key_of_a_practice_log_is_for_practice() {
        let practice = KeyOrigin { practice: true, class: "software".into(), ..origin() };
        assert_eq!(practice.unfit(Policy::PublicTls, true), Vec::<String>::new());
        for policy in [Policy::PublicTls, Policy::Private] {
            assert_eq!(
                practice.unfit(policy, false),
                [
                    "the log `online.example.org/log` is a practice log; only a practice ceremony takes its keys"
                ]
            );
        }
    }

    #[test]
    fn what_is_kept_reads_back() {
        let brought = BroughtRequest { origin: origin(), request: "3000".into() };
        assert_eq!(BroughtRequest::read(&brought.octets()), Ok(brought));
        assert!(BroughtRequest::read(b"{}").is_err());
    }
}

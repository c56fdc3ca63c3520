//! What a step uses of the log by the name that the log has for it.
//!
//! The plan names each by its digest, so that people approve the thing and not the name.

use super::Scope;
use crate::digest::Digest;
use crate::issuance::{Issued, Key, Kind, KnownCertificate, Named};
use crate::script::{Id, Located, Place};

/// What came of a name.
pub(super) enum Recalled<T> {
    /// The log has nothing of this name.
    Unknown,
    /// It has, and what is wrong with it is said.
    Wrong,
    /// This.
    Found(T),
}

impl Scope<'_> {
    /// A certificate of an earlier ceremony, with the one that issued it. What is wrong with the name is said: nothing is
    /// left for the caller to say then.
    pub(super) fn recall_certificate(&mut self, name: &Located<Id>) -> Recalled<KnownCertificate> {
        let text = name.value.as_str();
        let sha256 = match one(name, "certificate", &self.ledger.certificate_named(text)) {
            Ok(Some(sha256)) => sha256,
            Ok(None) => return Recalled::Unknown,
            Err(message) => {
                self.problems.add(name.place, message);
                return Recalled::Wrong;
            }
        };
        // The one above it as well, and the one above that: a path is judged as a whole.
        let mut next = Some((text.to_owned(), sha256));
        while let Some((name, sha256)) = next {
            let taken = self.ledger.certificates().any(|known| Digest::of(&known.der) == sha256);
            if taken || self.setting.recalled.certificates.contains_key(&name) {
                break;
            }
            self.setting.recalled.certificates.insert(name, sha256);
            next = self.ledger.logged_issuer(sha256);
        }
        let recalled = self.setting.recalled.clone();
        self.ledger.recall(&recalled);
        self.ledger.certificate(text).cloned().map_or(Recalled::Wrong, Recalled::Found)
    }

    /// A key of an earlier ceremony that may sign; as for a certificate.
    pub(super) fn recall_key(&mut self, name: &Located<Id>) -> Recalled<Key> {
        let text = name.value.as_str();
        let sha256 = match one(name, "key", &self.ledger.key_named(text)) {
            Ok(Some(sha256)) => sha256,
            Ok(None) => return Recalled::Unknown,
            Err(message) => {
                self.problems.add(name.place, message);
                return Recalled::Wrong;
            }
        };
        self.setting.recalled.keys.insert(text.to_owned(), sha256);
        let recalled = self.setting.recalled.clone();
        self.ledger.recall(&recalled);
        self.ledger.key(text).cloned().map_or(Recalled::Wrong, Recalled::Found)
    }

    /// Every certificate of a CA under an issuer's name that has not run out when the window opens: of the log, of inputs and
    /// of the steps before this one.
    pub(super) fn certificates_of(
        &mut self,
        issuer: &KnownCertificate,
        place: Place,
    ) -> Option<Vec<KnownCertificate>> {
        if super::stand_in::is_stand_in(&issuer.name) {
            return Some(Vec::new());
        }
        let subject = super::certificate::subject_sha256(issuer, place, self)?;
        let from = self.setting.window.from;
        let of_a_ca = |one: &&Issued| matches!(one.kind, Kind::Subordinate | Kind::Cross);
        let issued =
            self.ledger.all_issued().filter(|one| one.issuer_sha256 == subject && one.not_after >= from);
        let issued: Vec<(String, Digest)> =
            issued.filter(of_a_ca).filter_map(|one| Some((one.name.clone(), one.sha256?))).collect();
        let mut all = Vec::new();
        for (name, sha256) in issued {
            let there = self.ledger.certificates().find(|known| Digest::of(&known.der) == sha256).cloned();
            let known = match there {
                Some(known) => Some(known),
                None => match self.recall_certificate(&Located::new(name.parse().ok()?, place)) {
                    Recalled::Found(known) => Some(known),
                    Recalled::Unknown | Recalled::Wrong => None,
                },
            };
            all.push(known);
        }
        let mut all = all.into_iter().collect::<Option<Vec<_>>>()?;
        all.sort_by(|one, other| one.name.cmp(&other.name));
        if all.is_empty() {
            let message = format!("`{}` has no certificate of a CA that has not run out", issuer.name);
            self.problems.add(place, message);
            return None;
        }
        Some(all)
    }
}

/// The one thing that a name means, nothing if the log has none, or why it cannot be used.
fn one(name: &Located<Id>, what: &str, named: &Named) -> Result<Option<Digest>, String> {
    match named {
        Named::Nothing => Ok(None),
        Named::One(sha256) => Ok(Some(*sha256)),
        Named::Lost(sha256) => Err(format!(
            "the log has the {what} `{}` with the SHA-256 {sha256}, and it does not lie beside the log{}",
            name.value,
            if what == "certificate" { "; wanted it among the inputs" } else { "" }
        )),
        Named::Several(count) => Err(format!(
            "the log has {count} {what}s of the name `{}`; wanted the one that is meant among the inputs",
            name.value
        )),
    }
}

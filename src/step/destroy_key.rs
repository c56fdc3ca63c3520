//! `destroy-key`: a key goes for good. BR §6.2.10.
//!
//! The rules of this file:
//! - Every officer of the quorum sees what is lost and what survives elsewhere, and says one exact word.
//! - The key on the token is the one of the log by its public key, not by its label.
//! - The key of the log itself, which signs its heads, is not destroyed by this step.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::digest::Digest;
use crate::issuance::KnownCertificate;
use crate::script::{Id, Located};
use crate::stage::{Destruction, Event, Line, Notice, Person, ProofLevel, StageError, ToApprove};

spec!(
    /// `destroy-key: {key: root-x1, because: …}`, or with `token: drill` the copy that was restored there
    Spec {
        /// Which key: of this ceremony, or of an earlier one of the log.
        key: Located<Id> = required "key",
        /// The token with a copy of it; the key's own token if it is not said.
        token: Option<Located<Id>> = optional "token",
        /// Why.
        because: String = required "because",
    }
);

/// A key is destroyed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DestroyKey {
    key: String,
    token: String,
    because: String,
    /// It is a copy that was restored there: the key itself stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    copy: bool,
}

impl Step for DestroyKey {
    const NAME: &'static str = "destroy-key";
    const ABOUT: &'static str = "a key is destroyed for good, and a fresh process looks for it";
    const WHY: &'static str = "A key that nobody needs any more can only be lost or stolen. BR 6.2.10.";
    const MINUTES: u32 = 4;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let name = spec.key.value.to_string();
        let logged = scope.ledger.logged_key_named(&name).map(|key| (key.token.clone(), key.live));
        let known = scope.ledger.key(&name).map(|key| (key.token.clone(), key.live)).or(logged);
        let Some((token, live)) = known.filter(|_| !scope.ledger.possessions.is_destroyed(&name)) else {
            // What is said of a key that is not there is the same in every step.
            scope.real_key(&spec.key)?;
            return None;
        };
        if !live {
            let message = format!(
                "key `{name}` is a key of the log or never became live; this step does not destroy it"
            );
            scope.problems.add(spec.key.place, message);
            return None;
        }
        if let Some(named) = &spec.token
            && named.value.as_str() != token
        {
            if named.value.is_unread() {
                return None;
            }
            return copy(spec.because, &spec.key, named, scope);
        }
        if !scope.setting.tokens.contains_key(&token) {
            let message =
                format!("key `{name}` is on token `{token}`, which is not among the script's tokens");
            scope.problems.add(spec.key.place, message);
            return None;
        }
        scope.uses(&token);
        scope.ledger.destroy_key(&name);
        Some(Self { key: name, token, because: spec.because, copy: false })
    }

    fn preview(&self) -> String {
        if self.copy {
            return format!(
                "Destroy the copy of the key `{}` on the token `{}`: {}. The key itself stays.",
                self.key, self.token, self.because
            );
        }
        format!("Destroy the key `{}` on the token `{}` for good: {}.", self.key, self.token, self.because)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let was_done = room.stage.said("key.destroyed").is_some();
        if !was_done && !room.stage.is_recalling() {
            let destruction = self.destruction(room)?;
            let approval = self.approve(&destruction, room)?;
            let level = room.stage.destroy_key(&destruction, approval)?;
            self.say(&destruction, level, room);
        }
        if self.copy {
            if let Some((_, spki_sha256)) = room.ledger.whereabouts(&self.key) {
                room.ledger.copy_is_gone(spki_sha256, &self.token);
            }
        } else {
            room.ledger.destroy_key(&self.key);
        }
        Ok(())
    }
}

/// The destruction of a copy that the log knows of.
fn copy(because: String, key: &Located<Id>, on: &Located<Id>, scope: &mut Scope<'_>) -> Option<DestroyKey> {
    let (token, known) = (scope.token(on), scope.real_key(key)?);
    let token = token?;
    let spki_sha256 = known.public.spki_sha256();
    if !scope.ledger.has_copy(spki_sha256, &token) {
        let message = format!("the log knows no copy of the key `{}` on token `{token}`", known.name);
        scope.problems.add(on.place, message);
        return None;
    }
    scope.uses(&token);
    scope.ledger.copy_is_gone(spki_sha256, &token);
    Some(DestroyKey { key: known.name, token, because, copy: true })
}

impl DestroyKey {
    /// The key as the log knows it, found on the token.
    fn destruction(&self, room: &mut Room<'_, '_>) -> Result<Destruction, StepError> {
        let not = |why: &str| StepError::NotDestroyed { key: self.key.clone(), why: why.to_owned() };
        let (id, spki_sha256) =
            room.ledger.whereabouts(&self.key).ok_or_else(|| not("the log does not know its id"))?;
        room.stage.log_in(&self.token)?;
        if self.copy {
            return self.copy(spki_sha256, room);
        }
        if room.stage.signs_heads(&self.token, &id) {
            return Err(not("it signs the log's heads"));
        }
        // What was begun and interrupted, or failed, may have taken one half or both.
        if room.stage.said("key.destroy.intent").is_none() {
            let there = room.stage.key(&self.token, &id)?;
            if there.public_key.spki_sha256() != spki_sha256 {
                return Err(not("the token has another key under its id"));
            }
        }
        let surviving = room.ledger.possessions.surviving(spki_sha256);
        Ok(Destruction { token: self.token.clone(), id, label: self.key.clone(), spki_sha256, surviving })
    }

    /// A copy, found on its token by the public key, and what is left without it.
    fn copy(&self, spki_sha256: Digest, room: &mut Room<'_, '_>) -> Result<Destruction, StepError> {
        let not = |why: &str| StepError::NotDestroyed { key: self.key.clone(), why: why.to_owned() };
        let key = room.ledger.key(&self.key).cloned().ok_or_else(|| not("its public key is not known"))?;
        // What was begun and interrupted took a copy with the id that the intent has.
        let begun = room.stage.said("key.destroy.intent").and_then(|intent| intent.text("id")?.parse().ok());
        let id = match begun {
            Some(id) => id,
            None => crate::issuance::restored_id(&key, &self.token, room.stage)?,
        };
        let here = format!("the same key on token `{}`", self.token);
        let mut surviving = room.ledger.possessions.surviving(spki_sha256);
        surviving.retain(|one| *one != here && !one.starts_with(&format!("{here}, ")));
        surviving.push(format!("the key itself on token `{}`", key.token));
        Ok(Destruction { token: self.token.clone(), id, label: self.key.clone(), spki_sha256, surviving })
    }

    /// Everyone of the quorum sees what goes and what stays, and allows it; the record that says so.
    fn approve(&self, what: &Destruction, room: &mut Room<'_, '_>) -> Result<u64, StepError> {
        let wanted = room.setting.people.quorum.get("crypto-officer").copied().unwrap_or(1);
        let officers = room.stage.present().iter().filter(|person| person.role == "crypto-officer");
        let people: Vec<Person> = officers.take(wanted).cloned().collect();
        if people.len() < wanted {
            return Err(StepError::Quorum { role: "crypto-officer".into(), present: people.len(), wanted });
        }
        let mut lines = vec![
            Line::new("key", self.key.clone()),
            Line::new("token", self.token.clone()),
            Line::new("serial", room.stage.information(&self.token)?.serial),
            Line::new("id", what.id.to_string()),
            Line::new("because", self.because.clone()),
        ];
        let of_key = |known: &&KnownCertificate| !self.copy && known.key.as_deref() == Some(&self.key);
        let certified = room.ledger.certificates().filter(of_key);
        lines.extend(
            certified.map(|known| Line::new("certificate that nobody can use any more", known.name.clone())),
        );
        match what.surviving.as_slice() {
            [] => lines.push(Line::new("survives elsewhere", "nothing that the log knows of")),
            all => lines.extend(all.iter().map(|one| Line::new("survives elsewhere", one.clone()))),
        }
        lines.push(Line::new("public key SHA-256", what.spki_sha256.to_string()));
        lines.push(Line::new("in words", what.spki_sha256.words()));
        let (kind, sha256) = ("destruction".to_owned(), what.spki_sha256);
        let approvers: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        let mut signatures = Vec::new();
        for person in &people {
            let sentence = if self.copy {
                "Destroy this copy of the key? The key itself stays."
            } else {
                "Destroy this key? Nobody can bring it back."
            };
            let what = ToApprove { kind: &kind, sha256, word: DESTROY };
            match room.stage.approval(person, sentence, &lines, what) {
                Ok(signed) => signatures.extend(signed),
                Err(error) => {
                    if matches!(error, StageError::NoAnswer(_)) {
                        let (reason, approvers) = (error.to_string(), vec![person.id.clone()]);
                        room.stage
                            .record_by(person, Event::RequestRejected { kind, sha256, reason, approvers })?;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(room.stage.record(Event::RequestApproved { kind, sha256, approvers, signatures })?)
    }

    /// Says what is proven, and what is not.
    fn say(&self, what: &Destruction, level: ProofLevel, room: &mut Room<'_, '_>) {
        let proof = match level {
            ProofLevel::Attested => "the device attests it",
            ProofLevel::Absent => "a fresh process does not find it and cannot sign with it",
            ProofLevel::None => "none: no fresh process could be asked",
        };
        let mut lines = vec![Line::new("key", self.key.clone()), Line::new("proof", proof)];
        if room.stage.class(&self.token).is_ok_and(|class| class == "software") {
            lines.push(Line::new("not proven", "that nobody has a copy of the token, which is software"));
        }
        lines.extend(what.surviving.iter().map(|one| Line::new("still to be destroyed", one.clone())));
        room.stage.show(&Notice::Done { sentence: "The key is destroyed.".into(), lines });
    }
}

/// What each officer says before a key goes.
const DESTROY: &str = "destroy";

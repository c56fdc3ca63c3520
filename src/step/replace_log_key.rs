//! `replace-log-key`: the log's standby key takes over from one that is lost.
//!
//! The rules of this file:
//! - Only a key that the log itself names as its own can take over: it was made as the standby while the main key was there.
//! - Witnesses say so, each by an exact word; without one nothing is replaced.
//! - It stands before `confirm-log`: heads that tokens keep are still judged by the key that signed them.
//! - Nobody outside trusts the new key by this: who pins the log's key pins the new one, by what the witnesses saw.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::{self, Key};
use crate::pki::KeyAlgorithm;
use crate::script::{Id, Located};
use crate::stage::{Event, Expected, KeyId, Line, LogKey, Notice, Person};

spec!(
    /// `replace-log-key: {token: log-b, key: log-2, reason: the site of the main key burnt}`
    Spec {
        /// The standby key's token.
        token: Located<Id> = required "token",
        /// Its name.
        key: Located<Id> = required "key",
        /// Why the main key does not sign any more.
        reason: String = required "reason",
    }
);

/// The log's standby key takes over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplaceLogKey {
    token: String,
    key: String,
    reason: String,
    witnesses: Vec<Person>,
    /// How many of them have to say so.
    wanted: usize,
}

impl Step for ReplaceLogKey {
    const NAME: &'static str = "replace-log-key";
    const ABOUT: &'static str = "the log's standby key takes over from one that is lost";
    const WHY: &'static str = "A log whose key is lost goes on under the key that was made for this, and witnesses say that it is so.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let token = scope.token(&spec.token);
        let key = spec.key.value.as_str();
        match scope.ledger.logged_key_named(key) {
            Some(logged) if logged.of_log && spec.token.value.is_unread() => {}
            Some(logged) if logged.of_log && logged.token == spec.token.value.as_str() => {}
            Some(logged) => {
                let what = if logged.of_log { "a key of the log" } else { "no key of the log's own" };
                let message = format!(
                    "`{key}` is {what} on the token `{}`; wanted the log's standby key",
                    logged.token
                );
                scope.problems.add(spec.key.place, message);
            }
            None if scope.lacks_the_log() => {}
            None => scope
                .problems
                .add(spec.key.place, format!("the log has no key `{key}`; wanted its standby key")),
        }
        let roles = ["external-witness", "internal-witness"];
        let people = &scope.setting.people;
        let witnesses: Vec<Person> = roles.iter().flat_map(|role| people.of_role(role)).cloned().collect();
        let quorum: usize = roles.iter().filter_map(|role| people.quorum.get(*role)).sum();
        if scope.is_unread(crate::script::Part::People) {
            return None;
        }
        if witnesses.is_empty() {
            scope.wrong("`replace-log-key` needs witnesses: they say that the main key is lost");
            return None;
        }
        let token = token?;
        scope.uses(&token);
        Some(Self { token, key: key.to_owned(), reason: spec.reason, witnesses, wanted: quorum.max(1) })
    }

    fn preview(&self) -> String {
        format!(
            "The log's key is lost ({}): `{}` on the token `{}` takes over, if {} of the witnesses say so.",
            self.reason, self.key, self.token, self.wanted
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let (id, algorithm, wanted) = self.logged(room)?;
        if room.stage.said("log.key.replaced").is_some() {
            // From before an interruption: the log knows its key, and the token is wanted only when it signs.
            room.stage.signs_heads_with(&self.token, &id, algorithm != KeyAlgorithm::Ed25519);
            return Ok(());
        }
        let public = room.stage.key(&self.token, &id)?.public_key;
        let found = public.spki_sha256().to_string();
        if found != wanted {
            return Err(
                self.changed(&format!("the token has the SPKI SHA-256 {found}, the log says {wanted}"))
            );
        }
        let (name, token) = (self.key.clone(), self.token.clone());
        let key = Key { name, token, id: Some(id), algorithm, public, live: false };
        let new = room.stage.log_key_name(&LogKey { spki_der: key.public.spki_der().to_vec() })?;
        let old = room.stage.log_key_in_use().unwrap_or_default();
        let witnesses = self.ask(room, &old, &new)?;
        // A crash from here on: the log says that the key was replaced, and the next start signs with the new one.
        room.stage.record(Event::LogKeyReplaced { old, new, witnesses, reason: self.reason.clone() })?;
        issuance::use_log_key(&key, room.stage)?;
        let spki = key.public.spki_sha256();
        let lines = vec![
            Line::new("key", key.name.clone()),
            Line::new("SPKI SHA-256", spki.to_string()),
            Line::new("in words", spki.words()),
        ];
        let sentence = "The standby key signs the log's heads from now on. Write its words down: whoever pins the log's key has to \
                        pin this one."
            .into();
        room.stage.show(&Notice::Done { sentence, lines });
        Ok(())
    }
}

impl ReplaceLogKey {
    /// The standby key, as the log says it: id, algorithm and the digest of its public key.
    fn logged(&self, room: &Room<'_, '_>) -> Result<(KeyId, KeyAlgorithm, String), StepError> {
        let logged = room.ledger.logged_key_named(&self.key).filter(|key| key.of_log);
        let read = logged.and_then(|key| {
            Some((key.id.parse().ok()?, key.algorithm.parse().ok()?, key.spki_sha256.clone()))
        });
        read.ok_or_else(|| self.changed("the log has no key of its own of this name"))
    }

    fn changed(&self, why: &str) -> StepError {
        StepError::Changed(format!("key `{}`: {why}", self.key))
    }

    /// Witnesses say that it is so; who did.
    fn ask(&self, room: &mut Room<'_, '_>, old: &str, new: &str) -> Result<Vec<String>, StepError> {
        let present = room.stage.present().to_vec();
        let mut said = Vec::new();
        for person in self.witnesses.iter().filter(|person| present.contains(person)) {
            let lines = vec![
                Line::new("reason", self.reason.clone()),
                Line::new("the key that is lost", old.to_owned()),
                Line::new("the key that takes over", new.to_owned()),
            ];
            let sentence = "The log's key is lost, and its standby takes over. Is it so?";
            room.stage.question(person.clone(), sentence, lines, Expected::Word("replace"))?;
            said.push(person.id.clone());
        }
        if said.len() < self.wanted {
            let role = "internal-witness or external-witness".to_owned();
            return Err(StepError::Quorum { role, present: said.len(), wanted: self.wanted });
        }
        Ok(said)
    }
}

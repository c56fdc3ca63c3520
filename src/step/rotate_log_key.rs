//! `rotate-log-key`: another key signs the log's heads from now on, while the one before it is still there.
//!
//! The rules of this file:
//! - Only a key that the log itself names as its own takes over: it was added while the old one signed alone.
//! - Until the ceremony ends both sign, so that whoever pinned the old key accepts the closing head, and has read by then
//!   which key is next.
//! - It stands after `confirm-log`: the log is compared by the key that signed it.

use serde::{Deserialize, Serialize};

use super::{LoggedKey, Room, Scope, Step, StepError, spec};
use crate::issuance::{self, Key};
use crate::pki::KeyAlgorithm;
use crate::script::{Id, Located};
use crate::stage::{Event, KeyId, Line, LogKey, Notice};

spec!(
    /// `rotate-log-key: {old: log-1, new: log-2}`
    Spec {
        /// The key that signs until now.
        old: Located<Id> = required "old",
        /// The one that takes over: the log's standby key.
        new: Located<Id> = required "new",
    }
);

/// The log's standby key takes over from one that is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RotateLogKey {
    old: Place,
    new: Place,
}

/// A key of the log and its token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    token: String,
    key: String,
}

impl Step for RotateLogKey {
    const NAME: &'static str = "rotate-log-key";
    const ABOUT: &'static str = "the log's standby key takes over from one that is still there";
    const WHY: &'static str =
        "The old key says itself which one follows, so that nobody has to take it from somebody's word.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let old = place(&spec.old, scope);
        let new = place(&spec.new, scope);
        if spec.old.value.as_str() == spec.new.value.as_str() {
            scope.problems.add(spec.new.place, "`new` is the key that signs already; wanted another one");
            return None;
        }
        Some(Self { old: old?, new: new? })
    }

    fn preview(&self) -> String {
        format!(
            "`{}` on the token `{}` signs the log's heads from now on; until the end of the ceremony `{}` on the token `{}` signs \
             with it.",
            self.new.key, self.new.token, self.old.key, self.old.token
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let (old, new) = (logged(&self.old, room)?, logged(&self.new, room)?);
        if room.stage.said("log.key.rotated").is_some() {
            // From before an interruption: the log knows its key, and the tokens are wanted only when they sign.
            room.stage.signs_heads_with(&self.new.token, &new.id, new.is_hashed());
            room.stage.signs_heads_too(&self.old.token, &old.id, old.is_hashed());
            return Ok(());
        }
        let (from, to) = (on_token(&self.old, &old, room)?, on_token(&self.new, &new, room)?);
        let name = |key: &Key| LogKey { spki_der: key.public.spki_der().to_vec() };
        let (from_name, to_name) =
            (room.stage.log_key_name(&name(&from))?, room.stage.log_key_name(&name(&to))?);
        if room.stage.log_key_in_use().as_ref() != Some(&from_name) {
            let used = room.stage.log_key_in_use().unwrap_or_default();
            return Err(changed(&self.old, &format!("the log's heads are signed by `{used}`")));
        }
        // A crash from here on: the log says that the key was rotated, and the next start signs with both.
        room.stage.record(Event::LogKeyRotated { old: from_name, new: to_name })?;
        issuance::use_log_key(&to, room.stage)?;
        room.stage.signs_heads_too(&self.old.token, &old.id, old.is_hashed());
        room.stage.sign_head()?;
        let spki = to.public.spki_sha256();
        let lines = vec![
            Line::new("key", to.name.clone()),
            Line::new("SPKI SHA-256", spki.to_string()),
            Line::new("in words", spki.words()),
        ];
        let sentence = "Both keys sign the heads of this ceremony, and the new one alone those after it. Write its words down: whoever \
                        pins the log's key pins this one before the next ceremony."
            .into();
        room.stage.show(&Notice::Done { sentence, lines });
        Ok(())
    }
}

/// A key that the log names as its own.
fn place(named: &Located<Id>, scope: &mut Scope<'_>) -> Option<Place> {
    let key = named.value.as_str();
    let token = match scope.ledger.logged_key_named(key) {
        Some(logged) if logged.of_log => logged.token.clone(),
        Some(_) => {
            scope.problems.add(named.place, format!("`{key}` is no key of the log's own"));
            return None;
        }
        None if scope.lacks_the_log() => return None,
        None => {
            scope.problems.add(named.place, format!("the log has no key `{key}`; wanted one of its own"));
            return None;
        }
    };
    let token = scope.token(&Located { place: named.place, value: token.parse().ok()? })?;
    scope.uses(&token);
    Some(Place { token, key: key.to_owned() })
}

/// What the log says of one of its keys.
struct Said {
    id: KeyId,
    algorithm: KeyAlgorithm,
    spki_sha256: String,
}

impl Said {
    fn of(key: &LoggedKey) -> Option<Self> {
        let (id, algorithm) = (key.id.parse().ok()?, key.algorithm.parse().ok()?);
        Some(Self { id, algorithm, spki_sha256: key.spki_sha256.clone() })
    }

    /// Whether the key signs a digest, and not the text itself.
    fn is_hashed(&self) -> bool {
        self.algorithm != KeyAlgorithm::Ed25519
    }
}

fn logged(place: &Place, room: &Room<'_, '_>) -> Result<Said, StepError> {
    let key = room.ledger.logged_key_named(&place.key).filter(|key| key.of_log);
    key.and_then(Said::of).ok_or_else(|| changed(place, "the log has no key of its own of this name"))
}

/// The key as its token has it, which is as the log says.
fn on_token(place: &Place, said: &Said, room: &mut Room<'_, '_>) -> Result<Key, StepError> {
    let public = room.stage.key(&place.token, &said.id)?.public_key;
    let (found, wanted) = (public.spki_sha256().to_string(), &said.spki_sha256);
    if found != *wanted {
        return Err(changed(
            place,
            &format!("the token has the SPKI SHA-256 {found}, the log says {wanted}"),
        ));
    }
    let (name, token) = (place.key.clone(), place.token.clone());
    Ok(Key { name, token, id: Some(said.id.clone()), algorithm: said.algorithm, public, live: false })
}

fn changed(place: &Place, why: &str) -> StepError {
    StepError::Changed(format!("key `{}`: {why}", place.key))
}

//! `inventory`: what a token holds, by digest. BR §5.4.1 (device lifecycle).
//!
//! In a log that goes on, a token holds what it held when the log last looked at it, but for the log's heads: unless the log
//! itself says that something was made or destroyed there since. Anything else ends the ceremony before the token is used.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::digest::Digest;
use crate::script::{Id, Located};
use crate::stage::{Event, Line, Notice};

spec!(
    /// `inventory: {token: root}`
    Spec {
        /// Which token.
        token: Located<Id> = required "token",
    }
);

/// Every object of a token is counted and goes into the log by the digest of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakeInventory {
    token: String,
    /// No step before this one uses the token: what it holds is what the log left there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    compared_with_log: bool,
}

impl Step for TakeInventory {
    const NAME: &'static str = "inventory";
    const ABOUT: &'static str = "everything that a token holds is listed";
    const WHY: &'static str =
        "What a token holds is listed before and after, so that nothing comes or goes unseen.";
    const MINUTES: u32 = 1;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let token = scope.token(&spec.token)?;
        let compared_with_log =
            !scope.is_used(&token) && scope.ledger.possessions.inventory(&token).is_some();
        scope.uses(&token);
        Some(Self { token, compared_with_log })
    }

    fn preview(&self) -> String {
        let compared = if self.compared_with_log { " It has to be what the log says." } else { "" };
        format!("List everything that the token `{}` holds.{compared}", self.token)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let inventory = room.stage.inventory(&self.token)?;
        let serial = room.stage.information(&self.token)?.serial;
        let objects = u64::try_from(inventory.entries.len()).unwrap_or(u64::MAX);
        let unreadable = u64::try_from(inventory.unreadable).unwrap_or(u64::MAX);
        let inventory_sha256 = inventory.digest();
        let lasting = inventory.without_heads().canonical_text();
        // Beside the log, so that the next ceremony can say what came and what went.
        let without_heads_sha256 = room.stage.keep(lasting.as_bytes())?;
        let token = self.token.clone();
        room.stage.record(Event::TokenInventory {
            token,
            serial,
            objects,
            unreadable,
            inventory_sha256,
            without_heads_sha256,
        })?;
        let mut lines =
            vec![Line::new("token", self.token.clone()), Line::new("objects", objects.to_string())];
        lines.extend(inventory.entries.iter().map(|entry| Line::new("object", entry.to_string())));
        lines.push(Line::new("objects that cannot be read", unreadable.to_string()));
        lines.push(Line::new("inventory SHA-256", inventory_sha256.to_string()));
        room.stage.show(&Notice::Done { sentence: "This is what the token holds.".into(), lines });
        if self.compared_with_log {
            self.compare(&lasting, without_heads_sha256, room)?;
        }
        Ok(())
    }
}

impl TakeInventory {
    /// Refuses a token that does not hold what the log says, and says what came and what went.
    fn compare(&self, found: &str, sha256: Digest, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let Some(wanted) = room.ledger.possessions.inventory(&self.token) else { return Ok(()) };
        if wanted == sha256 {
            let lines = vec![Line::new("token", self.token.clone())];
            let sentence = "It is what the log says that it held before.".into();
            room.stage.show(&Notice::Done { sentence, lines });
            return Ok(());
        }
        let before = room.ledger.kept(wanted).map(|text| String::from_utf8_lossy(text).into_owned());
        let why = match before {
            Some(before) => differences(&before, found),
            None => {
                format!("the digest of what it holds without the log's heads is {sha256}, wanted {wanted}")
            }
        };
        let error = StepError::OtherInventory { token: self.token.clone(), why };
        room.stage.record_anomaly(&error.to_string())?;
        Err(error)
    }
}

/// What is in one canonical inventory and not in the other.
fn differences(before: &str, found: &str) -> String {
    let missing = |from: &str, of: &str| -> Vec<String> {
        let mut there: Vec<&str> = from.lines().collect();
        let mut missing = Vec::new();
        for line in of.lines() {
            match there.iter().position(|other| *other == line) {
                Some(at) => drop(there.swap_remove(at)),
                None => missing.push(format!("`{line}`")),
            }
        }
        missing
    };
    let said = |what: &str, lines: Vec<String>| match lines.len() {
        0 => format!("nothing {what}"),
        count => {
            let shown: Vec<String> = lines.into_iter().take(MOST_SHOWN).collect();
            let more = if count > MOST_SHOWN { " and others" } else { "" };
            format!("{count} {what}: {}{more}", shown.join(", "))
        }
    };
    format!("{}; {}", said("came", missing(before, found)), said("went", missing(found, before)))
}

/// Objects that one message names.
const MOST_SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_what_went_is_said_each_time_it_did() {
        assert_eq!(differences("a\nb\nb\n", "a\nb\nc\n"), "1 came: `c`; 1 went: `b`");
        assert_eq!(differences("a\n", "a\na\n"), "1 came: `a`; nothing went");
        let many = "x\n".repeat(10);
        assert!(
            differences("", &many).starts_with("10 came: `x`, ")
                && differences("", &many).contains(" and others;")
        );
    }
}

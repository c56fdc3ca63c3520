//! `inventory`: what a token holds, by digest. BR §5.4.1 (device lifecycle).

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
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
        scope.uses(&token);
        Some(Self { token })
    }

    fn preview(&self) -> String {
        format!("List everything that the token `{}` holds.", self.token)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let inventory = room.stage.inventory(&self.token)?;
        let serial = room.stage.information(&self.token)?.serial;
        let objects = u64::try_from(inventory.entries.len()).unwrap_or(u64::MAX);
        let unreadable = u64::try_from(inventory.unreadable).unwrap_or(u64::MAX);
        let inventory_sha256 = inventory.digest();
        let token = self.token.clone();
        room.stage.record(Event::TokenInventory { token, serial, objects, unreadable, inventory_sha256 })?;
        let mut lines =
            vec![Line::new("token", self.token.clone()), Line::new("objects", objects.to_string())];
        lines.extend(inventory.entries.iter().map(|entry| Line::new("object", entry.to_string())));
        lines.push(Line::new("objects that cannot be read", unreadable.to_string()));
        lines.push(Line::new("inventory SHA-256", inventory_sha256.to_string()));
        room.stage.show(&Notice::Done { sentence: "This is what the token holds.".into(), lines });
        Ok(())
    }
}

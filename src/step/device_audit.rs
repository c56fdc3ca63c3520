//! `device-audit`: a device's own audit log, as its vendor's tool gives it. BR §5.4.1.

use serde::{Deserialize, Serialize};

use super::brought::{Brought, stored, take_in};
use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located};
use crate::stage::{Event, Person};

spec!(
    /// `device-audit: {token: root, what: …, ask: person, log: name}`
    Spec {
        /// Which token's device.
        token: Located<Id> = required "token",
        /// What kind of log, and by which tool it is read.
        what: String = required "what",
        /// Who brings it.
        ask: Located<Id> = required "ask",
        /// The name that it has among the artifacts.
        log: Located<Id> = required "log",
    }
);

/// A device's own audit log is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceAudit {
    token: String,
    what: String,
    person: Person,
    log: String,
}

impl Step for DeviceAudit {
    const NAME: &'static str = "device-audit";
    const ABOUT: &'static str = "a device's own audit log is stored by its digest";
    const WHY: &'static str =
        "The device kept a log of its own: together the two show that nothing happened beside the script.";
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let token = scope.token(&spec.token);
        let person = scope.person(&spec.ask);
        let log = scope.new_output("evidence", &spec.log);
        let token = token?;
        scope.uses(&token);
        Some(Self { token, what: spec.what, person: person?, log: log? })
    }

    fn preview(&self) -> String {
        format!("Store {} of the token `{}`, which {} brings.", self.what, self.token, self.person.id)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let statement = take_in(
            &Brought {
                name: &self.log,
                what: &self.what,
                token: &self.token,
                person: &self.person,
                spki_sha256: None,
            },
            room,
        )?;
        stored(&statement, room);
        room.stage.record_once(Event::DeviceAudit(statement))?;
        Ok(())
    }
}

//! `attest-key`: a vendor's statement that a key was made in its device and stays there. BR §6.2.1, §6.2.7.
//!
//! Vendors' statements have no common form yet, so what is brought is kept as it is, by its digest, for an auditor with the
//! vendor's tools. Nothing is concluded from it here.

use serde::{Deserialize, Serialize};

use super::brought::{Brought, stored, take_in};
use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::IssuanceError;
use crate::script::{Id, Located};
use crate::stage::{Event, Person};

spec!(
    /// `attest-key: {key: root-x1, what: …, ask: person, statement: name}`
    Spec {
        /// The key that the statement is about.
        key: Located<Id> = required "key",
        /// What kind of statement, and by which tool it is made.
        what: String = required "what",
        /// Who brings it.
        ask: Located<Id> = required "ask",
        /// The name that it has among the artifacts.
        statement: Located<Id> = required "statement",
    }
);

/// A vendor's statement on a key is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttestKey {
    key: String,
    what: String,
    person: Person,
    statement: String,
}

impl Step for AttestKey {
    const NAME: &'static str = "attest-key";
    const ABOUT: &'static str = "a vendor's statement on a key is stored by its digest";
    const WHY: &'static str =
        "The maker of the device says that the key was made in it: a second witness for the auditor.";
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let key = scope.key(&spec.key);
        let person = scope.person(&spec.ask);
        let statement = scope.new_output("evidence", &spec.statement);
        let key = key?;
        scope.uses(&key.token);
        Some(Self { key: key.name, what: spec.what, person: person?, statement: statement? })
    }

    fn preview(&self) -> String {
        format!("Store {} on the key `{}`, which {} brings.", self.what, self.key, self.person.id)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || IssuanceError::Unknown { what: "key", name: self.key.clone() };
        let key = room.ledger.key(&self.key).ok_or_else(unknown)?.clone();
        let statement = take_in(
            &Brought {
                name: &self.statement,
                what: &self.what,
                token: &key.token,
                person: &self.person,
                spki_sha256: Some(key.public.spki_sha256()),
            },
            room,
        )?;
        stored(&statement, room);
        room.stage.record_once(Event::DeviceAttested(statement))?;
        Ok(())
    }
}

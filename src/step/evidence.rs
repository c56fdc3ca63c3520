//! `evidence`: something has to be written down before the ceremony goes on, such as the recording's number.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located};
use crate::stage::{Event, Expected, Line, Person};

spec!(
    /// `evidence: {what: …, ask: person}`
    Spec {
        /// What has to be written down.
        what: String = required "what",
        /// Who answers for it.
        ask: Located<Id> = required "ask",
    }
);

/// A person writes something down; the log has its salted digest, the annex its words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    what: String,
    person: Person,
}

impl Step for Evidence {
    const NAME: &'static str = "evidence";
    const ABOUT: &'static str = "somebody writes something down that the auditor will want";
    const WHY: &'static str =
        "The auditor finds recordings, seals and papers again by what is written down here. BR 5.4.1.";
    const MINUTES: u32 = 2;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        Some(Self { person: scope.person(&spec.ask)?, what: spec.what })
    }

    fn preview(&self) -> String {
        format!("{} writes down: {}.", self.person.id, self.what)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let lines = vec![Line::new("evidence", self.what.clone())];
        let sentence = "What is it? It goes into the annex for the auditor, its digest into the log.";
        let text = room.stage.question(self.person.clone(), sentence, lines, Expected::Text)?;
        let sha256 = room.stage.annex(&self.what, &text)?;
        let text = format!("evidence: {}: annex {sha256}", self.what);
        room.stage.record_by(&self.person, Event::LogNote { text })?;
        Ok(())
    }
}

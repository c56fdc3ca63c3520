//! `instruct`: somebody does something that no program can do, and says when it is done.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located};
use crate::stage::{Event, Expected, Line, Person};

spec!(
    /// `instruct: {who: person, text: …}`
    Spec {
        /// Who does it.
        who: Located<Id> = required "who",
        /// What.
        text: String = required "text",
    }
);

/// A person is told what to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instruct {
    person: Person,
    text: String,
}

impl Step for Instruct {
    const NAME: &'static str = "instruct";
    const ABOUT: &'static str = "somebody does what no program can do, and says when it is done";
    const WHY: &'static str = "What only hands can do is said, done and recorded like everything else.";
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        Some(Self { person: scope.person(&spec.who)?, text: spec.text })
    }

    fn preview(&self) -> String {
        format!("{}: {}", self.person.id, self.text)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let lines = vec![Line::new("instruction", self.text.clone())];
        room.stage.question(self.person.clone(), "Say when it is done.", lines, Expected::Word("done"))?;
        room.stage.record_by(&self.person, Event::LogNote { text: format!("done: {}", self.text) })?;
        Ok(())
    }
}

//! `roll-call`: who is in the room. BR §5.2.2, §6.1.1.1.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::stage::{Event, Expected, Line, NoAnswer, Notice, StageError};

spec!(
    /// `roll-call: {id-check: how}`
    Spec {
        /// How people were identified.
        id_check: Option<String> = optional "id-check",
    }
);

/// Everyone of the script says that they are here; the quorum must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RollCall {
    id_check: String,
}

impl Step for RollCall {
    const NAME: &'static str = "roll-call";
    const ABOUT: &'static str = "everyone says that they are here";
    const WHY: &'static str = "Keys are made and used by several people together, who are named and in the room. BR 5.2.2, 6.1.1.1.";
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, _: &mut Scope<'_>) -> Option<Self> {
        Some(Self { id_check: spec.id_check.unwrap_or_else(|| "known to the ceremony administrator".into()) })
    }

    fn preview(&self) -> String {
        format!("Call the roll; identities are checked: {}.", self.id_check)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        for person in &room.setting.people.all {
            let lines = vec![
                Line::new("person", person.id.clone()),
                Line::new("role", person.role.clone()),
                Line::new("identity", self.id_check.clone()),
            ];
            let answer =
                room.stage.question(person.clone(), "Are you here?", lines, Expected::Word("present"));
            match answer {
                Ok(_) => {}
                Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => continue,
                Err(error) => return Err(error.into()),
            }
            let (id, role) = (person.id.clone(), person.role.clone());
            let event = Event::ParticipantPresent { person: id, role, id_check: self.id_check.clone() };
            // Before the record: whoever follows it sees them in the room.
            room.stage.is_present(person.clone());
            room.stage.record_by(person, event)?;
        }
        for (role, wanted) in &room.setting.people.quorum {
            let present = room.stage.present().iter().filter(|person| person.role == *role).count();
            if present < *wanted {
                return Err(StepError::Quorum { role: role.clone(), present, wanted: *wanted });
            }
        }
        let present = room.stage.present().len();
        let mut lines = vec![Line::new("people present", present.to_string())];
        // Whoever is missed later should be sent for now, before there is a key.
        let all = room.setting.people.all.iter();
        let absent = all.filter(|person| !room.stage.present().contains(person));
        lines.extend(absent.map(|person| Line::new("not here", format!("{} ({})", person.id, person.role))));
        room.stage.show(&Notice::Done { sentence: "The quorum is here.".into(), lines });
        Ok(())
    }
}

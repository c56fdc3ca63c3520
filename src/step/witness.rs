//! `witness`: everyone who watches reads the log's head and types its first words back.
//!
//! A witness who does not agree is recorded as such; the ceremony then ends as `partial`.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::stage::{Event, Expected, Line, NoAnswer, Person, StageError};

spec!(
    /// `witness: {}`
    Spec {}
);

/// The witnesses agree to the log's head, or do not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Witness {
    people: Vec<Person>,
}

impl Step for Witness {
    const NAME: &'static str = "witness";
    const ABOUT: &'static str = "the witnesses compare the log's head and agree, or do not";
    const WHY: &'static str =
        "Whoever has written the head down can show later that nobody changed the log. BR 6.1.1.1.";
    const MINUTES: u32 = 4;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(_: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let people = ["internal-witness", "external-witness"];
        let people = people.iter().flat_map(|role| scope.setting.people.of_role(role)).cloned().collect();
        Some(Self { people })
    }

    fn preview(&self) -> String {
        let people: Vec<&str> = self.people.iter().map(|person| person.id.as_str()).collect();
        format!("The witnesses compare the log's head: {}.", people.join(", "))
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        room.stage.sign_head()?;
        let present = room.stage.present().to_vec();
        for person in self.people.iter().filter(|person| present.contains(person)) {
            let head = room.stage.head();
            let words = head.root.words();
            let first: Vec<&str> = words.split(' ').take(WORDS_TYPED).collect();
            let lines = vec![
                Line::new("records", head.size.to_string()),
                Line::new("root", head.root.to_string()),
                Line::new("in words", words.clone()),
            ];
            let sentence =
                format!("Write the head down, and type its first {WORDS_TYPED} words if you agree.");
            let expected = Expected::Words(first.join(" "));
            let event = match room.stage.question(person.clone(), sentence, lines, expected) {
                Ok(typed) => {
                    // The same words, however many blanks or tabs stood between them.
                    let statement = typed.split_whitespace().collect::<Vec<_>>().join(" ");
                    let (person, head_size, head_root) = (person.id.clone(), head.size, head.root);
                    Event::WitnessAgreed { person, head_size, head_root, statement }
                }
                Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => {
                    let why = "Why do you not agree? It goes into the log.";
                    let statement = room.stage.question(person.clone(), why, Vec::new(), Expected::Text)?;
                    room.stage.is_partial();
                    let (person, head_size, head_root) = (person.id.clone(), head.size, head.root);
                    Event::WitnessDisagreed { person, head_size, head_root, statement }
                }
                Err(error) => return Err(error.into()),
            };
            room.stage.record_by(person, event)?;
        }
        Ok(())
    }
}

/// How many words are typed: 32 bits, to show that the paper was read. What counts is the whole head on paper.
const WORDS_TYPED: usize = 4;

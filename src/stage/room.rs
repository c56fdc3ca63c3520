//! Who is in the room, what time it is there, and where the script stands.

use super::{Notice, Person, Stage};
use crate::clock::Timestamp;

impl Stage<'_> {
    /// The ceremony's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whose clocks the ceremony clock is compared with, as the log says it.
    pub fn clock_source(&self) -> &'static str {
        self.operators.clock_source()
    }

    /// Whether nobody is there to type: the program, or a file, answers.
    pub fn is_improvised(&self) -> bool {
        self.operators.is_improvised()
    }

    /// Shows people something.
    pub fn show(&mut self, notice: &Notice) {
        if !self.memory.recalling {
            self.operators.show(notice);
        }
    }

    /// The current step's number; `-` outside steps.
    pub fn step_number(&self) -> String {
        self.step.clone().unwrap_or_else(|| "-".into())
    }

    /// Which step the next records belong to.
    pub fn set_step(&mut self, step: Option<String>) {
        self.step = step;
    }

    /// A person has been seen in the room.
    pub fn is_present(&mut self, person: Person) {
        if !self.present.contains(&person) {
            self.present.push(person);
        }
    }

    /// Who has been seen in the room.
    pub fn present(&self) -> &[Person] {
        &self.present
    }

    /// The crypto officers in the room, by id.
    pub(super) fn present_officers(&self) -> Vec<String> {
        self.present
            .iter()
            .filter(|person| person.role == "crypto-officer")
            .map(|person| person.id.clone())
            .collect()
    }
}

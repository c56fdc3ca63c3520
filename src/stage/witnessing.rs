//! Witnesses with keys of their own: the head that they cosign elsewhere, and the signature line that they bring back.
//!
//! The rules of this file:
//! - A line counts only if it verifies, by the key that the script names and over the head that was laid out.
//! - It is on the disk before a record says that there is one.

use super::journal::{Head, JournalError, ToCosign, WitnessKey};
use super::operators::{Line, NoAnswer, Notice, Person, Question};
use super::{Expected, Stage, StageError};

impl Stage<'_> {
    /// A witness's key as policies write it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for what is no witness's key.
    pub fn witness_key_name(&self, key: &WitnessKey) -> Result<String, StageError> {
        Ok(self.journal.witness_key_name(key)?)
    }

    /// Says in the policy that travels with the log whose cosignatures count, and how many of them a head has to have.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for what is no witness's key, or if the policy could not be stored.
    pub fn demand_cosignatures(&mut self, keys: &[WitnessKey], quorum: usize) -> Result<(), StageError> {
        Ok(self.journal.demand_cosignatures(keys, quorum)?)
    }

    /// The head that witnesses cosign: the newest signed one, or of a closed ceremony the one that closed it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if there is none.
    pub fn head_to_cosign(&mut self) -> Result<ToCosign, StageError> {
        Ok(self.journal.head_to_cosign()?)
    }

    /// Whether this person's agreement to a head is in the log, from before an interruption.
    pub fn has_agreed(&self, person: &str, head: Head) -> bool {
        let root = head.root.to_string();
        self.memory
            .past
            .find("witness.agreed", |record| {
                record.text("person") == Some(person) && record.text("head_root") == Some(&root)
            })
            .is_some()
    }

    /// Asks a witness for the cosignature over a head until one verifies; the line. One that was brought before an
    /// interruption is not asked for again.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if the witness declines, or brings none that verifies; [`StageError::Journal`] if it cannot
    /// be stored.
    pub fn cosignature(
        &mut self,
        person: &Person,
        key: &WitnessKey,
        head: &ToCosign,
    ) -> Result<String, StageError> {
        if let Some(line) = self.journal.cosignature(key)? {
            return Ok(line);
        }
        let lines = vec![
            Line::new("records", head.head.size.to_string()),
            Line::new("root", head.head.root.to_string()),
            Line::new("in words", head.head.root.words()),
            Line::new("key", key.name.clone()),
            Line::new("the log for your machine", head.place.display().to_string()),
        ];
        let sentence = "Cosign this head on your own machine with `rootrite log cosign`, and say which file has the line.";
        let question = Question {
            step: self.step_number(),
            person: person.clone(),
            sentence: sentence.to_owned(),
            lines,
            expected: Expected::Text,
        };
        for _ in 0..MOST_LINES {
            let brought = match self.operators.bring(&question) {
                Ok(octets) => octets,
                Err(NoAnswer::Aside(aside)) => {
                    self.see_to(aside, person)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match self.journal.take_cosignature(key, &brought, self.clock.now()) {
                Ok(line) => return Ok(line),
                Err(JournalError::Cosignature { why }) => {
                    self.operators.show(&Notice::Wrong { sentence: why });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(NoAnswer::Ended { question: question.sentence }.into())
    }
}

/// How often a witness is asked.
const MOST_LINES: usize = 10;

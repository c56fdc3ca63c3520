//! What happens beside the script: exceptions and pauses, both in the log.
//!
//! The rules of this file:
//! - An exception has a reason in a person's own words, and the officers of the quorum approve it, each by an exact word.
//! - Nothing of an exception is recorded before its reason is told: whoever has none leaves it.
//! - An exception changes nothing of what the script does next: it is told, approved, recorded and in the report.
//! - In a pause nobody is logged in anywhere: who goes on brings the PINs again.
//! - In a pause no share that was typed is in memory: it is wiped before, and typed again.

use super::approval::ToApprove;
use super::operators::{Aside, Expected, NoAnswer, Notice, Person, Question};
use super::{Event, Line, Stage, StageError};
use crate::approval::{DEVIATION, deviation_sha256};

/// Whether shares that were typed are in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum AtHand {
    /// None is.
    #[default]
    Nothing,
    /// Some are: a pause is for whoever has them.
    Shares,
    /// Some are, and this person wants a pause.
    PauseWanted(Person),
}

impl Stage<'_> {
    /// Shares are typed from here on, until [`Self::shares_are_gone`]: a pause ends whatever is asked, by
    /// [`StageError::PausedAmongShares`].
    pub fn shares_are_at_hand(&mut self) {
        self.at_hand = AtHand::Shares;
    }

    /// What was typed of shares is wiped. Who wanted a pause meanwhile, if somebody did.
    pub fn shares_are_gone(&mut self) -> Option<Person> {
        match std::mem::take(&mut self.at_hand) {
            AtHand::PauseWanted(person) => Some(person),
            AtHand::Nothing | AtHand::Shares => None,
        }
    }

    /// A pause after which shares are typed again that are wiped already.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the log or a token refuses, or nobody is there any more.
    pub fn pause_without_shares(&mut self, person: &Person) -> Result<(), StageError> {
        let sentence = "What was typed of the shares was wiped. After the pause each of them is typed again.";
        self.show(&Notice::Done { sentence: sentence.into(), lines: Vec::new() });
        let text = "before a pause: the shares that were typed were wiped; each is typed again".to_owned();
        self.record_by(person, Event::LogNote { text })?;
        let sentence = "The ceremony is paused; nobody is logged in to any token, and the shares that were typed were wiped. Does it go on?";
        self.pause(person, sentence)
    }

    /// Sees to what a person said in the place of an answer.
    pub(super) fn see_to(&mut self, aside: Aside, person: &Person) -> Result<(), StageError> {
        match aside {
            Aside::Exception => self.exception(person),
            Aside::Pause if self.at_hand == AtHand::Nothing => {
                let sentence = "The ceremony is paused; nobody is logged in to any token. Does it go on?";
                self.pause(person, sentence)
            }
            Aside::Pause => {
                self.at_hand = AtHand::PauseWanted(person.clone());
                Err(StageError::PausedAmongShares)
            }
        }
    }

    fn exception(&mut self, person: &Person) -> Result<(), StageError> {
        let sentence = "What is otherwise than the script says, and why? It goes into the log.";
        let Some(actual) = self.ask_beside(person, sentence, Vec::new(), Expected::Exception)? else {
            return Ok(());
        };
        let officers: Vec<Person> =
            self.present().iter().filter(|person| person.role == "crypto-officer").cloned().collect();
        let lines = vec![Line::new("step", self.step_number()), Line::new("exception", actual.clone())];
        let expected = "as scripted".to_owned();
        let sha256 = deviation_sha256(&self.step_number(), &expected, &actual);
        let (mut approved_by, mut signatures) = (Vec::new(), Vec::new());
        for officer in officers {
            let sentence = "Do you approve this exception?";
            let what = ToApprove { kind: DEVIATION, sha256, word: "deviate" };
            if let Some(signed) = self.approved_beside(&officer, sentence, &lines, what)? {
                approved_by.push(officer.id);
                signatures.extend(signed);
            }
        }
        let (step, approvals) = (self.step_number(), approved_by.len());
        self.record_by(person, Event::StepDeviation { step, expected, actual, approved_by, signatures })?;
        let lines = vec![Line::new("approvals", approvals.to_string())];
        self.show(&Notice::Done {
            sentence: "The exception is in the log. The question stands.".into(),
            lines,
        });
        Ok(())
    }

    fn pause(&mut self, person: &Person, sentence: &str) -> Result<(), StageError> {
        self.log_out_everywhere()?;
        self.record_by(person, Event::LogNote { text: "paused; nobody is logged in".into() })?;
        // Until somebody says so, however often they say something else.
        while self.ask_beside(person, sentence, Vec::new(), Expected::Word("continue"))?.is_none() {}
        self.record_by(person, Event::LogNote { text: "continued after a pause".into() })?;
        Ok(())
    }

    /// Asks beside the script. Nothing if the person says no, or something that is no answer here.
    fn ask_beside(
        &mut self,
        person: &Person,
        sentence: &str,
        lines: Vec<Line>,
        expected: Expected,
    ) -> Result<Option<String>, StageError> {
        let (step, sentence) = (self.step_number(), sentence.to_owned());
        match self.operators.ask(&Question { step, person: person.clone(), sentence, lines, expected }) {
            Ok(answer) => Ok(Some(answer)),
            Err(NoAnswer::Declined { .. } | NoAnswer::Aside(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

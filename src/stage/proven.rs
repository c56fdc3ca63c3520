//! Secrets that people type so that they can be divided: a token's PIN is proved at the token first.
//!
//! The rules of this file:
//! - A PIN of a token of the script is divided only once the token took it. Each try is like any other: the token's words on
//!   tries before it, an exact word before one that could lock it, and a record of what came of it.
//! - Nobody stays logged in as security officer.

use crate::hsm::{Login, PinState};
use crate::secret::Pin;

use super::equipment::{AGAIN, LoginKind, one_try};
use super::event::Event;
use super::operators::{Expected, Line, NoAnswer, Notice, Person, PinKind, PinPurpose, PinRequest};
use super::{Stage, StageError, printable};

impl Stage<'_> {
    /// The PIN of a token's user, typed by its custodians, once the token took it; they stay logged in.
    ///
    /// # Errors
    ///
    /// [`StageError`] if nobody types the user's PIN of this token, or the token or people refuse.
    pub fn proven_pin(&mut self, token: &str) -> Result<Pin, StageError> {
        let why = match &self.equipment(token)?.login {
            LoginKind::Prompt { .. } | LoginKind::Given(_) => None,
            LoginKind::Shares(_) => Some("is in shares already"),
            LoginKind::ProtectedPath => Some("is typed at the token's own PIN pad"),
            LoginKind::None => Some("is not asked for"),
            LoginKind::External => Some("is not typed here"),
        };
        if let Some(why) = why {
            return Err(StageError::Refused(format!(
                "the PIN of token `{token}` {why}; it cannot be divided here"
            )));
        }
        // Whoever was logged in before says nothing of what is typed now.
        self.log_out(token)?;
        let mut typed = None;
        self.log_in_by(token, Some(&mut typed))?;
        typed.ok_or_else(|| StageError::Refused(format!("nobody has typed the PIN of token `{token}`")))
    }

    /// The security officer's PIN of a token, typed by who knows it, once the token took it; nobody stays logged in.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token or people refuse.
    pub fn proven_officer_pin(&mut self, token: &str) -> Result<Pin, StageError> {
        self.is_not_recalling(token)?;
        let equipment = self.equipment(token)?;
        if matches!(equipment.login, LoginKind::ProtectedPath) {
            return Err(StageError::Refused(format!(
                "the security officer's PIN of token `{token}` is typed at the token's own PIN pad; it cannot be divided here"
            )));
        }
        let people = equipment.security_officers();
        self.log_out(token)?;
        let serial = printable(&self.information(token)?.serial);
        self.quorum_is_met(token, &serial)?;
        let mut wrong = 0;
        loop {
            let state = self.information(token)?.officer_pin_state();
            self.word_before_officer_try(token, wrong, state, &people)?;
            let purpose = if wrong == 0 { PinPurpose::Login } else { PinPurpose::AfterWrong };
            let kind = PinKind::SecurityOfficer;
            let Some(pin) = self.ask_for_secret(token, kind, purpose, &people, state.to_string())? else {
                continue;
            };
            // A power failure from here on leaves a token that has counted a try, or none.
            let answered = self.token(token)?.log_in(Login::Officer(&pin));
            match one_try(token, answered)? {
                Ok(()) => {
                    self.token(token)?.log_out().map_err(|source| StageError::token(token, source))?;
                    let who: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
                    let text = format!(
                        "token `{token}`, serial `{serial}`: it took the security officer's PIN of {}",
                        who.join(", ")
                    );
                    self.record(Event::LogNote { text })?;
                    return Ok(pin);
                }
                Err(error) => {
                    wrong += 1;
                    let sentence = format!("token `{token}`: {}", printable(&error.to_string()));
                    self.operators.show(&Notice::Wrong { sentence: sentence.clone() });
                    self.record(Event::LogNote { text: format!("security officer's PIN: {sentence}") })?;
                }
            }
        }
    }

    /// A secret that has a name in the script, typed twice by who knows it: nothing here can prove it.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if nobody types it.
    pub fn typed_secret(&mut self, name: &str, people: &[Person]) -> Result<Pin, StageError> {
        self.is_not_recalling(name)?;
        loop {
            let tries = "nothing here knows it; it is typed twice".to_owned();
            if let Some(secret) = self.ask_for_secret(name, PinKind::Named, PinPurpose::New, people, tries)? {
                return Ok(secret);
            }
        }
    }

    /// What people type; nothing if they saw to something else first.
    fn ask_for_secret(
        &mut self,
        of: &str,
        kind: PinKind,
        purpose: PinPurpose,
        people: &[Person],
        tries: String,
    ) -> Result<Option<Pin>, StageError> {
        let (step, token, people) = (self.step_number(), of.to_owned(), people.to_vec());
        match self.operators.pin(&PinRequest { step, token, kind, people: people.clone(), purpose, tries }) {
            Ok(pin) => Ok(Some(pin)),
            Err(NoAnswer::Aside(aside)) => match people.first() {
                Some(person) => self.see_to(aside, person).map(|()| None),
                None => Err(StageError::NoAnswer(NoAnswer::Aside(aside))),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Before a try that could lock the security officer's PIN somebody says an exact word.
    fn word_before_officer_try(
        &mut self,
        token: &str,
        wrong: u32,
        state: PinState,
        people: &[Person],
    ) -> Result<(), StageError> {
        if wrong < 2 && state != PinState::FinalTry {
            return Ok(());
        }
        let Some(person) = people.first().cloned() else {
            return Err(StageError::Quorum { token: token.into(), present: 0, threshold: 1 });
        };
        let lines = vec![
            Line::new("token", token),
            Line::new("wrong security officer's PINs in this step", wrong.to_string()),
            Line::new("tries", state.to_string()),
        ];
        let sentence = "Another wrong PIN can lock this token's security officer out for good. Try again?";
        self.question(person, sentence, lines, Expected::Word(AGAIN)).map(drop)
    }
}

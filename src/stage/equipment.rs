//! The tokens of a ceremony: which are there, how one logs in to them, and who may.
//!
//! The rules of this file:
//! - One login is one try. Another try is asked for, never made by itself.
//! - After a wrong PIN people see what the token says of tries; from the second wrong one on, or where the
//!   token says that one is left, an exact word is wanted before the next, the first of a ceremony too.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::hsm::{Login, PinState, Token, TokenError, TokenInformation, WrappedFormat};
use crate::secret::Pin;

use super::event::Event;
use super::operators::{Expected, Line, NoAnswer, Notice, Person, PinKind, PinPurpose, PinRequest, Question};
use super::shares::{ShareFace, SharedPin};
use super::{Stage, StageError, printable};

/// How the user of a token proves who they are.
pub enum LoginKind {
    /// By a PIN that people type at each login.
    Prompt {
        /// Whether two people type one half each.
        two_halves: bool,
    },
    /// By a PIN that its holders put together from their shares at each login.
    Shares(Box<dyn SharedPin>),
    /// By a PIN that was read before the ceremony began.
    Given(Arc<Pin>),
    /// By the token's own PIN pad.
    ProtectedPath,
    /// Not at all.
    None,
    /// Outside of this program, before it: nobody here checks anything, and the log says so.
    External,
}

/// A token that has to be initialised before it can be used.
pub trait Blank {
    /// The label that it gets.
    fn label(&self) -> &str;

    /// Initialises it: label, security officer's PIN, and the user's first PIN.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: what stood in the way.
    fn initialize(&mut self, pins: Pins) -> Result<Box<dyn Token>, TokenError>;
}

/// A way to the same token through a process of its module that begins now.
pub trait Fresh {
    /// Opens it; nobody is logged in.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: what stood in the way.
    fn open(&self) -> Result<Box<dyn Token>, TokenError>;
}

/// The PINs that a token begins with.
pub struct Pins {
    /// The security officer's.
    pub security_officer: Pin,
    /// The user's first one, which the security officer gives and the custodian changes at once.
    pub user: Arc<Pin>,
}

/// The PINs of throw-away tokens. They are public.
pub fn fixed_pins() -> Pins {
    Pins { security_officer: shared_pin(PinKind::SecurityOfficer), user: shared_pin(PinKind::User).into() }
}

/// One of the PINs of throw-away tokens. They are public.
pub fn shared_pin(kind: PinKind) -> Pin {
    let text = match kind {
        PinKind::User => "rehearsal-user",
        PinKind::First => "rehearsal-first",
        PinKind::SecurityOfficer => "rehearsal-officer",
        PinKind::Named => "rehearsal-secret",
    };
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "constants of good length; a test takes both"
    )]
    Pin::read(text.as_bytes()).expect("a constant PIN")
}

/// What a logical token of the script is, on this machine.
pub enum Device {
    /// A token that is ready.
    Ready(Box<dyn Token>),
    /// A token that `initialize-token` makes ready.
    Blank(Box<dyn Blank>),
}

/// A logical token of the script with what the site says of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, known at another time")]
pub struct Equipment {
    /// The token, or what becomes one.
    pub device: Device,
    /// How one logs in.
    pub login: LoginKind,
    /// Who types the PIN.
    pub custodians: Vec<Person>,
    /// `hardware` or `software`.
    pub class: String,
    /// How many people have to be there before it is used.
    pub threshold: usize,
    /// How many octets the id of a new key has: some tokens take two.
    pub id_octets: usize,
    /// After how many wrong PINs it locks without having warned; nothing if it warns, or never locks.
    pub pin_tries: Option<u32>,
    /// How a fresh process of its module gets to it; nothing where there can be none.
    pub fresh: Option<Box<dyn Fresh>>,
    /// Whether it can keep the log's head as a data object, as far as anybody knows.
    pub keeps_heads: bool,
    /// By which mechanism it wraps a private key into which format, the first the best; nothing if nobody has said.
    pub wraps: Vec<(WrappedFormat, u64)>,
    /// Whether a key there never loses the permission to leave, and is sealed by being replaced.
    pub replaces: bool,
    /// The shares of its PIN that were dealt since this program began, and who has which.
    pub(super) dealt: Option<Vec<(ShareFace, String)>>,
    /// Who put the PIN together last.
    combined_by: Vec<String>,
    /// Whether someone is logged in.
    logged_in: bool,
    /// Whether someone has logged in since this program began.
    pub(super) was_used: bool,
    /// Whether it has a head of this session.
    pub(super) has_head: bool,
    /// Wrong PINs since the last good one, counted here because not every token counts; before an interruption too.
    pub(super) wrong: u32,
}

impl Equipment {
    /// A token that nobody is logged in to.
    pub fn new(
        device: Device,
        login: LoginKind,
        custodians: Vec<Person>,
        class: String,
        threshold: usize,
    ) -> Self {
        Self {
            device,
            login,
            custodians,
            class,
            threshold,
            id_octets: 16,
            pin_tries: None,
            fresh: None,
            keeps_heads: true,
            wraps: Vec::new(),
            replaces: false,
            dealt: None,
            combined_by: Vec::new(),
            logged_in: false,
            was_used: false,
            has_head: false,
            wrong: 0,
        }
    }

    /// Whether someone is logged in.
    pub(super) const fn is_logged_in(&self) -> bool {
        self.logged_in
    }

    /// What is known of the tries that are left, and in words: what the token says, or what its make is known for and was
    /// counted here.
    fn tries(&self, information: &TokenInformation) -> (PinState, String) {
        let said = information.pin_state();
        let (PinState::Unsaid, Some(most)) = (said, self.pin_tries) else { return (said, said.to_string()) };
        let state = match self.wrong {
            wrong if wrong + 1 >= most => PinState::FinalTry,
            0 => PinState::Unsaid,
            _ => PinState::CountLow,
        };
        let wrong = self.wrong;
        (state, format!("{said}; its make locks after {most} wrong PINs, and {wrong} were typed here"))
    }

    /// Who types what the security officer of this token knows: everyone where custody is split; otherwise somebody else
    /// than the user's PIN's custodian, where there is anybody.
    pub(super) fn security_officers(&self) -> Vec<Person> {
        let user = self.who_types();
        let other = self.custodians.iter().rev().find(|person| !user.contains(person)).cloned();
        other.map_or(user, |other| vec![other])
    }

    /// Who types a PIN of this token, each a part of it: everyone where custody is split, otherwise one.
    pub(super) fn who_types(&self) -> Vec<Person> {
        let split = matches!(self.login, LoginKind::Prompt { two_halves: true });
        self.custodians.iter().take(if split { usize::MAX } else { 1 }).cloned().collect()
    }
}

/// All tokens by the script's name.
pub type Cabinet = BTreeMap<String, Equipment>;

impl Stage<'_> {
    /// What the site says that a token is: `hardware` or `software`.
    ///
    /// # Errors
    ///
    /// [`StageError::NoToken`] if there is no such token.
    pub fn class(&mut self, token: &str) -> Result<String, StageError> {
        Ok(self.equipment(token)?.class.clone())
    }

    /// What a token says of itself.
    ///
    /// # Errors
    ///
    /// [`StageError`] if there is no such token or it does not answer.
    pub fn information(&mut self, token: &str) -> Result<TokenInformation, StageError> {
        self.token(token)?.information().map_err(|source| StageError::token(token, source))
    }

    /// How many octets the id of a new key on a token has.
    ///
    /// # Errors
    ///
    /// [`StageError::NoToken`] if there is no such token.
    pub fn id_octets(&mut self, token: &str) -> Result<usize, StageError> {
        Ok(self.equipment(token)?.id_octets)
    }

    /// By which mechanism a token wraps a private key into which format, the first the best.
    ///
    /// # Errors
    ///
    /// [`StageError::NoToken`] if there is no such token.
    pub fn wraps(&mut self, token: &str) -> Result<&[(WrappedFormat, u64)], StageError> {
        Ok(&self.equipment(token)?.wraps)
    }

    /// Whether a key of a token is sealed by being replaced with what comes back from its backup.
    ///
    /// # Errors
    ///
    /// [`StageError::NoToken`] if there is no such token.
    pub fn replaces(&mut self, token: &str) -> Result<bool, StageError> {
        Ok(self.equipment(token)?.replaces)
    }

    /// Records every token that is ready: what it is and which one.
    ///
    /// # Errors
    ///
    /// [`StageError`] if one does not answer.
    pub fn introduce_tokens(&mut self) -> Result<(), StageError> {
        let ready = |equipment: &Equipment| matches!(equipment.device, Device::Ready(_));
        let names: Vec<String> = self
            .cabinet
            .iter()
            .filter(|(_, equipment)| ready(equipment))
            .map(|(name, _)| name.clone())
            .collect();
        names.iter().try_for_each(|name| self.introduce(name))
    }

    pub(super) fn introduce(&mut self, token: &str) -> Result<(), StageError> {
        let information = self.information(token)?;
        let class = self.equipment(token)?.class.clone();
        let serial = printable(&information.serial);
        let before = self.past().find("device.inserted", |record| record.text("token") == Some(token));
        if let Some(wanted) =
            before.and_then(|record| record.text("serial")).filter(|wanted| *wanted != serial)
        {
            let (token, wanted) = (token.to_owned(), wanted.to_owned());
            return Err(StageError::OtherToken { token, found: serial, wanted });
        }
        self.record(Event::DeviceInserted {
            token: token.into(),
            kind: "token".into(),
            model: printable(&format!("{} {}", information.manufacturer, information.model)),
            serial,
            firmware: information.firmware.to_string(),
            class,
        })?;
        self.tell_if_it_keeps_none(token)
    }

    /// Logs in to a token unless someone is; the people who did.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token refuses for good or people do.
    pub fn log_in(&mut self, token: &str) -> Result<(), StageError> {
        if self.equipment(token)?.logged_in {
            return Ok(());
        }
        self.log_in_by(token, None)
    }

    /// Logs in to a token that nobody is logged in to. `typed`: where the PIN stays, which people type then whatever the site
    /// says.
    pub(super) fn log_in_by(
        &mut self,
        token: &str,
        mut typed: Option<&mut Option<Pin>>,
    ) -> Result<(), StageError> {
        self.is_not_recalling(token)?;
        let serial = printable(&self.information(token)?.serial);
        self.quorum_is_met(token, &serial)?;
        loop {
            // Asked anew before each try: a wrong PIN changes what the token says of tries.
            let information = self.information(token)?;
            let (_, tries) = self.equipment(token)?.tries(&information);
            self.word_before_try(token, &information)?;
            match self.try_log_in(token, tries, typed.as_deref_mut()) {
                Ok(Ok(())) => break,
                Ok(Err(error)) => self.after_wrong_pin(token, error)?,
                // Somebody saw to something else first; the PIN is asked for again.
                Err(StageError::NoAnswer(NoAnswer::Aside(aside))) => {
                    let custodian = self.equipment(token)?.custodians.first().cloned();
                    let Some(person) = custodian else {
                        return Err(StageError::NoAnswer(NoAnswer::Aside(aside)));
                    };
                    self.see_to(aside, &person)?;
                }
                Err(error) => return Err(error),
            }
        }
        let outside = matches!(self.equipment(token)?.login, LoginKind::External);
        let people = if outside { Vec::new() } else { self.who_logged_in(token)? };
        self.equipment(token)?.logged_in = true;
        self.equipment(token)?.was_used = true;
        self.equipment(token)?.wrong = 0;
        if outside {
            let text = format!(
                "token `{token}`: authentication was performed outside; this program has verified no PIN"
            );
            self.record(Event::LogNote { text })?;
        }
        self.record(Event::AuthOk { token: token.into(), serial, people })?;
        Ok(())
    }

    /// Logs out of a token, if someone is logged in to it.
    pub(super) fn log_out(&mut self, token: &str) -> Result<(), StageError> {
        let equipment = self.equipment(token)?;
        if let (true, Device::Ready(ready)) = (equipment.logged_in, &mut equipment.device) {
            ready.log_out().map_err(|source| StageError::token(token, source))?;
            equipment.logged_in = false;
        }
        Ok(())
    }

    /// Logs out of every token that someone is logged in to.
    ///
    /// # Errors
    ///
    /// [`StageError`] if a token does not let go.
    pub fn log_out_everywhere(&mut self) -> Result<(), StageError> {
        for (name, equipment) in &mut self.cabinet {
            if equipment.logged_in
                && let Device::Ready(token) = &mut equipment.device
            {
                token.log_out().map_err(|source| StageError::token(name, source))?;
                equipment.logged_in = false;
            }
        }
        Ok(())
    }

    /// Asks a token through a fresh process of its module: what an old one remembers proves nothing. The login is asked for
    /// anew, as everywhere, and the old process goes on afterwards.
    ///
    /// # Errors
    ///
    /// [`StageError`] if there can be no such process, or people or the token refuse.
    pub(super) fn afresh<T>(
        &mut self,
        token: &str,
        ask: impl FnOnce(&mut dyn Token) -> Result<T, TokenError>,
    ) -> Result<T, StageError> {
        let equipment = self.equipment(token)?;
        let none = || TokenError::NotStarted {
            module: token.into(),
            reason: "this token has no second process".to_owned(),
        };
        let opened = equipment.fresh.as_ref().ok_or_else(none).and_then(|fresh| fresh.open());
        let fresh = opened.map_err(|source| StageError::token(token, source))?;
        let old = std::mem::replace(&mut equipment.device, Device::Ready(fresh));
        let was_logged_in = std::mem::replace(&mut equipment.logged_in, false);
        let done = self.log_in(token).and_then(|()| {
            let answered = ask(self.token(token)?);
            answered.map_err(|source| StageError::token(token, source))
        });
        let equipment = self.equipment(token)?;
        if let Device::Ready(fresh) = &mut equipment.device {
            // It ends here, whatever it says to that.
            let _ = fresh.log_out();
        }
        equipment.device = old;
        equipment.logged_in = was_logged_in;
        done
    }

    /// The token itself; for this folder and what it calls only.
    pub(super) fn token(&mut self, token: &str) -> Result<&mut dyn Token, StageError> {
        match &mut self.equipment(token)?.device {
            Device::Ready(ready) => Ok(ready.as_mut()),
            Device::Blank(_) => Err(StageError::Blank { token: token.into() }),
        }
    }

    pub(super) fn equipment(&mut self, token: &str) -> Result<&mut Equipment, StageError> {
        self.cabinet.get_mut(token).ok_or_else(|| StageError::NoToken { token: token.into() })
    }

    pub(super) fn custodians(&mut self, token: &str) -> Result<Vec<String>, StageError> {
        Ok(self.equipment(token)?.custodians.iter().map(|person| person.id.clone()).collect())
    }

    /// Whose PIN it was: of all custodians, or of those who gave their shares.
    fn who_logged_in(&mut self, token: &str) -> Result<Vec<String>, StageError> {
        let equipment = self.equipment(token)?;
        match equipment.login {
            LoginKind::Shares(_) => Ok(equipment.combined_by.clone()),
            _ => self.custodians(token),
        }
    }

    /// Logs that enough people are in the room to use the token, or refuses to go on.
    pub(super) fn quorum_is_met(&mut self, token: &str, serial: &str) -> Result<(), StageError> {
        let threshold = self.equipment(token)?.threshold;
        let people: Vec<String> = self.present_officers();
        if people.len() < threshold {
            return Err(StageError::Quorum { token: token.into(), present: people.len(), threshold });
        }
        let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
        let threshold = u64::try_from(threshold).unwrap_or(u64::MAX);
        let (token, serial) = (token.to_owned(), serial.to_owned());
        self.record(Event::QuorumMet { token, serial, threshold, share_count: count, people })?;
        Ok(())
    }

    /// One try. The inner error is one after which another try can make sense.
    fn try_log_in(
        &mut self,
        name: &str,
        tries: String,
        kept: Option<&mut Option<Pin>>,
    ) -> Result<Result<(), TokenError>, StageError> {
        let step = self.step_number();
        if matches!(self.equipment(name)?.login, LoginKind::Shares(_)) {
            let (pin, people) = self.combined_pin(name, &tries)?;
            self.equipment(name)?.combined_by = people;
            let answered = self.token(name)?.log_in(Login::Pin(&pin));
            return one_try(name, answered);
        }
        let equipment =
            self.cabinet.get_mut(name).ok_or_else(|| StageError::NoToken { token: name.into() })?;
        let people = equipment.who_types();
        let Device::Ready(token) = &mut equipment.device else {
            return Err(StageError::Blank { token: name.into() });
        };
        let mut typed = None;
        let login = match &equipment.login {
            LoginKind::Given(pin) if kept.is_none() => Login::Pin(pin),
            LoginKind::ProtectedPath => Login::ProtectedPath,
            LoginKind::None | LoginKind::Shares(_) => Login::None,
            LoginKind::External => Login::External,
            LoginKind::Prompt { .. } | LoginKind::Given(_) => {
                let purpose = if equipment.wrong == 0 { PinPurpose::Login } else { PinPurpose::AfterWrong };
                let (token, kind) = (name.to_owned(), PinKind::User);
                let pin = self.operators.pin(&PinRequest { step, token, kind, people, purpose, tries })?;
                Login::Pin(typed.insert(pin))
            }
        };
        let answered = one_try(name, token.log_in(login))?;
        if let (Some(place), Ok(())) = (kept, &answered) {
            *place = typed;
        }
        Ok(answered)
    }

    /// Logs a refused login, shows it, and asks whether there is to be another try.
    fn after_wrong_pin(&mut self, token: &str, error: TokenError) -> Result<(), StageError> {
        let people = self.who_logged_in(token)?;
        let information = self.information(token)?;
        let (serial, text) = (printable(&information.serial), printable(&error.to_string()));
        self.record(Event::AuthFailed { token: token.into(), serial, people, error: text.clone() })?;
        let equipment = self.equipment(token)?;
        equipment.wrong += 1;
        let is_asked = matches!(equipment.login, LoginKind::Prompt { .. } | LoginKind::Shares(_));
        if !is_asked || equipment.custodians.is_empty() {
            return Err(StageError::token(token, error));
        }
        self.operators.show(&Notice::Wrong { sentence: format!("token `{token}`: {text}") });
        if information.pin_state() == PinState::Locked {
            return Err(StageError::token(token, error));
        }
        Ok(())
    }

    /// Before a try that could lock the token, the first of a ceremony or a later one, somebody says an exact word. Whatever
    /// the token says: some lock without a warning.
    fn word_before_try(&mut self, token: &str, information: &TokenInformation) -> Result<(), StageError> {
        let equipment = self.equipment(token)?;
        let asks_for_one = !matches!(equipment.login, LoginKind::None | LoginKind::External);
        let (wrong, custodian) = (equipment.wrong, equipment.custodians.first().cloned());
        let (state, tries) = equipment.tries(information);
        if !asks_for_one || wrong < 2 && state != PinState::FinalTry {
            return Ok(());
        }
        let Some(person) = custodian else {
            return Err(StageError::Quorum { token: token.into(), present: 0, threshold: 1 });
        };
        let lines = vec![
            Line::new("token", token),
            Line::new("serial", information.serial.clone()),
            Line::new("wrong PINs since the last good one", wrong.to_string()),
            Line::new("tries", tries),
        ];
        let sentence = if wrong == 0 {
            "A wrong PIN can lock this token for good. Try?"
        } else {
            "Another wrong PIN can lock this token for good. Try again?"
        };
        self.question(person, sentence, lines, Expected::Word(AGAIN))?;
        Ok(())
    }

    /// Asks a person something that belongs to the current step.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if they decline.
    pub fn question(
        &mut self,
        person: Person,
        sentence: impl Into<String>,
        lines: Vec<Line>,
        expected: Expected,
    ) -> Result<String, StageError> {
        let (step, sentence) = (self.step_number(), sentence.into());
        self.is_not_recalling(&sentence)?;
        let question = Question { step, person, sentence, lines, expected };
        loop {
            match self.operators.ask(&question) {
                Err(NoAnswer::Aside(aside)) => self.see_to(aside, &question.person)?,
                answer => return Ok(answer?),
            }
        }
    }
}

/// What one try came to: the inner error is one after which another try can make sense.
pub(super) fn one_try(
    name: &str,
    answered: Result<(), TokenError>,
) -> Result<Result<(), TokenError>, StageError> {
    match answered {
        Ok(()) => Ok(Ok(())),
        Err(error @ (TokenError::PinIncorrect { .. } | TokenError::PinLength { .. })) => Ok(Err(error)),
        Err(source) => Err(StageError::token(name, source)),
    }
}

/// What people say before a PIN is tried again that could lock the token.
pub const AGAIN: &str = "again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throw_away_tokens_have_two_different_pins() {
        let Pins { security_officer, user } = fixed_pins();
        assert!(!security_officer.is_same(&user));
        let first = shared_pin(PinKind::First);
        assert!(!first.is_same(&user) && !first.is_same(&security_officer));
    }
}

//! Making a blank token ready: label and PINs.
//!
//! The rules of this file:
//! - The security officer and the user's custodian are two people where there are two. The security officer gives the user a
//!   first PIN, and the custodian changes it at once to one that nobody else knows.
//! - A PIN in shares is made by the token that has its first one by then; it is dealt to its holders, and takes the first one's
//!   place once all of them have confirmed. Nobody knows it whole.
//! - Each of the two acts has its intent before and its outcome after. In between there is always a person who knows the
//!   user's PIN: the security officer until it is changed, the custodian afterwards.
//!
//! The security officer can give the user another PIN at any time (C_InitPIN): who keeps that PIN keeps the keys.

use std::sync::Arc;

use crate::hsm::{Login, Token, TokenError, TokenInformation};
use crate::secret::Pin;

use super::equipment::{Device, LoginKind, Pins};
use super::event::Event;
use super::operators::{NoAnswer, Person, PinKind, PinPurpose, PinRequest};
use super::{PastRecord, Stage, StageError, printable};

impl Stage<'_> {
    /// Makes a blank token ready: it is initialised between two records, and then its user's PIN is changed between two
    /// more.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token is not blank, refuses, or people do.
    pub fn initialize(&mut self, token: &str) -> Result<TokenInformation, StageError> {
        let (information, first) = match self.initialized_before(token)? {
            Some(information) => (information, None),
            None => self.initialize_blank(token).map(|(information, first)| (information, Some(first)))?,
        };
        self.change_first_pin(token, first)?;
        Ok(information)
    }

    /// Gives a blank token its label, the security officer's PIN and a first one for the user; that one.
    fn initialize_blank(&mut self, token: &str) -> Result<(TokenInformation, Arc<Pin>), StageError> {
        let equipment = self.equipment(token)?;
        let Device::Blank(blank) = &equipment.device else {
            return Err(StageError::NotBlank { token: token.into() });
        };
        let label = blank.label().to_owned();
        let officers = equipment.security_officers();
        let security_officer =
            self.ask_for_pin(token, (PinKind::SecurityOfficer, PinPurpose::New), &officers)?;
        let first = (PinKind::First, PinPurpose::New);
        let first = Arc::new(self.ask_for_pin(token, first, &officers)?);
        let seq = self.record(Event::TokenInitializeIntent { token: token.into(), label })?;
        // A power failure from here on leaves an intent without a result, and a token that is blank or has its label.
        let done = match &mut self.equipment(token)?.device {
            Device::Ready(_) => return Err(StageError::NotBlank { token: token.into() }),
            Device::Blank(blank) => blank.initialize(Pins { security_officer, user: Arc::clone(&first) }),
        };
        let looked_at =
            done.and_then(|mut ready| ready.information().map(|information| (ready, information)));
        let (ready, information) = match looked_at {
            Ok(looked_at) => looked_at,
            Err(source) => return Err(self.failed(seq, StageError::token(token, source))?),
        };
        self.equipment(token)?.device = Device::Ready(ready);
        let people = officers.into_iter().map(|person| person.id).collect();
        let serial = printable(&information.serial);
        self.record_closing(Event::TokenInitialized { token: token.into(), serial, people }, seq)?;
        self.introduce(token)?;
        Ok((information, first))
    }

    /// The custodian changes the first PIN to one of their own. `first`: nothing after an interruption, where the security
    /// officer types it once more.
    fn change_first_pin(&mut self, token: &str, first: Option<Arc<Pin>>) -> Result<(), StageError> {
        let of_token = |record: &PastRecord| record.text("token") == Some(token);
        if self.past().find("token.pin.changed", of_token).is_some() {
            return Ok(());
        }
        let of_change = |record: &PastRecord| record.ev == "token.pin.intent" && of_token(record);
        let begun = self.take_open_intent(of_change).map(|intent| intent.seq);
        let again = self.past().records().iter().any(of_change);
        let equipment = self.equipment(token)?;
        let (officers, custodians) = (equipment.security_officers(), equipment.who_types());
        // A PIN that was read before the ceremony is the one that logs in later.
        let given = match &equipment.login {
            LoginKind::Given(pin) => Some(Arc::clone(pin)),
            _ => None,
        };
        let login = (PinKind::First, PinPurpose::Login);
        let first = first.map_or_else(|| self.ask_for_pin(token, login, &officers).map(Arc::new), Ok)?;
        let new = (PinKind::User, PinPurpose::New);
        let own = match given {
            Some(given) => given,
            None if self.is_dealt(token)? => self.dealt_pin(token, &first)?.into(),
            None => self.ask_for_pin(token, new, &custodians)?.into(),
        };
        let seq = match begun {
            Some(seq) => seq,
            None => self.record(Event::TokenPinIntent { token: token.into() })?,
        };
        // A power failure from here on leaves the first PIN or the custodian's own.
        let device = self.token(token)?;
        let changed = change(device, &first, &own, again);
        let serial = device.information().map(|information| printable(&information.serial));
        match changed.and(serial) {
            Ok(serial) => {
                let people = custodians.into_iter().map(|person| person.id).collect();
                self.record_closing(Event::TokenPinChanged { token: token.into(), serial, people }, seq)?;
                Ok(())
            }
            Err(source) => Err(self.failed(seq, StageError::token(token, source))?),
        }
    }

    /// Whether the user's PIN is in shares.
    fn is_dealt(&mut self, token: &str) -> Result<bool, StageError> {
        Ok(matches!(self.equipment(token)?.login, LoginKind::Shares(_)))
    }

    fn ask_for_pin(
        &mut self,
        token: &str,
        (kind, purpose): (PinKind, PinPurpose),
        people: &[Person],
    ) -> Result<Pin, StageError> {
        let tries = match purpose {
            PinPurpose::New => "a new PIN",
            PinPurpose::Login | PinPurpose::AfterWrong => "the one that was chosen before the interruption",
        };
        let (step, token, people, tries) =
            (self.step_number(), token.to_owned(), people.to_vec(), tries.to_owned());
        let request = PinRequest { step, token, kind, people, purpose, tries };
        loop {
            match (self.operators.pin(&request), request.people.first()) {
                // Both times it is typed again: whatever was typed is gone.
                (Err(NoAnswer::Aside(aside)), Some(person)) => self.see_to(aside, person)?,
                (typed, _) => return Ok(typed?),
            }
        }
    }

    /// What an interrupted initialisation left: a token that is ready by now, or nothing.
    fn initialized_before(&mut self, token: &str) -> Result<Option<TokenInformation>, StageError> {
        let ready = matches!(self.equipment(token)?.device, Device::Ready(_));
        let said =
            self.past().find("token.initialized", |record| record.text("token") == Some(token)).is_some();
        if said {
            return if ready {
                self.information(token).map(Some)
            } else {
                Err(StageError::Blank { token: token.into() })
            };
        }
        let of_token = |record: &PastRecord| {
            record.ev == "token.initialize.intent" && record.text("token") == Some(token)
        };
        if !self.past().records().iter().any(of_token) {
            return Ok(None);
        }
        let open = self.take_open_intent(of_token).map(|intent| intent.seq);
        if !ready {
            if let Some(seq) = open {
                let error = "the ceremony was interrupted".into();
                let residue = "the token is blank, or its user has no PIN".into();
                self.record_closing(Event::ActFailed { error, residue }, seq)?;
            }
            return Ok(None);
        }
        // The label was free before the intent, and the module finishes what it has begun: it is the token that was
        // meant, with the first PIN.
        let information = self.information(token)?;
        let officers = self.equipment(token)?.security_officers();
        let people = officers.into_iter().map(|person| person.id).collect();
        let serial = printable(&information.serial);
        let event = Event::TokenInitialized { token: token.into(), serial, people };
        match open {
            Some(seq) => self.record_closing(event, seq)?,
            None => self.record(event)?,
        };
        self.introduce(token)?;
        Ok(Some(information))
    }
}

/// Changes the user's PIN. `again`: it was begun before an interruption, and may have been done.
fn change(device: &mut dyn Token, first: &Pin, own: &Pin, again: bool) -> Result<(), TokenError> {
    match device.log_in(Login::Pin(first)) {
        Ok(()) => {
            let changed = device.change_pin(first, own);
            // Whatever came of it: nobody stays logged in by the first one.
            let out = device.log_out();
            changed.and(out)
        }
        Err(TokenError::PinIncorrect { .. }) if again => {
            device.log_in(Login::Pin(own))?;
            device.log_out()
        }
        Err(error) => Err(error),
    }
}

//! Where steps are performed: the only door to the HSM.
//!
//! The rules of this file:
//! - A record is stored before the act it announces begins.
//! - An outcome is stored before anyone is told of it.
//! - If the log cannot be written, nothing more happens.

mod approval;
mod artifacts;
mod destruction;
mod division;
mod encrypting;
mod equipment;
mod error;
mod event;
mod exception;
mod hand_over;
mod hands;
mod heads;
mod initialization;
mod journal;
mod live;
mod log_key;
mod machine;
mod media;
mod medium;
mod operators;
mod overview;
mod past;
mod printable;
mod proven;
mod room;
mod shares;
mod witnessing;

use std::collections::BTreeMap;
use std::time::Duration;

use zeroize::Zeroizing;

pub use crate::secret::{Pin, Secret, SecretOctets};
pub use approval::{Signing, ToApprove};
pub use destruction::Destruction;
pub use division::{Division, Groups, GroupsError, HolderGroup, Member};
pub use encrypting::{EncryptError, EncryptorFace, Encryptors, OwnMedium};
pub use equipment::{
    AGAIN, Blank, Cabinet, Device, Equipment, Fresh, LoginKind, Pins, fixed_pins, shared_pin,
};
pub use error::StageError;
pub use event::{
    ActSignature, Artifact, BackedUp, BackupCopy, Bagged, Batch, Check, CheckOutcome, Confirmed, Event,
    KeyAttributes, KeyPlace, LogKeyRole, Module, OriginHead, Outcome, ProofLevel, Sealed, Session, ShareOf,
    ShareSentOut, Statement,
};
pub use hand_over::Handing;
pub use hands::{Hands, Shelf};
pub use journal::{
    Actor, ArtifactPlace, Entry, Head, HeadSignature, Held, Journal, JournalError, KeptHead, LogKey,
    OnlineHead, ToCosign, WitnessKey,
};
pub use machine::{Expected as MachineExpected, Machine};
pub use media::Delivery;
pub use operators::{
    Aside, Expected, Line, NoAnswer, Notice, Operators, Person, PinKind, PinPurpose, PinRequest, Question,
    SIGNED, ShareDelivery, SharePurpose, ShareRequest, SharedSecret, SignRequest, bring_signature,
};
use printable::printable;

pub use overview::{Overview, Programme, ProgrammeAct, ProgrammeStep, StepTimes, TokenState, TokenView};
pub use past::{Leftover, Past, PastRecord};
pub use shares::{DRAWN, DealtPin, PinBounds, ShareError, ShareFace, SharedPin, dealt_characters};

use crate::clock::Clock;
pub use crate::hsm::KeyId;
use crate::hsm::{Inventory, KeyDescription};

/// The tokens, the log, the people and the clock of one ceremony.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, known at another time")]
pub struct Stage<'a> {
    cabinet: Cabinet,
    journal: &'a mut dyn Journal,
    operators: &'a mut dyn Operators,
    clock: &'a dyn Clock,
    step: Option<String>,
    present: Vec<Person>,
    log_key: Option<(String, KeyId, bool)>,
    /// The key that signed before it, and signs with it until this ceremony ends.
    predecessor: Option<(String, KeyId, bool)>,
    machine: Machine,
    partial: bool,
    closed: bool,
    head_at_start: Option<Head>,
    head_is_due: bool,
    signing: Option<Signing>,
    /// Whether the log that goes on was compared with what was known of it.
    confirmed: bool,
    /// Whether the closing record is in the log.
    over: bool,
    media: media::Begun,
    /// The USB devices that were there when it was looked last.
    devices: Option<Vec<String>>,
    memory: past::Memory,
    /// When the steps began and ended, for whoever follows.
    steps: BTreeMap<String, StepTimes>,
    /// Keys that may not sign yet.
    waiting: live::Waiting,
    at_hand: exception::AtHand,
}

impl<'a> Stage<'a> {
    /// A stage on which nothing has happened yet.
    pub fn new(
        cabinet: Cabinet,
        journal: &'a mut dyn Journal,
        operators: &'a mut dyn Operators,
        clock: &'a dyn Clock,
        machine: Machine,
    ) -> Self {
        Self {
            cabinet,
            journal,
            operators,
            clock,
            step: None,
            present: Vec::new(),
            log_key: None,
            predecessor: None,
            machine,
            partial: false,
            closed: false,
            head_at_start: None,
            head_is_due: false,
            signing: None,
            confirmed: false,
            over: false,
            media: media::Begun::new(),
            devices: None,
            memory: past::Memory::default(),
            steps: BTreeMap::new(),
            waiting: live::Waiting::default(),
            at_hand: exception::AtHand::default(),
        }
    }

    /// Uses a token once, between two records.
    ///
    /// After a power failure an act that was cut short shows as an intent without a result. `approval` is the
    /// record by which people allowed it. The act gives its outcome and the event that says it.
    ///
    /// # Errors
    ///
    /// [`StageError`] if people, the token or the log refuse; the log then says that the act failed, unless it
    /// is the log that failed.
    pub fn act<T, E: Into<StageError>>(
        &mut self,
        token: &str,
        intent: Event,
        approval: Option<u64>,
        act: impl FnOnce(&mut Hands<'_>) -> Result<(T, Event), E>,
    ) -> Result<T, StageError> {
        self.is_not_recalling(token)?;
        self.log_in(token)?;
        let seq = self.append(intent, Actor::software(), approval)?;
        // A crash from here on leaves an intent without a result, and whatever the token and the pending
        // structure show of it.
        let Some(Equipment { device: Device::Ready(ready), .. }) = self.cabinet.get_mut(token) else {
            return Err(StageError::NoToken { token: token.into() });
        };
        let mut hands = Hands { token: ready.as_mut(), journal: &mut *self.journal, stored: false };
        let done = act(&mut hands);
        self.head_is_due |= hands.stored;
        match done {
            Ok((outcome, result)) => {
                self.record_closing(result, seq)?;
                Ok(outcome)
            }
            Err(error) => Err(self.failed(seq, error.into())?),
        }
    }

    /// Records an event of the program's own; its sequence number.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn record(&mut self, event: Event) -> Result<u64, StageError> {
        if self.memory.recalling {
            return self.recalled(&event);
        }
        self.append(event, Actor::software(), None)
    }

    /// Records what a person did; its sequence number.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn record_by(&mut self, person: &Person, event: Event) -> Result<u64, StageError> {
        if self.memory.recalling {
            return self.recalled(&event);
        }
        self.append(event, Actor { id: person.id.clone(), role: person.role.clone() }, None)
    }

    /// Records the result of an intent.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn record_closing(&mut self, event: Event, intent: u64) -> Result<u64, StageError> {
        self.append(event, Actor::software(), Some(intent))
    }

    /// Octets from the token's random number generator and the system's together: unpredictable if either is.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token or the system gives none.
    pub fn random<const N: usize>(&mut self, token: &str) -> Result<Zeroizing<[u8; N]>, StageError> {
        self.log_in(token)?;
        let drawn = self.token(token)?.random(N).map_err(|source| StageError::token(token, source))?;
        let mut octets = Zeroizing::new([0; N]);
        getrandom::fill(octets.as_mut()).map_err(|_| StageError::Random)?;
        if drawn.len() != N {
            return Err(StageError::Random);
        }
        for (octet, other) in octets.iter_mut().zip(drawn.iter()) {
            *octet ^= other;
        }
        Ok(octets)
    }

    /// A secret from the token's random number generator and the system's together, in memory that is locked and wiped.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token or the system gives none.
    pub fn secret<const N: usize>(&mut self, token: &str) -> Result<Secret<N>, StageError> {
        self.log_in(token)?;
        let drawn = self.token(token)?.random(N).map_err(|source| StageError::token(token, source))?;
        if drawn.len() != N {
            return Err(StageError::Random);
        }
        Secret::try_fill(|octets| {
            getrandom::fill(octets).map_err(|_| StageError::Random)?;
            octets.iter_mut().zip(drawn.iter()).for_each(|(octet, other)| *octet ^= other);
            Ok(())
        })
    }

    /// What a token holds, after login, as its canonical inventory.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token does not answer.
    pub fn inventory(&mut self, token: &str) -> Result<Inventory, StageError> {
        self.log_in(token)?;
        self.token(token)?.inventory().map_err(|source| StageError::token(token, source))
    }

    /// Something is not as the log says: that goes into the log before the ceremony ends of it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn record_anomaly(&mut self, what: &str) -> Result<(), StageError> {
        self.record(Event::LogAnomaly { severity: "error".into(), text: printable(what) })?;
        Ok(())
    }

    /// The serial number of the device that a token is, as the log writes it.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token does not answer.
    pub fn serial(&mut self, token: &str) -> Result<String, StageError> {
        Ok(printable(&self.information(token)?.serial))
    }

    /// A key pair on a token, as read from there.
    ///
    /// # Errors
    ///
    /// [`StageError`] if it is not there exactly once.
    pub fn key(&mut self, token: &str, id: &KeyId) -> Result<KeyDescription, StageError> {
        self.log_in(token)?;
        self.token(token)?.key(id).map_err(|source| StageError::token(token, source))
    }

    /// What the machine looks like now.
    pub fn look_at_machine(&self) -> Vec<Check> {
        self.machine.checks(self.now())
    }

    /// Says in the log which USB devices came and went since it was looked last; the first look says nothing.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn watch_devices(&mut self) -> Result<(), StageError> {
        let Some(now) = self.machine.usb_devices() else { return Ok(()) };
        let before = self.devices.replace(now.clone());
        let Some(text) = before.and_then(|before| machine::difference(&before, &now)) else { return Ok(()) };
        self.show(&Notice::Wrong { sentence: text.clone() });
        self.record(Event::LogNote { text })?;
        Ok(())
    }

    /// This ceremony continues a log whose last head was this one.
    pub fn continues_from(&mut self, head: Head) {
        self.head_at_start = Some(head);
        self.head_is_due = true;
    }

    /// The head of the log that this ceremony continues.
    pub const fn head_at_start(&self) -> Option<Head> {
        self.head_at_start
    }

    /// Not everything is as scripted: the ceremony will close as `partial`.
    pub fn is_partial(&mut self) {
        self.partial = true;
    }

    /// Whether something was not as scripted.
    pub const fn went_partial(&self) -> bool {
        self.partial
    }

    /// The ceremony is closed; what is recorded from here on belongs to none.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether the ceremony is closed.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the closing record is in the log, by this start of the program or an earlier one.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Records that an intent came to nothing; the error to go on with.
    fn failed(&mut self, intent: u64, error: StageError) -> Result<StageError, StageError> {
        let event = Event::ActFailed { error: printable(&error.with_causes()), residue: "unknown".into() };
        match self.record_closing(event, intent) {
            Ok(_) => Ok(error),
            // A disk that could not store the artifact may not store the record either, and a log that failed cannot
            // say so: what came first is what people have to know. The intent stays open, and `resume` settles it.
            Err(_) if matches!(error, StageError::Journal(_)) => Ok(error),
            Err(log) => Err(log),
        }
    }

    fn append(&mut self, event: Event, actor: Actor, closes: Option<u64>) -> Result<u64, StageError> {
        self.waiting.allows(&event)?;
        self.over |= matches!(event, Event::CeremonyClose { .. });
        // A session's time begins with its first record.
        let begins =
            matches!(event, Event::LogGenesis { .. } | Event::SessionStart(_) | Event::SessionResumed(_));
        let entry = Entry {
            at: self.clock.now(),
            elapsed: if begins { Duration::ZERO } else { self.clock.elapsed() },
            actor,
            event,
            step: self.step.clone(),
            closes,
        };
        let seq = self.journal.append(entry.clone())?;
        self.waiting.learn(&entry.event);
        self.tell_followers(&entry, seq);
        Ok(seq)
    }
}

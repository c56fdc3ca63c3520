//! Where steps are performed: the only door to the HSM.
//!
//! The rules of this file:
//! - A record is stored before the act it announces begins.
//! - An outcome is stored before anyone is told of it.
//! - If the log cannot be written, nothing more happens.

mod approval;
mod destruction;
mod division;
mod encrypting;
mod equipment;
mod event;
mod exception;
mod hand_over;
mod heads;
mod initialization;
mod journal;
mod live;
mod machine;
mod media;
mod medium;
mod operators;
mod overview;
mod past;
mod proven;
mod shares;
mod witnessing;

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

pub use crate::secret::{Pin, Secret, SecretOctets};
pub use approval::{Signing, ToApprove};
pub use destruction::Destruction;
pub use division::{Division, Groups, GroupsError, HolderGroup, Member};
pub use encrypting::{EncryptError, EncryptorFace, Encryptors, OwnMedium};
pub use equipment::{
    AGAIN, Blank, Cabinet, Device, Equipment, Fresh, LoginKind, Pins, fixed_pins, shared_pin,
};
pub use event::{
    ActSignature, Artifact, BackedUp, BackupCopy, Bagged, Batch, Check, CheckOutcome, Confirmed, Event,
    KeyAttributes, KeyPlace, LogKeyRole, Module, OriginHead, Outcome, ProofLevel, Sealed, Session, ShareOf,
    ShareSentOut, Statement,
};
pub use hand_over::Handing;
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

pub use overview::{Overview, Programme, ProgrammeAct, ProgrammeStep, StepTimes, TokenState, TokenView};
pub use past::{Leftover, Past, PastRecord};
pub use shares::{DRAWN, DealtPin, PinBounds, ShareError, ShareFace, SharedPin, dealt_characters};

use crate::clock::{Clock, Timestamp};
use crate::digest::Digest;
pub use crate::hsm::KeyId;
use crate::hsm::{HashAlgorithm, Inventory, KeyDescription, ToSign, Token, TokenError};

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

/// What an act may reach: its token, and the place where artifacts are stored.
pub struct Hands<'h> {
    token: &'h mut dyn Token,
    journal: &'h mut dyn Journal,
    stored: bool,
}

impl<'h> Hands<'h> {
    /// The token of the act.
    pub fn token(&mut self) -> &mut (dyn Token + 'h) {
        self.token
    }

    /// Stores an artifact, before its result is in the log.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn store(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.store(place, octets)
    }

    /// Puts what will be an artifact where it will lie; its digest: as [`Journal::deposit`].
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn deposit(&mut self, place: &ArtifactPlace, octets: &mut dyn Read) -> Result<Digest, JournalError> {
        self.journal.deposit(place, octets)
    }

    /// Reads what was put there last.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be read.
    pub fn deposited(&mut self) -> Result<Box<dyn Read + '_>, JournalError> {
        self.journal.deposited()
    }

    /// Makes what was put there last an artifact, before its result is in the log.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn complete(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.complete(place)
    }

    /// Makes what was put there last the next artifact of a series; its digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn complete_member(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError> {
        self.stored = true;
        self.journal.complete_member(place)
    }

    /// Syncs all artifacts of a series and stores the list of their digests.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if any of it is not on the disk.
    pub fn store_list(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.store_list(place)
    }

    /// Keeps octets by their digest where `resume` finds them, before a record names the digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they could not be kept.
    pub fn keep(&mut self, octets: &[u8]) -> Result<Digest, JournalError> {
        let sha256 = Digest::of(octets);
        self.journal.keep_pending(sha256, &mut &*octets)?;
        Ok(sha256)
    }

    /// The token of the act, and the shelf that what it signs is put on: for a series, whose makers work side by side.
    pub fn parts(&mut self) -> (&mut (dyn Token + 'h), Shelf<'_>) {
        self.stored = true;
        (self.token, Shelf { journal: self.journal })
    }
}

/// Where the artifacts of a series are stored.
pub struct Shelf<'s> {
    journal: &'s mut dyn Journal,
}

impl Shelf<'_> {
    /// Stores the next artifact of the series.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be written.
    pub fn store_member(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<(), JournalError> {
        self.journal.store_member(place, octets)
    }
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

    /// Stores a file that nobody signs, and records it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn emit(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, StageError> {
        if self.handed_over(place)?.is_some()
            && let Some((_, artifact)) = self.memory.past.artifact(place.kind, &place.name)
        {
            return Ok(artifact);
        }
        self.is_not_recalling(&place.name)?;
        let artifact = self.journal.store(place, octets)?;
        self.head_is_due = true;
        let path = format!("artifacts/{}", artifact.sha256);
        self.record(Event::ArtifactEmitted { artifact: artifact.clone(), path })?;
        Ok(artifact)
    }

    /// Keeps octets that are about to be signed, which have this digest, and makes sure that what comes of them can be
    /// stored.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if either cannot be.
    pub fn prepare(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        to_be_signed: &mut dyn Read,
    ) -> Result<(), StageError> {
        self.journal.reserve(place)?;
        self.journal.keep_pending(sha256, to_be_signed)?;
        Ok(())
    }

    /// Begins a series: what is about to be signed for it is kept next.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if nothing can be kept.
    pub fn begin_series(&mut self, count: usize) -> Result<(), StageError> {
        Ok(self.journal.begin_series(count)?)
    }

    /// Keeps the octets of the next of a series, and makes sure that what comes of them can be stored.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if either cannot be.
    pub fn prepare_member(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        to_be_signed: &mut dyn Read,
    ) -> Result<(), StageError> {
        Ok(self.journal.keep_member(place, sha256, to_be_signed)?)
    }

    /// Keeps the list of a series; its digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn keep_list(&mut self) -> Result<Digest, StageError> {
        Ok(self.journal.keep_list()?)
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

    /// Says which key signs the log's heads from now on. `hashed`: the key signs a SHA-256 digest (P-256), not
    /// the text itself (Ed25519).
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for a key that cannot sign notes.
    pub fn use_log_key(
        &mut self,
        token: &str,
        id: &KeyId,
        hashed: bool,
        key: &LogKey,
    ) -> Result<String, StageError> {
        let vkey = self.journal.use_log_key(key)?;
        self.log_key = Some((token.to_owned(), id.clone(), hashed));
        Ok(vkey)
    }

    /// A key of a token signs the log's heads: the one that the log names as its key already.
    pub fn signs_heads_with(&mut self, token: &str, id: &KeyId, hashed: bool) {
        self.log_key = Some((token.to_owned(), id.clone(), hashed));
    }

    /// The key that signed the log's heads until now signs them beside the new one until the ceremony ends.
    pub fn signs_heads_too(&mut self, token: &str, id: &KeyId, hashed: bool) {
        self.predecessor = Some((token.to_owned(), id.clone(), hashed));
    }

    /// The note name and key of the key that signs the log's heads, as a policy writes it.
    pub fn log_key_in_use(&self) -> Option<String> {
        self.journal.log_key_in_use()
    }

    /// The note name and key of a log key, as a policy writes it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for a key that cannot sign notes.
    pub fn log_key_name(&self, key: &LogKey) -> Result<String, StageError> {
        Ok(self.journal.log_key_name(key)?)
    }

    /// Keeps words that are for the auditor only; their salted digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they could not be stored.
    pub fn annex(&mut self, item: &str, text: &str) -> Result<Digest, StageError> {
        Ok(self.journal.annex(item, text)?)
    }

    /// The words that an item of the annex has, if the annex on this medium has it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it cannot be read.
    pub fn annexed(&self, digest: Digest) -> Result<Option<String>, StageError> {
        Ok(self.journal.annexed(digest)?)
    }

    /// Takes in a file that somebody brings into the room: its octets.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if nobody brings one that can be read.
    pub fn bring(
        &mut self,
        person: Person,
        sentence: impl Into<String>,
        lines: Vec<Line>,
    ) -> Result<Vec<u8>, StageError> {
        let (step, sentence) = (self.step_number(), sentence.into());
        let question = Question { step, person, sentence, lines, expected: Expected::Text };
        Ok(self.operators.bring(&question)?)
    }

    /// Whether a key of a token signs the log's heads.
    pub fn signs_heads(&self, token: &str, id: &KeyId) -> bool {
        let mut all = self.log_key.iter().chain(&self.predecessor);
        all.any(|(place, key, _)| place == token && key == id)
    }

    /// Stores and records the manifest: the list of everything that was handed over.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn emit_manifest(&mut self) -> Result<Artifact, StageError> {
        let manifest = self.journal.manifest();
        self.emit(&ArtifactPlace { kind: "manifest", name: "manifest".into() }, &manifest)
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

    /// Whether something was handed over, or a log was taken up, since the last signed head.
    pub const fn head_is_due(&self) -> bool {
        self.head_is_due
    }

    /// Signs and stores the head over all records so far, and keeps it on the tokens. Does nothing while the log has no key,
    /// or before a log that goes on was compared with what was known of it.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the log key's token or the disk refuses.
    pub fn sign_head(&mut self) -> Result<(), StageError> {
        let Some(place) = self.log_key.clone() else { return Ok(()) };
        if self.memory.recalling || !self.is_log_confirmed() {
            return Ok(());
        }
        // To log in is a record: the head is over all of them.
        for (token, _, _) in self.predecessor.clone().iter().chain([&place]) {
            self.log_in(token)?;
        }
        let text = self.journal.head_text();
        let predecessor = match self.predecessor.clone() {
            None => None,
            Some(place) => {
                let public = self.key(&place.0, &place.1)?.public_key;
                let key = LogKey { spki_der: public.spki_der().to_vec() };
                Some((key, self.head_signature(&place, &text)?))
            }
        };
        let signed = HeadSignature { octets: self.head_signature(&place, &text)?, predecessor };
        self.head_is_due = false;
        // The tokens first: once it is on the disk nothing more may be owed, not even after a closed ceremony. After a crash
        // here they know a head over records that are all on the disk, and the next one takes its place.
        if let Some(head) = self.journal.made_head(&signed)? {
            self.keep_head(&head)?;
        }
        Ok(self.journal.store_head(&signed)?)
    }

    /// What a key of the log signs over the text of a head.
    fn head_signature(
        &mut self,
        (token, id, hashed): &(String, KeyId, bool),
        text: &str,
    ) -> Result<Vec<u8>, StageError> {
        let digest = Digest::of(text.as_bytes());
        let what = if *hashed {
            ToSign::Whole { hash: HashAlgorithm::Sha256, octets: digest.octets(), message: text.as_bytes() }
        } else {
            ToSign::Message(text.as_bytes())
        };
        self.token(token)?.sign(id, what).map_err(|source| StageError::token(token, source))
    }

    /// The head over all records so far.
    pub fn head(&self) -> Head {
        self.journal.head()
    }

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
    fn present_officers(&self) -> Vec<String> {
        self.present
            .iter()
            .filter(|person| person.role == "crypto-officer")
            .map(|person| person.id.clone())
            .collect()
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

/// Why the ceremony cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StageError {
    /// Something could not be stored.
    #[error("the log could not be written")]
    Journal(#[from] JournalError),
    /// A person declined or is gone.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A token did not do what was asked.
    #[error("token `{token}` did not do what was asked")]
    Token {
        /// The script's name for it.
        token: String,
        /// What it said.
        source: Box<TokenError>,
    },
    /// There is no such token.
    #[error("there is no token `{token}` on this stage")]
    NoToken {
        /// The script's name for it.
        token: String,
    },
    /// The token has not been initialised.
    #[error("token `{token}` is blank; an `initialize-token` step has to come first")]
    Blank {
        /// The script's name for it.
        token: String,
    },
    /// The token was to be initialised and is not blank.
    #[error("token `{token}` is not blank; the site file must say `initialize: true` for it")]
    NotBlank {
        /// The script's name for it.
        token: String,
    },
    /// Not enough crypto officers are in the room.
    #[error("{present} crypto officers are present; using token `{token}` needs {threshold}")]
    Quorum {
        /// The script's name for the token.
        token: String,
        /// How many are there.
        present: usize,
        /// How many are wanted.
        threshold: usize,
    },
    /// A holder of a share is not in the room when shares are dealt.
    #[error("`{person}` is not in the room; the PIN of token `{token}` is dealt to all its holders together")]
    AbsentHolder {
        /// The script's name for the token.
        token: String,
        /// Who.
        person: String,
    },
    /// A PIN could not be divided.
    #[error("the PIN of token `{token}` was not dealt")]
    Shares {
        /// The script's name for the token.
        token: String,
        /// Why.
        source: ShareError,
    },
    /// A holder has not typed back what was shown.
    #[error(
        "`{person}` has not typed back the share of token `{token}`; nothing depends on it, and another set is dealt the next time"
    )]
    NotReadBack {
        /// The script's name for the token.
        token: String,
        /// Who.
        person: String,
    },
    /// Too few holders gave their shares.
    #[error(
        "{missing} more shares of the PIN of token `{token}` are wanted, and nobody in the room gave them"
    )]
    TooFewShares {
        /// The script's name for the token.
        token: String,
        /// How many.
        missing: usize,
    },
    /// A key is not live and was to sign.
    #[error(
        "the key {spki_sha256} is not live: its backup is not proven yet, and until then it signs nothing but its proof"
    )]
    NotLive {
        /// Which.
        spki_sha256: Digest,
    },
    /// A holder of a share is not in the room when the shares of a key are dealt.
    #[error("`{person}` is not in the room; {secret} is dealt to all its holders together")]
    AbsentKeyHolder {
        /// Of what.
        secret: String,
        /// Who.
        person: String,
    },
    /// Somebody wants a pause while shares are in memory: whoever has them wipes them first.
    #[error("a pause while shares are typed: what was typed is wiped first")]
    PausedAmongShares,
    /// A holder has not typed back what was shown.
    #[error("`{person}` has not typed back the share of {secret}; nothing depends on it")]
    KeyShareNotReadBack {
        /// Of what.
        secret: String,
        /// Who.
        person: String,
    },
    /// A person who is to approve has no key.
    #[error("`{person}` has no key to approve with; the script registers none")]
    NoKey {
        /// Who.
        person: String,
    },
    /// A step that the log says was done cannot be recalled from it.
    #[error("step {step} is in the log as done, but not `{what}`, without which it cannot be recalled")]
    NotRecalled {
        /// Which step.
        step: String,
        /// What is missing.
        what: String,
    },
    /// A token is another one than before the interruption.
    #[error("token `{token}` has the serial number `{found}`; before the interruption it had `{wanted}`")]
    OtherToken {
        /// The script's name for it.
        token: String,
        /// What it says now.
        found: String,
        /// What the log says.
        wanted: String,
    },
    /// A token knows a longer log than the one that is here.
    #[error(
        "the log here is older than token `{token}` knows it: the token holds its head over {} records, root {}; the log here \
         ended at {} records, root {}",
        held.size, held.root, here.size, here.root
    )]
    Rollback {
        /// The script's name for the token.
        token: String,
        /// The head that it holds.
        held: Head,
        /// The head of the log here when the ceremony began.
        here: Head,
    },
    /// The online side took in a newer log than the one that is here: this is an older copy of it.
    #[error(
        "the log here is older than the online side knows it: its receipt of {at} is over {} records, root {}; the log here ended \
         at {} records, root {}",
        held.size, held.root, here.size, here.root
    )]
    ReceiptRollback {
        /// When the online side activated it.
        at: Timestamp,
        /// The head of the receipt.
        held: Head,
        /// The head of the log here when the ceremony began.
        here: Head,
    },
    /// The online side took in another log than the one that is here.
    #[error(
        "the log here is not the one that the online side took in: over {} records its receipt of {at} has the root {}; here the \
         first {} records have the root {}",
        held.size, held.root, here.size, here.root
    )]
    ReceiptFork {
        /// When the online side activated it.
        at: Timestamp,
        /// The head of the receipt.
        held: Head,
        /// The head of the log here over as many records.
        here: Head,
    },
    /// The receipt is an answer to another log.
    #[error("the receipt is for the log `{found}`; the log here is `{wanted}`")]
    ReceiptOrigin {
        /// The receipt's.
        found: String,
        /// That of the log here.
        wanted: String,
    },
    /// A token knows another log than the one that is here.
    #[error(
        "the log here is not the one that token `{token}` knows: over {} records the token holds the root {}; here the first {} \
         records have the root {}",
        held.size, held.root, here.size, here.root
    )]
    Fork {
        /// The script's name for the token.
        token: String,
        /// The head that it holds.
        held: Head,
        /// The head of the log here over as many records.
        here: Head,
    },
    /// A medium does not hold what it was given, or cannot be written.
    #[error("medium `{medium}`: {why}")]
    Medium {
        /// The script's name for it.
        medium: String,
        /// What was found.
        why: String,
    },
    /// No random octets.
    #[error("the random number generators did not give what was asked")]
    Random,
    /// What an act made is not what was planned.
    #[error("{0}")]
    Refused(String),
    /// What a token made, or did besides, is not what it was asked for.
    #[error("{0}")]
    Unfit(String),
}

/// What a record can hold of words that a driver, a token or the system chose: what nobody could see or read aloud is
/// shown as U+FFFD, and what would not fit into a line ends with `…`. A text that the log refused would hide the very
/// error that it is about, and leave its intent open.
fn printable(text: &str) -> String {
    let visible = |character| if is_hidden(character) { char::REPLACEMENT_CHARACTER } else { character };
    let mut shown: String = text.chars().take(MOST_WORDS).map(visible).collect();
    if text.chars().nth(MOST_WORDS).is_some() {
        shown.push('…');
    }
    shown
}

/// Controls, and what changes or hides what one sees: what the log format forbids (§2).
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters of a text that fit into a line of the log, 16 KiB, with all that stands around them.
const MOST_WORDS: usize = 2048;

impl StageError {
    /// A token's error with the token's name.
    pub fn token(token: &str, source: TokenError) -> Self {
        Self::Token { token: token.to_owned(), source: Box::new(source) }
    }

    /// Whether a token has answered, and what it says of a key is not as it should be.
    pub fn is_about_a_key(&self) -> bool {
        let Self::Token { source, .. } = self else { return false };
        matches!(
            **source,
            TokenError::NoSuchKey { .. }
                | TokenError::SeveralKeys { .. }
                | TokenError::MalformedKey { .. }
                | TokenError::AttributeDiffers { .. }
                | TokenError::KeyReadable { .. }
        )
    }

    /// The message with all its causes, for the log.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_driver_says_fits_into_a_record() {
        assert_eq!(printable("pin\u{202e}\u{200b}\u{1b}[2J"), "pin\u{fffd}\u{fffd}\u{fffd}[2J");
        assert_eq!(printable("Prüf \u{a0}1"), "Prüf \u{a0}1");
        let shown = printable(&"\u{1f511}".repeat(20_000));
        assert!(shown.ends_with('…') && shown.len() < 10_000, "{} octets", shown.len());
        for character in ('\0'..=char::MAX).filter(|character| ceremony_log::json::forbidden(*character)) {
            assert!(is_hidden(character), "{character:?}");
        }
    }
}

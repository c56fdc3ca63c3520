//! The module process, seen from the program: how it is started, asked as a whole, and stopped.
//!
//! The rules of this file:
//! - The child's environment is what the configuration says, and nothing more.
//! - What is typed to interrupt the program does not reach the child.
//! - Dropping everything lets the child finish, log out and end by itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use super::channel::{Channel, Shared, lock};
use super::child::CHILD_ARGUMENT;
use super::message::Command;
use super::session::Session;
use super::starter::{self, Heartbeat};
use super::{
    Death, Initialization, Mechanism, ModuleInformation, Operation, Quirks, SlotInformation, TokenError,
    TokenInformation, TokenSelector,
};
use crate::confinement::{Network, Writes};
use crate::digest::Digest;

/// Which module, and how its process is to be.
#[derive(Clone, Debug)]
pub struct ModuleConfiguration {
    /// The program that becomes the process: this one, unless a test says otherwise.
    pub program: PathBuf,
    /// The module's file, by an absolute path.
    pub module: PathBuf,
    /// The whole environment of the process.
    pub environment: BTreeMap<String, String>,
    /// The digest of the module's file that was agreed upon.
    pub expected_sha256: Option<Digest>,
    /// A text that some modules want when they are initialised (pReserved).
    pub reserved: Option<String>,
    /// Which sockets the module may make.
    pub network: Network,
    /// Where the module may write: its tokens' folders and devices.
    pub writes: Writes,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// Who hears of calls that take long.
    pub heartbeat: Heartbeat,
}

impl ModuleConfiguration {
    /// A module with an empty environment and nothing agreed upon, in a process of this program.
    pub fn new(module: impl Into<PathBuf>) -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            module: module.into(),
            environment: BTreeMap::new(),
            expected_sha256: None,
            reserved: None,
            network: Network::Deny,
            writes: Writes::Anywhere,
            timeouts: Timeouts::STANDARD,
            heartbeat: Heartbeat::of_program(),
        }
    }
}

/// How long calls may take, by their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Loading and initialising the module.
    pub start: Duration,
    /// Logging in: somebody may have to find the keys of a PIN pad.
    pub log_in: Duration,
    /// Making a key pair: some tokens take minutes for RSA.
    pub generate: Duration,
    /// Everything else.
    pub ordinary: Duration,
    /// Finishing the calls in hand, logging out and ending.
    pub stop: Duration,
}

impl Timeouts {
    /// 30 s to start, 5 min to log in, 10 min for a key pair, 2 min for the rest, 30 s to stop.
    pub const STANDARD: Self = Self {
        start: Duration::from_secs(30),
        log_in: Duration::from_mins(5),
        generate: Duration::from_mins(10),
        ordinary: Duration::from_mins(2),
        stop: Duration::from_secs(30),
    };
}

/// A module in a process of its own.
pub struct ModuleProcess {
    control: Arc<Control>,
}

/// What is asked of the process as a whole goes this way; sessions know it while it is there.
pub(super) struct Control {
    /// The process that there is now: after the last logout it ends, and the next question begins another.
    running: Mutex<Running>,
    configuration: ModuleConfiguration,
    information: ModuleInformation,
}

/// A process that runs.
struct Running {
    channel: Channel,
    shared: Arc<Shared>,
}

impl ModuleProcess {
    /// Starts the process and loads the module in it.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotStarted`], [`TokenError::ModuleUnreadable`], [`TokenError::ModuleDigest`],
    /// [`TokenError::NotAModule`]; [`TokenError::Code`] if the module does not initialise itself.
    pub fn start(configuration: &ModuleConfiguration) -> Result<Self, TokenError> {
        let (running, information) = Running::start(configuration)?;
        let mut configuration = configuration.clone();
        // A process that comes later loads what this one has.
        configuration.expected_sha256 = Some(information.digest);
        Ok(Self { control: Arc::new(Control { running: Mutex::new(running), configuration, information }) })
    }

    /// What the module said of itself when it was started.
    pub fn information(&self) -> &ModuleInformation {
        &self.control.information
    }

    /// The number of the process.
    pub fn id(&self) -> Option<u32> {
        lock(&self.control.running).shared.id()
    }

    /// The tokens that are there now. Slots move: their numbers are good for messages only.
    ///
    /// # Errors
    ///
    /// [`TokenError::Code`] and what can befall any call.
    pub fn slots(&self) -> Result<Vec<SlotInformation>, TokenError> {
        let timeout = self.control.configuration.timeouts.ordinary;
        self.control.running()?.channel.ask(Operation::ListTokens, timeout, &Command::Slots)
    }

    /// The mechanisms that a token names, blank or not: a claim. Nobody has to be logged in.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchToken`] if it is not there, as it was; [`TokenError::Code`] and what can befall any call.
    pub fn mechanisms(&self, token: &TokenInformation) -> Result<Vec<Mechanism>, TokenError> {
        let timeout = self.control.configuration.timeouts.ordinary;
        let slots = self.slots()?;
        let there = slots.iter().find(|slot| slot.token.is_same(token));
        let slot = there.map(|slot| slot.number).ok_or_else(|| TokenError::NoSuchToken {
            wanted: token.to_string(),
            present: slots.iter().map(|slot| slot.token.to_string()).collect(),
        })?;
        let command = Command::Mechanisms { slot };
        let numbers: Vec<u64> = self.control.running()?.channel.ask(Operation::Examine, timeout, &command)?;
        Ok(numbers.into_iter().map(Mechanism).collect())
    }

    /// Makes a token out of a blank one: C_InitToken, and C_InitPIN by the security officer.
    ///
    /// # Errors
    ///
    /// [`TokenError::TokenLabelTaken`], [`TokenError::NoSuchToken`] or [`TokenError::SeveralTokens`] unless there is
    /// exactly one blank token that fits; [`TokenError::LabelLength`], [`TokenError::PinLength`]: all before
    /// anything is changed. [`TokenError::Code`] if the token refuses.
    pub fn initialize_token(&self, initialization: Initialization) -> Result<TokenInformation, TokenError> {
        let command = Command::Initialize { initialization };
        let timeout = self.control.configuration.timeouts.generate;
        self.control.running()?.channel.ask(Operation::InitializeToken, timeout, &command)
    }

    /// Has the process keep outcomes in a new file (`outcome.rs`), so that what it was doing is known if this program
    /// dies. The file goes when the process ends as it is asked to.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoOutcomes`] if the file is there or cannot be made; what can befall any call.
    pub fn keep_outcomes(&self, place: &Path) -> Result<(), TokenError> {
        self.control.running()?.keep_outcomes(place)
    }

    /// Opens a session with the one token that fits. As many as asked for, side by side; who is logged in in one
    /// is logged in in all sessions of this process with that token.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchToken`], [`TokenError::SeveralTokens`] and what can befall any call.
    pub fn open(&self, selector: &TokenSelector, quirks: &Quirks) -> Result<Session, TokenError> {
        self.control.open(selector, quirks)
    }

    /// Lets the calls in hand finish, logs out, ends the module and waits for its process. Sessions that are still
    /// open are of no use afterwards.
    ///
    /// # Errors
    ///
    /// [`TokenError::Timeout`] if that takes too long; the process is then left to itself. [`TokenError::Code`] if
    /// the module refuses; it has ended all the same.
    pub fn stop(self) -> Result<(), TokenError> {
        let mut running = lock(&self.control.running);
        let timeout = running.shared.timeouts().stop;
        if running.shared.is_spent() {
            // It may be in the call still that took too long: what comes of that call it writes beside the journal, and
            // nobody waits for it here.
            return Err(running.shared.is_of_no_use(Operation::Stop));
        }
        let stopped: Result<(), _> = if running.shared.has_left() {
            Ok(())
        } else {
            running.channel.ask(Operation::Stop, timeout, &Command::Stop)
        };
        running.shared.spend();
        let (_, death) = running.see_off();
        stopped?;
        match death {
            Death::Unknown => Err(Shared::late(Operation::Stop, timeout)),
            // The module has said good-bye. Some crash when their destructors run after that; nothing is lost.
            Death::Exit(_) | Death::Signal(_) => Ok(()),
        }
    }
}

impl Running {
    /// Starts a process and loads the module in it.
    fn start(configuration: &ModuleConfiguration) -> Result<(Self, ModuleInformation), TokenError> {
        let module = configuration.module.clone();
        let not_started = |error: io::Error| TokenError::NotStarted {
            module: configuration.module.clone(),
            reason: error.to_string(),
        };
        let (ours, theirs) = UnixStream::pair().map_err(not_started)?;
        let mut command = std::process::Command::new(&configuration.program);
        command
            .arg0("rootrite")
            .arg(CHILD_ARGUMENT)
            .env_clear()
            .envs(&configuration.environment)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // What is typed to interrupt the program must not interrupt a call.
            .process_group(0);
        let mut child = starter::spawn(command).map_err(not_started)?;
        let words = Arc::new(Mutex::new(Vec::new()));
        let listener = child.stderr.take().map(|stderr| listen(stderr, Arc::clone(&words))).transpose();
        let listener = listener.map_err(not_started)?;
        let shared = Arc::new(Shared::new(configuration, child, (words, listener)));
        let mut channel = Channel::new(ours, Arc::clone(&shared));
        let start = Command::Start {
            module,
            digest: configuration.expected_sha256,
            reserved: configuration.reserved.clone(),
            network: configuration.network,
            writes: configuration.writes.clone(),
        };
        let information = channel.ask(Operation::Start, configuration.timeouts.start, &start)?;
        Ok((Self { channel, shared }, information))
    }

    /// Has the process keep outcomes in a new file.
    fn keep_outcomes(&mut self, place: &Path) -> Result<(), TokenError> {
        let operation = Operation::Start;
        let made = File::options().append(true).create_new(true).open(place);
        let file = made
            .map_err(|error| TokenError::NoOutcomes { file: place.to_owned(), reason: error.to_string() })?;
        let timeout = self.shared.timeouts().ordinary;
        let number = self.channel.put(operation, timeout, &Command::Outcomes)?;
        let sent = send_file(self.channel.socket(), &file);
        sent.map_err(|error| self.shared.lost(operation, timeout, &error))?;
        // The lock has to be the other side's alone.
        drop(file);
        self.channel.answer::<()>(operation, timeout, number)?;
        *self.shared.outcomes() = Some(place.to_owned());
        Ok(())
    }

    /// Waits for a process that ends in good order, and takes its file for outcomes away, where there is one: every answer
    /// has arrived, and a file that stays says no more than the log does. The file of a process that does not end stays: who
    /// goes on waits for it, and finds it when it has ended.
    fn see_off(&self) -> (Option<PathBuf>, Death) {
        let death = self.shared.wait(self.shared.timeouts().stop);
        if death == Death::Unknown {
            return (None, death);
        }
        let place = self.shared.outcomes().take();
        if let Some(place) = &place {
            let _ = std::fs::remove_file(place);
        }
        (place, death)
    }
}

impl Control {
    /// Whether several threads may be in the module at once.
    pub(super) const fn takes_several_threads(&self) -> bool {
        self.information.several_threads
    }

    /// The process that there is: a new one, where the last has ended in good order.
    fn running(&self) -> Result<MutexGuard<'_, Running>, TokenError> {
        let mut running = lock(&self.running);
        if running.shared.has_left() {
            // Not beside each other: some tokens lose calls when two processes have them.
            let (outcomes, death) = running.see_off();
            if death == Death::Unknown {
                return Err(Shared::late(Operation::Stop, running.shared.timeouts().stop));
            }
            let (next, _) = Running::start(&self.configuration)?;
            *running = next;
            if let Some(place) = outcomes {
                running.keep_outcomes(&place)?;
            }
        }
        Ok(running)
    }

    /// As [`ModuleProcess::open`].
    pub(super) fn open(
        self: &Arc<Self>,
        selector: &TokenSelector,
        quirks: &Quirks,
    ) -> Result<Session, TokenError> {
        let (channel, token) = self.enter(selector, quirks)?;
        Ok(Session::new(channel, token, quirks.clone(), Arc::downgrade(self)))
    }

    /// A way to the one token that fits.
    pub(super) fn enter(
        &self,
        selector: &TokenSelector,
        quirks: &Quirks,
    ) -> Result<(Channel, TokenInformation), TokenError> {
        let mut running = self.running()?;
        let Running { channel, shared } = &mut *running;
        let (ours, theirs) = UnixStream::pair().map_err(|error| shared.not_opened(&error))?;
        let command = Command::Open { selector: selector.clone(), quirks: quirks.clone() };
        let timeout = shared.timeouts().ordinary;
        let number = channel.put(Operation::OpenSession, timeout, &command)?;
        let sent = send_file(channel.socket(), &theirs);
        sent.map_err(|error| shared.lost(Operation::OpenSession, timeout, &error))?;
        drop(theirs);
        let token = channel.answer(Operation::OpenSession, timeout, number)?;
        Ok((Channel::new(ours, Arc::clone(shared)), token))
    }
}

/// Keeps the last of what a process writes to its standard error, and takes the rest away.
fn listen(mut stderr: ChildStderr, words: Arc<Mutex<Vec<u8>>>) -> io::Result<JoinHandle<()>> {
    let listener = move || {
        let mut room = [0; 1024];
        while let Ok(count @ 1..) = stderr.read(&mut room) {
            let mut words = lock(&words);
            words.extend_from_slice(room.get(..count).unwrap_or_default());
            let excess = words.len().saturating_sub(MOST_WORDS);
            words.drain(..excess);
        }
    };
    std::thread::Builder::new().name("module words".to_owned()).spawn(listener)
}

/// Sends a socket or file, with one octet to carry it.
fn send_file(control: &UnixStream, file: &impl AsFd) -> io::Result<()> {
    let sockets = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
    let octet = [IoSlice::new(&[0])];
    let flags = SendFlags::NOSIGNAL;
    rustix::io::retry_on_intr(|| rustix::net::sendmsg(control, &octet, &mut ancillary, flags))?;
    Ok(())
}

/// How many octets of its last words are kept.
const MOST_WORDS: usize = 2 * 1024;

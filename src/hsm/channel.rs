//! Asking the module process, and what its silence or death means.
//!
//! The rules of this file:
//! - A call that takes too long is never repeated, and the process is never asked again: what the token did is
//!   unknown. It is left to finish. Killing it in the middle of a call can cost the token its keys.
//! - A process that ended in the middle of a call is an equipment failure and says how it ended.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::starter::Heartbeat;
use super::wire::frame::{LARGEST_FRAME, TooLarge, pack, receive_alone};
use super::wire::{Wire, decode};
use super::{Death, ModuleConfiguration, Operation, Timeouts, TokenError};

/// One socket to the process. Its end is dropped before the process is waited for.
pub(super) struct Channel {
    socket: UnixStream,
    next: u64,
    /// The time-out that the socket has now.
    limit: Option<Duration>,
    shared: Arc<Shared>,
}

impl Channel {
    /// A channel through a socket.
    pub(super) fn new(socket: UnixStream, shared: Arc<Shared>) -> Self {
        Self { socket, next: 0, limit: None, shared }
    }

    /// The socket.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// How long calls may take.
    pub(super) fn timeouts(&self) -> Timeouts {
        self.shared.timeouts
    }

    /// What it means that an answer cannot be.
    pub(super) fn improper(&self, operation: Operation, finding: String) -> TokenError {
        self.shared.improper(operation, finding)
    }

    /// Nothing more is to be asked: the process ends, as it said.
    pub(super) fn leave(&self) {
        self.shared.left.store(true, Ordering::Release);
    }

    /// Whether the process has ended in good order, or is about to.
    pub(super) fn has_left(&self) -> bool {
        self.shared.has_left()
    }

    /// Asks and waits for the answer.
    pub(super) fn ask<T: Wire>(
        &mut self,
        operation: Operation,
        timeout: Duration,
        question: &impl Wire,
    ) -> Result<T, TokenError> {
        let number = self.put(operation, timeout, question)?;
        self.answer(operation, timeout, number)
    }

    /// Asks, and says under which number.
    pub(super) fn put(
        &mut self,
        operation: Operation,
        timeout: Duration,
        question: &impl Wire,
    ) -> Result<u64, TokenError> {
        if self.shared.is_spent() || self.shared.has_left() {
            return Err(self.shared.is_of_no_use(operation));
        }
        let number = self.next;
        self.next += 1;
        let frame = pack(number, question).map_err(|TooLarge { octets }| {
            let what = "a message to the module process".to_owned();
            TokenError::TooMuch { what, found: octets, most: LARGEST_FRAME }
        })?;
        let sent = self.limit(timeout).and_then(|()| self.socket.write_all(&frame));
        sent.map(|()| number).map_err(|error| self.shared.lost(operation, timeout, &error))
    }

    /// Sets how long reading and writing may wait.
    fn limit(&mut self, timeout: Duration) -> io::Result<()> {
        if self.limit != Some(timeout) {
            // Nought would mean for ever.
            let some = timeout.max(Duration::from_millis(1));
            self.socket.set_write_timeout(Some(some))?;
            self.socket.set_read_timeout(Some(some.min(BEAT)))?;
            self.limit = Some(timeout);
        }
        Ok(())
    }

    /// Waits for the answer to the question of a number.
    pub(super) fn answer<T: Wire>(
        &mut self,
        operation: Operation,
        timeout: Duration,
        number: u64,
    ) -> Result<T, TokenError> {
        let since = Instant::now();
        let until = since + timeout;
        let mut patient =
            Patient { socket: &self.socket, operation, since, until, heartbeat: &self.shared.heartbeat };
        let octets = match receive_alone(&mut patient) {
            Ok(Some((answered, octets))) if answered == number => octets,
            Ok(Some(_)) => {
                return Err(self.shared.improper(operation, "the answer to another question".to_owned()));
            }
            Ok(None) => {
                return Err(self.shared.lost(operation, timeout, &io::ErrorKind::UnexpectedEof.into()));
            }
            Err(error) => return Err(self.shared.lost(operation, timeout, &error)),
        };
        match decode::<Result<T, TokenError>>(&octets) {
            Ok(answer) => answer,
            Err(error) => Err(self.shared.improper(operation, error.to_string())),
        }
    }
}

/// Reads from a socket until a moment, however slowly the octets come, and says once a second that it still waits.
struct Patient<'a> {
    socket: &'a UnixStream,
    operation: Operation,
    since: Instant,
    until: Instant,
    heartbeat: &'a Heartbeat,
}

impl io::Read for Patient<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if Instant::now() >= self.until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match (&mut &*self.socket).read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.heartbeat.beat(self.operation, self.since.elapsed());
                }
                read => return read,
            }
        }
    }
}

/// What all sessions of a process have in common.
pub(super) struct Shared {
    module: PathBuf,
    /// Nothing once it has been waited for.
    child: Mutex<Option<Child>>,
    /// Set after a time-out, a death or nonsense: nothing more is asked.
    spent: AtomicBool,
    /// Set when the process said that it ends, after the last logout.
    left: AtomicBool,
    /// The last of what the process wrote to its standard error.
    words: Arc<Mutex<Vec<u8>>>,
    /// Who hears that, until there is no more; nothing where nobody does.
    listener: Option<JoinHandle<()>>,
    timeouts: Timeouts,
    heartbeat: Heartbeat,
    /// Where the process keeps outcomes, if it does.
    outcomes: Mutex<Option<PathBuf>>,
}

impl Shared {
    /// A process that has just been started.
    pub(super) fn new(
        configuration: &ModuleConfiguration,
        child: Child,
        (words, listener): (Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>),
    ) -> Self {
        Self {
            module: configuration.module.clone(),
            child: Mutex::new(Some(child)),
            spent: AtomicBool::new(false),
            left: AtomicBool::new(false),
            words,
            listener,
            timeouts: configuration.timeouts,
            heartbeat: configuration.heartbeat.clone(),
            outcomes: Mutex::default(),
        }
    }

    /// No process, as after its end.
    #[cfg(test)]
    pub(super) fn without_a_process(configuration: &ModuleConfiguration, words: Arc<Mutex<Vec<u8>>>) -> Self {
        Self {
            module: configuration.module.clone(),
            child: Mutex::new(None),
            spent: AtomicBool::new(false),
            left: AtomicBool::new(false),
            words,
            listener: None,
            timeouts: configuration.timeouts,
            heartbeat: Heartbeat::default(),
            outcomes: Mutex::default(),
        }
    }

    /// Whether the process has ended in good order, or is about to.
    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// The place of the file for outcomes.
    pub(super) fn outcomes(&self) -> MutexGuard<'_, Option<PathBuf>> {
        lock(&self.outcomes)
    }

    /// The number of the process.
    pub(super) fn id(&self) -> Option<u32> {
        lock(&self.child).as_ref().map(Child::id)
    }

    /// How long calls may take.
    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Whether nothing more is to be asked.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Acquire)
    }

    /// What it means to ask it all the same.
    pub(super) fn is_of_no_use(&self, operation: Operation) -> TokenError {
        TokenError::ModuleSpent { module: self.module.clone(), operation }
    }

    /// Nothing more is to be asked.
    pub(super) fn spend(&self) {
        self.spent.store(true, Ordering::Release);
    }

    /// What it means that reading or writing failed.
    pub(super) fn lost(&self, operation: Operation, timeout: Duration, error: &io::Error) -> TokenError {
        self.spend();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::late(operation, timeout),
            io::ErrorKind::InvalidData => {
                self.improper(operation, "a message of an impossible length".to_owned())
            }
            // Its socket is closed: it has ended, or will in a moment.
            _ => self.died(operation, self.wait(LONGEST_DYING)),
        }
    }

    pub(super) fn late(operation: Operation, timeout: Duration) -> TokenError {
        TokenError::Timeout {
            operation,
            milliseconds: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn died(&self, operation: Operation, death: Death) -> TokenError {
        self.hear_out();
        let said = String::from_utf8_lossy(&lock(&self.words)).trim().to_owned();
        TokenError::ModuleDied { module: self.module.clone(), operation, death, said }
    }

    /// Waits until all that a process wrote before its end has been heard.
    fn hear_out(&self) {
        let until = Instant::now() + LONGEST_WORDS;
        while self.listener.as_ref().is_some_and(|listener| !listener.is_finished()) && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn improper(&self, operation: Operation, finding: String) -> TokenError {
        self.spend();
        TokenError::Protocol { module: self.module.clone(), operation, finding }
    }

    pub(super) fn not_opened(&self, error: &io::Error) -> TokenError {
        TokenError::NotStarted { module: self.module.clone(), reason: error.to_string() }
    }

    /// Waits for the process to end, and says how it did.
    pub(super) fn wait(&self, most: Duration) -> Death {
        let until = Instant::now() + most;
        let mut pause = Duration::from_micros(100);
        let mut place = lock(&self.child);
        loop {
            let Some(child) = place.as_mut() else { return Death::Unknown };
            match child.try_wait() {
                Ok(Some(status)) => {
                    return match (status.code(), status.signal()) {
                        (Some(code), _) => Death::Exit(code),
                        (None, Some(signal)) => Death::Signal(signal),
                        (None, None) => Death::Unknown,
                    };
                }
                Ok(None) if Instant::now() < until => std::thread::sleep(pause),
                _ => return Death::Unknown,
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Shared {
    /// All sockets are closed by now, so that the child ends as soon as it has finished.
    fn drop(&mut self) {
        let patience = if *self.spent.get_mut() { Duration::ZERO } else { LONGEST_PARTING };
        if self.wait(patience) == Death::Unknown
            && let Some(mut child) = lock(&self.child).take()
        {
            // It is left to finish. Somebody has to take note of its end for as long as this program lives.
            let _ = std::thread::Builder::new().spawn(move || child.wait());
        }
    }
}

/// Takes a lock. A thread that panicked with it left nothing half-done: what is locked is set at once.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a call that takes long is said to.
const BEAT: Duration = Duration::from_secs(1);

/// How long a process may take from closing its sockets to its end.
const LONGEST_DYING: Duration = Duration::from_secs(2);

/// How long the last words of a process that has ended may be on their way.
const LONGEST_WORDS: Duration = Duration::from_secs(2);

/// How long the program waits for the process when nothing more is wanted of it.
const LONGEST_PARTING: Duration = Duration::from_secs(5);

//! The module process, seen from the program: starting it, asking it, and what its silence or death means.
//!
//! The rules of this file:
//! - The child's environment is what the configuration says, and nothing more.
//! - A call that takes too long is never repeated, and the process is never asked again: what the token did is
//!   unknown. It is left to finish. Killing it in the middle of a call can cost the token its keys.
//! - A process that ended in the middle of a call is an equipment failure and says how it ended.
//! - Dropping everything lets the child finish, log out and end by itself.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use zeroize::Zeroizing;

use super::child::CHILD_ARGUMENT;
use super::message::{Command, OwnedLogin, Request};
use super::wire::{Wire, decode, receive_alone, send};
use super::{
    DataObject, Death, Initialization, Inventory, KeyDescription, KeyId, KeyRequest, Login,
    ModuleInformation, Operation, Quirks, SlotInformation, ToSign, Token, TokenError, TokenInformation,
    TokenSelector,
};
use crate::digest::Digest;
use crate::secret::Pin;

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
    /// How long calls may take.
    pub timeouts: Timeouts,
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
            timeouts: Timeouts::STANDARD,
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
    control: Mutex<Channel>,
    shared: Arc<Shared>,
    information: ModuleInformation,
}

impl ModuleProcess {
    /// Starts the process and loads the module in it.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotStarted`], [`TokenError::ModuleUnreadable`], [`TokenError::ModuleDigest`],
    /// [`TokenError::NotAModule`]; [`TokenError::Code`] if the module does not initialise itself.
    pub fn start(configuration: &ModuleConfiguration) -> Result<Self, TokenError> {
        let module = configuration.module.clone();
        let not_started = |error: io::Error| TokenError::NotStarted {
            module: configuration.module.clone(),
            reason: error.to_string(),
        };
        let (ours, theirs) = UnixStream::pair().map_err(not_started)?;
        let mut child = std::process::Command::new(&configuration.program)
            .arg0("rootrite")
            .arg(CHILD_ARGUMENT)
            .env_clear()
            .envs(&configuration.environment)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // What is typed to interrupt the program must not interrupt a call.
            .process_group(0)
            .spawn()
            .map_err(not_started)?;
        let words = Arc::new(Mutex::new(Vec::new()));
        let listener = child.stderr.take().map(|stderr| listen(stderr, Arc::clone(&words))).transpose();
        listener.map_err(not_started)?;
        let shared = Arc::new(Shared {
            module: module.clone(),
            child: Mutex::new(Some(child)),
            spent: AtomicBool::new(false),
            words,
            timeouts: configuration.timeouts,
        });
        let mut control = Channel { socket: ours, next: 0, limit: None, shared: Arc::clone(&shared) };
        let start = Command::Start {
            module,
            digest: configuration.expected_sha256,
            reserved: configuration.reserved.clone(),
        };
        let information = control.ask(Operation::Start, configuration.timeouts.start, &start)?;
        Ok(Self { control: Mutex::new(control), shared, information })
    }

    /// What the module said of itself when it was started.
    pub fn information(&self) -> &ModuleInformation {
        &self.information
    }

    /// The number of the process.
    pub fn id(&self) -> Option<u32> {
        lock(&self.shared.child).as_ref().map(Child::id)
    }

    /// The tokens that are there now. Slots move: their numbers are good for messages only.
    ///
    /// # Errors
    ///
    /// [`TokenError::Code`] and what can befall any call.
    pub fn slots(&self) -> Result<Vec<SlotInformation>, TokenError> {
        let timeout = self.shared.timeouts.ordinary;
        lock(&self.control).ask(Operation::ListTokens, timeout, &Command::Slots)
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
        lock(&self.control).ask(Operation::InitializeToken, self.shared.timeouts.generate, &command)
    }

    /// Opens a session with the one token that fits. As many as asked for, side by side; who is logged in in one
    /// is logged in in all sessions of this process with that token.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchToken`], [`TokenError::SeveralTokens`] and what can befall any call.
    pub fn open(&self, selector: &TokenSelector, quirks: &Quirks) -> Result<Session, TokenError> {
        let (ours, theirs) = UnixStream::pair().map_err(|error| self.shared.not_opened(&error))?;
        let command = Command::Open { selector: selector.clone(), quirks: quirks.clone() };
        let mut control = lock(&self.control);
        let timeout = self.shared.timeouts.ordinary;
        let number = control.put(Operation::OpenSession, timeout, &command)?;
        let sent = send_socket(&control.socket, &theirs);
        sent.map_err(|error| control.shared.lost(Operation::OpenSession, timeout, &error))?;
        drop(theirs);
        let token = control.answer(Operation::OpenSession, timeout, number)?;
        Ok(Session {
            channel: Channel { socket: ours, next: 0, limit: None, shared: Arc::clone(&self.shared) },
            token,
        })
    }

    /// Lets the calls in hand finish, logs out, ends the module and waits for its process. Sessions that are still
    /// open are of no use afterwards.
    ///
    /// # Errors
    ///
    /// [`TokenError::Timeout`] if that takes too long; the process is then left to itself. [`TokenError::Code`] if
    /// the module refuses; it has ended all the same.
    pub fn stop(self) -> Result<(), TokenError> {
        let timeout = self.shared.timeouts.stop;
        let stopped: Result<(), _> = lock(&self.control).ask(Operation::Stop, timeout, &Command::Stop);
        self.shared.spent.store(true, Ordering::Release);
        stopped?;
        match self.shared.wait(timeout) {
            Death::Unknown => Err(Shared::late(Operation::Stop, timeout)),
            // The module has said good-bye. Some crash when their destructors run after that; nothing is lost.
            Death::Exit(_) | Death::Signal(_) => Ok(()),
        }
    }
}

/// A session with a token, in the module process.
pub struct Session {
    channel: Channel,
    token: TokenInformation,
}

impl Session {
    /// The token, as it was when the session was opened.
    pub fn token(&self) -> &TokenInformation {
        &self.token
    }

    fn ask<T: Wire>(&mut self, operation: Operation, request: &Request) -> Result<T, TokenError> {
        let timeouts = &self.channel.shared.timeouts;
        let timeout = match operation {
            Operation::LogIn | Operation::ChangePin => timeouts.log_in,
            Operation::GenerateKeyPair => timeouts.generate,
            _ => timeouts.ordinary,
        };
        self.channel.ask(operation, timeout, request)
    }
}

impl Token for Session {
    fn information(&mut self) -> Result<TokenInformation, TokenError> {
        self.ask(Operation::ReadInformation, &Request::Information)
    }

    fn log_in(&mut self, login: Login<'_>) -> Result<(), TokenError> {
        let login = match login {
            Login::Pin(pin) => OwnedLogin::Pin(pin.duplicate()),
            Login::ProtectedPath => OwnedLogin::ProtectedPath,
            Login::None => OwnedLogin::None,
        };
        self.ask(Operation::LogIn, &Request::LogIn { login })
    }

    fn log_out(&mut self) -> Result<(), TokenError> {
        self.ask(Operation::LogOut, &Request::LogOut)
    }

    fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), TokenError> {
        let request = Request::ChangePin { old: old.duplicate(), new: new.duplicate() };
        self.ask(Operation::ChangePin, &request)
    }

    fn random(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let octets: Zeroizing<Vec<u8>> = self.ask(Operation::DrawRandom, &Request::Random { count })?;
        if octets.len() == count {
            Ok(octets)
        } else {
            let finding = format!("{} random octets instead of {count}", octets.len());
            Err(self.channel.shared.improper(Operation::DrawRandom, finding))
        }
    }

    fn inventory(&mut self) -> Result<Inventory, TokenError> {
        self.ask(Operation::TakeInventory, &Request::Inventory)
    }

    fn generate_key_pair(&mut self, request: &KeyRequest) -> Result<KeyDescription, TokenError> {
        self.ask(Operation::GenerateKeyPair, &Request::Generate { request: request.clone() })
    }

    fn key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        self.ask(Operation::ReadKey, &Request::Key { id: id.clone() })
    }

    fn sign(&mut self, key: &KeyId, what: ToSign<'_>) -> Result<Vec<u8>, TokenError> {
        let (hash, octets) = match what {
            ToSign::Digest { hash, octets } => (Some(hash), octets),
            ToSign::Message(octets) => (None, octets),
        };
        self.ask(Operation::Sign, &Request::Sign { key: key.clone(), hash, octets: octets.to_vec() })
    }

    fn destroy_objects(&mut self, id: &KeyId) -> Result<usize, TokenError> {
        self.ask(Operation::DestroyObjects, &Request::Destroy { id: id.clone() })
    }

    fn store_data(&mut self, data: &DataObject) -> Result<(), TokenError> {
        self.ask(Operation::StoreData, &Request::StoreData { data: data.clone() })
    }

    fn data(&mut self, label: &str) -> Result<Vec<DataObject>, TokenError> {
        self.ask(Operation::ReadData, &Request::Data { label: label.to_owned() })
    }
}

/// One socket to the process. Its end is dropped before the process is waited for.
struct Channel {
    socket: UnixStream,
    next: u64,
    /// The time-out that the socket has now.
    limit: Option<Duration>,
    shared: Arc<Shared>,
}

impl Channel {
    /// Asks and waits for the answer.
    fn ask<T: Wire>(
        &mut self,
        operation: Operation,
        timeout: Duration,
        question: &impl Wire,
    ) -> Result<T, TokenError> {
        let number = self.put(operation, timeout, question)?;
        self.answer(operation, timeout, number)
    }

    /// Asks, and says under which number.
    fn put(
        &mut self,
        operation: Operation,
        timeout: Duration,
        question: &impl Wire,
    ) -> Result<u64, TokenError> {
        if self.shared.spent.load(Ordering::Acquire) {
            return Err(TokenError::ModuleSpent { module: self.shared.module.clone(), operation });
        }
        let number = self.next;
        self.next += 1;
        match self.limit(timeout).and_then(|()| send(&mut self.socket, number, question)) {
            Ok(()) => Ok(number),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let what = "a message to the token".to_owned();
                Err(TokenError::TooMuch { what, found: usize::MAX, most: 64 * 1024 * 1024 })
            }
            Err(error) => Err(self.shared.lost(operation, timeout, &error)),
        }
    }

    /// Sets how long reading and writing may wait.
    fn limit(&mut self, timeout: Duration) -> io::Result<()> {
        if self.limit != Some(timeout) {
            // Nought would mean for ever.
            let some = Some(timeout.max(Duration::from_millis(1)));
            self.socket.set_write_timeout(some)?;
            self.socket.set_read_timeout(some)?;
            self.limit = Some(timeout);
        }
        Ok(())
    }

    /// Waits for the answer to the question of a number.
    fn answer<T: Wire>(
        &mut self,
        operation: Operation,
        timeout: Duration,
        number: u64,
    ) -> Result<T, TokenError> {
        let mut patient = Patient { socket: &self.socket, until: Instant::now() + timeout };
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

/// Reads from a socket until a moment, however slowly the octets come.
struct Patient<'a> {
    socket: &'a UnixStream,
    until: Instant,
}

impl io::Read for Patient<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        (&mut &*self.socket).read(room)
    }
}

/// What all sessions of a process have in common.
struct Shared {
    module: PathBuf,
    /// Nothing once it has been waited for.
    child: Mutex<Option<Child>>,
    /// Set after a time-out, a death or nonsense: nothing more is asked.
    spent: AtomicBool,
    /// The last of what the process wrote to its standard error.
    words: Arc<Mutex<Vec<u8>>>,
    timeouts: Timeouts,
}

impl Shared {
    /// What it means that reading or writing failed.
    fn lost(&self, operation: Operation, timeout: Duration, error: &io::Error) -> TokenError {
        self.spent.store(true, Ordering::Release);
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::late(operation, timeout),
            io::ErrorKind::InvalidData => {
                self.improper(operation, "a message of an impossible length".to_owned())
            }
            // Its socket is closed: it has ended, or will in a moment.
            _ => self.died(operation, self.wait(LONGEST_DYING)),
        }
    }

    fn late(operation: Operation, timeout: Duration) -> TokenError {
        TokenError::Timeout {
            operation,
            milliseconds: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn died(&self, operation: Operation, death: Death) -> TokenError {
        let said = String::from_utf8_lossy(&lock(&self.words)).trim().to_owned();
        TokenError::ModuleDied { module: self.module.clone(), operation, death, said }
    }

    fn improper(&self, operation: Operation, finding: String) -> TokenError {
        self.spent.store(true, Ordering::Release);
        TokenError::Protocol { module: self.module.clone(), operation, finding }
    }

    fn not_opened(&self, error: &io::Error) -> TokenError {
        TokenError::NotStarted { module: self.module.clone(), reason: error.to_string() }
    }

    /// Waits for the process to end, and says how it did.
    fn wait(&self, most: Duration) -> Death {
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

/// Keeps the last of what a process writes to its standard error, and takes the rest away.
fn listen(mut stderr: ChildStderr, words: Arc<Mutex<Vec<u8>>>) -> io::Result<()> {
    let listener = move || {
        let mut room = [0; 1024];
        while let Ok(count @ 1..) = stderr.read(&mut room) {
            let mut words = lock(&words);
            words.extend_from_slice(room.get(..count).unwrap_or_default());
            let excess = words.len().saturating_sub(MOST_WORDS);
            words.drain(..excess);
        }
    };
    std::thread::Builder::new().name("module words".to_owned()).spawn(listener).map(drop)
}

/// Sends a socket, with one octet to carry it.
fn send_socket(control: &UnixStream, socket: &UnixStream) -> io::Result<()> {
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
    let octet = [IoSlice::new(&[0])];
    let flags = SendFlags::NOSIGNAL;
    rustix::io::retry_on_intr(|| rustix::net::sendmsg(control, &octet, &mut ancillary, flags))?;
    Ok(())
}

/// Takes a lock. A thread that panicked with it left nothing half-done: what is locked is set at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a process may take from closing its sockets to its end.
const LONGEST_DYING: Duration = Duration::from_secs(2);

/// How long the program waits for the process when nothing more is wanted of it.
const LONGEST_PARTING: Duration = Duration::from_secs(5);

/// How many octets of its last words are kept.
const MOST_WORDS: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use super::super::direct::Loaded;
    use super::super::{KeyRequest, STANDARD};
    use super::*;
    use crate::pki::key::KeyAlgorithm;
    use crate::pki::signature::HashAlgorithm;

    /// What a call through the module process costs over a call to the module. Wants SoftHSM and a program that is
    /// built: `cargo build && cargo test --lib cost_of -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn the_cost_of_the_module_process() {
        let folder = tempfile::tempdir().unwrap();
        let (tokens, text) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
        std::fs::create_dir(&tokens).unwrap();
        std::fs::write(&text, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
        let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), text.to_str().unwrap().to_owned())]);
        let module = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("rootrite");
        let configuration = ModuleConfiguration { program, environment, ..ModuleConfiguration::new(&module) };
        let pin = || Pin::read(b"123456").unwrap();
        let selector = TokenSelector { label: "one".to_owned(), serial: None, model: None };
        let key = KeyId::from_octets(&[1; 16]).unwrap();
        let process = ModuleProcess::start(&configuration).unwrap();
        let blank = super::super::Blank::Only;
        let wish = Initialization { blank, label: "one".to_owned(), officer_pin: pin(), user_pin: pin() };
        process.initialize_token(wish).unwrap();
        let mut session = process.open(&selector, &STANDARD).unwrap();
        session.log_in(Login::Pin(&pin())).unwrap();
        let algorithm = KeyAlgorithm::EcdsaP256;
        let request = KeyRequest { label: "key".to_owned(), id: key.clone(), algorithm, extractable: false };
        session.generate_key_pair(&request).unwrap();
        measure("through the process", &mut session, &key);
        drop(session);
        process.stop().unwrap();
        if std::env::var_os("SOFTHSM2_CONF").is_none() {
            // The environment of a running program is not for changing: run the direct half in a copy of it.
            let status = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--nocapture", "--exact", "hsm::process::tests::the_direct_half"])
                .env("SOFTHSM2_CONF", text)
                .status();
            assert!(status.unwrap().success());
        }
    }

    #[test]
    #[ignore = "half of a measurement"]
    fn the_direct_half() {
        let module = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
        let mut loaded = Loaded::start(module, None, None).unwrap();
        let selector = TokenSelector { label: "one".to_owned(), serial: None, model: None };
        let (_, mut direct) = loaded.open(&selector, STANDARD).unwrap();
        direct.log_in(Login::Pin(&Pin::read(b"123456").unwrap())).unwrap();
        measure("directly", &mut direct, &KeyId::from_octets(&[1; 16]).unwrap());
    }

    fn measure(how: &str, token: &mut dyn Token, key: &KeyId) {
        let digest = HashAlgorithm::Sha256.digest(b"message");
        let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &digest };
        let mut sign = || drop(token.sign(key, what).unwrap());
        let signing = best(&mut sign);
        let mut random = || drop(token.random(16).unwrap());
        let drawing = best(&mut random);
        println!("{how}: P-256 signature {signing:.1} us, 16 random octets {drawing:.1} us");
    }

    /// The best of five rounds of 2000 calls, in microseconds a call.
    fn best(call: &mut dyn FnMut()) -> f64 {
        let round = |call: &mut dyn FnMut()| {
            let begun = Instant::now();
            (0..2000).for_each(|_| call());
            begun.elapsed().as_secs_f64() * 1e6 / 2000.0
        };
        (0..5).map(|_| round(call)).fold(f64::INFINITY, f64::min)
    }
}

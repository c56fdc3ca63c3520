//! The module process: loads one module, and answers for it until its parent is gone.
//!
//! The rules of this file:
//! - It has no terminal or file of its own accord: its standard input is a socket to its parent, and its environment is
//!   what the parent gave it.
//! - Before the module is loaded it denies itself the network, other processes, starting programs, and writing but where
//!   the site says ([`crate::confinement`]); what could not be denied is part of its first answer.
//! - No file that its parent had open stays open here: not the one that a PIN is read from.
//! - It cannot be traced and leaves no core file.
//! - What a request brought of a PIN or a key is wiped before the request is answered.
//! - It ends when nobody is logged in any more who was: a module keeps copies of PINs, which only its end removes.
//! - When its parent is gone it finishes the calls in hand, writes their outcomes down ([`super::outcome`]), logs out, says
//!   good-bye to the module and ends.
//! - One thread for each session; no thread but a session's own is ever in that session.

use std::collections::BTreeSet;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use super::channel::lock;
use super::direct::{Direct, Loaded};
use super::message::{Command, Request, SentLogin};
use super::outcome::{Call, Outcome, Outcomes};
use super::raw::close_what_was_inherited;
use super::wire::decode;
use super::wire::frame::{receive, receive_alone, send};
use super::{Initialization, ModuleInformation, Operation, ToSign, Token as _, TokenError, TokenInformation};
use crate::confinement::{Bounds, Taken, confine, forbid_core_dumps, lock_memory};
use crate::digest::Digest;

/// The word that makes the program a module process, in the place of a subcommand.
pub const CHILD_ARGUMENT: &str = "__module";

/// Is the module process, from its standard input to its end.
///
/// For `main`, before it reads its arguments.
pub fn child_main() -> ExitCode {
    // It never fails on Linux for lowering limits; if it did, the module would run less well guarded than promised.
    let hardened = forbid_core_dumps().taken == Taken::Yes;
    let alone = close_what_was_inherited();
    match (hardened, alone, control_socket()) {
        (true, Ok(()), Ok(control)) => serve(control),
        // Started by hand, or by a program that does not speak with it: there is nobody to tell.
        _ => ExitCode::from(NOT_A_CHILD),
    }
}

/// The socket to the parent, which is standard input. What stays there is nothing that a module could read from.
fn control_socket() -> io::Result<UnixStream> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Nothing but a UNIX socket has an address of this kind.
    control.local_addr()?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(control)
}

/// Answers commands until the parent stops it or is gone.
fn serve(mut control: UnixStream) -> ExitCode {
    let Ok(Some((number, octets))) = receive(&mut control) else { return ExitCode::SUCCESS };
    let Ok(Command::Start { module, digest, reserved, network, writes }) = decode(&octets) else {
        return ExitCode::from(NOT_A_CHILD);
    };
    drop(octets);
    // Before anything foreign is loaded, and for all threads to come.
    let mut measures = confine(&Bounds { network, writes, programs: false, signals: false });
    measures.push(lock_memory());
    let (mut loaded, information) = match Loaded::start(module, digest, reserved)
        .and_then(|loaded| loaded.information().map(|information| (loaded, information)))
        .map(|(loaded, information)| (loaded, ModuleInformation { measures, ..information }))
    {
        Ok(started) => started,
        Err(error) => {
            // If the parent is gone, that is all the same now.
            let _ = send(&mut control, number, &Err::<(), TokenError>(error));
            return ExitCode::SUCCESS;
        }
    };
    if send(&mut control, number, &Ok::<_, TokenError>(information)).is_err() {
        return finish(loaded, Vec::new(), None);
    }
    let mut sessions = Vec::new();
    let kept: Kept = Arc::default();
    let Ok(logins) = control.try_clone().map(|door| Arc::new(Logins::behind(door))) else {
        return finish(loaded, sessions, None);
    };
    while let Ok(Some((number, octets))) = receive(&mut control) {
        let command = decode::<Command>(&octets);
        drop(octets);
        let answered = match command {
            Ok(Command::Slots) => send(&mut control, number, &loaded.slots(Operation::ListTokens)),
            Ok(Command::Mechanisms { slot }) => send(&mut control, number, &loaded.mechanisms(slot)),
            Ok(Command::Initialize { initialization }) => {
                initialize(&loaded, &mut control, number, (initialization, &kept))
            }
            Ok(Command::Outcomes) => receive_file(&control).and_then(|file| {
                *lock(&kept) = Some(Outcomes::take(file.into())?);
                send(&mut control, number, &Ok::<(), TokenError>(()))
            }),
            Ok(Command::Open { selector, quirks }) => receive_file(&control).and_then(|socket| {
                // What has ended holds a socket no longer: sessions come and go for as long as the ceremony lasts.
                sessions.retain(|session: &SessionThread| !session.thread.is_finished());
                let opened = loaded.open(&selector, quirks).and_then(|(token, direct)| {
                    let shared = (Arc::clone(&kept), Arc::clone(&logins));
                    sessions.push(SessionThread::start(socket.into(), direct, shared)?);
                    Ok(token)
                });
                send(&mut control, number, &opened)
            }),
            Ok(Command::Stop) => return finish(loaded, sessions, Some((control, number))),
            Ok(Command::Start { .. }) | Err(_) => Err(io::ErrorKind::InvalidData.into()),
        };
        if answered.is_err() {
            break;
        }
    }
    if logins.are_over.load(Ordering::Acquire) {
        // The sessions of a parent that is still there would wait for it.
        sessions.iter().for_each(SessionThread::no_more_requests);
    }
    finish(loaded, sessions, None)
}

/// Who is logged in, by the slots of their tokens.
struct Logins {
    slots: Mutex<BTreeSet<u64>>,
    /// Set when the last one who was logged in is not any more.
    are_over: AtomicBool,
    /// The socket to the parent: what waits there for commands ends with it.
    door: UnixStream,
}

impl Logins {
    /// Nobody yet.
    fn behind(door: UnixStream) -> Self {
        Self { slots: Mutex::default(), are_over: AtomicBool::new(false), door }
    }

    /// Somebody logged in to the token in a slot.
    fn begin(&self, slot: u64) {
        lock(&self.slots).insert(slot);
    }

    /// Somebody logged out. Whether that was the last one.
    fn end(&self, slot: u64) -> bool {
        let mut slots = lock(&self.slots);
        slots.remove(&slot) && slots.is_empty()
    }

    /// Has the process end.
    fn leave(&self) {
        self.are_over.store(true, Ordering::Release);
        // It fails where the parent is gone, which is the same.
        let _ = self.door.shutdown(Shutdown::Read);
    }
}

/// Makes a token out of a blank one and answers.
fn initialize(
    loaded: &Loaded,
    control: &mut UnixStream,
    number: u64,
    (wish, kept): (Initialization, &Kept),
) -> io::Result<()> {
    let made = loaded.initialize(&wish);
    let outcome = initialized(&wish, &made);
    drop(wish);
    let answered = send(control, number, &made);
    if answered.is_err() {
        // The program died while the token was made: who goes on is told.
        note(kept, outcome.as_ref());
    }
    answered
}

/// Lets the calls in hand finish, logs out and ends the module.
fn finish(loaded: Loaded, sessions: Vec<SessionThread>, asked_by: Option<(UnixStream, u64)>) -> ExitCode {
    if asked_by.is_some() {
        // The parent wants to stop. If it is only gone, each session ends when its own socket does.
        sessions.iter().for_each(SessionThread::no_more_requests);
    }
    for session in sessions {
        // A thread that panicked has told so on standard error; its session is closed all the same.
        let _ = session.thread.join();
    }
    // Some modules hang or crash here. That must not keep anybody.
    let (done, stopped) = mpsc::channel();
    std::thread::spawn(move || done.send(loaded.stop()));
    let stopped = stopped.recv_timeout(LONGEST_GOOD_BYE).unwrap_or(Err(TokenError::Timeout {
        operation: Operation::Stop,
        milliseconds: LONGEST_GOOD_BYE.as_secs() * 1000,
    }));
    if let Some((mut control, number)) = asked_by {
        // If the parent is gone by now, that is all the same.
        let _ = send(&mut control, number, &stopped);
    }
    ExitCode::SUCCESS
}

/// A thread that answers for one session.
struct SessionThread {
    /// Another end of its socket.
    socket: UnixStream,
    thread: JoinHandle<()>,
}

impl SessionThread {
    fn start(
        socket: UnixStream,
        mut direct: Direct,
        (kept, logins): (Kept, Arc<Logins>),
    ) -> Result<Self, TokenError> {
        let failed = |error: io::Error| TokenError::NoThread { reason: error.to_string() };
        let other_end = socket.try_clone().map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || serve_session(socket, &mut direct, &kept, &logins))
            .map_err(failed)?;
        Ok(Self { socket: other_end, thread })
    }

    fn no_more_requests(&self) {
        // It fails where the parent has closed the socket, which is the same.
        let _ = self.socket.shutdown(Shutdown::Read);
    }
}

/// The file for outcomes, if the program has given one.
type Kept = Arc<Mutex<Option<Outcomes>>>;

/// Answers for one session until its socket is closed.
fn serve_session(mut socket: UnixStream, direct: &mut Direct, kept: &Kept, logins: &Logins) {
    // Whether the program has heard of it is known when it asks the next thing.
    let mut last: Option<Outcome> = None;
    while let Ok(Some((number, octets))) = receive_alone(&mut socket) {
        let Ok(request) = decode::<Request<'_>>(&octets) else { break };
        drop(octets);
        let answered = match request {
            Request::LogOut => log_out(&mut socket, number, direct, logins),
            Request::LogIn { login } => {
                let done = direct.log_in(login.lent());
                // Where the token asks for no login there is nobody to log out.
                if done.is_ok() && !matches!(login, SentLogin::None) {
                    logins.begin(direct.slot());
                }
                drop(login);
                last = None;
                send(&mut socket, number, &done)
            }
            request => answer(&mut socket, number, direct, request, &mut last),
        };
        if answered.is_err() {
            break;
        }
    }
    note(kept, last.as_ref());
    // The parent sees at once that nobody answers here any more.
    let _ = socket.shutdown(Shutdown::Both);
}

/// Logs out and says whether this process ends with that, and ends it.
fn log_out(socket: &mut UnixStream, number: u64, direct: &mut Direct, logins: &Logins) -> io::Result<()> {
    let done = direct.log_out().map(|()| logins.end(direct.slot()));
    let ends = matches!(done, Ok(true));
    let answered = send(socket, number, &done);
    if ends {
        logins.leave();
    }
    answered
}

/// Writes an outcome down for who goes on. There is nobody to tell that it failed.
fn note(kept: &Kept, outcome: Option<&Outcome>) {
    if let (Some(outcome), Some(file)) = (outcome, lock(kept).as_mut()) {
        let _ = file.add(outcome);
    }
}

/// The outcome of making a token.
fn initialized(wish: &Initialization, made: &Result<TokenInformation, TokenError>) -> Option<Outcome> {
    let call = Call::Initialize { label: wish.label.clone() };
    // A token that could not be made has no name; its label is that of the wish.
    made.as_ref().ok().map(|token| call.ended(token, Ok(Vec::new())))
}

/// Does what was asked and answers; an outcome that matters is kept in `last` before anyone is told of it.
fn answer(
    socket: &mut UnixStream,
    number: u64,
    direct: &mut Direct,
    request: Request<'_>,
    last: &mut Option<Outcome>,
) -> io::Result<()> {
    let call = call(&request);
    *last = None;
    match request {
        Request::ChangePin { old, new } => {
            let changed = direct.change_pin(&old, &new);
            drop((old, new));
            *last = ended(call, direct, &changed, nothing);
            send(socket, number, &changed)
        }
        Request::Generate { request } => {
            let made = direct.generate_key_pair(&request);
            *last = ended(call, direct, &made, |key| key.public_key.spki_der().to_vec());
            send(socket, number, &made)
        }
        request @ (Request::Sign { .. }
        | Request::SignPss { .. }
        | Request::SignWhole { .. }
        | Request::EndStream { .. }) => {
            let signed = sign(direct, &request);
            *last = ended(call, direct, &signed, Clone::clone);
            send(socket, number, &signed)
        }
        Request::Destroy { id } => {
            let destroyed = direct.destroy_objects(&id);
            *last = ended(call, direct, &destroyed, nothing);
            send(socket, number, &destroyed)
        }
        Request::StoreData { data } => {
            let stored = direct.store_data(&data);
            *last = ended(call, direct, &stored, nothing);
            send(socket, number, &stored)
        }
        Request::Restore { request, kek } => {
            let restored = direct.restore_key(&request, &kek);
            drop(kek);
            *last = ended(call, direct, &restored, |key| key.public_key.spki_der().to_vec());
            send(socket, number, &restored)
        }
        Request::Seal { id } => {
            let sealed = direct.seal_key(&id);
            *last = ended(call, direct, &sealed, nothing);
            send(socket, number, &sealed)
        }
        Request::SignMany { key, hash, inputs } => {
            send(socket, number, &direct.sign_many(&key, hash, &inputs))
        }
        request => look(socket, number, direct, request),
    }
}

/// Signs what is asked for.
fn sign(direct: &mut Direct, request: &Request<'_>) -> Result<Vec<u8>, TokenError> {
    match request {
        Request::Sign { key, hash: Some(hash), octets } => {
            direct.sign(key, ToSign::Digest { hash: *hash, octets })
        }
        Request::Sign { key, hash: None, octets } => direct.sign(key, ToSign::Message(octets)),
        Request::SignPss { key, hash, octets } => {
            direct.sign(key, ToSign::Pss { hash: *hash, octets, message: None })
        }
        Request::SignWhole { key, hash, message, pss: true } => {
            let octets = &hash.digest(message);
            direct.sign(key, ToSign::Pss { hash: *hash, octets, message: Some(message) })
        }
        Request::SignWhole { key, hash, message, pss: false } => {
            direct.sign(key, ToSign::Whole { hash: *hash, octets: &hash.digest(message), message })
        }
        Request::EndStream { octets, .. } => direct.end_stream(octets),
        // Nobody else gets here.
        _ => direct.end_stream(&[]),
    }
}

/// What an outcome says of what has no octets of its own.
fn nothing<T>(_: &T) -> Vec<u8> {
    Vec::new()
}

/// Does what changes nothing, and answers.
fn look(socket: &mut UnixStream, number: u64, direct: &mut Direct, request: Request<'_>) -> io::Result<()> {
    match request {
        Request::Information => send(socket, number, &direct.information()),
        Request::Random { count } => send(socket, number, &direct.random(count)),
        Request::Inventory => send(socket, number, &direct.inventory()),
        Request::Key { id } => send(socket, number, &direct.key(&id)),
        // Nothing is signed before the end of the message.
        Request::BeginStream { key, hash, pss } => {
            send(socket, number, &direct.begin_stream(&key, hash, pss))
        }
        Request::GoOnStream { part } => send(socket, number, &direct.go_on_stream(&part)),
        Request::ProbeTemplate { algorithm } => send(socket, number, &direct.probe_template(algorithm)),
        // What is wrapped is told to nobody but who asked, and nothing of it stays on the token.
        Request::Wrap { id, kek, mechanism } => {
            let wrapped = direct.wrap_key(&id, &kek, mechanism);
            drop(kek);
            send(socket, number, &wrapped)
        }
        Request::Rewrap { request, old, new } => {
            let wrapped = direct.rewrap_key(&request, &old, &new);
            drop((old, new));
            send(socket, number, &wrapped)
        }
        Request::Data { label } => send(socket, number, &direct.data(&label)),
        Request::Probe { probe } => send(socket, number, &direct.probe(probe)),
        Request::ProbeChanges { id } => send(socket, number, &direct.probe_changes(&id)),
        Request::ForgetData { label } => send(socket, number, &direct.forget_data(&label)),
        Request::Adopt { quirks } => {
            direct.adopt(quirks);
            send(socket, number, &Ok::<(), TokenError>(()))
        }
        // Nobody else gets here.
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// What a request changes or signs, for whoever has to find out later; nothing for one that only asks.
fn call(request: &Request<'_>) -> Option<Call> {
    Some(match request {
        Request::Sign { key, hash, octets } => {
            let octets = match hash {
                Some(_) => octets.clone(),
                None => Digest::of(octets).octets().to_vec(),
            };
            Call::Sign { id: key.clone(), hash: *hash, octets }
        }
        Request::SignPss { key, hash, octets } | Request::EndStream { key, hash, octets } => {
            Call::Sign { id: key.clone(), hash: Some(*hash), octets: octets.clone() }
        }
        Request::SignWhole { key, hash, message, .. } => {
            Call::Sign { id: key.clone(), hash: Some(*hash), octets: hash.digest(message) }
        }
        Request::Generate { request } => {
            Call::Generate { id: request.id.clone(), label: request.label.clone() }
        }
        Request::Restore { request, .. } => {
            Call::Restore { id: request.key.id.clone(), label: request.key.label.clone() }
        }
        Request::Seal { id } => Call::Seal { id: id.clone() },
        Request::Destroy { id } => Call::Destroy { id: id.clone() },
        Request::StoreData { data } => Call::StoreData { label: data.label.clone() },
        Request::ChangePin { .. } => Call::ChangePin,
        _ => return None,
    })
}

/// The outcome of a call.
fn ended<T>(
    call: Option<Call>,
    direct: &Direct,
    result: &Result<T, TokenError>,
    octets: impl Fn(&T) -> Vec<u8>,
) -> Option<Outcome> {
    let result = result.as_ref().map(octets).map_err(ToString::to_string);
    call.map(|call| call.ended(direct.token(), result))
}

/// The socket or file that follows a frame, with one octet to carry it.
fn receive_file(control: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut octet = [0];
    let mut room = [IoSliceMut::new(&mut octet)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received =
        rustix::io::retry_on_intr(|| rustix::net::recvmsg(control, &mut room, &mut ancillary, flags))?;
    let sockets = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    match (received.bytes, sockets.flatten().next()) {
        (1, Some(file)) => Ok(file),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// How long a module may take for its good-bye.
const LONGEST_GOOD_BYE: Duration = Duration::from_secs(10);

/// The exit code of a process that was not started as a module process.
const NOT_A_CHILD: u8 = 2;

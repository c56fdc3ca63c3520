//! The module process: loads one module, and answers for it until its parent is gone.
//!
//! The rules of this file:
//! - It has no network, terminal or file of its own accord: its standard input is a socket to its parent, and its
//!   environment is what the parent gave it.
//! - No file that its parent had open stays open here: not the one that a PIN is read from.
//! - It cannot be traced and leaves no core file.
//! - When its parent is gone it finishes the calls in hand, logs out, says good-bye to the module and ends.
//! - One thread for each session; no thread but a session's own is ever in that session.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use super::direct::{Direct, Loaded};
use super::message::{Command, OwnedLogin, Request};
use super::raw::close_what_was_inherited;
use super::wire::frame::{receive, receive_alone, send};
use super::wire::{Wire, decode};
use super::{Login, Operation, ToSign, Token as _, TokenError};

/// The word that makes the program a module process, in the place of a subcommand.
pub const CHILD_ARGUMENT: &str = "__module";

/// Is the module process, from its standard input to its end.
///
/// For `main`, before it reads its arguments.
pub fn child_main() -> ExitCode {
    // Neither fails on Linux for lowering limits; if one did, the module would run less well guarded than promised.
    let hardened = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .and(rustix::process::setrlimit(
            rustix::process::Resource::Core,
            rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
        ));
    let alone = close_what_was_inherited();
    match (hardened, alone, control_socket()) {
        (Ok(()), Ok(()), Ok(control)) => serve(control),
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
    let Ok(Command::Start { module, digest, reserved }) = decode(&octets) else {
        return ExitCode::from(NOT_A_CHILD);
    };
    drop(octets);
    let (mut loaded, information) = match Loaded::start(module, digest, reserved)
        .and_then(|loaded| loaded.information().map(|information| (loaded, information)))
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
    while let Ok(Some((number, octets))) = receive(&mut control) {
        let command = decode::<Command>(&octets);
        drop(octets);
        let answered = match command {
            Ok(Command::Slots) => send(&mut control, number, &loaded.slots(Operation::ListTokens)),
            Ok(Command::Initialize { initialization }) => {
                send(&mut control, number, &loaded.initialize(&initialization))
            }
            Ok(Command::Open { selector, quirks }) => receive_socket(&control).and_then(|socket| {
                let opened = loaded.open(&selector, quirks);
                let opened = opened.and_then(|(token, direct)| {
                    sessions.push(SessionThread::start(socket, direct)?);
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
    finish(loaded, sessions, None)
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
    fn start(socket: UnixStream, mut direct: Direct) -> Result<Self, TokenError> {
        let failed = |error: io::Error| TokenError::NoThread { reason: error.to_string() };
        let other_end = socket.try_clone().map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || serve_session(socket, &mut direct))
            .map_err(failed)?;
        Ok(Self { socket: other_end, thread })
    }

    fn no_more_requests(&self) {
        // It fails where the parent has closed the socket, which is the same.
        let _ = self.socket.shutdown(Shutdown::Read);
    }
}

/// Answers for one session until its socket is closed.
fn serve_session(mut socket: UnixStream, direct: &mut Direct) {
    while let Ok(Some((number, octets))) = receive_alone(&mut socket) {
        let Ok(request) = decode::<Request>(&octets) else { break };
        drop(octets);
        if answer(&mut socket, number, direct, request).is_err() {
            break;
        }
    }
    // The parent sees at once that nobody answers here any more.
    let _ = socket.shutdown(Shutdown::Both);
}

/// Does what was asked and answers.
fn answer(socket: &mut UnixStream, number: u64, direct: &mut Direct, request: Request) -> io::Result<()> {
    fn reply(socket: &mut UnixStream, number: u64, answer: &impl Wire) -> io::Result<()> {
        send(socket, number, answer)
    }
    match request {
        Request::Information => reply(socket, number, &direct.information()),
        Request::LogIn { login } => {
            let login = match &login {
                OwnedLogin::Pin(pin) => Login::Pin(pin),
                OwnedLogin::ProtectedPath => Login::ProtectedPath,
                OwnedLogin::None => Login::None,
            };
            reply(socket, number, &direct.log_in(login))
        }
        Request::LogOut => reply(socket, number, &direct.log_out()),
        Request::ChangePin { old, new } => reply(socket, number, &direct.change_pin(&old, &new)),
        Request::Random { count } => reply(socket, number, &direct.random(count)),
        Request::Inventory => reply(socket, number, &direct.inventory()),
        Request::Generate { request } => reply(socket, number, &direct.generate_key_pair(&request)),
        Request::Key { id } => reply(socket, number, &direct.key(&id)),
        Request::Sign { key, hash, octets } => {
            let what = match hash {
                Some(hash) => ToSign::Digest { hash, octets: &octets },
                None => ToSign::Message(&octets),
            };
            reply(socket, number, &direct.sign(&key, what))
        }
        Request::SignMany { key, hash, inputs } => {
            reply(socket, number, &direct.sign_many(&key, hash, &inputs))
        }
        Request::Destroy { id } => reply(socket, number, &direct.destroy_objects(&id)),
        Request::StoreData { data } => reply(socket, number, &direct.store_data(&data)),
        Request::Data { label } => reply(socket, number, &direct.data(&label)),
    }
}

/// The socket that follows a frame, with one octet to carry it.
fn receive_socket(control: &UnixStream) -> io::Result<UnixStream> {
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
        (1, Some(socket)) => Ok(socket.into()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// How long a module may take for its good-bye.
const LONGEST_GOOD_BYE: Duration = Duration::from_secs(10);

/// The exit code of a process that was not started as a module process.
const NOT_A_CHILD: u8 = 2;

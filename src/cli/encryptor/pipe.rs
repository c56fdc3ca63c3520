//! A program with a pipe on each side: what goes in, what comes out, how long it may take.
//!
//! The rules of this file:
//! - Nothing waits longer than the limit, whatever the program does with its pipes; then it is killed, with all that it started.
//! - What comes out is in locked memory, of a size that never grows.

use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::{Zeroize as _, Zeroizing};

use super::child::CHILD_ARGUMENT;
use super::{Failed, shown};
use crate::secret::SecretPage;

/// A program that is about to run.
pub(super) struct Pipe<'p> {
    pub(super) command: &'p [String],
    pub(super) sockets: bool,
    pub(super) writes: &'p [PathBuf],
    pub(super) limit: Duration,
}

/// What a program that ended well gave back, and what it said.
pub(super) struct Ran {
    pub(super) out: SecretPage,
    said: SecretPage,
}

impl Ran {
    /// What it said, unless that tells a share.
    pub(super) fn said_unless(&self, tells: &dyn Fn(&[u8]) -> bool) -> Option<String> {
        self.said.expose(|said| shown(said, tells))
    }
}

impl Pipe<'_> {
    /// Runs it to its end with `input`.
    pub(super) fn run(&self, input: &[u8]) -> Result<Ran, Failed> {
        let program = self.command.first().map_or("", String::as_str);
        let named = |why: String| format!("`{program}` {why}");
        let mut child = self.start().map_err(|error| Failed {
            why: named(format!("could not be started: {error}")),
            said: Zeroizing::default(),
        })?;
        let mut talk = Talk { out: SecretPage::empty(), said: SecretPage::empty(), full: false };
        let ended = talk.hold(&mut child, input, Instant::now() + self.limit);
        if !matches!(ended, Ok(Some(_))) {
            end(&mut child);
        }
        let why = match ended {
            Ok(Some(status)) if status.success() && !talk.full => {
                return Ok(Ran { out: talk.out, said: talk.said });
            }
            Ok(Some(_)) if talk.full => {
                format!("gave back more than {} octets", SecretPage::MAX_OCTETS)
            }
            Ok(Some(status)) => format!("ended badly ({status})"),
            Ok(None) => format!("took longer than {} seconds and was stopped", self.limit.as_secs()),
            Err(error) => format!("could not be talked to: {error}"),
        };
        Err(Failed { why: named(why), said: Zeroizing::new(talk.said.expose(<[u8]>::to_vec)) })
    }

    fn start(&self) -> io::Result<Child> {
        Command::new("/proc/self/exe")
            .arg(CHILD_ARGUMENT)
            .arg(if self.sockets { "unix" } else { "deny" })
            .arg(self.writes.len().to_string())
            .args(self.writes)
            .args(self.command)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// What came so far.
struct Talk {
    out: SecretPage,
    said: SecretPage,
    full: bool,
}

impl Talk {
    /// Writes, reads and waits until the program has ended; nothing if it takes too long.
    fn hold(
        &mut self,
        child: &mut Child,
        mut input: &[u8],
        until: Instant,
    ) -> io::Result<Option<ExitStatus>> {
        let mut stdin = child.stdin.take();
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        if let Some(stdin) = &stdin {
            rustix::io::ioctl_fionbio(stdin, true)?;
        }
        loop {
            if input.is_empty() {
                // It has everything: the pipe ends.
                stdin = None;
            }
            let over = has_ended(child)?;
            let mut ready = Vec::new();
            ready.extend(stdout.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
            ready.extend(stderr.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
            ready.extend(stdin.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT)));
            // What somebody else keeps open after its end says nothing of it any more.
            let wait = if over { 0 } else { A_WHILE };
            let timeout = Timespec { tv_sec: 0, tv_nsec: wait * 1_000_000 };
            let found = rustix::io::retry_on_intr(|| poll(&mut ready, Some(&timeout)))?;
            let mut events = ready.into_iter().map(|one| one.revents()).collect::<Vec<_>>().into_iter();
            let mut next = |there: bool| there && events.next().is_some_and(|found| !found.is_empty());
            let (out, err, taken) = (next(stdout.is_some()), next(stderr.is_some()), next(stdin.is_some()));
            if over && !(out || err) {
                // What it started and left behind has the share too.
                kill_group(child);
                return child.wait().map(Some);
            }
            if out && !take(&mut stdout, &mut self.out, Some(&mut self.full))? {
                stdout = None;
            }
            if err && !take(&mut stderr, &mut self.said, None)? {
                stderr = None;
            }
            if taken {
                give(&mut stdin, &mut input);
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            if found == 0 && stdout.is_none() && stderr.is_none() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Reads what is there into a page; whether there may be more. What does not fit is said in `full`, or left out.
fn take(pipe: &mut Option<impl Read>, page: &mut SecretPage, full: Option<&mut bool>) -> io::Result<bool> {
    let Some(pipe) = pipe else { return Ok(false) };
    let mut octets = [0; 1024];
    let count = match pipe.read(&mut octets) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
        count => count?,
    };
    let room = page.add(octets.get(..count).unwrap_or_default());
    octets.zeroize();
    if let (false, Some(full)) = (room, full) {
        *full = true;
    }
    Ok(count > 0)
}

/// Writes what the pipe takes now. One that takes no more is closed: how the program ends says what that means.
fn give(pipe: &mut Option<ChildStdin>, input: &mut &[u8]) {
    let Some(open) = pipe else { return };
    match open.write(input) {
        Ok(count) => *input = input.get(count..).unwrap_or_default(),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
        Err(_) => *pipe = None,
    }
}

/// Whether a program has ended. It is not waited for yet: until then its number is nobody else's.
fn has_ended(child: &Child) -> io::Result<bool> {
    let Some(pid) = pid(child) else { return Ok(true) };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(pid), options)?.is_some())
}

/// Ends what a program started. It is not waited for yet: until then its number is nobody else's.
fn kill_group(child: &Child) {
    if let Some(pid) = pid(child) {
        // It has a session, and so a group, of its own by now, or does nothing yet.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Ends a program, and what it started.
fn end(child: &mut Child) {
    kill_group(child);
    let _ = child.kill();
    let _ = child.wait();
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// Milliseconds after which it is looked whether the program has ended.
const A_WHILE: i64 = 50;

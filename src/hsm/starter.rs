//! The thread that starts module processes.
//!
//! What a thread denies itself, everything that it starts is denied too. The program denies itself more than its modules
//! can do without: a network HSM needs its peer, a token its folder. So one thread begins before the program denies
//! itself anything, does nothing but start module processes, and each of these denies itself what is its own.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};

/// Begins the thread. To be called before the program denies itself anything; a second call changes nothing.
///
/// # Errors
///
/// If there can be no thread.
pub fn begin() -> io::Result<()> {
    if STARTER.get().is_some() {
        return Ok(());
    }
    let (sender, orders) = mpsc::channel::<Order>();
    std::thread::Builder::new().name("starter".to_owned()).spawn(move || {
        while let Ok(Order { mut command, reply }) = orders.recv() {
            // Who ordered is there until it has its answer.
            let _ = reply.send(command.spawn());
        }
    })?;
    // A second thread, if two were begun at once, ends when its sender is dropped here.
    let _ = STARTER.set(sender);
    Ok(())
}

/// Starts a process from that thread; from this one if there is none, as in tests.
pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    let Some(starter) = STARTER.get() else { return command.spawn() };
    let (reply, answer) = mpsc::channel();
    let gone = || io::Error::other("the thread that starts processes has ended");
    starter.send(Order { command, reply }).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// A process to start, and where to say how that went.
struct Order {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static STARTER: OnceLock<Sender<Order>> = OnceLock::new();

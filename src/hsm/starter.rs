//! The thread that starts module processes.
//!
//! What a thread denies itself, everything that it starts is denied too. The program denies itself more than its modules
//! can do without: a network HSM needs its peer, a token its folder. So one thread begins before the program denies
//! itself anything, does nothing but start module processes, and each of these denies itself what is its own.

use std::fmt;
use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Operation;

/// Begins the thread. To be called before the program denies itself anything; a second call changes nothing. `heartbeat`:
/// who hears of calls that take long.
///
/// # Errors
///
/// If there can be no thread.
pub fn begin(heartbeat: Heartbeat) -> io::Result<()> {
    if STARTER.get().is_some() {
        return Ok(());
    }
    // Nobody else sets it.
    let _ = HEARTBEAT.set(heartbeat);
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

/// Who hears of a call that takes long: what is being done and for how long, once a second from the first second on. It is
/// called by the thread that waits.
#[derive(Clone, Default)]
pub struct Heartbeat(Option<Arc<Listener>>);

type Listener = dyn Fn(Operation, Duration) + Send + Sync;

impl Heartbeat {
    /// Tells `listener`.
    pub fn to(listener: impl Fn(Operation, Duration) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells the one that the program named when it began; nobody, if it named none.
    pub(super) fn of_program() -> Self {
        HEARTBEAT.get().cloned().unwrap_or_default()
    }

    /// Tells that a call is still under way.
    pub(super) fn beat(&self, operation: Operation, waited: Duration) {
        if let Some(listener) = &self.0 {
            listener(operation, waited);
        }
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Heartbeat" } else { "no Heartbeat" })
    }
}

/// A process to start, and where to say how that went.
struct Order {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static HEARTBEAT: OnceLock<Heartbeat> = OnceLock::new();
static STARTER: OnceLock<Sender<Order>> = OnceLock::new();

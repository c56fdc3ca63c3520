//! Signals: each is a note for the screen's thread, which sees to it; none of them ends a call or tears a record.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::{flag, low_level};

/// Which signals came.
pub struct Signals {
    flags: [(i32, Arc<AtomicBool>); 6],
    ended: Arc<AtomicBool>,
}

impl Signals {
    /// Takes signals in; each wakes whoever waits at the other end of `wake`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn register(wake: &UnixStream) -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let flags = [SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH]
            .map(|signal| (signal, Arc::new(AtomicBool::new(false))));
        for (signal, came) in &flags {
            // Once the screen is gone the signal does what it always does.
            if ![SIGCONT, SIGWINCH].contains(signal) {
                flag::register_conditional_default(*signal, Arc::clone(&ended))?;
            }
            flag::register(*signal, Arc::clone(came))?;
            low_level::pipe::register(*signal, wake.try_clone()?)?;
        }
        Ok(Self { flags, ended })
    }

    /// Whether a signal came since this was asked last.
    pub fn came(&self, signal: i32) -> bool {
        self.flags.iter().any(|(known, came)| *known == signal && came.swap(false, Ordering::SeqCst))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

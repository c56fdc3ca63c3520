//! What a process denies itself before it touches anything foreign: the network, other processes, files, core dumps.
//!
//! The rules of this folder:
//! - What is denied stays denied: nothing here can be taken back by the process, nor by what it starts.
//! - What could not be applied is a [`Measure`] that says so. `preflight` shows them and the log keeps them.
//! - Nothing here replaces the room, the machine without a network card or the people who watch.
//!
//! seccomp sees the numbers of a system call and never what they point to: it can deny kinds of sockets, not addresses.
//! Landlock can bind TCP to a port, not to an address. Which machine an allowed peer is stays with the wiring.
//!
//! Sources: seccomp(2), landlock(7), prctl(2), network_namespaces(7).

mod files;
mod memory;
mod network;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What a process still may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Which sockets.
    pub network: Network,
    /// Where it may write.
    pub writes: Writes,
    /// Whether it may start programs.
    pub programs: bool,
    /// Whether it may send signals to processes that are not its own.
    pub signals: bool,
}

/// Which sockets a process may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// None at all.
    #[default]
    Deny,
    /// To other processes of this machine, by a path; and the kernel's news of devices that come and go.
    Unix,
    /// As [`Network::Unix`], and TCP to the port of one peer.
    Peer(SocketAddr),
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deny => f.write_str("no sockets"),
            Self::Unix => f.write_str("sockets of this machine only"),
            Self::Peer(peer) => {
                write!(f, "sockets of this machine, and TCP to port {} for {peer}", peer.port())
            }
        }
    }
}

/// Where a process may make, change and remove files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Writes {
    /// Wherever its user may: nobody has said where.
    #[default]
    Anywhere,
    /// In these folders and what is below, and in these files and devices.
    Below(Vec<PathBuf>),
}

/// One thing that a process denied itself, or could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What it is about: `network`, `files`, `processes`, `core-dumps`, `memory`.
    pub subject: String,
    /// Whether it holds.
    pub taken: Taken,
    /// What holds, or why it does not.
    pub detail: String,
}

/// Whether a measure holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Wholly.
    Yes,
    /// In part, as its detail says.
    Partly,
    /// Not at all.
    No,
}

impl Measure {
    fn new(subject: &str, taken: Taken, detail: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), taken, detail: detail.into() }
    }
}

/// Denies this thread, and all threads and programs that it starts from now on, what is not within `bounds`.
///
/// For the beginning of a process, before it has other threads.
pub fn confine(bounds: &Bounds) -> Vec<Measure> {
    let mut measures = vec![memory::forbid_core_dumps()];
    // Leaving the network takes a system call that the filters below deny.
    let left = bounds.network == Network::Deny && network::leave().is_ok();
    measures.push(files::limit(bounds));
    measures.extend(network::deny(bounds, left));
    measures
}

/// Forbids core dumps and being traced; nothing else. For processes that do not know yet what they will do.
pub fn forbid_core_dumps() -> Measure {
    memory::forbid_core_dumps()
}

/// Keeps the memory of this process out of swap, as far as the system lets it.
pub fn lock_memory() -> Measure {
    memory::lock_all()
}

/// Denies this process, the program itself, the network: sockets to other processes of this machine stay, for agents
/// and printers, and programs may be started, which inherit everything.
pub fn confine_program() {
    let bounds = Bounds { network: Network::Unix, writes: Writes::Anywhere, programs: true, signals: true };
    let core = memory::forbid_core_dumps();
    remember([core, memory::lock_buffers()].into_iter().chain(network::deny(&bounds, false)));
}

/// Limits where this process, the program itself, may write.
pub fn limit_program(mut folders: Vec<PathBuf>) {
    folders.dedup();
    let writes = Writes::Below(folders.into_iter().chain(TERMINAL.map(PathBuf::from)).collect());
    let bounds = Bounds { network: Network::Unix, writes, programs: true, signals: true };
    remember([files::limit(&bounds)]);
}

/// What this process, the program itself, has denied itself until now.
pub fn measures() -> Vec<Measure> {
    MEASURES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn remember(measures: impl IntoIterator<Item = Measure>) {
    MEASURES.lock().unwrap_or_else(PoisonError::into_inner).extend(measures);
}

/// What is denied is a fact about the whole process, like its working folder.
static MEASURES: Mutex<Vec<Measure>> = Mutex::new(Vec::new());

/// Where a program that talks to people writes besides its files.
const TERMINAL: [&str; 4] = ["/dev/tty", "/dev/pts", "/dev/null", "/dev/console"];

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn the_program_has_no_network_writes_only_where_it_may_and_hands_that_down() {
        let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (here, there) = (inside.path().to_owned(), elsewhere.path().to_owned());
        // What is denied is denied to a thread and what it starts; the threads of other tests keep theirs.
        let denied = std::thread::spawn(move || {
            confine_program();
            limit_program(vec![here.clone()]);
            let refused = |error: std::io::Error| error.raw_os_error();
            assert_eq!(TcpListener::bind("127.0.0.1:0").map(drop).map_err(refused), Err(Some(97)));
            assert_eq!(UdpSocket::bind("127.0.0.1:0").map(drop).map_err(refused), Err(Some(97)));
            UnixDatagram::unbound().unwrap();
            let limited =
                measures().iter().any(|measure| measure.subject == "files" && measure.taken == Taken::Yes);
            if limited {
                File::create(here.join("file")).unwrap();
                assert_eq!(File::create(there.join("file")).map(drop).map_err(refused), Err(Some(13)));
                let file = there.join("by a program");
                let copied =
                    std::process::Command::new("/bin/cp").args([&here.join("file"), &file]).output().unwrap();
                assert!(!copied.status.success() && !file.exists());
            } else {
                println!("SKIPPED in part: this kernel cannot limit files");
            }
            std::thread::spawn(|| TcpListener::bind("127.0.0.1:0").map(drop).unwrap_err()).join().unwrap();
        });
        denied.join().unwrap();
        TcpListener::bind("127.0.0.1:0").unwrap();
    }
}

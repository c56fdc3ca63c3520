//! The process that becomes an encryptor: it denies itself what that has no business with, and then is the program.
//!
//! The rules of this file:
//! - No network, no file to write but where the site says, no core file, no terminal, no other process, and nothing that its
//!   parent had open but the three pipes. It ends with its parent.
//! - What cannot be denied is not run.
//! - Nothing secret is here: the share goes through the pipe to the program that this process becomes.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};

use crate::confinement::{Bounds, Measure, Network, Taken, Writes, confine};

/// The word that makes the program such a process, in the place of a subcommand.
pub const CHILD_ARGUMENT: &str = "__encryptor";

/// Becomes the program of the arguments: `deny` or `unix`, how many places it may write to, those, and the program with its own.
///
/// For `main`, before it reads its arguments.
pub fn child_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(order) = Order::of(arguments) else { return ExitCode::from(NOT_A_CHILD) };
    let why = match order.deny_the_rest() {
        Ok(()) => {
            let program = order.command.first().cloned().unwrap_or_default();
            let failed = Command::new(program).args(order.command.iter().skip(1)).env_clear().exec();
            format!("cannot be started: {failed}")
        }
        Err(why) => format!("not started: {why}"),
    };
    // Standard error is a pipe to the parent; if that is gone there is nobody to tell.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
    ExitCode::from(NOT_STARTED)
}

/// What to become, and what that may.
struct Order {
    network: Network,
    writes: Vec<PathBuf>,
    command: Vec<OsString>,
}

impl Order {
    fn of(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let network = match arguments.next()?.to_str()? {
            "deny" => Network::Deny,
            "unix" => Network::Unix,
            _ => return None,
        };
        let places: usize = arguments.next()?.to_str()?.parse().ok()?;
        let writes: Vec<PathBuf> = arguments.by_ref().take(places).map(PathBuf::from).collect();
        let command: Vec<OsString> = arguments.collect();
        (writes.len() == places && !command.is_empty()).then_some(Self { network, writes, command })
    }

    /// Denies this process everything that it need not; why not, if something could not be denied.
    fn deny_the_rest(&self) -> Result<(), String> {
        let said = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        crate::hsm::close_what_was_inherited().map_err(|error| said("open files", &error))?;
        // Without a session of the terminal nothing can be read from there, or written past everybody.
        rustix::process::setsid().map_err(|error| said("the terminal", &error))?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| said("its end", &error))?;
        if self.writes.is_empty() {
            let none = Rlimit { current: Some(0), maximum: Some(0) };
            setrlimit(Resource::Fsize, none).map_err(|error| said("files", &error))?;
        }
        let writes = self.writes.iter().cloned().chain([PathBuf::from("/dev/null")]).collect();
        let bounds =
            Bounds { network: self.network, writes: Writes::Below(writes), programs: true, signals: false };
        // By the limit above no file can grow, whatever else can be said of files.
        let has_to_hold = |measure: &&Measure| match measure.subject.as_str() {
            "files" => !self.writes.is_empty(),
            "network" | "core-dumps" => true,
            _ => false,
        };
        let measures = confine(&bounds);
        match measures.iter().filter(has_to_hold).find(|measure| measure.taken == Taken::No) {
            Some(measure) => Err(format!("{}: {}", measure.subject, measure.detail)),
            None => Ok(()),
        }
    }
}

/// The exit code of a process that was not started as one of these.
const NOT_A_CHILD: u8 = 2;
/// The exit code where the program could not be started.
const NOT_STARTED: u8 = 126;

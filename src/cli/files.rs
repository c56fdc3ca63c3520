//! Reading what the command line names: scripts, sites and plans.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::{failures, waiting};
pub use crate::tui::one_line;

use crate::clock::{Clock as _, MachineClock};
use crate::failure::{Failure, Turn};
use crate::intake::brought_request;
use crate::plan::{BroughtRequest, Bundles, NO_LOG, Plan, Site, Sources};
use crate::profile::Folder;
use crate::record::{ContinueError, Continued};
use crate::script::{MOST_OCTETS, Problems, Whole};
use crate::stage::JournalError;

/// The octets of a file that people wrote.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read.
pub fn octets(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    // One octet more than the reader takes, so that it says what is wrong with a larger file.
    waiting::for_file(path, || {
        File::open(path).and_then(|file| file.take(MOST_OCTETS as u64 + 1).read_to_end(&mut octets))
    })
    .map_err(|error| failures::file("read", path, &error))?;
    Ok(octets)
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A rehearsal: inputs may be without digests.
    Rehearsal,
    /// A practice ceremony, or nobody has said yet.
    Practice,
    /// A ceremony that counts.
    Production,
}

/// The bundles of other ceremonies, as they lie on this machine.
pub struct BundleFolders;

impl Bundles for BundleFolders {
    fn request(&self, folder: &Path, request: Option<&str>) -> Result<BroughtRequest, Vec<String>> {
        brought_request(folder, request, MachineClock::start().now())
    }
}

/// The plan of a script.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn plan(path: &Path, held: Held, log: Option<&Path>) -> Result<Plan, Failure> {
    read(path, held, log, |file, octets, sources| Ok(Plan::read(file, octets, sources)?))
}

/// A site against what is certain of a script that has mistakes.
///
/// # Errors
///
/// Everything in which the site does not satisfy it.
pub fn judge_site(path: &Path, held: Held, log: Option<&Path>, site: &Whole<Site>) -> Result<(), Failure> {
    let mut problems = Problems::new(site.source.clone());
    read(path, held, log, |file, octets, sources| {
        if let Some(sketch) = Plan::sketch(file, octets, sources) {
            site.value.judge(&sketch.outline(), held != Held::Production, &mut problems);
        }
        Ok(())
    })?;
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// Reads a script with all that it comes from.
fn read<T>(
    path: &Path,
    held: Held,
    log: Option<&Path>,
    read: impl FnOnce(&str, &[u8], &Sources<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let earlier = log.filter(|log| log.join("log.jsonl").exists()).map(continued).transpose()?;
    let earlier = earlier.map(|continued| continued.ledger);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let library = Folder::beside(folder);
    let sources = Sources {
        library: &library,
        folder,
        rehearsal: held == Held::Rehearsal,
        practice: held != Held::Production,
        bundles: &BundleFolders,
        earlier,
        begun: false,
    };
    let none_there = log.filter(|_| sources.earlier.is_none());
    read(&path.display().to_string(), &octets(path)?, &sources).map_err(|failure| {
        let said = failure.messages().iter().any(|message| message.contains(NO_LOG));
        match none_there.filter(|_| said) {
            // It was named, and it is the wrong one.
            Some(log) => {
                failure.hint(format!("`{}` has no log: there is no `log.jsonl` in it", log.display()))
            }
            None => failure,
        }
    })
}

/// A log that is to be continued, read and checked whole.
///
/// # Errors
///
/// A [`Failure`] that says everything that is wrong with it.
pub fn continued(folder: &Path) -> Result<Continued, Failure> {
    Continued::read(folder).map_err(|error| match error {
        ContinueError::Wrong { wrong } => Failure::several(Turn::Refused, wrong)
            .hint("the log on this medium is not what the last ceremony left; compare other copies"),
        ContinueError::Storage(JournalError::Storage { path, doing, source }) => {
            failures::file(doing, &path, &source)
                .hint("name the ceremony-log folder: the one with `log.jsonl` in it")
        }
        other => Failure::because(Turn::Equipment, "the log could not be read", &other),
    })
}

/// Writes to standard output, or to a pipe that may be closed.
///
/// # Errors
///
/// A [`Failure`] if nobody reads.
pub fn print(out: &mut dyn std::io::Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::because(Turn::Equipment, "standard output could not be written", &error))
        }
        _ => Ok(()),
    }
}

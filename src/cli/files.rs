//! Reading what the command line names: scripts, sites and plans.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::failures;
use crate::failure::Failure;
use crate::plan::{Plan, Sources};
use crate::profile::BuiltIn;
use crate::script::MOST_OCTETS;

/// The octets of a file that people wrote.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read.
pub fn octets(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    // One octet more than the reader takes, so that it says what is wrong with a larger file.
    File::open(path)
        .and_then(|file| file.take(MOST_OCTETS as u64 + 1).read_to_end(&mut octets))
        .map_err(|error| failures::file("read", path, &error))?;
    Ok(octets)
}

/// The plan of a script.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn plan(path: &Path, rehearsal: bool) -> Result<Plan, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Ok(Plan::read(
        &path.display().to_string(),
        &octets(path)?,
        &Sources { library: &BuiltIn, folder, rehearsal },
    )?)
}

/// Writes to standard output, or to a pipe that may be closed.
///
/// # Errors
///
/// A [`Failure`] if nobody reads.
pub fn print(out: &mut dyn std::io::Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::because(
            crate::failure::Turn::Equipment,
            "standard output could not be written",
            &error,
        )),
        _ => Ok(()),
    }
}

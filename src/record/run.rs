//! A ceremony's own folder beside the log, `runs/<ceremony>`: everything that `resume` needs, and nothing secret.
//!
//! The rules of this file:
//! - The folder gets its name once everything is in it: it is whole, or it is not there and nothing was begun.
//! - What is in it goes by digest: `run.json` says what the plan and the site must be.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::{Together, create, storage, sync_folder};
use super::journal::Places;
use crate::digest::Digest;
use crate::stage::JournalError;

/// What a ceremony was begun as: `run.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The format, 1.
    pub v: u64,
    /// The ceremony's id.
    pub ceremony: String,
    /// Whether it is practice.
    pub practice: bool,
    /// Whether nobody but the program is in the room.
    pub rehearsal: bool,
    /// The output folder, by its whole path.
    pub out: String,
    /// The script's name, for messages.
    pub script: String,
    /// The script's digest.
    pub script_sha256: Digest,
    /// The plan's digest.
    pub plan_sha256: Digest,
    /// The site file's digest.
    pub site_sha256: Digest,
}

/// A file that is kept: its name, and what gives its octets; an input may be too large to be held.
pub type Kept<'k> = (String, Box<dyn Read + 'k>);

/// Begins a ceremony's folder: every file that is kept, then its name.
///
/// # Errors
///
/// [`JournalError::Begun`] if the ceremony has one; [`JournalError`] if something cannot be written.
pub fn begin(places: &Places, ceremony: &str, kept: Vec<Kept<'_>>) -> Result<(), JournalError> {
    let folder = places.run(ceremony);
    if folder.symlink_metadata().is_ok() {
        return Err(JournalError::Begun { ceremony: ceremony.to_owned() });
    }
    let part = unnamed(places, ceremony);
    // What an interruption left before it had its name: nothing was begun with it.
    if part.symlink_metadata().is_ok() {
        fs::remove_dir_all(&part).map_err(|error| storage(&part, "removed", error))?;
    }
    let mut together = Together::new();
    together.ensure_folder(&part)?;
    for inner in ["pending", "voided"] {
        together.ensure_folder(&part.join(inner))?;
    }
    for (name, mut octets) in kept {
        together.create_from(&part.join(name), &mut *octets)?;
    }
    together.sync()?;
    fs::rename(&part, &folder).map_err(|error| storage(&folder, "named", error))?;
    sync_folder(&folder)
}

/// The ceremony of a log that was begun and has not ended; the newest, if several were left.
///
/// # Errors
///
/// [`JournalError`] if the folder cannot be read.
pub fn unfinished(log: &Path) -> Result<Option<String>, JournalError> {
    let runs = log.join("runs");
    if !runs.is_dir() {
        return Ok(None);
    }
    let entries = fs::read_dir(&runs).map_err(|error| storage(&runs, "read", error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| storage(&runs, "read", error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let whole = !name.ends_with(UNNAMED) && path.join("run.json").is_file();
        if whole && !path.join(FINISHED).is_file() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found.pop())
}

/// The ceremony that finished last, by the log's runs; nothing if there is none.
pub fn finished(log: &Path) -> Option<String> {
    let entries = fs::read_dir(log.join("runs")).ok()?;
    let marked = entries.flatten().map(|entry| entry.path()).filter(|path| path.join(FINISHED).is_file());
    let newest = marked
        .max_by_key(|path| fs::metadata(path.join(FINISHED)).and_then(|found| found.modified()).ok())?;
    Some(newest.file_name()?.to_string_lossy().into_owned())
}

/// Says that a ceremony has ended and that everything of it is in its place.
///
/// # Errors
///
/// [`JournalError`] if it cannot be written.
pub fn finish(places: &Places, ceremony: &str) -> Result<(), JournalError> {
    let path = places.run(ceremony).join(FINISHED);
    if path.is_file() { Ok(()) } else { create(&path, b"") }
}

/// Reads `run.json`.
///
/// # Errors
///
/// [`JournalError::Lost`] if it is not one; [`JournalError::Storage`] if it cannot be read.
pub fn read(log: &Path, ceremony: &str) -> Result<Run, JournalError> {
    let path = log.join("runs").join(ceremony).join("run.json");
    let octets = fs::read(&path).map_err(|error| storage(&path, "read", error))?;
    let run: Run = serde_json::from_slice(&octets).map_err(|_| JournalError::lost(path.clone()))?;
    if run.v == 1 && run.ceremony == ceremony { Ok(run) } else { Err(JournalError::lost(path)) }
}

/// The folders that every log has.
///
/// # Errors
///
/// [`JournalError`] if one cannot be made.
pub fn make_log_folders(log: &Path) -> Result<(), JournalError> {
    let mut together = Together::new();
    together.ensure_folder(log)?;
    ["checkpoints", "runs"].iter().try_for_each(|folder| together.ensure_folder(&log.join(folder)))?;
    together.sync()
}

fn unnamed(places: &Places, ceremony: &str) -> PathBuf {
    places.log.join("runs").join(format!("{ceremony}{UNNAMED}"))
}

/// The folder of the texts that people sign in the room.
pub const TO_SIGN: &str = "to-sign";
/// Ids of ceremonies have no full stop.
const UNNAMED: &str = ".new";
/// Stands in the folder of a ceremony that has ended.
const FINISHED: &str = "finished";

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &Path) -> Places {
        make_log_folders(folder).unwrap();
        Places::of("c", true, folder, &folder.join("out"))
    }

    #[test]
    fn a_run_is_begun_once_and_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        begin(&places, "c", vec![("run.json".into(), Box::new(&b"{}"[..]))]).unwrap();
        assert!(places.run("c").join("pending").is_dir());
        assert!(matches!(begin(&places, "c", Vec::new()), Err(JournalError::Begun { .. })));
        assert_eq!(unfinished(folder.path()).unwrap().as_deref(), Some("c"));
        finish(&places, "c").unwrap();
        finish(&places, "c").unwrap();
        assert_eq!(unfinished(folder.path()).unwrap(), None);
        assert_eq!(finished(folder.path()).as_deref(), Some("c"));
    }

    #[test]
    fn what_has_no_name_yet_was_never_begun() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        fs::create_dir(unnamed(&places, "c")).unwrap();
        fs::write(unnamed(&places, "c").join("run.json"), b"{}").unwrap();
        assert_eq!(unfinished(folder.path()).unwrap(), None);
        begin(&places, "c", vec![("run.json".into(), Box::new(&b"{}"[..]))]).unwrap();
        assert_eq!(unfinished(folder.path()).unwrap().as_deref(), Some("c"));
        assert!(!unnamed(&places, "c").exists());
    }

    #[test]
    fn a_run_that_says_another_name_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        begin(&places, "c", vec![("run.json".into(), Box::new(&b"{}"[..]))]).unwrap();
        assert!(matches!(read(folder.path(), "c"), Err(JournalError::Lost { .. })));
        assert!(matches!(read(folder.path(), "d"), Err(JournalError::Storage { .. })));
    }
}

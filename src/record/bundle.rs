//! The bundle: what goes to the online CA and the auditor, made from the closed log and the stored artifacts.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use ceremony_log::consistency::Consistency;
use ceremony_log::note::Note;
use ceremony_log::proof::Proof;

use super::file::{Together, clear_parts, ensure, storage};
use super::journal::{LogFolder, Places, Stored};
use super::witnesses::with_cosignatures;
use super::{report, run, summary};
use crate::digest::Digest;
use crate::stage::{Head, JournalError};

/// Completes the bundle and the output folder of a closed ceremony and says that it has ended.
///
/// # Errors
///
/// As `complete`.
pub fn finish(log: &LogFolder) -> Result<(), JournalError> {
    complete(log)?;
    // What a list was while it was written; after an interruption one may be left.
    for folder in ["pending", "signed"] {
        clear_parts(&log.places().run(log.ceremony()).join(folder))?;
    }
    run::finish(log.places(), log.ceremony())
}

/// Completes the bundle and the output folder of a closed ceremony: the log as long as its closing head says, that head and
/// policy, one proof for each artifact, the report, and last the summary. All of it is made from what is stored, so that
/// an interrupted end is made again from its beginning, with the same octets.
///
/// # Errors
///
/// [`JournalError`] if something else is in one of these places, or cannot be written.
pub(super) fn complete(log: &LogFolder) -> Result<(), JournalError> {
    let (head, closing) = closing_head(log)?;
    let head = with_cosignatures(&log.places().log, head, closing.size)?;
    let bundle = log.places().bundle.clone();
    let from = log.places().log.clone();
    let octets = first_lines(read(&from.join("log.jsonl"))?, closing.size);
    let mut files = Together::new();
    files.ensure(&bundle.join("log.jsonl"), &octets)?;
    files.ensure(&bundle.join("checkpoint"), head.to_string().as_bytes())?;
    files.ensure(&bundle.join("policy"), &read(&from.join("policy"))?)?;
    let start = Consistency::new(0, Vec::new(), head.clone());
    files.ensure(&bundle.join("consistency"), start.to_string().as_bytes())?;
    let lines = named_lines(&octets, log.stored())?;
    for stored in log.stored() {
        let sha256 = stored.artifact.sha256;
        let octets = proof(log, stored, &lines, closing.size, &head)?;
        files.ensure(&bundle.join("proofs").join(format!("{sha256}.tlog-proof")), octets.as_bytes())?;
    }
    let out = &log.places().out;
    files.ensure(&out.join("report.md"), report::markdown::report(&octets, log.origin())?.as_bytes())?;
    files.sync()?;
    ensure(&out.join("summary.json"), &summary::summary(log, closing)?)
}

/// Every file that is handed over, by its name below the output folder.
pub(super) fn files(log: &LogFolder) -> Result<Vec<(String, PathBuf)>, JournalError> {
    let Places { out, bundle, .. } = log.places();
    let mut folders = vec![bundle.clone()];
    // What is sealed is there for a medium of its own.
    folders.extend(log.places().rendering_folders().iter().map(|folder| out.join(folder)));
    let mut found = vec![out.join("report.md"), out.join("summary.json")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| storage(&folder, "read", error))? {
            let path = entry.map_err(|error| storage(&folder, "read", error))?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    let name = |path: &PathBuf| path.strip_prefix(out).unwrap_or(path).to_string_lossy().into_owned();
    Ok(found.into_iter().map(|path| (name(&path), path)).collect())
}

/// The head that closed the ceremony: the first one that was signed over its closing record. The log may have gone on since.
pub(super) fn closing_head(log: &LogFolder) -> Result<(Note, Head), JournalError> {
    let unsigned = || JournalError::Record { why: "the log is closed without a signed head".into() };
    let closed_at = log.closed_at.ok_or_else(unsigned)?;
    let folder = log.places().log.join("checkpoints");
    let entries = fs::read_dir(&folder).map_err(|error| storage(&folder, "read", error))?;
    let sizes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    let size = sizes.filter(|size| *size > closed_at).min().ok_or_else(unsigned)?;
    let path = folder.join(size.to_string());
    let lost = || JournalError::lost(path.clone());
    let note = Note::parse(&read(&path)?).map_err(|_| lost())?;
    let root = log.levels().root(size).ok_or_else(lost)?;
    Ok((note, Head { size, root: Digest::from_octets(*root.octets()) }))
}

/// So many lines of a log.
pub(super) fn first_lines(mut log: Vec<u8>, count: u64) -> Vec<u8> {
    let ends = log.iter().enumerate().filter(|(_, octet)| **octet == b'\n').map(|(place, _)| place + 1);
    let last = usize::try_from(count).ok().and_then(|count| count.checked_sub(1));
    let end = last.and_then(|last| ends.clone().nth(last)).unwrap_or(0);
    log.truncate(end);
    log
}

/// The lines that name artifacts, by their number.
fn named_lines(log: &[u8], stored: &[Stored]) -> Result<BTreeMap<u64, Vec<u8>>, JournalError> {
    let mut lines = BTreeMap::new();
    for (seq, line) in (0_u64..).zip(BufReader::new(log).split(b'\n')) {
        if stored.iter().any(|stored| stored.seq == Some(seq)) {
            lines.insert(seq, line.map_err(|error| storage(Path::new("log.jsonl"), "read", error))?);
        }
    }
    Ok(lines)
}

/// The proof that an artifact's record is in the log.
fn proof(
    log: &LogFolder,
    stored: &Stored,
    lines: &BTreeMap<u64, Vec<u8>>,
    size: u64,
    head: &Note,
) -> Result<String, JournalError> {
    let missing =
        || JournalError::Record { why: format!("artifact `{}` has no record", stored.artifact.name) };
    let seq = stored.seq.ok_or_else(missing)?;
    let path = log.levels().inclusion(seq, size).ok_or_else(missing)?;
    let line = lines.get(&seq).ok_or_else(missing)?;
    Ok(Proof::new(line, seq, path, head.clone()).to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, JournalError> {
    fs::read(path).map_err(|error| storage(path, "read", error))
}

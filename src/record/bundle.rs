//! The bundle: what goes to the online CA and the auditor, made from the closed log and the stored artifacts.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use ceremony_log::consistency::Consistency;
use ceremony_log::note::Note;
use ceremony_log::proof::Proof;

use super::file::{Together, clear_parts, ensure, storage};
use super::journal::{LogFolder, Stored};
use super::{report, run, summary};
use crate::stage::{Journal as _, JournalError};

/// Completes the bundle and the output folder of a closed ceremony: the log as long as its head says, its head and
/// policy, one proof for each artifact, the report, and last the summary. All of it is made from what is stored, so that
/// an interrupted end is made again from its beginning, with the same octets.
///
/// # Errors
///
/// [`JournalError`] if something else is in one of these places, or cannot be written.
pub fn finish(log: &LogFolder) -> Result<(), JournalError> {
    let unsigned = || JournalError::Record { why: "the log is closed without a signed head".into() };
    let head = log.signed_head().ok_or_else(unsigned)?.clone();
    let bundle = log.places().bundle.clone();
    let from = log.places().log.clone();
    let octets = read(&from.join("log.jsonl"))?;
    let mut files = Together::new();
    files.ensure(&bundle.join("log.jsonl"), &octets)?;
    files.ensure(&bundle.join("checkpoint"), head.to_string().as_bytes())?;
    files.ensure(&bundle.join("policy"), &read(&from.join("policy"))?)?;
    let size = log.head().size;
    let start = Consistency::new(0, Vec::new(), head.clone());
    files.ensure(&bundle.join("consistency"), start.to_string().as_bytes())?;
    let lines = named_lines(&octets, log.stored())?;
    for stored in log.stored() {
        let sha256 = stored.artifact.sha256;
        let octets = proof(log, stored, &lines, size, &head)?;
        files.ensure(&bundle.join("proofs").join(format!("{sha256}.tlog-proof")), octets.as_bytes())?;
    }
    let out = &log.places().out;
    files.ensure(&out.join("report.md"), report::markdown::report(&octets, log.origin())?.as_bytes())?;
    files.sync()?;
    ensure(&out.join("summary.json"), &summary::summary(log)?)?;
    // What a list was while it was written; after an interruption one may be left.
    for folder in ["pending", "signed"] {
        clear_parts(&log.places().run(log.ceremony()).join(folder))?;
    }
    run::finish(log.places(), log.ceremony())
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

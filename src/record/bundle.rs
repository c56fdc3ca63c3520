//! The bundle: what goes to the online CA and the auditor, made from the closed log and the stored artifacts.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use ceremony_log::consistency::Consistency;
use ceremony_log::note::Note;
use ceremony_log::proof::Proof;

use super::file::{create, storage};
use super::journal::{LogFolder, Stored};
use super::{report, summary};
use crate::stage::{Journal as _, JournalError};

/// Completes the bundle and the output folder of a closed ceremony: the log as long as its head says, its head and
/// policy, one proof for each artifact, the report, and last the summary.
///
/// # Errors
///
/// [`JournalError`] if any of it is there already or cannot be written.
pub fn finish(log: &LogFolder) -> Result<(), JournalError> {
    let unsigned = || JournalError::Record { why: "the log is closed without a signed head".into() };
    let head = log.signed_head().ok_or_else(unsigned)?.clone();
    let bundle = log.places().bundle.clone();
    let from = log.places().log.clone();
    let octets = read(&from.join("log.jsonl"))?;
    create(&bundle.join("log.jsonl"), &octets)?;
    create(&bundle.join("checkpoint"), head.to_string().as_bytes())?;
    create(&bundle.join("policy"), &read(&from.join("policy"))?)?;
    let size = log.head().size;
    let start = Consistency::new(0, Vec::new(), head.clone());
    create(&bundle.join("consistency"), start.to_string().as_bytes())?;
    let lines = named_lines(&octets, log.stored())?;
    for stored in log.stored() {
        let sha256 = stored.artifact.sha256;
        let octets = proof(log, stored, &lines, size, &head)?;
        create(&bundle.join("proofs").join(format!("{sha256}.tlog-proof")), octets.as_bytes())?;
    }
    let out = &log.places().out;
    create(&out.join("report.md"), report::markdown::report(&octets, log.origin())?.as_bytes())?;
    create(&out.join("summary.json"), &summary::summary(log)?)
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

//! A log that goes on: read whole, checked whole, and opened for the next ceremony.

use std::fs::{File, OpenOptions};
use std::io::BufReader;
use std::path::Path;

use ceremony_log::code::{Code, Finding};
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::Note;
use ceremony_log::policy::{Policy, Window, policy_text};
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::tree::{Hash, Levels};
use ceremony_log::verify::scan;
use thiserror::Error;

use super::file::{open_own, storage};
use super::memory::{LogKeyPlace, Memory};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::plan::Ledger;
use crate::stage::{Head, JournalError};

/// A log of earlier ceremonies, checked: canonical lines, chain, tree, a head signed by the log's own key over
/// exactly these lines, nothing left open.
pub struct Continued {
    /// The log's name.
    pub origin: String,
    /// Whether it is a practice log.
    pub practice: bool,
    /// Its head.
    pub head: Head,
    /// What it says of earlier ceremonies.
    pub ledger: Ledger,
    /// The ceremonies in it.
    pub ceremonies: Vec<String>,
    /// Where its key is.
    pub log_key: LogKeyPlace,
    pub(super) verifier: VerifierKey,
    pub(super) levels: Levels,
    pub(super) last: Hash,
    /// When its last record was written.
    pub last_at: Timestamp,
    pub(super) octets: u64,
    pub(super) note: Note,
}

impl Continued {
    /// Reads and checks the log in a folder.
    ///
    /// # Errors
    ///
    /// [`ContinueError`]: what is wrong with it, all of it.
    pub fn read(folder: &Path) -> Result<Self, ContinueError> {
        let path = folder.join("log.jsonl");
        let file =
            File::open(&path).map_err(|error| ContinueError::Storage(storage(&path, "read", error)))?;
        let octets =
            file.metadata().map_err(|error| ContinueError::Storage(storage(&path, "read", error)))?.len();
        let (mut levels, mut memory, mut state) = (Levels::new(), Memory::default(), State::new());
        let mut ceremonies = Vec::new();
        let mut last = Hash::ZERO;
        let read = scan(&mut BufReader::new(file), &mut |entry| {
            levels.push(entry.leaf);
            last = entry.leaf;
            memory.learn(entry.record);
            state.follow(entry.record);
            note_ceremony(entry.record, &mut ceremonies);
        });
        let read = read.map_err(|error| ContinueError::Storage(storage(&path, "read", error)))?;
        memory.look_into(folder);
        let mut wrong: Vec<String> = read.findings.list.iter().map(ToString::to_string).collect();
        if read.torn > 0 {
            wrong.push(format!("E120 the last line is torn: {} octets follow the last line feed", read.torn));
        }
        wrong.extend(
            state
                .finish()
                .list
                .iter()
                // A ceremony that was aborted is over: the next one can begin.
                .filter(|finding| finding.code.is_error() && finding.code != Code::E151)
                .map(ToString::to_string),
        );
        let (Some(genesis), Some(log_key)) = (read.genesis, memory.log_key) else {
            wrong.push("the log has no genesis or no key".into());
            return Err(ContinueError::Wrong { wrong });
        };
        let last_at = read.last.and_then(|record| Timestamp::from_seconds(record.at.seconds()));
        let last_at = last_at.unwrap_or(Timestamp::FIRST);
        memory.ledger.last_at = Some(last_at);
        memory.ledger.log_token = Some(log_key.token.clone());
        let head = Head { size: levels.size(), root: Digest::from_octets(*read.tree.root().octets()) };
        let (verifier, note, _) = signed_head(folder, &genesis.origin, &log_key, &levels, true, &mut wrong)?;
        if !wrong.is_empty() {
            return Err(ContinueError::Wrong { wrong });
        }
        Ok(Self {
            origin: genesis.origin,
            practice: genesis.practice,
            head,
            ledger: memory.ledger,
            ceremonies,
            log_key,
            verifier,
            levels,
            last,
            last_at,
            octets,
            note,
        })
    }

    /// The log key's SubjectPublicKeyInfo.
    pub fn log_key_spki(&self) -> Vec<u8> {
        spki(&self.verifier)
    }

    /// Opens the log for appending, for this program alone, and as it was when it was read.
    pub(super) fn take_alone(&self, folder: &Path) -> Result<File, JournalError> {
        let path = folder.join("log.jsonl");
        let opened = open_own(&path, OpenOptions::new().append(true));
        let log = opened.map_err(|error| storage(&path, "opened", error))?;
        super::journal::take_alone(&log, &path)?;
        let octets = log.metadata().map_err(|error| storage(&path, "read", error))?.len();
        if octets == self.octets { Ok(log) } else { Err(JournalError::InUse { path }) }
    }
}

/// A log key's SubjectPublicKeyInfo.
pub(super) fn spki(verifier: &VerifierKey) -> Vec<u8> {
    match verifier.kind() {
        KeyKind::Ed25519 => [&super::journal::ED25519_PREFIX[..], verifier.key()].concat(),
        _ => verifier.key().to_vec(),
    }
}

/// The newest head and its size, and that the log's key signed it over these lines: `whole`, over exactly these;
/// otherwise over the first of them.
pub(super) fn signed_head(
    folder: &Path,
    origin: &str,
    place: &LogKeyPlace,
    levels: &Levels,
    whole: bool,
    wrong: &mut Vec<String>,
) -> Result<(VerifierKey, Note, u64), ContinueError> {
    let path = folder.join("checkpoint");
    let octets =
        std::fs::read(&path).map_err(|error| ContinueError::Storage(storage(&path, "read", error)))?;
    let refuse = |fault: &dyn ToString| ContinueError::Wrong { wrong: vec![fault.to_string()] };
    let verifier: VerifierKey = place.vkey.parse().map_err(|fault| refuse(&fault))?;
    let note = Note::parse(&octets).map_err(|fault| refuse(&fault))?;
    // A head of before the key was replaced is its predecessor's.
    let keys = [vec![verifier.clone()], place.former_keys()].concat();
    let policy = policy_text(&keys, &[], 0).map_err(|fault| refuse(&fault))?;
    let wrong_all = |findings: Vec<Finding>| ContinueError::Wrong {
        wrong: findings.iter().map(ToString::to_string).collect(),
    };
    let policy = Policy::parse(policy.as_bytes()).map_err(wrong_all)?;
    let mut size = 0;
    match policy.judge(&note, &Window::at(0)) {
        Ok(signed) => {
            let said = signed.checkpoint();
            if said.origin != origin {
                wrong.push(format!("E111 the head is of `{}`, the log of `{origin}`", said.origin));
            }
            size = said.size;
            if said.size > place.since && !signed.log_keys().contains(&verifier) {
                wrong.push(format!(
                    "E109 the head over {size} records is by a key that was replaced before it"
                ));
            }
            let same = levels.root(said.size).is_some_and(|root| root.octets() == said.root.octets());
            if said.size > levels.size() {
                wrong.push(format!(
                    "E132 the head is over {} records, the log has {}",
                    said.size,
                    levels.size()
                ));
            } else if !same {
                wrong.push(format!("E133 the head over {} records is not of these records", said.size));
            } else if whole && said.size != levels.size() {
                wrong.push(format!(
                    "E130 the head is over {} records, the log has {}; an interrupted ceremony has to be resumed first",
                    said.size,
                    levels.size()
                ));
            }
        }
        Err(findings) => wrong.extend(findings.iter().map(ToString::to_string)),
    }
    Ok((verifier, note, size))
}

fn note_ceremony(record: &Record, ceremonies: &mut Vec<String>) {
    if ceremonies.last() != Some(&record.cer) && record.cer != "-" {
        ceremonies.push(record.cer.clone());
    }
}

/// Why a log cannot be continued.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContinueError {
    /// It cannot be read.
    #[error(transparent)]
    Storage(JournalError),
    /// It is not as it should be.
    #[error("the log cannot be continued: {}", wrong.join("; "))]
    Wrong {
        /// Everything that is wrong with it.
        wrong: Vec<String>,
    },
}

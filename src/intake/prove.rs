//! One artifact, proven without the rest: made from a log that was read whole, judged with nothing but a policy.
//!
//! Sources: C2SP tlog-proof; ceremony-log/v1 §1.

use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Finding, Place};
use ceremony_log::index::Index;
use ceremony_log::json::{Object, Value};
use ceremony_log::key::VerifierKey;
use ceremony_log::lines::FirstLines;
use ceremony_log::note::{self, Note};
use ceremony_log::policy::{Policy, Window};
use ceremony_log::proof::{Proof, ProvenLine};
use ceremony_log::record::Record;
use ceremony_log::verify::{Practice, VerifyError, verify};
use thiserror::Error;

use super::folder::Folder;
use super::log::{Trust, policy};
use super::report::Report;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A log that proofs are made from: read whole, and exactly what its head says.
pub struct Prover {
    log: PathBuf,
    file: std::fs::File,
    index: Index,
    note: Note,
    head: Checkpoint,
    log_keys: Vec<VerifierKey>,
}

impl Prover {
    /// Reads the log in a folder, a bundle or the ceremonies' own, as far as its head goes.
    ///
    /// # Errors
    ///
    /// [`ProveError::Refused`] with everything that is wrong with head or lines; [`ProveError::Storage`] if something cannot be
    /// read.
    pub fn read(log: &Path, trust: &Trust, now: Timestamp) -> Result<Self, ProveError> {
        let storage = |name: &str| {
            let path = log.join(name);
            move |source| ProveError::Storage { path, source }
        };
        let folder = Folder::open(log).map_err(storage(""))?;
        let octets = folder.read("checkpoint", note::MOST_OCTETS as u64).map_err(storage("checkpoint"))?;
        let note = Note::parse(&octets).map_err(|fault| vec![fault.at(Place::Checkpoint)])?;
        let mut report = Report::new();
        let Some(policy) = policy(&folder, trust, &mut report) else {
            let missing = || vec![Finding::new(Code::E141, Place::Policy, "it is missing")];
            let found = report.findings().to_vec();
            return Err(if found.is_empty() { missing() } else { found }.into());
        };
        let head = policy.judge(&note, &Window::at(now.seconds()))?;
        let (checkpoint, log_keys) = (head.checkpoint().clone(), head.log_keys().to_vec());
        let file = folder.file("log.jsonl").map_err(storage("log.jsonl"))?;
        let again = file.try_clone().map_err(storage("log.jsonl"))?;
        let mut lines = FirstLines::new(BufReader::with_capacity(64 * 1024, file), checkpoint.size);
        let mut index = Index::new();
        match verify(&mut lines, head, None, Practice::Warn, &mut |entry| index.follow(entry)) {
            Ok(_) => Ok(Self { log: log.to_owned(), file: again, index, note, head: checkpoint, log_keys }),
            Err(VerifyError::Refused(findings)) => {
                let refusing = |finding: &Finding| finding.code.is_error();
                Err(findings.list.into_iter().filter(refusing).collect::<Vec<_>>().into())
            }
            Err(VerifyError::Read(source)) => Err(storage("log.jsonl")(source)),
            Err(_) => Err(storage("log.jsonl")(io::ErrorKind::Other.into())),
        }
    }

    /// The head that proofs lead to.
    pub const fn head(&self) -> &Checkpoint {
        &self.head
    }

    /// The head with its signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The keys of the log that signed it.
    pub fn log_keys(&self) -> &[VerifierKey] {
        &self.log_keys
    }

    /// The hashes of the log, and where its lines are.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The log's file, at no place in particular.
    pub(super) const fn file(&self) -> &std::fs::File {
        &self.file
    }

    /// The record that names an artifact, first.
    pub fn artifact(&self, sha256: Digest) -> Option<u64> {
        self.index.artifact(sha256.octets())
    }

    /// The proof of one record, and what it says.
    ///
    /// # Errors
    ///
    /// [`ProveError::NoRecord`] if the head has no such record; [`ProveError::Storage`] if it cannot be read again.
    pub fn prove(&mut self, seq: u64) -> Result<(Proof, Record), ProveError> {
        let none = || ProveError::NoRecord { seq, size: self.head.size };
        let place = self.index.place(seq).filter(|_| seq < self.head.size).ok_or_else(none)?;
        let path = self.log.join("log.jsonl");
        let storage = |source| ProveError::Storage { path: path.clone(), source };
        let mut line = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.start)).map_err(storage)?;
        file.take(place.end - place.start).read_to_end(&mut line).map_err(storage)?;
        let changed = || storage(io::Error::other("it changed while it was read"));
        let proof = self.index.proof(seq, &line, self.head.size, self.note.clone()).ok_or_else(changed)?;
        let record = Record::parse(&line).map_err(|_| changed())?;
        Ok((proof, record))
    }
}

/// What a proof is to prove.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// The artifact, by its octets.
    pub artifact: Option<Digest>,
    /// The list that names it, where the record names only the list: one digest in hex on each line.
    pub list: Option<Vec<u8>>,
}

/// Judges a proof by nothing but a policy: the record that it proves, if nothing is wrong.
///
/// # Errors
///
/// Everything that is wrong: E101 to E113 for policy and head, E144 for the proof, E140 for an artifact that its record does not
/// name; those of the record.
pub fn verify_proof(
    proof: &[u8],
    policy: &[u8],
    claim: &Claim,
    now: Timestamp,
) -> Result<ProvenLine, Vec<Finding>> {
    let place = || Place::File("proof".to_owned());
    let policy = Policy::parse(policy);
    let parsed = Proof::parse(proof).map_err(|fault| vec![fault.at(place())]);
    let (policy, parsed) = match (policy, parsed) {
        (Ok(policy), Ok(parsed)) => (policy, parsed),
        (policy, parsed) => {
            return Err([policy.err(), parsed.err()].into_iter().flatten().flatten().collect());
        }
    };
    let proven = parsed.verify(&policy, &Window::at(now.seconds()))?;
    match claim.artifact.map(|artifact| names(proven.record(), artifact, claim.list.as_deref())) {
        Some(Err(why)) => Err(vec![Finding::new(Code::E140, place(), why)]),
        _ => Ok(proven),
    }
}

/// Whether a record names an artifact, itself or by a list.
fn names(record: &Record, artifact: Digest, list: Option<&[u8]>) -> Result<(), String> {
    let digest = |object: &Object, key: &str| object.str(key)?.parse::<Digest>().ok();
    let of = |member: &str, key: &str| {
        record.data.get(member).and_then(Value::as_object).and_then(|object| digest(object, key))
    };
    let named = of("artifact", "sha256");
    if named == Some(artifact) {
        return Ok(());
    }
    let listed = of("batch", "list_sha256").or(named);
    let Some(list) = list else {
        let found = named.map_or_else(|| "no artifact".to_owned(), |named| named.to_string());
        let batch =
            if record.data.get("batch").is_some() { "; it names a list: say which with --list" } else { "" };
        return Err(format!("record {} names {found}; wanted {artifact}{batch}", record.seq));
    };
    let found = Digest::of(list);
    if listed != Some(found) {
        return Err(format!("record {} does not name the list with the SHA-256 {found}", record.seq));
    }
    let text = artifact.to_string();
    let is_member = list.split(|octet| *octet == b'\n').any(|line| line == text.as_bytes());
    if is_member { Ok(()) } else { Err(format!("the list does not have {artifact}")) }
}

/// Why nothing is proven.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProveError {
    /// A file cannot be read.
    #[error("`{}`", path.display())]
    Storage {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Head or log are not good.
    #[error("the log is refused: {}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// Everything that is wrong.
        findings: Vec<Finding>,
    },
    /// There is no such record.
    #[error("there is no record {seq}; the head is over {size}, counted from 0")]
    NoRecord {
        /// Which was wanted.
        seq: u64,
        /// How many there are.
        size: u64,
    },
}

impl From<Vec<Finding>> for ProveError {
    fn from(findings: Vec<Finding>) -> Self {
        Self::Refused { findings }
    }
}

//! A log that came over the air: a folder of the receiver's own, which grows with every checkpoint that is received.
//!
//! The rules of this file:
//! - Nothing is kept of a checkpoint before the log's signature over it was verified, every record up to it was read, and
//!   what was received before was seen to be its beginning.
//! - What is kept is only ever added to, and is on the disk before anybody is told.
//! - The log's key is the one of a policy that was named, or the one that the log itself named when it was received first: then
//!   people compare its words. It is never another one afterwards.
//! - A head that does not continue what is here, but has the log's good signature, proves a fork: it is kept beside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Fault, Finding, Place};
use ceremony_log::key::VerifierKey;
use ceremony_log::note::Note;
use ceremony_log::policy::{Policy, SignedHead, Window, policy_text};
use ceremony_log::record::Record;
use ceremony_log::tree::{Hash, Tree};
use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use super::log::Trust;
use super::open_log;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::record::file::{JournalError, Together, create, create_folder, ensure, supersede};
use crate::relay::{LogId, Sequence};

/// A folder that a log is received into. Other programs read it as a log's folder.
#[derive(Debug)]
pub struct Received {
    folder: PathBuf,
    /// The lines; held alone as long as this is.
    log: File,
    head: Option<(Note, Checkpoint)>,
    /// How many octets of the lines the head is over.
    vouched: u64,
}

/// A checkpoint that was received.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The keys of the log that signed it.
    pub log_keys: Vec<VerifierKey>,
    /// How many records were here before.
    pub before: u64,
    /// The records that are new.
    pub records: Vec<Record>,
    /// Whether the log's key was taken from the log itself, now for the first time.
    pub first_use: bool,
    /// Whether the checkpoint, with these signatures or more, was here already.
    pub known: bool,
    /// Why the policy's quorum of witnesses is not there yet; nothing if it is, or the policy wants none.
    pub no_quorum: Option<Finding>,
    /// What does not refuse the log but should be looked at.
    pub warnings: Vec<Finding>,
}

impl Received {
    /// Opens a folder that a log was received into, or makes one.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Foreign`] for a folder of something else; [`ReceiveError`] if it is in use, damaged or cannot be made.
    pub fn open(folder: &Path) -> Result<Self, ReceiveError> {
        let storage = |path: &Path| {
            let path = path.to_owned();
            move |source| ReceiveError::Storage { path, source }
        };
        let mark = folder.join("received");
        if !mark.is_file() {
            match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
                Ok(true) => {}
                Ok(false) => return Err(ReceiveError::Foreign { folder: folder.to_owned() }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => create_folder(folder)?,
                Err(error) => return Err(storage(folder)(error)),
            }
            create(&mark, MARK)?;
        }
        let path = folder.join("log.jsonl");
        let log =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(storage(&path))?;
        flock(&log, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| ReceiveError::InUse { folder: folder.to_owned() })?;
        let mut together = Together::new();
        together.ensure_folder(&folder.join("checkpoints"))?;
        together.sync()?;
        let mut received = Self { folder: folder.to_owned(), log, head: None, vouched: 0 };
        received.recall()?;
        Ok(received)
    }

    /// The head that was received last.
    pub fn head(&self) -> Option<&Checkpoint> {
        self.head.as_ref().map(|(_, checkpoint)| checkpoint)
    }

    /// Which log it is, once something of it was received.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Storage`] if the folder cannot be read.
    pub fn log(&self) -> Result<Option<LogId>, ReceiveError> {
        if self.head.is_none() {
            return Ok(None);
        }
        let mut line = Vec::new();
        BufReader::new(self.lines(self.vouched)?)
            .read_until(b'\n', &mut line)
            .map_err(|source| self.storage(source))?;
        Ok(Some(LogId::of_first_line(&line)))
    }

    /// Judges a checkpoint with its records and keeps it. `follow` is not told of anything that was not kept.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Gap`] if records between what is here and what came are missing; [`ReceiveError::Refused`] with
    /// everything that is wrong.
    pub fn take(
        &mut self,
        sequence: &Sequence,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Taken, ReceiveError> {
        let note = Note::parse(&sequence.note).map_err(form)?;
        let (policy, own) = self.policy(trust, sequence)?;
        let window = Window::at(now.seconds());
        let (head, no_quorum) = signed_head(&note, &policy, &window)?;
        let said = head.checkpoint().clone();
        let have = self.head().cloned();
        let before = have.as_ref().map_or(0, |have| have.size);
        if sequence.old > before {
            return Err(ReceiveError::Gap { have: before, old: sequence.old, size: said.size });
        }
        let count = sequence.count();
        if sequence.old.checked_add(count) != Some(said.size) {
            let message = format!("{count} records from {} on; the head is over {}", sequence.old, said.size);
            return Err(refused(Finding::new(Code::E130, Place::Log, message)));
        }
        let whole = self.whole(sequence, have.as_ref(), &said)?;
        let earlier = have.as_ref().filter(|have| have.size <= said.size);
        let mut records = Vec::new();
        let mut follow = |record: &Record| {
            if record.seq >= before {
                records.push(record.clone());
            }
        };
        let report = open_log::judge(&mut &whole[..], &head, earlier, &mut follow)
            .map_err(|source| self.storage(source))?;
        if report.refuses() || report.unreported() > 0 {
            return Err(self.refusal(sequence, &said, report.findings().to_vec())?);
        }
        let warnings = report.findings().to_vec();
        let known = self.knows(&note, &said);
        if !known {
            self.keep(&whole, &note, &said, own.as_deref())?;
        }
        let first_use = own.is_some() && matches!(trust, Trust::OwnPolicy);
        let log_keys = head.log_keys().to_vec();
        Ok(Taken { checkpoint: said, log_keys, before, records, first_use, known, no_quorum, warnings })
    }

    /// The policy to judge by, and its octets if it is to be kept.
    fn policy(&self, trust: &Trust, sequence: &Sequence) -> Result<(Policy, Option<Vec<u8>>), ReceiveError> {
        let path = self.folder.join("policy");
        let kept = match fs::read(&path) {
            Ok(octets) => Some(octets),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(ReceiveError::Storage { path, source }),
        };
        let parse = |octets: &[u8]| Policy::parse(octets).map_err(ReceiveError::of);
        match (trust, kept) {
            (Trust::Pinned(octets), None) => Ok((parse(octets)?, Some(octets.clone()))),
            (Trust::Pinned(octets), Some(_)) => Ok((parse(octets)?, None)),
            (Trust::OwnPolicy, Some(octets)) => Ok((parse(&octets)?, None)),
            (Trust::OwnPolicy, None) => {
                let text = policy_text(&named_keys(sequence), &[], 0).map_err(form)?;
                Ok((parse(text.as_bytes())?, Some(text.into_bytes())))
            }
        }
    }

    /// The lines up to a head: what is here up to where the sequence goes on, and the sequence's own.
    fn whole(
        &self,
        sequence: &Sequence,
        have: Option<&Checkpoint>,
        said: &Checkpoint,
    ) -> Result<Vec<u8>, ReceiveError> {
        let mut stored = Vec::new();
        self.lines(self.vouched)?.read_to_end(&mut stored).map_err(|source| self.storage(source))?;
        let whole = [first(&stored, sequence.old), &sequence.lines].concat();
        match have.and_then(|have| fork(&stored, have, &whole, said)) {
            Some(message) => {
                Err(self.refusal(sequence, said, vec![Finding::new(Code::E133, Place::Log, message)])?)
            }
            None => Ok(whole),
        }
    }

    /// Whether a head with these signatures is here already.
    fn knows(&self, note: &Note, said: &Checkpoint) -> bool {
        let Some((kept, have)) = &self.head else { return false };
        let adds = || note.signatures().iter().any(|line| !kept.signatures().contains(line));
        let loses = || kept.signatures().iter().any(|line| !note.signatures().contains(line));
        // A newer one is taken for the same head only if it has all signatures of the one that is here, and more.
        said.size < have.size || (said.size == have.size && (!adds() || loses()))
    }

    /// Keeps a head with its records. Killed at any point, what is here is good, and the same checkpoint completes it.
    fn keep(
        &mut self,
        whole: &[u8],
        note: &Note,
        said: &Checkpoint,
        policy: Option<&[u8]>,
    ) -> Result<(), ReceiveError> {
        if let Some(octets) = policy {
            ensure(&self.folder.join("policy"), octets)?;
        }
        // What an interruption left behind the last head has to be a part of what comes now.
        let mut left = Vec::new();
        self.lines(u64::MAX)?.read_to_end(&mut left).map_err(|source| self.storage(source))?;
        let more = match whole.strip_prefix(&left[..]) {
            Some(more) => more,
            None if left.starts_with(whole) => &[],
            None => {
                let path = self.folder.join("log.jsonl");
                let why = "the records behind the last head, which an interruption left, are not those that came now";
                return Err(ReceiveError::Damaged { path, why });
            }
        };
        let octets = note.to_string().into_bytes();
        let own = self.folder.join("checkpoints").join(said.size.to_string());
        if !own.exists() {
            create(&own, &octets)?;
        }
        (&self.log)
            .write_all(more)
            .and_then(|()| self.log.sync_data())
            .map_err(|source| self.storage(source))?;
        supersede(&self.folder.join("checkpoint"), &octets)?;
        self.vouched = whole.len() as u64;
        self.head = Some((note.clone(), said.clone()));
        Ok(())
    }

    /// Why a checkpoint with a good signature is refused; where it does not continue what is here, it is kept as evidence.
    fn refusal(
        &self,
        sequence: &Sequence,
        said: &Checkpoint,
        findings: Vec<Finding>,
    ) -> Result<ReceiveError, ReceiveError> {
        // Lines that are not the head's (E131) are a broken copy: they say nothing of what the head continues.
        let splits = |finding: &Finding| matches!(finding.code, Code::E132 | Code::E133);
        let Some(have) = self.head().filter(|_| findings.iter().any(splits)) else {
            return Ok(ReceiveError::of(findings));
        };
        let octets =
            [format!("old {}\n", sequence.old).as_bytes(), &sequence.lines, b"\n", &sequence.note].concat();
        let folder = self.folder.join("refused");
        let mut together = Together::new();
        together.ensure_folder(&folder)?;
        together.sync()?;
        let path = folder.join(format!("{}-{}", said.size, Digest::of(&octets)));
        ensure(&path, &octets)?;
        let own = Some(Box::new(have.clone()));
        Ok(ReceiveError::Refused { findings, own, offered: Some(Box::new(said.clone())), kept: Some(path) })
    }

    /// Reads the head of last time, and whether the lines are those that it is over.
    fn recall(&mut self) -> Result<(), ReceiveError> {
        let path = self.folder.join("checkpoint");
        let octets = match fs::read(&path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(ReceiveError::Storage { path, source }),
        };
        let damaged = |why| ReceiveError::Damaged { path: path.clone(), why };
        let note = Note::parse(&octets).map_err(|_| damaged("it is no checkpoint"))?;
        let head: Checkpoint = note.text().parse().map_err(|_| damaged("it is no checkpoint"))?;
        let mut reader = BufReader::new(self.lines(u64::MAX)?);
        let (mut tree, mut line, mut vouched) = (Tree::new(), Vec::new(), 0);
        while tree.size() < head.size {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(|source| self.storage(source))?;
            if line.pop_if(|last| *last == b'\n').is_none() {
                return Err(damaged("log.jsonl has fewer records than it"));
            }
            tree.push_line(&line);
            vouched += read as u64;
        }
        if tree.root() != head.root {
            return Err(damaged("log.jsonl has other records than it"));
        }
        self.vouched = vouched;
        self.head = Some((note, head));
        Ok(())
    }

    /// The first octets of the lines.
    fn lines(&self, most: u64) -> Result<io::Take<File>, ReceiveError> {
        let file = File::open(self.folder.join("log.jsonl")).map_err(|source| self.storage(source))?;
        Ok(file.take(most))
    }

    fn storage(&self, source: io::Error) -> ReceiveError {
        ReceiveError::Storage { path: self.folder.join("log.jsonl"), source }
    }
}

/// What a folder has that a log is received into.
const MARK: &[u8] = b"A log that rootrite received: `rootrite log receive` goes on here.\n";

/// The head, if a key of the log signed it and no known key signed it wrongly; and whether witnesses are missing.
fn signed_head(
    note: &Note,
    policy: &Policy,
    window: &Window,
) -> Result<(SignedHead, Option<Finding>), ReceiveError> {
    // A head is shown before its witnesses have cosigned it: that they are missing is said, and refuses nothing.
    let mut findings = policy.judge(note, window).err().unwrap_or_default();
    let no_quorum = findings.iter().position(|finding| finding.code == Code::E110);
    let no_quorum = no_quorum.map(|place| findings.remove(place));
    if !findings.is_empty() {
        return Err(ReceiveError::of(findings));
    }
    let of_log = policy_text(policy.logs(), &[], 0).map_err(form)?;
    let of_log = Policy::parse(of_log.as_bytes()).map_err(ReceiveError::of)?;
    Ok((of_log.judge(note, window).map_err(ReceiveError::of)?, no_quorum))
}

/// The keys that a log names as its own. A standby key counts once somebody who asked the witnesses has pinned it.
fn named_keys(sequence: &Sequence) -> Vec<VerifierKey> {
    let lines = sequence.lines.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
    let mut keys: Vec<VerifierKey> = Vec::new();
    for record in lines.filter_map(|line| Record::parse(line).ok()) {
        if record.ev == "log.key.added"
            && record.data.str("role") == Some("main")
            && let Some(key) = record.data.str("vkey").and_then(|text| text.parse().ok())
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

/// The first lines of a log.
fn first(lines: &[u8], count: u64) -> &[u8] {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let octets = lines.split_inclusive(|octet| *octet == b'\n').take(count).map(<[u8]>::len).sum();
    lines.get(..octets).unwrap_or(lines)
}

/// The root over the first lines of a log; nothing if there are fewer.
fn root(lines: &[u8], size: u64) -> Option<Hash> {
    let mut tree = Tree::new();
    let lines = first(lines, size).split_inclusive(|octet| *octet == b'\n');
    for line in lines {
        tree.push_line(line.strip_suffix(b"\n").unwrap_or(line));
    }
    (tree.size() == size).then(|| tree.root())
}

/// Why a head that the log signed is another log's than what is here. What is here says so of one that is not over more, whatever
/// lines came with it; of one that is, only lines say it that are the head's own.
fn fork(stored: &[u8], have: &Checkpoint, whole: &[u8], said: &Checkpoint) -> Option<String> {
    let Checkpoint { size, root: wanted, .. } = said;
    if *size <= have.size {
        let own = root(stored, *size)?;
        return (own != *wanted).then(|| {
            format!("the first {size} lines that are here have the root {own}; the head says {wanted}")
        });
    }
    if whole.starts_with(stored) || root(whole, *size) != Some(*wanted) {
        return None;
    }
    let ends = |octet: &u8| *octet == b'\n';
    let same = stored.split(ends).zip(whole.split(ends)).take_while(|(one, other)| one == other);
    let line = same.count();
    Some(format!("line {} is not the one that was received before", line + 1))
}

fn form(fault: Fault) -> ReceiveError {
    refused(fault.at(Place::Checkpoint))
}

fn refused(finding: Finding) -> ReceiveError {
    ReceiveError::of(vec![finding])
}

/// Why a checkpoint was not received.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// A file cannot be read or written.
    #[error("`{}`", path.display())]
    Storage {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be written.
    #[error("the folder could not be written")]
    Store(#[from] JournalError),
    /// Another program receives into it.
    #[error("the folder `{}` is in use", folder.display())]
    InUse {
        /// Which.
        folder: PathBuf,
    },
    /// Not a folder that a log was received into.
    #[error("`{}` has something else in it", folder.display())]
    Foreign {
        /// Which.
        folder: PathBuf,
    },
    /// What is in it is not what was received.
    #[error("`{}` is not what was received: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// Records are missing between what is here and what came.
    #[error("E130 the records {have} to {} are missing before the head over {size}", old.saturating_sub(1))]
    Gap {
        /// How many are here.
        have: u64,
        /// Which is the first that came.
        old: u64,
        /// How many records the head is over.
        size: u64,
    },
    /// The checkpoint is not what its records are, or nobody who counts signed it, or it does not continue what is here.
    #[error("the checkpoint is refused")]
    Refused {
        /// Everything that is wrong.
        findings: Vec<Finding>,
        /// The head that is here, where the two do not continue each other.
        own: Option<Box<Checkpoint>>,
        /// The head that came then.
        offered: Option<Box<Checkpoint>>,
        /// Where that is kept.
        kept: Option<PathBuf>,
    },
}

impl ReceiveError {
    fn of(findings: Vec<Finding>) -> Self {
        Self::Refused { findings, own: None, offered: None, kept: None }
    }
}

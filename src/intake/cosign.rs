//! A witness on a machine of its own: the heads it has cosigned, and whether the next one continues them.
//!
//! The rules of this file:
//! - A head is cosigned only after every line of its log was read and judged, and after the witness's own last head was
//!   seen to be a prefix of it.
//! - The new head is in the store, synced, before anybody gets the cosignature: killed at any point, a witness has never
//!   said anything that it does not remember.
//! - What is in the store is created and never replaced. A head that does not continue it is kept as evidence.
//!
//! Sources: C2SP tlog-witness, tlog-cosignature, tlog-checkpoint.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Fault, Finding};
use ceremony_log::key::{KeyKind, VerifierKey, cosignature_text};
use ceremony_log::lines::FirstLines;
use ceremony_log::note::{self, Note, Signature};
use ceremony_log::policy::{Policy, SignedHead, Window, policy_text};
use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use super::folder::Folder;
use super::open_log;
use crate::approval::{OwnKey, OwnKeyError};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::record::file::{JournalError, clear_parts, create};

/// A head that a witness has cosigned.
#[derive(Clone, Debug)]
pub struct Cosigned {
    /// The head.
    pub checkpoint: Checkpoint,
    /// The witness's own head before it.
    pub earlier: Option<Checkpoint>,
    /// The keys of the log that signed it.
    pub log_keys: Vec<VerifierKey>,
    /// The signature line.
    pub line: Signature,
    /// Whether it was cosigned before, and this is the line of then.
    pub again: bool,
    /// What does not refuse the log but should be looked at.
    pub warnings: Vec<Finding>,
}

/// A witness's own store.
pub struct Store {
    folder: PathBuf,
    /// Held as long as the store is: two cosigners at once could cosign two heads that do not continue each other.
    _lock: File,
}

impl Store {
    /// Opens a store, or begins one in a folder that is made for it.
    ///
    /// # Errors
    ///
    /// [`CosignError::InUse`] if another program has it open; [`CosignError::Storage`] if it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, CosignError> {
        let storage = |source| CosignError::Storage { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(storage)?;
        let path = folder.join("lock");
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(storage)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| CosignError::InUse { folder: folder.to_owned() })?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The newest head of a log that this witness has cosigned.
    ///
    /// # Errors
    ///
    /// [`CosignError::Damaged`] if what is kept is no head of this log.
    pub fn newest(&self, origin: &str) -> Result<Option<Checkpoint>, CosignError> {
        Ok(self.kept(origin)?.map(|(_, checkpoint)| checkpoint))
    }

    fn kept(&self, origin: &str) -> Result<Option<(Note, Checkpoint)>, CosignError> {
        let folder = self.of(origin);
        let storage = |source| CosignError::Storage { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage(error)),
        };
        let mut newest: Option<((u64, u64), PathBuf)> = None;
        for entry in entries {
            let path = entry.map_err(storage)?.path();
            let Some(found) = path.file_name().and_then(|name| size_and_time(name.to_str()?)) else {
                continue;
            };
            if newest.as_ref().is_none_or(|(before, _)| *before < found) {
                newest = Some((found, path));
            }
        }
        let Some(((size, _), path)) = newest else { return Ok(None) };
        let octets = fs::read(&path).map_err(|source| CosignError::Storage { path: path.clone(), source })?;
        let note = Note::parse(&octets).ok();
        let whole = note.and_then(|note| Some((note.text().parse::<Checkpoint>().ok()?, note)));
        match whole {
            Some((said, note)) if said.origin == origin && said.size == size => Ok(Some((note, said))),
            _ => Err(CosignError::Damaged { path }),
        }
    }

    /// The folder of a log: its origin, as far as a file can be called so, and what tells it from every other.
    fn of(&self, origin: &str) -> PathBuf {
        let plain = |octet: char| octet.is_ascii_alphanumeric() || matches!(octet, '.' | '-');
        let name: String =
            origin.chars().take(80).map(|octet| if plain(octet) { octet } else { '_' }).collect();
        let digest = Digest::of(origin.as_bytes()).to_string();
        self.folder.join(format!("{name}-{}", digest.get(..16).unwrap_or_default()))
    }

    /// Keeps a head, with the cosignature of `time`.
    fn keep(&self, head: &Checkpoint, time: u64, note: &Note) -> Result<(), CosignError> {
        let folder = self.of(&head.origin);
        self.make(&folder)?;
        Ok(create(&folder.join(format!("{}.{time}", head.size)), note.to_string().as_bytes())?)
    }

    /// Keeps a head that does not continue the witness's own.
    fn keep_evidence(&self, note: &Note, head: &Checkpoint) -> Result<PathBuf, CosignError> {
        let folder = self.of(&head.origin).join("refused");
        self.make(&self.of(&head.origin))?;
        self.make(&folder)?;
        let octets = note.to_string().into_bytes();
        let path = folder.join(format!("{}-{}", head.size, Digest::of(&octets)));
        if !path.is_file() {
            create(&path, &octets)?;
        }
        Ok(path)
    }

    fn make(&self, folder: &Path) -> Result<(), CosignError> {
        let storage = |source| CosignError::Storage { path: folder.to_owned(), source };
        match fs::create_dir(folder) {
            Ok(()) => {
                let parent = folder.parent().unwrap_or(&self.folder);
                File::open(parent).and_then(|parent| parent.sync_all()).map_err(storage)
            }
            // What has no name yet when a witness is killed was never said.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(clear_parts(folder)?),
            Err(error) => Err(storage(error)),
        }
    }
}

/// Who cosigns, and by what.
pub struct Witness<'w> {
    /// The heads that it has cosigned.
    pub store: &'w Store,
    /// The key's name.
    pub name: &'w str,
    /// The key.
    pub key: &'w mut OwnKey,
    /// The witness's clock.
    pub now: Timestamp,
    /// Whether a head that it has cosigned is cosigned once more, with the time of now.
    pub fresh: bool,
}

impl Witness<'_> {
    /// The witness's key, as policies write it.
    ///
    /// # Errors
    ///
    /// [`CosignError::Name`] for a name that no key of a note has.
    pub fn verifier(&self) -> Result<VerifierKey, CosignError> {
        verifier(self.name, self.key)
    }

    /// Judges the head of the log in a folder, a bundle or the ceremonies' own, with all its records, and cosigns it.
    /// `policy` says which keys are the log's; whom else it trusts does not matter to a witness.
    ///
    /// # Errors
    ///
    /// [`CosignError::Refused`] with everything that is wrong with the log; [`CosignError`] if the store, the log or the key
    /// fails.
    pub fn cosign(&mut self, log: &Path, policy: &Policy) -> Result<Cosigned, CosignError> {
        let verifier = self.verifier()?;
        let (note, head) = self.signed_head(log, policy)?;
        let kept = self.store.kept(&head.checkpoint().origin)?;
        let (kept_note, earlier) = kept.unzip();
        let warnings = self.judge(log, &note, &head, earlier.as_ref())?;
        let checkpoint = head.checkpoint().clone();
        let log_keys = head.log_keys().to_vec();
        let known = kept_note.filter(|kept| kept.text() == note.text());
        // The clock of a witness does not go back: a cosignature of a later time is not followed by one of an earlier.
        let usable = |line: &&Signature| {
            let good = known.as_ref().is_some_and(|kept| verifier.verify(kept.text(), &line.octets).is_ok());
            line.is_by(&verifier) && good && (!self.fresh || time_of(line) >= Some(self.now.seconds()))
        };
        let line = known.as_ref().and_then(|kept| kept.signatures().iter().rfind(usable));
        if let Some(line) = line.cloned() {
            return Ok(Cosigned { checkpoint, earlier, log_keys, line, again: true, warnings });
        }
        let line = self.sign(&note, &head, &verifier)?;
        Ok(Cosigned { checkpoint, earlier, log_keys, line, again: false, warnings })
    }

    /// Signs a head and remembers it; only then anybody is told.
    fn sign(
        &mut self,
        note: &Note,
        head: &SignedHead,
        verifier: &VerifierKey,
    ) -> Result<Signature, CosignError> {
        let time = self.now.seconds();
        let signature = self.key.sign(cosignature_text(time, note.text()).as_bytes())?;
        let octets = [&time.to_be_bytes()[..], &signature].concat();
        verifier.verify(note.text(), &octets)?;
        let line = Signature::new(verifier, &octets);
        // The log's own signatures stay beside it: together they prove a fork, if there is ever one.
        let mut kept = Note::new(note.text())?;
        let of_log = |line: &&Signature| head.log_keys().iter().any(|key| line.is_by(key));
        note.signatures().iter().filter(of_log).try_for_each(|line| kept.add(line.clone()))?;
        kept.add(line.clone())?;
        // Killed before this, the witness has said nothing; after it, it says the same again.
        self.store.keep(head.checkpoint(), time, &kept)?;
        Ok(line)
    }

    /// The head in a folder, if a key of the log signed it.
    fn signed_head(&self, log: &Path, policy: &Policy) -> Result<(Note, SignedHead), CosignError> {
        let folder = Folder::open(log).map_err(|source| read(log, "", source))?;
        let octets = folder
            .read("checkpoint", note::MOST_OCTETS as u64)
            .map_err(|source| read(log, "checkpoint", source))?;
        let note = Note::parse(&octets)?;
        let of_log = policy_text(policy.logs(), &[], 0)?;
        let refused = |findings| CosignError::Refused { findings, own: None, offered: None, kept: None };
        let of_log = Policy::parse(of_log.as_bytes()).map_err(refused)?;
        let head = of_log.judge(&note, &Window::at(self.now.seconds())).map_err(refused)?;
        Ok((note, head))
    }

    /// Reads every line of the log; its warnings, if it is exactly what its head says and continues what is known.
    fn judge(
        &self,
        log: &Path,
        note: &Note,
        head: &SignedHead,
        earlier: Option<&Checkpoint>,
    ) -> Result<Vec<Finding>, CosignError> {
        let file = Folder::open(log).and_then(|folder| folder.file("log.jsonl"));
        let file = file.map_err(|source| read(log, "log.jsonl", source))?;
        let offered = head.checkpoint();
        let mut lines = FirstLines::new(BufReader::with_capacity(64 * 1024, file), offered.size);
        let report = open_log::judge(&mut lines, head, earlier, &mut |_| ())
            .map_err(|source| read(log, "log.jsonl", source))?;
        if !report.refuses() && report.unreported() == 0 {
            return Ok(report.findings().to_vec());
        }
        let splits = |finding: &Finding| matches!(finding.code, Code::E132 | Code::E133);
        let split = earlier.filter(|_| report.findings().iter().any(splits));
        let kept = split.map(|_| self.store.keep_evidence(note, offered)).transpose()?;
        Err(CosignError::Refused {
            findings: report.findings().to_vec(),
            own: split.cloned().map(Box::new),
            offered: split.map(|_| Box::new(offered.clone())),
            kept,
        })
    }
}

/// The key of a witness, as policies write it.
///
/// # Errors
///
/// [`CosignError::Name`] for a name that no key of a note has.
pub fn verifier(name: &str, key: &OwnKey) -> Result<VerifierKey, CosignError> {
    VerifierKey::new(name, KeyKind::Cosignature, key.point())
        .map_err(|_| CosignError::Name { name: name.to_owned() })
}

/// The time of a cosignature.
fn time_of(line: &Signature) -> Option<u64> {
    line.octets.first_chunk().map(|time| u64::from_be_bytes(*time))
}

/// A file of a store: `<size>.<time>`.
fn size_and_time(name: &str) -> Option<(u64, u64)> {
    let (size, time) = name.split_once('.')?;
    Some((size.parse().ok()?, time.parse().ok()?))
}

fn read(log: &Path, name: &str, source: io::Error) -> CosignError {
    CosignError::Storage { path: log.join(name), source }
}

/// Why a head was not cosigned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CosignError {
    /// A file cannot be read, or a folder not be made.
    #[error("`{}`", path.display())]
    Storage {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be written.
    #[error("the store could not be written")]
    Store(#[from] JournalError),
    /// Another program has the store open.
    #[error("the store `{}` is in use", folder.display())]
    InUse {
        /// Which.
        folder: PathBuf,
    },
    /// What the store keeps is no head of the log.
    #[error("`{}` is not the head that this witness kept", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The name cannot be a key's.
    #[error("found `{name}` as the name of the witness's key; names have no white space and no `+`")]
    Name {
        /// Which.
        name: String,
    },
    /// The key does not sign.
    #[error("the witness's key does not sign")]
    Key(#[from] OwnKeyError),
    /// The head is none.
    #[error(transparent)]
    Form(#[from] Fault),
    /// The log is not what its head says, or does not continue what the witness knows.
    #[error("the log is not cosigned")]
    Refused {
        /// Everything that is wrong.
        findings: Vec<Finding>,
        /// The witness's own head, where the log does not continue it.
        own: Option<Box<Checkpoint>>,
        /// The head that was offered then.
        offered: Option<Box<Checkpoint>>,
        /// Where that is kept.
        kept: Option<PathBuf>,
    },
}

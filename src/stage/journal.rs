//! The log as the stage sees it: a place to store records, kept octets, artifacts and heads.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::digest::Digest;

use super::event::{Artifact, Event};
use super::past::Leftover;

/// Who does what a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person's id in the script, or `rootrite`.
    pub id: String,
    /// The person's role, or `software`.
    pub role: String,
}

impl Actor {
    /// This program.
    pub fn software() -> Self {
        Self { id: "rootrite".into(), role: "software".into() }
    }
}

/// A record before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The ceremony clock's time.
    pub at: Timestamp,
    /// Time since the session began.
    pub elapsed: Duration,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: Event,
    /// The script's step, if any.
    pub step: Option<String>,
    /// The record that this one closes, if any.
    pub closes: Option<u64>,
}

/// How long the log is and the root of its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of records.
    pub size: u64,
    /// RFC 6962 root over all of them.
    pub root: Digest,
}

/// A head that the online side says it has taken in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OnlineHead {
    /// The log's origin.
    pub origin: String,
    /// How many records.
    pub size: u64,
    /// Their root.
    pub root: Digest,
    /// When it was activated there.
    pub at: Timestamp,
    /// The key that signed the receipt, as verifiers write it.
    pub vkey: String,
}

/// The signature over a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadSignature {
    /// By the log's key.
    pub octets: Vec<u8>,
    /// In the ceremony that changed the key, by the one before it too.
    pub predecessor: Option<(LogKey, Vec<u8>)>,
}

/// A head as it was signed, to be kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// The log's name.
    pub origin: String,
    /// The signed note.
    pub note: String,
}

/// What octets are that somebody kept as a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A head that this log's key signed.
    Head {
        /// Which.
        head: Head,
        /// The root of this log over as many records; nothing if it has fewer.
        here: Option<Digest>,
    },
    /// Another log's.
    OtherLog,
    /// No head of this log's key.
    NoHead {
        /// What is wrong with it.
        why: String,
    },
}

/// Where records, artifacts and heads are stored. Everything is synced before a call returns.
pub trait Journal {
    /// Appends one record; its sequence number.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it is not certain that the record is stored. Nothing more may happen then.
    fn append(&mut self, entry: Entry) -> Result<u64, JournalError>;

    /// The head over all records stored so far.
    fn head(&self) -> Head;

    /// The text that a log key signs over the head of now.
    fn head_text(&self) -> String;

    /// Stores the head of now with the signature over [`Journal::head_text`].
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    fn store_head(&mut self, signed: &HeadSignature) -> Result<(), JournalError>;

    /// The head of now with the signature over [`Journal::head_text`], to be kept elsewhere before it is stored; nothing from
    /// a journal that makes none.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it is none.
    fn made_head(&self, signed: &HeadSignature) -> Result<Option<KeptHead>, JournalError> {
        let _ = signed;
        Ok(None)
    }

    /// A witness's key as policies write it.
    ///
    /// # Errors
    ///
    /// [`JournalError::Cosignature`] for what is no witness's key.
    fn witness_key_name(&self, key: &WitnessKey) -> Result<String, JournalError> {
        let _ = key;
        Err(JournalError::Cosignature { why: "this journal takes no cosignatures".into() })
    }

    /// Says in the policy that travels with the log whose cosignatures count, and how many of them a head has to have.
    ///
    /// # Errors
    ///
    /// [`JournalError`] for what is no witness's key, or if the policy could not be stored.
    fn demand_cosignatures(&mut self, keys: &[WitnessKey], quorum: usize) -> Result<(), JournalError> {
        let _ = (keys, quorum);
        Err(JournalError::Cosignature { why: "this journal takes no cosignatures".into() })
    }

    /// The head that witnesses cosign, laid out with its records: the newest signed one, or of a closed ceremony the one
    /// that closed it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if there is none, or it could not be laid out.
    fn head_to_cosign(&mut self) -> Result<ToCosign, JournalError> {
        Err(JournalError::Cosignature { why: "this journal takes no cosignatures".into() })
    }

    /// The cosignature over that head that a witness brought, as a signature line; nothing if there is none yet.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if what was stored cannot be read.
    fn cosignature(&self, key: &WitnessKey) -> Result<Option<String>, JournalError> {
        let _ = key;
        Ok(None)
    }

    /// Stores the cosignature over that head that a witness brings; the line.
    ///
    /// # Errors
    ///
    /// [`JournalError::Cosignature`] for what is none; otherwise if it could not be stored.
    fn take_cosignature(
        &mut self,
        key: &WitnessKey,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<String, JournalError> {
        let _ = (key, octets, now);
        Err(JournalError::Cosignature { why: "this journal takes no cosignatures".into() })
    }

    /// The newest signed head, to be kept elsewhere; nothing while there is none.
    fn signed_head(&self) -> Option<KeptHead> {
        None
    }

    /// Judges octets that were kept elsewhere as a head, by the log's key and this log.
    fn judge_head(&self, octets: &[u8]) -> Held {
        let _ = octets;
        Held::NoHead { why: "there is no log that knows heads".into() }
    }

    /// The root of the first `size` records, if there are so many.
    fn root_of(&self, size: u64) -> Option<Digest> {
        let _ = size;
        None
    }

    /// Says which key signs heads from now on: its note name and key.
    ///
    /// # Errors
    ///
    /// [`JournalError`] for a key that cannot sign notes.
    fn use_log_key(&mut self, key: &LogKey) -> Result<String, JournalError>;

    /// The note name and key of the key that signs heads, as a policy writes it.
    fn log_key_in_use(&self) -> Option<String> {
        None
    }

    /// The note name and key of a log key, as a policy writes it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] for a key that cannot sign notes.
    fn log_key_name(&self, key: &LogKey) -> Result<String, JournalError>;

    /// Keeps words for the auditor only; the digest of the salted line.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they could not be stored.
    fn annex(&mut self, item: &str, text: &str) -> Result<Digest, JournalError>;

    /// The words of an item of the annex, by the digest of its salted line; nothing if the annex here does not have it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the annex cannot be read.
    fn annexed(&self, digest: Digest) -> Result<Option<String>, JournalError> {
        let _ = digest;
        Ok(None)
    }

    /// Completes what the closed ceremony hands over; every file of it, by its name and where it lies.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the ceremony is not closed, or something cannot be made.
    fn hand_over(&mut self) -> Result<Vec<(String, PathBuf)>, JournalError> {
        Ok(Vec::new())
    }

    /// The manifest of all artifacts so far.
    fn manifest(&self) -> Vec<u8>;

    /// Keeps octets that are about to be signed, before the intent that names them, for `resume`. `sha256` is their
    /// digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they could not be stored, or have another digest.
    fn keep_pending(&mut self, sha256: Digest, octets: &mut dyn Read) -> Result<(), JournalError>;

    /// Lays out a text for a person to sign, under a name of its own; where it lies.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    fn lay_out(&mut self, name: &str, text: &[u8]) -> Result<PathBuf, JournalError>;

    /// Makes sure that an artifact can be stored, before anything is signed for it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if its file exists or cannot be made.
    fn reserve(&mut self, place: &ArtifactPlace) -> Result<(), JournalError>;

    /// Begins a series of `count` artifacts: what is about to be signed for it is kept next, one after the other, and what
    /// was kept of a series before that nobody finished is forgotten.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if nothing can be kept.
    fn begin_series(&mut self, count: usize) -> Result<(), JournalError>;

    /// Keeps the octets of the next of the series that are about to be signed, for `resume`, and makes sure that the place
    /// of what comes of them is free. `sha256` is their digest. They are synced by [`Journal::keep_list`].
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they could not be written or the place is taken.
    fn keep_member(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        octets: &mut dyn Read,
    ) -> Result<(), JournalError>;

    /// Keeps the list of all that was kept: one digest in hex on each line; the list's digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if list and octets are not stored.
    fn keep_list(&mut self) -> Result<Digest, JournalError>;

    /// Stores the next artifact of the series. It is synced by [`Journal::store_list`], and nobody is told before.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be written.
    fn store_member(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<(), JournalError>;

    /// Makes what was put there last by [`Journal::deposit`] the next artifact of the series; its digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if that could not be stored, or if nothing was put there.
    fn complete_member(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError>;

    /// Syncs all artifacts of the series together, and stores the list of their digests as an artifact.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if any of it is not on the disk.
    fn store_list(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError>;

    /// Stores an artifact: the file itself by digest, and its rendering where people look for it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    fn store(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, JournalError>;

    /// Puts what will be an artifact where it will lie, under a name that nobody takes for one; its digest. It takes the
    /// place of one that was put there before and is not complete.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    fn deposit(&mut self, place: &ArtifactPlace, octets: &mut dyn Read) -> Result<Digest, JournalError>;

    /// Reads what was put there last, from where it lies.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be read.
    fn deposited(&mut self) -> Result<Box<dyn Read + '_>, JournalError>;

    /// Makes what was put there last an artifact: gives it its name, and its renderings where people look for them.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if that could not be stored, or if nothing was put there.
    fn complete(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError>;

    /// Reads an artifact that was stored before an interruption, from where it lies.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it is not there or has another digest.
    fn stored(&self, kind: &str, sha256: Digest) -> Result<Box<dyn Read>, JournalError>;

    /// Takes in an artifact that was stored before an interruption, and makes again what is missing of its renderings.
    /// `seq`: the record that names it, if there is one.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it is not there or has another digest, or if other octets are in one of its places.
    fn store_again(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        seq: Option<u64>,
    ) -> Result<Artifact, JournalError>;

    /// A series of `count` artifacts that was stored before an interruption is taken in next.
    fn recall_series(&mut self, count: usize);

    /// Octets that [`Journal::keep_pending`] kept before an interruption.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they are not there or have another digest.
    fn kept(&self, sha256: Digest) -> Result<Vec<u8>, JournalError>;

    /// Where octets lie that [`Journal::keep_pending`] kept.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they are not there or have another digest.
    fn kept_at(&self, sha256: Digest) -> Result<PathBuf, JournalError> {
        Err(JournalError::lost(PathBuf::from(sha256.to_string())))
    }

    /// The digests of what [`Journal::keep_pending`] kept and what begins with `start`.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if what is kept cannot be read.
    fn kept_beginning(&self, start: &[u8]) -> Result<Vec<Digest>, JournalError> {
        let _ = start;
        Ok(Vec::new())
    }

    /// Removes octets that [`Journal::keep_pending`] kept, if they are there.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they do not go.
    fn forget_kept(&mut self, sha256: Digest) -> Result<(), JournalError> {
        let _ = sha256;
        Ok(())
    }

    /// Artifacts' files that no record names, if they are many the first of them.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the folder cannot be read.
    fn leftovers(&self) -> Result<Vec<Leftover>, JournalError>;

    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be opened.
    fn leftover(&self, leftover: &Leftover) -> Result<Box<dyn Read>, JournalError>;

    /// Moves such a file to where it counts for nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be moved.
    fn set_aside(&mut self, leftover: &Leftover) -> Result<(), JournalError>;

    /// Every artifact that was stored, to be set aside; from here on none of them is one.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if one cannot be read.
    fn give_up(&mut self) -> Result<Vec<Leftover>, JournalError>;

    /// Moves renderings away whose artifact no record names.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if one cannot be moved.
    fn clear_renderings(&mut self) -> Result<(), JournalError>;
}

impl JournalError {
    /// Octets that the log names are not on the disk.
    pub const fn lost(path: PathBuf) -> Self {
        Self::Lost { path }
    }
}

/// A key of the log, as far as a note needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// Its SubjectPublicKeyInfo: Ed25519 or P-256.
    pub spki_der: Vec<u8>,
}

/// A witness's key, as far as a note needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    /// Its name.
    pub name: String,
    /// Its SubjectPublicKeyInfo: Ed25519.
    pub spki_der: Vec<u8>,
}

/// A head that witnesses cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToCosign {
    /// Which.
    pub head: Head,
    /// The folder with the head and its records.
    pub place: PathBuf,
}

/// What an artifact is and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactPlace {
    /// As [`Artifact::kind`].
    pub kind: &'static str,
    /// The script's name for it.
    pub name: String,
}

/// Why something could not be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk or the medium refused.
    #[error("`{}` could not be {doing}", path.display())]
    Storage {
        /// Which file.
        path: PathBuf,
        /// `written`, `synced`, `made` …
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is there that must not be.
    #[error("`{}` exists; files are only created, never replaced", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// A file that the log names is not there, or its octets are not the log's.
    #[error("`{}` is missing or is not what the log says; the log names it", path.display())]
    Lost {
        /// Which file.
        path: PathBuf,
    },
    /// A ceremony of this id was begun here.
    #[error("the ceremony `{ceremony}` was begun in this log and has not ended")]
    Begun {
        /// The ceremony.
        ceremony: String,
    },
    /// The record itself is none that the log can hold.
    #[error("the record is not one that the log can hold: {why}")]
    Record {
        /// What the log's reader says.
        why: String,
    },
    /// The clock says an earlier time than the log's last record.
    #[error("the clock says {now}, and the log's last record is of {last}; time does not go back in a log")]
    ClockWentBack {
        /// What the clock says.
        now: Timestamp,
        /// What the last record says.
        last: Timestamp,
    },
    /// Another program writes the log.
    #[error("`{}` is in use: another program writes it, or has written it since it was read", path.display())]
    InUse {
        /// The log.
        path: PathBuf,
    },
    /// The log key is none that can sign notes.
    #[error("the log key cannot sign heads; wanted an Ed25519 or an ECDSA P-256 key")]
    LogKey,
    /// What was brought is not the witness's cosignature over the head.
    #[error("{why}")]
    Cosignature {
        /// What it is, and what was wanted.
        why: String,
    },
    /// Storing failed before; nothing is stored any more.
    #[error("the log could not be written before, so nothing more happens")]
    Stopped,
}

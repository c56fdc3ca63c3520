//! What an act may reach.

use std::io::Read;

use super::{Artifact, ArtifactPlace, Journal, JournalError};
use crate::digest::Digest;
use crate::hsm::Token;

/// What an act may reach: its token, and the place where artifacts are stored.
pub struct Hands<'h> {
    pub(super) token: &'h mut dyn Token,
    pub(super) journal: &'h mut dyn Journal,
    /// Whether it stored an artifact.
    pub(super) stored: bool,
}

impl<'h> Hands<'h> {
    /// The token of the act.
    pub fn token(&mut self) -> &mut (dyn Token + 'h) {
        self.token
    }

    /// Stores an artifact, before its result is in the log.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn store(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.store(place, octets)
    }

    /// Puts what will be an artifact where it will lie; its digest: as [`Journal::deposit`].
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn deposit(&mut self, place: &ArtifactPlace, octets: &mut dyn Read) -> Result<Digest, JournalError> {
        self.journal.deposit(place, octets)
    }

    /// Reads what was put there last.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be read.
    pub fn deposited(&mut self) -> Result<Box<dyn Read + '_>, JournalError> {
        self.journal.deposited()
    }

    /// Makes what was put there last an artifact, before its result is in the log.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn complete(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.complete(place)
    }

    /// Makes what was put there last the next artifact of a series; its digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be stored.
    pub fn complete_member(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError> {
        self.stored = true;
        self.journal.complete_member(place)
    }

    /// Syncs all artifacts of a series and stores the list of their digests.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if any of it is not on the disk.
    pub fn store_list(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.stored = true;
        self.journal.store_list(place)
    }

    /// Keeps octets by their digest where `resume` finds them, before a record names the digest.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if they could not be kept.
    pub fn keep(&mut self, octets: &[u8]) -> Result<Digest, JournalError> {
        let sha256 = Digest::of(octets);
        self.journal.keep_pending(sha256, &mut &*octets)?;
        Ok(sha256)
    }

    /// The token of the act, and the shelf that what it signs is put on: for a series, whose makers work side by side.
    pub fn parts(&mut self) -> (&mut (dyn Token + 'h), Shelf<'_>) {
        self.stored = true;
        (self.token, Shelf { journal: self.journal })
    }
}

/// Where the artifacts of a series are stored.
pub struct Shelf<'s> {
    journal: &'s mut dyn Journal,
}

impl Shelf<'_> {
    /// Stores the next artifact of the series.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it could not be written.
    pub fn store_member(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<(), JournalError> {
        self.journal.store_member(place, octets)
    }
}

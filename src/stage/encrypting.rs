//! A share that is encrypted for its holder's own key: who encrypts it is the site's matter; here is where it goes.
//!
//! The rules of this file:
//! - What is encrypted is in memory until it is on the holder's medium; it is never on this machine's disks.
//! - The medium is written between two records, and read back from there, as every other.
//! - What an encryptor says besides is for people's eyes, and is in no record.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::media::Delivery;
use super::medium;
use super::operators::Person;
use super::{SecretOctets, Stage, StageError};
use crate::digest::Digest;

/// Encrypts shares for their holders' own keys, and opens them again where it can.
pub trait Encryptors: fmt::Debug + Send + Sync {
    /// Which program encrypts a holder's share, for which key.
    ///
    /// # Errors
    ///
    /// [`EncryptError`] if there is none, or if its file is not the one that was agreed upon.
    fn face(&self, holder: &str) -> Result<EncryptorFace, EncryptError>;

    /// Encrypts a share.
    ///
    /// # Errors
    ///
    /// [`EncryptError`] if what came of it cannot be a share that was encrypted.
    fn encrypt(&self, holder: &str, share: &SecretOctets) -> Result<Vec<u8>, EncryptError>;

    /// Opens what was encrypted, by the holder's key; nothing if nothing here can.
    ///
    /// # Errors
    ///
    /// [`EncryptError`] if it does not open.
    fn decrypt(&self, holder: &str, ciphertext: &[u8]) -> Result<Option<SecretOctets>, EncryptError>;
}

/// Which program encrypts, for which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptorFace {
    /// The site's name for it.
    pub name: String,
    /// The program's file.
    pub program: String,
    /// The digest of that.
    pub sha256: Digest,
    /// What the holder's key is called.
    pub recipient: String,
    /// The program that opens it here, if one does, and the digest of its file.
    pub opens: Option<(String, Digest)>,
}

/// Why a share was not encrypted, or did not open. Says nothing of the share.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{why}")]
pub struct EncryptError {
    /// What was found and what was wanted.
    pub why: String,
    /// What the program said, for people's eyes; nothing if it said nothing, or too much.
    pub said: Option<String>,
}

impl EncryptError {
    /// One of which the program said nothing.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), said: None }
    }

    /// For people: what went wrong, and what the program said.
    pub fn for_people(&self) -> String {
        match &self.said {
            Some(said) => format!("{}; it said: {}", self.why, super::printable(said)),
            None => self.why.clone(),
        }
    }
}

/// A file on a holder's own medium.
#[derive(Clone, Debug)]
pub struct OwnMedium {
    /// The medium's name in the site.
    pub medium: String,
    /// Whose it is.
    pub holder: Person,
    /// The file's name there.
    pub file: String,
}

impl OwnMedium {
    fn delivery(&self) -> Delivery {
        Delivery {
            medium: self.medium.clone(),
            copies: 1,
            person: self.holder.clone(),
            read_again: false,
            others: false,
        }
    }
}

impl Stage<'_> {
    /// Who encrypts shares here, if anybody does.
    pub fn encryptors(&self) -> Option<Arc<dyn Encryptors>> {
        self.machine.encryptors.clone()
    }

    /// Writes octets onto a holder's own medium and reads them back; why it could not be, in words, where another medium may do.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be recorded; [`StageError::NoAnswer`] if nobody brings one.
    pub fn put_on_own_medium(
        &mut self,
        own: &OwnMedium,
        octets: &[u8],
    ) -> Result<Result<(), String>, StageError> {
        let files = vec![medium::wanted_octets(own.file.clone(), octets.to_vec())];
        match self.deliver_anew(&own.delivery(), &files) {
            Err(StageError::Medium { why, .. }) => Ok(Err(why)),
            done => done.map(Ok),
        }
    }

    /// Reads a file of this digest back from a holder's own medium, once it is there.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if nobody brings it.
    pub fn take_from_own_medium(
        &mut self,
        own: &OwnMedium,
        sha256: Digest,
    ) -> Result<Result<Vec<u8>, String>, StageError> {
        let is_it = |octets: &[u8]| match Digest::of(octets) {
            found if found == sha256 => Ok(()),
            found => Err(format!("the file has the SHA-256 {found}; the log says {sha256}")),
        };
        match self.read_medium(&own.delivery(), 1, &own.file, &is_it) {
            Err(StageError::Medium { why, .. }) => Ok(Err(why)),
            octets => octets.map(Ok),
        }
    }

    /// The file of this digest as it lies on a holder's own medium now, without asking anybody.
    ///
    /// # Errors
    ///
    /// Why it cannot be read or is another one, in words.
    pub fn read_own_medium(&self, own: &OwnMedium, sha256: Digest) -> Result<Vec<u8>, String> {
        let folder = self.medium_folder(&own.delivery(), 1).map_err(|error| error.to_string())?;
        let octets = medium::read(&folder.join(&own.file))
            .map_err(|error| format!("`{}` cannot be read: {error}", own.file))?;
        match Digest::of(&octets) {
            found if found == sha256 => Ok(octets),
            found => Err(format!("`{}` has the SHA-256 {found}; wanted {sha256}", own.file)),
        }
    }

    /// Removes from a holder's own medium what was written there, so that it can be written anew.
    ///
    /// # Errors
    ///
    /// Why it could not be, in words.
    pub fn clear_own_medium(&mut self, own: &OwnMedium) -> Result<(), String> {
        let folder = self.medium_folder(&own.delivery(), 1).map_err(|error| error.to_string())?;
        let files = [medium::wanted_octets(own.file.clone(), Vec::new())];
        medium::clear(&folder, &files).map_err(|error| error.to_string())
    }
}

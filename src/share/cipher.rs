//! What a passphrase does to a secret before it is split: four rounds of Feistel's network around PBKDF2-HMAC-SHA-256.
//! SLIP-0039 "Encryption of the master secret". Without a passphrase it is the same with an empty one.
//!
//! It gives no integrity: a wrong passphrase gives another secret, and nothing says so. SLIP-39 wants that.
//!
//! `ring` does not wipe its own working memory; the process cannot be dumped, and what it hands us is wiped here.

use std::num::NonZeroU32;

use ring::pbkdf2;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::secret::SecretOctets;

/// A passphrase: printable ASCII, or none.
///
/// ```compile_fail,E0277
/// format!("{:?}", rootrite::share::Passphrase::none());
/// ```
pub struct Passphrase(Option<SecretOctets>);

impl Passphrase {
    /// The most octets that a passphrase may have here.
    pub const MAX_OCTETS: usize = 255;

    /// No passphrase.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Copies `octets`; the caller wipes its own.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`] unless there are at most 255 octets, each printable ASCII (SLIP-0039: code points 32 to 126).
    pub fn read(octets: &[u8]) -> Result<Self, PassphraseError> {
        if octets.len() > Self::MAX_OCTETS {
            return Err(PassphraseError::TooLong);
        }
        match octets.iter().position(|octet| !(32..=126).contains(octet)) {
            Some(place) => Err(PassphraseError::NotAscii { place: place + 1 }),
            None => Ok(Self(SecretOctets::read(octets))),
        }
    }

    fn expose<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        match &self.0 {
            Some(octets) => octets.expose(read),
            None => read(&[]),
        }
    }
}

/// Why something is no passphrase. Says nothing of what was typed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassphraseError {
    /// Too long.
    #[error("the passphrase has more than 255 octets")]
    TooLong,
    /// An octet that is no printable ASCII.
    #[error("character {place} of the passphrase is not printable ASCII")]
    NotAscii {
        /// Which, counted from 1, in octets.
        place: usize,
    },
}

/// What the rounds depend on beside the passphrase.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    /// The set's identifier, 15 bits; no part of it where the set is extendable.
    pub identifier: u16,
    /// Whether other sets of the same secret have the same rounds.
    pub extendable: bool,
    /// 0 to 15: 2,500 iterations a round, doubled so often.
    pub exponent: u8,
}

impl Rounds {
    /// The secret as it is split.
    pub(super) fn encrypt(self, secret: &SecretOctets, passphrase: &Passphrase) -> Option<SecretOctets> {
        self.run([0, 1, 2, 3], secret, passphrase)
    }

    /// The secret as it was.
    pub(super) fn decrypt(self, encrypted: &SecretOctets, passphrase: &Passphrase) -> Option<SecretOctets> {
        self.run([3, 2, 1, 0], encrypted, passphrase)
    }

    /// Nothing if the octets cannot be halved.
    fn run(self, rounds: [u8; 4], octets: &SecretOctets, passphrase: &Passphrase) -> Option<SecretOctets> {
        let half = octets.len().checked_div(2).filter(|half| half * 2 == octets.len())?;
        let mut work = octets.expose(SecretOctets::read)?;
        let mut mask = SecretOctets::zeros(half)?;
        for round in rounds {
            work.expose(|work| {
                let (_, right) = work.split_at_checked(half)?;
                mask.write(|mask| self.mask(round, passphrase, right, mask));
                Some(())
            })?;
            // Left and right change places; the left one is masked on its way.
            work.write(|work| {
                let (left, right) = work.split_at_mut_checked(half)?;
                mask.expose(|mask| {
                    for ((left, right), mask) in left.iter_mut().zip(right).zip(mask) {
                        (*left, *right) = (*right, *left ^ mask);
                    }
                });
                Some(())
            })?;
        }
        work.write(|work| work.rotate_left(half));
        Some(work)
    }

    /// One round's mask of the right half.
    fn mask(self, round: u8, passphrase: &Passphrase, right: &[u8], mask: &mut [u8]) {
        // Neither grows: that would leave a copy behind.
        let mut password = Zeroizing::new(Vec::with_capacity(1 + Passphrase::MAX_OCTETS));
        password.push(round);
        passphrase.expose(|octets| password.extend_from_slice(octets));
        let mut salt = Zeroizing::new(Vec::with_capacity(8 + right.len()));
        if !self.extendable {
            salt.extend_from_slice(b"shamir");
            salt.extend_from_slice(&self.identifier.to_be_bytes());
        }
        salt.extend_from_slice(right);
        let iterations = NonZeroU32::new(2_500 << u32::from(self.exponent & 15)).unwrap_or(NonZeroU32::MAX);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, &password, mask);
    }
}

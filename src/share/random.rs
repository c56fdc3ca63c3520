//! Where the random octets of shares come from: the caller's matter, so that a token's can be mixed in.

use thiserror::Error;

/// A source of octets that nobody can foresee.
pub trait Random {
    /// Fills `octets`, every value as likely as any other.
    ///
    /// # Errors
    ///
    /// [`NoRandom`] if there are none; what is in `octets` then is not to be used.
    fn fill(&mut self, octets: &mut [u8]) -> Result<(), NoRandom>;
}

/// The operating system's random octets, and nothing else.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, octets: &mut [u8]) -> Result<(), NoRandom> {
        getrandom::fill(octets).map_err(|_| NoRandom)
    }
}

/// Nobody gives random octets.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("there are no random octets")]
pub struct NoRandom;

//! Lists of RSA keys that everybody can know: those of Debian's OpenSSL from 2006 to 2008, CVE-2008-0166.
//!
//! No list comes with this program: each key size, architecture and exponent has some hundred thousand keys of its own,
//! and no package that is kept today has them. A list in the format of Debian's `openssl-blacklist` can be given.

use std::collections::BTreeSet;

use sha1::{Digest as _, Sha1};
use thiserror::Error;

use crate::digest::{from_hex, hex};

/// The digests of known keys: the last 80 bits of SHA-1 over `Modulus=…`, as `openssl rsa -modulus` prints it.
#[derive(Clone, Debug, Default)]
pub struct WeakKeys(BTreeSet<[u8; 10]>);

impl WeakKeys {
    /// The most keys of a list.
    pub const MOST: usize = 5_000_000;

    /// Reads a list: 20 digits a line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    ///
    /// [`WeakKeysError`] for the first line that is something else, or for too many.
    pub fn read(text: &str) -> Result<Self, WeakKeysError> {
        let mut keys = BTreeSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let digest = from_hex(line).and_then(|octets| octets.try_into().ok());
            keys.insert(digest.ok_or(WeakKeysError::Line { number })?);
            if keys.len() > Self::MOST {
                return Err(WeakKeysError::TooMany { most: Self::MOST });
            }
        }
        Ok(Self(keys))
    }

    /// Takes over what another list has.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an RSA key with this modulus, without leading zeros, is known.
    pub fn has(&self, modulus: &[u8]) -> bool {
        let line = format!("Modulus={}\n", hex(modulus).to_ascii_uppercase());
        let digest = Sha1::digest(line.as_bytes());
        digest.last_chunk::<10>().is_some_and(|end| self.0.contains(end))
    }
}

/// Why a text is no list of weak keys.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeakKeysError {
    /// A line that is no digest.
    #[error("line {number} is no digest of 20 hexadecimal digits")]
    Line {
        /// The line, counted from 1.
        number: usize,
    },
    /// More than are held.
    #[error("there are more than {most} keys")]
    TooMany {
        /// How many may be there.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_digest_a_line() {
        let list = WeakKeys::read("# RSA-2048\n\n00112233445566778899\n00112233445566778899\r\n").unwrap();
        assert_eq!((list.len(), list.is_empty()), (1, false));
        for wrong in [
            "0011223344556677889",
            "0011223344556677889900",
            "zz112233445566778899",
            "[\"00112233445566778899\"]",
        ] {
            assert_eq!(
                WeakKeys::read(&format!("#\n{wrong}")).unwrap_err(),
                WeakKeysError::Line { number: 2 }
            );
        }
    }
}

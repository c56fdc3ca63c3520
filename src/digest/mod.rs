//! SHA-256 digests: of files, structures and plans, as hex and as words that people compare.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

mod word_list;
pub mod words;

pub use words::WordsError;

/// A SHA-256 digest. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `octets`.
    pub fn of(octets: &[u8]) -> Self {
        Self(Sha256::digest(octets).into())
    }

    /// The digest of all that `reader` gives, without holding it.
    ///
    /// # Errors
    ///
    /// The reader's own.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Self(hash.finalize().into())),
                Ok(count) => hash.update(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of this program's own file. It cannot change while the program runs, so it is computed once.
    ///
    /// # Errors
    ///
    /// The system's, if the file cannot be read.
    pub fn of_this_program() -> io::Result<Self> {
        static FOUND: OnceLock<Digest> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(*found);
        }
        let found = Self::of_reader(&mut File::open("/proc/self/exe")?)?;
        Ok(*FOUND.get_or_init(|| found))
    }

    /// A digest that was computed elsewhere.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The 32 octets.
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Gives what its source gives, and hashes it on the way.
pub struct Hashing<'s> {
    source: &'s mut dyn Read,
    hash: Sha256,
}

impl<'s> Hashing<'s> {
    /// Nothing has been read yet.
    pub fn new(source: &'s mut dyn Read) -> Self {
        Self { source, hash: Sha256::new() }
    }

    /// The digest of what was read.
    pub fn sha256(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let octets = from_hex(text).and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or_else(|| DigestError::Form { found: text.to_owned() })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a digest could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// Not 64 lower-case hex digits.
    #[error("`{found}` is not a SHA-256 digest; wanted 64 lower-case hex digits")]
    Form {
        /// What stands there.
        found: String,
    },
}

/// Lower-case hex digits of `octets`.
pub fn hex(octets: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value });
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).fold(
        String::with_capacity(octets.len() * 2),
        |mut text, digit| {
            text.push(digit);
            text
        },
    )
}

/// The octets that lower-case hex digits say; nothing for any other text.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        _ => None,
    };
    text.as_bytes()
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // Source: FIPS 180-4 example "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), abc);
        assert_eq!(abc.parse::<Digest>().unwrap(), Digest::of(b"abc"));
        assert_eq!(Digest::of_reader(&mut &b"abc"[..]).unwrap(), Digest::of(b"abc"));
        let (mut source, mut octets) = (&b"abcd"[..], [0; 3]);
        let mut hashing = Hashing::new(&mut source);
        hashing.read_exact(&mut octets).unwrap();
        assert_eq!((octets, hashing.sha256()), (*b"abc", Digest::of(b"abc")));
    }

    #[test]
    fn a_digest_is_written_in_one_way() {
        for bad in ["", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "ba78", "é"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}

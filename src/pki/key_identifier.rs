//! Key identifiers: short names of public keys in certificates.

use std::fmt;
use std::str::FromStr;

use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha384, Sha512};
use thiserror::Error;

use super::key::PublicKey;

/// How a subject key identifier is made from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyIdentifierMethod {
    /// SHA-1 of the key bits. Source: RFC 5280 §4.2.1.2 method 1.
    Sha1,
    /// The first 160 bits of SHA-256 of the key bits. Source: RFC 7093 §2 method 1.
    Rfc7093Method1,
    /// The first 160 bits of SHA-384 of the key bits. Source: RFC 7093 §2 method 2.
    Rfc7093Method2,
    /// The first 160 bits of SHA-512 of the key bits. Source: RFC 7093 §2 method 3.
    Rfc7093Method3,
    /// SHA-256 of the whole SubjectPublicKeyInfo. Source: RFC 7093 §2 method 4.
    Rfc7093Method4,
}

impl KeyIdentifierMethod {
    /// Every method with the name that profiles use.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Sha1, "sha1"),
        (Self::Rfc7093Method1, "rfc7093-1"),
        (Self::Rfc7093Method2, "rfc7093-2"),
        (Self::Rfc7093Method3, "rfc7093-3"),
        (Self::Rfc7093Method4, "rfc7093-4"),
    ];

    /// The identifier of a key.
    pub fn identifier(self, key: &PublicKey) -> Vec<u8> {
        self.identifier_of(key.spki_der(), key.bit_string_content())
    }

    /// The identifier of a key of any kind: of its SubjectPublicKeyInfo, and of what the BIT STRING in it holds.
    pub fn identifier_of(self, spki: &[u8], bits: &[u8]) -> Vec<u8> {
        let digest = match self {
            Self::Sha1 => return Sha1::digest(bits).to_vec(),
            Self::Rfc7093Method4 => return Sha256::digest(spki).to_vec(),
            Self::Rfc7093Method1 => Sha256::digest(bits).to_vec(),
            Self::Rfc7093Method2 => Sha384::digest(bits).to_vec(),
            Self::Rfc7093Method3 => Sha512::digest(bits).to_vec(),
        };
        digest.into_iter().take(20).collect()
    }
}

impl fmt::Display for KeyIdentifierMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.into_iter().find(|(method, _)| method == self).map(|(_, name)| name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for KeyIdentifierMethod {
    type Err = KeyIdentifierError;

    fn from_str(text: &str) -> Result<Self, KeyIdentifierError> {
        let unknown = || KeyIdentifierError::Unknown { found: text.to_owned() };
        Self::NAMES.into_iter().find(|(_, name)| *name == text).map(|(method, _)| method).ok_or_else(unknown)
    }
}

/// Why a text names no method.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyIdentifierError {
    /// No such method.
    #[error("there is no key identifier `{found}`; there are {}", KeyIdentifierMethod::NAMES.map(|(_, name)| name).join(", "))]
    Unknown {
        /// What stands there.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{from_hex, hex};

    #[test]
    fn the_hash_is_of_the_key_bits_without_their_first_octet() {
        // Source: RFC 7093 §3, its example key.
        let spki = from_hex(
            "3059301306072a8648ce3d020106082a8648ce3d030107034200047f7f35a79794c950060b8029fc8f363a28f11159692d9d34e6ac94\
             8190434735f833b1a66652dc514337aff7f5c9c75d670c019d95a5d639b72744c64a9128bb",
        )
        .unwrap();
        let key = PublicKey::from_spki_der(&spki).unwrap();
        for (method, identifier) in [
            (KeyIdentifierMethod::Rfc7093Method1, "bf37b3e5808fd46d54b28e846311bcce1cad2e1a"),
            (
                KeyIdentifierMethod::Rfc7093Method4,
                "6d20896ab8bd833b6b66554bd59b20225d8a75a296088148399d7bf763d57405",
            ),
        ] {
            assert_eq!(hex(&method.identifier(&key)), identifier);
        }
    }

    #[test]
    fn a_method_is_read_as_it_is_shown() {
        for (method, name) in KeyIdentifierMethod::NAMES {
            assert_eq!(name.parse(), Ok(method));
            assert_eq!(method.to_string(), name);
        }
        assert!("md5".parse::<KeyIdentifierMethod>().is_err());
    }
}

//! A person's own public key, as `ssh-keygen` writes it.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::wire::{Reader, string};
use crate::digest::Digest;
use crate::pki::{Curve, KeyError, PublicKey};

/// A person's SSH public key: in a file, or in a FIDO device (`sk-…`).
///
/// Shown without its comment: `ssh-ed25519 AAAA…`. Two are equal exactly when their octets are.
///
/// Sources: RFC 4253 §6.6; RFC 5656 §3.1; RFC 8709 §4; OpenSSH PROTOCOL.u2f.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonKey {
    algorithm: &'static str,
    blob: Vec<u8>,
    public: PublicKey,
    application: Option<Vec<u8>>,
}

impl PersonKey {
    /// The algorithms of keys that are taken.
    pub const ALGORITHMS: [&str; 7] = [
        ED25519,
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        RSA,
        SK_ED25519,
        SK_ECDSA,
    ];

    /// The fewest bits of an RSA key that is taken: what `ssh-keygen` has made since 2019.
    pub const LEAST_RSA_BITS: usize = 3072;

    /// The most bits of an RSA key whose signatures can be verified.
    pub const MOST_RSA_BITS: usize = 8192;

    /// The octets of the key, as a signature names it.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The key itself.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its algorithm: `ssh-ed25519`.
    pub const fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// What a FIDO device signs for; nothing for a key in a file.
    pub fn application(&self) -> Option<&[u8]> {
        self.application.as_deref()
    }

    /// How many octets of a record a signature takes, at most: it names the key, and is no longer than that and a little.
    pub const fn most_in_a_record(&self) -> usize {
        (2 * self.blob.len() + 200) * 4 / 3 + 200
    }

    /// As `ssh-keygen -l` shows it: `SHA256:` and base64.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// The key of these 32 octets.
    pub(super) fn of_ed25519(point: &[u8]) -> Result<Self, PersonKeyError> {
        Self::from_blob(ED25519, &[string(ED25519.as_bytes()), string(point)].concat())
    }

    /// A key as SSH writes it; nothing for what is no key that is taken.
    pub(super) fn of_blob(blob: &[u8]) -> Option<Self> {
        let found = Reader::new(blob).text()?;
        let algorithm = Self::ALGORITHMS.into_iter().find(|algorithm| *algorithm == found)?;
        Self::from_blob(algorithm, blob).ok()
    }

    fn from_blob(algorithm: &'static str, blob: &[u8]) -> Result<Self, PersonKeyError> {
        let broken = || PersonKeyError::Broken { algorithm };
        let mut reader = Reader::new(blob);
        if reader.text() != Some(algorithm) {
            return Err(PersonKeyError::OtherKind { algorithm });
        }
        let public = match algorithm {
            ED25519 | SK_ED25519 => PublicKey::from_ed25519(reader.string().ok_or_else(broken)?)?,
            RSA => {
                let (exponent, modulus) = (reader.positive(), reader.positive());
                PublicKey::from_rsa(modulus.ok_or_else(broken)?, exponent.ok_or_else(broken)?)?
            }
            _ => {
                let curve = CURVES.iter().find(|(name, _)| Some(*name) == curve_of(algorithm));
                let (name, curve) = curve.ok_or_else(broken)?;
                if reader.text() != Some(name) {
                    return Err(broken());
                }
                PublicKey::from_ec_point(*curve, reader.string().ok_or_else(broken)?)?
            }
        };
        let of_device = [SK_ED25519, SK_ECDSA].contains(&algorithm);
        let application = if of_device { Some(reader.string().ok_or_else(broken)?.to_vec()) } else { None };
        reader.end().ok_or_else(broken)?;
        let good = Self::LEAST_RSA_BITS..=Self::MOST_RSA_BITS;
        if let Some(bits) = public.rsa_bits().filter(|bits| !good.contains(bits)) {
            return Err(PersonKeyError::RsaSize { bits });
        }
        Ok(Self { algorithm, blob: blob.to_vec(), public, application })
    }
}

/// As `ssh-keygen -l` shows a key.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(Digest::of(blob).octets()))
}

fn curve_of(algorithm: &str) -> Option<&str> {
    match algorithm {
        SK_ECDSA => Some("nistp256"),
        other => other.strip_prefix("ecdsa-sha2-"),
    }
}

impl FromStr for PersonKey {
    type Err = PersonKeyError;

    /// Reads a line of a `.pub` file: algorithm, base64, and a comment that is not kept.
    fn from_str(text: &str) -> Result<Self, PersonKeyError> {
        let mut words = text.split(' ');
        let (found, octets) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let algorithm = Self::ALGORITHMS.into_iter().find(|algorithm| *algorithm == found);
        let algorithm = algorithm.ok_or_else(|| PersonKeyError::Algorithm { found: found.to_owned() })?;
        let blob = Base64::decode_vec(octets).map_err(|_| PersonKeyError::Base64)?;
        Self::from_blob(algorithm, &blob)
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, Base64::encode_string(&self.blob))
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({} {})", self.algorithm, self.fingerprint())
    }
}

impl Serialize for PersonKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PersonKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is no key of a person.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PersonKeyError {
    /// Another algorithm, or no public key at all.
    #[error("found a key of kind `{found}`, wanted a line of a `.pub` file of one of {}", PersonKey::ALGORITHMS.join(", "))]
    Algorithm {
        /// What stands there.
        found: String,
    },
    /// Its octets are no base64.
    #[error("the key's octets are no base64; wanted a whole line of a `.pub` file")]
    Base64,
    /// The octets are of another algorithm than the one before them.
    #[error("the key says `{algorithm}`, and its octets say something else")]
    OtherKind {
        /// The algorithm that was named.
        algorithm: &'static str,
    },
    /// The octets are no key.
    #[error("the key's octets are no key of kind `{algorithm}`")]
    Broken {
        /// The algorithm that was named.
        algorithm: &'static str,
    },
    /// The key is not well formed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An RSA key that is too short or too long.
    #[error(
        "the key is RSA of {bits} bits; wanted {} to {}",
        PersonKey::LEAST_RSA_BITS,
        PersonKey::MOST_RSA_BITS
    )]
    RsaSize {
        /// Its bits.
        bits: usize,
    },
}

pub(super) const ED25519: &str = "ssh-ed25519";
pub(super) const RSA: &str = "ssh-rsa";
pub(super) const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
pub(super) const SK_ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

const CURVES: [(&str, Curve); 3] =
    [("nistp256", Curve::P256), ("nistp384", Curve::P384), ("nistp521", Curve::P521)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8032 §7.1, TEST 1; its fingerprint is by `ssh-keygen -l`.
    const GOOD: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

    #[test]
    fn a_line_of_a_pub_file_is_read_and_its_comment_is_not_kept() {
        let key: PersonKey = format!("{GOOD} bo at home").parse().unwrap();
        assert_eq!(key.to_string(), GOOD);
        assert_eq!(key.public().to_string(), "ed25519");
        assert_eq!(key.application(), None);
        assert_eq!(key.fingerprint(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<PersonKey>(&json).unwrap(), key);
    }

    #[test]
    fn what_is_no_key_of_a_person_says_what_it_is() {
        let wrong = |text: &str| text.parse::<PersonKey>().unwrap_err();
        let line = |algorithm: &str, blob: &[u8]| format!("{algorithm} {}", Base64::encode_string(blob));
        assert!(matches!(wrong(""), PersonKeyError::Algorithm { .. }));
        assert!(matches!(wrong("ssh-dss AAAA"), PersonKeyError::Algorithm { .. }));
        assert!(matches!(wrong("-----BEGIN OPENSSH PRIVATE KEY-----"), PersonKeyError::Algorithm { .. }));
        assert!(matches!(wrong("ssh-ed25519-cert-v01@openssh.com AAAA"), PersonKeyError::Algorithm { .. }));
        assert_eq!(wrong("ssh-ed25519"), PersonKeyError::OtherKind { algorithm: ED25519 });
        assert_eq!(wrong("ssh-ed25519 ???"), PersonKeyError::Base64);
        assert_eq!(wrong(&GOOD.replace(ED25519, RSA)), PersonKeyError::OtherKind { algorithm: RSA });
        let short = [string(ED25519.as_bytes()), string(&[7; 31])].concat();
        assert!(matches!(wrong(&line(ED25519, &short)), PersonKeyError::Key(_)));
        let more = [string(ED25519.as_bytes()), string(&[7; 32]), vec![0]].concat();
        assert_eq!(wrong(&line(ED25519, &more)), PersonKeyError::Broken { algorithm: ED25519 });
        for (octets, bits) in [(384, 3071), (1025, 8199)] {
            let rsa = [string(RSA.as_bytes()), string(&[1, 0, 1]), string(&vec![0x7f; octets])].concat();
            assert_eq!(wrong(&line(RSA, &rsa)), PersonKeyError::RsaSize { bits });
        }
        let no_application = [string(SK_ED25519.as_bytes()), string(&[7; 32])].concat();
        assert_eq!(
            wrong(&line(SK_ED25519, &no_application)),
            PersonKeyError::Broken { algorithm: SK_ED25519 }
        );
        let curve = [string(b"ecdsa-sha2-nistp256"), string(b"nistp384"), string(&[4; 65])].concat();
        assert_eq!(
            wrong(&line("ecdsa-sha2-nistp256", &curve)),
            PersonKeyError::Broken { algorithm: "ecdsa-sha2-nistp256" }
        );
    }
}

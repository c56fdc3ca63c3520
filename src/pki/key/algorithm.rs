//! The kinds of key pairs we make, by name.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A kind of key pair that can be generated: a type of key and its size.
///
/// Sources: BR §6.1.5 for RSA and the three curves; RFC 8032 for Ed25519; FIPS 204 for ML-DSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl KeyAlgorithm {
    /// Every kind, in the order in which people read them.
    pub const ALL: [Self; 9] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The name in scripts, logs and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    /// Bits of the RSA modulus; nothing for other keys.
    pub const fn rsa_bits(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::EcdsaP256
            | Self::EcdsaP384
            | Self::EcdsaP521
            | Self::Ed25519
            | Self::MlDsa65
            | Self::MlDsa87 => None,
        }
    }

    /// The curve of an ECDSA key; nothing for other keys.
    pub const fn curve(self) -> Option<super::Curve> {
        match self {
            Self::EcdsaP256 => Some(super::Curve::P256),
            Self::EcdsaP384 => Some(super::Curve::P384),
            Self::EcdsaP521 => Some(super::Curve::P521),
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::Ed25519 | Self::MlDsa65 | Self::MlDsa87 => {
                None
            }
        }
    }

    /// The parameter set of an ML-DSA key; nothing for other keys.
    pub const fn ml_dsa(self) -> Option<super::MlDsa> {
        match self {
            Self::MlDsa65 => Some(super::MlDsa::MlDsa65),
            Self::MlDsa87 => Some(super::MlDsa::MlDsa87),
            _ => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = KeyAlgorithmError;

    fn from_str(text: &str) -> Result<Self, KeyAlgorithmError> {
        let unknown = || KeyAlgorithmError::Unknown { found: text.to_owned() };
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or_else(unknown)
    }
}

/// Why a text names no kind of key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithmError {
    /// No such kind.
    #[error("there is no key algorithm `{found}`; there are {}", KeyAlgorithm::ALL.map(KeyAlgorithm::name).join(", "))]
    Unknown {
        /// What stands there.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_shown() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        assert_eq!(
            "ec-p384".parse::<KeyAlgorithm>().unwrap_err().to_string(),
            "there is no key algorithm `ec-p384`; there are rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, \
             ecdsa-p521, ed25519, ml-dsa-65, ml-dsa-87"
        );
    }
}

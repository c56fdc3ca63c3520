//! Keys on a token: what is asked for, what is there, and how its attributes read.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{ReturnCode, WrappedFormat};
use crate::digest::{from_hex, hex};
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::pki::signature::HashAlgorithm;

/// The id of a key (CKA_ID): 1 to 255 octets, the same for the private and the public half.
///
/// Drawn at random before the key is made, and never changed: changing it can destroy the key on some tokens.
/// Shown as lower-case hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<[u8]>);

impl KeyId {
    /// The most octets an id may have here.
    pub const MAX_OCTETS: usize = 255;

    /// An id of these octets.
    ///
    /// # Errors
    ///
    /// [`KeyIdError`] unless there are 1 to 255 octets.
    pub fn from_octets(octets: &[u8]) -> Result<Self, KeyIdError> {
        match octets.len() {
            1..=Self::MAX_OCTETS => Ok(Self(octets.into())),
            found => Err(KeyIdError::Length { found }),
        }
    }

    /// An id of 16 characters of `a-z2-7` from as many random octets: 80 random bits. Some servers keep ids as text and
    /// give the token the octets of that text.
    pub fn readable(random: &[u8; 16]) -> Self {
        let character = |octet: &u8| match octet & 31 {
            letter @ 0..26 => b'a' + letter,
            digit => b'2' + (digit - 26),
        };
        Self(random.iter().map(character).collect())
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 16]> for KeyId {
    fn from(octets: [u8; 16]) -> Self {
        Self(Box::new(octets))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let octets = from_hex(text).ok_or_else(|| KeyIdError::Form { found: text.to_owned() })?;
        Self::from_octets(&octets)
    }
}

/// Why something is no id of a key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyIdError {
    /// Nothing there, or too much.
    #[error("an id of {found} octets; it needs 1 to 255")]
    Length {
        /// How many octets there are.
        found: usize,
    },
    /// Not hex digits.
    #[error("`{found}` is not an id; wanted lower-case hex digits, two for each octet")]
    Form {
        /// What stands there.
        found: String,
    },
}

/// A key pair to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Its label, of both halves. No other object of the token has it.
    pub label: String,
    /// Its id, of both halves. No other object of the token has it.
    pub id: KeyId,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
    /// Whether it may leave the token wrapped under another key.
    pub extractable: bool,
}

impl KeyRequest {
    /// The most octets a label may have.
    pub const LONGEST_LABEL: usize = 128;
}

/// A private key that has left its token wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// What it looks like: found by decrypting it.
    pub format: WrappedFormat,
    /// The octets.
    pub octets: Vec<u8>,
}

/// A key pair that comes back from its wrapped private half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreRequest {
    /// Its names on the token, and what kind of key it is.
    pub key: KeyRequest,
    /// Its public half, which is not wrapped: from the backup, and proved by the first signature.
    pub public_key: PublicKey,
    /// By which mechanism this token unwraps.
    pub mechanism: u64,
    /// The wrapped private half.
    pub wrapped: Vec<u8>,
}

/// A key pair on a token, as it was read from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// The label of the private half; a key made here has the same on both.
    pub label: String,
    /// The id of both halves.
    pub id: KeyId,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
    /// The public key. Unauthenticated until a signature over fresh octets was verified with it.
    pub public_key: PublicKey,
    /// What the private key's attributes read.
    pub private: Attributes,
    /// What the public key's attributes read.
    pub public: Attributes,
}

/// What to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToSign<'a> {
    /// A digest that was made here: for RSA and ECDSA.
    Digest {
        /// By which hash.
        hash: HashAlgorithm,
        /// Its octets, as many as the hash gives.
        octets: &'a [u8],
    },
    /// A digest that was made here, with its message: for RSA and ECDSA. A token gets the digest, unless it signs only what it
    /// hashes itself ([`super::Quirks::hashes`]).
    Whole {
        /// By which hash.
        hash: HashAlgorithm,
        /// The octets of the digest, as many as the hash gives.
        octets: &'a [u8],
        /// What was hashed.
        message: &'a [u8],
    },
    /// A digest that was made here, to be signed by RSA-PSS with the same hash for the mask and as much salt.
    Pss {
        /// By which hash.
        hash: HashAlgorithm,
        /// Its octets, as many as the hash gives.
        octets: &'a [u8],
        /// What was hashed, if it is at hand: for a token that hashes itself.
        message: Option<&'a [u8]>,
    },
    /// The message itself: for Ed25519, which hashes inside.
    Message(&'a [u8]),
}

/// An object's attributes, each as the token answered for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub BTreeMap<AttributeName, Reading>);

impl Attributes {
    /// Whether a Boolean attribute is set, if the token says.
    pub fn flag(&self, name: AttributeName) -> Option<bool> {
        match self.0.get(&name) {
            Some(Reading::Flag(set)) => Some(*set),
            _ => None,
        }
    }
}

/// What the token answered for one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Yes or no.
    Flag(bool),
    /// A number, such as a class, a key type or a mechanism.
    Number(u64),
    /// Octets.
    Octets(Vec<u8>),
    /// The object has no such attribute, or the token does not know it.
    Absent,
    /// The attribute is not shown because it is sensitive.
    Sensitive,
    /// Asking for it failed.
    Failed(ReturnCode),
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => f.write_str("true"),
            Self::Flag(false) => f.write_str("false"),
            Self::Number(number) => write!(f, "{number:#x}"),
            Self::Octets(octets) => f.write_str(&hex(octets)),
            Self::Absent => f.write_str("absent"),
            Self::Sensitive => f.write_str("sensitive"),
            Self::Failed(code) => write!(f, "{code}"),
        }
    }
}

/// Makes an enum whose variants have a PKCS#11 name and number.
macro_rules! numbered {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal, $number:expr;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $kind { $($(#[$doc])* $variant,)+ }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in PKCS#11.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The number in PKCS#11.
            pub const fn number(self) -> u64 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The one of this number.
            pub fn from_number(number: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.number() == number)
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

numbered! {
    /// The classes of objects, PKCS#11 §4.
    ObjectClass {
        /// A data object.
        Data = "data", cryptoki_sys::CKO_DATA;
        /// A certificate.
        Certificate = "certificate", cryptoki_sys::CKO_CERTIFICATE;
        /// The public half of a key pair.
        PublicKey = "public-key", cryptoki_sys::CKO_PUBLIC_KEY;
        /// The private half of a key pair.
        PrivateKey = "private-key", cryptoki_sys::CKO_PRIVATE_KEY;
        /// A symmetric key.
        SecretKey = "secret-key", cryptoki_sys::CKO_SECRET_KEY;
        /// A feature of the device.
        HardwareFeature = "hardware-feature", cryptoki_sys::CKO_HW_FEATURE;
        /// Domain parameters.
        DomainParameters = "domain-parameters", cryptoki_sys::CKO_DOMAIN_PARAMETERS;
        /// Information on a mechanism.
        Mechanism = "mechanism", cryptoki_sys::CKO_MECHANISM;
    }
}

numbered! {
    /// The attributes that this program sets or reads.
    AttributeName {
        /// The class of the object.
        Class = "CKA_CLASS", cryptoki_sys::CKA_CLASS;
        /// On the token, or gone with the session.
        Token = "CKA_TOKEN", cryptoki_sys::CKA_TOKEN;
        /// Seen only after login.
        Private = "CKA_PRIVATE", cryptoki_sys::CKA_PRIVATE;
        /// The label.
        Label = "CKA_LABEL", cryptoki_sys::CKA_LABEL;
        /// The application of a data object.
        Application = "CKA_APPLICATION", cryptoki_sys::CKA_APPLICATION;
        /// The value of a data object, a secret key or an elliptic-curve private key.
        Value = "CKA_VALUE", cryptoki_sys::CKA_VALUE;
        /// The key type.
        KeyType = "CKA_KEY_TYPE", cryptoki_sys::CKA_KEY_TYPE;
        /// The id.
        Id = "CKA_ID", cryptoki_sys::CKA_ID;
        /// Never shown in the clear.
        Sensitive = "CKA_SENSITIVE", cryptoki_sys::CKA_SENSITIVE;
        /// May encrypt.
        Encrypt = "CKA_ENCRYPT", cryptoki_sys::CKA_ENCRYPT;
        /// May decrypt.
        Decrypt = "CKA_DECRYPT", cryptoki_sys::CKA_DECRYPT;
        /// May wrap other keys.
        Wrap = "CKA_WRAP", cryptoki_sys::CKA_WRAP;
        /// May unwrap other keys.
        Unwrap = "CKA_UNWRAP", cryptoki_sys::CKA_UNWRAP;
        /// May sign.
        Sign = "CKA_SIGN", cryptoki_sys::CKA_SIGN;
        /// May sign with recovery.
        SignRecover = "CKA_SIGN_RECOVER", cryptoki_sys::CKA_SIGN_RECOVER;
        /// May verify.
        Verify = "CKA_VERIFY", cryptoki_sys::CKA_VERIFY;
        /// May verify with recovery.
        VerifyRecover = "CKA_VERIFY_RECOVER", cryptoki_sys::CKA_VERIFY_RECOVER;
        /// May derive other keys.
        Derive = "CKA_DERIVE", cryptoki_sys::CKA_DERIVE;
        /// The RSA modulus.
        Modulus = "CKA_MODULUS", cryptoki_sys::CKA_MODULUS;
        /// How many bits the RSA modulus has.
        ModulusBits = "CKA_MODULUS_BITS", cryptoki_sys::CKA_MODULUS_BITS;
        /// The RSA public exponent.
        PublicExponent = "CKA_PUBLIC_EXPONENT", cryptoki_sys::CKA_PUBLIC_EXPONENT;
        /// The RSA private exponent.
        PrivateExponent = "CKA_PRIVATE_EXPONENT", cryptoki_sys::CKA_PRIVATE_EXPONENT;
        /// May leave the token wrapped.
        Extractable = "CKA_EXTRACTABLE", cryptoki_sys::CKA_EXTRACTABLE;
        /// Made on this token.
        Local = "CKA_LOCAL", cryptoki_sys::CKA_LOCAL;
        /// Never could leave the token.
        NeverExtractable = "CKA_NEVER_EXTRACTABLE", cryptoki_sys::CKA_NEVER_EXTRACTABLE;
        /// Was sensitive from the beginning.
        AlwaysSensitive = "CKA_ALWAYS_SENSITIVE", cryptoki_sys::CKA_ALWAYS_SENSITIVE;
        /// By which mechanism the key was made.
        KeyGenMechanism = "CKA_KEY_GEN_MECHANISM", cryptoki_sys::CKA_KEY_GEN_MECHANISM;
        /// Attributes may be changed.
        Modifiable = "CKA_MODIFIABLE", cryptoki_sys::CKA_MODIFIABLE;
        /// May be copied.
        Copyable = "CKA_COPYABLE", cryptoki_sys::CKA_COPYABLE;
        /// May be destroyed.
        Destroyable = "CKA_DESTROYABLE", cryptoki_sys::CKA_DESTROYABLE;
        /// The elliptic curve.
        EcParams = "CKA_EC_PARAMS", cryptoki_sys::CKA_EC_PARAMS;
        /// The public point.
        EcPoint = "CKA_EC_POINT", cryptoki_sys::CKA_EC_POINT;
        /// The parameter set of an ML-DSA key.
        ParameterSet = "CKA_PARAMETER_SET", cryptoki_sys::CKA_PARAMETER_SET;
        /// The SubjectPublicKeyInfo.
        PublicKeyInfo = "CKA_PUBLIC_KEY_INFO", cryptoki_sys::CKA_PUBLIC_KEY_INFO;
        /// Asks for the PIN at every use.
        AlwaysAuthenticate = "CKA_ALWAYS_AUTHENTICATE", cryptoki_sys::CKA_ALWAYS_AUTHENTICATE;
        /// Wrapped only under trusted keys.
        WrapWithTrusted = "CKA_WRAP_WITH_TRUSTED", cryptoki_sys::CKA_WRAP_WITH_TRUSTED;
        /// The mechanisms that the key may be used with.
        AllowedMechanisms = "CKA_ALLOWED_MECHANISMS", cryptoki_sys::CKA_ALLOWED_MECHANISMS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_255_octets() {
        assert_eq!(KeyId::from_octets(&[]), Err(KeyIdError::Length { found: 0 }));
        assert_eq!(KeyId::from_octets(&[0; 256]), Err(KeyIdError::Length { found: 256 }));
        assert_eq!(KeyId::from_octets(&[0; 255]).unwrap().octets(), [0; 255]);
    }

    #[test]
    fn a_readable_id_is_text_and_every_five_bits_count() {
        let all: Vec<u8> =
            (0..32).flat_map(|octet| KeyId::readable(&[octet; 16]).octets().to_vec()).collect();
        let characters: String = all.chunks(16).map(|id| char::from(id[0])).collect();
        assert_eq!(characters, "abcdefghijklmnopqrstuvwxyz234567");
        assert!(all.chunks(16).all(|id| id.len() == 16 && id.iter().all(|octet| *octet == id[0])));
        assert_eq!(KeyId::readable(&[0xff; 16]), KeyId::readable(&[0x1f; 16]));
    }

    #[test]
    fn an_id_is_written_in_hex() {
        let id: KeyId = "00ff10".parse().unwrap();
        assert_eq!(id.octets(), [0, 0xff, 0x10]);
        assert_eq!(id.to_string(), "00ff10");
        for bad in ["0", "0x00", "FF", "é"] {
            assert_eq!(bad.parse::<KeyId>(), Err(KeyIdError::Form { found: bad.to_owned() }));
        }
        assert_eq!("".parse::<KeyId>(), Err(KeyIdError::Length { found: 0 }));
    }
}

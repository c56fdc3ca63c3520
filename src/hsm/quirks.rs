//! What differs between makes of HSM, as data.
//!
//! The values come from outside (`quirks/*.yaml`, the site file); this folder reads no file.

use super::AttributeName;
use crate::pki::key::KeyAlgorithm;

/// How one make of HSM differs from the standard.
///
/// Written as `Quirks { random_limit: 1024, ..STANDARD }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// How many octets an id may have.
    pub id_octets: usize,
    /// Attributes that the token does not accept in the template of a private key.
    pub omit_private: Vec<AttributeName>,
    /// Attributes that the token does not accept in the template of a public key.
    pub omit_public: Vec<AttributeName>,
    /// How many octets of randomness the token gives in one call.
    pub random_limit: usize,
    /// How many sessions work side by side where many signatures are made; as many as there are processors if nothing is said.
    pub sessions: Option<usize>,
    /// Attributes that say how a key came to be and that this token cannot tell: CKA_LOCAL, CKA_ALWAYS_SENSITIVE and
    /// CKA_NEVER_EXTRACTABLE. What it says of them is read and logged, and not held against a key. CKA_VALUE and
    /// CKA_PRIVATE_EXPONENT among them may be absent instead of refused as sensitive; shown they never may be.
    pub untold: Vec<AttributeName>,
    /// Uses of a public key of which the token says what nobody asked for. They are read and logged, and not held against a
    /// key: who verifies a signature asks no token whether it may.
    pub untold_public: Vec<AttributeName>,
    /// By what the token signs only what it hashes itself.
    pub hashes: Hashes,
    /// The user type that logs in, if it is not CKU_USER.
    pub user_type: Option<u64>,
}

/// By what a token signs only what it hashes itself, by a mechanism that has the hash in its name, and no digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// By RSA, PKCS #1 v1.5: CKM_SHA256_RSA_PKCS and its like, no CKM_RSA_PKCS.
    pub rsa: bool,
    /// By RSA-PSS: CKM_SHA256_RSA_PKCS_PSS and its like, no CKM_RSA_PKCS_PSS.
    pub rsa_pss: bool,
    /// By ECDSA: CKM_ECDSA_SHA256 and its like, no CKM_ECDSA.
    pub ecdsa: bool,
}

impl Hashes {
    /// It takes digests.
    pub const NOTHING: Self = Self { rsa: false, rsa_pss: false, ecdsa: false };

    /// Whether it hashes anything itself.
    pub const fn anything(self) -> bool {
        self.rsa || self.rsa_pss || self.ecdsa
    }

    /// Whether it hashes itself what a kind of key signs. Ed25519 and ML-DSA take the message from everybody.
    pub const fn with(self, algorithm: KeyAlgorithm, pss: bool) -> bool {
        match (algorithm.rsa_bits(), algorithm.curve()) {
            (Some(_), _) if pss => self.rsa_pss,
            (Some(_), _) => self.rsa,
            (None, Some(_)) => self.ecdsa,
            (None, None) => false,
        }
    }
}

/// A token without quirks.
pub const STANDARD: Quirks = Quirks {
    id_octets: 16,
    omit_private: Vec::new(),
    omit_public: Vec::new(),
    random_limit: 4096,
    sessions: None,
    untold: Vec::new(),
    untold_public: Vec::new(),
    hashes: Hashes::NOTHING,
    user_type: None,
};

/// What a token does not accept in the templates of a key pair: the least that has to be left out ([`Quirks::omit_private`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFinding {
    /// Of the private key's.
    pub omit_private: Vec<AttributeName>,
    /// Of the public key's.
    pub omit_public: Vec<AttributeName>,
}

//! Which mechanism a token has to name for what is asked of it.
//!
//! A token's list is a claim. What it names it may do wrongly, which `hsm doctor` and software that verifies find out; what it
//! does not name it will hardly do, and that is better known before anything is made.

use std::fmt;

use super::encoding::{generating_mechanism, hashing_mechanism, signing_mechanism};
use super::{HashAlgorithm, Hashes};
use crate::pki::SignatureAlgorithm;
use crate::pki::key::KeyAlgorithm;

/// A mechanism, by its number in PKCS#11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mechanism(pub u64);

impl Mechanism {
    /// What makes a key pair of a kind.
    pub const fn that_makes(algorithm: KeyAlgorithm) -> Self {
        Self(generating_mechanism(algorithm))
    }

    /// What a key of a kind signs its own proof with. `hashes`: by what the token signs only what it hashes itself.
    pub const fn that_proves(algorithm: KeyAlgorithm, hashes: Hashes) -> Self {
        let hash = match algorithm {
            KeyAlgorithm::EcdsaP384 => HashAlgorithm::Sha384,
            KeyAlgorithm::EcdsaP521 => HashAlgorithm::Sha512,
            _ => HashAlgorithm::Sha256,
        };
        Self::by(algorithm, hash, (false, hashes))
    }

    /// What signs by an algorithm, where that is not the one that the key demands by itself; nothing for algorithms of which
    /// each kind of key has one.
    pub const fn that_signs(algorithm: SignatureAlgorithm, hashes: Hashes) -> Option<Self> {
        // All sizes of RSA have the same mechanisms.
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(hash) => {
                Some(Self::by(KeyAlgorithm::Rsa2048, hash, (false, hashes)))
            }
            SignatureAlgorithm::RsaPss(hash) => Some(Self::by(KeyAlgorithm::Rsa2048, hash, (true, hashes))),
            _ => None,
        }
    }

    const fn by(algorithm: KeyAlgorithm, hash: HashAlgorithm, (pss, hashes): (bool, Hashes)) -> Self {
        Self(if hashes.with(algorithm, pss) {
            hashing_mechanism(algorithm, hash, pss)
        } else if pss {
            cryptoki_sys::CKM_RSA_PKCS_PSS
        } else {
            signing_mechanism(algorithm)
        })
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// Those that are asked for here.
const NAMES: &[(u64, &str)] = &[
    (cryptoki_sys::CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"),
    (cryptoki_sys::CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"),
    (cryptoki_sys::CKM_EC_EDWARDS_KEY_PAIR_GEN, "CKM_EC_EDWARDS_KEY_PAIR_GEN"),
    (cryptoki_sys::CKM_ML_DSA_KEY_PAIR_GEN, "CKM_ML_DSA_KEY_PAIR_GEN"),
    (cryptoki_sys::CKM_RSA_PKCS, "CKM_RSA_PKCS"),
    (cryptoki_sys::CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"),
    (cryptoki_sys::CKM_ECDSA, "CKM_ECDSA"),
    (cryptoki_sys::CKM_EDDSA, "CKM_EDDSA"),
    (cryptoki_sys::CKM_ML_DSA, "CKM_ML_DSA"),
    (cryptoki_sys::CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"),
    (cryptoki_sys::CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"),
    (cryptoki_sys::CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"),
    (cryptoki_sys::CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"),
    (cryptoki_sys::CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS"),
    (cryptoki_sys::CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS"),
    (cryptoki_sys::CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256"),
    (cryptoki_sys::CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384"),
    (cryptoki_sys::CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512"),
    (cryptoki_sys::CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP"),
    (cryptoki_sys::CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD"),
    (cryptoki_sys::CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_has_mechanisms_with_names() {
        let own = Hashes { rsa: true, rsa_pss: true, ecdsa: true };
        for algorithm in KeyAlgorithm::ALL {
            assert!(Mechanism::that_makes(algorithm).to_string().ends_with("_KEY_PAIR_GEN"), "{algorithm}");
            for hashes in [Hashes::NOTHING, own] {
                assert!(Mechanism::that_proves(algorithm, hashes).to_string().starts_with("CKM_"));
            }
        }
        let proves = |algorithm, hashes| Mechanism::that_proves(algorithm, hashes).to_string();
        assert_eq!(proves(KeyAlgorithm::EcdsaP384, Hashes::NOTHING), "CKM_ECDSA");
        assert_eq!(proves(KeyAlgorithm::EcdsaP384, own), "CKM_ECDSA_SHA384");
        assert_eq!(proves(KeyAlgorithm::Rsa4096, own), "CKM_SHA256_RSA_PKCS");
        let signs = |algorithm, hashes| Mechanism::that_signs(algorithm, hashes).map(|one| one.to_string());
        let pss = SignatureAlgorithm::RsaPss(HashAlgorithm::Sha512);
        assert_eq!(signs(pss, Hashes::NOTHING).as_deref(), Some("CKM_RSA_PKCS_PSS"));
        assert_eq!(signs(pss, own).as_deref(), Some("CKM_SHA512_RSA_PKCS_PSS"));
        assert_eq!(signs(SignatureAlgorithm::Ed25519, own), None);
        assert_eq!(Mechanism(0x8000_0171).to_string(), "0x80000171");
    }
}

//! With which algorithm a structure is signed.

use super::ProfileError;
use crate::pki::signature::SignatureAlgorithm;
use crate::script::{FromNode, Node, Problems, listed, text, wrong};

/// The signature algorithm of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureChoice {
    /// The one that the issuer's key demands: [`SignatureAlgorithm::for_key`].
    ByIssuerKey,
    /// This one.
    Named(SignatureAlgorithm),
    /// This one, which nothing here signs with.
    DraftOnly(DraftOnly),
}

/// Algorithms that a profile can say and a draft can have, and that no ceremony signs with.
///
/// Source: RFC 3279 §2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftOnly {
    /// RSA PKCS #1 v1.5 over SHA-1, which old certificates have.
    RsaSha1,
}

impl DraftOnly {
    /// Every one with the name that profiles use and its AlgorithmIdentifier.
    pub const ALL: [(Self, &'static str, &'static [u8]); 1] = [(
        Self::RsaSha1,
        "rsa-sha1",
        &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00],
    )];

    /// Its name in profiles.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(one, _, _)| *one == self).map_or("", |(_, name, _)| name)
    }

    /// Its AlgorithmIdentifier.
    pub fn der(self) -> &'static [u8] {
        Self::ALL.iter().find(|(one, _, _)| *one == self).map_or(&[], |(_, _, der)| der)
    }
}

impl SignatureChoice {
    /// The algorithm for a key that demands `key` when nothing else is said.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Signature`] if the profile names one that such a key cannot sign with, or may not: the hash
    /// of ECDSA belongs to the curve (BR §7.1.3.2.2).
    pub fn choose(self, key: SignatureAlgorithm) -> Result<SignatureAlgorithm, ProfileError> {
        use SignatureAlgorithm::{RsaPkcs1, RsaPss};
        match (self, key) {
            (Self::ByIssuerKey, key) => Ok(key),
            (Self::Named(named @ (RsaPkcs1(_) | RsaPss(_))), RsaPkcs1(_) | RsaPss(_)) => Ok(named),
            (Self::Named(named), key) if named == key => Ok(named),
            (Self::Named(named), key) => Err(ProfileError::Signature { named, key }),
            (Self::DraftOnly(named), _) => Err(ProfileError::DraftOnly { named: named.name() }),
        }
    }

    /// The choice whose AlgorithmIdentifier this is.
    pub fn of(algorithm: &[u8]) -> Option<Self> {
        let only = || DraftOnly::ALL.iter().find(|(_, _, der)| *der == algorithm);
        SignatureAlgorithm::from_der(algorithm).map(Self::Named).or_else(|| Some(Self::DraftOnly(only()?.0)))
    }

    /// Its name in profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByIssuerKey => "by-issuer-key",
            Self::Named(named) => named.name(),
            Self::DraftOnly(named) => named.name(),
        }
    }

    /// The AlgorithmIdentifier of a draft that is not for signing here; `key` is that which the issuer's key demands.
    pub fn der(self, key: &[u8]) -> Vec<u8> {
        match self {
            Self::ByIssuerKey => key.to_vec(),
            Self::Named(named) => named.der(),
            Self::DraftOnly(named) => named.der().to_vec(),
        }
    }
}

impl FromNode for SignatureChoice {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let names = SignatureAlgorithm::ALL.iter().map(|algorithm| algorithm.name());
        let names: Vec<&str> = names.chain(DraftOnly::ALL.iter().map(|(_, name, _)| *name)).collect();
        let wanted = format!("`by-issuer-key` or one of {}", listed(&names));
        match text(node, &wanted, problems)? {
            "by-issuer-key" => Some(Self::ByIssuerKey),
            name => {
                let only = || DraftOnly::ALL.iter().find(|(_, known, _)| *known == name);
                let named = name.parse().ok().map(Self::Named);
                let named = named.or_else(|| only().map(|(only, _, _)| Self::DraftOnly(*only)));
                named.or_else(|| wrong(node, &wanted, problems))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_algorithm_has_to_be_one_of_the_key() {
        let algorithm = |name: &str| name.parse::<SignatureAlgorithm>().unwrap();
        let choose = |named: &str, key: &str| SignatureChoice::Named(algorithm(named)).choose(algorithm(key));
        for (named, key) in [
            ("rsa-sha384", "rsa-sha256"),
            ("rsa-pss-sha512", "rsa-sha256"),
            ("ecdsa-sha384", "ecdsa-sha384"),
            ("ed25519", "ed25519"),
        ] {
            assert_eq!(choose(named, key), Ok(algorithm(named)));
        }
        for (named, key) in [
            ("rsa-sha256", "ecdsa-sha256"),
            ("ecdsa-sha256", "ecdsa-sha384"),
            ("ecdsa-sha256", "rsa-sha256"),
            ("ed25519", "rsa-sha256"),
        ] {
            let (named, key) = (algorithm(named), algorithm(key));
            assert_eq!(
                SignatureChoice::Named(named).choose(key),
                Err(ProfileError::Signature { named, key })
            );
        }
        assert_eq!(SignatureChoice::ByIssuerKey.choose(algorithm("ed25519")), Ok(algorithm("ed25519")));
    }
}

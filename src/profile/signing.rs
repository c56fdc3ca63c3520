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
        }
    }
}

impl FromNode for SignatureChoice {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let names: Vec<&str> = SignatureAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        let wanted = format!("`by-issuer-key` or one of {}", listed(&names));
        match text(node, &wanted, problems)? {
            "by-issuer-key" => Some(Self::ByIssuerKey),
            name => match name.parse() {
                Ok(algorithm) => Some(Self::Named(algorithm)),
                Err(_) => wrong(node, &wanted, problems),
            },
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

//! What rules on signature algorithms have in common.

use super::{Judgement, NOT_APPLICABLE, PASS, Policy, must};
use crate::digest::hex;
use crate::pki::read::{AlgorithmView, TbsCertificateView};
use crate::pki::signature::SignatureAlgorithm;

/// The algorithm is one of those allowed, octet for octet.
pub(super) fn encoding(algorithm: AlgorithmView<'_>, policy: Policy) -> Judgement {
    let found = algorithm.signature_algorithm();
    match (found, policy) {
        (Some(SignatureAlgorithm::Ed25519), Policy::PublicTls | Policy::PqcPilot)
        | (Some(SignatureAlgorithm::MlDsa(_)), Policy::PublicTls) => must(format!(
            "the signature algorithm is {}, which BR §7.1.3.2 does not allow",
            found.map_or("", SignatureAlgorithm::name)
        )),
        (Some(_), _) => PASS,
        (None, _) => must(format!(
            "the signature algorithm is {}; wanted one of {}, encoded exactly",
            hex(algorithm.octets()),
            SignatureAlgorithm::ALL.map(SignatureAlgorithm::name).join(", ")
        )),
    }
}

/// The algorithm that is signed is the one that stands outside; nothing to compare where nothing is signed yet.
pub(super) fn same(inside: AlgorithmView<'_>, outside: Option<AlgorithmView<'_>>) -> Judgement {
    match outside {
        None => NOT_APPLICABLE,
        Some(outside) if outside.octets() == inside.octets() => PASS,
        Some(outside) => must(format!(
            "signatureAlgorithm is {}; signature is {}",
            hex(outside.octets()),
            hex(inside.octets())
        )),
    }
}

/// The algorithm is one that the signer's key signs by.
pub(super) fn fits(algorithm: AlgorithmView<'_>, signer: &TbsCertificateView<'_>) -> Judgement {
    let key = match signer.public_key() {
        Ok(key) => key,
        Err(error) => return must(format!("the signer's key cannot be used: {error}")),
    };
    match algorithm.signature_algorithm() {
        Some(algorithm) if algorithm.fits(&key) => PASS,
        Some(algorithm) => must(format!(
            "the signature algorithm is {algorithm}; the signer's key, {key}, signs by {}",
            SignatureAlgorithm::for_key(&key)
        )),
        None => must(format!(
            "the signature algorithm is {}; the signer's key, {key}, signs by {}",
            hex(algorithm.octets()),
            SignatureAlgorithm::for_key(&key)
        )),
    }
}

//! Signing: what goes in, and how what comes out becomes what X.509 takes.

use super::super::encoding::{hashing_mechanism, signing_mechanism};
use super::super::raw::{Mechanism, Object};
use super::super::{HashAlgorithm, KeyId, ToSign, TokenError};
use super::place::Task;
use crate::pki::key::KeyAlgorithm;
use crate::pki::signature::ecdsa_signature_from_fixed;

/// Signs by a private key of a kind.
pub(super) fn sign(
    task: &mut Task<'_>,
    id: &KeyId,
    (key, algorithm): (Object, KeyAlgorithm),
    what: ToSign<'_>,
) -> Result<Vec<u8>, TokenError> {
    let hashes = task.quirks.hashes.with(algorithm, matches!(what, ToSign::Pss { .. }));
    sign_hashed(task, id, (key, algorithm), (what, hashes))
}

/// Signs by a private key of a kind. `hashes`: by a mechanism with which the token hashes itself.
pub(in super::super) fn sign_hashed(
    task: &mut Task<'_>,
    id: &KeyId,
    (key, algorithm): (Object, KeyAlgorithm),
    (what, hashes): (ToSign<'_>, bool),
) -> Result<Vec<u8>, TokenError> {
    let data = input(algorithm, what, hashes).map_err(|finding| TokenError::WrongInput {
        token: task.token(),
        id: id.clone(),
        finding,
    })?;
    let signed = task.session.sign(mechanism(algorithm, what, hashes), key, &data);
    let signature = signed.map_err(|fault| task.explain(fault))?;
    let found = signature.len();
    output(algorithm, signature).map_err(|wanted| malformed(task.token(), id, found, wanted))
}

/// What it means that a signature has another size.
pub(super) fn malformed(token: String, id: &KeyId, found: usize, wanted: String) -> TokenError {
    TokenError::MalformedSignature { token, id: id.clone(), found, wanted }
}

/// By what is signed.
const fn mechanism(algorithm: KeyAlgorithm, what: ToSign<'_>, hashes: bool) -> Mechanism {
    match what {
        ToSign::Pss { hash, .. } => mechanism_of(algorithm, hash, true, hashes),
        ToSign::Digest { hash, .. } | ToSign::Whole { hash, .. } => {
            mechanism_of(algorithm, hash, false, hashes)
        }
        ToSign::Message(_) => Mechanism::Plain(signing_mechanism(algorithm)),
    }
}

/// By what a key of a kind signs what is hashed so. `hashes`: by the token itself.
pub(in super::super) const fn mechanism_of(
    algorithm: KeyAlgorithm,
    hash: HashAlgorithm,
    pss: bool,
    hashes: bool,
) -> Mechanism {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    if pss {
        let number =
            if hashes { hashing_mechanism(algorithm, hash, true) } else { cryptoki_sys::CKM_RSA_PKCS_PSS };
        // RFC 4055 §3.1, RFC 8017 §9.1: one hash for message and mask, and as much salt as it has octets.
        let (by, mask) = match hash {
            Sha256 => (cryptoki_sys::CKM_SHA256, cryptoki_sys::CKG_MGF1_SHA256),
            Sha384 => (cryptoki_sys::CKM_SHA384, cryptoki_sys::CKG_MGF1_SHA384),
            Sha512 => (cryptoki_sys::CKM_SHA512, cryptoki_sys::CKG_MGF1_SHA512),
        };
        return Mechanism::Pss { number, hash: by, mask, salt: hash.octets() as u64 };
    }
    Mechanism::Plain(if hashes {
        hashing_mechanism(algorithm, hash, false)
    } else {
        signing_mechanism(algorithm)
    })
}

/// The octets for the token's mechanism. Otherwise why there are none. `hashes`: the token hashes itself.
fn input(algorithm: KeyAlgorithm, what: ToSign<'_>, hashes: bool) -> Result<Vec<u8>, String> {
    let message = match what {
        ToSign::Whole { message, .. } => Some(message),
        ToSign::Pss { message, .. } => message,
        ToSign::Digest { .. } | ToSign::Message(_) => None,
    };
    let input = of_digest(algorithm, what)?;
    match message {
        _ if !hashes => Ok(input),
        Some(message) => Ok(message.to_vec()),
        None => Err("this token signs only what it hashes itself, and there is only a digest".to_owned()),
    }
}

/// The octets for a token that takes a digest. Otherwise why there are none.
fn of_digest(algorithm: KeyAlgorithm, what: ToSign<'_>) -> Result<Vec<u8>, String> {
    let what = match what {
        ToSign::Whole { hash, octets, .. } => ToSign::Digest { hash, octets },
        what => what,
    };
    match (what, algorithm.rsa_bits(), algorithm.curve()) {
        (ToSign::Message(message), None, None) => Ok(message.to_vec()),
        (ToSign::Message(_), _, _) => Err(format!("{algorithm} signs a digest")),
        (ToSign::Digest { .. }, None, None) => Err(format!("{algorithm} signs the message itself")),
        (ToSign::Pss { .. }, None, _) => Err(format!("{algorithm} does not sign by RSA-PSS")),
        (ToSign::Digest { hash, octets } | ToSign::Pss { hash, octets, .. }, _, _)
            if octets.len() != hash.octets() =>
        {
            Err(format!("a digest by {hash} has {} octets; this one has {}", hash.octets(), octets.len()))
        }
        // There is none: it was made a digest above.
        (ToSign::Whole { .. }, ..) => Err("a digest with its message".to_owned()),
        (ToSign::Digest { hash, octets }, Some(_), _) => Ok([hash.digest_info_prefix(), octets].concat()),
        // Some tokens sign a digest longer than the curve without a word, and not by FIPS 186-5 §6.4.1.
        (ToSign::Digest { hash, octets }, None, Some(curve)) if octets.len() > curve.coordinate_octets() => {
            Err(format!("a digest by {hash} has more octets than a coordinate on {curve}"))
        }
        (ToSign::Pss { octets, .. }, Some(_), _) | (ToSign::Digest { octets, .. }, None, Some(_)) => {
            Ok(octets.to_vec())
        }
    }
}

/// The signature as X.509 takes it. Otherwise what was wanted.
pub(super) fn output(algorithm: KeyAlgorithm, signature: Vec<u8>) -> Result<Vec<u8>, String> {
    let fixed = match (algorithm.curve(), algorithm.rsa_bits(), algorithm.ml_dsa()) {
        (Some(curve), ..) => {
            return ecdsa_signature_from_fixed(curve, &signature)
                .map_err(|_| format!("{}, r and s", 2 * curve.coordinate_octets()));
        }
        (None, Some(bits), _) => bits / 8,
        (None, None, Some(set)) => set.signature_octets(),
        (None, None, None) => 64,
    };
    if signature.len() == fixed { Ok(signature) } else { Err(fixed.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(hash: HashAlgorithm) -> (HashAlgorithm, Vec<u8>) {
        (hash, hash.digest(b"message"))
    }

    #[test]
    fn rsa_signs_a_digest_info_and_ecdsa_a_digest() {
        let (hash, octets) = digest(HashAlgorithm::Sha256);
        let what = ToSign::Digest { hash, octets: &octets };
        let info = input(KeyAlgorithm::Rsa2048, what, false).unwrap();
        assert_eq!(info, [hash.digest_info_prefix(), &octets].concat());
        assert_eq!(input(KeyAlgorithm::EcdsaP256, what, false).unwrap(), octets);
        assert_eq!(input(KeyAlgorithm::Ed25519, ToSign::Message(b"message"), false).unwrap(), b"message");
    }

    #[test]
    fn key_and_input_have_to_go_together() {
        let (hash, octets) = digest(HashAlgorithm::Sha384);
        let what = ToSign::Digest { hash, octets: &octets };
        assert!(input(KeyAlgorithm::EcdsaP256, what, false).is_err(), "the digest is longer than the curve");
        assert!(input(KeyAlgorithm::EcdsaP384, what, false).is_ok());
        assert!(input(KeyAlgorithm::Ed25519, what, false).is_err());
        assert!(input(KeyAlgorithm::EcdsaP384, ToSign::Message(b"message"), false).is_err());
        assert!(input(KeyAlgorithm::Rsa2048, ToSign::Message(b"message"), false).is_err());
        assert!(
            input(KeyAlgorithm::EcdsaP384, ToSign::Digest { hash, octets: &octets[1..] }, false).is_err()
        );
    }

    #[test]
    fn pss_is_for_rsa_and_takes_the_digest_as_it_is() {
        let (hash, octets) = digest(HashAlgorithm::Sha384);
        let what = ToSign::Pss { hash, octets: &octets, message: None };
        assert_eq!(input(KeyAlgorithm::Rsa3072, what, false).unwrap(), octets);
        assert!(input(KeyAlgorithm::EcdsaP384, what, false).is_err());
        assert!(input(KeyAlgorithm::Ed25519, what, false).is_err());
        let short = ToSign::Pss { hash, octets: &octets[1..], message: None };
        assert!(input(KeyAlgorithm::Rsa3072, short, false).is_err());
    }

    #[test]
    fn a_signature_has_the_size_of_its_key() {
        for (algorithm, octets) in [
            (KeyAlgorithm::Rsa2048, 256),
            (KeyAlgorithm::EcdsaP384, 96),
            (KeyAlgorithm::Ed25519, 64),
            (KeyAlgorithm::MlDsa65, 3309),
            (KeyAlgorithm::MlDsa87, 4627),
        ] {
            assert!(output(algorithm, vec![1; octets]).is_ok());
            assert!(output(algorithm, vec![1; octets - 1]).is_err());
            assert!(output(algorithm, vec![1; octets + 1]).is_err());
        }
    }

    #[test]
    fn a_token_that_hashes_itself_gets_the_message_and_no_digest() {
        let (hash, octets) = digest(HashAlgorithm::Sha384);
        let whole = ToSign::Whole { hash, octets: &octets, message: b"message" };
        assert_eq!(input(KeyAlgorithm::Rsa2048, whole, true).unwrap(), b"message");
        let of = |algorithm, what, hashes| match mechanism(algorithm, what, hashes) {
            Mechanism::Plain(number) | Mechanism::Pss { number, .. } => number,
        };
        let by = |what, hashes| of(KeyAlgorithm::Rsa2048, what, hashes);
        assert_eq!(by(whole, true), cryptoki_sys::CKM_SHA384_RSA_PKCS);
        assert_eq!(input(KeyAlgorithm::EcdsaP384, whole, true).unwrap(), b"message");
        assert_eq!(of(KeyAlgorithm::EcdsaP384, whole, true), cryptoki_sys::CKM_ECDSA_SHA384);
        assert_eq!(of(KeyAlgorithm::EcdsaP384, whole, false), cryptoki_sys::CKM_ECDSA);
        assert!(input(KeyAlgorithm::EcdsaP256, whole, true).is_err(), "the digest is longer than the curve");
        let pss = |message| ToSign::Pss { hash, octets: &octets, message };
        assert_eq!(input(KeyAlgorithm::Rsa2048, pss(Some(b"message")), true).unwrap(), b"message");
        assert!(input(KeyAlgorithm::Rsa2048, pss(None), true).is_err());
        assert_eq!(by(pss(None), true), cryptoki_sys::CKM_SHA384_RSA_PKCS_PSS);
        assert_eq!(by(pss(None), false), cryptoki_sys::CKM_RSA_PKCS_PSS);
        assert!(input(KeyAlgorithm::Rsa2048, ToSign::Digest { hash, octets: &octets }, true).is_err());
        // Any other token gets the digest, as if the message were not there.
        let alone = ToSign::Digest { hash, octets: &octets };
        assert_eq!(input(KeyAlgorithm::Rsa2048, whole, false), input(KeyAlgorithm::Rsa2048, alone, false));
        assert_eq!(by(whole, false), cryptoki_sys::CKM_RSA_PKCS);
    }
}

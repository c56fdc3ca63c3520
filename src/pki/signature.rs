//! Signature algorithms, their exact octets, and verification in software.
//!
//! The rules of this file:
//! - An algorithm is its AlgorithmIdentifier octet for octet, as BR §7.1.3.2 lists them; nothing else is one.
//! - SHA-1 is no algorithm here.
//! - Verification is by ring, for P-521 by the crate p521, for ML-DSA by the crate ml-dsa: none made the signature.
//! - What is too long to be held is verified from its digest: `message`.

use std::fmt;
use std::str::FromStr;

use ring::signature as ring;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use thiserror::Error;

use super::build::element;
use super::key::{Curve, KeyKind, MlDsa, PublicKey};
use super::message::verify_ecdsa;
use super::read::der::tag;

/// A hash function under a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// How many octets a digest has.
    pub const fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `message`.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// What stands before the digest in the DigestInfo that RSA PKCS #1 v1.5 signs. Source: RFC 8017 §9.2 note 1.
    pub const fn digest_info_prefix(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[
                0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
                0x05, 0x00, 0x04, 0x20,
            ],
            Self::Sha384 => &[
                0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
                0x05, 0x00, 0x04, 0x30,
            ],
            Self::Sha512 => &[
                0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
                0x05, 0x00, 0x04, 0x40,
            ],
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// A signature algorithm: how a certificate, CRL, OCSP response or request is signed.
///
/// Sources: BR §7.1.3.2; RFC 4055; RFC 5758; RFC 8410; RFC 9881.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 over a digest.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS over a digest, MGF1 with the same hash, salt as long as the digest.
    RsaPss(HashAlgorithm),
    /// ECDSA over a digest.
    Ecdsa(HashAlgorithm),
    /// Ed25519 over the message itself.
    Ed25519,
    /// ML-DSA over the message itself, with an empty context.
    MlDsa(MlDsa),
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 13] = [
        Self::RsaPkcs1(HashAlgorithm::Sha256),
        Self::RsaPkcs1(HashAlgorithm::Sha384),
        Self::RsaPkcs1(HashAlgorithm::Sha512),
        Self::RsaPss(HashAlgorithm::Sha256),
        Self::RsaPss(HashAlgorithm::Sha384),
        Self::RsaPss(HashAlgorithm::Sha512),
        Self::Ecdsa(HashAlgorithm::Sha256),
        Self::Ecdsa(HashAlgorithm::Sha384),
        Self::Ecdsa(HashAlgorithm::Sha512),
        Self::Ed25519,
        Self::MlDsa(MlDsa::MlDsa44),
        Self::MlDsa(MlDsa::MlDsa65),
        Self::MlDsa(MlDsa::MlDsa87),
    ];

    /// What a key demands when nothing else is said: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for
    /// P-521, and their own for Ed25519 and ML-DSA.
    ///
    /// For ECDSA there is no other choice: BR §7.1.3.2.2 binds the hash to the curve of the signing key.
    pub fn for_key(key: &PublicKey) -> Self {
        match key.kind() {
            KeyKind::Rsa { .. } => Self::RsaPkcs1(HashAlgorithm::Sha256),
            KeyKind::Ec { curve, .. } => Self::Ecdsa(hash_of(curve)),
            KeyKind::Ed25519 { .. } => Self::Ed25519,
            KeyKind::MlDsa { set, .. } => Self::MlDsa(set),
        }
    }

    /// Whether a key of this kind may sign with it: RSA with any hash, ECDSA with the one of its curve.
    pub fn fits(self, key: &PublicKey) -> bool {
        match (self, key.kind()) {
            (Self::RsaPkcs1(_) | Self::RsaPss(_), KeyKind::Rsa { .. })
            | (Self::Ed25519, KeyKind::Ed25519 { .. }) => true,
            (Self::Ecdsa(hash), KeyKind::Ec { curve, .. }) => hash == hash_of(curve),
            (Self::MlDsa(own), KeyKind::MlDsa { set, .. }) => own == set,
            _ => false,
        }
    }

    /// The digest that is signed; nothing where the message itself is.
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 | Self::MlDsa(_) => None,
        }
    }

    /// The whole AlgorithmIdentifier.
    pub fn der(self) -> Vec<u8> {
        let oid = |oid: &[u8]| element::element(tag::OID, oid);
        let null = || element::element(tag::NULL, &[]);
        match self {
            Self::RsaPkcs1(hash) => element::sequence(&[oid(rsa_pkcs1_oid(hash)), null()]),
            Self::RsaPss(hash) => element::sequence(&[oid(RSASSA_PSS), pss_parameters(hash)]),
            Self::Ecdsa(hash) => element::sequence(&[oid(ecdsa_oid(hash))]),
            Self::Ed25519 => element::sequence(&[oid(ED25519)]),
            Self::MlDsa(set) => set.algorithm().to_vec(),
        }
    }

    /// Reads a whole AlgorithmIdentifier; nothing unless it is one of [`SignatureAlgorithm::ALL`] octet for octet.
    pub fn from_der(octets: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.der() == octets)
    }

    /// The name in profiles, logs and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1(HashAlgorithm::Sha256) => "rsa-sha256",
            Self::RsaPkcs1(HashAlgorithm::Sha384) => "rsa-sha384",
            Self::RsaPkcs1(HashAlgorithm::Sha512) => "rsa-sha512",
            Self::RsaPss(HashAlgorithm::Sha256) => "rsa-pss-sha256",
            Self::RsaPss(HashAlgorithm::Sha384) => "rsa-pss-sha384",
            Self::RsaPss(HashAlgorithm::Sha512) => "rsa-pss-sha512",
            Self::Ecdsa(HashAlgorithm::Sha256) => "ecdsa-sha256",
            Self::Ecdsa(HashAlgorithm::Sha384) => "ecdsa-sha384",
            Self::Ecdsa(HashAlgorithm::Sha512) => "ecdsa-sha512",
            Self::Ed25519 => "ed25519",
            Self::MlDsa(set) => set.name(),
        }
    }

    /// How many octets a signature has at most, for estimates and previews.
    pub fn longest_signature(key: &PublicKey) -> usize {
        match key.kind() {
            KeyKind::Rsa { modulus, .. } => modulus.len(),
            // SEQUENCE of two INTEGERs, each with a leading zero.
            KeyKind::Ec { curve, .. } => 2 * (curve.coordinate_octets() + 3) + 3,
            KeyKind::Ed25519 { .. } => 64,
            KeyKind::MlDsa { set, .. } => set.signature_octets(),
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let unknown = || SignatureError::Unknown { found: text.to_owned() };
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or_else(unknown)
    }
}

/// Verifies a signature over `message` in software.
///
/// `signature` is the content of the BIT STRING without its first octet: for ECDSA the DER of Ecdsa-Sig-Value.
///
/// ECDSA with another hash than the curve's own is verified too, since requests and old roots have it; whether it is
/// allowed is not the question here, but that of [`SignatureAlgorithm::fits`].
///
/// # Errors
///
/// [`SignatureError`] if the key cannot have made a signature by this algorithm, if we cannot verify one by it, or if
/// the signature is not by this key over this message.
pub fn verify_signature(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let misfit = || SignatureError::Misfit { algorithm, key: key.to_string() };
    let unsupported = || SignatureError::Unsupported { algorithm, key: key.to_string() };
    let verified = match (key.kind(), algorithm) {
        (KeyKind::Rsa { modulus, exponent }, _) => {
            let parameters = rsa_verification(algorithm).ok_or_else(misfit)?;
            rsa_size(key)?;
            ring::RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(parameters, message, signature)
                .is_ok()
        }
        (KeyKind::Ec { curve: Curve::P521, point }, SignatureAlgorithm::Ecdsa(hash)) => {
            verify_ecdsa(Curve::P521, point, &hash.digest(message), signature)
        }
        (KeyKind::Ec { curve, point }, SignatureAlgorithm::Ecdsa(hash)) => {
            let parameters = ecdsa_verification(curve, hash).ok_or_else(unsupported)?;
            ring::UnparsedPublicKey::new(parameters, point).verify(message, signature).is_ok()
        }
        (KeyKind::Ed25519 { point }, SignatureAlgorithm::Ed25519) => {
            ring::UnparsedPublicKey::new(&ring::ED25519, point).verify(message, signature).is_ok()
        }
        (KeyKind::MlDsa { set, key }, SignatureAlgorithm::MlDsa(own)) if own == set => {
            verify_ml_dsa(set, key, message, signature)
        }
        (KeyKind::Ec { .. } | KeyKind::Ed25519 { .. } | KeyKind::MlDsa { .. }, _) => return Err(misfit()),
    };
    if verified { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// Refuses RSA keys too short or long to be verified by.
pub(super) fn rsa_size(key: &PublicKey) -> Result<(), SignatureError> {
    if key.rsa_bits().is_some_and(|bits| RSA_VERIFIABLE_BITS.contains(&bits)) {
        return Ok(());
    }
    Err(SignatureError::RsaSize { key: key.to_string() })
}

/// Makes the DER of Ecdsa-Sig-Value from what PKCS #11 gives: r and s, each as long as the other.
///
/// # Errors
///
/// [`SignatureError::FixedLength`] unless `octets` are two coordinates of `curve`.
///
/// Sources: RFC 3279 §2.2.3; PKCS #11 3.0 §2.3.1.
pub fn ecdsa_signature_from_fixed(curve: Curve, octets: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let wanted = 2 * curve.coordinate_octets();
    match octets.split_at_checked(curve.coordinate_octets()) {
        Some((r, s)) if octets.len() == wanted => {
            Ok(element::sequence(&[element::unsigned_integer(r), element::unsigned_integer(s)]))
        }
        _ => Err(SignatureError::FixedLength { octets: octets.len(), wanted }),
    }
}

/// Why a signature is not good, or could not be judged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// No algorithm of this name.
    #[error("there is no signature algorithm `{found}`; there are {}", SignatureAlgorithm::ALL.map(SignatureAlgorithm::name).join(", "))]
    Unknown {
        /// What stands there.
        found: String,
    },
    /// The key is not for this algorithm.
    #[error("{algorithm} does not fit the key, {key}")]
    Misfit {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The kind of key.
        key: String,
    },
    /// An algorithm that we have no implementation of for this key.
    #[error("signatures by {algorithm} and {key} cannot be verified by this program")]
    Unsupported {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The kind of key.
        key: String,
    },
    /// An RSA key too short or long to be trusted or verified with.
    #[error("signatures by {key} are not verified; wanted RSA of 2048 to 8192 bits")]
    RsaSize {
        /// The kind of key.
        key: String,
    },
    /// The algorithm needs the message itself, and that is too long to be held.
    #[error("{algorithm} needs the message itself, and that has more than {most} octets")]
    TooLong {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The most octets.
        most: usize,
    },
    /// The signature is not by this key over these octets.
    #[error("the signature is not by this key over these octets")]
    Wrong,
    /// r and s of another length.
    #[error("the signature has {octets} octets; wanted {wanted}, r and s")]
    FixedLength {
        /// How many it has.
        octets: usize,
        /// How many it needs.
        wanted: usize,
    },
}

/// Pure ML-DSA with an empty context. Source: RFC 9881 §3.
fn verify_ml_dsa(set: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    fn by<P: ml_dsa::MlDsaParams>(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let key = ml_dsa::EncodedVerifyingKey::<P>::try_from(key);
        match (key, ml_dsa::Signature::<P>::try_from(signature)) {
            (Ok(key), Ok(signature)) => {
                ml_dsa::VerifyingKey::<P>::decode(&key).verify_with_context(message, &[], &signature)
            }
            _ => false,
        }
    }
    match set {
        MlDsa::MlDsa44 => by::<ml_dsa::MlDsa44>(key, message, signature),
        MlDsa::MlDsa65 => by::<ml_dsa::MlDsa65>(key, message, signature),
        MlDsa::MlDsa87 => by::<ml_dsa::MlDsa87>(key, message, signature),
    }
}

fn ecdsa_verification(
    curve: Curve,
    hash: HashAlgorithm,
) -> Option<&'static ring::EcdsaVerificationAlgorithm> {
    match (curve, hash) {
        (Curve::P256, HashAlgorithm::Sha256) => Some(&ring::ECDSA_P256_SHA256_ASN1),
        (Curve::P256, HashAlgorithm::Sha384) => Some(&ring::ECDSA_P256_SHA384_ASN1),
        (Curve::P384, HashAlgorithm::Sha256) => Some(&ring::ECDSA_P384_SHA256_ASN1),
        (Curve::P384, HashAlgorithm::Sha384) => Some(&ring::ECDSA_P384_SHA384_ASN1),
        (Curve::P256 | Curve::P384, HashAlgorithm::Sha512) | (Curve::P521, _) => None,
    }
}

fn rsa_verification(algorithm: SignatureAlgorithm) -> Option<&'static ring::RsaParameters> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256) => Some(&ring::RSA_PKCS1_2048_8192_SHA256),
        SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha384) => Some(&ring::RSA_PKCS1_2048_8192_SHA384),
        SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha512) => Some(&ring::RSA_PKCS1_2048_8192_SHA512),
        SignatureAlgorithm::RsaPss(HashAlgorithm::Sha256) => Some(&ring::RSA_PSS_2048_8192_SHA256),
        SignatureAlgorithm::RsaPss(HashAlgorithm::Sha384) => Some(&ring::RSA_PSS_2048_8192_SHA384),
        SignatureAlgorithm::RsaPss(HashAlgorithm::Sha512) => Some(&ring::RSA_PSS_2048_8192_SHA512),
        SignatureAlgorithm::Ecdsa(_) | SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_) => None,
    }
}

/// Source: BR §7.1.3.2.2.
const fn hash_of(curve: Curve) -> HashAlgorithm {
    match curve {
        Curve::P256 => HashAlgorithm::Sha256,
        Curve::P384 => HashAlgorithm::Sha384,
        Curve::P521 => HashAlgorithm::Sha512,
    }
}

/// RSASSA-PSS-params with the hash, MGF1 over the same hash and a salt as long as the digest; trailerField is left out.
fn pss_parameters(hash: HashAlgorithm) -> Vec<u8> {
    let null = || element::element(tag::NULL, &[]);
    let hash_algorithm = || element::sequence(&[element::element(tag::OID, hash_oid(hash)), null()]);
    let mask = element::sequence(&[element::element(tag::OID, MGF1), hash_algorithm()]);
    element::sequence(&[
        element::element(tag::context_constructed(0), &hash_algorithm()),
        element::element(tag::context_constructed(1), &mask),
        element::element(tag::context_constructed(2), &element::integer(hash.octets() as u64)),
    ])
}

const fn hash_oid(hash: HashAlgorithm) -> &'static [u8] {
    match hash {
        HashAlgorithm::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        HashAlgorithm::Sha384 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
        HashAlgorithm::Sha512 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
    }
}

const fn rsa_pkcs1_oid(hash: HashAlgorithm) -> &'static [u8] {
    match hash {
        HashAlgorithm::Sha256 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
        HashAlgorithm::Sha384 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
        HashAlgorithm::Sha512 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
    }
}

const fn ecdsa_oid(hash: HashAlgorithm) -> &'static [u8] {
    match hash {
        HashAlgorithm::Sha256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
        HashAlgorithm::Sha384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
        HashAlgorithm::Sha512 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
    }
}

const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const RSA_VERIFIABLE_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[cfg(test)]
mod tests {
    use ::ring::rand::SystemRandom;
    use ::ring::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

    use super::*;
    use crate::digest::hex;

    #[test]
    fn identifiers_are_those_of_the_baseline_requirements() {
        // Source: BR §7.1.3.2; Ed25519: RFC 8410 §3.
        let pss = |hash: &str, salt: &str| {
            format!(
                "304106092a864886f70d01010a3034a00f300d0609608648016503040{hash}0500a11c301a06092a864886f70d010108300d\
                 0609608648016503040{hash}0500a2030201{salt}"
            )
        };
        let texts = [
            "300d06092a864886f70d01010b0500".to_owned(),
            "300d06092a864886f70d01010c0500".to_owned(),
            "300d06092a864886f70d01010d0500".to_owned(),
            pss("201", "20"),
            pss("202", "30"),
            pss("203", "40"),
            "300a06082a8648ce3d040302".to_owned(),
            "300a06082a8648ce3d040303".to_owned(),
            "300a06082a8648ce3d040304".to_owned(),
            "300506032b6570".to_owned(),
            "300b0609608648016503040311".to_owned(),
            "300b0609608648016503040312".to_owned(),
            "300b0609608648016503040313".to_owned(),
        ];
        for (algorithm, text) in SignatureAlgorithm::ALL.into_iter().zip(texts) {
            assert_eq!(hex(&algorithm.der()), text, "{algorithm}");
            assert_eq!(SignatureAlgorithm::from_der(&algorithm.der()), Some(algorithm));
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn an_identifier_with_other_parameters_is_none() {
        for other in [
            "300b06092a864886f70d01010b",     // RSA without NULL
            "300d06092a864886f70d0101050500", // SHA-1
            "300c06082a8648ce3d0403020500",   // ECDSA with NULL
            "300d06096086480165030403110500", // ML-DSA-44 with NULL
            "300b0609608648016503040320",     // HashML-DSA-44 with SHA-512
        ] {
            assert_eq!(
                SignatureAlgorithm::from_der(&crate::digest::from_hex(other).unwrap()),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn a_signature_is_good_for_its_message_and_key_alone() {
        let random = SystemRandom::new();
        for (curve, signing) in [
            (Curve::P256, &::ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            (Curve::P384, &::ring::signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        ] {
            let pair = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(signing, pair.as_ref(), &random).unwrap();
            let key = PublicKey::from_ec_point(curve, pair.public_key().as_ref()).unwrap();
            let signature = pair.sign(&random, b"message").unwrap();
            both_sides(&key, signature.as_ref());
        }
        let pair = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let key = PublicKey::from_ed25519(pair.public_key().as_ref()).unwrap();
        both_sides(&key, pair.sign(b"message").as_ref());
        let pair = p521::ecdsa::SigningKey::from_slice(&[&[0][..], &[0x5a; 65]].concat()).unwrap();
        let point = pair.verifying_key().to_sec1_point(false);
        let key = PublicKey::from_ec_point(Curve::P521, point.as_ref()).unwrap();
        let signature: p521::ecdsa::Signature = p521::ecdsa::signature::Signer::sign(&pair, b"message");
        let signature = ecdsa_signature_from_fixed(Curve::P521, &signature.to_bytes()).unwrap();
        both_sides(&key, &signature);
    }

    fn both_sides(key: &PublicKey, signature: &[u8]) {
        let algorithm = SignatureAlgorithm::for_key(key);
        assert_eq!(verify_signature(key, algorithm, b"message", signature), Ok(()), "{key}");
        assert_eq!(
            verify_signature(key, algorithm, b"massage", signature),
            Err(SignatureError::Wrong),
            "{key}"
        );
        let mut other = signature.to_vec();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(verify_signature(key, algorithm, b"message", &other), Err(SignatureError::Wrong), "{key}");
        assert_eq!(verify_signature(key, algorithm, b"message", &[]), Err(SignatureError::Wrong), "{key}");
        assert!(signature.len() <= SignatureAlgorithm::longest_signature(key));
    }

    #[test]
    fn the_certificates_of_rfc_9881_are_verified() {
        // Source: RFC 9881 appendix C.
        let examples = [
            (MlDsa::MlDsa44, include_str!("../../tests/inputs/rfc9881/ML-DSA-44.pem")),
            (MlDsa::MlDsa65, include_str!("../../tests/inputs/rfc9881/ML-DSA-65.pem")),
            (MlDsa::MlDsa87, include_str!("../../tests/inputs/rfc9881/ML-DSA-87.pem")),
        ];
        for (set, text) in examples {
            let octets = crate::pki::pem::read(text.as_bytes()).unwrap().remove(0).octets;
            let whole = crate::pki::read::certificate(&octets).unwrap();
            let key = PublicKey::from_spki_der(whole.tbs().spki().octets()).unwrap();
            let algorithm = whole.signature_algorithm().signature_algorithm().unwrap();
            assert_eq!(algorithm, SignatureAlgorithm::MlDsa(set));
            assert!(algorithm.fits(&key));
            let (message, signature) = (whole.tbs().octets(), whole.signature());
            assert_eq!(verify_signature(&key, algorithm, message, signature), Ok(()));
            assert_eq!(
                verify_signature(&key, algorithm, &message[1..], signature),
                Err(SignatureError::Wrong)
            );
            let mut other = signature.to_vec();
            other[7] ^= 1;
            assert_eq!(verify_signature(&key, algorithm, message, &other), Err(SignatureError::Wrong));
            assert_eq!(
                verify_signature(&key, algorithm, message, &signature[1..]),
                Err(SignatureError::Wrong)
            );
            for other in MlDsa::ALL.into_iter().filter(|other| *other != set) {
                let other = SignatureAlgorithm::MlDsa(other);
                let misfit = SignatureError::Misfit { algorithm: other, key: set.to_string() };
                assert!(!other.fits(&key));
                assert_eq!(verify_signature(&key, other, message, signature), Err(misfit));
            }
            assert_eq!(SignatureAlgorithm::longest_signature(&key), signature.len());
        }
    }

    #[test]
    fn an_algorithm_fits_the_key_or_is_refused() {
        let rsa = |octets| PublicKey::from_rsa(&vec![0xc1; octets], &[1, 0, 1]).unwrap();
        let algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256);
        let error = verify_signature(&rsa(256), algorithm, b"", b"").unwrap_err();
        assert_eq!(error.to_string(), "ecdsa-sha256 does not fit the key, rsa-2048");
        let algorithm = SignatureAlgorithm::for_key(&rsa(128));
        let error = verify_signature(&rsa(128), algorithm, b"", b"").unwrap_err();
        assert_eq!(error, SignatureError::RsaSize { key: "RSA of 1024 bits".into() });
        for (curve, hash) in Curve::ALL.into_iter().zip([0, 1, 2]) {
            for (index, algorithm) in SignatureAlgorithm::ALL.into_iter().skip(6).take(3).enumerate() {
                assert_eq!(algorithm.hash() == Some(hash_of(curve)), index == hash);
            }
        }
    }

    #[test]
    fn r_and_s_become_the_shortest_positive_integers() {
        let r = [&[0, 0][..], &[0x7f; 30]].concat();
        let s = [0x80; 32];
        let der = ecdsa_signature_from_fixed(Curve::P256, &[&r[..], &s].concat()).unwrap();
        assert_eq!(hex(&der), format!("3043021e{}022100{}", "7f".repeat(30), "80".repeat(32)));
        assert_eq!(
            ecdsa_signature_from_fixed(Curve::P256, &[1; 65]),
            Err(SignatureError::FixedLength { octets: 65, wanted: 64 })
        );
    }
}

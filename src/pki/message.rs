//! A message that is signed or whose signature is verified, heard piece by piece: a CRL of millions of entries is never
//! in memory.
//!
//! The rules of this file:
//! - A message that is short enough to be held is verified as a whole, by ring, like every other structure.
//! - Of a longer one there is the digest. ECDSA is verified from it by the crates p256, p384 and p521, RSA here: for
//!   PKCS #1 v1.5 the number that the signature opens to has to be the one encoded message that there is, for PSS an encoded
//!   message with a salt as long as the digest. What needs the message itself, Ed25519 and ML-DSA, cannot be, and says so.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::key::{Curve, KeyKind, Natural, PublicKey};
use super::signature::{HashAlgorithm, SignatureAlgorithm, SignatureError, verify_signature};
use crate::digest::Digest;

/// A message being heard.
#[derive(Clone, Debug)]
pub struct Message {
    hash: Hash,
    rest: Rest,
}

/// A message that also gets its name, its SHA-256, whatever hash its signature is over.
#[derive(Clone, Debug)]
pub struct NamedMessage {
    sha256: Sha256,
    longer: Option<Longer>,
    rest: Rest,
}

/// The hash that a signature is over; SHA-256 where it is over none.
#[derive(Clone, Debug)]
enum Hash {
    Sha256(Sha256),
    Longer(Longer),
}

/// A hash longer than SHA-256.
#[derive(Clone, Debug)]
enum Longer {
    Sha384(Sha384),
    Sha512(Sha512),
}

/// What is kept of a message beside its digest.
#[derive(Clone, Debug)]
struct Rest {
    algorithm: SignatureAlgorithm,
    kept: Option<Vec<u8>>,
}

/// A message that was heard to its end.
#[derive(Clone, Debug)]
pub struct Heard {
    algorithm: SignatureAlgorithm,
    digest: Vec<u8>,
    kept: Option<Vec<u8>>,
}

/// What a token is given to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signable<'h> {
    /// The digest; and the message, if it was short enough to be held: some tokens hash themselves.
    Digest(HashAlgorithm, &'h [u8], Option<&'h [u8]>),
    /// The same, by RSA-PSS.
    Pss(HashAlgorithm, &'h [u8], Option<&'h [u8]>),
    /// The message itself.
    Message(&'h [u8]),
}

impl Message {
    /// Nothing heard yet of a message that is signed by `algorithm`.
    pub fn signed_by(algorithm: SignatureAlgorithm) -> Self {
        let hash = Longer::of(algorithm).map_or_else(|| Hash::Sha256(Sha256::new()), Hash::Longer);
        Self { hash, rest: Rest::of(algorithm) }
    }

    /// Hears the next octets.
    pub fn hear(&mut self, octets: &[u8]) {
        match &mut self.hash {
            Hash::Sha256(hash) => hash.update(octets),
            Hash::Longer(hash) => hash.update(octets),
        }
        self.rest.keep(octets);
    }

    /// Nothing comes any more.
    pub fn end(self) -> Heard {
        let digest = match self.hash {
            Hash::Sha256(hash) => hash.finalize().to_vec(),
            Hash::Longer(hash) => hash.finalize(),
        };
        self.rest.heard(digest)
    }

    /// Whether a message of so many octets can be signed by `algorithm`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::TooLong`] if it is one that signs the message itself, and that is too long to be held.
    pub const fn may_have(algorithm: SignatureAlgorithm, octets: usize) -> Result<(), SignatureError> {
        match algorithm.hash() {
            None if octets > MOST_KEPT => Err(SignatureError::TooLong { algorithm, most: MOST_KEPT }),
            _ => Ok(()),
        }
    }

    /// Hears a message that is in memory.
    pub fn whole(algorithm: SignatureAlgorithm, octets: &[u8]) -> Heard {
        let mut message = Self::signed_by(algorithm);
        message.hear(octets);
        message.end()
    }
}

impl NamedMessage {
    /// Hears all that a reader gives: what was heard, and its SHA-256.
    ///
    /// # Errors
    ///
    /// The reader's.
    pub fn read(algorithm: SignatureAlgorithm, source: &mut dyn Read) -> io::Result<(Heard, Digest)> {
        let mut message = Self::signed_by(algorithm);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(message.end()),
                Ok(count) => message.hear(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Nothing heard yet of a message that is signed by `algorithm`.
    pub fn signed_by(algorithm: SignatureAlgorithm) -> Self {
        Self { sha256: Sha256::new(), longer: Longer::of(algorithm), rest: Rest::of(algorithm) }
    }

    /// Hears the next octets.
    pub fn hear(&mut self, octets: &[u8]) {
        self.sha256.update(octets);
        if let Some(longer) = &mut self.longer {
            longer.update(octets);
        }
        self.rest.keep(octets);
    }

    /// Nothing comes any more: what was heard, and its SHA-256.
    pub fn end(self) -> (Heard, Digest) {
        let sha256 = Digest::from_octets(self.sha256.finalize().into());
        let digest = self.longer.map_or_else(|| sha256.octets().to_vec(), Longer::finalize);
        (self.rest.heard(digest), sha256)
    }
}

impl Longer {
    fn of(algorithm: SignatureAlgorithm) -> Option<Self> {
        match algorithm.hash() {
            Some(HashAlgorithm::Sha384) => Some(Self::Sha384(Sha384::new())),
            Some(HashAlgorithm::Sha512) => Some(Self::Sha512(Sha512::new())),
            Some(HashAlgorithm::Sha256) | None => None,
        }
    }

    fn update(&mut self, octets: &[u8]) {
        match self {
            Self::Sha384(hash) => hash.update(octets),
            Self::Sha512(hash) => hash.update(octets),
        }
    }

    fn finalize(self) -> Vec<u8> {
        match self {
            Self::Sha384(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}

impl Rest {
    const fn of(algorithm: SignatureAlgorithm) -> Self {
        Self { algorithm, kept: Some(Vec::new()) }
    }

    fn keep(&mut self, octets: &[u8]) {
        match &mut self.kept {
            Some(kept) if kept.len() + octets.len() <= MOST_KEPT => kept.extend_from_slice(octets),
            _ => self.kept = None,
        }
    }

    fn heard(self, digest: Vec<u8>) -> Heard {
        Heard { algorithm: self.algorithm, digest, kept: self.kept }
    }
}

impl Heard {
    /// The digest of the message: by the hash that it is signed over, by SHA-256 where the message itself is signed.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// What it is signed by.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// What a token is given to sign.
    ///
    /// # Errors
    ///
    /// [`SignatureError::TooLong`] if the algorithm signs the message itself and that was not held.
    pub fn signable(&self) -> Result<Signable<'_>, SignatureError> {
        match (self.algorithm, self.algorithm.hash(), &self.kept) {
            (SignatureAlgorithm::RsaPss(hash), _, kept) => {
                Ok(Signable::Pss(hash, &self.digest, kept.as_deref()))
            }
            (_, Some(hash), kept) => Ok(Signable::Digest(hash, &self.digest, kept.as_deref())),
            (_, None, Some(kept)) => Ok(Signable::Message(kept)),
            (_, None, None) => Err(self.too_long()),
        }
    }

    /// Verifies a signature over the message in software: as [`verify_signature`].
    ///
    /// # Errors
    ///
    /// As [`verify_signature`]; [`SignatureError::TooLong`] for a long message by an algorithm that needs it whole.
    pub fn verify(&self, key: &PublicKey, signature: &[u8]) -> Result<(), SignatureError> {
        match &self.kept {
            Some(kept) => verify_signature(key, self.algorithm, kept, signature),
            None => self.verify_digest(key, signature),
        }
    }

    fn verify_digest(&self, key: &PublicKey, signature: &[u8]) -> Result<(), SignatureError> {
        let algorithm = self.algorithm;
        let verified = match (key.kind(), algorithm) {
            (KeyKind::Rsa { modulus, exponent }, SignatureAlgorithm::RsaPkcs1(hash)) => {
                super::signature::rsa_size(key)?;
                verify_pkcs1(modulus, exponent, hash, &self.digest, signature)
            }
            (KeyKind::Rsa { modulus, exponent }, SignatureAlgorithm::RsaPss(hash)) => {
                super::signature::rsa_size(key)?;
                verify_pss(modulus, exponent, hash, &self.digest, signature)
            }
            (KeyKind::Ec { curve, point }, SignatureAlgorithm::Ecdsa(hash)) => {
                // As for short messages: on these curves ring has no other.
                if curve != Curve::P521 && hash == HashAlgorithm::Sha512 {
                    return Err(SignatureError::Unsupported { algorithm, key: key.to_string() });
                }
                verify_ecdsa(curve, point, &self.digest, signature)
            }
            (KeyKind::Ed25519 { .. }, SignatureAlgorithm::Ed25519) => return Err(self.too_long()),
            _ => return Err(SignatureError::Misfit { algorithm, key: key.to_string() }),
        };
        if verified { Ok(()) } else { Err(SignatureError::Wrong) }
    }

    const fn too_long(&self) -> SignatureError {
        SignatureError::TooLong { algorithm: self.algorithm, most: MOST_KEPT }
    }
}

macro_rules! verify_by {
    ($library:ident, $point:expr, $digest:expr, $signature:expr) => {{
        use $library::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = $library::ecdsa::VerifyingKey::from_sec1_bytes($point);
        match (key, $library::ecdsa::Signature::from_der($signature)) {
            (Ok(key), Ok(signature)) => key.verify_prehash($digest, &signature).is_ok(),
            _ => false,
        }
    }};
}

/// Verifies an ECDSA signature from the digest.
pub(super) fn verify_ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    match curve {
        Curve::P256 => verify_by!(p256, point, digest, signature),
        Curve::P384 => verify_by!(p384, point, digest, signature),
        Curve::P521 => {
            // The crate wants half as many octets as the curve has; zeros in front change no number.
            let zeros = HashAlgorithm::Sha512.octets().saturating_sub(digest.len());
            verify_by!(p521, point, &[&vec![0; zeros], digest].concat(), signature)
        }
    }
}

/// Verifies an RSA signature from the digest: EMSA-PKCS1-v1_5 has one encoded message for each. Source: RFC 8017 §8.2.2.
fn verify_pkcs1(
    modulus: &[u8],
    exponent: &[u8],
    hash: HashAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    let info = [hash.digest_info_prefix(), digest].concat();
    let Some(padding) = modulus.len().checked_sub(info.len() + 3) else { return false };
    let encoded = [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat();
    opened(modulus, exponent, signature) == Some(Natural::from_octets(&encoded))
}

/// The number that an RSA signature opens to; nothing for what is no signature by a key of this size.
fn opened(modulus: &[u8], exponent: &[u8], signature: &[u8]) -> Option<Natural> {
    let (number, modulus_number) = (Natural::from_octets(signature), Natural::from_octets(modulus));
    let exponent = exponent
        .iter()
        .try_fold(0_u64, |number, octet| (number >> 56 == 0).then_some(number << 8 | u64::from(*octet)))?;
    let is_below = number.compare(&modulus_number) == std::cmp::Ordering::Less;
    (signature.len() == modulus.len() && is_below).then(|| number.power(exponent, &modulus_number))
}

/// Verifies an RSA-PSS signature from the digest: MGF1 by the same hash, a salt as long as the digest. Source: RFC 8017
/// §8.1.2, §9.1.2.
fn verify_pss(modulus: &[u8], exponent: &[u8], hash: HashAlgorithm, digest: &[u8], signature: &[u8]) -> bool {
    let Some(opened) = opened(modulus, exponent, signature) else { return false };
    // One bit less than the modulus has: with a multiple of 8 and 1 bits there is one octet less.
    let bits = Natural::from_octets(modulus).bits().saturating_sub(1);
    let octets = opened.octets();
    let Some(zeros) = bits.div_ceil(8).checked_sub(octets.len()) else { return false };
    let encoded = [vec![0; zeros], octets].concat();
    let hashed = hash.octets();
    let Some((rest, [0xbc])) = encoded.split_last_chunk::<1>() else { return false };
    let Some((masked, tail)) = rest.len().checked_sub(hashed).and_then(|at| rest.split_at_checked(at)) else {
        return false;
    };
    let unused = (8 - bits % 8) % 8;
    let first_mask = 0xff_u8 >> unused;
    if masked.first().is_none_or(|first| first & !first_mask != 0) {
        return false;
    }
    let mask = mgf1(hash, tail, masked.len());
    let mut block: Vec<u8> = masked.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
    if let Some(first) = block.first_mut() {
        *first &= first_mask;
    }
    let Some((padding, salt)) = block.len().checked_sub(hashed).and_then(|at| block.split_at_checked(at))
    else {
        return false;
    };
    let Some((1, zeros)) = padding.split_last() else { return false };
    let whole = [&[0; 8][..], digest, salt].concat();
    zeros.iter().all(|octet| *octet == 0) && hash.digest(&whole) == tail
}

/// So many octets of a mask. Source: RFC 8017 §B.2.1.
fn mgf1(hash: HashAlgorithm, seed: &[u8], octets: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|counter| hash.digest(&[seed, &counter.to_be_bytes()].concat()));
    blocks.flatten().take(octets).collect()
}

/// The longest message that is held.
const MOST_KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    };

    use super::*;

    fn long() -> Vec<u8> {
        (0..=MOST_KEPT).map(|number| number.to_le_bytes()[0]).collect()
    }

    #[test]
    fn a_long_message_is_verified_from_its_digest() {
        for (signing, curve) in
            [(&ECDSA_P256_SHA256_ASN1_SIGNING, Curve::P256), (&ECDSA_P384_SHA384_ASN1_SIGNING, Curve::P384)]
        {
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(signing, pkcs8.as_ref(), &random).unwrap();
            let key = PublicKey::from_ec_point(curve, pair.public_key().as_ref()).unwrap();
            let algorithm = SignatureAlgorithm::for_key(&key);
            for message in [long(), b"short".to_vec()] {
                let signature = pair.sign(&random, &message).unwrap();
                let heard = Message::whole(algorithm, &message);
                assert_eq!(heard.kept.is_none(), message.len() > MOST_KEPT);
                assert_eq!(heard.verify(&key, signature.as_ref()), Ok(()));
                // The other way to verify says the same of a short one.
                assert_eq!(heard.verify_digest(&key, signature.as_ref()), Ok(()));
                let other = Message::whole(algorithm, &[message.as_slice(), &[0]].concat());
                assert_eq!(other.verify(&key, signature.as_ref()), Err(SignatureError::Wrong));
                assert_eq!(other.verify_digest(&key, signature.as_ref()), Err(SignatureError::Wrong));
            }
        }
    }

    #[test]
    fn pieces_are_heard_as_the_whole() {
        let message = long();
        for algorithm in SignatureAlgorithm::ALL {
            let (mut pieces, mut named) = (Message::signed_by(algorithm), NamedMessage::signed_by(algorithm));
            message.chunks(1000).for_each(|piece| pieces.hear(piece));
            message.chunks(999).for_each(|piece| named.hear(piece));
            let (pieces, whole) = (pieces.end(), Message::whole(algorithm, &message));
            assert_eq!(pieces.digest(), whole.digest());
            assert_eq!(pieces.digest(), algorithm.hash().unwrap_or(HashAlgorithm::Sha256).digest(&message));
            for (named, sha256) in [named.end(), NamedMessage::read(algorithm, &mut &*message).unwrap()] {
                assert_eq!((named.digest(), sha256), (whole.digest(), Digest::of(&message)));
            }
            match (algorithm.hash(), pieces.signable()) {
                (Some(hash), Ok(Signable::Digest(by, digest, _) | Signable::Pss(by, digest, _))) => {
                    let pss = matches!(pieces.signable(), Ok(Signable::Pss(..)));
                    assert_eq!(pss, matches!(algorithm, SignatureAlgorithm::RsaPss(_)));
                    assert_eq!((by, digest), (hash, &hash.digest(&message)[..]));
                }
                (None, Err(error)) => assert!(error.to_string().contains("1048576"), "{error}"),
                (_, other) => panic!("{algorithm}: {other:?}"),
            }
        }
        let short = Message::whole(SignatureAlgorithm::Ed25519, b"short");
        assert_eq!(short.signable(), Ok(Signable::Message(b"short")));
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(Message::may_have(algorithm, MOST_KEPT), Ok(()));
            let more = Message::may_have(algorithm, MOST_KEPT + 1);
            assert_eq!(more.is_ok(), algorithm.hash().is_some(), "{algorithm}");
        }
    }
}

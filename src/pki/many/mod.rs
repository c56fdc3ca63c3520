//! Many signatures by one key, verified in software faster than one by one.
//!
//! The rules of this file:
//! - Every signature is verified; none is taken on trust because its neighbours are good.
//! - What the fast way does not find good, and whatever it cannot read, is judged by [`verify_signature`], whose word is
//!   final. The very first signature is judged both ways.
//! - Keys that there is no fast way for are judged by [`verify_signature`] alone.

mod p384;

use std::sync::atomic::{AtomicBool, Ordering};

use ring::digest::{SHA384, digest};

use super::key::{Curve, KeyKind, PublicKey};
use super::signature::{HashAlgorithm, SignatureAlgorithm, SignatureError, verify_signature};

/// Verifies many signatures by one key; may be used by several threads at once.
pub struct ManyVerifier {
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    fast: Option<p384::Key>,
    begun: AtomicBool,
}

/// What is signed, and the signature as [`verify_signature`] takes it.
pub type SignedOctets<'a> = (&'a [u8], &'a [u8]);

impl ManyVerifier {
    /// For signatures by a key. `count`: how many there will be, about.
    pub fn new(key: &PublicKey, algorithm: SignatureAlgorithm, count: usize) -> Self {
        let fast = match (key.kind(), algorithm) {
            (KeyKind::Ec { curve: Curve::P384, point }, SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384))
                if count >= WORTH_IT =>
            {
                p384::Key::new(point)
            }
            _ => None,
        };
        Self { key: key.clone(), algorithm, fast, begun: AtomicBool::new(false) }
    }

    /// The key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Verifies every signature of a list.
    ///
    /// # Errors
    ///
    /// The place in the list of the first that is not good, and why.
    pub fn verify(&self, all: &[SignedOctets<'_>]) -> Result<(), (usize, SignatureError)> {
        self.not_good(all).next().map_or(Ok(()), Err)
    }

    /// Every signature of a list that is not good: its place there, and why.
    pub fn not_good<'s>(
        &'s self,
        all: &'s [SignedOctets<'_>],
    ) -> impl Iterator<Item = (usize, SignatureError)> + 's {
        let mut good = self.fast.as_ref().map_or_else(Vec::new, |fast| find_good(fast, all));
        good.resize(all.len(), false);
        if let Some(first) = good.first_mut().filter(|_| !self.begun.swap(true, Ordering::Relaxed)) {
            *first = false;
        }
        let judge = |(index, (message, signature)): (usize, &SignedOctets<'_>)| {
            verify_signature(&self.key, self.algorithm, message, signature).err().map(|error| (index, error))
        };
        all.iter().enumerate().filter(move |(index, _)| good.get(*index) != Some(&true)).filter_map(judge)
    }
}

/// Which of them are good for sure.
fn find_good(key: &p384::Key, all: &[SignedOctets<'_>]) -> Vec<bool> {
    let read: Vec<_> = all.iter().map(|(message, signature)| numbers(message, signature)).collect();
    let legible: Vec<_> = read.iter().flatten().copied().collect();
    let mut judged = key.verify(&legible).into_iter();
    read.iter().map(|one| one.is_some() && judged.next() == Some(true)).collect()
}

/// The numbers of a signature; nothing unless it is Ecdsa-Sig-Value in DER.
fn numbers(message: &[u8], signature: &[u8]) -> Option<p384::Signature> {
    let (inner, []) = element(SEQUENCE, signature)? else { return None };
    let (r, rest) = element(INTEGER, inner)?;
    let (s, []) = element(INTEGER, rest)? else { return None };
    let digest = digest(&SHA384, message).as_ref().try_into().ok()?;
    Some(p384::Signature { digest, r: number(r)?, s: number(s)? })
}

/// The content of an element shorter than 128 octets, and what follows it.
fn element(tag: u8, octets: &[u8]) -> Option<(&[u8], &[u8])> {
    match octets {
        [found, length @ 0..=0x7f, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

/// A positive INTEGER in its shortest form, as 48 octets.
fn number(content: &[u8]) -> Option<[u8; 48]> {
    let digits = match content {
        [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => rest,
        [0x01..=0x7f, ..] => content,
        _ => return None,
    };
    let mut number = [0; 48];
    number.get_mut(48_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(number)
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// From how many signatures on tables pay: they cost as much as verifying a few.
const WORTH_IT: usize = 100;

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    /// A message with its signature.
    type Signed = ([u8; 4], Vec<u8>);

    fn signatures(count: u32) -> (PublicKey, Vec<Signed>) {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P384_SHA384_ASN1_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
        let key = PublicKey::from_ec_point(Curve::P384, pair.public_key().as_ref()).unwrap();
        let sign = |number: u32| {
            let message = number.to_be_bytes();
            (message, pair.sign(&random, &message).unwrap().as_ref().to_vec())
        };
        (key, (0..count).map(sign).collect())
    }

    fn borrowed(all: &[Signed]) -> Vec<SignedOctets<'_>> {
        all.iter().map(|(message, signature)| (&message[..], signature.as_slice())).collect()
    }

    const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384);

    #[test]
    fn good_signatures_are_found_good_by_the_fast_way_itself() {
        let (key, all) = signatures(60);
        for count in [WORTH_IT, 10_000] {
            let many = ManyVerifier::new(&key, ALGORITHM, count);
            assert_eq!(find_good(many.fast.as_ref().unwrap(), &borrowed(&all)), [true; 60]);
            assert_eq!(many.verify(&borrowed(&all)), Ok(()));
            assert_eq!(many.verify(&borrowed(&all)), Ok(()));
        }
        assert!(ManyVerifier::new(&key, ALGORITHM, WORTH_IT - 1).fast.is_none());
    }

    #[test]
    fn a_bad_one_is_named_by_its_place() {
        let (key, all) = signatures(40);
        let many = ManyVerifier::new(&key, ALGORITHM, 1000);
        assert_eq!(many.verify(&borrowed(&all)), Ok(()));
        for bad in [0, 7, 39] {
            let mut changed = all.clone();
            changed[bad].0[0] ^= 1;
            assert_eq!(many.verify(&borrowed(&changed)), Err((bad, SignatureError::Wrong)));
            let mut changed = all.clone();
            *changed[bad].1.last_mut().unwrap() ^= 1;
            assert_eq!(many.verify(&borrowed(&changed)), Err((bad, SignatureError::Wrong)));
            let mut changed = all.clone();
            changed[bad].1.truncate(50);
            assert_eq!(many.verify(&borrowed(&changed)), Err((bad, SignatureError::Wrong)));
        }
        let mut changed = all.clone();
        for bad in [3, 4, 39] {
            changed[bad].0[0] ^= 1;
        }
        let bad: Vec<_> = many.not_good(&borrowed(&changed)).map(|(place, _)| place).collect();
        assert_eq!(bad, [3, 4, 39]);
        let (other, _) = signatures(0);
        let many = ManyVerifier::new(&other, ALGORITHM, 1000);
        assert_eq!(many.verify(&borrowed(&all)), Err((0, SignatureError::Wrong)));
    }

    #[test]
    fn numbers_out_of_range_are_not_good() {
        let (key, all) = signatures(1);
        let many = ManyVerifier::new(&key, ALGORITHM, 1000);
        let order = crate::digest::from_hex(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        )
        .unwrap();
        let integer = |content: &[u8]| [&[2, u8::try_from(content.len()).unwrap()], content].concat();
        let signature = |r: &[u8], s: &[u8]| {
            let content = [integer(r), integer(s)].concat();
            [&[0x30, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
        };
        let order = [&[0][..], &order].concat();
        for (r, s) in [
            (&order[..], &[1][..]),
            (&[1], &order),
            (&[0], &[1]),
            (&[1], &[0]),
            (&[0, 1], &[1]),
            (&[0xff], &[1]),
        ] {
            let signature = signature(r, s);
            assert_eq!(
                many.verify(&[(&all[0].0, &signature)]),
                Err((0, SignatureError::Wrong)),
                "{r:?} {s:?}"
            );
        }
    }

    #[test]
    fn other_keys_are_judged_one_by_one() {
        let random = SystemRandom::new();
        let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = ring::signature::Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let key = PublicKey::from_ed25519(pair.public_key().as_ref()).unwrap();
        let signature = pair.sign(b"message");
        let many = ManyVerifier::new(&key, SignatureAlgorithm::Ed25519, 10_000);
        assert_eq!(many.verify(&[(&b"message"[..], signature.as_ref()); 3]), Ok(()));
        let all = [(&b"message"[..], signature.as_ref()), (&b"massage"[..], signature.as_ref())];
        assert_eq!(many.verify(&all), Err((1, SignatureError::Wrong)));
    }
}

//! Stand-ins for what is not known while planning: public keys of the right form, and a serial number.
//!
//! They fill the holes of drafts, so that rules judge octets of the final size and every key of a script is another
//! one. They come from the keys' names alone and nobody has their private halves: a curve's point is found at an x that
//! is a digest, a modulus is a digest stretched to its length.

use sha2::{Digest as _, Sha512};

use crate::pki::{Curve, KeyAlgorithm, PublicKey, SerialNumber};

/// A public key of this algorithm that is nobody's; for each name another one.
pub fn public_key(algorithm: KeyAlgorithm, name: &str) -> PublicKey {
    let made = (0_u32..).find_map(|attempt| {
        let seed = format!("{attempt} {name}");
        match (algorithm.curve(), algorithm.rsa_bits(), algorithm.ml_dsa()) {
            (Some(curve), ..) => ec_key(curve, &seed),
            (None, Some(bits), _) => rsa_key(bits, &seed),
            // Any octets are a key: a seed, and coefficients of ten bits each.
            (None, None, Some(set)) => PublicKey::from_ml_dsa(set, &stretched(&seed, set.key_octets())).ok(),
            (None, None, None) => PublicKey::from_ed25519(&stretched(&seed, 32)).ok(),
        }
    });
    #[expect(
        clippy::expect_used,
        reason = "every second x has a point, every tenth odd number no small factor"
    )]
    made.expect("a key is found after a few attempts")
}

/// A serial number that is nobody's: 17 octets like every one that is drawn, for each name another one.
pub fn serial(name: &str) -> SerialNumber {
    let octets = stretched(&format!("serial {name}"), 16);
    SerialNumber::from_random(octets.try_into().unwrap_or([0x5a; 16]))
}

fn ec_key(curve: Curve, seed: &str) -> Option<PublicKey> {
    let mut x = stretched(seed, curve.coordinate_octets());
    // Below every prime of its length.
    if let Some(highest) = x.first_mut() {
        *highest = 0;
    }
    PublicKey::from_ec_point(curve, &curve.point_at(&x)?).ok()
}

fn rsa_key(bits: usize, seed: &str) -> Option<PublicKey> {
    let mut modulus = stretched(seed, bits / 8);
    if let Some(highest) = modulus.first_mut() {
        *highest |= 0xc0;
    }
    if let Some(lowest) = modulus.last_mut() {
        *lowest |= 1;
    }
    // What a rule on keys would object to first: a small factor.
    let divides =
        |prime: u32| modulus.iter().fold(0, |rest, octet| (rest << 8 | u32::from(*octet)) % prime) == 0;
    if (3..752).step_by(2).any(divides) {
        return None;
    }
    PublicKey::from_rsa(&modulus, &[1, 0, 1]).ok()
}

/// So many octets that come from the seed alone.
fn stretched(seed: &str, octets: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|block| Sha512::digest(format!("rootrite placeholder {block} {seed}")).to_vec())
        .take(octets)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_a_stand_in_of_its_own_form_and_every_name_another() {
        for algorithm in KeyAlgorithm::ALL {
            let key = public_key(algorithm, "root-x1");
            assert_eq!(key.algorithm(), Some(algorithm));
            assert_eq!(key, public_key(algorithm, "root-x1"));
            assert_ne!(key, public_key(algorithm, "root-x2"));
        }
    }
}

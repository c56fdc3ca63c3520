//! A secret, some points of a polynomial, and back. SLIP-0039 "Shamir's secret sharing".
//!
//! The rules of this file:
//! - The secret stands at 255 and a digest of it at 254, so that a wrong secret is noticed when it is rebuilt.
//! - Every other octet that the polynomial is fixed by is random over all 256 values: fewer points than the threshold fit
//!   every secret equally well.

use ring::hmac;

use super::field::interpolate;
use super::random::{NoRandom, Random};
use crate::secret::SecretOctets;

/// The values at 0 to `count` - 1, of which `threshold` rebuild the secret. Both are at most 16, the threshold is not above
/// the count, and the secret has more than [`DIGEST_OCTETS`] octets: callers' types say so.
pub(super) fn split(
    secret: &SecretOctets,
    threshold: u8,
    count: u8,
    random: &mut dyn Random,
) -> Result<Vec<SecretOctets>, NoRandom> {
    if threshold <= 1 {
        return Ok((0..count).filter_map(|_| secret.expose(SecretOctets::read)).collect());
    }
    let mut shares = Vec::with_capacity(count.into());
    for _ in 0..threshold - 2 {
        shares.push(drawn(secret.len(), random)?);
    }
    let mut digest = drawn(secret.len(), random)?;
    digest.write(|octets| {
        if let Some((digest, key)) = octets.split_at_mut_checked(DIGEST_OCTETS) {
            digest.copy_from_slice(&digest_of(secret, key));
        }
    });
    for index in threshold - 2..count {
        let mut points: Vec<(u8, &SecretOctets)> = (0..threshold - 2).zip(&shares).collect();
        points.extend([(DIGEST_AT, &digest), (SECRET_AT, secret)]);
        // Places and lengths are our own: there is a polynomial.
        shares.push(interpolate(&points, index).ok_or(NoRandom)?);
    }
    Ok(shares)
}

/// The secret of as many points as the threshold; nothing if they do not belong together.
pub(super) fn rebuild(points: &[(u8, &SecretOctets)]) -> Option<SecretOctets> {
    if let [(_, only)] = points {
        return only.expose(SecretOctets::read);
    }
    let secret = interpolate(points, SECRET_AT)?;
    let digest = interpolate(points, DIGEST_AT)?;
    let fits = digest.expose(|octets| {
        let (digest, key) = octets.split_at_checked(DIGEST_OCTETS)?;
        let difference = digest_of(&secret, key)
            .iter()
            .zip(digest)
            .fold(0, |difference, (one, two)| difference | (one ^ two));
        Some(std::hint::black_box(difference) == 0)
    });
    (fits == Some(true)).then_some(secret)
}

fn drawn(length: usize, random: &mut dyn Random) -> Result<SecretOctets, NoRandom> {
    let mut octets = SecretOctets::zeros(length).ok_or(NoRandom)?;
    octets.write(|octets| random.fill(octets))?;
    Ok(octets)
}

/// The first octets of HMAC-SHA-256 over the secret.
fn digest_of(secret: &SecretOctets, key: &[u8]) -> [u8; DIGEST_OCTETS] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = secret.expose(|secret| hmac::sign(&key, secret));
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Where the secret stands.
const SECRET_AT: u8 = 255;

/// Where the digest stands.
const DIGEST_AT: u8 = 254;

/// How many octets of the digest there are.
const DIGEST_OCTETS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::SystemRandom;
    use proptest::prelude::*;
    use vsss_rs::Gf256;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_split_is_rebuilt_by_any_of_its_shares(
            secret in proptest::collection::vec(any::<u8>(), 16..=20),
            threshold in 2_u8..=5,
            more in 0_u8..=4,
            from in 0_usize..9,
        ) {
            let secret = SecretOctets::read(&secret).unwrap();
            let count = threshold + more;
            let shares = split(&secret, threshold, count, &mut SystemRandom).unwrap();
            let all: Vec<(u8, &SecretOctets)> = (0..count).zip(&shares).collect();
            let chosen: Vec<_> = all.iter().cycle().skip(from).take(threshold.into()).copied().collect();
            prop_assert!(rebuild(&chosen).unwrap().is_same(&secret));
        }
    }

    #[test]
    fn a_changed_octet_of_a_share_is_noticed_when_the_secret_is_rebuilt() {
        let secret = SecretOctets::read(&[9; 32]).unwrap();
        let mut shares = split(&secret, 3, 3, &mut SystemRandom).unwrap();
        shares[1].write(|octets| octets[31] ^= 1);
        let points: Vec<(u8, &SecretOctets)> = (0..3).zip(&shares).collect();
        assert!(rebuild(&points).is_none());
    }

    #[test]
    fn another_implementation_of_the_field_rebuilds_ours_and_we_rebuild_its() {
        let secret = [0x5a, 0, 0xff, 1, 0x80, 7, 0x1b, 0x9c];
        for (threshold, count) in [(2, 2), (2, 5), (3, 5), (5, 9), (16, 16)] {
            // Theirs has the secret at 0 and the shares from 1 on.
            let theirs = Gf256::split_bytes(
                threshold,
                count,
                secret,
                getrandom::rand_core::UnwrapErr(getrandom::SysRng),
            )
            .unwrap();
            let values: Vec<(u8, SecretOctets)> =
                theirs.iter().map(|share| (share[0], SecretOctets::read(&share[1..]).unwrap())).collect();
            let points: Vec<(u8, &SecretOctets)> =
                values.iter().rev().take(threshold).map(|(x, value)| (*x, value)).collect();
            assert!(interpolate(&points, 0).unwrap().expose(|found| found == secret));
            // Ours: random points fix a polynomial whose value at 0 is the secret.
            let mut fixed: Vec<(u8, SecretOctets)> = vec![(0, SecretOctets::read(&secret).unwrap())];
            for x in 1..u8::try_from(threshold).unwrap() {
                fixed.push((x, drawn(secret.len(), &mut SystemRandom).unwrap()));
            }
            let fixed: Vec<(u8, &SecretOctets)> = fixed.iter().map(|(x, value)| (*x, value)).collect();
            let ours: Vec<Vec<u8>> = [250, 251, 252, 253, 254, 255]
                .into_iter()
                .chain(100..110)
                .take(threshold)
                .map(|x| interpolate(&fixed, x).unwrap().expose(|value| [&[x], value].concat()))
                .collect();
            assert_eq!(Gf256::combine_bytes(&ours).unwrap(), secret);
        }
    }
}

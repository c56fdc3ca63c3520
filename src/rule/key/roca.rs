//! An RSA modulus does not come from the flawed library of CVE-2017-15361, ROCA.
//!
//! Its primes are k·M + (65537^a mod M), so that the modulus is a power of 65537 modulo every small prime in M.

use super::{Judge, Key};
use crate::pki::key::Natural;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-09",
    requires: "an RSA modulus has not the fingerprint of CVE-2017-15361, ROCA",
    source: "BR 2.2.6 §6.1.1.3; Nemec et al., The Return of Coppersmith's Attack, CCS 2017",
    severity: Severities::STANDARD,
    verdict: judge,
};

/// The primes to 167, the least that M has, of which 65537 does not generate every remainder.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    let Some((modulus, _)) = key.rsa() else { return NOT_APPLICABLE };
    let modulus = Natural::from_octets(modulus);
    if PRIMES.into_iter().all(|prime| is_power(modulus.remainder(prime), prime)) {
        must("the RSA modulus has the fingerprint of CVE-2017-15361, ROCA: its key can be computed")
    } else {
        PASS
    }
}

/// Whether a remainder is a power of 65537 modulo a prime.
fn is_power(remainder: u32, prime: u32) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1;
    loop {
        if power == remainder {
            return true;
        }
        power = power * generator % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::RULE;
    use crate::digest::from_hex;
    use crate::pki::key::PublicKey;

    /// 65537^12345 plus a multiple of the product of the primes to 167: the fingerprint without the primes.
    const MARKED: &str = "\
        8000000000000000000000000000000000000000000000000000000000000000\
        0000000000000000000000000000000000000000000000000000000000000000\
        0000000000000000000000000000000000000000000000000000000000000000\
        0000000000000002e117512e2183d43ea2d4c15228ce29df04bede5c23580902\
        455ec45bb7fc00234c5bc7c9f8c3330aefd9864d5e66b87c4455d2d50f568a87\
        2b8045f00df9ef83c52533274211bcf04d7bcb5fcfd706f32f8141b3df813d41\
        6f0c568694a8f551f2387a10d5e2845f6ae65338bb418a545f77f210af220639\
        eb6a26e8a5e4ba4fe1b54c44e42167b4de2e0020b507c8de2e50543dc40731ab\
        ";

    #[test]
    fn the_fingerprint_is_known() {
        let modulus = from_hex(MARKED).unwrap();
        fails(&RULE, &PublicKey::from_rsa(&modulus, &[1, 0, 1]).unwrap(), "ROCA");
        for change in [2, 4, 6, 8] {
            let mut other = modulus.clone();
            *other.last_mut().unwrap() ^= change;
            passes(&RULE, &PublicKey::from_rsa(&other, &[1, 0, 1]).unwrap());
        }
    }
}

//! An RSA modulus is odd and has no factor below 752. BR §6.1.6.

use std::sync::LazyLock;

use super::{Judge, Key};
use crate::pki::key::Natural;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-03",
    requires: "an RSA modulus is odd and has no factor below 752",
    source: "BR 2.2.6 §6.1.6; SP 800-89 §5.3.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

/// The first number that may divide a modulus.
const BOUND: u32 = 752;

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    let Some((modulus, _)) = key.rsa() else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    if let Some(factor) = smallest_factor(&Natural::from_octets(modulus)) {
        findings.must(format!("the RSA modulus is divisible by {factor}"));
    }
    findings.verdict()
}

/// The smallest factor below the bound.
fn smallest_factor(modulus: &Natural) -> Option<u32> {
    // Modulo the product of all the primes, a modulus is short and divisible by the same of them.
    let short = modulus.modulo(&PRIMES.product);
    PRIMES.groups.iter().find_map(|(product, group)| {
        let remainder = short.remainder(*product);
        group.iter().copied().find(|prime| remainder.is_multiple_of(*prime))
    })
}

/// The primes below the bound.
struct Primes {
    /// As many as have a product of one limb together; the groups and the primes in them ascend.
    groups: Vec<(u32, Vec<u32>)>,
    /// The product of all.
    product: Natural,
}

static PRIMES: LazyLock<Primes> = LazyLock::new(|| {
    let is_prime =
        |number: &u32| !(2..*number).take_while(|by| by * by <= *number).any(|by| number.is_multiple_of(by));
    let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
    for prime in (2..BOUND).filter(is_prime) {
        match groups.last_mut().and_then(|group| Some((group.0.checked_mul(prime)?, group))) {
            Some((product, group)) => {
                group.0 = product;
                group.1.push(prime);
            }
            None => groups.push((prime, vec![prime])),
        }
    }
    let one = Natural::from_octets(&[1]);
    let product = groups
        .iter()
        .fold(one, |product, (group, _)| product.times(&Natural::from_octets(&group.to_be_bytes())));
    Primes { groups, product }
});

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::RULE;
    use crate::pki::key::PublicKey;

    /// 2^2047 and this remainder: chosen so that the number has, or has not, a small factor.
    fn modulus(low: u16) -> PublicKey {
        let mut octets = vec![0; 256];
        octets[0] = 0x80;
        octets[254..].copy_from_slice(&low.to_be_bytes());
        PublicKey::from_rsa(&octets, &[1, 0, 1]).unwrap()
    }

    /// 2^2047 modulo a small number.
    fn power(modulus: u32) -> u32 {
        (0..2047).fold(1 % modulus, |power, _| power * 2 % modulus)
    }

    #[test]
    fn factors_count_to_751() {
        let powers: Vec<_> = (2..1000).map(|divisor| (divisor, power(divisor))).collect();
        let smallest = |low: u16| {
            powers.iter().find(|(divisor, power)| (power + u32::from(low)) % divisor == 0).map(|(divisor, _)| *divisor)
        };
        let with_factor = |factor| (1..=u16::MAX).find(|low| smallest(*low) == Some(factor)).unwrap();
        for factor in [2, 3, 743, 751] {
            fails(&RULE, &modulus(with_factor(factor)), &format!("divisible by {factor}"));
        }
        // 757 is the next prime.
        passes(&RULE, &modulus(with_factor(757)));
    }
}

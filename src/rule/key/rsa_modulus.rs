//! An RSA modulus is odd and has no factor below 752. BR §6.1.6.

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

/// The smallest factor below the bound. The modulus is gone through once for a product of several primes.
fn smallest_factor(modulus: &Natural) -> Option<u32> {
    let prime = |number: &u32| !(2..*number).take_while(|by| by * by <= *number).any(|by| number.is_multiple_of(by));
    let mut primes = (2..BOUND).filter(prime).peekable();
    while let Some(first) = primes.next() {
        let mut group = vec![first];
        let mut product = first;
        while let Some(larger) = primes.peek().and_then(|next| product.checked_mul(*next)) {
            product = larger;
            group.extend(primes.next());
        }
        let remainder = modulus.remainder(product);
        if let Some(factor) = group.into_iter().find(|prime| remainder.is_multiple_of(*prime)) {
            return Some(factor);
        }
    }
    None
}

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

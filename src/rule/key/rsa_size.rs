//! An RSA modulus has at least 2048 bits, and whole octets of them. BR §6.1.5.

use super::{Judge, Key};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-01",
    requires: "an RSA modulus has at least 2048 bits and a number of bits divisible by 8",
    source: "BR 2.2.6 §6.1.5",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    let Some(bits) = key.key.as_ref().ok().and_then(crate::pki::key::PublicKey::rsa_bits) else {
        return NOT_APPLICABLE;
    };
    let mut findings = Findings::new();
    if bits < 2048 {
        findings.must(format!("the RSA modulus has {bits} bits; it needs at least 2048"));
    } else if !bits.is_multiple_of(8) {
        findings.must(format!("the RSA modulus has {bits} bits; wanted a number divisible by 8"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes, rsa};
    use super::RULE;

    #[test]
    fn bits_are_2048_or_more_and_divisible_by_8() {
        for good in [2048, 2056, 3072, 4096, 8192] {
            passes(&RULE, &rsa(good, 0xff, &[1, 0, 1]));
        }
        fails(&RULE, &rsa(2047, 0xff, &[1, 0, 1]), "at least 2048");
        fails(&RULE, &rsa(1024, 0xff, &[1, 0, 1]), "at least 2048");
        fails(&RULE, &rsa(2050, 0xff, &[1, 0, 1]), "divisible by 8");
    }
}

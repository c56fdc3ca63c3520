//! An RSA public exponent is odd and at least 3; it should be from 2^16 + 1 to 2^256 - 1. BR §6.1.6.

use super::{Judge, Key};
use crate::digest::hex;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-02",
    requires: "an RSA public exponent is odd and at least 3, better from 2^16 + 1 to 2^256 - 1",
    source: "BR 2.2.6 §6.1.6",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    let Some((_, exponent)) = key.rsa() else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    let value = hex(exponent);
    if exponent.last().is_none_or(|last| last & 1 == 0) {
        findings.must(format!("the RSA public exponent is 0x{value}, which is even"));
    } else if matches!(exponent, [0..3]) {
        findings.must(format!("the RSA public exponent is 0x{value}; it has to be at least 3"));
    } else if exponent.len() < 3 || exponent.len() > 32 {
        findings.should(format!("the RSA public exponent is 0x{value}; wanted 2^16 + 1 to 2^256 - 1"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes, rsa};
    use super::RULE;

    #[test]
    fn it_is_odd_and_neither_small_nor_huge() {
        let with = |exponent: &[u8]| rsa(2048, 0xff, exponent);
        passes(&RULE, &with(&[1, 0, 1]));
        passes(&RULE, &with(&[0xff; 32]));
        fails(&RULE, &with(&[1]), "at least 3");
        fails(&RULE, &with(&[3]), "2^16 + 1");
        fails(&RULE, &with(&[0xff, 0xff]), "2^16 + 1");
        fails(&RULE, &with(&[&[1][..], &[0; 31], &[1]].concat()), "2^256");
        fails(&RULE, &with(&[1, 0, 0]), "even");
    }
}

//! A CA that signs OCSP responses itself has the usage for it. BR §7.1.2.1.5 note.

use super::{Judge, Ocsp};
use crate::pki::usage::KeyUsage;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-12",
    requires: "a CA that signs OCSP responses itself has digital-signature in its key usage",
    source: "BR 2.2.6 §7.1.2.1.5, §7.1.2.10.7; RFC 6960 §4.2.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(_: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    if context.delegate().is_some() {
        return NOT_APPLICABLE;
    }
    match context.issuer()?.extensions().key_usage()? {
        Some(usage) if !usage.has(KeyUsage::DIGITAL_SIGNATURE) => {
            must(format!("the CA's key usage is {usage}; to sign OCSP responses it needs digital-signature"))
        }
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn without_the_bit_it_needs_a_delegate() {
        OcspSample::direct().passes(&RULE);
        OcspSample::direct().but(|one| one.root = Sample::root()).fails(&RULE, "needs digital-signature");
        OcspSample::new().passes(&RULE);
    }
}

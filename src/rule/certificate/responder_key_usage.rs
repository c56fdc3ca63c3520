//! An OCSP responder has a critical key usage of digital signature alone. BR §7.1.2.8.6.

use super::{Certificate, Judge, expect_extension};
use crate::pki::oid::extension;
use crate::pki::usage::KeyUsage;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-04",
    requires: "an OCSP responder has a critical key usage of digital-signature alone",
    source: "BR 2.2.6 §7.1.2.8.6",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    expect_extension(certificate, extension::KEY_USAGE, "key usage", true, &mut findings);
    if let Some(usage) = certificate.extensions().key_usage()?.filter(|found| *found != KeyUsage::DIGITAL_SIGNATURE) {
        findings.must(format!("the key usage is {usage}; wanted digital-signature alone"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::KEY_USAGE;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_03020780() {
        Sample::responder().with_value(KEY_USAGE, "03020780").passes(&RULE);
        Sample::responder().without(KEY_USAGE).fails(&RULE, "no key usage");
        Sample::responder().with_criticality_turned(KEY_USAGE).fails(&RULE, "has to be critical");
        Sample::responder().with_value(KEY_USAGE, "030206c0").fails(&RULE, "non-repudiation; wanted");
        Sample::responder().with_value(KEY_USAGE, "03020106").fails(&RULE, "key-cert-sign, crl-sign; wanted");
    }
}

//! An OCSP responder has id-pkix-ocsp-nocheck: NULL, not critical. BR §7.1.2.8.2.

use super::{Certificate, Judge, expect_extension};
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-03",
    requires: "an OCSP responder has id-pkix-ocsp-nocheck with the value 0500, not critical",
    source: "BR 2.2.6 §7.1.2.8.2, §4.9.9; RFC 6960 §4.2.2.2.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let found = expect_extension(certificate, extension::OCSP_NO_CHECK, "ocsp-nocheck", false, &mut findings);
    if let Some(found) = found.filter(|found| found.value() != [5, 0]) {
        findings.must(format!("the value of ocsp-nocheck is {}; wanted 0500", hex(found.value())));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::OCSP_NO_CHECK;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_0500() {
        Sample::responder().passes(&RULE);
        Sample::responder().without(OCSP_NO_CHECK).fails(&RULE, "no ocsp-nocheck");
        Sample::responder().with_criticality_turned(OCSP_NO_CHECK).fails(&RULE, "has to be not critical");
        Sample::responder().with_value(OCSP_NO_CHECK, "3000").fails(&RULE, "3000; wanted 0500");
        Sample::responder().with_value(OCSP_NO_CHECK, "").fails(&RULE, "wanted 0500");
    }
}

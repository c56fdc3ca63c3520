//! The whole certificate is DER. RFC 5280 §4.1.

use super::{Certificate, Judge};
use crate::pki::read::FaultKind;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-07",
    requires: "everything is DER, the values of known extensions included",
    source: "RFC 5280 §4.1; X.690; Mozilla Root Store Policy 3.1 §5.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    // Times have a rule of their own.
    for fault in certificate.faults().list().iter().filter(|fault| fault.kind != FaultKind::Time) {
        findings.must(fault.to_string());
    }
    for error in certificate.faults().unread() {
        findings.must(error.to_string());
    }
    if certificate.faults().more() > 0 {
        findings.must(format!("there are {} more faults", certificate.faults().more()));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension;
    use crate::rule::sample::Sample;

    #[test]
    fn what_ber_allows_is_a_fault() {
        for sample in Sample::all() {
            sample.passes(&RULE);
        }
        for (oid, value, words) in [
            (extension::BASIC_CONSTRAINTS, "3003010101", "TRUE that is not FF"),
            (extension::BASIC_CONSTRAINTS, "3003010100", "default value"),
            (extension::BASIC_CONSTRAINTS, "300430020101ff", "more octets"),
            (extension::KEY_USAGE, "03020006", "trailing zeros"),
            (extension::KEY_USAGE, "03020107", "unused bits"),
            (extension::KEY_USAGE, "0303010600", "trailing zeros"),
            (extension::SUBJECT_KEY_IDENTIFIER, "048101aa", "shortest form"),
            (extension::SUBJECT_KEY_IDENTIFIER, "0402aa", "ends"),
            (extension::EXTENDED_KEY_USAGE, "3000", "empty"),
            (extension::NAME_CONSTRAINTS, "300aa0083006820161800100", "default value"),
            (extension::OCSP_NO_CHECK, "050100", "NULL"),
        ] {
            Sample::root().with_value(oid, value).fails(&RULE, words);
        }
    }
}

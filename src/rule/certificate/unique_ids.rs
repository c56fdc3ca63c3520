//! There are no unique identifiers. BR §7.1.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-05",
    requires: "there is no issuerUniqueID and no subjectUniqueID",
    source: "RFC 5280 §4.1.2.8; BR 2.2.6 §7.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    if certificate.tbs().issuer_unique_id().is_some() {
        findings.must("there is an issuerUniqueID");
    }
    if certificate.tbs().subject_unique_id().is_some() {
        findings.must("there is a subjectUniqueID");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn neither_may_be_there() {
        Sample::root().passes(&RULE);
        Sample::root().but(|root| root.unique_ids = vec![0x81, 2, 0, 1]).fails(&RULE, "issuerUniqueID");
        Sample::root().but(|root| root.unique_ids = vec![0x82, 2, 0, 1]).fails(&RULE, "subjectUniqueID");
    }
}

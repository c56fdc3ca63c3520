//! A subordinate CA has critical basic constraints that say CA. BR §7.1.2.10.4.

use super::{Certificate, Judge, expect_extension};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-02",
    requires: "a subordinate CA has critical basic constraints that say CA, a path length allowed",
    source: "BR 2.2.6 §7.1.2.10.4; RFC 5280 §4.2.1.9",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    expect_extension(certificate, extension::BASIC_CONSTRAINTS, "basic constraints", true, &mut findings);
    if certificate.extensions().basic_constraints()?.is_some_and(|constraints| !constraints.ca) {
        findings.must("basic constraints do not say that this is a CA");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::BASIC_CONSTRAINTS;
    use crate::rule::sample::Sample;

    #[test]
    fn a_path_length_is_allowed_and_not_needed() {
        let subordinate = Sample::subordinate;
        subordinate().with_value(BASIC_CONSTRAINTS, "30030101ff").passes(&RULE);
        subordinate().with_value(BASIC_CONSTRAINTS, "30060101ff020100").passes(&RULE);
        subordinate().without(BASIC_CONSTRAINTS).fails(&RULE, "no basic constraints");
        subordinate().with_criticality_turned(BASIC_CONSTRAINTS).fails(&RULE, "has to be critical");
        subordinate().with_value(BASIC_CONSTRAINTS, "3000").fails(&RULE, "not say that this is a CA");
    }
}

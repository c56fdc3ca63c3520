//! A TLS subordinate CA has one reserved policy, better first, or any policy alone. BR §7.1.2.10.5.

use super::{Certificate, Judge, is_reserved_policy};
use crate::pki::oid::policy;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "TLS-03",
    requires: "a TLS subordinate CA has exactly one reserved policy, better first, or any-policy alone",
    source: "BR 2.2.6 §7.1.2.10.5",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Subordinate {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let Some(policies) = certificate.extensions().certificate_policies()? else {
        findings.must("there are no certificate policies");
        return findings.verdict();
    };
    let policies: Vec<_> = policies.iter().map(|one| one.policy).collect();
    let reserved = policies.iter().filter(|one| is_reserved_policy(one)).count();
    if policies.iter().any(|one| *one == policy::ANY) {
        if policies.len() > 1 {
            findings.must(format!("any-policy stands beside {} others; it may only stand alone", policies.len() - 1));
        }
    } else if reserved != 1 {
        findings.must(format!("there are {reserved} reserved policies; wanted exactly one"));
    } else if policies.first().is_some_and(|first| !is_reserved_policy(first)) {
        findings.should("the reserved policy is not the first, which is recommended");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Extension, PolicyParts};
    use crate::pki::oid::extension::CERTIFICATE_POLICIES;
    use crate::pki::oid::policy::{ANY, DOMAIN_VALIDATED, EXTENDED_VALIDATION, ORGANIZATION_VALIDATED};
    use crate::rule::sample::Sample;

    #[test]
    fn one_reserved_policy_or_any_alone() {
        let own = "1.3.6.1.4.1.44947.1.1.1".parse().unwrap();
        let with = |policies: &[_]| {
            let parts: Vec<_> = policies.iter().map(|policy| PolicyParts { policy: *policy, cps: None }).collect();
            Sample::subordinate().with(Extension::certificate_policies(false, &parts).unwrap())
        };
        Sample::subordinate().without(CERTIFICATE_POLICIES).fails(&RULE, "no certificate policies");
        with(&[DOMAIN_VALIDATED]).passes(&RULE);
        with(&[EXTENDED_VALIDATION, own]).passes(&RULE);
        with(&[ANY]).passes(&RULE);
        with(&[ANY, DOMAIN_VALIDATED]).fails(&RULE, "alone");
        with(&[own]).fails(&RULE, "0 reserved");
        with(&[DOMAIN_VALIDATED, ORGANIZATION_VALIDATED]).fails(&RULE, "2 reserved");
        with(&[own, DOMAIN_VALIDATED]).fails(&RULE, "not the first");
    }
}

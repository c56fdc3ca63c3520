//! A cross-certificate has any policy alone, or at least one reserved policy. BR §7.1.2.2.6.

use super::{Certificate, Judge, is_reserved_policy};
use crate::pki::oid::policy;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-04",
    requires: "a cross-certificate has any-policy alone, or at least one reserved policy",
    source: "BR 2.2.6 §7.1.2.2.6",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let policies = certificate.extensions().certificate_policies()?;
    let policies: Vec<_> = policies.iter().flatten().map(|one| one.policy).collect();
    if policies.is_empty() {
        findings.must("there are no certificate policies");
    } else if policies.iter().any(|one| *one == policy::ANY) {
        if policies.len() > 1 {
            findings.must(format!("any-policy stands beside {} others; it may only stand alone", policies.len() - 1));
        }
    } else if !policies.iter().any(is_reserved_policy) {
        findings.must("there is no reserved policy; wanted at least one, or any-policy alone");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Extension, PolicyParts};
    use crate::pki::oid::extension::CERTIFICATE_POLICIES;
    use crate::pki::oid::policy::{ANY, DOMAIN_VALIDATED, EXTENDED_VALIDATION};
    use crate::rule::sample::Sample;

    #[test]
    fn several_reserved_policies_or_any_alone() {
        let own = "1.3.6.1.4.1.44947.1.1.1".parse().unwrap();
        let with = |policies: &[_]| {
            let parts: Vec<_> = policies.iter().map(|policy| PolicyParts { policy: *policy, cps: None }).collect();
            Sample::cross().with(Extension::certificate_policies(false, &parts).unwrap())
        };
        Sample::cross().without(CERTIFICATE_POLICIES).fails(&RULE, "no certificate policies");
        with(&[DOMAIN_VALIDATED]).passes(&RULE);
        with(&[own, DOMAIN_VALIDATED, EXTENDED_VALIDATION]).passes(&RULE);
        with(&[ANY]).passes(&RULE);
        with(&[ANY, DOMAIN_VALIDATED]).fails(&RULE, "alone");
        with(&[own]).fails(&RULE, "no reserved policy");
    }
}

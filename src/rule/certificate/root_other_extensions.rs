//! A root has no extension but those that make it one. BR §7.1.2.1.2.
//!
//! Purposes are ROOT-08's, what nobody lists is CRT-11's.

use super::{Certificate, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-09",
    requires: "a root better has no extension but key usage, basic constraints and key identifiers",
    source: "BR 2.2.6 §7.1.2.1.2, §7.1.2.11.2",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    for (oid, what) in [
        (extension::CERTIFICATE_POLICIES, "certificate policies"),
        (extension::CRL_DISTRIBUTION_POINTS, "CRL distribution points"),
        (extension::AUTHORITY_INFORMATION_ACCESS, "authority information access"),
        (extension::NAME_CONSTRAINTS, "name constraints"),
        (extension::POLICY_CONSTRAINTS, "policy constraints"),
        (extension::POLICY_MAPPINGS, "policy mappings"),
        (extension::INHIBIT_ANY_POLICY, "inhibition of any-policy"),
        (extension::SUBJECT_ALT_NAME, "subject alternative names"),
        (extension::ISSUER_ALT_NAME, "issuer alternative names"),
        (extension::FRESHEST_CRL, "freshest CRL"),
        (extension::OCSP_NO_CHECK, "ocsp-nocheck"),
    ] {
        if certificate.extension(oid).is_some() {
            findings.should(format!("a root had better have no {what}"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::NAME_CONSTRAINTS;
    use crate::rule::sample::Sample;

    #[test]
    fn each_is_named() {
        Sample::root().passes(&RULE);
        for oid in ["2.5.29.32", "2.5.29.31", "1.3.6.1.5.5.7.1.1"] {
            let subordinate = Sample::subordinate();
            let one = subordinate.extensions.iter().find(|one| one.oid.to_string() == oid).unwrap();
            Sample::root().with(one.clone()).fails(&RULE, "had better have no");
        }
        let constraints = Extension::new(NAME_CONSTRAINTS, true, vec![0x30, 0]);
        Sample::root().with(constraints).fails(&RULE, "no name constraints");
    }
}

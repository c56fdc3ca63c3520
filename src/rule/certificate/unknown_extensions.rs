//! Extensions that the Baseline Requirements do not list are not recommended. BR §7.1.2.11.5.

use super::{Certificate, Judge};
use crate::pki::oid::{Oid, extension};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-11",
    requires: "there is no extension that the Baseline Requirements do not list",
    source: "BR 2.2.6 §7.1.2.11.5",
    severity: Severities::PROGRAM,
    verdict: judge,
};

/// Every extension that some profile of BR §7.1.2 lists, and those that other rules speak of by name.
const LISTED: [Oid; 18] = [
    extension::AUTHORITY_KEY_IDENTIFIER,
    extension::AUTHORITY_INFORMATION_ACCESS,
    extension::BASIC_CONSTRAINTS,
    extension::CERTIFICATE_POLICIES,
    extension::CRL_DISTRIBUTION_POINTS,
    extension::EXTENDED_KEY_USAGE,
    extension::FRESHEST_CRL,
    extension::INHIBIT_ANY_POLICY,
    extension::ISSUER_ALT_NAME,
    extension::KEY_USAGE,
    extension::NAME_CONSTRAINTS,
    extension::OCSP_NO_CHECK,
    extension::POLICY_CONSTRAINTS,
    extension::POLICY_MAPPINGS,
    extension::PRECERTIFICATE_POISON,
    extension::SCT_LIST,
    extension::SUBJECT_ALT_NAME,
    extension::SUBJECT_KEY_IDENTIFIER,
];

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in &certificate.extensions() {
        if !LISTED.iter().any(|listed| one.oid() == *listed) {
            findings.should(format!("the extension {} is not one that the Baseline Requirements list", one.oid()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::rule::sample::Sample;

    #[test]
    fn an_unlisted_extension_is_named() {
        for sample in Sample::all() {
            sample.passes(&RULE);
        }
        let extension = Extension::new("1.3.6.1.4.1.99999.1".parse().unwrap(), false, vec![5, 0]);
        Sample::root().with(extension).fails(&RULE, "1.3.6.1.4.1.99999.1");
    }
}

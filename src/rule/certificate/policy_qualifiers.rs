//! Certificate policies are not critical and have no qualifier but a CPS by http. BR §7.1.2.10.5.

use super::{Certificate, Judge, criticality};
use crate::pki::oid::{extension, policy};
use crate::pki::read::der::tag;
use crate::pki::read::PolicyQualifier;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-07",
    requires: "certificate policies are not critical, each once; a qualifier, not recommended, is a CPS by http or https",
    source: "BR 2.2.6 §7.1.2.10.5; RFC 5280 §4.2.1.4",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    if certificate.extension(extension::CERTIFICATE_POLICIES).is_some_and(|found| found.critical()) {
        findings.should(format!("certificate policies are {}", criticality(true)));
    }
    let Some(policies) = certificate.extensions().certificate_policies()? else { return findings.verdict() };
    let mut seen = Vec::new();
    for one in &policies {
        if seen.contains(&one.policy) {
            findings.must(format!("the policy {} is there twice", one.policy));
        }
        seen.push(one.policy);
        for qualifier in one.qualifiers.iter().flatten() {
            judge_qualifier(&qualifier, &mut findings);
        }
    }
    findings.verdict()
}

fn judge_qualifier(qualifier: &PolicyQualifier<'_>, findings: &mut Findings) {
    if qualifier.kind != policy::QUALIFIER_CPS {
        return findings.must(format!("the policy qualifier {} is not allowed; only a CPS is", qualifier.kind));
    }
    let uri = String::from_utf8_lossy(qualifier.value.content()).into_owned();
    if qualifier.value.tag() != tag::IA5_STRING {
        findings.must(format!("the CPS has tag {:#04x}; wanted IA5String", qualifier.value.tag()));
    } else if !uri.starts_with("http://") && !uri.starts_with("https://") {
        findings.must(format!("the CPS `{}` is neither http nor https", uri.escape_default()));
    } else {
        findings.should(format!("there is a CPS qualifier, {}, which is not recommended", uri.escape_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Extension, PolicyParts};
    use crate::pki::oid::extension::CERTIFICATE_POLICIES;
    use crate::pki::oid::policy::DOMAIN_VALIDATED;
    use crate::rule::sample::Sample;

    #[test]
    fn only_a_cps_by_http_is_a_qualifier() {
        let subordinate = Sample::subordinate;
        let with = |cps: &[Option<&str>]| {
            let parts: Vec<_> = cps.iter().map(|cps| PolicyParts { policy: DOMAIN_VALIDATED, cps: *cps }).collect();
            subordinate().with(Extension::certificate_policies(false, &parts).unwrap())
        };
        subordinate().passes(&RULE);
        subordinate().with_criticality_turned(CERTIFICATE_POLICIES).fails(&RULE, "critical");
        with(&[Some("http://cps.example.org")]).fails(&RULE, "not recommended");
        with(&[Some("ftp://cps.example.org")]).fails(&RULE, "neither http nor https");
        with(&[None, None]).fails(&RULE, "twice");
        // A CPS as UTF8String; a user notice.
        for (value, words) in [
            ("30223020060667810c0102013016301406082b060105050702010c08687474703a2f2f61", "IA5String"),
            ("301a3018060667810c010201300e300c06082b060105050702023000", "1.3.6.1.5.5.7.2.2"),
        ] {
            subordinate().with_value(CERTIFICATE_POLICIES, value).fails(&RULE, words);
        }
    }
}

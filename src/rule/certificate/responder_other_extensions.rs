//! An OCSP responder has no CRL distribution points, alternative names or name constraints. BR §7.1.2.8.2.

use super::{Certificate, Judge, judge_http};
use crate::pki::oid::{access, extension};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-06",
    requires: "an OCSP responder has no CRL distribution points, subject alternative names and name constraints, better no \
               policies and no authority information access but OCSP by http",
    source: "BR 2.2.6 §7.1.2.8.2, §7.1.2.8.3, §7.1.2.8.8",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    for (oid, what) in [
        (extension::CRL_DISTRIBUTION_POINTS, "CRL distribution points"),
        (extension::SUBJECT_ALT_NAME, "subject alternative names"),
        (extension::NAME_CONSTRAINTS, "name constraints"),
    ] {
        if certificate.extension(oid).is_some() {
            findings.must(format!("there are {what}, which an OCSP responder may not have"));
        }
    }
    if certificate.extension(extension::CERTIFICATE_POLICIES).is_some() {
        findings.should("there are certificate policies, which an OCSP responder should not have");
    }
    if let Some(list) = certificate.extensions().authority_information_access()? {
        findings.should("there is authority information access, which is not recommended");
        for description in &list {
            if description.method != access::OCSP {
                findings.must(format!("the access method {} is not OCSP", description.method));
            }
            judge_http(&description.location, "an access location", &mut findings);
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Access, Extension, GeneralNameParts, PolicyParts};
    use crate::pki::oid::policy::DOMAIN_VALIDATED;
    use crate::rule::sample::Sample;

    #[test]
    fn what_subordinate_cas_have_is_refused() {
        let with = |extension: Result<Extension, _>| Sample::responder().with(extension.unwrap());
        let domain = [GeneralNameParts::Dns("example.org")];
        Sample::responder().passes(&RULE);
        with(Extension::crl_distribution_points(&[&["http://c/"]])).fails(&RULE, "CRL distribution points");
        with(Extension::subject_alt_name(false, &domain)).fails(&RULE, "subject alternative names");
        with(Extension::name_constraints(true, &domain, &[])).fails(&RULE, "name constraints");
        let policies = [PolicyParts { policy: DOMAIN_VALIDATED, cps: None }];
        with(Extension::certificate_policies(false, &policies)).fails(&RULE, "certificate policies");
        with(Extension::authority_information_access(&[(Access::Ocsp, "http://o/")])).fails(&RULE, "not recommended");
        for (place, words) in [
            ((Access::CaIssuers, "http://o/"), "is not OCSP"),
            ((Access::Ocsp, "https://o/"), "https://o/"),
        ] {
            let objections = with(Extension::authority_information_access(&[place])).objections(&RULE);
            assert!(objections.len() == 2 && objections[1].contains(words), "{objections:?}");
        }
    }
}

//! A subordinate CA says where its issuer's certificate is, by http. BR §7.1.2.10.3.

use super::{Certificate, Judge, criticality, judge_http};
use crate::pki::oid::{access, extension};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-06",
    requires: "authority information access, better there, is not critical and has http URIs for OCSP and CA issuers, each once",
    source: "BR 2.2.6 §7.1.2.10.3",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let Some(found) = certificate.extension(extension::AUTHORITY_INFORMATION_ACCESS) else {
        findings.should("there is no authority information access, which is recommended");
        return findings.verdict();
    };
    if found.critical() {
        findings.must(format!("authority information access is {}", criticality(true)));
    }
    let Some(list) = certificate.extensions().authority_information_access()? else { return findings.verdict() };
    let mut seen = Vec::new();
    for description in &list {
        if description.method != access::OCSP && description.method != access::CA_ISSUERS {
            findings.must(format!("the access method {} is neither OCSP nor CA issuers", description.method));
        }
        judge_http(&description.location, "an access location", &mut findings);
        let entry = (description.method, description.location.to_string());
        if seen.contains(&entry) {
            findings.must(format!("the location {} is there twice", entry.1));
        }
        seen.push(entry);
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Access, Extension};
    use crate::pki::oid::extension::AUTHORITY_INFORMATION_ACCESS;
    use crate::rule::sample::Sample;

    #[test]
    fn locations_are_http_and_different() {
        let subordinate = Sample::subordinate;
        let at = |places: &[_]| subordinate().with(Extension::authority_information_access(places).unwrap());
        subordinate().passes(&RULE);
        subordinate().without(AUTHORITY_INFORMATION_ACCESS).fails(&RULE, "recommended");
        subordinate().with_criticality_turned(AUTHORITY_INFORMATION_ACCESS).fails(&RULE, "critical");
        at(&[(Access::Ocsp, "http://o/"), (Access::CaIssuers, "http://o/")]).passes(&RULE);
        at(&[(Access::CaIssuers, "http://o/"), (Access::CaIssuers, "http://o/")]).fails(&RULE, "twice");
        at(&[(Access::CaIssuers, "https://o/")]).fails(&RULE, "https://o/");
        // caRepository; an e-mail address.
        for (value, words) in [
            ("3016301406082b060105050730058608687474703a2f2f61", "1.3.6.1.5.5.7.48.5"),
            ("300f300d06082b06010505073002810161", "rfc822Name"),
        ] {
            subordinate().with_value(AUTHORITY_INFORMATION_ACCESS, value).fails(&RULE, words);
        }
    }
}

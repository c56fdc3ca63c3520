//! A subordinate CA says where its issuer's CRL is: full names, http. BR §7.1.2.11.2.

use super::{Certificate, Judge, expect_extension, judge_http};
use crate::pki::oid::extension;
use crate::pki::read::DistributionPointName;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-05",
    requires: "a subordinate CA has CRL distribution points, not critical, of full names that are http URIs, better one",
    source: "BR 2.2.6 §7.1.2.11.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let oid = extension::CRL_DISTRIBUTION_POINTS;
    expect_extension(certificate, oid, "CRL distribution points", false, &mut findings);
    let Some(points) = certificate.extensions().crl_distribution_points()? else { return findings.verdict() };
    if points.len() > 1 {
        findings.should(format!("there are {} CRL distribution points; one is recommended", points.len()));
    }
    for point in &points {
        if point.reasons.is_some() {
            findings.must("a CRL distribution point has reasons");
        }
        if point.crl_issuer.is_some() {
            findings.must("a CRL distribution point has a cRLIssuer");
        }
        match point.name {
            Some(DistributionPointName::Full(names)) if !names.is_empty() => {
                for name in &names {
                    judge_http(&name, "a CRL distribution point", &mut findings);
                }
            }
            _ => findings.must("a CRL distribution point has no fullName"),
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::CRL_DISTRIBUTION_POINTS;
    use crate::rule::sample::Sample;

    #[test]
    fn it_is_one_full_name_by_http() {
        let subordinate = Sample::subordinate;
        let at = |points: &[&[&str]]| subordinate().with(Extension::crl_distribution_points(points).unwrap());
        subordinate().passes(&RULE);
        subordinate().without(CRL_DISTRIBUTION_POINTS).fails(&RULE, "no CRL distribution points");
        subordinate().with_criticality_turned(CRL_DISTRIBUTION_POINTS).fails(&RULE, "has to be not critical");
        at(&[&["http://a/", "http://b/"]]).passes(&RULE);
        at(&[&["http://a/"], &["http://b/"]]).fails(&RULE, "2 CRL distribution points");
        at(&[&["https://a/"]]).fails(&RULE, "https://a/");
        at(&[&["http:/a"]]).fails(&RULE, "http:/a");
        at(&[&["ldap://a/"]]).fails(&RULE, "ldap");
        // dNSName instead of a URI; reasons; cRLIssuer; nameRelativeToCRLIssuer; nothing at all.
        for (value, words) in [
            ("30093007a005a003820161", "dNSName"),
            ("30143012a00ca00a8608687474703a2f2f6181020780", "reasons"),
            ("30153013a00ca00a8608687474703a2f2f61a203820161", "cRLIssuer"),
            ("300f300da00ba109300706035504030c00", "fullName"),
            ("30023000", "fullName"),
        ] {
            subordinate().with_value(CRL_DISTRIBUTION_POINTS, value).fails(&RULE, words);
        }
    }
}

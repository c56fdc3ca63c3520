//! A CA can be revoked: it never says that nobody will say so. RFC 9608 §2.

use super::{Certificate, Judge};
use crate::pki::oid::{access, extension};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-18",
    requires: "no-revocation-available is in no CA certificate, and in none that says where revocations are",
    source: "RFC 9608 §2, §3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if certificate.extension(extension::NO_REVOCATION_AVAILABLE).is_none() {
        return if context.kind().is_ca() { crate::rule::PASS } else { NOT_APPLICABLE };
    }
    let mut findings = Findings::new();
    let extensions = certificate.extensions();
    if context.kind().is_ca() || extensions.basic_constraints()?.is_some_and(|constraints| constraints.ca) {
        findings.must("a CA certificate says that no revocation information is available");
    }
    for (oid, what) in [
        (extension::CRL_DISTRIBUTION_POINTS, "CRL distribution points"),
        (extension::FRESHEST_CRL, "a freshest CRL"),
    ] {
        if certificate.extension(oid).is_some() {
            findings.must(format!("there are {what} although no revocation information is said to be available"));
        }
    }
    if extensions.authority_information_access()?.iter().flatten().any(|one| one.method == access::OCSP) {
        findings.must("there is an OCSP responder although no revocation information is said to be available");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Access, Extension};
    use crate::pki::oid::extension::{BASIC_CONSTRAINTS, CRL_DISTRIBUTION_POINTS, NO_REVOCATION_AVAILABLE};
    use crate::rule::Kind;
    use crate::rule::sample::Sample;

    #[test]
    fn a_ca_can_be_revoked() {
        let unavailable = || Extension::new(NO_REVOCATION_AVAILABLE, false, vec![5, 0]);
        for sample in [Sample::root(), Sample::existing(), Sample::responder()] {
            sample.passes(&RULE);
        }
        Sample::root().with(unavailable()).fails(&RULE, "a CA certificate says");
        Sample::subordinate().with(unavailable()).fails_in(&RULE, &["a CA certificate says", "there are CRL"]);
        let other = || Sample::responder().but(|one| one.kind = Kind::Other).with(unavailable());
        other().passes(&RULE);
        other().with_value(BASIC_CONSTRAINTS, "30030101ff").fails(&RULE, "a CA certificate says");
        let points = Extension::crl_distribution_points(&[&["http://c.example.org/"]]).unwrap();
        assert_eq!(points.oid, CRL_DISTRIBUTION_POINTS);
        other().with(points).fails(&RULE, "there are CRL distribution points");
        let places = [(Access::Ocsp, "http://o.example.org/")];
        other().with(Extension::authority_information_access(&places).unwrap()).fails(&RULE, "an OCSP responder");
    }
}

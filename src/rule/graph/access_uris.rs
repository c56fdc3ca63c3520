//! Of one issuer there is one certificate and one OCSP responder, each at one place. RFC 5280 §4.2.2.1.

use super::{differ, of_the_same_issuer};
use crate::pki::oid::access;
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Said, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-05",
    requires: "all CA certificates of an issuer have the same authority information access; within a ceremony without exception",
    source: "RFC 5280 §4.2.2.1; BR 2.2.6 §7.1.2.10.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let own = Said::of(&certificate.extensions());
    of_the_same_issuer(certificate, context, |other, findings| {
        for (what, method) in [("certificate", access::CA_ISSUERS), ("OCSP responder", access::OCSP)] {
            let method = method.to_string();
            let at = |said: &Said| {
                let of_method = said.access.iter().filter(|(its, _)| *its == method);
                of_method.map(|(_, place)| place.clone()).collect::<Vec<_>>()
            };
            differ(other, what, &at(&own), &at(other.said.as_ref()?), findings);
        }
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Access, Extension};
    use crate::pki::oid::extension::AUTHORITY_INFORMATION_ACCESS;
    use crate::rule::sample::Sample;

    #[test]
    fn an_issuer_has_its_certificate_and_its_responder_at_one_place() {
        let at = |places: &[(Access, &str)]| Extension::authority_information_access(places).unwrap();
        let known = |other: Sample, here: bool| {
            let mut other = other.issued();
            other.made_here = here;
            Sample::cross().but(|one| one.known = vec![other])
        };
        known(Sample::subordinate(), true).passes(&RULE);
        let elsewhere = || Sample::subordinate().with(at(&[(Access::CaIssuers, "http://x1.example.com/")]));
        known(elsewhere(), true).fails(&RULE, "the certificate of this issuer is at http://x1.i.example.org/; in");
        assert!(!known(elsewhere(), true).only_warns(&RULE));
        assert!(known(elsewhere(), false).only_warns(&RULE));
        let answered = [(Access::CaIssuers, "http://x1.i.example.org/"), (Access::Ocsp, "http://o.example.org/")];
        known(Sample::subordinate().with(at(&answered)), true).fails(&RULE, "the OCSP responder of this issuer is nowhere");
        known(Sample::subordinate().without(AUTHORITY_INFORMATION_ACCESS), true).fails(&RULE, "it is nowhere");
    }
}

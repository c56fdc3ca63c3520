//! Of one issuer there is one CRL, at one place: a typing error would send relying parties nowhere. BR §7.1.2.11.2.

use super::{differ, of_the_same_issuer};
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Said, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-04",
    requires: "all CA certificates of an issuer have the same CRL distribution points; within a ceremony without exception",
    source: "BR 2.2.6 §7.1.2.11.2; CCADB Policy 2.1 §6.2; Mozilla Root Store Policy 3.1 §5.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let own = Said::of(&certificate.extensions()).crl_uris;
    of_the_same_issuer(certificate, context, |other, findings| {
        differ(other, "CRL", &own, &other.said.as_ref()?.crl_uris, findings);
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::CRL_DISTRIBUTION_POINTS;
    use crate::rule::sample::{Sample, name};

    #[test]
    fn an_issuer_has_its_crl_at_one_place() {
        let elsewhere = || Extension::crl_distribution_points(&[&["http://x1.c.example.com/"]]).unwrap();
        let known = |other: Sample, here: bool| {
            let mut other = other.issued();
            other.made_here = here;
            Sample::cross().but(|one| one.known = vec![other])
        };
        known(Sample::subordinate(), true).passes(&RULE);
        let moved = known(Sample::subordinate().with(elsewhere()), true);
        moved.fails(&RULE, "the CRL of this issuer is at http://x1.c.example.org/; in `known` it is at http://x1.c.example.com/");
        assert!(!moved.only_warns(&RULE));
        known(Sample::subordinate().without(CRL_DISTRIBUTION_POINTS), true).fails(&RULE, "in `known` it is nowhere");
        // What an earlier ceremony made may say where it was then.
        assert!(known(Sample::subordinate().with(elsewhere()), false).only_warns(&RULE));
        // Responders and other issuers have nothing to do with it.
        known(Sample::responder(), true).passes(&RULE);
        let other = Sample::subordinate().with(elsewhere()).but(|one| one.issuer = name("X9").der().to_vec());
        known(other, true).passes(&RULE);
    }
}

//! Microsoft: what an issuing CA revokes can be known. Trusted Root Program 1.2.

use super::{Certificate, Judge};
use crate::pki::oid::{access, extension};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "MS-04",
    requires: "a subordinate CA's certificate names a CRL distribution point or an OCSP responder",
    source: "Microsoft Trusted Root Program 1.2 §3.1",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    if certificate.extension(extension::CRL_DISTRIBUTION_POINTS).is_some() {
        return PASS;
    }
    let places = certificate.extensions().authority_information_access()?;
    if places.iter().flatten().any(|one| one.method == access::OCSP) {
        PASS
    } else {
        should("there is neither a CRL distribution point nor an OCSP responder")
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Access, Extension};
    use crate::pki::oid::extension::CRL_DISTRIBUTION_POINTS;
    use crate::rule::sample::Sample;

    #[test]
    fn one_of_the_two_is_there() {
        for sample in [Sample::subordinate(), Sample::cross()] {
            sample.passes(&RULE);
            let without = sample.without(CRL_DISTRIBUTION_POINTS);
            without.fails(&RULE, "neither");
            let places = [(Access::Ocsp, "http://o.example.org/")];
            without.with(Extension::authority_information_access(&places).unwrap()).passes(&RULE);
        }
    }
}

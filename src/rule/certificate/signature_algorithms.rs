//! The algorithm that is signed is the algorithm that stands outside. BR §7.1.2.

use super::{Certificate, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-03",
    requires: "signature and signatureAlgorithm are the same octets",
    source: "RFC 5280 §4.1.1.2; BR 2.2.6 §7.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let inside = certificate.tbs().signature();
    match certificate.signature_algorithm() {
        // What is not yet signed has no outside.
        None => NOT_APPLICABLE,
        Some(outside) if outside.octets() == inside.octets() => PASS,
        Some(outside) => must(format!(
            "signatureAlgorithm is {}; signature is {}",
            hex(outside.octets()),
            hex(inside.octets())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::assemble;
    use crate::pki::signature::SignatureAlgorithm;
    use crate::rule::certificate::{Certificate, judge};
    use crate::rule::sample::Sample;
    use crate::rule::{Context, Policy};

    #[test]
    fn both_are_the_same_octets() {
        let root = Sample::root();
        root.passes(&RULE);
        for (algorithm, good) in SignatureAlgorithm::ALL.into_iter().map(|one| (one, one.der() == root.algorithm)) {
            let whole = assemble(&root.tbs(), &algorithm.der(), &[]);
            let certificate = Certificate::from_whole(&whole).unwrap();
            let assessment = judge(&certificate, &Context::lint(Policy::Private, root.kind));
            let objected = assessment.objections.iter().any(|one| one.rule == RULE.id);
            assert_eq!(!objected, good, "{algorithm}");
        }
    }
}

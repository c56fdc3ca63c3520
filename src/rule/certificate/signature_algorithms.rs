//! The algorithm that is signed is the algorithm that stands outside. BR §7.1.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Severities, algorithm};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-03",
    requires: "signature and signatureAlgorithm are the same octets",
    source: "RFC 5280 §4.1.1.2; BR 2.2.6 §7.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    algorithm::same(certificate.tbs().signature(), certificate.signature_algorithm())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::assemble;
    use crate::pki::signature::SignatureAlgorithm;
    use crate::rule::certificate::Certificate;
    use crate::rule::evidence::messages;
    use crate::rule::sample::Sample;
    use crate::rule::{Context, Policy};

    #[test]
    fn both_are_the_same_octets() {
        let root = Sample::root();
        root.passes(&RULE);
        for (algorithm, good) in SignatureAlgorithm::ALL.into_iter().map(|one| (one, one.der() == root.algorithm)) {
            let whole = assemble(&root.tbs(), &algorithm.der(), &[]);
            let certificate = Certificate::from_whole(&whole).unwrap();
            let context = Context::lint(Policy::Private, root.kind);
            let objections = messages(&RULE, &context, |context| (RULE.verdict)(&certificate, context));
            assert_eq!(objections.is_empty(), good, "{algorithm}");
        }
    }
}

//! The algorithm that is signed is the algorithm that stands outside. RFC 5280 §5.1.1.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, Rule, Severities, algorithm};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-03",
    requires: "signature and signatureAlgorithm are the same octets",
    source: "RFC 5280 §5.1.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    algorithm::same(crl.tbs().signature(), crl.signature_algorithm())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::assemble;
    use crate::pki::signature::SignatureAlgorithm;
    use crate::pki::read::{CrlView, Faults};
    use crate::rule::crl::Crl;
    use crate::rule::evidence::messages;
    use crate::rule::{Context, Kind, Policy};

    #[test]
    fn both_are_the_same_octets() {
        let crl = CrlSample::new();
        for algorithm in SignatureAlgorithm::ALL {
            let whole = assemble(&crl.tbs(), &algorithm.der(), &[]);
            let context = Context::lint(Policy::Private, Kind::Other);
            let mut faults = Faults::new();
            let view = CrlView::read(&whole, &mut faults).unwrap();
            let whole = Crl::new(&view.tbs().fields(), Some(view.signature_algorithm()), faults);
            let objections = messages(&RULE, &context, |context| (RULE.verdict)(&whole, context));
            assert_eq!(objections.is_empty(), algorithm.der() == crl.algorithm, "{algorithm}");
        }
    }
}

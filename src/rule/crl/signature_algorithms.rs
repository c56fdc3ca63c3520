//! The algorithm that is signed is the algorithm that stands outside. RFC 5280 §5.1.1.2.

use super::{Crl, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-03",
    requires: "signature and signatureAlgorithm are the same octets",
    source: "RFC 5280 §5.1.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let inside = crl.tbs().signature();
    match crl.signature_algorithm() {
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
    use super::super::sample::CrlSample;
    use crate::pki::build::assemble;
    use crate::pki::signature::SignatureAlgorithm;
    use crate::pki::read::{CrlForm, CrlStream, Faults};
    use crate::rule::crl::judge;
    use crate::rule::{Context, Kind, Policy};

    #[test]
    fn both_are_the_same_octets() {
        let crl = CrlSample::new();
        for algorithm in SignatureAlgorithm::ALL {
            let whole = assemble(&crl.tbs(), &algorithm.der(), &[]);
            let (mut source, mut faults, mut heard) = (whole.as_slice(), Faults::new(), |_: &[u8]| ());
            let stream = CrlStream::open(&mut source, CrlForm::Whole, &mut heard, &mut faults).unwrap();
            let context = Context::lint(Policy::Private, Kind::Other);
            let assessment = judge(stream, faults, &context, &mut |_| ()).unwrap().assessment;
            let objected = assessment.objections.iter().any(|one| one.rule == RULE.id);
            assert_eq!(objected, algorithm.der() != crl.algorithm, "{algorithm}");
        }
    }
}

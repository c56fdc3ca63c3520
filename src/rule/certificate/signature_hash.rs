//! The signature algorithm is one that the issuer's key signs by: for ECDSA the hash of its curve. BR §7.1.3.2.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-02",
    requires: "the signature algorithm is one of the issuer's key; for ECDSA the hash is that of its curve",
    source: "BR 2.2.6 §7.1.3.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let issuer = context.issuer_of(certificate.tbs())?;
    super::super::algorithm::fits(certificate.tbs().signature(), &issuer)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::signature::{HashAlgorithm, SignatureAlgorithm};
    use crate::rule::sample::Sample;

    #[test]
    fn a_p384_key_signs_with_sha_384() {
        for algorithm in SignatureAlgorithm::ALL {
            let sample = Sample::subordinate().but(|one| one.algorithm = algorithm.der());
            if algorithm == SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384) {
                sample.passes(&RULE);
            } else {
                sample.fails(&RULE, "ecdsa-p384");
            }
        }
    }
}

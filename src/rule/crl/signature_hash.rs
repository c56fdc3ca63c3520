//! The signature algorithm is one that the issuer's key signs by. BR §7.1.3.2.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, Rule, Severities, algorithm};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-02",
    requires: "the signature algorithm is one of the issuer's key; for ECDSA the hash is that of its curve",
    source: "BR 2.2.6 §7.1.3.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    algorithm::fits(crl.tbs().signature(), &context.issuer()?)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::signature::{HashAlgorithm, SignatureAlgorithm};

    #[test]
    fn a_p384_key_signs_with_sha_384() {
        CrlSample::new().passes(&RULE);
        let algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256).der();
        CrlSample::new().but(|crl| crl.algorithm = algorithm).fails(&RULE, "ecdsa-sha384");
    }
}

//! The signature algorithm is one that the signer's key signs by. BR §7.1.3.2.2.

use super::{Judge, Ocsp};
use super::signer;
use crate::rule::{CannotJudge, Context, Judgement, Rule, Severities, algorithm};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-02",
    requires: "the signature algorithm is one of the signer's key; for ECDSA the hash is that of its curve",
    source: "BR 2.2.6 §7.1.3.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let found = response.signature_algorithm().ok_or(CannotJudge::Missing("the signature algorithm"))?;
    algorithm::fits(found, &signer(context)?)
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::signature::{HashAlgorithm, SignatureAlgorithm};

    #[test]
    fn the_signer_is_the_delegate_or_the_issuer() {
        let p384 = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384).der();
        // The delegate's key is P-521, the root's P-384.
        OcspSample::new().passes(&RULE);
        OcspSample::new().but(|one| one.algorithm = p384.clone()).fails(&RULE, "ecdsa-sha512");
        OcspSample::direct().but(|one| one.algorithm = p384).passes(&RULE);
    }
}

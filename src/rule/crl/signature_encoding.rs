//! The signature algorithm is one of those allowed, octet for octet. BR §7.1.3.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, Rule, Severities, algorithm};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-01",
    requires: "the signature algorithm is one that the policy allows, its AlgorithmIdentifier exact",
    source: "BR 2.2.6 §7.1.3.2; RFC 8410 §3; RFC 9881 §2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    algorithm::encoding(crl.tbs().signature(), context.policy())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::digest::from_hex;

    #[test]
    fn an_identifier_is_exact() {
        CrlSample::new().passes(&RULE);
        for other in ["300d06092a864886f70d0101050500", "300c06082a8648ce3d0403030500"] {
            CrlSample::new().but(|crl| crl.algorithm = from_hex(other).unwrap()).fails(&RULE, other);
        }
    }
}

//! The signature algorithm is one of those allowed, octet for octet. BR §7.1.3.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-01",
    requires: "the signature algorithm is an AlgorithmIdentifier of BR §7.1.3.2 octet for octet",
    source: "BR 2.2.6 §7.1.3.2; Mozilla Root Store Policy 3.1 §5.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    super::super::algorithm::encoding(certificate.tbs().signature(), context.policy())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::digest::from_hex;
    use crate::pki::signature::SignatureAlgorithm;
    use crate::rule::Policy;
    use crate::rule::sample::Sample;

    #[test]
    fn an_identifier_is_exact() {
        for algorithm in SignatureAlgorithm::ALL {
            let root = Sample::root().but(|root| root.algorithm = algorithm.der());
            if algorithm == SignatureAlgorithm::Ed25519 {
                root.fails(&RULE, "ed25519");
            } else {
                root.passes(&RULE);
            }
            root.but(|root| root.policy = Policy::Private).passes(&RULE);
        }
        for other in ["300d06092a864886f70d0101050500", "300b06092a864886f70d01010b", "300c06082a8648ce3d0403030500"] {
            Sample::root().but(|root| root.algorithm = from_hex(other).unwrap()).fails(&RULE, other);
        }
    }
}

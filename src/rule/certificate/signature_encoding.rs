//! The signature algorithm is one of those allowed, octet for octet. BR §7.1.3.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ALG-01",
    requires: "the signature algorithm is one that the policy allows, its AlgorithmIdentifier exact",
    source: "BR 2.2.6 §7.1.3.2; Mozilla Root Store Policy 3.1 §5.1; RFC 8410 §3; RFC 9881 §2",
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
            let private = root.clone().but(|root| root.policy = Policy::Private);
            let pilot = root.clone().but(|root| root.policy = Policy::PqcPilot);
            private.passes(&RULE);
            match algorithm {
                SignatureAlgorithm::Ed25519 => {
                    root.fails(&RULE, "ed25519");
                    pilot.fails(&RULE, "ed25519");
                }
                SignatureAlgorithm::MlDsa(set) => {
                    root.fails(&RULE, set.name());
                    pilot.passes(&RULE);
                }
                _ => {
                    root.passes(&RULE);
                    pilot.passes(&RULE);
                }
            }
        }
        for other in [
            "300d06092a864886f70d0101050500",
            "300b06092a864886f70d01010b",
            "300c06082a8648ce3d0403030500",
            // RSASSA-PSS with SHA-256, its trailerField written; and with a salt of 48 octets.
            "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d0609\
             6086480165030402010500a203020120a303020101",
            "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d0609\
             6086480165030402010500a203020130",
            // ML-DSA-87 with NULL; HashML-DSA-87 with SHA-512.
            "300d06096086480165030403130500",
            "300b0609608648016503040322",
        ] {
            Sample::root().but(|root| root.algorithm = from_hex(other).unwrap()).fails(&RULE, other);
        }
    }
}

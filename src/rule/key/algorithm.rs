//! The key is of an algorithm that the policy allows, its AlgorithmIdentifier exact. BR §6.1.5, §7.1.3.1; RFC 9881.

use super::{Judge, Key};
use crate::pki::key::{KeyError, KeyKind};
use crate::rule::{Context, Judgement, PASS, Policy, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-05",
    requires: "the key is RSA or on P-256, P-384 or P-521, under `pqc-pilot` ML-DSA too, under `private` Ed25519 too, its AlgorithmIdentifier exact",
    source: "BR 2.2.6 §6.1.5, §7.1.3.1; RFC 8410 §3; RFC 9881 §2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, context: &Context<'_>) -> Judgement {
    let key = match &key.key {
        Ok(key) => key,
        Err(error @ KeyError::Algorithm { .. }) => return must(error.to_string()),
        // KEY-04 speaks of what is not well formed.
        Err(_) => return PASS,
    };
    match (key.kind(), context.policy()) {
        (KeyKind::Ed25519 { .. }, Policy::PublicTls | Policy::PqcPilot)
        | (KeyKind::MlDsa { .. }, Policy::PublicTls) => must(format!("the key is {key}, which BR §6.1.5 does not allow")),
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, objections, passes, rsa};
    use super::RULE;
    use crate::digest::from_hex;
    use crate::pki::key::{MlDsa, PublicKey};
    use crate::rule::Policy;
    use crate::rule::sample::{Sample, responder_key, root_key, subordinate_key};

    #[test]
    fn ml_dsa_is_for_the_pilot_and_for_private_cas() {
        for set in MlDsa::ALL {
            let key = PublicKey::from_ml_dsa(set, &vec![7; set.key_octets()]).unwrap();
            fails(&RULE, &key, set.name());
            for policy in [Policy::Private, Policy::PqcPilot] {
                let sample = Sample::subordinate().but(|one| one.policy = policy);
                assert_eq!(objections(&RULE, &sample, key.spki_der()), Vec::<String>::new());
            }
        }
    }

    #[test]
    fn only_rsa_and_three_curves_are_public() {
        for key in [root_key(), subordinate_key(), responder_key(), rsa(2048, 0xff, &[1, 0, 1])] {
            passes(&RULE, &key);
        }
        let edwards = PublicKey::from_ed25519(&[7; 32]).unwrap();
        fails(&RULE, &edwards, "ed25519");
        let private = Sample::subordinate().but(|one| one.policy = Policy::Private);
        assert_eq!(objections(&RULE, &private, edwards.spki_der()), Vec::<String>::new());
        let pilot = Sample::subordinate().but(|one| one.policy = Policy::PqcPilot);
        assert_eq!(objections(&RULE, &pilot, edwards.spki_der()).len(), 1);
        // secp256k1, and RSA as id-RSASSA-PSS.
        for spki in ["3056301006072a8648ce3d020106052b8104000a034200", "3010300b06092a864886f70d01010a030100"] {
            let mut spki = from_hex(spki).unwrap();
            spki.resize(usize::from(spki[1]) + 2, 4);
            let found = objections(&RULE, &private, &spki);
            assert!(found.len() == 1 && found[0].contains("AlgorithmIdentifier"), "{found:?}");
        }
    }
}

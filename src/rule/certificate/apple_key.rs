//! Apple: a new root has RSA of 4096 bits or P-384 at least. Apple Root Program 2.0.

use super::{Certificate, Judge};
use crate::pki::key::{Curve, KeyKind};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "APL-01",
    requires: "a root's key is RSA of 4096 bits at least, or on P-384 or P-521",
    source: "Apple Root Program 2.0 §1.5",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let (Kind::Root, Ok(key)) = (context.kind(), certificate.tbs().public_key()) else { return NOT_APPLICABLE };
    let strong = match key.kind() {
        KeyKind::Rsa { .. } => key.rsa_bits().is_some_and(|bits| bits >= 4096),
        KeyKind::Ec { curve, .. } => curve != Curve::P256,
        // KEY-05 speaks of those.
        KeyKind::Ed25519 { .. } | KeyKind::MlDsa { .. } => return NOT_APPLICABLE,
    };
    if strong { PASS } else { should(format!("the root's key is {key}; Apple takes new roots of rsa-4096 or ecdsa-p384")) }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::key::PublicKey;
    use crate::rule::sample::{Sample, responder_key, root_key, subordinate_key};

    #[test]
    fn weaker_keys_are_advised_against() {
        let with = |key: &PublicKey| Sample::root().but(|root| root.spki = key.spki_der().to_vec());
        let rsa = |octets| PublicKey::from_rsa(&vec![0xff; octets], &[1, 0, 1]).unwrap();
        with(&root_key()).passes(&RULE);
        with(&responder_key()).passes(&RULE);
        with(&subordinate_key()).fails(&RULE, "ecdsa-p256");
        with(&rsa(512)).passes(&RULE);
        with(&rsa(511)).fails(&RULE, "RSA of 4088 bits");
    }
}

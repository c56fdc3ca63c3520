//! The key usage is one that the key's algorithm can have. RFC 3279 §2.3.1; RFC 8813 §3; RFC 8410 §5; RFC 9881 §5.

use super::{Certificate, Judge};
use crate::pki::key::KeyKind;
use crate::pki::usage::KeyUsage;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-11",
    requires: "the key usage is one that the key's algorithm can have: of ML-DSA and Ed25519 signatures alone",
    source: "RFC 9881 §5; RFC 8410 §5; RFC 8813 §3; RFC 3279 §2.3.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let (Some(usage), Ok(key)) = (certificate.extensions().key_usage()?, certificate.tbs().public_key()) else {
        return NOT_APPLICABLE;
    };
    let signatures = KeyUsage::DIGITAL_SIGNATURE
        .and(KeyUsage::NON_REPUDIATION)
        .and(KeyUsage::KEY_CERT_SIGN)
        .and(KeyUsage::CRL_SIGN);
    let encipherment = KeyUsage::KEY_ENCIPHERMENT.and(KeyUsage::DATA_ENCIPHERMENT);
    let agreement = KeyUsage::KEY_AGREEMENT.and(KeyUsage::ENCIPHER_ONLY).and(KeyUsage::DECIPHER_ONLY);
    let possible = match key.kind() {
        KeyKind::Rsa { .. } => signatures.and(encipherment),
        KeyKind::Ec { .. } => signatures.and(agreement),
        KeyKind::Ed25519 { .. } | KeyKind::MlDsa { .. } => signatures,
    };
    let mut findings = Findings::new();
    let impossible = usage.without(possible);
    if !impossible.is_empty() {
        findings.must(format!("the key usage says {impossible}; the key, {key}, cannot be used for that"));
    }
    let signs_only = matches!(key.kind(), KeyKind::Ed25519 { .. } | KeyKind::MlDsa { .. });
    if signs_only && usage.without(usage.without(signatures)).is_empty() {
        findings.must(format!("the key usage has no signatures; the key, {key}, is for nothing else"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::key::{MlDsa, PublicKey};
    use crate::pki::usage::KeyUsage;
    use crate::rule::Policy;
    use crate::rule::sample::{Sample, ml_dsa_key, root_key};

    #[test]
    fn signatures_are_not_encipherment() {
        let with = |key: &PublicKey, usage: KeyUsage| {
            let sample = Sample::root().with(Extension::key_usage(true, usage).unwrap());
            sample.but(|one| (one.spki, one.policy) = (key.spki_der().to_vec(), Policy::Private))
        };
        let (edwards, rsa) =
            (PublicKey::from_ed25519(&[7; 32]).unwrap(), PublicKey::from_rsa(&[0xc1; 256], &[1, 0, 1]).unwrap());
        let signing = [&ml_dsa_key(MlDsa::MlDsa44), &ml_dsa_key(MlDsa::MlDsa87), &edwards, &root_key(), &rsa];
        // RFC 9881 §5: at least one of these four, and none of the other five.
        let signatures = [
            KeyUsage::DIGITAL_SIGNATURE,
            KeyUsage::NON_REPUDIATION,
            KeyUsage::KEY_CERT_SIGN,
            KeyUsage::CRL_SIGN,
        ];
        for key in signing {
            for usage in signatures {
                with(key, usage).passes(&RULE);
            }
        }
        let others = [
            (KeyUsage::KEY_ENCIPHERMENT, &rsa),
            (KeyUsage::DATA_ENCIPHERMENT, &rsa),
            (KeyUsage::KEY_AGREEMENT, &root_key()),
            (KeyUsage::ENCIPHER_ONLY, &root_key()),
            (KeyUsage::DECIPHER_ONLY, &root_key()),
        ];
        for (usage, possible) in others {
            for key in signing {
                let both = with(key, usage.and(KeyUsage::DIGITAL_SIGNATURE));
                if key == possible { both.passes(&RULE) } else { both.fails(&RULE, &usage.to_string()) }
            }
            with(&edwards, usage).fails_in(&RULE, &["cannot be used", "no signatures"]);
        }
    }
}

//! The pilot: CAs have keys of ML-DSA-87. Microsoft PQC TLS Pilot.

use super::{Certificate, Judge};
use crate::pki::key::{KeyKind, MlDsa};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "PQC-01",
    requires: "a CA's key is ML-DSA-87; others may be of any parameter set of ML-DSA",
    source: "Microsoft PQC TLS Pilot Program Requirements, Algorithm Restrictions; X.509 Requirements",
    severity: Severities::PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let Ok(key) = certificate.tbs().public_key() else {
        // KEY-04 and KEY-05 speak of what is no key.
        return NOT_APPLICABLE;
    };
    match key.kind() {
        KeyKind::MlDsa { set: MlDsa::MlDsa87, .. } => PASS,
        KeyKind::MlDsa { .. } if !context.kind().is_ca() => PASS,
        _ if context.kind().is_ca() => must(format!("the key is {key}; the pilot's CAs have ml-dsa-87")),
        _ => must(format!("the key is {key}; the pilot is for ML-DSA")),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::key::MlDsa;
    use crate::rule::sample::{Sample, ml_dsa_key};

    #[test]
    fn cas_have_the_largest_set() {
        for sample in Sample::all() {
            let pilot = sample.pilot();
            let with = |set| pilot.clone().but(|one| one.spki = ml_dsa_key(set).spki_der().to_vec());
            with(MlDsa::MlDsa87).passes(&RULE);
            if pilot.kind.is_ca() {
                with(MlDsa::MlDsa65).fails(&RULE, "ml-dsa-65");
                with(MlDsa::MlDsa44).fails(&RULE, "ml-dsa-44");
            } else {
                with(MlDsa::MlDsa65).passes(&RULE);
                with(MlDsa::MlDsa44).passes(&RULE);
            }
            pilot.fails(&RULE, "ecdsa");
        }
    }
}

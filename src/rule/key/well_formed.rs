//! The key is DER, its point uncompressed and on its curve. BR §6.1.6.

use super::{Judge, Key};
use crate::pki::key::KeyError;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-04",
    requires: "the key is DER; a point is uncompressed and lies on its curve",
    source: "BR 2.2.6 §6.1.6; SP 800-56A rev. 3 §5.6.2.3.3; RFC 5480 §2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    match &key.key {
        // KEY-05 speaks of algorithms.
        Ok(_) | Err(KeyError::Algorithm { .. }) => PASS,
        Err(error) => must(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{objections, passes};
    use super::RULE;
    use crate::rule::sample::{Sample, existing_key, responder_key, root_key, subordinate_key};

    #[test]
    fn a_point_lies_on_its_curve() {
        for key in [root_key(), subordinate_key(), existing_key(), responder_key()] {
            passes(&RULE, &key);
            let mut spki = key.spki_der().to_vec();
            *spki.last_mut().unwrap() ^= 1;
            let found = objections(&RULE, &Sample::root(), &spki);
            assert!(found.len() == 1 && found[0].contains("does not lie on"), "{found:?}");
        }
    }
}

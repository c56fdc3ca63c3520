//! A key has one name and one purpose. Chrome 1.3.2; Apple 2.1.3; Microsoft 3.1.11.

use super::{Judge, Key};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-07",
    requires: "the key is not used already under another subject or for another purpose",
    source: "Chrome Root Program 1.8 §1.3.2; Apple Root Program 2.0 §2.1.3",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(key: &Key, context: &Context<'a>) -> Judgement {
    // A cross-certificate is a second certificate of a key by design: XCA-01 to XCA-06.
    if context.kind() == Kind::Cross {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    for other in context.known()?.certificates_of_key(key.spki_sha256) {
        let same_use = context.kind() == other.kind;
        let what = if same_use { "has" } else { "has, for another purpose," };
        findings.must(format!("this key {what} a certificate already: {} until {}", other.kind, other.not_after));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::objections;
    use super::RULE;
    use crate::rule::sample::{Sample, root_key, subordinate_key};

    #[test]
    fn a_known_key_is_refused() {
        let known = vec![Sample::root().issued()];
        let sample = Sample::subordinate().but(|one| one.known = known);
        assert_eq!(objections(&RULE, &sample, subordinate_key().spki_der()), Vec::<String>::new());
        let found = objections(&RULE, &sample, root_key().spki_der());
        assert!(found.len() == 1 && found[0].contains("for another purpose, a certificate already: root"), "{found:?}");
    }
}

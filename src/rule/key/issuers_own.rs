//! A key does not certify itself under another name. RFC 5280 §6.1; BR §6.1.7.

use super::{Judge, Key};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-08",
    requires: "the subject's key is not the issuer's own, but for a root",
    source: "BR 2.2.6 §6.1.7; Chrome Root Program 1.8 §1.3.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, context: &Context<'_>) -> Judgement {
    match context.kind() {
        Kind::Root | Kind::Other => NOT_APPLICABLE,
        _ if context.issuer()?.spki_sha256() == key.spki_sha256 => must("the subject's key is the issuer's own"),
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, objections, passes};
    use super::RULE;
    use crate::rule::sample::{Sample, root_key, subordinate_key};

    #[test]
    fn only_a_root_certifies_itself() {
        passes(&RULE, &subordinate_key());
        fails(&RULE, &root_key(), "the issuer's own");
        assert_eq!(objections(&RULE, &Sample::root(), root_key().spki_der()), Vec::<String>::new());
    }
}

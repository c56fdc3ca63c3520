//! A root has a subject key identifier, not critical. BR §7.1.2.1.2.

use super::{Certificate, Judge, judge_subject_key_identifier};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-06",
    requires: "a root has a subject key identifier, not critical",
    source: "BR 2.2.6 §7.1.2.1.2; RFC 5280 §4.2.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match context.kind() {
        Kind::Root => judge_subject_key_identifier(certificate),
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::SUBJECT_KEY_IDENTIFIER;
    use crate::rule::sample::Sample;

    #[test]
    fn it_is_there_and_not_critical() {
        Sample::root().passes(&RULE);
        Sample::root().without(SUBJECT_KEY_IDENTIFIER).fails(&RULE, "no subject key identifier");
        Sample::root().with_criticality_turned(SUBJECT_KEY_IDENTIFIER).fails(&RULE, "has to be not critical");
        Sample::root().with_value(SUBJECT_KEY_IDENTIFIER, "0400").fails(&RULE, "no octets");
    }
}

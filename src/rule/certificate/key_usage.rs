//! A subordinate CA's key signs certificates and CRLs. BR §7.1.2.10.7.

use super::{Certificate, Judge, judge_ca_key_usage};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-03",
    requires: "a subordinate CA has a critical key usage of key-cert-sign and crl-sign, digital-signature allowed, no other",
    source: "BR 2.2.6 §7.1.2.10.7; RFC 5280 §4.2.1.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind().is_subordinate_ca() { judge_ca_key_usage(certificate) } else { NOT_APPLICABLE }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::KEY_USAGE;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_03020106_or_03020186() {
        let subordinate = Sample::subordinate;
        subordinate().with_value(KEY_USAGE, "03020106").passes(&RULE);
        subordinate().with_value(KEY_USAGE, "03020186").passes(&RULE);
        subordinate().without(KEY_USAGE).fails(&RULE, "no key usage");
        subordinate().with_criticality_turned(KEY_USAGE).fails(&RULE, "has to be critical");
        subordinate().with_value(KEY_USAGE, "03020102").fails(&RULE, "lacks key-cert-sign");
        subordinate().with_value(KEY_USAGE, "03020204").fails(&RULE, "lacks crl-sign");
        subordinate().with_value(KEY_USAGE, "03020146").fails(&RULE, "also says non-repudiation");
    }
}

//! A root's key signs certificates and CRLs, at most other things besides, and nothing else. BR §7.1.2.1.5.

use super::{Certificate, Judge, judge_ca_key_usage};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-05",
    requires: "a root has a critical key usage of key-cert-sign and crl-sign, digital-signature allowed, no other",
    source: "BR 2.2.6 §7.1.2.1.5; RFC 5280 §4.2.1.3; Microsoft Trusted Root Program 1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match context.kind() {
        Kind::Root => judge_ca_key_usage(certificate),
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::KEY_USAGE;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_03020106_or_03020186() {
        let root = Sample::root;
        root().with_value(KEY_USAGE, "03020106").passes(&RULE);
        root().with_value(KEY_USAGE, "03020186").passes(&RULE);
        root().without(KEY_USAGE).fails(&RULE, "no key usage");
        root().with_criticality_turned(KEY_USAGE).fails(&RULE, "has to be critical");
        root().with_value(KEY_USAGE, "03020102").fails(&RULE, "lacks key-cert-sign");
        root().with_value(KEY_USAGE, "03020204").fails(&RULE, "lacks crl-sign");
        for (value, other) in [
            ("03020146", "non-repudiation"),
            ("03020126", "key-encipherment"),
            ("03020116", "data-encipherment"),
            ("0302010e", "key-agreement"),
            ("03020007", "encipher-only"),
            ("0303070680", "decipher-only"),
        ] {
            root().with_value(KEY_USAGE, value).fails(&RULE, &format!("also says {other}"));
        }
    }
}

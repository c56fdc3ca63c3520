//! A root's authority key identifier is its own subject key identifier, and nothing else. BR §7.1.2.1.3.

use super::{Certificate, Judge, judge_authority_key_identifier};
use crate::pki::oid::extension;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-07",
    requires: "a root better has an authority key identifier: its own subject key identifier alone, not critical",
    source: "BR 2.2.6 §7.1.2.1.3; RFC 5280 §4.2.1.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    if certificate.extension(extension::AUTHORITY_KEY_IDENTIFIER).is_none() {
        return should("there is no authority key identifier, which is recommended");
    }
    judge_authority_key_identifier(certificate, certificate.tbs())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::AUTHORITY_KEY_IDENTIFIER;
    use crate::rule::sample::Sample;

    #[test]
    fn it_is_its_own_identifier_alone() {
        let root = Sample::root;
        root().passes(&RULE);
        root().without(AUTHORITY_KEY_IDENTIFIER).fails(&RULE, "recommended");
        root().with_criticality_turned(AUTHORITY_KEY_IDENTIFIER).fails(&RULE, "has to be not critical");
        root().with(Extension::authority_key_identifier(&[7; 20]).unwrap()).fails(&RULE, "0707");
    }
}

//! The authority key identifier is the issuer's subject key identifier, copied. BR §7.1.2.11.1.

use super::{Certificate, Judge, expect_extension, judge_authority_key_identifier};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-01",
    requires: "the authority key identifier is the issuer's subject key identifier, copied, alone, not critical",
    source: "BR 2.2.6 §7.1.2.11.1; RFC 5280 §4.2.1.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let oid = extension::AUTHORITY_KEY_IDENTIFIER;
    if expect_extension(certificate, oid, "authority key identifier", false, &mut findings).is_none() {
        return findings.verdict();
    }
    judge_authority_key_identifier(certificate, &context.issuer()?)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::AUTHORITY_KEY_IDENTIFIER;
    use crate::rule::sample::{Sample, identifier, root_key, subordinate_key};

    #[test]
    fn it_is_copied_and_alone() {
        for sample in [Sample::subordinate(), Sample::cross()] {
            sample.passes(&RULE);
            let key = identifier(&root_key());
            let with_serial = [&[0x30, 0x19, 0x80, 0x14][..], &key, &[0x82, 1, 5]].concat();
            let with_issuer = [&[0x30, 0x1b, 0x80, 0x14][..], &key, &[0xa1, 3, 0x82, 1, b'x']].concat();
            let raw = |value| Extension::new(AUTHORITY_KEY_IDENTIFIER, false, value);
            sample.clone().without(AUTHORITY_KEY_IDENTIFIER).fails(&RULE, "no authority key identifier");
            sample.clone().with_criticality_turned(AUTHORITY_KEY_IDENTIFIER).fails(&RULE, "has to be not critical");
            let other = Extension::authority_key_identifier(&identifier(&subordinate_key())).unwrap();
            sample.clone().with(other).fails(&RULE, "subject key identifier is");
            sample.clone().with(raw(with_serial)).fails(&RULE, "authorityCertSerialNumber");
            sample.clone().with(raw(with_issuer)).fails(&RULE, "authorityCertIssuer");
            sample.with(raw(vec![0x30, 0])).fails(&RULE, "no keyIdentifier");
        }
    }
}

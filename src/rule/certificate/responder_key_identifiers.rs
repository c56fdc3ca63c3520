//! An OCSP responder names its issuer's key, and better its own. BR §7.1.2.8.2.

use super::{Certificate, Judge, expect_extension, judge_authority_key_identifier};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-07",
    requires: "an OCSP responder has its issuer's subject key identifier as authority key identifier, better also its own",
    source: "BR 2.2.6 §7.1.2.8.2; RFC 5280 §4.2.1.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let oid = extension::AUTHORITY_KEY_IDENTIFIER;
    if expect_extension(certificate, oid, "authority key identifier", false, &mut findings).is_none() {
        return findings.verdict();
    }
    let authority = judge_authority_key_identifier(certificate, &context.issuer()?);
    let own = certificate.extension(extension::SUBJECT_KEY_IDENTIFIER);
    match (authority, own) {
        (PASS, None) => should("there is no subject key identifier, which is recommended"),
        (authority, _) => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::{AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER};
    use crate::rule::sample::Sample;

    #[test]
    fn the_issuers_is_needed_and_its_own_recommended() {
        Sample::responder().passes(&RULE);
        Sample::responder().without(AUTHORITY_KEY_IDENTIFIER).fails(&RULE, "no authority key identifier");
        Sample::responder().without(SUBJECT_KEY_IDENTIFIER).fails(&RULE, "recommended");
        Sample::responder().with(Extension::authority_key_identifier(&[7; 20]).unwrap()).fails(&RULE, "0707");
    }
}

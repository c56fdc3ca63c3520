//! A subordinate CA has a subject key identifier that names its key and no other. BR §7.1.2.11.4.

use super::{Certificate, Judge, judge_subject_key_identifier};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, PASS, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-04",
    requires: "a subordinate CA has a subject key identifier, not critical, that no other key of the issuer's has",
    source: "BR 2.2.6 §7.1.2.11.4; RFC 5280 §4.2.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let form = judge_subject_key_identifier(certificate)?;
    if Ok(form.clone()) != PASS {
        return Ok(form);
    }
    let tbs = certificate.tbs();
    let (own, spki) = (tbs.extensions().subject_key_identifier()?, tbs.spki_sha256());
    let issuer = context.issuer()?;
    let mut findings = Findings::new();
    if issuer.extensions().subject_key_identifier()? == own && issuer.spki_sha256() != spki {
        findings.must("the subject key identifier is that of the issuer's own key");
    }
    // Without a ledger the issuer's own is all there is to compare with.
    for other in context.known().map(|known| known.certificates_issued_by(tbs.issuer().sha256())).unwrap_or_default() {
        if other.said.is_some() && other.subject_key_identifier() == own && other.spki_sha256 != Some(spki) {
            findings.must(format!("the subject key identifier is that of another key, {}'s", other.kind));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::SUBJECT_KEY_IDENTIFIER;
    use crate::rule::sample::{Sample, identifier, responder_key, root_key};

    #[test]
    fn it_names_one_key() {
        let subordinate = || Sample::subordinate().but(|one| one.known = vec![Sample::responder().issued()]);
        let with = |key: &crate::pki::key::PublicKey| Extension::subject_key_identifier(&identifier(key)).unwrap();
        subordinate().passes(&RULE);
        subordinate().without(SUBJECT_KEY_IDENTIFIER).fails(&RULE, "no subject key identifier");
        subordinate().with_criticality_turned(SUBJECT_KEY_IDENTIFIER).fails(&RULE, "has to be not critical");
        subordinate().with(with(&root_key())).fails(&RULE, "issuer's own key");
        subordinate().with(with(&responder_key())).fails(&RULE, "another key, ocsp-responder's");
    }
}

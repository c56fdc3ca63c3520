//! An OCSP responder signs OCSP responses and nothing else. BR §7.1.2.8.5.

use super::{Certificate, Judge, criticality};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-02",
    requires: "an OCSP responder has the purpose OCSP signing and no other, better not critical",
    source: "BR 2.2.6 §7.1.2.8.5; RFC 6960 §4.2.2.2; Mozilla Root Store Policy 3.1 §7.5.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    if certificate.extension(extension::EXTENDED_KEY_USAGE).is_some_and(|found| found.critical()) {
        findings.should(format!("extended key usage is {}", criticality(true)));
    }
    let purposes: Vec<_> = certificate.extensions().extended_key_usage()?.iter().flatten().collect();
    if purposes.len() != 1 || purposes.first().is_none_or(|one| *one != purpose::OCSP_SIGNING) {
        let found: Vec<_> = purposes.iter().map(ToString::to_string).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        findings.must(format!("the extended key usage is {found}; wanted {} alone", purpose::OCSP_SIGNING));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::EXTENDED_KEY_USAGE;
    use crate::pki::oid::purpose::{OCSP_SIGNING, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn ocsp_signing_stands_alone() {
        let responder = Sample::responder;
        let with = |purposes: &[_]| responder().with(Extension::extended_key_usage(false, purposes).unwrap());
        responder().passes(&RULE);
        responder().with_criticality_turned(EXTENDED_KEY_USAGE).fails(&RULE, "critical");
        responder().without(EXTENDED_KEY_USAGE).fails(&RULE, "nothing");
        with(&[SERVER_AUTH]).fails(&RULE, "1.3.6.1.5.5.7.3.1;");
        with(&[OCSP_SIGNING, SERVER_AUTH]).fails(&RULE, "alone");
        with(&[OCSP_SIGNING, OCSP_SIGNING]).fails(&RULE, "alone");
    }
}

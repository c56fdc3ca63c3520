//! A CA's name is the name of one key: relying parties and CRLs know an issuer by nothing else. BR §7.1.4.1.

use super::object;
use crate::digest::hex;
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-01",
    requires: "no other key has a CA certificate with the subject of this CA",
    source: "BR 2.2.6 §7.1.4.1; Microsoft Trusted Root Program 1.2 §3.1.11; RFC 5280 §4.1.2.6",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    // An OCSP responder is found by its key: a new one may have the old one's name.
    if !context.kind().is_ca() {
        return NOT_APPLICABLE;
    }
    let tbs = certificate.tbs();
    let (own, subject) = (tbs.spki_sha256(), tbs.subject());
    let mut findings = Findings::new();
    for other in context.known()?.certificates_of_subject(subject.sha256()) {
        let Some(key) = other.spki_sha256.filter(|key| other.kind.is_ca() && *key != own) else { continue };
        let (called, key) = (other.called(), hex(key.octets()));
        let message = format!("{called} has the subject `{subject}` and another key, {key}; a name is the name of one key");
        object(&other, message, &mut findings);
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::{Sample, name};

    #[test]
    fn a_name_is_the_name_of_one_key() {
        let known = |other: Sample| Sample::subordinate().but(|one| one.known = vec![other.issued()]);
        let named = |other: Sample| other.but(|one| one.subject = name("E1").der().to_vec());
        known(Sample::root()).passes(&RULE);
        known(Sample::subordinate()).passes(&RULE);
        known(named(Sample::existing())).fails(&RULE, "`known` has the subject `CN=E1");
        // A responder is no CA.
        known(named(Sample::responder())).passes(&RULE);
        Sample::responder().but(|one| one.known = vec![named(Sample::root()).issued()]).passes(&RULE);
    }

    #[test]
    fn of_a_signature_that_came_to_nothing_it_warns() {
        let mut lost = Sample::existing().but(|one| one.subject = name("E1").der().to_vec()).issued();
        lost.name = String::new();
        let sample = Sample::subordinate().but(|one| one.known = vec![lost.clone()]);
        sample.fails(&RULE, "no certificate of that signature is known");
        assert!(sample.only_warns(&RULE));
        lost.name = "x".into();
        assert!(!Sample::subordinate().but(|one| one.known = vec![lost]).only_warns(&RULE));
    }
}

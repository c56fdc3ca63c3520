//! A key has one identifier, and an identifier is that of one key: paths are built by comparing them. RFC 5280 §4.2.1.2.

use super::object;
use crate::digest::hex;
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-03",
    requires: "every certificate of this key has this subject key identifier, and none of another key has it",
    source: "RFC 5280 §4.2.1.2; BR 2.2.6 §7.1.2.11.4",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let (tbs, known) = (certificate.tbs(), context.known()?);
    let own = tbs.spki_sha256();
    // Others ask that there is one where there has to be.
    let Some(identifier) = tbs.extensions().subject_key_identifier()? else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    for other in known.certificates_of_key(own) {
        if let Some(its) = other.subject_key_identifier().filter(|its| *its != identifier) {
            let (its, called) = (hex(its), other.called());
            let message = format!("the subject key identifier is {}; of the same key it is {its} in {called}", hex(identifier));
            object(&other, message, &mut findings);
        }
    }
    for other in known.certificates_with_identifier(identifier) {
        if other.spki_sha256.is_some_and(|key| key != own) {
            let message = format!("{} has the subject key identifier {} and another key", other.called(), hex(identifier));
            object(&other, message, &mut findings);
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::SUBJECT_KEY_IDENTIFIER;
    use crate::rule::sample::{Sample, existing_key, identifier, subordinate_key};

    #[test]
    fn a_key_and_its_identifier_belong_together() {
        let known = |one: Sample, other: Sample| one.but(|one| one.known = vec![other.issued()]);
        let with = |one: Sample, key| one.with(Extension::subject_key_identifier(&identifier(&key)).unwrap());
        known(Sample::subordinate(), Sample::root()).passes(&RULE);
        known(Sample::cross(), Sample::existing()).passes(&RULE);
        // The existing root has SHA-1: the other method's identifier of the same key.
        let other = with(Sample::existing(), existing_key());
        known(Sample::cross(), other).fails(&RULE, "of the same key it is");
        let taken = with(Sample::existing(), subordinate_key());
        known(Sample::subordinate(), taken).fails(&RULE, "and another key");
        known(Sample::subordinate(), Sample::existing().without(SUBJECT_KEY_IDENTIFIER)).passes(&RULE);
    }
}

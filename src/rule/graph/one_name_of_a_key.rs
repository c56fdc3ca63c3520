//! A key has one name, whoever certifies it. Chrome 1.3.2; Apple 2.1.3; boulder's cross-certificate of another key.

use super::object;
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-02",
    requires: "no other certificate has this key under another subject",
    source: "Chrome Root Program 1.8 §1.3.2; Apple Root Program 2.0 §2.1.3; BR 2.2.6 §7.1.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let tbs = certificate.tbs();
    let subject = tbs.subject().sha256();
    // A cross-certificate may spell the organization otherwise: then the name of the certificate being cross-signed counts.
    let crossed = if context.organization_may_differ() { Some(context.existing()?.0.subject().sha256()) } else { None };
    let mut findings = Findings::new();
    for other in context.known()?.certificates_of_key(tbs.spki_sha256()) {
        if other.subject_sha256 != subject && Some(other.subject_sha256) != crossed {
            let message = format!("{} has this key under another subject than `{}`", other.called(), tbs.subject());
            object(&other, message, &mut findings);
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::attribute::ORGANIZATION;
    use crate::rule::sample::{Sample, name};

    #[test]
    fn a_key_has_one_name() {
        let known = |one: Sample, other: Sample| one.but(|one| one.known = vec![other.issued()]);
        let renamed = |one: Sample| one.but(|one| one.subject = name("X9").der().to_vec());
        known(Sample::subordinate(), Sample::subordinate()).passes(&RULE);
        known(Sample::subordinate(), Sample::root()).passes(&RULE);
        known(Sample::cross(), Sample::existing()).passes(&RULE);
        known(Sample::cross(), renamed(Sample::existing())).fails(&RULE, "`known` has this key under another subject");
        let meant = known(Sample::cross(), Sample::existing()).but(|one| {
            one.organization_may_differ = true;
            one.subject = name("Root X2").with_value(ORGANIZATION, "ETS").unwrap().unwrap().der().to_vec();
        });
        meant.passes(&RULE);
        meant.but(|one| one.organization_may_differ = false).fails(&RULE, "another subject");
        known(Sample::responder(), renamed(Sample::responder())).fails(&RULE, "another subject");
    }
}

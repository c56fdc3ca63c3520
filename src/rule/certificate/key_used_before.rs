//! A key has one name and one purpose. Chrome 1.3.2; Apple 2.1.3; Microsoft 3.1.11.

use super::{Certificate, Judge};
use crate::rule::{Context, Findings, Issued, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-07",
    requires: "the key is not used already under another subject or for another purpose",
    source: "Chrome Root Program 1.8 §1.3.2; Apple Root Program 2.0 §2.1.3; BR 2.2.6 §6.1.7",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    // A cross-certificate is a second certificate of a key by design: XCA-01 to XCA-06.
    if context.kind() == Kind::Cross {
        return NOT_APPLICABLE;
    }
    let tbs = certificate.tbs();
    let purposes = tbs.extensions().extended_key_usage()?;
    let purposes: Option<Vec<_>> = purposes.map(|list| list.iter().map(|one| one.to_string()).collect());
    let mut findings = Findings::new();
    for other in context.known()?.certificates_of_key(tbs.spki_sha256()) {
        let what = if other.subject_sha256 != tbs.subject().sha256() {
            "under another subject"
        } else if is_known(&other) && (other.kind != context.kind() || other.purposes() != Some(&purposes)) {
            "for another purpose"
        } else {
            continue;
        };
        findings.must(format!("this key has a certificate {what} already: {} until {}", other.kind, other.not_after));
    }
    findings.verdict()
}

/// Of a certificate whose octets nobody has, the purposes are unknown.
const fn is_known(other: &Issued) -> bool {
    other.said.is_some()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, SERVER_AUTH};
    use crate::rule::sample::{Sample, name};

    #[test]
    fn the_same_certificate_again_is_no_other_use() {
        let known = |other: Sample| Sample::subordinate().but(|one| one.known = vec![other.issued()]);
        known(Sample::root()).passes(&RULE);
        known(Sample::subordinate()).passes(&RULE);
        known(Sample::subordinate().but(|one| one.subject = name("E2").der().to_vec())).fails(&RULE, "another subject");
        let purposes = Extension::extended_key_usage(false, &[SERVER_AUTH, CLIENT_AUTH]).unwrap();
        known(Sample::subordinate().with(purposes)).fails(&RULE, "another purpose");
    }
}

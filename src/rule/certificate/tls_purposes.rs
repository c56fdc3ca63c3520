//! A TLS subordinate CA is for servers, and for nothing that does not go with them. BR §7.1.2.10.6.

use super::{Certificate, Judge, expect_extension, judge_no_repetition};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "TLS-01",
    requires: "a TLS subordinate CA has an extended key usage, not critical, with server-auth, client-auth allowed",
    source: "BR 2.2.6 §7.1.2.10.6",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Subordinate {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let oid = extension::EXTENDED_KEY_USAGE;
    expect_extension(certificate, oid, "extended key usage", false, &mut findings);
    if let Some(purposes) = certificate.extensions().extended_key_usage()? {
        judge_tls_purposes(&purposes.iter().collect::<Vec<_>>(), &mut findings);
    }
    judge_no_repetition(certificate, &mut findings)?;
    findings.verdict()
}

/// server-auth is there and nothing that is forbidden beside it.
pub(super) fn judge_tls_purposes(purposes: &[crate::pki::oid::OidView<'_>], findings: &mut Findings) {
    if !purposes.iter().any(|one| *one == purpose::SERVER_AUTH) {
        findings.must("the extended key usage lacks server-auth");
    }
    for one in purposes {
        if FORBIDDEN.iter().any(|forbidden| one == forbidden) {
            findings.must(format!("the extended key usage has {one}, which a TLS subordinate CA may not have"));
        } else if *one != purpose::SERVER_AUTH && *one != purpose::CLIENT_AUTH {
            findings.should(format!("the extended key usage has {one}, which is not recommended"));
        }
    }
}

const FORBIDDEN: [crate::pki::oid::Oid; 6] = [
    purpose::ANY,
    purpose::CODE_SIGNING,
    purpose::EMAIL_PROTECTION,
    purpose::OCSP_SIGNING,
    purpose::PRECERTIFICATE_SIGNING,
    purpose::TIME_STAMPING,
];

#[cfg(test)]
mod tests {
    use super::{FORBIDDEN, RULE};
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::EXTENDED_KEY_USAGE;
    use crate::pki::oid::purpose::{CLIENT_AUTH, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn servers_are_needed_and_clients_allowed() {
        let with = |purposes: &[_]| {
            Sample::subordinate().with(Extension::extended_key_usage(false, purposes).unwrap())
        };
        with(&[SERVER_AUTH]).passes(&RULE);
        with(&[CLIENT_AUTH, SERVER_AUTH]).passes(&RULE);
        with(&[CLIENT_AUTH]).fails(&RULE, "lacks server-auth");
        with(&[SERVER_AUTH, SERVER_AUTH]).fails(&RULE, "twice");
        for forbidden in FORBIDDEN {
            with(&[SERVER_AUTH, forbidden]).fails(&RULE, "may not have");
        }
        with(&[SERVER_AUTH, "1.3.6.1.5.5.7.3.17".parse().unwrap()]).fails(&RULE, "not recommended");
        Sample::subordinate().without(EXTENDED_KEY_USAGE).fails(&RULE, "no extended key usage");
        Sample::subordinate().with_criticality_turned(EXTENDED_KEY_USAGE).fails(&RULE, "has to be not critical");
    }
}

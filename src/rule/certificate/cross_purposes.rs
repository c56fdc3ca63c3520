//! A cross-certificate onto a TLS root is for servers, or for servers and clients. CCADB 6.3; Let's Encrypt, May 2026.

use super::{Certificate, Judge, judge_no_repetition};
use crate::pki::oid::purpose;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-06",
    requires: "a cross-certificate's purposes are server-auth alone, or server-auth and client-auth",
    source: "CCADB Policy 2.1 §6.3; BR 2.2.6 §7.1.2.2.5",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let purposes: Vec<_> = certificate.extensions().extended_key_usage()?.iter().flatten().collect();
    if !purposes.iter().any(|one| *one == purpose::SERVER_AUTH) {
        findings.must("the extended key usage lacks server-auth");
    }
    for one in purposes.iter().filter(|one| **one != purpose::SERVER_AUTH && **one != purpose::CLIENT_AUTH) {
        findings.must(format!("the extended key usage has {one}; wanted server-auth, client-auth allowed, no other"));
    }
    judge_no_repetition(certificate, &mut findings)?;
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::EXTENDED_KEY_USAGE;
    use crate::pki::oid::purpose::{CLIENT_AUTH, CODE_SIGNING, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn servers_alone_or_servers_and_clients() {
        let with = |purposes: &[_]| Sample::cross().with(Extension::extended_key_usage(false, purposes).unwrap());
        with(&[SERVER_AUTH]).passes(&RULE);
        with(&[CLIENT_AUTH, SERVER_AUTH]).passes(&RULE);
        with(&[CLIENT_AUTH]).fails(&RULE, "lacks server-auth");
        with(&[SERVER_AUTH, CODE_SIGNING]).fails(&RULE, "no other");
        with(&[SERVER_AUTH, SERVER_AUTH]).fails(&RULE, "twice");
        Sample::cross().without(EXTENDED_KEY_USAGE).fails(&RULE, "lacks server-auth");
    }
}

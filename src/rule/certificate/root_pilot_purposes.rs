//! The pilot: a root says, critically, that it is for servers. Microsoft PQC TLS Pilot; against BR §7.1.2.1.2.

use super::{Certificate, Judge, expect_extension};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "PQC-02",
    requires: "a root has a critical extended key usage with server-auth alone",
    source: "Microsoft PQC TLS Pilot Program Requirements, Extended Key Usage",
    severity: Severities::PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    expect_extension(certificate, extension::EXTENDED_KEY_USAGE, "extended key usage", true, &mut findings);
    if let Some(purposes) = certificate.extensions().extended_key_usage()? {
        if !purposes.iter().any(|one| one == purpose::SERVER_AUTH) {
            findings.must("the extended key usage lacks server-auth");
        }
        for other in purposes.iter().filter(|one| *one != purpose::SERVER_AUTH) {
            findings.must(format!("the extended key usage has {other}; the pilot is for servers alone"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn servers_alone_and_critical() {
        let root = || Sample::root().pilot();
        let with = |critical, purposes: &[_]| root().with(Extension::extended_key_usage(critical, purposes).unwrap());
        with(true, &[SERVER_AUTH]).passes(&RULE);
        root().fails(&RULE, "no extended key usage");
        with(false, &[SERVER_AUTH]).fails(&RULE, "has to be critical");
        with(true, &[SERVER_AUTH, CLIENT_AUTH]).fails(&RULE, "servers alone");
        with(true, &[CLIENT_AUTH]).fails_in(&RULE, &["lacks server-auth", "servers alone"]);
        Sample::subordinate().pilot().passes(&RULE);
    }
}

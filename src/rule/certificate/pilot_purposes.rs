//! The pilot: what is under its roots is for servers. Microsoft PQC TLS Pilot.

use super::{Certificate, Judge};
use crate::pki::oid::purpose;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "PQC-04",
    requires: "a subordinate CA, a cross-certificate and a subscriber have no purpose but server-auth",
    source: "Microsoft PQC TLS Pilot Program Requirements, Extended Key Usage",
    severity: Severities::PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    // PQC-02 speaks of roots, OCR-02 of responders.
    if matches!(context.kind(), Kind::Root | Kind::OcspResponder) {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let purposes = certificate.extensions().extended_key_usage()?;
    for other in purposes.iter().flatten().filter(|one| *one != purpose::SERVER_AUTH) {
        findings.must(format!("the extended key usage has {other}; the pilot is for servers alone"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, CODE_SIGNING, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn not_even_clients() {
        for sample in [Sample::subordinate(), Sample::cross()] {
            let with =
                |other| sample.clone().pilot().with(Extension::extended_key_usage(false, &[SERVER_AUTH, other]).unwrap());
            sample.clone().pilot().passes(&RULE);
            with(CLIENT_AUTH).fails(&RULE, "servers alone");
            with(CODE_SIGNING).fails(&RULE, "servers alone");
        }
        Sample::responder().pilot().passes(&RULE);
    }
}

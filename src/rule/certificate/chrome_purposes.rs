//! Chrome: a new subordinate CA is for servers alone. Chrome Root Program 1.8, disclosed since 2026-06-15.

use super::{Certificate, Judge};
use crate::pki::oid::purpose;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CHR-02",
    requires: "a TLS subordinate CA's only purpose is server-auth",
    source: "Chrome Root Program 1.8 §1.3.2",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !matches!(context.kind(), Kind::Subordinate | Kind::Cross) {
        return NOT_APPLICABLE;
    }
    let purposes: Vec<_> = certificate.extensions().extended_key_usage()?.iter().flatten().collect();
    match purposes.iter().find(|one| **one != purpose::SERVER_AUTH) {
        Some(other) => should(format!("the extended key usage has {other}; Chrome takes new CAs of server-auth alone")),
        None => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn clients_are_advised_against() {
        let both = Extension::extended_key_usage(false, &[SERVER_AUTH, CLIENT_AUTH]).unwrap();
        for sample in [Sample::subordinate(), Sample::cross()] {
            sample.passes(&RULE);
            sample.with(both.clone()).fails(&RULE, "server-auth alone");
        }
    }
}

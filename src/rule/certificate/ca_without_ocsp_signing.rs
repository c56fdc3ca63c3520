//! No CA may sign OCSP responses as a delegate: such a certificate answers for its own issuer. Mozilla 5.3, incidents of 2020.

use super::{Certificate, Judge};
use crate::pki::oid::purpose;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-11",
    requires: "no CA certificate has the purpose OCSP signing",
    source: "RFC 6960 §4.2.2.2; BR 2.2.6 §4.9.9; Mozilla Root Store Policy 3.1 §5.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let ca = certificate.extensions().basic_constraints()?.is_some_and(|constraints| constraints.ca);
    let purposes = certificate.extensions().extended_key_usage()?;
    if ca && purposes.iter().flatten().any(|one| one == purpose::OCSP_SIGNING) {
        must("a CA with the purpose OCSP signing could answer for its own issuer")
    } else {
        PASS
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{OCSP_SIGNING, SERVER_AUTH};
    use crate::rule::Policy;
    use crate::rule::sample::Sample;

    #[test]
    fn under_every_policy() {
        for policy in [Policy::PublicTls, Policy::Private, Policy::PqcPilot] {
            let with = |sample: Sample| {
                let purposes = Extension::extended_key_usage(false, &[SERVER_AUTH, OCSP_SIGNING]).unwrap();
                sample.with(purposes).but(|one| one.policy = policy)
            };
            Sample::subordinate().but(|one| one.policy = policy).passes(&RULE);
            with(Sample::responder()).passes(&RULE);
            with(Sample::subordinate()).fails(&RULE, "its own issuer");
            with(Sample::root()).fails(&RULE, "its own issuer");
        }
    }
}

//! A technically constrained CA that is not for TLS says what it is for, and that is not servers. BR §7.1.2.3.

use super::{Certificate, Judge, expect_extension, is_reserved_policy, judge_no_repetition};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "TCN-01",
    requires: "a technically constrained non-TLS CA has purposes, none of them server-auth, OCSP, any or precertificates",
    source: "BR 2.2.6 §7.1.2.3",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::TechnicallyConstrained {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    let oid = extension::EXTENDED_KEY_USAGE;
    expect_extension(certificate, oid, "extended key usage", false, &mut findings);
    let forbidden =
        [purpose::SERVER_AUTH, purpose::OCSP_SIGNING, purpose::ANY, purpose::PRECERTIFICATE_SIGNING];
    for one in certificate.extensions().extended_key_usage()?.iter().flatten() {
        if forbidden.iter().any(|forbidden| one == *forbidden) {
            findings.must(format!("the extended key usage has {one}, which a non-TLS CA may not have"));
        }
    }
    for one in certificate.extensions().certificate_policies()?.iter().flatten() {
        if is_reserved_policy(&one.policy) {
            findings.must(format!("there is the reserved policy {}", one.policy));
        }
    }
    judge_no_repetition(certificate, &mut findings)?;
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::{CERTIFICATE_POLICIES, EXTENDED_KEY_USAGE};
    use crate::pki::oid::purpose;
    use crate::rule::Kind;
    use crate::rule::sample::Sample;

    #[test]
    fn servers_are_refused() {
        let constrained = |purposes: &[_]| {
            Sample::subordinate()
                .but(|one| one.kind = Kind::TechnicallyConstrained)
                .with(Extension::extended_key_usage(false, purposes).unwrap())
                .without(CERTIFICATE_POLICIES)
        };
        constrained(&[purpose::EMAIL_PROTECTION]).passes(&RULE);
        constrained(&[purpose::EMAIL_PROTECTION]).without(EXTENDED_KEY_USAGE).fails(&RULE, "no extended key usage");
        for one in [purpose::SERVER_AUTH, purpose::OCSP_SIGNING, purpose::ANY, purpose::PRECERTIFICATE_SIGNING] {
            constrained(&[purpose::EMAIL_PROTECTION, one]).fails(&RULE, "may not have");
        }
        let policies = Sample::subordinate().extensions.into_iter().find(|one| one.oid == CERTIFICATE_POLICIES);
        constrained(&[purpose::EMAIL_PROTECTION]).with(policies.unwrap()).fails(&RULE, "reserved policy");
    }
}

//! A CRL about CA certificates alone covers everything only while the CA issued nothing else. BR §7.2.2.1; Mozilla 5.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-15",
    requires: "a CRL about CA certificates alone, without a distribution point, is of a CA that issued CA certificates alone",
    source: "BR 2.2.6 §7.2.2.1; Mozilla Root Store Policy 3.1 §5.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    match crl.extensions().issuing_distribution_point()? {
        Some(point) if point.only_ca_certificates && point.name.is_none() => {}
        _ => return NOT_APPLICABLE,
    }
    let issued = context.known()?.certificates_issued_by(crl.tbs().issuer().sha256());
    match issued.iter().find(|one| !one.kind.is_ca()) {
        Some(other) => must(format!(
            "the CRL is about CA certificates alone; this CA also issued an {} certificate, on no CRL",
            other.kind
        )),
        None => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::{CrlScope, Extension};
    use crate::rule::sample::Sample;

    #[test]
    fn a_responder_needs_a_crl_too() {
        let scope = CrlScope { only_ca_certificates: true, ..CrlScope::default() };
        let scoped = CrlSample::new().with(Extension::issuing_distribution_point(&scope).unwrap());
        let responder = vec![Sample::subordinate().issued(), Sample::responder().issued()];
        scoped.passes(&RULE);
        scoped.but(|crl| crl.known = responder.clone()).fails(&RULE, "ocsp-responder");
        CrlSample::new().but(|crl| crl.known = responder).passes(&RULE);
    }
}

//! A CRL has no extension that is not recommended. BR §7.2.2.

use super::{Crl, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-17",
    requires: "there is no delta CRL indicator, freshest CRL, access or other unlisted extension",
    source: "BR 2.2.6 §7.2.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let listed =
        [extension::AUTHORITY_KEY_IDENTIFIER, extension::CRL_NUMBER, extension::ISSUING_DISTRIBUTION_POINT];
    let mut findings = Findings::new();
    for one in crl.extensions().iter().filter(|one| !listed.iter().any(|listed| one.oid() == *listed)) {
        let message = format!("the extension {} is not recommended in a CRL", one.oid());
        // Not recommended for others; in our own there is no reason for any.
        if context.is_ceremony() { findings.must(message) } else { findings.should(message) }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::CrlSample;
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::DELTA_CRL_INDICATOR;

    #[test]
    fn a_delta_crl_is_refused() {
        CrlSample::new().passes(&RULE);
        let delta = Extension::new(DELTA_CRL_INDICATOR, true, vec![2, 1, 1]);
        CrlSample::new().with(delta).fails(&RULE, "2.5.29.27");
    }
}

//! A response that is made offline has no nonce and no other extension. RFC 5019 §2.2.4; RFC 9919.

use super::{Judge, Ocsp};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-10",
    requires: "there are no response extensions, and no nonce above all",
    source: "RFC 5019 §2.2.4; BR 2.2.6 §7.3.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in &response.tbs().extensions() {
        if one.oid() == extension::OCSP_NONCE && context.is_ceremony() {
            findings.must("there is a nonce; nobody asked yet");
        } else {
            findings.should(format!("the response extension {} is not recommended", one.oid()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::OCSP_NONCE;

    #[test]
    fn a_nonce_is_refused() {
        let with = |oid, value| OcspSample::new().but(|one| one.extensions = vec![Extension::new(oid, false, value)]);
        OcspSample::new().passes(&RULE);
        with(OCSP_NONCE, vec![4, 1, 7]).fails(&RULE, "nonce");
        with("1.3.6.1.5.5.7.48.1.9".parse().unwrap(), vec![5, 0]).fails(&RULE, "not recommended");
    }
}

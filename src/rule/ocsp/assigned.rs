//! Nothing is good that was never issued. BR §4.9.10.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-04",
    requires: "no answer is about a certificate that this CA did not issue",
    source: "BR 2.2.6 §4.9.10",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let (known, issuer) = (context.known()?, context.issuer()?.subject().sha256());
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        if known.issued(issuer, single.cert_id.serial).is_none() {
            let serial = hex(single.cert_id.serial);
            findings.must(format!("there is an answer about {serial}, which the log does not know as issued"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;

    #[test]
    fn an_unknown_serial_is_refused() {
        OcspSample::new().passes(&RULE);
        OcspSample::new().but(|one| one.known.clear()).fails(&RULE, "does not know as issued");
    }
}

//! The whole response is DER. RFC 6960 §4.2.1.

use super::{Judge, Ocsp};
use crate::pki::read::{Fault, FaultKind};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-13",
    requires: "everything is DER, the values of known extensions included",
    source: "RFC 6960 §4.2.1; X.690",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in response.faults().list().iter().filter(|fault| !is_said_elsewhere(fault)) {
        findings.must(fault.to_string());
    }
    for error in response.faults().unread() {
        findings.must(error.to_string());
    }
    if response.faults().more() > 0 {
        findings.must(format!("there are {} more faults", response.faults().more()));
    }
    findings.verdict()
}

/// Times are OCS-08's, the version and the empty list of certificates OCS-09's.
fn is_said_elsewhere(fault: &Fault) -> bool {
    matches!(
        (fault.kind, fault.what),
        (FaultKind::Time, _) | (FaultKind::Default, "version") | (FaultKind::Empty, "certs")
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;

    #[test]
    fn what_ber_allows_is_a_fault() {
        OcspSample::new().passes(&RULE);
        OcspSample::new().replacing("02110102", "02110002").fails(&RULE, "shortest form");
    }
}

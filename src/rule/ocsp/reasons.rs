//! A revoked CA certificate has a reason, one of five, in its status. BR §7.3.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::pki::read::CertStatus;
use crate::pki::reason::Reason;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-05",
    requires: "every revoked certificate has a revocation reason that BR §7.2.2 allows",
    source: "BR 2.2.6 §7.3",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        let CertStatus::Revoked { reason, .. } = single.status else { continue };
        let serial = hex(single.cert_id.serial);
        match reason.map(|code| (code, Reason::from_code(code))) {
            None => findings.must(format!("{serial} is revoked without a reason")),
            Some((
                _,
                Some(
                    Reason::KeyCompromise
                    | Reason::AffiliationChanged
                    | Reason::Superseded
                    | Reason::CessationOfOperation
                    | Reason::PrivilegeWithdrawn,
                ),
            )) => {}
            Some((_, Some(reason))) => findings.must(format!("{serial} has the reason {reason}, which is not allowed")),
            Some((code, None)) => findings.must(format!("{serial} has the reason {code}, which is none")),
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::build::Status;
    use crate::pki::reason::Reason;
    use crate::rule::sample::after;

    #[test]
    fn one_of_five_reasons() {
        OcspSample::new().passes(&RULE);
        for reason in Reason::ALL {
            let sample = OcspSample::new().but(|one| one.status = Status::Revoked { at: after(0), reason });
            match reason.code() {
                1 | 3 | 4 | 5 | 9 => sample.passes(&RULE),
                0 => sample.fails(&RULE, "without a reason"),
                _ => sample.fails(&RULE, "not allowed"),
            }
        }
        let superseded = Status::Revoked { at: after(0), reason: Reason::Superseded };
        let sample = OcspSample::new().but(|one| one.status = superseded);
        sample.replacing("a0030a0104", "a0030a0107").fails(&RULE, "which is none");
    }
}

//! An answer says what the log says. RFC 6960 §2.2.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::pki::read::CertStatus;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-11",
    requires: "what the log knows as revoked is revoked, with the log's time and reason, and nothing else is",
    source: "RFC 6960 §2.2; BR 2.2.6 §4.9.10",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let (known, issuer) = (context.known()?, context.issuer()?.subject().sha256());
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        let serial = hex(single.cert_id.serial);
        // OCS-04 speaks of what the log does not know.
        let Some(in_log) = known.issued(issuer, single.cert_id.serial) else { continue };
        match (single.status, in_log.revoked) {
            (CertStatus::Good, None) => {}
            (CertStatus::Good, Some((at, reason))) => {
                findings.must(format!("{serial} is good here; the log has it revoked at {at}, {reason}"));
            }
            (CertStatus::Revoked { at, reason }, Some((known_at, known_reason))) => {
                if at.at() != known_at || reason.is_some_and(|reason| reason != u64::from(known_reason.code())) {
                    let at = at.at();
                    findings.must(format!("{serial} is revoked at {at} here; in the log at {known_at}, {known_reason}"));
                }
            }
            (CertStatus::Revoked { .. }, None) => {
                findings.must(format!("{serial} is revoked here; the log does not know of it"));
            }
            (CertStatus::Unknown, _) => findings.must(format!("{serial} is unknown here; the log knows it")),
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
    use crate::rule::sample::{Sample, after};

    #[test]
    fn the_log_is_right() {
        let revoked = |seconds| Status::Revoked { at: after(seconds), reason: Reason::Superseded };
        let in_log = || {
            let mut issued = Sample::subordinate().issued();
            issued.revoked = Some((after(0), Reason::Superseded));
            OcspSample::new().but(|one| one.known = vec![issued])
        };
        OcspSample::new().passes(&RULE);
        OcspSample::new().but(|one| one.status = revoked(0)).fails(&RULE, "does not know of it");
        in_log().fails(&RULE, "is good here");
        in_log().but(|one| one.status = revoked(0)).passes(&RULE);
        in_log().but(|one| one.status = revoked(1)).fails(&RULE, "in the log at");
        let other = Status::Revoked { at: after(0), reason: Reason::KeyCompromise };
        in_log().but(|one| one.status = other).fails(&RULE, "in the log at");
    }
}

//! Nothing is revoked in the future; dates have their form. RFC 5280 §5.1.2.6.

use super::{Entry, Judge};
use crate::rule::certificate::wrong_form;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-11",
    requires: "every revocation date is this update or earlier; dates to 2049 are UTCTime, later ones GeneralizedTime",
    source: "RFC 5280 §5.1.2.4, §5.1.2.6; BR 2.2.6 §7.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, _: &Context<'a>) -> Judgement {
    let revoked_at = entry.view().revoked_at();
    let mut findings = Findings::new();
    if revoked_at.at() > entry.this_update() {
        findings.must(format!("the entry {entry} was revoked at {}, after this update", revoked_at.at()));
    }
    if let Some(problem) = wrong_form(&revoked_at) {
        findings.must(format!("the date of the entry {entry}, {}, {problem}", revoked_at.at()));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::crl::sample::CrlSample;
    use crate::rule::crl::sample::{entry, entry_with};
    use crate::pki::build::time::generalized;
    use crate::rule::sample::after;

    #[test]
    fn nothing_is_revoked_after_this_update() {
        let revoked_at = |time| CrlSample::new().with_entry(entry("07", time, None));
        // This update is at 00:00:00 of the day.
        revoked_at(after(0)).entry_passes(&RULE);
        revoked_at(after(1)).entry_fails(&RULE, "after this update");
        CrlSample::new().with_entry(entry_with("07", &generalized(after(0)), &[])).entry_fails(&RULE, "GeneralizedTime");
    }
}

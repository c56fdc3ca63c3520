//! Nothing is revoked in the future; times have the form of their date. RFC 5280 §5.1.2.6.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::pki::read::FaultKind;
use crate::rule::certificate::wrong_form;
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-11",
    requires: "every revocation date is this update or earlier; dates to 2049 are UTCTime, later ones GeneralizedTime",
    source: "RFC 5280 §5.1.2.4, §5.1.2.6; BR 2.2.6 §7.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = EntryFindings::default();
    for fault in crl.faults().list().iter().filter(|fault| fault.kind == FaultKind::Time) {
        findings.must(|| fault.to_string());
    }
    let (tbs, this_update) = (crl.tbs(), crl.tbs().this_update());
    for (what, time) in [("this update", Some(this_update)), ("next update", tbs.next_update())] {
        if let Some((time, problem)) = time.and_then(|time| wrong_form(&time).map(|problem| (time, problem))) {
            findings.must(|| format!("{what}, {}, {problem}", time.at()));
        }
    }
    for entry in tbs.entries() {
        let entry = entry?;
        let revoked_at = entry.revoked_at();
        let serial = || hex(entry.serial_octets());
        if revoked_at.at() > this_update.at() {
            findings.must(|| format!("the entry {} was revoked at {}, after this update", serial(), revoked_at.at()));
        }
        if let Some(problem) = wrong_form(&revoked_at) {
            findings.must(|| format!("the date of the entry {}, {}, {problem}", serial(), revoked_at.at()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::{entry, entry_with};
    use crate::pki::build::time::{by_date, generalized};
    use crate::rule::sample::{after, at};

    #[test]
    fn nothing_is_revoked_after_this_update() {
        let revoked_at = |time| CrlSample::new().with_entry(entry("07", time, None));
        // This update is at 00:00:00 of the day.
        revoked_at(after(0)).passes(&RULE);
        revoked_at(after(1)).fails(&RULE, "after this update");
        CrlSample::new().with_entry(entry_with("07", &generalized(after(0)), &[])).fails(&RULE, "GeneralizedTime");
        CrlSample::new().with_entry(entry_with("07", b"\x17\x0b2610310000Z", &[])).fails(&RULE, "4.1.2.5");
    }

    #[test]
    fn updates_have_the_form_of_their_date() {
        let until = |time: &[u8]| CrlSample::new().but(|crl| crl.next_update = time.to_vec());
        until(&by_date(at("2050-01-01T00:00:00Z"))).passes(&RULE);
        until(&generalized(at("2049-12-31T23:59:59Z"))).fails(&RULE, "next update");
        CrlSample::new().but(|crl| crl.this_update = generalized(after(0))).fails(&RULE, "this update");
    }
}

//! Updates have the form of their date, and every time in the CRL is to the second and in UTC. RFC 5280 §5.1.2.4.

use super::{Crl, Judge};
use crate::pki::read::FaultKind;
use crate::rule::certificate::wrong_form;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-22",
    requires: "updates to 2049 are UTCTime, later ones GeneralizedTime; every time is to the second and in UTC",
    source: "RFC 5280 §5.1.2.4, §5.1.2.5, §5.1.2.6",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in crl.faults().list().iter().filter(|fault| fault.kind == FaultKind::Time) {
        findings.must(fault.to_string());
    }
    let tbs = crl.tbs();
    for (what, time) in [("this update", Some(tbs.this_update())), ("next update", tbs.next_update())] {
        if let Some((time, problem)) = time.and_then(|time| wrong_form(&time).map(|problem| (time, problem))) {
            findings.must(format!("{what}, {}, {problem}", time.at()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{CrlSample, entry_with};
    use super::RULE;
    use crate::pki::build::time::{by_date, generalized};
    use crate::rule::sample::{after, at};

    #[test]
    fn updates_have_the_form_of_their_date() {
        let until = |time: &[u8]| CrlSample::new().but(|crl| crl.next_update = time.to_vec());
        until(&by_date(at("2050-01-01T00:00:00Z"))).passes(&RULE);
        until(&generalized(at("2049-12-31T23:59:59Z"))).fails(&RULE, "next update");
        CrlSample::new().but(|crl| crl.this_update = generalized(after(0))).fails(&RULE, "this update");
    }

    #[test]
    fn an_entry_without_seconds_is_refused() {
        let entry = entry_with("07", b"\x17\x0b2610310000Z", &[]);
        CrlSample::new().with_entry(entry).fails(&RULE, "4.1.2.5");
    }
}

//! A certificate begins at most one day before it is signed, and not after. BR §7.1.2.10.1.

use super::{Certificate, Judge};
use crate::clock::DAY;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-08",
    requires: "not before is the time of signing or up to one day earlier",
    source: "BR 2.2.6 §7.1.2.10.1, §7.1.2.8.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match context.kind() {
        // ROOT-03 and XCA-03.
        Kind::Root | Kind::Cross | Kind::Other => NOT_APPLICABLE,
        _ => within_a_day_before_signing(certificate, context),
    }
}

/// Not before is within one day before every possible time of signing.
pub(super) fn within_a_day_before_signing<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let signed_at = context.signed_at()?;
    let not_before = certificate.tbs().not_before().at();
    let mut findings = Findings::new();
    if not_before > signed_at.earliest() {
        findings.must(format!("not before is {not_before}, after the time of signing, {}", signed_at.earliest()));
    }
    if not_before.plus(DAY).is_some_and(|a_day_later| a_day_later < signed_at.latest()) {
        let latest = signed_at.latest();
        findings.must(format!("not before is {not_before}, more than 86400 s before the time of signing, {latest}"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{Sample, at};

    fn subordinate(not_before: &str) -> Sample {
        Sample::subordinate().but(|one| one.not_before = by_date(at(not_before)))
    }

    #[test]
    fn both_bounds_hold_to_the_second() {
        // Signed at 2026-11-01T08:00:00Z.
        subordinate("2026-10-31T07:59:59Z").fails(&RULE, "more than 86400 s");
        subordinate("2026-10-31T08:00:00Z").passes(&RULE);
        subordinate("2026-11-01T08:00:00Z").passes(&RULE);
        subordinate("2026-11-01T08:00:01Z").fails(&RULE, "after the time of signing");
    }
}

//! A cross-certificate begins no earlier than a day before signing or the existing certificates did. BR §7.1.2.2.1.

use super::{Certificate, Judge};
use crate::clock::DAY;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-03",
    requires: "a cross-certificate's not before is at most the time of signing and at least the earlier of one day before and \
               the earliest existing not before; not after is at least the time of signing",
    source: "BR 2.2.6 §7.1.2.2.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let (tbs, (_, existing)) = (certificate.tbs(), context.existing()?);
    let signed_at = context.signed_at()?;
    let (not_before, not_after) = (tbs.not_before().at(), tbs.not_after().at());
    let earliest = existing.iter().map(|one| one.not_before().at()).min();
    let a_day_before = signed_at.latest().minus(DAY);
    let bound = earliest.zip(a_day_before).map(|(earliest, day)| earliest.min(day));
    let mut findings = Findings::new();
    if not_before > signed_at.earliest() {
        findings.must(format!("not before is {not_before}, after the time of signing, {}", signed_at.earliest()));
    }
    if let Some(bound) = bound.filter(|bound| not_before < *bound) {
        findings.must(format!("not before is {not_before}; it may not be before {bound}"));
    }
    if not_after < signed_at.latest() {
        findings.must(format!("not after is {not_after}, before the time of signing, {}", signed_at.latest()));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::pki::read::{Faults, TbsCertificateView};
    use crate::rule::certificate::Certificate;
    use crate::rule::evidence::messages;
    use crate::rule::sample::{Sample, at};
    use crate::rule::{Ceremony, Context, NothingKnown, Policy, SigningTime};

    fn met(existing_begins: &str, begins: &str, ends: &str) -> bool {
        let existing = Sample::existing().but(|one| one.not_before = by_date(at(existing_begins))).tbs();
        let existing = TbsCertificateView::read(&existing, &mut Faults::new()).unwrap();
        let cross = Sample::cross().but(|one| {
            one.not_before = by_date(at(begins));
            one.not_after = by_date(at(ends));
        });
        let (cross, root) = (cross.tbs(), Sample::root().tbs());
        let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
        let signed_at = SigningTime::at(at("2026-11-01T08:00:00Z"));
        let ceremony = Ceremony { policy: Policy::PublicTls, signed_at, known: &NothingKnown };
        let context = Context::cross(ceremony, root, existing, &[]);
        let certificate = Certificate::from_tbs(&cross).unwrap();
        messages(&RULE, &context, |context| (RULE.verdict)(&certificate, context)).is_empty()
    }

    #[test]
    fn the_earlier_bound_counts() {
        let (old, new, end) = ("2020-01-01T00:00:00Z", "2026-11-01T07:00:00Z", "2029-01-01T00:00:00Z");
        assert!(met(old, "2020-01-01T00:00:00Z", end) && !met(old, "2019-12-31T23:59:59Z", end));
        assert!(met(new, "2026-10-31T08:00:00Z", end) && !met(new, "2026-10-31T07:59:59Z", end));
        assert!(met(old, "2026-11-01T08:00:00Z", end) && !met(old, "2026-11-01T08:00:01Z", end));
        assert!(met(old, old, "2026-11-01T08:00:00Z") && !met(old, old, "2026-11-01T07:59:59Z"));
    }
}

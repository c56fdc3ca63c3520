//! A root begins at most one day before it is signed, and not after. BR §7.1.2.1.1.

use super::not_before::within_a_day_before_signing;
use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-03",
    requires: "a root's not before is the time of signing or up to one day earlier",
    source: "BR 2.2.6 §7.1.2.1.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match context.kind() {
        Kind::Root => within_a_day_before_signing(certificate, context),
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{Sample, at};

    #[test]
    fn both_bounds_hold_to_the_second() {
        // Signed at 2026-11-01T08:00:00Z.
        let begins = |not_before| Sample::root().but(|root| root.not_before = by_date(at(not_before)));
        begins("2026-10-31T07:59:59Z").fails(&RULE, "more than 86400 s");
        begins("2026-10-31T08:00:00Z").passes(&RULE);
        begins("2026-11-01T08:00:00Z").passes(&RULE);
        begins("2026-11-01T08:00:01Z").fails(&RULE, "after the time of signing");
    }
}

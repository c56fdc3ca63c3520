//! A CRL's updates are in order, within its issuer's life, and not in the future. BR §7.2; RFC 5280 §5.1.2.4.

use super::{Crl, Judge};
use crate::clock::DAY;
use crate::rule::{Context, Findings, Judgement, Policy, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-04",
    requires: "next update is after this update, both within the issuer's validity; this update is not after signing nor a day before",
    source: "BR 2.2.6 §7.2; RFC 5280 §5.1.2.4; Mozilla Root Store Policy 3.1 §6.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let this_update = crl.tbs().this_update().at();
    let next_update = crl.tbs().next_update().map(|time| time.at());
    let issuer = context.issuer()?;
    let mut findings = Findings::new();
    if let Some(next_update) = next_update.filter(|next_update| *next_update <= this_update) {
        findings.must(format!("next update is {next_update}, not after this update, {this_update}"));
    }
    let (begins, ends) = (issuer.not_before().at(), issuer.not_after().at());
    if this_update < begins {
        findings.must(format!("this update is {this_update}; the issuer's certificate begins later, {begins}"));
    }
    if let Some(next_update) = next_update.filter(|next_update| *next_update > ends) {
        findings.must(format!("next update is {next_update}; the issuer's certificate ends before, {ends}"));
    }
    // A series that is signed ahead of time exists under the private policy only.
    if context.policy() != Policy::Private {
        let signed_at = context.signed_at()?;
        if this_update > signed_at.earliest() {
            let earliest = signed_at.earliest();
            findings.must(format!("this update is {this_update}, after the time of signing, {earliest}"));
        }
        if context.is_ceremony() && this_update.plus(DAY).is_some_and(|later| later < signed_at.latest()) {
            let latest = signed_at.latest();
            findings.must(format!("this update is {this_update}, more than a day before the time of signing, {latest}"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::time::by_date;
    use crate::rule::Policy;
    use crate::rule::sample::{after, at};

    fn crl(this_update: &str, next_update: &str) -> CrlSample {
        CrlSample::new().but(|crl| {
            crl.this_update = by_date(at(this_update));
            crl.next_update = by_date(at(next_update));
        })
    }

    #[test]
    fn updates_are_in_order_and_not_in_the_future() {
        // Signed at 2026-11-01T08:00:00Z; the issuer begins at 00:00:00.
        let next = "2026-12-01T00:00:00Z";
        crl("2026-11-01T08:00:00Z", next).passes(&RULE);
        crl("2026-11-01T08:00:01Z", next).fails(&RULE, "after the time of signing");
        crl("2026-11-01T08:00:01Z", next).but(|crl| crl.policy = Policy::Private).passes(&RULE);
        crl("2026-11-01T00:00:00Z", next).passes(&RULE);
        crl("2026-10-31T23:59:59Z", next).fails(&RULE, "begins later");
        crl("2026-11-01T00:00:00Z", "2026-11-01T00:00:01Z").passes(&RULE);
        crl("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z").fails(&RULE, "not after this update");
        // The issuer lasts 3650 days.
        let last = after(3650 * 86_400 - 1);
        crl("2026-11-01T00:00:00Z", &last.to_string()).passes(&RULE);
        crl("2026-11-01T00:00:00Z", &last.plus(1).unwrap().to_string()).fails(&RULE, "ends before");
    }
}

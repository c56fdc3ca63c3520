//! An entry has no extension but a reason code. BR §7.2.2.

use super::{Entry, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, PASS, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-23",
    requires: "an entry has no certificate issuer, invalidity date or other extension but a reason code",
    source: "BR 2.2.6 §7.2.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, context: &Context<'a>) -> Judgement {
    if !entry.has_others() {
        return PASS;
    }
    let mut findings = Findings::new();
    for one in entry.view().extensions().iter().filter(|one| one.oid() != extension::REASON_CODE) {
        let message = format!("the extension {} of the entry {entry} is not recommended", one.oid());
        // Not recommended for others; in our own there is no reason for any.
        if context.is_ceremony() { findings.must(message) } else { findings.should(message) }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::element::sequence;
    use crate::pki::build::time::by_date;
    use crate::pki::build::{Extension, extension};
    use crate::rule::crl::sample::{CrlSample, entry_with};
    use crate::rule::sample::after;

    #[test]
    fn an_invalidity_date_is_refused() {
        CrlSample::new().entry_passes(&RULE);
        let date = sequence(&[extension::extension(&Extension::invalidity_date(after(0)))]);
        CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &date)).entry_fails(&RULE, "2.5.29.24");
    }
}

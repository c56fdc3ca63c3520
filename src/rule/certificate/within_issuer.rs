//! A certificate ends when its issuer's does, or before. Every chain of the shell model.

use super::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-12",
    requires: "the certificate does not outlive its issuer's certificate",
    source: "no standard; validity nested in every path (RFC 5280 §6.1.3)",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() == Kind::Root {
        return NOT_APPLICABLE;
    }
    let (own, issuer) = (certificate.tbs().not_after().at(), context.issuer()?.not_after().at());
    let mut findings = Findings::new();
    if own > issuer {
        let message = format!("not after is {own}; the issuer's certificate ends before, {issuer}");
        // No standard forbids it: others may have done it.
        if context.is_ceremony() { findings.must(message) } else { findings.should(message) }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{DAY, Sample, after};

    #[test]
    fn the_last_second_may_be_the_same() {
        let ends = |seconds| Sample::subordinate().but(|one| one.not_after = by_date(after(seconds)));
        ends(3650 * DAY - 1).passes(&RULE);
        ends(3650 * DAY).fails(&RULE, "the issuer's certificate ends before");
    }
}

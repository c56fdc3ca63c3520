//! Validity is nested: a certificate does not begin before its issuer's certificate does. RFC 5280 §6.1.3.

use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-07",
    requires: "the certificate begins no earlier than its issuer's certificate; CRT-12 has its end",
    source: "no standard; validity nested in every path (RFC 5280 §6.1.3)",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() == Kind::Root {
        return NOT_APPLICABLE;
    }
    // Among what the ceremony knows: others may have done it, and no standard forbids it.
    let _ledger = context.known()?;
    let (own, issuer) = (certificate.tbs().not_before().at(), context.issuer()?.not_before().at());
    if own >= issuer {
        return PASS;
    }
    must(format!("not before is {own}; the issuer's certificate begins after, {issuer}"))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{DAY, Sample, after, at};

    #[test]
    fn the_first_second_may_be_the_same() {
        let begins = |time| Sample::subordinate().but(|one| one.not_before = by_date(time));
        begins(after(0)).passes(&RULE);
        begins(after(DAY)).passes(&RULE);
        begins(at("2026-10-31T23:59:59Z")).fails(&RULE, "the issuer's certificate begins after");
    }
}

//! A certificate does not end before it begins. BR §1.6.1.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-09",
    requires: "not after is not before not before",
    source: "RFC 5280 §4.1.2.5; BR 2.2.6 §1.6.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    certificate.tbs().validity().map_or_else(|error| must(error.to_string()), |_| PASS)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{Sample, at};

    #[test]
    fn one_second_is_the_least() {
        let ends = |not_after| Sample::root().but(|root| root.not_after = by_date(at(not_after)));
        ends("2026-11-01T00:00:00Z").passes(&RULE);
        ends("2026-10-31T23:59:59Z").fails(&RULE, "before not before");
    }
}

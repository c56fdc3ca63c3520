//! A CRL about CA certificates lasts a year at most. BR §4.9.7.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, PASS, Policy, Rule, Severities, must};

/// 365 days with both the first and the last second: what every referee takes for twelve months.
const LONGEST: u64 = 365 * 86_400 - 1;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-03",
    requires: "there is a next update, under public policies at most 365 days after this update, both seconds included",
    source: "BR 2.2.6 §4.9.7, §7.2; RFC 5280 §5.1.2.5",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let this_update = crl.tbs().this_update().at();
    let Some(next_update) = crl.tbs().next_update() else { return must("there is no next update") };
    let next_update = next_update.at();
    let late = this_update.plus(LONGEST).is_some_and(|last| next_update > last);
    if late && context.policy() != Policy::Private {
        return must(format!(
            "next update is {next_update}, more than {LONGEST} s after this update, {this_update}"
        ));
    }
    PASS
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::time::by_date;
    use crate::rule::Policy;
    use crate::rule::sample::after;

    #[test]
    fn the_bound_holds_to_the_second() {
        let lasts = |seconds: u64| CrlSample::new().but(|crl| crl.next_update = by_date(after(seconds)));
        lasts(365 * 86_400 - 1).passes(&RULE);
        lasts(365 * 86_400).fails(&RULE, "more than 31535999 s");
        lasts(366 * 86_400).fails(&RULE, "more than 31535999 s");
        lasts(366 * 86_400).but(|crl| crl.policy = Policy::Private).passes(&RULE);
        for policy in [Policy::PublicTls, Policy::Private] {
            lasts(1).but(|crl| (crl.next_update, crl.policy) = (vec![], policy)).fails(&RULE, "no next update");
        }
    }
}

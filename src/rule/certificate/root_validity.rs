//! A root certificate is valid for 2922 to 9132 days. BR §7.1.2.1.1.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

/// 2922 days in seconds.
const SHORTEST: u64 = 2_922 * 86_400;
/// 9132 days in seconds.
const LONGEST: u64 = 9_132 * 86_400;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-02",
    requires: "a root is valid for 2922 to 9132 days, both bounds and both its last seconds included",
    source: "BR 2.2.6 §7.1.2.1.1",
    severity: Severities::BASELINE_NOT_PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match (context.kind(), certificate.tbs().validity()) {
        (Kind::Root, Ok(validity)) => match validity.seconds() {
            SHORTEST..=LONGEST => PASS,
            other => must(format!("lasts {other} s; must last {SHORTEST} s to {LONGEST} s")),
        },
        // CRT-09 speaks of what ends before it begins.
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::Policy;
    use crate::rule::sample::{Sample, after};

    #[test]
    fn both_bounds_hold_to_the_second() {
        for (seconds, passes) in [
            (2_922 * 86_400 - 1, false),
            (2_922 * 86_400, true),
            (9_132 * 86_400, true),
            (9_132 * 86_400 + 1, false),
        ] {
            let root = Sample::root().but(|root| root.not_after = by_date(after(seconds - 1)));
            if passes {
                root.passes(&RULE);
            } else {
                root.fails(&RULE, "252460800 s to 789004800 s");
            }
        }
    }

    #[test]
    fn a_private_root_lasts_as_long_as_one_likes() {
        let root = Sample::root().but(|root| {
            root.not_after = by_date(after(86_400));
            root.policy = Policy::Private;
        });
        root.passes(&RULE);
    }
}

//! The pilot: nothing lasts longer than a year. Microsoft PQC TLS Pilot.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must, should};

/// 365 days in seconds.
const LONGEST: u64 = 365 * 86_400;
/// 90 days in seconds.
const LONGEST_OF_OTHERS: u64 = 90 * 86_400;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "PQC-03",
    requires: "a certificate lasts 365 days at most, that of a subscriber better 90",
    source: "Microsoft PQC TLS Pilot Program Requirements, Validity Period Requirements",
    severity: Severities::PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    // CRT-09 speaks of what ends before it begins.
    let Ok(validity) = certificate.tbs().validity() else { return NOT_APPLICABLE };
    let subscriber = context.kind() == crate::rule::Kind::Other;
    match validity.seconds() {
        seconds if seconds > LONGEST => must(format!("lasts {seconds} s; the pilot allows {LONGEST} s at most")),
        seconds if subscriber && seconds > LONGEST_OF_OTHERS => {
            should(format!("lasts {seconds} s; the pilot's subscribers better have {LONGEST_OF_OTHERS} s at most"))
        }
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::Kind;
    use crate::rule::sample::{DAY, Sample, after};

    #[test]
    fn the_bounds_hold_to_the_second() {
        for sample in Sample::all() {
            let lasts = |seconds: u64| sample.clone().pilot().but(|one| one.not_after = by_date(after(seconds - 1)));
            lasts(365 * DAY).passes(&RULE);
            lasts(365 * DAY + 1).fails(&RULE, "31536001 s");
            let subscriber = |seconds| lasts(seconds).but(|one| one.kind = Kind::Other);
            subscriber(90 * DAY).passes(&RULE);
            subscriber(90 * DAY + 1).fails(&RULE, "7776001 s");
            assert!(subscriber(90 * DAY + 1).only_warns(&RULE) && !subscriber(365 * DAY + 1).only_warns(&RULE));
        }
    }
}

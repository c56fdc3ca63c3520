//! Microsoft: a root lasts ten years at most. Trusted Root Program 1.2, since 2026-07-01.

use super::{Certificate, Judge};
use crate::clock::spelled;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

/// 3660 days, as Let's Encrypt's CP/CPS v6.2 reads "ten years": seconds.
const LONGEST: u64 = 3_660 * 86_400;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "MS-02",
    requires: "a root lasts ten years at most",
    source: "Microsoft Trusted Root Program 1.2",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match (context.kind(), certificate.tbs().validity()) {
        (Kind::Root, Ok(validity)) if validity.seconds() > LONGEST => {
            let (lasts, longest) = (spelled(validity.seconds()), spelled(LONGEST));
            should(format!("lasts {lasts}; Microsoft takes new roots of ten years, {longest}, at most"))
        }
        (Kind::Root, Ok(_)) => PASS,
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::{Sample, after};

    #[test]
    fn the_bound_holds_to_the_second() {
        let lasts = |seconds: u64| Sample::root().but(|root| root.not_after = by_date(after(seconds - 1)));
        lasts(3_660 * 86_400).passes(&RULE);
        lasts(3_660 * 86_400 + 1).fails(&RULE, "lasts 3660 days 1 s (316224001 s); Microsoft takes new roots of ten years, 3660 days (316224000 s), at most");
    }
}

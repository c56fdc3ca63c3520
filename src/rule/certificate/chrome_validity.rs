//! Chrome: a subordinate CA better lasts three years at most. Chrome Root Program 1.8.

use super::{Certificate, Judge};
use crate::clock::spelled;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

/// 1098 days, three years with a leap day and some room, in seconds.
const LONGEST: u64 = 1_098 * 86_400;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CHR-04",
    requires: "a TLS subordinate CA lasts three years at most",
    source: "Chrome Root Program 1.8 §1.3.1",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match (context.kind(), certificate.tbs().validity()) {
        (Kind::Subordinate | Kind::Cross, Ok(validity)) if validity.seconds() > LONGEST => {
            let (lasts, longest) = (spelled(validity.seconds()), spelled(LONGEST));
            should(format!("lasts {lasts}; Chrome recommends three years, {longest}, at most"))
        }
        (Kind::Subordinate | Kind::Cross, Ok(_)) => PASS,
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
        let lasts = |seconds: u64| Sample::subordinate().but(|one| one.not_after = by_date(after(seconds - 1)));
        lasts(1_098 * 86_400).passes(&RULE);
        lasts(1_098 * 86_400 + 1).fails(&RULE, "lasts 1098 days 1 s (94867201 s); Chrome recommends three years, 1098 days (94867200 s), at most");
    }
}

//! An answer about a subscriber's certificate lasts eight hours to ten days. BR §4.9.10.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

/// Eight hours in seconds.
const SHORTEST: u64 = 8 * 3_600;
/// Ten days in seconds.
const LONGEST: u64 = 10 * 86_400;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-03",
    requires: "an answer about a subscriber's certificate lasts 8 hours to 10 days, its first and last second included",
    source: "BR 2.2.6 §4.9.10",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let (known, issuer) = (context.known()?, context.issuer()?.subject().sha256());
    let (mut findings, mut concerned) = (Findings::new(), false);
    for single in &response.tbs().responses() {
        let subscriber = known.issued(issuer, single.cert_id.serial).is_some_and(|one| one.kind == Kind::Other);
        // OCS-02 speaks of CAs, OCS-08 of answers without an end.
        let Some(next_update) = single.next_update.filter(|_| subscriber) else { continue };
        concerned = true;
        let seconds = (next_update.at().seconds() + 1).saturating_sub(single.this_update.at().seconds());
        if !(SHORTEST..=LONGEST).contains(&seconds) {
            findings.must(format!(
                "the answer about {} lasts {seconds} s; must last {SHORTEST} s to {LONGEST} s",
                hex(single.cert_id.serial)
            ));
        }
    }
    if concerned { findings.verdict() } else { NOT_APPLICABLE }
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::rule::Kind;
    use crate::rule::sample::{Sample, after};

    #[test]
    fn both_bounds_hold_to_the_second() {
        let lasts = |seconds: u64, kind| {
            let issued = Sample::subordinate().but(|one| one.kind = kind).issued();
            OcspSample::new().but(|one| (one.next_update, one.known) = (after(seconds - 1), vec![issued]))
        };
        for (seconds, words) in [(8 * 3_600, None), (10 * 86_400, None), (8 * 3_600 - 1, Some("28799 s")), (10 * 86_400 + 1, Some("864001 s"))] {
            match words {
                None => lasts(seconds, Kind::Other).passes(&RULE),
                Some(words) => lasts(seconds, Kind::Other).fails(&RULE, words),
            }
            lasts(seconds, Kind::Subordinate).passes(&RULE);
        }
    }
}

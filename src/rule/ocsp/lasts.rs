//! An answer about a CA certificate lasts a year at most. BR §4.9.10.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

/// 365 days with both the first and the last second.
const LONGEST: u64 = 365 * 86_400 - 1;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-02",
    requires: "an answer lasts 365 days at most, its first and last second included",
    source: "BR 2.2.6 §4.9.10",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        let this_update = single.this_update.at();
        let Some(next_update) = single.next_update else { continue };
        if this_update.plus(LONGEST).is_some_and(|last| next_update.at() > last) {
            findings.must(format!(
                "the answer about {} has next update {}, more than {LONGEST} s after this update, {this_update}",
                hex(single.cert_id.serial),
                next_update.at()
            ));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::rule::sample::{DAY, after};

    #[test]
    fn the_bound_holds_to_the_second() {
        OcspSample::new().but(|one| one.next_update = after(365 * DAY - 1)).passes(&RULE);
        OcspSample::new().but(|one| one.next_update = after(365 * DAY)).fails(&RULE, "more than 31535999 s");
    }
}

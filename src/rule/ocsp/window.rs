//! An answer's times are in order and within every certificate's life. RFC 6960 §2.4, §4.2.2.1; Mozilla 6.

use super::{Judge, Ocsp};
use crate::clock::DAY;
use crate::digest::hex;
use crate::pki::read::FaultKind;
use crate::rule::{Context, Findings, Judgement, Policy, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-08",
    requires: "this update is not after produced at; next update is there, later, and not after the not after of the issuer and the delegate; produced at is the time of signing",
    source: "RFC 6960 §4.2.2.1; RFC 5019 §2.2.4; Mozilla Root Store Policy 3.1 §6",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in response.faults().list().iter().filter(|fault| fault.kind == FaultKind::Time) {
        findings.must(fault.to_string());
    }
    let produced_at = response.tbs().produced_at().at();
    // A plan is judged at the first and the last moment of its window: which of them it is, is in no field of a response.
    let when = match context.signed_at() {
        Ok(signed_at) if context.is_ceremony() => format!(", if it is signed at {}", signed_at.latest()),
        _ => String::new(),
    };
    let mut bounds = vec![("the issuer's certificate", context.issuer()?.not_after().at())];
    bounds.extend(context.delegate().map(|delegate| ("the delegate's certificate", delegate.not_after().at())));
    for single in &response.tbs().responses() {
        let (serial, this_update) = (hex(single.cert_id.serial), single.this_update.at());
        if this_update > produced_at {
            findings.must(format!("this update of {serial} is {this_update}, after produced at, {produced_at}"));
        }
        let Some(next_update) = single.next_update.map(|time| time.at()) else {
            findings.must(format!("there is no next update of {serial}"));
            continue;
        };
        if next_update <= this_update {
            findings.must(format!("next update of {serial} is {next_update}, not after this update, {this_update}"));
        }
        for (whose, ends) in bounds.iter().filter(|(_, ends)| next_update > *ends) {
            findings.must(format!("next update of {serial} is {next_update}{when}; {whose} ends before, {ends}"));
        }
    }
    // A series that is signed ahead of time exists under the private policy only.
    if context.policy() != Policy::Private {
        let signed_at = context.signed_at()?;
        if produced_at > signed_at.earliest() {
            findings.must(format!("produced at is {produced_at}, after the time of signing, {}", signed_at.earliest()));
        }
        if context.is_ceremony() && produced_at.plus(DAY).is_some_and(|later| later < signed_at.latest()) {
            let latest = signed_at.latest();
            findings.must(format!("produced at is {produced_at}, more than a day before the time of signing, {latest}"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::rule::Policy;
    use crate::rule::sample::{DAY, after, at};

    #[test]
    fn times_are_in_order() {
        let sample = OcspSample::new;
        // Signed, and produced, at 2026-11-01T08:00:00Z.
        sample().but(|one| one.this_update = at("2026-11-01T08:00:00Z")).passes(&RULE);
        sample().but(|one| one.this_update = at("2026-11-01T08:00:01Z")).fails(&RULE, "after produced at");
        sample().but(|one| one.next_update = after(1)).passes(&RULE);
        sample().but(|one| one.next_update = after(0)).fails(&RULE, "not after this update");
        sample().but(|one| one.produced_at = at("2026-11-01T08:00:01Z")).fails(&RULE, "after the time of signing");
        let ahead = sample().but(|one| one.produced_at = at("2026-11-02T00:00:00Z"));
        ahead.but(|one| one.policy = Policy::Private).passes(&RULE);
        sample()
            .but(|one| {
                one.produced_at = at("2026-10-31T07:59:59Z");
                one.this_update = at("2026-10-31T07:59:59Z");
            })
            .fails(&RULE, "more than a day before");
    }

    #[test]
    fn nothing_outlives_a_certificate() {
        // The delegate lasts 365 days, the root 3650.
        OcspSample::new().but(|one| one.next_update = after(365 * DAY - 1)).passes(&RULE);
        OcspSample::new().but(|one| one.next_update = after(365 * DAY)).fails(&RULE, ", if it is signed at 2026-11-01T08:00:00Z; the delegate's certificate ends before, ");
        OcspSample::direct().but(|one| one.next_update = after(3650 * DAY - 1)).passes(&RULE);
        OcspSample::direct().but(|one| one.next_update = after(3650 * DAY)).fails(&RULE, "the issuer's certificate ends");
    }
}

//! Times to 2049 are UTCTime, later ones GeneralizedTime, both to the second and in UTC. RFC 5280 §4.1.2.5.

use super::{Certificate, Judge};
use crate::pki::read::{FaultKind, TimeForm, TimeView};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-10",
    requires: "dates to 2049 are UTCTime YYMMDDHHMMSSZ, later ones GeneralizedTime YYYYMMDDHHMMSSZ",
    source: "RFC 5280 §4.1.2.5",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in certificate.faults().list().iter().filter(|fault| fault.kind == FaultKind::Time) {
        findings.must(fault.to_string());
    }
    let tbs = certificate.tbs();
    for (what, time) in [("not before", tbs.not_before()), ("not after", tbs.not_after())] {
        if let Some(problem) = wrong_form(&time) {
            findings.must(format!("{what}, {}, {problem}", time.at()));
        }
    }
    findings.verdict()
}

/// What is wrong with the form of a time for its date, if anything.
pub(in crate::rule) fn wrong_form(time: &TimeView<'_>) -> Option<&'static str> {
    // A UTCTime cannot say anything later than 2049.
    if time.form() != TimeForm::Generalized {
        return None;
    }
    let [year, ..] = time.at().fields();
    (year < 2050).then_some("is a GeneralizedTime; to 2049 it has to be a UTCTime")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn the_form_changes_with_the_year_2050() {
        let ends = |identifier: u8, text: &str| {
            let octets = [&[identifier, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
            Sample::root().but(|root| root.not_after = octets)
        };
        ends(0x17, "491231235959Z").passes(&RULE);
        ends(0x18, "20491231235959Z").fails(&RULE, "to 2049");
        ends(0x18, "20500101000000Z").passes(&RULE);
        for (identifier, text) in [
            (0x17, "3611010000Z"),
            (0x17, "361101000000+0100"),
            (0x18, "20500101000000.5Z"),
            (0x18, "20500601000000+0100"),
        ] {
            ends(identifier, text).fails(&RULE, "RFC 5280 4.1.2.5");
        }
    }
}

//! An OCSP responder has a country, an organization and a common name. BR §7.1.2.8, §7.1.2.10.2.

use super::{Certificate, Judge, Unit, judge_ca_name};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-08",
    requires: "an OCSP responder's subject has C, O and CN; other attributes are not recommended",
    source: "BR 2.2.6 §7.1.2.8, §7.1.2.10.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match context.kind() {
        Kind::OcspResponder => judge_ca_name(certificate, Unit::NotRecommended),
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::name::Name;
    use crate::rule::sample::{Sample, attribute};

    fn named(sample: Sample, parts: &[(&str, &str)]) -> Sample {
        let attributes: Vec<_> = parts.iter().map(|(short, value)| attribute(short, value)).collect();
        sample.but(|one| one.subject = Name::from_attributes(&attributes).unwrap().der().to_vec())
    }

    #[test]
    fn country_organization_and_common_name_are_needed() {
        let all = [("C", "US"), ("O", "X"), ("CN", "Y")];
        named(Sample::responder(), &all).passes(&RULE);
        for left_out in ["C", "O", "CN"] {
            let two: Vec<_> = all.into_iter().filter(|(short, _)| *short != left_out).collect();
            named(Sample::responder(), &two).fails(&RULE, &format!("has no {left_out}"));
        }
        let more = [("C", "US"), ("O", "X"), ("CN", "Y"), ("serialNumber", "1")];
        named(Sample::responder(), &more).fails(&RULE, "not recommended");
    }

    #[test]
    fn an_organizational_unit_is_advised_against() {
        let unit = [("C", "US"), ("O", "X"), ("OU", "Z"), ("CN", "Y")];
        named(Sample::responder(), &unit).fails(&RULE, "should not");
    }
}

//! Attributes stand in the order of the Baseline Requirements. BR §7.1.4.2.

use super::Judge;
use crate::pki::name::{NameView, attribute_type};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-02",
    requires: "attributes stand in the order DC, C, ST, L, postalCode, street, O, SN, givenName, OU, CN",
    source: "BR 2.2.6 §7.1.4.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

const ORDER: [&str; 11] = ["DC", "C", "ST", "L", "postalCode", "street", "O", "SN", "givenName", "OU", "CN"];

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    let place = |name: &str| ORDER.iter().position(|one| *one == name);
    let known: Vec<_> = subject
        .attributes()
        .filter_map(|one| one.short_name().filter(|name| attribute_type(name).is_some()))
        .filter_map(|name| place(name).map(|place| (place, name)))
        .collect();
    for (before, after) in known.iter().zip(known.iter().skip(1)) {
        if after.0 < before.0 {
            findings.must(format!("{} stands after {}; wanted {}", after.1, before.1, ORDER.join(", ")));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::RULE;
    use crate::rule::sample::attribute;

    #[test]
    fn the_country_comes_first() {
        let [country, organization, common] =
            [("C", "US"), ("O", "X"), ("CN", "Y")].map(|(short, value)| attribute(short, value));
        passes(&RULE, &[country.clone(), organization.clone(), common.clone()]);
        passes(&RULE, &[country.clone(), common.clone()]);
        fails(&RULE, &[organization, country, common], "C stands after O");
    }
}

//! Values do not begin or end with white space. RFC 5280 §7.1.

use super::Judge;
use crate::pki::name::NameView;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-08",
    requires: "values do not begin or end with white space",
    source: "BR 2.2.6 §7.1.4.1; zlint w_subject_dn_leading_whitespace",
    severity: Severities::RECOMMENDED,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in subject.attributes() {
        if one.text().is_some_and(|text| text.trim() != text) {
            findings.should(format!("{} begins or ends with white space", super::called(&one)));
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
    fn both_ends_count() {
        passes(&RULE, &[attribute("CN", "a b")]);
        fails(&RULE, &[attribute("CN", " a")], "white space");
        fails(&RULE, &[attribute("CN", "a ")], "white space");
    }
}

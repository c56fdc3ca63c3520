//! A CA's subject has a country, an organization and a common name. BR §7.1.2.10.2.

use super::Judge;
use crate::pki::name::NameView;
use crate::pki::oid::attribute;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-11",
    requires: "the subject has C, O and CN; other attributes are not recommended",
    source: "BR 2.2.6 §7.1.2.10.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, context: &Context<'a>) -> Judgement {
    // A cross-certificate copies a subject that exists.
    if matches!(context.kind(), Kind::Other | Kind::Cross) {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    for (oid, name) in
        [(attribute::COUNTRY, "C"), (attribute::ORGANIZATION, "O"), (attribute::COMMON_NAME, "CN")]
    {
        if !subject.attributes().any(|one| one.kind() == oid) {
            findings.must(format!("the subject `{subject}` has no {name}"));
        }
    }
    let listed = ["C", "ST", "L", "postalCode", "street", "O", "OU", "CN"];
    for one in subject.attributes().map(|one| super::called(&one)).filter(|name| !listed.contains(&&**name)) {
        findings.should(format!("the subject has {one}, which is not recommended for a CA"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::RULE;
    use crate::rule::sample::attribute;

    #[test]
    fn each_of_three_is_needed() {
        let all = [("C", "US"), ("O", "X"), ("CN", "Y")].map(|(short, value)| attribute(short, value));
        passes(&RULE, &all);
        for (index, name) in ["C", "O", "CN"].into_iter().enumerate() {
            let mut two = all.to_vec();
            two.remove(index);
            fails(&RULE, &two, &format!("has no {name}"));
        }
        let mut more = all.to_vec();
        more.push(attribute("serialNumber", "1"));
        fails(&RULE, &more, "not recommended");
    }
}

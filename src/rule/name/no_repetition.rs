//! No attribute type is there twice, street and domain component apart. BR §7.1.4.2.

use super::Judge;
use crate::pki::name::NameView;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-06",
    requires: "no attribute type is there twice, street and DC apart",
    source: "BR 2.2.6 §7.1.4.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    let mut names: Vec<_> = subject.attributes().map(|one| super::called(&one)).collect();
    names.sort_unstable();
    for same in names.chunk_by(|left, right| left == right).filter(|same| same.len() > 1) {
        if let Some(name) = same.first().filter(|name| *name != "street" && *name != "DC") {
            findings.must(format!("{name} is there {} times", same.len()));
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
    fn only_street_and_domain_component_repeat() {
        for short in ["street", "DC"] {
            passes(&RULE, &[attribute(short, "a"), attribute(short, "b")]);
        }
        for short in ["C", "O", "OU", "CN"] {
            passes(&RULE, &[attribute(short, "a")]);
            fails(&RULE, &[attribute(short, "a"), attribute(short, "b")], "2 times");
        }
    }
}

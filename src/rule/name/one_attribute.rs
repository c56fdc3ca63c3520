//! Every part of a name has exactly one attribute. BR §7.1.4.1.

use super::Judge;
use crate::pki::name::NameView;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-01",
    requires: "every relative distinguished name has exactly one attribute",
    source: "BR 2.2.6 §7.1.4.1",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    let attributes: Vec<_> = subject.attributes().collect();
    for part in attributes.chunk_by(|left, right| left.part() == right.part()).filter(|part| part.len() > 1) {
        let names: Vec<_> = part.iter().map(super::called).collect();
        findings.must(format!("{} are in one relative distinguished name", names.join(" and ")));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::objections;
    use super::RULE;
    use crate::pki::name::Name;
    use crate::rule::sample::attribute;

    #[test]
    fn two_in_one_part_are_refused() {
        let (country, common) = (attribute("C", "US"), attribute("CN", "X"));
        let apart = Name::from_parts(&[vec![country.clone()], vec![common.clone()]]).unwrap();
        assert_eq!(objections(&RULE, &apart), Vec::<String>::new());
        let together = Name::from_parts(&[vec![country, common]]).unwrap();
        assert_eq!(objections(&RULE, &together), ["CN and C are in one relative distinguished name"]);
    }
}

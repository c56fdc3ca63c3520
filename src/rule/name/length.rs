//! Values are not longer than their attribute allows, in characters. BR §7.1.4.2; RFC 5280 appendix A.

use super::Judge;
use crate::pki::name::NameView;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-05",
    requires: "values have one character at least and no more than their attribute allows",
    source: "BR 2.2.6 §7.1.4.2; RFC 5280 appendix A.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

/// The most characters, not octets.
const MOST: [(&str, usize); 11] = [
    ("C", 2),
    ("ST", 128),
    ("L", 128),
    ("postalCode", 40),
    ("street", 128),
    ("O", 64),
    ("OU", 64),
    ("CN", 64),
    ("DC", 63),
    ("SN", 64),
    ("givenName", 64),
];

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in subject.attributes() {
        let name = super::called(&one);
        let characters = one.text().map_or(one.value().content().len(), |text| text.chars().count());
        let most = MOST.into_iter().find(|(known, _)| *known == name).map(|(_, most)| most);
        if characters == 0 {
            findings.must(format!("{name} is empty"));
        }
        if let Some(most) = most.filter(|most| characters > *most) {
            findings.must(format!("{name} has {characters} characters; it may have {most}"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, objections, passes};
    use super::{MOST, RULE};
    use crate::pki::name::{Name, StringForm};
    use crate::rule::sample::attribute;

    #[test]
    fn characters_count_and_octets_do_not() {
        for (short, most) in MOST {
            let value = |count| {
                let text = if short == "C" || short == "DC" { "x" } else { "ü" };
                let mut one = attribute(short, &text.repeat(count));
                one.form = if text == "x" { StringForm::Printable } else { StringForm::Utf8 };
                one
            };
            passes(&RULE, &[value(1)]);
            passes(&RULE, &[value(most)]);
            fails(&RULE, &[value(most + 1)], &format!("it may have {most}"));
        }
        let empty = Name::from_der(b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00").unwrap();
        assert_eq!(objections(&RULE, &empty), ["CN is empty"]);
    }
}

//! A PrintableString has the characters of PrintableString only. X.680 §41.4.

use super::Judge;
use crate::pki::name::{NameView, is_printable};
use crate::pki::read::der::tag;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-07",
    requires: "a PrintableString has letters, digits, space and '()+,-./:=? only",
    source: "X.680 §41.4; RFC 5280 appendix B",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in subject.attributes().filter(|one| one.tag() == tag::PRINTABLE_STRING) {
        let text = String::from_utf8_lossy(one.value().content()).into_owned();
        if !is_printable(&text) {
            findings.must(format!("{} `{}` is no PrintableString", super::called(&one), text.escape_default()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{objections, passes};
    use super::RULE;
    use crate::pki::name::Name;
    use crate::rule::sample::attribute;

    #[test]
    fn the_apostrophe_is_one_and_the_asterisk_is_not() {
        passes(&RULE, &[attribute("O", "Let's Encrypt (A+B), c-d./:=?")]);
        for wrong in b"@&*_;<>!\xc3" {
            let mut octets = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x13\x01X".to_vec();
            *octets.last_mut().unwrap() = *wrong;
            assert_eq!(objections(&RULE, &Name::from_der(&octets).unwrap()).len(), 1, "{wrong}");
        }
    }
}

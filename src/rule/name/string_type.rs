//! Values are UTF8String or PrintableString, domain components IA5String. BR §7.1.4.2.

use super::Judge;
use crate::pki::name::NameView;
use crate::pki::oid::attribute;
use crate::pki::read::der::tag;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-04",
    requires: "values are UTF8String or PrintableString; domain components are IA5String",
    source: "BR 2.2.6 §7.1.4.2; RFC 5280 §4.1.2.4",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for one in subject.attributes() {
        let ia5 = one.kind() == attribute::DOMAIN_COMPONENT || one.kind() == attribute::EMAIL_ADDRESS;
        let good = match one.tag() {
            tag::IA5_STRING => ia5,
            tag::UTF8_STRING | tag::PRINTABLE_STRING => !ia5,
            _ => false,
        };
        if !good {
            let wanted = if ia5 { "IA5String" } else { "UTF8String or PrintableString" };
            findings.must(format!("{} has tag {:#04x}; wanted {wanted}", super::called(&one), one.tag()));
        } else if one.text().is_none() {
            findings.must(format!("{} has octets that its string type has not", super::called(&one)));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, objections, passes};
    use super::RULE;
    use crate::pki::name::{Attribute, Name, StringForm, attribute_type};

    #[test]
    fn each_attribute_has_its_types() {
        let one = |short: &str, form| Attribute { kind: attribute_type(short).unwrap(), form, value: "12".into() };
        passes(&RULE, &[one("O", StringForm::Utf8), one("CN", StringForm::Printable), one("DC", StringForm::Ia5)]);
        fails(&RULE, &[one("CN", StringForm::Bmp)], "0x1e");
        fails(&RULE, &[one("CN", StringForm::Ia5)], "0x16");
        fails(&RULE, &[one("DC", StringForm::Utf8)], "wanted IA5String");
        let teletex = Name::from_der(b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x14\x01X").unwrap();
        assert_eq!(objections(&RULE, &teletex), ["CN has tag 0x14; wanted UTF8String or PrintableString"]);
        let broken = Name::from_der(b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\xff").unwrap();
        assert_eq!(objections(&RULE, &broken), ["CN has octets that its string type has not"]);
    }
}

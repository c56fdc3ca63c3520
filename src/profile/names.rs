//! Which string type each attribute of a name has.

use super::ProfileError;
use crate::pki::name::{Attribute, Name, StringForm, attribute_type, is_printable};
use crate::pki::oid::{Oid, attribute};
use crate::script::{FromNode, NamePart, Node, Problems, Value, Word, shown, unknown, wrong};

/// The string type of every attribute. Sources: RFC 5280 §4.1.2.4, appendix A; BR §7.1.4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameForms {
    /// For the attributes that are named: for the first of the kind, the second …; the last for all further ones.
    named: Vec<(Oid, Vec<FormChoice>)>,
    /// For every other one: `*`.
    others: Option<FormChoice>,
}

/// How the string type of a value is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormChoice {
    /// Always this one.
    Always(StringForm),
    /// PrintableString where its alphabet has every character of the value, UTF8String otherwise.
    Utf8UnlessPrintable,
}

impl Word for FormChoice {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("printable", Self::Always(StringForm::Printable)),
        ("utf8", Self::Always(StringForm::Utf8)),
        ("utf8-unless-printable", Self::Utf8UnlessPrintable),
        ("ia5", Self::Always(StringForm::Ia5)),
        ("numeric", Self::Always(StringForm::Numeric)),
        ("bmp", Self::Always(StringForm::Bmp)),
        ("teletex", Self::Always(StringForm::Teletex)),
    ];
}

impl NameForms {
    /// PrintableString where the alphabet allows it, UTF8String otherwise, and what a standard fixes as it says.
    pub const USUAL: Self = Self { named: Vec::new(), others: Some(FormChoice::Utf8UnlessPrintable) };

    /// Makes the name that a script writes. What is wrong with it becomes a problem of the script.
    pub fn name(&self, parts: &[NamePart], problems: &mut Problems) -> Option<Name> {
        let mut made: Vec<Vec<Attribute>> = Vec::with_capacity(parts.len());
        let mut good = true;
        for part in parts {
            let before = made.iter().flatten().map(|one| one.kind).collect::<Vec<_>>();
            match (self.attribute(part, &before), made.last_mut().filter(|_| part.joined)) {
                (Ok(attribute), Some(with)) => with.push(attribute),
                (Ok(attribute), None) => made.push(vec![attribute]),
                (Err(error), _) => {
                    good = false;
                    problems.add(part.place, error.to_string());
                }
            }
        }
        if !good || parts.is_empty() {
            return None;
        }
        match Name::from_parts(&made) {
            Ok(name) => Some(name),
            Err(error) => {
                if let Some(first) = parts.first() {
                    problems.add(first.place, error.to_string());
                }
                None
            }
        }
    }

    /// `before` are the kinds of the attributes before it.
    fn attribute(&self, part: &NamePart, before: &[Oid]) -> Result<Attribute, ProfileError> {
        let kind = attribute_kind(&part.kind)
            .ok_or_else(|| ProfileError::UnknownAttribute { found: shown(&part.kind) })?;
        let choice = self
            .choice(&kind, before)
            .ok_or_else(|| ProfileError::NoStringType { name: part.kind.clone() })?;
        let with = |form| Attribute { kind, form, value: part.text.clone() };
        let made = match choice {
            FormChoice::Always(form) => with(form),
            FormChoice::Utf8UnlessPrintable if is_printable(&part.text) => with(StringForm::Printable),
            FormChoice::Utf8UnlessPrintable => with(StringForm::Utf8),
        };
        Name::from_attributes(std::slice::from_ref(&made))?;
        Ok(made)
    }

    /// What is said for this attribute, then what its own standard allows, then what is said for all others.
    fn choice(&self, kind: &Oid, before: &[Oid]) -> Option<FormChoice> {
        let number = before.iter().filter(|earlier| *earlier == kind).count();
        let said = self.named.iter().find(|(named, _)| named == kind);
        let said = said.and_then(|(_, choices)| choices.get(number).or(choices.last()).copied());
        let standard = || {
            let standard = STANDARD.iter().find(|(only, _)| only == kind)?;
            self.others.map(|_| FormChoice::Always(standard.1))
        };
        said.or_else(standard).or(self.others)
    }
}

impl FromNode for NameForms {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(
                node,
                "attributes and their string types, such as `{C: printable, \"*\": utf8}`",
                problems,
            );
        };
        let mut forms = Self { named: Vec::new(), others: None };
        let mut good = true;
        for entry in entries {
            let choice = match &entry.node.value {
                Value::List(items) if !items.is_empty() && entry.key != "*" => {
                    Vec::from_node(&entry.node, problems)
                }
                _ => FormChoice::from_node(&entry.node, problems).map(|choice| vec![choice]),
            };
            let kind = attribute_kind(&entry.key);
            match (entry.key.as_str(), kind, choice) {
                ("*", _, choice) => forms.others = choice.and_then(|choice| choice.first().copied()),
                (_, Some(kind), Some(choice)) => forms.named.push((kind, choice)),
                (key, None, _) => {
                    unknown(key, entry.place, "attribute", "attributes", &["C", "O", "CN", "*"], problems);
                    good = false;
                }
                (_, Some(_), None) => good = false,
            }
        }
        good.then_some(forms)
    }
}

/// The type of an attribute: a short name, or an object identifier in digits.
fn attribute_kind(text: &str) -> Option<Oid> {
    attribute_type(text).or_else(|| text.parse().ok())
}

/// Attributes whose own syntax is one string type. Source: RFC 5280 appendix A.1.
const STANDARD: [(Oid, StringForm); 5] = [
    (attribute::COUNTRY, StringForm::Printable),
    (attribute::SERIAL_NUMBER, StringForm::Printable),
    (attribute::DN_QUALIFIER, StringForm::Printable),
    (attribute::DOMAIN_COMPONENT, StringForm::Ia5),
    (attribute::EMAIL_ADDRESS, StringForm::Ia5),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;
    use crate::script::{Place, Source, read};

    fn forms(text: &str) -> Result<NameForms, Vec<String>> {
        let (node, mut problems) = read("t", text.as_bytes());
        let value = node.and_then(|node| NameForms::from_node(&node, &mut problems));
        problems.or(value).map_err(|problems| problems.sorted().into_iter().map(|one| one.message).collect())
    }

    fn name(forms: &NameForms, parts: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let part = |(kind, text): &(&str, &str)| NamePart {
            kind: kind.trim_start_matches('+').to_owned(),
            joined: kind.starts_with('+'),
            text: (*text).to_owned(),
            place: Place::START,
        };
        let parts: Vec<_> = parts.iter().map(part).collect();
        let mut problems = Problems::new(Source::new("t", ""));
        let name = forms.name(&parts, &mut problems);
        problems
            .or(name)
            .map(|name| hex(name.der()))
            .map_err(|problems| problems.sorted().into_iter().map(|one| one.message).collect())
    }

    #[test]
    fn the_alphabet_chooses_between_printable_and_utf8() {
        let forms = forms("{C: printable, \"*\": utf8-unless-printable}").unwrap();
        // SEQUENCE { SET { SEQUENCE { 2.5.4.6, PrintableString NO } } SET { SEQUENCE { 2.5.4.3, UTF8String Æ } } }
        assert_eq!(
            name(&forms, &[("C", "NO"), ("CN", "Æ")]).unwrap(),
            "301a310b3009060355040613024e4f310b300906035504030c02c386"
        );
        assert_eq!(name(&forms, &[("CN", "Let's")]).unwrap(), "3010310e300c060355040313054c65742773");
        assert_eq!(name(&forms, &[("CN", "a_b")]).unwrap(), "300e310c300a06035504030c03615f62");
        assert_eq!(name(&forms, &[("2.5.4.3", "a")]).unwrap(), "300c310a30080603550403130161");
    }

    #[test]
    fn what_is_said_for_an_attribute_goes_before_its_standard_and_that_before_the_rest() {
        let dc = [("DC", "a")];
        assert!(name(&forms("{\"*\": utf8}").unwrap(), &dc).unwrap().ends_with("160161"));
        assert!(name(&forms("{DC: utf8, \"*\": printable}").unwrap(), &dc).unwrap().ends_with("0c0161"));
        assert_eq!(
            name(&forms("{C: printable}").unwrap(), &dc).unwrap_err(),
            ["the profile says no string type for the attribute `DC`"]
        );
    }

    #[test]
    fn every_wrong_attribute_is_found() {
        let forms = forms("{C: printable, \"*\": utf8}").unwrap();
        let found = name(&forms, &[("C", "É"), ("XY", "a"), ("CN", "ok")]).unwrap_err();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            found[1],
            "there is no attribute `XY`; wanted a short name such as `CN`, or an identifier in digits"
        );
    }

    #[test]
    fn a_table_of_forms_names_attributes_and_forms() {
        assert_eq!(
            forms("{XY: utf8, CN: utf16}").unwrap_err(),
            [
                "there is no attribute `XY`; the attributes here are `C`, `O`, `CN`, `*`",
                "there is no word `utf16`; the words here are `printable`, `utf8`, `utf8-unless-printable`, `ia5`, \
                 `numeric`, `bmp`, `teletex`",
            ]
        );
    }
}

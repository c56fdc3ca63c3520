//! The string type of every attribute of a name, and the name as a script writes it.

use crate::pki::name::{AttributeView, NameView};
use crate::pki::read::der::tag;
use crate::script::{NamePart, Place};

/// What a profile says of the string types in a name, and its attributes. An attribute that has no text, or a string
/// type without a word, makes a name that cannot be made again: comparing tells.
pub(super) fn read(name: &NameView<'_>) -> (String, Vec<NamePart>) {
    let mut forms: Vec<(String, Vec<&'static str>)> = Vec::new();
    let mut parts = Vec::new();
    let mut part = None;
    for attribute in name.attributes().take(super::MOST) {
        let kind = kind(&attribute);
        let form = form(&attribute);
        match forms.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, found)) => found.push(form),
            None => forms.push((kind.clone(), vec![form])),
        }
        let joined = part == Some(attribute.part());
        part = Some(attribute.part());
        let text = attribute.text().map(std::borrow::Cow::into_owned).unwrap_or_default();
        parts.push(NamePart { kind, joined, text, place: Place::START });
    }
    let forms: Vec<_> = forms
        .into_iter()
        .map(|(kind, found)| match found.first() {
            Some(first) if found.iter().all(|form| form == first) => format!("{kind}: {first}"),
            _ => format!("{kind}: [{}]", found.join(", ")),
        })
        .collect();
    (format!("{{{}}}", forms.join(", ")), parts)
}

fn kind(attribute: &AttributeView<'_>) -> String {
    attribute.short_name().map_or_else(|| attribute.kind().to_string(), str::to_owned)
}

fn form(attribute: &AttributeView<'_>) -> &'static str {
    match attribute.tag() {
        tag::PRINTABLE_STRING => "printable",
        tag::IA5_STRING => "ia5",
        tag::NUMERIC_STRING => "numeric",
        tag::BMP_STRING => "bmp",
        tag::TELETEX_STRING => "teletex",
        _ => "utf8",
    }
}

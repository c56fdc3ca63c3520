//! Distinguished names: octets first, text for people second.
//!
//! The rules of this file:
//! - Two names are equal exactly when their octets are. BR §7.1.4.1 compares encodings, not meanings.
//! - A name that is copied is copied as octets, its string types and all.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use thiserror::Error;

use super::build::element;
use super::oid::{Oid, OidView, attribute};
use super::read::der::{Cursor, Element, FaultKind, Faults, ReadError, tag};
use crate::digest::{Digest, hex};

/// A distinguished name: the octets of a DER Name.
///
/// Shown as RFC 4514 says: the last part first, `CN=E5,O=Let's Encrypt,C=US`.
///
/// Sources: RFC 5280 §4.1.2.4; BR §7.1.4.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

/// A string type in names. Source: RFC 5280 appendix A, DirectoryString.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StringForm {
    /// UTF8String.
    Utf8,
    /// PrintableString: letters, digits, space and `'()+,-./:=?`.
    Printable,
    /// IA5String: ASCII.
    Ia5,
    /// NumericString: digits and space.
    Numeric,
    /// BMPString: two octets a character.
    Bmp,
    /// TeletexString, also called T61String: Latin-1, as everyone writes into it. RFC 5280 forbids it in new names.
    Teletex,
}

/// One attribute of a name to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its type.
    pub kind: Oid,
    /// The string type of its value.
    pub form: StringForm,
    /// Its value.
    pub value: String,
}

impl Name {
    /// Makes a name of attributes, each in a relative distinguished name of its own, in this order.
    ///
    /// # Errors
    ///
    /// [`NameError`] if a value is empty or has a character that its string type has not.
    pub fn from_attributes(attributes: &[Attribute]) -> Result<Self, NameError> {
        let parts = attributes.iter().map(|one| Ok(element::element(tag::SET, &attribute_der(one)?)));
        let parts: Vec<_> = parts.collect::<Result<_, NameError>>()?;
        Ok(Self(element::sequence(&parts).into()))
    }

    /// Makes a name whose parts may have several attributes each; within a part DER sorts them.
    ///
    /// # Errors
    ///
    /// [`NameError`] if a part or a value is empty or a value has a character that its string type has not.
    pub fn from_parts(parts: &[Vec<Attribute>]) -> Result<Self, NameError> {
        let mut sets = Vec::with_capacity(parts.len());
        for part in parts {
            let mut attributes: Vec<_> = part.iter().map(attribute_der).collect::<Result<_, _>>()?;
            if attributes.is_empty() {
                return Err(NameError::EmptyPart);
            }
            attributes.sort();
            sets.push(element::element(tag::SET, &attributes.concat()));
        }
        Ok(Self(element::sequence(&sets).into()))
    }

    /// The same name with another value of its one attribute of this kind, PrintableString if that is what it is and the
    /// value allows it, UTF8String otherwise. Nothing if there is none or more than one, or if it shares its part.
    ///
    /// # Errors
    ///
    /// [`NameError`] if the value is empty.
    pub fn with_value(&self, kind: Oid, value: &str) -> Result<Option<Self>, NameError> {
        let attributes: Vec<_> = self.attributes().collect();
        let count =
            |meant: &dyn Fn(&AttributeView<'_>) -> bool| attributes.iter().filter(|one| meant(one)).count();
        let Some(old) = attributes.iter().find(|one| one.kind() == kind) else { return Ok(None) };
        if count(&|one| one.kind() == kind) != 1 || count(&|one| one.part() == old.part()) != 1 {
            return Ok(None);
        }
        let printable = old.tag() == tag::PRINTABLE_STRING && is_printable(value);
        let form = if printable { StringForm::Printable } else { StringForm::Utf8 };
        let new = attribute_der(&Attribute { kind, form, value: value.to_owned() })?;
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for one in &attributes {
            let oid = element::element(tag::OID, one.kind().octets());
            let same = || element::sequence(&[oid, one.value().octets().to_vec()]);
            let octets = if one.part() == old.part() { new.clone() } else { same() };
            match parts.get_mut(one.part()) {
                Some(part) => part.extend(octets),
                None => parts.push(octets),
            }
        }
        let sets: Vec<_> = parts.iter().map(|part| element::element(tag::SET, part)).collect();
        Ok(Some(Self(element::sequence(&sets).into())))
    }

    /// Reads a whole Name.
    ///
    /// # Errors
    ///
    /// [`ReadError`] unless it is DER throughout.
    pub fn from_der(octets: &[u8]) -> Result<Self, ReadError> {
        let mut faults = Faults::new();
        NameView::read(octets, 0, &mut faults)?;
        faults.none()?;
        Ok(Self(octets.into()))
    }

    /// The octets, tag and length included.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the octets: how a name is looked up.
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The same to look into.
    pub const fn view(&self) -> NameView<'_> {
        NameView { octets: &self.0, offset: 0 }
    }

    /// Its attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'_>> {
        self.view().attributes()
    }

    /// Whether it has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// A name within a structure that was read.
#[derive(Clone, Copy)]
pub struct NameView<'a> {
    octets: &'a [u8],
    offset: usize,
}

impl<'a> NameView<'a> {
    /// Reads a whole Name that stands at `offset`, and everything in it.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], offset: usize, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(octets, offset);
        let mut parts = cursor.take(tag::SEQUENCE, "name", faults)?.inside();
        cursor.end("name")?;
        while !parts.is_empty() {
            let part = parts.take(tag::SET, "name part", faults)?;
            let mut attributes = part.inside();
            if attributes.is_empty() {
                faults.note(part.offset(), "name part", FaultKind::Empty);
            }
            let mut before: &[u8] = &[];
            while !attributes.is_empty() {
                let element = attributes.take(tag::SEQUENCE, "attribute", faults)?;
                AttributeView::read(&element, 0, faults)?;
                if element.octets() < before {
                    faults.note(element.offset(), "name part", FaultKind::SetOrder);
                }
                before = element.octets();
            }
        }
        Ok(Self { octets, offset })
    }

    /// The octets, tag and length included.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Where it begins in the whole input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// SHA-256 of the octets.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets)
    }

    /// The same, owned.
    pub fn to_name(&self) -> Name {
        Name(self.octets.into())
    }

    /// Its attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'a>> + use<'a> {
        // It was read once; what cannot be read again does not exist.
        let mut faults = Faults::new();
        let mut parts = Cursor::at(self.octets, self.offset)
            .any("name", &mut faults)
            .map_or(Cursor::new(&[]), |name| name.inside());
        let mut attributes = Cursor::new(&[]);
        let mut part = 0_usize;
        std::iter::from_fn(move || {
            if attributes.is_empty() {
                attributes = parts.any("name part", &mut faults).ok()?.inside();
                part += 1;
            }
            let element = attributes.any("attribute", &mut faults).ok()?;
            AttributeView::read(&element, part - 1, &mut faults).ok()
        })
    }

    /// Whether the two are the same, octet for octet, but for the values of attributes of this kind.
    pub fn is_same_but_for(&self, kind: Oid, other: &Self) -> bool {
        let same = |one: &AttributeView<'_>, other: &AttributeView<'_>| {
            one.part() == other.part()
                && one.kind() == other.kind()
                && (one.kind() == kind || one.value().octets() == other.value().octets())
        };
        let (own, others): (Vec<_>, Vec<_>) = (self.attributes().collect(), other.attributes().collect());
        own.len() == others.len() && own.iter().zip(&others).all(|(one, other)| same(one, other))
    }

    /// Whether it has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }
}

impl PartialEq for NameView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

impl Eq for NameView<'_> {}

impl PartialEq<Name> for NameView<'_> {
    fn eq(&self, other: &Name) -> bool {
        *self.octets == *other.0
    }
}

/// RFC 4514, with the names of attribute types that people know even where that RFC has none.
impl fmt::Display for NameView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<_> = self.attributes().collect();
        let mut text = String::new();
        for (index, part) in attributes.chunk_by(|left, right| left.part == right.part).rev().enumerate() {
            if index > 0 {
                text.push(',');
            }
            for (index, attribute) in part.iter().enumerate() {
                if index > 0 {
                    text.push('+');
                }
                write!(text, "{attribute}")?;
            }
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for NameView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameView({self})")
    }
}

/// One attribute of a name that was read.
#[derive(Clone, Copy, Debug)]
pub struct AttributeView<'a> {
    part: usize,
    kind: OidView<'a>,
    value: Element<'a>,
}

impl<'a> AttributeView<'a> {
    fn read(element: &Element<'a>, part: usize, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let kind = inside.take(tag::OID, "attribute type", faults)?;
        let kind = OidView::read(&kind, "attribute type", faults)?;
        let value = inside.any("attribute value", faults)?;
        inside.end("attribute value")?;
        value.note_inside("attribute value", faults);
        Ok(Self { part, kind, value })
    }

    /// Which relative distinguished name it is in, counted from 0.
    pub const fn part(&self) -> usize {
        self.part
    }

    /// Its type.
    pub const fn kind(&self) -> OidView<'a> {
        self.kind
    }

    /// The tag of its value.
    pub const fn tag(&self) -> u8 {
        self.value.tag()
    }

    /// Its value with tag and length.
    pub const fn value(&self) -> Element<'a> {
        self.value
    }

    /// The short name of its type, if it has one.
    pub fn short_name(&self) -> Option<&'static str> {
        SHORT_NAMES.iter().find(|(_, oid)| self.kind == *oid).map(|(name, _)| *name)
    }

    /// Its value as text; nothing if it is no string or its octets are not of its type.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let octets = self.value.content();
        match self.value.tag() {
            tag::UTF8_STRING => std::str::from_utf8(octets).ok().map(Cow::Borrowed),
            tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING | tag::VISIBLE_STRING => {
                if octets.is_ascii() { std::str::from_utf8(octets).ok().map(Cow::Borrowed) } else { None }
            }
            // Everyone writes Latin-1 into these and nothing that T.61 meant.
            tag::TELETEX_STRING => Some(octets.iter().map(|octet| char::from(*octet)).collect()),
            tag::BMP_STRING => {
                let units = octets.chunks(2).map(|pair| match *pair {
                    [high, low] => Some(u16::from_be_bytes([high, low])),
                    _ => None,
                });
                let units: Option<Vec<_>> = units.collect();
                String::from_utf16(&units?).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }
}

impl fmt::Display for AttributeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.short_name(), self.text()) {
            (Some(name), Some(text)) => write!(f, "{name}={}", escaped(&text)),
            (Some(name), None) => write!(f, "{name}=#{}", hex(self.value.octets())),
            (None, _) => write!(f, "{}=#{}", self.kind, hex(self.value.octets())),
        }
    }
}

/// The attribute type that a short name stands for: `CN`, `O`, `organizationIdentifier`.
pub fn attribute_type(short_name: &str) -> Option<Oid> {
    SHORT_NAMES.iter().find(|(name, _)| *name == short_name).map(|(_, oid)| *oid)
}

/// The short names of all attribute types that have one.
pub fn attribute_names() -> impl Iterator<Item = &'static str> {
    SHORT_NAMES.iter().map(|(name, _)| *name)
}

/// Whether every character is one of PrintableString's. Source: X.680 §41.4.
pub fn is_printable(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet))
}

/// Why a name cannot be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// A value without characters.
    #[error("the value of {kind} is empty")]
    EmptyValue {
        /// The attribute type, dotted.
        kind: Oid,
    },
    /// A part without attributes.
    #[error("a part of the name has no attribute")]
    EmptyPart,
    /// A character that the string type has not.
    #[error("`{character}` in `{value}` cannot be said in a {form}")]
    Character {
        /// The first such character.
        character: char,
        /// The whole value.
        value: String,
        /// The string type.
        form: StringForm,
    },
}

impl fmt::Display for StringForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF8String",
            Self::Printable => "PrintableString",
            Self::Ia5 => "IA5String",
            Self::Numeric => "NumericString",
            Self::Bmp => "BMPString",
            Self::Teletex => "TeletexString",
        })
    }
}

fn attribute_der(attribute: &Attribute) -> Result<Vec<u8>, NameError> {
    let Attribute { kind, form, value } = attribute;
    if value.is_empty() {
        return Err(NameError::EmptyValue { kind: *kind });
    }
    let sayable = |character: &char| match form {
        StringForm::Utf8 => true,
        StringForm::Printable => is_printable(character.encode_utf8(&mut [0; 4])),
        StringForm::Ia5 => character.is_ascii(),
        StringForm::Numeric => character.is_ascii_digit() || *character == ' ',
        StringForm::Bmp => u16::try_from(u32::from(*character)).is_ok(),
        StringForm::Teletex => u8::try_from(u32::from(*character)).is_ok(),
    };
    if let Some(character) = value.chars().find(|character| !sayable(character)) {
        return Err(NameError::Character { character, value: value.clone(), form: *form });
    }
    let value = match form {
        StringForm::Utf8 => element::element(tag::UTF8_STRING, value.as_bytes()),
        StringForm::Printable => element::element(tag::PRINTABLE_STRING, value.as_bytes()),
        StringForm::Ia5 => element::element(tag::IA5_STRING, value.as_bytes()),
        StringForm::Numeric => element::element(tag::NUMERIC_STRING, value.as_bytes()),
        StringForm::Bmp => {
            let octets: Vec<_> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
            element::element(tag::BMP_STRING, &octets)
        }
        StringForm::Teletex => {
            let octets: Vec<_> = value.chars().filter_map(|one| u8::try_from(u32::from(one)).ok()).collect();
            element::element(tag::TELETEX_STRING, &octets)
        }
    };
    Ok(element::sequence(&[element::element(tag::OID, kind.as_bytes()), value]))
}

/// Source: RFC 4514 §2.4. Control characters are escaped as well: the text is shown on terminals.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        let at_edge = character == ' ' && (index == 0 || index == last) || character == '#' && index == 0;
        if character.is_control() || is_invisible(character) {
            for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(escaped, "\\{octet:02X}");
            }
        } else {
            if at_edge || "\"+,;<>\\".contains(character) {
                escaped.push('\\');
            }
            escaped.push(character);
        }
    }
    escaped
}

/// Characters that change how their neighbours are shown, or are not shown: they could make two names look alike.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Sources: RFC 4514 §3, RFC 4519; the long names as X.520 and ETSI EN 319 412-1 spell them.
const SHORT_NAMES: &[(&str, Oid)] = &[
    ("CN", attribute::COMMON_NAME),
    ("O", attribute::ORGANIZATION),
    ("OU", attribute::ORGANIZATIONAL_UNIT),
    ("C", attribute::COUNTRY),
    ("ST", attribute::STATE),
    ("L", attribute::LOCALITY),
    ("street", attribute::STREET),
    ("postalCode", attribute::POSTAL_CODE),
    ("DC", attribute::DOMAIN_COMPONENT),
    ("UID", attribute::USER_ID),
    ("serialNumber", attribute::SERIAL_NUMBER),
    ("SN", attribute::SURNAME),
    ("givenName", attribute::GIVEN_NAME),
    ("initials", attribute::INITIALS),
    ("generationQualifier", attribute::GENERATION_QUALIFIER),
    ("title", attribute::TITLE),
    ("dnQualifier", attribute::DN_QUALIFIER),
    ("pseudonym", attribute::PSEUDONYM),
    ("businessCategory", attribute::BUSINESS_CATEGORY),
    ("organizationIdentifier", attribute::ORGANIZATION_IDENTIFIER),
    ("emailAddress", attribute::EMAIL_ADDRESS),
    ("jurisdictionL", attribute::JURISDICTION_LOCALITY),
    ("jurisdictionST", attribute::JURISDICTION_STATE),
    ("jurisdictionC", attribute::JURISDICTION_COUNTRY),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(short: &str, form: StringForm, value: &str) -> Attribute {
        Attribute { kind: attribute_type(short).unwrap(), form, value: value.into() }
    }

    #[test]
    fn the_order_and_string_types_are_the_authors() {
        let name = Name::from_attributes(&[
            attribute("C", StringForm::Printable, "US"),
            attribute("O", StringForm::Utf8, "Let's Encrypt"),
            attribute("CN", StringForm::Printable, "E5"),
        ])
        .unwrap();
        assert_eq!(
            hex(name.der()),
            "3032310b300906035504061302555331163014060355040a0c0d4c6574277320456e6372797074310b3009060355040313024535"
        );
        assert_eq!(name.to_string(), "CN=E5,O=Let's Encrypt,C=US");
        let parts: Vec<_> = name.attributes().map(|one| (one.part(), one.short_name(), one.tag())).collect();
        assert_eq!(parts, [(0, Some("C"), 0x13), (1, Some("O"), 0x0c), (2, Some("CN"), 0x13)]);
        assert_eq!(Name::from_der(name.der()).unwrap(), name);
    }

    #[test]
    fn two_names_that_read_alike_are_not_equal() {
        let make = |form| Name::from_attributes(&[attribute("CN", form, "X")]).unwrap();
        let (printable, utf8) = (make(StringForm::Printable), make(StringForm::Utf8));
        assert_eq!(printable.to_string(), utf8.to_string());
        assert_ne!(printable, utf8);
        assert_ne!(printable.sha256(), utf8.sha256());
    }

    #[test]
    fn a_string_type_takes_its_own_characters_only() {
        for (form, good, bad) in [
            (StringForm::Printable, "Let's (Encrypt) + a,b-c./:=?", '@'),
            (StringForm::Printable, "A", 'é'),
            (StringForm::Ia5, "a@example.org", 'é'),
            (StringForm::Numeric, "12 34", 'x'),
            (StringForm::Bmp, "é", '\u{1f511}'),
            (StringForm::Teletex, "é", 'Ā'),
        ] {
            Name::from_attributes(&[attribute("CN", form, good)]).unwrap();
            let value = format!("{good}{bad}");
            let error = Name::from_attributes(&[attribute("CN", form, &value)]).unwrap_err();
            assert_eq!(error, NameError::Character { character: bad, value, form });
        }
        let error = Name::from_attributes(&[attribute("CN", StringForm::Utf8, "")]).unwrap_err();
        assert_eq!(error.to_string(), "the value of 2.5.4.3 is empty");
        assert_eq!(Name::from_parts(&[vec![]]), Err(NameError::EmptyPart));
    }

    #[test]
    fn text_is_escaped() {
        // Source: RFC 4514 §4.
        for (value, text) in [
            ("James \"Jim\" Smith, III", "CN=James \\\"Jim\\\" Smith\\, III"),
            (" #a ", "CN=\\ #a\\ "),
            ("#a", "CN=\\#a"),
            ("Before\rAfter", "CN=Before\\0DAfter"),
            ("a\u{202e}b", "CN=a\\E2\\80\\AEb"),
            ("Lučić", "CN=Lučić"),
        ] {
            let name = Name::from_attributes(&[attribute("CN", StringForm::Utf8, value)]).unwrap();
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn a_part_with_several_attributes_is_sorted_and_shown_with_plus() {
        let one = attribute("CN", StringForm::Utf8, "X");
        let two = attribute("C", StringForm::Printable, "US");
        let name = Name::from_parts(&[vec![two.clone(), one.clone()]]).unwrap();
        assert_eq!(name, Name::from_parts(&[vec![one, two]]).unwrap());
        assert_eq!(name.to_string(), "CN=X+C=US");
        // The same with its attributes the other way round is not DER.
        let octets = [&[0x30, 0x17, 0x31, 0x15][..], &name.der()[4 + 10..], &name.der()[4..4 + 10]].concat();
        assert_eq!(octets.len(), name.der().len());
        let error = Name::from_der(&octets).unwrap_err();
        assert!(error.to_string().contains("X.690 11.6"), "{error}");
    }

    #[test]
    fn an_empty_name_is_a_name() {
        let name = Name::from_der(&[0x30, 0]).unwrap();
        assert!(name.is_empty());
        assert_eq!(name.to_string(), "");
    }
}

//! Canonical JSON: RFC 8785 without floats and null, so that the octets people approve are the only octets.
//!
//! The rules of this file:
//! - A value has exactly one form in octets; [`Value::parse`] takes no other.
//! - What one reads on a screen is what is there: no controls, no bidirectional or zero-width characters.
//! - Depth and length are bounded before memory is spent.
//!
//! Unicode normalisation (NFC) is the writer's duty; readers judge octets only.

mod parse;
mod text;

use std::fmt::Write as _;

use crate::code::{Code, Fault};

pub(crate) use parse::fields;
pub use text::forbidden;

/// The largest integer, and with a minus the smallest: 2^53 - 1, what every language's numbers hold exactly.
pub const LARGEST_INT: i64 = (1 << 53) - 1;

/// A JSON value of the profile. There is no null and no float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Keys and values, sorted.
    Object(Object),
    /// Values in their order.
    Array(Vec<Value>),
    /// Text.
    String(String),
    /// An integer within ±[`LARGEST_INT`].
    Int(i64),
    /// True or false.
    Bool(bool),
}

/// What a reader puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many objects and arrays may be inside each other, the outermost counted.
    pub depth: usize,
    /// How many octets there may be.
    pub octets: usize,
    /// Whether keys must be `[a-z][a-z0-9_]*`.
    pub plain_keys: bool,
    /// Whether strings (not keys) may have line feeds, written `\n`.
    pub line_feeds: bool,
}

impl Limits {
    /// One line of a log.
    pub const RECORD: Self = Self { depth: 6, octets: 16 * 1024, plain_keys: true, line_feeds: false };
    /// A file: a manifest, a plan.
    pub const FILE: Self = Self { depth: 32, octets: 64 * 1024 * 1024, plain_keys: false, line_feeds: true };
}

impl Value {
    /// Reads one canonical value that fills `octets` to the last.
    ///
    /// # Errors
    ///
    /// E121 not JSON; E122 a key twice; E123 a float, null or integer out of range; E128 outside `limits` or with
    /// a forbidden character; E124 JSON, but not in canonical form. Where several are true: E121 before the
    /// others, E124 after them, else the first in the text.
    pub fn parse(octets: &[u8], limits: &Limits) -> Result<Self, Fault> {
        parse::parse(octets, limits)
    }

    /// The canonical form (RFC 8785).
    ///
    /// It is one that [`Value::parse`] takes only if the value keeps to the limits there: see
    /// [`Value::to_checked`].
    pub fn to_canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// The canonical form, read back: what a writer stores or signs.
    ///
    /// # Errors
    ///
    /// Those of [`Value::parse`].
    pub fn to_checked(&self, limits: &Limits) -> Result<String, Fault> {
        let text = self.to_canonical();
        let read = Self::parse(text.as_bytes(), limits)?;
        if &read == self {
            Ok(text)
        } else {
            Err(Fault::new(Code::E124, "what was written does not read back as the same value"))
        }
    }

    /// The value under `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if this is an integer.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The number, if this is an integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_int()?).ok()
    }

    /// True or false, if it is either.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The items, if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Object(object) => object.write(out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::String(text) => text::write(text, out),
            // Writing to a String cannot fail.
            Self::Int(number) => drop(write!(out, "{number}")),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        }
    }
}

/// Keys and their values, sorted as RFC 8785 §3.2.3 does: by UTF-16 code units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// An object without keys.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The same with one more key; a key that was there has the new value.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// The same, with the key only if there is a value.
    #[must_use]
    pub fn with_some(self, key: impl Into<String>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a key, or gives one that was there a new value.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.0.binary_search_by(|(other, _)| text::order(other, &key)) {
            Ok(index) => {
                if let Some(slot) = self.0.get_mut(index) {
                    slot.1 = value;
                }
            }
            Err(index) => self.0.insert(index, (key, value)),
        }
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        // Objects of a log are small: looking at each is quicker than halving.
        self.0.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    /// The text under `key`, if it is a string.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Keys and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many keys there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            text::write(key, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Object {
    /// The last of equal keys wins.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::new(), |object, (key, value)| object.with(key, value))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

impl<V: Into<Value>> FromIterator<V> for Value {
    /// An array.
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    /// A number outside ±[`LARGEST_INT`] becomes a value that no limits take.
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value {
    /// A number above [`LARGEST_INT`] becomes a value that no limits take.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    /// A number above [`LARGEST_INT`] becomes a value that no limits take.
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_by_utf_16_code_units() {
        // U+FB33 is above U+1F600 in UTF-16, below it in UTF-8: the example of RFC 8785 §3.2.3.
        let object = Object::new().with("\u{fb33}", 1_u32).with("\u{1f600}", 2_u32).with("1", 3_u32);
        assert_eq!(Value::from(object).to_canonical(), "{\"1\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}");
    }

    #[test]
    fn a_key_has_its_last_value() {
        let object = Object::new().with("a", 1_u32).with("a", 2_u32).with_some("b", None::<bool>);
        assert_eq!(Value::from(object).to_canonical(), r#"{"a":2}"#);
    }

    #[test]
    fn what_is_written_reads_back() {
        let value = Value::from(
            Object::new()
                .with("text", "quote \" and \\ and ü and \u{1f600}")
                .with("list", vec![Value::from(true), Value::Int(-LARGEST_INT), Value::Array(Vec::new())])
                .with("none", Object::new()),
        );
        let text = value.to_checked(&Limits::RECORD).unwrap();
        assert_eq!(Value::parse(text.as_bytes(), &Limits::RECORD), Ok(value));
    }

    #[test]
    fn a_writer_cannot_store_what_a_reader_would_refuse() {
        for (value, code) in [
            (Object::new().with("a", "line\nline"), Code::E128),
            (Object::new().with("A", 1_u32), Code::E128),
            (Object::new().with("a", LARGEST_INT + 1), Code::E123),
            (Object::new().with("a", u64::MAX), Code::E123),
        ] {
            assert_eq!(Value::from(value).to_checked(&Limits::RECORD).unwrap_err().code, code);
        }
    }

    #[test]
    fn files_may_have_line_feeds_and_other_keys() {
        let value = Value::from(Object::new().with("Größe 1", "line\nline"));
        assert_eq!(value.to_checked(&Limits::FILE).unwrap(), "{\"Größe 1\":\"line\\nline\"}");
    }
}

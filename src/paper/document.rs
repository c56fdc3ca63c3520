//! What a printed document is made of: one model, from which plain text and PDF are made.
//!
//! The rules of this file:
//! - What people compare is a [`Value`], and only this program makes one: a template can place it, and nothing else.
//! - A value is shown whole. What cannot be printed is spelled by its number, never left out.

use crate::digest::Digest;

/// A document before it has pages.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is, on its first page and at the foot of each.
    pub title: String,
    /// What it is about, at the foot of each page: the ceremony.
    pub about: String,
    /// Whether each page says that it is practice.
    pub practice: bool,
    /// Whether each page has a place for a witness's initials.
    pub initialled: bool,
    /// What is on its pages.
    pub blocks: Vec<Block>,
}

/// A part of a document, from edge to edge of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading: 0 is the document's title, 1 a part, 2 what is in it, 3 a step.
    Heading(u8, Vec<Span>),
    /// Lines of text.
    Paragraph(Vec<Span>),
    /// A point of a list.
    Item(Vec<Span>),
    /// A value to be compared, with its name.
    Compare(String, Value),
    /// Rows and columns.
    Table(Table),
    /// Places to write on, side by side.
    Blanks(Vec<Blank>),
    /// A QR symbol with what it is.
    Qr(String, String),
    /// What is not parted by the end of a page, unless it is longer than one.
    Keep(Vec<Block>),
    /// Room for handwriting: so many lines.
    Lines(u8),
    /// A place that something else writes, so many points high: what is secret is in no document.
    Reserved(u16),
    /// The page ends.
    PageBreak,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Words, which may come from a template.
    Text(String),
    /// A value, which may not.
    Value(Value),
}

/// What people compare, letter by letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Kind);

/// How a value is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Characters as they are.
    Exact(String),
    /// 64 hexadecimal digits.
    Hex(Digest),
    /// 32 numbered words.
    Words(Digest),
}

impl Value {
    /// Characters as they are.
    pub(super) fn exact(text: impl Into<String>) -> Self {
        Self(Kind::Exact(text.into()))
    }

    /// A digest in hexadecimal digits.
    pub(super) const fn hex(digest: Digest) -> Self {
        Self(Kind::Hex(digest))
    }

    /// A digest in words.
    pub(super) const fn words(digest: Digest) -> Self {
        Self(Kind::Words(digest))
    }

    pub(super) const fn kind(&self) -> &Kind {
        &self.0
    }

    /// The value on one line.
    pub(super) fn line(&self) -> String {
        match &self.0 {
            Kind::Exact(text) => text.clone(),
            Kind::Hex(digest) => digest.to_string(),
            Kind::Words(digest) => digest.words(),
        }
    }
}

/// Rows and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What each column is, and its part of the width.
    pub columns: Vec<(String, u8)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A value.
    Value(Value),
    /// A place to write on.
    Blank,
}

/// A place to write on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    /// What is written there.
    pub what: String,
    /// Its part of the width.
    pub share: u8,
    /// What the log says of it, afterwards.
    pub said: Option<String>,
}

impl Blank {
    /// A place that is empty.
    pub fn empty(what: &str, share: u8) -> Self {
        Self { what: what.to_owned(), share, said: None }
    }

    /// A place that the log has filled.
    pub fn said(what: &str, share: u8, said: impl Into<String>) -> Self {
        Self { what: what.to_owned(), share, said: Some(said.into()) }
    }
}

impl Block {
    /// A heading.
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading(level, vec![Span::Text(text.into())])
    }

    /// A paragraph of words alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Span::Text(text.into())])
    }

    /// A sentence of this program, in which names stand between back-ticks: these are values.
    pub(super) fn sentence(text: &str) -> Self {
        let spans = parted_names(text).into_iter().map(|(is_name, part)| {
            if is_name { Span::Value(Value::exact(part)) } else { Span::Text(part.to_owned()) }
        });
        Self::Paragraph(spans.collect())
    }

    /// A digest in digits and words.
    pub(super) fn digest(name: &str, digest: Digest) -> Vec<Self> {
        vec![
            Self::Compare(name.to_owned(), Value::hex(digest)),
            Self::Compare(format!("{name}, in words"), Value::words(digest)),
        ]
    }
}

impl Cell {
    /// A cell with a value.
    pub(super) fn exact(text: impl Into<String>) -> Self {
        Self::Value(Value::exact(text))
    }

    /// A cell with words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// The parts of a sentence, and whether each is a name between back-ticks; where these are no pairs, it is one part as it stands.
pub(super) fn parted_names(text: &str) -> Vec<(bool, &str)> {
    if text.matches('`').count() % 2 == 1 {
        return vec![(false, text)];
    }
    let parts = text.split('`').enumerate().map(|(place, part)| (place % 2 == 1, part));
    parts.filter(|(_, part)| !part.is_empty()).collect()
}

/// The text with what nobody sees, or what would steer a printer, spelled by its number; `shown` says what can be printed.
pub(super) fn spelled(text: &str, shown: impl Fn(char) -> bool) -> String {
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        if character == ' ' || !is_unseen(character) && shown(character) {
            spelled.push(character);
        } else {
            spelled.extend(character.escape_unicode());
        }
    }
    spelled
}

/// Whether a character leaves no mark on paper, or changes how others do.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_spelled() {
        assert_eq!(spelled("a\u{202e}b\tc é", |_| true), "a\\u{202e}b\\u{9}c é");
        assert_eq!(spelled("aß", |character| character.is_ascii()), "a\\u{df}");
    }
}

//! DER, read strictly and without copying: tag, length and content, each with its place.
//!
//! The rules of this file:
//! - Nothing is allocated for a length that the input claims.
//! - Nothing recurses: a reader goes down only where its structure says so.
//! - Where BER would allow what DER forbids and the meaning is clear, reading goes on and the fault is noted.
//!
//! Source: X.690 (02/2021) §8, §10, §11.

use thiserror::Error;

/// Identifier octets that certificates, CRLs and OCSP responses are made of.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// NumericString.
    pub const NUMERIC_STRING: u8 = 0x12;
    /// PrintableString.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// TeletexString, also called T61String.
    pub const TELETEX_STRING: u8 = 0x14;
    /// IA5String.
    pub const IA5_STRING: u8 = 0x16;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// VisibleString.
    pub const VISIBLE_STRING: u8 = 0x1a;
    /// UniversalString.
    pub const UNIVERSAL_STRING: u8 = 0x1c;
    /// BMPString.
    pub const BMP_STRING: u8 = 0x1e;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;

    /// `[number]` of a primitive value, number below 31.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]` of a constructed value, number below 31.
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Why a structure could not be read. Offsets count octets from the beginning of the whole input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The input ends within an element.
    #[error("the input ends at octet {offset}, within {what}")]
    Truncated {
        /// Where the element begins.
        offset: usize,
        /// What was being read.
        what: &'static str,
    },
    /// Another element than the one that belongs here.
    #[error("tag {found:#04x} at octet {offset}; wanted {wanted:#04x} for {what}")]
    Tag {
        /// Where the element begins.
        offset: usize,
        /// What was being read.
        what: &'static str,
        /// The identifier octet that belongs here.
        wanted: u8,
        /// The identifier octet found.
        found: u8,
    },
    /// A length of a form that cannot be followed: indefinite, reserved, or above four octets.
    #[error("length octet {found:#04x} at octet {offset}, in {what}; wanted a definite length below 2^32")]
    Length {
        /// Where the element begins.
        offset: usize,
        /// What was being read.
        what: &'static str,
        /// The first length octet.
        found: u8,
    },
    /// A tag number of 31 or more, which nothing we read has.
    #[error("tag {found:#04x} at octet {offset}, in {what}; wanted a tag number below 31")]
    HighTag {
        /// Where the element begins.
        offset: usize,
        /// What was being read.
        what: &'static str,
        /// The identifier octet found.
        found: u8,
    },
    /// Octets after the last element.
    #[error("{octets} more octets at octet {offset}, after {what}")]
    Trailing {
        /// Where they begin.
        offset: usize,
        /// What they follow.
        what: &'static str,
        /// How many.
        octets: usize,
    },
    /// A value that its type does not have.
    #[error("{what} at octet {offset} {problem}")]
    Value {
        /// Where the element begins.
        offset: usize,
        /// What was being read.
        what: &'static str,
        /// What is wrong, as the end of a sentence.
        problem: &'static str,
    },
    /// Readable, but not DER.
    #[error("{0}")]
    Fault(Fault),
    /// The file that is being read cannot be read on.
    #[error("octet {offset} and those after it cannot be read: {kind}")]
    Source {
        /// How far reading came.
        offset: usize,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
}

/// A breach of DER that does not hide the meaning.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{what} at octet {offset} {kind}")]
pub struct Fault {
    /// Where the element begins, counted from the beginning of the whole input.
    pub offset: usize,
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with its encoding.
    pub kind: FaultKind,
}

/// What DER forbids and BER does not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// X.690 §10.1.
    #[error("has a length that is not in its shortest form (X.690 10.1)")]
    Length,
    /// X.690 §8.3.2.
    #[error("has an integer that is not in its shortest form (X.690 8.3.2)")]
    Integer,
    /// X.690 §11.1.
    #[error("has a TRUE that is not FF (X.690 11.1)")]
    Boolean,
    /// X.690 §11.5.
    #[error("has its default value written out (X.690 11.5)")]
    Default,
    /// X.690 §11.6.
    #[error("has a SET OF that is not in ascending order (X.690 11.6)")]
    SetOrder,
    /// X.690 §11.2.1.
    #[error("has unused bits that are not zero (X.690 11.2.1)")]
    UnusedBits,
    /// X.690 §11.2.2.
    #[error("has named bits with trailing zeros (X.690 11.2.2)")]
    NamedBits,
    /// X.690 §8.19.2.
    #[error("has an object identifier that is not in its shortest form (X.690 8.19.2)")]
    Oid,
    /// RFC 5280 §4.1.2.5.
    #[error("has a time in a form that is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5)")]
    Time,
    /// A sequence that is to be left out when it is empty.
    #[error("is empty, which its type forbids")]
    Empty,
}

/// The faults found so far, and what could not be read though the rest could.
///
/// Keeps the first [`Faults::MOST`] of each and counts the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    unread: Vec<ReadError>,
    more: usize,
}

impl Faults {
    /// How many faults are kept.
    pub const MOST: usize = 64;

    /// None yet.
    pub const fn new() -> Self {
        Self { list: Vec::new(), unread: Vec::new(), more: 0 }
    }

    /// The faults kept, in the order of reading.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// What could not be read though the rest could: values of extensions, entries of CRLs.
    pub fn unread(&self) -> &[ReadError] {
        &self.unread
    }

    /// How many there are in all.
    pub const fn count(&self) -> usize {
        self.list.len() + self.unread.len() + self.more
    }

    /// How many were found beyond those kept.
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Notes one.
    pub fn note(&mut self, offset: usize, what: &'static str, kind: FaultKind) {
        if self.list.len() < Self::MOST {
            self.list.push(Fault { offset, what, kind });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Notes something that could not be read.
    pub fn note_unread(&mut self, error: ReadError) {
        if self.unread.len() < Self::MOST {
            self.unread.push(error);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Notes what was noted elsewhere.
    pub fn extend(&mut self, others: Self) {
        for Fault { offset, what, kind } in others.list {
            self.note(offset, what, kind);
        }
        others.unread.into_iter().for_each(|error| self.note_unread(error));
        self.more = self.more.saturating_add(others.more);
    }

    /// Nothing, or the first of what was noted as an error.
    ///
    /// # Errors
    ///
    /// The first error noted, or else [`ReadError::Fault`] if any was noted.
    pub fn none(&self) -> Result<(), ReadError> {
        match (self.unread.first(), self.list.first()) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(fault)) => Err(ReadError::Fault(*fault)),
            (None, None) => Ok(()),
        }
    }
}

/// One element: identifier, length and content, where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    tag: u8,
    offset: usize,
    octets: &'a [u8],
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The identifier octet.
    pub const fn tag(&self) -> u8 {
        self.tag
    }

    /// Where it begins, counted from the beginning of the whole input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Identifier, length and content.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The content alone.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Reads what is inside, from its first octet.
    pub const fn inside(&self) -> Cursor<'a> {
        Cursor { rest: self.content, offset: self.offset + (self.octets.len() - self.content.len()) }
    }

    /// Notes what is not DER in a value of any type, which nobody looks into: every element inside has a definite length
    /// in its shortest form, and what is constructed is of a type that DER constructs.
    pub fn note_inside(&self, what: &'static str, faults: &mut Faults) {
        let mut open = Vec::new();
        let mut next = Some(*self);
        loop {
            match next {
                Some(element) if element.tag & CONSTRUCTED != 0 => {
                    let problem = match element.tag {
                        // EXTERNAL, EMBEDDED PDV, SEQUENCE and SET alone of the universal types.
                        0x28 | 0x2b | tag::SEQUENCE | tag::SET | 0x40.. if open.len() < MOST_DEPTH => None,
                        0x28 | 0x2b | tag::SEQUENCE | tag::SET | 0x40.. => {
                            Some("is nested deeper than is read")
                        }
                        _ => Some("is constructed, which DER does not allow for its type"),
                    };
                    if let Some(problem) = problem {
                        return faults.note_unread(element.wrong(what, problem));
                    }
                    open.push(element.inside());
                }
                _ => {}
            }
            while open.last().is_some_and(Cursor::is_empty) {
                open.pop();
            }
            let Some(cursor) = open.last_mut() else { return };
            match cursor.any(what, faults) {
                Ok(element) => next = Some(element),
                Err(error) => return faults.note_unread(error),
            }
        }
    }

    /// The error that says what is wrong with this element's value.
    pub const fn wrong(&self, what: &'static str, problem: &'static str) -> ReadError {
        ReadError::Value { offset: self.offset, what, problem }
    }

    /// The content octets of an INTEGER or ENUMERATED, two's complement, at least one.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] if there are none.
    pub fn integer(&self, what: &'static str, faults: &mut Faults) -> Result<&'a [u8], ReadError> {
        match self.content {
            [] => return Err(self.wrong(what, "is an integer without octets")),
            [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => faults.note(self.offset, what, FaultKind::Integer),
            _ => {}
        }
        Ok(self.content)
    }

    /// An INTEGER or ENUMERATED from 0 to 2^64 - 1.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] for any other.
    pub fn unsigned(&self, what: &'static str, faults: &mut Faults) -> Result<u64, ReadError> {
        let octets = self.integer(what, faults)?;
        if octets.first().is_some_and(|first| *first >= 0x80) {
            return Err(self.wrong(what, "is negative"));
        }
        octets.iter().try_fold(0_u64, |value, octet| {
            if value >> 56 == 0 {
                Ok(value << 8 | u64::from(*octet))
            } else {
                Err(self.wrong(what, "is above 2^64 - 1"))
            }
        })
    }

    /// A BOOLEAN.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] unless there is exactly one content octet.
    pub fn boolean(&self, what: &'static str, faults: &mut Faults) -> Result<bool, ReadError> {
        match self.content {
            [0] => Ok(false),
            [0xff] => Ok(true),
            [_] => {
                faults.note(self.offset, what, FaultKind::Boolean);
                Ok(true)
            }
            _ => Err(self.wrong(what, "is a boolean of other than one octet")),
        }
    }

    /// A BIT STRING: the number of unused bits, at most 7, and the octets.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] if the first octet cannot be a number of unused bits.
    pub fn bit_string(&self, what: &'static str, faults: &mut Faults) -> Result<(u8, &'a [u8]), ReadError> {
        match self.content.split_first() {
            Some((0, bits)) => Ok((0, bits)),
            Some((unused @ 1..=7, bits)) => {
                let last = bits.last().ok_or_else(|| self.wrong(what, "has unused bits and no octets"))?;
                if last & ((1 << unused) - 1) != 0 {
                    faults.note(self.offset, what, FaultKind::UnusedBits);
                }
                Ok((*unused, bits))
            }
            _ => Err(self.wrong(what, "is a bit string whose first octet is not 0 to 7")),
        }
    }

    /// A BIT STRING of whole octets: a key or a signature.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] if there are unused bits.
    pub fn whole_octets(&self, what: &'static str, faults: &mut Faults) -> Result<&'a [u8], ReadError> {
        match self.bit_string(what, faults)? {
            (0, octets) => Ok(octets),
            _ => Err(self.wrong(what, "has unused bits")),
        }
    }
}

/// The bit of an identifier octet that says that elements are inside.
const CONSTRUCTED: u8 = 0x20;

/// How deep values of any type may be nested.
const MOST_DEPTH: usize = 16;
/// Identifier and length of an element whose content need not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The identifier octet.
    pub tag: u8,
    /// How many octets identifier and length have.
    pub header: usize,
    /// How many octets the content has.
    pub content: usize,
}

impl Header {
    /// The most octets that a header has which can be followed.
    pub const MOST_OCTETS: usize = 6;

    /// Reads the header at the beginning of `octets`, which stand at `offset` of the whole input.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it does not end within them or cannot be followed.
    pub fn read(
        octets: &[u8],
        offset: usize,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        let truncated = || ReadError::Truncated { offset, what };
        let (&tag, after) = octets.split_first().ok_or_else(truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(ReadError::HighTag { offset, what, found: tag });
        }
        let (&first, after) = after.split_first().ok_or_else(truncated)?;
        let (content, more) = match first {
            0..=0x7f => (usize::from(first), 0),
            0x81..=0x84 => {
                let more = usize::from(first & 0x7f);
                let (octets, _) = after.split_at_checked(more).ok_or_else(truncated)?;
                // Four octets at most: fits in a usize wherever this program runs.
                let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
                if length < 0x80 || octets.first() == Some(&0) {
                    faults.note(offset, what, FaultKind::Length);
                }
                (length, more)
            }
            found => return Err(ReadError::Length { offset, what, found }),
        };
        Ok(Self { tag, header: 2 + more, content })
    }
}

/// Reads elements one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// Reads `octets`, whose first stands at octet 0.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0 }
    }

    /// Reads `octets`, whose first stands at `offset` of the whole input.
    pub const fn at(octets: &'a [u8], offset: usize) -> Self {
        Self { rest: octets, offset }
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next element begins.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The identifier octet of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads the next element, whatever it is.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it does not end within the input or its header cannot be followed.
    pub fn any(&mut self, what: &'static str, faults: &mut Faults) -> Result<Element<'a>, ReadError> {
        let offset = self.offset;
        let truncated = || ReadError::Truncated { offset, what };
        let Header { tag, header, content } = Header::read(self.rest, offset, what, faults)?;
        let whole = header.checked_add(content).ok_or_else(truncated)?;
        let (octets, rest) = self.rest.split_at_checked(whole).ok_or_else(truncated)?;
        let content = octets.get(header..).unwrap_or_default();
        self.rest = rest;
        self.offset += whole;
        Ok(Element { tag, offset, octets, content })
    }

    /// Reads the next element, which has this tag.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it has another or cannot be read.
    pub fn take(
        &mut self,
        wanted: u8,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Element<'a>, ReadError> {
        match self.peek() {
            Some(found) if found != wanted => {
                Err(ReadError::Tag { offset: self.offset, what, wanted, found })
            }
            _ => self.any(what, faults),
        }
    }

    /// Reads the next element if it has this tag.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it has the tag and cannot be read.
    pub fn optional(
        &mut self,
        wanted: u8,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Option<Element<'a>>, ReadError> {
        if self.peek() == Some(wanted) { self.any(what, faults).map(Some) } else { Ok(None) }
    }

    /// Nothing, if nothing is left.
    ///
    /// # Errors
    ///
    /// [`ReadError::Trailing`] if something is.
    pub const fn end(&self, what: &'static str) -> Result<(), ReadError> {
        match self.rest.len() {
            0 => Ok(()),
            octets => Err(ReadError::Trailing { offset: self.offset, what, octets }),
        }
    }
}

/// Reads `octets` as one element with this tag and nothing after it.
///
/// # Errors
///
/// [`ReadError`] if they are anything else.
pub fn only<'a>(
    octets: &'a [u8],
    wanted: u8,
    what: &'static str,
    faults: &mut Faults,
) -> Result<Element<'a>, ReadError> {
    let mut cursor = Cursor::new(octets);
    let element = cursor.take(wanted, what, faults)?;
    cursor.end(what)?;
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_in_a_long_form_is_a_fault_and_reading_goes_on() {
        for (octets, kinds) in [
            (&[0x04, 0x01, 0xaa][..], &[][..]),
            (&[0x04, 0x81, 0x01, 0xaa], &[FaultKind::Length]),
            (&[0x04, 0x84, 0, 0, 0, 1, 0xaa], &[FaultKind::Length]),
        ] {
            let mut faults = Faults::new();
            let element = only(octets, tag::OCTET_STRING, "value", &mut faults).unwrap();
            assert_eq!(element.content(), [0xaa]);
            assert_eq!(faults.list().iter().map(|fault| fault.kind).collect::<Vec<_>>(), kinds);
        }
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        let read = |octets: &[u8]| only(octets, tag::SEQUENCE, "value", &mut Faults::new()).unwrap_err();
        assert_eq!(read(&[]), ReadError::Truncated { offset: 0, what: "value" });
        assert_eq!(read(&[0x30]), ReadError::Truncated { offset: 0, what: "value" });
        assert_eq!(read(&[0x30, 2, 5]), ReadError::Truncated { offset: 0, what: "value" });
        assert_eq!(read(&[0x30, 0x82, 1]), ReadError::Truncated { offset: 0, what: "value" });
        assert_eq!(
            read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            ReadError::Truncated { offset: 0, what: "value" }
        );
        assert_eq!(read(&[0x30, 0x80, 0, 0]), ReadError::Length { offset: 0, what: "value", found: 0x80 });
        assert_eq!(
            read(&[0x30, 0x85, 0, 0, 0, 0, 0]),
            ReadError::Length { offset: 0, what: "value", found: 0x85 }
        );
        assert_eq!(
            read(&[0x31, 0]),
            ReadError::Tag { offset: 0, what: "value", wanted: tag::SEQUENCE, found: tag::SET }
        );
        assert_eq!(read(&[0x30, 0, 7, 7]), ReadError::Trailing { offset: 2, what: "value", octets: 2 });
        let high = Cursor::new(&[0x1f, 0x20, 0]).any("value", &mut Faults::new()).unwrap_err();
        assert_eq!(high, ReadError::HighTag { offset: 0, what: "value", found: 0x1f });
    }

    #[test]
    fn a_value_of_any_type_is_der_all_the_way_down() {
        let deepest = (0..MOST_DEPTH).fold(Vec::new(), |inside, _| wrap(&inside));
        for (octets, good) in [
            (&[0x13, 2, 0x55, 0x53][..], true),
            (&[0x30, 0], true),
            (&[0x31, 5, 0x30, 3, 0x02, 1, 1], true),
            (&[0x30, 6, 0x30, 1, 5, 0x02, 1, 1], false), // an element that ends beyond what it is in
            (&[0x30, 4, 0x04, 0x81, 1, 1], false),       // a length that could be shorter
            (&[0x33, 4, 0x13, 2, 0x55, 0x53], false),    // a constructed PrintableString
            (&[0xa0, 2, 0x2c, 0], false),                // a constructed UTF8String inside
            (&[0x30, 2, 0x04, 0x80], false),
            (&deepest, true),
            (&wrap(&deepest), false),
        ] {
            let mut faults = Faults::new();
            let element = Cursor::new(octets).any("value", &mut faults).unwrap();
            element.note_inside("value", &mut faults);
            assert_eq!(faults.none().is_ok(), good, "{octets:02x?}");
        }
    }

    fn wrap(inside: &[u8]) -> Vec<u8> {
        [&[0x30, u8::try_from(inside.len()).unwrap()], inside].concat()
    }

    #[test]
    fn offsets_count_from_the_beginning_of_the_whole() {
        let octets = [0x30, 5, 0x30, 3, 0x01, 1, 0x01];
        let mut faults = Faults::new();
        let outer = only(&octets, tag::SEQUENCE, "outer", &mut faults).unwrap();
        let inner = outer.inside().take(tag::SEQUENCE, "inner", &mut faults).unwrap();
        let flag = inner.inside().take(tag::BOOLEAN, "flag", &mut faults).unwrap();
        assert!(flag.boolean("flag", &mut faults).unwrap());
        assert_eq!((inner.offset(), flag.offset()), (2, 4));
        assert_eq!(faults.list(), [Fault { offset: 4, what: "flag", kind: FaultKind::Boolean }]);
        assert_eq!(
            faults.none().unwrap_err().to_string(),
            "flag at octet 4 has a TRUE that is not FF (X.690 11.1)"
        );
    }

    #[test]
    fn integers_are_in_their_shortest_form() {
        for (octets, value, fault) in [
            (&[0x02, 1, 0][..], 0, false),
            (&[0x02, 1, 0x7f], 127, false),
            (&[0x02, 2, 0, 0x80], 128, false),
            (&[0x02, 2, 0, 0x7f], 127, true),
            (&[0x02, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX, false),
        ] {
            let mut faults = Faults::new();
            let element = only(octets, tag::INTEGER, "number", &mut faults).unwrap();
            assert_eq!(element.unsigned("number", &mut faults), Ok(value));
            assert_eq!(!faults.list().is_empty(), fault, "{octets:?}");
        }
        for bad in [&[0x02, 0][..], &[0x02, 1, 0x80], &[0x02, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            let mut faults = Faults::new();
            let element = only(bad, tag::INTEGER, "number", &mut faults).unwrap();
            assert!(
                matches!(element.unsigned("number", &mut faults), Err(ReadError::Value { .. })),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn unused_bits_are_zero_and_at_most_seven() {
        let mut faults = Faults::new();
        let read = |octets, faults: &mut Faults| {
            only(octets, tag::BIT_STRING, "bits", faults).unwrap().bit_string("bits", faults)
        };
        assert_eq!(read(&[3, 2, 1, 6], &mut faults), Ok((1, &[6][..])));
        assert_eq!(faults.list(), []);
        assert_eq!(read(&[3, 2, 1, 7], &mut faults), Ok((1, &[7][..])));
        assert_eq!(faults.list(), [Fault { offset: 0, what: "bits", kind: FaultKind::UnusedBits }]);
        for bad in [&[3, 0][..], &[3, 2, 8, 0], &[3, 1, 1]] {
            assert!(read(bad, &mut faults).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn faults_are_counted_beyond_those_kept() {
        let mut faults = Faults::new();
        for offset in 0..Faults::MOST + 3 {
            faults.note(offset, "value", FaultKind::Length);
        }
        assert_eq!((faults.list().len(), faults.more()), (Faults::MOST, 3));
    }
}

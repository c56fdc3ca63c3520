//! Reads canonical JSON, and tells apart what is wrong with JSON that is not.
//!
//! Every JSON text is read to its end, so that "not JSON" is never said of JSON. The first departure from the
//! profile is remembered on the way. Calls nest as deep as the limits allow and no deeper.

use std::borrow::Cow;

use super::text::{forbidden, order};
use super::{LARGEST_INT, Limits, Object, Value};
use crate::code::{Code, Fault};

/// Reads one value that fills `octets`.
pub fn parse(octets: &[u8], limits: &Limits) -> Result<Value, Fault> {
    whole(octets, limits, |parser| parser.value(1))
}

/// Reads one object that fills `octets`, and lends its keys.
pub fn fields<'a>(octets: &'a [u8], limits: &Limits) -> Result<Vec<(Cow<'a, str>, Value)>, Fault> {
    let fields = whole(octets, limits, |parser| match parser.peek() {
        Some(b'{') => parser.pairs(1).map(Some),
        _ => parser.value(1).map(|_| None),
    })?;
    fields.ok_or_else(|| Fault::new(Code::E128, "not an object"))
}

fn whole<'a, T>(
    octets: &'a [u8],
    limits: &Limits,
    read: impl FnOnce(&mut Parser<'a, '_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    if octets.len() > limits.octets {
        let message = format!("{} octets; there may be at most {}", octets.len(), limits.octets);
        return Err(Fault::new(Code::E128, message));
    }
    let text = std::str::from_utf8(octets)
        .map_err(|error| Fault::new(Code::E121, format!("not UTF-8 after octet {}", error.valid_up_to())))?;
    let mut parser = Parser { text, at: 0, limits, departure: None, reordered: None };
    parser.space();
    let read = read(&mut parser)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.not_json("the end"));
    }
    match parser.departure.or(parser.reordered) {
        Some(fault) => Err(fault),
        None => Ok(read),
    }
}

struct Parser<'a, 'l> {
    text: &'a str,
    at: usize,
    limits: &'l Limits,
    /// The first of E122, E123 and E128.
    departure: Option<Fault>,
    /// The first E124.
    reordered: Option<Fault>,
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(octet)
    }

    fn not_json(&self, wanted: &str) -> Fault {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(character) => format!("`{}`", character.escape_debug()),
            None => "the end".to_owned(),
        };
        Fault::new(Code::E121, format!("{found} at octet {}; wanted {wanted}", self.at))
    }

    fn depart(&mut self, code: Code, message: impl FnOnce() -> String) {
        let first = if code == Code::E124 { &mut self.reordered } else { &mut self.departure };
        if first.is_none() {
            *first = Some(Fault::new(code, message()));
        }
    }

    /// Skips white space. There is none in the canonical form.
    fn space(&mut self) {
        let from = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at > from {
            self.depart(Code::E124, || format!("white space at octet {from}"));
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string(false)?.into_owned())),
            Some(b'{') => Ok(Value::Object(Object(self.pairs(depth)?))),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => {
                let at = self.at;
                let stand_in = self.word("null", Value::Bool(false))?;
                self.depart(Code::E123, || format!("null at octet {at}"));
                Ok(stand_in)
            }
            _ => Err(self.not_json("a value")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<(), Fault> {
        if depth <= self.limits.depth {
            return Ok(());
        }
        let message = format!("depth {depth} at octet {}; it may be at most {}", self.at, self.limits.depth);
        Err(Fault::new(Code::E128, message))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.not_json(word))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        self.deeper(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.not_json("`,` or `]`")),
            }
        }
    }

    /// Reads an object from its opening brace; its keys are lent or not.
    fn pairs<K>(&mut self, depth: usize) -> Result<Vec<(K, Value)>, Fault>
    where
        K: AsRef<str> + From<Cow<'a, str>>,
    {
        self.deeper(depth)?;
        self.at += 1;
        // A record has 9 to 11 keys, what is inside one fewer.
        let mut pairs: Vec<(K, Value)> = Vec::with_capacity(if depth == 1 { 11 } else { 6 });
        let mut sorted = true;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(pairs);
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.not_json("a key"));
            }
            let key = self.string(true)?;
            sorted = sorted && pairs.last().is_none_or(|(last, _)| self.rises(last.as_ref(), &key));
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.not_json("`:`"));
            }
            self.at += 1;
            self.space();
            let value = self.value(depth + 1)?;
            pairs.push((key.into(), value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    if !sorted {
                        self.sort(&mut pairs);
                    }
                    return Ok(pairs);
                }
                _ => return Err(self.not_json("`,` or `}`")),
            }
        }
    }

    /// Whether `key` may stand after `last`. Where keys must be plain, any other is refused for that.
    fn rises(&self, last: &str, key: &str) -> bool {
        if self.limits.plain_keys { last < key } else { order(last, key).is_lt() }
    }

    /// What is left to say of keys that do not rise: one stands twice, or only their order is wrong.
    fn sort<K: AsRef<str>>(&mut self, pairs: &mut [(K, Value)]) {
        pairs.sort_by(|(one, _), (other, _)| order(one.as_ref(), other.as_ref()));
        let twice = pairs.windows(2).find_map(|pair| match pair {
            [(one, _), (other, _)] if one.as_ref() == other.as_ref() => {
                Some(one.as_ref().escape_debug().to_string())
            }
            _ => None,
        });
        match twice {
            Some(key) => self.depart(Code::E122, || format!("key `{key}` stands twice")),
            None => self.depart(Code::E124, || "keys are not sorted".to_owned()),
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let from = self.at;
        let negative = self.peek() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let digits = self.at;
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.not_json("a digit")),
        }
        let whole = self.text.get(digits..self.at).unwrap_or_default();
        if self.fraction()? {
            self.depart(Code::E123, || format!("a fraction or an exponent at octet {from}"));
            return Ok(Value::Int(0));
        }
        let size = whole.parse().ok().filter(|size: &i64| *size <= LARGEST_INT);
        let Some(size) = size else {
            self.depart(Code::E123, || format!("an integer at octet {from} is outside ±{LARGEST_INT}"));
            return Ok(Value::Int(0));
        };
        if negative && size == 0 {
            self.depart(Code::E124, || format!("-0 at octet {from}"));
        }
        Ok(Value::Int(if negative { -size } else { size }))
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    /// Whether a fraction or an exponent follows; it is skipped.
    fn fraction(&mut self) -> Result<bool, Fault> {
        let from = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(self.at > from)
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        self.digits();
        if self.at == from { Err(self.not_json("a digit")) } else { Ok(()) }
    }

    /// Reads a string or key from its opening quote.
    fn string(&mut self, key: bool) -> Result<Cow<'a, str>, Fault> {
        let text = match self.plain_string() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.any_string(key)?),
        };
        if key && self.limits.plain_keys && !plain_key(&text) {
            self.depart(Code::E128, || format!("key `{}`; keys are [a-z][a-z0-9_]*", text.escape_debug()));
        }
        Ok(text)
    }

    /// Reads a string of printable ASCII without escapes: nearly all are.
    fn plain_string(&mut self) -> Option<&'a str> {
        let from = self.at + 1;
        let rest = self.text.as_bytes().get(from..)?;
        let (chunks, _) = rest.as_chunks::<8>();
        let skipped = 8 * chunks.iter().take_while(|chunk| all_plain(**chunk)).count();
        let length = skipped + rest.get(skipped..)?.iter().position(|octet| !all_plain([*octet; 8]))?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        let text = self.text.get(from..from + length)?;
        self.at = from + length + 1;
        Some(text)
    }

    fn any_string(&mut self, key: bool) -> Result<String, Fault> {
        let opening = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut run = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    text.push_str(self.text.get(run..self.at).unwrap_or_default());
                    self.at += 1;
                    self.look(&text, opening, key);
                    return Ok(text);
                }
                Some(b'\\') => {
                    text.push_str(self.text.get(run..self.at).unwrap_or_default());
                    text.push(self.escape()?);
                    run = self.at;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.not_json("a character or the closing quote")),
            }
        }
    }

    /// Looks for forbidden characters. Those written as escapes were looked at there, but for line feeds.
    fn look(&mut self, text: &str, opening: usize, key: bool) {
        let line_feeds = self.limits.line_feeds && !key;
        let found =
            text.chars().find(|character| forbidden(*character) && !(line_feeds && *character == '\n'));
        if let Some(character) = found {
            self.depart(Code::E128, || {
                format!("forbidden character U+{:04X} in the string at octet {opening}", u32::from(character))
            });
        }
    }

    /// Reads an escape from its backslash. Only what has no other form may be escaped.
    fn escape(&mut self) -> Result<char, Fault> {
        let from = self.at;
        self.at += 1;
        let character = match self.next() {
            Some(b'"') => return Ok('"'),
            Some(b'\\') => return Ok('\\'),
            Some(b'n') => return Ok('\n'),
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode(from)?,
            _ => {
                self.at = from;
                return Err(self.not_json("an escape"));
            }
        };
        if forbidden(character) {
            self.depart(Code::E128, || {
                format!("forbidden character U+{:04X} at octet {from}", u32::from(character))
            });
        } else {
            self.depart(Code::E124, || format!("an escape at octet {from} that the canonical form lacks"));
        }
        Ok(character)
    }

    fn unicode(&mut self, from: usize) -> Result<char, Fault> {
        let first = self.unit()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first)
            && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"))
        {
            self.at += 2;
            units.push(self.unit()?);
        }
        let characters = char::decode_utf16(units).collect::<Result<Vec<_>, _>>();
        let Ok([character]) = characters.as_deref() else {
            self.depart(Code::E128, || format!("half of a surrogate pair at octet {from}"));
            return Ok(char::REPLACEMENT_CHARACTER);
        };
        Ok(*character)
    }

    fn unit(&mut self) -> Result<u16, Fault> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|four| four.bytes().all(|d| d.is_ascii_hexdigit()));
        match digits.and_then(|four| u16::from_str_radix(four, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => Err(self.not_json("four hex digits")),
        }
    }
}

/// Whether all eight octets are printable ASCII that strings need not escape: judged at once, in one register.
const fn all_plain(octets: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let word = u64::from_ne_bytes(octets);
    // An octet of `word ^ ONES * x` is 0 where x stands; taking 1 from it sets its high bit. What a borrow
    // sets beside it can only be a false alarm where there is a true one, never a miss.
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    let delete = (word ^ (ONES * 0x7f)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    (word | quote | backslash | delete | control) & HIGH == 0
}

/// `[a-z][a-z0-9_]*`
fn plain_key(key: &str) -> bool {
    let mut octets = key.bytes();
    octets.next().is_some_and(|first| first.is_ascii_lowercase())
        && octets.all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests;

//! The data types of SSH: strings with their length, numbers, integers of any length. Source: RFC 4251 §5.

/// Reads one thing after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// At the beginning of these octets.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// So many octets.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// One octet.
    pub fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A `uint32`.
    pub fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A `string`: its length, then so many octets.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// A `string` that is a text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// A positive `mpint` in its shortest form, without the zero that may lead it.
    pub fn positive(&mut self) -> Option<&'a [u8]> {
        match self.string()? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
            octets @ [0x01..=0x7f, ..] => Some(octets),
            _ => None,
        }
    }

    /// What is left, as it is.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing, if there is nothing left.
    pub const fn end(self) -> Option<()> {
        if self.0.is_empty() { Some(()) } else { None }
    }
}

/// A `string` of these octets.
pub fn string(octets: &[u8]) -> Vec<u8> {
    // Nothing here is longer than a key or a signature.
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], octets].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_read_as_it_was_written_and_nothing_beyond_it() {
        let octets = [string(b"one"), string(b"")].concat();
        let mut reader = Reader::new(&octets);
        assert_eq!(reader.text(), Some("one"));
        assert_eq!(reader.end(), None);
        assert_eq!(reader.string(), Some(&[][..]));
        assert_eq!(reader.end(), Some(()));
        assert_eq!(reader.string(), None);
        for short in [&b""[..], b"\0\0\0", b"\0\0\0\x02a", b"\xff\xff\xff\xffa"] {
            assert_eq!(Reader::new(short).string(), None, "{short:?}");
        }
    }

    #[test]
    fn an_integer_is_positive_and_as_short_as_can_be() {
        let read = |octets: &[u8]| Reader::new(&string(octets)).positive().map(<[u8]>::to_vec);
        assert_eq!(read(&[0x7f]), Some(vec![0x7f]));
        assert_eq!(read(&[0, 0x80]), Some(vec![0x80]));
        for wrong in [&[][..], &[0], &[0x80], &[0, 0x7f], &[0, 0, 0x80]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}

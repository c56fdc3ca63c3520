//! What the frames of one checkpoint are together: where it goes on from, the records, the head with its signatures.
//!
//! `old N`, the lines from N on, an empty line, the checkpoint. Packed it is one octet that says how, and the octets: 0 as they
//! are, 1 compressed (RFC 1950).

use thiserror::Error;

/// How many octets a packed sequence may have.
pub const MOST_PACKED: usize = 1 << 20;

/// How many octets its lines and its head may have: what is packed more tightly is not unpacked.
pub const MOST_OCTETS: usize = 8 << 20;

/// A checkpoint with the records since another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// How many records came before these.
    pub old: u64,
    /// The records, each with its line feed.
    pub lines: Vec<u8>,
    /// The checkpoint: a signed note.
    pub note: Vec<u8>,
}

/// Why octets are no sequence.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SequenceError {
    /// Too much of it to be shown.
    #[error("{octets} octets; a sequence has at most {most}")]
    TooLong {
        /// How many there are.
        octets: usize,
        /// How many there may be.
        most: usize,
    },
    /// Packed in a way that is not known, or wrongly.
    #[error("it cannot be unpacked")]
    Packing,
    /// Another build packed it.
    #[error("it is compressed, and this program was built without the feature that undoes it")]
    Compressed,
    /// Not as sequences are.
    #[error("it does not have {0}")]
    Form(&'static str),
}

impl Sequence {
    /// How many records there are.
    pub fn count(&self) -> u64 {
        self.lines.split_inclusive(|octet| *octet == b'\n').count() as u64
    }

    /// Packs it, compressed where that makes it shorter.
    ///
    /// # Errors
    ///
    /// [`SequenceError::TooLong`].
    pub fn pack(&self) -> Result<Vec<u8>, SequenceError> {
        let octets = [format!("old {}\n", self.old).as_bytes(), &self.lines, b"\n", &self.note].concat();
        let bound = |octets: usize, most| {
            if octets > most { Err(SequenceError::TooLong { octets, most }) } else { Ok(()) }
        };
        bound(octets.len(), MOST_OCTETS)?;
        let packed = match compressed(&octets).filter(|packed| packed.len() < octets.len()) {
            Some(packed) => [&[1][..], &packed].concat(),
            None => [&[0][..], &octets].concat(),
        };
        bound(packed.len(), MOST_PACKED)?;
        Ok(packed)
    }

    /// Reads what [`Sequence::pack`] made.
    ///
    /// # Errors
    ///
    /// [`SequenceError`] with what it is instead.
    pub fn unpack(packed: &[u8]) -> Result<Self, SequenceError> {
        if packed.len() > MOST_PACKED {
            return Err(SequenceError::TooLong { octets: packed.len(), most: MOST_PACKED });
        }
        match packed {
            [0, octets @ ..] => Self::read(octets),
            [1, octets @ ..] => Self::read(&unpacked(octets)?),
            _ => Err(SequenceError::Packing),
        }
    }

    fn read(octets: &[u8]) -> Result<Self, SequenceError> {
        let no_old = SequenceError::Form("where it goes on from");
        let end = octets.iter().position(|octet| *octet == b'\n').ok_or(no_old)?;
        let (first, rest) = octets.split_at_checked(end + 1).ok_or(no_old)?;
        let digits = first.strip_prefix(b"old ").and_then(|digits| digits.strip_suffix(b"\n"));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(no_old)?;
        let old: u64 = digits.parse().map_err(|_| no_old)?;
        if old.to_string() != digits {
            return Err(no_old);
        }
        let no_note = SequenceError::Form("a head behind its records");
        // A record is never an empty line: the first one is the end of them.
        let lines = match rest {
            [b'\n', ..] => 0,
            _ => rest.windows(2).position(|pair| pair == b"\n\n").ok_or(no_note)? + 1,
        };
        let (lines, note) = rest.split_at_checked(lines).ok_or(no_note)?;
        let note = note.strip_prefix(b"\n").filter(|note| !note.is_empty()).ok_or(no_note)?;
        Ok(Self { old, lines: lines.to_vec(), note: note.to_vec() })
    }
}

#[cfg(any(feature = "pdf", feature = "pictures"))]
#[expect(clippy::unnecessary_wraps, reason = "without the features nothing is compressed")]
fn compressed(octets: &[u8]) -> Option<Vec<u8>> {
    Some(miniz_oxide::deflate::compress_to_vec_zlib(octets, 9))
}

#[cfg(not(any(feature = "pdf", feature = "pictures")))]
fn compressed(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(any(feature = "pdf", feature = "pictures"))]
fn unpacked(octets: &[u8]) -> Result<Vec<u8>, SequenceError> {
    miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(octets, MOST_OCTETS)
        .map_err(|_| SequenceError::Packing)
}

#[cfg(not(any(feature = "pdf", feature = "pictures")))]
fn unpacked(_: &[u8]) -> Result<Vec<u8>, SequenceError> {
    Err(SequenceError::Compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(lines: &str) -> Sequence {
        Sequence { old: 12, lines: lines.into(), note: b"o\n13\nAA==\n\n\xe2\x80\x94 o x\n".to_vec() }
    }

    #[test]
    fn a_sequence_is_unpacked_as_it_was_packed() {
        for lines in ["", "{}\n", "{\"a\":1}\n{\"b\":2}\n", &"{\"much of the same\":1}\n".repeat(5_000)] {
            let sequence = sequence(lines);
            assert_eq!(sequence.count(), lines.lines().count() as u64);
            let packed = sequence.pack().unwrap();
            assert_eq!(Sequence::unpack(&packed), Ok(sequence));
        }
        assert!(sequence(&"{\"much of the same\":1}\n".repeat(5_000)).pack().unwrap().len() < 1_000);
    }

    #[test]
    fn what_is_no_sequence_says_why() {
        let raw = |text: &str| Sequence::unpack(&[&[0], text.as_bytes()].concat());
        let old = Err(SequenceError::Form("where it goes on from"));
        let note = Err(SequenceError::Form("a head behind its records"));
        for text in ["", "old 1", "new 1\n\nx", "old 01\n\nx", "old -1\n\nx", "old \n\nx"] {
            assert_eq!(raw(text), old, "{text:?}");
        }
        for text in ["old 1\n", "old 1\n\n", "old 1\n{}", "old 1\n{}\n", "old 1\n{}\nx\n"] {
            assert_eq!(raw(text), note, "{text:?}");
        }
        for octets in [&[][..], &[2], &[1], &[1, 0x78, 0x9c, 1]] {
            assert_eq!(Sequence::unpack(octets), Err(SequenceError::Packing), "{octets:?}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_not_unpacked() {
        let much = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b'x'; MOST_OCTETS + 1], 1);
        assert_eq!(Sequence::unpack(&[&[1], &much[..]].concat()), Err(SequenceError::Packing));
        let long = SequenceError::TooLong { octets: MOST_PACKED + 1, most: MOST_PACKED };
        assert_eq!(Sequence::unpack(&vec![0; MOST_PACKED + 1]), Err(long));
        let too_long = Sequence { lines: vec![b'x'; MOST_OCTETS], ..sequence("") }.pack();
        assert!(matches!(too_long, Err(SequenceError::TooLong { most: MOST_OCTETS, .. })));
    }
}

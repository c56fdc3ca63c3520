//! The text of one symbol: which sequence it is a part of, which part, and the part with its checksum.
//!
//! `RRL1/3FA90C.57.1B2C3D4E/3/12/…` : the log, how many records its head is over, the sequence; frame 3 of 12; the first four octets of the
//! frame's SHA-256 and its part, in Base45. See `docs/log-frames.md`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::base45;
use crate::digest::{Digest, from_hex, hex};

/// How many frames a sequence may have.
pub const MOST_FRAMES: u16 = 9_999;

/// More characters than any symbol has that is shown.
const MOST_CHARACTERS: usize = 2_000;
/// What every frame begins with, whatever its version.
const MARK: &str = "RRL";
/// The version that is written and read here.
const VERSION: &str = "1";
/// How many octets of its SHA-256 a frame carries.
const CHECKSUM: usize = 4;

/// Which log: the first three octets of the SHA-256 of its first line, enough to tell logs apart and no proof of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId([u8; 3]);

impl LogId {
    /// The id of a log by its first line, with or without its line feed.
    pub fn of_first_line(line: &[u8]) -> Self {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Self(first(&Digest::of(line)))
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0).to_ascii_uppercase())
    }
}

/// Which sequence: the log, how many records its head is over, and the first octets of the SHA-256 of all its parts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId {
    /// The log.
    pub log: LogId,
    /// How many records the head is over.
    pub size: u64,
    digest: [u8; 4],
}

impl SequenceId {
    /// The id of a packed sequence.
    pub fn of(log: LogId, size: u64, packed: &[u8]) -> Self {
        Self { log, size, digest: first(&Digest::of(packed)) }
    }

    /// Whether it is the id of these octets.
    pub fn is_of(&self, packed: &[u8]) -> bool {
        self.digest == first(&Digest::of(packed))
    }
}

impl fmt::Display for SequenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.log, self.size, hex(&self.digest).to_ascii_uppercase())
    }
}

impl FromStr for SequenceId {
    type Err = FrameError;

    fn from_str(text: &str) -> Result<Self, FrameError> {
        let mut parts = text.split('.');
        let mut part = || parts.next().unwrap_or_default();
        let (log, size, digest) = (part(), part(), part());
        let id = upper_hex(log).zip(upper_hex(digest)).zip(number(size));
        match id {
            Some(((log, digest), size)) if parts.next().is_none() => {
                Ok(Self { log: LogId(log), size, digest })
            }
            _ => Err(FrameError::Form { what: "which sequence it is of" }),
        }
    }
}

/// One symbol of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The sequence.
    pub sequence: SequenceId,
    /// Which part: 1 to `count`.
    pub number: u16,
    /// How many parts there are.
    pub count: u16,
    /// The part.
    pub part: Vec<u8>,
}

/// Why a text is no frame.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Something else that stands in a symbol.
    #[error("a symbol that is no frame of a log")]
    Other,
    /// Of a program to come.
    #[error("a frame of version `{found}`; this program reads version {VERSION}")]
    Version {
        /// The version.
        found: String,
    },
    /// Not as frames are.
    #[error("a frame that does not say {what}")]
    Form {
        /// What it does not say.
        what: &'static str,
    },
    /// Something of it was altered.
    #[error("frame {number} of {count} does not have its checksum")]
    Checksum {
        /// Which frame it says it is.
        number: u16,
        /// Of how many.
        count: u16,
    },
}

impl Frame {
    /// Reads the text of a symbol.
    ///
    /// # Errors
    ///
    /// [`FrameError`] with what it is instead.
    pub fn read(text: &str) -> Result<Self, FrameError> {
        let rest = text.strip_prefix(MARK).ok_or(FrameError::Other)?;
        let mut fields = rest.splitn(5, '/');
        let mut field = || fields.next().unwrap_or_default();
        let (version, sequence, number_text, count_text, encoded) =
            (field(), field(), field(), field(), field());
        if version != VERSION {
            return Err(FrameError::Version { found: version.chars().take(8).collect() });
        }
        let sequence = sequence.parse()?;
        let place = || FrameError::Form { what: "which frame of how many it is" };
        let part_number =
            number(number_text).and_then(|number| u16::try_from(number).ok()).ok_or_else(place)?;
        let count = number(count_text).and_then(|number| u16::try_from(number).ok()).ok_or_else(place)?;
        if part_number == 0 || part_number > count || count > MOST_FRAMES {
            return Err(place());
        }
        let no_part = FrameError::Form { what: "its part in Base45" };
        if text.len() > MOST_CHARACTERS {
            return Err(no_part);
        }
        let octets = base45::decode(encoded).ok_or_else(|| no_part.clone())?;
        let (checksum, part) = octets.split_first_chunk().ok_or_else(|| no_part.clone())?;
        if part.is_empty() {
            return Err(no_part);
        }
        let frame = Self { sequence, number: part_number, count, part: part.to_vec() };
        if *checksum != frame.checksum() {
            return Err(FrameError::Checksum { number: part_number, count });
        }
        Ok(frame)
    }

    /// Everything before the part.
    fn head(&self) -> String {
        format!("{MARK}{VERSION}/{}/{}/{}/", self.sequence, self.number, self.count)
    }

    /// The first octets of the SHA-256 of everything else.
    fn checksum(&self) -> [u8; CHECKSUM] {
        first(&Digest::of(&[self.head().as_bytes(), &self.part].concat()))
    }
}

impl fmt::Display for Frame {
    /// The text of the symbol: digits, capital letters and some signs, so that it takes little room.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = [&self.checksum()[..], &self.part].concat();
        write!(f, "{}{}", self.head(), base45::encode(&octets))
    }
}

/// Cuts a packed sequence into frames of at most so many characters; nothing if that takes more than [`MOST_FRAMES`].
pub fn cut(sequence: SequenceId, packed: &[u8], characters: usize) -> Option<Vec<Frame>> {
    // With the longest numbers, so that all frames have the same room.
    let widest = Frame { sequence, number: MOST_FRAMES, count: MOST_FRAMES, part: Vec::new() };
    let room = base45::octets_in(characters.checked_sub(widest.head().len())?).checked_sub(CHECKSUM)?;
    if room == 0 || packed.is_empty() {
        return None;
    }
    let count = u16::try_from(packed.len().div_ceil(room)).ok().filter(|count| *count <= MOST_FRAMES)?;
    // All of nearly the same length: a last symbol with two octets would be of another size.
    let each = packed.len().div_ceil(usize::from(count));
    let count = u16::try_from(packed.len().div_ceil(each)).ok()?;
    let frames = (1..).zip(packed.chunks(each));
    Some(frames.map(|(number, part)| Frame { sequence, number, count, part: part.to_vec() }).collect())
}

/// The first octets of a digest.
fn first<const N: usize>(digest: &Digest) -> [u8; N] {
    digest.octets().first_chunk().copied().unwrap_or([0; N])
}

/// Octets in capital hex digits.
fn upper_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit() || octet.is_ascii_uppercase());
    from_hex(&text.to_ascii_lowercase()).filter(|_| plain)?.try_into().ok()
}

/// A decimal number without leading zeros, below 2^63.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| plain && i64::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(octets: usize, characters: usize) -> Vec<Frame> {
        let packed: Vec<u8> = (0..octets).map(|place| u8::try_from(place * 7 % 251).unwrap()).collect();
        let id = SequenceId::of(LogId::of_first_line(b"{}\n"), 57, &packed);
        assert!(id.is_of(&packed) && !id.is_of(b""));
        let frames = cut(id, &packed, characters).unwrap();
        assert_eq!(frames.iter().flat_map(|frame| frame.part.clone()).collect::<Vec<_>>(), packed);
        frames
    }

    #[test]
    fn a_frame_is_read_as_it_was_written_and_fits_its_symbol() {
        for octets in [1, 70, 71, 72, 1_000, 5_000] {
            for characters in [77, 154, 619] {
                let frames = frames(octets, characters);
                for frame in &frames {
                    let text = frame.to_string();
                    assert!(text.len() <= characters, "{text}");
                    assert_eq!(Frame::read(&text).as_ref(), Ok(frame));
                    assert_eq!(usize::from(frame.count), frames.len());
                }
            }
        }
    }

    #[test]
    fn one_other_character_is_noticed() {
        let text = frames(50, 154)[0].to_string();
        assert!(text.starts_with("RRL1/"), "{text}");
        for place in 0..text.len() {
            for other in ["0", "A", "/", "."] {
                let mut altered = text.clone();
                altered.replace_range(place..=place, other);
                assert!(altered == text || Frame::read(&altered).is_err(), "{altered}");
            }
        }
    }

    #[test]
    fn what_is_no_frame_says_why() {
        let good = frames(50, 154)[0].to_string();
        let put = |from: &str, to: &str| good.replacen(from, to, 1);
        let form = |what| FrameError::Form { what };
        let place = "which frame of how many it is";
        for (text, wanted) in [
            ("https://example.org".to_owned(), FrameError::Other),
            (String::new(), FrameError::Other),
            (put("RRL1", "RRL2"), FrameError::Version { found: "2".into() }),
            (put(".57.", ".057."), form("which sequence it is of")),
            (put(".57.", "."), form("which sequence it is of")),
            (put(".57.", ".9223372036854775808."), form("which sequence it is of")),
            (put("/1/1/", "/0/1/"), form(place)),
            (put("/1/1/", "/2/1/"), form(place)),
            (put("/1/1/", "/1/10000/"), form(place)),
            (put("/1/1/", "/1/+1/"), form(place)),
            (put("/1/1/", "/1/1/é"), form("its part in Base45")),
            ("RRL1/000000.1.00000000/1/1/".into(), form("its part in Base45")),
            (put("/1/1/", "/1/2/"), FrameError::Checksum { number: 1, count: 2 }),
            (put(".57.", ".58."), FrameError::Checksum { number: 1, count: 1 }),
        ] {
            assert_eq!(Frame::read(&text), Err(wanted), "{text}");
        }
        assert_eq!(cut(Frame::read(&good).unwrap().sequence, b"x", 40), None);
        assert_eq!(cut(Frame::read(&good).unwrap().sequence, &vec![0; 1 << 20], 60), None);
    }
}

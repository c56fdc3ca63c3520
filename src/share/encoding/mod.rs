//! What a share looks like on paper: one text form per file.
//!
//! A new form is one file here and one line in each list below. Which form a text has shows in its first word.

mod text;
mod typing;
mod word_list;
mod words;

pub use typing::{Typing, rest_of_word, typing};

use thiserror::Error;

use super::{Contents, Share};
use crate::secret::SecretOctets;

/// Whether a word, in lower case, is one of SLIP-39's.
pub(super) fn is_word(word: &[u8]) -> bool {
    word_list::WORDS.iter().any(|known| known.as_bytes() == word)
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The words of SLIP-39.
    Words,
    /// Our own groups of five characters, for PINs and other secrets that SLIP-39 has no words for.
    Text,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Words, Self::Text];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Text => "text",
        }
    }
}

impl Share {
    /// The form in which this share is written: each kind of share has one.
    pub const fn encoding(&self) -> Encoding {
        match self.set.contents {
            Contents::Bare => Encoding::Words,
            Contents::Padded => Encoding::Text,
        }
    }

    /// The share as it is printed, shown and typed: ASCII, its words or groups with a space between them.
    pub fn written(&self) -> SecretOctets {
        match self.encoding() {
            Encoding::Words => words::write(self),
            Encoding::Text => text::write(self),
        }
    }
}

/// Reads a share of any form, as a person typed it: upper and lower case are the same, and so is any blank space.
///
/// # Errors
///
/// [`ReadError`]: what is wrong, by place; never what stands there.
pub fn read(octets: &[u8]) -> Result<Share, ReadError> {
    if octets.len() > SecretOctets::MAX_OCTETS {
        return Err(ReadError::TooLong { most: SecretOctets::MAX_OCTETS });
    }
    let text = std::str::from_utf8(octets).map_err(|_| ReadError::NotText)?;
    match text.split_ascii_whitespace().next() {
        None => Err(ReadError::Empty),
        Some(first) if text::is_mark(first) => text::read(text),
        Some(_) => words::read(text),
    }
}

/// Why something is no share. Says nothing of what was typed but places and numbers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing there.
    #[error("there is nothing; wanted a share")]
    Empty,
    /// Longer than any share.
    #[error("there are more than {most} octets; no share has so many")]
    TooLong {
        /// The most there can be.
        most: usize,
    },
    /// No text at all.
    #[error("there are octets that are no UTF-8 text; wanted a share")]
    NotText,
    /// Words that the list does not have.
    #[error("{} not on the word list", places("word", numbers, "is", "are"))]
    NoWords {
        /// Which, counted from 1.
        numbers: Vec<usize>,
    },
    /// A number of words that no share has.
    #[error(
        "found {found} words; a share has 20 for a secret of 128 bits, 33 for one of 256 bits, and 59 at most"
    )]
    WordCount {
        /// How many.
        found: usize,
    },
    /// The checksum says which word it was, if it was one.
    #[error("word {number} is wrong: the checksum fits if it alone is another")]
    Word {
        /// Which, counted from 1.
        number: usize,
    },
    /// The checksum fits no share that differs in one word.
    #[error(
        "more than one word is wrong, or some stand in each other's place: the checksum does not say which"
    )]
    Words,
    /// Bits that have to be 0 are not: nobody dealt this.
    #[error(
        "the checksum fits, but the bits before the share's value are not 0: no program has dealt this share"
    )]
    Padding,
    /// More groups needed than there are.
    #[error("the checksum fits, but the share needs more groups than there are: no program has dealt it")]
    Header,
    /// A version that this program does not know.
    #[error("the share begins with a version that this program does not know; wanted `RR1`")]
    Version,
    /// Groups of another length than five, or with characters that are not used.
    #[error("{} not five letters and digits that shares use", places("group", numbers, "is", "are"))]
    NoGroups {
        /// Which, counted from 1 after the `RR1`.
        numbers: Vec<usize>,
    },
    /// A number of groups that no share has.
    #[error("found {found} groups after the `RR1`; no share has so many: some are missing, or too many")]
    GroupCount {
        /// How many.
        found: usize,
    },
    /// Groups whose own check character does not fit.
    #[error("{} wrong: the last character of each group checks it", places("group", numbers, "is", "are"))]
    Groups {
        /// Which, counted from 1 after the `RR1`.
        numbers: Vec<usize>,
    },
    /// Each group fits, the whole does not.
    #[error(
        "each group fits by itself, but the checksum over all does not: more than one character is wrong"
    )]
    Whole,
}

/// `word 3 is`, `words 3, 4 are`.
fn places(what: &str, numbers: &[usize], one: &str, several: &str) -> String {
    if let [number] = numbers {
        return format!("{what} {number} {one}");
    }
    let listed: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("{what}s {} {several}", listed.join(", "))
}

//! Digests as words: what people read out, hear, and type from paper.
//!
//! Each octet is one word of the PGP word list (`word_list.rs`). Case does not count when words are typed; everything
//! else does: a word that is not on the list, or stands where a word of the other length belongs, is named with
//! its place and with the words it may have been meant for.

use std::fmt::Write as _;

use thiserror::Error;

use super::Digest;
use super::word_list::WORDS;

impl Digest {
    /// How many words are shown where a whole digest would be too long to read out: 32 bits.
    pub const FIRST_WORDS: usize = 4;

    /// All 32 words, separated by single spaces.
    pub fn words(&self) -> String {
        words_of(self.octets()).collect::<Vec<_>>().join(" ")
    }

    /// The first [`Digest::FIRST_WORDS`] words, separated by single spaces.
    pub fn first_words(&self) -> String {
        words_of(self.octets()).take(Self::FIRST_WORDS).collect::<Vec<_>>().join(" ")
    }

    /// Reads the 32 words of a digest, in any case, separated by white space.
    ///
    /// # Errors
    ///
    /// [`WordsError`] with every word that is wrong.
    pub fn from_words(text: &str) -> Result<Self, WordsError> {
        let octets = octets_of(text, 32)?;
        let found = octets.len();
        let octets =
            octets.try_into().map_err(|_| WordsError::Count { found, wanted: 32, wrong: Vec::new() })?;
        Ok(Self::from_octets(octets))
    }

    /// Whether the first [`Digest::FIRST_WORDS`] words are those that somebody typed, in any case.
    ///
    /// # Errors
    ///
    /// [`WordsError`] if they are not that many words of the list: then they are nobody's words.
    pub fn has_first_words(&self, typed: &str) -> Result<bool, WordsError> {
        octets_of(typed, Self::FIRST_WORDS).map(|octets| self.octets().starts_with(&octets))
    }
}

/// The words for `octets`, one each.
pub fn words_of(octets: &[u8]) -> impl Iterator<Item = &'static str> {
    octets.iter().zip(Syllables::alternating()).filter_map(|(octet, syllables)| {
        // The list has a line for every octet, so nothing is ever left out.
        WORDS.get(usize::from(*octet)).map(|line| syllables.of(line))
    })
}

/// Every word that can stand at a place, counted from 0: for completing what somebody types.
pub fn words_at(place: usize) -> impl Iterator<Item = &'static str> {
    let syllables = Syllables::alternating().nth(place % 2);
    WORDS.iter().filter_map(move |line| syllables.map(|syllables| syllables.of(line)))
}

/// Reads exactly `wanted` words, in any case, separated by white space.
///
/// # Errors
///
/// [`WordsError`] with every word that is wrong.
pub fn octets_of(text: &str, wanted: usize) -> Result<Vec<u8>, WordsError> {
    let found = text.split_whitespace().count();
    // Somebody who typed a whole page is told so, and not one line for each of its words.
    let read = text.split_whitespace().zip(Syllables::alternating()).take(wanted).enumerate();
    let mut octets = Vec::with_capacity(wanted);
    let mut wrong = Vec::new();
    for (before, (word, syllables)) in read {
        match syllables.octet(word) {
            Some(octet) => octets.push(octet),
            None => wrong.push(WrongWord::at(before + 1, word, syllables)),
        }
    }
    match (found == wanted, wrong.is_empty()) {
        (true, true) => Ok(octets),
        (true, false) => Err(WordsError::Wrong { wrong }),
        (false, _) => Err(WordsError::Count { found, wanted, wrong }),
    }
}

/// How many syllables the words for an octet have: two at even places, three at odd ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syllables {
    /// For the first, third, fifth … word.
    Two,
    /// For the second, fourth, sixth … word.
    Three,
}

impl Syllables {
    fn alternating() -> impl Iterator<Item = Self> {
        [Self::Two, Self::Three].into_iter().cycle()
    }

    const fn other(self) -> Self {
        match self {
            Self::Two => Self::Three,
            Self::Three => Self::Two,
        }
    }

    const fn of(self, line: &(&'static str, &'static str)) -> &'static str {
        match self {
            Self::Two => line.0,
            Self::Three => line.1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Two => "two",
            Self::Three => "three",
        }
    }

    fn octet(self, word: &str) -> Option<u8> {
        (0..=u8::MAX)
            .zip(&WORDS)
            .find_map(|(octet, line)| self.of(line).eq_ignore_ascii_case(word).then_some(octet))
    }

    /// The words of this length that `word` is most like, if it is like any.
    fn near(self, word: &str) -> Vec<&'static str> {
        // Nothing this long is a word of the list with a slip in it.
        if word.len() > LONGEST_SLIP {
            return Vec::new();
        }
        let typed = word.to_ascii_lowercase();
        let distances = WORDS.iter().map(|line| {
            let candidate = self.of(line);
            (distance(&typed, &candidate.to_ascii_lowercase()), candidate)
        });
        let mut near: Vec<_> = distances.filter(|(distance, _)| *distance <= MOST_SLIPS).collect();
        near.sort_unstable();
        near.into_iter().take(MOST_NEAR).map(|(_, candidate)| candidate).collect()
    }
}

/// A word that cannot stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongWord {
    /// Its place; the first word is 1.
    pub position: usize,
    /// The word as it was typed, but for the end of one that is very long.
    pub found: String,
    /// How many syllables the words for this place have.
    pub wanted: Syllables,
    /// It is a word of the list, for a place before or after this one.
    pub misplaced: bool,
    /// Words for this place that it may have been meant for, the likeliest first.
    pub near: Vec<&'static str>,
}

impl WrongWord {
    fn at(position: usize, word: &str, wanted: Syllables) -> Self {
        let misplaced = wanted.other().octet(word).is_some();
        let near = if misplaced { Vec::new() } else { wanted.near(word) };
        let mut found: String = word.chars().take(LONGEST_SLIP).collect();
        if found.len() < word.len() {
            found.push('…');
        }
        Self { position, found, wanted, misplaced, near }
    }

    fn describe(&self) -> String {
        let Self { position, found, wanted, misplaced, near } = self;
        let mut text = format!("word {position} is `{found}`, ");
        // Writing to a string does not fail.
        let _ = if *misplaced {
            write!(
                text,
                "a word for the place before or after; wanted one of {} syllables, so a word may be missing, double or swapped",
                wanted.name()
            )
        } else if near.is_empty() {
            write!(text, "which is not on the list")
        } else {
            write!(text, "which is not on the list; near it are `{}`", near.join("`, `"))
        };
        text
    }
}

/// Why words could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WordsError {
    /// Too few or too many words.
    #[error("there are {found} words; wanted {wanted}{}", list(wrong))]
    Count {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
        /// The wrong ones among the first that were wanted: the place where one is missing is before the first.
        wrong: Vec<WrongWord>,
    },
    /// The right number, but not all of them are words for their place.
    #[error("{} of the words cannot be right{}", wrong.len(), list(wrong))]
    Wrong {
        /// The wrong ones in their order; at least one.
        wrong: Vec<WrongWord>,
    },
}

fn list(wrong: &[WrongWord]) -> String {
    wrong.iter().fold(String::new(), |text, word| text + "\n  " + &word.describe())
}

/// How many letters have to be put in, left out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut above: Vec<usize> = (0..=other.chars().count()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut left = row + 1;
        let mut here = vec![left];
        for ((wanted, up), diagonal) in other.chars().zip(above.iter().skip(1)).zip(&above) {
            left = (diagonal + usize::from(letter != wanted)).min(up + 1).min(left + 1);
            here.push(left);
        }
        above = here;
    }
    above.last().copied().unwrap_or_default()
}

/// Octets of a word beyond which it is shown cut and near words are not looked for.
const LONGEST_SLIP: usize = 24;
/// Letters that may be wrong in a word for it still to be near another.
const MOST_SLIPS: usize = 2;
/// How many near words are shown.
const MOST_NEAR: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_published_one() {
        // Three independently transcribed copies agree in all 512 words. One line per octet, the words
        // separated by a space.
        let text = WORDS.iter().fold(String::new(), |text, (even, odd)| text + even + " " + odd + "\n");
        assert_eq!(
            Digest::of(text.as_bytes()).to_string(),
            "f816e91d6148165fc67361aa1886eb71ad6b19c9d65673ca40fa96e160f02f5a"
        );
    }

    #[test]
    fn no_two_words_are_the_same_in_any_case() {
        let mut all: Vec<_> =
            WORDS.iter().flat_map(|(even, odd)| [even, odd]).map(|w| w.to_lowercase()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 512);
        assert!(all.iter().all(|word| word.bytes().all(|octet| octet.is_ascii_lowercase())));
    }

    #[test]
    fn the_words_of_the_published_example_are_its_words() {
        // Source: the example that published descriptions of the list share.
        let octets = super::super::from_hex("e58294f2e9a227486e8b061b31cc528fd7fa3f19").unwrap();
        let words = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado \
                     chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless";
        assert_eq!(words_of(&octets).collect::<Vec<_>>().join(" "), words);
        assert_eq!(octets_of(words, 20).unwrap(), octets);
    }

    #[test]
    fn every_digest_reads_back_from_its_words_in_any_case() {
        for octet in 0..=u8::MAX {
            let digest = Digest::of(&[octet]);
            let words = digest.words();
            assert_eq!(words.split(' ').count(), 32);
            for typed in
                [words.clone(), words.to_uppercase(), words.to_lowercase(), words.replace(' ', "\n  ")]
            {
                assert_eq!(Digest::from_words(&typed).unwrap(), digest);
            }
            assert!(words.starts_with(&digest.first_words()));
        }
        let all: Vec<u8> = (0..=u8::MAX).flat_map(|octet| [octet, octet]).collect();
        assert_eq!(octets_of(&words_of(&all).collect::<Vec<_>>().join(" "), 512).unwrap(), all);
    }

    #[test]
    fn the_first_words_are_four() {
        // SHA-256("abc") begins with ba 78 16 bf.
        let digest = Digest::of(b"abc");
        assert_eq!(digest.first_words(), "shadow indigo backward rebellion");
        assert_eq!(digest.has_first_words("SHADOW indigo\tbackward rebellion"), Ok(true));
        assert_eq!(digest.has_first_words("shadow indigo backward recipe"), Ok(false));
        assert!(digest.has_first_words("shadow indigo backward").is_err());
        assert!(digest.has_first_words("").is_err());
    }

    #[test]
    fn a_wrong_word_is_named_with_its_place_and_its_neighbours() {
        let error = octets_of("topmost Istambul Pluto nonsensical", 4).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 of the words cannot be right\n  word 2 is `Istambul`, which is not on the list; near it are `Istanbul`\n  \
             word 4 is `nonsensical`, which is not on the list"
        );
    }

    #[test]
    fn a_missing_word_shows_where_the_syllables_stop_alternating() {
        let error = octets_of("topmost Pluto vagabond", 4).unwrap_err();
        let WordsError::Count { found: 3, wanted: 4, wrong } = &error else { panic!("{error}") };
        assert_eq!(
            wrong.iter().map(|word| (word.position, word.misplaced)).collect::<Vec<_>>(),
            [(2, true), (3, true)]
        );
        assert!(error.to_string().starts_with(
            "there are 3 words; wanted 4\n  word 2 is `Pluto`, a word for the place before or after; wanted one of three \
             syllables, so a word may be missing, double or swapped\n"
        ));
    }

    #[test]
    fn a_swapped_pair_is_noticed() {
        assert!(octets_of("Istanbul topmost", 2).is_err());
    }

    #[test]
    fn words_too_many_and_words_without_end_are_refused() {
        assert!(matches!(octets_of("topmost Istanbul Pluto", 2), Err(WordsError::Count { found: 3, .. })));
        let long = "é".repeat(100_000);
        let WordsError::Wrong { wrong } = octets_of(&long, 1).unwrap_err() else { panic!() };
        assert_eq!(wrong.first().unwrap().found.chars().count(), LONGEST_SLIP + 1);
    }

    #[test]
    fn distance_counts_letters() {
        for (one, other, letters) in
            [("", "", 0), ("", "ab", 2), ("pluto", "plato", 1), ("kiwi", "wiki", 2), ("orca", "roca", 2)]
        {
            assert_eq!(distance(one, other), letters, "{one} {other}");
            assert_eq!(distance(other, one), letters, "{other} {one}");
        }
    }
}

//! A share while it is being typed: how far it is and which words are wrong, by their places. Says nothing of what stands there.

use zeroize::Zeroizing;

use super::word_list::WORDS;
use super::{text, words};

/// What may be said of a share that is not typed to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typing {
    /// Whether it has groups of characters, not words.
    pub groups: bool,
    /// How many words or groups are there, the one that is being typed among them.
    pub count: usize,
    /// Those that no share has at their place, counted from 1. The one that is being typed is none of them.
    pub wrong: Vec<usize>,
}

/// Looks at what was typed until now.
pub fn typing(octets: &[u8]) -> Typing {
    let Ok(text) = std::str::from_utf8(octets) else { return Typing::default() };
    let mut parts = text.split_ascii_whitespace().peekable();
    let groups = parts.peek().is_some_and(|first| text::is_mark(first));
    if groups {
        parts.next();
    }
    let ends = text.ends_with(|character: char| character.is_ascii_whitespace());
    let (mut count, mut wrong) = (0, Vec::new());
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none() && !ends;
        let good = if groups { text::is_group(count, part) } else { words::is_word(part) };
        count += 1;
        if !good && !is_last {
            wrong.push(count);
        }
    }
    Typing { groups, count, wrong }
}

/// What is missing of the word that is being typed, once no other word begins so.
pub fn rest_of_word(octets: &[u8]) -> Option<&'static str> {
    let last = octets.rsplit(u8::is_ascii_whitespace).next()?;
    if last.len() < FEWEST_LETTERS {
        return None;
    }
    let begun = Zeroizing::new(last.to_ascii_lowercase());
    let mut fits =
        WORDS.iter().filter_map(|word| word.as_bytes().strip_prefix(begun.as_slice()).map(|_| *word));
    let (only, other) = (fits.next()?, fits.next());
    if other.is_some() { None } else { only.get(begun.len()..) }
}

/// Letters that are typed before a word is completed.
const FEWEST_LETTERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_words_are_known_by_their_places_as_soon_as_the_next_one_begins() {
        assert_eq!(typing(b"academic acidd acne"), Typing { groups: false, count: 3, wrong: vec![2] });
        assert_eq!(typing(b"academic acidd"), Typing { groups: false, count: 2, wrong: vec![] });
        assert_eq!(typing(b"academic acidd "), Typing { groups: false, count: 2, wrong: vec![2] });
        assert_eq!(typing(b""), Typing::default());
        assert_eq!(typing(b"\xff"), Typing::default());
    }

    #[test]
    fn groups_are_checked_by_their_last_character() {
        let found = typing(b"RR1 00000 00001 0");
        assert!(found.groups && found.count == 3);
        // The check of a group depends on its place: of two that differ in it alone one at most is good.
        assert!(!found.wrong.is_empty() && !found.wrong.contains(&3), "{found:?}");
    }

    #[test]
    fn a_word_is_completed_once_no_other_begins_so() {
        assert_eq!(rest_of_word(b"academic ACQ"), Some("uire"));
        assert_eq!(rest_of_word(b"academic acid"), Some(""));
        assert_eq!(rest_of_word(b"aca"), Some("demic"));
        for open in [&b"ac"[..], b"academic ", b"xyz", b"act", b""] {
            assert_eq!(rest_of_word(open), None, "{open:?}");
        }
    }
}

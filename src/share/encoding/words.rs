//! The words of SLIP-39: 10 bits each; a header of four, the value, and a checksum of three. SLIP-0039 "Format of the share
//! mnemonic".
//!
//! The checksum RS1024 finds any three wrong words and, of one wrong word, where it stands. What it would have to be is not
//! told: a share is mended on paper by who has it, not guessed.

use zeroize::Zeroizing;

use super::ReadError;
use super::word_list::WORDS;
use crate::secret::SecretOctets;
use crate::share::bits::{digit, put};
use crate::share::{Contents, HEADER_OCTETS, Share};

/// The share's words with a space between them.
pub(super) fn write(share: &Share) -> SecretOctets {
    let value_bits = share.value.len() * 8;
    let value_words = value_bits.div_ceil(BITS);
    let mut indices = Zeroizing::new([0; MOST]);
    let header = share.header();
    for (place, index) in indices.iter_mut().take(HEADER).enumerate() {
        *index = digit(&header, place * BITS, BITS);
    }
    share.value.expose(|value| {
        // The bits that fill up the first word stand before the value.
        let filled = value_words * BITS - value_bits;
        for (place, index) in indices.iter_mut().skip(HEADER).take(value_words).enumerate() {
            *index = match (place * BITS).checked_sub(filled) {
                Some(from) => digit(value, from, BITS),
                None => digit(value, 0, BITS - filled),
            };
        }
    });
    let data = HEADER + value_words;
    let check = remainder(share.set.extendable, indices.iter().take(data).copied().chain([0; CHECK])) ^ 1;
    for (place, index) in (0..).zip(indices.iter_mut().skip(data).take(CHECK)) {
        let shift = BITS * (CHECK - 1 - place);
        *index = u16::try_from(check >> shift & 1023).unwrap_or_default();
    }
    let mut text = SecretOctets::empty();
    for (place, index) in indices.iter().take(data + CHECK).enumerate() {
        let word = WORDS.get(usize::from(*index)).copied().unwrap_or_default();
        for octet in (place > 0).then_some(b' ').into_iter().chain(word.bytes()) {
            // 59 words of at most 8 letters are far below what there is room for.
            let _ = text.push(octet);
        }
    }
    text
}

/// Reads words with blank space between them.
pub(super) fn read(text: &str) -> Result<Share, ReadError> {
    let found = text.split_ascii_whitespace().count();
    let mut indices = Zeroizing::new([0; MOST]);
    let mut unknown = Vec::new();
    for (place, word) in text.split_ascii_whitespace().enumerate() {
        match (number_of(word), indices.get_mut(place)) {
            (Some(number), Some(index)) => *index = number,
            (None, Some(_)) => unknown.push(place + 1),
            (_, None) => return Err(ReadError::WordCount { found }),
        }
    }
    if !unknown.is_empty() {
        return Err(ReadError::NoWords { numbers: unknown });
    }
    let bits = found.checked_sub(HEADER + CHECK).map(|words| words * BITS);
    let Some(bits) = bits.filter(|bits| *bits >= FEWEST_BITS && bits % 16 <= 8) else {
        return Err(ReadError::WordCount { found });
    };
    let words = indices.get(..found).unwrap_or_default();
    // The checksum's own name is said by a word which may be the wrong one.
    let extendable = digit_of(words, 15);
    if remainder(extendable, words.iter().copied()) != 1 {
        let wrong = [true, false].into_iter().find_map(|extendable| only_wrong(words, extendable));
        return Err(wrong.map_or(ReadError::Words, |number| ReadError::Word { number }));
    }
    decode(words, bits)
}

/// Whether the list has a word.
pub(super) fn is_word(word: &str) -> bool {
    number_of(word).is_some()
}

/// The share of words whose checksum fits.
fn decode(words: &[u16], bits: usize) -> Result<Share, ReadError> {
    let mut header = [0; HEADER_OCTETS];
    for (place, index) in words.iter().take(HEADER).enumerate() {
        put(&mut header, place * BITS, BITS, *index);
    }
    let filled = bits % 16;
    let mut value =
        SecretOctets::zeros((bits - filled) / 8).ok_or(ReadError::WordCount { found: words.len() })?;
    let first = words.get(HEADER).copied().unwrap_or_default();
    if first >> (BITS - filled) != 0 {
        return Err(ReadError::Padding);
    }
    value.write(|value| {
        put(value, 0, BITS - filled, first);
        for (place, index) in (1..).zip(words.iter().skip(HEADER + 1).take(bits / BITS - 1)) {
            let from: usize = place * BITS - filled;
            put(value, from, BITS, *index);
        }
    });
    Share::from_header(header, Contents::Bare, value).ok_or(ReadError::Header)
}

/// Bit `place` of the words.
fn digit_of(words: &[u16], place: usize) -> bool {
    words.get(place / BITS).is_some_and(|word| word >> (BITS - 1 - place % BITS) & 1 == 1)
}

/// A word's number on the list.
fn number_of(word: &str) -> Option<u16> {
    let mut lower = Zeroizing::new([0; LONGEST_WORD]);
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let place = WORDS.binary_search_by(|listed| listed.as_bytes().cmp(lower)).ok()?;
    u16::try_from(place).ok()
}

/// The number of the one word that can be another so that the checksum fits; nothing if no single one can. With three words
/// of checksum there is never more than one such place, and none if two or three words are wrong.
fn only_wrong(words: &[u16], extendable: bool) -> Option<usize> {
    let syndrome = remainder(extendable, words.iter().copied()) ^ 1;
    for difference in 1..1024 {
        // What a difference in the last word does to the remainder, then in the one before it, and so on.
        let mut effect = u32::from(difference);
        for (place, word) in words.iter().enumerate().rev() {
            // Word 2 says which checksum it is.
            let meant = place != 1 || (word ^ difference) >> 4 & 1 == u16::from(extendable);
            let named = place == 1 || digit_of(words, 15) == extendable;
            if effect == syndrome && meant && named {
                return Some(place + 1);
            }
            effect = step(effect, 0);
        }
    }
    None
}

/// The remainder of RS1024 over the checksum's name and the words; 1 if they fit. SLIP-0039 "Checksum".
fn remainder(extendable: bool, words: impl Iterator<Item = u16>) -> u32 {
    let name: &[u8] = if extendable { b"shamir_extendable" } else { b"shamir" };
    name.iter().map(|octet| u16::from(*octet)).chain(words).fold(1, step)
}

/// One more symbol.
fn step(remainder: u32, symbol: u16) -> u32 {
    let high = remainder >> 20;
    GENERATOR.iter().enumerate().fold((remainder & 0xf_ffff) << 10 ^ u32::from(symbol), |sum, (bit, term)| {
        sum ^ (term & (high >> bit & 1).wrapping_neg())
    })
}

/// What bit `n` of the symbol that falls out adds.
const GENERATOR: [u32; 10] = [
    0x00e0_e040,
    0x01c1_c080,
    0x0383_8100,
    0x0707_0200,
    0x0e0e_0009,
    0x1c0c_2412,
    0x3808_6c24,
    0x3090_fc48,
    0x21b1_f890,
    0x03f3_f120,
];

/// Bits of a word.
const BITS: usize = 10;

/// Words of the header: identifier, flag and exponent in two, the place in the set in two.
const HEADER: usize = 4;

/// Words of the checksum.
const CHECK: usize = 3;

/// Words of a share with a value of 512 bits.
const MOST: usize = 59;

/// Bits of the value's words at least: 128, filled up.
const FEWEST_BITS: usize = 130;

/// Letters of the longest word.
const LONGEST_WORD: usize = 8;

//! Our own form, version 1: `RR1` and groups of five characters, four of which carry 20 bits and the fifth checks them.
//!
//! The bits are those of SLIP-39's header (5 octets), of the value (32 to 272 octets, a multiple of 16) and of a checksum over
//! both (5 octets), then zeros to the end of the last group. The characters are Crockford's: no I, L, O or U; who types I or L
//! means 1, who types O means 0. A group is checked with its number, so that groups in each other's place are noticed.
//!
//! Everything in it can stand in a QR code's alphanumeric mode.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ReadError;
use crate::secret::SecretOctets;
use crate::share::bits::{digit, put};
use crate::share::padding::STEP;
use crate::share::{Contents, HEADER_OCTETS, Share};

/// Whether a first word says that this is a share of ours, of whatever version.
pub(super) fn is_mark(word: &str) -> bool {
    let mut octets = word.bytes().map(|octet| octet.to_ascii_uppercase());
    octets.next() == Some(b'R') && octets.next() == Some(b'R') && octets.all(|octet| octet.is_ascii_digit())
}

/// The share's groups with a space between them.
pub(super) fn write(share: &Share) -> SecretOctets {
    let mut octets = Zeroizing::new([0; MOST_OCTETS]);
    let whole = HEADER_OCTETS + share.value.len() + CHECK_OCTETS;
    let header = share.header();
    share.value.expose(|value| {
        let all = header.iter().chain(value).copied().chain(checksum(header, value));
        octets.iter_mut().zip(all).for_each(|(place, octet)| *place = octet);
    });
    let mut text = SecretOctets::empty();
    // 113 groups are below what there is room for.
    let mut push = |octet| {
        let _ = text.push(octet);
    };
    MARK.bytes().for_each(&mut push);
    for group in 0..groups_of(whole) {
        push(b' ');
        let mut digits = Zeroizing::new([0; DIGITS]);
        for (place, found) in digits.iter_mut().enumerate() {
            *found = small(digit(octets.as_ref(), (group * DIGITS + place) * BITS, BITS));
        }
        digits.iter().chain([&check_of(group, digits.as_ref())]).for_each(|digit| push(character(*digit)));
    }
    text
}

/// Reads `RR1` and groups with blank space or hyphens between them.
pub(super) fn read(text: &str) -> Result<Share, ReadError> {
    let mut parts = text.split([' ', '\t', '\r', '\n', '-']).filter(|part| !part.is_empty());
    if !parts.next().is_some_and(|mark| mark.eq_ignore_ascii_case(MARK)) {
        return Err(ReadError::Version);
    }
    let mut octets = Zeroizing::new([0; MOST_OCTETS]);
    let (mut found, mut malformed, mut wrong) = (0, Vec::new(), Vec::new());
    for (group, part) in parts.enumerate() {
        found = group + 1;
        match digits_of(part) {
            None => malformed.push(found),
            Some(digits) => {
                let (digits, check) = (digits.0, digits.1);
                if check_of(group, digits.as_ref()) != check {
                    wrong.push(found);
                }
                for (place, digit) in digits.iter().enumerate() {
                    put(octets.as_mut(), (group * DIGITS + place) * BITS, BITS, u16::from(*digit));
                }
            }
        }
    }
    let Some(value) = value_of(found) else { return Err(ReadError::GroupCount { found }) };
    if !malformed.is_empty() {
        return Err(ReadError::NoGroups { numbers: malformed });
    }
    if !wrong.is_empty() {
        return Err(ReadError::Groups { numbers: wrong });
    }
    decode(octets.as_ref(), value)
}

/// Whether a part is a group that fits its place, counted from 0.
pub(super) fn is_group(place: usize, part: &str) -> bool {
    digits_of(part).is_some_and(|(digits, check)| check_of(place, digits.as_ref()) == check)
}

/// The share of octets whose groups fit.
fn decode(octets: &[u8], value: usize) -> Result<Share, ReadError> {
    let split = octets.split_first_chunk::<HEADER_OCTETS>().and_then(|(header, rest)| {
        let (value, rest) = rest.split_at_checked(value)?;
        let (check, rest) = rest.split_first_chunk::<CHECK_OCTETS>()?;
        Some((header, value, check, rest))
    });
    let (header, value, check, rest) = split.ok_or(ReadError::Whole)?;
    // What fills the last group is checked with the rest: one share has one text.
    if checksum(*header, value) != *check || rest.iter().any(|octet| *octet != 0) {
        return Err(ReadError::Whole);
    }
    let value = SecretOctets::read(value).ok_or(ReadError::Whole)?;
    Share::from_header(*header, Contents::Padded, value).ok_or(ReadError::Header)
}

/// Four digits and the one that checks them.
fn digits_of(part: &str) -> Option<(Zeroizing<[u8; DIGITS]>, u8)> {
    let octets: &[u8; DIGITS + 1] = part.as_bytes().try_into().ok()?;
    let (check, octets) = octets.split_last()?;
    let mut digits = Zeroizing::new([0; DIGITS]);
    for (digit, octet) in digits.iter_mut().zip(octets) {
        *digit = value_of_character(*octet)?;
    }
    Some((digits, value_of_character(*check)?))
}

/// How many groups carry so many octets.
const fn groups_of(octets: usize) -> usize {
    (octets * 8).div_ceil(DIGITS * BITS)
}

/// How many octets the value has in so many groups; nothing if no share has so many.
fn value_of(groups: usize) -> Option<usize> {
    let fits = |value: &usize| groups_of(HEADER_OCTETS + value + CHECK_OCTETS) == groups;
    (FEWEST_VALUE..=MOST_VALUE).step_by(STEP).find(fits)
}

/// The first octets of SHA-256 over the form's name, the header and the value.
fn checksum(header: [u8; HEADER_OCTETS], value: &[u8]) -> [u8; CHECK_OCTETS] {
    let mut hash = Sha256::new();
    hash.update(b"rootrite share text 1\0");
    hash.update(header);
    hash.update(value);
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The digit that checks a group: in the field of 32 elements each digit counts with another power of 2, so that a wrong digit
/// and two neighbours in each other's place are always noticed.
fn check_of(group: usize, digits: &[u8]) -> u8 {
    let number = small(u16::try_from(group % 32).unwrap_or_default());
    digits.iter().fold(number, |sum, digit| double(sum ^ digit))
}

/// Times 2 in the field of 32 elements, x^5 + x^2 + 1.
const fn double(element: u8) -> u8 {
    (element << 1 & 31) ^ (0b101 & (element >> 4 & 1).wrapping_neg())
}

/// The low five bits.
fn small(digit: u16) -> u8 {
    u8::try_from(digit & 31).unwrap_or_default()
}

fn character(digit: u8) -> u8 {
    CHARACTERS.get(usize::from(digit)).copied().unwrap_or_default()
}

fn value_of_character(octet: u8) -> Option<u8> {
    let meant = match octet.to_ascii_uppercase() {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    (0..).zip(CHARACTERS).find_map(|(digit, character)| (*character == meant).then_some(digit))
}

/// How a share of this form begins.
const MARK: &str = "RR1";

/// Crockford's characters, in the order of their values.
const CHARACTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bits of a character.
const BITS: usize = 5;

/// Characters of a group that carry bits.
const DIGITS: usize = 4;

/// Octets of the checksum.
const CHECK_OCTETS: usize = 5;

/// Octets of a padded secret of one octet.
const FEWEST_VALUE: usize = 32;

/// Octets of a padded secret of 255 octets.
const MOST_VALUE: usize = 272;

/// Octets of the longest share, to the end of its last group.
const MOST_OCTETS: usize = 285;

//! Whether octets that a foreign program gave back tell the share that it was given.
//!
//! Plainly, without the spaces, in hex digits or in base64: a program that hands on what it got, or only writes it otherwise, has
//! encrypted nothing. What hides better than that is found by nobody who looks at octets; who reads what went to whom is the
//! proof that the holder's own key opens it.

use base64ct::{Base64, Encoding as _};
use zeroize::{Zeroize as _, Zeroizing};

use super::encoding::is_word;
use crate::digest::hex;
use crate::secret::SecretOctets;

/// Whether octets tell words of a share.
pub fn tells(share: &SecretOctets, octets: &[u8]) -> bool {
    let (there, there_as_is) = (letters(octets), unspaced(octets));
    share.expose(|share| {
        let words = words(share);
        let bare = words.windows(IN_A_ROW).any(|row| has(&there, &letters(&row.concat())));
        bare || words.windows(ENCODED).any(|row| {
            [&b" "[..], b"\n"].into_iter().any(|between| {
                let text = Zeroizing::new(row.join(between));
                in_hex(&there, &text) || in_base64(&there_as_is, &text)
            })
        })
    })
}

/// Whether a message says more of a share than chance: words of it that are whole words of the message.
pub fn hints(share: &SecretOctets, message: &[u8]) -> bool {
    let said: Vec<Zeroizing<Vec<u8>>> = message
        .split(|octet| !octet.is_ascii_alphanumeric())
        .map(|word| Zeroizing::new(word.to_ascii_lowercase()))
        .collect();
    let told = share.expose(|share| {
        let mut known = words(share);
        known.sort_unstable();
        known.dedup();
        known.into_iter().filter(|word| said.iter().any(|said| said.eq_ignore_ascii_case(word))).count()
    });
    told >= BY_CHANCE || tells(share, message)
}

/// Whether a message may say a share that nobody here knows: it has the beginning of one of our own, or more of SLIP-39's words than a
/// sentence has by chance.
pub fn is_like_a_share(message: &[u8]) -> bool {
    let said = message.split(|octet| !octet.is_ascii_alphanumeric());
    let said: Vec<Zeroizing<Vec<u8>>> = said.map(|word| Zeroizing::new(word.to_ascii_lowercase())).collect();
    said.iter().any(|word| word.as_slice() == b"rr1")
        || said.iter().filter(|word| is_word(word.as_slice())).count() >= NO_SENTENCE
}

/// The words of a share, or its groups.
fn words(share: &[u8]) -> Vec<&[u8]> {
    share.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect()
}

/// Letters and digits, in lower case; nothing else.
fn letters(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let all = octets.iter().filter(|octet| octet.is_ascii_alphanumeric());
    Zeroizing::new(all.map(u8::to_ascii_lowercase).collect())
}

fn unspaced(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(octets.iter().filter(|octet| !octet.is_ascii_whitespace()).copied().collect())
}

fn in_hex(there: &[u8], text: &[u8]) -> bool {
    let digits = Zeroizing::new(hex(text));
    has(there, digits.as_bytes())
}

/// A text can begin at any place of the groups of three octets that base64 is made of.
fn in_base64(there: &[u8], text: &[u8]) -> bool {
    (0..3).any(|skipped| {
        let whole = text.get(skipped..).unwrap_or_default();
        let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
        let mut room = vec![0; Base64::encoded_len(whole)];
        let found = Base64::encode(whole, &mut room).is_ok_and(|text| has(there, text.as_bytes()));
        room.zeroize();
        found
    })
}

fn has(there: &[u8], what: &[u8]) -> bool {
    !what.is_empty() && there.windows(what.len()).any(|window| window == what)
}

/// So many words in a row are no chance, in however many octets of whatever.
const IN_A_ROW: usize = 3;
/// So many in a row are looked for in other writing.
const ENCODED: usize = 3;
/// So many of SLIP-39's words are in no sentence of a program's.
const NO_SENTENCE: usize = 8;
/// So many words of a share are not in a message by chance.
const BY_CHANCE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str =
        "theory painting academic academic armed sweater year military elder discuss acne wildlife";

    fn share() -> SecretOctets {
        SecretOctets::read(WORDS.as_bytes()).unwrap()
    }

    fn base64(text: &str) -> String {
        Base64::encode_string(text.as_bytes())
    }

    #[test]
    fn a_share_in_any_plain_writing_is_seen() {
        for told in [
            WORDS.to_owned(),
            WORDS.to_uppercase(),
            WORDS.replace(' ', "\n"),
            format!("age-encryption.org/v1\n-> X25519\n{}", WORDS.replace(' ', "")),
            format!("....{}....", "armed - sweater - year"),
            hex(WORDS.as_bytes()),
            hex(WORDS.as_bytes()).to_uppercase(),
            hex(WORDS.replace(' ', "\n").as_bytes()),
            base64(WORDS),
            base64(&format!("x{WORDS}")),
            base64(&format!("xy{}", WORDS.replace(' ', "\n"))),
        ] {
            assert!(tells(&share(), told.as_bytes()), "{told}");
        }
    }

    #[test]
    fn what_is_no_share_is_taken() {
        let octets: Vec<u8> =
            (0..16_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for other in
            [b"".to_vec(), base64(&hex(&octets)).into_bytes(), octets, b"academic armed year".to_vec()]
        {
            assert!(!tells(&share(), &other));
        }
    }

    #[test]
    fn a_message_with_some_words_of_a_share_says_too_much() {
        assert!(hints(&share(), b"bad word: year, then Theory, not: elder"));
        assert!(hints(&share(), WORDS.replace(' ', "").as_bytes()));
        assert!(!hints(&share(), b"age: error: no such file: year"));
        assert!(!hints(&share(), b"year year year"));
        assert!(is_like_a_share(WORDS.as_bytes()) && is_like_a_share(b"got RR1 0G7Q2"));
        let said = b"age: error: no identity matched any of the recipients\nage: report unexpected or unhelpful errors at https://filippo.io/age/report";
        assert!(!is_like_a_share(said));
    }
}

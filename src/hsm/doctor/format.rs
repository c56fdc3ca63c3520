//! What a wrapped key looks like: decided by decrypting it with the key that wrapped it, which was made for this.
//!
//! Sources: RFC 3394 §2.2.2 (key wrap), RFC 5649 §4.2 (with padding), RFC 5652 §6.3 (PKCS#7 padding), RFC 5208 (PKCS#8).

use aes_kw::{KeyInit as _, KwAes256, KwpAes256};
use zeroize::Zeroizing;

use super::WrappedFormat;

/// What octets are that a key wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The format.
    pub(super) format: WrappedFormat,
    /// Whether the format takes a key of any length as far as this one shows: RFC 3394 alone takes multiples of eight octets,
    /// and a module that does not pad refuses all other keys. The length of an RSA key is a matter of chance.
    pub(super) any_length: bool,
}

/// The format of octets that this key wrapped; nothing if they are in none of the formats, or hold no PKCS#8.
pub(super) fn format_of(kek: &[u8; 32], wrapped: &[u8]) -> Option<Told> {
    let told = |format| Told { format, any_length: true };
    let mut room = Zeroizing::new(vec![0; wrapped.len().checked_sub(8)?]);
    if let Ok(octets) = KwpAes256::new(kek.into()).unwrap_key(wrapped, &mut room) {
        return zeros_behind(octets).map(|_| told(WrappedFormat::Rfc5649));
    }
    let octets = KwAes256::new(kek.into()).unwrap_key(wrapped, &mut room).ok()?;
    if let Some(zeros) = zeros_behind(octets) {
        return Some(Told { any_length: zeros > 0, ..told(WrappedFormat::Rfc3394) });
    }
    let padding = usize::from(*octets.last()?);
    let (key, padded) = octets.split_at_checked(octets.len().checked_sub(padding)?)?;
    // A block of the key wrap has 8 octets; NSS pads to that.
    let is_pkcs7 = (1..=16).contains(&padding) && padded.iter().all(|octet| usize::from(*octet) == padding);
    (is_pkcs7 && exactly(key) == Some(0)).then_some(told(WrappedFormat::Rfc3394Pkcs7))
}

/// How many zeros are behind the DER SEQUENCE that octets are, seven at most: SoftHSM pads so before it pads again.
fn zeros_behind(octets: &[u8]) -> Option<usize> {
    let rest = exactly(octets)?;
    let zeros = octets.get(octets.len() - rest..)?;
    (rest <= 7 && zeros.iter().all(|octet| *octet == 0)).then_some(rest)
}

/// How many octets follow the DER SEQUENCE that octets begin with.
fn exactly(octets: &[u8]) -> Option<usize> {
    let (head, length) = match octets {
        [0x30, length @ 0..=0x7f, ..] => (2, usize::from(*length)),
        [0x30, 0x81, length @ 0x80..=0xff, ..] => (3, usize::from(*length)),
        [0x30, 0x82, high @ 1..=0xff, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return None,
    };
    octets.len().checked_sub(head + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEK: [u8; 32] = [7; 32];

    /// A SEQUENCE of 67 octets, as a P-256 key without its public half has.
    fn key() -> Vec<u8> {
        [vec![0x30, 65], vec![0x5a; 65]].concat()
    }

    fn wrapped(octets: &[u8]) -> Vec<u8> {
        let mut room = vec![0; octets.len() + 8];
        KwAes256::new(&KEK.into()).wrap_key(octets, &mut room).unwrap();
        room
    }

    fn wrapped_with_padding(octets: &[u8]) -> Vec<u8> {
        let mut room = vec![0; octets.len().next_multiple_of(8) + 8];
        KwpAes256::new(&KEK.into()).wrap_key(octets, &mut room).unwrap();
        room
    }

    #[test]
    fn each_format_is_told_by_what_is_inside() {
        let zeros = [key(), vec![0; 5]].concat();
        let pkcs7 = [key(), vec![5; 5]].concat();
        let told = |format| Some(Told { format, any_length: true });
        assert_eq!(format_of(&KEK, &wrapped_with_padding(&key())), told(WrappedFormat::Rfc5649));
        assert_eq!(format_of(&KEK, &wrapped_with_padding(&zeros)), told(WrappedFormat::Rfc5649));
        assert_eq!(format_of(&KEK, &wrapped(&zeros)), told(WrappedFormat::Rfc3394));
        assert_eq!(format_of(&KEK, &wrapped(&pkcs7)), told(WrappedFormat::Rfc3394Pkcs7));
    }

    #[test]
    fn a_key_that_happens_to_need_no_padding_does_not_show_that_others_are_padded() {
        let key = [vec![0x30, 70], vec![0x5a; 70]].concat();
        let lucky = Told { format: WrappedFormat::Rfc3394, any_length: false };
        assert_eq!(format_of(&KEK, &wrapped(&key)), Some(lucky));
        assert!(format_of(&KEK, &wrapped_with_padding(&key)).unwrap().any_length);
    }

    #[test]
    fn what_is_in_no_known_format_is_in_none() {
        let wrong_padding = [key(), vec![5, 5, 4, 5, 5]].concat();
        let no_sequence = [vec![0x31, 65], vec![0x5a; 65], vec![0; 5]].concat();
        for octets in [wrapped(&wrong_padding), wrapped(&no_sequence), vec![0; 72], vec![], vec![1; 7]] {
            assert_eq!(format_of(&KEK, &octets), None);
        }
        assert_eq!(format_of(&[8; 32], &wrapped_with_padding(&key())), None, "another key wrapped it");
        assert_eq!(format_of(&KEK, &wrapped_with_padding(&no_sequence)), None);
    }
}

//! The digest of what a CRL lists, as the log has it: a line for each entry.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::digest::Digest;

/// Takes entries one after another: `<serial in hex> <time> <reason's number, or absent>` and a line feed each.
#[derive(Clone, Debug)]
pub struct EntriesDigest {
    hash: Sha256,
    text: Vec<u8>,
    /// Many were revoked at once: their time is written once.
    last: (Timestamp, String),
}

impl Default for EntriesDigest {
    fn default() -> Self {
        Self { hash: Sha256::new(), text: Vec::new(), last: (Timestamp::EPOCH, Timestamp::EPOCH.to_string()) }
    }
}

impl EntriesDigest {
    /// Takes the next entry: the content octets of its serial number, its time, the number of its reason.
    pub fn enter(&mut self, serial: &[u8], at: Timestamp, reason: Option<u8>) {
        if self.last.0 != at {
            self.last.0 = at;
            self.last.1.clear();
            // Writing to a string does not fail.
            let _ = write!(self.last.1, "{at}");
        }
        for octets in serial.chunks(SERIAL) {
            let mut digits = [0; 2 * SERIAL];
            for (pair, octet) in digits.as_chunks_mut::<2>().0.iter_mut().zip(octets) {
                *pair = [hex_digit(octet >> 4), hex_digit(octet & 15)];
            }
            self.text.extend_from_slice(digits.get(..2 * octets.len()).unwrap_or_default());
        }
        self.text.push(b' ');
        self.text.extend_from_slice(self.last.1.as_bytes());
        match reason {
            None => self.text.extend_from_slice(b" absent\n"),
            Some(code @ 0..=9) => self.text.extend([b' ', b'0' + code, b'\n']),
            Some(code) => self.text.extend_from_slice(format!(" {code}\n").as_bytes()),
        }
        if self.text.len() >= ENOUGH {
            self.hash.update(&self.text);
            self.text.clear();
        }
    }

    /// The digest of all of them.
    pub fn finish(mut self) -> Digest {
        self.hash.update(&self.text);
        Digest::from_octets(self.hash.finalize().into())
    }
}

const fn hex_digit(four: u8) -> u8 {
    if four < 10 { b'0' + four } else { b'a' - 10 + four }
}

/// How many octets a serial number has at most; what is none may have more.
const SERIAL: usize = 20;
/// How much text is hashed at a time.
const ENOUGH: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_lines() {
        let mut digest = EntriesDigest::default();
        let mut text = String::new();
        for (number, place) in (0..2000_u64).zip(0_usize..) {
            let at = Timestamp::from_seconds(number / 3 * 86_400).unwrap();
            let (serial, reason) = ([number.to_le_bytes()[0]; 45], [None, Some(9), Some(10)][place % 3]);
            let serial = &serial[..place % 46];
            digest.enter(serial, at, reason);
            let said = reason.map_or("absent".to_owned(), |code| code.to_string());
            let _ = writeln!(text, "{} {at} {said}", crate::digest::hex(serial));
        }
        assert_eq!(digest.finish(), Digest::of(text.as_bytes()));
    }
}

//! Serial numbers of certificates.

use std::fmt;

use thiserror::Error;

use crate::digest::hex;

/// A certificate serial number: a positive integer below 2^159.
///
/// Held as the content octets of its DER INTEGER, so two serials are equal
/// exactly when their encodings are, and one is above another as the integers
/// are. Nothing is allocated for one: a CRL may have millions.
///
/// Sources: RFC 5280 §4.1.2.2; BR §7.1.2.1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber {
    // In this order: of two integers in their shortest form the longer one is above the other.
    length: u8,
    octets: [u8; Self::MAX_OCTETS],
}

impl SerialNumber {
    /// The most content octets a serial may have.
    pub const MAX_OCTETS: usize = 20;

    /// Reads the content octets of a DER INTEGER, most significant first.
    ///
    /// # Errors
    ///
    /// [`SerialError`] unless the octets are the shortest encoding of an
    /// integer from 1 to 2^159 - 1.
    pub fn from_der_content(octets: &[u8]) -> Result<Self, SerialError> {
        match octets {
            [] => Err(SerialError::Empty),
            [0x80..=0xff, ..] => Err(SerialError::Negative),
            [0] => Err(SerialError::Zero),
            [0, 0..=0x7f, ..] => Err(SerialError::Padded),
            _ if octets.len() > Self::MAX_OCTETS => Err(SerialError::TooLong { octets: octets.len() }),
            _ => Ok(Self::holding(octets)),
        }
    }

    /// Holds at most [`SerialNumber::MAX_OCTETS`] octets.
    fn holding(content: &[u8]) -> Self {
        let mut octets = [0; Self::MAX_OCTETS];
        let content = content.get(..Self::MAX_OCTETS).unwrap_or(content);
        if let Some(front) = octets.get_mut(..content.len()) {
            front.copy_from_slice(content);
        }
        Self { length: u8::try_from(content.len()).unwrap_or(0), octets }
    }

    /// Makes the serial that [`SerialNumber`]s are drawn as: 0x01 and 16 random octets.
    ///
    /// The first octet is fixed, so that every draw has the same length, is positive and keeps all 128 bits.
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut octets = [0; 17];
        for (octet, given) in octets.iter_mut().zip(std::iter::once(1).chain(random)) {
            *octet = given;
        }
        Self::holding(&octets)
    }

    /// The content octets of the DER INTEGER, a leading 0x00 included where it has one.
    pub fn der_content(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// How many content octets there are, and they with zeros after them.
    pub(super) const fn padded(&self) -> (u8, &[u8; Self::MAX_OCTETS]) {
        (self.length, &self.octets)
    }

    /// As [`SerialNumber::from_der_content`], of octets with zeros after them: what [`SerialNumber::padded`] gave.
    pub(super) fn from_padded(length: u8, octets: &[u8; Self::MAX_OCTETS]) -> Option<Self> {
        let good = match octets {
            _ if length == 0 || usize::from(length) > Self::MAX_OCTETS => false,
            [0, second, ..] => length > 1 && *second >= 0x80,
            [first, ..] => *first < 0x80,
        };
        good.then_some(Self { length, octets: *octets })
    }

    /// Reads lower-case hex of the content octets, as [`SerialNumber`] is shown.
    ///
    /// # Errors
    ///
    /// [`SerialError`] if it is not hex or not a serial.
    pub fn from_hex(text: &str) -> Result<Self, SerialError> {
        Self::from_hex_octets(text.as_bytes())
    }

    /// As [`SerialNumber::from_hex`], from octets that need not be UTF-8.
    ///
    /// # Errors
    ///
    /// As [`SerialNumber::from_hex`].
    pub fn from_hex_octets(text: &[u8]) -> Result<Self, SerialError> {
        let mut octets = [0; Self::MAX_OCTETS];
        let (pairs, odd) = text.as_chunks::<2>();
        // Every digit is looked at, also of a text that is too long.
        let (fitting, beyond) = pairs.split_at(pairs.len().min(Self::MAX_OCTETS));
        let mut wrong = !odd.is_empty() || beyond.as_flattened().iter().any(|one| digit(*one) > 15);
        for (octet, [high, low]) in octets.iter_mut().zip(fitting) {
            let (high, low) = (digit(*high), digit(*low));
            wrong |= (high | low) > 15;
            *octet = high << 4 | low & 15;
        }
        if wrong {
            return Err(SerialError::Hex);
        }
        match octets.get(..pairs.len()) {
            Some(octets) => Self::from_der_content(octets),
            None => Err(SerialError::TooLong { octets: pairs.len() }),
        }
    }
}

/// The value of a lower-case hex digit; 255 for anything else.
const fn digit(octet: u8) -> u8 {
    match octet {
        b'0'..=b'9' => octet - b'0',
        b'a'..=b'f' => octet - b'a' + 10,
        _ => u8::MAX,
    }
}

/// Lower-case hex of the content octets.
impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.der_content()))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

/// Why octets are not a serial number.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SerialError {
    /// No octets.
    #[error("the serial number has no octets; it needs 1 to 20")]
    Empty,
    /// The first bit is set.
    #[error("the serial number is negative; it has to be from 1 to 2^159 - 1")]
    Negative,
    /// Zero.
    #[error("the serial number is zero; it has to be from 1 to 2^159 - 1")]
    Zero,
    /// A leading zero octet that is not needed.
    #[error("the serial number is not in its shortest form (X.690 8.3.2)")]
    Padded,
    /// More octets than 20.
    #[error("the serial number has {octets} octets; it may have at most 20")]
    TooLong {
        /// How many it has.
        octets: usize,
    },
    /// Not hex.
    #[error("the serial number is not in lower-case hex, two digits an octet")]
    Hex,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_the_shortest_encoding_of_a_positive_integer() {
        let most = [&[0x7f][..], &[0xff; 19]].concat();
        for good in [&[1][..], &[0x7f], &[0, 0x80], &most] {
            assert_eq!(SerialNumber::from_der_content(good).unwrap().der_content(), good);
        }
        let long = [&[0][..], &[0xff; 20]].concat();
        for (bad, error) in [
            (&[][..], SerialError::Empty),
            (&[0], SerialError::Zero),
            (&[0x80], SerialError::Negative),
            (&[0xff; 20], SerialError::Negative),
            (&[0, 1], SerialError::Padded),
            (&[0, 0x7f], SerialError::Padded),
            (&long, SerialError::TooLong { octets: 21 }),
        ] {
            assert_eq!(SerialNumber::from_der_content(bad), Err(error));
        }
    }

    #[test]
    fn a_drawn_serial_keeps_every_random_bit() {
        // Source: rules §13 row 11: a draw of zeros loses nothing.
        assert_eq!(SerialNumber::from_random([0; 16]).to_string(), "0100000000000000000000000000000000");
        assert_eq!(SerialNumber::from_random([0xff; 16]).to_string(), "01ffffffffffffffffffffffffffffffff");
    }

    #[test]
    fn a_serial_is_read_as_it_is_shown() {
        assert_eq!(SerialNumber::from_hex("0080").unwrap().to_string(), "0080");
        assert_eq!(SerialNumber::from_hex("8"), Err(SerialError::Hex));
        assert_eq!(SerialNumber::from_hex("0A"), Err(SerialError::Hex));
        assert_eq!(SerialNumber::from_hex(""), Err(SerialError::Empty));
        let longest = format!("7f{}", "ff".repeat(19));
        assert_eq!(SerialNumber::from_hex(&longest).unwrap().to_string(), longest);
        for more in [1, 2, 500] {
            let long = format!("{longest}{}", "00".repeat(more));
            assert_eq!(SerialNumber::from_hex(&long), Err(SerialError::TooLong { octets: 20 + more }));
        }
        assert_eq!(SerialNumber::from_hex(&format!("{longest}0000zz")), Err(SerialError::Hex));
    }

    #[test]
    fn what_is_padded_is_read_back() {
        for text in ["01", "7f", "0080", "7fffffffffffffffffffffffffffffffffffffff"] {
            let serial = SerialNumber::from_hex(text).unwrap();
            let (length, octets) = serial.padded();
            assert_eq!(SerialNumber::from_padded(length, octets), Some(serial.clone()));
        }
        let padded = |front: [u8; 2]| {
            let mut octets = [0; 20];
            octets[..2].copy_from_slice(&front);
            octets
        };
        for (length, front) in [(0, [1, 0]), (21, [1, 0]), (1, [0, 0]), (1, [0x80, 0]), (2, [0, 0x7f])] {
            assert_eq!(SerialNumber::from_padded(length, &padded(front)), None, "{length} {front:?}");
        }
    }

    #[test]
    fn serials_are_ordered_as_the_integers_are() {
        let serial = |text| SerialNumber::from_hex(text).unwrap();
        let ascending = ["01", "7f", "0080", "00ff", "0100", "7fff", "008000", "010000"].map(serial);
        assert!(ascending.is_sorted_by(|one, next| one < next));
    }
}

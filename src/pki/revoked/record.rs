//! One entry in 32 octets that compare as serial numbers do.

use super::RevokedParts;
use crate::clock::Timestamp;
use crate::pki::reason::Reason;
use crate::pki::serial::SerialNumber;

/// How many octets a record has.
pub(super) const OCTETS: usize = 32;

/// The length of a serial number and 15 of its octets; the other 5, then 5 octets of seconds since 1970, the reason's
/// number, and 5 octets of the line that the entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record(u128, u128);

#[expect(clippy::many_single_char_names, reason = "the octets of a serial number have no names")]
impl Record {
    /// Packs an entry. A line above 2^40 - 1 is taken for that one.
    pub(super) fn new(parts: &RevokedParts, line: u64) -> Self {
        let (length, serial) = parts.serial.padded();
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = *serial;
        let front = u128::from_be_bytes([length, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o]);
        let back = u64::from_be_bytes([0, 0, 0, p, q, r, s, t]);
        let rest = u128::from(parts.revoked_at.seconds()) << 48
            | u128::from(parts.reason.code()) << 40
            | u128::from(line.min(LINES));
        Self(front, u128::from(back) << 88 | rest)
    }

    /// The entry; nothing for a record that [`Record::new`] did not make.
    pub(super) fn parts(self) -> Option<RevokedParts> {
        let [length, front @ ..] = self.0.to_be_bytes();
        let [p, q, r, s, t, ..] = self.1.to_be_bytes();
        let mut serial = [0; 20];
        let (first, last) = serial.split_at_mut(front.len());
        first.copy_from_slice(&front);
        last.copy_from_slice(&[p, q, r, s, t]);
        Some(RevokedParts {
            serial: SerialNumber::from_padded(length, &serial)?,
            revoked_at: Timestamp::from_seconds(low(self.1 >> 48) & LINES)?,
            reason: Reason::from_code(low(self.1 >> 40) & 0xff)?,
        })
    }

    /// Whether two entries are of the same certificate.
    pub(super) const fn is_of(self, other: Self) -> bool {
        self.0 == other.0 && self.1 >> 88 == other.1 >> 88
    }

    /// The line that the entry came from.
    pub(super) const fn line(self) -> u64 {
        low(self.1) & LINES
    }

    pub(super) fn octets(self) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        let (front, back) = octets.split_at_mut(OCTETS / 2);
        front.copy_from_slice(&self.0.to_be_bytes());
        back.copy_from_slice(&self.1.to_be_bytes());
        octets
    }

    pub(super) fn from_octets(octets: &[u8; OCTETS]) -> Self {
        let half = |half: &[u8]| half.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
        let (front, back) = octets.split_at(OCTETS / 2);
        Self(half(front), half(back))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(number: u128) -> u64 {
    number as u64
}

/// 40 bits.
const LINES: u64 = (1 << 40) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(serial: &str, at: u64, reason: Reason) -> RevokedParts {
        let serial = SerialNumber::from_hex(serial).unwrap();
        RevokedParts { serial, revoked_at: Timestamp::from_seconds(at).unwrap(), reason }
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let longest = format!("7f{}", "5a".repeat(19));
        for serial in
            ["01", "0080", "0102030405060708090a0b0c0d0e0f10", "01ffffffffffffffffffffffffffffff00", &longest]
        {
            for at in [0, 1_793_448_000, Timestamp::MAX.seconds()] {
                for (line, reason) in [(2, Reason::Unspecified), (LINES, Reason::AaCompromise)] {
                    let parts = parts(serial, at, reason);
                    let record = Record::from_octets(&Record::new(&parts, line).octets());
                    assert_eq!((record.parts(), record.line()), (Some(parts), line));
                }
            }
        }
        assert_eq!(Record::from_octets(&[0; OCTETS]).parts(), None);
        assert_eq!(Record::from_octets(&[0xff; OCTETS]).parts(), None);
    }

    #[test]
    fn records_are_ordered_by_serial_number() {
        let longer = format!("01{}", "00".repeat(16));
        let ascending =
            ["7f", "0080", "7fff", &longer, &format!("{longer}000001"), &format!("{longer}000002")]
                .map(|serial| Record::new(&parts(serial, 5, Reason::KeyCompromise), 9));
        assert!(ascending.is_sorted_by(|one, next| one < next && !one.is_of(*next)));
        let other = Record::new(&parts("7f", 6, Reason::Superseded), 1);
        assert!(ascending[0].is_of(other));
    }
}

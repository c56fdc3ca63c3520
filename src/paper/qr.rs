//! QR symbols (ISO/IEC 18004), made in buffers of our own: what is in one may be a secret.

use qrcodegen_no_heap::{DataTooLong, QrCode, QrCodeEcc, Version};
use thiserror::Error;
use zeroize::Zeroizing;

/// A symbol: a square of dark and light modules, wiped when dropped.
#[derive(Debug)]
pub struct Symbol {
    side: usize,
    /// A row after the other, eight modules an octet, the first one highest; dark is 1.
    rows: Zeroizing<Vec<u8>>,
}

/// More octets than a symbol of the largest kind that is printed here holds.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{octets} octets are too many for a QR symbol of version {}", MOST.value())]
pub struct TooLong {
    octets: usize,
}

impl Symbol {
    /// The symbol of a text, which may be a secret: nothing of it stays but what is returned.
    ///
    /// Letters in capitals, digits and spaces take least room (alphanumeric mode).
    ///
    /// # Errors
    ///
    /// [`TooLong`] if there is too much of it.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        Self::made(text, QrCodeEcc::Medium, Version::MIN, MOST)
    }

    /// The symbol of a text in a size: version 1 to 20, 21 to 97 modules a side. It corrects what can be corrected in that size,
    /// 7 % of it at least (level L).
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the text has more than [`characters`], or characters that take more room.
    pub fn of_version(text: &str, version: u8) -> Result<Self, TooLong> {
        if characters(version).is_none() {
            return Err(TooLong { octets: text.len() });
        }
        Self::made(text, QrCodeEcc::Low, Version::new(version), Version::new(version))
    }

    fn made(text: &str, correction: QrCodeEcc, least: Version, most: Version) -> Result<Self, TooLong> {
        let mut temporary = Zeroizing::new(vec![0; MOST.buffer_len()]);
        let mut out = Zeroizing::new(vec![0; MOST.buffer_len()]);
        let made =
            QrCode::encode_text(text, temporary.as_mut(), out.as_mut(), correction, least, most, None, true);
        let symbol = made.map_err(|_: DataTooLong| TooLong { octets: text.len() })?;
        let side = symbol.size();
        let whole = usize::try_from(side).unwrap_or_default();
        // It does not grow: that would leave a copy behind.
        let mut rows = Zeroizing::new(Vec::with_capacity(whole * whole.div_ceil(8)));
        for y in 0..side {
            for first in (0..side).step_by(8) {
                let octet =
                    (first..first + 8).fold(0_u8, |octet, x| octet << 1 | u8::from(symbol.get_module(x, y)));
                rows.push(octet);
            }
        }
        Ok(Self { side: whole, rows })
    }

    /// How many modules a side has.
    pub const fn side(&self) -> usize {
        self.side
    }

    /// Whether a module is dark; outside there is light.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let row = self.row_octets();
        x < self.side && self.rows.get(y * row + x / 8).is_some_and(|octet| octet >> (7 - x % 8) & 1 == 1)
    }

    /// The rows, eight modules an octet.
    pub fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// How many octets a row has.
    pub const fn row_octets(&self) -> usize {
        self.side.div_ceil(8)
    }

    /// The symbol in block characters, two rows of modules a line, with the light margin that readers want.
    pub fn lines(&self) -> Zeroizing<String> {
        let around = self.side + 2 * MARGIN;
        let mut text = Zeroizing::new(String::with_capacity((around * 3 + 1) * around.div_ceil(2)));
        let dark = |x: usize, y: usize| match (x.checked_sub(MARGIN), y.checked_sub(MARGIN)) {
            (Some(x), Some(y)) => self.is_dark(x, y),
            _ => false,
        };
        for y in (0..around).step_by(2) {
            for x in 0..around {
                text.push(match (dark(x, y), dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}

/// How many capitals, digits and signs (` $%*+-./:`) a symbol of a version holds at level L (ISO/IEC 18004 table 7).
pub fn characters(version: u8) -> Option<usize> {
    let place = usize::from(version).checked_sub(1)?;
    CHARACTERS.get(place).copied()
}

const CHARACTERS: [usize; 20] =
    [25, 47, 77, 114, 154, 195, 224, 279, 335, 395, 468, 535, 619, 667, 758, 854, 938, 1046, 1153, 1249];

/// Light modules around a symbol (ISO/IEC 18004 §6.3.8).
pub const MARGIN: usize = 4;

/// The largest symbol that is printed or shown: 97 modules a side, 1,046 octets at this correction. Larger ones are hard to read.
const MOST: Version = Version::new(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_has_its_three_corners() {
        let symbol = Symbol::of("ABANDON ABILITY ABLE").unwrap();
        let last = symbol.side() - 1;
        for (x, y) in [(0, 0), (last, 0), (0, last)] {
            assert!(symbol.is_dark(x, y));
        }
        assert!(!symbol.is_dark(last + 1, 0) && !symbol.is_dark(7, 0));
        assert_eq!(symbol.rows().len(), symbol.side() * symbol.row_octets());
    }

    #[test]
    fn a_symbol_of_a_version_holds_what_the_standard_says() {
        for version in 1..=20 {
            let most = characters(version).unwrap();
            let symbol = Symbol::of_version(&"/".repeat(most), version).unwrap();
            assert_eq!(symbol.side(), 17 + 4 * usize::from(version));
            assert!(Symbol::of_version(&"A".repeat(most + 1), version).is_err(), "{version}");
            assert_eq!(Symbol::of_version("A", version).unwrap().side(), symbol.side());
        }
        for version in [0, 21, 40, 255] {
            assert!(characters(version).is_none() && Symbol::of_version("A", version).is_err());
        }
    }

    #[test]
    fn what_is_too_long_is_said() {
        assert_eq!(Symbol::of(&"x".repeat(3000)).unwrap_err(), TooLong { octets: 3000 });
        assert!(Symbol::of(&"X".repeat(970)).is_ok());
    }
}

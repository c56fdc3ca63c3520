//! Secrets: octets that are lent, never given, and wiped when dropped.
//!
//! The rules of this file:
//! - A secret cannot be printed, cloned, compared by accident or serialised.
//! - Its octets are written where they stay and read where they are.
//! - Buffers do not grow while they hold a secret: growing would leave a copy behind.
//! - Its pages are its own and locked in memory, as far as the system lets us.

mod locked;

use thiserror::Error;
use zeroize::Zeroize as _;

use locked::Locked;

/// `N` octets that are wiped when dropped.
///
/// ```compile_fail,E0277
/// format!("{:?}", rootrite::secret::Secret::<16>::fill(|_| {}));
/// ```
///
/// ```compile_fail,E0599
/// let secret = rootrite::secret::Secret::<16>::fill(|_| {});
/// let copy = secret.clone();
/// ```
///
/// ```compile_fail,E0277
/// fn serialise(_: impl serde::Serialize) {}
/// serialise(rootrite::secret::Secret::<16>::fill(|_| {}));
/// ```
pub struct Secret<const N: usize>(Locked<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Lets `fill` write the octets where they will stay.
    pub fn fill(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut octets = Locked::new([0; N]);
        fill(octets.get_mut());
        Self(octets)
    }

    /// Lets `fill` write the octets where they will stay, unless it fails.
    ///
    /// # Errors
    ///
    /// What `fill` says; what it wrote until then is wiped.
    pub fn try_fill<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut octets = Locked::new([0; N]);
        fill(octets.get_mut())?;
        Ok(Self(octets))
    }

    /// Lends the octets to `read` and to nobody else.
    pub fn expose<T>(&self, read: impl FnOnce(&[u8; N]) -> T) -> T {
        read(self.0.get())
    }
}

/// A PIN: 1 to 255 octets that are wiped when dropped.
///
/// A token may ask for more; [`crate::hsm::TokenInformation`] says how long its PINs are.
///
/// ```compile_fail,E0277
/// format!("{:?}", rootrite::secret::Pin::read(b"1234"));
/// ```
///
/// ```compile_fail,E0599
/// let pin = rootrite::secret::Pin::read(b"1234").ok().unwrap();
/// let copy = pin.clone();
/// ```
///
/// ```compile_fail,E0277
/// fn serialise(_: impl serde::Serialize) {}
/// serialise(rootrite::secret::Pin::read(b"1234").ok().unwrap());
/// ```
///
/// ```compile_fail,E0369
/// let [one, two] = [b"1234", b"1235"].map(|octets| rootrite::secret::Pin::read(octets).ok().unwrap());
/// let same = one == two;
/// ```
pub struct Pin {
    /// As long as the longest PIN, so that neither the address nor the size tells its length.
    octets: Locked<[u8; Pin::MAX_OCTETS]>,
    length: u8,
}

impl Pin {
    /// The most octets a PIN may have here.
    pub const MAX_OCTETS: usize = 255;

    /// Copies `octets`; the caller wipes its own.
    ///
    /// # Errors
    ///
    /// [`PinError`] unless there are 1 to 255 octets.
    pub fn read(octets: &[u8]) -> Result<Self, PinError> {
        let mut kept = Locked::new([0; Self::MAX_OCTETS]);
        match (u8::try_from(octets.len()), kept.get_mut().get_mut(..octets.len())) {
            (Ok(0), _) => Err(PinError::Empty),
            (Ok(length), Some(place)) => {
                place.copy_from_slice(octets);
                Ok(Self { octets: kept, length })
            }
            _ => Err(PinError::TooLong),
        }
    }

    /// Takes a text as a PIN and wipes the text.
    ///
    /// # Errors
    ///
    /// [`PinError`] unless it has 1 to 255 octets.
    pub fn take(mut text: String) -> Result<Self, PinError> {
        let pin = Self::read(text.as_bytes());
        text.zeroize();
        pin
    }

    /// How many octets it has.
    pub fn octets(&self) -> usize {
        self.length.into()
    }

    /// Lends the octets to `read` and to nobody else.
    pub fn expose<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(self.octets.get().get(..self.octets()).unwrap_or_default())
    }

    /// Whether `other` is the same PIN, found out in a time that does not depend on where they differ.
    pub fn is_same(&self, other: &Self) -> bool {
        let difference = self
            .octets
            .get()
            .iter()
            .zip(other.octets.get().iter())
            .fold(self.length ^ other.length, |difference, (one, two)| difference | (one ^ two));
        std::hint::black_box(difference) == 0
    }
}

/// Up to 1024 octets that are wiped when dropped: a share, what is shared, or the text of either.
///
/// ```compile_fail,E0277
/// format!("{:?}", rootrite::secret::SecretOctets::read(b"share"));
/// ```
///
/// ```compile_fail,E0599
/// let octets = rootrite::secret::SecretOctets::read(b"share").unwrap();
/// let copy = octets.clone();
/// ```
///
/// ```compile_fail,E0277
/// fn serialise(_: impl serde::Serialize) {}
/// serialise(rootrite::secret::SecretOctets::read(b"share").unwrap());
/// ```
///
/// ```compile_fail,E0369
/// let [one, two] = [b"one", b"two"].map(|octets| rootrite::secret::SecretOctets::read(octets).unwrap());
/// let same = one == two;
/// ```
pub struct SecretOctets {
    /// As long as the longest, so that it never moves while it grows.
    octets: Locked<[u8; SecretOctets::MAX_OCTETS]>,
    length: usize,
}

impl SecretOctets {
    /// The most octets there can be.
    pub const MAX_OCTETS: usize = 1024;

    /// No octet yet.
    pub fn empty() -> Self {
        Self { octets: Locked::new([0; Self::MAX_OCTETS]), length: 0 }
    }

    /// `length` octets that are 0; nothing if that is more than [`Self::MAX_OCTETS`].
    pub fn zeros(length: usize) -> Option<Self> {
        (length <= Self::MAX_OCTETS).then(|| Self { length, ..Self::empty() })
    }

    /// Copies `octets`, of which the caller wipes its own; nothing if there are more than [`Self::MAX_OCTETS`].
    pub fn read(octets: &[u8]) -> Option<Self> {
        let mut kept = Self::zeros(octets.len())?;
        kept.write(|place| place.copy_from_slice(octets));
        Some(kept)
    }

    /// Adds an octet at the end; whether there was room.
    #[must_use]
    pub fn push(&mut self, octet: u8) -> bool {
        let Some(place) = self.octets.get_mut().get_mut(self.length) else { return false };
        *place = octet;
        self.length += 1;
        true
    }

    /// How many octets there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Lends the octets to `read` and to nobody else.
    pub fn expose<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(self.octets.get().get(..self.length).unwrap_or_default())
    }

    /// Lends the octets to `write`, where they stay.
    pub fn write<T>(&mut self, write: impl FnOnce(&mut [u8]) -> T) -> T {
        let length = self.length;
        write(self.octets.get_mut().get_mut(..length).unwrap_or_default())
    }

    /// Whether `other` has the same octets, found out in a time that depends on the lengths only.
    pub fn is_same(&self, other: &Self) -> bool {
        let mut difference = u8::from(self.length != other.length);
        for (one, two) in self.octets.get().iter().zip(other.octets.get().iter()) {
            difference |= one ^ two;
        }
        std::hint::black_box(difference) == 0
    }
}

/// What is printed for one person's eyes: octets that are wiped when dropped, and never move while they are added to.
///
/// ```compile_fail,E0277
/// format!("{:?}", rootrite::secret::SecretPage::empty());
/// ```
///
/// ```compile_fail,E0599
/// let page = rootrite::secret::SecretPage::empty();
/// let copy = page.clone();
/// ```
pub struct SecretPage {
    octets: Locked<[u8; SecretPage::MAX_OCTETS]>,
    length: usize,
}

impl SecretPage {
    /// The most octets there can be.
    pub const MAX_OCTETS: usize = 16_384;

    /// No octet yet.
    pub fn empty() -> Self {
        Self { octets: Locked::new([0; Self::MAX_OCTETS]), length: 0 }
    }

    /// Adds octets at the end; whether there was room for all of them.
    #[must_use]
    pub fn add(&mut self, octets: &[u8]) -> bool {
        let end = self.length.saturating_add(octets.len());
        let Some(place) = self.octets.get_mut().get_mut(self.length..end) else { return false };
        place.copy_from_slice(octets);
        self.length = end;
        true
    }

    /// How many octets there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Lends the octets to `read` and to nobody else.
    pub fn expose<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(self.octets.get().get(..self.length).unwrap_or_default())
    }
}

/// Why something is no PIN. Says nothing of what was typed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// Nothing there.
    #[error("the PIN is empty; it needs 1 to 255 octets")]
    Empty,
    /// More than 255 octets.
    #[error("the PIN has more than 255 octets; it needs 1 to 255")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_lent_as_it_was_written() {
        let secret = Secret::<4>::fill(|octets| octets.copy_from_slice(b"salt"));
        assert!(secret.expose(|octets| octets == b"salt"));
        assert!(Secret::<4>::try_fill(|_| Err::<(), _>("no entropy")).is_err());
    }

    #[test]
    fn a_pin_has_1_to_255_octets() {
        assert_eq!(Pin::read(b"").err(), Some(PinError::Empty));
        assert_eq!(Pin::read(&[b'1'; 256]).err(), Some(PinError::TooLong));
        assert_eq!(Pin::read(&[b'1'; 512]).err(), Some(PinError::TooLong));
        for length in [1, 255] {
            let octets = vec![b'1'; length];
            let pin = Pin::read(&octets).unwrap();
            assert_eq!(pin.octets(), length);
            assert!(pin.expose(|lent| lent == octets));
        }
        assert!(Pin::take("1234".to_owned()).unwrap().expose(|octets| octets == b"1234"));
    }

    #[test]
    fn secret_octets_are_lent_as_they_were_written_and_never_more_than_there_is_room_for() {
        let mut octets = SecretOctets::read(b"shar").unwrap();
        assert!(octets.push(b'e'));
        assert!(octets.expose(|lent| lent == b"share"));
        assert!(octets.is_same(&SecretOctets::read(b"share").unwrap()));
        for other in [&b"sharf"[..], b"shar", b"share\0", b""] {
            assert!(!octets.is_same(&SecretOctets::read(other).unwrap()), "{other:?}");
        }
        assert!(SecretOctets::read(&[1; 1025]).is_none());
        let mut full = SecretOctets::read(&[1; 1024]).unwrap();
        assert!(!full.push(1) && full.len() == 1024);
    }

    #[test]
    fn a_page_takes_what_there_is_room_for() {
        let mut page = SecretPage::empty();
        assert!(page.add(b"one ") && page.add(b"two"));
        assert!(page.expose(|octets| octets == b"one two"));
        assert!(page.add(&[b' '; SecretPage::MAX_OCTETS - 7]) && !page.add(b"x"));
        assert_eq!(page.len(), SecretPage::MAX_OCTETS);
    }

    #[test]
    fn two_pins_are_the_same_only_if_every_octet_is() {
        let pin = |octets: &[u8]| Pin::read(octets).unwrap();
        assert!(pin(b"1234").is_same(&pin(b"1234")));
        for other in [&b"1235"[..], b"0234", b"123", b"12340", b"1234\0"] {
            assert!(!pin(b"1234").is_same(&pin(other)));
        }
    }
}

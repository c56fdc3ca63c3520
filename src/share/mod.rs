//! Secrets split into shares, and back: SLIP-39 complete, and the same for secrets of odd lengths.
//!
//! The rules of this folder:
//! - What holds a share or a secret cannot be printed, cloned, compared by accident or serialised, and is wiped.
//! - No message says anything of a share's words or a secret's octets: words are named by their places.
//! - A share is refused before anything is combined wherever that can be seen: another set, a group that is full, the same
//!   share twice. What can only be seen afterwards is seen by the digest that every set hides (SLIP-0039).
//! - Fewer shares than the threshold say nothing of the secret: every octet that is not the secret's is random.

mod backup;
mod bits;
mod cipher;
mod commitment;
mod deal;
mod encoding;
mod field;
mod hand;
mod padding;
mod random;
mod sharing;
mod told;

pub use backup::{Backup, BackupError, KeyCheck, NamedGroup, Parts};
pub use cipher::{Passphrase, PassphraseError};
pub use deal::{DealError, Group, Scheme, deal, deal_any};
pub use encoding::{Encoding, ReadError, Typing, read, rest_of_word, typing};
pub use hand::{CombineError, Hand, WrongShare};
pub use random::{NoRandom, Random, SystemRandom};
pub use told::{hints, is_like_a_share, tells};

use std::fmt;

use crate::secret::SecretOctets;

/// What every share of a set says in clear: the set's number and how it is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// 15 random bits.
    identifier: u16,
    /// Whether another set of the same secret and passphrase may stand beside this one (SLIP-0039 "extendable backup").
    extendable: bool,
    /// How often the iterations of the cipher are doubled, 0 to 15.
    exponent: u8,
    /// How many groups are needed, 1 to `groups`.
    group_threshold: u8,
    /// How many groups there are, 1 to 16.
    groups: u8,
    /// What was split.
    contents: Contents,
}

/// What a set's shares rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    /// The secret itself: SLIP-39.
    Bare,
    /// The secret with its length and random octets behind it.
    Padded,
}

impl Set {
    /// The set's number: 15 bits.
    pub const fn identifier(&self) -> u16 {
        self.identifier
    }

    /// How many groups are needed.
    pub const fn group_threshold(&self) -> u8 {
        self.group_threshold
    }

    /// How many groups there are.
    pub const fn groups(&self) -> u8 {
        self.groups
    }

    /// The five octets that SLIP-39 begins a share with, of this set with a place in it.
    fn header(self, group: u8, index: u8, threshold: u8) -> [u8; HEADER_OCTETS] {
        let first = u64::from(self.identifier & 0x7fff) << 5
            | u64::from(self.extendable) << 4
            | u64::from(self.exponent & 15);
        let nibbles = [
            group,
            self.group_threshold.wrapping_sub(1),
            self.groups.wrapping_sub(1),
            index,
            threshold.wrapping_sub(1),
        ];
        let all = nibbles.iter().fold(first, |all, nibble| all << 4 | u64::from(nibble & 15));
        let [_, _, _, header @ ..] = all.to_be_bytes();
        header
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.identifier)
    }
}

/// One share of a set.
///
/// ```compile_fail,E0277
/// fn print(share: rootrite::share::Share) -> String {
///     format!("{share:?}")
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn copy(share: &rootrite::share::Share) -> rootrite::share::Share {
///     share.clone()
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn serialise(_: impl serde::Serialize) {}
/// fn write(share: rootrite::share::Share) {
///     serialise(share);
/// }
/// ```
pub struct Share {
    set: Set,
    /// Which group, from 0.
    group: u8,
    /// Which member of its group, from 0: where the polynomial is evaluated.
    index: u8,
    /// How many members the group needs, 1 to 16.
    threshold: u8,
    value: SecretOctets,
}

impl Share {
    /// The set it belongs to.
    pub const fn set(&self) -> &Set {
        &self.set
    }

    /// Which group it belongs to, counted from 1.
    pub const fn group(&self) -> u8 {
        self.group + 1
    }

    /// Which share of its group it is, counted from 1.
    pub const fn number(&self) -> u8 {
        self.index + 1
    }

    /// How many shares of its group are needed.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many octets its secret has, or had with its padding.
    pub const fn octets(&self) -> usize {
        self.value.len()
    }

    /// The share of a header and a value; nothing if the header needs more groups than it says there are.
    fn from_header(header: [u8; HEADER_OCTETS], contents: Contents, value: SecretOctets) -> Option<Self> {
        let all = header.iter().fold(0_u64, |all, octet| all << 8 | u64::from(*octet));
        let nibble = |place: u32| u8::try_from(all >> (4 * place) & 15).unwrap_or_default();
        let set = Set {
            identifier: u16::try_from(all >> 25 & 0x7fff).unwrap_or_default(),
            extendable: all >> 24 & 1 == 1,
            exponent: nibble(5),
            group_threshold: nibble(3) + 1,
            groups: nibble(2) + 1,
            contents,
        };
        let share = Self { set, group: nibble(4), index: nibble(1), threshold: nibble(0) + 1, value };
        (set.group_threshold <= set.groups).then_some(share)
    }

    fn header(&self) -> [u8; HEADER_OCTETS] {
        self.set.header(self.group, self.index, self.threshold)
    }
}

/// Octets that say in clear what a share is.
const HEADER_OCTETS: usize = 5;

//! A secret into shares: groups, thresholds, and a number for the set.

use thiserror::Error;

use super::cipher::{Passphrase, Rounds};
use super::random::{NoRandom, Random};
use super::sharing::split;
use super::{Contents, Set, Share, padding};
use crate::secret::SecretOctets;

/// A group of holders: how many there are and how many of them are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    threshold: u8,
    count: u8,
}

impl Group {
    /// `threshold` of `count` shares.
    ///
    /// # Errors
    ///
    /// [`DealError`] unless 1 to 16 shares are made and the threshold is 1 to as many; where one is enough, there is one
    /// only (SLIP-0039: two of them would be the same).
    pub fn new(threshold: u8, count: u8) -> Result<Self, DealError> {
        match (threshold, count) {
            (_, 0 | MOST_SHARES..) => Err(DealError::Count { count }),
            (0, _) => Err(DealError::Threshold { threshold, count }),
            _ if threshold > count => Err(DealError::Threshold { threshold, count }),
            (1, 2..) => Err(DealError::SameForAll { count }),
            _ => Ok(Self { threshold, count }),
        }
    }
}

/// How a secret is divided.
#[derive(Clone, Debug)]
pub struct Scheme {
    group_threshold: u8,
    groups: Vec<Group>,
    extendable: bool,
    exponent: u8,
}

impl Scheme {
    /// One group.
    ///
    /// # Errors
    ///
    /// [`DealError`] as for [`Group::new`].
    pub fn single(threshold: u8, count: u8) -> Result<Self, DealError> {
        Self::groups(1, vec![Group::new(threshold, count)?])
    }

    /// Several groups, of which `threshold` are needed.
    ///
    /// # Errors
    ///
    /// [`DealError`] unless there are 1 to 16 groups and the threshold is 1 to as many.
    pub fn groups(threshold: u8, groups: Vec<Group>) -> Result<Self, DealError> {
        let count = u8::try_from(groups.len()).unwrap_or(u8::MAX);
        match (threshold, count) {
            (_, 0 | MOST_SHARES..) => Err(DealError::Groups { count: groups.len() }),
            (0, _) => Err(DealError::Threshold { threshold, count }),
            _ if threshold > count => Err(DealError::Threshold { threshold, count }),
            _ => Ok(Self { group_threshold: threshold, groups, extendable: true, exponent: 0 }),
        }
    }

    /// Whether other sets of the same secret and passphrase may stand beside this one; they may unless it is said
    /// (SLIP-0039 "extendable backup flag").
    #[must_use]
    pub fn extendable(mut self, extendable: bool) -> Self {
        self.extendable = extendable;
        self
    }

    /// How often the iterations that a passphrase takes are doubled, 0 to 15; 0 unless it is said.
    ///
    /// # Errors
    ///
    /// [`DealError::Exponent`] above 15.
    pub fn exponent(mut self, exponent: u8) -> Result<Self, DealError> {
        if exponent > 15 {
            return Err(DealError::Exponent { exponent });
        }
        self.exponent = exponent;
        Ok(self)
    }
}

/// Splits a secret of 16 to 64 octets by SLIP-39; the shares of each group, in order.
///
/// # Errors
///
/// [`DealError`] for a secret of another length or an odd one, or without random octets.
pub fn deal(
    secret: &SecretOctets,
    scheme: &Scheme,
    passphrase: &Passphrase,
    random: &mut dyn Random,
) -> Result<Vec<Vec<Share>>, DealError> {
    if !(FEWEST_OCTETS..=MOST_OCTETS).contains(&secret.len()) || secret.len() % 2 == 1 {
        return Err(DealError::Length { octets: secret.len() });
    }
    dealt(secret, scheme, Contents::Bare, passphrase, random)
}

/// Splits a secret of 1 to 255 octets, such as a PIN, of which a share does not tell the length; no passphrase.
///
/// # Errors
///
/// [`DealError`] for a secret of another length, or without random octets.
pub fn deal_any(
    secret: &SecretOctets,
    scheme: &Scheme,
    random: &mut dyn Random,
) -> Result<Vec<Vec<Share>>, DealError> {
    let padded = padding::pad(secret, random)?.ok_or(DealError::AnyLength { octets: secret.len() })?;
    dealt(&padded, scheme, Contents::Padded, &Passphrase::none(), random)
}

fn dealt(
    secret: &SecretOctets,
    scheme: &Scheme,
    contents: Contents,
    passphrase: &Passphrase,
    random: &mut dyn Random,
) -> Result<Vec<Vec<Share>>, DealError> {
    let mut identifier = [0; 2];
    random.fill(&mut identifier)?;
    let identifier = u16::from_be_bytes(identifier) & 0x7fff;
    let rounds = Rounds { identifier, extendable: scheme.extendable, exponent: scheme.exponent };
    let encrypted = rounds.encrypt(secret, passphrase).ok_or(DealError::Length { octets: secret.len() })?;
    let groups = u8::try_from(scheme.groups.len()).unwrap_or(u8::MAX);
    let set = Set {
        identifier,
        extendable: scheme.extendable,
        exponent: scheme.exponent,
        group_threshold: scheme.group_threshold,
        groups,
        contents,
    };
    let secrets = split(&encrypted, scheme.group_threshold, groups, random)?;
    let mut all = Vec::with_capacity(secrets.len());
    for ((number, secret), group) in (0..).zip(&secrets).zip(&scheme.groups) {
        let values = split(secret, group.threshold, group.count, random)?;
        let share = |(index, value)| Share { set, group: number, index, threshold: group.threshold, value };
        all.push((0..).zip(values).map(share).collect());
    }
    Ok(all)
}

/// Why a secret was not split.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DealError {
    /// No share, or too many.
    #[error("found {count} shares in a group; wanted 1 to 16")]
    Count {
        /// How many.
        count: u8,
    },
    /// No group, or too many.
    #[error("found {count} groups; wanted 1 to 16")]
    Groups {
        /// How many.
        count: usize,
    },
    /// A threshold that cannot be.
    #[error("found a threshold of {threshold}; wanted 1 to {count}, as many as there are")]
    Threshold {
        /// The threshold.
        threshold: u8,
        /// How many there are.
        count: u8,
    },
    /// Several shares that would be the same.
    #[error(
        "found {count} shares of which one is enough: they would be the same; wanted one share, or a threshold of 2 or more"
    )]
    SameForAll {
        /// How many.
        count: u8,
    },
    /// Too many iterations.
    #[error("found the iteration exponent {exponent}; wanted 0 to 15")]
    Exponent {
        /// The exponent.
        exponent: u8,
    },
    /// A secret that SLIP-39 cannot carry.
    #[error("the secret has {octets} octets; wanted an even number from 16 to 64")]
    Length {
        /// How many.
        octets: usize,
    },
    /// A secret that cannot be padded.
    #[error("the secret has {octets} octets; wanted 1 to 255")]
    AnyLength {
        /// How many.
        octets: usize,
    },
    /// No random octets.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// One more than there can be of shares in a group and of groups.
const MOST_SHARES: u8 = 17;

/// 128 bits.
const FEWEST_OCTETS: usize = 16;

/// 512 bits.
const MOST_OCTETS: usize = 64;

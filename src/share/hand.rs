//! Shares that were laid down, one after the other, until there are enough: each is looked at before it is taken.

use thiserror::Error;

use super::cipher::{Passphrase, Rounds};
use super::sharing::rebuild;
use super::{Contents, Set, Share, padding};
use crate::secret::SecretOctets;

/// The shares that are there so far.
#[derive(Default)]
pub struct Hand {
    shares: Vec<Share>,
}

impl Hand {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { shares: Vec::new() }
    }

    /// Takes a share that belongs to those which are there; any is the first.
    ///
    /// # Errors
    ///
    /// [`WrongShare`]: why it does not belong to them; then nothing is changed.
    pub fn lay(&mut self, share: Share) -> Result<(), WrongShare> {
        if let Some(first) = self.shares.first() {
            same_set(first, &share)?;
        }
        let group: Vec<(usize, &Share)> =
            (1..).zip(&self.shares).filter(|(_, other)| other.group == share.group).collect();
        if let Some((_, other)) = group.first()
            && other.threshold != share.threshold
        {
            let (found, wanted) = (share.threshold, other.threshold);
            return Err(WrongShare::Threshold { group: share.group(), found, wanted });
        }
        if let Some((place, other)) = group.iter().find(|(_, other)| other.index == share.index) {
            let place = *place;
            return Err(if other.value.is_same(&share.value) {
                WrongShare::Twice { place }
            } else {
                WrongShare::Conflict { place, number: share.number() }
            });
        }
        if group.len() >= share.threshold.into() {
            return Err(WrongShare::GroupFull { group: share.group(), threshold: share.threshold });
        }
        let new_group = group.is_empty() && !self.shares.is_empty();
        if new_group && self.groups().len() >= share.set.group_threshold.into() {
            return Err(WrongShare::EnoughGroups {
                group: share.group(),
                threshold: share.set.group_threshold,
            });
        }
        self.shares.push(share);
        Ok(())
    }

    /// How many shares are there.
    pub fn count(&self) -> usize {
        self.shares.len()
    }

    /// How many shares are missing still, as far as those which are there say it: of a group that has none, one share says
    /// nothing. Nothing while there is none at all.
    pub fn missing(&self) -> Option<usize> {
        let set = self.set()?;
        let members = |group: u8| self.shares.iter().filter(move |share| share.group == group);
        let of_group = |group: &u8| {
            let needed = members(*group).next().map_or(0, |share| usize::from(share.threshold));
            needed.saturating_sub(members(*group).count())
        };
        let groups = self.groups();
        let further = usize::from(set.group_threshold).saturating_sub(groups.len());
        Some(groups.iter().map(of_group).sum::<usize>() + further)
    }

    /// Which set they belong to; nothing while there is none.
    pub fn set(&self) -> Option<&Set> {
        self.shares.first().map(Share::set)
    }

    /// What is missing still; nothing if the secret can be rebuilt.
    ///
    /// # Errors
    ///
    /// [`CombineError`]: what is missing.
    pub fn is_enough(&self) -> Result<(), CombineError> {
        let Some(set) = self.set() else { return Err(CombineError::Nothing) };
        for group in self.groups() {
            let members = self.shares.iter().filter(|share| share.group == group);
            let (found, wanted) = members.fold((0, 0), |(found, _), share| (found + 1, share.threshold));
            if found < wanted {
                return Err(CombineError::TooFew { group: group + 1, found, wanted });
            }
        }
        let found = u8::try_from(self.groups().len()).unwrap_or(u8::MAX);
        if found < set.group_threshold {
            return Err(CombineError::TooFewGroups { found, wanted: set.group_threshold });
        }
        Ok(())
    }

    /// Rebuilds the secret.
    ///
    /// A wrong passphrase is not noticed: it gives another secret (SLIP-0039).
    ///
    /// # Errors
    ///
    /// [`CombineError`]: what is missing, or that the shares do not belong together after all.
    pub fn combine(&self, passphrase: &Passphrase) -> Result<SecretOctets, CombineError> {
        self.is_enough()?;
        let set = self.set().copied().ok_or(CombineError::Nothing)?;
        let mut secrets = Vec::new();
        for group in self.groups() {
            let members = self.shares.iter().filter(|share| share.group == group);
            let points: Vec<(u8, &SecretOctets)> = members.map(|share| (share.index, &share.value)).collect();
            secrets.push((group, rebuild(&points).ok_or(CombineError::Group { group: group + 1 })?));
        }
        let points: Vec<(u8, &SecretOctets)> =
            secrets.iter().map(|(group, secret)| (*group, secret)).collect();
        let encrypted = rebuild(&points).ok_or(CombineError::Set)?;
        let Set { identifier, extendable, exponent, contents, .. } = set;
        let secret = Rounds { identifier, extendable, exponent }.decrypt(&encrypted, passphrase);
        let secret = secret.ok_or(CombineError::Set)?;
        match contents {
            Contents::Bare => Ok(secret),
            Contents::Padded => padding::unpad(&secret).ok_or(CombineError::Set),
        }
    }

    /// Every group of which a share is there, once.
    fn groups(&self) -> Vec<u8> {
        let mut groups: Vec<u8> = self.shares.iter().map(|share| share.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// Whether two shares say the same of their set.
fn same_set(first: &Share, share: &Share) -> Result<(), WrongShare> {
    let (wanted, found) = (first.set, share.set);
    if found.contents != wanted.contents {
        return Err(WrongShare::Kind);
    }
    if found.identifier != wanted.identifier {
        return Err(WrongShare::OtherSet { found, wanted });
    }
    let difference = [
        ("iteration exponent", found.exponent != wanted.exponent),
        ("extendable flag", found.extendable != wanted.extendable),
        ("group threshold", found.group_threshold != wanted.group_threshold),
        ("number of groups", found.groups != wanted.groups),
        ("length", share.value.len() != first.value.len()),
    ];
    match difference.iter().find(|(_, differs)| *differs) {
        Some((what, _)) => Err(WrongShare::Differs { what }),
        None => Ok(()),
    }
}

/// Why a share does not belong to those that are there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongShare {
    /// Of another set.
    #[error("the share is of set {found}; wanted one of set {wanted}")]
    OtherSet {
        /// Its set.
        found: Set,
        /// The set of the others.
        wanted: Set,
    },
    /// SLIP-39 beside our own kind.
    #[error(
        "the share is of another kind than the others: words of SLIP-39 on one side, a share of a PIN on the other"
    )]
    Kind,
    /// The same number of a set, and yet something else.
    #[error("the share has the set's number and another {what}: it is of another set")]
    Differs {
        /// What differs.
        what: &'static str,
    },
    /// A group's threshold is another.
    #[error(
        "the share says that group {group} needs {found} shares, the others of the group say {wanted}: it is of another set"
    )]
    Threshold {
        /// Which group.
        group: u8,
        /// What it says.
        found: u8,
        /// What the others say.
        wanted: u8,
    },
    /// The same share.
    #[error("the share is already there: it is number {place} of those that were given")]
    Twice {
        /// Which one it is, counted from 1.
        place: usize,
    },
    /// Another share with the same number.
    #[error(
        "the share says that it is share {number} of its group, and so does number {place} of those that were given, which is another: one of the two is of another set"
    )]
    Conflict {
        /// Which one, counted from 1.
        place: usize,
        /// The share's own number.
        number: u8,
    },
    /// There are enough of this group.
    #[error("group {group} has the {threshold} shares that it needs; this one is too many")]
    GroupFull {
        /// Which group.
        group: u8,
        /// How many it needs.
        threshold: u8,
    },
    /// There are enough groups.
    #[error(
        "the {threshold} groups that are needed are there; this share is of a further one, group {group}"
    )]
    EnoughGroups {
        /// Which group.
        group: u8,
        /// How many are needed.
        threshold: u8,
    },
}

/// Why shares give no secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombineError {
    /// No share.
    #[error("there is no share")]
    Nothing,
    /// Too few of a group.
    #[error("found {found} shares of group {group}; wanted {wanted}")]
    TooFew {
        /// Which group.
        group: u8,
        /// How many are there.
        found: u8,
        /// How many are wanted.
        wanted: u8,
    },
    /// Too few groups.
    #[error("found shares of {found} groups; wanted {wanted} groups")]
    TooFewGroups {
        /// How many are there.
        found: u8,
        /// How many are wanted.
        wanted: u8,
    },
    /// A group's digest does not fit.
    #[error(
        "the shares of group {group} do not belong together: at least one of them is not what it was when it was dealt"
    )]
    Group {
        /// Which group.
        group: u8,
    },
    /// The set's digest does not fit.
    #[error("the shares do not belong together: at least one of them is not what it was when it was dealt")]
    Set,
}

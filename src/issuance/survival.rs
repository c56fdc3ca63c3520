//! Which losses a key survives, from the log alone.
//!
//! A key is there as long as one token that has it is there, or one wrapped copy and as many sheets as the threshold. Where
//! things are kept the log does not say: name what a place has together.

use std::collections::BTreeSet;

use super::{DividedSecret, KeyBackup, KnownShare, Ledger, LeftSet, Shares};

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survival {
    /// Its name.
    pub key: String,
    /// The tokens that have it.
    pub tokens: BTreeSet<String>,
    /// Its backup in shares, if it has one.
    pub backup: Option<KeyBackup>,
    /// What is left somewhere of sets that count for nothing any more, with the media of theirs that are left.
    pub left: Vec<LeftSet>,
}

impl Survival {
    /// Every key of the log that was not destroyed, by name.
    pub fn of_all(ledger: &Ledger) -> Vec<Self> {
        let mut all: Vec<Self> = ledger
            .logged_keys()
            .filter(|key| key.live && !ledger.possessions.is_destroyed(&key.name))
            .map(|key| {
                let of_key = ledger.backups.all().iter().filter(|backup| backup.key == key.name);
                let restored = of_key.flat_map(|backup| backup.restored.iter().cloned());
                let backup = ledger.backups.of_key(&key.name).filter(|backup| !backup.set.is_empty());
                let left = backup.map(|backup| left_of(backup, ledger));
                Self {
                    key: key.name.clone(),
                    tokens: restored.chain([key.token.clone()]).collect(),
                    backup: backup.cloned(),
                    left: left.unwrap_or_default(),
                }
            })
            .collect();
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all
    }

    /// Whether the key is still there without these things.
    pub fn survives(&self, lost: &BTreeSet<&str>) -> bool {
        if self.tokens.iter().any(|token| !lost.contains(token.as_str())) {
            return true;
        }
        let Some(backup) = &self.backup else { return false };
        backup.division().is_enough(&there(&backup.set, &backup.shares, lost))
            && backup.copies.iter().any(|copy| !lost.contains(copy.as_str()))
    }

    /// Everything that can be lost of it: tokens, holders, sheets, media.
    pub fn things(&self) -> BTreeSet<String> {
        let backup = self.backup.iter().flat_map(|backup| backup.copies.iter().cloned());
        let sheets = self.sheets().into_iter().flat_map(|(holder, sheet)| [holder, sheet]);
        self.tokens.iter().cloned().chain(backup).chain(sheets).collect()
    }

    /// Each thing whose loss alone loses the key.
    pub fn alone(&self) -> Vec<String> {
        self.things().into_iter().filter(|thing| !self.survives(&BTreeSet::from([thing.as_str()]))).collect()
    }

    /// Whoever has a share, and what the sheet is called where it is in a bag.
    pub fn sheets(&self) -> Vec<(String, String)> {
        let Some(backup) = &self.backup else { return Vec::new() };
        sheets_of(&backup.set, &backup.shares)
    }
}

/// Where a secret is that was divided: with its holders, and nowhere else that the log knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSurvival {
    /// The last set of its shares that counts.
    pub secret: DividedSecret,
    /// What is left somewhere of sets before that.
    pub left: Vec<LeftSet>,
}

impl SecretSurvival {
    /// Every secret of the log, by name.
    pub fn of_all(ledger: &Ledger) -> Vec<Self> {
        let backups = &ledger.backups;
        let names: BTreeSet<&str> = backups.secrets().iter().map(|secret| secret.name.as_str()).collect();
        let all = names.into_iter().filter_map(|name| backups.secret(name));
        all.map(|secret| Self { secret: secret.clone(), left: backups.left_of_secret(secret) }).collect()
    }

    /// Whether as many sheets as it takes are still there without these things.
    pub fn survives(&self, lost: &BTreeSet<&str>) -> bool {
        self.secret.division().is_enough(&there(&self.secret.set, &self.secret.shares, lost))
    }

    /// Everything that can be lost of it: holders and sheets.
    pub fn things(&self) -> BTreeSet<String> {
        self.sheets().into_iter().flat_map(|(holder, sheet)| [holder, sheet]).collect()
    }

    /// Each thing whose loss alone loses the secret.
    pub fn alone(&self) -> Vec<String> {
        self.things().into_iter().filter(|thing| !self.survives(&BTreeSet::from([thing.as_str()]))).collect()
    }

    /// Whoever has a share, and what the sheet is called where it is in a bag.
    pub fn sheets(&self) -> Vec<(String, String)> {
        sheets_of(&self.secret.set, &self.secret.shares)
    }
}

/// Whoever has a share of a set, and what the sheet is called where it is in a bag.
fn sheets_of(set: &str, shares: &Shares) -> Vec<(String, String)> {
    shares.iter().map(|(index, share)| (share.holder.clone(), sheet(set, *index))).collect()
}

/// The numbers of the shares that neither they nor their holders are lost with these things.
fn there(set: &str, shares: &Shares, lost: &BTreeSet<&str>) -> BTreeSet<u64> {
    let is_there = |(index, share): &(&u64, &KnownShare)| {
        !lost.contains(share.holder.as_str()) && !lost.contains(sheet(set, **index).as_str())
    };
    shares.iter().filter(is_there).map(|(index, _)| *index).collect()
}

fn sheet(set: &str, index: u64) -> String {
    format!("share-{set}-{index}")
}

/// What is left of the sets before the one that counts. Of their media: those that nobody has destroyed before the others.
fn left_of(backup: &KeyBackup, ledger: &Ledger) -> Vec<LeftSet> {
    let surviving = ledger.possessions.surviving(backup.spki_sha256);
    let is_left = |copy: &String| surviving.contains(&format!("wrapped copy on {copy}"));
    let mut left = ledger.backups.left_of(backup.spki_sha256, &[&backup.set]);
    for set in &mut left {
        set.copies.retain(is_left);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::stage::{Groups, HolderGroup};

    fn survival(tokens: &[&str]) -> Survival {
        let share = |number: u64| {
            let commitment = Digest::of(b"");
            let holder = format!("h{number}");
            let confirmed = true;
            (
                number,
                KnownShare {
                    holder,
                    commitment,
                    salt_digest: None,
                    confirmed,
                    returned: false,
                    missing: false,
                    sent: None,
                },
            )
        };
        let backup = KeyBackup {
            key: "root".into(),
            spki_sha256: Digest::of(b""),
            format: "rfc5649".into(),
            blob_sha256: Digest::of(b""),
            copies: vec!["copy-1".into(), "copy-2".into()],
            set: "5a3f".into(),
            threshold: 2,
            share_count: 3,
            groups: None,
            check: String::new(),
            shares: (1..=3).map(share).collect(),
            restored: BTreeSet::new(),
        };
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        Survival { key: "root".into(), tokens, backup: Some(backup), left: vec![] }
    }

    #[test]
    fn a_key_survives_as_long_as_a_token_or_a_copy_and_enough_sheets() {
        let key = survival(&["a", "b"]);
        for (lost, survives) in [
            (&["a", "h1", "h2", "h3", "copy-1", "copy-2"][..], true),
            (&["a", "b"], true),
            (&["a", "b", "h1", "copy-2"], true),
            (&["a", "b", "share-5a3f-1", "h1"], true),
            (&["a", "b", "share-5a3f-1", "h2"], false),
            (&["a", "b", "copy-1", "copy-2"], false),
        ] {
            assert_eq!(key.survives(&lost.iter().copied().collect()), survives, "{lost:?}");
        }
        assert_eq!(key.alone(), Vec::<String>::new());
    }

    #[test]
    fn of_groups_as_many_sheets_as_it_takes_are_enough_only_if_they_are_of_the_right_groups() {
        let mut key = survival(&[]);
        let backup = key.backup.as_mut().unwrap();
        let group = |name: &str| HolderGroup::new(name, 2, 3).unwrap();
        let groups = Groups::new(2, vec![group("europe"), group("asia"), group("americas")]).unwrap();
        let one = backup.shares.values().next().unwrap().clone();
        let share = |number: u64| (number, KnownShare { holder: format!("h{number}"), ..one.clone() });
        backup.shares = (1..=9).map(share).collect();
        (backup.threshold, backup.share_count, backup.groups) = (4, 9, Some(groups));
        for (lost, survives) in [
            (&["h1", "h2", "h3", "h4", "h7"][..], true),
            (&["h1", "share-5a3f-4", "h7"], true),
            (&["h1", "h2", "h4", "h5"], false),
            (&["h1", "share-5a3f-2", "h4", "share-5a3f-5"], false),
        ] {
            assert_eq!(key.survives(&lost.iter().copied().collect()), survives, "{lost:?}");
        }
    }

    #[test]
    fn what_alone_loses_a_key_is_named() {
        let lonely = Survival { backup: None, ..survival(&["a"]) };
        assert_eq!(lonely.alone(), ["a"]);
        assert_eq!(survival(&["a"]).alone(), Vec::<String>::new());
        // Of a key that is on no token any more one copy is all that there is.
        let mut last = survival(&[]);
        last.backup.as_mut().unwrap().copies.pop();
        assert_eq!(last.alone(), ["copy-1"]);
    }
}

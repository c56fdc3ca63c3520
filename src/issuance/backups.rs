//! What the ceremony and its log know of backups: sets of shares and their sheets, wrapped copies, restored keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::stage::{Division, Groups};

/// Every backup that the log knows, and the keys that wait for theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    waiting: BTreeMap<String, String>,
    all: Vec<KeyBackup>,
    secrets: Vec<DividedSecret>,
}

/// Shares that holders were given, by their numbers.
pub type Shares = BTreeMap<u64, KnownShare>;

/// A secret in shares that is no key: a PIN, or whatever has a name in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DividedSecret {
    /// Its name.
    pub name: String,
    /// The set of its shares.
    pub set: String,
    /// How many shares it takes.
    pub threshold: usize,
    /// How many there are.
    pub share_count: usize,
    /// The groups of its holders, if there are several.
    pub groups: Option<Groups>,
    /// The shares that were handed out.
    pub shares: Shares,
}

impl DividedSecret {
    /// How it is divided.
    pub const fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.share_count, groups: self.groups.as_ref() }
    }

    /// Whether it counts: every holder has confirmed, and none has given a sheet back.
    pub fn is_whole(&self) -> bool {
        are_whole(&self.shares, self.share_count)
    }
}

/// Whether every holder has confirmed, and none has given a sheet back.
fn are_whole(shares: &Shares, count: usize) -> bool {
    let good = shares.values().filter(|share| share.confirmed && !share.returned && !share.missing).count();
    good == count && shares.len() == count
}

/// The sheets that nobody has destroyed before the others.
fn left_in(shares: &Shares) -> Shares {
    let left = shares.iter().filter(|(_, share)| !share.returned);
    left.map(|(index, share)| (*index, share.clone())).collect()
}

/// A backup of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBackup {
    /// The key's name.
    pub key: String,
    /// The digest of its public key.
    pub spki_sha256: Digest,
    /// What the wrapped key looks like, or `vendor`.
    pub format: String,
    /// The digest of the file on the media; of a vendor's backup, of the evidence.
    pub blob_sha256: Digest,
    /// The numbered media that hold it.
    pub copies: Vec<String>,
    /// The set of the key-encryption key's shares; empty for a vendor's backup.
    pub set: String,
    /// How many shares it takes.
    pub threshold: usize,
    /// How many there are.
    pub share_count: usize,
    /// The groups of their holders, if there are several.
    pub groups: Option<Groups>,
    /// The key-encryption key's check value, in hex.
    pub check: String,
    /// The shares that were handed out, by their numbers.
    pub shares: Shares,
    /// The tokens that the key was restored to.
    pub restored: BTreeSet<String>,
}

/// A share that somebody was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownShare {
    /// Who has it.
    pub holder: String,
    /// What it is known again by.
    pub commitment: Digest,
    /// Which item of the annex has the salt of that.
    pub salt_digest: Option<Digest>,
    /// Whether its holder has typed it back.
    pub confirmed: bool,
    /// Whether it was given back and destroyed.
    pub returned: bool,
    /// Whether it was not there when its set went.
    pub missing: bool,
    /// Where it lies encrypted for its holder's own key, if it does.
    pub sent: Option<SentShare>,
}

/// A share that lies encrypted on its holder's own medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentShare {
    /// The medium's name in the site.
    pub medium: String,
    /// The file there.
    pub file: String,
    /// The digest of that.
    pub sha256: Digest,
}

/// A set of shares that counts for nothing any more, and of which sheets are left somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftSet {
    /// The set.
    pub set: String,
    /// How many of its sheets open what it was for; of groups, the fewest.
    pub threshold: usize,
    /// How many there were.
    pub share_count: usize,
    /// The groups of their holders, if there were several.
    pub groups: Option<Groups>,
    /// The media that it was on.
    pub copies: Vec<String>,
    /// The sheets that are not accounted for, by their numbers.
    pub sheets: Shares,
}

impl KeyBackup {
    /// How its key-encryption key is divided.
    pub const fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.share_count, groups: self.groups.as_ref() }
    }

    /// Whether it counts: every holder has confirmed, and none has given a sheet back. A vendor's has no shares.
    pub fn is_whole(&self) -> bool {
        are_whole(&self.shares, self.share_count)
    }
}

impl LeftSet {
    /// How it was divided.
    pub const fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.share_count, groups: self.groups.as_ref() }
    }

    /// Whether the sheets that are left open what it was for.
    pub fn is_enough(&self) -> bool {
        self.division().is_enough(&self.sheets.keys().copied().collect())
    }
}

impl Backups {
    /// Learns of a secret in shares.
    pub fn add_secret(&mut self, secret: DividedSecret) {
        self.secrets.push(secret);
    }

    /// Every secret in shares, in the order of the log.
    pub fn secrets(&self) -> &[DividedSecret] {
        &self.secrets
    }

    /// The last set of a secret that counts.
    pub fn secret(&self, name: &str) -> Option<&DividedSecret> {
        let of_name = |secret: &&DividedSecret| secret.name == name && !secret.set.is_empty();
        self.secrets.iter().filter(of_name).rfind(|secret| secret.is_whole())
    }

    /// What is left of sets of a secret's shares before the last one that counts.
    pub fn left_of_secret(&self, counts: &DividedSecret) -> Vec<LeftSet> {
        let of_name = self.secrets.iter().filter(|secret| secret.name == counts.name);
        let gone = of_name.filter(|secret| !secret.set.is_empty() && secret.set != counts.set);
        let left = gone.map(|secret| LeftSet {
            set: secret.set.clone(),
            threshold: secret.threshold,
            share_count: secret.share_count,
            groups: secret.groups.clone(),
            copies: Vec::new(),
            sheets: left_in(&secret.shares),
        });
        left.filter(|left| !left.sheets.is_empty()).collect()
    }

    /// A secret by its set of shares, to learn more of it.
    pub fn secret_of_set(&mut self, name: &str, set: &str) -> Option<&mut DividedSecret> {
        self.secrets.iter_mut().rfind(|secret| secret.name == name && secret.set == set)
    }

    /// A key is generated that has to be backed up before it is live; `method`: `wrapped` or `vendor`.
    pub fn wait_for(&mut self, key: &str, method: &str) {
        self.waiting.insert(key.to_owned(), method.to_owned());
    }

    /// How a key has to be backed up that waits for it.
    pub fn waits(&self, key: &str) -> Option<&str> {
        self.waiting.get(key).map(String::as_str)
    }

    /// A key's backup is proven.
    pub fn is_proven(&mut self, key: &str) {
        self.waiting.remove(key);
    }

    /// The keys that wait for their backup.
    pub fn waiting(&self) -> impl Iterator<Item = &str> {
        self.waiting.keys().map(String::as_str)
    }

    /// Learns of a backup.
    pub fn add(&mut self, backup: KeyBackup) {
        self.all.push(backup);
    }

    /// The last backup of a key that counts.
    pub fn of_key(&self, key: &str) -> Option<&KeyBackup> {
        self.all.iter().rfind(|backup| backup.key == key && backup.is_whole())
    }

    /// Every backup, in the order of the log.
    pub fn all(&self) -> &[KeyBackup] {
        &self.all
    }

    /// The last backup of a key by its public key, to learn more of it.
    pub fn last_of(&mut self, spki_sha256: Digest) -> Option<&mut KeyBackup> {
        self.all.iter_mut().rfind(|backup| backup.spki_sha256 == spki_sha256)
    }

    /// A copy of a key on a token was destroyed.
    pub fn is_gone_from(&mut self, spki_sha256: Digest, token: &str) {
        for backup in self.all.iter_mut().filter(|backup| backup.spki_sha256 == spki_sha256) {
            backup.restored.remove(token);
        }
    }

    /// What is left of the sets of a key's shares that count for nothing any more: each set, and its sheets that nobody has
    /// destroyed before the others. `but`: the set that counts, and sets that are seen to.
    pub fn left_of(&self, spki_sha256: Digest, but: &[&str]) -> Vec<LeftSet> {
        let of_key = self.all.iter().filter(|backup| backup.spki_sha256 == spki_sha256);
        let gone = of_key.filter(|backup| !backup.set.is_empty() && !but.contains(&backup.set.as_str()));
        let left = gone.map(|backup| LeftSet {
            set: backup.set.clone(),
            threshold: backup.threshold,
            share_count: backup.share_count,
            groups: backup.groups.clone(),
            copies: backup.copies.clone(),
            sheets: left_in(&backup.shares),
        });
        left.filter(|left| !left.sheets.is_empty()).collect()
    }

    /// A backup by its set of shares.
    pub fn of_set(&mut self, set: &str) -> Option<&mut KeyBackup> {
        self.all.iter_mut().rfind(|backup| backup.set == set)
    }
}

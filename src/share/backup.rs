//! The file of a wrapped key: a text that says everything that is needed beside the shares, and nothing secret without them.
//!
//! ```text
//! rootrite-backup: 1
//! key: root-x1
//! algorithm: ecdsa-p384
//! format: rfc5649
//! set: 5a3f
//! threshold: 3
//! shares: 5
//! check: 0123456789abcdef
//! -----BEGIN PUBLIC KEY-----
//! …
//! -----END PUBLIC KEY-----
//! -----BEGIN WRAPPED KEY-----
//! …
//! -----END WRAPPED KEY-----
//! sha256: …
//! ```
//!
//! Where holders are in groups it is version 2: `group-threshold: 2`, how many groups are needed, and
//! `groups: europe 2 of 3, safe 1 of 1, asia 3 of 4`, in the order of their numbers, stand in the place of threshold and shares.
//!
//! The rules of this file:
//! - One backup has one text: what is read is written again and has to be the same octets.
//! - A changed octet is found by the digest in the last line, which is over all lines before it.
//! - Who has nothing but openssl and an editor cuts the second block out: `openssl base64 -d`, then
//!   `openssl enc -d -id-aes256-wrap-pad -iv A65959A6` for `rfc5649`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::deal::Group;
use crate::digest::{Digest, from_hex, hex};
use crate::secret::Secret;

/// A private key wrapped under a key-encryption key that is in shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    key: String,
    algorithm: String,
    format: String,
    set: String,
    threshold: u8,
    shares: u8,
    groups: Vec<NamedGroup>,
    check: KeyCheck,
    spki: Vec<u8>,
    wrapped: Vec<u8>,
}

/// What a backup is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The key's label: 1 to 128 octets, nothing that cannot be seen.
    pub key: String,
    /// What kind of key it is, such as `ecdsa-p384`.
    pub algorithm: String,
    /// What the wrapped key looks like, such as `rfc5649`.
    pub format: String,
    /// The set of shares of the key-encryption key.
    pub set: String,
    /// How many shares are needed; where there are groups, how many groups.
    pub threshold: u8,
    /// How many there are; where there are groups, how many groups.
    pub shares: u8,
    /// The groups of holders, in the order of their numbers; none where all holders are in one.
    pub groups: Vec<NamedGroup>,
    /// The key-encryption key's check value.
    pub check: KeyCheck,
    /// The public key: DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The wrapped private key.
    pub wrapped: Vec<u8>,
}

/// A group of holders, of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGroup {
    /// Its name: 1 to 32 of a-z, 0-9 and -.
    pub name: String,
    /// How many of its shares are needed.
    pub threshold: u8,
    /// How many it has: 1 to 16.
    pub shares: u8,
}

impl NamedGroup {
    /// The groups of a line: `europe 2 of 3, safe 1 of 1, asia 3 of 4`.
    fn read_all(line: &str) -> Option<Vec<Self>> {
        let group = |text: &str| {
            let (name, of) = text.split_once(' ')?;
            let (threshold, shares) = of.split_once(" of ")?;
            let (threshold, shares) = (threshold.parse().ok()?, shares.parse().ok()?);
            Some(Self { name: name.to_owned(), threshold, shares })
        };
        line.split(", ").map(group).collect()
    }

    /// Whether there can be such groups; none are one without a name.
    fn are_good(all: &[Self]) -> bool {
        let name = |name: &str| {
            (1..=32).contains(&name.len())
                && name.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let names: BTreeSet<&str> = all.iter().map(|group| group.name.as_str()).collect();
        let good = |group: &Self| name(&group.name) && Group::new(group.threshold, group.shares).is_ok();
        all.len() != 1 && names.len() == all.len() && all.iter().all(good)
    }
}

/// By which a key-encryption key is known again: the first 8 octets of SHA-256 over a name and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCheck([u8; 8]);

impl KeyCheck {
    /// The check value of a key of 256 random bits: it says nothing of the key that trying would not.
    pub fn of(kek: &Secret<32>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"rootrite key-encryption key check 1\0");
        kek.expose(|octets| hash.update(octets));
        let digest: [u8; 32] = hash.finalize().into();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// The octets.
    pub const fn octets(&self) -> &[u8; 8] {
        &self.0
    }
}

impl Backup {
    /// What every file of a wrapped key begins with.
    pub const START: &'static str = "rootrite-backup: ";

    /// The most octets that a file may have.
    pub const MAX_OCTETS: usize = 65_536;

    /// A backup of these parts.
    ///
    /// # Errors
    ///
    /// [`BackupError::Value`]: which of them cannot be written so that it is read again.
    pub fn new(parts: Parts) -> Result<Self, BackupError> {
        let Parts { key, algorithm, format, set, threshold, shares, groups, check, spki, wrapped } = parts;
        let visible =
            |text: &str| text.chars().all(|character| !character.is_control()) && text.trim() == text;
        let word = |text: &str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        for (field, good) in [
            ("key", (1..=128).contains(&key.len()) && visible(&key)),
            ("algorithm", word(&algorithm)),
            ("format", word(&format)),
            ("set", set.len() == 4 && set.bytes().all(|octet| matches!(octet, b'a'..=b'f' | b'0'..=b'9'))),
            ("shares", (1..=16).contains(&shares)),
            ("threshold", (1..=shares).contains(&threshold)),
            (
                "groups",
                NamedGroup::are_good(&groups) && (groups.is_empty() || groups.len() == usize::from(shares)),
            ),
            ("PUBLIC KEY", (1..=MOST_BLOCK).contains(&spki.len())),
            ("WRAPPED KEY", (16..=MOST_BLOCK).contains(&wrapped.len())),
        ] {
            if !good {
                return Err(BackupError::Value { field });
            }
        }
        Ok(Self { key, algorithm, format, set, threshold, shares, groups, check, spki, wrapped })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`BackupError`]: where it is not as it was written.
    pub fn read(octets: &[u8]) -> Result<Self, BackupError> {
        if octets.len() > Self::MAX_OCTETS {
            return Err(BackupError::TooLong { octets: octets.len() });
        }
        let text = std::str::from_utf8(octets).map_err(|_| BackupError::NotText)?;
        let mut lines = Lines { rest: text.split('\n').enumerate() };
        let grouped = match lines.field("rootrite-backup")? {
            "1" => false,
            "2" => true,
            _ => return Err(BackupError::Version),
        };
        let key = lines.field("key")?.to_owned();
        let algorithm = lines.field("algorithm")?.to_owned();
        let format = lines.field("format")?.to_owned();
        let set = lines.field("set")?.to_owned();
        let threshold = lines.number(if grouped { "group-threshold" } else { "threshold" })?;
        let (shares, groups) = if grouped {
            let groups = NamedGroup::read_all(lines.field("groups")?).filter(|groups| groups.len() > 1);
            let groups = groups.ok_or(BackupError::Value { field: "groups" })?;
            (u8::try_from(groups.len()).unwrap_or(u8::MAX), groups)
        } else {
            (lines.number("shares")?, Vec::new())
        };
        let check = from_hex(lines.field("check")?).and_then(|octets| octets.try_into().ok());
        let check = KeyCheck(check.ok_or(BackupError::Value { field: "check" })?);
        let spki = lines.block("PUBLIC KEY")?;
        let wrapped = lines.block("WRAPPED KEY")?;
        let sha256 = lines.field("sha256")?;
        let all = Parts { key, algorithm, format, set, threshold, shares, groups, check, spki, wrapped };
        let backup = Self::new(all)?;
        let unsigned = text.rfind("sha256: ").and_then(|end| text.get(..end)).unwrap_or_default();
        let found = Digest::of(unsigned.as_bytes()).to_string();
        if sha256 != found {
            return Err(BackupError::Changed { found, wanted: sha256.chars().take(64).collect() });
        }
        // Anything else that somebody could have written, such as other breaks of lines.
        if backup.text() != text {
            return Err(BackupError::NotAsWritten);
        }
        Ok(backup)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let Self { key, algorithm, format, set, threshold, shares, check, .. } = self;
        let group = |group: &NamedGroup| format!("{} {} of {}", group.name, group.threshold, group.shares);
        let groups: Vec<String> = self.groups.iter().map(group).collect();
        let (version, division) = if groups.is_empty() {
            (1, format!("threshold: {threshold}\nshares: {shares}\n"))
        } else {
            (2, format!("group-threshold: {threshold}\ngroups: {}\n", groups.join(", ")))
        };
        let mut text = format!(
            "rootrite-backup: {version}\nkey: {key}\nalgorithm: {algorithm}\nformat: {format}\nset: {set}\n\
             {division}check: {}\n",
            hex(&check.0)
        );
        for (name, octets) in [("PUBLIC KEY", &self.spki), ("WRAPPED KEY", &self.wrapped)] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "-----BEGIN {name}-----");
            let encoded = Base64::encode_string(octets);
            for line in encoded.as_bytes().chunks(COLUMNS) {
                text.extend(line.iter().map(|octet| char::from(*octet)));
                text.push('\n');
            }
            let _ = writeln!(text, "-----END {name}-----");
        }
        let sha256 = Digest::of(text.as_bytes());
        let _ = writeln!(text, "sha256: {sha256}");
        text
    }

    /// Whether the private key was wrapped under this key-encryption key, as far as its check value says.
    pub fn is_under(&self, kek: &Secret<32>) -> bool {
        KeyCheck::of(kek) == self.check
    }

    /// The key's label.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// What the wrapped key looks like.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// The set of shares.
    pub fn set(&self) -> &str {
        &self.set
    }

    /// How many shares are needed; where there are groups, how many groups.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many shares there are; where there are groups, how many groups.
    pub const fn shares(&self) -> u8 {
        self.shares
    }

    /// The groups of holders; none where all holders are in one.
    pub fn groups(&self) -> &[NamedGroup] {
        &self.groups
    }

    /// The public key: DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The wrapped private key.
    pub fn wrapped(&self) -> &[u8] {
        &self.wrapped
    }
}

/// Why a file is no backup.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackupError {
    /// Longer than any.
    #[error("the file has {octets} octets; a backup has at most {}", Backup::MAX_OCTETS)]
    TooLong {
        /// How many.
        octets: usize,
    },
    /// No text.
    #[error("the file has octets that are no UTF-8 text")]
    NotText,
    /// Another version.
    #[error("the file is of a version that this program does not know; wanted `rootrite-backup: 1`")]
    Version,
    /// A line is not what stands there in a backup.
    #[error("line {line} is not `{wanted}`")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What stands there in a backup.
        wanted: &'static str,
    },
    /// A value that no backup has.
    #[error("the value of `{field}` is none that a backup has")]
    Value {
        /// Of what.
        field: &'static str,
    },
    /// The digest is another one.
    #[error("the file was changed: its lines have the SHA-256 {found}, and the last one says {wanted}")]
    Changed {
        /// The digest of the lines.
        found: String,
        /// What the last line says.
        wanted: String,
    },
    /// The same content in other octets.
    #[error("the file is not written as a backup is, though it says the same")]
    NotAsWritten,
}

/// The lines of a file, one after the other.
struct Lines<'t> {
    rest: std::iter::Enumerate<std::str::Split<'t, char>>,
}

impl<'t> Lines<'t> {
    /// The value of a line `name: value`.
    fn field(&mut self, name: &'static str) -> Result<&'t str, BackupError> {
        let (number, line) = self.rest.next().unwrap_or((0, ""));
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
        value.ok_or(BackupError::Line { line: number + 1, wanted: name })
    }

    fn number(&mut self, name: &'static str) -> Result<u8, BackupError> {
        self.field(name)?.parse().map_err(|_| BackupError::Value { field: name })
    }

    /// The octets of a block.
    fn block(&mut self, name: &'static str) -> Result<Vec<u8>, BackupError> {
        let framed = |line: &str, edge: &str| {
            line.strip_prefix("-----").and_then(|rest| rest.strip_suffix("-----")).is_some_and(|inside| {
                inside.strip_prefix(edge).and_then(|rest| rest.strip_prefix(' ')) == Some(name)
            })
        };
        let (number, line) = self.rest.next().unwrap_or((0, ""));
        if !framed(line, "BEGIN") {
            return Err(BackupError::Line { line: number + 1, wanted: name });
        }
        let mut encoded = String::new();
        for (_, line) in self.rest.by_ref() {
            if framed(line, "END") {
                return Base64::decode_vec(&encoded).map_err(|_| BackupError::Value { field: name });
            }
            encoded.push_str(line);
        }
        Err(BackupError::Value { field: name })
    }
}

/// Characters of a line of base64.
const COLUMNS: usize = 64;

/// The most octets of a block: an RSA-16384 key wrapped has about 9,400.
const MOST_BLOCK: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    fn kek(octet: u8) -> Secret<32> {
        Secret::fill(|octets| octets.fill(octet))
    }

    fn parts() -> Parts {
        Parts {
            key: "root x1".into(),
            algorithm: "ecdsa-p384".into(),
            format: "rfc5649".into(),
            set: "5a3f".into(),
            threshold: 3,
            shares: 5,
            groups: Vec::new(),
            check: KeyCheck::of(&kek(7)),
            spki: vec![0x30; 120],
            wrapped: vec![0xa5; 88],
        }
    }

    #[test]
    fn a_backup_is_read_as_it_was_written() {
        let backup = Backup::new(parts()).unwrap();
        let text = backup.text();
        assert!(
            text.starts_with("rootrite-backup: 1\nkey: root x1\nalgorithm: ecdsa-p384\nformat: rfc5649\n")
        );
        assert_eq!(Backup::read(text.as_bytes()).unwrap(), backup);
        assert!(backup.is_under(&kek(7)) && !backup.is_under(&kek(8)));
        assert_eq!((backup.spki().len(), backup.wrapped().len(), backup.threshold()), (120, 88, 3));
    }

    /// Two of three groups.
    fn grouped() -> Parts {
        let group = |name: &str, threshold, shares| NamedGroup { name: name.into(), threshold, shares };
        let groups = vec![group("europe", 2, 3), group("safe", 1, 1), group("asia", 3, 16)];
        Parts { threshold: 2, shares: 3, groups, ..parts() }
    }

    #[test]
    fn groups_are_in_a_file_of_version_2_and_in_no_other() {
        let backup = Backup::new(grouped()).unwrap();
        let text = backup.text();
        let lines =
            "set: 5a3f\ngroup-threshold: 2\ngroups: europe 2 of 3, safe 1 of 1, asia 3 of 16\ncheck: ";
        assert!(text.starts_with("rootrite-backup: 2\nkey: root x1\n") && text.contains(lines), "{text}");
        assert_eq!(Backup::read(text.as_bytes()).unwrap(), backup);
        assert_eq!(backup.groups().len(), 3);
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from));
            Backup::read(text.replace(from, to).as_bytes()).unwrap_err()
        };
        let groups = BackupError::Value { field: "groups" };
        for (from, to) in [
            ("safe 1 of 1", "safe 1 of 2"),
            ("safe 1 of 1", "europe 1 of 1"),
            ("safe 1 of 1", "Safe 1 of 1"),
            ("safe 1 of 1", "safe 1"),
            ("asia 3 of 16", "asia 3 of 17"),
            (", safe 1 of 1, asia 3 of 16", ""),
        ] {
            assert_eq!(refused(from, to), groups, "{to}");
        }
        assert_eq!(refused("threshold: 2", "threshold: 4"), BackupError::Value { field: "threshold" });
        assert_eq!(refused("backup: 2", "backup: 1"), BackupError::Line { line: 6, wanted: "threshold" });
        let many = |mut parts: Parts| {
            parts.shares = 2;
            Backup::new(parts).unwrap_err()
        };
        assert_eq!(many(grouped()), groups);
    }

    #[test]
    fn every_changed_octet_is_found() {
        for parts in [parts(), grouped()] {
            every_octet_counts(parts);
        }
    }

    fn every_octet_counts(parts: Parts) {
        let text = Backup::new(parts).unwrap().text().into_bytes();
        for place in 0..text.len() {
            for change in [1, 0x20] {
                let mut changed = text.clone();
                changed[place] ^= change;
                assert!(Backup::read(&changed).is_err(), "octet {place}");
            }
            assert!(Backup::read(&text[..place]).is_err(), "{place} octets");
        }
        let longer = [text.as_slice(), b"\n"].concat();
        assert_eq!(Backup::read(&longer), Err(BackupError::NotAsWritten));
    }

    #[test]
    fn what_is_wrong_is_said_by_its_place() {
        let text = Backup::new(parts()).unwrap().text();
        let read = |text: String| Backup::read(text.as_bytes()).unwrap_err();
        assert_eq!(read(text.replace("backup: 1", "backup: 3")), BackupError::Version);
        assert_eq!(read(text.replace("format", "shape")), BackupError::Line { line: 4, wanted: "format" });
        assert_eq!(read(text.replace("shares: 5", "shares: 2")), BackupError::Value { field: "threshold" });
        assert_eq!(read(text.replace("5a3f", "5A3F")), BackupError::Value { field: "set" });
        let changed = read(text.replace("root x1", "root x2"));
        assert!(matches!(changed, BackupError::Changed { .. }), "{changed}");
        assert_eq!(read("x".repeat(65_537)), BackupError::TooLong { octets: 65_537 });
        assert_eq!(Backup::read(b"\xff"), Err(BackupError::NotText));
        assert_eq!(read(String::new()), BackupError::Line { line: 1, wanted: "rootrite-backup" });
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let refused = |change: fn(&mut Parts)| {
            let mut parts = parts();
            change(&mut parts);
            Backup::new(parts).unwrap_err()
        };
        assert_eq!(refused(|parts| parts.key = "a\nb".into()), BackupError::Value { field: "key" });
        assert_eq!(refused(|parts| parts.key = " a".into()), BackupError::Value { field: "key" });
        assert_eq!(
            refused(|parts| parts.algorithm = String::new()),
            BackupError::Value { field: "algorithm" }
        );
        assert_eq!(refused(|parts| parts.threshold = 6), BackupError::Value { field: "threshold" });
        assert_eq!(refused(|parts| parts.wrapped = vec![0; 8]), BackupError::Value { field: "WRAPPED KEY" });
    }
}

//! What a script says once for all its steps, resolved: people, tokens, window, policy, profiles and inputs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key_origin::BroughtRequest;
use crate::approval::PersonKey;
use crate::clock::{DAY, Timestamp};
use crate::digest::Digest;
use crate::issuance::{Policy, Recalled};
use crate::pki::RevokedList;
use crate::profile::Profile;
use crate::stage::Person;

/// What the steps of a plan have in common.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The ceremony's id.
    pub ceremony: String,
    /// What it is for.
    pub title: String,
    /// Which rules apply.
    pub policy: Policy,
    /// When it may take place.
    pub window: Window,
    /// What each token must be.
    pub tokens: BTreeMap<String, TokenDemand>,
    /// Who takes part.
    pub people: People,
    /// The files that steps use, by name.
    pub inputs: BTreeMap<String, Input>,
    /// The profiles that steps use, by name.
    pub profiles: BTreeMap<String, Profile>,
    /// What CRLs list, by the name of the input that says it: each is read and sorted once.
    pub lists: BTreeMap<String, RevokedList>,
    /// What steps use of the log by name.
    pub recalled: Recalled,
}

/// Who takes part, and how many of each role there must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// Everyone, in the script's order.
    pub all: Vec<Person>,
    /// How many of a role must be in the room.
    pub quorum: BTreeMap<String, usize>,
    /// How many of a role approve the plan.
    pub approvals: BTreeMap<String, usize>,
    /// How they approve: `typed` or `signature`.
    pub method: String,
    /// The keys of their own that the script registers, by person.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, PersonKey>,
}

impl People {
    /// Whether the crypto officers can have shares of a PIN, of which as many as their quorum put it together.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub fn can_share_a_pin(&self) -> Result<(), String> {
        let count = self.of_role("crypto-officer").count();
        let threshold = self.quorum.get("crypto-officer").copied().unwrap_or(1);
        if (2..=count).contains(&threshold) && count <= MOST_HOLDERS {
            return Ok(());
        }
        Err(format!(
            "the crypto officers hold the shares of its PIN: found {count} of them with a quorum of {threshold}; wanted 2 to {MOST_HOLDERS} \
             and a quorum of 2 or more"
        ))
    }

    /// Everyone of a role.
    pub fn of_role<'p>(&'p self, role: &'p str) -> impl Iterator<Item = &'p Person> {
        self.all.iter().filter(move |person| person.role == role)
    }

    /// Whether approvals are signatures.
    pub fn sign(&self) -> bool {
        self.method == SIGNATURE
    }

    /// The person of an id.
    pub fn find(&self, id: &str) -> Option<&Person> {
        self.all.iter().find(|person| person.id == id)
    }
}

/// The method of approvals that are signatures, as scripts and the log write it.
pub const SIGNATURE: &str = "signature";

/// When a ceremony may take place, both bounds included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first second.
    pub from: Timestamp,
    /// The last second.
    pub to: Timestamp,
}

impl Window {
    /// Whether a time is inside.
    pub fn includes(&self, at: Timestamp) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// The times at which rules about time have to be tried so that they hold at every second of the window.
    ///
    /// Within one day everything that depends on the time of signing is either constant (the ceremony day) or
    /// moves with it, and every rule about time compares two moments: what holds at the first and at the last
    /// second of each day in the window holds in between.
    pub fn probes(&self) -> Vec<Timestamp> {
        let mut probes = Vec::new();
        let mut day = self.from.day();
        while day <= self.to {
            let last = day.plus(DAY - 1).unwrap_or(Timestamp::MAX);
            probes.push(day.max(self.from));
            probes.push(last.min(self.to));
            match day.plus(DAY) {
                Some(next) => day = next,
                None => break,
            }
        }
        probes.dedup();
        probes
    }
}

/// What a script demands of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDemand {
    /// `hardware`, `software` or `any`.
    pub class: String,
    /// Who brings the PIN: `one-person`, `two-people` or `shares`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Tokens that must be other devices.
    pub distinct_from: Vec<String>,
}

/// A file that steps use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its path as the script says it.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its octets; of one that is longer than [`Input::MOST_HELD`] only the first.
    pub octets: Vec<u8>,
    /// The digest of all of them.
    pub sha256: Digest,
    /// Where the key of the request comes from, if a bundle brings it; the octets are those of a [`BroughtRequest`] then.
    pub brought: Option<Box<BroughtRequest>>,
}

impl Input {
    /// The longest file that is held in memory.
    pub const MOST_HELD: u64 = 16 << 20;
    /// How much is held of a longer one: enough to see that it is no certificate, request or key.
    pub const BEGINNING: u64 = 1 << 16;

    /// Reads it anew. At the end it has to have been the same file as before.
    ///
    /// # Errors
    ///
    /// The system's, if it cannot be opened.
    pub fn reader(&self) -> io::Result<InputReader> {
        Ok(InputReader { file: File::open(&self.path)?, hash: Sha256::new(), wanted: self.sha256 })
    }
}

/// Reads a file that was read before.
#[derive(Debug)]
pub struct InputReader {
    file: File,
    hash: Sha256,
    wanted: Digest,
}

impl Read for InputReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        if count == 0 && !into.is_empty() {
            let found = Digest::from_octets(self.hash.clone().finalize().into());
            if found != self.wanted {
                let why = format!("the file has the SHA-256 {found} now; it had {}", self.wanted);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        Ok(count)
    }
}

/// The most people who can hold shares of one secret (SLIP-0039).
const MOST_HOLDERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_probes_are_both_ends_of_each_day_in_the_window() {
        let window = Window { from: at("2026-11-01T08:00:00Z"), to: at("2026-11-03T00:00:00Z") };
        let probes: Vec<String> = window.probes().iter().map(ToString::to_string).collect();
        assert_eq!(
            probes,
            [
                "2026-11-01T08:00:00Z",
                "2026-11-01T23:59:59Z",
                "2026-11-02T00:00:00Z",
                "2026-11-02T23:59:59Z",
                "2026-11-03T00:00:00Z"
            ]
        );
    }

    #[test]
    fn a_file_that_changed_is_not_read_as_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let input = Input {
            file: "a".into(),
            path: path.clone(),
            octets: Vec::new(),
            sha256: Digest::of(b"one"),
            brought: None,
        };
        let mut octets = Vec::new();
        input.reader().unwrap().read_to_end(&mut octets).unwrap();
        assert_eq!(octets, b"one");
        std::fs::write(&path, b"two").unwrap();
        let error = input.reader().unwrap().read_to_end(&mut octets).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_window_includes_both_its_bounds() {
        let window = Window { from: at("2026-11-01T08:00:00Z"), to: at("2026-11-01T09:00:00Z") };
        for (time, inside) in [
            ("2026-11-01T07:59:59Z", false),
            ("2026-11-01T08:00:00Z", true),
            ("2026-11-01T09:00:00Z", true),
            ("2026-11-01T09:00:01Z", false),
        ] {
            assert_eq!(window.includes(at(time)), inside, "{time}");
        }
    }
}

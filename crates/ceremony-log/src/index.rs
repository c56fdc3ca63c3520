//! Where a log names an artifact: what one proof after the other is made from, without reading the log again.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::note::Note;
use crate::proof::Proof;
use crate::tree::{Hash, Levels};
use crate::verify::Entry;

/// A log's hashes, where its lines begin, and which line names which artifact.
///
/// It is filled while [`crate::verify::verify`] reads the log, and worth something only once that has said that the log is
/// good. Memory: 72 octets a line and 48 an artifact, and what the containers of the standard library add.
#[derive(Clone, Debug, Default)]
pub struct Index {
    levels: Levels,
    /// Where the lines end, their line feeds included.
    ends: Vec<u64>,
    artifacts: BTreeMap<[u8; 32], u64>,
}

impl Index {
    /// Of a log without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows the next line.
    pub fn follow(&mut self, entry: Entry<'_>) {
        let artifact =
            entry.record.data.get("artifact").and_then(|artifact| artifact.get("sha256")?.as_str());
        if let Some(digest) = artifact.and_then(digest) {
            // The first record that names it is the one that says how it came about.
            self.artifacts.entry(digest).or_insert(self.levels.size());
        }
        self.levels.push(entry.leaf);
        let end = self.ends.last().copied().unwrap_or(0) + entry.line.len() as u64 + 1;
        self.ends.push(end);
    }

    /// The tree.
    pub const fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The record that names the artifact with this SHA-256, first.
    pub fn artifact(&self, sha256: &[u8; 32]) -> Option<u64> {
        self.artifacts.get(sha256).copied()
    }

    /// The artifacts, by SHA-256, each with the record that names it first.
    pub fn artifacts(&self) -> impl Iterator<Item = (&[u8; 32], u64)> {
        self.artifacts.iter().map(|(sha256, seq)| (sha256, *seq))
    }

    /// Where a line is in the log's file, without its line feed.
    pub fn place(&self, seq: u64) -> Option<Range<u64>> {
        let index = usize::try_from(seq).ok()?;
        let end = *self.ends.get(index)?;
        let begin = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        Some(begin..end - 1)
    }

    /// The proof that a line is in the log that `head` is of. `line` is what the log's file has at [`Index::place`]; `size` is
    /// the head's.
    ///
    /// None if the line is not the one that was followed, or the head is over more lines than were followed, or over too few.
    pub fn proof(&self, seq: u64, line: &[u8], size: u64, head: Note) -> Option<Proof> {
        let range = self.place(seq)?;
        let same = range.end - range.start == line.len() as u64 && self.levels.leaf(seq)? == Hash::leaf(line);
        let path = self.levels.inclusion(seq, size).filter(|_| same)?;
        Some(Proof::new(line, seq, path, head))
    }
}

/// 64 lower-case hex digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut octets = [0; 32];
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *octet = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(octets)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Window};
    use crate::testing::{GoodLog, LogKey};
    use crate::verify::scan;

    #[test]
    fn every_line_is_proven_from_the_index_and_no_other_in_its_place() {
        let log = GoodLog::new();
        let key = LogKey::ed25519("example.org/log/practice");
        let mut index = Index::new();
        let text = log.text();
        scan(&mut text.as_bytes(), &mut |entry| index.follow(entry)).unwrap();
        let policy = Policy::parse(format!("log {}\nquorum none\n", key.verifier()).as_bytes()).unwrap();
        for seq in 0..log.size() {
            let range = index.place(seq).unwrap();
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            let line = &text.as_bytes()[range];
            let proof = index.proof(seq, line, log.size(), log.note(&key)).unwrap();
            assert_eq!(proof.verify(&policy, &Window::at(0)).unwrap().record().seq, seq);
            assert_eq!(index.proof(seq, b"{}", log.size(), log.note(&key)), None);
            let mut as_long = line.to_vec();
            as_long[0] ^= 1;
            assert_eq!(index.proof(seq, &as_long, log.size(), log.note(&key)), None);
            assert_eq!(index.proof(seq, line, log.size() + 1, log.note(&key)), None);
        }
        assert_eq!(index.place(log.size()), None);
    }

    #[test]
    fn an_artifact_is_found_by_the_first_record_that_names_it() {
        let sha256 = Hash::of(b"certificate");
        let mut log = GoodLog::new();
        for _ in 0..2 {
            log.name_artifact(&sha256.to_string());
        }
        log.name_artifact("AB");
        let mut index = Index::new();
        scan(&mut log.text().as_bytes(), &mut |entry| index.follow(entry)).unwrap();
        assert_eq!(index.artifact(sha256.octets()), Some(log.size() - 3));
        assert_eq!(index.artifact(Hash::of(b"other").octets()), None);
        assert_eq!(index.artifacts().count(), 1);
    }
}

//! The Merkle tree of RFC 6962 §2.1 with SHA-256: leaf *i* is line *i* of the log without its line feed.
//!
//! [`Tree`] grows line by line and keeps one hash per bit of its size. [`Levels`] keeps all hashes and makes
//! proofs.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256, digest};

use crate::code::{Code, Fault};

mod levels;
mod path;

pub use levels::Levels;
pub use path::{consistent, includes};

/// A hash of the tree: 32 octets, shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// 32 zero octets: what the first record has for `prev`.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of a leaf: SHA-256(0x00 ‖ line), the line without its line feed. Also the next line's `prev`.
    pub fn leaf(line: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&[0x00]);
        context.update(line);
        Self::finish(context)
    }

    /// The hash of a node: SHA-256(0x01 ‖ left ‖ right).
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut octets = [1; 65];
        let (_, hashes) = octets.split_at_mut(1);
        let (one, other) = hashes.split_at_mut(32);
        one.copy_from_slice(&left.0);
        other.copy_from_slice(&right.0);
        Self::of(&octets)
    }

    /// The SHA-256 of `octets`, without a prefix.
    pub fn of(octets: &[u8]) -> Self {
        Self::from_slice(digest(&SHA256, octets).as_ref())
    }

    /// A hash that was computed elsewhere.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The 32 octets.
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn finish(context: Context) -> Self {
        Self::from_slice(context.finish().as_ref())
    }

    /// A digest of ring's, which has 32 octets for SHA-256.
    fn from_slice(octets: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Fault;

    /// Reads 64 lower-case hex digits.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || {
            let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
            Fault::new(Code::E128, format!("`{shown}`; a digest is 64 lower-case hex digits"))
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(fault());
        }
        for (to, [high, low]) in hash.iter_mut().zip(pairs) {
            *to = nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low).ok_or_else(fault)?;
        }
        Ok(Self(hash))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A tree that grows: its size and the hashes of its complete subtrees, the largest first.
///
/// Memory is 32 octets for each bit of the size that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Tree {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each set bit at the low end is a subtree as large as the one that is growing.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = Hash::node(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Adds a line: what was added is returned, because the next record's `prev` needs it.
    pub fn push_line(&mut self, line: &[u8]) -> Hash {
        let leaf = Hash::leaf(line);
        self.push(leaf);
        leaf
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root. That of the empty tree is SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut hashes = self.subtrees.iter().rev();
        let Some(last) = hashes.next() else {
            return Hash::of(b"");
        };
        hashes.fold(*last, |right, left| Hash::node(left, &right))
    }
}

#[cfg(test)]
mod tests;

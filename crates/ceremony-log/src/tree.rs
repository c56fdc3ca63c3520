//! The Merkle tree of RFC 6962 §2.1 with SHA-256: leaf *i* is line *i* of the log without its line feed.
//!
//! [`Tree`] grows line by line and keeps one hash per bit of its size. [`Levels`] keeps all hashes and makes
//! proofs.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256, digest};

use crate::code::{Code, Fault};

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

/// A tree with all its hashes, 64 octets a leaf: what proofs are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Level *n* has the complete subtrees of 2^n leaves, from the left.
    levels: Vec<Vec<Hash>>,
}

impl Levels {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut level = 0;
        loop {
            let Some(hashes) = self.levels.get_mut(level) else {
                self.levels.push(vec![hash]);
                return;
            };
            hashes.push(hash);
            // An even count means that a subtree twice as large is now complete.
            let [.., left, right] = hashes.as_slice() else { return };
            if hashes.len() % 2 == 1 {
                return;
            }
            hash = Hash::node(left, right);
            level += 1;
        }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root of the tree's first `size` leaves, if it has as many.
    pub fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(Hash::of(b"")),
            _ if size <= self.size() => self.range(0, size),
            _ => None,
        }
    }

    /// The inclusion proof of leaf `index` in the tree's first `size` leaves, the leaf's sibling first
    /// (RFC 6962 §2.1.1). None if `index` is not below `size`, or `size` is above the tree's.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        while to - from > 1 {
            let middle = from + half(to - from);
            if index < middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the first `old` leaves are a prefix of the first `size` (RFC 6962 §2.1.2), empty if
    /// both are equal or `old` is 0. None if `old` is above `size`, or `size` above the tree's.
    pub fn consistency(&self, old: u64, size: u64) -> Option<Vec<Hash>> {
        if old > size || size > self.size() {
            return None;
        }
        if old == 0 || old == size {
            return Some(Vec::new());
        }
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        // Down to the subtree that ends where the old tree did.
        while to != old {
            let middle = from + half(to - from);
            if old <= middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        // The old tree's own root needs not be told to those who have it.
        if from > 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Some(path)
    }

    /// The hash over the leaves `from..to`, where `from` is a multiple of the subtrees below it.
    fn range(&self, from: u64, to: u64) -> Option<Hash> {
        let mut to = to;
        let mut right: Option<Hash> = None;
        // Complete subtrees from the right: the lowest set bit of the length is the last one's size.
        while to > from {
            let level = (to - from).trailing_zeros();
            let index = usize::try_from((to >> level) - 1).ok()?;
            let left = self.levels.get(level as usize)?.get(index)?;
            right = Some(right.map_or(*left, |right| Hash::node(left, &right)));
            to -= 1 << level;
        }
        right
    }
}

/// The largest power of two below `length`, which is 2 or more.
const fn half(length: u64) -> u64 {
    1 << (u64::BITS - 1 - (length - 1).leading_zeros())
}

/// Whether `path` leads from leaf `index` to the root of a tree of `size` leaves (RFC 9162 §2.1.3.2).
pub fn includes(index: u64, size: u64, leaf: &Hash, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = Hash::node(sibling, &hash);
            // Where the right border has no sibling on a level, that level is left out.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree of `old` leaves is a prefix of the tree of `size` (RFC 9162 §2.1.4.2).
///
/// Every tree is the prefix of itself and has the empty one as a prefix; the path of these is empty.
pub fn consistent(old: u64, old_root: &Hash, size: u64, root: &Hash, path: &[Hash]) -> bool {
    if old > size {
        return false;
    }
    if old == size {
        return path.is_empty() && old_root == root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == Hash::of(b"");
    }
    let (mut node, mut last) = (old - 1, size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // A complete old tree is its own first hash.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        match path {
            [first, rest @ ..] => (first, rest),
            [] => return false,
        }
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = Hash::node(hash, &old_hash);
            new_hash = Hash::node(hash, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = Hash::node(&new_hash, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962 §2.1, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(b""),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                Hash::node(&defined(left), &defined(right))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|index| Hash::leaf(&index.to_be_bytes())).collect()
    }

    fn levels(count: u64) -> Levels {
        let mut levels = Levels::new();
        for leaf in leaves(count) {
            levels.push(leaf);
        }
        levels
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let mut tree = Tree::new();
        let all = leaves(70);
        let levels = levels(70);
        for (size, leaf) in all.iter().enumerate() {
            assert_eq!(tree.root(), defined(&all[..size]));
            assert_eq!(levels.root(size as u64), Some(tree.root()));
            assert!(tree.subtrees.len() <= 7);
            tree.push(*leaf);
        }
        assert_eq!(tree.size(), 70);
        assert_eq!(levels.root(71), None);
    }

    #[test]
    fn hashes_are_those_of_the_certificate_transparency_tests() {
        // certificate-transparency's merkle_tree_test: the empty leaf and the tree of its eight entries.
        let empty: Hash = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d".parse().unwrap();
        assert_eq!(Hash::leaf(b""), empty);
        let mut tree = Tree::new();
        for entry in ["", "\0", "\x10", " !", "01", "@ABC", "PQRSTUVW", "`abcdefghijklmno"] {
            tree.push_line(entry.as_bytes());
        }
        let root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
        assert_eq!(tree.root().to_string(), root);
    }

    #[test]
    fn every_inclusion_proof_holds_and_no_other_does() {
        let all = leaves(34);
        let levels = levels(34);
        for size in 1..=34 {
            let root = levels.root(size).unwrap();
            for index in 0..size {
                let path = levels.inclusion(index, size).unwrap();
                let leaf = &all[usize::try_from(index).unwrap()];
                assert!(includes(index, size, leaf, &path, &root));
                assert!(!includes(index + 1, size, leaf, &path, &root));
                assert!(!includes(index, size, &Hash::ZERO, &path, &root));
                assert!(!includes(index, size, leaf, &path, &Hash::ZERO));
                let longer: Vec<_> = path.iter().copied().chain([Hash::ZERO]).collect();
                assert!(!includes(index, size, leaf, &longer, &root));
                if let [_, shorter @ ..] = path.as_slice() {
                    assert!(!includes(index, size, leaf, shorter, &root));
                }
            }
            assert_eq!(levels.inclusion(size, size), None);
        }
        assert_eq!(levels.inclusion(0, 35), None);
    }

    #[test]
    fn every_consistency_proof_holds_and_no_other_does() {
        let levels = levels(34);
        for size in 0..=34 {
            let root = levels.root(size).unwrap();
            for old in 0..=size {
                let path = levels.consistency(old, size).unwrap();
                let old_root = levels.root(old).unwrap();
                assert!(consistent(old, &old_root, size, &root, &path), "{old} {size}");
                assert!(!consistent(old, &Hash::ZERO, size, &root, &path));
                assert!(old == 0 || !consistent(old, &old_root, size, &Hash::ZERO, &path));
                let longer: Vec<_> = path.iter().copied().chain([Hash::ZERO]).collect();
                assert!(!consistent(old, &old_root, size, &root, &longer));
                if let [_, shorter @ ..] = path.as_slice() {
                    assert!(!consistent(old, &old_root, size, &root, shorter));
                }
            }
            assert_eq!(levels.consistency(size + 1, size), None);
        }
    }

    #[test]
    fn digests_are_read_from_lower_case_hex_only() {
        let hash = Hash::leaf(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in
            ["", "00", &"A".repeat(64), &"0".repeat(63), &"0".repeat(66), &"g0".repeat(32), &"ü".repeat(32)]
        {
            assert_eq!(text.parse::<Hash>().unwrap_err().code, Code::E128, "{text}");
        }
    }
}

//! A tree that keeps its hashes, and makes proofs of them (RFC 6962 §2.1.1 and §2.1.2).

use super::Hash;

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

    /// The hash of a leaf, if there is one.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.levels.first()?.get(usize::try_from(index).ok()?).copied()
    }

    /// The root of a complete subtree of 2^`level` leaves, by its place from the left; none if the tree has fewer.
    pub fn subtree(&self, level: usize, place: u64) -> Option<&Hash> {
        self.levels.get(level)?.get(usize::try_from(place).ok()?)
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

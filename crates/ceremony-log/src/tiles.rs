//! A log as tiles for static hosting (C2SP tlog-tiles): hashes by 256, lines by 256, and where each file lies.
//!
//! A tile of level *L* has the roots of complete subtrees of 256^L leaves, 256 of them if it is full; a bundle has the lines
//! themselves. Full ones never change; a partial one is another file for each width.

use std::fmt;

use crate::tree::{Hash, Levels};

/// How many hashes or lines a full tile or bundle has.
pub const WIDTH: u64 = 256;

/// Which tile or bundle of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The level of hashes, from 0; nothing for lines.
    pub level: Option<u8>,
    /// Which of its level, from 0.
    pub index: u64,
    /// How many hashes or lines it has: 1 to [`WIDTH`].
    pub width: u64,
}

impl Tile {
    /// Every tile and bundle that a log of this size has, the partial ones last of their level.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let hashes = (0_u8..8).map(Some).map_while(move |level| {
            let left = size >> (8 * u32::from(level.unwrap_or_default()));
            (left > 0).then_some((level, left))
        });
        std::iter::once((None, size)).chain(hashes).flat_map(|(level, left)| {
            let tiles = left.div_ceil(WIDTH);
            (0..tiles).map(move |index| Self { level, index, width: (left - index * WIDTH).min(WIDTH) })
        })
    }

    /// Whether it will never change.
    pub const fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The first line of a bundle, or of what a tile of hashes is over.
    pub const fn first(&self) -> u64 {
        self.index * WIDTH
    }

    /// The octets of a tile of hashes; nothing for lines, or if the tree is smaller.
    pub fn hashes(&self, levels: &Levels) -> Option<Vec<u8>> {
        let level = usize::from(self.level?) * 8;
        let mut octets = Vec::new();
        for place in self.first()..self.first() + self.width {
            octets.extend_from_slice(levels.subtree(level, place)?.octets());
        }
        Some(octets)
    }
}

impl fmt::Display for Tile {
    /// Where the file lies: `tile/0/x001/067`, `tile/entries/000.p/17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "tile/{level}/")?,
            None => f.write_str("tile/entries/")?,
        }
        let mut parts = vec![self.index % 1000];
        let mut left = self.index / 1000;
        while left > 0 {
            parts.push(left % 1000);
            left /= 1000;
        }
        for part in parts.iter().skip(1).rev() {
            write!(f, "x{part:03}/")?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// A line in a bundle: its length in two octets, the higher first, and its octets.
///
/// None for a line that is longer than any record.
pub fn entry(line: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(line.len()).ok()?;
    Some([&length.to_be_bytes()[..], line].concat())
}

/// The hash over a tile's hashes, of which there are 256: what the tile above has of it.
pub fn root(hashes: &[u8]) -> Option<Hash> {
    let mut level: Vec<Hash> = hashes
        .chunks(32)
        .map(|octets| octets.try_into().ok().map(Hash::from_octets))
        .collect::<Option<_>>()?;
    if level.len() as u64 != WIDTH {
        return None;
    }
    while level.len() > 1 {
        level = level
            .chunks(2)
            .filter_map(|pair| if let [left, right] = pair { Some(Hash::node(left, right)) } else { None })
            .collect();
    }
    level.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: Option<u8>, index: u64, width: u64) -> Tile {
        Tile { level, index, width }
    }

    #[test]
    fn a_file_lies_where_the_format_says() {
        for (named, path) in [
            (tile(Some(0), 0, 256), "tile/0/000"),
            (tile(Some(0), 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(Some(5), 255, 1), "tile/5/255.p/1"),
            (tile(None, 1000, 17), "tile/entries/x001/000.p/17"),
            (tile(None, 999, 256), "tile/entries/999"),
        ] {
            assert_eq!(named.to_string(), path);
        }
    }

    #[test]
    fn a_size_has_its_tiles_and_no_empty_ones() {
        assert_eq!(Tile::all(0).count(), 0);
        assert_eq!(Tile::all(1).collect::<Vec<_>>(), [tile(None, 0, 1), tile(Some(0), 0, 1)]);
        assert_eq!(
            Tile::all(256).collect::<Vec<_>>(),
            [tile(None, 0, 256), tile(Some(0), 0, 256), tile(Some(1), 0, 1)]
        );
        let all: Vec<_> = Tile::all(70_000).collect();
        assert!(all.contains(&tile(Some(0), 273, 112)) && all.contains(&tile(Some(1), 1, 17)));
        assert!(all.contains(&tile(Some(2), 0, 1)));
        assert_eq!(all.len(), 274 + 274 + 2 + 1);
    }

    #[test]
    fn the_tile_above_has_the_root_of_a_full_one() {
        let mut levels = Levels::new();
        for leaf in 0..66_000_u32 {
            levels.push(Hash::leaf(&leaf.to_be_bytes()));
        }
        for above in Tile::all(levels.size()).filter(|tile| tile.level > Some(0)) {
            let hashes = above.hashes(&levels).unwrap();
            for (place, hash) in hashes.chunks(32).enumerate() {
                let index = above.first() + place as u64;
                let below = tile(above.level.map(|level| level - 1), index, 256);
                assert_eq!(root(&below.hashes(&levels).unwrap()).unwrap().octets(), hash);
            }
        }
        assert_eq!(tile(Some(0), 257, 256).hashes(&levels), None);
        assert_eq!(tile(None, 0, 256).hashes(&levels), None);
        assert_eq!(root(&[0; 32]), None);
    }

    #[test]
    fn a_line_has_its_length_before_it() {
        assert_eq!(entry(b"{}"), Some(b"\0\x02{}".to_vec()));
        assert_eq!(entry(&vec![b'x'; 65_535]).map(|entry| entry.len()), Some(65_537));
        assert_eq!(entry(&vec![b'x'; 65_536]), None);
    }
}

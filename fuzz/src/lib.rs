//! What the fuzz targets share.

use rootrite::rule::Policy;

/// A policy that depends on the octets, so that each input costs one judgement and not three.
pub fn policy(octets: &[u8]) -> Policy {
    one_of(octets, &Policy::NAMES.map(|(policy, _)| policy))
}

/// One of several that depends on the octets.
///
/// # Panics
///
/// If there is none.
pub fn one_of<T: Copy>(octets: &[u8], all: &[T]) -> T {
    let sum =
        octets.iter().fold(octets.len(), |sum, octet| sum.wrapping_mul(31).wrapping_add(usize::from(*octet)));
    all[sum % all.len()]
}

/// Asserts that the octets are one element with definite lengths in their shortest form all the way down: what a strict
/// reader takes has to be that, whatever else it looks at. Knows nothing of the program's own readers.
///
/// # Panics
///
/// If they are not.
pub fn assert_der(octets: &[u8]) {
    assert_eq!(element(octets, 0), octets.len(), "octets after the end");
}

/// How many octets the first element has.
fn element(octets: &[u8], depth: usize) -> usize {
    assert!(depth < 64, "deeper than any structure");
    let tag = octets[0];
    assert_ne!(tag & 0x1f, 0x1f, "no structure of ours has a high tag number");
    let (header, length) = match octets[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            assert!((1..=4).contains(&count), "a length of {count} octets");
            let length =
                octets[2..2 + count].iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            assert!(length > 0x7f && octets[2] != 0, "a length that is not in its shortest form");
            (2 + count, length)
        }
    };
    let content = &octets[header..header + length];
    if tag & 0x20 != 0 {
        let mut at = 0;
        while at < content.len() {
            at += element(&content[at..], depth + 1);
        }
    }
    header + length
}

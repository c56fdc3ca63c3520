//! Trees, proofs and their opposites, for every small size.

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

#[test]
fn a_root_is_not_its_own_proof() {
    let levels = levels(8);
    let (half, root) = (levels.root(4).unwrap(), levels.root(8).unwrap());
    assert!(!includes(0, 8, &root, &[], &root));
    assert!(!includes(0, 8, &half, &levels.consistency(4, 8).unwrap(), &root));
    assert!(!consistent(4, &root, 8, &root, &[]));
    assert!(!consistent(4, &half, 8, &half, &[]));
}

//! Shares as their holders have them: the official vectors of SLIP-39, every subset, every wrong word.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on has failed"
)]

use std::path::Path;

use proptest::prelude::*;
use rootrite::secret::SecretOctets;
use rootrite::share::{
    CombineError, DealError, Encoding, Group, Hand, Passphrase, ReadError, Scheme, Share, SystemRandom,
    WrongShare, deal, deal_any, read,
};

fn vectors() -> Vec<(String, Vec<String>, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/slip39/vectors.json");
    let all: Vec<(String, Vec<String>, String, String)> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    all.into_iter().map(|(description, shares, secret, _)| (description, shares, secret)).collect()
}

/// What becomes of a vector: the secret in hex, or why there is none.
fn combined(shares: &[String]) -> Result<String, String> {
    let mut hand = Hand::new();
    for share in shares {
        let share = read(share.as_bytes()).map_err(|error| error.to_string())?;
        hand.lay(share).map_err(|error| error.to_string())?;
    }
    let passphrase = Passphrase::read(b"TREZOR").unwrap();
    let secret = hand.combine(&passphrase).map_err(|error| error.to_string())?;
    Ok(secret.expose(rootrite::digest::hex))
}

#[test]
fn the_45_vectors_of_slip_39_give_their_secrets_or_are_refused() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 45);
    for (description, shares, secret) in &vectors {
        match combined(shares) {
            Ok(found) => assert_eq!(found, *secret, "{description}"),
            Err(why) => assert!(secret.is_empty(), "{description}: {why}"),
        }
    }
    assert_eq!(vectors.iter().filter(|(_, _, secret)| !secret.is_empty()).count(), 15);
}

#[test]
fn each_bad_vector_is_refused_for_its_own_reason() {
    let expected = [
        (2, "word 20 is wrong"),
        (3, "bits before the share's value are not 0"),
        (5, "found 1 shares of group 1; wanted 2"),
        (6, "wanted one of set"),
        (7, "another iteration exponent"),
        (8, "another group threshold"),
        (9, "another number of groups"),
        (10, "needs more groups than there are"),
        (11, "says that it is share"),
        (12, "needs 2 shares, the others of the group say 1"),
        (13, "shares of group 1 do not belong together"),
        (14, "found shares of 1 groups; wanted 2 groups"),
        (15, "found shares of 1 groups; wanted 2 groups"),
        (16, "found 1 shares of group"),
        (39, "found 19 words"),
        (40, "found 21 words"),
    ];
    let vectors = vectors();
    for (number, wanted) in expected {
        let (description, shares, _) = &vectors[number - 1];
        assert!(description.starts_with(&format!("{number}. ")));
        let why = combined(shares).unwrap_err();
        assert!(why.contains(wanted), "{description}: {why}");
    }
}

#[test]
fn a_share_is_written_as_it_was_read() {
    for (description, shares, _) in vectors() {
        for words in &shares {
            if let Ok(share) = read(words.as_bytes()) {
                assert!(share.written().expose(|written| written == words.as_bytes()), "{description}");
                assert!(read(words.to_uppercase().replace(' ', "\n  ").as_bytes()).is_ok());
            }
        }
    }
}

fn octets(octets: &[u8]) -> SecretOctets {
    SecretOctets::read(octets).unwrap()
}

fn again(share: &Share) -> Share {
    share.written().expose(read).ok().unwrap()
}

fn rebuilt<'s>(shares: impl IntoIterator<Item = &'s Share>) -> Result<SecretOctets, CombineError> {
    let mut hand = Hand::new();
    for share in shares {
        assert!(hand.lay(again(share)).is_ok());
    }
    hand.combine(&Passphrase::none())
}

/// Every choice of `size` of the first `count` numbers.
fn choices(count: usize, size: usize) -> Vec<Vec<usize>> {
    (0_u32..1 << count)
        .filter(|bits| bits.count_ones() as usize == size)
        .map(|bits| (0..count).filter(|place| bits >> place & 1 == 1).collect())
        .collect()
}

#[test]
fn every_subset_of_as_many_as_the_threshold_rebuilds_and_no_smaller_one_does() {
    let secret = octets(&[0xa5; 32]);
    for threshold in 2..=5 {
        let scheme = Scheme::single(threshold, 9).unwrap();
        let mut dealt = [
            deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap(),
            deal_any(&secret, &scheme, &mut SystemRandom).unwrap(),
        ];
        for shares in dealt.iter_mut().map(|groups| groups.remove(0)) {
            // Every subset of the words' form; of the other, which shares all but the writing, some.
            let step = if shares[0].encoding() == Encoding::Words { 1 } else { 9 };
            for chosen in choices(9, threshold.into()).iter().step_by(step) {
                let found = rebuilt(chosen.iter().map(|place| &shares[*place])).unwrap();
                assert!(found.is_same(&secret), "{threshold} of 9: {chosen:?}");
            }
            for chosen in choices(9, usize::from(threshold) - 1) {
                let missing = rebuilt(chosen.iter().map(|place| &shares[*place])).err();
                let (found, wanted) = (threshold - 1, threshold);
                assert_eq!(missing, Some(CombineError::TooFew { group: 1, found, wanted }));
            }
        }
    }
}

#[test]
fn fewer_shares_than_the_threshold_say_nothing_of_the_secret() {
    // Each octet of each share takes every value about as often, whatever the secret is: chi-squared with 255 degrees of
    // freedom has mean 255 and deviation 22.6.
    const SETS: u32 = 4_000;
    for (secret, seed) in [([0; 16], "zeros"), ([0xff; 16], "ones")] {
        let mut counts = vec![[0_u32; 256]; 3];
        let scheme = Scheme::single(2, 3).unwrap();
        for _ in 0..SETS / 16 {
            let groups = deal(&octets(&secret), &scheme, &Passphrase::none(), &mut SystemRandom).unwrap();
            for (share, count) in groups[0].iter().zip(&mut counts) {
                let value = share.written();
                let words = value.expose(|text| String::from_utf8(text.to_vec()).unwrap());
                for octet in value_of(&words) {
                    count[usize::from(octet)] += 1;
                }
            }
        }
        for (share, count) in counts.iter().enumerate() {
            let expected = f64::from(SETS) / 256.0;
            let chi: f64 = count.iter().map(|found| (f64::from(*found) - expected).powi(2) / expected).sum();
            assert!((120.0..420.0).contains(&chi), "{seed}, share {share}: {chi}");
        }
    }
}

/// The 16 octets of a value, from the words: with another hand than the program's.
fn value_of(words: &str) -> Vec<u8> {
    let list: Vec<&str> = include_str!("../src/share/encoding/word_list.rs")
        .split('"')
        .skip(3)
        .step_by(2)
        .filter(|word| word.bytes().all(|octet| octet.is_ascii_lowercase()))
        .collect();
    assert_eq!(list.len(), 1024);
    let bits: Vec<String> = words
        .split(' ')
        .skip(4)
        .take(13)
        .map(|word| format!("{:010b}", list.iter().position(|listed| *listed == word).unwrap()))
        .collect();
    let bits = bits.concat();
    (0..16).map(|place| u8::from_str_radix(&bits[2 + place * 8..10 + place * 8], 2).unwrap()).collect()
}

#[test]
fn groups_of_holders_rebuild_together_and_not_alone() {
    let secret = octets(b"0123456789abcdef0123456789abcdef");
    let groups = vec![Group::new(1, 1).unwrap(), Group::new(2, 3).unwrap(), Group::new(3, 5).unwrap()];
    let scheme = Scheme::groups(2, groups).unwrap();
    let dealt = deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap();
    let pick = |places: &[(usize, usize)]| -> Vec<&Share> {
        places.iter().map(|(group, index)| &dealt[*group][*index]).collect()
    };
    for good in [&[(0, 0), (1, 0), (1, 2)][..], &[(1, 1), (2, 4), (2, 0), (1, 2), (2, 2)]] {
        assert!(rebuilt(pick(good)).unwrap().is_same(&secret));
    }
    let few = rebuilt(pick(&[(1, 0), (1, 1)])).err();
    assert_eq!(few, Some(CombineError::TooFewGroups { found: 1, wanted: 2 }));
    let half = rebuilt(pick(&[(0, 0), (2, 1), (2, 0)])).err();
    assert_eq!(half, Some(CombineError::TooFew { group: 3, found: 2, wanted: 3 }));
    assert_eq!(rebuilt([]).err(), Some(CombineError::Nothing));
    let mut hand = Hand::new();
    for share in pick(&[(0, 0), (1, 0), (1, 1)]) {
        hand.lay(again(share)).unwrap();
    }
    assert_eq!(hand.lay(again(&dealt[1][2])), Err(WrongShare::GroupFull { group: 2, threshold: 2 }));
    assert_eq!(hand.lay(again(&dealt[2][2])), Err(WrongShare::EnoughGroups { group: 3, threshold: 2 }));
    assert_eq!(hand.lay(again(&dealt[1][1])), Err(WrongShare::Twice { place: 3 }));
}

#[test]
fn a_share_of_another_set_is_refused_before_anything_is_combined() {
    let scheme = Scheme::single(2, 3).unwrap();
    let secret = octets(&[1; 16]);
    let one = deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap().remove(0);
    let mut hand = Hand::new();
    hand.lay(again(&one[0])).unwrap();
    for _ in 0..20 {
        let other = deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap().remove(0);
        if other[1].set().identifier() != one[0].set().identifier() {
            assert!(matches!(hand.lay(again(&other[1])), Err(WrongShare::OtherSet { .. })));
        }
    }
    let other = deal_any(&secret, &scheme, &mut SystemRandom).unwrap().remove(0);
    assert_eq!(hand.lay(again(&other[1])), Err(WrongShare::Kind));
    assert_eq!(hand.lay(again(&one[0])), Err(WrongShare::Twice { place: 1 }));
    assert_eq!(hand.count(), 1);
}

#[test]
fn every_single_wrong_word_is_named_by_its_place() {
    let dealt =
        deal(&octets(&[7; 32]), &Scheme::single(3, 5).unwrap(), &Passphrase::none(), &mut SystemRandom);
    let text = dealt.unwrap()[0][0].written().expose(|text| String::from_utf8(text.to_vec()).unwrap());
    let words: Vec<&str> = text.split(' ').collect();
    assert_eq!(words.len(), 33);
    for place in 0..words.len() {
        for other in ["academic", "zero", "laden", "snake", "theory", "withdraw"] {
            if words[place] == other {
                continue;
            }
            let mut changed = words.clone();
            changed[place] = other;
            let found = read(changed.join(" ").as_bytes()).err();
            assert_eq!(found, Some(ReadError::Word { number: place + 1 }), "{other}");
        }
    }
    let mut changed = words.clone();
    changed.swap(4, 5);
    assert!(
        matches!(read(changed.join(" ").as_bytes()).err(), Some(ReadError::Words) | None)
            || words[4] == words[5]
    );
    changed = words.clone();
    (changed[2], changed[9]) = ("zeros", "robot");
    assert_eq!(read(changed.join(" ").as_bytes()).err(), Some(ReadError::NoWords { numbers: vec![3, 10] }));
}

#[test]
fn every_single_wrong_character_is_named_by_its_group() {
    let dealt = deal_any(&octets(b"81726354"), &Scheme::single(2, 3).unwrap(), &mut SystemRandom);
    let text = dealt.unwrap()[0][0].written().expose(|text| String::from_utf8(text.to_vec()).unwrap());
    let groups: Vec<&str> = text.split(' ').collect();
    assert_eq!((groups.len(), groups[0]), (18, "RR1"));
    assert!(read(text.to_lowercase().replace(' ', "-").replacen('-', " ", 1).as_bytes()).is_ok());
    for place in 1..groups.len() {
        for at in 0..5 {
            for other in b"0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
                let mut changed: Vec<String> = groups.iter().map(ToString::to_string).collect();
                if changed[place].as_bytes()[at] == *other {
                    continue;
                }
                changed[place].replace_range(at..=at, &char::from(*other).to_string());
                let found = read(changed.join(" ").as_bytes()).err();
                assert_eq!(found, Some(ReadError::Groups { numbers: vec![place] }));
            }
        }
    }
    for place in 1..groups.len() - 1 {
        let mut changed = groups.clone();
        changed.swap(place, place + 1);
        let found = read(changed.join(" ").as_bytes()).err();
        assert_eq!(found, Some(ReadError::Groups { numbers: vec![place, place + 1] }));
    }
    let missing = groups[..17].join(" ");
    assert_eq!(read(missing.as_bytes()).err(), Some(ReadError::GroupCount { found: 16 }));
    let malformed = format!("{} 12!45", groups[..17].join(" "));
    assert_eq!(read(malformed.as_bytes()).err(), Some(ReadError::NoGroups { numbers: vec![17] }));
    assert_eq!(read(b"RR2 12345").err(), Some(ReadError::Version));
}

#[test]
fn two_wrong_characters_that_fit_their_group_are_found_by_the_whole() {
    let dealt = deal_any(&octets(b"81726354"), &Scheme::single(2, 3).unwrap(), &mut SystemRandom).unwrap();
    let mut texts: Vec<Vec<String>> = Vec::new();
    for share in &dealt[0] {
        let text = share.written().expose(|text| String::from_utf8(text.to_vec()).unwrap());
        texts.push(text.split(' ').map(str::to_owned).collect());
    }
    // A whole group of another share: its own check fits, because it stands at the same place.
    let place = (1..texts[0].len()).find(|place| texts[0][*place] != texts[1][*place]).unwrap();
    texts[0][place] = texts[1][place].clone();
    assert_eq!(read(texts[0].join(" ").as_bytes()).err(), Some(ReadError::Whole));
}

#[test]
fn what_is_no_share_is_refused_by_what_is_wrong() {
    assert_eq!(read(b" \n").err(), Some(ReadError::Empty));
    assert_eq!(read(&[b'a'; 1025]).err(), Some(ReadError::TooLong { most: 1024 }));
    assert_eq!(read(b"\xff").err(), Some(ReadError::NotText));
    assert_eq!(read("academic ".repeat(100).as_bytes()).err(), Some(ReadError::WordCount { found: 100 }));
}

#[test]
fn what_cannot_be_dealt_is_refused() {
    assert_eq!(Group::new(1, 0).err(), Some(DealError::Count { count: 0 }));
    assert_eq!(Group::new(2, 17).err(), Some(DealError::Count { count: 17 }));
    assert_eq!(Group::new(0, 2).err(), Some(DealError::Threshold { threshold: 0, count: 2 }));
    assert_eq!(Group::new(3, 2).err(), Some(DealError::Threshold { threshold: 3, count: 2 }));
    assert_eq!(Group::new(1, 2).err(), Some(DealError::SameForAll { count: 2 }));
    assert!(Group::new(16, 16).is_ok() && Group::new(1, 1).is_ok());
    assert_eq!(Scheme::groups(1, Vec::new()).err(), Some(DealError::Groups { count: 0 }));
    assert_eq!(Scheme::single(2, 3).unwrap().exponent(16).err(), Some(DealError::Exponent { exponent: 16 }));
    let scheme = Scheme::single(2, 3).unwrap();
    for length in [14, 15, 17, 66] {
        let found = deal(&octets(&vec![1; length]), &scheme, &Passphrase::none(), &mut SystemRandom).err();
        assert_eq!(found, Some(DealError::Length { octets: length }));
    }
    for length in [0, 256] {
        let found = deal_any(&octets(&vec![1; length]), &scheme, &mut SystemRandom).err();
        assert_eq!(found, Some(DealError::AnyLength { octets: length }));
    }
}

#[test]
fn a_share_s_commitment_is_its_own_and_the_salt_s() {
    let dealt = deal_any(&octets(b"1234"), &Scheme::single(2, 3).unwrap(), &mut SystemRandom).unwrap();
    let [one, two, _] = dealt[0].as_slice() else { unreachable!() };
    assert_eq!(one.commitment(b"salt"), again(one).commitment(b"salt"));
    assert_ne!(one.commitment(b"salt"), two.commitment(b"salt"));
    assert_ne!(one.commitment(b"salt"), one.commitment(b"salz"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_secret_comes_back_by_any_scheme(
        secret in proptest::collection::vec(any::<u8>(), 16..=64),
        threshold in 2_u8..=6,
        more in 0_u8..=4,
        extendable in any::<bool>(),
        passphrase in "[ -~]{0,12}",
    ) {
        let even = &secret[..secret.len() & !1];
        let scheme = Scheme::single(threshold, threshold + more).unwrap().extendable(extendable);
        let passphrase = Passphrase::read(passphrase.as_bytes()).unwrap();
        let shares = deal(&octets(even), &scheme, &passphrase, &mut SystemRandom).unwrap().remove(0);
        let mut hand = Hand::new();
        for share in shares.iter().rev().take(threshold.into()) {
            hand.lay(again(share)).unwrap();
        }
        prop_assert!(hand.combine(&passphrase).unwrap().expose(|found| found == even));
        let any = deal_any(&octets(&secret), &scheme, &mut SystemRandom).unwrap().remove(0);
        let found = rebuilt(any.iter().take(threshold.into())).unwrap();
        prop_assert!(found.expose(|found| found == secret));
    }

    #[test]
    fn nothing_that_is_typed_makes_the_reader_panic(text in "(RR1)?[ a-zA-Z0-9-]{0,200}", octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(text.as_bytes());
        let _ = read(&octets);
    }
}

//! The key-encryption key of a backup: where it comes from, its shares, and how they give it back.
//!
//! The rules of this file:
//! - It comes from the token's and the system's randomness together, and is in memory only while it is used.
//! - Where nobody keeps anything, as in a rehearsal, it is public and the same each time: so is what was typed back.

use thiserror::Error;

use crate::digest::{from_hex, hex};
use crate::secret::SecretOctets;
use crate::share::{
    CombineError, DealError, Group, Hand, KeyCheck, Passphrase, Random, ReadError, Scheme, Share,
    SystemRandom, WrongShare, deal, deal_any, read,
};
use crate::stage::{
    Division, NoAnswer, PinKind, Secret, ShareError, ShareFace, SharePurpose, ShareRequest, SharedSecret,
    shared_pin,
};

use super::pin_shares::Public;

/// A set of shares, as it goes to its holders.
pub struct Sheets {
    /// The set.
    pub set: String,
    /// The key-encryption key's check value.
    pub check: KeyCheck,
    /// One for each holder, in order.
    pub all: Vec<Sheet>,
}

/// A share with what stands on its sheet beside it.
pub struct Sheet {
    /// Which of its set it is, counted from 1 through all groups.
    pub index: u64,
    /// What the log says of it.
    pub face: ShareFace,
    /// What its commitment was made with, in hex.
    pub salt: String,
    /// Its words.
    pub share: SecretOctets,
}

/// Deals a key-encryption key to so many holders; a set that `is_used` is not taken.
///
/// # Errors
///
/// [`ShareError`] if it cannot be divided so.
pub fn sheets(
    kek: &Secret<32>,
    division: Division<'_>,
    random: &mut dyn Random,
    is_used: &dyn Fn(&str) -> bool,
) -> Result<Sheets, ShareError> {
    let scheme = scheme(division)?;
    let secret = kek.expose(|octets| SecretOctets::read(octets)).unwrap_or_else(SecretOctets::empty);
    let mut once = |random: &mut dyn Random| deal(&secret, &scheme, &Passphrase::none(), random);
    let (set, all) = of_new_set(&mut once, random, is_used)?;
    Ok(Sheets { set, check: KeyCheck::of(kek), all })
}

/// Deals a secret of any length, such as a PIN, to so many holders; a set that `is_used` is not taken. Its number, and a sheet
/// for each holder, in order.
///
/// # Errors
///
/// [`ShareError`] if it cannot be divided so.
pub fn secret_sheets(
    secret: &SecretOctets,
    division: Division<'_>,
    random: &mut dyn Random,
    is_used: &dyn Fn(&str) -> bool,
) -> Result<(String, Vec<Sheet>), ShareError> {
    let scheme = scheme(division)?;
    of_new_set(&mut |random| deal_any(secret, &scheme, random), random, is_used)
}

/// One group, where so many of so many shares are enough.
///
/// # Errors
///
/// [`ShareError`] if there can be no such group.
pub fn single((threshold, count): (usize, usize)) -> Result<Scheme, ShareError> {
    let small = |number| u8::try_from(number).unwrap_or(u8::MAX);
    Scheme::single(small(threshold), small(count)).map_err(ShareError::new)
}

/// The groups of a division, or its only one.
fn scheme(division: Division<'_>) -> Result<Scheme, ShareError> {
    let Some(groups) = division.groups else { return single((division.threshold, division.count)) };
    let small = |number| u8::try_from(number).unwrap_or(u8::MAX);
    let all = groups.all().iter().map(|group| Group::new(small(group.threshold), small(group.share_count)));
    let all = all.collect::<Result<Vec<Group>, DealError>>().map_err(ShareError::new)?;
    Scheme::groups(small(groups.needed()), all).map_err(ShareError::new)
}

/// The shares of each group, or why there are none.
type Dealt = Result<Vec<Vec<Share>>, DealError>;

/// Deals until the set is a new one, and salts the commitments.
fn of_new_set(
    once: &mut dyn FnMut(&mut dyn Random) -> Dealt,
    random: &mut dyn Random,
    is_used: &dyn Fn(&str) -> bool,
) -> Result<(String, Vec<Sheet>), ShareError> {
    for _ in 0..MOST_SETS {
        let shares: Vec<Share> = once(random).map_err(ShareError::new)?.into_iter().flatten().collect();
        let set = shares.first().map(|share| share.set().to_string()).unwrap_or_default();
        if is_used(&set) {
            continue;
        }
        let mut sheets = Vec::new();
        for (index, share) in (1..).zip(shares) {
            let mut salt = [0; SALT_OCTETS];
            random.fill(&mut salt).map_err(ShareError::new)?;
            sheets.push(Sheet { index, face: face(&share, &salt), salt: hex(&salt), share: share.written() });
        }
        return Ok((set, sheets));
    }
    Err(ShareError::new(NoSet))
}

/// What a typed share is, by its salt in hex.
///
/// # Errors
///
/// [`ShareError`]: what is wrong with it, by place.
pub fn look(typed: &SecretOctets, salt: &str) -> Result<ShareFace, ShareError> {
    let salt = from_hex(salt).unwrap_or_default();
    typed.expose(read).map(|share| face(&share, &salt)).map_err(ShareError::new)
}

fn face(share: &Share, salt: &[u8]) -> ShareFace {
    ShareFace {
        set_id: share.set().to_string(),
        group: share.group().into(),
        number: share.number().into(),
        commitment: share.commitment(salt),
    }
}

/// Shares that were typed, on their way to be the key-encryption key again.
#[derive(Default)]
pub struct Gathered {
    hand: Hand,
}

impl Gathered {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// [`ShareError`]: why it does not belong to the others.
    pub fn lay(&mut self, typed: &SecretOctets) -> Result<(), ShareError> {
        let share = typed.expose(read).map_err(|error: ReadError| ShareError::new(error))?;
        self.hand.lay(share).map_err(|error: WrongShare| ShareError::new(error))
    }

    /// The key-encryption key, if its check value is this one in hex.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if the shares are too few, do not belong together, or give another key.
    pub fn combine(&self, check: &str) -> Result<Secret<32>, ShareError> {
        let secret =
            self.hand.combine(&Passphrase::none()).map_err(|error: CombineError| ShareError::new(error))?;
        let kek = secret.expose(|octets| {
            Secret::<32>::try_fill(|place| {
                let octets: &[u8; 32] = octets.try_into().map_err(|_| OtherKey)?;
                place.copy_from_slice(octets);
                Ok::<_, OtherKey>(())
            })
        });
        let kek = kek.map_err(ShareError::new)?;
        if hex(KeyCheck::of(&kek).octets()) == check { Ok(kek) } else { Err(ShareError::new(OtherKey)) }
    }
}

/// A key-encryption key and the random octets of its shares, where nobody keeps anything: public.
pub struct ThrowAway {
    kek: Public,
    shares: Public,
}

impl ThrowAway {
    /// For the so-many-th set of a key, and the so-many-th key-encryption key, both counted from 0.
    pub fn of(key: &str, set: usize, generation: usize) -> Self {
        Self {
            kek: Public::of(&format!("key {generation} of the backup of {key}")),
            shares: Public::of(&format!("set {set} of key {generation} of the backup of {key}")),
        }
    }

    /// The key-encryption key.
    pub fn kek(&mut self) -> Secret<32> {
        // It gives octets for ever.
        Secret::fill(|octets| {
            let _ = self.kek.fill(octets);
        })
    }

    /// For the so-many-th set of a secret that has a name in the script.
    pub fn of_secret(name: &str, set: usize) -> Self {
        Self::of(&format!("the secret {name}"), set, 0)
    }

    /// What is divided where nobody keeps anything, whatever was typed: public.
    pub fn secret() -> SecretOctets {
        shared_pin(PinKind::Named).expose(SecretOctets::read).unwrap_or_else(SecretOctets::empty)
    }

    /// The number of the set that its shares will have.
    fn set(key: &str, set: usize, generation: usize) -> String {
        let mut number = [0; 2];
        let _ = Self::of(key, set, generation).shares.fill(&mut number);
        format!("{:04x}", u16::from_be_bytes(number) & 0x7fff)
    }
}

impl Random for ThrowAway {
    fn fill(&mut self, octets: &mut [u8]) -> Result<(), crate::share::NoRandom> {
        self.shares.fill(octets)
    }
}

/// What a holder types whose share is one of a rehearsal's backup.
///
/// # Errors
///
/// [`NoAnswer`] if there is no such share.
pub fn improvised_key_share(request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
    let question =
        || NoAnswer::Ended { question: format!("{}'s share of {}", request.person.id, request.of) };
    let place = match request.purpose {
        SharePurpose::ReadBack { index } => {
            usize::try_from(index).ok().and_then(|index| index.checked_sub(1))
        }
        SharePurpose::Login { .. } => {
            request.holders.iter().position(|holder| holder.id == request.person.id)
        }
    };
    let place = place.ok_or_else(question)?;
    let division = request.division();
    let (name, set_id) = match &request.of {
        SharedSecret::Key { key, set_id } => (key, set_id),
        SharedSecret::Named { name, set_id } => {
            let sheets = (0..MOST_SETS).find_map(|set| {
                let mut random = ThrowAway::of_secret(name, set);
                let dealt = secret_sheets(&ThrowAway::secret(), division, &mut random, &|_| false);
                dealt.ok().filter(|(set, _)| set == set_id).map(|(_, sheets)| sheets)
            });
            let sheet = sheets.and_then(|sheets| sheets.into_iter().nth(place));
            return sheet.map(|sheet| Some(sheet.share)).ok_or_else(question);
        }
        SharedSecret::Pin { .. } => return Err(question()),
    };
    let all = (0..MOST_SETS).flat_map(|set| (0..MOST_KEYS).map(move |generation| (set, generation)));
    for (set, generation) in
        all.filter(|(set, generation)| ThrowAway::set(name, *set, *generation) == *set_id)
    {
        let mut random = ThrowAway::of(name, set, generation);
        let kek = random.kek();
        let dealt = sheets(&kek, division, &mut random, &|_| false);
        if let Ok(dealt) = dealt
            && dealt.set == *set_id
        {
            return Ok(dealt.all.into_iter().nth(place).map(|sheet| sheet.share));
        }
    }
    Err(question())
}

/// So many different numbers out of `0..count` as are wanted, in an order that nobody can foresee.
pub fn drawn(wanted: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    let mut drawn = Vec::new();
    while drawn.len() < wanted && !all.is_empty() {
        let mut octets = [0; 8];
        // Without randomness the first is as good as any.
        let _ = SystemRandom.fill(&mut octets);
        let place = usize::try_from(u64::from_be_bytes(octets) % (all.len() as u64)).unwrap_or_default();
        drawn.push(all.swap_remove(place));
    }
    drawn
}

/// What the shares give is not what was divided.
#[derive(Debug, Error)]
#[error("the shares give another key than the one that was divided: its check value differs")]
struct OtherKey;

/// Every set that was dealt has the number of another.
#[derive(Debug, Error)]
#[error("no set of shares has a number of its own")]
struct NoSet;

/// Octets of a salt.
const SALT_OCTETS: usize = 8;

/// How many key-encryption keys a rehearsal makes for a key.
const MOST_KEYS: usize = 8;
/// How often a set is dealt for a key, or a number is drawn for it.
const MOST_SETS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Groups, HolderGroup};

    fn of(threshold: usize, count: usize) -> Division<'static> {
        Division { threshold, count, groups: None }
    }

    #[test]
    fn what_was_divided_among_groups_comes_back_from_a_quorum_of_them_and_from_no_less() {
        let group = |name: &str, threshold, count| HolderGroup::new(name, threshold, count).unwrap();
        let all = vec![group("europe", 2, 3), group("safe", 1, 1), group("asia", 3, 4)];
        let groups = Groups::new(2, all).unwrap();
        let kek = Secret::<32>::fill(|octets| octets.fill(7));
        let dealt = sheets(&kek, Division::from(&groups), &mut SystemRandom, &|_| false).unwrap();
        let check = hex(dealt.check.octets());
        assert_eq!(dealt.all.len(), 8);
        for sheet in &dealt.all {
            let index = Division::from(&groups).index_of(sheet.face.group, sheet.face.number);
            assert_eq!(index, Some(sheet.index));
            assert_eq!(look(&sheet.share, &sheet.salt).unwrap(), sheet.face);
        }
        for (numbers, enough) in [
            (&[1, 3, 4][..], true),
            (&[8, 4, 5, 6], true),
            (&[2, 5, 1, 8, 7], true),
            (&[1, 2], false),
            (&[1, 4], false),
            (&[5, 6, 7], false),
            (&[1, 2, 5, 6], false),
        ] {
            let mut gathered = Gathered::default();
            for number in numbers {
                gathered.lay(&dealt.all[number - 1].share).unwrap();
            }
            let back = gathered.combine(&check);
            assert_eq!(back.is_ok(), enough, "{numbers:?}");
            let there = numbers.iter().map(|number| *number as u64).collect();
            assert_eq!(Division::from(&groups).is_enough(&there), enough, "{numbers:?}");
            if let Ok(back) = back {
                assert!(back.expose(|octets| *octets == [7; 32]));
            }
        }
    }

    #[test]
    fn what_was_divided_comes_back_from_any_holders_and_from_no_others() {
        let kek = Secret::<32>::fill(|octets| octets.fill(7));
        let dealt = sheets(&kek, of(3, 5), &mut SystemRandom, &|_| false).unwrap();
        let check = hex(dealt.check.octets());
        for places in [[0, 1, 2], [4, 2, 0]] {
            let mut gathered = Gathered::default();
            for place in places {
                assert!(gathered.combine(&check).is_err());
                let sheet = &dealt.all[place];
                assert_eq!(look(&sheet.share, &sheet.salt).unwrap(), sheet.face);
                assert_ne!(look(&sheet.share, "00").unwrap().commitment, sheet.face.commitment);
                gathered.lay(&sheet.share).unwrap();
            }
            let back = gathered.combine(&check).unwrap();
            assert!(back.expose(|octets| *octets == [7; 32]));
            assert!(gathered.combine("0000000000000000").is_err());
        }
    }

    #[test]
    fn a_set_that_is_used_is_not_dealt_again() {
        let kek = Secret::<32>::fill(|octets| octets.fill(7));
        let first = sheets(&kek, of(2, 2), &mut ThrowAway::of("x", 0, 0), &|_| false).unwrap().set;
        let second = sheets(&kek, of(2, 2), &mut ThrowAway::of("x", 0, 0), &|set| set == first).unwrap().set;
        assert_ne!(first, second);
        assert!(sheets(&kek, of(2, 2), &mut SystemRandom, &|_| true).is_err());
    }

    #[test]
    fn as_many_are_drawn_as_are_wanted_and_each_once() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut three = drawn(3, 5);
            three.sort_unstable();
            three.dedup();
            assert_eq!(three.len(), 3);
            seen.insert(three);
        }
        assert_eq!(seen.len(), 10);
        assert_eq!(drawn(3, 2).len(), 2);
    }
}

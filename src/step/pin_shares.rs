//! A token's PIN in shares of our own text form: what the stage deals and puts together.

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::key_shares::single;
use crate::secret::{Pin, PinError, SecretOctets};
use crate::share::{DealError, Hand, NoRandom, Passphrase, Random, Share, SystemRandom, deal_any, read};
use crate::stage::{DealtPin, PinKind, ShareError, ShareFace, SharedPin, shared_pin};

/// The shares of a token's PIN that are there so far.
#[derive(Default)]
pub struct PinShares {
    hand: Hand,
}

impl PinShares {
    /// The share that a holder of a throw-away token's PIN has: it is public, and the same each time. `place` counts from 0.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if there is no such share.
    pub fn of_throw_away_token(
        token: &str,
        threshold: usize,
        count: usize,
        place: usize,
    ) -> Result<SecretOctets, ShareError> {
        let dealt = Self::default().deal(token, threshold, count, false)?;
        let share = dealt.shares.into_iter().nth(place);
        share.map(|(_, share)| share).ok_or_else(|| ShareError::new(NoSuchShare { place, count }))
    }
}

impl SharedPin for PinShares {
    fn clear(&mut self) {
        self.hand = Hand::new();
    }

    fn look(&self, typed: &SecretOctets) -> Result<ShareFace, ShareError> {
        typed.expose(read).map(|share| face(&share)).map_err(ShareError::new)
    }

    fn lay(&mut self, typed: &SecretOctets) -> Result<(), ShareError> {
        let share = typed.expose(read).map_err(ShareError::new)?;
        self.hand.lay(share).map_err(ShareError::new)
    }

    fn missing(&self) -> Option<usize> {
        self.hand.missing()
    }

    fn combine(&self) -> Result<Pin, ShareError> {
        let secret = self.hand.combine(&Passphrase::none()).map_err(ShareError::new)?;
        secret.expose(Pin::read).map_err(ShareError::new)
    }

    fn deal(&self, token: &str, threshold: usize, count: usize, kept: bool) -> Result<DealtPin, ShareError> {
        let mut public;
        let random: &mut dyn Random = if kept {
            &mut SystemRandom
        } else {
            public = Public::of(token);
            &mut public
        };
        let pin = if kept { new_pin(random).map_err(ShareError::new)? } else { shared_pin(PinKind::User) };
        let scheme = single((threshold, count))?;
        let secret = pin.expose(SecretOctets::read).ok_or_else(|| ShareError::new(PinError::TooLong))?;
        let dealt = deal_any(&secret, &scheme, random).map_err(ShareError::new)?;
        let shares = dealt.iter().flatten().map(|share| (face(share), share.written())).collect();
        Ok(DealtPin { pin, shares })
    }
}

fn face(share: &Share) -> ShareFace {
    // Its set is padded with random octets: a digest without a salt says nothing of it.
    let commitment = share.commitment(b"");
    ShareFace { set_id: share.set().to_string(), index: share.number().into(), commitment }
}

/// 15 letters and digits, 75 bits: nobody types it, so it need not be short, and no token asks for fewer.
fn new_pin(random: &mut dyn Random) -> Result<Pin, DealError> {
    let mut octets = Zeroizing::new([0; PIN_OCTETS]);
    random.fill(octets.as_mut())?;
    for octet in octets.iter_mut() {
        // 32 characters: each is as likely as any other.
        *octet = PIN_CHARACTERS.get(usize::from(*octet & 31)).copied().unwrap_or(b'0');
    }
    Pin::read(octets.as_ref()).map_err(|_| DealError::Random(NoRandom))
}

/// What the shares of rehearsals are made of: nothing that anybody could not know.
pub(super) struct Public {
    seed: [u8; 32],
    count: u64,
}

impl Public {
    pub(super) fn of(token: &str) -> Self {
        Self { seed: Sha256::digest(token.as_bytes()).into(), count: 0 }
    }
}

impl Random for Public {
    fn fill(&mut self, octets: &mut [u8]) -> Result<(), NoRandom> {
        for octets in octets.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(b"rootrite throw-away shares\0");
            hash.update(self.seed);
            hash.update(self.count.to_be_bytes());
            self.count += 1;
            let digest: [u8; 32] = hash.finalize().into();
            octets.iter_mut().zip(digest).for_each(|(octet, digest)| *octet = digest);
        }
        Ok(())
    }
}

/// A share that nobody has.
#[derive(Debug, Error)]
#[error("there is no share {place}, counted from 0: {count} were dealt")]
struct NoSuchShare {
    place: usize,
    count: usize,
}

/// Characters of a PIN that is dealt: with its padding it fills two steps of 16 octets.
const PIN_OCTETS: usize = 15;

/// What a PIN that is dealt is made of.
const PIN_CHARACTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_was_dealt_is_put_together_again_by_any_of_its_holders() {
        let dealt = PinShares::default().deal("root", 2, 3, true).unwrap();
        assert_eq!(dealt.pin.octets(), PIN_OCTETS);
        for (one, two) in [(0, 1), (2, 0), (1, 2)] {
            let mut shares = PinShares::default();
            assert_eq!(shares.missing(), None);
            shares.lay(&dealt.shares[one].1).unwrap();
            assert_eq!(shares.missing(), Some(1));
            assert!(shares.combine().is_err());
            shares.lay(&dealt.shares[two].1).unwrap();
            assert_eq!(shares.missing(), Some(0));
            assert!(shares.combine().unwrap().is_same(&dealt.pin));
            shares.clear();
            assert_eq!(shares.missing(), None);
        }
    }

    #[test]
    fn two_pins_that_are_dealt_are_never_the_same_and_those_of_throw_away_tokens_always() {
        let deal = |kept| PinShares::default().deal("root", 2, 3, kept).unwrap();
        assert!(!deal(true).pin.is_same(&deal(true).pin));
        let (one, two) = (deal(false), deal(false));
        assert!(one.pin.is_same(&shared_pin(PinKind::User)));
        assert_eq!(one.shares[1].0, two.shares[1].0);
        let share = PinShares::of_throw_away_token("root", 2, 3, 1).unwrap();
        assert!(share.is_same(&one.shares[1].1));
        let other = PinShares::of_throw_away_token("log", 2, 3, 1).unwrap();
        assert!(!share.is_same(&other));
        assert!(PinShares::of_throw_away_token("root", 2, 3, 3).is_err());
    }

    #[test]
    fn one_share_that_is_enough_and_17_shares_are_not_dealt() {
        assert!(PinShares::default().deal("root", 1, 3, true).is_err());
        assert!(PinShares::default().deal("root", 2, 17, true).is_err());
        assert!(PinShares::default().deal("root", 2, 300, true).is_err());
    }
}

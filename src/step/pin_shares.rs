//! A token's PIN in shares of our own text form: what the stage deals and puts together.

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::key_shares::single;
use crate::secret::{Pin, PinError, Secret, SecretOctets};
use crate::share::{DealError, Hand, NoRandom, Passphrase, Random, Share, SystemRandom, deal_any, read};
use crate::stage::{DRAWN, DealtPin, PinKind, ShareError, ShareFace, SharedPin, shared_pin};

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
        let dealt = Self::default().deal(token, threshold, count, None)?;
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

    fn deal(
        &self,
        token: &str,
        threshold: usize,
        count: usize,
        drawn: Option<(&Secret<DRAWN>, usize)>,
    ) -> Result<DealtPin, ShareError> {
        let mut public = Public::of(token);
        let random: &mut dyn Random = if drawn.is_some() { &mut SystemRandom } else { &mut public };
        let pin = match drawn {
            Some((drawn, characters)) => new_pin(drawn, characters, random).map_err(ShareError::new)?,
            None => shared_pin(PinKind::User),
        };
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
    ShareFace { set_id: share.set().to_string(), group: 1, number: share.number().into(), commitment }
}

/// Letters and digits, 5 bits each, of a token's random octets and the system's together: nobody foresees it who does not know
/// both. Nobody types it, so it need not be short.
fn new_pin(drawn: &Secret<DRAWN>, characters: usize, random: &mut dyn Random) -> Result<Pin, DealError> {
    let mut octets = Zeroizing::new([0; DRAWN]);
    random.fill(octets.as_mut())?;
    drawn.expose(|drawn| {
        for (octet, drawn) in octets.iter_mut().zip(drawn) {
            // 32 characters: each is as likely as any other.
            let place = usize::from((*octet ^ drawn) & 31);
            *octet = PIN_CHARACTERS.get(place).copied().unwrap_or(b'0');
        }
    });
    let pin = octets.get(..characters).unwrap_or_default();
    Pin::read(pin).map_err(|_| DealError::Random(NoRandom))
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

/// What a PIN that is dealt is made of.
const PIN_CHARACTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(octet: u8) -> Secret<DRAWN> {
        Secret::fill(|octets| octets.fill(octet))
    }

    #[test]
    fn a_pin_that_was_dealt_is_put_together_again_by_any_of_its_holders() {
        let dealt = PinShares::default().deal("root", 2, 3, Some((&drawn(0), 15))).unwrap();
        assert_eq!(dealt.pin.octets(), 15);
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
    fn a_pin_is_made_of_the_token_s_octets_and_the_system_s() {
        struct Fixed(u8);
        impl Random for Fixed {
            fn fill(&mut self, octets: &mut [u8]) -> Result<(), NoRandom> {
                octets.fill(self.0);
                Ok(())
            }
        }
        let pin = |token: u8, system: u8, characters| {
            let pin = new_pin(&drawn(token), characters, &mut Fixed(system)).unwrap();
            pin.expose(|octets| String::from_utf8(octets.to_vec()).unwrap())
        };
        assert_eq!(pin(0, 0, 8), "00000000");
        assert_eq!(pin(1, 0, 9), "111111111");
        assert_eq!(pin(0, 2, 15), "2".repeat(15));
        assert_eq!(pin(1, 2, 32), "3".repeat(32));
        // Of both alike nothing is left: the one says nothing without the other.
        assert_eq!(pin(31, 31, 8), "00000000");
    }

    #[test]
    fn two_pins_that_are_dealt_are_never_the_same_and_those_of_throw_away_tokens_always() {
        let kept = || PinShares::default().deal("root", 2, 3, Some((&drawn(0), 15))).unwrap();
        assert!(!kept().pin.is_same(&kept().pin));
        let deal = || PinShares::default().deal("root", 2, 3, None).unwrap();
        let (one, two) = (deal(), deal());
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
        for (threshold, count) in [(1, 3), (2, 17), (2, 300)] {
            assert!(PinShares::default().deal("root", threshold, count, Some((&drawn(0), 15))).is_err());
        }
    }
}

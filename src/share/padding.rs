//! A secret of any length as one that can be split: its length, itself, and random octets behind it.
//!
//! The random octets are at least 16, so that nobody who has all shares but one can try PINs on what is known of the last;
//! and they round the length up, so that a share says little of how long the secret is.

use super::random::{NoRandom, Random};
use crate::secret::SecretOctets;

/// The fewest octets of a padded secret, and the steps in which it grows.
pub(super) const STEP: usize = 16;

/// Nothing if there are none or more than 255 octets.
pub(super) fn pad(secret: &SecretOctets, random: &mut dyn Random) -> Result<Option<SecretOctets>, NoRandom> {
    let Some(length) = u8::try_from(secret.len()).ok().filter(|length| *length > 0) else { return Ok(None) };
    let whole = (1 + secret.len() + STEP).next_multiple_of(STEP);
    let Some(mut padded) = SecretOctets::zeros(whole) else { return Ok(None) };
    padded.write(|octets| {
        random.fill(octets)?;
        if let Some((first, rest)) = octets.split_first_mut() {
            *first = length;
            secret.expose(|secret| {
                for (octet, secret) in rest.iter_mut().zip(secret) {
                    *octet = *secret;
                }
            });
        }
        Ok(())
    })?;
    Ok(Some(padded))
}

/// The secret again; nothing if no secret is padded so.
pub(super) fn unpad(padded: &SecretOctets) -> Option<SecretOctets> {
    padded.expose(|octets| {
        let (length, rest) = octets.split_first()?;
        let length = usize::from(*length);
        let fits = length > 0 && octets.len() == (1 + length + STEP).next_multiple_of(STEP);
        SecretOctets::read(rest.get(..length).filter(|_| fits)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::SystemRandom;

    const MOST: usize = 255;

    #[test]
    fn a_secret_of_1_to_255_octets_comes_back_and_has_16_random_octets_or_more_behind_it() {
        for length in 1..=MOST {
            let secret = SecretOctets::read(&vec![7; length]).unwrap();
            let padded = pad(&secret, &mut SystemRandom).unwrap().unwrap();
            let most = length + 2 * STEP;
            assert!(
                padded.len().is_multiple_of(STEP) && padded.len() > length + STEP && padded.len() <= most
            );
            assert!(unpad(&padded).unwrap().is_same(&secret), "{length}");
        }
        for length in [0, MOST + 1] {
            assert!(pad(&SecretOctets::zeros(length).unwrap(), &mut SystemRandom).unwrap().is_none());
        }
    }

    #[test]
    fn what_nobody_padded_is_no_secret() {
        for octets in [&[][..], &[0; 32], &[16; 32], &[15; 48], &[15; 31]] {
            assert!(unpad(&SecretOctets::read(octets).unwrap()).is_none(), "{octets:?}");
        }
        assert_eq!(unpad(&SecretOctets::read(&[15; 32]).unwrap()).unwrap().len(), 15);
    }
}

//! PINs in shares: dealt to their holders once a token is initialised, put together again at each login.
//!
//! The rules of this file:
//! - A PIN is made of the token's randomness and the system's together, and as long as the token lets it be.
//! - A share is seen by its holder alone, and nothing depends on it before its holder has typed it back.
//! - A share that was typed is looked at before it is taken: a wrong one is named by its holder, never by its words.
//! - What the shares rebuild is one try at the token, like any other PIN.
//! - A set that was dealt and did not become the token's counts for nothing; a holder who fails gets a new set.

use std::error::Error;

use thiserror::Error;

use crate::digest::Digest;
use crate::hsm::{Login, TokenInformation};
use crate::secret::{Pin, Secret, SecretOctets};

use super::equipment::LoginKind;
use super::event::{Event, ShareOf};
use super::hand_over::Handing;
use super::operators::{Notice, Person, SharePurpose, SharedSecret};
use super::{Stage, StageError};

/// Deals PINs and puts them together again. The stage knows no sharing of secrets itself.
pub trait SharedPin {
    /// Forgets what was laid down.
    fn clear(&mut self);

    /// What a share says of itself; nothing is taken.
    ///
    /// # Errors
    ///
    /// [`ShareError`]: what is wrong with it, by place.
    fn look(&self, typed: &SecretOctets) -> Result<ShareFace, ShareError>;

    /// Takes a share.
    ///
    /// # Errors
    ///
    /// [`ShareError`]: why it does not belong to those that were taken.
    fn lay(&mut self, typed: &SecretOctets) -> Result<(), ShareError>;

    /// How many shares are missing still; nothing while no share says how many there have to be.
    fn missing(&self) -> Option<usize>;

    /// The PIN of the shares that were taken.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if there are too few or they do not belong together.
    fn combine(&self) -> Result<Pin, ShareError>;

    /// A new PIN of so many characters and its shares; `drawn` are a token's random octets, which are mixed with the system's.
    /// Where nobody keeps anything nothing is drawn: it is the PIN of throw-away tokens, and its shares are the same each time.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if it cannot be divided so.
    fn deal(
        &self,
        token: &str,
        threshold: usize,
        count: usize,
        drawn: Option<(&Secret<DRAWN>, usize)>,
    ) -> Result<DealtPin, ShareError>;
}

/// Octets that a token is asked for, for a PIN.
pub const DRAWN: usize = 32;

/// How many characters a PIN has that is dealt for a token with such bounds: 15, or as many as the token lets
/// it have.
///
/// # Errors
///
/// [`PinBounds`] if that is none from 8 to 32.
pub fn dealt_characters(token: &TokenInformation) -> Result<usize, PinBounds> {
    let most = u64::try_from(DRAWN).unwrap_or(u64::MAX);
    let (shortest, longest) = (token.shortest_pin, token.longest_pin.unwrap_or(most));
    let wanted = USUAL_CHARACTERS.max(shortest).min(longest);
    match usize::try_from(wanted) {
        Ok(characters) if (FEWEST_CHARACTERS.max(shortest)..=most).contains(&wanted) => Ok(characters),
        _ => Err(PinBounds { shortest, longest: token.longest_pin }),
    }
}

/// Characters of a PIN that is dealt, each of 32 (5 bits): 75 bits. With its padding it fills two steps of 16 octets.
const USUAL_CHARACTERS: u64 = 15;

/// The fewest: 40 bits, all that a token holds whose PINs have eight octets at most (opencryptoki). A token that locks answers a
/// handful of tries; one that never does a thousand a second, and 40 bits last 17 years of them on average.
const FEWEST_CHARACTERS: u64 = 8;

/// A token whose PINs are too short, or have to be too long, for one that nobody guesses.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "its PINs have {shortest} to {} octets; wanted {FEWEST_CHARACTERS} to {DRAWN} for one that is dealt in shares",
    longest.map_or_else(|| "any number of".to_owned(), |longest| longest.to_string())
)]
pub struct PinBounds {
    /// How many octets a PIN has at least.
    pub shortest: u64,
    /// How many at most; nothing if the token sets no bound.
    pub longest: Option<u64>,
}

/// What a share shows of itself, which is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareFace {
    /// Its set.
    pub set_id: String,
    /// Which group of the set it is of, counted from 1; 1 where there are none.
    pub group: u64,
    /// Which share of its group it is, counted from 1.
    pub number: u64,
    /// A digest by which it is known again.
    pub commitment: Digest,
}

/// A PIN and its shares.
pub struct DealtPin {
    /// The PIN.
    pub pin: Pin,
    /// One share for each holder, in order.
    pub shares: Vec<(ShareFace, SecretOctets)>,
}

/// What is wrong with a share, or with several together. Says nothing of what was typed but places and numbers.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct ShareError(Box<dyn Error + Send + Sync>);

impl ShareError {
    /// What went wrong.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl Stage<'_> {
    /// The PIN that a token's holders have in shares: that of the set which all of them confirmed before an interruption, or a
    /// new one. `first`: the one that the token has until then.
    pub(super) fn dealt_pin(&mut self, token: &str, first: &Pin) -> Result<Pin, StageError> {
        if !self.last_set_is_whole(token)? {
            return self.deal_pin(token, first);
        }
        let tries = "the set that was dealt before the interruption".to_owned();
        self.combined_pin(token, &tries).map(|(pin, _)| pin)
    }

    /// Random octets of a token that has its first PIN.
    fn drawn_by(&mut self, token: &str, first: &Pin) -> Result<Secret<DRAWN>, StageError> {
        let device = self.token(token)?;
        let drawn = device.log_in(Login::Pin(first)).and_then(|()| {
            let drawn = device.random(DRAWN);
            // Whatever came of it: nobody stays logged in by the first one.
            device.log_out().and(drawn)
        });
        let drawn = drawn.map_err(|source| StageError::token(token, source))?;
        Secret::try_fill(|octets| {
            if drawn.len() != DRAWN {
                return Err(StageError::Random);
            }
            octets.copy_from_slice(&drawn);
            Ok(())
        })
    }

    /// Whether every holder has confirmed the set that was dealt last for a token before an interruption.
    fn last_set_is_whole(&mut self, token: &str) -> Result<bool, StageError> {
        let holders = self.equipment(token)?.custodians.clone();
        let set = self.last_set(token);
        let confirmed = |(face, holder): &(ShareFace, String)| {
            let same = |record: &super::PastRecord| {
                record.text("token") == Some(token)
                    && record.digest("commitment_sha256") == Some(face.commitment)
                    && record.text("holder") == Some(holder)
            };
            self.past().find("share.confirmed", same).is_some()
        };
        let whose: Vec<&String> = set.iter().map(|(_, holder)| holder).collect();
        let all = holders.iter().map(|holder| &holder.id).collect::<Vec<_>>();
        Ok(!set.is_empty() && whose == all && set.iter().all(confirmed))
    }

    /// Deals a new PIN to a token's holders: each sees a share, keeps it and types it back. Until all have, nothing depends on
    /// any of them.
    fn deal_pin(&mut self, token: &str, first: &Pin) -> Result<Pin, StageError> {
        let equipment = self.equipment(token)?;
        let (holders, threshold) = (equipment.custodians.clone(), equipment.threshold);
        if let Some(absent) = holders.iter().find(|holder| !self.present.contains(holder)) {
            return Err(StageError::AbsentHolder { token: token.into(), person: absent.id.clone() });
        }
        let sharing = |source| StageError::Shares { token: token.into(), source };
        let characters = dealt_characters(&self.information(token)?);
        let characters = characters.map_err(|bounds| sharing(ShareError::new(bounds)))?;
        // Where nobody keeps anything too, so that a rehearsal asks the token for the same.
        let drawn = self.drawn_by(token, first)?;
        let drawn = (!self.operators.is_improvised()).then_some((&drawn, characters));
        let dealt = self.shared(token)?.deal(token, threshold, holders.len(), drawn).map_err(sharing)?;
        if let Some((void, _)) = self.last_set(token).first() {
            let set = &void.set_id;
            let text =
                format!("token `{token}`: the shares of set {set} count for nothing; a new PIN is dealt");
            self.record(Event::LogNote { text })?;
        }
        let handing = handing(token, &holders, threshold);
        // A power failure from here on leaves a set that some holders have and no token: the next start deals another.
        for (holder, (face, share)) in holders.iter().zip(&dealt.shares) {
            self.record(Event::ShareIssued(share_of(token, face, holder)))?;
            let look = &mut |stage: &mut Self, typed: &SecretOctets| stage.look(token, typed);
            if !self.hand_over_share(&handing, holder, (face, None, share), look)? {
                return Err(StageError::NotReadBack { token: token.into(), person: holder.id.clone() });
            }
            self.record(Event::ShareConfirmed(share_of(token, face, holder)))?;
        }
        let set = dealt.shares.into_iter().map(|(face, _)| face);
        let set = set.zip(holders).map(|(face, holder)| (face, holder.id)).collect();
        self.equipment(token)?.dealt = Some(set);
        Ok(dealt.pin)
    }

    /// The PIN that the holders in the room put together, and who did.
    pub(super) fn combined_pin(
        &mut self,
        token: &str,
        tries: &str,
    ) -> Result<(Pin, Vec<String>), StageError> {
        let equipment = self.equipment(token)?;
        let (custodians, threshold) = (equipment.custodians.clone(), equipment.threshold);
        let holders: Vec<Person> =
            custodians.iter().filter(|holder| self.present.contains(holder)).cloned().collect();
        for _ in 0..MOST_TRIES {
            let gathered = self.gather(token, &holders, (threshold, &custodians), tries);
            let shared = self.shared(token)?;
            // Nobody's share waits for the end of a pause: all of them are typed anew.
            let people = gathered.inspect_err(|_| shared.clear())?;
            match shared.combine() {
                Ok(pin) => {
                    shared.clear();
                    return Ok((pin, people));
                }
                Err(error) => {
                    shared.clear();
                    let sentence =
                        format!("the shares of {}: {error}; each holder types again", people.join(", "));
                    let text = format!("token `{token}`: {sentence}");
                    self.operators.show(&Notice::Wrong { sentence });
                    self.record(Event::LogNote { text })?;
                }
            }
        }
        Err(StageError::TooFewShares { token: token.into(), missing: threshold })
    }

    /// Takes shares from one holder after the other until there are enough; who gave one.
    fn gather(
        &mut self,
        token: &str,
        holders: &[Person],
        (threshold, custodians): (usize, &[Person]),
        tries: &str,
    ) -> Result<Vec<String>, StageError> {
        let after_wrong = self.equipment(token)?.wrong > 0;
        self.shared(token)?.clear();
        let mut people = Vec::new();
        for holder in holders {
            if self.shared(token)?.missing() == Some(0) {
                return Ok(people);
            }
            let handing = handing(token, custodians, threshold);
            let purpose = SharePurpose::Login { given: people.len(), after_wrong };
            for _ in 0..MOST_TRIES {
                let typed = self.ask_share_or_pause(&handing, holder, tries.to_owned(), purpose)?;
                let Some(typed) = typed else { break };
                match self.take(token, holder, &typed)? {
                    Ok(face) => {
                        self.record(Event::ShareChecked(share_of(token, &face, holder)))?;
                        people.push(holder.id.clone());
                        break;
                    }
                    Err(why) => self.wrong_share(holder, &why),
                }
            }
        }
        match self.shared(token)?.missing() {
            Some(0) => Ok(people),
            missing => {
                self.shared(token)?.clear();
                let missing = missing.unwrap_or(threshold);
                Err(StageError::TooFewShares { token: token.into(), missing })
            }
        }
    }

    /// Looks at a share and takes it; why not, in words.
    fn take(
        &mut self,
        token: &str,
        holder: &Person,
        typed: &SecretOctets,
    ) -> Result<Result<ShareFace, String>, StageError> {
        let face = match self.look(token, typed)? {
            Ok(face) => face,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if let Some(why) = self.is_not_of_this_log(token, holder, &face)? {
            return Ok(Err(why));
        }
        Ok(self.shared(token)?.lay(typed).map(|()| face).map_err(|error| error.to_string()))
    }

    /// Why a share is none of those that this log says were dealt for the token; nothing where it says nothing of any.
    fn is_not_of_this_log(
        &mut self,
        token: &str,
        holder: &Person,
        face: &ShareFace,
    ) -> Result<Option<String>, StageError> {
        let dealt = match self.equipment(token)?.dealt.clone() {
            Some(dealt) => dealt,
            None => self.last_set(token),
        };
        let Some((wanted, _)) = dealt.first() else { return Ok(None) };
        let ShareFace { set_id, number, commitment, .. } = face;
        if wanted.set_id != *set_id {
            return Ok(Some(format!("the share is of set {set_id}; wanted one of set {}", wanted.set_id)));
        }
        let known =
            dealt.iter().find(|(known, _)| known.number == *number && known.commitment == *commitment);
        Ok(match known {
            Some((_, whose)) if *whose == holder.id => None,
            Some((_, whose)) => {
                Some(format!("the share is {whose}'s; each holder types the one that the log says"))
            }
            None => Some(format!("the share is not share {number} of set {set_id} as it was dealt")),
        })
    }

    /// The set that was dealt last for a token before an interruption, and who has which; empty if none was.
    fn last_set(&self, token: &str) -> Vec<(ShareFace, String)> {
        let issued =
            |record: &&super::PastRecord| record.ev == "share.issued" && record.text("token") == Some(token);
        let all = self.past().records().iter().filter(issued);
        let mut set: Vec<(ShareFace, String)> = all
            .filter_map(|record| {
                let set_id = record.text("set_id")?.to_owned();
                let number = record.data.get("index")?.as_u64()?;
                let commitment = record.digest("commitment_sha256")?;
                let face = ShareFace { set_id, group: 1, number, commitment };
                Some((face, record.text("holder")?.to_owned()))
            })
            .collect();
        // A set begins with its first share.
        if let Some(begin) = set.iter().rposition(|(face, _)| face.number == 1) {
            set.drain(..begin);
        }
        set
    }

    fn look(
        &mut self,
        token: &str,
        typed: &SecretOctets,
    ) -> Result<Result<ShareFace, ShareError>, StageError> {
        Ok(self.shared(token)?.look(typed))
    }

    fn shared(&mut self, token: &str) -> Result<&mut dyn SharedPin, StageError> {
        match &mut self.equipment(token)?.login {
            LoginKind::Shares(shared) => Ok(shared.as_mut()),
            _ => Err(StageError::NoToken { token: token.into() }),
        }
    }
}

/// How a token's PIN is handed out and gathered again.
fn handing(token: &str, holders: &[Person], threshold: usize) -> Handing {
    let of = SharedSecret::Pin { token: token.to_owned() };
    Handing { of, token: token.to_owned(), holders: holders.to_vec(), threshold, groups: None }
}

/// What the log says of a share.
fn share_of(token: &str, face: &ShareFace, holder: &Person) -> ShareOf {
    ShareOf {
        token: Some(token.to_owned()),
        spki_sha256: None,
        secret: None,
        set_id: face.set_id.clone(),
        index: face.number,
        group: None,
        group_index: None,
        holder: holder.id.clone(),
        commitment_sha256: face.commitment,
        salt_digest: None,
    }
}

/// How often a holder, or all of them together, try before it is given up.
pub(super) const MOST_TRIES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::Version;

    #[test]
    fn a_pin_that_is_dealt_is_as_long_as_the_token_lets_it_be_and_never_so_short_that_somebody_guesses_it() {
        let token = |shortest_pin, longest_pin| TokenInformation {
            label: String::new(),
            manufacturer: String::new(),
            model: String::new(),
            serial: String::new(),
            flags: 0,
            shortest_pin,
            longest_pin,
            hardware: Version { major: 0, minor: 0 },
            firmware: Version { major: 0, minor: 0 },
        };
        for (shortest, longest, wanted) in [
            (4, Some(255), Some(15)),
            (0, None, Some(15)),
            (4, Some(15), Some(15)),
            (4, Some(14), Some(14)),
            (4, Some(8), Some(8)),
            (4, Some(7), None),
            (16, Some(255), Some(16)),
            (32, None, Some(32)),
            (33, None, None),
            (9, Some(8), None),
        ] {
            let found = dealt_characters(&token(shortest, longest)).ok();
            assert_eq!(found, wanted, "{shortest} to {longest:?}");
        }
        let said = dealt_characters(&token(4, Some(7))).unwrap_err().to_string();
        assert_eq!(said, "its PINs have 4 to 7 octets; wanted 8 to 32 for one that is dealt in shares");
        let said = dealt_characters(&token(33, None)).unwrap_err().to_string();
        assert!(said.starts_with("its PINs have 33 to any number of octets"), "{said}");
    }
}

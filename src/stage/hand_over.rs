//! A share goes to its holder: seen by the holder alone, and typed back, every word of it.
//!
//! The rules of this file:
//! - What is wrong is named by its place; what stands there is never told.
//! - A share counts once what was typed back is what was shown.

use super::division::{Division, Groups};
use super::operators::{
    Aside, NoAnswer, Notice, Person, ShareDelivery, SharePurpose, ShareRequest, SharedSecret,
};
use super::shares::{MOST_TRIES, ShareError, ShareFace};
use super::{SecretOctets, Stage, StageError};

/// A set of shares that is handed out.
#[derive(Clone, Debug)]
pub struct Handing {
    /// What they are shares of.
    pub of: SharedSecret,
    /// The script's name for the token that it belongs to.
    pub token: String,
    /// Everyone who has one, in the script's order.
    pub holders: Vec<Person>,
    /// How many it takes; of groups, how many are asked for.
    pub threshold: usize,
    /// The groups of the holders, if there are several; the holders are in their order.
    pub groups: Option<Groups>,
}

impl Handing {
    /// How the set is divided.
    pub fn division(&self) -> Division<'_> {
        match &self.groups {
            Some(groups) => Division::from(groups),
            None => Division { threshold: self.threshold, count: self.holders.len(), groups: None },
        }
    }
}

/// What a typed share is, or what is wrong with it.
type Looked = Result<Result<ShareFace, ShareError>, StageError>;

impl Stage<'_> {
    /// Shows a holder a share until it has been typed back; whether it was. `look` says what a typed share is.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if it cannot be shown to one person alone, or nobody types.
    pub fn hand_over_share(
        &mut self,
        handing: &Handing,
        holder: &Person,
        (face, salt, share): (&ShareFace, Option<&str>, &SecretOctets),
        look: &mut dyn FnMut(&mut Self, &SecretOctets) -> Looked,
    ) -> Result<bool, StageError> {
        let step = self.step_number();
        let division = handing.division();
        // It was dealt so: it has its number.
        let index = division.index_of(face.group, face.number).unwrap_or_default();
        for _ in 0..MOST_TRIES {
            let delivery = ShareDelivery {
                step: step.clone(),
                token: handing.token.clone(),
                of: handing.of.clone(),
                person: holder.clone(),
                salt,
                set_id: face.set_id.clone(),
                index,
                count: handing.holders.len(),
                threshold: handing.threshold,
                member: division.member(index),
                share,
            };
            // Put off before it is shown: it is shown afterwards.
            loop {
                match self.operators.deliver(&delivery) {
                    Err(NoAnswer::Aside(aside)) => self.see_to(aside, holder)?,
                    seen => break seen?,
                }
            }
            let purpose = SharePurpose::ReadBack { index };
            let Some(typed) = self.ask_share(handing, holder, String::new(), purpose)? else { continue };
            match look(self, &typed)? {
                Ok(found) if found.commitment == face.commitment => return Ok(true),
                Ok(_) => self.wrong_share(holder, "this is a share, but not the one that was shown"),
                Err(error) => {
                    let why = other_words(share, &typed).unwrap_or_else(|| error.to_string());
                    self.wrong_share(holder, &why);
                }
            }
        }
        Ok(false)
    }

    /// Takes in what a holder types; nothing if they have none here, or want to see it once more. What is otherwise than
    /// the script says is seen to first, and so is a pause; then the share is typed from its beginning.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if nobody can type.
    pub fn ask_share(
        &mut self,
        handing: &Handing,
        holder: &Person,
        tries: String,
        purpose: SharePurpose,
    ) -> Result<Option<SecretOctets>, StageError> {
        let request = self.share_request(handing, holder, tries, purpose);
        loop {
            match self.operators.share(&request) {
                Err(NoAnswer::Aside(aside)) => self.see_to(aside, holder)?,
                typed => return Ok(typed?),
            }
        }
    }

    /// The same where shares of others are on the table: a pause is the caller's, who clears it first.
    pub(super) fn ask_share_or_pause(
        &mut self,
        handing: &Handing,
        holder: &Person,
        tries: String,
        purpose: SharePurpose,
    ) -> Result<Option<SecretOctets>, StageError> {
        let request = self.share_request(handing, holder, tries, purpose);
        loop {
            match self.operators.share(&request) {
                Err(NoAnswer::Aside(aside @ Aside::Exception)) => self.see_to(aside, holder)?,
                typed => return Ok(typed?),
            }
        }
    }

    fn share_request(
        &self,
        handing: &Handing,
        holder: &Person,
        tries: String,
        purpose: SharePurpose,
    ) -> ShareRequest {
        ShareRequest {
            step: self.step_number(),
            token: handing.token.clone(),
            of: handing.of.clone(),
            person: holder.clone(),
            holders: handing.holders.clone(),
            threshold: handing.threshold,
            groups: handing.groups.clone(),
            tries,
            purpose,
        }
    }

    /// Says what is wrong with a holder's share.
    pub fn wrong_share(&mut self, holder: &Person, why: &str) {
        self.operators.show(&Notice::Wrong { sentence: format!("{}: {why}", holder.id) });
    }
}

/// Which words are others than those that were shown, by their places; nothing where that cannot be said: of a share in
/// groups each group checks itself, and of another number of words nobody knows which one is missing.
fn other_words(shown: &SecretOctets, typed: &SecretOctets) -> Option<String> {
    let places: Vec<usize> = shown.expose(|shown| {
        typed.expose(|typed| {
            if shown.starts_with(b"RR") || words(shown).count() != words(typed).count() {
                return Vec::new();
            }
            let pairs = (1..).zip(words(shown).zip(words(typed)));
            pairs
                .filter(|(_, (one, other))| !one.eq_ignore_ascii_case(other))
                .map(|(place, _)| place)
                .collect()
        })
    });
    match places.as_slice() {
        [] => None,
        [place] => Some(format!("word {place} is not the one that was shown")),
        all => {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            Some(format!("words {} are not those that were shown", all.join(", ")))
        }
    }
}

fn words(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(shown: &str, typed: &str) -> Option<String> {
        let read = |text: &str| SecretOctets::read(text.as_bytes()).unwrap();
        other_words(&read(shown), &read(typed))
    }

    #[test]
    fn every_wrong_word_is_named_by_its_place_and_none_is_told() {
        assert_eq!(told("one two three", "ONE  two\tthree"), None);
        assert_eq!(told("one two three", "one too three").unwrap(), "word 2 is not the one that was shown");
        assert_eq!(
            told("one two three", "on too tree").unwrap(),
            "words 1, 2, 3 are not those that were shown"
        );
        assert_eq!(told("one two three", "one three"), None);
        assert_eq!(told("RR1 abcde", "RR1 abcdf"), None);
    }
}

//! A key goes for good: between two records, with what the token holds before and after, and the word of a fresh process.
//!
//! The rules of this file:
//! - What the token held before is kept beside the log before anything goes, so that an interruption loses nothing.
//! - Afterwards the token holds what it held before, but for the objects of that id; anything else ends the ceremony.
//! - The token that was asked to destroy proves nothing: a fresh process looks, and tries to sign.
//! - How much that proves is part of the record. Nobody here can prove that a file was erased.

use super::event::{Event, ProofLevel};
use super::{Stage, StageError};
use crate::digest::{Digest, hex};
use crate::hsm::{HashAlgorithm, Inventory, KeyId, LOG_HEAD, ToSign, Token, TokenError};

/// A key that is to go.
#[derive(Clone, Debug)]
pub struct Destruction {
    /// The script's name for the token.
    pub token: String,
    /// Its id.
    pub id: KeyId,
    /// Its label.
    pub label: String,
    /// The digest of its public key.
    pub spki_sha256: Digest,
    /// What is left of it elsewhere.
    pub surviving: Vec<String>,
}

impl Stage<'_> {
    /// Destroys a key and says what proves it. People have allowed it: `approval` is the record.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token does not let it go, or holds other things than before besides.
    pub fn destroy_key(&mut self, what: &Destruction, approval: u64) -> Result<ProofLevel, StageError> {
        self.is_not_recalling(&what.label)?;
        self.log_in(&what.token)?;
        let ours = what.spki_sha256;
        let open = self.take_open_intent(|intent| {
            intent.ev == "key.destroy.intent" && intent.digest("spki_sha256") == Some(ours)
        });
        let (before, seq) = if let Some(intent) = open {
            let wanted = intent.digest("inventory_before_sha256").unwrap_or(ours);
            (String::from_utf8_lossy(&self.kept(wanted)?).into_owned(), intent.seq)
        } else {
            let before = self.inventory(&what.token)?.canonical_text();
            let inventory_before_sha256 = self.keep(before.as_bytes())?;
            let event = Event::KeyDestroyIntent {
                spki_sha256: ours,
                token: what.token.clone(),
                id: what.id.to_string(),
                label: what.label.clone(),
                inventory_before_sha256,
            };
            (before, self.append(event, super::Actor::software(), Some(approval))?)
        };
        // A crash from here on leaves an intent without a result, and none, one or both halves of the key.
        match self.gone(what, &before) {
            Ok((inventory_after_sha256, level)) => {
                let event = Event::KeyDestroyed {
                    spki_sha256: ours,
                    token: what.token.clone(),
                    id: what.id.to_string(),
                    inventory_before_sha256: Digest::of(before.as_bytes()),
                    inventory_after_sha256,
                    level,
                    surviving: what.surviving.clone(),
                };
                self.record_closing(event, seq)?;
                Ok(level)
            }
            Err(error) => Err(self.failed(seq, error)?),
        }
    }

    /// Destroys what is there of the key and compares; the inventory afterwards and what proves it.
    fn gone(&mut self, what: &Destruction, before: &str) -> Result<(Digest, ProofLevel), StageError> {
        let failed = |source| StageError::token(&what.token, source);
        let token = self.token(&what.token)?;
        // After an interruption there may be nothing left to destroy.
        if token.inventory().map_err(failed)?.entries.iter().any(|entry| entry.id == what.id.octets()) {
            token.destroy_objects(&what.id).map_err(failed)?;
        }
        let after = token.inventory().map_err(failed)?;
        nothing_else(before, &after, &what.id)?;
        let answered =
            self.afresh(&what.token, |fresh| Ok((fresh.inventory()?, cannot_sign(fresh, &what.id)?)));
        let level = match answered {
            Ok((seen, true)) => {
                nothing_else(before, &seen, &what.id)?;
                ProofLevel::Absent
            }
            Ok((_, false)) => {
                return Err(StageError::Unfit(
                    "a fresh process still signs with the key that was destroyed".into(),
                ));
            }
            Err(error) => {
                let text =
                    super::printable(&format!("no fresh process could be asked: {}", error.with_causes()));
                self.record(Event::LogNote { text })?;
                ProofLevel::None
            }
        };
        Ok((after.digest(), level))
    }
}

/// Whether nothing can be signed with a key because it is not there.
fn cannot_sign(token: &mut dyn Token, id: &KeyId) -> Result<bool, TokenError> {
    let hash = HashAlgorithm::Sha256;
    let message = b"rootrite: nobody is to be able to sign this";
    match token.sign(id, ToSign::Whole { hash, octets: &hash.digest(message), message }) {
        Err(TokenError::NoSuchKey { .. }) => Ok(true),
        Ok(_) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses an inventory that is not the one before without the objects of one id. Data objects with the log's head are not
/// looked at: an interruption may have come between, and a newer head with it.
fn nothing_else(before: &str, after: &Inventory, id: &KeyId) -> Result<(), StageError> {
    let of_key = |line: &str| line.split(' ').nth(1) == Some(hex(id.octets()).as_str());
    let head = hex(LOG_HEAD.as_bytes());
    let of_log = |line: &str| line.split(' ').nth(2) == Some(head.as_str());
    let expected: Vec<&str> = before.lines().filter(|line| !of_key(line) && !of_log(line)).collect();
    let text = after.canonical_text();
    let found: Vec<&str> = text.lines().filter(|line| !of_log(line)).collect();
    if expected == found {
        return Ok(());
    }
    Err(StageError::Unfit(format!(
        "after the key was destroyed the token holds {} objects; wanted {}: those before without the key's",
        found.len().saturating_sub(2),
        expected.len().saturating_sub(2)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::Entry;

    fn holding(ids: &[u8]) -> Inventory {
        let entry = |id: &u8| Entry {
            class: Some(3),
            id: vec![*id; 16],
            label: vec![],
            key_type: Some(3),
            fingerprint: None,
        };
        Inventory::of(ids.iter().map(entry).collect(), 0)
    }

    #[test]
    fn only_the_objects_of_the_key_may_be_gone() {
        let before = holding(&[1, 1, 2, 2]).canonical_text();
        let id = KeyId::from([1; 16]);
        assert!(nothing_else(&before, &holding(&[2, 2]), &id).is_ok());
        for wrong in [&[1, 1, 2, 2][..], &[1, 2, 2], &[2], &[2, 2, 3], &[]] {
            assert!(nothing_else(&before, &holding(wrong), &id).is_err(), "{wrong:?}");
        }
        let head =
            Entry { class: Some(0), id: vec![], label: LOG_HEAD.into(), key_type: None, fingerprint: None };
        let with_head = Inventory::of([holding(&[2, 2]).entries, vec![head.clone(), head]].concat(), 0);
        assert!(nothing_else(&before, &with_head, &id).is_ok());
        let unreadable = Inventory { unreadable: 1, ..holding(&[2, 2]) };
        assert!(nothing_else(&before, &unreadable, &id).is_err());
    }
}

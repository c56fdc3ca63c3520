//! The key that signs the log's heads.

use super::{Head, HeadSignature, LogKey, Stage, StageError};
use crate::digest::Digest;
use crate::hsm::{HashAlgorithm, KeyId, ToSign};

impl Stage<'_> {
    /// Says which key signs the log's heads from now on. `hashed`: the key signs a SHA-256 digest (P-256), not
    /// the text itself (Ed25519).
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for a key that cannot sign notes.
    pub fn use_log_key(
        &mut self,
        token: &str,
        id: &KeyId,
        hashed: bool,
        key: &LogKey,
    ) -> Result<String, StageError> {
        let vkey = self.journal.use_log_key(key)?;
        self.log_key = Some((token.to_owned(), id.clone(), hashed));
        Ok(vkey)
    }

    /// A key of a token signs the log's heads: the one that the log names as its key already.
    pub fn signs_heads_with(&mut self, token: &str, id: &KeyId, hashed: bool) {
        self.log_key = Some((token.to_owned(), id.clone(), hashed));
    }

    /// The key that signed the log's heads until now signs them beside the new one until the ceremony ends.
    pub fn signs_heads_too(&mut self, token: &str, id: &KeyId, hashed: bool) {
        self.predecessor = Some((token.to_owned(), id.clone(), hashed));
    }

    /// The note name and key of the key that signs the log's heads, as a policy writes it.
    pub fn log_key_in_use(&self) -> Option<String> {
        self.journal.log_key_in_use()
    }

    /// The note name and key of a log key, as a policy writes it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] for a key that cannot sign notes.
    pub fn log_key_name(&self, key: &LogKey) -> Result<String, StageError> {
        Ok(self.journal.log_key_name(key)?)
    }

    /// Whether a key of a token signs the log's heads.
    pub fn signs_heads(&self, token: &str, id: &KeyId) -> bool {
        let mut all = self.log_key.iter().chain(&self.predecessor);
        all.any(|(place, key, _)| place == token && key == id)
    }

    /// Whether something was handed over, or a log was taken up, since the last signed head.
    pub const fn head_is_due(&self) -> bool {
        self.head_is_due
    }

    /// Signs and stores the head over all records so far, and keeps it on the tokens. Does nothing while the log has no key,
    /// or before a log that goes on was compared with what was known of it.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the log key's token or the disk refuses.
    pub fn sign_head(&mut self) -> Result<(), StageError> {
        let Some(place) = self.log_key.clone() else { return Ok(()) };
        if self.memory.recalling || !self.is_log_confirmed() {
            return Ok(());
        }
        // To log in is a record: the head is over all of them.
        for (token, _, _) in self.predecessor.clone().iter().chain([&place]) {
            self.log_in(token)?;
        }
        let text = self.journal.head_text();
        let predecessor = match self.predecessor.clone() {
            None => None,
            Some(place) => {
                let public = self.key(&place.0, &place.1)?.public_key;
                let key = LogKey { spki_der: public.spki_der().to_vec() };
                Some((key, self.head_signature(&place, &text)?))
            }
        };
        let signed = HeadSignature { octets: self.head_signature(&place, &text)?, predecessor };
        self.head_is_due = false;
        // The tokens first: once it is on the disk nothing more may be owed, not even after a closed ceremony. After a crash
        // here they know a head over records that are all on the disk, and the next one takes its place.
        if let Some(head) = self.journal.made_head(&signed)? {
            self.keep_head(&head)?;
        }
        Ok(self.journal.store_head(&signed)?)
    }

    /// What a key of the log signs over the text of a head.
    fn head_signature(
        &mut self,
        (token, id, hashed): &(String, KeyId, bool),
        text: &str,
    ) -> Result<Vec<u8>, StageError> {
        let digest = Digest::of(text.as_bytes());
        let what = if *hashed {
            ToSign::Whole { hash: HashAlgorithm::Sha256, octets: digest.octets(), message: text.as_bytes() }
        } else {
            ToSign::Message(text.as_bytes())
        };
        self.token(token)?.sign(id, what).map_err(|source| StageError::token(token, source))
    }

    /// The head over all records so far.
    pub fn head(&self) -> Head {
        self.journal.head()
    }
}

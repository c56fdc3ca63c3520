//! `back-up-key` with `method: vendor`: a vendor's own backup (cloning, a security world, token to token) behind the same gate.
//!
//! The rules of this file:
//! - This program makes nothing of such a backup: people do, by the vendor's tool, and bring what it says. That is kept by its
//!   digest, and nobody here judges it.
//! - What is judged is the copy: a key of the same public half is on the other token and proves itself there, or it is not
//!   live. Only a rehearsal, which has no vendor's tool, goes without, and its log says so.

use serde::{Deserialize, Serialize};

use super::back_up_key::{Spec, plugger};
use super::brought::{Brought, take_in};
use super::{Room, Scope, StepError};
use crate::issuance::{self, Key};
use crate::stage::{BackedUp, Event, Expected, Line, Notice, Person};

/// A backup by the vendor's own means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VendorBackup {
    key: String,
    token: String,
    what: String,
    evidence: String,
    restore_to: String,
    person: Person,
}

impl VendorBackup {
    /// Finds everything that is wrong with its words.
    pub fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        for (key, said) in [
            ("threshold", spec.threshold.is_some()),
            ("holders", !spec.holders.is_empty()),
            ("encrypted", !spec.encrypted.is_empty()),
            ("copies", spec.copies.is_some()),
            ("medium", spec.medium.is_some()),
        ] {
            if said {
                scope.wrong(format!("`{key}` goes with `method: wrapped`; a vendor's backup has its own"));
            }
        }
        let key = scope.key_to_back_up(&spec.key, "vendor");
        let person = plugger(spec.ask.as_ref(), &spec.key, scope);
        let evidence = if let Some(name) = &spec.evidence {
            scope.new_output("evidence", name)
        } else {
            scope.wrong("`evidence` is missing: a name for what the vendor's tool says");
            None
        };
        if spec.what.is_none() {
            scope.wrong("`what` is missing: what the vendor's tool makes, and by which it is made");
        }
        let restore_to = if let [one] = spec.restore_to.as_slice() {
            scope.token(one)
        } else {
            scope.wrong("`restore-to` wants one token: the one that has the key afterwards");
            None
        };
        let (key, restore_to) = (key?, restore_to?);
        if restore_to == key.token {
            scope.wrong(format!("a restore to `{restore_to}` proves nothing: the key is there already"));
        }
        scope.uses(&key.token);
        scope.uses(&restore_to);
        Some(Self {
            key: key.name,
            token: key.token,
            what: spec.what?,
            evidence: evidence?,
            restore_to,
            person: person?,
        })
    }

    /// What will be done, a sentence.
    pub fn preview(&self) -> String {
        format!(
            "Back up the key `{}` by the vendor's own means: {}; it proves itself on the token `{}`. Only then it is live.",
            self.key, self.what, self.restore_to
        )
    }

    /// Does it.
    pub fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || issuance::IssuanceError::Unknown { what: "key", name: self.key.clone() };
        let mut key = room.ledger.key(&self.key).ok_or_else(unknown)?.clone();
        let spki_sha256 = key.public.spki_sha256();
        if !room.stage.is_recalling() {
            self.back_up(&key, room)?;
            self.prove(&key, room)?;
        }
        issuance::make_live(&mut key, room.stage)?;
        let place = format!("the same key on token `{}`, by the vendor's own means", self.restore_to);
        room.ledger.possessions.survives(spki_sha256, place);
        room.ledger.add_key(key);
        room.ledger.backups.is_proven(&self.key);
        let lines = vec![Line::new("key", self.key.clone()), Line::new("also on", self.restore_to.clone())];
        room.stage.show(&Notice::Done { sentence: "The backup is proven. The key is live.".into(), lines });
        Ok(())
    }

    /// People make the backup, between its two records, and bring what the tool says.
    fn back_up(&self, key: &Key, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        if room.stage.said("key.backup").is_some() {
            return Ok(());
        }
        let seq = issuance::begin_vendor_backup(key, room.stage)?;
        let lines = vec![
            Line::new("key", self.key.clone()),
            Line::new("from", self.token.clone()),
            Line::new("to", self.restore_to.clone()),
        ];
        let sentence = format!("Make the backup by the vendor's tool: {}.", self.what);
        room.stage.question(self.person.clone(), sentence, lines, Expected::Word("made"))?;
        let brought = Brought {
            name: &self.evidence,
            what: &self.what,
            token: &self.token,
            person: &self.person,
            spki_sha256: Some(key.public.spki_sha256()),
        };
        let statement = take_in(&brought, room)?;
        let event = Event::KeyBackup(BackedUp {
            spki_sha256: key.public.spki_sha256(),
            format: "vendor".into(),
            mechanism: self.what.clone(),
            blob_sha256: statement.evidence_sha256,
            copies: Vec::new(),
            set_id: None,
            threshold: None,
            share_count: None,
            group_threshold: None,
            groups: Vec::new(),
            kcv: None,
        });
        room.stage.record_closing(event, seq)?;
        Ok(())
    }

    /// The copy proves itself.
    fn prove(&self, key: &Key, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        if room.stage.is_improvised() {
            let text = format!(
                "rehearsal: `{}` was not copied to `{}`, where its vendor's tool would have put it",
                self.key, self.restore_to
            );
            room.stage.record_once(Event::LogNote { text })?;
            return Ok(());
        }
        let id = issuance::take_in_copy(key, &self.restore_to, vec![self.person.id.clone()], room.stage)?;
        issuance::prove_restored(key, (&self.restore_to, &id), &room.setting.ceremony, room.stage)?;
        Ok(())
    }
}

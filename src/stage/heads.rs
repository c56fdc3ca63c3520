//! The log's newest head on the tokens: kept there at every signed head, and compared when a log goes on.
//!
//! The rules of this file:
//! - A head is kept as it was signed: nobody makes one without the log's key, and a token gives an old one for no newer.
//! - The new one is made before the old one goes. After a power failure there may be two; the newer one counts.
//! - In a log that goes on nothing is signed and nothing is kept before it was compared: an older copy of a log must not
//!   replace what the tokens know of the newer one.
//! - Tokens get a head before the disk does: the records that it is over are on the disk already.
//! - A token that cannot keep one, or does not take one, is said to be so in the log.

use super::equipment::{Device, Equipment};
use super::event::{Confirmed, Event};
use super::journal::{Head, Held, KeptHead, OnlineHead};
use super::operators::{Line, Notice};
use super::{Stage, StageError, printable};
use crate::digest::Digest;
use crate::hsm::{DataObject, LOG_HEAD, TokenError};

/// What a token holds of a log's head.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OnToken {
    /// It is blank, or its make keeps no data objects.
    Cannot,
    /// No head of this log.
    Nothing,
    /// The head that the log had when this ceremony began, or one of this ceremony.
    Same(Head),
    /// A head of this log, of an earlier time.
    Older(Head),
}

impl Stage<'_> {
    /// The log that goes on was compared with what was known of it: from here on its heads are signed.
    pub fn log_is_confirmed(&mut self) {
        self.confirmed = true;
    }

    /// Whether heads may be signed: the log is a new one, or it was compared.
    pub const fn is_log_confirmed(&self) -> bool {
        self.confirmed || self.head_at_start.is_none()
    }

    /// Compares the log that goes on with what each token knows of it.
    ///
    /// # Errors
    ///
    /// [`StageError::Rollback`] or [`StageError::Fork`] if a token knows another log; both heads are in the log then.
    pub fn compare_with_tokens(&mut self) -> Result<(), StageError> {
        let Some(start) = self.head_at_start else { return Ok(()) };
        let names: Vec<String> = self.cabinet.keys().cloned().collect();
        let mut lines = Vec::new();
        for token in names {
            let found = self.on_token(&token, start)?;
            let (says, text) = match found {
                OnToken::Cannot => ("keeps no head", None),
                OnToken::Nothing => (
                    "no head of this log",
                    Some("it was not in the last ceremony, or what it held was removed".to_owned()),
                ),
                OnToken::Same(head) => {
                    self.record(Event::LogConfirmed {
                        size: head.size,
                        root: head.root,
                        how: Confirmed::TokenObject,
                        token: Some(token.clone()),
                    })?;
                    ("the same head", None)
                }
                OnToken::Older(head) => (
                    "an older head of this log",
                    Some(format!(
                        "it is over {} of the log's {} records, root {}: the token was not in the last ceremony, or is a copy of an \
                         earlier time",
                        head.size, start.size, head.root
                    )),
                ),
            };
            if let Some(why) = text {
                let text = format!("token `{token}`: {says}: {why}");
                self.operators.show(&Notice::Wrong { sentence: text.clone() });
                self.record(Event::LogNote { text })?;
            }
            lines.push(Line::new(format!("token `{token}`"), says));
        }
        let sentence = "The log was compared with the heads on the tokens.".into();
        self.show(&Notice::Done { sentence, lines });
        Ok(())
    }

    /// Compares the log that goes on with the head that the online side took in, and says in the log that it did.
    ///
    /// # Errors
    ///
    /// [`StageError::ReceiptRollback`], [`StageError::ReceiptFork`] or [`StageError::ReceiptOrigin`] if the online side knows
    /// another log; both heads are in the log then.
    pub fn compare_with_receipt(&mut self, receipt: &OnlineHead) -> Result<(), StageError> {
        let Some(start) = self.head_at_start else { return Ok(()) };
        let OnlineHead { origin, size, root, at, vkey } = receipt.clone();
        let held = Head { size, root };
        let own = self.journal.head_text().lines().next().unwrap_or_default().to_owned();
        let error = match self.journal.root_of(size).filter(|_| size <= start.size) {
            _ if origin != own => StageError::ReceiptOrigin { found: origin, wanted: own },
            Some(here) if here == root => {
                self.record(Event::ReceiptImported { size, root, at, vkey })?;
                let token = None;
                self.record(Event::LogConfirmed { size, root, how: Confirmed::Receipt, token })?;
                let older = start.size.saturating_sub(size);
                let mut lines = vec![Line::new("activated there", at.to_string())];
                lines.push(Line::new("records since", older.to_string()));
                let sentence = "The log was compared with the online side's receipt.".into();
                self.show(&Notice::Done { sentence, lines });
                return Ok(());
            }
            Some(here) => StageError::ReceiptFork { at, held, here: Head { size, root: here } },
            None => StageError::ReceiptRollback { at, held, here: start },
        };
        self.record(Event::LogAnomaly { severity: "error".into(), text: printable(&error.to_string()) })?;
        Err(error)
    }

    /// What one token holds. What is there and is no head of the log's key is an anomaly, and counts for nothing.
    fn on_token(&mut self, token: &str, start: Head) -> Result<OnToken, StageError> {
        if !can_keep(self.cabinet.get(token)) {
            return Ok(OnToken::Cannot);
        }
        self.log_in(token)?;
        let objects = self.token(token)?.data(LOG_HEAD).map_err(|source| StageError::token(token, source))?;
        let mut newest: Option<Head> = None;
        for object in objects {
            match self.journal.judge_head(&object.value) {
                Held::OtherLog => {}
                Held::NoHead { why } => {
                    let text = printable(&format!(
                        "token `{token}` holds a data object `{LOG_HEAD}` that is no head of this log: {why}"
                    ));
                    self.operators.show(&Notice::Wrong { sentence: text.clone() });
                    self.record(Event::LogAnomaly { severity: "warning".into(), text })?;
                }
                Held::Head { head, here } => {
                    self.refuse_another_log(token, (head, here), start)?;
                    newest = newest.filter(|newest| newest.size >= head.size).or(Some(head));
                }
            }
        }
        Ok(match newest {
            None => OnToken::Nothing,
            // A head of this ceremony, from before an interruption, is as good.
            Some(head) if head.size >= start.size => OnToken::Same(head),
            Some(head) => OnToken::Older(head),
        })
    }

    /// Refuses a log that is not the one that a token knows. `here`: the root of this log over as many records, if it has
    /// as many.
    fn refuse_another_log(
        &mut self,
        token: &str,
        (held, here): (Head, Option<Digest>),
        start: Head,
    ) -> Result<(), StageError> {
        let token = token.to_owned();
        let error = match here {
            Some(root) if root == held.root => return Ok(()),
            Some(root) if held.size <= start.size => {
                StageError::Fork { token, held, here: Head { size: held.size, root } }
            }
            // What this ceremony has appended since is not what the token knows of.
            _ => StageError::Rollback { token, held, here: start },
        };
        self.record(Event::LogAnomaly { severity: "error".into(), text: error.to_string() })?;
        Err(error)
    }

    /// Keeps a head on every token that somebody is logged in to.
    pub(super) fn keep_head(&mut self, head: &KeptHead) -> Result<(), StageError> {
        let ready = |equipment: &Equipment| can_keep(Some(equipment)) && equipment.is_logged_in();
        let names: Vec<String> =
            self.cabinet.iter().filter(|(_, one)| ready(one)).map(|(name, _)| name.clone()).collect();
        names.iter().try_for_each(|token| self.keep_head_on(token, head))
    }

    /// Logs in to every token that this ceremony has used, so that its last head is kept on all of them; and gives a head to
    /// those that have none of it yet, while it can still be said that one does not take it.
    ///
    /// # Errors
    ///
    /// [`StageError`] if people or a token refuse.
    pub fn prepare_last_head(&mut self) -> Result<(), StageError> {
        if self.log_key.is_none() || self.memory.recalling {
            return Ok(());
        }
        let names: Vec<String> = self.cabinet.keys().cloned().collect();
        for token in names {
            let of_token = |record: &super::PastRecord| record.text("token") == Some(&token);
            let was_used = self.memory.past.find("auth.ok", of_token).is_some();
            let equipment = self.cabinet.get(&token);
            let used = was_used || equipment.is_some_and(|one| one.was_used);
            if !used || !can_keep(equipment) {
                continue;
            }
            self.log_in(&token)?;
            let has_one = self.cabinet.get(&token).is_some_and(|one| one.has_head);
            if let (false, Some(head)) = (has_one, self.journal.signed_head()) {
                self.keep_head_on(&token, &head)?;
            }
        }
        Ok(())
    }

    fn keep_head_on(&mut self, token: &str, head: &KeptHead) -> Result<(), StageError> {
        let data = DataObject {
            label: LOG_HEAD.into(),
            application: head.origin.clone(),
            value: head.note.clone().into_bytes(),
        };
        // A crash from here on leaves the old one, both, or the new one.
        let stored = self.token(token)?.store_data(&data);
        let Some(equipment) = self.cabinet.get_mut(token) else { return Ok(()) };
        match stored {
            Ok(()) => equipment.has_head = true,
            Err(error) if takes_none(&error) => {
                equipment.keeps_heads = false;
                let text = printable(&format!("token `{token}` keeps no head of the log: {error}"));
                self.operators.show(&Notice::Wrong { sentence: text.clone() });
                // After the closing nothing is recorded; whether it takes one was found out before.
                if !self.over {
                    self.record(Event::LogNote { text })?;
                    self.head_is_due = true;
                }
            }
            Err(source) => return Err(StageError::token(token, source)),
        }
        Ok(())
    }

    /// Says in the log which token keeps no head.
    pub(super) fn tell_if_it_keeps_none(&mut self, token: &str) -> Result<(), StageError> {
        if self.cabinet.get(token).is_none_or(|equipment| equipment.keeps_heads) {
            return Ok(());
        }
        let text = format!("token `{token}` keeps no head of the log: its make keeps no data objects");
        self.record(Event::LogNote { text })?;
        Ok(())
    }
}

/// Whether a token can have a head: it is ready, and nobody has said that it keeps none.
fn can_keep(equipment: Option<&Equipment>) -> bool {
    equipment.is_some_and(|one| one.keeps_heads && matches!(one.device, Device::Ready(_)))
}

/// Whether a token says that it cannot keep such an object; anything else is a fault.
fn takes_none(error: &TokenError) -> bool {
    match error {
        TokenError::NoFunction { .. } => true,
        TokenError::Code { code, .. } => code.refuses_an_object(),
        _ => false,
    }
}

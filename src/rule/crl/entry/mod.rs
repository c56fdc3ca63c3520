//! Rules on the entries of CRLs, one entry at a time: a CRL may have millions.

use std::fmt;
use std::rc::Rc;

use super::rules;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::oid::extension::REASON_CODE;
use crate::pki::read::{CrlHead, EntryView, Faults, ReadError, Value};
use crate::rule::{Context, Judgement};

/// An entry under judgement.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    view: EntryView<'a>,
    facts: Rc<Facts>,
    this_update: Timestamp,
    issuer_sha256: Digest,
}

/// What rules want to know of an entry's extensions.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    reason: Result<Option<u64>, ReadError>,
    /// How many extensions there are, and how many that are no reason code.
    extensions: usize,
    others: usize,
    reason_is_critical: bool,
}

impl Facts {
    pub(super) fn read(view: &EntryView<'_>, faults: &mut Faults) -> Self {
        let mut facts = Self { reason: Ok(None), extensions: 0, others: 0, reason_is_critical: false };
        let mut reasons = 0;
        for extension in &view.extensions() {
            facts.extensions += 1;
            if extension.oid() == REASON_CODE {
                reasons += 1;
                // Of several the first one counts.
                facts.reason_is_critical |= reasons == 1 && extension.critical();
            } else {
                facts.others += 1;
            }
            match extension.typed(faults) {
                Ok(Value::Number(code)) if facts.reason == Ok(None) => facts.reason = Ok(Some(code)),
                Ok(_) => {}
                Err(error) => {
                    faults.note_unread(error.clone());
                    facts.reason = Err(error);
                }
            }
        }
        facts
    }
}

/// How a rule on entries judges.
pub type Judge = for<'a> fn(&Entry<'a>, &Context<'a>) -> Judgement;

impl<'a> Entry<'a> {
    /// An entry of this CRL; what is not DER is noted in `faults`.
    #[cfg(test)]
    pub(super) fn new(view: EntryView<'a>, head: &Head, faults: &mut Faults) -> Self {
        Self::with(view, head, Rc::new(Facts::read(&view, faults)))
    }

    /// An entry of this CRL, with what every rule wants to know of it, read once.
    pub(super) const fn with(view: EntryView<'a>, head: &Head, facts: Rc<Facts>) -> Self {
        Self { view, facts, this_update: head.this_update, issuer_sha256: head.issuer_sha256 }
    }

    /// The entry.
    pub const fn view(&self) -> &EntryView<'a> {
        &self.view
    }

    /// The number of its reason, if it has one.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if a value cannot be read.
    pub fn reason(&self) -> Result<Option<u64>, ReadError> {
        self.facts.reason.clone()
    }

    /// Whether its list of extensions is there and empty.
    fn has_empty_extensions(&self) -> bool {
        self.facts.extensions == 0 && self.view.extensions().are_present()
    }

    /// Whether it has an extension that is no reason code.
    fn has_others(&self) -> bool {
        self.facts.others > 0
    }

    /// Whether its reason code is critical.
    fn has_critical_reason(&self) -> bool {
        self.facts.reason_is_critical
    }

    /// This update of its CRL.
    const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// SHA-256 of the issuer of its CRL.
    const fn issuer_sha256(&self) -> Digest {
        self.issuer_sha256
    }
}

/// Its serial number, hex.
impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.view.serial_octets()))
    }
}

/// What entries need to know of their CRL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    this_update: Timestamp,
    issuer_sha256: Digest,
}

impl Head {
    pub(super) fn of(head: &CrlHead<'_>) -> Self {
        Self { this_update: head.this_update().at(), issuer_sha256: head.issuer().sha256() }
    }
}

rules! { Judge; serial reason extensions date reason_value other_extensions }

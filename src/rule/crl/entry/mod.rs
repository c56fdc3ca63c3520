//! Rules on the entries of CRLs, one entry at a time: a CRL may have millions.

use std::fmt;

use super::rules;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::read::{CrlHead, EntryView, Faults, ReadError, Value};
use crate::rule::{Context, Judgement};

/// An entry under judgement.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    view: EntryView<'a>,
    reason: Result<Option<u64>, ReadError>,
    this_update: Timestamp,
    issuer_sha256: Digest,
}

/// How a rule on entries judges.
pub type Judge = for<'a> fn(&Entry<'a>, &Context<'a>) -> Judgement;

impl<'a> Entry<'a> {
    /// An entry of this CRL, with what every rule wants to know read once; what is not DER is noted in `faults`.
    pub(super) fn new(view: EntryView<'a>, head: &Head, faults: &mut Faults) -> Self {
        let mut reason = Ok(None);
        for extension in &view.extensions() {
            match extension.typed(faults) {
                Ok(Value::Number(code)) if reason == Ok(None) => reason = Ok(Some(code)),
                Ok(_) => {}
                Err(error) => {
                    faults.note_unread(error.clone());
                    reason = Err(error);
                }
            }
        }
        Self { view, reason, this_update: head.this_update, issuer_sha256: head.issuer_sha256 }
    }

    /// The entry.
    pub const fn view(&self) -> &EntryView<'a> {
        &self.view
    }

    /// The number of its reason, if it has one.
    fn reason(&self) -> Result<Option<u64>, ReadError> {
        self.reason.clone()
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

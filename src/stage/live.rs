//! Keys that may not sign yet: from the record that says they were generated to the one that says they are live.
//!
//! The rules of this file:
//! - No intent to sign with a waiting key gets into the log, and without its intent nothing is signed.
//! - The proof that a key has its private half is no such signature: its text can be no certificate.

use std::collections::BTreeSet;

use super::event::Event;
use super::{PastRecord, Stage, StageError};
use crate::digest::Digest;

/// The keys that are not live, by the digests of their public keys.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeSet<Digest>);

impl Waiting {
    /// Refuses an intent to sign with a key that waits.
    pub(super) fn allows(&self, event: &Event) -> Result<(), StageError> {
        let signs = match event {
            Event::CertSignIntent { issuer_spki_sha256: spki, .. }
            | Event::CrlSignIntent { issuer_spki_sha256: spki, .. }
            | Event::CrlSeriesSignIntent { issuer_spki_sha256: spki, .. }
            | Event::OcspSignIntent { responder_spki_sha256: spki, .. }
            | Event::CsrSignIntent { spki_sha256: spki, .. } => *spki,
            _ => return Ok(()),
        };
        if self.0.contains(&signs) { Err(StageError::NotLive { spki_sha256: signs }) } else { Ok(()) }
    }

    /// Learns from a record that is in the log now.
    pub(super) fn learn(&mut self, event: &Event) {
        match event {
            Event::KeyGenerated { spki_sha256, .. } => drop(self.0.insert(*spki_sha256)),
            Event::KeyLive { spki_sha256 } => drop(self.0.remove(spki_sha256)),
            _ => {}
        }
    }

    /// Learns from a record of before an interruption.
    pub(super) fn recall(&mut self, record: &PastRecord) {
        let Some(spki_sha256) = record.digest("spki_sha256") else { return };
        match record.ev.as_str() {
            "key.generated" => drop(self.0.insert(spki_sha256)),
            "key.live" => drop(self.0.remove(&spki_sha256)),
            _ => {}
        }
    }
}

impl Stage<'_> {
    /// A key of an earlier ceremony never became live.
    pub fn is_not_live(&mut self, spki_sha256: Digest) {
        self.waiting.0.insert(spki_sha256);
    }
}

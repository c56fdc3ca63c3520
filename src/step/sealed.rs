//! CRLs that are sealed until their time, and what makes them count for nothing before.
//!
//! The rules of this file:
//! - From the record of a revocation on, no CRL counts that was sealed before it: it would be taken for valid again.
//! - From a CRL with a higher number on, none that was sealed before it counts.
//! - The log names the whole series, so that whoever imports one of it later can refuse it.

use super::{Room, Scope, StepError};
use crate::digest::Digest;
use crate::issuance::SealedSeries;
use crate::stage::{Event, Line, Notice};

/// What is superseded if something of an issuer is revoked or issued now; a plan's ledger forgets it. In words, each series
/// with its numbers.
pub fn will_be_superseded(issuer: Digest, scope: &mut Scope<'_>) -> Vec<String> {
    let series: Vec<SealedSeries> = scope.ledger.sealed(issuer).cloned().collect();
    for one in &series {
        scope.ledger.supersede(one.list_sha256);
    }
    series.iter().map(words).collect()
}

/// Records that every sealed series of an issuer counts for nothing from now on.
///
/// # Errors
///
/// [`StepError`] if it could not be recorded.
pub fn supersede(issuer: Digest, reason: &str, room: &mut Room<'_, '_>) -> Result<(), StepError> {
    let series: Vec<SealedSeries> = room.ledger.sealed(issuer).cloned().collect();
    for one in series {
        // A power failure before this record: the step is not done yet, and comes here again.
        room.stage.record_once(Event::CrlSuperseded {
            issuer_spki_sha256: one.issuer_spki_sha256,
            list_sha256: one.list_sha256,
            number: one.number.to_string(),
            last_number: one.last_number.to_string(),
            reason: reason.to_owned(),
        })?;
        room.ledger.supersede(one.list_sha256);
        let lines = vec![Line::new("superseded", words(&one)), Line::new("by", reason)];
        let sentence = "CRLs that were sealed until their time count for nothing any more. Destroy what is left of them.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
    }
    Ok(())
}

/// What a step's preview says of them.
pub fn said(superseded: &[String]) -> String {
    if superseded.is_empty() {
        return String::new();
    }
    format!(" From then on these sealed CRLs count for nothing: {}.", superseded.join("; "))
}

fn words(series: &SealedSeries) -> String {
    format!("`{}`, numbers {} to {}", series.name, series.number, series.last_number)
}

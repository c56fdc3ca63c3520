//! A plan as paper needs it, read from the octets that people approve: what is printed is what their digest is of.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::digest::Digest;
use crate::plan::Act;
use crate::step::{Draft, People, TokenDemand, Window};

/// A plan, from its canonical octets.
#[derive(Debug)]
pub struct Planned {
    /// The digest of the octets.
    pub sha256: Digest,
    pub(super) says: Says,
}

/// What is in them.
#[derive(Debug, Deserialize)]
pub(super) struct Says {
    v: u64,
    pub(super) ceremony: String,
    pub(super) title: String,
    pub(super) policy: String,
    pub(super) window: Window,
    pub(super) tokens: BTreeMap<String, TokenDemand>,
    pub(super) people: People,
    pub(super) inputs: BTreeMap<String, Digest>,
    pub(super) profiles: BTreeMap<String, Digest>,
    pub(super) script_sha256: Digest,
    pub(super) acts: Vec<Act>,
    pub(super) drafts: Vec<Draft>,
    pub(super) outputs: Vec<Output>,
}

/// What will be handed over.
#[derive(Debug, Deserialize)]
pub(super) struct Output {
    pub(super) kind: String,
    pub(super) name: String,
}

/// Why octets are no plan.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlannedError {
    /// Not the JSON of a plan.
    #[error("this is no plan of this version: {0}")]
    NoPlan(#[from] serde_json::Error),
    /// A plan of another version.
    #[error("found a plan of version {found}; wanted 1")]
    Version {
        /// Its version.
        found: u64,
    },
}

impl Planned {
    /// Reads the octets of a plan.
    ///
    /// # Errors
    ///
    /// [`PlannedError`] if they are none.
    pub fn read(octets: &[u8]) -> Result<Self, PlannedError> {
        let says: Says = serde_json::from_slice(octets)?;
        if says.v != 1 {
            return Err(PlannedError::Version { found: says.v });
        }
        Ok(Self { sha256: Digest::of(octets), says })
    }

    /// The ceremony's id.
    pub fn ceremony(&self) -> &str {
        &self.says.ceremony
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plan_is_not_read() {
        let error = Planned::read(b"{}").unwrap_err().to_string();
        assert!(error.contains("missing field"), "{error}");
        assert!(matches!(Planned::read(b"[1"), Err(PlannedError::NoPlan(_))));
    }
}

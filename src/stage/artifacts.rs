//! What the ceremony hands over and what only the auditor reads: how it is stored, one by one and in series.

use std::io::Read;

use super::{Artifact, ArtifactPlace, Event, Expected, Line, Person, Question, Stage, StageError};
use crate::digest::Digest;

impl Stage<'_> {
    /// Stores a file that nobody signs, and records it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn emit(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, StageError> {
        if self.handed_over(place)?.is_some()
            && let Some((_, artifact)) = self.memory.past.artifact(place.kind, &place.name)
        {
            return Ok(artifact);
        }
        self.is_not_recalling(&place.name)?;
        let artifact = self.journal.store(place, octets)?;
        self.head_is_due = true;
        let path = format!("artifacts/{}", artifact.sha256);
        self.record(Event::ArtifactEmitted { artifact: artifact.clone(), path })?;
        Ok(artifact)
    }

    /// Keeps octets that are about to be signed, which have this digest, and makes sure that what comes of them can be
    /// stored.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if either cannot be.
    pub fn prepare(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        to_be_signed: &mut dyn Read,
    ) -> Result<(), StageError> {
        self.journal.reserve(place)?;
        self.journal.keep_pending(sha256, to_be_signed)?;
        Ok(())
    }

    /// Begins a series: what is about to be signed for it is kept next.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if nothing can be kept.
    pub fn begin_series(&mut self, count: usize) -> Result<(), StageError> {
        Ok(self.journal.begin_series(count)?)
    }

    /// Keeps the octets of the next of a series, and makes sure that what comes of them can be stored.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if either cannot be.
    pub fn prepare_member(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        to_be_signed: &mut dyn Read,
    ) -> Result<(), StageError> {
        Ok(self.journal.keep_member(place, sha256, to_be_signed)?)
    }

    /// Keeps the list of a series; its digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn keep_list(&mut self) -> Result<Digest, StageError> {
        Ok(self.journal.keep_list()?)
    }

    /// Keeps words that are for the auditor only; their salted digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they could not be stored.
    pub fn annex(&mut self, item: &str, text: &str) -> Result<Digest, StageError> {
        Ok(self.journal.annex(item, text)?)
    }

    /// The words that an item of the annex has, if the annex on this medium has it.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it cannot be read.
    pub fn annexed(&self, digest: Digest) -> Result<Option<String>, StageError> {
        Ok(self.journal.annexed(digest)?)
    }

    /// Takes in a file that somebody brings into the room: its octets.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if nobody brings one that can be read.
    pub fn bring(
        &mut self,
        person: Person,
        sentence: impl Into<String>,
        lines: Vec<Line>,
    ) -> Result<Vec<u8>, StageError> {
        let (step, sentence) = (self.step_number(), sentence.into());
        let question = Question { step, person, sentence, lines, expected: Expected::Text };
        Ok(self.operators.bring(&question)?)
    }

    /// Stores and records the manifest: the list of everything that was handed over.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn emit_manifest(&mut self) -> Result<Artifact, StageError> {
        let manifest = self.journal.manifest();
        self.emit(&ArtifactPlace { kind: "manifest", name: "manifest".into() }, &manifest)
    }
}

//! What the log says of a ceremony that was interrupted. The code that performs a ceremony looks here first.
//!
//! The rules of this file:
//! - What the log says was done is not done again: it is read back, and checked against the log.
//! - A step that is in the log as done is recalled: nothing is asked, signed or recorded for it.
//! - An intent without a result is settled by the step that it belongs to, before that step does anything else.

use std::io::Read;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::event::{Artifact, Event};
use super::journal::ArtifactPlace;
use super::operators::{Notice, Person};
use super::{Stage, StageError};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::{KeyId, Outcome};

/// A record of the interrupted ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRecord {
    /// Its number.
    pub seq: u64,
    /// The ceremony's time.
    pub at: Timestamp,
    /// The event's name.
    pub ev: String,
    /// What it says.
    pub data: Map<String, Value>,
    /// The script's step.
    pub step: Option<String>,
    /// The record that it closes.
    pub closes: Option<u64>,
}

impl PastRecord {
    /// A text of the record.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str()
    }

    /// A digest of the record.
    pub fn digest(&self, key: &str) -> Option<Digest> {
        self.text(key)?.parse().ok()
    }

    /// The artifact that it names.
    pub fn artifact(&self) -> Option<Artifact> {
        let named = self.data.get("artifact")?;
        let text = |key: &str| named.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Artifact {
            kind: text("kind")?,
            name: text("name")?,
            sha256: text("sha256")?.parse().ok()?,
            media_type: text("media_type")?,
        })
    }

    /// Whether it announces an act.
    pub fn is_intent(&self) -> bool {
        self.ev.ends_with(".intent")
    }
}

/// Everything that the log says of the interrupted ceremony, in its order.
#[derive(Clone, Debug, Default)]
pub struct Past {
    records: Vec<PastRecord>,
}

impl Past {
    /// The records of one ceremony.
    pub const fn of(records: Vec<PastRecord>) -> Self {
        Self { records }
    }

    /// Every record.
    pub fn records(&self) -> &[PastRecord] {
        &self.records
    }

    /// The first record of an event that fits.
    pub fn find(&self, ev: &str, fits: impl Fn(&PastRecord) -> bool) -> Option<&PastRecord> {
        self.records.iter().find(|record| record.ev == ev && fits(record))
    }

    /// Whether there is a record of an event.
    pub fn has(&self, ev: &str) -> bool {
        self.find(ev, |_| true).is_some()
    }

    /// Whether a step is in the log as begun.
    pub fn has_begun(&self, step: &str) -> bool {
        self.find("step.begin", |record| record.text("step") == Some(step)).is_some()
    }

    /// Whether a step is in the log as done.
    pub fn has_ended(&self, step: &str) -> bool {
        self.find("step.end", |record| record.text("step") == Some(step)).is_some()
    }

    /// The intents that no record closes.
    pub fn open_intents(&self) -> Vec<&PastRecord> {
        let closed = |intent: &PastRecord| self.records.iter().any(|other| other.closes == Some(intent.seq));
        self.records.iter().filter(|record| record.is_intent() && !closed(record)).collect()
    }

    /// The record that closes an intent.
    pub fn result_of(&self, intent: &PastRecord) -> Option<&PastRecord> {
        self.records.iter().find(|record| record.closes == Some(intent.seq))
    }

    /// The record that names an artifact which still counts.
    pub fn artifact(&self, kind: &str, name: &str) -> Option<(&PastRecord, Artifact)> {
        let named = self.records.iter().filter(|record| record.ev != "artifact.voided");
        named.filter_map(|record| Some((record, record.artifact()?))).find(|(record, artifact)| {
            artifact.kind == kind && artifact.name == name && !self.is_voided(record, artifact)
        })
    }

    /// Every artifact that still counts, with the record that names it.
    pub fn artifacts(&self) -> Vec<(&PastRecord, Artifact)> {
        let named = self.records.iter().filter(|record| record.ev != "artifact.voided");
        named
            .filter_map(|record| Some((record, record.artifact()?)))
            .filter(|(record, artifact)| !self.is_voided(record, artifact))
            .collect()
    }

    /// How many PINs of a token were refused since the last good one. Not every token counts; this program does, and goes on
    /// counting after an interruption.
    pub fn wrong_pins(&self, token: &str) -> u32 {
        let of_token = self.records.iter().filter(|record| record.text("token") == Some(token));
        of_token.fold(0, |wrong, record| match record.ev.as_str() {
            "auth.failed" => wrong + 1,
            "auth.ok" => 0,
            _ => wrong,
        })
    }

    /// The people who are in the room by the log: those who came and did not leave.
    pub fn present(&self) -> Vec<Person> {
        let mut present: Vec<Person> = Vec::new();
        for record in &self.records {
            let Some(id) = record.text("person") else { continue };
            match record.ev.as_str() {
                "participant.present" => {
                    present.retain(|person| person.id != id);
                    let role = record.text("role").unwrap_or_default().to_owned();
                    present.push(Person { id: id.to_owned(), role });
                }
                "participant.left" => present.retain(|person| person.id != id),
                _ => {}
            }
        }
        present
    }

    /// Whether a later record says that what this one names counts for nothing. What is named once more after that, with the
    /// same octets, counts.
    fn is_voided(&self, named: &PastRecord, artifact: &Artifact) -> bool {
        let voided = |record: &PastRecord| {
            record.seq > named.seq && record.artifact().is_some_and(|other| other.sha256 == artifact.sha256)
        };
        self.find("artifact.voided", voided).is_some()
    }
}

/// An artifact's file that no record names: what an interruption left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its file.
    pub path: PathBuf,
    /// The artifact as far as the file says it: its name is the file's.
    pub artifact: Artifact,
}

/// What a stage remembers of an interrupted ceremony.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) past: Past,
    /// The intents of the past that nobody has settled yet.
    pub(super) open: Vec<PastRecord>,
    /// What modules left.
    pub(super) outcomes: Vec<Outcome>,
    /// A step that was done is being recalled.
    pub(super) recalling: bool,
}

impl Stage<'_> {
    /// This ceremony was interrupted, and this is what its log says, and what its modules left.
    pub fn remembers(&mut self, past: Past, outcomes: Vec<Outcome>) {
        self.memory.outcomes = outcomes;
        self.steps = Self::steps_of(&past);
        self.partial |= past.has("witness.disagreed");
        let confirm = past.find("step.begin", |record| record.text("name") == Some("confirm-log"));
        let confirm = confirm.and_then(|record| record.text("step"));
        self.confirmed = past.has("ceremony.close") || confirm.is_some_and(|step| past.has_ended(step));
        self.over = past.has("ceremony.close");
        self.memory.open = past.open_intents().into_iter().cloned().collect();
        self.head_is_due |= !past.records.is_empty();
        for (token, equipment) in &mut self.cabinet {
            equipment.wrong = past.wrong_pins(token);
        }
        for record in past.records() {
            self.waiting.recall(record);
        }
        self.memory.past = past;
    }

    /// What the log says of this ceremony before it was interrupted.
    pub const fn past(&self) -> &Past {
        &self.memory.past
    }

    /// What the modules of the interrupted start left; nothing of it was checked.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.memory.outcomes
    }

    /// From here on steps are recalled, or performed again.
    pub fn recalls(&mut self, recalling: bool) {
        self.memory.recalling = recalling;
    }

    /// Whether a step that was done is being recalled.
    pub const fn is_recalling(&self) -> bool {
        self.memory.recalling
    }

    /// What the interrupted ceremony recorded of an event in the current step.
    pub fn said(&self, ev: &str) -> Option<&PastRecord> {
        self.memory.past.find(ev, |record| record.step == self.step)
    }

    /// Takes an open intent of the current step, to settle it.
    pub fn take_open_intent(&mut self, fits: impl Fn(&PastRecord) -> bool) -> Option<PastRecord> {
        let of_step = |record: &PastRecord| record.step == self.step;
        let place = self.memory.open.iter().position(|record| of_step(record) && fits(record))?;
        Some(self.memory.open.remove(place))
    }

    /// Whether the current step has an intent that is still open.
    pub fn has_open_intent(&self) -> bool {
        self.memory.open.iter().any(|record| record.step == self.step)
    }

    /// The intents that nobody has settled yet.
    pub fn open_intents(&self) -> &[PastRecord] {
        &self.memory.open
    }

    /// Takes every intent that nobody has settled yet: the ceremony ends here.
    pub fn take_open_intents(&mut self) -> Vec<PastRecord> {
        std::mem::take(&mut self.memory.open)
    }

    /// An artifact that the log names already, in its place: the record and the digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if its octets are not there or not those of the log.
    pub fn handed_over(&mut self, place: &ArtifactPlace) -> Result<Option<(PastRecord, Digest)>, StageError> {
        let Some((record, artifact)) = self.memory.past.artifact(place.kind, &place.name) else {
            return Ok(None);
        };
        let record = record.clone();
        self.journal.store_again(place, artifact.sha256, Some(record.seq))?;
        Ok(Some((record, artifact.sha256)))
    }

    /// A series of so many artifacts that the log names already is handed over next.
    pub fn recall_series(&mut self, count: usize) {
        self.journal.recall_series(count);
    }

    /// One of a batch that the log names already.
    ///
    /// # Errors
    ///
    /// As [`Stage::handed_over`].
    pub fn handed_over_in_batch(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        seq: u64,
    ) -> Result<(), StageError> {
        self.journal.store_again(place, sha256, Some(seq))?;
        Ok(())
    }

    /// Reads an artifact that the log names, from where it lies.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it is not there or not that of the log.
    pub fn stored(&self, kind: &str, sha256: Digest) -> Result<Box<dyn Read>, StageError> {
        Ok(self.journal.stored(kind, sha256)?)
    }

    /// Keeps octets by their digest where `resume` finds them.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they cannot be kept.
    pub fn keep(&mut self, octets: &[u8]) -> Result<Digest, StageError> {
        let sha256 = Digest::of(octets);
        self.journal.keep_pending(sha256, &mut &*octets)?;
        Ok(sha256)
    }

    /// How many people a token wants to be there.
    ///
    /// # Errors
    ///
    /// [`StageError::NoToken`] if there is none of this name.
    pub fn threshold(&self, token: &str) -> Result<usize, StageError> {
        let equipment = self.cabinet.get(token).ok_or_else(|| StageError::NoToken { token: token.into() })?;
        Ok(equipment.threshold)
    }

    /// Destroys what an interrupted key generation left under an id; how many objects there were. Its intent is open,
    /// and people let it go: the caller has both in the log.
    ///
    /// # Errors
    ///
    /// [`StageError`] if the token does not let them go.
    pub fn destroy_remains(&mut self, token: &str, id: &KeyId) -> Result<usize, StageError> {
        self.is_not_recalling(token)?;
        self.log_in(token)?;
        self.token(token)?.destroy_objects(id).map_err(|source| StageError::token(token, source))
    }

    /// Octets that were kept before an interruption, by their digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they are not there.
    pub fn kept(&self, sha256: Digest) -> Result<Vec<u8>, StageError> {
        Ok(self.journal.kept(sha256)?)
    }

    /// Where octets lie that were kept by their digest.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they are not there.
    pub fn kept_at(&self, sha256: Digest) -> Result<PathBuf, StageError> {
        Ok(self.journal.kept_at(sha256)?)
    }

    /// The digests of what is kept and begins with `start`.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it cannot be read.
    pub fn kept_beginning(&self, start: &[u8]) -> Result<Vec<Digest>, StageError> {
        Ok(self.journal.kept_beginning(start)?)
    }

    /// Removes octets that were kept by their digest, if they are there.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if they do not go.
    pub fn forget_kept(&mut self, sha256: Digest) -> Result<(), StageError> {
        Ok(self.journal.forget_kept(sha256)?)
    }

    /// Artifacts' files that no record names.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if the folder cannot be read.
    pub fn leftovers(&self) -> Result<Vec<Leftover>, StageError> {
        Ok(self.journal.leftovers()?)
    }

    /// Reads a file that no record names.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it cannot be opened.
    pub fn leftover(&self, leftover: &Leftover) -> Result<Box<dyn Read>, StageError> {
        Ok(self.journal.leftover(leftover)?)
    }

    /// Takes an artifact that was written and not logged, after it was checked: its renderings are made again where they
    /// are missing, and the result of its intent is recorded. `made`: its octets, if it is not written yet.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if something of it could not be stored.
    pub fn adopt(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        made: Option<&mut dyn Read>,
        intent: u64,
        result: impl FnOnce(Artifact) -> Event,
    ) -> Result<(), StageError> {
        let artifact = match made {
            Some(octets) => {
                self.journal.deposit(place, octets)?;
                self.journal.complete(place)?
            }
            None => self.journal.store_again(place, sha256, None)?,
        };
        self.head_is_due = true;
        self.record_closing(result(artifact), intent)?;
        Ok(())
    }

    /// Sets every file aside that an interruption left and no record names, and says so in the log; how many.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if one cannot be moved.
    pub fn void_leftovers(&mut self, reason: &str) -> Result<usize, StageError> {
        let mut count = 0;
        loop {
            let leftovers = self.journal.leftovers()?;
            if leftovers.is_empty() {
                break;
            }
            count += leftovers.len();
            for leftover in leftovers {
                self.show(&Notice::Done {
                    sentence: "A file that no record names was set aside; it counts for nothing.".into(),
                    lines: vec![super::Line::new("SHA-256", leftover.artifact.sha256.to_string())],
                });
                self.void(&leftover, reason)?;
            }
        }
        self.journal.clear_renderings()?;
        Ok(count)
    }

    /// Voids every artifact of the ceremony, which ends without them; how many.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if one cannot be moved.
    pub fn void_everything(&mut self, reason: &str) -> Result<usize, StageError> {
        let given_up = self.journal.give_up()?;
        for leftover in &given_up {
            self.void(leftover, reason)?;
        }
        // Those that only a list named.
        Ok(given_up.len() + self.void_leftovers(reason)?)
    }

    /// The record first: after a power failure the file is still there, and is voided once more.
    fn void(&mut self, leftover: &Leftover, reason: &str) -> Result<(), StageError> {
        let path = format!("voided/{}", leftover.artifact.sha256);
        let (artifact, reason) = (leftover.artifact.clone(), reason.to_owned());
        self.record(Event::ArtifactVoided { artifact, path, reason })?;
        Ok(self.journal.set_aside(leftover)?)
    }

    /// Records an event unless the interrupted ceremony recorded the same already.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if it could not be stored.
    pub fn record_once(&mut self, event: Event) -> Result<(), StageError> {
        let (name, data) = event.name_and_data();
        let same = |record: &PastRecord| Value::Object(record.data.clone()) == data;
        if self.memory.past.find(&name, same).is_none() {
            self.record(event)?;
        }
        Ok(())
    }

    /// While a step is recalled nothing happens that its records would have to say.
    pub(super) fn is_not_recalling(&self, what: &str) -> Result<(), StageError> {
        if self.memory.recalling {
            return Err(StageError::NotRecalled { step: self.step_number(), what: what.to_owned() });
        }
        Ok(())
    }

    /// The record of a recalled step that says the same event.
    pub(super) fn recalled(&self, event: &Event) -> Result<u64, StageError> {
        let (name, _) = event.name_and_data();
        let said = self.memory.past.find(&name, |record| record.step == self.step);
        said.map(|record| record.seq).ok_or(StageError::NotRecalled { step: self.step_number(), what: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ev: &str, token: &str) -> PastRecord {
        let data = serde_json::json!({"token": token}).as_object().cloned().unwrap();
        let at = "2026-11-01T08:00:00Z".parse().unwrap();
        PastRecord { seq: 0, at, ev: ev.into(), data, step: None, closes: None }
    }

    #[test]
    fn wrong_pins_are_counted_by_token_since_the_last_good_one() {
        let past = Past::of(vec![
            record("auth.failed", "root"),
            record("auth.ok", "root"),
            record("auth.failed", "root"),
            record("auth.failed", "log"),
            record("auth.failed", "root"),
        ]);
        assert_eq!((past.wrong_pins("root"), past.wrong_pins("log"), past.wrong_pins("other")), (2, 1, 0));
    }
}

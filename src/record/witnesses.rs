//! Cosignatures: who may give them, the head that is given out, and the lines that come back.
//!
//! The rules of this file:
//! - A line is stored only if it verifies, in a file of its own below `cosignatures/<size>`, created and never replaced.
//! - A head that was signed stays as it is under its size; with its cosignatures it is in `checkpoint` and in the bundle.

use std::fs;
use std::path::{Path, PathBuf};

use ceremony_log::consistency::Consistency;
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Window, policy_text};

use super::bundle::{closing_head, first_lines};
use super::file::{Together, storage, supersede};
use super::journal::{ED25519_PREFIX, LogFolder};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::stage::{Head, JournalError, ToCosign, WitnessKey};

impl LogFolder {
    /// Writes the policy with which the log travels: its key, its witnesses, and how many of them cosign a head.
    pub(super) fn name_witnesses(&self, keys: &[WitnessKey], quorum: usize) -> Result<(), JournalError> {
        let log = self.log_key().cloned().ok_or(JournalError::LogKey)?;
        let witnesses = keys.iter().map(verifier).collect::<Result<Vec<_>, _>>()?;
        let text = policy_text(&[log], &witnesses, quorum)?;
        supersede(&self.places().log.join("policy"), text.as_bytes())
    }

    /// The head that is cosigned, laid out with all that a witness's machine wants.
    pub(super) fn lay_out_head(&self) -> Result<ToCosign, JournalError> {
        let (note, head) = self.cosigned_head()?;
        let from = &self.places().log;
        let read = |path: &Path| fs::read(path).map_err(|error| storage(path, "read", error));
        let folder = self.places().run(self.ceremony()).join("to-witness");
        let place = folder.join(head.size.to_string());
        let mut together = Together::new();
        together.ensure_folder(&folder)?;
        together.ensure_folder(&place)?;
        let log = first_lines(read(&from.join("log.jsonl"))?, head.size);
        together.ensure(&place.join("log.jsonl"), &log)?;
        together.ensure(&place.join("checkpoint"), note.to_string().as_bytes())?;
        let start = Consistency::new(0, Vec::new(), note).to_string();
        together.ensure(&place.join("consistency"), start.as_bytes())?;
        together.ensure(&place.join("policy"), &read(&from.join("policy"))?)?;
        together.sync()?;
        Ok(ToCosign { head, place: std::path::absolute(&place).unwrap_or(place) })
    }

    /// The line of a witness over that head, if it was brought.
    pub(super) fn brought_cosignature(&self, key: &WitnessKey) -> Result<Option<String>, JournalError> {
        let (verifier, (note, head)) = (verifier(key)?, self.cosigned_head()?);
        let lines = lines_of(&self.places().log, head.size)?;
        let good =
            |line: &&Signature| line.is_by(&verifier) && verifier.verify(note.text(), &line.octets).is_ok();
        Ok(lines.iter().rfind(good).map(ToString::to_string))
    }

    /// Takes in the line of a witness over that head.
    pub(super) fn take_line(
        &mut self,
        key: &WitnessKey,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<String, JournalError> {
        let (verifier, (note, head)) = (verifier(key)?, self.cosigned_head()?);
        let (line, time) = judged(octets, &verifier, &note, now)?;
        let folder = self.places().log.join("cosignatures");
        let of_head = folder.join(head.size.to_string());
        let mut together = Together::new();
        together.ensure_folder(&folder)?;
        together.ensure_folder(&of_head)?;
        let name = format!("{}-{time}", hex(&verifier.id()));
        together.ensure(&of_head.join(name), format!("{line}\n").as_bytes())?;
        // Killed before this, the line is not there; after it, it is not asked for again.
        together.sync()?;
        if self.signed_head().is_some_and(|newest| newest.text() == note.text()) {
            let cosigned = with_cosignatures(&self.places().log, note, head.size)?;
            supersede(&self.places().log.join("checkpoint"), cosigned.to_string().as_bytes())?;
            self.replace_head(cosigned);
        }
        Ok(line.to_string())
    }

    /// The head that witnesses cosign, as the log's key signed it.
    fn cosigned_head(&self) -> Result<(Note, Head), JournalError> {
        if self.is_closed() {
            return closing_head(self);
        }
        let none = || JournalError::Record { why: "there is no signed head to cosign".into() };
        let text = self.signed_head().ok_or_else(none)?.text().to_owned();
        let said: ceremony_log::checkpoint::Checkpoint = text.parse()?;
        let path = self.places().log.join("checkpoints").join(said.size.to_string());
        let octets = fs::read(&path).map_err(|error| storage(&path, "read", error))?;
        let note = Note::parse(&octets).ok().filter(|note| note.text() == text);
        let note = note.ok_or_else(|| JournalError::lost(path))?;
        Ok((note, Head { size: said.size, root: Digest::from_octets(*said.root.octets()) }))
    }
}

/// A head with the newest cosignature of each witness that was brought for it.
pub(super) fn with_cosignatures(log: &Path, note: Note, size: u64) -> Result<Note, JournalError> {
    let mut newest: Vec<Signature> = Vec::new();
    for line in lines_of(log, size)? {
        match newest.iter_mut().find(|known| known.name == line.name && known.id == line.id) {
            // The octets of a cosignature begin with its time.
            Some(known) if known.octets < line.octets => *known = line,
            Some(_) => {}
            None => newest.push(line),
        }
    }
    let mut note = note;
    for line in newest {
        if !note.signatures().contains(&line) {
            note.add(line)?;
        }
    }
    Ok(note)
}

/// The lines that were brought for a head, in the order of their files' names.
fn lines_of(log: &Path, size: u64) -> Result<Vec<Signature>, JournalError> {
    let folder = log.join("cosignatures").join(size.to_string());
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(storage(&folder, "read", error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| storage(&folder, "read", error))?.path();
        // What a power failure left without its name is no line.
        if path.extension().is_none() {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(line_in).collect()
}

fn line_in(path: PathBuf) -> Result<Signature, JournalError> {
    let text = fs::read_to_string(&path).map_err(|error| storage(&path, "read", error))?;
    let line = text.strip_suffix('\n').and_then(|line| Signature::parse(line).ok());
    line.ok_or_else(|| JournalError::lost(path))
}

/// The last line of what was brought, if it is the witness's over this head, and its time.
fn judged(
    octets: &[u8],
    verifier: &VerifierKey,
    note: &Note,
    now: Timestamp,
) -> Result<(Signature, u64), JournalError> {
    let wrong = |why: String| JournalError::Cosignature { why };
    let text = std::str::from_utf8(octets).map_err(|_| wrong("the file is no text".into()))?;
    let line = text.lines().rfind(|line| !line.is_empty()).unwrap_or_default();
    let line = Signature::parse(line).map_err(|fault| wrong(fault.to_string()))?;
    if !line.is_by(verifier) {
        let (found, wanted) = (hex(&line.id), hex(&verifier.id()));
        let name = &line.name;
        return Err(wrong(format!(
            "the line is by the key {found} of `{name}`; wanted {wanted} of `{}`",
            verifier.name()
        )));
    }
    let other = |_| wrong("the line is over another head than this one, or was changed".into());
    let time = verifier.verify(note.text(), &line.octets).map_err(other)?.unwrap_or_default();
    let ahead = Window::at(now.seconds()).ahead;
    if time > now.seconds().saturating_add(ahead) {
        let when = Timestamp::from_seconds(time).map_or_else(|| time.to_string(), |time| time.to_string());
        return Err(wrong(format!("the witness's clock is ahead: it says {when}, and it is {now} here")));
    }
    Ok((line, time))
}

/// A witness's key as a note knows it.
pub(super) fn verifier(key: &WitnessKey) -> Result<VerifierKey, JournalError> {
    let wrong =
        || JournalError::Cosignature { why: format!("`{}` is no name or no key of a witness", key.name) };
    let raw = key.spki_der.strip_prefix(&ED25519_PREFIX).ok_or_else(wrong)?;
    VerifierKey::new(&key.name, KeyKind::Cosignature, raw).map_err(|_| wrong())
}

//! What is handed over goes onto media: an exact set of files, each copy between two records, read back before anyone is told.
//!
//! The rules of this file:
//! - The closed ceremony's files are complete before the first medium is asked for.
//! - Which medium it is says a random id in its marker: one that was written in this log is not taken for another.
//! - An interrupted copy is given up in the log, and its medium is written from its beginning.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::event::Event;
use super::medium::{self, Found, Marker, Wanted, Way};
use super::operators::{Expected, Line, Notice, Person};
use super::{Actor, PastRecord, Stage, StageError, printable};
use crate::digest::{Digest, hex};

/// Copies of one set of files.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The script's name for the medium.
    pub medium: String,
    /// How many copies, each on a medium of its own.
    pub copies: u64,
    /// Who plugs.
    pub person: Person,
    /// Whether each is read once more after it was unplugged.
    pub read_again: bool,
    /// Whether other files may lie there.
    pub others: bool,
}

impl Stage<'_> {
    /// Every file that the closed ceremony hands over, by its name; they are complete when this returns.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if one cannot be made.
    pub fn handed_over_files(&mut self) -> Result<Vec<(String, PathBuf)>, StageError> {
        Ok(self.journal.hand_over()?)
    }

    /// Reads a file from a copy of a medium that an earlier ceremony wrote, once somebody has inserted it and `is_it` says that
    /// it is the one; `is_it` says what is wrong with it otherwise.
    ///
    /// # Errors
    ///
    /// [`StageError::Medium`] if it cannot be read or is not the one; [`StageError::NoAnswer`] if nobody brings it.
    pub fn read_medium(
        &mut self,
        delivery: &Delivery,
        copy: u64,
        name: &str,
        is_it: &dyn Fn(&[u8]) -> Result<(), String>,
    ) -> Result<Vec<u8>, StageError> {
        let folder = self.medium_folder(delivery, copy)?;
        let lines = vec![
            Line::new("medium", format!("`{}`, copy {copy}", delivery.medium)),
            Line::new("mounted at", folder.display().to_string()),
            Line::new("file", name),
        ];
        let mut why = String::new();
        for _ in 0..MOST_MEDIA {
            let sentence = "Insert the medium and mount it.";
            self.question(delivery.person.clone(), sentence, lines.clone(), Expected::Word(INSERTED))?;
            let read =
                medium::read(&folder.join(name)).map_err(|error| format!("`{name}` cannot be read: {error}"));
            match read.and_then(|octets| is_it(&octets).map(|()| octets)) {
                Ok(octets) => return Ok(octets),
                Err(said) => why = said,
            }
            self.show(&Notice::Wrong { sentence: printable(&why) });
        }
        Err(StageError::Medium { medium: delivery.medium.clone(), why })
    }

    /// Writes files onto every copy of a medium that has none yet by the log.
    ///
    /// # Errors
    ///
    /// [`StageError::Medium`] if one does not hold what it was given; [`StageError::NoAnswer`] if nobody brings one.
    pub fn deliver(&mut self, delivery: &Delivery, files: Vec<(String, PathBuf)>) -> Result<(), StageError> {
        let wrong = |why: String| StageError::Medium { medium: delivery.medium.clone(), why };
        self.give_up_interrupted_copies()?;
        if let Some((name, _)) = files.iter().find(|(name, _)| !medium::is_below(name)) {
            return Err(wrong(format!("`{}` is no name for a file of a medium", printable(name))));
        }
        let files = medium::wanted(files).map_err(|error| wrong(format!("what is to be copied: {error}")))?;
        for copy in 1..=delivery.copies {
            let of_copy = |record: &PastRecord| {
                record.step == self.step
                    && record.text("label") == Some(&delivery.medium)
                    && record.data.get("copy").and_then(serde_json::Value::as_u64) == Some(copy)
            };
            if self.memory.past.find("media.written", of_copy).is_none() {
                self.write_copy(delivery, copy, &files)?;
            }
        }
        Ok(())
    }

    /// Writes files onto one medium, whether or not one of its name was written before.
    pub(super) fn deliver_anew(&mut self, delivery: &Delivery, files: &[Wanted]) -> Result<(), StageError> {
        self.give_up_interrupted_copies()?;
        if let Some(file) = files.iter().find(|file| !medium::is_below(&file.name)) {
            let why = format!("`{}` is no name for a file of a medium", printable(&file.name));
            return Err(StageError::Medium { medium: delivery.medium.clone(), why });
        }
        self.write_copy(delivery, 1, files)
    }

    /// An interrupted copy came to nothing; its medium may hold a part of the files.
    fn give_up_interrupted_copies(&mut self) -> Result<(), StageError> {
        while let Some(intent) = self.take_open_intent(|intent| intent.ev == "media.write.intent") {
            let medium = intent.text("medium").unwrap_or_default();
            let residue = printable(&format!("medium {medium} holds a part of the files, or none"));
            let error = "the ceremony was interrupted".into();
            self.record_closing(Event::ActFailed { error, residue }, intent.seq)?;
        }
        Ok(())
    }

    /// One copy: a medium is brought, written, and read back.
    fn write_copy(&mut self, delivery: &Delivery, copy: u64, files: &[Wanted]) -> Result<(), StageError> {
        let folder = self.medium_folder(delivery, copy)?;
        let left = self.bring_medium(delivery, copy, &folder, files)?;
        let marker = self.marker(delivery, copy)?;
        let list_sha256 = Digest::of(medium::list(files).as_bytes());
        let intent = Event::MediaWriteIntent {
            label: delivery.medium.clone(),
            copy,
            medium: marker.id.clone(),
            files: list_sha256,
            count: u64::try_from(files.len()).unwrap_or(u64::MAX),
        };
        let seq = self.append(intent, Actor::software(), None)?;
        // A crash from here on leaves an intent without a result, and a medium with some of the files.
        let written = self.fill(delivery, &folder, files, &marker, left);
        let (way, plugged) = match written {
            Ok(done) => done,
            Err(error) => return Err(self.failed(seq, error)?),
        };
        let reader = match (way, plugged) {
            (Way::Direct, true) => {
                "this machine, past its cache (O_DIRECT), and again after it was plugged in anew"
            }
            (Way::Direct, false) => "this machine, past its cache (O_DIRECT)",
            (Way::Dropped, true) => {
                "this machine, after it dropped its cache, and again after it was plugged in anew"
            }
            (Way::Dropped, false) => "this machine, after it dropped its cache",
        };
        let event = Event::MediaWritten {
            label: delivery.medium.clone(),
            copy,
            medium: marker.id.clone(),
            files: list_sha256,
            read_back: true,
            reader: reader.into(),
        };
        self.head_is_due = true;
        self.record_closing(event, seq)?;
        let lines = vec![
            Line::new("medium", format!("`{}`, copy {copy} of {}", delivery.medium, delivery.copies)),
            Line::new("its id", marker.id),
            Line::new("files", files.len().to_string()),
            Line::new("SHA-256 of the list", list_sha256.to_string()),
            Line::new("in words", list_sha256.words()),
            Line::new("read back by", reader),
        ];
        let sentence = "The medium holds what was written. Write its id on it.".into();
        self.show(&Notice::Done { sentence, lines });
        Ok(())
    }

    /// Writes and reads back; whether it was plugged in anew in between.
    fn fill(
        &mut self,
        delivery: &Delivery,
        folder: &std::path::Path,
        files: &[Wanted],
        marker: &Marker,
        left: bool,
    ) -> Result<(Way, bool), StageError> {
        let wrong = |why: String| StageError::Medium { medium: delivery.medium.clone(), why };
        if left {
            medium::clear(folder, files)
                .map_err(|error| wrong(format!("what was left there cannot be removed: {error}")))?;
        }
        medium::write(folder, files, marker)
            .map_err(|error| wrong(format!("it cannot be written: {error}")))?;
        let check =
            || medium::check(folder, files, marker, delivery.others).map_err(|wrong| wrong.join("; "));
        let way = check().map_err(wrong)?;
        if !delivery.read_again {
            return Ok((way, false));
        }
        let lines = vec![Line::new("medium", delivery.medium.clone()), Line::new("id", marker.id.clone())];
        let sentence = format!(
            "Unmount the medium, unplug it, plug it in again and mount it at `{}`. It is read once more.",
            folder.display()
        );
        self.question(delivery.person.clone(), sentence, lines, Expected::Word(PLUGGED))?;
        check().map(|way| (way, true)).map_err(wrong)
    }

    /// Asks for a medium until one is there that can be written; whether it holds what an interrupted writing left.
    fn bring_medium(
        &mut self,
        delivery: &Delivery,
        copy: u64,
        folder: &std::path::Path,
        files: &[Wanted],
    ) -> Result<bool, StageError> {
        let octets: u64 = files.iter().map(|file| file.octets).sum();
        let lines = vec![
            Line::new("medium", format!("`{}`, copy {copy} of {}", delivery.medium, delivery.copies)),
            Line::new("mounted at", folder.display().to_string()),
            Line::new("files", format!("{}, {} KiB", files.len(), octets.div_ceil(1024))),
        ];
        let mut why = String::new();
        for _ in 0..MOST_MEDIA {
            let sentence = "Insert an empty medium and mount it.";
            self.question(delivery.person.clone(), sentence, lines.clone(), Expected::Word(INSERTED))?;
            match medium::look(folder, files, delivery.others) {
                Ok(Found::Free) => return Ok(false),
                Ok(Found::Marked(marker)) => match self.whose(&marker) {
                    None => return Ok(true),
                    Some(said) => why = said,
                },
                Err(said) => why = said,
            }
            self.show(&Notice::Wrong { sentence: printable(&why) });
        }
        Err(StageError::Medium { medium: delivery.medium.clone(), why })
    }

    /// Why a medium with a marker is not the one; nothing if it holds what an interrupted writing left.
    fn whose(&self, marker: &Marker) -> Option<String> {
        let of_medium = |record: &PastRecord| record.text("medium") == Some(&marker.id);
        if self.media.contains(&marker.id) || self.memory.past.find("media.written", of_medium).is_some() {
            return Some(format!(
                "this is the medium {}, which was written already; wanted another one",
                marker.id
            ));
        }
        if self.memory.past.find("media.write.intent", of_medium).is_some() {
            return None;
        }
        let about = marker.text.lines().skip(2).collect::<Vec<_>>().join(", ");
        Some(printable(&format!("this medium was written at another time: {about}; wanted an empty one")))
    }

    /// A marker with an id of its own.
    fn marker(&mut self, delivery: &Delivery, copy: u64) -> Result<Marker, StageError> {
        let mut octets = [0; 8];
        getrandom::fill(&mut octets).map_err(|_| StageError::Random)?;
        let id = hex(&octets);
        self.media.insert(id.clone());
        let head = self.journal.head();
        Ok(Marker::new(&format!("{} records, root {}", head.size, head.root), &delivery.medium, copy, id))
    }

    /// Where a copy is mounted, as the site says.
    pub(super) fn medium_folder(&self, delivery: &Delivery, copy: u64) -> Result<PathBuf, StageError> {
        let places = self.machine.media.get(&delivery.medium).map(Vec::as_slice).unwrap_or_default();
        let index = usize::try_from(copy.saturating_sub(1)).unwrap_or(usize::MAX);
        let place = if let [only] = places { Some(only) } else { places.get(index) };
        let none = || StageError::Medium {
            medium: delivery.medium.clone(),
            why: format!("the site names no folder for copy {copy}"),
        };
        place.cloned().ok_or_else(none)
    }
}

/// The ids of media that this program has begun to write.
pub(super) type Begun = BTreeSet<String>;

/// What is said when a medium is there.
const INSERTED: &str = "inserted";
/// What is said when a medium was plugged in anew.
const PLUGGED: &str = "plugged";
/// How often another medium is asked for.
const MOST_MEDIA: usize = 5;

//! The log of a ceremony that was interrupted: read whole, checked as far as it goes, and opened to go on.
//!
//! The rules of this file:
//! - Everything that makes a log good is checked, but that its ceremony is closed and every intent has its result.
//! - The newest head may be older than the last record, but it is of this log: the records are never fewer.
//! - Octets after the last whole line are moved away whole before anything is appended, and the log says so.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ceremony_log::code::Code;
use ceremony_log::json::Value as LogValue;
use ceremony_log::key::VerifierKey;
use ceremony_log::note::Note;
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::tree::{Hash, Levels};
use ceremony_log::verify::{Scan, scan};

use super::again::Again;
use super::continued::{ContinueError, signed_head};
use super::file::{create, open_own, storage, sync_folder};
use super::journal::{Identity, LogFolder, Places, create_log, make_folders, take_alone};
use super::memory::{LogKeyPlace, Memory};
use super::run;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::plan::Ledger;
use crate::stage::{Head, JournalError, Past, PastRecord};

/// Octets that were moved away because they were no whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Torn {
    /// Their digest.
    pub sha256: Digest,
    /// How many.
    pub octets: u64,
}

/// A log that ends within a ceremony.
pub struct Interrupted {
    /// The log's name; nothing if it has no record yet.
    pub origin: Option<String>,
    /// What it says of the ceremony.
    pub past: Past,
    /// What it says of earlier ones.
    pub ledger: Ledger,
    /// Where it stood when the ceremony began, if it goes on from earlier ones.
    pub began_at: Option<Head>,
    /// Where its key is, if an earlier ceremony made it.
    pub log_key: Option<LogKeyPlace>,
    /// The time of its last record.
    pub last_at: Timestamp,
    /// Its last head, over all whole lines.
    pub head: Head,
    /// Whether the newest signed head is over all of them.
    pub is_signed: bool,
    verifier: Option<VerifierKey>,
    former: Vec<VerifierKey>,
    note: Option<Note>,
    levels: Levels,
    last: Hash,
    octets: Option<u64>,
    torn: u64,
    recovered: BTreeSet<Digest>,
}

/// What is gathered while the log is read.
struct Gathered<'g> {
    ceremony: &'g str,
    past: Vec<PastRecord>,
    levels: Levels,
    earlier: Memory,
    memory: Memory,
    state: State,
    began_at: Option<Head>,
    last: Hash,
    recovered: BTreeSet<Digest>,
}

impl Interrupted {
    /// Reads and checks the log in a folder, up to where the ceremony was interrupted.
    ///
    /// # Errors
    ///
    /// [`ContinueError`]: what is wrong with it, all of it.
    pub fn read(folder: &Path, ceremony: &str) -> Result<Self, ContinueError> {
        let mut gathered = Gathered::of(ceremony);
        let (scanned, octets) = gathered.scan(&folder.join("log.jsonl")).map_err(ContinueError::Storage)?;
        let mut found: Vec<String> = Vec::new();
        if let Some(scanned) = &scanned {
            found.extend(scanned.findings.list.iter().map(ToString::to_string));
        }
        // What an interruption leaves: no closing and no result. An earlier ceremony may have been aborted.
        let allowed = [Code::E150, Code::E151, Code::E152];
        let state = std::mem::take(&mut gathered.state).finish();
        let bad =
            state.list.iter().filter(|finding| finding.code.is_error() && !allowed.contains(&finding.code));
        found.extend(bad.map(ToString::to_string));
        gathered.earlier.look_into(folder);
        let origin =
            scanned.as_ref().and_then(|scanned| scanned.genesis.clone()).map(|genesis| genesis.origin);
        let last = scanned.as_ref().and_then(|scanned| scanned.last.as_ref());
        let last_at = last.and_then(|record| Timestamp::from_seconds(record.at.seconds()));
        let head = head_of(&gathered.levels);
        let signed = match (&origin, &gathered.memory.log_key) {
            (Some(origin), Some(place)) if folder.join("checkpoint").is_file() => {
                Some(signed_head(folder, origin, place, &gathered.levels, false, &mut found)?)
            }
            _ => None,
        };
        if !found.is_empty() {
            return Err(ContinueError::Wrong { wrong: found });
        }
        let (verifier, note, size) = match signed {
            Some((verifier, note, size)) => (Some(verifier), Some(note), Some(size)),
            None => (None, None, None),
        };
        Ok(Self {
            origin,
            past: Past::of(gathered.past),
            ledger: gathered.earlier.ledger,
            log_key: gathered.earlier.log_key,
            began_at: gathered.began_at,
            last_at: last_at.unwrap_or(Timestamp::FIRST),
            is_signed: size == Some(head.size),
            head,
            former: gathered.memory.log_key.as_ref().map(LogKeyPlace::former_keys).unwrap_or_default(),
            verifier,
            note,
            levels: gathered.levels,
            last: gathered.last,
            octets,
            torn: scanned.map_or(0, |scanned| scanned.torn),
            recovered: gathered.recovered,
        })
    }

    /// Whether the ceremony is closed: only its last head and its bundle can be missing.
    pub fn is_closed(&self) -> bool {
        self.past.has("ceremony.close")
    }

    /// The log key's SubjectPublicKeyInfo, where an earlier ceremony made it.
    pub fn log_key_spki(&self) -> Option<Vec<u8>> {
        self.verifier.as_ref().map(super::continued::spki)
    }
}

impl<'g> Gathered<'g> {
    /// Nothing yet.
    fn of(ceremony: &'g str) -> Self {
        Self {
            ceremony,
            past: Vec::new(),
            levels: Levels::new(),
            earlier: Memory::default(),
            memory: Memory::default(),
            state: State::new(),
            began_at: None,
            last: Hash::ZERO,
            recovered: BTreeSet::new(),
        }
    }

    /// Reads a log, and how long its file is; nothing where there is none yet.
    fn scan(&mut self, path: &Path) -> Result<(Option<Scan>, Option<u64>), JournalError> {
        let wrong = |error| storage(path, "read", error);
        let file = match File::open(path) {
            Ok(file) => file,
            // The run's folder is there and the log is not yet: nothing has happened.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((None, None)),
            Err(error) => return Err(wrong(error)),
        };
        let octets = file.metadata().map_err(wrong)?.len();
        let visit = &mut |entry: ceremony_log::verify::Entry<'_>| self.follow(entry.record, entry.leaf);
        let scanned = scan(&mut BufReader::new(file), visit).map_err(wrong)?;
        Ok((Some(scanned), Some(octets)))
    }

    fn follow(&mut self, record: &Record, leaf: Hash) {
        // What follows a closed ceremony and belongs to none is how it went on: media, and what an interruption cost.
        if record.cer == self.ceremony || record.cer == "-" && !self.past.is_empty() {
            if self.past.is_empty() && record.seq > 0 {
                self.began_at = Some(head_of(&self.levels));
            }
            self.past.extend(past_record(record));
        } else if self.past.is_empty() {
            self.earlier.learn(record);
        }
        if record.ev == "log.recovered" {
            self.recovered
                .extend(record.data.str("torn_sha256").and_then(|text| text.parse::<Digest>().ok()));
        }
        self.memory.learn(record);
        self.state.follow(record);
        self.levels.push(leaf);
        self.last = leaf;
    }
}

impl LogFolder {
    /// Goes on with the log of a ceremony that was interrupted; octets of torn lines that no record tells of yet.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if another program writes the log, or something cannot be written.
    pub fn go_on_after(
        places: Places,
        identity: &Identity,
        interrupted: Interrupted,
    ) -> Result<(Self, Vec<Torn>), JournalError> {
        run::make_log_folders(&places.log)?;
        let path = places.log.join("log.jsonl");
        let log = match interrupted.octets {
            None => create_log(&path)?,
            Some(octets) => {
                let log = open_own(&path, OpenOptions::new().append(true).read(true))
                    .map_err(|error| storage(&path, "opened", error))?;
                take_alone(&log, &path)?;
                let now = log.metadata().map_err(|error| storage(&path, "read", error))?.len();
                if now != octets {
                    return Err(JournalError::InUse { path });
                }
                log
            }
        };
        let closed = interrupted.is_closed();
        let named: Vec<_> = interrupted.past.artifacts().into_iter().map(|(_, artifact)| artifact).collect();
        let closing = interrupted.past.find("ceremony.close", |_| true).map(|record| record.seq);
        let mut folder = Self {
            closed_at: closing,
            deposit: None,
            places,
            identity: identity.clone(),
            log,
            levels: interrupted.levels,
            last: interrupted.last,
            last_at: interrupted.last_at,
            former: interrupted.former,
            key: interrupted.verifier,
            head: interrupted.note,
            stored: Vec::new(),
            reserved: Vec::new(),
            list: None,
            taken: BTreeSet::new(),
            singled_out: true,
            stopped: false,
            again: Again {
                resumed: true,
                closed,
                digests: named.iter().map(|named| named.sha256).collect(),
                named,
            },
        };
        make_folders(&folder.places)?;
        folder.clear_all_parts()?;
        if let Some(whole) = interrupted.octets.and_then(|octets| octets.checked_sub(interrupted.torn)) {
            cut_torn(&folder.log, &path, whole, interrupted.torn)?;
        }
        cut_torn_annex(&folder.places.log)?;
        folder.learn_lists();
        let torn = torn_files(&folder.places.log, &interrupted.recovered)?;
        Ok((folder, torn))
    }

    /// The artifacts that are named in a list and nowhere else: those of a batch.
    fn learn_lists(&mut self) {
        let lists: Vec<Digest> =
            self.again.named.iter().filter(|named| named.kind == "list").map(|named| named.sha256).collect();
        for sha256 in lists {
            // A list that is lost is said when its step is recalled.
            let Ok(list) = self.open_stored("list", sha256) else { continue };
            let lines = BufReader::new(list).lines().map_while(Result::ok);
            self.again.digests.extend(lines.filter_map(|line| line.parse::<Digest>().ok()));
        }
    }
}

/// Moves what follows the last whole line to a file of its own, and cuts it off once it is there.
fn cut_torn(log: &File, path: &Path, whole: u64, torn: u64) -> Result<(), JournalError> {
    if torn == 0 {
        return Ok(());
    }
    let mut octets = Vec::new();
    let mut reader = log;
    reader
        .seek(SeekFrom::Start(whole))
        .and_then(|_| reader.take(torn).read_to_end(&mut octets))
        .map_err(|error| storage(path, "read", error))?;
    let kept = torn_path(path, &octets);
    if !kept.is_file() {
        create(&kept, &octets)?;
    }
    log.set_len(whole).and_then(|()| log.sync_all()).map_err(|error| storage(path, "cut", error))?;
    sync_folder(path)
}

/// An item of the annex that was not written whole is moved away too: the next one would stand on its line.
fn cut_torn_annex(folder: &Path) -> Result<(), JournalError> {
    let path = folder.join("annex.jsonl");
    let Ok(octets) = fs::read(&path) else { return Ok(()) };
    let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |place| place + 1);
    let torn = octets.get(whole..).unwrap_or_default();
    if torn.is_empty() {
        return Ok(());
    }
    let file = open_own(&path, OpenOptions::new().read(true).append(true))
        .map_err(|error| storage(&path, "opened", error))?;
    let length = |octets: usize| u64::try_from(octets).unwrap_or(u64::MAX);
    cut_torn(&file, &path, length(whole), length(torn.len()))
}

/// The torn files of the log that no record tells of.
fn torn_files(folder: &Path, recorded: &BTreeSet<Digest>) -> Result<Vec<Torn>, JournalError> {
    let entries = fs::read_dir(folder).map_err(|error| storage(folder, "read", error))?;
    let mut torn = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("torn-log-") || path.extension().is_none_or(|ending| ending != "bin") {
            continue;
        }
        let octets = fs::read(&path).map_err(|error| storage(&path, "read", error))?;
        let sha256 = Digest::of(&octets);
        if !recorded.contains(&sha256) {
            torn.push(Torn { sha256, octets: u64::try_from(octets.len()).unwrap_or(u64::MAX) });
        }
    }
    torn.sort();
    Ok(torn)
}

fn torn_path(path: &Path, octets: &[u8]) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("torn-{stem}-{}.bin", Digest::of(octets)))
}

fn head_of(levels: &Levels) -> Head {
    let size = levels.size();
    Head { size, root: Digest::from_octets(*levels.root(size).unwrap_or(Hash::ZERO).octets()) }
}

/// A record as the stage sees it.
fn past_record(record: &Record) -> Option<PastRecord> {
    let text = LogValue::Object(record.data.clone()).to_canonical();
    Some(PastRecord {
        seq: record.seq,
        at: Timestamp::from_seconds(record.at.seconds())?,
        ev: record.ev.clone(),
        data: serde_json::from_str(&text).ok()?,
        step: record.step.clone(),
        closes: record.reference,
    })
}

//! A log as tiles for static hosting, so that any number of monitors can follow it.
//!
//! The rules of this file:
//! - Only a log that is exactly what its head says is rendered, and only if it continues what is published already.
//! - Nothing but the log's lines, their hashes and the head goes out: what is private is in the annex, and stays there.
//! - Tiles are created and never replaced; the head comes last, once everything that it needs is on the disk.
//!
//! Source: C2SP tlog-tiles.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Finding, Place};
use ceremony_log::key::KeyKind;
use ceremony_log::lines::FirstLines;
use ceremony_log::note::Note;
use ceremony_log::tiles::{Tile, WIDTH, entry};
use ceremony_log::tree::{Hash, Levels};
use thiserror::Error;

use super::prove::{ProveError, Prover};
use crate::record::file::{JournalError, Together, clear_parts, supersede};

/// What was rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// How many files there are now that belong to the head.
    pub files: u64,
    /// How many of them are new.
    pub new: u64,
    /// The size of the head that was published before.
    pub before: Option<u64>,
    /// Whether the head has a signature by an Ed25519 key of the log, as public logs must.
    pub ed25519: bool,
}

/// Renders the log of a prover into a folder: a new one, or one that an earlier head of the log was rendered into.
///
/// # Errors
///
/// [`TilesError::Refused`] if the folder has another log, or a later head; [`TilesError`] if something cannot be read or
/// written.
pub fn render(prover: &Prover, log: &Path, out: &Path) -> Result<Rendered, TilesError> {
    fs::create_dir_all(out).map_err(|source| storage(out, source))?;
    let before = published(prover, out)?;
    let levels = prover.index().levels();
    let head = prover.head();
    let mut sizes = signed_sizes(log, head.size);
    sizes.insert(head.size);
    let wanted: BTreeSet<Tile> = sizes.iter().flat_map(|size| Tile::all(*size)).collect();
    let (hashes, bundles): (Vec<Tile>, Vec<Tile>) = wanted.iter().partition(|tile| tile.level.is_some());
    let mut writer = Writer { out, together: Together::new(), folders: BTreeSet::new(), new: 0 };
    for tile in &hashes {
        let octets = tile.hashes(levels).ok_or_else(changed)?;
        writer.write(tile, &octets)?;
    }
    write_bundles(prover, levels, &bundles, &mut writer)?;
    let new = writer.new;
    writer.together.sync()?;
    // Killed before this, the published head is the one before, and all its tiles are there.
    supersede(&out.join("checkpoint"), prover.note().to_string().as_bytes())?;
    let of_log = |kind| prover.log_keys().iter().any(|key| key.kind() == kind);
    let files = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    Ok(Rendered { files, new, before, ed25519: of_log(KeyKind::Ed25519) })
}

/// The size that is published already, if the log continues it.
fn published(prover: &Prover, out: &Path) -> Result<Option<u64>, TilesError> {
    let path = out.join("checkpoint");
    let octets = match fs::read(&path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(storage(&path, error)),
    };
    let place = || Place::File("checkpoint".to_owned());
    let refuse = |code, message| Err(TilesError::Refused(Finding::new(code, place(), message)));
    let read = Note::parse(&octets).and_then(|note| note.text().parse::<Checkpoint>());
    let before = read.map_err(|fault| TilesError::Refused(fault.at(place())))?;
    let head = prover.head();
    if before.origin != head.origin {
        let message = format!("the folder has the log `{}`, this one is `{}`", before.origin, head.origin);
        return refuse(Code::E111, message);
    }
    if before.size > head.size {
        let message =
            format!("the folder has a head over {} records, this one is over {}", before.size, head.size);
        return refuse(Code::E132, message);
    }
    match prover.index().levels().root(before.size) {
        Some(root) if root == before.root => Ok(Some(before.size)),
        root => {
            let here = root.map_or_else(String::new, |root| root.to_string());
            let message = format!(
                "the folder has the root {} of {} records; of these records it is {here}",
                before.root, before.size
            );
            refuse(Code::E133, message)
        }
    }
}

/// The sizes of the heads that were signed: their partial tiles have to be there too.
fn signed_sizes(log: &Path, most: u64) -> BTreeSet<u64> {
    let Ok(entries) = fs::read_dir(log.join("checkpoints")) else { return BTreeSet::new() };
    let sizes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    sizes.filter(|size| (1..=most).contains(size)).collect()
}

/// Writes the lines in bundles; each line is compared with its hash once more.
fn write_bundles(
    prover: &Prover,
    levels: &Levels,
    bundles: &[Tile],
    writer: &mut Writer<'_>,
) -> Result<(), TilesError> {
    let path = Path::new("log.jsonl");
    let mut file = prover.file();
    file.seek(SeekFrom::Start(0)).map_err(|source| storage(path, source))?;
    let mut lines = FirstLines::new(BufReader::with_capacity(64 * 1024, file), prover.head().size);
    let (mut seq, mut line, mut octets, mut ends) = (0_u64, Vec::new(), Vec::new(), Vec::new());
    let mut left = bundles;
    while let Some(first) = left.first() {
        // All of one index, the shorter ones first.
        let together = left.iter().take_while(|tile| tile.index == first.index).count();
        let (same, later) = left.split_at(together);
        left = later;
        let most = same.last().map_or(0, |tile| tile.width);
        octets.clear();
        ends.clear();
        while seq < first.index * WIDTH + most {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(|source| storage(path, source))?;
            line.pop_if(|last| *last == b'\n').ok_or_else(changed)?;
            if levels.leaf(seq) != Some(Hash::leaf(&line)) {
                return Err(changed());
            }
            octets.extend(entry(&line).ok_or_else(changed)?);
            ends.push(octets.len());
            seq += 1;
        }
        for tile in same {
            let end =
                usize::try_from(tile.width).ok().and_then(|width| ends.get(width.checked_sub(1)?).copied());
            let part = end.and_then(|end| octets.get(..end)).ok_or_else(changed)?;
            writer.write(tile, part)?;
        }
    }
    Ok(())
}

/// Writes tiles, each with its folders.
struct Writer<'w> {
    out: &'w Path,
    together: Together,
    folders: BTreeSet<std::path::PathBuf>,
    new: u64,
}

impl Writer<'_> {
    fn write(&mut self, tile: &Tile, octets: &[u8]) -> Result<(), TilesError> {
        let path = self.out.join(tile.to_string());
        if let Some(folder) = path.parent()
            && !self.folders.contains(folder)
        {
            let below = folder.strip_prefix(self.out).unwrap_or(folder);
            let mut whole = self.out.to_owned();
            for part in below.components() {
                whole.push(part);
                self.together.ensure_folder(&whole)?;
            }
            // What an interruption left without its name.
            clear_parts(folder)?;
            self.folders.insert(folder.to_owned());
        }
        self.new += u64::from(!path.is_file());
        Ok(self.together.ensure(&path, octets)?)
    }
}

fn storage(path: &Path, source: io::Error) -> TilesError {
    TilesError::Log(ProveError::Storage { path: path.to_owned(), source })
}

fn changed() -> TilesError {
    storage(Path::new("log.jsonl"), io::Error::other("it changed while it was read"))
}

/// Why a log was not rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TilesError {
    /// The log cannot be read, or is not good.
    #[error(transparent)]
    Log(#[from] ProveError),
    /// The folder has something else.
    #[error("{0}")]
    Refused(Finding),
    /// The folder cannot be written.
    #[error("the tiles could not be written")]
    Write(#[from] JournalError),
}

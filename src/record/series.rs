//! A series on disk: many artifacts of one kind that are one thing for the log, named by the list of their digests.
//!
//! The rules of this file:
//! - What is about to be signed is on the disk, with its list, before the intent that names the list.
//! - Artifacts are synced together, before the record that names their list. Until then one may stand under its name and not
//!   be whole: its name is its digest, which says so.
//! - A file that exists is never opened for writing.
//! - Memory does not grow with the series.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::file::{create_folder, open_own, storage, sync_folder};
use crate::digest::Digest;
use crate::stage::JournalError;

/// Up to how many members of a series stand in the manifest and the summary, and have proofs of their own; members of
/// longer ones are named by the list, which has all that.
pub const MOST_SINGLED_OUT: usize = 256;

/// A list of digests that is being written, with or without the octets that they are of.
pub struct ListWriter {
    folder: PathBuf,
    lines: BufWriter<File>,
    octets: Option<BufWriter<File>>,
    digest: Sha256,
}

impl ListWriter {
    /// Begins a list in a folder, and a file of all octets beside it if `keeps_octets`. What an earlier list left unfinished
    /// there is removed: no record names it.
    pub fn begin(folder: &Path, keeps_octets: bool) -> Result<Self, JournalError> {
        if !folder.is_dir() {
            create_folder(folder)?;
        }
        let new = |name: &str| {
            let path = folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(storage(&path, "removed", error))
                }
                _ => open_own(&path, OpenOptions::new().write(true).create_new(true))
                    .map(BufWriter::new)
                    .map_err(|error| storage(&path, "made", error)),
            }
        };
        let octets = if keeps_octets { Some(new(OCTETS)?) } else { None };
        Ok(Self { folder: folder.to_owned(), lines: new(LINES)?, octets, digest: Sha256::new() })
    }

    /// Adds the digest of the next octets, and these where all octets are kept.
    pub fn add(&mut self, digest: &Digest, octets: &mut dyn Read) -> Result<(), JournalError> {
        let line = format!("{digest}\n");
        self.digest.update(line.as_bytes());
        let written = self.lines.write_all(line.as_bytes());
        written.map_err(|error| storage(&self.folder.join(LINES), "written", error))?;
        let kept = self.octets.as_mut().map_or(Ok(0), |all| io::copy(octets, all));
        kept.map(drop).map_err(|error| storage(&self.folder.join(OCTETS), "written", error))
    }

    /// Ends the list: everything is synced and has the list's digest as its name. The digest, and where the list is.
    pub fn end(self) -> Result<(Digest, PathBuf), JournalError> {
        let digest = Digest::from_octets(self.digest.finalize().into());
        let name = |writer: BufWriter<File>, from: &str, to: String| {
            let (from, to) = (self.folder.join(from), self.folder.join(to));
            let file = writer.into_inner().map_err(|error| storage(&from, "written", error.into_error()))?;
            file.sync_all().map_err(|error| storage(&from, "synced", error))?;
            // The same list, kept once more, is there already: its name says what it holds.
            fs::rename(&from, &to).map_err(|error| storage(&to, "named", error))?;
            Ok::<_, JournalError>(to)
        };
        if let Some(octets) = self.octets {
            name(octets, OCTETS, format!("{digest}{OCTETS_ENDING}"))?;
        }
        let list = name(self.lines, LINES, digest.to_string())?;
        sync_folder(&list)?;
        Ok((digest, list))
    }
}

/// Stores one of many: under its name, not synced.
pub fn create_unsynced(path: &Path, octets: &[u8]) -> Result<(), JournalError> {
    let mut file = open_own(path, OpenOptions::new().write(true).create_new(true))
        .map_err(|error| storage(path, "made", error))?;
    file.write_all(octets).map_err(|error| storage(path, "written", error))
}

/// Gives a file that was just stored another name; a medium that cannot do that gets the octets once more.
pub fn name_also(path: &Path, also: &Path, octets: &[u8]) -> Result<(), JournalError> {
    match fs::hard_link(path, also) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(storage(also, "made", error)),
        Err(_) => create_unsynced(also, octets),
    }
}

/// Everything in a folder below another, by its path from there.
pub fn files_in(out: &Path, folder: &str) -> Result<Vec<PathBuf>, JournalError> {
    let whole = out.join(folder);
    let entries = fs::read_dir(&whole).map_err(|error| storage(&whole, "read", error))?;
    let path = |entry: io::Result<fs::DirEntry>| Ok(Path::new(folder).join(entry?.file_name()));
    entries.map(path).collect::<io::Result<_>>().map_err(|error| storage(&whole, "read", error))
}

/// Syncs everything that was written to the medium of a folder.
pub fn sync_medium(folder: &Path) -> Result<(), JournalError> {
    let synced = File::open(folder).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
    synced.map_err(|error| storage(folder, "synced", error))
}

/// The lists' names while they are written.
const LINES: &str = "list.part";
const OCTETS: &str = "octets.part";
/// The octets of a list's members, one after the other as DER, stand under the list's name with this ending.
const OCTETS_ENDING: &str = ".members";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_named_by_its_digest_and_its_octets_stand_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = ListWriter::begin(folder.path(), true).unwrap();
        for octets in [b"one", b"two"] {
            list.add(&Digest::of(octets), &mut &octets[..]).unwrap();
        }
        let (digest, path) = list.end().unwrap();
        let text = format!("{}\n{}\n", Digest::of(b"one"), Digest::of(b"two"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(
            (digest, path.file_name().unwrap().to_str().unwrap()),
            (Digest::of(text.as_bytes()), &*digest.to_string())
        );
        assert_eq!(fs::read(folder.path().join(format!("{digest}.members"))).unwrap(), b"onetwo");
    }

    #[test]
    fn what_was_left_unfinished_is_no_part_of_the_next_list() {
        let folder = tempfile::tempdir().unwrap();
        let mut left = ListWriter::begin(folder.path(), true).unwrap();
        left.add(&Digest::of(b"left"), &mut &b"left"[..]).unwrap();
        drop(left);
        let list = ListWriter::begin(folder.path(), true).unwrap();
        assert_eq!(list.end().unwrap().0, Digest::of(b""));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn one_of_many_is_created_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, also) = (folder.path().join("a"), folder.path().join("b"));
        create_unsynced(&path, b"one").unwrap();
        assert!(matches!(create_unsynced(&path, b"two"), Err(JournalError::Exists { .. })));
        name_also(&path, &also, b"one").unwrap();
        assert!(matches!(name_also(&path, &also, b"one"), Err(JournalError::Exists { .. })));
        assert_eq!((fs::read(&path).unwrap(), fs::read(&also).unwrap()), (b"one".to_vec(), b"one".to_vec()));
        sync_medium(folder.path()).unwrap();
    }
}

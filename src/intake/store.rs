//! Where the online side keeps what it took in: one folder, in which nothing is ever replaced but the link that says what
//! is active.
//!
//! ```text
//! lock                     held while a set is staged or activated
//! sets/<id>/               set.json, bundle/, earlier/, exports/<name>/, staged.approval
//! activations/<id>.<n>     who activated it, with their signature
//! receipts/<id>            the answer to the ceremony
//! evidence/…               heads that contradict each other
//! active -> sets/<id>      the one switch
//! ```
//!
//! The rules of this file:
//! - A set is made under another name, synced to its last file, and then gets its own: it is there whole or not at all.
//! - Activation is one rename of one link. Before it nothing is active that was not, and after it everything is.
//! - What an interruption left has no name that anybody reads; the next one who holds the lock removes it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, RenameFlags, flock, renameat_with};
use thiserror::Error;

use super::export::ExportedFile;
use super::import::Verified;
use super::set::{self, Set, SetError};
use crate::digest::Digest;
use crate::record::file::{JournalError, Together, create, open_own, sync_folder};

/// A store.
#[derive(Clone, Debug)]
pub struct SetStore {
    folder: PathBuf,
}

/// A store that nobody else changes at the same time.
#[derive(Debug)]
pub struct Locked {
    store: SetStore,
    // The lock goes with the file.
    _lock: File,
}

/// A set that is on the disk.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it is.
    pub set: Set,
}

/// Why the store could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else changes it.
    #[error("another import is at work on the store `{}`", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// The system refused.
    #[error("`{}` could not be {doing}", path.display())]
    Storage {
        /// What.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file could not be made.
    #[error(transparent)]
    File(#[from] JournalError),
    /// The link that says what is active says something else.
    #[error("`{}` leads to `{}`; wanted a set of this store", path.display(), found.display())]
    Active {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        found: PathBuf,
    },
    /// A set's description is none, or not that of its folder.
    #[error("`{}` is not the description of a set", path.display())]
    Set {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SetError,
    },
    /// A set is not what its name says.
    #[error("the set `{}` has the id `{found}`: its description was changed", path.display())]
    Renamed {
        /// The folder.
        path: PathBuf,
        /// The id that its description has.
        found: String,
    },
    /// Something of the bundle changed while it was copied.
    #[error("`{}` changed while it was copied", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl SetStore {
    /// The store in a folder, which need not be there yet.
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is active, if anything is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if what is there cannot be read as a set: then nothing is known, and nothing can follow it.
    pub fn active(&self) -> Result<Option<Kept>, StoreError> {
        let link = self.folder.join(ACTIVE);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage(&link, "read", error)),
        };
        let id = target.strip_prefix(SETS).ok().and_then(Path::to_str).filter(|id| is_id(id));
        match id {
            Some(id) => self.kept(id).map(Some),
            None => Err(StoreError::Active { path: link, found: target }),
        }
    }

    /// A set by its id.
    fn kept(&self, id: &str) -> Result<Kept, StoreError> {
        let folder = self.folder.join(SETS).join(id);
        let path = folder.join(set::FILE);
        let octets = read_bounded(&path)?;
        let set = Set::read(&octets).map_err(|source| StoreError::Set { path, source })?;
        if set.id() != id {
            return Err(StoreError::Renamed { path: folder, found: set.id() });
        }
        Ok(Kept { id: id.to_owned(), folder, set })
    }

    /// Every set, the smallest first.
    ///
    /// # Errors
    ///
    /// As [`SetStore::active`].
    pub fn sets(&self) -> Result<Vec<Kept>, StoreError> {
        let folder = self.folder.join(SETS);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(storage(&folder, "listed", error)),
        };
        let mut sets = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| storage(&folder, "listed", error))?;
            if let Some(id) = entry.file_name().to_str().filter(|id| is_id(id)) {
                sets.push(self.kept(id)?);
            }
        }
        sets.sort_by(|one, other| (one.set.size, &one.id).cmp(&(other.set.size, &other.id)));
        Ok(sets)
    }

    /// Makes the store's folders if they are not there, and locks it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if somebody else has it; what the disk says.
    pub fn lock(&self) -> Result<Locked, StoreError> {
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder).map_err(|error| storage(&self.folder, "made", error))?;
            sync_folder(&self.folder)?;
        }
        let path = self.folder.join(LOCK);
        let lock = open_own(&path, OpenOptions::new().write(true).create(true).truncate(false))
            .map_err(|error| storage(&path, "opened for writing", error))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            match io::Error::from(error) {
                error if error.kind() == io::ErrorKind::WouldBlock => {
                    StoreError::Busy { path: self.folder.clone() }
                }
                error => storage(&path, "locked", error),
            }
        })?;
        let mut together = Together::new();
        for folder in [SETS, ACTIVATIONS, RECEIPTS, EVIDENCE] {
            together.ensure_folder(&self.folder.join(folder))?;
        }
        together.sync()?;
        let locked = Locked { store: self.clone(), _lock: lock };
        locked.clear()?;
        Ok(locked)
    }
}

impl Locked {
    /// The store.
    pub const fn store(&self) -> &SetStore {
        &self.store
    }

    /// Removes what an interruption left: sets and links that had no name yet.
    fn clear(&self) -> Result<(), StoreError> {
        let sets = self.store.folder.join(SETS);
        for entry in fs::read_dir(&sets).map_err(|error| storage(&sets, "listed", error))? {
            let path = entry.map_err(|error| storage(&sets, "listed", error))?.path();
            if path.extension().is_some_and(|ending| ending == PART) {
                fs::remove_dir_all(&path).map_err(|error| storage(&path, "removed", error))?;
            }
        }
        for folder in [ACTIVATIONS, RECEIPTS, EVIDENCE] {
            crate::record::file::clear_parts(&self.store.folder.join(folder))?;
        }
        let link = self.store.folder.join(NEXT);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(storage(&link, "removed", error)),
            _ => Ok(()),
        }
    }

    /// Stages a set: everything of it is on the disk under its name, or nothing is. One that is there already is as good.
    ///
    /// `approval`: who stages it, signed.
    ///
    /// # Errors
    ///
    /// What the disk says; [`StoreError::Changed`].
    pub fn stage(&self, verified: &Verified, approval: &str) -> Result<Kept, StoreError> {
        let id = verified.set().id();
        if let Ok(kept) = self.store.kept(&id) {
            return Ok(kept);
        }
        let sets = self.store.folder.join(SETS);
        let part = sets.join(format!("{id}.{PART}"));
        let done = fill(&part, verified, approval);
        if let Err(error) = done {
            // What could not be written is given back at once: a full disk wants the room.
            let _ = fs::remove_dir_all(&part);
            return Err(error);
        }
        let (here, path) = (rustix::fs::CWD, sets.join(&id));
        renameat_with(here, &part, here, &path, RenameFlags::NOREPLACE)
            .map_err(|error| storage(&path, "named", error.into()))?;
        sync_folder(&path)?;
        self.store.kept(&id)
    }

    /// Makes a set the active one. `approval`: who does it, signed.
    ///
    /// # Errors
    ///
    /// What the disk says; then what was active still is.
    pub fn activate(&self, kept: &Kept, approval: &str) -> Result<(), StoreError> {
        let folder = &self.store.folder;
        // Whoever tried before may have been interrupted.
        let name = |number: u32| format!("{}.{number}", kept.id);
        let is_free = |number: &u32| !folder.join(ACTIVATIONS).join(name(*number)).exists();
        let name = name((1..u32::MAX).find(is_free).unwrap_or(u32::MAX));
        create(&folder.join(ACTIVATIONS).join(name), approval.as_bytes())?;
        let (next, active) = (folder.join(NEXT), folder.join(ACTIVE));
        symlink(Path::new(SETS).join(&kept.id), &next).map_err(|error| storage(&next, "made", error))?;
        // The link itself is on the disk before it takes the name.
        sync_folder(&next)?;
        fs::rename(&next, &active).map_err(|error| storage(&active, "switched", error))?;
        Ok(sync_folder(&active)?)
    }

    /// Keeps the receipt for a set, unless there is one.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn keep_receipt(&self, kept: &Kept, receipt: &str) -> Result<PathBuf, StoreError> {
        let path = self.store.receipt(kept);
        if !path.is_file() {
            create(&path, receipt.as_bytes())?;
        }
        Ok(path)
    }

    /// Keeps two heads that contradict each other.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn keep_evidence(&self, offered: &[u8]) -> Result<PathBuf, StoreError> {
        let digest = crate::digest::Digest::of(offered).to_string();
        let short: String = digest.chars().take(16).collect();
        let folder = self.store.folder.join(EVIDENCE).join(format!("fork-{short}"));
        let mut together = Together::new();
        together.ensure_folder(&folder)?;
        together.ensure(&folder.join("offered"), offered)?;
        if let Some(active) = self.store.active()? {
            let accepted = read_bounded(&active.folder.join("bundle/checkpoint"))?;
            together.ensure(&folder.join("accepted"), &accepted)?;
        }
        together.sync()?;
        Ok(folder)
    }
}

impl SetStore {
    /// The set of an id, whole: every artifact's octets are what its description says.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] if one is not.
    pub fn whole(&self, kept: &Kept) -> Result<(), StoreError> {
        for item in kept.set.artifacts.iter().chain(&kept.set.quarantined) {
            let path = kept.folder.join(&item.path);
            let file = open_own(&path, OpenOptions::new().read(true));
            let mut file = file.map_err(|error| storage(&path, "read", error))?;
            match Digest::of_reader(&mut file) {
                Ok(found) if found == item.sha256 => {}
                Ok(_) => return Err(StoreError::Changed { path }),
                Err(error) => return Err(storage(&path, "read", error)),
            }
        }
        Ok(())
    }

    /// Whether the files of a set for servers are these, and no others.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn differing(
        &self,
        kept: &Kept,
        exported: &[(String, ExportedFile)],
    ) -> Result<Vec<String>, StoreError> {
        let folder = kept.folder.join("exports");
        let mut there = BTreeMap::new();
        files_below(&folder, "", &mut there)?;
        let mut differing = Vec::new();
        for (server, file) in exported {
            let name = format!("{server}/{}", file.path);
            match there.remove(&name) {
                Some(octets) if octets == file.octets => {}
                Some(_) => differing.push(format!("exports/{name}: it is made with other octets now")),
                None => differing.push(format!("exports/{name}: it is missing")),
            }
        }
        differing.extend(there.into_keys().map(|name| format!("exports/{name}: it is not made any more")));
        Ok(differing)
    }

    /// Who staged a set, as they signed it.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn staged_by(&self, kept: &Kept) -> Result<Vec<u8>, StoreError> {
        read_bounded(&kept.folder.join(STAGED))
    }

    /// Where the receipt for a set is, or will be.
    pub fn receipt(&self, kept: &Kept) -> PathBuf {
        self.folder.join(RECEIPTS).join(&kept.id)
    }
}

fn fill(part: &Path, verified: &Verified, approval: &str) -> Result<(), StoreError> {
    let mut together = Together::new();
    together.ensure_folder(part)?;
    for folder in ["earlier", "exports"] {
        together.ensure_folder(&part.join(folder))?;
    }
    copy_folder(verified.bundle(), &part.join("bundle"), 0, &mut together)?;
    for (path, from) in verified.files() {
        copy(from, &part.join(path), &mut together)?;
    }
    for (server, file) in verified.exported() {
        let path = part.join("exports").join(server).join(&file.path);
        folders_of(&path, part, &mut together)?;
        together.create_from(&path, &mut file.octets.as_slice())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))
            .map_err(|error| storage(&path, "given its permissions", error))?;
    }
    together.create_from(&part.join(STAGED), &mut approval.as_bytes())?;
    together.create_from(&part.join(set::FILE), &mut verified.set().to_json().as_bytes())?;
    Ok(together.sync()?)
}

/// Reads every file below a folder, by its path from there.
fn files_below(folder: &Path, at: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(|error| storage(folder, "listed", error))? {
        let entry = entry.map_err(|error| storage(folder, "listed", error))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let below = if at.is_empty() { name } else { format!("{at}/{name}") };
        let kind = entry.file_type().map_err(|error| storage(&path, "read", error))?;
        if kind.is_dir() {
            files_below(&path, &below, files)?;
        } else {
            files.insert(below, read_bounded(&path)?);
        }
    }
    Ok(())
}

/// Copies a folder of regular files, as deep as a bundle is. What is no regular file was found before; here it is not followed.
fn copy_folder(from: &Path, to: &Path, depth: usize, together: &mut Together) -> Result<(), StoreError> {
    together.ensure_folder(to)?;
    for entry in fs::read_dir(from).map_err(|error| storage(from, "listed", error))? {
        let entry = entry.map_err(|error| storage(from, "listed", error))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| storage(&path, "read", error))?;
        if kind.is_dir() && depth == 0 {
            copy_folder(&path, &target, depth + 1, together)?;
        } else if kind.is_file() {
            copy(&path, &target, together)?;
        } else {
            return Err(StoreError::Changed { path });
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, together: &mut Together) -> Result<(), StoreError> {
    let mut file =
        open_own(from, OpenOptions::new().read(true)).map_err(|error| storage(from, "read", error))?;
    Ok(together.create_from(to, &mut file)?)
}

/// Makes the folders that a file is in, below `above`.
fn folders_of(path: &Path, above: &Path, together: &mut Together) -> Result<(), StoreError> {
    let folders: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| *folder != above).collect();
    for folder in folders.into_iter().rev() {
        together.ensure_folder(folder)?;
    }
    Ok(())
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut octets = Vec::new();
    let file = open_own(path, OpenOptions::new().read(true)).map_err(|error| storage(path, "read", error))?;
    file.take(MOST_OCTETS).read_to_end(&mut octets).map_err(|error| storage(path, "read", error))?;
    Ok(octets)
}

/// `<size>-<16 hex digits>`.
fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(size, digest)| {
        !size.is_empty()
            && size.bytes().all(|octet| octet.is_ascii_digit())
            && digest.len() == 16
            && digest.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn storage(path: &Path, doing: &'static str, source: io::Error) -> StoreError {
    StoreError::Storage { path: path.to_owned(), doing, source }
}

/// Who staged a set, signed.
const STAGED: &str = "staged.approval";
const ACTIVE: &str = "active";
const NEXT: &str = "active.next";
const LOCK: &str = "lock";
const SETS: &str = "sets";
const ACTIVATIONS: &str = "activations";
const RECEIPTS: &str = "receipts";
const EVIDENCE: &str = "evidence";
/// How a set ends that has no name yet.
const PART: &str = "part";
/// The largest description: a million artifacts.
const MOST_OCTETS: u64 = 512 << 20;

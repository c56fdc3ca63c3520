//! Files that are only ever created, and are on the disk before anyone is told.
//!
//! The rules of this file:
//! - A file that exists is never opened for writing, cut or replaced.
//! - Octets, then their sync, then the name, then the folder's sync: after a power failure a file is whole under
//!   its name, or not there; what may be left is `<name>.part`.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{RenameFlags, renameat_with};

use crate::digest::{Digest, Hashing};
pub use crate::stage::JournalError;

/// A place for a file that is not written yet; nobody else can take it.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    part: PathBuf,
    filled: bool,
}

/// A place that nothing came into is given back. After a crash the part stays, and the next start finds it.
impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.filled {
            // What is left is a part: it hides nothing and nobody reads it.
            let _ = fs::remove_file(&self.part);
        }
    }
}

impl Reserved {
    /// Makes `<path>.part` and sees to it that `path` is free.
    ///
    /// # Errors
    ///
    /// [`JournalError::Exists`] if either is there, [`JournalError::Storage`] if the folder takes no file.
    pub fn at(path: &Path) -> Result<Self, JournalError> {
        Self::free(path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        // Not kept open: a batch of responses reserves more places than a process may have files.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part)
            .map_err(|error| storage(&part, "made", error))?;
        Ok(Self { path: path.to_owned(), part, filled: false })
    }

    /// The path again, if nothing is there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Exists`] if something is.
    pub fn free(path: &Path) -> Result<&Path, JournalError> {
        if path.symlink_metadata().is_ok() {
            return Err(JournalError::Exists { path: path.to_owned() });
        }
        Ok(path)
    }

    /// Writes the whole file and gives it its name.
    ///
    /// # Errors
    ///
    /// [`JournalError`] unless all of it is on the disk under its name.
    pub fn fill(self, octets: &[u8]) -> Result<(), JournalError> {
        self.fill_from(&mut &*octets)
    }

    /// Writes everything that `octets` gives, without holding it, and gives the file its name.
    ///
    /// # Errors
    ///
    /// As [`Reserved::fill`].
    pub fn fill_from(mut self, octets: &mut dyn Read) -> Result<(), JournalError> {
        self.write(octets)?;
        let path = self.path.clone();
        self.name(&path)
    }

    /// Writes everything that `octets` gives to the part, and syncs it; the digest of it all.
    ///
    /// # Errors
    ///
    /// [`JournalError`] unless all of it is on the disk.
    pub fn write_hashed(&mut self, octets: &mut dyn Read) -> Result<Digest, JournalError> {
        let mut hashing = Hashing::new(octets);
        self.write(&mut hashing)?;
        Ok(hashing.sha256())
    }

    fn write(&mut self, octets: &mut dyn Read) -> Result<(), JournalError> {
        let mut file = open_own(&self.part, OpenOptions::new().write(true).truncate(true))
            .map_err(|error| storage(&self.part, "opened", error))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = match octets.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(storage(&self.path, "made", error)),
            };
            let octets = buffer.get(..count).unwrap_or_default();
            file.write_all(octets).map_err(|error| storage(&self.part, "written", error))?;
        }
        file.sync_all().map_err(|error| storage(&self.part, "synced", error))
    }

    /// Gives the part its name, which need not be the one that was kept free.
    ///
    /// # Errors
    ///
    /// [`JournalError::Exists`] if there is such a file.
    pub fn name(self, path: &Path) -> Result<(), JournalError> {
        self.name_unsynced(path)?;
        sync_folder(path)
    }

    /// The same, and the name is on the disk only after its folder was synced.
    fn name_unsynced(mut self, path: &Path) -> Result<(), JournalError> {
        let here = rustix::fs::CWD;
        renameat_with(here, &self.part, here, path, RenameFlags::NOREPLACE).map_err(|error| {
            match io::Error::from(error) {
                error if error.kind() == io::ErrorKind::AlreadyExists => {
                    JournalError::Exists { path: path.to_owned() }
                }
                error => storage(path, "named", error),
            }
        })?;
        self.filled = true;
        Ok(())
    }

    /// Reads the part.
    ///
    /// # Errors
    ///
    /// [`JournalError::Storage`] if it cannot be opened.
    pub fn open(&self) -> Result<File, JournalError> {
        open_own(&self.part, OpenOptions::new().read(true))
            .map_err(|error| storage(&self.part, "opened", error))
    }
}

/// Creates a file with all its octets.
///
/// # Errors
///
/// As [`Reserved::at`] and [`Reserved::fill`].
pub fn create(path: &Path, octets: &[u8]) -> Result<(), JournalError> {
    Reserved::at(path)?.fill(octets)
}

/// Creates a file with everything that `octets` gives, without holding it.
///
/// # Errors
///
/// As [`Reserved::at`] and [`Reserved::fill`].
pub fn create_from(path: &Path, octets: &mut dyn Read) -> Result<(), JournalError> {
    Reserved::at(path)?.fill_from(octets)
}

/// How much is read and written at a time.
const BUFFER: usize = 1 << 16;
/// Creates a file with all its octets, unless it is there with the same.
///
/// # Errors
///
/// [`JournalError::Exists`] if it is there with others; otherwise as [`create`].
pub fn ensure(path: &Path, octets: &[u8]) -> Result<(), JournalError> {
    if has(path, octets) { sync_folder(path) } else { create(path, octets) }
}

/// Whether there is a file with these octets.
fn has(path: &Path, octets: &[u8]) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == octets.len() as u64)
        && fs::read(path).is_ok_and(|found| found == octets)
}

/// Files and folders that are made together: every file is synced before it has its name, each folder once, at the end.
/// Until then nobody is told of any of them.
#[derive(Debug, Default)]
#[must_use = "their names are on the disk only once they are synced"]
pub struct Together {
    folders: BTreeSet<PathBuf>,
}

impl Together {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`create_from`].
    ///
    /// # Errors
    ///
    /// As [`create_from`].
    pub fn create_from(&mut self, path: &Path, octets: &mut dyn Read) -> Result<(), JournalError> {
        let mut reserved = Reserved::at(path)?;
        reserved.write(octets)?;
        reserved.name_unsynced(path)?;
        self.made(path);
        Ok(())
    }

    /// As [`ensure`].
    ///
    /// # Errors
    ///
    /// As [`ensure`].
    pub fn ensure(&mut self, path: &Path, octets: &[u8]) -> Result<(), JournalError> {
        if has(path, octets) {
            self.made(path);
            return Ok(());
        }
        self.create_from(path, &mut &*octets)
    }

    /// Makes a folder unless it is there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Storage`] if it cannot be made.
    pub fn ensure_folder(&mut self, path: &Path) -> Result<(), JournalError> {
        if !path.is_dir() {
            fs::create_dir(path).map_err(|error| storage(path, "made", error))?;
        }
        self.made(path);
        Ok(())
    }

    /// Sees to it that all names are on the disk, those of folders before those of what is in them.
    ///
    /// # Errors
    ///
    /// [`JournalError::Storage`] if one of their folders cannot be synced.
    pub fn sync(self) -> Result<(), JournalError> {
        self.folders.iter().try_for_each(|folder| sync(folder))
    }

    fn made(&mut self, path: &Path) {
        self.folders.insert(folder_of(path).to_owned());
    }
}

/// As [`ensure`], with everything that `source` gives each time that it is asked, without holding it.
///
/// # Errors
///
/// As [`ensure`].
pub fn ensure_from(
    path: &Path,
    source: &mut dyn FnMut() -> io::Result<Box<dyn Read>>,
) -> Result<(), JournalError> {
    let made = |error| storage(path, "made", error);
    let same = match File::open(path) {
        Ok(mut there) if path.is_file() => same_octets(&mut there, &mut *source().map_err(made)?),
        _ => Ok(false),
    };
    if same.map_err(|error| storage(path, "read", error))? {
        sync_folder(path)
    } else {
        create_from(path, &mut *source().map_err(made)?)
    }
}

/// Whether two readers give the same octets.
fn same_octets(one: &mut dyn Read, other: &mut dyn Read) -> io::Result<bool> {
    let (mut of_one, mut of_other) = (Vec::with_capacity(BUFFER), Vec::with_capacity(BUFFER));
    loop {
        of_one.clear();
        of_other.clear();
        one.take(BUFFER as u64).read_to_end(&mut of_one)?;
        other.take(BUFFER as u64).read_to_end(&mut of_other)?;
        if of_one != of_other || of_one.is_empty() {
            return Ok(of_one == of_other);
        }
    }
}

/// Removes what an interruption left in a folder of files that had no name yet.
///
/// # Errors
///
/// [`JournalError::Storage`] if one cannot be removed.
pub fn clear_parts(folder: &Path) -> Result<(), JournalError> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "part") && !path.is_dir() {
            fs::remove_file(&path).map_err(|error| storage(&path, "removed", error))?;
        }
    }
    Ok(())
}

/// Makes a folder that must not be there yet; its parent is.
///
/// # Errors
///
/// [`JournalError`] if it exists or cannot be made.
pub fn create_folder(path: &Path) -> Result<(), JournalError> {
    fs::create_dir(path).map_err(|error| storage(path, "made", error))?;
    sync_folder(path)
}

/// Replaces a file by a newer one of the same name: for the one file that is by nature the newest of a series,
/// each of which is also kept under its own name.
///
/// # Errors
///
/// [`JournalError::Storage`] unless the new one is on the disk.
pub fn supersede(path: &Path, octets: &[u8]) -> Result<(), JournalError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // One that a power failure left is no longer wanted; anything else of this name is not written through.
    let options = &mut OpenOptions::new();
    let mut file = open_own(&new, options.write(true).create(true).truncate(true))
        .map_err(|error| storage(&new, "made", error))?;
    file.write_all(octets).map_err(|error| storage(&new, "written", error))?;
    file.sync_all().map_err(|error| storage(&new, "synced", error))?;
    fs::rename(&new, path).map_err(|error| storage(path, "named", error))?;
    sync_folder(path)
}

/// Opens a file of our own: where a medium has a symbolic link in its place, nothing is opened.
///
/// # Errors
///
/// The system's own.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits();
    options.custom_flags(i32::try_from(flags).unwrap_or(0)).open(path)
}

/// Syncs the folder that a file is in: its name is on the disk then.
///
/// # Errors
///
/// [`JournalError::Storage`] if that cannot be done.
pub fn sync_folder(path: &Path) -> Result<(), JournalError> {
    sync(folder_of(path))
}

fn sync(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| storage(folder, "synced", error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What the system said, with the file and what was being done.
pub fn storage(path: &Path, doing: &'static str, source: io::Error) -> JournalError {
    if doing == "made" && source.kind() == io::ErrorKind::AlreadyExists {
        return JournalError::Exists { path: path.to_owned() };
    }
    JournalError::Storage { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_short_has_no_name_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.der");
        let mut reserved = Reserved::at(&path).unwrap();
        assert_eq!(reserved.write_hashed(&mut &b"half"[..]).unwrap(), Digest::of(b"half"));
        assert_eq!(io::read_to_string(reserved.open().unwrap()).unwrap(), "half");
        // The program is killed: nothing is dropped.
        std::mem::forget(reserved);
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.der.part"]);
        clear_parts(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_read_to_its_end_gets_no_name() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut source = b"half".chain(Broken);
        let error = create_from(&folder.path().join("a"), &mut source).unwrap_err();
        assert!(matches!(error, JournalError::Storage { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_created_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        create(&path, b"one").unwrap();
        assert!(matches!(create(&path, b"two"), Err(JournalError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_file_with_the_same_octets_is_as_good_as_made_and_one_with_others_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        ensure(&path, b"one").unwrap();
        ensure(&path, b"one").unwrap();
        for other in [&b"two"[..], b"", b"one more"] {
            assert!(matches!(ensure(&path, other), Err(JournalError::Exists { .. })));
        }
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn what_is_made_together_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        let mut together = Together::new();
        for _ in 0..2 {
            together.ensure_folder(&inner).unwrap();
            together.ensure(&inner.join("a"), b"one").unwrap();
        }
        assert!(matches!(together.ensure(&inner.join("a"), b"two"), Err(JournalError::Exists { .. })));
        assert!(matches!(
            together.create_from(&inner.join("a"), &mut &b"one"[..]),
            Err(JournalError::Exists { .. })
        ));
        assert_eq!(together.folders.iter().collect::<Vec<_>>(), [folder.path(), &inner]);
        together.sync().unwrap();
        assert_eq!(fs::read(inner.join("a")).unwrap(), b"one");
    }

    #[test]
    fn parts_are_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.part", "a", "part", "b.partial"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        clear_parts(folder.path()).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "b.partial", "part"]);
        clear_parts(&folder.path().join("no")).unwrap();
    }

    #[test]
    fn a_file_that_came_in_between_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let reserved = Reserved::at(&path).unwrap();
        assert!(matches!(Reserved::at(&path), Err(JournalError::Exists { .. })));
        fs::write(&path, b"other").unwrap();
        assert!(matches!(reserved.fill(b"mine"), Err(JournalError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"other");
    }

    #[test]
    fn a_place_that_nothing_came_into_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        drop(Reserved::at(&path).unwrap());
        Reserved::at(&path).unwrap().fill(b"one").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = create(&folder.path().join("no/a"), b"").unwrap_err();
        assert!(matches!(error, JournalError::Storage { doing: "made", .. }), "{error}");
    }

    #[test]
    fn a_reserved_place_holds_no_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let reserved = Reserved::at(&folder.path().join("a")).unwrap();
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let ours = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        assert_eq!(ours.filter(|path| path.starts_with(folder.path())).count(), 0);
        reserved.fill(b"one").unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");
    }

    #[test]
    fn nothing_is_written_through_a_symbolic_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("checkpoint"), folder.path().join("other"));
        fs::write(&other, b"theirs").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("checkpoint.new")).unwrap();
        assert!(matches!(supersede(&path, b"ours"), Err(JournalError::Storage { .. })));
        assert_eq!(fs::read(&other).unwrap(), b"theirs");
    }

    #[test]
    fn what_a_power_failure_left_of_a_newer_one_is_superseded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        fs::write(folder.path().join("checkpoint.new"), b"a longer half of one").unwrap();
        supersede(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn the_newest_of_a_series_supersedes_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        supersede(&path, b"one").unwrap();
        supersede(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }
    #[test]
    fn what_is_there_is_compared_to_its_last_octet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let long = vec![7; BUFFER + 1];
        let mut other = long.clone();
        other[BUFFER] ^= 1;
        let ensure = |octets: &[u8]| {
            let octets = octets.to_vec();
            ensure_from(&path, &mut || Ok(Box::new(io::Cursor::new(octets.clone()))))
        };
        ensure(&long).unwrap();
        ensure(&long).unwrap();
        assert!(matches!(ensure(&other), Err(JournalError::Exists { .. })));
        assert!(matches!(ensure(&long[..BUFFER]), Err(JournalError::Exists { .. })));
        assert!(matches!(ensure(&[]), Err(JournalError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), long);
    }
}

//! A bundle as files.
//!
//! The rules of this file:
//! - Nothing is followed: a symbolic link is not what it points to, neither as a file nor as a folder.
//! - Only regular files are opened for reading, so that no device or pipe holds the reader up.
//! - Nothing is read into memory beyond the bound that the caller names.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat};

use crate::digest::Digest;

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// What has a name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name; octets that are no UTF-8 show as U+FFFD, and then it cannot be opened by it.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, pipe or socket.
    Other,
}

impl EntryKind {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Other => "a device, pipe or socket",
        }
    }
}

impl Folder {
    /// Opens the folder at `path`. A link to a folder will do here: whoever named it meant it.
    ///
    /// # Errors
    ///
    /// The system's, if it is no folder or cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens a folder in this one.
    ///
    /// # Errors
    ///
    /// The system's, if it is no folder, is a link, or cannot be read.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
    }

    /// Opens a regular file in this folder.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub fn file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.0, name, flags, Mode::empty())?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(File::from(file)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }

    /// Reads a whole file, but not more than `most` octets and one: with that one, the reader of the format says
    /// what is wrong with a longer file.
    ///
    /// # Errors
    ///
    /// As [`Folder::file`].
    pub fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        self.file(name)?.take(most.saturating_add(1)).read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// The digest of a file of at most `most` octets, without holding it; nothing if it is longer.
    ///
    /// # Errors
    ///
    /// As [`Folder::file`].
    pub fn digest(&self, name: &str, most: u64) -> io::Result<Option<Digest>> {
        let file = self.file(name)?;
        if file.metadata()?.len() > most {
            return Ok(None);
        }
        Digest::of_reader(&mut file.take(most)).map(Some)
    }

    /// Gives every entry to `visit`, in the order in which the system has them.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn entries(&self, visit: &mut dyn FnMut(Entry)) -> io::Result<()> {
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                visit(Entry {
                    name: name.to_string_lossy().into_owned(),
                    kind: self.kind(name, entry.file_type()),
                });
            }
        }
        Ok(())
    }

    fn kind(&self, name: &CStr, told: FileType) -> EntryKind {
        // Some file systems do not tell while listing.
        let found = match told {
            FileType::Unknown => statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            told => told,
        };
        match found {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        fs::write(path.join("real"), b"x").unwrap();
        fs::create_dir(path.join("inside")).unwrap();
        symlink(path.join("real"), path.join("link")).unwrap();
        symlink(path.join("inside"), path.join("other")).unwrap();
        let folder = Folder::open(path).unwrap();
        assert_eq!(folder.read("real", 10).unwrap(), b"x");
        assert!(folder.file("link").is_err() && folder.folder("other").is_err());
        assert!(folder.file("inside").is_err() && folder.folder("real").is_err());
        let mut kinds = Vec::new();
        folder.entries(&mut |entry| kinds.push((entry.name, entry.kind))).unwrap();
        kinds.sort_by(|one, other| one.0.cmp(&other.0));
        let kinds: Vec<_> = kinds.into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, [EntryKind::Folder, EntryKind::Link, EntryKind::Link, EntryKind::File]);
    }

    #[test]
    fn no_more_is_read_than_is_allowed_and_one_octet() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("a"), [0; 100]).unwrap();
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(folder.read("a", 10).unwrap().len(), 11);
        assert_eq!(folder.digest("a", 99).unwrap(), None);
        assert_eq!(folder.digest("a", 100).unwrap(), Some(Digest::of(&[0; 100])));
    }

    #[test]
    fn a_name_that_is_no_text_is_told_and_not_opened() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(std::ffi::OsStr::from_bytes(b"a\xff")), b"x").unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let mut names = Vec::new();
        folder.entries(&mut |entry| names.push(entry.name)).unwrap();
        assert_eq!(names, ["a\u{fffd}"]);
        assert!(folder.file("a\u{fffd}").is_err());
    }
}

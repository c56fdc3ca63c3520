//! Scratch files without a name, and reading records from them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, openat};

use super::record::{OCTETS, Record};
use crate::digest::hex;

/// Makes a file that has no name, in the folder for temporary files (`TMPDIR`, else `/tmp`): whatever ends this program
/// takes it away, and only its owner can read it while it is there.
///
/// # Errors
///
/// The system's, with the folder.
pub fn file() -> io::Result<File> {
    let folder = std::env::temp_dir();
    file_in(&folder).map_err(|error| in_folder(&folder, &error))
}

/// What the system said, with the folder that scratch files are in: the one who can make room has to know where.
pub fn in_folder(folder: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("a scratch file in `{}`: {error}", folder.display()))
}

fn file_in(folder: &Path) -> io::Result<File> {
    let mode = Mode::RUSR | Mode::WUSR;
    let unnamed = openat(rustix::fs::CWD, folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode);
    if let Ok(file) = unnamed {
        return Ok(File::from(file));
    }
    // Some file systems cannot: a name that nobody can guess, taken away at once.
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| io::Error::other("the system gives no random octets"))?;
    let path = folder.join(format!(".rootrite-{}", hex(&random)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Reads the records in a part of a file, at a place of its own: others read the same file meanwhile.
#[derive(Debug)]
pub(super) struct Reader {
    next: u64,
    end: u64,
    buffer: Vec<u8>,
    at: usize,
    most: usize,
}

impl Reader {
    /// Will read `length` octets from `begin` on, about `most` at a time.
    pub(super) const fn new(begin: u64, length: u64, most: usize) -> Self {
        Self { next: begin, end: begin + length, buffer: Vec::new(), at: 0, most }
    }

    /// The next record; nothing at the end.
    pub(super) fn record(&mut self, file: &File) -> io::Result<Option<Record>> {
        if self.at == self.buffer.len() && !self.fill(file)? {
            return Ok(None);
        }
        let octets = self.buffer.get(self.at..).and_then(|rest| rest.first_chunk::<OCTETS>());
        self.at += OCTETS;
        octets.map(|octets| Some(Record::from_octets(octets))).ok_or_else(super::damaged)
    }

    fn fill(&mut self, file: &File) -> io::Result<bool> {
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let size = left.min(self.most.max(OCTETS) / OCTETS * OCTETS);
        self.buffer.resize(size, 0);
        file.read_exact_at(&mut self.buffer, self.next)?;
        self.next += size as u64;
        self.at = 0;
        Ok(size > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_has_no_name_and_is_for_its_owner() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let folder = tempfile::tempdir().unwrap();
        let file = file_in(folder.path()).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.nlink(), metadata.permissions().mode() & 0o777), (0, 0o600));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(file_in(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_file_that_was_cut_is_not_read_as_a_shorter_one() {
        let file = file().unwrap();
        file.write_all_at(&[0; OCTETS], 0).unwrap();
        let mut reader = Reader::new(0, 2 * OCTETS as u64, OCTETS);
        assert!(reader.record(&file).unwrap().is_some());
        assert_eq!(reader.record(&file).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

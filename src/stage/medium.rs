//! One medium's folder: what lies there, writing an exact set of files, and reading them back from the medium itself.
//!
//! The rules of this file:
//! - A file is only ever created. What is cleared away first is what an interrupted writing of this ceremony left.
//! - What was written is read back past the system's memory of it, where the medium can: the pages are dropped, and the file
//!   is read with O_DIRECT where that is possible.
//! - The medium holds what was written and nothing else, unless the script allows other files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Advice, OFlags, StatVfsMountFlags};

use crate::digest::Digest;
use crate::progress::{Counted, Counter, Work};

/// A file that is handed over: its name on the medium, where it lies now, and its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) sha256: Digest,
    pub(super) octets: u64,
}

/// Where what is written comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// Memory, and nowhere else.
    Octets(Vec<u8>),
}

/// How a medium was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Every file with O_DIRECT.
    Direct,
    /// After the system was told to drop what it remembers; it does so where nothing else has the file open.
    Dropped,
}

/// What a medium says of itself in its marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) id: String,
    pub(super) text: String,
}

/// What lies on a medium that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or what the script allows.
    Free,
    /// A marker.
    Marked(Marker),
}

/// The files in a folder by their names, with their digests.
pub(super) fn wanted(files: Vec<(String, PathBuf)>) -> io::Result<Vec<Wanted>> {
    let one = |(name, source): (String, PathBuf)| {
        let file = File::open(&source)?;
        let octets = file.metadata()?.len();
        Ok(Wanted { name, sha256: Digest::of_reader(&mut &file)?, source: Source::File(source), octets })
    };
    files.into_iter().map(one).collect()
}

/// A file that is on no disk of this machine.
pub(super) fn wanted_octets(name: String, octets: Vec<u8>) -> Wanted {
    let (sha256, count) = (Digest::of(&octets), u64::try_from(octets.len()).unwrap_or(u64::MAX));
    Wanted { name, sha256, source: Source::Octets(octets), octets: count }
}

/// The list of all files as `sha256sum --check` reads it: its digest names the set.
pub(super) fn list(files: &[Wanted]) -> String {
    let mut text = String::new();
    for file in files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}  {}", file.sha256, file.name);
    }
    text
}

/// Looks whether a medium can be written: a folder, not read-only, with room, and nothing on it that must not be there.
pub(super) fn look(folder: &Path, files: &[Wanted], others: bool) -> Result<Found, String> {
    let said = |error: io::Error| format!("`{}`: {error}", folder.display());
    let kind = fs::symlink_metadata(folder).map_err(said)?;
    if !kind.is_dir() {
        return Err(format!("`{}` is no folder", folder.display()));
    }
    let system = rustix::fs::statvfs(folder).map_err(|error| said(error.into()))?;
    if system.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(format!("`{}` is read-only; wanted a medium that can be written", folder.display()));
    }
    if let Ok(octets) = read_small(&folder.join(MARKER)) {
        return Ok(Found::Marked(Marker::of(&octets)));
    }
    let there = listing(folder).map_err(said)?;
    // Its name it gets when it is whole: what an interruption left of it says nothing, and is written anew.
    let there: Vec<String> = there.into_iter().filter(|name| name != MARKER_PART).collect();
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).chain([LIST]).collect();
    let strange: Vec<&String> =
        there.iter().filter(|name| !others || names.contains(name.as_str())).collect();
    if let Some(first) = strange.first() {
        return Err(format!(
            "`{}` holds {} files that must not be there, such as `{}`; wanted an empty medium",
            folder.display(),
            strange.len(),
            shown(first)
        ));
    }
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let needed: u64 = files.iter().map(|file| file.octets.next_multiple_of(BLOCK) + BLOCK).sum();
    if needed > free {
        return Err(format!(
            "`{}` has {} KiB free; wanted {} KiB",
            folder.display(),
            free >> 10,
            needed.div_ceil(1024)
        ));
    }
    Ok(Found::Free)
}

/// Removes what an interrupted writing left: the files of the set, the list and the marker, and no others.
pub(super) fn clear(folder: &Path, files: &[Wanted]) -> io::Result<()> {
    for file in files {
        gone(&folder.join(&file.name))?;
    }
    gone(&folder.join(LIST))?;
    // Last: until then it says whose files these are.
    gone(&folder.join(MARKER))
}

/// Removes a file that may be there.
fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the marker, every file, and last the list; all of it is on the medium when this returns.
pub(super) fn write(folder: &Path, files: &[Wanted], marker: &Marker) -> io::Result<()> {
    let part = folder.join(MARKER_PART);
    gone(&part)?;
    let list = list(files);
    let mut counter = Counter::new(Work::MediumWritten, Some(all(files, marker, &list)));
    create(&part, &mut marker.text.as_bytes(), &mut counter)?;
    let path = folder.join(MARKER);
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(&part, &path)?;
    sync(folder)?;
    let mut folders = BTreeSet::from([folder.to_owned()]);
    for file in files {
        let path = folder.join(&file.name);
        for parent in Path::new(&file.name).ancestors().skip(1) {
            folders.insert(folder.join(parent));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match &file.source {
            Source::File(source) => create(&path, &mut File::open(source)?, &mut counter)?,
            Source::Octets(octets) => create(&path, &mut octets.as_slice(), &mut counter)?,
        }
    }
    folders.iter().rev().try_for_each(|folder| sync(folder))?;
    create(&folder.join(LIST), &mut list.as_bytes(), &mut counter)?;
    sync(folder)
}

/// The octets that go to a medium.
fn all(files: &[Wanted], marker: &Marker, list: &str) -> u64 {
    let octets: u64 = files.iter().map(|file| file.octets).sum();
    octets + (marker.text.len() + list.len()) as u64
}

/// Reads everything back from the medium and compares it; what differs, is missing, or is there besides.
pub(super) fn check(
    folder: &Path,
    files: &[Wanted],
    marker: &Marker,
    others: bool,
) -> Result<Way, Vec<String>> {
    let mut wrong = Vec::new();
    let mut way = Way::Direct;
    let list = list(files);
    let mut counter = Counter::new(Work::MediumReadBack, Some(all(files, marker, &list)));
    let whole = files
        .iter()
        .map(|file| (file.name.as_str(), file.sha256))
        .chain([(LIST, Digest::of(list.as_bytes())), (MARKER, Digest::of(marker.text.as_bytes()))]);
    let whole: BTreeMap<&str, Digest> = whole.collect();
    for (name, wanted) in &whole {
        match read_back(&folder.join(name), &mut counter) {
            Ok((found, _)) if found != *wanted => {
                wrong.push(format!("`{}` reads back as {found}, wanted {wanted}", shown(name)));
            }
            Ok((_, Way::Dropped)) => way = Way::Dropped,
            Ok((_, Way::Direct)) => {}
            Err(error) => wrong.push(format!("`{}` cannot be read back: {error}", shown(name))),
        }
    }
    match listing(folder) {
        Ok(there) if !others => {
            let strange = there.iter().filter(|name| !whole.contains_key(name.as_str()));
            wrong.extend(strange.map(|name| format!("`{}` is there besides", shown(name))));
        }
        Ok(_) => {}
        Err(error) => wrong.push(format!("`{}` cannot be listed: {error}", folder.display())),
    }
    if wrong.is_empty() { Ok(way) } else { Err(wrong) }
}

impl Marker {
    /// A marker: whose files these are, and which copy.
    pub(super) fn new(ceremony: &str, medium: &str, copy: u64, id: String) -> Self {
        let text = format!("rootrite-medium/v1\nid {id}\nlog {ceremony}\nmedium {medium}\ncopy {copy}\n");
        Self { id, text }
    }

    fn of(octets: &[u8]) -> Self {
        let text = String::from_utf8_lossy(octets).into_owned();
        let id = text.lines().find_map(|line| line.strip_prefix("id ")).unwrap_or_default().to_owned();
        Self { id, text }
    }
}

/// The digest of a file as it lies on its medium, and how it was read.
fn read_back(path: &Path, counter: &mut Counter) -> io::Result<(Digest, Way)> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    rustix::fs::fdatasync(&file)?;
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
    let flags = i32::try_from(OFlags::DIRECT.bits()).unwrap_or_default();
    let direct = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut read = |direct| Digest::of_reader(&mut Counted::new(Aligned::new(direct), counter));
    if let Ok(digest) = direct.and_then(&mut read) {
        return Ok((digest, Way::Direct));
    }
    Ok((Digest::of_reader(&mut Counted::new(&file, counter))?, Way::Dropped))
}

/// Reads a file through a buffer that lies as O_DIRECT wants it.
struct Aligned {
    file: File,
    room: Vec<u8>,
    start: usize,
    filled: usize,
    given: usize,
}

impl Aligned {
    fn new(file: File) -> Self {
        let room = vec![0; BUFFER + ALIGNED];
        let start = room.as_ptr().align_offset(ALIGNED);
        Self { file, room, start, filled: 0, given: 0 }
    }
}

impl Read for Aligned {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.filled {
            let end = self.start.saturating_add(BUFFER);
            let buffer =
                self.room.get_mut(self.start..end).ok_or_else(|| io::Error::other("no aligned room"))?;
            self.filled = self.file.read(buffer)?;
            self.given = 0;
        }
        let from = self.start + self.given;
        let ready = self.room.get(from..self.start + self.filled).unwrap_or_default();
        let count = ready.len().min(into.len());
        into.iter_mut().zip(ready).for_each(|(to, octet)| *to = *octet);
        self.given += count;
        Ok(count)
    }
}

/// Every file below a folder, by its name from there; an empty `lost+found` is the file system's own.
fn listing(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let path = entry.path();
            let is_system_s = next == folder && entry.file_name() == "lost+found";
            if !entry.file_type()?.is_dir() {
                let name = path.strip_prefix(folder).unwrap_or(&path);
                names.push(name.to_string_lossy().into_owned());
            } else if !is_system_s {
                folders.push(path);
            }
        }
        if names.len() > MOST_LISTED {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// Creates a file with everything that `octets` gives, and syncs it; piece by piece, so that what is counted is on the medium.
fn create(path: &Path, octets: &mut dyn Read, counter: &mut Counter) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    loop {
        let count = io::copy(&mut octets.take(PIECE), &mut file)?;
        if count < PIECE {
            file.flush()?;
            file.sync_all()?;
            counter.add(count);
            return Ok(());
        }
        file.sync_data()?;
        counter.add(count);
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file of a medium that is no longer than a wrapped key's.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut octets = Vec::new();
    file.take(MOST_READ).read_to_end(&mut octets)?;
    Ok(octets)
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut octets = Vec::new();
    file.take(4096).read_to_end(&mut octets)?;
    Ok(octets)
}

/// A name that somebody else chose, for people.
fn shown(name: &str) -> String {
    super::printable(name)
}

/// Whether a name stays below the folder that it is joined to.
pub(super) fn is_below(name: &str) -> bool {
    let path = Path::new(name);
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
}

/// Says whose files a medium holds.
pub(super) const MARKER: &str = "rootrite-medium.txt";
/// The same while it is written.
const MARKER_PART: &str = "rootrite-medium.txt.part";
/// The list of all files.
pub(super) const LIST: &str = "SHA256SUMS";
/// The most octets of a file that is read: more than a wrapped key's has.
const MOST_READ: u64 = 1 << 17;
/// What a file takes on a medium besides its octets, and in what steps.
const BLOCK: u64 = 4096;
const BUFFER: usize = 1 << 20;
/// What is synced at once.
const PIECE: u64 = 1 << 22;
const ALIGNED: usize = 4096;
/// A medium with more files than that is not the one.
const MOST_LISTED: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> Marker {
        Marker::new("test", "online", 1, "00ff".into())
    }

    /// A medium's folder, and files to write.
    fn set() -> (tempfile::TempDir, PathBuf, Vec<Wanted>) {
        let folder = tempfile::tempdir().unwrap();
        let (from, medium) = (folder.path().join("from"), folder.path().join("medium"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(&medium).unwrap();
        fs::write(from.join("a"), b"first").unwrap();
        fs::write(from.join("b"), vec![7; 3 * BUFFER + 17]).unwrap();
        let files = vec![("a".into(), from.join("a")), ("crls/b.crl".into(), from.join("b"))];
        (folder, medium, wanted(files).unwrap())
    }

    #[test]
    fn what_was_written_is_read_back_and_nothing_else_is_there() {
        let (_folder, medium, files) = set();
        assert_eq!(look(&medium, &files, false), Ok(Found::Free));
        write(&medium, &files, &marker()).unwrap();
        check(&medium, &files, &marker(), false).unwrap();
        let list = fs::read_to_string(medium.join(LIST)).unwrap();
        assert_eq!(list.lines().count(), 2);
        assert!(list.contains("  crls/b.crl\n"), "{list}");
        assert_eq!(look(&medium, &files, false), Ok(Found::Marked(marker())));
        // Nothing is written over.
        assert_eq!(write(&medium, &files, &marker()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        clear(&medium, &files).unwrap();
        assert_eq!(look(&medium, &files, false), Ok(Found::Free));
        // The power failed while the marker was written.
        fs::write(medium.join(MARKER_PART), b"root").unwrap();
        assert_eq!(look(&medium, &files, false), Ok(Found::Free));
        let _ = fs::remove_dir_all(medium.join("crls"));
        write(&medium, &files, &marker()).unwrap();
        check(&medium, &files, &marker(), false).unwrap();
    }

    #[test]
    fn a_medium_that_does_not_give_back_what_it_got_is_named_file_by_file() {
        let (_folder, medium, files) = set();
        write(&medium, &files, &marker()).unwrap();
        let mut octets = fs::read(medium.join("crls/b.crl")).unwrap();
        octets[2 * BUFFER] ^= 1;
        fs::write(medium.join("crls/b.crl"), octets).unwrap();
        fs::remove_file(medium.join("a")).unwrap();
        fs::write(medium.join("crls/stranger"), b"").unwrap();
        let wrong = check(&medium, &files, &marker(), false).unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("`a` cannot be read back"), "{wrong:?}");
        assert!(wrong[1].starts_with("`crls/b.crl` reads back as "), "{wrong:?}");
        assert_eq!(wrong[2], "`crls/stranger` is there besides");
        assert_eq!(check(&medium, &files, &marker(), true).unwrap_err().len(), 2);
        let other = Marker::new("test", "online", 2, "00fe".into());
        assert!(check(&medium, &files, &other, true).unwrap_err().iter().any(|one| one.contains(MARKER)));
    }

    #[test]
    fn a_medium_that_is_not_empty_or_too_small_is_not_written() {
        let (_folder, medium, mut files) = set();
        fs::create_dir(medium.join("lost+found")).unwrap();
        assert_eq!(look(&medium, &files, false), Ok(Found::Free));
        fs::create_dir(medium.join("photos")).unwrap();
        fs::write(medium.join("photos/cat"), b"").unwrap();
        assert!(look(&medium, &files, false).unwrap_err().contains("such as `photos/cat`"));
        assert_eq!(look(&medium, &files, true), Ok(Found::Free));
        fs::write(medium.join("a"), b"").unwrap();
        assert!(look(&medium, &files, true).unwrap_err().contains("such as `a`"));
        fs::remove_file(medium.join("a")).unwrap();
        files[0].octets = u64::MAX / 4;
        assert!(look(&medium, &files, true).unwrap_err().contains("KiB free; wanted"));
        assert!(look(&medium.join("photos/cat"), &files, true).unwrap_err().contains("is no folder"));
        assert!(look(&medium.join("none"), &files, true).is_err());
    }

    #[test]
    fn no_name_leads_out_of_the_medium() {
        assert!(is_below("bundle-a/artifacts/b.der"));
        for name in ["", "/etc/passwd", "../a", "a/../../b", "./a"] {
            assert!(!is_below(name), "{name}");
        }
    }

    #[test]
    fn a_file_is_read_whole_through_aligned_room() {
        let (_folder, medium, files) = set();
        write(&medium, &files, &marker()).unwrap();
        let path = medium.join("crls/b.crl");
        let octets = fs::read(&path).unwrap();
        assert_eq!(
            Digest::of_reader(&mut Aligned::new(File::open(&path).unwrap())).unwrap(),
            Digest::of(&octets)
        );
        let mut counter = Counter::new(Work::MediumReadBack, None);
        assert_eq!(read_back(&path, &mut counter).unwrap().0, Digest::of(&octets));
    }
}

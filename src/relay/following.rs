//! A log's folder, watched while a ceremony writes it.
//!
//! The rules of this file:
//! - Files are opened for reading, and no lock is asked for: a ceremony does not notice.
//! - Only whole lines count: one that is being written is read when it has its line feed.
//! - What was shown once and is there no more, or is something else, is said.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::json::Limits;
use ceremony_log::note::{self, Note};
use ceremony_log::record::Record;
use ceremony_log::tree::{Hash, Tree};

use super::frame::LogId;
use super::sequence::Sequence;

/// What happened to a log since it was looked at last.
#[derive(Clone, Debug)]
pub enum News {
    /// A record.
    Record(Box<Record>),
    /// A signed head over what was read before, or one with other signatures.
    Head(Head),
    /// The log is shorter than it was: so many records are left of so many.
    Shorter {
        /// How many there were.
        had: u64,
        /// How many there are.
        has: u64,
    },
    /// A record is not the one that was shown.
    Differs {
        /// Its line, from 1.
        line: u64,
    },
    /// A line that is no record, or a head that is not this log's: what, and why.
    Wrong(String),
}

/// A signed head as the log's folder has it. Nobody has judged its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: Vec<u8>,
}

/// A log that is followed.
#[derive(Debug)]
pub struct Following {
    folder: PathBuf,
    /// Where each line ends in the file, and its hash.
    lines: Vec<(u64, Hash)>,
    /// The hashes of lines that were shown, from before the log became shorter.
    before: Vec<Hash>,
    first: Option<LogId>,
    head: Option<Head>,
    /// What was said already.
    said: BTreeSet<String>,
}

impl Following {
    /// Follows the log in a folder, which need not be there yet.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            lines: Vec::new(),
            before: Vec::new(),
            first: None,
            head: None,
            said: BTreeSet::new(),
        }
    }

    /// Which log it is, once it has a line.
    pub const fn log(&self) -> Option<LogId> {
        self.first
    }

    /// How many records were read.
    pub fn size(&self) -> u64 {
        self.lines.len() as u64
    }

    /// Looks at the folder; what is new, in its order.
    ///
    /// # Errors
    ///
    /// The system's, if a file is there and cannot be read.
    pub fn look(&mut self) -> io::Result<Vec<News>> {
        let mut news = Vec::new();
        let file = match File::open(self.folder.join("log.jsonl")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.cut(0, &mut news);
                return Ok(news);
            }
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if self.lines.last().is_some_and(|(end, _)| *end > length) {
            let left = self.lines.iter().take_while(|(end, _)| *end <= length).count();
            self.cut(left, &mut news);
        }
        self.read(file, &mut news)?;
        self.heads(&mut news)?;
        Ok(news)
    }

    /// The records from `old` on up to a head, with the head.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::InvalidData`] if the log no longer has them.
    pub fn sequence(&self, old: u64, head: &Head) -> io::Result<Sequence> {
        let gone = || io::Error::new(io::ErrorKind::InvalidData, "the log has become shorter");
        let end_of = |size: u64| match size.checked_sub(1).map(usize::try_from) {
            None => Ok(0),
            Some(place) => {
                place.ok().and_then(|place| self.lines.get(place)).map(|(end, _)| *end).ok_or_else(gone)
            }
        };
        let (from, to) = (end_of(old)?, end_of(head.checkpoint.size)?);
        let mut file = File::open(self.folder.join("log.jsonl"))?;
        file.seek(SeekFrom::Start(from))?;
        let mut lines = Vec::new();
        let wanted = to.checked_sub(from).ok_or_else(gone)?;
        file.take(wanted).read_to_end(&mut lines)?;
        if lines.len() as u64 != wanted {
            return Err(gone());
        }
        Ok(Sequence { old, lines, note: head.note.clone() })
    }

    /// The log has no more than its first `left` lines: those that come now are compared with what was shown.
    fn cut(&mut self, left: usize, news: &mut Vec<News>) {
        let had = self.lines.len();
        if left >= had {
            return;
        }
        news.push(News::Shorter { had: had as u64, has: left as u64 });
        if self.before.len() < had {
            self.before = self.lines.iter().map(|(_, leaf)| *leaf).collect();
        }
        self.lines.clear();
    }

    /// Reads the whole lines that are new.
    fn read(&mut self, mut file: File, news: &mut Vec<News>) -> io::Result<()> {
        let mut end = self.lines.last().map_or(0, |(end, _)| *end);
        file.seek(SeekFrom::Start(end))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            // What has no line feed within the longest line is no line of a log; it is waited for, and said once.
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
            if line.pop_if(|last| *last == b'\n').is_none() {
                if read as u64 == LONGEST {
                    self.say(format!("line {} has no end within {LONGEST} octets", self.size() + 1), news);
                }
                return Ok(());
            }
            end += read as u64;
            self.line(&line, end, news);
        }
    }

    /// Takes in one line.
    fn line(&mut self, line: &[u8], end: u64, news: &mut Vec<News>) {
        let leaf = Hash::leaf(line);
        let place = self.lines.len();
        if place == 0 {
            self.first = Some(LogId::of_first_line(line));
        }
        self.lines.push((end, leaf));
        match self.before.get(place) {
            // Shown already.
            Some(before) if *before == leaf => return,
            Some(_) => {
                news.push(News::Differs { line: place as u64 + 1 });
                self.before.truncate(place);
                self.head = self.head.take().filter(|head| head.checkpoint.size <= place as u64);
            }
            None => {}
        }
        match Record::parse(line) {
            Ok(record) => news.push(News::Record(Box::new(record))),
            Err(fault) => {
                news.push(News::Wrong(format!("{} line {}: {}", fault.code, place + 1, fault.message)));
            }
        }
    }

    /// Looks for heads over what was read: all that were ever signed, and the newest again if it has other signatures.
    fn heads(&mut self, news: &mut Vec<News>) -> io::Result<()> {
        let last = self.head.as_ref().map_or(0, |head| head.checkpoint.size);
        let mut sizes: Vec<u64> = match fs::read_dir(self.folder.join("checkpoints")) {
            Ok(entries) => entries
                .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
                .filter(|size| (last + 1..=self.size()).contains(size))
                .collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        sizes.sort_unstable();
        let mut paths: Vec<_> =
            sizes.iter().map(|size| self.folder.join("checkpoints").join(size.to_string())).collect();
        paths.push(self.folder.join("checkpoint"));
        for path in paths {
            match self.head(&path) {
                Ok(Some(head)) => {
                    news.push(News::Head(head.clone()));
                    self.head = Some(head);
                }
                Ok(None) => {}
                Err(why) => self.say(format!("{}: {why}", path.display()), news),
            }
        }
        Ok(())
    }

    /// A head that is new, if the file has one over lines that were read.
    fn head(&self, path: &Path) -> Result<Option<Head>, String> {
        let mut octets = Vec::new();
        match File::open(path).map(|file| file.take(note::MOST_OCTETS as u64 + 1)) {
            Ok(mut file) => file.read_to_end(&mut octets).map_err(|error| error.to_string())?,
            // A bundle has one head alone; a log that begins has none.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let said = |fault: ceremony_log::code::Fault| format!("{} {}", fault.code, fault.message);
        let note = Note::parse(&octets).map_err(said)?;
        let checkpoint: Checkpoint = note.text().parse().map_err(said)?;
        let known = self.head.as_ref();
        let older =
            known.is_some_and(|known| checkpoint.size < known.checkpoint.size || known.note == octets);
        if older || checkpoint.size == 0 || checkpoint.size > self.size() {
            return Ok(None);
        }
        let mut tree = Tree::new();
        let size = usize::try_from(checkpoint.size).unwrap_or(usize::MAX);
        self.lines.iter().take(size).for_each(|(_, leaf)| tree.push(*leaf));
        if tree.root() != checkpoint.root {
            return Err(format!(
                "E131 the first {size} lines have the root {}; it says {}",
                tree.root(),
                checkpoint.root
            ));
        }
        Ok(Some(Head { checkpoint, note: octets }))
    }

    /// Says what is wrong once, and not at every look.
    fn say(&mut self, wrong: String, news: &mut Vec<News>) {
        if self.said.len() < MOST_SAID && self.said.insert(wrong.clone()) {
            news.push(News::Wrong(wrong));
        }
    }
}

/// How many different things are said to be wrong.
const MOST_SAID: usize = 100;
/// The longest line and its line feed.
const LONGEST: u64 = Limits::RECORD.octets as u64 + 1;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A log of lines that are records in their form.
    fn record(seq: u64, word: &str) -> String {
        format!(
            "{{\"actor\":{{\"id\":\"rootrite\",\"role\":\"software\"}},\"at\":\"2026-11-01T08:00:00Z\",\"cer\":\"a\",\
             \"data\":{{\"text\":\"{word}\"}},\"ev\":\"log.note\",\"mono\":1,\"prev\":\"{}\",\"seq\":{seq},\"v\":1}}",
            "0".repeat(64)
        )
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("checkpoints")).unwrap();
            Self(folder)
        }

        fn add(&self, text: &str) {
            let path = self.0.path().join("log.jsonl");
            let mut file = File::options().append(true).create(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn head(&self, lines: &[String], signature: &str) -> Checkpoint {
            let mut tree = Tree::new();
            for line in lines {
                tree.push_line(line.as_bytes());
            }
            let checkpoint = Checkpoint { origin: "o".into(), size: tree.size(), root: tree.root() };
            let note = format!("{checkpoint}\n\u{2014} o {signature}\n");
            fs::write(self.0.path().join("checkpoint"), &note).unwrap();
            let own = self.0.path().join("checkpoints").join(checkpoint.size.to_string());
            if !own.exists() {
                fs::write(own, note).unwrap();
            }
            checkpoint
        }
    }

    fn said(news: &[News]) -> Vec<String> {
        let said = |news: &News| match news {
            News::Record(record) => format!("record {}", record.seq),
            News::Head(head) => format!("head {}", head.checkpoint.size),
            News::Shorter { had, has } => format!("shorter {had} {has}"),
            News::Differs { line } => format!("differs {line}"),
            News::Wrong(why) => format!("wrong {}", why.chars().take(4).collect::<String>()),
        };
        news.iter().map(said).collect()
    }

    #[test]
    fn records_and_heads_come_as_they_are_written() {
        let folder = Folder::new();
        let lines: Vec<_> = (0..3).map(|seq| record(seq, "a")).collect();
        let mut following = Following::of(folder.0.path());
        assert!(following.look().unwrap().is_empty());
        let (half, rest) = lines[1].split_at(20);
        folder.add(&format!("{}\n{half}", lines[0]));
        assert_eq!(said(&following.look().unwrap()), ["record 0"]);
        assert!(following.look().unwrap().is_empty());
        folder.add(&format!("{rest}\n"));
        // A head over lines that are not there yet waits for them.
        folder.head(&lines, "AAAAAAA=");
        assert_eq!(said(&following.look().unwrap()), ["record 1"]);
        folder.add(&format!("{}\n", lines[2]));
        let news = following.look().unwrap();
        assert_eq!(said(&news), ["record 2", "head 3"]);
        let Some(News::Head(head)) = news.last() else { panic!("{news:?}") };
        let sequence = following.sequence(1, head).unwrap();
        assert_eq!(sequence.lines, format!("{}\n{}\n", lines[1], lines[2]).into_bytes());
        assert!(following.sequence(4, head).is_err());
    }

    #[test]
    fn a_head_with_more_signatures_is_news_and_one_of_another_root_is_said_once() {
        let folder = Folder::new();
        let lines: Vec<_> = (0..2).map(|seq| record(seq, "a")).collect();
        folder.add(&format!("{}\n{}\n", lines[0], lines[1]));
        folder.head(&lines, "AAAAAAA=");
        let mut following = Following::of(folder.0.path());
        assert_eq!(said(&following.look().unwrap()), ["record 0", "record 1", "head 2"]);
        folder.head(&lines, "AAAAAAA=\n\u{2014} w AAAAAAA=");
        assert_eq!(said(&following.look().unwrap()), ["head 2"]);
        assert!(following.look().unwrap().is_empty());
        folder.head(&[record(0, "x"), record(1, "y")], "AAAAAAA=");
        assert!(matches!(&following.look().unwrap()[..], [News::Wrong(why)] if why.contains("E131")));
        assert!(following.look().unwrap().is_empty());
    }

    #[test]
    fn a_log_that_becomes_shorter_or_another_is_said_and_followed_on() {
        let folder = Folder::new();
        let lines: Vec<_> = (0..4).map(|seq| record(seq, "a")).collect();
        let text = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
        folder.add(&text(&lines));
        let mut following = Following::of(folder.0.path());
        assert_eq!(following.look().unwrap().len(), 4);
        fs::write(folder.0.path().join("log.jsonl"), text(&lines[..2])).unwrap();
        assert_eq!(said(&following.look().unwrap()), ["shorter 4 2"]);
        // It goes on as before: nothing is shown twice.
        folder.add(&text(&lines[2..3]));
        assert!(following.look().unwrap().is_empty());
        folder.add(&format!("{}\n", record(3, "another")));
        assert_eq!(said(&following.look().unwrap()), ["differs 4", "record 3"]);
        fs::remove_file(folder.0.path().join("log.jsonl")).unwrap();
        assert_eq!(said(&following.look().unwrap()), ["shorter 4 0"]);
        folder.add("no record\n");
        assert_eq!(said(&following.look().unwrap()), ["differs 1", "wrong E121"]);
    }
}

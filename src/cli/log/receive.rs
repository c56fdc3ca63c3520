//! `log receive`: a log that another machine shows as QR symbols, read with a camera and verified as it comes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, IsTerminal as _, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ceremony_log::code::Code;

use super::super::{failures, files, verify};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{ReceiveError, Received, Taken, Trust};
use crate::relay::{
    Frame, FrameError, Gatherer, Heard, LogId, PictureError, Pictures, Reader, ReaderError, Sequence,
    in_words,
};

/// Receive a log that another machine shows with `log follow --qr`, and verify it
///
/// Reads QR symbols off pictures, puts the frames together, and keeps each checkpoint with its records in a folder: after the
/// log's signature, every record and the whole tree were verified, and what was received before was seen to be its beginning.
/// Frames may come in any order, and more than once.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true)))]
pub struct Receive {
    /// The folder that the log is received into: a new one, or the one of last time
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
    /// The log's key: a C2SP tlog-policy that did not come with the log. Without one the key that the log names is taken the first time
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Pictures (PNG, PGM, PPM), or folders of them
    #[arg(long, value_name = "PATH", num_args = 1.., group = "source")]
    images: Vec<PathBuf>,
    /// A command that writes pictures to its standard output, one after the other, with its arguments; the last option
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true, group = "source")]
    camera: Vec<String>,
    /// With --camera: start the command again whenever it has ended well, until the program is stopped
    #[arg(long, requires = "camera")]
    again: bool,
}

impl Receive {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What was refused, or which frames are missing.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let received = Received::open(&self.out).map_err(failure)?;
        let gatherer = Gatherer::of(received.log().map_err(failure)?);
        let mut receiving = Receiving {
            received,
            gatherer,
            trust,
            out,
            reader: Reader::default(),
            waiting: Vec::new(),
            others: BTreeMap::new(),
            pictures: 0,
            frames: 0,
            live: std::io::stderr().is_terminal(),
            noted: None,
            passed_over: None,
        };
        let ended = match self.camera.split_first() {
            Some((program, arguments)) => receiving.camera(program, arguments, self.again),
            None => receiving.images(&self.images),
        };
        receiving.line("");
        ended.and_then(|()| receiving.end())
    }
}

/// A log that is being received.
struct Receiving<'o> {
    received: Received,
    gatherer: Gatherer,
    trust: Trust,
    out: &'o mut dyn Write,
    reader: Reader,
    /// Checkpoints that go on from one which has not come yet.
    waiting: Vec<Sequence>,
    /// Frames of other logs.
    others: BTreeMap<LogId, u64>,
    pictures: u64,
    frames: u64,
    live: bool,
    /// What was noted last.
    noted: Option<String>,
    /// Why the picture before was passed over.
    passed_over: Option<ReaderError>,
}

impl Receiving<'_> {
    /// Every picture of files and folders, in the order of their names.
    fn images(&mut self, paths: &[PathBuf]) -> Result<(), Failure> {
        let mut all = Vec::new();
        for path in paths {
            let unread = |error| failures::file("read", path, &error);
            if path.is_dir() {
                let entries = fs::read_dir(path).map_err(unread)?;
                let mut inside: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
                inside.retain(|path| path.is_file());
                inside.sort();
                all.extend(inside);
            } else {
                all.push(path.clone());
            }
        }
        for path in all {
            let file = File::open(&path).map_err(|error| failures::file("read", &path, &error))?;
            if let Err(error) = self.stream(file, &path.display().to_string())? {
                self.note(&format!("{}: {error}", path.display()));
            }
        }
        Ok(())
    }

    /// Every picture of a command.
    fn camera(&mut self, program: &str, arguments: &[String], again: bool) -> Result<(), Failure> {
        loop {
            let before = self.pictures;
            let mut child = Camera::start(program, arguments)?;
            if let Some(pictures) = child.0.stdout.take()
                && let Err(error) = self.stream(pictures, "the camera")?
            {
                return Err(Failure::because(
                    Turn::Equipment,
                    "what the camera's command writes could not be read",
                    &error,
                )
                .hint("it has to write PGM, PPM or PNG pictures to its standard output, and nothing else"));
            }
            let ended = child.0.wait().map_err(|error| no_camera(program, &error))?;
            if !ended.success() {
                return Err(Failure::new(
                    Turn::Equipment,
                    format!("the camera's command `{program}` ended with {ended}"),
                ));
            }
            if !again || self.pictures == before {
                return Ok(());
            }
        }
    }

    /// Every picture of a stream; why it was not read to its end, if it was not.
    fn stream(&mut self, stream: impl Read, name: &str) -> Result<Result<(), PictureError>, Failure> {
        let mut pictures = Pictures::of(BufReader::new(stream));
        loop {
            let picture = match pictures.next_picture() {
                Ok(Some(picture)) => picture,
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            };
            self.pictures += 1;
            let read = self.reader.read(picture.reduced());
            // Said once of pictures that follow each other.
            let before = std::mem::replace(&mut self.passed_over, read.as_ref().err().copied());
            match read {
                Ok(texts) => texts.iter().try_for_each(|text| self.frame(text))?,
                Err(error @ ReaderError::Enough(_)) => {
                    return Err(Failure::because(
                        Turn::Refused,
                        format!("{name} is not read any further"),
                        &error,
                    ));
                }
                Err(error) if before == Some(error) => {}
                Err(error) => self.note(&format!("{name}, picture {}: {error}", self.pictures)),
            }
        }
    }

    fn frame(&mut self, text: &str) -> Result<(), Failure> {
        let frame = match Frame::read(text) {
            Ok(frame) => frame,
            // Other symbols may hang in the room.
            Err(FrameError::Other) => return Ok(()),
            Err(error) => {
                self.note(&error.to_string());
                return Ok(());
            }
        };
        self.frames += 1;
        let (sequence, number) = (frame.sequence, frame.number);
        match self.gatherer.hear(frame) {
            Heard::Known => {}
            Heard::New => self.progress(),
            Heard::OtherLog(log) => {
                let seen = self.others.entry(log).or_default();
                *seen += 1;
                if *seen == 1 {
                    self.note(&format!("frames of another log, {log}, are passed over"));
                }
            }
            Heard::Conflict => self.note(&format!(
                "frame {number} of {sequence} was seen before and said something else; one of the two is not from the log's machine"
            )),
            Heard::Altered => self.note(&format!(
                "the frames of {sequence} together are not what each of them says; they are gathered once more"
            )),
            Heard::Whole(packed) => match Sequence::unpack(&packed) {
                Ok(whole) => self.sequence(whole)?,
                Err(error) => self.note(&format!("{sequence}: {error}")),
            },
        }
        Ok(())
    }

    /// Takes a checkpoint, and those that waited for it.
    fn sequence(&mut self, sequence: Sequence) -> Result<(), Failure> {
        self.waiting.push(sequence);
        self.waiting.sort_by_key(|waiting| waiting.old);
        while let Some(place) = self.next() {
            let sequence = self.waiting.remove(place);
            let taken = self.received.take(&sequence, &self.trust, verify::now()).map_err(failure)?;
            self.line("");
            let pinned = matches!(self.trust, Trust::Pinned(_));
            files::print(self.out, &text(&taken, pinned))?;
            if let Some(log) = self.received.log().map_err(failure)? {
                self.gatherer.settle(log);
            }
        }
        self.waiting.truncate(MOST_WAITING);
        Ok(())
    }

    /// A checkpoint that goes on from what is here.
    fn next(&self) -> Option<usize> {
        let have = self.received.head().map_or(0, |head| head.size);
        self.waiting.iter().position(|sequence| sequence.old <= have)
    }

    /// What is missing still, on a line that is written over.
    fn progress(&mut self) {
        let said = self.gatherer.open().next().map(|partial| {
            let (missing, count) = (partial.missing(), partial.count());
            let have = count.saturating_sub(missing.len());
            let size = partial.sequence.size;
            format!("head over {size}: {have} of {count} frames; missing {}", in_words(&missing))
        });
        self.line(&said.unwrap_or_default());
    }

    fn line(&mut self, text: &str) {
        if self.live {
            // A closed terminal does not stop a reception.
            let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
        }
    }

    /// Says something once, however often it is seen.
    fn note(&mut self, text: &str) {
        if self.noted.as_deref() == Some(text) {
            return;
        }
        self.noted = Some(text.to_owned());
        self.line("");
        let _ = writeln!(std::io::stderr(), "note: {}", files::one_line(text));
    }

    /// What is missing at the end.
    fn end(self) -> Result<(), Failure> {
        let have = self.received.head().map_or(0, |head| head.size);
        let mut failures = Vec::new();
        let later = |size: u64| size > have;
        for partial in self.gatherer.open().filter(|partial| later(partial.sequence.size)) {
            let (missing, count) = (in_words(&partial.missing()), partial.count());
            let message =
                format!("frames {missing} of {count} of the head over {} are missing", partial.sequence.size);
            failures.push(
                Failure::new(Turn::Operators, message)
                    .hint("have the checkpoint shown again: `b` goes back to it"),
            );
        }
        for sequence in &self.waiting {
            let gap = ReceiveError::Gap { have, old: sequence.old, size: sequence.old + sequence.count() };
            failures.push(failure(gap));
        }
        for (log, seen) in &self.others {
            let message = format!("E111 {seen} frames are of another log, {log}; they were passed over");
            failures.push(
                Failure::new(Turn::Refused, message)
                    .hint("each log is received into a folder of its own: --out"),
            );
        }
        if failures.is_empty() && self.frames == 0 {
            let message = format!("no frame was found on {} pictures", self.pictures);
            failures.push(Failure::new(Turn::Operators, message).hint(
                "the whole symbol with its light margin has to be on the picture, sharp, at three pixels a module or more; \
                 `--largest 5` on the other machine makes them coarser",
            ));
        }
        Failure::together(failures).map_or(Ok(()), Err)
    }
}

/// How many checkpoints wait for one before them.
const MOST_WAITING: usize = 4;

/// A command that is ended when nobody reads it any more.
struct Camera(Child);

impl Camera {
    fn start(program: &str, arguments: &[String]) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().map(Self).map_err(|error| no_camera(program, &error))
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        // One that has ended cannot be ended again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn no_camera(program: &str, error: &std::io::Error) -> Failure {
    Failure::because(Turn::Author, format!("the camera's command `{program}` could not be started"), error)
}

/// A checkpoint that was received, for people.
fn text(taken: &Taken, pinned: bool) -> String {
    let Taken { checkpoint, log_keys, before, records, first_use, known, no_quorum, warnings } = taken;
    if *known {
        return format!("The head over {} records is known already\n", checkpoint.size);
    }
    let root = Digest::from_octets(*checkpoint.root.octets());
    let mut text: String = records.iter().map(super::line).collect();
    let whose = match (pinned, first_use) {
        (true, _) => "good by the policy that was named",
        (false, true) => {
            "good by the key that the log names; compare its words with what was shown when the log got it"
        }
        (false, false) => "good by the key that was taken when this log was received first",
    };
    // Writing to a String cannot fail.
    let size = checkpoint.size;
    let _ = writeln!(text, "The head over {size} records verifies\norigin     {}", checkpoint.origin);
    let _ = writeln!(text, "size       {size}; {} records are new, {before} were here", records.len());
    let _ = writeln!(text, "root       {root}\nin words   {}", root.words());
    for key in log_keys {
        let _ = writeln!(text, "log key    {key}\n  in words {}", Digest::of(key.key()).words());
    }
    let _ = writeln!(text, "signature  {whose}");
    if let Some(finding) = no_quorum {
        let _ = writeln!(text, "witnesses  not all yet: {finding}");
    }
    for finding in warnings {
        let _ = writeln!(text, "warning: {finding}");
    }
    text
}

fn failure(error: ReceiveError) -> Failure {
    match error {
        ReceiveError::Refused { findings, own, offered, kept } => {
            let mut messages: Vec<String> =
                findings.iter().filter(|finding| finding.code.is_error()).map(ToString::to_string).collect();
            if let (Some(own), Some(offered)) = (own, offered) {
                messages.push(format!("the head that was received before: size {}, root {}", own.size, own.root));
                messages.push(format!("the head that came now: size {}, root {}", offered.size, offered.root));
            }
            let failure = Failure::several(Turn::Refused, messages);
            let broken = findings.iter().any(|finding| finding.code == Code::E131);
            match kept {
                Some(path) => failure.hint(format!(
                    "nothing was added; the checkpoint that came is kept as evidence in {} ; stop the ceremony and tell the witnesses",
                    path.display()
                )),
                None if broken => failure.hint(
                    "nothing was added; the records that came are not the head's own: have them shown once more, from the first one with `a`",
                ),
                None => failure.hint("nothing was added; if the log's key was replaced, compare its words and name its policy: --policy"),
            }
        }
        ReceiveError::Gap { have, .. } => Failure::new(Turn::Refused, error.to_string()).hint(format!(
            "on the other machine press `a`, or start it with `--from {have}`: then every record is shown that is not here"
        )),
        ReceiveError::Storage { path, source } => failures::file("used", &path, &source),
        ReceiveError::Foreign { .. } => Failure::new(Turn::Author, error.to_string())
            .hint("name a folder that is not there yet, or one that a log was received into"),
        ReceiveError::Damaged { .. } => Failure::new(Turn::Refused, error.to_string())
            .hint("nothing was added; receive the log into another folder and compare the two"),
        other => Failure::because(Turn::Equipment, "nothing was received", &other),
    }
}

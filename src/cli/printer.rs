//! A site's printer: sheets go to it and nowhere else.
//!
//! The rules of this file:
//! - A device is opened as it is there: nothing is created, and what is no character device is refused. A file would keep the sheet.
//! - Nothing is held back between the sheet and the printer, and nothing stays here.
//! - If the printer fails, the person is told, and sees the share on the screen instead: half a sheet may lie in the tray.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::paper::{Sheet, SheetError, SheetFace, SheetGroup};
use crate::plan::{PrinterPort, SitePrinter};
use crate::secret::SecretOctets;
use crate::stage::{
    Expected, NoAnswer, Notice, Operators, Overview, Pin, PinRequest, Programme, Question, ShareDelivery,
    ShareRequest, SharedSecret, SignRequest,
};

/// Why a sheet was not printed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrinterError {
    /// Not there, or not to be opened.
    #[error("`{}` cannot be opened for printing: {source}", path.display())]
    NoDevice {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that keeps what is written to it.
    #[error("`{}` is no character device: a sheet that is written there would stay there", path.display())]
    Keeps {
        /// What the site names.
        path: PathBuf,
    },
    /// A program that cannot be started, or ends badly.
    #[error("the program `{program}` did not print: {why}")]
    Program {
        /// Which.
        program: String,
        /// Why.
        why: String,
    },
    /// The printer took no more.
    #[error("the printer did not take the sheet: {0}")]
    Write(io::Error),
    /// There is nothing to print.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// This program cannot make what the printer wants.
    #[cfg(not(feature = "pdf"))]
    #[error("this program was built without PDF, and the site's printer wants it; `form: text` does without")]
    NoPdf,
}

/// Prints one sheet.
///
/// # Errors
///
/// [`PrinterError`] if it was not printed, or not whole.
pub fn print(printer: &SitePrinter, face: &SheetFace, share: &SecretOctets) -> Result<(), PrinterError> {
    let sheet = sheet(printer, face, share)?;
    match &printer.to {
        PrinterPort::Device(path) => sheet.print(&mut device(path)?).map_err(PrinterError::Write),
        PrinterPort::Command(command) => by_program(command, &sheet),
    }
}

/// Where this program has to be allowed to write, so that it can print.
pub fn place(printer: Option<&SitePrinter>) -> Option<PathBuf> {
    match &printer?.to {
        PrinterPort::Device(path) => Some(path.clone()),
        PrinterPort::Command(_) => None,
    }
}

#[cfg(feature = "pdf")]
fn sheet(printer: &SitePrinter, face: &SheetFace, share: &SecretOctets) -> Result<Sheet, PrinterError> {
    let size = if printer.letter { crate::paper::PageSize::Letter } else { crate::paper::PageSize::A4 };
    let sheet =
        if printer.pdf { Sheet::pdf(face, share, size, None) } else { Sheet::text(face, share, None) };
    Ok(sheet?)
}

#[cfg(not(feature = "pdf"))]
fn sheet(printer: &SitePrinter, face: &SheetFace, share: &SecretOctets) -> Result<Sheet, PrinterError> {
    if printer.pdf {
        return Err(PrinterError::NoPdf);
    }
    Ok(Sheet::text(face, share, None)?)
}

/// Opens a device that is there; what was opened is looked at, not the name.
fn device(path: &Path) -> Result<File, PrinterError> {
    let no_device = |source| PrinterError::NoDevice { path: path.to_owned(), source };
    // A pipe that nobody reads would wait for ever: without O_NONBLOCK for writing, it is said to have no reader.
    let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let kind = std::fs::metadata(path).map_err(no_device)?.file_type();
    if !kind.is_char_device() {
        return Err(PrinterError::Keeps { path: path.to_owned() });
    }
    let file = File::options().write(true).custom_flags(flags).open(path).map_err(no_device)?;
    if !file.metadata().map_err(no_device)?.file_type().is_char_device() {
        return Err(PrinterError::Keeps { path: path.to_owned() });
    }
    // A printer that is slow is waited for.
    rustix::io::ioctl_fionbio(&file, false).map_err(|error| no_device(error.into()))?;
    Ok(file)
}

/// Gives a sheet to a program, without this program's environment, and waits for its end.
fn by_program(command: &[String], sheet: &Sheet) -> Result<(), PrinterError> {
    let program = command.first().cloned().unwrap_or_default();
    let failed = |why: String| PrinterError::Program { program: program.clone(), why };
    let mut child = Command::new(&program)
        .args(command.iter().skip(1))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let written = match child.stdin.take() {
        Some(mut stdin) => sheet.print(&mut stdin),
        None => Ok(()),
    };
    let ended = child.wait().map_err(|error| failed(error.to_string()))?;
    if !ended.success() {
        return Err(failed(ended.to_string()));
    }
    written.map_err(PrinterError::Write)
}

/// Lends people to `conduct`, with a printer beside them if the site names one.
pub fn beside<T>(
    people: &mut dyn Operators,
    printer: Option<&SitePrinter>,
    ceremony: &str,
    practice: bool,
    conduct: impl FnOnce(&mut dyn Operators) -> T,
) -> T {
    match printer {
        Some(printer) => conduct(&mut Printing::new(people, printer.clone(), ceremony, practice)),
        None => conduct(people),
    }
}

/// People with a printer beside them: a share is printed for its holder instead of shown.
pub struct Printing<'p> {
    people: &'p mut dyn Operators,
    printer: SitePrinter,
    ceremony: String,
    practice: bool,
}

impl<'p> Printing<'p> {
    /// Prints for `people`.
    pub fn new(people: &'p mut dyn Operators, printer: SitePrinter, ceremony: &str, practice: bool) -> Self {
        Self { people, printer, ceremony: ceremony.to_owned(), practice }
    }

    fn face(&self, delivery: &ShareDelivery<'_>) -> SheetFace {
        SheetFace {
            ceremony: Some(self.ceremony.clone()),
            practice: self.practice,
            of: delivery.of.to_string(),
            of_key: matches!(delivery.of, SharedSecret::Key { .. }),
            holder: delivery.person.id.clone(),
            set_id: delivery.set_id.clone(),
            index: delivery.index,
            count: Some(delivery.count),
            threshold: delivery.threshold,
            group: delivery.member.as_ref().map(|member| SheetGroup {
                name: Some(member.name.clone()),
                group: member.group,
                groups: member.groups,
                groups_needed: member.groups_needed,
                number: member.number,
                count: Some(member.count),
                threshold: member.threshold,
            }),
            salt: delivery.salt.map(str::to_owned),
        }
    }

    /// A word of the holder's, and nothing else.
    fn word(
        &mut self,
        delivery: &ShareDelivery<'_>,
        sentence: String,
        word: &'static str,
    ) -> Result<(), NoAnswer> {
        let question = Question {
            step: delivery.step.clone(),
            person: delivery.person.clone(),
            sentence,
            lines: Vec::new(),
            expected: Expected::Word(word),
        };
        self.people.ask(&question).map(drop)
    }
}

impl Operators for Printing<'_> {
    fn clock_source(&self) -> &'static str {
        self.people.clock_source()
    }

    fn begin(&mut self, programme: &Programme) {
        self.people.begin(programme);
    }

    fn observe(&mut self, overview: &Overview<'_>) {
        self.people.observe(overview);
    }

    fn show(&mut self, notice: &Notice) {
        self.people.show(notice);
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        self.people.ask(question)
    }

    fn bring(&mut self, question: &Question) -> Result<Vec<u8>, NoAnswer> {
        self.people.bring(question)
    }

    fn sign(&mut self, request: &SignRequest<'_>) -> Result<Vec<u8>, NoAnswer> {
        self.people.sign(request)
    }

    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        self.people.pin(request)
    }

    fn is_improvised(&self) -> bool {
        self.people.is_improvised()
    }

    fn deliver(&mut self, delivery: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        if self.people.is_improvised() {
            return self.people.deliver(delivery);
        }
        let ShareDelivery { index, of, .. } = delivery;
        let before = format!("Stand at the printer, alone: it prints {} of {of}", delivery.which());
        self.word(delivery, before, "print")?;
        if let Err(error) = print(&self.printer, &self.face(delivery), delivery.share) {
            let sentence = format!(
                "{error}; take whatever lies in the printer and destroy it: the share is shown on the screen instead"
            );
            self.people.show(&Notice::Wrong { sentence });
            return self.people.deliver(delivery);
        }
        let after = format!(
            "Take the sheet out of the printer; it has share {index}, every word can be read, and nothing else lies there"
        );
        // What is beside the script waits until the sheet is in its holder's hands: it would be printed a second time.
        loop {
            match self.word(delivery, after.clone(), "taken") {
                Err(NoAnswer::Aside(_)) => {
                    let sentence = "first the sheet; at the next question it can be said".to_owned();
                    self.people.show(&Notice::Wrong { sentence });
                }
                done => return done,
            }
        }
    }

    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        self.people.share(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::test_page;
    use crate::stage::{Member, Person};

    /// Says yes to everything and keeps what was asked and told.
    #[derive(Default)]
    struct Willing {
        heard: Vec<String>,
        shown: usize,
    }

    impl Operators for Willing {
        fn show(&mut self, notice: &Notice) {
            self.heard.push(format!("{notice:?}"));
        }
        fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
            self.heard.push(question.sentence.clone());
            match &question.expected {
                Expected::Word(word) => Ok((*word).to_owned()),
                _ => Err(NoAnswer::Ended { question: question.sentence.clone() }),
            }
        }
        fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
            Err(NoAnswer::Ended { question: request.token.clone() })
        }
        fn deliver(&mut self, _: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
            self.shown += 1;
            Ok(())
        }
    }

    fn delivered(printer: &SitePrinter) -> Willing {
        delivered_of(printer, None)
    }

    fn delivered_of(printer: &SitePrinter, member: Option<Member>) -> Willing {
        let mut people = Willing::default();
        let (_, words) = test_page();
        let delivery = ShareDelivery {
            step: "2.2".into(),
            token: "root".into(),
            of: SharedSecret::Key { key: "root-x1".into(), set_id: "4b1d".into() },
            person: Person { id: "h1".into(), role: "share-holder".into() },
            salt: Some("00ff"),
            set_id: "4b1d".into(),
            index: 2,
            count: 5,
            threshold: 3,
            member,
            share: &words,
        };
        beside(&mut people, Some(printer), "2026-11", true, |people| people.deliver(&delivery)).unwrap();
        people
    }

    fn by(to: PrinterPort) -> SitePrinter {
        SitePrinter { to, pdf: false, letter: false }
    }

    #[test]
    fn a_share_of_a_group_says_so_on_its_sheet_and_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("paper");
        let command = ["sh".into(), "-c".into(), format!("cat > {}", file.display())];
        let member = Member {
            name: "europe".into(),
            group: 1,
            number: 2,
            threshold: 2,
            count: 3,
            groups_needed: 2,
            groups: 4,
        };
        let people = delivered_of(&by(PrinterPort::Command(command.into())), Some(member));
        let paper = std::fs::read_to_string(file).unwrap();
        for wanted in ["1 of 4, 2 needed: europe", "2 of 3, 2 needed; 2 of 5 of the set"] {
            assert!(paper.contains(wanted), "{wanted}: {paper}");
        }
        assert!(
            people
                .heard
                .iter()
                .any(|said| said.contains("share 2 of 5 (share 2 of 3 of the group `europe`)"))
        );
    }

    #[test]
    fn a_share_goes_to_the_printer_and_not_to_the_screen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("paper");
        let command = ["sh".into(), "-c".into(), format!("cat > {}", file.display())];
        let people = delivered(&by(PrinterPort::Command(command.into())));
        let paper = std::fs::read_to_string(file).unwrap();
        for wanted in ["the backup of the key", "h1", "4b1d", "2 of 5", "00ff", "2026-11", "   1  this"] {
            assert!(paper.contains(wanted), "{wanted}: {paper}");
        }
        assert_eq!((people.shown, people.heard.len()), (0, 2));
        assert!(people.heard.iter().all(|heard| !heard.contains("has every letter")), "{:?}", people.heard);
    }

    #[test]
    fn what_would_keep_a_sheet_is_refused_and_the_share_is_shown_instead() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lp0");
        std::fs::write(&file, "").unwrap();
        let link = folder.path().join("lp1");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for path in [file.clone(), link, folder.path().to_owned(), folder.path().join("none")] {
            let people = delivered(&by(PrinterPort::Device(path.clone())));
            assert_eq!(people.shown, 1, "{}", path.display());
            assert!(people.heard.iter().any(|heard| heard.contains("destroy it")), "{:?}", people.heard);
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"");
        assert!(matches!(device(&file), Err(PrinterError::Keeps { .. })));
        assert!(device(Path::new("/dev/null")).is_ok());
    }

    #[test]
    fn a_program_that_fails_has_printed_nothing() {
        for command in [vec!["false".to_owned()], vec!["/nonexistent/lp".to_owned()]] {
            assert_eq!(delivered(&by(PrinterPort::Command(command))).shown, 1);
        }
    }
}

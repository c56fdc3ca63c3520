//! `print sheets` and `print test-page`: to the site's printer, never to a file.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::share::Source;
use crate::cli::{files, printer};
use crate::failure::{Failure, Turn};
use crate::paper::{SheetFace, SheetGroup, test_page};
use crate::plan::{Site, SitePrinter};
use crate::share::{self, Encoding};

/// Print shares anew, one page each, on the site's printer
///
/// In a ceremony sheets are printed as shares are dealt. This is for a sheet that has suffered: its words are typed at the terminal,
/// which does not show them, or read from a file descriptor, a line each. Nothing is written to a file, and nothing is combined.
#[derive(Debug, clap::Args)]
pub struct Sheets {
    #[command(flatten)]
    to: To,
    /// Who keeps each sheet, in the order of the shares
    #[arg(long = "holder", value_name = "ID", required = true)]
    holders: Vec<String>,
    /// What they are shares of, as it was on the old sheet
    #[arg(long, value_name = "TEXT")]
    of: String,
    /// The salt of the old sheet, for each holder
    #[arg(long = "salt", value_name = "HEX")]
    salts: Vec<String>,
    /// Read the shares from this file descriptor, a line each
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

/// Print a page without a secret, to see whether the printer prints what it is sent
#[derive(Debug, clap::Args)]
pub struct TestPage {
    #[command(flatten)]
    to: To,
}

/// What prints.
#[derive(Debug, clap::Args)]
struct To {
    /// The site file that names the printer
    #[arg(long, value_name = "FILE")]
    site: PathBuf,
}

impl To {
    fn printer(&self) -> Result<SitePrinter, Failure> {
        let site = Site::read(&self.site.display().to_string(), &files::octets(&self.site)?)?;
        site.value.printer.ok_or_else(|| {
            Failure::new(Turn::Author, format!("`{}` names no printer", self.site.display()))
                .hint("`printer: {device: /dev/usb/lp0}`, or `printer: {command: [lp, -d, ceremony]}`")
        })
    }
}

impl TestPage {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the site names no printer, or that it does not print.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let (face, words) = test_page();
        printer::print(&self.to.printer()?, &face, &words).map_err(|error| unprinted(&error))?;
        let sentence = "The test page was sent. Every letter and the square have to be there, and nothing else in the printer.\n";
        files::print(out, sentence)
    }
}

impl Sheets {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That something is no share, that the site names no printer, or that it does not print.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let printer = self.to.printer()?;
        let mut source = Source::open(self.fd)?;
        for (place, holder) in self.holders.iter().enumerate() {
            let prompt = format!("{holder}: type the share; nothing is shown: ");
            let line = source.line(&prompt)?.ok_or_else(|| {
                Failure::new(Turn::Operators, format!("there is no share for the holder `{holder}`"))
            })?;
            let share = line.expose(share::read).map_err(|error| {
                Failure::because(
                    Turn::Operators,
                    format!("the share for the holder `{holder}` is not whole"),
                    &error,
                )
            })?;
            let set = share.set();
            // What the group is called and how many it has the share does not say.
            let group = (set.groups() > 1).then(|| SheetGroup {
                name: None,
                group: share.group().into(),
                groups: set.groups().into(),
                groups_needed: set.group_threshold().into(),
                number: share.number().into(),
                count: None,
                threshold: share.threshold().into(),
            });
            let face = SheetFace {
                ceremony: None,
                practice: false,
                of: self.of.clone(),
                of_key: share.encoding() == Encoding::Words,
                holder: holder.clone(),
                set_id: share.set().to_string(),
                index: share.number().into(),
                count: None,
                threshold: share.threshold().into(),
                group,
                salt: self.salts.get(place).cloned(),
            };
            printer::print(&printer, &face, &share.written()).map_err(|error| unprinted(&error))?;
            let which = match &face.group {
                Some(group) => format!("group {}, share {} of it", group.group, group.number),
                None => format!("share {}", face.index),
            };
            let sentence = format!("The sheet for `{holder}` was sent: set {}, {which}.\n", face.set_id);
            files::print(out, &sentence)?;
        }
        Ok(())
    }
}

fn unprinted(error: &printer::PrinterError) -> Failure {
    Failure::because(Turn::Equipment, "the sheet was not printed, or not whole", error)
        .hint("destroy whatever lies in the printer, then try again")
}

//! `log follow`: a log as it grows, for people or for another machine's camera.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::super::{failures, files};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::relay::{Following, News};
use crate::tui::{Look, Showing, one_line, show};

/// Follow a log while a ceremony writes it
///
/// Prints each record and each signed head as it comes. With --qr each checkpoint is shown with its records as QR symbols, which
/// `log receive` on another machine reads with a camera and verifies. The log is only read: a ceremony does not notice.
#[derive(Debug, clap::Args)]
pub struct Follow {
    /// A ceremony-log folder, which need not be there yet
    log: PathBuf,
    /// Show checkpoints as QR symbols on the terminal, until `q` is pressed
    #[arg(long)]
    qr: bool,
    /// How many records the other machine has already: `log receive` says so
    #[arg(long, value_name = "RECORDS", default_value_t = 0, requires = "qr")]
    from: u64,
    /// The largest version of symbol (3 to 20): smaller ones are easier for a camera, and take longer
    #[arg(long, value_name = "VERSION", default_value_t = 13, value_parser = clap::value_parser!(u8).range(3..=20), requires = "qr")]
    largest: u8,
    /// How long each symbol stands, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u16).range(50..=10_000), requires = "qr")]
    each: u16,
    /// After how many rounds the next checkpoint is shown if nobody presses a key
    #[arg(long, value_name = "ROUNDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), requires = "qr")]
    rounds: u32,
}

impl Follow {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the log cannot be read, or that there is no terminal for symbols.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| {
            failures::file("followed", &self.log, error).hint("name the ceremony-log folder")
        };
        if self.qr {
            let showing = Showing {
                from: self.from,
                largest: self.largest,
                each: Duration::from_millis(self.each.into()),
                rounds: self.rounds,
            };
            return show(&self.log, showing, look()?).map_err(|error| failed(&error));
        }
        let mut following = Following::of(&self.log);
        loop {
            for news in following.look().map_err(|error| failed(&error))? {
                // Nobody reads any more: that is an end like any other.
                if out.write_all(text(&news).as_bytes()).and_then(|()| out.flush()).is_err() {
                    return files::print(out, "");
                }
            }
            std::thread::sleep(AGAIN);
        }
    }
}

/// How often the log is looked at.
const AGAIN: Duration = Duration::from_millis(250);

/// What the terminal can show, if it can show symbols.
fn look() -> Result<Look, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let look = Look::of(variable);
    let is_screen = std::io::stdout().is_terminal() && Look::is_screen(variable("TERM").as_deref());
    if is_screen && look.unicode {
        return Ok(look);
    }
    let failure = Failure::new(
        Turn::Author,
        "symbols are shown on a terminal that knows block characters, and this is none",
    );
    Err(failure.hint(if is_screen {
        "set a locale that ends in UTF-8: `LC_ALL=C.UTF-8 rootrite log follow --qr …`"
    } else {
        "run it on the terminal itself, or leave out --qr to have the records as text"
    }))
}

/// News for people, on lines of their own.
fn text(news: &News) -> String {
    match news {
        News::Record(record) => super::line(record),
        News::Head(head) => {
            let root = Digest::from_octets(*head.checkpoint.root.octets());
            format!(" head  over {} records, root {root}\n       {}\n", head.checkpoint.size, root.words())
        }
        News::Shorter { had, has } => {
            format!(" !!!!  the log has become shorter: {has} of {had} records are left\n")
        }
        News::Differs { line } => {
            format!(" !!!!  E133 line {line} is not the one that was there before\n")
        }
        News::Wrong(why) => format!(" !!!!  {}\n", one_line(why)),
    }
}

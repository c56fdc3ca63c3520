//! `share check`: whether one share is whole, and what it says of itself in clear.

use std::io::Write;

use super::Source;
use crate::cli::files;
use crate::failure::{Failure, Turn};
use crate::share::{self, Encoding};

/// Check one share: its checksum, set, group and number
///
/// The share is typed at the terminal, which does not show it, or read from a file descriptor. Nothing secret is printed, and
/// nothing is combined.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Read the share from this file descriptor, such as 3
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

impl Check {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Turn::Operators`] if it is no share, with what is wrong by its place.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let line = Source::open(self.fd)?.line("Type the share; nothing is shown: ")?;
        let line = line.ok_or_else(|| Failure::new(Turn::Operators, "there is nothing to check"))?;
        let share = line.expose(share::read).map_err(|error| {
            Failure::because(Turn::Operators, "the share is not whole", &error)
                .hint("compare what was typed with the paper; if they are the same, the paper is wrong: tell the ceremony administrator")
        })?;
        let set = share.set();
        let kind = match share.encoding() {
            Encoding::Words => format!("words (SLIP-39), secret of {} bits", share.octets() * 8),
            Encoding::Text => "text (RR1), a PIN or another short secret".to_owned(),
        };
        let text = format!(
            "The share is whole: its checksum fits.\n  kind: {kind}\n  set: {set}\n  group: {} of {}, {} needed\n  \
             share: number {} of its group, {} needed\n",
            share.group(),
            set.groups(),
            set.group_threshold(),
            share.number(),
            share.threshold(),
        );
        files::print(out, &text)
    }
}

//! `survive`: which losses would lose a key, from the log alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use super::files;
use crate::failure::{Failure, Turn};
use crate::issuance::Survival;

/// Say which lost people, sheets, media or tokens would lose a key
///
/// Reads the log and nothing else. Where things are kept the log does not say: to try a place, name everything that it has.
#[derive(Debug, clap::Args)]
pub struct Survive {
    /// The log's folder
    #[arg(long, value_name = "FOLDER")]
    log: PathBuf,
    /// What is lost: tokens, holders, sheets (`share-5a3f-1`) or media (`root-x1-backup-1`), separated by commas
    #[arg(long, value_name = "THINGS", value_delimiter = ',')]
    without: Vec<String>,
}

impl Survive {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Turn::Refused`] if a key would be lost.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let all = Survival::of_all(&files::continued(&self.log)?.ledger);
        let things: BTreeSet<String> = all.iter().flat_map(Survival::things).collect();
        if let Some(unknown) = self.without.iter().find(|thing| !things.contains(*thing)) {
            let known: Vec<&str> = things.iter().map(String::as_str).collect();
            let message =
                format!("the log knows no `{unknown}` that a key depends on; there are {}", known.join(", "));
            return Err(Failure::new(Turn::Author, message));
        }
        let lost: BTreeSet<&str> = self.without.iter().map(String::as_str).collect();
        files::print(out, &text(&all, &lost))?;
        let gone: Vec<String> = all
            .iter()
            .filter(|key| !key.survives(&lost))
            .map(|key| format!("the key `{}` is lost", key.key))
            .collect();
        if gone.is_empty() { Ok(()) } else { Err(Failure::several(Turn::Refused, gone)) }
    }
}

fn text(all: &[Survival], lost: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    for key in all {
        let tokens: Vec<&str> = key.tokens.iter().map(String::as_str).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}\n  tokens  {}", key.key, tokens.join(", "));
        let mut all_lost = format!("every token is lost ({})", tokens.len());
        if let Some(backup) = &key.backup {
            let holders: Vec<&str> = backup.shares.values().map(|share| share.holder.as_str()).collect();
            let _ = writeln!(
                text,
                "  shares  {} of {}, set {}: {}\n  media   {}",
                backup.threshold,
                backup.share_count,
                backup.set,
                holders.join(", "),
                backup.copies.join(", ")
            );
            let most = backup.share_count.saturating_sub(backup.threshold) + 1;
            let _ = write!(all_lost, ", and {most} sheets or all {} media", backup.copies.len());
        }
        let _ = writeln!(text, "  lost if {all_lost}");
        let alone = key.alone();
        let alone = if alone.is_empty() { "nothing".to_owned() } else { alone.join(", ") };
        let _ = writeln!(text, "  what loses it alone: {alone}");
        if !lost.is_empty() {
            let left = if key.survives(lost) { "it survives" } else { "it is LOST" };
            let lost: Vec<&str> = lost.iter().copied().collect();
            let _ = writeln!(text, "  without {}: {left}", lost.join(", "));
        }
    }
    text
}

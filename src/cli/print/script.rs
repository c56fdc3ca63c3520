//! `print script` and `print checklist`: the pages for the room, from the plan that people approve.

use std::io::Write;
use std::path::PathBuf;

use super::Pages;
use crate::cli::files;
use crate::failure::{Failure, Turn};
use crate::paper::{self, Planned, PlannedError};

/// Print the script with every value to compare, and room for initials, times and comments
#[derive(Debug, clap::Args)]
pub struct Script {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pages: Pages,
}

/// Print one line for each step, to tick off
#[derive(Debug, clap::Args)]
pub struct Checklist {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pages: Pages,
}

/// What is printed.
#[derive(Debug, clap::Args)]
struct Source {
    /// The ceremony script
    script: PathBuf,
    /// The log that the script continues
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
    /// For a practice ceremony: every page says so
    #[arg(long)]
    practice: bool,
}

impl Source {
    fn plan(&self) -> Result<Planned, Failure> {
        let held = if self.practice { files::Held::Practice } else { files::Held::Production };
        // Inputs of a practice may be without digests, as in a rehearsal.
        let plan = files::plan(&self.script, held, self.log.as_deref())?;
        Planned::read(plan.octets()).map_err(|error: PlannedError| {
            Failure::because(Turn::Developers, "the plan could not be read back", &error)
        })
    }
}

impl Script {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with the script or the template, or that the file exists.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let plan = self.source.plan()?;
        let document = self.pages.shaped(|template| paper::script(&plan, self.source.practice, template))?;
        self.pages.write(&document, out)
    }
}

impl Checklist {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of [`Script::run`].
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let plan = self.source.plan()?;
        let document =
            self.pages.shaped(|template| paper::checklist(&plan, self.source.practice, template))?;
        self.pages.write(&document, out)
    }
}

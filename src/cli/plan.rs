//! `plan`: the plan of a script, its review text and its digest.

use std::io::Write;
use std::path::PathBuf;

use super::files;
use crate::failure::{Failure, Turn};
use crate::plan::review;
use crate::record::file::create;

/// Show everything that a script will do and sign, and the digest that people approve
#[derive(Debug, clap::Args)]
pub struct Plan {
    /// The ceremony script
    script: PathBuf,
    /// The log that the script continues: keys, numbers and certificates of earlier ceremonies
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
    /// Where to write the plan: canonical JSON, a new file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Plan {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the script, or that the file exists.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let plan = files::plan(&self.script, files::Held::Practice, self.log.as_deref())?;
        if let Some(path) = &self.output {
            create(path, plan.octets())
                .map_err(|error| Failure::because(Turn::Author, "the plan could not be written", &error))?;
        }
        files::print(out, &review(&plan))
    }
}

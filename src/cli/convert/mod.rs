//! `convert`: another tool's configuration as a script of ours; one tool per file.
//!
//! - `boulder`: what the files of Boulder's `ceremony` say;
//! - `ceremony`: one script, its profiles and a site of all of them, and what could not be taken over;
//! - `text`: what stands in these files.

mod boulder;
mod ceremony;
mod text;

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{failures, files};
use crate::failure::{Failure, Turn};
use crate::record::file::{create, create_folder};
use crate::script::{Problem, Problems};
use crate::stage::JournalError;

use ceremony::Converted;

/// Make a script of another tool's configuration
#[derive(Debug, clap::Subcommand)]
pub enum Convert {
    Boulder(Boulder),
}

impl Convert {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything in the configuration that cannot be said here, and what the disk says.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Boulder(boulder) => boulder.run(out),
        }
    }
}

/// Make one script of configurations of Boulder's `ceremony`
///
/// All configurations of one ceremony together, in the order in which they would be run. What a configuration reads that
/// none of them writes becomes an input. PINs are never read.
#[derive(Debug, clap::Args)]
pub struct Boulder {
    /// The configurations, in the order of the ceremony
    #[arg(required = true, value_name = "CONFIG")]
    configurations: Vec<PathBuf>,
    /// The new folder for the script, its profiles, inputs and site file
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
}

impl Boulder {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let (mut read, mut wrong) = (Vec::new(), Vec::new());
        for path in &self.configurations {
            match boulder::read(&path.display().to_string(), &files::octets(path)?) {
                Ok(configuration) => read.push(configuration),
                Err(problems) => wrong.extend(messages(&problems)),
            }
        }
        if wrong.is_empty() {
            let converted = ceremony::convert(&read).map_err(|problems| {
                Failure::several(Turn::Author, problems.iter().flat_map(messages).collect())
            })?;
            store(&self.output, &converted)?;
            return files::print(out, &told(&self.output, &converted));
        }
        Err(Failure::several(Turn::Author, wrong))
    }
}

/// What is wrong with a configuration, without the lines themselves: a PIN may stand in any of them.
fn messages(problems: &Problems) -> Vec<String> {
    let told = |problem: Problem| {
        // A PIN whose blank is missing is a text like any other.
        let message = if problem.message.to_lowercase().contains("pin:") {
            "what stands here cannot be read; it may hold a PIN and is not shown"
        } else {
            &problem.message
        };
        let hint = problem.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        format!("{}:{}: {message}{hint}", problem.file, problem.place)
    };
    problems.sorted().into_iter().map(told).collect()
}

/// Writes a new folder; nothing is replaced.
fn store(folder: &Path, converted: &Converted) -> Result<(), Failure> {
    if fs::symlink_metadata(folder).is_ok() {
        let message = format!("`{}` is there already; wanted a new folder", folder.display());
        return Err(Failure::new(Turn::Author, message));
    }
    create_folder(folder).map_err(|error| stored(&error))?;
    for name in converted.files.iter().filter_map(|(name, _)| Path::new(name).parent()) {
        let below = folder.join(name);
        if !below.exists() {
            create_folder(&below).map_err(|error| stored(&error))?;
        }
    }
    for (name, octets) in &converted.files {
        create(&folder.join(name), octets).map_err(|error| stored(&error))?;
    }
    Ok(())
}

fn stored(error: &JournalError) -> Failure {
    Failure::new(Turn::Equipment, failures::with_causes(error))
}

fn told(folder: &Path, converted: &Converted) -> String {
    let mut text = String::new();
    for (name, _) in &converted.files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", folder.join(name).display());
    }
    text.push_str("\nTo be looked at, because no configuration says it or a script says it otherwise:\n");
    for note in &converted.notes {
        let _ = writeln!(text, "- {note}");
    }
    let script = folder.join("script.yaml");
    let _ = writeln!(text, "\nGo on with: rootrite check {0} --practice", script.display());
    text
}

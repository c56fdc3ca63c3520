//! `new`: a commented script to start from.

use std::io::Write;

use super::files;
use crate::failure::{Failure, Turn};
use crate::script::listed;

/// Print a commented script to start from
#[derive(Debug, clap::Args)]
pub struct New {
    /// Which script
    template: String,
}

impl New {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// There is no such template.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some((_, text)) = TEMPLATES.iter().find(|(name, _)| *name == self.template) {
            return files::print(out, text);
        }
        let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
        let message = format!("there is no template `{}`; there are {}", self.template, listed(&names));
        Err(Failure::new(Turn::Author, message))
    }
}

/// The ready scripts, which are templates at the same time.
const TEMPLATES: &[(&str, &str)] =
    &[("root-and-subordinates", include_str!("../../ceremonies/root-and-subordinates.yaml"))];

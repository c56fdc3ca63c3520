//! `new`: a commented script to start from.

use std::io::Write;

use super::files;
use crate::failure::{Failure, Turn};

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
        match TEMPLATES.iter().find(|(name, _)| *name == self.template) {
            Some((_, text)) => files::print(out, text),
            None => {
                let names: Vec<String> = TEMPLATES.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message = format!("there is no template `{}`; there are {}", self.template, names.join(", "));
                Err(Failure::new(Turn::Author, message))
            }
        }
    }
}

/// The ready scripts, which are templates at the same time.
const TEMPLATES: &[(&str, &str)] =
    &[("root-and-subordinates", include_str!("../../ceremonies/root-and-subordinates.yaml"))];

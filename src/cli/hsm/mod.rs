//! `hsm`: a token before the ceremony: what it can really do, and what it holds.

mod doctor;
mod inventory;
mod objects;
mod profile;
mod report;
mod which;

use std::io::Write;

pub use which::{Ask, Chosen, equipment, log_in, quoted};

use crate::failure::Failure;

/// Find out what a token can do and what it holds, before the ceremony
#[derive(Debug, clap::Subcommand)]
pub enum Hsm {
    Doctor(doctor::Doctor),
    Inventory(inventory::Inventory),
}

impl Hsm {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the command.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Doctor(command) => command.run(out),
            Self::Inventory(command) => command.run(out),
        }
    }
}

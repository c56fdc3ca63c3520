//! `share`: a holder's share outside a ceremony: whether it is whole, and the secret that enough of them rebuild.

mod check;
mod combine;
mod try_encryptor;

use std::fs::File;
use std::io::{self, Write};

use super::quiet;
use crate::failure::{Failure, Turn};
use crate::secret::{Pin, SecretOctets};
use crate::share::Passphrase;

/// Check one share, or rebuild a secret from enough of them, outside a ceremony
#[derive(Debug, clap::Subcommand)]
pub enum Share {
    Check(check::Check),
    Combine(combine::Combine),
    TryEncryptor(try_encryptor::TryEncryptor),
}

impl Share {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the command.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Check(command) => command.run(out),
            Self::Combine(command) => command.run(out),
            Self::TryEncryptor(command) => command.run(out),
        }
    }
}

/// The PIN that shares put together, typed at the terminal.
///
/// # Errors
///
/// [`Turn::Operators`] if they give none.
pub fn pin() -> Result<Pin, Failure> {
    let wrong =
        |error: &dyn std::error::Error| Failure::because(Turn::Operators, "the shares give no PIN", error);
    let hand = combine::gather(&mut Source::Terminal)?;
    let secret = hand.combine(&Passphrase::none()).map_err(|error| wrong(&error))?;
    secret.expose(Pin::read).map_err(|error| wrong(&error))
}

/// Where secrets are read from: a terminal that does not show them, or a file descriptor with a line for each.
pub enum Source {
    /// A terminal.
    Terminal,
    /// A descriptor and its number.
    Descriptor(File, u32),
}

impl Source {
    /// The descriptor of a number, or the terminal.
    ///
    /// # Errors
    ///
    /// If it is not open.
    pub fn open(descriptor: Option<u32>) -> Result<Self, Failure> {
        let Some(number) = descriptor else { return Ok(Self::Terminal) };
        let file = descriptor_of(number, File::options().read(true))?;
        Ok(Self::Descriptor(file, number))
    }

    /// The next line; nothing where the descriptor ends.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn line(&mut self, prompt: &str) -> Result<Option<SecretOctets>, Failure> {
        let unreadable = |from: String, error: &io::Error| {
            Failure::because(Turn::Operators, format!("nothing could be read from {from}"), error)
        };
        match self {
            Self::Terminal => quiet::typed(prompt).map(Some).map_err(|error| {
                unreadable("the terminal".into(), &error)
                    .hint("`--fd 3` reads from a file descriptor, a line for each share")
            }),
            Self::Descriptor(file, number) => {
                quiet::line_of(file).map_err(|error| unreadable(format!("file descriptor {number}"), &error))
            }
        }
    }

    /// Whether there is somebody to ask again.
    const fn is_person(&self) -> bool {
        matches!(self, Self::Terminal)
    }
}

/// A descriptor that was open when the program began: the path that the kernel gives it; nothing else can be behind it.
fn descriptor_of(number: u32, options: &mut std::fs::OpenOptions) -> Result<File, Failure> {
    options.open(format!("/proc/self/fd/{number}")).map_err(|error| {
        Failure::because(Turn::Author, format!("file descriptor {number} could not be used"), &error)
    })
}

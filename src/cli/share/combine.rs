//! `share combine`: the secret that enough shares rebuild, for the day when there is nothing but the sheets.

use std::fs::File;
use std::io::Write;

use zeroize::Zeroizing;

use super::{Source, descriptor_of};
use crate::cli::{files, quiet};
use crate::failure::{Failure, Turn};
use crate::secret::SecretOctets;
use crate::share::{self, Hand, Passphrase};

/// Rebuild a secret from enough shares, outside a ceremony
///
/// Shares are typed at the terminal, which does not show them, or read from a file descriptor, a line each. The secret goes to
/// another file descriptor or is shown alone on the screen; it is never written to standard output.
#[derive(Debug, clap::Args)]
pub struct Combine {
    /// Read the shares from this file descriptor, a line each
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
    /// Ask for a passphrase (SLIP-39); a wrong one gives another secret, and nobody can tell
    #[arg(long)]
    passphrase: bool,
    /// Read the passphrase from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "passphrase")]
    passphrase_fd: Option<u32>,
    /// How the secret is written
    #[arg(long, value_enum, default_value_t = Form::Hex)]
    form: Form,
    /// Write the secret to this file descriptor, such as a pipe to the program that needs it
    #[arg(long, value_name = "N", required_unless_present = "show", conflicts_with = "show")]
    out_fd: Option<u32>,
    /// Show the secret alone on the screen until Enter is pressed
    #[arg(long)]
    show: bool,
}

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Lower-case hex digits
    Hex,
    /// The octets themselves, such as those of a PIN
    Octets,
}

impl Combine {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Turn::Operators`] if the shares give no secret.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        // Before anybody types anything.
        let into =
            self.out_fd.map(|number| descriptor_of(number, File::options().write(true))).transpose()?;
        let hand = gather(&mut Source::open(self.fd)?)?;
        let passphrase = self.passphrase()?;
        let combined = hand.combine(&passphrase);
        let secret = combined.map_err(|error| {
            Failure::because(Turn::Operators, "the shares give no secret", &error)
                .hint("check each share by itself with `rootrite share check`; try another holder's in the place of each in turn")
        })?;
        let written = match self.form {
            Form::Hex => hex(&secret)?,
            Form::Octets => secret,
        };
        match into {
            Some(mut file) => written.expose(|octets| file.write_all(octets)).map_err(|error| {
                Failure::because(Turn::Equipment, "the secret could not be written", &error)
            })?,
            None => show(&written)?,
        }
        let text = format!("The secret is rebuilt from {} shares.\n", hand.count());
        files::print(out, &text)
    }

    fn passphrase(&self) -> Result<Passphrase, Failure> {
        if !self.passphrase && self.passphrase_fd.is_none() {
            return Ok(Passphrase::none());
        }
        let line = Source::open(self.passphrase_fd)?.line("Type the passphrase; nothing is shown: ")?;
        let line = line.ok_or_else(|| Failure::new(Turn::Operators, "there is no passphrase"))?;
        line.expose(Passphrase::read)
            .map_err(|error| Failure::because(Turn::Operators, "the passphrase cannot be used", &error))
    }
}

/// Reads shares until there are enough.
pub(super) fn gather(source: &mut Source) -> Result<Hand, Failure> {
    let mut hand = Hand::new();
    while let Err(missing) = hand.is_enough() {
        let number = hand.count() + 1;
        let line =
            source.line(&format!("Type share {number}; nothing is shown, an empty line gives up: "))?;
        let Some(line) = line.filter(|line| !line.is_empty()) else {
            return Err(Failure::because(Turn::Operators, "there are too few shares", &missing));
        };
        if let Err(failure) = lay(&mut hand, &line) {
            if !source.is_person() {
                return Err(failure);
            }
            // Who is asked again has to know why.
            let _ = std::io::stderr().write_all(failure.text().as_bytes());
        }
    }
    Ok(hand)
}

fn lay(hand: &mut Hand, line: &SecretOctets) -> Result<(), Failure> {
    let number = hand.count() + 1;
    let share = line
        .expose(share::read)
        .map_err(|error| Failure::because(Turn::Operators, format!("share {number} is not whole"), &error))?;
    hand.lay(share).map_err(|error| {
        Failure::because(Turn::Operators, format!("share {number} does not belong to the others"), &error)
    })
}

/// Shows the secret where it can be shown.
fn show(secret: &SecretOctets) -> Result<(), Failure> {
    if !secret.expose(|octets| octets.iter().all(|octet| (32..=126).contains(octet))) {
        return Err(Failure::new(Turn::Author, "the secret has octets that no screen shows")
            .hint("`--form hex` shows any secret"));
    }
    quiet::shown("The secret:", secret, "Press Enter when it is not needed any more: the screen is cleared.")
        .map_err(|error| Failure::because(Turn::Operators, "the secret could not be shown", &error))
}

/// The secret as hex digits.
fn hex(secret: &SecretOctets) -> Result<SecretOctets, Failure> {
    let digits = Zeroizing::new(secret.expose(crate::digest::hex));
    SecretOctets::read(digits.as_bytes())
        .ok_or_else(|| Failure::new(Turn::Developers, "the secret is longer than any that can be shared"))
}

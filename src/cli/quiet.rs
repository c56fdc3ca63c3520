//! What nobody else is to see: typed at a terminal that does not show it, or shown for one person on a screen of its own.
//!
//! The rules of this file:
//! - What is typed is read octet by octet to where it stays: nothing of it is in a buffer that grows or is not wiped.
//! - What is shown stands on the alternate screen, which leaves nothing behind to scroll back to.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::secret::SecretOctets;

/// The terminal of whoever runs the program, whatever its standard input and output are.
///
/// # Errors
///
/// If there is none.
pub fn terminal() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// A line that is typed at the terminal and not shown.
///
/// # Errors
///
/// If there is no terminal, or what was typed ends without a line feed.
pub fn typed(prompt: &str) -> io::Result<SecretOctets> {
    let mut terminal = terminal()?;
    let line = {
        // Before the prompt invites anyone to type.
        let _quiet = Quiet::make(&terminal);
        (&terminal).write_all(prompt.as_bytes())?;
        line_of(&mut &terminal)
    };
    // The line feed that was typed was not shown either.
    terminal.write_all(b"\n")?;
    line?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The next line, without its line feed; nothing at the end of the input.
///
/// # Errors
///
/// The reader's own, or a line longer than any secret.
pub fn line_of(reader: &mut dyn io::Read) -> io::Result<Option<SecretOctets>> {
    let mut line = SecretOctets::empty();
    let mut octet = Zeroizing::new([0]);
    let mut read = false;
    loop {
        match reader.read(octet.as_mut()) {
            Ok(0) => return Ok(read.then_some(line)),
            Ok(_) if *octet == [b'\n'] => return Ok(Some(line)),
            Ok(_) => {
                read = true;
                let [octet] = *octet;
                if !line.push(octet) {
                    return Err(io::Error::other(format!(
                        "found more than {} octets in a line",
                        SecretOctets::MAX_OCTETS
                    )));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Shows a secret alone on the screen until Enter is pressed; then the screen is as it was.
///
/// # Errors
///
/// If there is no terminal.
pub fn shown(above: &str, secret: &SecretOctets, below: &str) -> io::Result<()> {
    alone(above, below, &mut |screen| secret.expose(|octets| screen.write_all(octets)))
}

/// The same with a share's words or groups in rows, each row with the number of its first.
///
/// # Errors
///
/// If there is no terminal.
pub fn shown_share(above: &str, share: &SecretOctets, below: &str) -> io::Result<()> {
    alone(above, below, &mut |screen| {
        share.expose(|octets| {
            let mut words = octets.split(|octet| *octet == b' ');
            // The mark of our own form is no group.
            if octets.starts_with(b"RR") {
                screen.write_all(b"      ")?;
                screen.write_all(words.next().unwrap_or_default())?;
                screen.write_all(b"\n")?;
            }
            for (place, word) in words.enumerate() {
                if place % IN_A_ROW == 0 {
                    screen.write_all(format!("\n  {:>2}", place + 1).as_bytes())?;
                }
                screen.write_all(b"  ")?;
                screen.write_all(word)?;
            }
            Ok(())
        })
    })
}

/// A screen of its own until Enter is pressed.
fn alone(above: &str, below: &str, show: &mut dyn FnMut(&mut &File) -> io::Result<()>) -> io::Result<()> {
    let terminal = terminal()?;
    let _screen = Screen::open(&terminal)?;
    let mut screen = &terminal;
    screen.write_all(format!("{above}\n\n").as_bytes())?;
    show(&mut screen)?;
    screen.write_all(format!("\n\n{below}\n").as_bytes())?;
    let _quiet = Quiet::make(&terminal);
    let mut octet = [0];
    while screen.read(&mut octet)? == 1 && octet != [b'\n'] {}
    Ok(())
}

/// The alternate screen, cleared before and after, for as long as this lives.
struct Screen<'t>(&'t File);

impl<'t> Screen<'t> {
    fn open(terminal: &'t File) -> io::Result<Self> {
        (&*terminal).write_all(b"\x1b[?1049h\x1b[2J\x1b[H")?;
        Ok(Self(terminal))
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // There is nobody to tell: the terminal is gone.
        let _ = (&mut &*self.0).write_all(b"\x1b[2J\x1b[H\x1b[?1049l");
    }
}

/// A terminal that does not show what is typed, for as long as this lives.
pub struct Quiet<'t> {
    terminal: &'t File,
    before: Option<Termios>,
}

impl<'t> Quiet<'t> {
    /// Turns the echo off.
    pub fn make(terminal: &'t File) -> Self {
        let before = tcgetattr(terminal).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            // A terminal that refuses is asked once more by the reader of the PIN, which then fails.
            let _ = tcsetattr(terminal, OptionalActions::Now, &quiet);
        }
        Self { terminal, before }
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // There is nobody to tell: the terminal is gone.
            let _ = tcsetattr(self.terminal, OptionalActions::Now, before);
        }
    }
}

/// Words or groups in a row.
const IN_A_ROW: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_its_line_feed_or_with_the_input() {
        let mut input = &b"one\n\ntwo"[..];
        let mut next = || line_of(&mut input).unwrap().map(|line| line.expose(<[u8]>::to_vec));
        assert_eq!(
            [next(), next(), next(), next()],
            [Some(b"one".to_vec()), Some(Vec::new()), Some(b"two".to_vec()), None]
        );
    }

    #[test]
    fn a_line_longer_than_a_secret_is_refused() {
        assert!(line_of(&mut [b'x'; 1025].as_slice()).is_err());
        assert!(line_of(&mut [b'x'; 1024].as_slice()).is_ok());
    }
}

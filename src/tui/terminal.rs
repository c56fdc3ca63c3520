//! The terminal itself: taken as it is, given back as it was, whatever happens.
//!
//! The rules of this file:
//! - Everything stands on the alternate screen, which is cleared when it is left: nothing remains to scroll back to.
//! - The terminal is given back when this is dropped, before a panic says its word, and before the program is stopped.
//! - A paste is told apart from keys for as long as the terminal is taken: of several lines none answers anything.
//! - What one person alone is to see is written from where it lies, and is in no buffer of what is drawn.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use ratatui::Terminal;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::canvas::Canvas;
use super::document::wrapped;
use super::talk::Delivery;

/// The terminal of whoever runs the program.
pub struct Tty {
    file: File,
    before: Termios,
    inside: bool,
}

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be set.
    pub fn open() -> io::Result<Self> {
        let file = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&file)?;
        HOOK.call_once(|| {
            let next = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICKED.store(true, Ordering::SeqCst);
                give_back();
                next(panic);
            }));
        });
        *taken() = Some((file.try_clone()?, before.clone()));
        let mut tty = Self { file, before, inside: false };
        tty.enter()?;
        Ok(tty)
    }

    /// What is drawn on.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn canvas(&self) -> io::Result<Terminal<Canvas>> {
        Terminal::new(Canvas::on(self.file.try_clone()?))
    }

    /// Takes the screen, again if need be.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn enter(&mut self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(&self.file, OptionalActions::Now, &raw)?;
        self.inside = true;
        (&self.file).write_all(ENTER)
    }

    /// Gives the screen back.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.inside) {
            give_back_to(&self.file, &self.before);
        }
    }

    /// Says something on the screen that was given back.
    pub fn say(&mut self, text: &str) {
        // A terminal that is gone hears nothing.
        let _ = (&self.file).write_all(text.as_bytes());
    }

    /// One octet that was typed; nothing at the end.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn read(&self) -> io::Result<Option<u8>> {
        let mut octet = Zeroizing::new([0]);
        match (&self.file).read(octet.as_mut()) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let [octet] = *octet;
                Ok(Some(octet))
            }
            Err(error) => Err(error),
        }
    }

    /// Shows one person something, instead of everything else.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn show_alone(&self, delivery: &Delivery) -> io::Result<()> {
        let mut out = &self.file;
        out.write_all(b"\x1b[0m\x1b[2J\x1b[H")?;
        for line in delivery.above.lines().flat_map(|line| wrapped(line, WIDTH)) {
            out.write_all(line.as_bytes())?;
            out.write_all(b"\r\n")?;
        }
        delivery.secret.expose(|octets| {
            let mut words = octets.split(|octet| *octet == b' ');
            // The mark of our own form is no group.
            if octets.starts_with(b"RR") {
                out.write_all(b"\r\n      ")?;
                out.write_all(words.next().unwrap_or_default())?;
                out.write_all(b"\r\n")?;
            }
            for (place, word) in words.enumerate() {
                if place % IN_A_ROW == 0 {
                    out.write_all(b"\r\n")?;
                }
                out.write_all(format!("  {:>3} ", place + 1).as_bytes())?;
                out.write_all(word)?;
                for _ in word.len()..LONGEST_WORD {
                    out.write_all(b" ")?;
                }
            }
            io::Result::Ok(())
        })?;
        out.write_all(
            b"\r\n\r\nPress Enter when it is written down: it is cleared, and you type it back.\r\n",
        )
    }

    /// The file, to wait for.
    pub const fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
        *taken() = None;
    }
}

/// Whether the program panicked: nothing is drawn over what it says.
pub fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// Gives the terminal back, whoever has it.
fn give_back() {
    if let Some((file, before)) = taken().as_ref() {
        give_back_to(file, before);
    }
}

fn give_back_to(mut file: &File, before: &Termios) {
    // There is nobody to tell if it does not work: the terminal is gone.
    let _ = file.write_all(LEAVE);
    let _ = tcsetattr(file, OptionalActions::Now, before);
}

fn taken() -> std::sync::MutexGuard<'static, Option<(File, Termios)>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal that was taken, as it was: a panic gives it back from wherever it happens.
static TAKEN: Mutex<Option<(File, Termios)>> = Mutex::new(None);
/// The hook is set once.
static HOOK: Once = Once::new();
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The alternate screen, cleared, without a cursor; what is pasted stands between two marks.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[0m\x1b[2J\x1b[H\x1b[?25l\x1b[?2004h";
/// Cleared, and the screen that was there before.
const LEAVE: &[u8] = b"\x1b[?2004l\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";
/// Words or groups in a row.
const IN_A_ROW: usize = 5;
/// Letters of the longest word of SLIP-39's list.
const LONGEST_WORD: usize = 8;
/// Columns that every terminal has.
const WIDTH: usize = 72;

//! How far long work is, told to people at a terminal who have no screen: a line every few seconds, and none to a file.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::progress::{self, Reading};

/// Begins to tell, until the program ends. Nothing is told where standard error is no terminal, or while there is a screen.
pub fn begin() {
    if !std::io::stderr().is_terminal() {
        return;
    }
    // Without the thread nothing is told of how far the work is, and the work is done all the same.
    let _ = std::thread::Builder::new().name("waiting".into()).spawn(|| {
        let mut teller = Teller::default();
        loop {
            std::thread::sleep(LOOK);
            let counted = progress::under_way().filter(|_| !crate::tui::is_shown());
            if let Some(line) = teller.look(counted) {
                // A closed terminal does not stop the work.
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
        }
    });
}

/// Reads what the command line names, and says what it waits for where that is no file and nothing comes: a pipe that nobody
/// writes to would keep us for ever. What is said goes to standard error, whether or not that is a terminal.
pub fn for_file<T>(path: &Path, read: impl FnOnce() -> T) -> T {
    let waits = std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if !waits {
        return read();
    }
    let (read_whole, reading) = mpsc::channel::<()>();
    let line = format!("  … waiting for `{}`, which is no file, to be written and closed\n", path.display());
    // Without the thread nothing is said, and it is read all the same.
    let _ = std::thread::Builder::new().name("waiting".into()).spawn(move || {
        if reading.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    });
    let done = read();
    drop(read_whole);
    done
}

/// Looks again and again, and says something now and then.
#[derive(Debug, Default)]
struct Teller {
    /// How often something was under way, one look after the other.
    looks: u32,
}

impl Teller {
    /// What is to be said at this look.
    fn look(&mut self, counted: Option<Reading>) -> Option<String> {
        let Some(counted) = counted else {
            self.looks = 0;
            return None;
        };
        self.looks += 1;
        let told = self.looks == FIRST || self.looks > FIRST && (self.looks - FIRST).is_multiple_of(EVERY);
        told.then(|| format!("  … {counted}\n"))
    }
}

/// How long something may stay silent before it is said that we wait for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// The look with the first line: something has been under way for a second.
const FIRST: u32 = 3;
/// The looks from one line to the next: 5 s.
const EVERY: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Work;

    fn lines(looks: impl IntoIterator<Item = Option<u64>>) -> Vec<String> {
        let mut teller = Teller::default();
        let reading = |done| Reading { work: Work::EntriesWritten, done, of: Some(100) };
        looks.into_iter().filter_map(|done| teller.look(done.map(reading))).collect()
    }

    #[test]
    fn what_is_over_in_a_second_is_not_told() {
        assert_eq!(lines([Some(1), Some(2), None, Some(3), Some(4), None]), [""; 0]);
    }

    #[test]
    fn the_first_line_comes_after_a_second_and_the_next_ones_every_five() {
        assert_eq!(
            lines((1..=24).map(Some)),
            [
                "  … CRL entries written: 3 of 100 (3 %)\n",
                "  … CRL entries written: 13 of 100 (13 %)\n",
                "  … CRL entries written: 23 of 100 (23 %)\n",
            ]
        );
    }
}

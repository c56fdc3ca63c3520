//! The texts of the QR symbols on a picture.
//!
//! The rules of this file:
//! - A picture that is not understood within [`LONGEST`] is passed over, and so is one that the decoder stumbles over: it works in
//!   a thread of its own, which is left alone then. After [`MOST_LEFT`] of them nothing more is read.
//! - A screen may show light on dark: what has no symbol as it is, is looked at once more with black for white.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use thiserror::Error;

use super::picture::Picture;

/// How long a picture is looked at: a thousand times as long as a good one takes.
const LONGEST: Duration = Duration::from_secs(20);
/// How many pictures may be passed over for that.
const MOST_LEFT: usize = 3;
/// The shortest side of a picture with a symbol: one pixel a module.
const SMALLEST: usize = 21;

/// Reads symbols off pictures, within bounds of time.
#[derive(Debug, Default)]
pub struct Reader {
    worker: Option<Worker>,
    left: usize,
}

/// The thread that looks: pictures go in, texts come out.
#[derive(Debug)]
struct Worker {
    pictures: Sender<Picture>,
    texts: Receiver<Vec<String>>,
}

/// Why no symbol was read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReaderError {
    /// One picture.
    #[error("it was not understood within {} seconds", LONGEST.as_secs())]
    TooLong,
    /// One picture.
    #[error("the decoder stumbled over it")]
    Stumbled,
    /// Too many of them.
    #[error("{MOST_LEFT} pictures were not understood in time; nothing more is read")]
    Enough,
}

impl Reader {
    /// The texts of all symbols on a picture.
    ///
    /// # Errors
    ///
    /// [`ReaderError`]; all but [`ReaderError::Enough`] are about this picture alone.
    pub fn read(&mut self, picture: Picture) -> Result<Vec<String>, ReaderError> {
        if self.left >= MOST_LEFT {
            return Err(ReaderError::Enough);
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => begin().ok_or(ReaderError::Stumbled)?,
        };
        if worker.pictures.send(picture).is_err() {
            return Err(ReaderError::Stumbled);
        }
        match worker.texts.recv_timeout(LONGEST) {
            Ok(texts) => {
                self.worker = Some(worker);
                Ok(texts)
            }
            // The thread is left alone: it ends with the picture, or with the program.
            Err(RecvTimeoutError::Timeout) => {
                self.left += 1;
                Err(ReaderError::TooLong)
            }
            Err(RecvTimeoutError::Disconnected) => Err(ReaderError::Stumbled),
        }
    }
}

/// A thread that reads pictures.
fn begin() -> Option<Worker> {
    let (pictures, taken) = channel::<Picture>();
    let (found, texts_of) = channel();
    let work = move || {
        while let Ok(picture) = taken.recv() {
            // What the decoder says when it stumbles is nothing for whoever reads the log: the picture is passed over.
            let read = std::panic::catch_unwind(|| texts(&picture));
            if read.map_or(true, |texts| found.send(texts).is_err()) {
                return;
            }
        }
    };
    std::thread::Builder::new().name("pictures".into()).spawn(work).ok()?;
    Some(Worker { pictures, texts: texts_of })
}

/// The texts of all symbols on a picture, however long that takes.
pub fn texts(picture: &Picture) -> Vec<String> {
    if picture.width() < SMALLEST || picture.height() < SMALLEST {
        return Vec::new();
    }
    let found = of_dark(picture);
    if found.is_empty() { of_dark(&picture.inverted()) } else { found }
}

/// The texts of symbols that are dark on light.
fn of_dark(picture: &Picture) -> Vec<String> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width(), picture.height(), |x, y| {
            picture.at(x, y)
        });
    prepared.detect_grids().iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_a_symbol_has_no_text() {
        let mut reader = Reader::default();
        for (width, height) in [(1, 1), (1, 5_000), (5_000, 20), (21, 21), (640, 480)] {
            for shade in [0, 127, 255] {
                let picture = Picture::of(width, height, vec![shade; width * height]).unwrap();
                assert_eq!(reader.read(picture), Ok(Vec::new()));
            }
        }
    }
}

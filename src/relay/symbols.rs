//! The texts of the QR symbols on a picture.
//!
//! The rules of this file:
//! - A picture that is not understood within [`LONGEST`] is passed over, and so is one that the decoder stumbles over: it works in
//!   a thread of its own. One that takes too long is left alone in it; after [`MOST_LEFT`] of them, and after [`MOST_STUMBLED`] in
//!   a row that were stumbled over, nothing more is read.
//! - What the decoder says when it stumbles is nothing for whoever reads the log: it is not printed, and nothing else that watches
//!   for panics hears of it.
//! - A screen may show light on dark: what has no symbol as it is, is looked at once more with black for white.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, Builder};
use std::time::Duration;

use thiserror::Error;

use super::picture::Picture;

/// How long a picture is looked at: a thousand times as long as a good one takes.
const LONGEST: Duration = Duration::from_secs(20);
/// How many pictures may be passed over for that.
const MOST_LEFT: usize = 3;
/// How many pictures in a row may be stumbled over: a camera that is not held still has a few.
const MOST_STUMBLED: usize = 200;
/// The shortest side of a picture with a symbol: one pixel a module.
const SMALLEST: usize = 21;
/// The name of the threads that look at pictures.
const NAME: &str = "pictures";

/// Reads symbols off pictures, within bounds of time.
#[derive(Debug, Default)]
pub struct Reader {
    worker: Option<Worker>,
    left: usize,
    stumbled: usize,
}

/// The thread that looks: pictures go in, texts come out, or that it stumbled.
#[derive(Debug)]
struct Worker {
    pictures: Sender<Picture>,
    texts: Receiver<Result<Vec<String>, ReaderError>>,
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
    #[error("{0}; nothing more is read")]
    Enough(Enough),
}

/// How many pictures were too many.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enough {
    /// Passed over for the time they took.
    #[error("{MOST_LEFT} pictures were not understood in time")]
    TooLong,
    /// One behind the other.
    #[error("the decoder stumbled over {MOST_STUMBLED} pictures in a row")]
    Stumbled,
}

impl Reader {
    /// The texts of all symbols on a picture.
    ///
    /// # Errors
    ///
    /// [`ReaderError`]; all but [`ReaderError::Enough`] are about this picture alone.
    pub fn read(&mut self, picture: Picture) -> Result<Vec<String>, ReaderError> {
        if self.left >= MOST_LEFT {
            return Err(ReaderError::Enough(Enough::TooLong));
        }
        if self.stumbled >= MOST_STUMBLED {
            return Err(ReaderError::Enough(Enough::Stumbled));
        }
        let read = self.look(picture);
        match read {
            Ok(_) => self.stumbled = 0,
            // The thread is left alone: it ends with the picture, or with the program.
            Err(ReaderError::TooLong) => self.left += 1,
            Err(_) => self.stumbled += 1,
        }
        read
    }

    /// Has a picture looked at; the thread is kept for the next one if it is done with this one.
    fn look(&mut self, picture: Picture) -> Result<Vec<String>, ReaderError> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => begin().ok_or(ReaderError::Stumbled)?,
        };
        worker.pictures.send(picture).map_err(|_| ReaderError::Stumbled)?;
        let read = worker.texts.recv_timeout(LONGEST).map_err(|error| match error {
            RecvTimeoutError::Timeout => ReaderError::TooLong,
            RecvTimeoutError::Disconnected => ReaderError::Stumbled,
        })?;
        self.worker = Some(worker);
        read
    }
}

/// A thread that reads pictures.
fn begin() -> Option<Worker> {
    hush();
    let (pictures, taken) = channel::<Picture>();
    let (found, texts_of) = channel();
    let work = move || {
        while let Ok(picture) = taken.recv() {
            let read = catch_unwind(|| texts(&picture)).map_err(|_| ReaderError::Stumbled);
            if found.send(read).is_err() {
                return;
            }
        }
    };
    Builder::new().name(NAME.into()).spawn(work).ok()?;
    Some(Worker { pictures, texts: texts_of })
}

/// Lets the panics of threads that look at pictures go unsaid; all others go where they went before.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(NAME) {
                next(panic);
            }
        }));
    });
}

/// The texts of all symbols on a picture, however long that takes.
fn texts(picture: &Picture) -> Vec<String> {
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

    /// A picture that the decoder stumbles over: a symbol with a few blocks painted over and rows taken out.
    fn hostile() -> Picture {
        picture(include_bytes!("../../fuzz/seeds/stumble.pgm"))
    }

    fn good() -> Picture {
        picture(include_bytes!("../../fuzz/seeds/symbol.pgm"))
    }

    fn picture(octets: &[u8]) -> Picture {
        super::super::picture::Pictures::of(octets).next_picture().unwrap().unwrap()
    }

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

    #[test]
    fn a_picture_that_the_decoder_stumbles_over_is_passed_over() {
        let mut reader = Reader::default();
        let text = reader.read(good()).unwrap();
        assert_eq!(text.len(), 1);
        for _ in 0..3 {
            assert_eq!(reader.read(hostile()), Err(ReaderError::Stumbled));
            assert_eq!(reader.read(good()), Ok(text.clone()));
        }
    }

    #[test]
    fn a_stream_of_nothing_but_hostile_pictures_ends() {
        let mut reader = Reader { stumbled: MOST_STUMBLED - 2, ..Reader::default() };
        assert_eq!(reader.read(hostile()), Err(ReaderError::Stumbled));
        assert_eq!(reader.read(hostile()), Err(ReaderError::Stumbled));
        let enough = ReaderError::Enough(Enough::Stumbled);
        assert_eq!(reader.read(good()), Err(enough));
        assert_eq!(
            enough.to_string(),
            "the decoder stumbled over 200 pictures in a row; nothing more is read"
        );
        // One that is understood between them, and they are not in a row.
        let mut reader = Reader { stumbled: MOST_STUMBLED - 1, ..Reader::default() };
        assert!(reader.read(good()).is_ok());
        assert_eq!(reader.read(hostile()), Err(ReaderError::Stumbled));
        assert!(reader.read(good()).is_ok());
    }

    #[test]
    fn after_three_pictures_that_took_too_long_nothing_more_is_read() {
        let mut reader = Reader { left: MOST_LEFT - 1, ..Reader::default() };
        assert!(reader.read(good()).is_ok());
        reader.left += 1;
        let enough = reader.read(good()).unwrap_err();
        assert_eq!(enough.to_string(), "3 pictures were not understood in time; nothing more is read");
    }
}

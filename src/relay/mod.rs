//! A log that goes from a screen to a camera: no cable, no medium, nobody to trust in between.
//!
//! What is shown is a sequence of QR symbols for each checkpoint (`docs/log-frames.md`). What is received is believed for the
//! log's signature alone: this folder carries, `intake` judges.
//!
//! - `base45`: octets as the 45 characters that a QR symbol packs best (RFC 9285).
//! - `frame`: the text of one symbol. `sequence`: what the frames of a checkpoint are together.
//! - `gather`: frames in any order, some twice, some missing, put together.
//! - `following`: a log's folder, watched while a ceremony writes it; nothing in it is locked or changed.
//! - `picture`, `png`, `symbols`: pictures, and the texts of the symbols on them (feature `pictures`).

mod base45;
mod following;
mod frame;
mod gather;
#[cfg(feature = "pictures")]
mod picture;
#[cfg(feature = "pictures")]
mod png;
mod sequence;
#[cfg(feature = "pictures")]
mod symbols;

pub use following::{Following, Head, News};
pub use frame::{Frame, FrameError, LogId, MOST_FRAMES, SequenceId, cut};
pub use gather::{Gatherer, Heard, Partial, in_words};
#[cfg(feature = "pictures")]
pub use picture::{MOST_PIXELS, Picture, PictureError, Pictures};
pub use sequence::{MOST_OCTETS, MOST_PACKED, Sequence, SequenceError};
#[cfg(feature = "pictures")]
pub use symbols::{Enough, Reader, ReaderError};

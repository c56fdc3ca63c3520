//! A document as PDF: fonts embedded, equal octets for an equal document, nothing of this machine or moment in it.

mod cell;
mod face;
mod layout;
mod write;

use thiserror::Error;

use super::document::Document;

/// What size the paper has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// 210 × 297 mm (ISO 216).
    A4,
    /// 8½ × 11 inches (ANSI A).
    Letter,
}

impl PageSize {
    /// In points.
    const fn width(self) -> f32 {
        match self {
            Self::A4 => 595.276,
            Self::Letter => 612.0,
        }
    }

    /// In points.
    const fn height(self) -> f32 {
        match self {
            Self::A4 => 841.89,
            Self::Letter => 792.0,
        }
    }
}

/// Why there is no PDF: a font of this program is not what it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PdfError {
    /// A font cannot be used.
    #[error("the font {name} cannot be used: {why}")]
    Font {
        /// Which.
        name: &'static str,
        /// Why.
        why: String,
    },
    /// A sheet without a place for its share.
    #[error("the sheet's template has no place for the share")]
    NoPlace,
}

/// The document's octets.
///
/// # Errors
///
/// [`PdfError`] if a font of this program cannot be used.
pub fn pdf(document: &Document, size: PageSize) -> Result<Vec<u8>, PdfError> {
    let faces = face::Faces::read()?;
    let pages = layout::pages(document, &faces, size);
    Ok(write::write(document, &pages, &faces, size, None)?.octets)
}

/// A PDF with a place for something else: what stands before and after its stream, and its left upper corner.
pub(in crate::paper) struct Frame {
    pub(in crate::paper) before: Vec<u8>,
    pub(in crate::paper) after: Vec<u8>,
    pub(in crate::paper) corner: (f32, f32),
}

/// The document with a reserved place whose stream has exactly so many octets.
///
/// # Errors
///
/// [`PdfError`] if a font cannot be used, or the document has no reserved place.
pub(in crate::paper) fn frame(document: &Document, size: PageSize, octets: usize) -> Result<Frame, PdfError> {
    let faces = face::Faces::read()?;
    let pages = layout::pages(document, &faces, size);
    let mut filler = FILLER.to_vec();
    filler.resize(octets, b'%');
    let written = write::write(document, &pages, &faces, size, Some(&filler))?;
    let corner = written.corner.ok_or(PdfError::NoPlace)?;
    let at = written.octets.windows(filler.len()).position(|window| window == filler);
    let (before, rest) = at.and_then(|at| written.octets.split_at_checked(at)).ok_or(PdfError::NoPlace)?;
    let after = rest.get(filler.len()..).unwrap_or_default();
    Ok(Frame { before: before.to_vec(), after: after.to_vec(), corner })
}

/// The number of a letter or digit of a share in the font that its page has.
pub(in crate::paper) fn letter_number(letter: u8) -> Option<u16> {
    let place = write::ALPHABET.bytes().position(|other| other == letter)?;
    u16::try_from(place + 1).ok()
}

/// How a stream begins that nothing was written into yet.
const FILLER: &[u8] = b"%rootrite: reserved";

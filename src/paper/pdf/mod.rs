//! A document as PDF: fonts embedded, equal octets for an equal document, nothing of this machine or moment in it.

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
}

/// The document's octets.
///
/// # Errors
///
/// [`PdfError`] if a font of this program cannot be used.
pub fn pdf(document: &Document, size: PageSize) -> Result<Vec<u8>, PdfError> {
    let faces = face::Faces::read()?;
    let pages = layout::pages(document, &faces, size);
    write::write(document, &pages, &faces, size)
}

//! The fonts of printed pages: which letters they have and how wide these are.

use ttf_parser::GlyphId;

use super::PdfError;

/// Which font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::paper) enum Style {
    /// Words.
    Words,
    /// Headings.
    Strong,
    /// Values: every letter as wide as any other, and none like another.
    Exact,
}

impl Style {
    /// All of them; a PDF names them by their place here.
    pub(super) const ALL: [Self; 3] = [Self::Words, Self::Strong, Self::Exact];

    /// Its name in a page's resources.
    pub(super) const fn resource(self) -> &'static [u8] {
        match self {
            Self::Words => b"W",
            Self::Strong => b"S",
            Self::Exact => b"E",
        }
    }

    /// Its name in the file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Words => "OpenSans",
            Self::Strong => "OpenSans-Semibold",
            Self::Exact => "JetBrainsMono-Regular",
        }
    }

    pub(super) const fn data(self) -> &'static [u8] {
        match self {
            Self::Words => include_bytes!("../../../templates/fonts/OpenSans-Regular.ttf"),
            Self::Strong => include_bytes!("../../../templates/fonts/OpenSans-Semibold.ttf"),
            Self::Exact => include_bytes!("../../../templates/fonts/JetBrainsMono-Regular.ttf"),
        }
    }
}

/// The fonts, read.
pub(super) struct Faces {
    words: ttf_parser::Face<'static>,
    strong: ttf_parser::Face<'static>,
    exact: ttf_parser::Face<'static>,
}

impl Faces {
    /// Reads the fonts of this program.
    pub(super) fn read() -> Result<Self, PdfError> {
        let read = |style: Style| {
            ttf_parser::Face::parse(style.data(), 0)
                .map_err(|error| PdfError::Font { name: style.name(), why: error.to_string() })
        };
        Ok(Self { words: read(Style::Words)?, strong: read(Style::Strong)?, exact: read(Style::Exact)? })
    }

    pub(super) const fn face(&self, style: Style) -> &ttf_parser::Face<'static> {
        match style {
            Style::Words => &self.words,
            Style::Strong => &self.strong,
            Style::Exact => &self.exact,
        }
    }

    /// Whether a font has a letter.
    pub(super) fn has(&self, style: Style, letter: char) -> bool {
        self.glyph(style, letter).is_some()
    }

    pub(super) fn glyph(&self, style: Style, letter: char) -> Option<GlyphId> {
        self.face(style).glyph_index(letter).filter(|glyph| glyph.0 != 0)
    }

    /// How wide a glyph is, in thousandths of the size.
    pub(super) fn thousandths(&self, style: Style, glyph: GlyphId) -> f32 {
        let face = self.face(style);
        let advance = face.glyph_hor_advance(glyph).unwrap_or_default();
        f32::from(advance) * 1000.0 / f32::from(face.units_per_em())
    }

    /// By how much two letters stand nearer together or further apart, in thousandths of the size.
    pub(super) fn kerning(&self, style: Style, left: GlyphId, right: GlyphId) -> f32 {
        if style == Style::Exact {
            return 0.0;
        }
        let face = self.face(style);
        let Some(kern) = face.tables().kern else { return 0.0 };
        let by = kern
            .subtables
            .into_iter()
            .filter(|table| table.horizontal && !table.variable && !table.has_state_machine)
            .find_map(|table| table.glyphs_kerning(left, right))
            .unwrap_or_default();
        f32::from(by) * 1000.0 / f32::from(face.units_per_em())
    }

    /// How wide a text is, in points.
    pub(super) fn width(&self, style: Style, size: f32, text: &str) -> f32 {
        let mut width = 0.0;
        let mut before = None;
        for glyph in text.chars().filter_map(|letter| self.glyph(style, letter)) {
            if let Some(before) = before {
                width += self.kerning(style, before, glyph);
            }
            width += self.thousandths(style, glyph);
            before = Some(glyph);
        }
        width * size / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_has_what_values_are_written_with_and_the_letters_of_a_value_are_as_wide_as_each_other() {
        let faces = Faces::read().unwrap();
        for style in Style::ALL {
            assert!((' '..='~').all(|letter| faces.has(style, letter)), "{style:?}");
            assert!(!faces.has(style, '\u{f0000}'));
        }
        let one = faces.width(Style::Exact, 10.0, "i");
        assert!(
            (' '..='~')
                .all(|letter| (faces.width(Style::Exact, 10.0, &letter.to_string()) - one).abs() < 0.001)
        );
        // Kerning brings letters together.
        let apart = faces.width(Style::Words, 10.0, "A") + faces.width(Style::Words, 10.0, "V");
        assert!(faces.width(Style::Words, 10.0, "AV") < apart);
    }
}

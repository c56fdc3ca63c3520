//! Pages as the objects of a PDF file (ISO 32000-1).

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use super::face::{Faces, Style};
use super::layout::{BOTTOM, Mark, SIDE, Strip, TOP};
use super::{PageSize, PdfError};
use crate::paper::document::{Document, spelled};
use crate::paper::qr::{MARGIN, Symbol};
use crate::paper::text::PRACTICE;

/// A file, and where its reserved place is.
pub(super) struct Written {
    pub(super) octets: Vec<u8>,
    /// The left upper corner of the reserved place, in the page's own measure.
    pub(super) corner: Option<(f32, f32)>,
}

/// The file of a document's pages. `secret` is what a reserved place's own stream is filled with: whoever has the secret writes it
/// over that, in a copy that is wiped.
pub(super) fn write(
    document: &Document,
    pages: &[Vec<Strip>],
    faces: &Faces,
    size: PageSize,
    secret: Option<&[u8]>,
) -> Result<Written, PdfError> {
    let mut letters = Letters::new(faces);
    if secret.is_some() {
        // Which letters are embedded says nothing of the secret, and each has its number by its place.
        for letter in ALPHABET.chars() {
            letters.number(Style::Exact, letter);
        }
    }
    let contents: Vec<Vec<u8>> = (1..)
        .zip(pages)
        .map(|(number, page)| content(document, page, (number, pages.len()), &mut letters, size))
        .collect();
    let mut pdf = Pdf::new();
    let mut next = Numbers(0);
    let (catalog, tree, information) = (next.next(), next.next(), next.next());
    let fonts: Vec<(Style, [Ref; 5])> =
        Style::ALL.into_iter().map(|style| (style, std::array::from_fn(|_| next.next()))).collect();
    let kids: Vec<(Ref, Ref)> = contents.iter().map(|_| (next.next(), next.next())).collect();
    let hidden = next.next();
    let corner = pages.iter().enumerate().find_map(|(place, page)| Some((place, reserved(page, size)?)));
    pdf.catalog(catalog).pages(tree).lang(TextStr("en-GB"));
    let title = format!("{}: {}", document.title, document.about);
    pdf.document_info(information).title(TextStr(&title)).producer(TextStr("rootrite"));
    let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(kids.iter().map(|(page, _)| *page)).count(count);
    for (place, ((page, stream), content)) in kids.iter().zip(&contents).enumerate() {
        let mut page = pdf.page(*page);
        page.media_box(Rect::new(0.0, 0.0, size.width(), size.height())).parent(tree);
        if secret.is_some() && corner.is_some_and(|(on, _)| on == place) {
            page.contents_array([*stream, hidden]);
        } else {
            page.contents(*stream);
        }
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for (style, [font, ..]) in &fonts {
            named.pair(Name(style.resource()), font);
        }
        named.finish();
        resources.finish();
        page.finish();
        pdf.stream(*stream, &compress_to_vec_zlib(content, 9)).filter(Filter::FlateDecode);
    }
    for (style, places) in &fonts {
        embed(&mut pdf, *style, *places, &letters)?;
    }
    if let Some(secret) = secret {
        pdf.stream(hidden, secret);
    }
    Ok(Written { octets: pdf.finish(), corner: corner.map(|(_, corner)| corner) })
}

/// Where a page's reserved place begins.
fn reserved(page: &[Strip], size: PageSize) -> Option<(f32, f32)> {
    let mut top = TOP;
    for strip in page {
        if strip.marks.iter().any(|mark| matches!(mark, Mark::Reserved { .. })) {
            return Some((SIDE, size.height() - top));
        }
        top += strip.height;
    }
    None
}

/// The letters of every share, in the order of their numbers in the embedded font, from 1.
pub(super) const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Numbers of objects.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// The letters that were used of each font, and their numbers in the part of it that is embedded.
struct Letters<'f> {
    faces: &'f Faces,
    used: BTreeMap<Style, (GlyphRemapper, BTreeMap<u16, char>)>,
}

impl<'f> Letters<'f> {
    fn new(faces: &'f Faces) -> Self {
        let used = Style::ALL.into_iter().map(|style| (style, (GlyphRemapper::new(), BTreeMap::new())));
        Self { faces, used: used.collect() }
    }

    /// The number of a letter.
    fn number(&mut self, style: Style, letter: char) -> Option<u16> {
        let glyph = self.faces.glyph(style, letter)?;
        let (numbers, letters) = self.used.get_mut(&style)?;
        let number = numbers.remap(glyph.0);
        letters.insert(number, letter);
        Some(number)
    }
}

/// A page's content: what is on each, then its strips.
fn content(
    document: &Document,
    page: &[Strip],
    (number, count): (usize, usize),
    letters: &mut Letters<'_>,
    size: PageSize,
) -> Vec<u8> {
    let mut content = Content::new();
    let mut drawing = Drawing { content: &mut content, letters, size };
    drawing.around(document, number, count);
    let mut top = TOP;
    for strip in page {
        for mark in &strip.marks {
            drawing.mark(mark, top);
        }
        top += strip.height;
    }
    content.finish().to_vec()
}

struct Drawing<'d, 'f> {
    content: &'d mut Content,
    letters: &'d mut Letters<'f>,
    size: PageSize,
}

impl Drawing<'_, '_> {
    /// Head and foot.
    fn around(&mut self, document: &Document, number: usize, count: usize) {
        let width = self.size.width() - 2.0 * SIDE;
        if document.practice {
            self.mark(&Mark::Fill { x: 0.0, y: 28.0, width, height: 15.0, grey: 0.15 }, 0.0);
            let at = (width - self.letters.faces.width(Style::Strong, 8.5, PRACTICE)) / 2.0;
            self.text((at, 38.5), (Style::Strong, 8.5), 1.0, PRACTICE);
        }
        let foot = self.size.height() - BOTTOM + 22.0;
        self.mark(&Mark::Fill { x: 0.0, y: foot, width, height: 0.4, grey: 0.5 }, 0.0);
        let about = format!("{} · {}", document.title, document.about);
        let about = spelled(&about, |letter| self.letters.faces.has(Style::Words, letter));
        self.text((0.0, foot + 12.0), (Style::Words, 7.5), 0.25, &about);
        let place = format!("page {number} of {count}");
        let at = width - self.letters.faces.width(Style::Words, 7.5, &place);
        self.text((at, foot + 12.0), (Style::Words, 7.5), 0.25, &place);
        if document.initialled {
            self.text((width * 0.56, foot + 12.0), (Style::Words, 7.5), 0.25, "witness's initials");
            self.mark(
                &Mark::Fill { x: width * 0.56 + 60.0, y: foot + 13.0, width: 70.0, height: 0.4, grey: 0.3 },
                0.0,
            );
        }
    }

    fn mark(&mut self, mark: &Mark, top: f32) {
        match mark {
            Mark::Text { x, y, style, size, grey, text } => {
                self.text((*x, top + y), (*style, *size), *grey, text);
            }
            Mark::Fill { x, y, width, height, grey } => {
                self.content.set_fill_gray(*grey);
                let bottom = self.size.height() - top - y - height;
                self.content.rect(SIDE + x, bottom, *width, *height).fill_nonzero();
            }
            Mark::Reserved { height } => {
                let width = self.size.width() - 2.0 * SIDE;
                for (y, tall) in [(0.0, 0.8), (*height, 0.8)] {
                    self.mark(&Mark::Fill { x: 0.0, y, width, height: tall, grey: 0.0 }, top);
                }
            }
            Mark::Qr { x, y, side, symbol } => {
                self.content.set_fill_gray(0.0);
                let bottom = self.size.height() - top - y - side;
                for (left, low, wide, high) in bars(symbol, *side) {
                    self.content.rect(SIDE + x + left, bottom + low, wide, high);
                }
                self.content.fill_nonzero();
            }
        }
    }

    fn text(&mut self, (x, y): (f32, f32), (style, size): (Style, f32), grey: f32, text: &str) {
        self.content.set_fill_gray(grey).begin_text();
        self.content.set_font(Name(style.resource()), size).next_line(SIDE + x, self.size.height() - y);
        let mut positioned = self.content.show_positioned();
        let mut items = positioned.items();
        let mut shown: Vec<u8> = Vec::new();
        let mut before = None;
        for letter in text.chars() {
            let (Some(number), Some(glyph)) =
                (self.letters.number(style, letter), self.letters.faces.glyph(style, letter))
            else {
                continue;
            };
            let by = before.map_or(0.0, |before| self.letters.faces.kerning(style, before, glyph));
            if by != 0.0 {
                items.show(Str(&shown)).adjust(-by);
                shown.clear();
            }
            shown.extend(number.to_be_bytes());
            before = Some(glyph);
        }
        items.show(Str(&shown));
        items.finish();
        positioned.finish();
        self.content.end_text();
    }
}

/// The dark modules of a symbol as rectangles from its lower left corner: runs of a row, so that no light line parts them.
fn bars(symbol: &Symbol, side: f32) -> Vec<(f32, f32, f32, f32)> {
    let points = |modules: usize| f32::from(u16::try_from(modules).unwrap_or(u16::MAX));
    let module = side / points(symbol.side() + 2 * MARGIN);
    let mut bars = Vec::new();
    for y in 0..symbol.side() {
        let mut x = 0;
        while x < symbol.side() {
            let run = (x..symbol.side()).take_while(|at| symbol.is_dark(*at, y)).count();
            if run > 0 {
                let low = side - module * points(MARGIN + y + 1);
                // A little higher than a module: two rows leave no seam.
                bars.push((module * points(MARGIN + x), low, module * points(run), module * 1.02));
            }
            x += run.max(1);
        }
    }
    bars
}

/// Embeds the part of a font that was used.
fn embed(pdf: &mut Pdf, style: Style, places: [Ref; 5], letters: &Letters<'_>) -> Result<(), PdfError> {
    let [font, descendant, descriptor, unicode, data] = places;
    let Some((numbers, used)) = letters.used.get(&style) else { return Ok(()) };
    let wrong = |why: String| PdfError::Font { name: style.name(), why };
    let part = subsetter::subset(style.data(), 0, numbers).map_err(|error| wrong(error.to_string()))?;
    // A part of a font is marked as one by six letters; ours says nothing of what is in it.
    let name = format!("RRPART+{}", style.name());
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
    pdf.type0_font(font)
        .base_font(Name(name.as_bytes()))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(unicode);
    let face = letters.faces.face(style);
    let scaled = |value: i16| f32::from(value) * 1000.0 / f32::from(face.units_per_em());
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2).base_font(Name(name.as_bytes())).system_info(system);
    cid.font_descriptor(descriptor).default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let widths =
        numbers.remapped_gids().map(|old| letters.faces.thousandths(style, ttf_parser::GlyphId(old)));
    cid.widths().consecutive(0, widths);
    cid.finish();
    let bounds = face.global_bounding_box();
    let (low, high) = (Rect::new, scaled(face.capital_height().unwrap_or(face.ascender())));
    let flags = if style == Style::Exact {
        FontFlags::SYMBOLIC | FontFlags::FIXED_PITCH
    } else {
        FontFlags::SYMBOLIC
    };
    pdf.font_descriptor(descriptor)
        .name(Name(name.as_bytes()))
        .flags(flags)
        .bbox(low(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max)))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(high)
        .stem_v(80.0)
        .font_file2(data);
    let mut map = UnicodeCmap::new(Name(b"rootrite"), system);
    for (number, letter) in used {
        map.pair(*number, *letter);
    }
    pdf.stream(unicode, &compress_to_vec_zlib(&map.finish(), 9)).filter(Filter::FlateDecode);
    let length = i32::try_from(part.len()).unwrap_or(i32::MAX);
    let packed = compress_to_vec_zlib(&part, 9);
    pdf.stream(data, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
    Ok(())
}

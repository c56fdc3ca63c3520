//! Where everything stands: blocks become strips of a known height, and strips become pages.

use std::rc::Rc;

use super::PageSize;
use super::cell::{Lines, Run, lines as cell_lines, pieces, width as width_of};
use super::face::{Faces, Style};
use crate::paper::document::{Blank, Block, Cell, Document, Kind, Span, Table, Value, parted_names, spelled};
use crate::paper::qr::{MARGIN, Symbol};

/// Something that is drawn; x from the left edge of the text, y down from the top of its strip, in points.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A text on its base line.
    Text { x: f32, y: f32, style: Style, size: f32, grey: f32, text: String },
    /// A filled rectangle.
    Fill { x: f32, y: f32, width: f32, height: f32, grey: f32 },
    /// A QR symbol with sides of this length.
    Qr { x: f32, y: f32, side: f32, symbol: Rc<Symbol> },
    /// A place of this height for what is not in the document.
    Reserved { height: f32 },
}

/// A part of a page from edge to edge.
#[derive(Clone, Debug, Default)]
pub(super) struct Strip {
    pub(super) height: f32,
    pub(super) marks: Vec<Mark>,
    /// It does not end a page: the next one stands below it.
    glued: bool,
    /// A page ends before it.
    breaks: bool,
    /// What is repeated above it at the beginning of a page: a table's head.
    head: Option<Rc<Strip>>,
}

/// The strips of each page.
pub(super) fn pages(document: &Document, faces: &Faces, size: PageSize) -> Vec<Vec<Strip>> {
    let mut maker = Maker { faces, width: size.width() - 2.0 * SIDE, strips: Vec::new() };
    maker.blocks(&document.blocks);
    parted(maker.strips, size.height() - TOP - BOTTOM)
}

/// Parts strips into pages of a height.
fn parted(strips: Vec<Strip>, room: f32) -> Vec<Vec<Strip>> {
    let mut pages: Vec<Vec<Strip>> = Vec::new();
    let mut page: Vec<Strip> = Vec::new();
    let mut used = 0.0;
    let mut rest = strips.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut run = vec![first];
        while run.last().is_some_and(|strip| strip.glued)
            && let Some(next) = rest.next()
        {
            run.push(next);
        }
        let height: f32 = run.iter().map(|strip| strip.height).sum();
        let breaks = run.first().is_some_and(|strip| strip.breaks);
        if !page.is_empty() && (breaks || used + height > room && height <= room) {
            pages.push(std::mem::take(&mut page));
            used = 0.0;
        }
        for strip in run {
            if !page.is_empty() && used + strip.height > room {
                pages.push(std::mem::take(&mut page));
                used = 0.0;
            }
            if page.is_empty()
                && let Some(head) = &strip.head
            {
                used += head.height;
                page.push(Strip::clone(head));
            }
            // A gap at the top of a page is none.
            if page.is_empty() && strip.marks.is_empty() {
                continue;
            }
            used += strip.height;
            page.push(strip);
        }
    }
    if !page.is_empty() {
        pages.push(page);
    }
    pages
}

/// Makes strips of blocks.
struct Maker<'f> {
    faces: &'f Faces,
    width: f32,
    strips: Vec<Strip>,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) style: Style,
    pub(super) size: f32,
    pub(super) lead: f32,
}

/// A cell's lines and how far they stand apart; nothing where somebody writes.
type SetCell = Option<(f32, Lines)>;

impl Maker<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        for (place, block) in blocks.iter().enumerate() {
            let from = self.strips.len();
            self.block(block);
            // What stands before a table says what it is.
            let says_more = matches!(block, Block::Paragraph(_) | Block::Item(_));
            if says_more && matches!(blocks.get(place + 1), Some(Block::Table(_) | Block::Item(_))) {
                self.glue(from);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, spans) => self.heading(*level, spans),
            Block::Paragraph(spans) => {
                self.set(spans, 0.0, BODY);
                self.gap(5.0);
            }
            Block::Item(spans) => self.item(spans),
            Block::Compare(name, value) => self.compare(name, value),
            Block::Table(table) => self.table(table),
            Block::Blanks(blanks) => self.blanks(blanks),
            Block::Qr(caption, content) => self.qr(caption, content),
            Block::Keep(blocks) => self.keep(blocks),
            Block::Lines(count) => {
                for _ in 0..*count {
                    let line = Mark::Fill { x: 0.0, y: 23.5, width: self.width, height: 0.5, grey: 0.45 };
                    self.strips.push(Strip { height: 24.0, marks: vec![line], ..Strip::default() });
                }
                self.gap(6.0);
            }
            Block::Reserved(height) => {
                let height = f32::from(*height);
                self.gap(5.0);
                self.strips.push(Strip {
                    height: height + 10.0,
                    marks: vec![Mark::Reserved { height }],
                    ..Strip::default()
                });
            }
            Block::PageBreak => self.strips.push(Strip { breaks: true, ..Strip::default() }),
        }
    }

    fn gap(&mut self, height: f32) {
        self.strips.push(Strip { height, ..Strip::default() });
    }

    fn glue(&mut self, from: usize) {
        self.strips.iter_mut().skip(from).for_each(|strip| strip.glued = true);
    }

    fn heading(&mut self, level: u8, spans: &[Span]) {
        let (size, before, after) = match level {
            0 => (24.0, 10.0, 8.0),
            1 => (15.0, 14.0, 5.0),
            2 => (11.5, 9.0, 3.0),
            _ => (10.0, 2.0, 1.0),
        };
        self.gap(before);
        let from = self.strips.len();
        self.set(spans, 0.0, Setting { style: Style::Strong, size, lead: size * 1.3 });
        if level == 1 {
            let rule = Mark::Fill { x: 0.0, y: 1.0, width: self.width, height: 0.8, grey: 0.0 };
            self.strips.push(Strip { height: 3.0, marks: vec![rule], ..Strip::default() });
        }
        self.gap(after);
        self.glue(from);
    }

    fn item(&mut self, spans: &[Span]) {
        let from = self.strips.len();
        self.set(spans, 12.0, BODY);
        if let Some(strip) = self.strips.get_mut(from) {
            strip.marks.push(text(2.0, BODY.size, BODY, "•"));
        }
        self.gap(2.0);
    }

    /// Words and values in lines, parted where there is a space.
    fn set(&mut self, spans: &[Span], indent: f32, setting: Setting) {
        let room = self.width - indent;
        let mut lines: Vec<(Vec<Mark>, f32)> = vec![(Vec::new(), 0.0)];
        for (words, style, size) in spans.iter().flat_map(|span| looks(span, setting)) {
            let words = spelled(&words, |letter| self.faces.has(style, letter));
            let space = self.faces.width(style, size, " ");
            for (place, word) in words.split(' ').enumerate() {
                if place > 0
                    && let Some((_, used)) = lines.last_mut()
                {
                    *used += space;
                }
                for piece in pieces(self.faces, style, size, word, room) {
                    let width = self.faces.width(style, size, &piece);
                    let begun =
                        lines.last().is_some_and(|(marks, used)| !marks.is_empty() && used + width > room);
                    if begun {
                        lines.push((Vec::new(), 0.0));
                    }
                    let Some((marks, used)) = lines.last_mut() else { continue };
                    if piece.is_empty() {
                        continue;
                    }
                    if marks.is_empty() {
                        *used = 0.0;
                    }
                    let (x, y) = (indent + *used, setting.lead * 0.78);
                    marks.push(Mark::Text { x, y, style, size, grey: 0.0, text: piece });
                    *used += width;
                }
            }
        }
        for (marks, _) in lines {
            self.strips.push(Strip { height: setting.lead, marks, ..Strip::default() });
        }
    }

    fn compare(&mut self, name: &str, value: &Value) {
        let from = self.strips.len();
        match value.kind() {
            Kind::Exact(exact) => {
                for line in self.lines(exact, EXACT, self.width - NAMES) {
                    let mark = text(NAMES, 10.0, EXACT, &line);
                    self.strips.push(Strip { height: 13.0, marks: vec![mark], ..Strip::default() });
                }
            }
            Kind::Hex(digest) => {
                let digits = digest.to_string();
                let (first, second) = digits.split_at_checked(32).unwrap_or((&digits, ""));
                for (place, half) in [first, second].into_iter().enumerate() {
                    let mut marks = Vec::new();
                    let mut x = NAMES;
                    for group in groups(half, 8) {
                        marks.push(text(x, 10.5, DIGITS, &group));
                        x += self.faces.width(DIGITS.style, DIGITS.size, &group) + 7.0;
                    }
                    let height = if place == 0 { 13.0 } else { 15.0 };
                    self.strips.push(Strip { height, marks, ..Strip::default() });
                }
            }
            Kind::Words(digest) => self.words(&digest.words()),
        }
        if let Some(strip) = self.strips.get_mut(from) {
            let name = spelled(name, |letter| self.faces.has(Style::Words, letter));
            strip.marks.push(Mark::Text {
                x: 0.0,
                y: 10.0,
                style: Style::Words,
                size: 8.5,
                grey: 0.3,
                text: name,
            });
        }
        if value.line().len() > 64 {
            self.gap(2.0);
        }
    }

    /// Numbered words, four a line.
    fn words(&mut self, words: &str) {
        let numbered: Vec<(usize, &str)> = (1..).zip(words.split(' ')).collect();
        let column = (self.width - NAMES) / 4.0;
        let from = self.strips.len();
        for line in numbered.chunks(4) {
            let mut marks = Vec::new();
            let mut x = NAMES;
            for (number, word) in line {
                let number = number.to_string();
                let grey = Setting { style: Style::Words, size: 6.5, lead: 0.0 };
                let left = x + 9.0 - self.faces.width(grey.style, grey.size, &number);
                marks.push(Mark::Text {
                    x: left,
                    y: 10.0,
                    style: grey.style,
                    size: grey.size,
                    grey: 0.4,
                    text: number,
                });
                marks.push(text(x + 13.0, 10.0, EXACT, word));
                x += column;
            }
            self.strips.push(Strip { height: 13.0, marks, ..Strip::default() });
        }
        let last = self.strips.len().saturating_sub(1);
        self.strips.iter_mut().take(last).skip(from).for_each(|strip| strip.glued = true);
    }

    fn table(&mut self, table: &Table) {
        // The room above a table goes with its head: a heading over it would stay alone at the foot of a page.
        let above = self.strips.len();
        self.gap(3.0);
        self.glue(above);
        let shares: f32 = table.columns.iter().map(|(_, share)| f32::from(*share)).sum();
        let room =
            self.width - COLUMN_GAP * f32::from(u16::try_from(table.columns.len().max(1) - 1).unwrap_or(0));
        let widths: Vec<f32> =
            table.columns.iter().map(|(_, share)| room * f32::from(*share) / shares.max(1.0)).collect();
        let names: Vec<Cell> = table.columns.iter().map(|(name, _)| Cell::Text(name.clone())).collect();
        let strong = Setting { style: Style::Strong, ..CELL };
        let mut head = self.row(&names, &widths, strong).into_iter().next().unwrap_or_default();
        if let Some(Mark::Fill { height, grey, .. }) = head.marks.last_mut() {
            (*height, *grey) = (0.8, 0.0);
        }
        head.glued = true;
        let repeated = Rc::new(head.clone());
        self.strips.push(head);
        for (place, row) in table.rows.iter().enumerate() {
            for (part, mut strip) in self.row(row, &widths, CELL).into_iter().enumerate() {
                strip.head = (place > 0 || part > 0).then(|| Rc::clone(&repeated));
                self.strips.push(strip);
            }
        }
        self.gap(8.0);
    }

    /// A row. One that is very tall is in parts, between which a page may end; its line stands below the last.
    fn row(&self, cells: &[Cell], widths: &[f32], words: Setting) -> Vec<Strip> {
        let set = |(cell, width): (&Cell, &f32)| match cell {
            Cell::Text(said) => Some((words.lead, cell_lines(self.faces, said, words, CELL_EXACT, *width))),
            Cell::Value(value) => {
                let whole = |text: String| vec![Run { setting: CELL_EXACT, text }];
                let lines = self.lines(&value.line(), CELL_EXACT, *width);
                Some((CELL_EXACT.lead, lines.into_iter().map(whole).collect()))
            }
            Cell::Blank => None,
        };
        let cells: Vec<SetCell> = cells.iter().zip(widths).map(set).collect();
        let tallest = cells.iter().flatten().map(|(_, lines)| lines.len()).max().unwrap_or_default();
        let most = if tallest > MOST_LINES { LINES_OF_PART } else { MOST_LINES };
        let begins = (0..tallest.max(1)).step_by(most);
        begins.map(|from| self.part_of_row(&cells, widths, from, most, from + most >= tallest)).collect()
    }

    /// Some lines of a row.
    fn part_of_row(&self, cells: &[SetCell], widths: &[f32], from: usize, most: usize, ends: bool) -> Strip {
        let mut marks = Vec::new();
        let mut x = 0.0;
        let mut height: f32 = 0.0;
        for (cell, width) in cells.iter().zip(widths) {
            if let Some((lead, lines)) = cell {
                let mut y = if from == 0 { 3.0 } else { 0.0 };
                for line in lines.iter().skip(from).take(most) {
                    let mut along = x;
                    for run in line {
                        marks.push(text(along, y + lead * 0.78, run.setting, &run.text));
                        along += width_of(self.faces, run);
                    }
                    y += lead;
                }
                height = height.max(if ends { y + 3.0 } else { y });
            } else {
                // A hand needs more room than a font.
                height = height.max(22.0);
            }
            x += width + COLUMN_GAP;
        }
        if ends {
            marks.push(Mark::Fill { x: 0.0, y: height - 0.4, width: self.width, height: 0.4, grey: 0.6 });
        }
        Strip { height, marks, ..Strip::default() }
    }

    fn lines(&self, said: &str, setting: Setting, room: f32) -> Vec<String> {
        let said = spelled(said, |letter| self.faces.has(setting.style, letter));
        let mut lines = vec![String::new()];
        for word in said.split(' ') {
            for (place, piece) in
                pieces(self.faces, setting.style, setting.size, word, room).into_iter().enumerate()
            {
                let Some(line) = lines.last_mut() else { continue };
                let longer = if line.is_empty() { piece.clone() } else { format!("{line} {piece}") };
                if place == 0 && self.faces.width(setting.style, setting.size, &longer) <= room {
                    *line = longer;
                } else if line.is_empty() {
                    *line = piece;
                } else {
                    lines.push(piece);
                }
            }
        }
        lines
    }

    fn blanks(&mut self, blanks: &[Blank]) {
        let shares: f32 = blanks.iter().map(|blank| f32::from(blank.share)).sum();
        let gaps = BLANK_GAP * f32::from(u16::try_from(blanks.len().max(1) - 1).unwrap_or(0));
        let widths: Vec<f32> = blanks
            .iter()
            .map(|blank| (self.width - gaps) * f32::from(blank.share) / shares.max(1.0))
            .collect();
        let said: Vec<Vec<String>> = blanks
            .iter()
            .zip(&widths)
            .map(|(blank, width)| {
                blank.said.as_deref().map(|said| self.lines(said, CELL_EXACT, *width)).unwrap_or_default()
            })
            .collect();
        let tallest = said.iter().map(Vec::len).max().unwrap_or_default().max(1) - 1;
        let extra = CELL_EXACT.lead * f32::from(u16::try_from(tallest).unwrap_or(u16::MAX));
        let base = 19.0 + extra;
        let what = Setting { style: Style::Words, size: 6.5, lead: 0.0 };
        let mut marks = Vec::new();
        let mut x = 0.0;
        for ((blank, width), lines) in blanks.iter().zip(&widths).zip(&said) {
            let mut up = 3.0;
            for line in lines.iter().rev() {
                marks.push(text(x, base - up, CELL_EXACT, line));
                up += CELL_EXACT.lead;
            }
            marks.push(Mark::Fill { x, y: base, width: *width, height: 0.5, grey: 0.35 });
            let name = spelled(&blank.what, |letter| self.faces.has(Style::Words, letter));
            marks.push(text(x, base + 8.0, what, &name));
            x += width + BLANK_GAP;
        }
        self.strips.push(Strip { height: 32.0 + extra, marks, ..Strip::default() });
    }

    fn qr(&mut self, caption: &str, content: &str) {
        // What is too long for a symbol stands beside it in full anyway.
        let Ok(symbol) = Symbol::of(content) else { return };
        let around = u16::try_from(symbol.side() + 2 * MARGIN).unwrap_or(u16::MAX);
        let side = (f32::from(around) * 1.9).min(self.width);
        let mut marks = vec![Mark::Qr { x: NAMES, y: 0.0, side, symbol: Rc::new(symbol) }];
        let small = Setting { style: Style::Words, size: 8.5, lead: 11.0 };
        for (place, line) in self.lines(caption, small, NAMES - 10.0).into_iter().enumerate() {
            let down = f32::from(u16::try_from(place).unwrap_or(u16::MAX)) * 11.0;
            let mark = Mark::Text {
                x: 0.0,
                y: 14.0 + down,
                style: small.style,
                size: small.size,
                grey: 0.3,
                text: line,
            };
            marks.push(mark);
        }
        self.strips.push(Strip { height: side + 4.0, marks, ..Strip::default() });
    }

    fn keep(&mut self, blocks: &[Block]) {
        let from = self.strips.len();
        self.blocks(blocks);
        let last = self.strips.len().saturating_sub(1);
        for (place, strip) in self.strips.iter_mut().enumerate().skip(from) {
            strip.glued = place != last;
            let height = strip.height;
            strip.marks.push(Mark::Fill { x: -9.0, y: 0.0, width: 2.0, height, grey: 0.78 });
        }
        self.gap(9.0);
    }
}

/// What a span says, and how each part of it is set: a name between back-ticks as a value, without them.
fn looks(span: &Span, setting: Setting) -> Vec<(String, Style, f32)> {
    // The fixed width looks larger.
    let exact = setting.size * 0.92;
    match span {
        Span::Text(words) => parted_names(words)
            .into_iter()
            .map(|(is_name, part)| {
                let (style, size) =
                    if is_name { (Style::Exact, exact) } else { (setting.style, setting.size) };
                (part.to_owned(), style, size)
            })
            .collect(),
        Span::Value(value) => vec![(value.line(), Style::Exact, exact)],
    }
}

fn groups(text: &str, count: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(count).map(|group| group.iter().collect()).collect()
}

fn text(x: f32, y: f32, setting: Setting, text: &str) -> Mark {
    Mark::Text { x, y, style: setting.style, size: setting.size, grey: 0.0, text: text.to_owned() }
}

/// Left and right of the text.
pub(super) const SIDE: f32 = 54.0;
/// Above the text.
pub(super) const TOP: f32 = 58.0;
/// Below it.
pub(super) const BOTTOM: f32 = 64.0;
/// How wide the names of values are.
const NAMES: f32 = 112.0;
/// Between blanks.
const BLANK_GAP: f32 = 10.0;
/// Lines of a row that stays whole.
const MOST_LINES: usize = 40;
/// Lines of each part of a longer one.
const LINES_OF_PART: usize = 10;
/// Between the columns of a table.
const COLUMN_GAP: f32 = 8.0;

const BODY: Setting = Setting { style: Style::Words, size: 9.5, lead: 13.5 };
const EXACT: Setting = Setting { style: Style::Exact, size: 8.7, lead: 12.0 };
const DIGITS: Setting = Setting { style: Style::Exact, size: 9.6, lead: 13.0 };
const CELL: Setting = Setting { style: Style::Words, size: 8.5, lead: 11.5 };
const CELL_EXACT: Setting = Setting { style: Style::Exact, size: 7.6, lead: 10.5 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_taller_than_a_page_goes_on_on_the_next_and_loses_no_word() {
        let words: Vec<String> = (0..3_000).map(|number| format!("word{number}")).collect();
        let rows = vec![
            vec![Cell::Text("1".into()), Cell::Text(words.join(" "))],
            vec![Cell::Text("2".into()), Cell::Blank],
        ];
        let table = Table { columns: vec![("no".into(), 1), ("what".into(), 2)], rows };
        let faces = Faces::read().unwrap();
        for size in [PageSize::A4, PageSize::Letter] {
            let mut maker = Maker { faces: &faces, width: size.width() - 2.0 * SIDE, strips: Vec::new() };
            maker.keep(&[Block::Table(table.clone())]);
            let room = size.height() - TOP - BOTTOM;
            let pages = parted(maker.strips, room);
            assert!(pages.len() > 2, "{}", pages.len());
            let mut drawn = String::new();
            for page in &pages {
                let used: f32 = page.iter().map(|strip| strip.height).sum();
                assert!(used <= room, "{used} of {room}");
                let mut up = 0.0;
                for strip in page {
                    for mark in &strip.marks {
                        if let Mark::Text { y, text, .. } = mark {
                            assert!(up + y <= room, "{text}");
                            drawn.push_str(text);
                            drawn.push(' ');
                        }
                    }
                    up += strip.height;
                }
            }
            let drawn: Vec<&str> = drawn.split(' ').filter(|word| word.starts_with("word")).collect();
            assert_eq!(drawn, words);
        }
    }

    #[test]
    fn a_heading_over_a_table_stands_on_the_tables_page() {
        let faces = Faces::read().unwrap();
        let words = |said: &str| vec![Span::Text(said.to_owned())];
        let row = vec![Cell::Text("cell".into())];
        let table = Table { columns: vec![("column".into(), 1)], rows: vec![row; 3] };
        // However much of the page is taken before it.
        for taken in 0..80 {
            let mut maker = Maker { faces: &faces, width: 400.0, strips: Vec::new() };
            let before = (0..taken).map(|_| Block::Paragraph(words("before")));
            let blocks = before.chain([Block::Heading(2, words("heading")), Block::Table(table.clone())]);
            maker.blocks(&blocks.collect::<Vec<_>>());
            for page in parted(maker.strips, 700.0) {
                let marks = page.iter().rev().flat_map(|strip| strip.marks.iter().rev());
                let mut texts = marks.filter_map(|mark| match mark {
                    Mark::Text { text, .. } => Some(text.as_str()),
                    _ => None,
                });
                assert_ne!(texts.next(), Some("heading"), "{taken}");
            }
        }
    }
}

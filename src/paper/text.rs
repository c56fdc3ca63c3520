//! A document as plain text of 80 columns: for a screen, a line printer, `diff` and `grep`.

use super::document::{Blank, Block, Cell, Document, Kind, Span, Table, Value, spelled};
use super::qr::Symbol;

/// Columns of a page.
pub const COLUMNS: usize = 80;

/// The document; pages end with a form feed.
pub fn text(document: &Document) -> String {
    let mut page = Page { text: String::new(), indent: 0 };
    if document.practice {
        page.line(PRACTICE);
        page.gap();
    }
    page.blocks(&document.blocks);
    page.text
}

/// What is on every page of practice.
pub const PRACTICE: &str = "PRACTICE: nothing here is of a production ceremony";

/// Where a place is reserved: a character that no text has, because it would be spelled.
pub(super) const RESERVED: char = '\u{f0002}';

/// What is written so far.
struct Page {
    text: String,
    indent: usize,
}

impl Page {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, spans) => self.heading(*level, &plain(spans)),
            Block::Paragraph(spans) => {
                self.wrapped(&plain(spans), "", "");
                self.gap();
            }
            Block::Item(spans) => self.wrapped(&plain(spans), "- ", "  "),
            Block::Compare(name, value) => self.compare(name, value),
            Block::Table(table) => self.table(table),
            Block::Blanks(blanks) => self.blanks(blanks),
            Block::Qr(caption, content) => self.qr(caption, content),
            Block::Keep(blocks) => {
                self.blocks(blocks);
                self.gap();
            }
            Block::Lines(count) => {
                for _ in 0..*count {
                    self.line("");
                    self.line(&"_".repeat(COLUMNS - self.indent));
                }
                self.gap();
            }
            Block::Reserved(_) => {
                self.gap();
                self.text.push(RESERVED);
                self.gap();
            }
            Block::PageBreak => self.text.push('\u{c}'),
        }
    }

    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', self.indent));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// One empty line, not two.
    fn gap(&mut self) {
        if !self.text.ends_with("\n\n") && !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        self.gap();
        let under = match level {
            0 | 1 => "=",
            2 => "-",
            _ => "",
        };
        for line in wrap(text, COLUMNS - self.indent) {
            let width = width(&line);
            self.line(&line);
            if !under.is_empty() {
                self.line(&under.repeat(width));
            }
        }
        if level < 3 {
            self.gap();
        }
    }

    fn wrapped(&mut self, text: &str, first: &str, further: &str) {
        let room = COLUMNS - self.indent - width(first);
        for (place, line) in wrap(text, room).into_iter().enumerate() {
            let before = if place == 0 { first } else { further };
            self.line(&format!("{before}{line}"));
        }
    }

    fn compare(&mut self, name: &str, value: &Value) {
        match value.kind() {
            Kind::Exact(text) => {
                let text = spelled(text, |_| true);
                if width(name) + 2 + width(&text) <= COLUMNS - self.indent {
                    self.line(&format!("{name}: {text}"));
                } else {
                    self.line(&format!("{name}:"));
                    for line in pieces(&text, COLUMNS - self.indent - 4) {
                        self.line(&format!("    {line}"));
                    }
                }
            }
            Kind::Hex(digest) => {
                self.line(&format!("{name}:"));
                self.line(&format!("    {digest}"));
            }
            Kind::Words(digest) => {
                self.line(&format!("{name}:"));
                for line in numbered_words(&digest.words()) {
                    self.line(&format!("    {line}"));
                }
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let widths = widths(table, COLUMNS - self.indent);
        if is_cramped(table, &widths) {
            return self.stacked(table);
        }
        let head: Vec<Vec<String>> =
            table.columns.iter().zip(&widths).map(|((name, _), width)| wrap(name, *width)).collect();
        self.row(&head, &widths);
        let rule: Vec<Vec<String>> = widths.iter().map(|width| vec!["-".repeat(*width)]).collect();
        self.row(&rule, &widths);
        for row in &table.rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| lines_of(cell, *width)).collect();
            self.row(&cells, &widths);
        }
        self.gap();
    }

    /// A table whose last column has lines of its own, below the others.
    fn stacked(&mut self, table: &Table) {
        let room = COLUMNS - self.indent;
        let count = table.columns.len().saturating_sub(1);
        let longest = |place: usize| {
            let cells = table.rows.iter().filter_map(|row| row.get(place)).map(|cell| width(&said(cell)));
            cells.max().unwrap_or_default().max(table.columns.get(place).map_or(0, |(name, _)| width(name)))
        };
        let widths: Vec<usize> = (0..count).map(|place| longest(place).min(room / 2)).collect();
        let names: Vec<Vec<String>> =
            table.columns.iter().zip(&widths).map(|((name, _), width)| wrap(name, *width)).collect();
        self.row(&names, &widths);
        if let Some((name, _)) = table.columns.last() {
            self.line(&format!("    {name}"));
        }
        self.line(&"-".repeat(room));
        for row in &table.rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| lines_of(cell, *width)).collect();
            self.row(&cells, &widths);
            for line in row.last().map(|cell| lines_of(cell, room - 4)).unwrap_or_default() {
                if !line.is_empty() {
                    self.line(&format!("    {line}"));
                }
            }
        }
        self.gap();
    }

    fn row(&mut self, cells: &[Vec<String>], widths: &[usize]) {
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for place in 0..height {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                let part = cell.get(place).map_or("", String::as_str);
                line.push_str(part);
                line.extend(std::iter::repeat_n(' ', (width + GAP).saturating_sub(self::width(part))));
            }
            self.line(line.trim_end());
        }
    }

    fn blanks(&mut self, blanks: &[Blank]) {
        let shares: usize = blanks.iter().map(|blank| usize::from(blank.share)).sum();
        let room = COLUMNS - self.indent;
        let mut line = String::new();
        let mut used = 0;
        for blank in blanks {
            let share = room * usize::from(blank.share) / shares.max(1);
            let what = format!("{} ", blank.what);
            let said = match &blank.said {
                Some(said) => spelled(said, |_| true),
                None => "_".repeat(share.saturating_sub(width(&what) + 1).max(3)),
            };
            let part = format!("{what}{said} ");
            if used > 0 && used + width(&part) > room + 1 {
                self.line(line.trim_end());
                line.clear();
                used = 0;
            }
            used += width(&part);
            line.push_str(&part);
        }
        for line in wrap(line.trim_end(), room) {
            self.line(&line);
        }
    }

    fn qr(&mut self, caption: &str, content: &str) {
        // A text that is too long for a symbol stands beside it in full anyway.
        if let Ok(symbol) = Symbol::of(content) {
            self.line(caption);
            for line in symbol.lines().lines() {
                self.line(line);
            }
        }
    }
}

/// 32 numbered words, four a line, read from left to right.
pub(super) fn numbered_words(words: &str) -> Vec<String> {
    let words: Vec<String> = words
        .split(' ')
        .zip(1..)
        .map(|(word, number): (&str, usize)| format!("{number:>2} {word:<14}"))
        .collect();
    words.chunks(4).map(|line| line.concat().trim_end().to_owned()).collect()
}

/// The widths of a table's columns.
fn widths(table: &Table, room: usize) -> Vec<usize> {
    let shares: usize = table.columns.iter().map(|(_, share)| usize::from(*share)).sum();
    let room = room.saturating_sub(GAP * table.columns.len().saturating_sub(1));
    let each = |(_, share): &(String, u8)| (room * usize::from(*share) / shares.max(1)).max(1);
    table.columns.iter().map(each).collect()
}

/// What a cell says.
fn said(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => spelled(text, |_| true),
        Cell::Value(value) => spelled(&value.line(), |_| true),
        Cell::Blank => String::new(),
    }
}

/// A cell's lines: whole words, unless blank space in a value counts.
fn lines_of(cell: &Cell, room: usize) -> Vec<String> {
    let said = said(cell);
    match cell {
        Cell::Blank => vec!["_".repeat(room)],
        Cell::Value(_) if said.contains("  ") => pieces(&said, room),
        _ => wrap(&said, room),
    }
}

/// Whether words would be parted that could stand whole if the last column had lines of its own.
fn is_cramped(table: &Table, widths: &[usize]) -> bool {
    let parted = |row: &Vec<Cell>| {
        row.iter().zip(widths).any(|(cell, room)| said(cell).split(' ').any(|word| width(word) > *room))
    };
    let forms = table.rows.iter().flatten().any(|cell| matches!(cell, Cell::Blank));
    !forms && table.rows.iter().any(parted)
}

fn plain(spans: &[Span]) -> String {
    let parts = spans.iter().map(|span| match span {
        Span::Text(text) => spelled(text, |_| true),
        Span::Value(value) => spelled(&value.line(), |_| true),
    });
    parts.collect()
}

/// Lines of whole words; a word that is longer than a line is parted.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for (place, piece) in pieces(word, room).into_iter().enumerate() {
            let fits = width(&line) + 1 + width(&piece) <= room;
            if line.is_empty() {
                line = piece;
            } else if place == 0 && fits {
                line.push(' ');
                line.push_str(&piece);
            } else {
                lines.push(std::mem::replace(&mut line, piece));
            }
        }
    }
    lines.push(line);
    lines
}

/// A text in pieces of so many columns.
fn pieces(text: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for character in text.chars() {
        if width(&piece) >= room.max(1) {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(character);
    }
    pieces.push(piece);
    pieces
}

/// Columns of a text: one for each character, which wide scripts exceed.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// Columns between columns.
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn no_line_is_longer_than_80_columns() {
        let long = "x".repeat(200);
        let blocks = vec![
            Block::heading(1, format!("A title {long}")),
            Block::Compare("a name".into(), Value::exact(long.clone())),
            Block::Compare("in words".into(), Value::words(Digest::of(b""))),
            Block::Compare("in hex".into(), Value::hex(Digest::of(b""))),
            Block::Table(Table {
                columns: vec![("one".into(), 1), ("two".into(), 3)],
                rows: vec![vec![Cell::text(long.clone()), Cell::exact(long)]],
            }),
            Block::Blanks(vec![
                Blank::empty("Initials", 1),
                Blank::empty("Time (UTC)", 1),
                Blank::empty("Comment", 3),
            ]),
        ];
        let document =
            Document { title: "t".into(), about: "a".into(), practice: true, initialled: false, blocks };
        let text = text(&document);
        assert!(text.lines().all(|line| width(line) <= COLUMNS), "{text}");
        assert!(text.starts_with(PRACTICE) && text.contains(&Digest::of(b"").to_string()));
        // Nothing of a value is lost.
        assert_eq!(text.matches('x').count(), 200 * 4 + 1);
    }

    #[test]
    fn words_are_numbered_and_read_from_left_to_right() {
        let lines = numbered_words(&Digest::of(b"").words());
        assert_eq!(lines.len(), 8);
        assert!(lines[0].starts_with(" 1 ") && lines[7].contains("32 "), "{lines:?}");
    }
}

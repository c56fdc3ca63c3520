//! What stands on a screen to be read: texts and fields, wrapped to any width. Nothing is cut, and nothing is left out.

use ratatui::text::Span;

use super::text::one_line;
use crate::stage::Line;

/// How something is to be seen. On a terminal without colour all but `Plain` and `Faint` differ by weight only, so that no
/// meaning depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As any text.
    #[default]
    Plain,
    /// As a heading.
    Strong,
    /// As what is there to be looked up.
    Faint,
    /// As what is well.
    Good,
    /// As what somebody has to look at.
    Look,
    /// As what is wrong, or cannot be undone.
    Bad,
}

/// A row of a document at a width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<(Tone, String)>);

impl Row {
    /// A row of one tone.
    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self(vec![(tone, text.into())])
    }

    /// The row as a text.
    #[cfg(test)]
    pub fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Texts and fields in their order.
#[derive(Clone, Debug, Default)]
pub struct Document(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text { tone: Tone, indent: usize, text: String },
    Marked { tone: Tone, mark: char, text: String },
    Field(Line),
    Space,
    Break,
}

/// A document at a width.
#[derive(Clone, Debug, Default)]
pub struct Laid {
    /// Its rows.
    pub rows: Vec<Row>,
    /// The rows at which something new begins, which is read from its beginning.
    breaks: Vec<usize>,
}

impl Laid {
    /// How far a window of so many rows is moved at most.
    pub fn last(&self, window: usize) -> usize {
        if self.rows.len() <= window {
            return 0;
        }
        let last = self.rows.len() - window;
        self.breaks.last().map_or(last, |begin| last.max(*begin))
    }

    /// Where the window goes from a row to read on: a page further, but never past the beginning of something new.
    pub fn next(&self, from: usize, window: usize) -> usize {
        let page = from + window.saturating_sub(1).max(1);
        let begin = self.breaks.iter().find(|begin| from < **begin && **begin <= page);
        begin.copied().unwrap_or(page).min(self.last(window))
    }
}

impl Document {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a text.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) -> &mut Self {
        self.0.push(Part::Text { tone, indent: 0, text: text.into() });
        self
    }

    /// Adds a text that stands back by some columns.
    pub fn aside(&mut self, tone: Tone, indent: usize, text: impl Into<String>) -> &mut Self {
        self.0.push(Part::Text { tone, indent, text: text.into() });
        self
    }

    /// Adds a text behind a mark, which is a blank for most of a list.
    pub fn marked(&mut self, tone: Tone, mark: char, text: impl Into<String>) -> &mut Self {
        self.0.push(Part::Marked { tone, mark, text: text.into() });
        self
    }

    /// Adds a field.
    pub fn field(&mut self, line: &Line) -> &mut Self {
        self.0.push(Part::Field(line.clone()));
        self
    }

    /// Adds a field that has a name and a value only.
    pub fn pair(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.0.push(Part::Field(Line::new(name, value)));
        self
    }

    /// Adds fields.
    pub fn fields(&mut self, lines: &[Line]) -> &mut Self {
        self.0.extend(lines.iter().cloned().map(Part::Field));
        self
    }

    /// What follows is read from its beginning: a page does not begin above it and end below.
    pub fn page(&mut self) -> &mut Self {
        if !self.0.is_empty() {
            self.space();
            self.0.push(Part::Break);
        }
        self
    }

    /// Adds another document.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.0.extend(other.0);
        self
    }

    /// Adds an empty row, unless there is one or nothing before it.
    pub fn space(&mut self) -> &mut Self {
        if !matches!(self.0.last(), None | Some(Part::Space | Part::Break)) {
            self.0.push(Part::Space);
        }
        self
    }

    /// The rows at a width.
    pub fn lay(&self, width: usize) -> Laid {
        let width = width.max(SMALLEST);
        let (mut rows, mut breaks) = (Vec::new(), Vec::new());
        for part in &self.0 {
            match part {
                Part::Space => rows.push(Row::default()),
                Part::Break => breaks.push(rows.len()),
                Part::Text { tone, indent, text } => {
                    for line in wrapped(&one_line(text), width.saturating_sub(*indent)) {
                        rows.push(Row::of(*tone, format!("{:indent$}{line}", "")));
                    }
                }
                Part::Marked { tone, mark, text } => {
                    let marks = [*mark].into_iter().chain(std::iter::repeat(' '));
                    for (line, mark) in
                        wrapped(&one_line(text), width.saturating_sub(VALUE)).iter().zip(marks)
                    {
                        rows.push(Row::of(*tone, format!("  {mark} {line}")));
                    }
                }
                Part::Field(line) => field(line, width, &mut rows),
            }
        }
        Laid { rows, breaks }
    }
}

/// A field: on one row if it fits, else its value below its name. What the plan has otherwise is marked with a star.
fn field(line: &Line, width: usize, rows: &mut Vec<Row>) {
    let (name, value) = (one_line(&line.name), for_reading(&one_line(&line.value)));
    let (tone, mark) = if line.planned.is_some() { (Tone::Look, "* ") } else { (Tone::Plain, "  ") };
    let head = format!("{mark}{name}:");
    if width_of(&head) + 1 + width_of(&value) <= width {
        rows.push(Row(vec![(Tone::Faint, format!("{head} ")), (tone, value)]));
    } else {
        let names = wrapped(&format!("{name}:"), width.saturating_sub(mark.len()));
        let names = names.into_iter().zip([mark].into_iter().chain(std::iter::repeat("  ")));
        rows.extend(names.map(|(name, mark)| Row::of(Tone::Faint, format!("{mark}{name}"))));
        let lines = wrapped(&value, width.saturating_sub(VALUE));
        rows.extend(lines.into_iter().map(|text| Row::of(tone, format!("{:VALUE$}{text}", ""))));
    }
    if let Some(planned) = &line.planned {
        let text = format!("the plan has {} here", one_line(planned));
        let lines = wrapped(&text, width.saturating_sub(VALUE));
        rows.extend(lines.into_iter().map(|text| Row::of(Tone::Faint, format!("{:VALUE$}{text}", ""))));
    }
}

/// Every digest of a text in groups of eight, so that two people can read it to each other; anything else as it is.
pub fn for_reading(text: &str) -> String {
    text.split(' ').map(grouped).collect::<Vec<_>>().join(" ")
}

/// A word in groups, if it is a digest, with what stands right behind it.
fn grouped(word: &str) -> String {
    let digest = word.trim_end_matches([',', ';']);
    let is_digest = DIGESTS.contains(&digest.len()) && digest.bytes().all(|octet| octet.is_ascii_hexdigit());
    if !is_digest {
        return word.to_owned();
    }
    // What follows is shorter than a group, and stays at the last one.
    let (groups, behind) = (digest.as_bytes().chunks(GROUP), word.strip_prefix(digest).unwrap_or_default());
    format!("{}{behind}", groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "))
}

/// A text in lines no wider than `width`: broken at blanks, and within a word only where it is wider than a whole line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if width_of(&line) + gap + width_of(word) <= width {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            let mut octets = [0; 4];
            if width_of(&line) + width_of(character.encode_utf8(&mut octets)) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

/// Columns that a text takes on a terminal.
pub fn width_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// The first columns of a text; what does not fit shows as `~`.
pub fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for character in text.chars() {
        let mut octets = [0; 4];
        if width_of(&cut) + width_of(character.encode_utf8(&mut octets)) >= width {
            break;
        }
        cut.push(character);
    }
    cut.push('~');
    cut
}

/// Columns that a value stands back below its name.
const VALUE: usize = 4;
/// Columns that a document has at least.
const SMALLEST: usize = 16;
/// Hex digits in a group.
const GROUP: usize = 8;
/// Hex digits of SHA-1, SHA-256, SHA-384 and SHA-512.
const DIGESTS: [usize; 4] = [40, 64, 96, 128];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_digest_is_read_in_groups_and_nothing_else_is() {
        assert_eq!(for_reading(&"ab".repeat(20)), "abababab abababab abababab abababab abababab");
        assert_eq!(for_reading("abababababababab"), "abababababababab");
        assert_eq!(for_reading(&"xy".repeat(32)), "xy".repeat(32));
        let groups = ["abababab"; 5].join(" ");
        assert_eq!(
            for_reading(&format!("by key {}; not {}", "ab".repeat(20), "a".repeat(41))),
            format!("by key {groups}; not {}", "a".repeat(41))
        );
    }

    #[test]
    fn what_is_new_today_is_marked_and_the_plan_is_beside_it() {
        let mut document = Document::new();
        document.field(&Line::new("serial number", "0c01").beside_plan(Some("<serial>")));
        document.field(&Line::new("version", "3").beside_plan(Some("3")));
        let rows: Vec<String> = document.lay(40).rows.iter().map(Row::text).collect();
        assert_eq!(rows, ["* serial number: 0c01", "    the plan has <serial> here", "  version: 3"]);
    }

    #[test]
    fn a_page_ends_where_something_new_begins() {
        let mut document = Document::new();
        (0..20).for_each(|row| {
            document.say(Tone::Plain, format!("told {row}"));
        });
        document.page();
        (0..5).for_each(|row| {
            document.say(Tone::Plain, format!("asked {row}"));
        });
        let laid = document.lay(40);
        let mut rows = vec![0];
        while let Some(row) = rows.last().copied().filter(|row| *row < laid.last(10)) {
            rows.push(laid.next(row, 10));
        }
        assert_eq!(rows, [0, 9, 18, 21]);
        assert_eq!(laid.rows.get(21).map(Row::text).as_deref(), Some("asked 0"));
        assert_eq!(laid.last(26), 0);
    }

    #[test]
    fn a_name_that_is_longer_than_its_row_keeps_its_mark() {
        let mut document = Document::new();
        document.field(&Line::new("a name of words", "v".repeat(30)).beside_plan(Some("<v>")));
        let rows: Vec<String> = document.lay(17).rows.iter().map(Row::text).collect();
        assert_eq!(rows.first().map(String::as_str), Some("* a name of"));
        assert_eq!(rows.get(1).map(String::as_str), Some("  words:"));
    }

    #[test]
    fn nothing_that_others_say_steers_the_terminal() {
        let mut document = Document::new();
        document.say(Tone::Plain, "a\u{1b}[2Jb").field(&Line::new("\u{202e}n", "v\u{7}"));
        let text: String = document.lay(80).rows.iter().map(Row::text).collect();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text:?}");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_and_nothing_is_lost(text in "[ a-zéß\u{4e00}-\u{4e20}]{0,200}", width in 2_usize..60) {
            let lines = wrapped(&text, width);
            for line in &lines {
                prop_assert!(width_of(line) <= width, "{line:?}");
            }
            let without_blanks = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_blanks(&lines.concat()), without_blanks(&text));
        }
    }
}

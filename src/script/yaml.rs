//! Strict YAML: octets to a tree in which every key and value knows its place.
//!
//! The rules of this file:
//! - One document of lists, maps and text; what a text means is the reader's to say, never YAML's.
//! - What people overlook is refused: anchors, aliases, merge keys, tags, directives, duplicate keys, tabs,
//!   hidden characters, unquoted text over several lines.
//! - Everything that can still be read is read, so that all problems are reported at once.
//! - Octets, depth and nodes are bounded before they cost memory or time.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use zeroize::Zeroize as _;

use super::problem::{Place, Problems, Source, is_hidden, shown};

/// The most octets a file may have.
pub const MOST_OCTETS: usize = 1024 * 1024;
/// The most lists and maps inside each other.
pub const MOST_DEPTH: usize = 16;
/// The most keys and values in a file.
pub const MOST_NODES: usize = 10_000;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What stands there.
    pub value: Value,
}

impl Node {
    /// Wipes every text in it: it may have held a PIN. The tree is as deep as the reader lets it be.
    pub(super) fn wipe(&mut self) {
        match &mut self.value {
            Value::Scalar { text, .. } => text.zeroize(),
            Value::List(nodes) => nodes.iter_mut().for_each(Self::wipe),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.wipe()),
            Value::Refused => {}
        }
    }
}

/// What can stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, as it is meant after quotes and escapes.
    Scalar {
        /// The text; empty and unquoted where nothing stands.
        text: String,
        /// Whether it stands in quotes or in a block.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file; no key twice.
    Map(Vec<Entry>),
    /// Something that was refused with a problem of its own; nothing more is to be said of it.
    Refused,
}

/// A key, its place, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

/// Reads one file. The tree is there as far as it could be read; it is good only if there is no problem.
pub fn read(file: &str, octets: &[u8]) -> (Option<Node>, Problems) {
    if octets.len() > MOST_OCTETS {
        let mut problems = Problems::new(Source::new(file, ""));
        let message = format!("the file has {} octets; at most {MOST_OCTETS} are read", octets.len());
        problems.add(Place::START, message);
        return (None, problems);
    }
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => return (None, not_utf8(file, octets, error.valid_up_to())),
    };
    let mut problems = Problems::new(Source::new(file, text));
    let text = clean(text, &mut problems);
    let root = Reader::new(&text, &mut problems).read();
    (root, problems)
}

fn not_utf8(file: &str, octets: &[u8], good: usize) -> Problems {
    let text = String::from_utf8_lossy(octets);
    let before = String::from_utf8_lossy(octets.get(..good).unwrap_or_default());
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let found = octets.get(good).copied().unwrap_or_default();
    let mut problems = Problems::new(Source::new(file, &text));
    problems.add_with_hint(
        Place { line, column },
        format!("the octet {found:#04x} is not UTF-8; nothing of the file was read"),
        "save the file as UTF-8",
    );
    problems
}

/// Refuses what no text may hold, once per kind and line, and gives the rest in a form that can still be read.
fn clean<'t>(text: &'t str, problems: &mut Problems) -> Cow<'t, str> {
    let (marked, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if marked {
        problems.add_with_hint(
            Place::START,
            "the file begins with a byte order mark",
            "save the file as UTF-8 without BOM",
        );
    }
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut line_ends = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let line = line.strip_suffix('\r').filter(|_| !end.is_empty()).map_or(line, |line| {
            line_ends += 1;
            if line_ends == 1 {
                problems.add_with_hint(
                    Place { line: number, column: line.chars().count() + 1 },
                    "the line ends in CR LF; wanted LF alone, here and in every line",
                    "save the file with Unix line ends",
                );
            }
            line
        });
        refuse_hidden(line, number, usize::from(marked && number == 1), problems);
        cleaned.extend(line.chars().map(|character| if is_hidden(character) { ' ' } else { character }));
        cleaned.push_str(end);
    }
    Cow::Owned(cleaned)
}

fn refuse_hidden(line: &str, number: usize, offset: usize, problems: &mut Problems) {
    let mut tab = false;
    let mut hidden = false;
    for (index, character) in line.chars().enumerate() {
        let place = Place { line: number, column: index + 1 + offset };
        if character == '\t' && !tab {
            tab = true;
            problems.add_with_hint(
                place,
                "there is a tab; wanted spaces",
                "two spaces for each step inwards",
            );
        } else if character != '\t' && is_hidden(character) && !hidden {
            hidden = true;
            problems.add(place, hidden_message(character));
        }
    }
}

fn hidden_message(character: char) -> String {
    format!("the character U+{:04X} is not seen by a reader; no file may hold it", u32::from(character))
}

/// A list or map that is being read.
enum Frame {
    List {
        place: Place,
        items: Vec<Node>,
    },
    Map {
        place: Place,
        entries: Vec<Entry>,
        seen: HashMap<String, Place>,
        /// The key whose value comes next; no text if the key was refused.
        pending: Option<(Option<String>, Place)>,
    },
}

struct Reader<'t, 'p> {
    lines: Vec<&'t str>,
    /// Up to where a line was read: its number, octets and characters.
    reached: (usize, usize, usize),
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    problems: &'p mut Problems,
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    over: bool,
}

impl<'t, 'p> Reader<'t, 'p> {
    fn new(text: &'t str, problems: &'p mut Problems) -> Self {
        Self {
            lines: text.lines().collect(),
            reached: (0, 0, 0),
            parser: Parser::new_from_str(text),
            problems,
            stack: Vec::new(),
            root: None,
            nodes: 0,
            documents: 0,
            over: false,
        }
    }

    fn read(mut self) -> Option<Node> {
        while !self.over {
            match self.parser.next_event() {
                None => break,
                Some(Ok((event, span))) => self.take(event, span),
                Some(Err(error)) => {
                    let marker = error.marker();
                    let place = Place { line: marker.line(), column: marker.col() + 1 };
                    let message = format!("the YAML cannot be read: {}", shown(error.info()));
                    self.stop(place, &message);
                }
            }
        }
        if self.root.is_none() && self.problems.is_empty() {
            self.problems.add(Place::START, "the file is empty");
        }
        self.root
    }

    fn take(&mut self, event: Event<'t>, span: Span) {
        let place = place(span);
        match event {
            Event::DocumentStart(_) => self.document(place),
            Event::Scalar(text, style, anchor, tag) => {
                let marked = self.refuse_marks(anchor, tag.as_deref(), place);
                self.scalar(text.into_owned(), style, span, marked);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.as_deref(), place);
                self.open(Frame::List { place, items: Vec::new() }, place);
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.as_deref(), place);
                let (entries, seen) = (Vec::new(), HashMap::new());
                self.open(Frame::Map { place, entries, seen, pending: None }, place);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => {
                self.problems.add(place, "there is an alias (`*`); write the value out");
                self.complete(Node { place, value: Value::Refused });
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    /// The first document is read, a second one refused; `%` lines before the first are directives.
    fn document(&mut self, place: Place) {
        self.documents += 1;
        if self.documents > 1 {
            self.stop(place, "a second document begins; a file is one document");
            return;
        }
        for (index, line) in self.lines.iter().enumerate().take(place.line) {
            if line.starts_with('%') {
                let place = Place { line: index + 1, column: 1 };
                self.problems.add(place, "there is a directive (`%`); wanted none");
            }
        }
    }

    /// Refuses an anchor and a tag. Says whether there was one.
    fn refuse_marks(&mut self, anchor: usize, tag: Option<&Tag>, place: Place) -> bool {
        if anchor != 0 {
            self.problems.add(place, "there is an anchor (`&`); write the value out where it is needed");
        }
        if tag.is_some() {
            self.problems.add(place, "there is a tag (`!`); wanted none");
        }
        anchor != 0 || tag.is_some()
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Span, refused: bool) {
        let place = place(span);
        let quoted = style != ScalarStyle::Plain;
        let before = self.problems.len();
        if let Some(hidden) = text.chars().find(|character| *character != '\n' && is_hidden(*character)) {
            self.problems.add(place, hidden_message(hidden));
        }
        if !quoted && !refused && !text.is_empty() {
            self.plain(&text, span);
        }
        let good = !refused && self.problems.len() == before;
        let value = if good { Value::Scalar { text, quoted } } else { Value::Refused };
        self.complete(Node { place, value });
    }

    /// Unquoted text ends where its line ends, and a comment after it begins with a space on both sides.
    fn plain(&mut self, text: &str, span: Span) {
        let place = place(span);
        let rest = self.rest_of_line(place.line, span.start.col());
        let Some(after) = rest.strip_prefix(text) else {
            self.problems.add_with_hint(
                place,
                "unquoted text goes on in the next line",
                "write it in one line, or in quotes",
            );
            return;
        };
        let comment = after.trim_start();
        if after.len() > comment.len()
            && comment.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && !rest.starts_with([' ', '#']))
        {
            let column = place.column + rest.chars().count() - comment.chars().count();
            self.problems.add_with_hint(
                Place { line: place.line, column },
                "a comment begins here, and what follows would be ignored",
                "put the text before it in quotes with it, or write a space after `#`",
            );
        }
    }

    /// A line from a column on, both counted in characters, the column from 0. A line is gone through once, however many
    /// values stand in it: they come in order.
    fn rest_of_line(&mut self, number: usize, column: usize) -> &'t str {
        let line = self.lines.get(number.saturating_sub(1)).copied().unwrap_or_default();
        let (reached, before) = match self.reached {
            (same, reached, before) if same == number && before <= column => (reached, before),
            _ => (0, 0),
        };
        let rest = line.get(reached..).unwrap_or_default();
        let octets = rest.char_indices().nth(column - before).map_or(rest.len(), |(octets, _)| octets);
        self.reached = (number, reached + octets, column);
        rest.get(octets..).unwrap_or_default()
    }

    fn open(&mut self, frame: Frame, place: Place) {
        if self.stack.len() == MOST_DEPTH {
            let message = format!("there are more than {MOST_DEPTH} lists and maps inside each other");
            self.stop(place, &message);
        } else if self.count(place) {
            self.stack.push(frame);
        }
    }

    fn close(&mut self) {
        let node = match self.stack.pop() {
            Some(Frame::List { place, items }) => Node { place, value: Value::List(items) },
            Some(Frame::Map { place, entries, .. }) => Node { place, value: Value::Map(entries) },
            None => return,
        };
        self.put(node);
    }

    fn complete(&mut self, node: Node) {
        if self.count(node.place) {
            self.put(node);
        }
    }

    /// Puts a whole node where it belongs: into the list, the map or the file that is being read.
    fn put(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, pending, .. }) => match pending.take() {
                Some((Some(key), place)) => entries.push(Entry { key, place, node }),
                Some((None, _)) => {}
                None => {
                    let place = node.place;
                    let key = self.key(node);
                    if let Some(Frame::Map { pending, .. }) = self.stack.last_mut() {
                        *pending = Some((key, place));
                    }
                }
            },
        }
    }

    /// The text of a key, if it is a good one.
    fn key(&mut self, node: Node) -> Option<String> {
        let place = node.place;
        let Value::Scalar { text, quoted } = node.value else {
            if node.value != Value::Refused {
                self.problems.add(place, "a key is a list or a map; wanted text");
            }
            return None;
        };
        if text.is_empty() {
            self.problems.add(place, "a key is empty");
            return None;
        }
        if text == "<<" && !quoted {
            self.problems.add(place, "there is a merge key (`<<`); write the keys out");
            return None;
        }
        if self.after_question_mark(place) {
            self.problems.add(place, "there is a complex key (`?`); wanted `key: value`");
            return None;
        }
        let Some(Frame::Map { seen, .. }) = self.stack.last_mut() else { return None };
        if let Some(first) = seen.get(&text) {
            let message = format!("the key `{}` stands here for the second time", shown(&text));
            self.problems.add_with_hint(place, message, format!("the first one is in line {}", first.line));
            return None;
        }
        seen.insert(text.clone(), place);
        Some(text)
    }

    fn after_question_mark(&mut self, place: Place) -> bool {
        let rest = self.rest_of_line(place.line, place.column.saturating_sub(1));
        let line = self.lines.get(place.line.saturating_sub(1)).copied().unwrap_or_default();
        let before = line.strip_suffix(rest).unwrap_or_default();
        let Some(before) = before.trim_end().strip_suffix('?') else { return false };
        before.is_empty() || before.ends_with([' ', '{', '['])
    }

    /// Counts a node. Says whether there is room for it.
    fn count(&mut self, place: Place) -> bool {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("there are more than {MOST_NODES} keys and values");
            self.stop(place, &message);
            return false;
        }
        true
    }

    /// Nothing after this is known, so nothing after it is reported.
    fn stop(&mut self, place: Place, message: &str) {
        self.over = true;
        self.root = None;
        self.problems.add(place, format!("{message}; nothing from here on was read"));
    }
}

fn place(span: Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(text: &[u8]) -> Vec<String> {
        let (_, problems) = read("t", text);
        problems
            .sorted()
            .into_iter()
            .map(|problem| format!("{}: {}", problem.place, problem.message))
            .collect()
    }

    #[test]
    fn many_values_in_one_long_line_are_read_in_one_go() {
        // As much as is read at all. A reader that began anew at each value would need minutes.
        let entries: Vec<_> = (0..4_900).map(|number| format!("k{number}: {}", "ü".repeat(90))).collect();
        let text = format!("{{{}}}\n", entries.join(", "));
        let (node, problems) = read("t", text.as_bytes());
        assert!(problems.is_empty(), "{:?}", problems.messages());
        let Some(Node { value: Value::Map(read), .. }) = node else { panic!("no map") };
        assert_eq!(read.len(), 4_900);
    }

    /// A tree as one line, each part with its place.
    fn tree(node: &Node) -> String {
        let text = match &node.value {
            Value::Scalar { text, quoted } => format!("{text:?}{}", if *quoted { "q" } else { "" }),
            Value::List(items) => format!("[{}]", items.iter().map(tree).collect::<Vec<_>>().join(" ")),
            Value::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| format!("{}@{}={}", entry.key, entry.place, tree(&entry.node)))
                    .collect();
                format!("{{{}}}", entries.join(" "))
            }
            Value::Refused => "refused".to_owned(),
        };
        format!("{text}@{}", node.place)
    }

    fn good(text: &str) -> String {
        let (node, problems) = read("t", text.as_bytes());
        tree(&problems.or(node).unwrap())
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = "---\n# é\na: [é, 'x y', {b: \"c\\n\"}]\nd:\n  - e: |\n      f\n  -\n  - g # h\n...\n";
        assert_eq!(
            good(text),
            "{a@3:1=[\"é\"@3:5 \"x y\"q@3:8 {b@3:16=\"c\\n\"q@3:19}@3:15]@3:4 \
             d@4:1=[{e@5:5=\"f\\n\"q@6:7}@5:5 \"\"@7:4 \"g\"@8:5]@5:3}@3:1"
        );
    }

    #[test]
    fn what_yaml_would_interpret_stays_text() {
        assert_eq!(
            good("[no, 1.10, 0777, 1e3, ~, .inf]"),
            r#"["no"@1:2 "1.10"@1:6 "0777"@1:12 "1e3"@1:18 "~"@1:23 ".inf"@1:26]@1:1"#
        );
    }

    #[test]
    fn what_people_overlook_is_refused() {
        let cases: [(&str, &[&str]); 22] = [
            ("", &["1:1: the file is empty"]),
            ("# nothing\n", &["1:1: the file is empty"]),
            (
                "a: 1\n---\nb: 2\n",
                &["2:1: a second document begins; a file is one document; nothing from here on was read"],
            ),
            ("a: &x 1\nb: 2\n", &["1:4: there is an anchor (`&`); write the value out where it is needed"]),
            (
                "a: &x [1]\nb: *x\n",
                &[
                    "1:4: there is an anchor (`&`); write the value out where it is needed",
                    "2:4: there is an alias (`*`); write the value out",
                ],
            ),
            ("a: {<<: {b: 1}}\n", &["1:5: there is a merge key (`<<`); write the keys out"]),
            ("a: !!str 1\n", &["1:4: there is a tag (`!`); wanted none"]),
            ("a: !x [1]\n", &["1:4: there is a tag (`!`); wanted none"]),
            ("%YAML 1.2\n---\na: 1\n", &["1:1: there is a directive (`%`); wanted none"]),
            ("a:\t1\t\n", &["1:3: there is a tab; wanted spaces"]),
            ("a: \"x\ty\"\n", &["1:6: there is a tab; wanted spaces"]),
            ("a: 1\nb: 2\na: 3\n", &["3:1: the key `a` stands here for the second time"]),
            ("a: {b: 1, 'b': 2}\n", &["1:11: the key `b` stands here for the second time"]),
            ("[a]: 1\n", &["1:1: a key is a list or a map; wanted text"]),
            ("{{a: b}: 1}\n", &["1:2: a key is a list or a map; wanted text"]),
            ("? a\n: b\n", &["1:3: there is a complex key (`?`); wanted `key: value`"]),
            ("{'': 1}\n", &["1:2: a key is empty"]),
            ("a: b\n  c\n", &["1:4: unquoted text goes on in the next line"]),
            ("a: Root #1\n", &["1:9: a comment begins here, and what follows would be ignored"]),
            ("a: 1\r\nb: 2\r\n", &["1:5: the line ends in CR LF; wanted LF alone, here and in every line"]),
            (
                "a: x\u{202e}y\nb: \"\\u202e\"\n",
                &[
                    "1:5: the character U+202E is not seen by a reader; no file may hold it",
                    "2:4: the character U+202E is not seen by a reader; no file may hold it",
                ],
            ),
            ("\u{feff}a: 1\n", &["1:1: the file begins with a byte order mark"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(messages(text.as_bytes()), wanted, "{text:?}");
        }
        assert_eq!(
            messages(b"a: 1\n\xc3\xa9: \xff\n"),
            ["2:4: the octet 0xff is not UTF-8; nothing of the file was read"]
        );
    }

    #[test]
    fn a_syntax_error_says_that_nothing_more_was_read() {
        assert_eq!(
            messages(b"a: &x 1\nb: [1\nc: 2\n"),
            [
                "1:4: there is an anchor (`&`); write the value out where it is needed",
                "3:2: the YAML cannot be read: illegal placement of ':' indicator; nothing from here on was read"
            ]
        );
    }

    #[test]
    fn a_file_has_bounds() {
        let none: [&str; 0] = [];
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(messages(deep(MOST_DEPTH).as_bytes()), none);
        assert_eq!(
            messages(deep(MOST_DEPTH + 1).as_bytes()),
            ["1:17: there are more than 16 lists and maps inside each other; nothing from here on was read"]
        );
        let many = |nodes: usize| "- a\n".repeat(nodes - 1);
        assert_eq!(messages(many(MOST_NODES).as_bytes()), none);
        assert_eq!(
            messages(many(MOST_NODES + 1).as_bytes()),
            ["10000:3: there are more than 10000 keys and values; nothing from here on was read"]
        );
        let long = |octets: usize| "a".repeat(octets);
        assert_eq!(messages(long(MOST_OCTETS).as_bytes()), none);
        assert_eq!(
            messages(long(MOST_OCTETS + 1).as_bytes()),
            ["1:1: the file has 1048577 octets; at most 1048576 are read"]
        );
    }

    #[test]
    fn a_hostile_file_costs_no_time() {
        let most = MOST_OCTETS - 10;
        for text in [
            "- ",
            "[",
            "{",
            "? ",
            "a: ",
            "\"",
            "'a' ",
            "#\n",
            "&a ",
            "!a ",
            "---\n",
            "%a\n",
            "\t",
            "\u{202e}\n",
            "a\n",
            ": ",
            "|\n",
            ",",
            "- a\n-\n",
            "[a,",
            "'",
            "\"\\u0041\" ",
        ] {
            let started = std::time::Instant::now();
            let (_, problems) = read("t", text.repeat(most / text.len()).as_bytes());
            let _ = problems.to_string();
            assert!(started.elapsed().as_secs() < 60, "{text:?}: {:?}", started.elapsed());
        }
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (node, problems) = read("t", &octets);
            prop_assert!(node.is_some() || !problems.is_empty());
        }

        #[test]
        fn no_yaml_is_too_strange(
            text in "([a-c:,?!&*|>%@`'\"\\\\\\[\\]{}#\t\n ~<-]|: |- |\n  |---\n|\\.\\.\\.\n){0,60}"
        ) {
            let (node, problems) = read("t", text.as_bytes());
            prop_assert!(node.is_some() || !problems.is_empty());
            let _ = problems.to_string();
        }
    }
}

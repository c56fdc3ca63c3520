//! From located YAML to typed values, collecting every error on the way.
//!
//! A reader of a map asks [`Fields`] for each key it wants and ends with [`Fields::finish`], which refuses
//! every other key. What is missing or wrong becomes a problem with its place, and reading goes on.

use std::fmt;
use std::str::FromStr;

use super::problem::{Located, Place, Problems, shown};
use super::yaml::{Entry, Node, Value};
use crate::clock::{DAY, Lasting, Timestamp};
use crate::digest::Digest;

/// A value that can be read from a file.
pub trait FromNode: Sized {
    /// Reads the value, or says in `problems` what is wrong with it; never both.
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self>;

    /// What stands in for a step's value of this key that is missing or could not be read, which is said already: so that what
    /// else is wrong is said too. Nothing where nothing is guessed.
    fn stand_in(_key: &str, _place: Place, _problems: &mut Problems) -> Option<Self> {
        None
    }
}

/// A value that is one of a few words.
pub trait Word: Copy + PartialEq + 'static {
    /// The words and what they mean.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// The keys of one map.
#[derive(Debug)]
pub struct Fields<'n, 'p> {
    place: Place,
    entries: &'n [Entry],
    wanted: Vec<&'static str>,
    /// Every key that there can be, if that is known from the beginning.
    all: &'static [&'static str],
    /// What stands there is no map and was refused as such.
    broken: bool,
    /// Something that stands there could not be read.
    unread: bool,
    /// It is what a step says.
    step: bool,
    problems: &'p mut Problems,
}

impl<'n, 'p> Fields<'n, 'p> {
    /// Begins to read `node`, which has to be a map.
    pub fn of(node: &'n Node, problems: &'p mut Problems) -> Self {
        let (entries, broken) = if let Value::Map(entries) = &node.value {
            (entries.as_slice(), false)
        } else {
            refuse(node, "a map, `{}` if there is nothing to say", problems);
            (&[][..], true)
        };
        Self {
            place: node.place,
            entries,
            wanted: Vec::new(),
            all: &[],
            broken,
            unread: false,
            step: false,
            problems,
        }
    }

    /// As [`Fields::with`], of what a step says: for a name that is missing or could not be read another one stands in.
    pub fn of_step(node: &'n Node, all: &'static [&'static str], problems: &'p mut Problems) -> Self {
        Self { step: true, ..Self::with(node, all, problems) }
    }

    /// As [`Fields::of`], of a map with these keys. What stands under one that is nearly right is read as what was meant, and
    /// refused at the end: everything else that is wrong is said too, and nothing is said to be missing that is there.
    pub fn with(node: &'n Node, all: &'static [&'static str], problems: &'p mut Problems) -> Self {
        Self { all, ..Self::of(node, problems) }
    }

    /// The value of a key that has to be there.
    pub fn required<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        if self.node(key).is_some() {
            return self.optional(key);
        }
        if self.broken {
            return None;
        }
        self.problems.add(self.place, format!("`{key}` is missing"));
        self.stand_in(key, self.place)
    }

    /// The value of a key that may be there.
    pub fn optional<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        let read = T::from_node(node, self.problems).or_else(|| self.stand_in(key, node.place));
        self.unread |= read.is_none();
        read
    }

    /// Of a step alone: other readers look at what is missing themselves.
    fn stand_in<T: FromNode>(&mut self, key: &'static str, place: Place) -> Option<T> {
        if self.step { T::stand_in(key, place, self.problems) } else { None }
    }

    /// Whether a value is there that could not be read: it is not to be taken for one that is missing.
    pub const fn is_unread(&self) -> bool {
        self.unread
    }

    /// The values of a list that has to be there and has at least one.
    pub fn list<T: FromNode>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let list: Located<Vec<T>> = self.required(key)?;
        if list.value.is_empty() {
            self.problems.add(list.place, format!("`{key}` is an empty list; wanted at least one"));
            return self.stand_in(key, list.place);
        }
        Some(list.value)
    }

    /// The values of a list that may be there; none if it is not.
    pub fn optional_list<T: FromNode>(&mut self, key: &'static str) -> Option<Vec<T>> {
        if self.node(key).is_some() { self.list(key) } else { Some(Vec::new()) }
    }

    /// What stands under a key, for a reader of its own; the key counts as wanted.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        if !self.wanted.contains(&key) {
            self.wanted.push(key);
        }
        let meant = |entry: &&Entry| {
            let written = entry.key.as_str();
            !self.all.contains(&written) && nearest(written, self.all) == Some(key)
        };
        let there = self.entries.iter().find(|entry| entry.key == key);
        there.or_else(|| self.entries.iter().find(meant)).map(|entry| &entry.node)
    }

    /// Whether the key is there. Does not count as wanting it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Where the map begins.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Where the problems go.
    pub const fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Refuses every key that was not asked for.
    pub fn finish(self) {
        for entry in self.entries {
            if !self.wanted.contains(&entry.key.as_str()) {
                unknown(&entry.key, entry.place, "key", "keys", &self.wanted, self.problems);
            }
        }
    }
}

/// Values under names that the author chose, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T>(Vec<(Located<Id>, T)>);

impl<T> Named<T> {
    /// The value under `name`.
    pub fn find(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key.value.as_str() == name).map(|(_, value)| value)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&Located<Id>, &T)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: FromNode> FromNode for Named<T> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, "a map", problems);
        };
        let read = entries.iter().map(|entry| {
            let key = entry.key.parse::<Id>().map_err(|error| problems.add(entry.place, error.to_string()));
            let value = T::from_node(&entry.node, problems);
            Some((Located::new(key.ok()?, entry.place), value?))
        });
        all(read).map(Self)
    }
}

/// A name inside the files: `[a-z0-9-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// The most octets of an id.
    pub const MOST: usize = 64;

    /// What stands in for an id that could not be read: none that can be written.
    pub(super) fn unread() -> Self {
        Self("?".to_owned())
    }

    /// Whether it stands in for one that could not be read.
    pub fn is_unread(&self) -> bool {
        self.0 == "?"
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let good = text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if good && (1..=Self::MOST).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Form { found: shown(text) })
        }
    }
}

/// Why an id could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdError {
    /// Another character than those, or none, or too many.
    #[error("`{found}` is not an id; wanted 1 to {} of a-z, 0-9 and -", Id::MOST)]
    Form {
        /// What stands there.
        found: String,
    },
}

/// Text of one or more lines, with at least one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph(pub String);

/// One attribute of a name, such as `{CN: Example Root X1}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePart {
    /// The kind, as the file says it: `C`, `O`, `CN` or an object identifier in digits.
    pub kind: String,
    /// Whether it stands in the same part of the name as the attribute before it: `{+CN: …}`.
    pub joined: bool,
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl FromNode for NamePart {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, "one attribute, such as `{CN: Example Root X1}`", problems);
        };
        let [entry] = entries.as_slice() else {
            let message = format!("found {} attributes, wanted one, such as `{{CN: …}}`", entries.len());
            let hint = "a name is a list, one attribute each: `[{C: US}, {CN: Example Root X1}]`";
            problems.add_with_hint(node.place, message, hint);
            return None;
        };
        let text = String::from_node(&entry.node, problems)?;
        let joined = entry.key.strip_prefix('+');
        let kind = joined.unwrap_or(&entry.key).to_owned();
        Some(Self { kind, joined: joined.is_some(), text, place: entry.place })
    }

    fn stand_in(_key: &str, place: Place, problems: &mut Problems) -> Option<Self> {
        let text = problems.guess(["Unread", "Not Read", "Unreadable"])?.to_owned();
        Some(Self { kind: "CN".into(), joined: false, text, place })
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = &node.value else { return wrong(node, "a list", problems) };
        all(items
            .iter()
            .map(|item| T::from_node(item, problems).or_else(|| T::stand_in("", item.place, problems))))
    }

    fn stand_in(key: &str, place: Place, problems: &mut Problems) -> Option<Self> {
        T::stand_in(key, place, problems).map(|one| vec![one])
    }
}

impl<T: FromNode> FromNode for Located<T> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        Some(Self::new(T::from_node(node, problems)?, node.place))
    }

    fn stand_in(key: &str, place: Place, problems: &mut Problems) -> Option<Self> {
        Some(Self::new(T::stand_in(key, place, problems)?, place))
    }
}

impl<T: Word> FromNode for T {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let words: Vec<&'static str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        let Value::Scalar { text, .. } = &node.value else {
            return wrong(node, &format!("one of {}", listed(&words)), problems);
        };
        let of = |wanted: &str| T::WORDS.iter().find(|(word, _)| *word == wanted).map(|(_, value)| *value);
        of(text).or_else(|| of(unknown(text, node.place, "word", "words", &words, problems)?))
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        let index = problems.guess([0, 1, 2])? % T::WORDS.len().max(1);
        T::WORDS.get(index).map(|(_, word)| *word)
    }
}

impl FromNode for Node {
    fn from_node(node: &Node, _: &mut Problems) -> Option<Self> {
        (node.value != Value::Refused).then(|| node.clone())
    }
}

/// One line of text, without spaces around it.
impl FromNode for String {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = text(node, "text", problems)?;
        let fault = if text.contains('\n') {
            "several lines"
        } else if text.starts_with(' ') || text.ends_with(' ') {
            "spaces around it"
        } else if text.len() > MOST_TEXT {
            let message = format!(
                "found a text of {} octets, wanted at most {MOST_TEXT}: it has to fit into the log",
                text.len()
            );
            problems.add(node.place, message);
            return None;
        } else {
            return Some(text.to_owned());
        };
        let message = format!("found the text `{}` with {fault}, wanted one line without", shown(text));
        problems.add(node.place, message);
        None
    }

    /// One that is good wherever a text has a form.
    fn stand_in(key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        let text = match key {
            "origin" => ["example.org/one", "example.org/two", "example.org/three"],
            "algorithm" => ["ecdsa-p384", "ecdsa-p256", "ed25519"],
            "crl-url" | "issuer-url" | "ocsp-url" => {
                ["http://a.example/", "http://b.example/", "http://c.example/"]
            }
            _ => ["text", "words", "line"],
        };
        problems.guess(text).map(str::to_owned)
    }
}

/// Octets of a text that fit into a line of the log, 16 KiB, with all that stands around them, each escaped.
pub const MOST_TEXT: usize = 4096;

impl FromNode for Paragraph {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        text(node, "text", problems).map(|text| Self(text.to_owned()))
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess(["text", "words", "line"]).map(|text| Self(text.to_owned()))
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, quoted: false } if text == "true" => Some(true),
            Value::Scalar { text, quoted: false } if text == "false" => Some(false),
            _ => wrong(node, "`true` or `false`", problems),
        }
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess([false, true, false])
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl FromNode for $number {
            fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
                let number = match &node.value {
                    Value::Scalar { text, quoted: false } => text.parse::<Self>().ok(),
                    _ => None,
                };
                // One spelling per number: no sign, no leading zero.
                let number = number.filter(|number| node.is_text(&number.to_string()));
                // The largest of the wide ones says nothing to an author.
                let bounded = if size_of::<Self>() > 4 { String::new() } else { format!(" from 0 to {}", Self::MAX) };
                number.or_else(|| wrong(node, &format!("a whole number{bounded}"), problems))
            }

            fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
                problems.guess([2, 1, 3])
            }
        }
    )*};
}

whole_numbers!(u8, u32, u64, usize);

macro_rules! spelled {
    ($($kind:ty: $wanted:literal, $three:expr);*) => {$(
        impl FromNode for $kind {
            fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
                let text = text(node, $wanted, problems)?;
                text.parse().ok().or_else(|| wrong(node, $wanted, problems))
            }

            fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
                problems.guess($three)
            }
        }
    )*};
}

spelled!(
    Timestamp: "a time of the calendar in UTC to the second, such as `2026-11-01T08:00:00Z`",
        SOME_TIMES;
    Digest: "a SHA-256 digest: 64 lower-case hex digits",
        [Digest::of(b"one"), Digest::of(b"two"), Digest::of(b"three")]
);

/// Long ago, in the middle, and far away: nothing is late or early by all of them.
pub(super) const SOME_TIMES: [Timestamp; 3] =
    [Timestamp::of_day(10_957), Timestamp::of_day(23_741), Timestamp::of_day(36_525)];

impl FromNode for Id {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let wanted = "an id: 1 to 64 of a-z, 0-9 and -";
        let text = text(node, wanted, problems)?;
        text.parse().ok().or_else(|| {
            problems.is_misspelled(text);
            wrong(node, wanted, problems)
        })
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess([(); 3]).map(|()| Self::unread())
    }
}

/// A duration whose unit is nearly right is refused, and read as if the unit stood there.
impl FromNode for Lasting {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let wanted = "a duration, such as `3650 days`, `12 hours`, `30 minutes` or `1 second`";
        let text = text(node, wanted, problems)?;
        text.parse().ok().or_else(|| {
            let _: Option<Self> = wrong(node, wanted, problems);
            let (number, unit) = text.split_once(' ')?;
            if unit.len() > Id::MOST {
                return None;
            }
            // Two letters that changed places are two.
            let (letters, near) = UNITS.iter().map(|near| (distance(unit, near), near)).min()?;
            (letters <= 2).then(|| format!("{number} {near}").parse().ok())?
        })
    }

    /// A year, ten and a day: what is long enough for one thing is short enough for another.
    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        Self::from_seconds(problems.guess([365 * DAY, 3650 * DAY, DAY])?)
    }
}

/// The units of durations.
const UNITS: [&str; 8] = ["days", "hours", "minutes", "seconds", "day", "hour", "minute", "second"];

impl Node {
    /// The text that stands here, quoted or not.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether exactly this text stands here, quoted or not.
    pub fn is_text(&self, wanted: &str) -> bool {
        self.text() == Some(wanted)
    }

    /// What stands here, in the words of a message: `a list`, `the text …`.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Scalar { text, quoted: false } if text.is_empty() => "nothing".to_owned(),
            Value::Scalar { text, quoted: true } => format!("`{}` in quotes", shown(text)),
            Value::Scalar { text, .. } => format!("`{}`", shown(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
            Value::Refused => "what was refused".to_owned(),
        }
    }
}

/// Refuses `node`, unless it was refused already. Always nothing, so that a reader can end with it.
pub fn wrong<T>(node: &Node, wanted: &str, problems: &mut Problems) -> Option<T> {
    refuse(node, wanted, problems);
    None
}

/// Refuses `node`, unless it was refused already.
fn refuse(node: &Node, wanted: &str, problems: &mut Problems) {
    if node.value != Value::Refused {
        problems.add(node.place, format!("found {}, wanted {wanted}", node.found()));
    }
}

/// The text of `node`: at least one character, and not a word that other YAML readers take for nothing.
pub fn text<'n>(node: &'n Node, wanted: &str, problems: &mut Problems) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, quoted: false } if NOTHING.contains(&text.as_str()) => {
            wrong(node, &format!("{wanted}; a text that reads so is written in quotes"), problems)
        }
        Value::Scalar { text, .. } if !text.is_empty() => Some(text),
        _ => wrong(node, wanted, problems),
    }
}

/// Refuses a name that is none of `wanted`: "there is no step `x`; the steps are …", and the nearest one as a hint. That one is
/// returned: reading goes on as if it stood there, so that everything else that is wrong is said too.
pub fn unknown<'w>(
    name: &str,
    place: Place,
    one: &str,
    many: &str,
    wanted: &[&'w str],
    problems: &mut Problems,
) -> Option<&'w str> {
    let choice = match wanted {
        [] => format!("no {one} is wanted here"),
        [only] => format!("the only {one} here is `{only}`"),
        _ => format!("the {many} here are {}", listed(wanted)),
    };
    let near = nearest(name, wanted);
    // What is written there with another letter was refused at its own place.
    if is_misspelled(name, near, problems) {
        return None;
    }
    let message = format!("there is no {one} `{}`; {choice}", shown(name));
    match near {
        Some(near) => problems.add_with_hint(place, message, format!("perhaps `{near}` was meant")),
        None => problems.add(place, message),
    }
    near
}

/// Whether the name is more like one that was refused for its letters than like `near`.
pub fn is_misspelled(name: &str, near: Option<&str>, problems: &Problems) -> bool {
    let away = near.map_or(usize::MAX, |near| distance(name, near));
    problems.misspelled().any(|other| nearest(name, &[other]).is_some() && distance(name, other) < away)
}

/// Names as a message lists them: in backticks, with commas.
pub fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Every value, if there is no gap; each one is read in any case, so that each problem is found.
fn all<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut whole = Some(Vec::new());
    for value in values {
        match (value, &mut whole) {
            (Some(value), Some(read)) => read.push(value),
            (Some(_), None) => {}
            (None, _) => whole = None,
        }
    }
    whole
}

/// The name that differs least from `name`: by at most a third of its letters.
fn nearest<'w>(name: &str, wanted: &[&'w str]) -> Option<&'w str> {
    if name.chars().count() > Id::MOST {
        return None;
    }
    let near = wanted.iter().map(|other| (distance(name, other), *other)).min()?;
    (near.0 <= 1.max(near.1.chars().count() / 3)).then_some(near.1)
}

/// How many letters have to be changed, added or left out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, a) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(a != *b);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

const NOTHING: [&str; 4] = ["~", "null", "Null", "NULL"];

#[cfg(test)]
mod tests {
    use super::super::problem::Source;
    use super::super::yaml::read;
    use super::*;

    fn messages<T: FromNode>(text: &str) -> Vec<String> {
        let (node, mut problems) = read("t", text.as_bytes());
        let value = T::from_node(&node.unwrap(), &mut problems);
        assert_eq!(value.is_some(), problems.is_empty(), "{text}");
        problems
            .sorted()
            .into_iter()
            .map(|problem| format!("{}: {}", problem.place, problem.message))
            .collect()
    }

    fn good<T: FromNode>(text: &str) -> T {
        let (node, mut problems) = read("t", text.as_bytes());
        let value = node.and_then(|node| T::from_node(&node, &mut problems));
        problems.or(value).unwrap()
    }

    #[derive(Debug)]
    struct Thing {
        name: String,
        size: Option<u8>,
        parts: Vec<Id>,
    }

    impl FromNode for Thing {
        fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
            let mut fields = Fields::of(node, problems);
            let name = fields.required("name");
            let size = fields.optional("size");
            let parts = fields.optional_list("parts");
            fields.finish();
            problems.is_empty().then_some(())?;
            Some(Self { name: name?, size, parts: parts? })
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let thing: Thing = good("{name: 1.10, size: 3, parts: [a, b-1]}");
        assert_eq!((thing.name.as_str(), thing.size, thing.parts.len()), ("1.10", Some(3), 2));
        let thing: Thing = good("name: \"null\"");
        assert_eq!((thing.name.as_str(), thing.size, thing.parts.len()), ("null", None, 0));
        let named: Named<bool> = good("{b: true, a: false}");
        let order: Vec<_> = named.iter().map(|(key, value)| (key.value.as_str(), *value)).collect();
        assert_eq!(order, [("b", true), ("a", false)]);
        assert_eq!(named.find("a"), Some(&false));
        let name: Vec<NamePart> = good("[{C: NO}, {CN: \"Æ: 1\"}]");
        let parts: Vec<_> = name.iter().map(|part| (part.kind.as_str(), part.text.as_str())).collect();
        assert_eq!(parts, [("C", "NO"), ("CN", "Æ: 1")]);
        let at: Located<Timestamp> = good("\n 2026-11-01T08:00:00Z");
        assert_eq!(
            (at.value.to_string().as_str(), at.place),
            ("2026-11-01T08:00:00Z", Place { line: 2, column: 2 })
        );
        assert_eq!(good::<Lasting>("364 days").seconds(), 364 * 86_400);
        assert_eq!(good::<Vec<u64>>("[0, 18446744073709551615]"), [0, u64::MAX]);
        assert_eq!(good::<Paragraph>("|\n a\n b\n").0, "a\nb\n");
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let text = "size: 256\nparts: [A, b]\nnane: x\nother: y\n";
        assert_eq!(
            messages::<Thing>(text),
            [
                "1:1: `name` is missing",
                "1:7: found `256`, wanted a whole number from 0 to 255",
                "2:9: found `A`, wanted an id: 1 to 64 of a-z, 0-9 and -",
                "3:1: there is no key `nane`; the keys here are `name`, `size`, `parts`",
                "4:1: there is no key `other`; the keys here are `name`, `size`, `parts`",
            ]
        );
    }

    #[test]
    fn a_near_miss_has_a_hint() {
        let hint = |name: &str| {
            let mut problems = Problems::new(Source::new("t", ""));
            unknown(name, Place::START, "key", "keys", &["quorum", "window"], &mut problems);
            problems.sorted().remove(0).hint
        };
        assert_eq!(hint("quorun").unwrap(), "perhaps `quorum` was meant");
        for name in ["qrm", "", "quorumquorumquorum", &"x".repeat(100_000)] {
            assert_eq!(hint(name), None);
        }
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("ab", "ba")), (3, 3, 2));
    }

    #[test]
    fn a_wrong_kind_says_what_was_found_and_wanted() {
        for (text, wanted) in [
            ("yes", "1:1: found `yes`, wanted `true` or `false`"),
            ("\"true\"", "1:1: found `true` in quotes, wanted `true` or `false`"),
            ("True", "1:1: found `True`, wanted `true` or `false`"),
            ("[]", "1:1: found a list, wanted `true` or `false`"),
        ] {
            assert_eq!(messages::<bool>(text), [wanted]);
        }
        for text in ["-1", "+1", "01", "0x1", "1.0", "1e3", "18446744073709551616", "\"1\"", "1_000", "~"] {
            let found = messages::<u64>(text);
            assert!(found[0].ends_with("wanted a whole number"), "{found:?}");
        }
        for (text, wanted) in [
            ("~", "1:1: found `~`, wanted text; a text that reads so is written in quotes"),
            ("\"\"", "1:1: found `` in quotes, wanted text"),
            ("{}", "1:1: found a map, wanted text"),
            ("\" a\"", "1:1: found the text ` a` with spaces around it, wanted one line without"),
            ("\"a\\nb\"", "1:1: found the text `a\u{fffd}b` with several lines, wanted one line without"),
        ] {
            assert_eq!(messages::<String>(text), [wanted]);
        }
    }

    #[test]
    fn a_wrong_spelling_says_how_it_is_spelled() {
        assert_eq!(
            messages::<Timestamp>("2026-11-01"),
            [
                "1:1: found `2026-11-01`, wanted a time of the calendar in UTC to the second, such as `2026-11-01T08:00:00Z`"
            ]
        );
        assert_eq!(
            messages::<Lasting>("1 month"),
            [
                "1:1: found `1 month`, wanted a duration, such as `3650 days`, `12 hours`, `30 minutes` or `1 second`"
            ]
        );
        assert_eq!(
            messages::<Digest>("3f"),
            ["1:1: found `3f`, wanted a SHA-256 digest: 64 lower-case hex digits"]
        );
        assert_eq!(
            messages::<Vec<NamePart>>("[CN, {C: US, O: x}, {}, {CN: ''}]"),
            [
                "1:2: found `CN`, wanted one attribute, such as `{CN: Example Root X1}`",
                "1:6: found 2 attributes, wanted one, such as `{CN: …}`",
                "1:21: found 0 attributes, wanted one, such as `{CN: …}`",
                "1:30: found `` in quotes, wanted text",
            ]
        );
        assert_eq!(messages::<Named<u8>>("{A: 1, b: x}").len(), 2);
    }

    #[test]
    fn what_the_reader_refused_is_not_refused_again() {
        assert_eq!(
            messages::<Thing>("{name: &a x, size: !!int 3, parts: [*a]}"),
            [
                "1:8: there is an anchor (`&`); write the value out where it is needed",
                "1:20: there is a tag (`!`); wanted none",
                "1:37: there is an alias (`*`); write the value out",
            ]
        );
    }
}

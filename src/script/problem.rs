//! What is wrong with a file, and where: the messages that its author reads.
//!
//! The rules of this file:
//! - Every message has its place, and the line itself stands under it.
//! - Everything that is wrong is reported, in the order of the file.
//! - Nothing that stands in a file reaches a terminal as a control character.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize as _;

use super::guess::Guess;

/// A place in a file: line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Located<T> {
    /// What stands there.
    pub value: T,
    /// Where.
    pub place: Place,
}

impl<T> Located<T> {
    /// `value`, which stands at `place`.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

/// A file that was read: its name, and its lines for messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    file: Arc<str>,
    lines: Arc<[Box<str>]>,
}

impl Source {
    /// The file called `file`, which says `text`.
    pub fn new(file: &str, text: &str) -> Self {
        Self { file: visible(file).into(), lines: text.lines().map(Into::into).collect() }
    }

    /// Wipes its lines, unless somebody else still shows them.
    pub(super) fn wipe(&mut self) {
        for line in Arc::get_mut(&mut self.lines).into_iter().flatten() {
            std::mem::take(line).into_string().zeroize();
        }
    }

    /// The name of the file, as messages show it.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn line(&self, number: usize) -> &str {
        self.lines.get(number.saturating_sub(1)).map_or("", |line| line)
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name of the file.
    pub file: Arc<str>,
    /// Where it stands.
    pub place: Place,
    /// What was found and what was wanted: lower case, no full stop.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
    pub(super) line: String,
}

impl fmt::Display for Problem {
    /// `file:line:column: message`, the line, a caret under the place, and the hint; no line end at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.place, self.message)?;
        let (line, before) = excerpt(&self.line, self.place.column);
        if !line.is_empty() {
            let number = self.place.line.to_string();
            let margin = " ".repeat(number.len());
            write!(f, "\n  {number} | {line}\n  {margin} | {}^", " ".repeat(before))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one file; what reading leaves beside a value, or instead of one.
#[derive(Clone, Debug)]
pub struct Problems {
    source: Source,
    found: Vec<Problem>,
    /// How what cannot be read is taken; nothing where nothing stands in for it.
    guess: Option<Guess>,
    guesses: usize,
    /// What stands where names are to be and is none, spelled as one.
    misspelled: Vec<String>,
}

impl Problems {
    /// No problem yet, in the file `source`.
    pub const fn new(source: Source) -> Self {
        Self { source, found: Vec::new(), guess: None, guesses: 0, misspelled: Vec::new() }
    }

    /// The same, in which something is guessed for what cannot be read.
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { guess: Some(guess), ..self }
    }

    /// One of three for something that was refused; nothing where nothing is guessed.
    pub fn guess<T>(&mut self, three: [T; 3]) -> Option<T> {
        let guess = self.guess?;
        self.guesses += 1;
        Some(guess.of(three))
    }

    /// Whether anything stands in for what could not be read.
    pub const fn is_guessed(&self) -> bool {
        self.guesses > 0
    }

    /// How much is wrong and how much stands in for something: what it does not change is good so far.
    pub const fn so_far(&self) -> (usize, usize) {
        (self.found.len(), self.guesses)
    }

    /// This stands where a name is to be, and is none.
    pub fn is_misspelled(&mut self, text: &str) {
        if self.misspelled.len() == MOST_MISSPELLED {
            return;
        }
        self.misspelled.push(text.to_lowercase().replace(|other: char| !other.is_ascii_alphanumeric(), "-"));
    }

    /// What stands where names are to be and is none, spelled as names are.
    pub fn misspelled(&self) -> impl Iterator<Item = &str> {
        self.misspelled.iter().map(String::as_str)
    }

    pub(super) fn all(&self) -> &[Problem] {
        &self.found
    }

    pub(super) fn with_all(self, found: Vec<Problem>) -> Self {
        Self { found, ..self }
    }

    /// Something is wrong at `place`.
    pub fn add(&mut self, place: Place, message: impl Into<String>) {
        self.push(place, message.into(), None);
    }

    /// Something is wrong at `place`, and `hint` says what to try.
    pub fn add_with_hint(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.push(place, message.into(), Some(hint.into()));
    }

    /// Takes the problems of another file, or of another reader of this one.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// The file that [`Problems::add`] speaks of.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many things are wrong.
    pub const fn len(&self) -> usize {
        self.found.len()
    }

    /// `value` if nothing is wrong, otherwise all that is.
    ///
    /// # Errors
    ///
    /// These problems, if there is any or there is no value.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    /// The problems by place, file by file in the order in which the files first had one; nothing twice.
    pub fn sorted(&self) -> Vec<Problem> {
        let mut files: Vec<&Arc<str>> = Vec::new();
        for problem in &self.found {
            if !files.contains(&&problem.file) {
                files.push(&problem.file);
            }
        }
        let rank = |problem: &Problem| files.iter().position(|file| **file == problem.file);
        let mut sorted = self.found.clone();
        sorted.sort_by_key(|problem| (rank(problem), problem.place));
        sorted.dedup();
        sorted
    }

    /// Every problem as people read it, one string each: what a [`crate::failure::Failure`] takes.
    pub fn messages(&self) -> Vec<String> {
        self.sorted().iter().map(ToString::to_string).collect()
    }

    fn push(&mut self, place: Place, message: String, hint: Option<String>) {
        let line = self.source.line(place.line).to_owned();
        self.found.push(Problem { file: Arc::clone(&self.source.file), place, message, hint, line });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sorted().iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

impl std::error::Error for Problems {}

/// `text` as a message quotes it: visible, and cut with `…` where it is long.
pub fn shown(text: &str) -> String {
    if text.chars().count() <= MOST_SHOWN {
        return visible(text);
    }
    let mut cut = visible(&text.chars().take(MOST_SHOWN).collect::<String>());
    cut.push('…');
    cut
}

/// Whether a character could hide what a file says: controls, and marks that have no width or turn the line.
pub const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// `text` with one visible character for each hidden one, so that columns stay.
fn visible(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            hidden if is_hidden(hidden) => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

/// The part of a line around a column, and how many characters stand before that column in the part.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let before = column.saturating_sub(1);
    let cut = if before > WIDTH { before - WIDTH / 2 } else { 0 };
    let mut part = visible(&line.chars().skip(cut).take(WIDTH + 1).collect::<String>());
    if part.chars().count() > WIDTH {
        part.pop();
        part.push('…');
    }
    if cut == 0 {
        return (part, before);
    }
    (format!("…{part}"), before - cut + 1)
}

const MOST_SHOWN: usize = 80;
/// How many of what is no name are kept; nobody misspells more.
const MOST_MISSPELLED: usize = 100;
const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(file: &str, text: &str) -> Problems {
        Problems::new(Source::new(file, text))
    }

    #[test]
    fn a_problem_shows_its_line_and_a_caret() {
        let mut problems = problems("a.yaml", "first\n  läuft: 3\n");
        problems.add_with_hint(Place { line: 2, column: 10 }, "found `3`, wanted `4`", "write `4`");
        assert_eq!(
            problems.to_string(),
            "a.yaml:2:10: found `3`, wanted `4`\n  2 |   läuft: 3\n    |          ^\n  hint: write `4`\n"
        );
    }

    #[test]
    fn problems_come_in_the_order_of_the_file_and_once() {
        let mut script = problems("b.yaml", "x\ny\n");
        script.add(Place { line: 2, column: 1 }, "second");
        script.add(Place { line: 1, column: 1 }, "first");
        script.add(Place { line: 2, column: 1 }, "third");
        script.add(Place { line: 1, column: 1 }, "first");
        let mut site = problems("a.yaml", "z\n");
        site.add(Place { line: 1, column: 1 }, "fourth");
        script.extend(site);
        let messages: Vec<_> = script.sorted().into_iter().map(|problem| problem.message).collect();
        assert_eq!(messages, ["first", "second", "third", "fourth"]);
    }

    #[test]
    fn a_line_cannot_paint_on_the_terminal() {
        let mut problems = problems("\x1b[2Ja.yaml", "\x1b[31mred\u{202e}\n");
        problems.add(Place::START, format!("found `{}`", shown("\x1b[0m")));
        assert!(!problems.to_string().contains(['\x1b', '\u{202e}']));
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let text = "a".repeat(500) + "b" + &"c".repeat(500);
        let mut problems = problems("a.yaml", &text);
        problems.add(Place { line: 1, column: 501 }, "m");
        let text = problems.to_string();
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let caret = lines[2].iter().position(|character| *character == '^').unwrap();
        assert_eq!(lines[1][caret], 'b');
        assert!(lines[1].len() < 120);
        assert!(shown(&"a".repeat(1000)).len() < 100);
    }

    #[test]
    fn a_place_outside_the_file_has_no_line() {
        let mut problems = problems("a.yaml", "");
        problems.add(Place { line: 9, column: 9 }, "m");
        assert_eq!(problems.to_string(), "a.yaml:9:9: m\n");
    }

    #[test]
    fn a_value_with_problems_is_no_value() {
        let mut bad = problems("a.yaml", "x\n");
        assert_eq!(bad.clone().or(Some(1)).unwrap(), 1);
        assert!(bad.clone().or(None::<u8>).is_err());
        bad.add(Place::START, "m");
        assert_eq!(bad.or(Some(1)).unwrap_err().len(), 1);
    }
}

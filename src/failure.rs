//! What a command ends with when it does not end well: whose turn it is, why, and what to try.
//!
//! Only at the edge does an error become a [`Failure`]. Below it, errors are enums that say what was found and
//! what was wanted.

use std::error::Error;
use std::fmt::Write as _;

/// Whose turn it is after a failure. Each has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The author of the script or of an input file, or whoever typed the command.
    Author,
    /// The people at the table: a declined approval, a missing share.
    Operators,
    /// The HSM, its driver or a disk.
    Equipment,
    /// Nobody's: something did not verify, or a rule objects. It stays refused.
    Refused,
    /// Us: a promise this program makes was broken.
    Developers,
}

impl Turn {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Author => 2,
            Self::Operators => 3,
            Self::Equipment => 4,
            Self::Refused => 5,
            Self::Developers => 70,
        }
    }
}

/// Why a command did not do what it was asked, in words for the person at the table.
#[derive(Debug)]
#[must_use]
pub struct Failure {
    turn: Turn,
    messages: Vec<String>,
    because: Vec<String>,
    hint: Option<String>,
    others: Vec<Failure>,
}

impl Failure {
    /// A failure with its message: lower case, no full stop.
    pub fn new(turn: Turn, message: impl Into<String>) -> Self {
        Self { turn, messages: vec![message.into()], because: Vec::new(), hint: None, others: Vec::new() }
    }

    /// Several things that are wrong at once, each said in full, in their order.
    pub fn several(turn: Turn, messages: Vec<String>) -> Self {
        Self { turn, messages, because: Vec::new(), hint: None, others: Vec::new() }
    }

    /// A failure that an error explains: the error's own message and every cause below it.
    pub fn because(turn: Turn, message: impl Into<String>, error: &dyn Error) -> Self {
        let mut failure = Self::new(turn, message);
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            // An enum that is transparent about its cause says the same words twice.
            if failure.because.last() != Some(&text) {
                failure.because.push(text);
            }
            cause = error.source();
        }
        failure
    }

    /// All of these at once, each with its causes and its hint; the first one's turn it is. Nothing if there is none.
    pub fn together(failures: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut first = failures.next()?;
        first.others.extend(failures);
        Some(first)
    }

    /// What to try.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whose turn it is.
    pub const fn turn(&self) -> Turn {
        self.turn
    }

    /// Everything that is wrong, one message each.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// The text for standard error, its last line ended.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for message in &self.messages {
            let _ = writeln!(text, "error: {}", visible(message));
        }
        for because in &self.because {
            let _ = writeln!(text, "  because: {}", visible(because));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
        text.extend(self.others.iter().map(Self::text));
        text
    }
}

/// A text in which nothing steers the screen: paths, drivers and files have their words in messages. Messages have lines.
fn visible(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => character,
        _ if character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
        {
            char::REPLACEMENT_CHARACTER
        }
        _ => character,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn a_failure_says_what_why_and_what_to_try() {
        let error = "soon".parse::<Timestamp>().unwrap_err();
        let failure = Failure::because(Turn::Author, "the script has no date", &error).hint("write one");
        assert_eq!(
            failure.text(),
            "error: the script has no date\n  because: `soon` is not a time; wanted RFC 3339 in UTC to the second, \
             such as 2026-11-01T08:00:00Z\n  hint: write one\n"
        );
    }

    #[test]
    fn several_failures_are_said_together_each_with_its_hint() {
        let both = [Turn::Equipment, Turn::Author]
            .map(|turn| Failure::new(turn, format!("{turn:?}")).hint("mend it"));
        let failure = Failure::together(both).unwrap();
        assert_eq!(failure.turn(), Turn::Equipment);
        assert_eq!(failure.text(), "error: Equipment\n  hint: mend it\nerror: Author\n  hint: mend it\n");
        assert!(Failure::together([]).is_none());
    }

    #[test]
    fn nothing_in_a_message_steers_the_screen() {
        let failure = Failure::several(Turn::Author, vec!["a\u{1b}[2J\u{202e}b\n  c".into()]);
        assert_eq!(failure.text(), "error: a\u{fffd}[2J\u{fffd}b\n  c\n");
    }

    #[test]
    fn each_turn_has_its_own_exit_code() {
        let turns = [Turn::Author, Turn::Operators, Turn::Equipment, Turn::Refused, Turn::Developers];
        assert_eq!(turns.map(Turn::code), [2, 3, 4, 5, 70]);
    }
}

//! What could not be read is guessed, several ways, so that what is wrong beside it is found at the same time.
//!
//! The rules of this file:
//! - Whatever is guessed has been refused already: there is no plan where anything is.
//! - What is said under every guess is said. What is said under one alone comes of the guess, and is not.

use std::collections::BTreeMap;

use super::problem::{Place, Problem, Problems};

/// Which of several ways everything that could not be read is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guess {
    /// One way.
    #[default]
    First,
    /// Another.
    Second,
    /// Still another: there are three policies.
    Third,
}

impl Guess {
    /// Those after the first.
    pub const OTHERS: [Self; 2] = [Self::Second, Self::Third];

    /// What this guess takes of three.
    pub fn of<T>(self, three: [T; 3]) -> T {
        let [first, second, third] = three;
        match self {
            Self::First => first,
            Self::Second => second,
            Self::Third => third,
        }
    }
}

impl Problems {
    /// What is wrong whatever is guessed: what these and the others all say. Numbers and times in which they differ come of the
    /// guess: `…` stands there.
    #[must_use]
    pub fn in_common(self, others: &[Self]) -> Self {
        let others: Vec<ByPlace<'_>> = others.iter().map(by_place).collect();
        let certain: Vec<Problem> = self
            .all()
            .iter()
            .filter_map(|problem| {
                others.iter().try_fold(problem.clone(), |common, other| {
                    let there = other.get(&(&*common.file, common.place))?;
                    let same = there.iter().find(|one| ***one == common);
                    let one = same.or_else(|| there.iter().find(|one| is_alike(&common, one)))?;
                    let message = common_words(&common.message, &one.message);
                    Some(Problem { message, ..common.clone() })
                })
            })
            .collect();
        // One guess at least has refused what it stands for: never nothing.
        if certain.is_empty() { self } else { self.with_all(certain) }
    }
}

/// Problems by file and place: a hostile script has many.
type ByPlace<'p> = BTreeMap<(&'p str, Place), Vec<&'p Problem>>;

fn by_place(problems: &Problems) -> ByPlace<'_> {
    let mut by_place = ByPlace::new();
    for problem in problems.all() {
        by_place.entry((&*problem.file, problem.place)).or_default().push(problem);
    }
    by_place
}

/// Whether two problems of one place are the same but for numbers and times.
fn is_alike(one: &Problem, other: &Problem) -> bool {
    let words = |problem: &Problem| found(&problem.message).split(' ').count();
    let (first, second) = (found(&one.message).split(' '), found(&other.message).split(' '));
    words(one) == words(other)
        && first.zip(second).all(|(one, other)| one == other || is_value(one) && is_value(other))
}

/// What a message says was found. Of a name that is none it goes on with those that there are, which may be guessed.
fn found(message: &str) -> &str {
    let (found, _) = message.split_once(';').unwrap_or((message, ""));
    if message.starts_with("there is no ") { found } else { message }
}

/// Whether a word is a number or a time, or stands in the place of one.
fn is_value(word: &str) -> bool {
    word.contains('…') || word.starts_with(|first: char| first.is_ascii_digit())
}

fn common_words(one: &str, other: &str) -> String {
    let same = |(one, other): (&str, &str)| {
        if one == other {
            return one.to_owned();
        }
        // What stands behind a value is not part of it.
        let end: String =
            one.chars().rev().take_while(|last| matches!(last, ',' | ';' | ':' | ')')).collect();
        format!("…{}", end.chars().rev().collect::<String>())
    };
    let words: Vec<String> = found(one).split(' ').zip(found(other).split(' ')).map(same).collect();
    words.join(" ") + one.get(found(one).len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::problem::Source;
    use super::*;

    fn problems(said: &[(usize, &str)]) -> Problems {
        let mut problems = Problems::new(Source::new("a.yaml", "x\ny\n"));
        for (line, message) in said {
            problems.add(Place { line: *line, column: 1 }, *message);
        }
        problems
    }

    fn common(guesses: &[&[(usize, &str)]]) -> Vec<String> {
        let all: Vec<Problems> = guesses.iter().map(|said| problems(said)).collect();
        let (first, others) = all.split_first().unwrap();
        first.clone().in_common(others).sorted().into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn what_is_said_under_every_guess_is_said_and_nothing_else() {
        let found = common(&[
            &[(1, "found `x`"), (2, "too long"), (2, "too late")],
            &[(2, "too long"), (1, "found `x`")],
            &[(1, "found `x`"), (2, "too long"), (1, "too late")],
        ]);
        assert_eq!(found, ["found `x`", "too long"]);
    }

    #[test]
    fn what_differs_in_numbers_is_said_without_them() {
        let said = |at: &str, days: &str| format!("it ends at {at}, after {days} days; wanted 3 at most");
        let (one, other) = (said("2026-11-01T00:00:00Z", "9"), said("2035-11-01T00:00:00Z", "9"));
        assert_eq!(common(&[&[(1, &one)], &[(1, &other)]]), ["it ends at …, after 9 days; wanted 3 at most"]);
        // Another word is another matter.
        assert_eq!(common(&[&[(1, "x"), (1, "9 days")], &[(1, "x"), (1, "9 years")]]), ["x"]);
    }

    #[test]
    fn there_is_never_nothing_left() {
        assert_eq!(common(&[&[(1, "found `x`")], &[]]), ["found `x`"]);
    }
}

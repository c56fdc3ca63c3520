//! Which answer goes on, and how texts of others are shown: the same for prompts, files of answers and the screen.

use crate::clock::Timestamp;
use crate::script::{MOST_TEXT, is_hidden};
use crate::stage::{Expected, Person};

/// Whether an answer is the expected one.
///
/// # Errors
///
/// What was found and what was wanted; where words are compared, never the wanted word itself.
pub fn judge(expected: &Expected, answer: &str) -> Result<(), String> {
    match expected {
        Expected::Word(word) if answer == *word => Ok(()),
        Expected::Word(word) => Err(format!("found {}, wanted exactly `{word}`", quoted(answer))),
        Expected::Words(words) => same_words(words, answer),
        Expected::OneOf(words) if words.iter().any(|word| word == answer) => Ok(()),
        Expected::OneOf(words) => {
            Err(format!("found {}, wanted exactly one of {}", quoted(answer), words.join(", ")))
        }
        Expected::Text | Expected::Exception | Expected::Signature(_) => text_for_the_log(answer),
        Expected::Time => answer.parse::<Timestamp>().map(|_| ()).map_err(|error| error.to_string()),
    }
}

/// What was typed, in back-ticks; nothing has none.
fn quoted(answer: &str) -> String {
    if answer.is_empty() { "nothing".to_owned() } else { format!("`{}`", one_line(answer)) }
}

/// A text of somebody else's on one line: nothing in it steers the screen or turns the writing around.
pub fn one_line(text: &str) -> String {
    let escaped = |character: char| ceremony_log::json::forbidden(character) || character == '\n';
    let parts = text.chars().map(|character| match character {
        character if escaped(character) => character.escape_default().collect::<String>(),
        character => character.to_string(),
    });
    parts.collect()
}

/// A person as people are called at the table.
pub fn said(person: &Person) -> String {
    format!("{} ({})", person.id, person.role)
}

/// Whether a text can be in the log or its annex, read aloud as it was typed.
fn text_for_the_log(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("found nothing, wanted a text".into());
    }
    if let Some(hidden) = text.chars().find(|character| is_hidden(*character)) {
        return Err(format!(
            "found the character {}, which nobody can see or read aloud",
            hidden.escape_unicode()
        ));
    }
    if text.len() > MOST_TEXT {
        return Err(format!("found {} octets, wanted at most {MOST_TEXT}", text.len()));
    }
    Ok(())
}

/// Whether the same words were typed; the first wrong one by its place. The wanted word itself is not told.
fn same_words(wanted: &str, typed: &str) -> Result<(), String> {
    let (wanted, typed): (Vec<&str>, Vec<&str>) =
        (wanted.split_whitespace().collect(), typed.split_whitespace().collect());
    for (place, (wanted, typed)) in (1..).zip(wanted.iter().zip(&typed)) {
        let place: usize = place;
        if !wanted.eq_ignore_ascii_case(typed) {
            return Err(format!("word {place} is not the one of the head: found `{}`", one_line(typed)));
        }
    }
    if wanted.len() == typed.len() {
        Ok(())
    } else {
        Err(format!("found {} words, wanted {}", typed.len(), wanted.len()))
    }
}

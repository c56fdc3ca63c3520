//! What was shown to be compared: every card once more, the newest first.

use super::super::document::{Document, Tone};
use super::super::model::Model;

/// The page of the card that is so many before the newest.
pub(super) fn document(model: &Model, which: usize) -> Document {
    let mut document = Document::new();
    let all = model.cards.len();
    let Some(card) = model.cards.iter().rev().nth(which) else {
        document.say(Tone::Plain, "Nothing was shown to be compared yet.");
        return document;
    };
    document.say(Tone::Faint, format!("card {} of {all}, step {}", all - which, card.step));
    document.say(Tone::Strong, card.sentence.clone()).space().fields(&card.lines);
    document
}

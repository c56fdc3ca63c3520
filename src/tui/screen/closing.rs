//! The end: the log's head in words, and whether each witness agrees; then what remains to be written down.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::card;
use crate::stage::{Notice, Question};

/// The card of a witness, or of anybody who compares a head.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = card::before(model);
    if let Some(who) = card::reads_aloud(model, &question.person) {
        document.say(Tone::Faint, who);
    }
    card::asked(question, &mut document);
    document.space();
    document.say(Tone::Plain, "Who does not agree answers no, and says why: the log closes as partial.");
    document
}

/// The ceremony has ended.
pub(super) fn ended(model: &Model) -> Document {
    let mut document = Document::new();
    document.say(Tone::Good, "The ceremony has come to its end.").space();
    let (done, all, _) = model.how_far();
    document.pair("steps done", format!("{done} of {all}"));
    document.space();
    for notice in &model.told {
        if let Notice::Done { sentence, lines } = notice {
            document.say(Tone::Strong, sentence.clone()).fields(lines).space();
        }
    }
    document
}

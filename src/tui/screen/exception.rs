//! An exception: what is otherwise than the script says, and who approves it.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::card;
use crate::stage::Question;

/// The card of an exception's approval.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = card::before(model);
    document.space().say(Tone::Look, "Exception").say(Tone::Strong, question.sentence.clone());
    document.fields(&question.lines).space();
    document.say(
        Tone::Plain,
        "It changes nothing of what the script does next. It is in the log and in the report,",
    );
    document.say(Tone::Plain, "with the names of those who approve it and without those who do not.");
    document
}

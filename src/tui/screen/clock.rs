//! The ceremony clock beside people's own.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::super::text::said;
use super::card;
use crate::stage::Question;

/// The card of the clock.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = card::before(model);
    card::asked(question, &mut document);
    document.space();
    let who = said(&question.person);
    document
        .say(Tone::Plain, format!("{who} looks at a clock that nobody here has set, not at this screen."));
    document.say(Tone::Faint, "The time in UTC to the second; two minutes of difference are taken.");
    document
}

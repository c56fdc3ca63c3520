//! A pause: nothing of the ceremony is shown, and nobody is logged in anywhere.

use super::super::document::{Document, Tone};
use crate::stage::{Expected, Question};

/// Whether a question is the one that ends a pause.
pub(super) fn is_its(question: &Question) -> bool {
    question.expected == Expected::Word("continue")
}

/// The locked screen.
pub(super) fn document(question: &Question) -> Document {
    let mut document = Document::new();
    document.say(Tone::Look, "Paused").space();
    document.say(Tone::Plain, question.sentence.clone()).space();
    document.say(Tone::Plain, "Leave two people with the tokens. PINs are asked for again afterwards.");
    document
}

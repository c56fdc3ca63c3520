//! A PIN: whose, of which token, what the token says of tries. What is typed is never shown.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::super::talk::SecretQuestion;
use super::card;

/// The card of a PIN.
pub(super) fn document(model: &Model, question: &SecretQuestion) -> Document {
    let mut document = card::head(model);
    card::told(model, &mut document);
    document.space().say(Tone::Strong, question.sentence.clone()).fields(&question.lines).space();
    document.say(Tone::Faint, "Nobody else looks at the keyboard. What is typed is shown nowhere.");
    document
}

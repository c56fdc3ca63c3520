//! A PIN: whose, of which token, what the token says of tries. What is typed is never shown.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::super::talk::SecretQuestion;
use super::card;
use crate::stage::shared_pin;

/// The card of a PIN.
pub(super) fn document(model: &Model, question: &SecretQuestion) -> Document {
    let mut document = card::before(model);
    document.space().say(Tone::Strong, question.sentence.clone()).fields(&question.lines).space();
    document.say(Tone::Faint, "Nobody else looks at the keyboard. What is typed is shown nowhere.");
    if model.is_practice() {
        let pin = shared_pin(question.pin).expose(|octets| String::from_utf8_lossy(octets).into_owned());
        document
            .space()
            .say(Tone::Look, format!("Practice: on a throw-away token of the demonstration it is {pin}"));
    }
    document
}

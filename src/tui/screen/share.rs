//! Shares: before one is shown to its holder alone, and while it is typed.

use super::super::document::{Document, Tone};
use super::super::field::SecretField;
use super::super::model::Model;
use super::super::talk::{Delivery, SecretQuestion};
use super::super::text::said;
use super::card;

/// Before a share is shown.
pub(super) fn before(model: &Model, delivery: &Delivery) -> Document {
    let mut document = card::head(model);
    card::told(model, &mut document);
    document.space().say(Tone::Strong, delivery.sentence.clone()).space();
    document.say(Tone::Bad, format!("The next screen is for {} alone.", said(&delivery.person)));
    document.say(Tone::Plain, "Everybody else steps back until the holder says that it is covered again.");
    document.say(Tone::Plain, "It is written down by hand, in full, and typed back afterwards.");
    document
}

/// While a share is typed.
pub(super) fn typing(model: &Model, question: &SecretQuestion) -> Document {
    let mut document = card::head(model);
    card::told(model, &mut document);
    document.space().say(Tone::Strong, question.sentence.clone()).fields(&question.lines).space();
    document.say(Tone::Faint, "What is typed is shown nowhere; words are counted below it.");
    document
}

/// What may be known of a share that is being typed: how many words.
pub fn progress(field: &SecretField) -> String {
    let words =
        field.expose(|octets| octets.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count());
    format!("({words} words typed; they are not shown)")
}

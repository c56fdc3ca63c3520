//! Shares: before one is shown to its holder alone, and while it is typed.

use super::super::document::{Document, Tone};
use super::super::field::SecretField;
use super::super::keys::Key;
use super::super::model::Model;
use super::super::talk::{Delivery, SecretQuestion};
use super::super::text::said;
use super::card;
use crate::share::{self, Typing, rest_of_word};

/// Before a share is shown.
pub(super) fn before(model: &Model, delivery: &Delivery) -> Document {
    let mut document = card::before(model);
    document.space().say(Tone::Strong, delivery.sentence.clone()).space();
    document.say(Tone::Bad, format!("The next screen is for {} alone.", said(&delivery.person)));
    document.say(Tone::Plain, "Everybody else steps back until the holder says that it is covered again.");
    document.say(Tone::Plain, "It is written down by hand, in full, and typed back afterwards.");
    document
}

/// While a share is typed.
pub(super) fn typing(model: &Model, question: &SecretQuestion) -> Document {
    let mut document = card::before(model);
    document.space().say(Tone::Strong, question.sentence.clone()).fields(&question.lines).space();
    document.say(Tone::Faint, "What is typed is shown nowhere. Words are completed once no other begins so; wrong ones are named by their place.");
    document
}

/// What may be known of a share that is being typed: how many words, and which of them are none.
pub fn progress(field: &SecretField) -> String {
    let Typing { groups, count, wrong } = field.expose(share::typing);
    let what = if groups { "groups" } else { "words" };
    let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    if wrong.is_empty() {
        format!("({count} {what} typed; they are not shown)")
    } else {
        format!("({count} {what} typed; wrong: {})", wrong.join(", "))
    }
}

/// Completes the word that is being typed, if no other begins so.
pub fn complete(field: &mut SecretField) {
    if let Some(rest) = field.expose(rest_of_word) {
        rest.chars().for_each(|letter| field.press(Key::Char(letter)));
    }
}

//! Who is in the room: one after the other says so, and everybody sees who is still wanted.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::super::text::said;
use super::card;
use crate::stage::Question;

/// The card of the roll call.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = card::before(model);
    card::asked(question, &mut document);
    document.space();
    for person in model.programme.iter().flat_map(|programme| &programme.people) {
        let (tone, mark) = match (model.present().contains(person), *person == question.person) {
            (true, _) => (Tone::Good, 'x'),
            (false, true) => (Tone::Look, '>'),
            (false, false) => (Tone::Plain, ' '),
        };
        document.marked(tone, mark, said(person));
    }
    document.space();
    for (role, here, wanted) in model.quorum() {
        let tone = if here >= wanted { Tone::Good } else { Tone::Plain };
        document.say(tone, format!("quorum: {here} of {wanted} of the role {role}"));
    }
    document
}

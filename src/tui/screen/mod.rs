//! What stands in the middle of the screen: one kind of screen per file.

mod approval;
mod boot;
mod card;
mod clock;
mod closing;
mod exception;
mod help;
mod inspect;
mod log;
mod pause;
mod pin;
mod resume;
mod roll_call;
pub(super) mod share;

use super::desk::{Desk, Open, Page};
use super::document::Document;
use super::model::Model;
use super::talk::SecretKind;
use crate::stage::{Expected, Question};

/// The document for what is on the table.
pub(super) fn document(desk: &Desk) -> Document {
    let model = &desk.model;
    match desk.page() {
        Some(Page::Identity) => return boot::document(model),
        Some(Page::Help) => return help::document(),
        Some(Page::Log) => return log::document(model),
        Some(Page::Inspect(which)) => return inspect::document(model, which),
        None => {}
    }
    match desk.open() {
        Some(Open::Question(question, _)) => of_question(model, question),
        Some(Open::Secret(question, _)) => match question.kind {
            SecretKind::Pin => pin::document(model, question),
            SecretKind::Share => share::typing(model, question),
        },
        Some(Open::Delivery { delivery, .. }) => share::before(model, delivery),
        Some(Open::Ended(_)) => closing::ended(model),
        None => card::working(model),
    }
}

/// Whether the screen shows nothing of the ceremony: it is paused.
pub(super) fn is_locked(desk: &Desk) -> bool {
    desk.page().is_none()
        && matches!(desk.open(), Some(Open::Question(question, _)) if pause::is_its(question))
}

fn of_question(model: &Model, question: &Question) -> Document {
    match &question.expected {
        Expected::Word("present") => roll_call::document(model, question),
        Expected::Word("resume") => resume::document(model, question),
        Expected::Word("deviate") => exception::document(model, question),
        Expected::Word(_) if pause::is_its(question) => pause::document(question),
        Expected::Time => clock::document(model, question),
        Expected::Words(_) => closing::document(model, question),
        Expected::Word(word) if approval::allows(word) => approval::document(model, question),
        Expected::Signature(path) => approval::by_signature(model, question, path),
        _ => card::document(model, question),
    }
}

//! Approval of what cannot be undone: every field, what is new today marked, and the digest in words.

use std::path::Path;

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::card;
use crate::approval::NAMESPACE;
use crate::stage::Question;

/// Whether a word allows something that cannot be undone.
pub(super) fn allows(word: &str) -> bool {
    WORDS.contains(&word)
}

/// The card of an approval.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = card::before(model);
    document.space().say(Tone::Bad, question.sentence.clone());
    if let Some(who) = card::reads_aloud(model, &question.person) {
        document.say(Tone::Faint, who);
    }
    if question.lines.iter().any(|line| line.planned.is_some()) {
        document.say(
            Tone::Look,
            "What is marked * is new today: the plan could not know it. All else is as reviewed.",
        );
    }
    document.space().fields(&question.lines);
    document
}

/// The same, where a signature by the person's own key allows it.
pub(super) fn by_signature(model: &Model, question: &Question, path: &Path) -> Document {
    let mut document = self::document(model, question);
    let path = path.display();
    document.space().say(Tone::Strong, "It is allowed by a signature over this file:");
    document.aside(Tone::Plain, 2, path.to_string());
    document.say(Tone::Plain, "In another terminal, or on a machine of one's own:");
    document.aside(Tone::Plain, 2, format!("ssh-keygen -Y sign -n {NAMESPACE} -f KEY {path}"));
    document
}

/// The words that allow.
const WORDS: [&str; 11] = [
    "sign",
    "approve",
    "accept",
    "adopt",
    "destroy",
    "revoke",
    "close",
    "initialize",
    "store",
    "new-set",
    "again",
];

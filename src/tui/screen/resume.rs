//! After an interruption: what was found, what it means, and the choices.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::card;
use crate::stage::{Line, Question};

/// The card of a ceremony that goes on.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = Document::new();
    card::told(model, &mut document);
    document.page().say(Tone::Strong, question.sentence.clone()).space();
    document.say(Tone::Strong, "What was found").fields(&question.lines).space();
    document.say(Tone::Strong, "What it means");
    for text in meanings(&question.lines) {
        document.aside(Tone::Plain, 2, text);
    }
    document.space().say(Tone::Strong, "The choices");
    document.aside(
        Tone::Plain,
        2,
        "resume: it goes on where it was. Nothing that the log says was done is done again.",
    );
    document.aside(Tone::Plain, 2, "no: it stays where it is, and can be resumed later.");
    document.aside(
        Tone::Plain,
        2,
        "To close it here instead: no, and then `rootrite resume --close partial` or `--close aborted`.",
    );
    document
}

/// What the findings mean.
fn meanings(lines: &[Line]) -> Vec<&'static str> {
    let has = |name: &str| lines.iter().any(|line| line.name == name);
    let mut meanings =
        vec!["Compare step and number of records with the paper: everything up to there is done and stays."];
    if has("without a result") {
        meanings.push(
            "Something was begun and nobody knows yet whether it was done. The token and the disk are asked first; nothing is \
             signed or made twice.",
        );
    } else {
        meanings.push("Nothing was under way when it stopped.");
    }
    if has("octets that were no whole record") {
        meanings.push("The last record was cut short. Its octets are kept aside; the log ends with the record before it.");
    }
    meanings
}

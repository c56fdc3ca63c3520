//! The step's card: what is done, why, who reads aloud; what was told since the last answer; what is asked.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use super::super::text::said;
use crate::stage::{Line, Notice, Person, Question};

/// The card with a question.
pub(super) fn document(model: &Model, question: &Question) -> Document {
    let mut document = before(model);
    asked(question, &mut document);
    document
}

/// What was told since the last answer, and then, on a page of its own, what the step is.
pub(super) fn before(model: &Model) -> Document {
    let mut document = Document::new();
    told(model, &mut document);
    document.page().append(head(model));
    document
}

/// The card while the program is at work.
pub(super) fn working(model: &Model) -> Document {
    let mut document = head(model);
    told(model, &mut document);
    document
}

/// What the step is and why.
pub(super) fn head(model: &Model) -> Document {
    let mut document = Document::new();
    match model.current() {
        None => {
            document.say(Tone::Strong, "Before the first step");
        }
        Some(step) => {
            document.say(Tone::Strong, format!("{} {}", step.number, step.name));
            document.say(Tone::Plain, step.preview.clone());
            if !step.why.is_empty() {
                document.say(Tone::Faint, step.why);
            }
        }
    }
    document.space();
    document
}

/// What was told since the last answer.
pub(super) fn told(model: &Model, document: &mut Document) {
    for notice in &model.told {
        match notice {
            Notice::Done { sentence, lines } => {
                document.space().say(Tone::Good, sentence.clone());
                done(lines, document);
                document.space();
            }
            Notice::Wrong { sentence } => {
                document.space().say(Tone::Bad, format!("! {sentence}")).space();
            }
            // The head of the card, and the list at the left, say these.
            _ => {}
        }
    }
}

/// What to compare. Of many checks those come first that are not as they should be; the good ones are named.
fn done(lines: &[Line], document: &mut Document) {
    let says =
        |line: &Line, word: &str| line.value.strip_prefix(word).is_some_and(|rest| rest.starts_with(": "));
    let are_checks =
        !lines.is_empty() && lines.iter().all(|line| OUTCOMES.iter().any(|word| says(line, word)));
    if !are_checks {
        document.fields(lines);
        return;
    }
    let [violated, unknown, ok] = OUTCOMES.map(|word| lines.iter().filter(move |line| says(line, word)));
    violated.chain(unknown).for_each(|line| {
        document.field(line);
    });
    // A check of each module or token is named once.
    let mut names: Vec<&str> = Vec::new();
    for line in ok {
        if !names.contains(&line.name.as_str()) {
            names.push(&line.name);
        }
    }
    document.pair("ok", names.join(", "));
    document.say(Tone::Faint, "`i` shows all of it.");
}

/// What is asked, and what to compare before.
pub(super) fn asked(question: &Question, document: &mut Document) {
    document.space().say(Tone::Strong, question.sentence.clone()).fields(&question.lines);
}

/// Who reads aloud while this person compares: the ceremony administrator, or whoever else is there.
pub(super) fn reads_aloud(model: &Model, other: &Person) -> Option<String> {
    let mut present = model.present().iter().filter(|person| *person != other);
    let administrator = present.clone().find(|person| person.role == "ceremony-administrator");
    let reader = administrator.or_else(|| present.next())?;
    Some(format!("{} reads every line aloud; {} compares it and answers.", said(reader), said(other)))
}

/// What a check came to, the worst first.
const OUTCOMES: [&str; 3] = ["violated", "unknown", "ok"];

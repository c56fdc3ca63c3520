//! The log, record by record, as far as this start of the program has written it.

use super::super::document::{Document, Tone};
use super::super::model::Model;

/// The page.
pub(super) fn document(model: &Model) -> Document {
    let mut document = Document::new();
    document.say(Tone::Strong, "The log since the program began").space();
    for record in &model.records {
        document.say(Tone::Strong, format!("{} {} {} {}", record.seq, record.at, record.event, record.actor));
        if record.data != "{}" {
            document.aside(Tone::Faint, 2, record.data.clone());
        }
    }
    if let Some(head) = model.head() {
        document.space().say(Tone::Plain, format!("head over {} records: {}", head.size, head.root.words()));
    }
    document
}

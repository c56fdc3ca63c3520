//! What conducts the ceremony: this program, its modules, the machine, plan and site, each digest in words.

use super::super::document::{Document, Tone};
use super::super::model::Model;
use crate::digest::Digest;
use crate::stage::Line;

/// The page.
pub(super) fn document(model: &Model) -> Document {
    let mut document = Document::new();
    let Some(programme) = &model.programme else {
        document.say(Tone::Plain, "Nothing is known yet.");
        return document;
    };
    document.say(Tone::Strong, programme.title.clone());
    if programme.practice {
        document.say(Tone::Look, "PRACTICE: nothing that comes of it counts, and no importer takes it.");
    }
    if programme.resumed {
        document.say(Tone::Look, "This ceremony was begun before and goes on.");
    }
    document.space();
    document.say(Tone::Plain, "Compare each digest with the paper. One reads, another looks.");
    document.space();
    digest(&mut document, "plan", programme.plan_sha256);
    digest(&mut document, "site", programme.site_sha256);
    digest(&mut document, "this program", programme.tool_sha256);
    document.pair("version", programme.tool_version.clone());
    for module in &programme.modules {
        document.space();
        digest(&mut document, "module", module.sha256);
        document.pair("it says", module.library.clone());
    }
    document.space();
    document.pair("ceremony", programme.ceremony.clone());
    document.pair("machine", programme.host.clone());
    document.pair("window from", programme.window.0.to_string());
    document.pair("window to", programme.window.1.to_string());
    let looked = model.cards.iter().find(|card| card.sentence.contains("machine looks like"));
    if let Some(card) = looked {
        document.space().say(Tone::Strong, "Preflight").fields(&card.lines);
    }
    document
}

fn digest(document: &mut Document, what: &str, digest: Digest) {
    document.field(&Line::new(format!("{what}, SHA-256"), digest.to_string()));
    document.field(&Line::new("in words", digest.words()));
}

//! The auditor's pack: each criterion with the lines of the log that show it, times to find on the video, and every key there is.
//!
//! What the log tells nothing of is said to be so: an empty criterion is an answer, and no line is chosen to look better than another.

use std::collections::BTreeMap;

use ceremony_log::record::Record;

use super::criteria::{CRITERIA, Criterion};
use super::document::{Block, Cell, Document, Span, Table, Value};
use super::script::{columns, records, table_of_records};
use super::template::{Parts, Template, TemplateError, fill};
use super::told::{EXCEPTIONS, Told, digest, field};

/// The pages of an auditor's pack.
///
/// # Errors
///
/// [`TemplateError`] if the template is not one.
pub fn auditor_pack(told: &Told, template: Option<Template<'_>>) -> Result<Document, TemplateError> {
    let template = template.unwrap_or(Template { name: "auditor-pack.md", source: AUDITOR_PACK });
    let mut parts = Parts::new();
    parts.value("ceremony", Value::exact(&told.ceremony));
    parts.flag("practice", told.practice);
    parts.block("identity", identity(told));
    parts.block("webtrust", criteria(told, "WebTrust"));
    parts.block("requirements", criteria(told, "BR"));
    parts.block("exceptions", vec![lines(told.of(&EXCEPTIONS))]);
    parts.block("video", video(told));
    parts.block("keys", keys(told));
    parts.block("every_record", vec![table_of_records(records(told.records.iter()))]);
    let blocks = fill(template, &parts)?;
    let title = "Auditor's pack".to_owned();
    Ok(Document { title, about: told.ceremony.clone(), practice: told.practice, initialled: false, blocks })
}

/// What everything here is bound to.
fn identity(told: &Told) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (name, value) in [("ceremony", &told.ceremony), ("log", &told.origin)] {
        blocks.push(Block::Compare(name.into(), Value::exact(value)));
    }
    if let Some(plan) = told.plan_sha256() {
        blocks.extend(Block::digest("plan SHA-256", plan));
    }
    if let Some((size, root)) = told.head {
        blocks.push(Block::Compare("records under the head".into(), Value::exact(size.to_string())));
        blocks.extend(Block::digest("closing head", root));
    }
    if let (Some(first), Some(last)) = (told.records.first(), told.records.last()) {
        let from_to = format!("{} to {}", first.at, last.at);
        blocks.push(Block::Compare("first and last record".into(), Value::exact(from_to)));
    }
    blocks
}

/// The criteria of one source.
fn criteria(told: &Told, source: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for criterion in CRITERIA.iter().filter(|criterion| criterion.source.starts_with(source)) {
        let Criterion { source, asks, events, elsewhere } = criterion;
        let mut head = vec![Block::heading(2, *source), Block::text(*asks)];
        if !elsewhere.is_empty() {
            head.push(Block::Item(vec![Span::Text(format!("No log shows: {elsewhere}."))]));
        }
        blocks.extend(head);
        blocks.push(lines(told.of(events)));
    }
    blocks
}

/// Records in short, each to be found whole at the end.
fn lines<'r>(records: impl Iterator<Item = &'r Record>) -> Block {
    let rows: Vec<Vec<Cell>> = records
        .map(|record| {
            vec![
                Cell::exact(record.seq.to_string()),
                Cell::exact(record.at.to_string()),
                Cell::exact(record.step.as_deref().unwrap_or("-")),
                Cell::text(&record.actor.id),
                Cell::text(&record.ev),
                Cell::Text(in_short(record)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Block::text("The log of this ceremony tells of nothing here.");
    }
    let columns =
        columns(&[("record", 3), ("time (UTC)", 9), ("step", 2), ("who", 4), ("event", 8), ("what", 15)]);
    Block::Table(Table { columns, rows })
}

/// What a record is about, without digests: whole names and numbers, and the record has the rest.
fn in_short(record: &Record) -> String {
    let named = IN_SHORT.iter().filter_map(|name| {
        let value = record.data.get(name)?;
        let text = match value.as_object() {
            // Of an artifact, its kind and its name.
            Some(object) => {
                ["kind", "name"].iter().filter_map(|key| object.str(key)).collect::<Vec<_>>().join(" ")
            }
            None => super::told::said(value),
        };
        Some(format!("{} {text}", name.replace('_', " ")))
    });
    named.collect::<Vec<_>>().join("; ")
}

/// Where on the video everything is: by the ceremony's clock, whose difference to others is in the records of the clock.
fn video(told: &Told) -> Vec<Block> {
    let mut blocks = Vec::new();
    let open = told.of(&["ceremony.open"]).next();
    let identifications = open.map(|open| field(open, "video_ids")).filter(|found| !found.is_empty());
    let identifications =
        identifications.unwrap_or_else(|| "none in the opening record; see the evidence below".into());
    blocks.push(Block::Compare("video".into(), Value::exact(identifications)));
    blocks.push(lines(told.of(&["clock.set", "log.note"])));
    let mut rows = Vec::new();
    for begin in told.of(&["step.begin"]) {
        let end = told
            .records
            .iter()
            .find(|record| record.ev == "step.end" && record.step == begin.step && record.seq > begin.seq);
        rows.push(vec![
            Cell::exact(field(begin, "step")),
            Cell::text(field(begin, "name")),
            Cell::exact(begin.at.to_string()),
            Cell::exact(end.map_or_else(|| "not ended".to_owned(), |end| end.at.to_string())),
            Cell::Blank,
        ]);
    }
    let columns = columns(&[
        ("step", 2),
        ("what", 6),
        ("begun (UTC)", 6),
        ("ended (UTC)", 6),
        ("place on the video", 6),
    ]);
    blocks.push(Block::Table(Table { columns, rows }));
    blocks
}

/// Every key that the log knows of: made, certified, parked or destroyed.
fn keys(told: &Told) -> Vec<Block> {
    let mut certified: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut gone: BTreeMap<String, u64> = BTreeMap::new();
    let mut of_log: Vec<String> = Vec::new();
    for record in &told.all {
        let spki = field(record, "spki_sha256");
        match record.ev.as_str() {
            "cert.signed" => {
                let name = record
                    .data
                    .get("artifact")
                    .and_then(|artifact| artifact.get("name"))
                    .map(super::told::said);
                let name = name.unwrap_or_default();
                certified.entry(spki).or_default().push(format!("{name} (record {})", record.seq));
            }
            "key.destroyed" => drop(gone.insert(spki, record.seq)),
            "log.key.added" => of_log.push(spki),
            _ => {}
        }
    }
    let mut blocks = Vec::new();
    for record in told.all.iter().filter(|record| record.ev == "key.generated") {
        let spki = field(record, "spki_sha256");
        let state = match (gone.get(&spki), certified.get(&spki)) {
            (Some(seq), _) => format!("destroyed (record {seq})"),
            (None, Some(certificates)) => format!("certified: {}", certificates.join(", ")),
            (None, None) if of_log.contains(&spki) => "signs the log".to_owned(),
            (None, None) => "PARKED: no certificate of this log has it".to_owned(),
        };
        let mut one = vec![Block::heading(
            3,
            format!("{}, on the token {}", field(record, "label"), field(record, "token")),
        )];
        let about = format!(
            "{}, made in the ceremony {} (record {})",
            field(record, "algorithm"),
            record.cer,
            record.seq
        );
        one.push(Block::Compare("key".into(), Value::exact(about)));
        one.push(Block::Compare("CKA_ID".into(), Value::exact(field(record, "id"))));
        one.push(Block::Compare("state".into(), Value::exact(state)));
        match digest(&spki) {
            Some(spki) => one.push(Block::Compare("SPKI SHA-256".into(), Value::hex(spki))),
            None => one.push(Block::Compare("SPKI SHA-256".into(), Value::exact(spki))),
        }
        blocks.push(Block::Keep(one));
    }
    if blocks.is_empty() {
        blocks.push(Block::text("The log tells of no key that was made."));
    }
    blocks
}

/// What says in a few words what a record is about.
const IN_SHORT: [&str; 22] = [
    "artifact",
    "label",
    "name",
    "token",
    "algorithm",
    "person",
    "role",
    "people",
    "approvers",
    "approved_by",
    "purpose",
    "kind",
    "model",
    "serial",
    "class",
    "number",
    "method",
    "source",
    "reference",
    "outcome",
    "text",
    "actual",
];

const AUDITOR_PACK: &str = include_str!("../../templates/paper/auditor-pack.md");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::text;

    fn told(lines: &[(&str, &str)]) -> Told {
        let line = |(seq, (event, data)): (usize, &(&str, &str))| {
            let actor = r#"{"id":"rootrite","role":"software"}"#;
            let zeros = "0".repeat(64);
            format!(
                r#"{{"actor":{actor},"at":"2026-11-01T08:00:00Z","cer":"a","data":{data},"ev":"{event}","mono":1,"prev":"{zeros}","seq":{seq},"step":"2.1","v":1}}"#
            )
        };
        let log: Vec<String> = lines.iter().enumerate().map(line).collect();
        Told::read(log.join("\n").as_bytes(), None, None).unwrap()
    }

    #[test]
    fn a_key_without_a_certificate_is_parked_and_one_that_was_destroyed_is_gone() {
        let key = |label: &str, digit: &str| {
            let spki = digit.repeat(64);
            (
                "key.generated",
                format!(
                    r#"{{"algorithm":"ecdsa-p384","id":"ab","label":"{label}","spki_sha256":"{spki}","token":"root"}}"#
                ),
            )
        };
        let (parked, used, gone, log) =
            (key("parked", "a"), key("used", "b"), key("gone", "c"), key("log-1", "d"));
        let signed =
            format!(r#"{{"artifact":{{"kind":"root","name":"used"}},"spki_sha256":"{}"}}"#, "b".repeat(64));
        let destroyed = format!(r#"{{"spki_sha256":"{}"}}"#, "c".repeat(64));
        let added = format!(r#"{{"spki_sha256":"{}"}}"#, "d".repeat(64));
        let told = told(&[
            (parked.0, &parked.1),
            (used.0, &used.1),
            (gone.0, &gone.1),
            (log.0, &log.1),
            ("cert.signed", &signed),
            ("key.destroyed", &destroyed),
            ("log.key.added", &added),
        ]);
        let document = auditor_pack(&told, None).unwrap();
        let text = text(&document);
        let state = |label: &str| {
            let (_, after) = text.split_once(&format!("{label}, on the token root")).unwrap();
            after.split_once("state: ").unwrap().1.lines().next().unwrap().to_owned()
        };
        assert_eq!(state("parked"), "PARKED: no certificate of this log has it");
        assert_eq!(state("used"), "certified: used (record 4)");
        assert_eq!(state("gone"), "destroyed (record 5)");
        assert_eq!(state("log-1"), "signs the log");
        assert!(text.contains(&"a".repeat(64)));
        // What the log does not tell is said to be so.
        assert!(text.contains("The log of this ceremony tells of nothing here."));
        for criterion in CRITERIA {
            assert!(text.contains(criterion.source), "{}", criterion.source);
        }
    }
}

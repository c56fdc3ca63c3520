//! `report.md`: the ceremony as its log tells it, by the template `templates/report/report.md`.

use std::collections::BTreeMap;

use ceremony_log::json::Value;
use ceremony_log::record::Record;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::stage::JournalError;

/// The report of a log's last ceremony.
///
/// # Errors
///
/// [`JournalError::Record`] if a line is no record, which a closed log does not have.
pub fn report(log: &[u8], origin: &str) -> Result<String, JournalError> {
    let records = records(log)?;
    // After an interruption of the very end, records follow that belong to no ceremony.
    let of_a_ceremony = records.iter().rev().find(|record| record.cer != "-");
    let ceremony = of_a_ceremony.map(|record| record.cer.clone()).unwrap_or_default();
    let rows: Vec<Row> = records.iter().filter(|record| record.cer == ceremony).map(Row::of).collect();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let wrong =
        |error: minijinja::Error| JournalError::Record { why: format!("the report's template: {error}") };
    environment.add_template("report.md", TEMPLATE).map_err(wrong)?;
    let template = environment.get_template("report.md").map_err(wrong)?;
    let opening = records.iter().find(|record| record.ev == "ceremony.open" && record.cer == ceremony);
    let text = |key: &str| opening.and_then(|open| open.data.str(key)).unwrap_or("-").to_owned();
    let practice = records.first().and_then(|first| first.data.get("practice")).and_then(Value::as_bool);
    template
        .render(context! {
            ceremony => ceremony,
            origin => origin,
            practice => practice.unwrap_or(true),
            purpose => text("purpose"),
            plan_sha256 => text("plan_sha256"),
            site_sha256 => text("site_sha256"),
            rows => minijinja::value::Serde(&rows),
        })
        .map_err(wrong)
}

/// A record as the report shows it.
#[derive(serde::Serialize)]
struct Row {
    seq: u64,
    at: String,
    step: String,
    event: String,
    actor: String,
    /// Names and values of the record's data, in order.
    data: Vec<(String, String)>,
    /// The same by name.
    fields: BTreeMap<String, String>,
    /// What was signed, where the record is of that.
    artifact: Artifact,
}

/// What was signed: `-` for what the record does not say.
#[derive(serde::Serialize)]
struct Artifact {
    kind: String,
    name: String,
    sha256: String,
}

impl Artifact {
    fn of(record: &Record) -> Self {
        let said = |name: &str| {
            let value = record.data.get("artifact").and_then(|artifact| artifact.get(name));
            value.map_or_else(|| "-".to_owned(), shown)
        };
        Self { kind: said("kind"), name: said("name"), sha256: said("sha256") }
    }
}

impl Row {
    fn of(record: &Record) -> Self {
        let data: Vec<(String, String)> =
            record.data.iter().map(|(key, value)| (key.to_owned(), shown(value))).collect();
        Self {
            seq: record.seq,
            at: record.at.to_string(),
            step: record.step.clone().unwrap_or_default(),
            event: record.ev.clone(),
            actor: record.actor.id.clone(),
            fields: data.iter().cloned().collect(),
            artifact: Artifact::of(record),
            data,
        }
    }
}

/// A value without the quotes of JSON where it is a text; `|` would end a table's cell.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_canonical(), str::to_owned);
    text.replace('|', "\\|")
}

fn records(log: &[u8]) -> Result<Vec<Record>, JournalError> {
    log.split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| Ok(Record::parse(line)?))
        .collect()
}

const TEMPLATE: &str = include_str!("../../../templates/report/report.md");

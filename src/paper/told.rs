//! What a log tells of one ceremony, as pages need it.

use ceremony_log::code::Fault;
pub(super) use ceremony_log::json::Value as Said;
use ceremony_log::record::Record;

use crate::digest::Digest;

/// A ceremony's records and the head they are under.
#[derive(Clone, Debug)]
pub struct Told {
    /// The log's name.
    pub origin: String,
    /// The ceremony.
    pub ceremony: String,
    /// Whether it is practice.
    pub practice: bool,
    /// Its records, in order.
    pub records: Vec<Record>,
    /// Those of every ceremony of the log, up to the same head.
    pub all: Vec<Record>,
    /// How many records the log had under the head that closed it, and its root.
    pub head: Option<(u64, Digest)>,
}

impl Told {
    /// What a log tells of a ceremony, or of its last one. Whether the log is good is judged before.
    ///
    /// # Errors
    ///
    /// What is wrong with a line.
    pub fn read(log: &[u8], ceremony: Option<&str>, head: Option<(u64, Digest)>) -> Result<Self, Fault> {
        let lines = log.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
        let all = lines.map(Record::parse).collect::<Result<Vec<_>, _>>()?;
        let genesis = all.first();
        let origin = genesis.and_then(|first| first.data.str("origin")).unwrap_or("-").to_owned();
        let practice =
            genesis.and_then(|first| first.data.get("practice")).and_then(Said::as_bool).unwrap_or(true);
        let last = all.iter().rev().find(|record| record.cer != "-").map(|record| record.cer.clone());
        let ceremony = ceremony.map(str::to_owned).or(last).unwrap_or_default();
        let records = all.iter().filter(|record| record.cer == ceremony).cloned().collect();
        Ok(Self { origin, ceremony, practice, records, all, head })
    }

    /// The records of some events.
    pub(super) fn of<'t>(&'t self, events: &'t [&str]) -> impl Iterator<Item = &'t Record> {
        self.records.iter().filter(|record| events.contains(&record.ev.as_str()))
    }

    /// The records of a step.
    pub(super) fn of_step<'t>(&'t self, number: &'t str) -> impl Iterator<Item = &'t Record> {
        self.records.iter().filter(move |record| record.step.as_deref() == Some(number))
    }

    /// The digest that the ceremony was opened under.
    pub fn plan_sha256(&self) -> Option<Digest> {
        let open = self.of(&["ceremony.open"]).next()?;
        digest(open.data.str("plan_sha256")?)
    }

    /// Whether an intent has a result.
    pub(super) fn is_resolved(&self, intent: &Record) -> bool {
        self.records.iter().any(|record| record.reference == Some(intent.seq))
    }
}

/// What was otherwise than it should be: events for the exceptions' page.
pub(super) const EXCEPTIONS: [&str; 15] = [
    "step.deviation",
    "act.failed",
    "request.rejected",
    "witness.disagreed",
    "auth.failed",
    "session.resumed",
    "log.recovered",
    "log.anomaly",
    "participant.left",
    "sign.failed",
    "sign.aborted",
    "serial.burned",
    "artifact.voided",
    "share.void",
    "share.missing",
];

/// A digest of its digits.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let octets = crate::digest::from_hex(text)?;
    octets.try_into().ok().map(Digest::from_octets)
}

/// What a record's field says, whole.
pub(super) fn field(record: &Record, name: &str) -> String {
    record.data.get(name).map_or_else(|| "-".to_owned(), said)
}

/// A value without the marks of JSON.
pub(super) fn said(value: &Said) -> String {
    match value {
        Said::String(text) => text.clone(),
        Said::Int(number) => number.to_string(),
        Said::Bool(yes) => yes.to_string(),
        Said::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(", "),
        Said::Object(object) => {
            object.iter().map(|(key, value)| format!("{key} {}", said(value))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Everything a record says, whole.
pub(super) fn everything(record: &Record) -> String {
    record.data.iter().map(|(key, value)| format!("{key} {}", said(value))).collect::<Vec<_>>().join("; ")
}

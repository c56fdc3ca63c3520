//! Whether a record follows the one before it: sequence, chain and time.

use crate::code::{Code, Fault};
use crate::record::Record;
use crate::time::Time;
use crate::tree::Hash;

/// The format that `log.genesis` names.
const SPEC: &str = "ceremony-log/v1";

/// What a log says of itself in its first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The log's origin.
    pub origin: String,
    /// Whether nothing in the log counts.
    pub practice: bool,
}

/// What one must know of the lines so far to judge the next.
#[derive(Default)]
pub struct Follower {
    leaf: Option<Hash>,
    last: Option<Record>,
    clock: Option<(Time, u64)>,
    genesis: Option<Genesis>,
}

impl Follower {
    /// Everything that is wrong with `record` as the line of this index.
    pub fn follow(&mut self, record: &Record, index: u64) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |code, message| faults.push(Fault::new(code, message));
        if record.seq != index {
            wrong(Code::E125, format!("seq is {}; wanted {index}", record.seq));
        }
        let prev = self.leaf.unwrap_or(Hash::ZERO);
        if record.prev != prev {
            wrong(Code::E126, format!("prev is {}; wanted {prev}", record.prev));
        }
        if let Some((at, mono)) = self.clock {
            if record.at < at && !is_approved_clock_set(record) {
                wrong(Code::E127, format!("at is {}, after {at}", record.at));
            }
            if record.mono < mono && !matches!(record.ev.as_str(), "session.start" | "session.resumed") {
                wrong(Code::E127, format!("mono is {}, after {mono}", record.mono));
            }
        }
        if index == 0 {
            faults.append(&mut self.begin(record));
        } else if record.ev == "log.genesis" {
            wrong(Code::E125, "log.genesis stands only at seq 0".to_owned());
        }
        faults
    }

    /// A line has passed, with its record if it had one.
    pub fn passed(&mut self, record: Option<Record>, leaf: Hash) {
        self.leaf = Some(leaf);
        if let Some(record) = &record {
            self.clock = Some((record.at, record.mono));
        }
        self.last = record;
    }

    /// The last record and what the log says of itself.
    pub fn finish(self) -> (Option<Record>, Option<Genesis>) {
        (self.last, self.genesis)
    }

    fn begin(&mut self, record: &Record) -> Vec<Fault> {
        if record.ev != "log.genesis" {
            return vec![Fault::new(Code::E125, format!("a log begins with log.genesis, not {}", record.ev))];
        }
        let mut faults = Vec::new();
        if record.mono != 0 {
            faults
                .push(Fault::new(Code::E127, format!("mono is {} at the beginning; wanted 0", record.mono)));
        }
        let data = &record.data;
        if data.str("spec") != Some(SPEC) || data.str("hash") != Some("sha256") {
            faults.push(Fault::new(Code::E129, format!("`spec` and `hash` are not {SPEC} and sha256")));
        }
        let practice = data.get("practice").and_then(crate::json::Value::as_bool);
        let (Some(origin), Some(practice)) = (data.str("origin"), practice) else {
            faults.push(Fault::new(Code::E128, "log.genesis has no `origin` or `practice`"));
            return faults;
        };
        if origin.ends_with("/practice") != practice {
            let wanted = if practice { "must" } else { "must not" };
            faults.push(Fault::new(Code::E111, format!("origin `{origin}` {wanted} end in /practice")));
        }
        self.genesis = Some(Genesis { origin: origin.to_owned(), practice });
        faults
    }
}

/// Whether the record is a `clock.set` that somebody approved: only that may step back.
fn is_approved_clock_set(record: &Record) -> bool {
    let approved_by = record.data.get("approved_by").and_then(crate::json::Value::as_array);
    record.ev == "clock.set" && approved_by.is_some_and(|people| !people.is_empty())
}

//! What the records of a log say together, as far as that needs no certificates (ceremony-log/v1 §5, 4).
//!
//! The rules of this file:
//! - Every intent is closed by exactly one result that agrees with it: E152, E153.
//! - Every ceremony that opens closes, once: E150. The last one was not aborted: E151.
//! - A signature by a CA's key comes within an open ceremony, after an approval of its plan and a login: E155.
//! - A key signs only if it was made in this log and is live: E159 (`state/keys.rs`).
//! - An event that the registry lacks is a warning, W201; about a signature it refuses, E154.
//!
//! [`State`] follows records that [`crate::verify`] reads. Its memory grows with keys, ceremonies and open intents, up
//! to [`MOST_OPEN`] and [`MOST_KNOWN`]; a log with more of them is refused, E128.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

use crate::code::{Code, Finding, Place};
use crate::event;
use crate::json::{Object, Value};
use crate::record::Record;
use crate::verify::Findings;

use keys::Keys;

/// How many intents may be open at once.
pub const MOST_OPEN: usize = 1000;

/// How many keys, requests, approvals, logins and ceremonies a log may have together.
pub const MOST_KNOWN: usize = 10_000;

/// How a ceremony ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As planned.
    Ok,
    /// Some of it: its CRLs count, its certificates wait.
    Partial,
    /// Nothing of it counts but its burned serials.
    Aborted,
}

/// An intent that no record has closed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// The intent's seq.
    pub seq: u64,
    /// Its ceremony.
    pub cer: String,
    /// Its event.
    pub ev: String,
    /// What it said.
    pub data: Object,
}

/// What the records so far say together.
#[derive(Clone, Debug, Default)]
pub struct State {
    findings: Findings,
    intents: BTreeMap<u64, OpenIntent>,
    ceremony: Option<Ceremony>,
    closed: BTreeSet<String>,
    /// The last ceremony that closed: its id, the seq of its closing, its outcome.
    last: Option<(String, u64, Outcome)>,
    /// Digests of plans that somebody approved since the last closing.
    approved: BTreeSet<String>,
    /// Tokens that were logged into in this session.
    sessions: BTreeSet<String>,
    keys: Keys,
    /// There was more than fits: nothing is followed any more, and the log is refused.
    full: bool,
}

/// A ceremony that is open.
#[derive(Clone, Debug)]
struct Ceremony {
    id: String,
    seq: u64,
    plan_sha256: String,
}

impl State {
    /// Before the first record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows the next record.
    pub fn follow(&mut self, record: &Record) {
        if self.full {
            return;
        }
        if !event::is_known(&record.ev) {
            let (code, what) = if event::is_unknown_signing(&record.ev) {
                (Code::E154, "unknown signing event")
            } else {
                (Code::W201, "unknown event")
            };
            self.find(code, record.seq, format!("{what} `{}`", record.ev));
        }
        let intent = self.close_intent(record);
        match record.ev.as_str() {
            "session.start" | "session.resumed" => self.sessions.clear(),
            "plan.approved" => self.plan_approved(record),
            "ceremony.open" => self.open(record),
            "ceremony.close" => self.close(record),
            "auth.ok" => self.logged_in(record),
            "quorum.met" => self.quorum_met(record),
            "log.key.replaced" => self.key_replaced(record),
            _ => {}
        }
        if event::SIGN_INTENTS.contains(&record.ev.as_str()) {
            self.may_sign(record);
        }
        if let Some(message) = self.keys.follow(record, intent.as_ref()) {
            self.find(Code::E159, record.seq, message);
        }
        if event::results_of(&record.ev).is_some() {
            let intent = OpenIntent {
                seq: record.seq,
                cer: record.cer.clone(),
                ev: record.ev.clone(),
                data: record.data.clone(),
            };
            self.intents.insert(record.seq, intent);
        }
        let known = self.keys.len() + self.approved.len() + self.sessions.len() + self.closed.len();
        if self.intents.len() > MOST_OPEN || known > MOST_KNOWN {
            self.full = true;
            let message = format!("more than {MOST_OPEN} open intents, or {MOST_KNOWN} keys and ceremonies");
            self.find(Code::E128, record.seq, message);
        }
    }

    /// The intents that are open: what a writer must resolve before it goes on.
    pub fn open_intents(&self) -> impl Iterator<Item = &OpenIntent> {
        self.intents.values()
    }

    /// The id of the ceremony that is open.
    pub fn open_ceremony(&self) -> Option<&str> {
        self.ceremony.as_ref().map(|ceremony| ceremony.id.as_str())
    }

    /// The id and outcome of the last ceremony that closed.
    pub fn last_ceremony(&self) -> Option<(&str, Outcome)> {
        self.last.as_ref().map(|(id, _, outcome)| (id.as_str(), *outcome))
    }

    /// Whether the key with this SPKI digest may sign.
    pub fn is_live(&self, spki_sha256: &str) -> bool {
        self.keys.is_live(spki_sha256)
    }

    /// Everything that is wrong, now that there are no more records.
    pub fn finish(mut self) -> Findings {
        for intent in std::mem::take(&mut self.intents).into_values() {
            self.find(Code::E152, intent.seq, format!("`{}` has no result", intent.ev));
        }
        if let Some(Ceremony { id, seq, .. }) = self.ceremony.take() {
            self.find(Code::E150, seq, format!("ceremony `{id}` is not closed"));
        } else if let Some((id, seq, Outcome::Aborted)) = self.last.take() {
            self.find(Code::E151, seq, format!("ceremony `{id}` was aborted"));
        }
        self.findings
    }

    fn find(&mut self, code: Code, seq: u64, message: String) {
        self.findings.push(Finding::new(code, Place::Line(seq + 1), message));
    }

    /// Takes the intent that this record closes. A record that should close one and does not is E153.
    fn close_intent(&mut self, record: &Record) -> Option<OpenIntent> {
        let may_close =
            matches!(record.ev.as_str(), "act.failed" | "token.initialized" | "media.written" | "key.sealed");
        let closing = event::is_result(&record.ev) || (may_close && record.reference.is_some());
        let Some(reference) = record.reference else {
            if closing {
                self.find(Code::E153, record.seq, format!("`{}` without `ref`", record.ev));
            }
            return None;
        };
        if reference >= record.seq {
            self.find(Code::E153, record.seq, format!("`ref` {reference} is not an earlier record"));
            return None;
        }
        if !closing {
            return None;
        }
        let fits = |intent: &OpenIntent| {
            record.ev == "act.failed"
                || event::results_of(&intent.ev).is_some_and(|results| results.contains(&record.ev.as_str()))
        };
        if !self.intents.get(&reference).is_some_and(fits) {
            let message = format!("`{}` refers to {reference}, where no intent for it is open", record.ev);
            self.find(Code::E153, record.seq, message);
            return None;
        }
        let intent = self.intents.remove(&reference)?;
        if let Some(key) = disagreement(&intent.data, &record.data) {
            let message = format!("`{key}` of `{}` differs from its intent's at {reference}", record.ev);
            self.find(Code::E153, record.seq, message);
        }
        Some(intent)
    }

    fn plan_approved(&mut self, record: &Record) {
        let person = record.data.str("person").unwrap_or_default();
        match record.data.str("sha256") {
            Some(sha256) if !person.is_empty() => drop(self.approved.insert(sha256.to_owned())),
            _ => self.find(Code::E155, record.seq, "an approval without `sha256` or `person`".to_owned()),
        }
    }

    fn open(&mut self, record: &Record) {
        if let Some(Ceremony { id, seq, .. }) = self.ceremony.take() {
            self.find(
                Code::E150,
                seq,
                format!("ceremony `{id}` was not closed before `{}` opened", record.cer),
            );
        }
        if record.cer == "-" || self.closed.contains(&record.cer) {
            self.find(Code::E150, record.seq, format!("the ceremony id `{}` is taken", record.cer));
        }
        let plan_sha256 = record.data.str("plan_sha256").unwrap_or_default().to_owned();
        self.ceremony = Some(Ceremony { id: record.cer.clone(), seq: record.seq, plan_sha256 });
    }

    fn close(&mut self, record: &Record) {
        let opened = self.ceremony.take_if(|ceremony| ceremony.id == record.cer);
        let outcome = match record.data.str("outcome") {
            Some("ok") => Some(Outcome::Ok),
            Some("partial") => Some(Outcome::Partial),
            Some("aborted") => Some(Outcome::Aborted),
            _ => None,
        };
        match (opened, outcome) {
            (Some(ceremony), Some(outcome)) => self.last = Some((ceremony.id, record.seq, outcome)),
            (None, _) => self.find(Code::E150, record.seq, format!("ceremony `{}` is not open", record.cer)),
            (_, None) => {
                let message = "the outcome is not ok, partial or aborted".to_owned();
                self.find(Code::E150, record.seq, message);
            }
        }
        self.closed.insert(record.cer.clone());
        self.approved.clear();
        self.sessions.clear();
        // No result can come any more: what it would belong to is closed.
        for intent in std::mem::take(&mut self.intents).into_values() {
            let message = format!("`{}` has no result at the closing", intent.ev);
            self.find(Code::E152, intent.seq, message);
        }
    }

    fn logged_in(&mut self, record: &Record) {
        self.sessions.insert(record.data.str("token").unwrap_or_default().to_owned());
    }

    fn quorum_met(&mut self, record: &Record) {
        let people: BTreeSet<&str> = match record.data.get("people").and_then(Value::as_array) {
            Some(people) => people.iter().filter_map(Value::as_str).collect(),
            None => BTreeSet::new(),
        };
        match record.data.get("threshold").and_then(Value::as_u64) {
            // A quorum of nobody is none, though no rule is broken by saying so.
            Some(0) => {}
            Some(threshold) if people.len() as u64 >= threshold => self.logged_in(record),
            threshold => {
                let wanted = threshold.map_or_else(|| "no threshold".to_owned(), |wanted| wanted.to_string());
                let message = format!("quorum of {} people; wanted {wanted}", people.len());
                self.find(Code::E155, record.seq, message);
            }
        }
    }

    /// A log's key is lost if witnesses say so.
    fn key_replaced(&mut self, record: &Record) {
        let witnesses = record.data.get("witnesses").and_then(Value::as_array);
        if witnesses.is_none_or(<[Value]>::is_empty) {
            let message = "`log.key.replaced` without witnesses who say so".to_owned();
            self.find(Code::E155, record.seq, message);
        }
    }

    fn may_sign(&mut self, record: &Record) {
        let mut lacking = Vec::new();
        match self.ceremony.as_ref().filter(|ceremony| ceremony.id == record.cer) {
            None => lacking.push("an open ceremony"),
            Some(ceremony) if !self.approved.contains(&ceremony.plan_sha256) => {
                lacking.push("an approval of the ceremony's plan");
            }
            Some(_) => {}
        }
        let logged_in = match record.data.str("token") {
            Some(token) => self.sessions.contains(token),
            None => !self.sessions.is_empty(),
        };
        if !logged_in {
            lacking.push("a login or quorum in this session");
        }
        if !lacking.is_empty() {
            let message = format!("`{}` without {}", record.ev, lacking.join(" and without "));
            self.find(Code::E155, record.seq, message);
        }
    }
}

/// A digest, serial or number that both have and that differs.
fn disagreement<'a>(intent: &'a Object, result: &Object) -> Option<&'a str> {
    intent
        .iter()
        .filter(|(key, _)| key.ends_with("sha256") || matches!(*key, "serial" | "number"))
        .find(|(key, value)| result.get(key).is_some_and(|other| other != *value))
        .map(|(key, _)| key)
}

#[cfg(test)]
mod tests;

//! What the pins demand of records: which programs, modules and tokens were used, who approved and how, by which rules.
//!
//! Only records since the last accepted head are judged: what came before was, by the pins of its time.

use ceremony_log::code::Code;
use ceremony_log::json::{Object, Value};
use ceremony_log::record::Record;

use crate::approval::PersonKey;
use crate::digest::Digest;
use crate::intake::pins::Pins;
use crate::intake::report::Report;
use crate::script::{Method, Policy, Word as _};

/// What is demanded.
pub struct Demands<'p> {
    pins: &'p Pins,
    /// The size of the last accepted head.
    since: u64,
}

impl<'p> Demands<'p> {
    /// The demands of the pins on records from the index `since` on.
    pub const fn new(pins: &'p Pins, since: u64) -> Self {
        Self { pins, since }
    }

    /// Follows the next record.
    pub fn follow(&self, record: &Record, report: &mut Report) {
        if record.seq < self.since {
            return;
        }
        let found = match record.ev.as_str() {
            "session.start" | "session.resumed" => self.session(&record.data),
            "device.inserted" => self.device(&record.data),
            "ceremony.open" => self.opened(&record.data),
            "plan.approved" | "site.approved" => self.plan_approved(&record.data),
            "request.approved" | "step.deviation" => self.act_approved(&record.data),
            "person.registered" => self.registered(&record.data),
            "lint.result" => self.linted(&record.data),
            _ => Vec::new(),
        };
        for (code, message) in found {
            report.find_record(code, record.seq, message);
        }
    }

    /// The program and the modules of a session.
    fn session(&self, data: &Object) -> Vec<(Code, String)> {
        let mut found = Vec::new();
        if let Some(message) = not_pinned(data.str("tool_sha256"), "the program", "tools", &self.pins.tools) {
            found.push((Code::E156, message));
        }
        let modules = data.get("modules").and_then(Value::as_array).unwrap_or_default();
        for module in modules.iter().filter(|_| !self.pins.modules.is_empty()) {
            let sha256 = module.get("sha256").and_then(Value::as_str);
            if let Some(message) = not_pinned(sha256, "the module", "modules", &self.pins.modules) {
                found.push((Code::E156, message));
            }
        }
        found
    }

    fn device(&self, data: &Object) -> Vec<(Code, String)> {
        let text = |key: &str| data.str(key).unwrap_or_default();
        let (token, serial) = (text("token"), text("serial"));
        let mut found = Vec::new();
        let pinned = &self.pins.token_serials;
        if !pinned.is_empty() && !pinned.iter().any(|one| one == serial) {
            let message =
                format!("the serial number `{serial}` of token `{token}` is not among `token-serials`");
            found.push((Code::E156, message));
        }
        if self.pins.rules == Policy::PublicTls && text("class") != "hardware" {
            let message = format!(
                "token `{token}` is of class `{}`; the pins' rules, `public-tls`, take hardware only",
                text("class")
            );
            found.push((Code::E156, message));
        }
        found
    }

    fn opened(&self, data: &Object) -> Vec<(Code, String)> {
        let lists = [
            ("plan_sha256", "the plan", "plans", &self.pins.plans),
            ("site_sha256", "the site file", "sites", &self.pins.sites),
        ];
        let pinned = lists.into_iter().filter(|(.., all)| !all.is_empty());
        let found = pinned.filter_map(|(key, what, name, all)| not_pinned(data.str(key), what, name, all));
        found.map(|message| (Code::E157, message)).collect()
    }

    fn plan_approved(&self, data: &Object) -> Vec<(Code, String)> {
        let method = data.str("method").unwrap_or_default();
        if self.pins.approval == Method::Signature && method != Method::Signature.word() {
            let person = data.str("person").unwrap_or_default();
            let message =
                format!("`{person}` approved by the method `{method}`; the pins demand `signature`");
            return vec![(Code::E155, message)];
        }
        Vec::new()
    }

    /// An act that people approved. What the program itself goes on with has no approvers.
    fn act_approved(&self, data: &Object) -> Vec<(Code, String)> {
        let list = |key: &str| data.get(key).and_then(Value::as_array).unwrap_or_default();
        let approved = !list("approvers").is_empty() || !list("approved_by").is_empty();
        if self.pins.approval == Method::Signature && approved && list("signatures").is_empty() {
            let message = "approved by a word; the pins demand `signature`".to_owned();
            return vec![(Code::E155, message)];
        }
        Vec::new()
    }

    fn registered(&self, data: &Object) -> Vec<(Code, String)> {
        if self.pins.approvers.is_empty() {
            return Vec::new();
        }
        let person = data.str("id").unwrap_or_default();
        // A key that cannot be read is told where signatures are judged.
        let key = data.str("key").and_then(|key| key.parse::<PersonKey>().ok());
        let Some(fingerprint) = key.map(|key| key.fingerprint()) else { return Vec::new() };
        if self.pins.approvers.contains(&fingerprint) {
            return Vec::new();
        }
        vec![(Code::E155, format!("the key {fingerprint} of `{person}` is not among `approvers`"))]
    }

    fn linted(&self, data: &Object) -> Vec<(Code, String)> {
        let (found, wanted) = (data.str("policy").unwrap_or_default(), self.pins.rules.word());
        if found == wanted {
            return Vec::new();
        }
        vec![(Code::E157, format!("linted by the rules of `{found}`; the pins demand `{wanted}`"))]
    }
}

/// What is wrong with a digest, if the pins do not list it.
fn not_pinned(found: Option<&str>, what: &str, list: &str, pinned: &[Digest]) -> Option<String> {
    let is_pinned = found.and_then(|text| text.parse().ok()).is_some_and(|digest| pinned.contains(&digest));
    let found = found.unwrap_or("none");
    (!is_pinned).then(|| format!("the SHA-256 {found} of {what} is not among `{list}`"))
}

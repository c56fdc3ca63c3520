//! The manifest: what the ceremony says it handed over, compared with what its log says.

use std::collections::BTreeMap;

use ceremony_log::code::Code;
use ceremony_log::json::{Limits, Object, Value};

use super::folder::Folder;
use super::log::Told;
use super::report::Report;
use super::story::Named;
use crate::digest::Digest;

/// The file.
pub const FILE: &str = "manifest.json";

/// What a manifest says.
#[derive(Debug)]
pub struct Manifest {
    /// The digest of its octets.
    pub sha256: Digest,
    /// Its entries by their digests.
    entries: BTreeMap<Digest, Listed>,
    /// Whether its entries could be read.
    readable: bool,
}

impl Manifest {
    /// Whether it lists an artifact.
    pub fn lists(&self, sha256: &Digest) -> bool {
        self.entries.contains_key(sha256)
    }

    /// The artifacts that it lists for a record.
    pub fn of_record(&self, seq: u64) -> impl Iterator<Item = &Digest> {
        self.entries.iter().filter(move |(_, listed)| listed.seq == Some(seq)).map(|(sha256, _)| sha256)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    kind: String,
    name: String,
    media_type: String,
    seq: Option<u64>,
}

/// Reads the manifest and compares its own fields with the log; nothing if there is no such file.
pub fn read(folder: &Folder, told: &Told, report: &mut Report) -> Option<Manifest> {
    let octets = folder.read(FILE, Limits::FILE.octets as u64).ok()?;
    let mut manifest = Manifest { sha256: Digest::of(&octets), entries: BTreeMap::new(), readable: false };
    let value = match Value::parse(&octets, &Limits::FILE) {
        Ok(value) => value,
        Err(fault) => {
            report.fault(fault, FILE);
            return Some(manifest);
        }
    };
    let Some(object) = value.as_object() else {
        report.find(Code::E128, FILE, "it is no object");
        return Some(manifest);
    };
    fields(object, told, report);
    manifest.readable = true;
    for (index, item) in
        object.get("artifacts").and_then(Value::as_array).unwrap_or_default().iter().enumerate()
    {
        let Some((sha256, listed)) = entry(item) else {
            let message = format!("entry {index} is not `kind`, `media_type`, `name`, `seq` and `sha256`");
            report.find(Code::E128, FILE, message);
            continue;
        };
        if manifest.entries.insert(sha256, listed).is_some() {
            report.find(Code::E142, FILE, format!("{sha256} is listed twice"));
        }
    }
    Some(manifest)
}

fn fields(object: &Object, told: &Told, report: &mut Report) {
    let known = ["artifacts", "ceremony", "origin", "plan_sha256", "practice", "v"];
    for (key, _) in object.iter().filter(|(key, _)| !known.contains(key)) {
        report.find(Code::E128, FILE, format!("unknown field `{key}`"));
    }
    if object.get("v").and_then(Value::as_int) != Some(1) {
        report.find(Code::E129, FILE, "`v` is not 1");
    }
    if object.get("artifacts").and_then(Value::as_array).is_none() {
        report.find(Code::E128, FILE, "no list `artifacts`");
    }
    if let Some(genesis) = &told.story.genesis {
        let origin = object.str("origin").unwrap_or_default();
        if origin != genesis.origin {
            report.find(Code::E111, FILE, format!("origin `{origin}`; the log's is `{}`", genesis.origin));
        }
        if object.get("practice").and_then(Value::as_bool) != Some(genesis.practice) {
            report.find(Code::E111, FILE, format!("`practice` is not {}, as the log says", genesis.practice));
        }
    }
    if let Some((ceremony, plan)) = &told.story.ceremony {
        let found = object.str("ceremony").unwrap_or_default();
        if found != ceremony {
            report.find(Code::E150, FILE, format!("ceremony `{found}`; the log's last is `{ceremony}`"));
        }
        let found = object.str("plan_sha256").unwrap_or_default();
        if plan.is_some_and(|plan| plan.to_string() != found) {
            report.find(Code::E157, FILE, format!("plan {found}; the log's is {}", said(*plan)));
        }
    }
}

fn said(digest: Option<Digest>) -> String {
    digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string())
}

fn entry(item: &Value) -> Option<(Digest, Listed)> {
    let text = |key: &str| item.get(key)?.as_str().map(str::to_owned);
    let seq = match item.get("seq") {
        Some(seq) => Some(seq.as_u64()?),
        None => None,
    };
    let listed = Listed { kind: text("kind")?, name: text("name")?, media_type: text("media_type")?, seq };
    Some((text("sha256")?.parse().ok()?, listed))
}

/// Compares the entries with what the log names: directly, or through a list.
pub fn compare(
    manifest: &Manifest,
    logged: &BTreeMap<Digest, &Named>,
    members: &BTreeMap<Digest, &Named>,
    report: &mut Report,
) {
    if !manifest.readable {
        return;
    }
    for (sha256, listed) in &manifest.entries {
        let Listed { kind, name, .. } = listed;
        let entry = format!("`{name}` ({kind}) {sha256}");
        match (logged.get(sha256), members.get(sha256)) {
            (Some(named), _) => {
                let as_logged = Listed {
                    kind: named.kind.clone(),
                    name: named.name.clone(),
                    media_type: named.media_type.clone(),
                    seq: Some(named.seq),
                };
                if *listed != as_logged {
                    let message = format!(
                        "{entry}, {}, record {}; the log has it as `{}` ({}), {}, record {}",
                        listed.media_type,
                        said_seq(listed.seq),
                        named.name,
                        named.kind,
                        named.media_type,
                        named.seq
                    );
                    report.find(Code::E140, FILE, message);
                }
            }
            (None, Some(list)) if listed.seq == Some(list.seq) => {}
            (None, Some(list)) => {
                let message =
                    format!("{entry}, record {}; its list is record {}", said_seq(listed.seq), list.seq);
                report.find(Code::E140, FILE, message);
            }
            (None, None) => report.find(Code::E140, FILE, format!("{entry} is not in the log")),
        }
    }
    for (sha256, named) in
        logged.iter().filter(|(sha256, named)| named.kind != "manifest" && !manifest.lists(sha256))
    {
        let message = format!("it does not list {sha256}, which record {} names", named.seq);
        report.find(Code::E141, FILE, message);
    }
    for (sha256, list) in
        members.iter().filter(|(sha256, list)| list.singles_out() && !manifest.lists(sha256))
    {
        let message = format!("it does not list {sha256}, a member of the list of record {}", list.seq);
        report.find(Code::E141, FILE, message);
    }
}

fn said_seq(seq: Option<u64>) -> String {
    seq.map_or_else(|| "none".to_owned(), |seq| seq.to_string())
}

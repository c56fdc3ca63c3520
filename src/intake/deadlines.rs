//! Every deadline that a log knows, in order: CRLs, OCSP responses, certificates, ceremonies, and how long to keep it all.
//!
//! They are read from the log alone: nothing has to be there but its records.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use ceremony_log::json::Value;

use super::folder::Folder;
use super::log::{Reading, Told, Trust};
use super::report::Report;
use super::story::{Named, Story};
use super::{due, log};
use crate::clock::{DAY, Timestamp};
use crate::digest::Digest;

/// What a deadline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The next ceremony, as the last one said.
    Ceremony,
    /// A sealed CRL has to be opened and published.
    SealedCrl,
    /// The last CRL of an issuer runs out.
    Crl,
    /// The last OCSP responses by a key run out.
    Ocsp,
    /// A CA has to be followed by another one before it can no longer issue.
    Succession,
    /// A certificate runs out.
    Certificate,
    /// Until then everything is kept.
    Retention,
}

impl About {
    /// One word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ceremony => "ceremony",
            Self::SealedCrl => "sealed-crl",
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::Succession => "succession",
            Self::Certificate => "certificate",
            Self::Retention => "retention",
        }
    }
}

/// Something that has to be done by a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The last second.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    /// Of what: a name of the log.
    pub of: String,
    /// What to do, in one sentence without a full stop.
    pub what: String,
}

/// A log's deadlines.
#[derive(Debug)]
pub struct Deadlines {
    /// Everything that was found in the log.
    pub report: Report,
    /// The log's origin.
    pub origin: String,
    /// How many records it has.
    pub records: u64,
    /// When its last ceremony closed.
    pub closed: Option<Timestamp>,
    /// All of them, the first one first.
    pub all: Vec<Deadline>,
}

/// Reads the log in a folder, of a bundle, of the ceremonies' own or of a store's active set, and what it knows of deadlines.
///
/// # Errors
///
/// The system's, if `folder` has no log.
pub fn deadlines(folder: &Path, trust: &Trust, now: Timestamp) -> io::Result<Deadlines> {
    let active = folder.join("active/bundle");
    let folder = Folder::open(if active.is_dir() { &active } else { folder })?;
    folder.file("log.jsonl")?;
    let mut report = Report::new();
    let mut nobody = |_: &ceremony_log::record::Record, _: &mut Report| ();
    let told = log::read(&folder, Reading::plain(trust, now, &mut nobody), &mut report);
    let origin = told.story.genesis.as_ref().map(|genesis| genesis.origin.clone()).unwrap_or_default();
    let closed = told.story.closing.map(|closing| closing.at);
    Ok(Deadlines { report, origin, records: told.size, closed, all: of_log(&told) })
}

fn of_log(told: &Told) -> Vec<Deadline> {
    let story = &told.story;
    let mut all = Vec::new();
    if let Some(due) = story.closing.and_then(|closing| closing.next_due) {
        let purpose = story.next_purpose.clone().unwrap_or_else(|| "the next ceremony".to_owned());
        let what = format!("conduct the next ceremony: {purpose}");
        all.push(Deadline { at: due, about: About::Ceremony, of: purpose, what });
    }
    lists(story, &mut all);
    certificates(story, &mut all);
    all.sort_by(|one, other| (one.at, one.about, &one.of).cmp(&(other.at, other.about, &other.of)));
    all
}

/// The names of certificates by their keys.
fn names(story: &Story) -> BTreeMap<Digest, &str> {
    let mut names = BTreeMap::new();
    for named in story.named.iter().filter(|named| named.ev == "cert.signed") {
        if let Some(spki) = named.data.str("spki_sha256").and_then(|text| text.parse().ok()) {
            names.entry(spki).or_insert(named.name.as_str());
        }
    }
    names
}

/// CRLs and responses: of each issuer and of each responder what lasts longest counts. And each sealed CRL has its day.
fn lists(story: &Story, all: &mut Vec<Deadline>) {
    let names = names(story);
    let mut last: BTreeMap<(About, String), Timestamp> = BTreeMap::new();
    for named in story.named.iter().filter(|named| story.counts(named) && !due::is_superseded(story, named)) {
        let (about, by) = match named.ev.as_str() {
            "crl.signed" => (About::Crl, "issuer_spki_sha256"),
            "ocsp.signed" => (About::Ocsp, "responder_spki_sha256"),
            _ => continue,
        };
        let key = named.digest(by);
        let name =
            key.and_then(|key| names.get(&key)).map_or_else(|| named.name.clone(), |name| (*name).to_owned());
        if let Some(ends) = time(named, "next_update") {
            let longest = last.entry((about, name.clone())).or_insert(ends);
            *longest = ends.max(*longest);
        }
        if named.is_sealed() {
            sealed(named, &name, all);
        }
    }
    for ((about, of), at) in last {
        let what = match about {
            About::Crl => format!("publish a newer CRL of `{of}`: the last one that the log knows runs out"),
            _ => format!("publish newer OCSP responses by `{of}`: the last ones that the log knows run out"),
        };
        all.push(Deadline { at, about, of, what });
    }
}

fn sealed(named: &Named, issuer: &str, all: &mut Vec<Deadline>) {
    let first = named.data.str("number").and_then(|text| text.parse::<u64>().ok());
    let activates = named.data.get("activates").and_then(Value::as_array).unwrap_or_default();
    for (number, at) in (first.unwrap_or_default()..).zip(activates) {
        let Some(at) = at.as_str().and_then(|text| text.parse().ok()) else { continue };
        let of = format!("{issuer} {number}");
        let what = format!("open the sealed CRL number {number} of `{issuer}` and publish it");
        all.push(Deadline { at, about: About::SealedCrl, of, what });
    }
}

/// Certificates that are neither voided nor revoked; and how long everything is kept.
fn certificates(story: &Story, all: &mut Vec<Deadline>) {
    let revoked: BTreeSet<&str> = story.revoked.iter().map(|revoked| revoked.serial.as_str()).collect();
    let mut latest: Option<Timestamp> = None;
    for named in story.named.iter().filter(|named| named.ev == "cert.signed" && story.counts(named)) {
        let Some(ends) = time(named, "not_after") else { continue };
        latest = latest.max(Some(ends));
        if named.data.str("serial").is_some_and(|serial| revoked.contains(serial)) {
            continue;
        }
        let of = named.name.clone();
        let what = format!("the {} certificate `{of}` runs out", named.kind);
        all.push(Deadline { at: ends, about: About::Certificate, of: of.clone(), what });
        if named.kind == "subordinate"
            && let Some(at) = due::succession(story, named).filter(|at| *at < ends)
        {
            let what = format!(
                "have another CA in the place of `{of}`, whose last certificates could not run out in time"
            );
            all.push(Deadline { at, about: About::Succession, of, what });
        }
    }
    if let Some(at) = latest.and_then(|latest| latest.plus(KEPT)) {
        let what = "until then keep log, annex, plans, reports and recordings of every ceremony".to_owned();
        all.push(Deadline { at, about: About::Retention, of: "records".to_owned(), what });
    }
}

fn time(named: &Named, key: &str) -> Option<Timestamp> {
    named.text(key).and_then(|text| text.parse().ok())
}

/// Two years after the last certificate has run out: BR §5.4.3, §5.5.2.
const KEPT: u64 = 2 * 366 * DAY;

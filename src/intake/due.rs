//! When the next ceremony is due: before anything that the log told of runs out, and not forgotten.

use std::collections::BTreeMap;

use ceremony_log::code::Code;

use super::log::Told;
use super::report::Report;
use super::story::{Named, Story};
use crate::clock::{DAY, Timestamp};
use crate::rule::Policy;

/// A subordinate CA has to be followed before it can no longer issue: its last subscriber certificates, 200 days by
/// BR §6.3.2 as of 2026, and 90 days for what goes wrong. Of a PKI of one's own nobody knows how long they last.
const BEFORE_A_PUBLIC_CA_ENDS: u64 = (200 + 90) * DAY;

/// How early a ceremony that is due is said to be.
const SOON: u64 = 60 * DAY;

/// Compares what the closing of the last ceremony says with what runs out, and with the moment in question.
pub fn judge(told: &Told, at: Option<Timestamp>, report: &mut Report) {
    let Some(closing) = told.story.closing else { return };
    let Some(due) = closing.next_due else { return };
    // What has run out when the ceremony closes was let go.
    for (what, ends) in deadlines(&told.story).into_iter().filter(|(_, ends)| *ends > closing.at) {
        if due > ends {
            let message = format!("the next ceremony is due at {due}; {what}, {ends}");
            report.find_record(Code::E200, closing.seq, message);
        }
    }
    if let Some(at) = at.filter(|at| at.plus(SOON).is_none_or(|soon| soon >= due)) {
        let message = format!("the next ceremony is due at {due}; it is {at}");
        report.find_record(Code::W205, closing.seq, message);
    }
}

/// What runs out, and when something has to be done about it at the latest.
fn deadlines(story: &Story) -> Vec<(String, Timestamp)> {
    // Of each issuer and of each responder what lasts longest counts.
    let mut last: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    let mut all = Vec::new();
    for named in story.named.iter().filter(|named| !is_superseded(story, named)) {
        let time = |key| named.text(key).and_then(|text| text.parse::<Timestamp>().ok());
        match named.ev.as_str() {
            "crl.signed" | "ocsp.signed" => {
                let by =
                    if named.ev == "crl.signed" { "issuer_spki_sha256" } else { "responder_spki_sha256" };
                if let Some((by, ends)) = named.text(by).zip(time("next_update")) {
                    let longest = last.entry((&named.ev, by)).or_insert(ends);
                    *longest = ends.max(*longest);
                }
            }
            "cert.signed" if ["subordinate", "cross"].contains(&named.kind.as_str()) => {
                let what = format!("subordinate CA `{}` has to be followed before", named.name);
                all.extend(succession(story, named).map(|ends| (what, ends)));
            }
            _ => {}
        }
    }
    all.extend(last.into_iter().map(|((ev, by), ends)| {
        let what = if ev == "crl.signed" { "the last CRL" } else { "the last OCSP responses" };
        let by: String = by.chars().take(16).collect();
        (format!("{what} of the key {by}… run out before"), ends)
    }));
    all
}

/// Whether a series of sealed CRLs counts for nothing any more.
pub fn is_superseded(story: &Story, named: &Named) -> bool {
    story.superseded.iter().any(|one| one.list == named.sha256 && one.seq > named.seq)
}

/// When a subordinate CA has to be followed by another one; nothing for other certificates.
pub fn succession(story: &Story, named: &Named) -> Option<Timestamp> {
    if !["subordinate", "cross"].contains(&named.kind.as_str()) {
        return None;
    }
    let policy = named.digest("tbs_sha256").and_then(|tbs| story.policy_of(tbs));
    let public = policy.is_some_and(|policy| policy.parse() != Ok(Policy::Private));
    let before = if public { BEFORE_A_PUBLIC_CA_ENDS } else { 0 };
    let ends: Timestamp = named.text("not_after")?.parse().ok()?;
    ends.minus(before)
}

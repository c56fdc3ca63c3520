//! One proof for each artifact: it verifies alone, and its line names the artifact or the list that does.

use std::collections::BTreeSet;

use ceremony_log::code::{Code, Finding, Place};
use ceremony_log::json::Value;
use ceremony_log::note;
use ceremony_log::policy::{SignedHead, Window};
use ceremony_log::proof::Proof;

use super::artifacts::{Artifacts, shown};
use super::folder::{Entry, EntryKind, Folder};
use super::log::Told;
use super::report::Report;
use super::story::Named;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// The ending of a proof's name.
const ENDING: &str = ".tlog-proof";

/// Judges every proof, and that there is one for each artifact and no other.
pub fn judge(folder: &Folder, artifacts: &Artifacts<'_>, told: &Told, at: Timestamp, report: &mut Report) {
    let Ok(proofs) = folder.folder("proofs") else { return };
    // Without a ceremony there is nothing to prove: that was noted.
    if told.story.ceremony.is_none() {
        return;
    }
    let manifests =
        artifacts.logged.values().filter(|named| named.kind == "manifest").map(|named| &named.sha256);
    // The members of a long list are proven with it.
    let alone =
        |(sha256, named): &(&Digest, &Named)| named.singles_out() || artifacts.logged.contains_key(*sha256);
    let wanted: BTreeSet<&Digest> =
        artifacts.all().filter(alone).map(|(sha256, _)| sha256).chain(manifests).collect();
    let mut found = BTreeSet::new();
    let mut visit = |entry: Entry| {
        if let Some(sha256) = proven(&entry).filter(|sha256| wanted.contains(sha256)) {
            found.insert(sha256);
        } else {
            let message = format!("{}; wanted one proof for each artifact", entry.kind.name());
            report.find(Code::E142, &format!("proofs/{}", shown(&entry.name)), message);
        }
    };
    if let Err(error) = proofs.entries(&mut visit) {
        report.find(Code::E141, "proofs", format!("the folder cannot be listed: {error}"));
    }
    for sha256 in wanted {
        let path = format!("proofs/{sha256}{ENDING}");
        if found.contains(sha256) {
            // A line of 16 KiB in base64, a path and a note: the reader's own bound.
            match proofs.read(&format!("{sha256}{ENDING}"), 32 * 1024 + note::MOST_OCTETS as u64) {
                Ok(octets) => judge_one(sha256, &octets, artifacts, told, at, report),
                Err(error) => report.find(Code::E144, &path, format!("it cannot be read: {error}")),
            }
        } else {
            report.find(Code::E144, &path, "it is missing: nothing proves the artifact alone");
        }
    }
}

fn judge_one(
    sha256: &Digest,
    octets: &[u8],
    artifacts: &Artifacts<'_>,
    told: &Told,
    at: Timestamp,
    report: &mut Report,
) {
    let path = format!("proofs/{sha256}{ENDING}");
    let proof = match Proof::parse(octets) {
        Ok(proof) => proof,
        Err(fault) => return report.fault(fault, &path),
    };
    let Some(policy) = &told.policy else { return };
    match proof.verify(policy, &Window::at(at.seconds())) {
        Ok(proven) => {
            let head = proven.head().checkpoint();
            let own = told.head.as_ref().map(SignedHead::checkpoint);
            if own.is_some_and(|own| own.size == head.size && own.root != head.root) {
                let message = format!("its head has size {} and another root than the bundle's", head.size);
                report.find(Code::E133, &path, message);
            }
            let named = proven.record().data.get("artifact").and_then(|artifact| artifact.get("sha256"));
            let named: Option<Digest> = named.and_then(Value::as_str).and_then(|text| text.parse().ok());
            // A member of a batch is proven through its list, which the line names.
            let list = artifacts.members.get(sha256).map(|list| list.sha256);
            if named.is_none() || (named.as_ref() != Some(sha256) && named != list) {
                let message = format!("record {} does not name the artifact", proven.record().seq);
                report.find(Code::E144, &path, message);
            }
        }
        Err(findings) => {
            // What is wrong with the bundle's own head was said once.
            let known = |finding: &Finding| {
                finding.place == Place::Checkpoint && told.refused.contains(&finding.code)
            };
            for Finding { code, message, .. } in findings.into_iter().filter(|finding| !known(finding)) {
                report.find(code, &path, message);
            }
        }
    }
}

/// The artifact that a file is a proof for, by its name.
fn proven(entry: &Entry) -> Option<Digest> {
    let digest = entry.name.strip_suffix(ENDING).filter(|_| entry.kind == EntryKind::File)?;
    digest.parse().ok().filter(|_| !digest.bytes().any(|octet| octet.is_ascii_uppercase()))
}

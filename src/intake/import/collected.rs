//! What there is to activate: the artifacts that the bundle brings, and those that stay of before.
//!
//! Nothing here depends on the clock: the same bundle on top of the same set gives the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::export::{Beside, ExportError, ExportedFile, export, handover};
use super::super::pins::PinnedExport;
use super::super::report::Report;
use super::super::set::{Crl, Item, Set};
use super::super::story::{Named, Outcome};
use super::super::verify::Open;
use ceremony_log::code::Code;

use super::Online;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::intake::certificates::KINDS;

/// What was collected.
pub struct Collected {
    /// What there is to activate.
    pub set: Set,
    /// Where what stays of before lies now: its path in the set, and the file.
    pub files: Vec<(String, PathBuf)>,
    /// What was made for servers.
    pub exported: Vec<(String, ExportedFile)>,
}

/// Collects them, if the bundle has a head that the policy accepts and a ceremony that ended, and nothing refuses it.
pub fn collect(scene: &Open<'_>, online: &Online<'_>, report: &mut Report) -> Option<Collected> {
    if report.refuses() {
        return None;
    }
    let story = &scene.told.story;
    let head = scene.told.head.as_ref()?.checkpoint();
    let (ceremony, _) = story.ceremony.as_ref()?;
    let outcome = story.outcomes.get(ceremony).copied()?;
    let mut kept =
        Kept { crls: BTreeMap::new(), artifacts: Vec::new(), quarantined: Vec::new(), files: Vec::new() };
    kept.bring(scene, outcome);
    kept.stay(scene, online);
    let exported = exported(scene, &kept, online, report);
    let set = Set {
        origin: head.origin.clone(),
        ceremony: ceremony.clone(),
        outcome,
        size: head.size,
        root: Digest::from_octets(*head.root.octets()),
        follows: online.accepted.active.as_ref().map(|(set, _)| set.id()),
        pins_sha256: online.pins_sha256,
        exports: online.exports.iter().map(|export| export.server.name().to_owned()).collect(),
        next_due: story.closing.and_then(|closing| closing.next_due),
        crls: kept.crls,
        artifacts: kept.artifacts,
        quarantined: kept.quarantined,
    };
    Some(Collected { set, files: kept.files, exported })
}

/// Makes the configuration for every server that is asked for.
fn exported(
    scene: &Open<'_>,
    kept: &Kept,
    online: &Online<'_>,
    report: &mut Report,
) -> Vec<(String, ExportedFile)> {
    if online.exports.is_empty() {
        return Vec::new();
    }
    let unused = kept.artifacts.iter().filter(|item| item.revoked).chain(&kept.quarantined);
    let mut beside = Beside { without: unused.map(|item| item.sha256).collect(), crls: Vec::new() };
    for (issuer, crl) in &kept.crls {
        let item = kept.artifacts.iter().find(|item| item.sha256 == crl.sha256);
        let file =
            item.and_then(|item| Some((item, kept.files.iter().find(|(path, _)| *path == item.path)?)));
        // Those of the bundle come with it.
        let Some((item, (path, file))) = file else { continue };
        match std::fs::read(file) {
            Ok(octets) if Digest::of(&octets) == item.sha256 => {
                beside.crls.push((item.name.clone(), *issuer, octets));
            }
            Ok(_) => report.find(Code::E143, path, "its octets are no longer what its name says"),
            Err(error) => report.find(Code::E141, path, format!("it cannot be read: {error}")),
        }
    }
    let Some(handover) = handover(scene, &beside, report) else { return Vec::new() };
    let mut all = Vec::new();
    for PinnedExport { server, setting } in &online.exports {
        match export(*server, &handover, setting) {
            Ok(files) => all.extend(files.into_iter().map(|file| (server.name().to_owned(), file))),
            // A revocation has to come in, also where no subordinate CA is left that may issue.
            Err(ExportError::NoSubordinate { .. })
                if kept.lost_a_subordinate(setting.certificate.as_deref()) =>
            {
                let name = server.name();
                report.note(format!(
                    "nothing is made for `{name}`: its subordinate CAs are revoked, or of a ceremony that was not completed"
                ));
            }
            Err(error) => report.find(Code::E210, &format!("exports/{}", server.name()), error.to_string()),
        }
    }
    all
}

struct Kept {
    crls: BTreeMap<Digest, Crl>,
    artifacts: Vec<Item>,
    quarantined: Vec<Item>,
    files: Vec<(String, PathBuf)>,
}

impl Kept {
    /// Whether a subordinate CA's certificate, or the one of this name, is revoked or quarantined.
    fn lost_a_subordinate(&self, name: Option<&str>) -> bool {
        let unused = self.artifacts.iter().filter(|item| item.revoked).chain(&self.quarantined);
        unused
            .filter(|item| item.kind == "subordinate")
            .any(|item| name.is_none_or(|wanted| item.name == wanted))
    }

    /// What the bundle has. Certificates of a ceremony that was not completed do not count.
    fn bring(&mut self, scene: &Open<'_>, outcome: Outcome) {
        let artifacts = scene.artifacts;
        for named in artifacts.logged.values().filter(|named| named.kind != "manifest") {
            self.number(named);
            let item = self::item(scene, named, &named.sha256, &named.kind, named.name.clone());
            if outcome == Outcome::Partial && KINDS.contains(&item.kind.as_str()) {
                self.quarantined.push(item);
            } else {
                self.artifacts.push(item);
            }
        }
        for (list, members) in &artifacts.lists {
            // Sealed CRLs are not in the bundle; their list is.
            let Some(named) = artifacts.logged.get(list).filter(|named| named.ev == "ocsp.signed") else {
                continue;
            };
            for (sha256, number) in members.iter().zip(1..) {
                let name = format!("{}-{number}", named.name);
                self.artifacts.push(self::item(scene, named, sha256, "ocsp-response", name));
            }
        }
        self.artifacts.sort_by(|one, other| (one.seq, &one.name).cmp(&(other.seq, &other.name)));
    }

    /// The highest number of each issuer's CRLs counts.
    fn number(&mut self, named: &Named) {
        let number = named.text("number").and_then(|text| text.parse().ok());
        let Some((issuer, number)) = named.digest("issuer_spki_sha256").zip(number) else { return };
        if named.kind != "crl" {
            return;
        }
        let newer = Crl { number, sha256: named.sha256 };
        let known = self.crls.entry(issuer).or_insert(newer);
        if known.number < number {
            *known = newer;
        }
    }

    /// What stays: certificates; the CRL of an issuer that has no newer one; responses that had not run out when the ceremony
    /// closed.
    fn stay(&mut self, scene: &Open<'_>, online: &Online<'_>) {
        let Some((active, folder)) = &online.accepted.active else { return };
        let story = &scene.told.story;
        let closed = story.closing.map(|closing| closing.at);
        let here: BTreeSet<Digest> =
            self.artifacts.iter().chain(&self.quarantined).map(|item| item.sha256).collect();
        let named: BTreeMap<u64, &Named> = story.named.iter().map(|named| (named.seq, named)).collect();
        let ends = |seq: u64| -> Option<Timestamp> { named.get(&seq)?.text("next_update")?.parse().ok() };
        for (issuer, crl) in &active.crls {
            self.crls.entry(*issuer).or_insert(*crl);
        }
        let all = active.artifacts.iter().map(|item| (item, false));
        for (item, quarantined) in all.chain(active.quarantined.iter().map(|item| (item, true))) {
            let stays = match item.kind.as_str() {
                "crl" => self.crls.values().any(|crl| crl.sha256 == item.sha256),
                "ocsp-response" => ends(item.seq).zip(closed).is_none_or(|(ends, closed)| closed <= ends),
                kind => KINDS.contains(&kind),
            };
            let voided = named.get(&item.seq).is_some_and(|named| !story.counts(named));
            if !stays || voided || here.contains(&item.sha256) {
                continue;
            }
            let name = item.path.rsplit('/').next().unwrap_or_default();
            let path = format!("earlier/{name}");
            self.files.push((path.clone(), folder.join(&item.path)));
            let certificate = scene.certificates.iter().find(|one| one.named.sha256 == item.sha256);
            let revoked = certificate
                .is_some_and(|one| is_revoked(one.named, &hex(one.view.tbs().serial_octets()), scene));
            let item = Item { path, revoked: item.revoked || revoked, ..item.clone() };
            if quarantined { self.quarantined.push(item) } else { self.artifacts.push(item) }
        }
    }
}

/// An artifact of the bundle.
fn item(scene: &Open<'_>, named: &Named, sha256: &Digest, kind: &str, name: String) -> Item {
    let certificate = scene.certificates.iter().find(|one| one.named.sha256 == *sha256);
    Item {
        kind: kind.to_owned(),
        name,
        sha256: *sha256,
        media_type: named.media_type.clone(),
        seq: named.seq,
        path: format!("bundle/{}", scene.artifacts.path(sha256)),
        revoked: certificate
            .is_some_and(|one| is_revoked(one.named, &hex(one.view.tbs().serial_octets()), scene)),
    }
}

fn is_revoked(named: &Named, serial: &str, scene: &Open<'_>) -> bool {
    let issuer = named.intended("issuer_spki_sha256").and_then(|text| text.parse::<Digest>().ok());
    issuer.is_some_and(|issuer| scene.revoked.contains(&(issuer, serial.to_owned())))
}

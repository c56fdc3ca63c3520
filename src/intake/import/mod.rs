//! A bundle judged by those who take it in: by their pins, by what they accepted before, and by the keys that they hold.
//!
//! - `demands`: what the pins demand of records;
//! - `issuers`: pinned roots and expected subordinate CAs;
//! - `continuity`: what follows what was accepted before;
//! - `possession`: the online side's own keys;
//! - `collected`: what there is to activate: what the bundle brings, and what stays of before.
//!
//! Everything is judged and everything is reported. A [`Verified`] exists only for a bundle that nothing refuses.

mod collected;
mod continuity;
mod demands;
mod issuers;
mod possession;

use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Finding, Place};
use ceremony_log::note;
use ceremony_log::policy::Window;
use ceremony_log::record::Record;
use ceremony_log::tree::Hash;
use ceremony_log::verify::Practice;

use super::certificates::{Earlier, KINDS};
use super::export::ExportedFile;
use super::folder::Folder;
use super::log::{Reading, Trust};
use super::pins::{PinnedExport, Pins};
use super::report::Report;
use super::set::Set;
use super::verify::{self, NoBundle, Open, When};
use crate::clock::{Lasting, Timestamp};
use crate::digest::Digest;

use collected::Collected;
use demands::Demands;
pub use possession::{Held, Possession};

/// What the online side accepted before.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// The active set and the folder that it is in.
    pub active: Option<(Set, PathBuf)>,
    /// What the pins say beside it.
    pub pinned: Option<super::pins::Last>,
}

/// By what a bundle is judged.
pub struct Online<'a> {
    /// The pins.
    pub pins: &'a Pins,
    /// The digest of their file.
    pub pins_sha256: Digest,
    /// The octets of the pinned policy.
    pub policy: &'a [u8],
    /// What was accepted before.
    pub accepted: &'a Accepted,
    /// The judge's clock.
    pub now: Timestamp,
    /// For which servers configuration is made.
    pub exports: Vec<PinnedExport>,
}

/// What came of it.
#[derive(Debug)]
pub struct Judged {
    /// Everything that was found.
    pub report: Report,
    /// The bundle, if nothing refuses it.
    pub verified: Option<Verified>,
    /// The origin, if it could be read.
    pub origin: Option<String>,
    /// The ceremony, if the log tells of one.
    pub ceremony: Option<String>,
    /// How many records were read.
    pub records: u64,
    /// The octets of a checkpoint that the log's key signed, and that is no continuation of what was accepted.
    pub forked: Option<Vec<u8>>,
    /// Whether the head is good, by the pinned policy, and the lines are not its: a broken copy.
    pub broken: bool,
}

/// A bundle that the pins, the last accepted head and the online side's own keys all agree with.
#[derive(Clone, Debug)]
pub struct Verified {
    set: Set,
    /// Where each artifact of the set lies now: its path in the set, and the file.
    files: Vec<(String, PathBuf)>,
    bundle: PathBuf,
    exported: Vec<(String, ExportedFile)>,
}

impl Verified {
    /// What there is to activate.
    pub const fn set(&self) -> &Set {
        &self.set
    }

    /// Where each artifact lies, by its path in the set.
    pub fn files(&self) -> &[(String, PathBuf)] {
        &self.files
    }

    /// What was made for servers: each server's name and a file of its folder.
    pub fn exported(&self) -> &[(String, ExportedFile)] {
        &self.exported
    }

    /// The bundle's folder.
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }
}

impl Accepted {
    /// The newest head that is known: in the store, or pinned.
    fn head(&self, origin: &str) -> Option<Checkpoint> {
        let stored = self.active.as_ref().map(|(set, _)| (set.size, set.root));
        let pinned = self.pinned.as_ref().map(|last| (last.size, last.root));
        let (size, root) = match (stored, pinned) {
            (Some(stored), Some(pinned)) if pinned.0 > stored.0 => pinned,
            (Some(stored), _) => stored,
            (None, pinned) => pinned?,
        };
        Some(Checkpoint { origin: origin.to_owned(), size, root: Hash::from_octets(*root.octets()) })
    }

    /// How many records were taken in.
    fn size(&self) -> u64 {
        self.active.as_ref().map_or(0, |(set, _)| set.size)
    }

    /// The number of an issuer's last CRL.
    fn crl_number(&self, issuer: Digest) -> Option<u128> {
        let stored = self.active.as_ref().and_then(|(set, _)| set.crls.get(&issuer)).map(|crl| crl.number);
        let pinned = self.pinned.as_ref().and_then(|last| last.crl_numbers.get(&issuer));
        stored.max(pinned.map(|number| u128::from(*number)))
    }

    /// The file of an issuer's last CRL.
    fn crl_file(&self, issuer: Digest) -> Option<PathBuf> {
        let (set, folder) = self.active.as_ref()?;
        let crl = set.crls.get(&issuer)?;
        let item = set.artifacts.iter().find(|item| item.sha256 == crl.sha256)?;
        Some(folder.join(&item.path))
    }

    /// The certificates of the active set. One that cannot be read or is another now is not there.
    fn certificates(&self) -> Earlier {
        let Some((set, folder)) = &self.active else { return Earlier::new() };
        let certificates = set.artifacts.iter().filter(|item| KINDS.contains(&item.kind.as_str()));
        let read = certificates.filter_map(|item| {
            let octets = std::fs::read(folder.join(&item.path)).ok()?;
            let path = format!("the active `{}`", item.name);
            (Digest::of(&octets) == item.sha256).then_some((item.sha256, (path, octets)))
        });
        read.collect()
    }
}

/// Judges a bundle.
///
/// # Errors
///
/// [`NoBundle`] if there is nothing to judge.
pub fn judge(
    path: &Path,
    online: &Online<'_>,
    mut possession: Option<&mut (dyn Possession + '_)>,
) -> Result<Judged, NoBundle> {
    let folder = verify::open(path)?;
    let pins = online.pins;
    let earlier = online.accepted.head(&pins.origin);
    let trust = Trust::Pinned(online.policy.to_vec());
    let oldest = pins.cosigned_within.map(Lasting::seconds);
    let demands = Demands::new(pins, online.accepted.size());
    let mut follow = |record: &Record, report: &mut Report| demands.follow(record, report);
    let reading = Reading {
        trust: &trust,
        window: Window { oldest, ..Window::at(online.now.seconds()) },
        earlier: earlier.as_ref(),
        practice: Practice::Refuse,
        follow: &mut follow,
    };
    let when = When { now: online.now, at: Some(online.now) };
    let certificates = online.accepted.certificates();
    let (report, mut seen) =
        verify::judge_open(&folder, reading, when, Report::strict(), &certificates, &mut |scene, report| {
            issuers::judge(scene.certificates, pins, report);
            continuity::judge(scene, online.accepted, report);
            possession::judge(scene.certificates, pins, possession.as_deref_mut(), report);
            origin(scene, pins, report);
            clock(scene, online.now, report);
            Seen::of(scene, online, report)
        });
    let verified = (!report.refuses()).then_some(seen.collected.take()).flatten();
    Ok(Judged {
        verified: verified.map(|Collected { set, files, exported }| Verified {
            set,
            files,
            bundle: path.to_owned(),
            exported,
        }),
        broken: seen.signed && report.findings().iter().any(|finding| finding.code == Code::E131),
        forked: seen.signed.then(|| forked(&report, &folder)).flatten(),
        origin: seen.origin,
        ceremony: seen.ceremony,
        records: seen.records,
        report,
    })
}

/// The origin is the pinned one. A policy may have the keys of several logs.
fn origin(scene: &Open<'_>, pins: &Pins, report: &mut Report) {
    let found = scene.told.checkpoint.as_ref().map(|head| head.origin.as_str());
    if let Some(found) = found.filter(|found| *found != pins.origin) {
        let message = format!("origin `{found}`; the pins have `{}`", pins.origin);
        report.push(Finding::new(Code::E111, Place::Checkpoint, message));
    }
}

/// A log that ends in the judge's future: one of the two clocks is wrong, and nothing that depends on time can be judged.
fn clock(scene: &Open<'_>, now: Timestamp, report: &mut Report) {
    let Some(closing) = scene.told.story.closing else { return };
    if now.plus(AHEAD).is_some_and(|latest| closing.at > latest) {
        let message = format!("the ceremony closed at {}; this machine's clock says {now}", closing.at);
        report.find_record(Code::E127, closing.seq, message);
    }
}

/// By how much the ceremony's clock may be ahead of the judge's, in seconds.
const AHEAD: u64 = 300;

/// The checkpoint of a log that is no continuation of the one that was accepted.
fn forked(report: &Report, folder: &Folder) -> Option<Vec<u8>> {
    // A consistency file that does not fit is a file of the bundle: only heads contradict each other.
    let of_heads = |finding: &Finding| !matches!(finding.place, Place::File(_));
    let is_fork = report.findings().iter().any(|finding| finding.code == Code::E133 && of_heads(finding));
    is_fork.then(|| folder.read("checkpoint", note::MOST_OCTETS as u64).ok()).flatten()
}

/// What is known of a bundle after it was judged.
struct Seen {
    origin: Option<String>,
    ceremony: Option<String>,
    records: u64,
    /// Whether the pinned policy accepts its head.
    signed: bool,
    /// What there is to activate, if there is a head and a ceremony, and where it lies.
    collected: Option<Collected>,
}

impl Seen {
    fn of(scene: &Open<'_>, online: &Online<'_>, report: &mut Report) -> Self {
        let story = &scene.told.story;
        Self {
            origin: story.genesis.as_ref().map(|genesis| genesis.origin.clone()),
            ceremony: story.ceremony.as_ref().map(|(id, _)| id.clone()),
            records: scene.told.size,
            signed: scene.told.head.is_some(),
            collected: collected::collect(scene, online, report),
        }
    }
}

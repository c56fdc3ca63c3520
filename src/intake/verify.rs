//! A bundle judged without an HSM and without pins: everything that can be known from the bundle alone.

use std::io;
use std::path::{Path, PathBuf};

use ceremony_log::record::Record;
use thiserror::Error;

use super::artifacts::{self, Artifacts};
use super::certificates::{Certificate, Earlier, Store, are_named};
use super::crl::RevokedSerials;
use super::folder::Folder;
use super::log::{self, Reading, Told, Trust};
use super::report::Report;
use super::{crl, due, manifest, ocsp, proofs, requests};
use crate::clock::Timestamp;

/// What to judge by.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose signatures over the log count.
    pub trust: Trust,
    /// The judge's clock.
    pub now: Timestamp,
    /// The moment at which certificates, CRLs and responses have to be good. Without it that is `now` for a
    /// production log, and is not judged for a practice log, whose clock is the rehearsal's.
    pub at: Option<Timestamp>,
    /// Certificates of earlier ceremonies of the same log, for what they signed in this one. The log has to name each.
    pub issuers: Earlier,
}

/// What was judged.
#[derive(Debug)]
pub struct Verification {
    /// Everything that was found.
    pub report: Report,
    /// The log's origin, if it could be read.
    pub origin: Option<String>,
    /// The ceremony, if the log tells of one.
    pub ceremony: Option<String>,
    /// How many records were read.
    pub records: u64,
    /// How many artifacts the log and its lists name.
    pub artifacts: usize,
}

/// Why a folder was not judged at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoBundle {
    /// It cannot be opened as a folder.
    #[error("`{}` is no folder that can be read", path.display())]
    Folder {
        /// What was named.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing of a bundle is in it.
    #[error("`{}` has none of {}", path.display(), artifacts::FILES.join(", "))]
    Empty {
        /// What was named.
        path: PathBuf,
    },
}

/// Judges a bundle. Everything that is wrong is in the report: a finding ends nothing but what depends on it.
///
/// # Errors
///
/// [`NoBundle`] if there is nothing to judge.
pub fn verify(path: &Path, options: &Options) -> Result<Verification, NoBundle> {
    judge(path, options, &mut |_, _| {})
}

/// Judges a bundle and then, whatever was found, shows it to `then` with the report so far.
///
/// # Errors
///
/// As [`verify`].
pub(super) fn judge(
    path: &Path,
    options: &Options,
    then: &mut dyn FnMut(&Open<'_>, &mut Report),
) -> Result<Verification, NoBundle> {
    let folder = open(path)?;
    let mut nobody = |_: &Record, _: &mut Report| ();
    let reading = Reading::plain(&options.trust, options.now, &mut nobody);
    let when = When { now: options.now, at: options.at };
    let mut more = |open: &Open<'_>, report: &mut Report| {
        are_named(&options.issuers, open.told, report);
        then(open, report);
        Verification {
            origin: open.told.story.genesis.as_ref().map(|genesis| genesis.origin.clone()),
            ceremony: open.told.story.ceremony.as_ref().map(|(id, _)| id.clone()),
            records: open.told.size,
            artifacts: open.artifacts.all().count(),
            report: Report::new(),
        }
    };
    let (report, verification) =
        judge_open(&folder, reading, when, Report::new(), &options.issuers, &mut more);
    Ok(Verification { report, ..verification })
}

/// Opens the folder of a bundle.
///
/// # Errors
///
/// [`NoBundle`] if there is nothing of a bundle in it.
pub(super) fn open(path: &Path) -> Result<Folder, NoBundle> {
    let no_folder = |source| NoBundle::Folder { path: path.to_owned(), source };
    let folder = Folder::open(path).map_err(no_folder)?;
    if artifacts::FILES.iter().any(|name| folder.file(name).is_ok()) {
        return Ok(folder);
    }
    Err(NoBundle::Empty { path: path.to_owned() })
}

/// The judge's time, and the moment at which things have to be good.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// The judge's clock.
    pub now: Timestamp,
    /// The moment in question; see [`Options::at`].
    pub at: Option<Timestamp>,
}

/// A bundle while it is still open, judged as far as that needs nothing from elsewhere: what somebody may take out of it
/// once nothing refuses it.
#[derive(Debug)]
pub(super) struct Open<'j> {
    /// Its artifacts.
    pub artifacts: &'j Artifacts<'j>,
    /// Its log.
    pub told: &'j Told,
    /// Its certificates.
    pub certificates: &'j [Certificate<'j>],
    /// Which certificates of the log the CRLs of the bundle list.
    pub revoked: &'j RevokedSerials,
}

/// Judges an open bundle, and lets `more` judge what depends on all of it.
pub(super) fn judge_open<T>(
    folder: &Folder,
    reading: Reading<'_>,
    when: When,
    mut report: Report,
    earlier: &Earlier,
    more: &mut dyn FnMut(&Open<'_>, &mut Report) -> T,
) -> (Report, T) {
    artifacts::layout(folder, &mut report);
    let told = log::read(folder, reading, &mut report);
    let manifest = manifest::read(folder, &told, &mut report);
    let artifacts = artifacts::read(folder, &told, manifest.as_ref(), &mut report);
    proofs::judge(folder, &artifacts, &told, when.now, &mut report);
    // A rehearsal's clock is not the judge's.
    let at = when.at.or_else(|| (!told.is_practice()).then_some(when.now));
    let store = Store::read(&artifacts, &told, earlier, &mut report);
    // Certificates first, because CRLs and responses are judged by the certificates of who signed them.
    let certificates = store.judge(&told, at, &mut report);
    requests::judge(&artifacts, &mut report);
    let revoked = crl::judge(&artifacts, &told, &certificates, at, &mut report);
    ocsp::judge(&artifacts, &told, &certificates, &revoked, at, &mut report);
    due::judge(&told, at, &mut report);
    let open = Open { told: &told, artifacts: &artifacts, certificates: &certificates, revoked: &revoked };
    let more = more(&open, &mut report);
    (report, more)
}

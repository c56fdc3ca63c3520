//! A bundle judged without an HSM and without pins: everything that can be known from the bundle alone.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::artifacts::{self, Artifacts};
use super::certificates::{Certificate, Store};
use super::folder::Folder;
use super::log::{self, Told, Trust};
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

/// A bundle while it is still open: what somebody may take out of it once nothing refuses it.
#[derive(Debug)]
pub(super) struct Open<'j> {
    /// Its artifacts.
    pub artifacts: &'j Artifacts<'j>,
    /// Its log.
    pub told: &'j Told,
    /// Its certificates.
    pub certificates: &'j [Certificate<'j>],
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
    let no_folder = |source| NoBundle::Folder { path: path.to_owned(), source };
    let folder = Folder::open(path).map_err(no_folder)?;
    if !artifacts::FILES.iter().any(|name| folder.file(name).is_ok()) {
        return Err(NoBundle::Empty { path: path.to_owned() });
    }
    let mut report = Report::new();
    artifacts::layout(&folder, &mut report);
    let told = log::read(&folder, &options.trust, options.now, &mut report);
    let manifest = manifest::read(&folder, &told, &mut report);
    let artifacts = artifacts::read(&folder, &told, manifest.as_ref(), &mut report);
    proofs::judge(&folder, &artifacts, &told, options.now, &mut report);
    structures(&artifacts, &told, options, &mut report, then);
    Ok(Verification {
        origin: told.story.genesis.as_ref().map(|genesis| genesis.origin.clone()),
        ceremony: told.story.ceremony.as_ref().map(|(id, _)| id.clone()),
        records: told.size,
        artifacts: artifacts.all().count(),
        report,
    })
}

/// Certificates first, because CRLs and responses are judged by the certificates of who signed them.
fn structures(
    artifacts: &Artifacts<'_>,
    told: &Told,
    options: &Options,
    report: &mut Report,
    then: &mut dyn FnMut(&Open<'_>, &mut Report),
) {
    let practice = told.is_practice();
    let at = options.at.or_else(|| (!practice).then_some(options.now));
    let store = Store::read(artifacts, report);
    let certificates = store.judge(told, at, report);
    requests::judge(artifacts, report);
    let lists = crl::judge(artifacts, told, &certificates, at, report);
    ocsp::judge(artifacts, told, &certificates, &lists, at, report);
    due::judge(told, at, report);
    then(&Open { artifacts, told, certificates: &certificates }, report);
}

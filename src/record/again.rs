//! A log folder after an interruption: what the log names is taken in again, what it does not name is set aside.
//!
//! The rules of this file:
//! - What the log names is on the disk with the log's digest, or the ceremony does not go on.
//! - What no record names is moved away, never removed and never left where it could be taken for an artifact.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::artifact;
use super::file::{clear_parts, create, ensure, storage, sync_folder};
use super::journal::{LogFolder, Stored, named};
use super::run::TO_SIGN;
use crate::digest::Digest;
use crate::stage::{Artifact, ArtifactPlace, JournalError, Leftover};

/// What the log of an interrupted ceremony names already.
#[derive(Clone, Debug, Default)]
pub(super) struct Again {
    /// Whether the ceremony was interrupted at all.
    pub(super) resumed: bool,
    /// Whether it is closed: what is recorded now belongs to no ceremony.
    pub(super) closed: bool,
    /// The artifacts that a record names and that count.
    pub(super) named: Vec<Artifact>,
    /// Their digests, and those in their lists.
    pub(super) digests: BTreeSet<Digest>,
}

impl LogFolder {
    /// Creates a file; after an interruption it may be there already with the same octets.
    pub(super) fn write(&self, path: &Path, octets: &[u8]) -> Result<(), JournalError> {
        if self.again.resumed { ensure(path, octets) } else { create(path, octets) }
    }

    /// The octets of an artifact that the log names.
    pub(super) fn read_stored(&self, kind: &str, sha256: Digest) -> Result<Vec<u8>, JournalError> {
        read_by_digest(self.place_of(kind, sha256), sha256)
    }

    /// Octets that were kept by their digest.
    pub(super) fn read_kept(&self, sha256: Digest) -> Result<Vec<u8>, JournalError> {
        let pending = self.places().run(self.ceremony()).join("pending");
        read_by_digest(pending.join(sha256.to_string()), sha256)
    }

    /// Takes an artifact in that is in the bundle; its renderings are made where they are missing.
    pub(super) fn take_in(
        &mut self,
        place: &ArtifactPlace,
        octets: &[u8],
        seq: Option<u64>,
    ) -> Result<Artifact, JournalError> {
        let artifact = named(place, Digest::of(octets));
        ensure(&self.place_of(place.kind, artifact.sha256), octets)?;
        for (path, label) in artifact::renderings(place) {
            ensure(&self.places().out.join(path), &artifact::render(octets, label))?;
        }
        // The members of a long series go by their list alone, and so does what is sealed.
        let by_list =
            place.kind == artifact::SEALED_CRL || place.kind == "ocsp-response" && !self.singled_out;
        let known = |stored: &Stored| stored.artifact == artifact;
        if !by_list && !self.stored().iter().any(known) {
            self.stored.push(Stored { artifact: artifact.clone(), seq });
        }
        Ok(artifact)
    }

    /// Files in the bundle that no record names.
    pub(super) fn find_leftovers(&self) -> Result<Vec<Leftover>, JournalError> {
        let mut paths = files(&self.places().bundle.join("artifacts"))?;
        let sealed = self.shelf(artifact::SEALED_CRL);
        if sealed.is_dir() {
            paths.extend(files(&sealed)?);
        }
        paths.push(self.places().bundle.join("manifest.json"));
        let mut leftovers = Vec::new();
        for path in paths.into_iter().filter(|path| path.is_file()) {
            let octets = fs::read(&path).map_err(|error| storage(&path, "read", error))?;
            let sha256 = Digest::of(&octets);
            if self.is_named(sha256) {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (kind, media_type) = ("unlogged".to_owned(), "application/octet-stream".to_owned());
            leftovers.push(Leftover { path, artifact: Artifact { kind, name, sha256, media_type }, octets });
        }
        Ok(leftovers)
    }

    /// Takes every artifact out of what was stored.
    pub(super) fn take_stored(&mut self) -> Result<Vec<Leftover>, JournalError> {
        let mut given_up = Vec::new();
        for stored in std::mem::take(&mut self.stored) {
            let artifact = stored.artifact;
            let path = self.place_of(&artifact.kind, artifact.sha256);
            let octets = self.read_stored(&artifact.kind, artifact.sha256)?;
            given_up.push(Leftover { path, artifact, octets });
        }
        // Those that only a list names.
        let named = std::mem::take(&mut self.again.digests);
        let members = self.find_leftovers()?.into_iter();
        let is_new = |leftover: &Leftover| given_up.iter().all(|one: &Leftover| one.path != leftover.path);
        let members: Vec<_> = members
            .filter(|leftover| named.contains(&leftover.artifact.sha256) && is_new(leftover))
            .collect();
        given_up.extend(members);
        self.again.named.clear();
        self.again.digests.clear();
        Ok(given_up)
    }

    /// Moves a file to `voided` beside the log.
    pub(super) fn void(&self, path: &Path, octets: &[u8]) -> Result<(), JournalError> {
        let mut name = Digest::of(octets).to_string();
        if let Some(ending) = path.extension() {
            name.push('.');
            name.push_str(&ending.to_string_lossy());
        }
        // Another folder can be another disk: a copy first, and only then it goes.
        ensure(&self.places().run(self.ceremony()).join("voided").join(name), octets)?;
        fs::remove_file(path).map_err(|error| storage(path, "removed", error))?;
        sync_folder(path)
    }

    /// Moves renderings away that belong to no artifact of the log.
    pub(super) fn void_renderings(&self) -> Result<(), JournalError> {
        let out = &self.places().out;
        let all = self.again.named.iter().chain(self.stored().iter().map(|stored| &stored.artifact));
        let kept: BTreeSet<PathBuf> = all
            .filter_map(|named| {
                Some(ArtifactPlace { kind: artifact::kind(&named.kind)?, name: named.name.clone() })
            })
            .flat_map(|place| artifact::renderings(&place))
            .map(|(path, _)| out.join(path))
            .collect();
        for folder in self.places().rendering_folders() {
            for path in files(&out.join(folder))?.into_iter().filter(|path| !kept.contains(path)) {
                let octets = fs::read(&path).map_err(|error| storage(&path, "read", error))?;
                if !self.is_named(Digest::of(&octets)) {
                    self.void(&path, &octets)?;
                }
            }
        }
        Ok(())
    }

    /// Removes files that had no name yet when the ceremony was interrupted.
    pub(super) fn clear_all_parts(&self) -> Result<(), JournalError> {
        let run = self.places().run(self.ceremony());
        let (log, out, bundle) = (&self.places().log, &self.places().out, &self.places().bundle);
        let mut folders =
            vec![log.clone(), log.join("checkpoints"), run.clone(), run.join("pending"), run.join("voided")];
        folders.push(run.join(TO_SIGN));
        folders.extend([out.clone(), bundle.clone(), bundle.join("artifacts"), bundle.join("proofs")]);
        folders.extend(self.places().rendering_folders().iter().map(|folder| out.join(folder)));
        folders.push(self.shelf(artifact::SEALED_CRL));
        folders.iter().try_for_each(|folder| clear_parts(folder))
    }

    fn is_named(&self, sha256: Digest) -> bool {
        self.again.digests.contains(&sha256)
            || self.stored().iter().any(|stored| stored.artifact.sha256 == sha256 && stored.seq.is_some())
    }
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let entries = fs::read_dir(folder).map_err(|error| storage(folder, "read", error))?;
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}

fn read_by_digest(path: PathBuf, sha256: Digest) -> Result<Vec<u8>, JournalError> {
    let octets = match fs::read(&path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(JournalError::lost(path)),
        Err(error) => return Err(storage(&path, "read", error)),
    };
    if Digest::of(&octets) == sha256 { Ok(octets) } else { Err(JournalError::lost(path)) }
}

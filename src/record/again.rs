//! A log folder after an interruption: what the log names is taken in again, what it does not name is set aside.
//!
//! The rules of this file:
//! - What the log names is on the disk with the log's digest, or the ceremony does not go on.
//! - What no record names is moved away, never removed and never left where it could be taken for an artifact.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::artifact;
use super::file::{clear_parts, create, ensure, ensure_from, storage, sync_folder};
use super::journal::{LogFolder, Stored, digest_of, named};
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

    /// Opens an artifact that the log names, once its digest was seen to be right.
    pub(super) fn open_stored(&self, kind: &str, sha256: Digest) -> Result<File, JournalError> {
        open_by_digest(&self.place_of(kind, sha256), sha256)
    }

    /// Octets that were kept by their digest.
    pub(super) fn read_kept(&self, sha256: Digest) -> Result<Vec<u8>, JournalError> {
        read_by_digest(self.place_of_kept(sha256), sha256)
    }

    /// The digests of what is kept by them and begins with `start`.
    pub(super) fn find_kept(&self, start: &[u8]) -> Result<Vec<Digest>, JournalError> {
        let mut found = Vec::new();
        let folder = self.places().run(self.ceremony()).join("pending");
        if !folder.is_dir() {
            return Ok(found);
        }
        each_file(&folder, &mut |path| {
            let name = path.file_name().and_then(|name| name.to_str());
            let name: Option<Digest> = name.and_then(|name| name.parse().ok());
            let mut beginning = vec![0; start.len()];
            let read =
                File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut beginning));
            match read {
                Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                    return Err(storage(path, "read", error));
                }
                Ok(()) if beginning == start => found.extend(name),
                _ => {}
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Where octets are kept by their digest.
    pub(super) fn place_of_kept(&self, sha256: Digest) -> PathBuf {
        self.places().run(self.ceremony()).join("pending").join(sha256.to_string())
    }

    /// Takes an artifact in that is where artifacts are; its renderings are made where they are missing.
    pub(super) fn take_in(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        seq: Option<u64>,
    ) -> Result<Artifact, JournalError> {
        let artifact = named(place, sha256);
        let file = self.place_of(place.kind, sha256);
        drop(open_by_digest(&file, sha256)?);
        sync_folder(&file)?;
        for (path, label) in artifact::renderings(place) {
            let path = self.places().out.join(path);
            ensure_from(&path, &mut || Ok(artifact::render_from(File::open(&file)?, label)))?;
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

    /// Files among the artifacts that no record names: so many at once that they can be held.
    pub(super) fn find_leftovers(&self) -> Result<Vec<Leftover>, JournalError> {
        let mut leftovers = Vec::new();
        let mut look = |path: &Path| {
            let sha256 = digest_of(path).map_err(|error| storage(path, "read", error))?;
            if leftovers.len() < MOST_LEFTOVERS && !self.is_named(sha256) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let (kind, media_type) = ("unlogged".to_owned(), "application/octet-stream".to_owned());
                let artifact = Artifact { kind, name, sha256, media_type };
                leftovers.push(Leftover { path: path.to_owned(), artifact });
            }
            Ok(leftovers.len() < MOST_LEFTOVERS)
        };
        for folder in [self.places().bundle.join("artifacts"), self.shelf(artifact::SEALED_CRL)] {
            if folder.is_dir() {
                each_file(&folder, &mut look)?;
            }
        }
        let manifest = self.places().bundle.join("manifest.json");
        if manifest.is_file() {
            look(&manifest)?;
        }
        leftovers.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(leftovers)
    }

    /// Takes every artifact out of what was stored; from here on no record names any.
    pub(super) fn take_stored(&mut self) -> Result<Vec<Leftover>, JournalError> {
        let mut given_up = Vec::new();
        for stored in std::mem::take(&mut self.stored) {
            let artifact = stored.artifact;
            let path = self.place_of(&artifact.kind, artifact.sha256);
            drop(open_by_digest(&path, artifact.sha256)?);
            given_up.push(Leftover { path, artifact });
        }
        self.again.named.clear();
        self.again.digests.clear();
        Ok(given_up)
    }

    /// Moves a file to `voided` beside the log.
    pub(super) fn void(&self, path: &Path, sha256: Digest) -> Result<(), JournalError> {
        let mut name = sha256.to_string();
        if let Some(ending) = path.extension() {
            name.push('.');
            name.push_str(&ending.to_string_lossy());
        }
        // Another folder can be another disk: a copy first, and only then it goes.
        let voided = self.places().run(self.ceremony()).join("voided").join(name);
        ensure_from(&voided, &mut || Ok(Box::new(File::open(path)?)))?;
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
        let mut look = |path: &Path| {
            if !kept.contains(path) {
                let sha256 = digest_of(path).map_err(|error| storage(path, "read", error))?;
                if !self.is_named(sha256) {
                    self.void(path, sha256)?;
                }
            }
            Ok(true)
        };
        for folder in self.places().rendering_folders() {
            each_file(&out.join(folder), &mut look)?;
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

/// Shows every file of a folder to `look`, as long as it wants to go on: a folder of a long series has very many.
fn each_file(
    folder: &Path,
    look: &mut dyn FnMut(&Path) -> Result<bool, JournalError>,
) -> Result<(), JournalError> {
    let entries = fs::read_dir(folder).map_err(|error| storage(folder, "read", error))?;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        if !look(&path)? {
            break;
        }
    }
    Ok(())
}

/// Opens a file, once its digest was seen to be right.
fn open_by_digest(path: &Path, sha256: Digest) -> Result<File, JournalError> {
    let open = || match File::open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(JournalError::lost(path.to_owned()))
        }
        Err(error) => Err(storage(path, "read", error)),
    };
    let found = Digest::of_reader(&mut open()?).map_err(|error| storage(path, "read", error))?;
    if found == sha256 { open() } else { Err(JournalError::lost(path.to_owned())) }
}

fn read_by_digest(path: PathBuf, sha256: Digest) -> Result<Vec<u8>, JournalError> {
    let octets = match fs::read(&path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(JournalError::lost(path)),
        Err(error) => return Err(storage(&path, "read", error)),
    };
    if Digest::of(&octets) == sha256 { Ok(octets) } else { Err(JournalError::lost(path)) }
}

/// So many leftovers are named at once.
const MOST_LEFTOVERS: usize = 1000;

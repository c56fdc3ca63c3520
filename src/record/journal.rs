//! The ceremony's journal on disk: the log, its heads, what is about to be signed, and the artifacts.
//!
//! The rules of this file:
//! - A record is one line, appended and synced before the call returns.
//! - If that fails once, nothing is written any more: the log on disk is a prefix of what happened.
//! - A head is made only from synced lines.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ceremony_log::checkpoint::checkpoint_text;
use ceremony_log::code::Fault;
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::Policy;
use ceremony_log::record::{Actor as LogActor, Record};
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Levels};
use rustix::fs::{FlockOperation, flock};

use super::again::Again;
use super::artifact;
use super::continued::Continued;
use super::file::{Reserved, Together, create, open_own, storage, supersede, sync_folder};
use super::run::{self, Kept, TO_SIGN};
use super::series::{ListWriter, MOST_SINGLED_OUT, create_unsynced, files_in, name_also, sync_medium};
use super::value::to_object;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::stage::{
    Artifact, ArtifactPlace, Entry, Event, Head, HeadSignature, Held, Journal, JournalError, KeptHead,
    Leftover, LogKey, ToCosign, WitnessKey,
};

/// Where a ceremony's files lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// The log's folder, which travels from ceremony to ceremony.
    pub log: PathBuf,
    /// The output folder of this ceremony.
    pub out: PathBuf,
    /// The bundle's folder, in the output folder.
    pub bundle: PathBuf,
}

impl Places {
    /// The places of a ceremony.
    pub fn of(ceremony: &str, practice: bool, log: &Path, out: &Path) -> Self {
        let bundle =
            if practice { format!("bundle-practice-{ceremony}") } else { format!("bundle-{ceremony}") };
        Self { log: log.to_owned(), out: out.to_owned(), bundle: out.join(bundle) }
    }

    /// Where what is sealed lies, outside the bundle.
    pub fn sealed(&self) -> PathBuf {
        self.out.join(artifact::SEALED)
    }

    /// The folders of renderings that are there, by their names.
    pub fn rendering_folders(&self) -> Vec<&'static str> {
        let sealed = self.sealed().is_dir().then_some(artifact::SEALED);
        artifact::FOLDERS.into_iter().chain(sealed).collect()
    }

    /// Where this ceremony's own files lie beside the log.
    pub fn run(&self, ceremony: &str) -> PathBuf {
        self.log.join("runs").join(ceremony)
    }
}

/// Which ceremony a log is written for.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The ceremony's id.
    pub ceremony: String,
    /// The log's name; `/practice` at its end for a practice log.
    pub origin: String,
    /// Whether it is practice.
    pub practice: bool,
    /// The plan's digest.
    pub plan_sha256: Digest,
}

/// An artifact that is stored, with the record that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it is.
    pub artifact: Artifact,
    /// The record that says so; nothing until that is appended.
    pub seq: Option<u64>,
}

/// A log that is being written.
pub struct LogFolder {
    pub(super) places: Places,
    pub(super) identity: Identity,
    pub(super) log: File,
    pub(super) levels: Levels,
    pub(super) last: Hash,
    pub(super) last_at: Timestamp,
    pub(super) key: Option<VerifierKey>,
    /// Keys that signed heads of this log and were replaced.
    pub(super) former: Vec<VerifierKey>,
    pub(super) head: Option<Note>,
    pub(super) stored: Vec<Stored>,
    pub(super) reserved: Vec<(PathBuf, Reserved)>,
    pub(super) stopped: bool,
    /// What the log names already, after an interruption.
    pub(super) again: Again,
    /// The list of what is about to be signed, and then the list of what was signed.
    pub(super) list: Option<ListWriter>,
    /// The renderings that were there when a series was begun.
    pub(super) taken: BTreeSet<PathBuf>,
    /// Whether each of the series is named beside its list.
    pub(super) singled_out: bool,
    /// The record that closed the ceremony.
    pub(super) closed_at: Option<u64>,
    /// What is put where artifacts are and is none yet, with its digest.
    pub(super) deposit: Option<(Reserved, Digest)>,
}

impl LogFolder {
    /// Begins a new log, its folders and its output folder. `kept`: what `resume` needs; it is there before anything
    /// else of the ceremony is.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if any of it is there already or cannot be made.
    pub fn create(places: Places, identity: &Identity, kept: Vec<Kept<'_>>) -> Result<Self, JournalError> {
        run::make_log_folders(&places.log)?;
        let path = places.log.join("log.jsonl");
        if path.symlink_metadata().is_ok() {
            return Err(JournalError::Exists { path });
        }
        run::begin(&places, &identity.ceremony, kept)?;
        make_folders(&places)?;
        let log = create_log(&path)?;
        Ok(Self {
            places,
            identity: identity.clone(),
            log,
            levels: Levels::new(),
            last: Hash::ZERO,
            last_at: Timestamp::FIRST,
            key: None,
            former: Vec::new(),
            head: None,
            stored: Vec::new(),
            reserved: Vec::new(),
            closed_at: None,
            deposit: None,
            list: None,
            taken: BTreeSet::new(),
            singled_out: true,
            stopped: false,
            again: Again::default(),
        })
    }

    /// Goes on with a log that was read and checked; the output folder is a new one.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if anything is there that this ceremony has to make.
    pub fn go_on(
        places: Places,
        identity: &Identity,
        continued: Continued,
        kept: Vec<Kept<'_>>,
    ) -> Result<Self, JournalError> {
        let log = continued.take_alone(&places.log)?;
        run::make_log_folders(&places.log)?;
        run::begin(&places, &identity.ceremony, kept)?;
        make_folders(&places)?;
        Ok(Self {
            places,
            identity: identity.clone(),
            log,
            levels: continued.levels,
            last: continued.last,
            last_at: continued.last_at,
            former: continued.log_key.former_keys(),
            key: Some(continued.verifier),
            head: Some(continued.note),
            stored: Vec::new(),
            reserved: Vec::new(),
            closed_at: None,
            deposit: None,
            list: None,
            taken: BTreeSet::new(),
            singled_out: true,
            stopped: false,
            again: Again::default(),
        })
    }

    /// Where everything lies.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// The ceremony's id.
    pub fn ceremony(&self) -> &str {
        &self.identity.ceremony
    }

    /// Whether it is practice.
    pub const fn is_practice(&self) -> bool {
        self.identity.practice
    }

    /// The plan's digest, as text.
    pub fn plan_sha256(&self) -> String {
        self.identity.plan_sha256.to_string()
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.identity.origin
    }

    /// Every artifact of this ceremony, in the order in which they were stored.
    pub fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// The tree over all records.
    pub const fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The newest signed head.
    pub const fn signed_head(&self) -> Option<&Note> {
        self.head.as_ref()
    }

    /// The newest head with more signature lines than it had.
    pub(super) fn replace_head(&mut self, cosigned: Note) {
        self.head = Some(cosigned);
    }

    /// Whether the record that closes the ceremony is in the log.
    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }

    /// The key that signs heads.
    pub const fn log_key(&self) -> Option<&VerifierKey> {
        self.key.as_ref()
    }

    fn record(&self, entry: Entry) -> Result<Record, JournalError> {
        let (ev, data) = entry.event.name_and_data();
        let role = entry.actor.role.parse().map_err(|fault| unfit(&fault))?;
        Ok(Record {
            seq: self.levels.size(),
            prev: self.last,
            at: Time::from_seconds(entry.at.seconds())
                .ok_or_else(|| unfit(&"the time is later than 9999"))?,
            mono: u64::try_from(entry.elapsed.as_millis()).unwrap_or(u64::MAX),
            // After its closing nothing belongs to the ceremony any more.
            cer: if self.again.closed { "-".into() } else { self.identity.ceremony.clone() },
            ev,
            actor: LogActor { id: entry.actor.id, role },
            data: to_object(&data)
                .ok_or_else(|| unfit(&"its data is no object of texts, integers and lists"))?,
            step: entry.step,
            reference: entry.closes,
        })
    }

    /// The file of an artifact in the bundle.
    pub(super) fn place_of(&self, kind: &str, sha256: Digest) -> PathBuf {
        match kind {
            "manifest" => self.places.bundle.join("manifest.json"),
            kind => self.shelf(kind).join(format!("{sha256}.{}", artifact::extension(kind))),
        }
    }

    /// The folder of artifacts by their digests: in the bundle, or beside it for what is sealed.
    pub(super) fn shelf(&self, kind: &str) -> PathBuf {
        if kind == artifact::SEALED_CRL {
            self.places.sealed().join("artifacts")
        } else {
            self.places.bundle.join("artifacts")
        }
    }

    /// The head of now as a note with its signature, which verifies.
    fn note(&self, signed: &HeadSignature) -> Result<Note, JournalError> {
        let key = self.key.clone().ok_or(JournalError::LogKey)?;
        let mut lines = vec![(key, &signed.octets)];
        if let Some((key, octets)) = &signed.predecessor {
            lines.push((self.verifier_key(key)?, octets));
        }
        let mut note = Note::new(self.head_text()).map_err(|fault| unfit(&fault))?;
        for (key, octets) in lines {
            note.add(Signature::new(&key, octets)).map_err(|fault| unfit(&fault))?;
            key.verify(note.text(), octets).map_err(|fault| unfit(&fault))?;
        }
        Ok(note)
    }

    /// Remembers an artifact until the record that names it is appended.
    fn remember(&mut self, place: &ArtifactPlace, sha256: Digest) -> Artifact {
        let artifact = named(place, sha256);
        self.stored.push(Stored { artifact: artifact.clone(), seq: None });
        artifact
    }

    /// Gives what was put there last its name and its renderings; its digest.
    fn name_deposit(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError> {
        let (part, sha256) = self.deposit.take().ok_or_else(nothing_there)?;
        let file = self.place_of(place.kind, sha256);
        match part.name(&file) {
            // After an interruption it may be there already with the same octets.
            Err(JournalError::Exists { .. })
                if self.again.resumed && digest_of(&file).is_ok_and(|found| found == sha256) => {}
            named => named?,
        }
        for (path, label) in artifact::renderings(place) {
            let path = self.places.out.join(path);
            let octets = File::open(&file).map_err(|error| storage(&file, "opened", error))?;
            let mut rendering = artifact::render_from(octets, label);
            let reserved = match self.reserved.iter().position(|(reserved, _)| *reserved == path) {
                Some(index) => self.reserved.swap_remove(index).1,
                None => Reserved::at(&path)?,
            };
            reserved.fill_from(&mut *rendering)?;
        }
        Ok(sha256)
    }

    fn verifier_key(&self, key: &LogKey) -> Result<VerifierKey, JournalError> {
        // An Ed25519 SubjectPublicKeyInfo is 12 octets of algorithm and 32 of key (RFC 8410 §4).
        let raw = key.spki_der.strip_prefix(&ED25519_PREFIX);
        let made = match raw {
            Some(raw) => VerifierKey::new(&self.identity.origin, KeyKind::Ed25519, raw),
            None => VerifierKey::new(&self.identity.origin, KeyKind::EcdsaP256, &key.spki_der),
        };
        made.map_err(|_| JournalError::LogKey)
    }
}

impl Journal for LogFolder {
    fn append(&mut self, entry: Entry) -> Result<u64, JournalError> {
        if self.stopped {
            return Err(JournalError::Stopped);
        }
        if entry.at < self.last_at {
            return Err(JournalError::ClockWentBack { now: entry.at, last: self.last_at });
        }
        let (names_artifacts, at) = (names_artifacts(&entry.event), entry.at);
        let closes = matches!(entry.event, Event::CeremonyClose { .. });
        let record = self.record(entry)?;
        let mut line = record.to_line().map_err(|fault| unfit(&fault))?;
        let seq = record.seq;
        let leaf = Hash::leaf(line.as_bytes());
        line.push('\n');
        // One write of the whole line. A crash inside it leaves a torn last line, which a later start moves
        // aside and records; a crash after the sync leaves the record.
        let written = self.log.write_all(line.as_bytes()).map_err(|error| (error, "written"));
        let synced = written.and_then(|()| self.log.sync_data().map_err(|error| (error, "synced")));
        if let Err((source, doing)) = synced {
            self.stopped = true;
            return Err(storage(&self.places.log.join("log.jsonl"), doing, source));
        }
        self.levels.push(leaf);
        self.last = leaf;
        self.last_at = at;
        if closes {
            // What follows belongs to no ceremony.
            self.closed_at = Some(seq);
            self.again.closed = true;
        }
        if names_artifacts {
            for stored in self.stored.iter_mut().filter(|stored| stored.seq.is_none()) {
                stored.seq = Some(seq);
            }
        }
        Ok(seq)
    }

    fn head(&self) -> Head {
        let size = self.levels.size();
        // The levels know every size up to their own.
        let root = self.levels.root(size).unwrap_or(Hash::ZERO);
        Head { size, root: Digest::from_octets(*root.octets()) }
    }

    fn head_text(&self) -> String {
        let head = self.head();
        // The origin was the name of a key before there was anything to sign.
        checkpoint_text(&self.identity.origin, head.size, &Hash::from_octets(*head.root.octets()))
            .unwrap_or_default()
    }

    fn made_head(&self, signed: &HeadSignature) -> Result<Option<KeptHead>, JournalError> {
        let note = self.note(signed)?.to_string();
        Ok(Some(KeptHead { origin: self.identity.origin.clone(), note }))
    }

    fn store_head(&mut self, signed: &HeadSignature) -> Result<(), JournalError> {
        let note = self.note(signed)?;
        let octets = note.to_string().into_bytes();
        let size = self.levels.size();
        let own = self.places.log.join("checkpoints").join(size.to_string());
        // Two heads over the same records differ at most in their signatures: the first one stays.
        if !own.exists() {
            create(&own, &octets)?;
        }
        supersede(&self.places.log.join("checkpoint"), &octets)?;
        self.head = Some(note);
        Ok(())
    }

    fn signed_head(&self) -> Option<KeptHead> {
        let note = self.head.as_ref()?;
        Some(KeptHead { origin: self.identity.origin.clone(), note: note.to_string() })
    }

    fn witness_key_name(&self, key: &WitnessKey) -> Result<String, JournalError> {
        Ok(super::witnesses::verifier(key)?.to_string())
    }

    fn demand_cosignatures(&mut self, keys: &[WitnessKey], quorum: usize) -> Result<(), JournalError> {
        self.name_witnesses(keys, quorum)
    }

    fn head_to_cosign(&mut self) -> Result<ToCosign, JournalError> {
        self.lay_out_head()
    }

    fn cosignature(&self, key: &WitnessKey) -> Result<Option<String>, JournalError> {
        self.brought_cosignature(key)
    }

    fn take_cosignature(
        &mut self,
        key: &WitnessKey,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<String, JournalError> {
        self.take_line(key, octets, now)
    }

    fn judge_head(&self, octets: &[u8]) -> Held {
        let judge = |key| super::held::judge(octets, &self.identity.origin, key, &self.levels);
        let mut held = judge(self.key.as_ref());
        // What a key signed that was replaced since is still a head.
        for former in &self.former {
            if matches!(held, Held::NoHead { .. })
                && let found @ Held::Head { .. } = judge(Some(former))
            {
                held = found;
            }
        }
        held
    }

    fn root_of(&self, size: u64) -> Option<Digest> {
        if size > self.levels.size() {
            return None;
        }
        self.levels.root(size).map(|root| Digest::from_octets(*root.octets()))
    }

    fn use_log_key(&mut self, key: &LogKey) -> Result<String, JournalError> {
        let verifier = self.verifier_key(key)?;
        let name = verifier.to_string();
        let policy = self.places.log.join("policy");
        // One that names this key may name witnesses too.
        let octets = std::fs::read_to_string(&policy).unwrap_or_default();
        let known = Policy::parse(octets.as_bytes());
        if !known.as_ref().is_ok_and(|policy| policy.logs() == [verifier.clone()]) {
            let others = octets.lines().filter(|line| !line.starts_with("log ") && known.is_ok());
            let mut text = others.fold(format!("log {name}\n"), |text, line| text + line + "\n");
            if known.is_err() {
                text.push_str("quorum none\n");
            }
            supersede(&policy, text.as_bytes())?;
        }
        self.former.extend(self.key.take().filter(|former| *former != verifier));
        self.key = Some(verifier);
        Ok(name)
    }

    fn log_key_in_use(&self) -> Option<String> {
        self.key.as_ref().map(ToString::to_string)
    }

    fn log_key_name(&self, key: &LogKey) -> Result<String, JournalError> {
        Ok(self.verifier_key(key)?.to_string())
    }

    fn annex(&mut self, item: &str, text: &str) -> Result<Digest, JournalError> {
        let path = self.places.log.join("annex.jsonl");
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| unfit(&"the system gives no random octets"))?;
        let line = super::annex::line(&self.identity.ceremony, item, text, &hex(&salt))
            .map_err(|fault| unfit(&fault))?;
        let mut file = open_own(&path, OpenOptions::new().append(true).create(true))
            .map_err(|error| storage(&path, "opened", error))?;
        file.write_all(format!("{line}\n").as_bytes()).map_err(|error| storage(&path, "written", error))?;
        file.sync_all().map_err(|error| storage(&path, "synced", error))?;
        sync_folder(&path)?;
        Ok(Digest::of(line.as_bytes()))
    }

    fn annexed(&self, digest: Digest) -> Result<Option<String>, JournalError> {
        let path = self.places.log.join("annex.jsonl");
        match std::fs::read(&path) {
            Ok(octets) => Ok(super::annex::text(&octets, digest)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage(&path, "read", error)),
        }
    }

    fn hand_over(&mut self) -> Result<Vec<(String, PathBuf)>, JournalError> {
        super::bundle::complete(self)?;
        super::bundle::files(self)
    }

    fn manifest(&self) -> Vec<u8> {
        super::manifest::manifest(self)
    }

    fn keep_pending(&mut self, sha256: Digest, octets: &mut dyn Read) -> Result<(), JournalError> {
        let path = self.place_of_kept(sha256);
        // Its name says what it holds: the same octets, kept once more, are there already.
        if digest_of(&path).is_ok_and(|kept| kept == sha256) {
            return Ok(());
        }
        let mut reserved = Reserved::at(&path)?;
        let written = reserved.write_hashed(octets)?;
        if written != sha256 {
            return Err(unfit(&format!(
                "what is about to be signed has the digest {written}, wanted {sha256}"
            )));
        }
        reserved.name(&path)
    }

    fn lay_out(&mut self, name: &str, text: &[u8]) -> Result<PathBuf, JournalError> {
        let folder = self.places.run(&self.identity.ceremony).join(TO_SIGN);
        let mut together = Together::new();
        together.ensure_folder(&folder)?;
        let path = folder.join(name);
        together.ensure(&path, text)?;
        together.sync()?;
        // A whole path: who signs it may be in another folder.
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    fn reserve(&mut self, place: &ArtifactPlace) -> Result<(), JournalError> {
        for (path, _) in artifact::renderings(place) {
            let path = self.places.out.join(path);
            self.reserved.push((path.clone(), Reserved::at(&path)?));
        }
        Ok(())
    }

    fn deposit(&mut self, place: &ArtifactPlace, octets: &mut dyn Read) -> Result<Digest, JournalError> {
        // What was put there before and did not become an artifact goes first.
        self.deposit = None;
        // Its true name is its digest: until then it has that of the artifact, and `.part`.
        let file = format!("{}-{}", place.kind, place.name);
        let mut part = Reserved::at(&self.shelf(place.kind).join(file))?;
        let sha256 = part.write_hashed(octets)?;
        self.deposit = Some((part, sha256));
        Ok(sha256)
    }

    fn deposited(&mut self) -> Result<Box<dyn Read + '_>, JournalError> {
        let (part, _) = self.deposit.as_ref().ok_or_else(nothing_there)?;
        Ok(Box::new(part.open()?))
    }

    fn complete(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        let sha256 = self.name_deposit(place)?;
        Ok(self.remember(place, sha256))
    }

    fn complete_member(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError> {
        let sha256 = self.name_deposit(place)?;
        self.list.as_mut().ok_or_else(no_series)?.add(&sha256, &mut io::empty())?;
        if self.singled_out && place.kind != artifact::SEALED_CRL {
            self.remember(place, sha256);
        }
        Ok(sha256)
    }

    fn begin_series(&mut self, count: usize) -> Result<(), JournalError> {
        let pending = self.places.run(&self.identity.ceremony).join("pending");
        self.singled_out = count <= MOST_SINGLED_OUT;
        self.taken = self
            .places
            .rendering_folders()
            .into_iter()
            .map(|folder| files_in(&self.places.out, folder))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        self.list = Some(ListWriter::begin(&pending, true)?);
        Ok(())
    }

    fn keep_member(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        octets: &mut dyn Read,
    ) -> Result<(), JournalError> {
        if place.kind == artifact::SEALED_CRL {
            let mut together = Together::new();
            together.ensure_folder(&self.places.sealed())?;
            together.ensure_folder(&self.shelf(place.kind))?;
            together.sync()?;
        }
        for (path, _) in artifact::renderings(place) {
            if self.taken.contains(&path) {
                return Err(JournalError::Exists { path: self.places.out.join(path) });
            }
        }
        self.list.as_mut().ok_or_else(no_series)?.add(&sha256, octets)
    }

    fn keep_list(&mut self) -> Result<Digest, JournalError> {
        let (digest, _) = self.list.take().ok_or_else(no_series)?.end()?;
        // From here on the list is that of what is signed. It is written beside what is about to be.
        let signed = self.places.run(&self.identity.ceremony).join("signed");
        self.list = Some(ListWriter::begin(&signed, false)?);
        Ok(digest)
    }

    fn store_member(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<(), JournalError> {
        let sha256 = Digest::of(octets);
        let file = self.place_of(place.kind, sha256);
        create_unsynced(&file, octets)?;
        for (path, label) in artifact::renderings(place) {
            let path = self.places.out.join(path);
            match label {
                None => name_also(&file, &path, octets)?,
                Some(_) => create_unsynced(&path, &artifact::render(octets, label))?,
            }
        }
        self.list.as_mut().ok_or_else(no_series)?.add(&sha256, &mut io::empty())?;
        if self.singled_out {
            self.remember(place, sha256);
        }
        Ok(())
    }

    fn store_list(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        let (sha256, list) = self.list.take().ok_or_else(no_series)?.end()?;
        // The list is a part of the bundle under its own name; what was written on the way stays beside the log.
        let file = self.place_of(place.kind, sha256);
        std::fs::copy(&list, Reserved::free(&file)?).map_err(|error| storage(&file, "written", error))?;
        sync_medium(&self.places.out)?;
        Ok(self.remember(place, sha256))
    }

    fn store(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, JournalError> {
        let sha256 = Digest::of(octets);
        let file = self.place_of(place.kind, sha256);
        self.write(&file, octets)?;
        for (path, label) in artifact::renderings(place) {
            let path = self.places.out.join(path);
            let rendering = artifact::render(octets, label);
            match self.reserved.iter().position(|(reserved, _)| *reserved == path) {
                Some(index) => self.reserved.swap_remove(index).1.fill(&rendering)?,
                None => self.write(&path, &rendering)?,
            }
        }
        Ok(self.remember(place, sha256))
    }

    fn stored(&self, kind: &str, sha256: Digest) -> Result<Box<dyn Read>, JournalError> {
        Ok(Box::new(self.open_stored(kind, sha256)?))
    }

    fn recall_series(&mut self, count: usize) {
        self.singled_out = count <= MOST_SINGLED_OUT;
    }

    fn store_again(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        seq: Option<u64>,
    ) -> Result<Artifact, JournalError> {
        self.take_in(place, sha256, seq)
    }

    fn kept(&self, sha256: Digest) -> Result<Vec<u8>, JournalError> {
        self.read_kept(sha256)
    }

    fn kept_at(&self, sha256: Digest) -> Result<PathBuf, JournalError> {
        self.read_kept(sha256)?;
        Ok(self.place_of_kept(sha256))
    }

    fn kept_beginning(&self, start: &[u8]) -> Result<Vec<Digest>, JournalError> {
        self.find_kept(start)
    }

    fn forget_kept(&mut self, sha256: Digest) -> Result<(), JournalError> {
        let path = self.place_of_kept(sha256);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(storage(&path, "removed", error)),
            Ok(()) => sync_folder(&path),
        }
    }

    fn leftovers(&self) -> Result<Vec<Leftover>, JournalError> {
        self.find_leftovers()
    }

    fn leftover(&self, leftover: &Leftover) -> Result<Box<dyn Read>, JournalError> {
        let opened = open_own(&leftover.path, OpenOptions::new().read(true));
        Ok(Box::new(opened.map_err(|error| storage(&leftover.path, "opened", error))?))
    }

    fn set_aside(&mut self, leftover: &Leftover) -> Result<(), JournalError> {
        self.void(&leftover.path, leftover.artifact.sha256)
    }

    fn give_up(&mut self) -> Result<Vec<Leftover>, JournalError> {
        self.take_stored()
    }

    fn clear_renderings(&mut self) -> Result<(), JournalError> {
        self.void_renderings()
    }
}

/// An artifact as the log names it.
pub(super) fn named(place: &ArtifactPlace, sha256: Digest) -> Artifact {
    Artifact {
        kind: place.kind.into(),
        name: place.name.clone(),
        sha256,
        media_type: artifact::media_type(place.kind).into(),
    }
}

/// The log's own file, with its name on the disk.
pub(super) fn create_log(path: &Path) -> Result<File, JournalError> {
    let made = OpenOptions::new().append(true).create_new(true).open(path);
    let log = made.map_err(|error| storage(path, "made", error))?;
    take_alone(&log, path)?;
    // Its records are synced one by one; without its name on the disk a power failure would take them all.
    sync_folder(path)?;
    Ok(log)
}

/// Sees to it that no other program writes this log as long as this one has it open.
pub(super) fn take_alone(log: &File, path: &Path) -> Result<(), JournalError> {
    flock(log, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| JournalError::InUse { path: path.to_owned() })
}

/// The folders of what a ceremony hands over.
pub(super) fn make_folders(places: &Places) -> Result<(), JournalError> {
    let mut together = Together::new();
    together.ensure_folder(&places.out)?;
    together.ensure_folder(&places.bundle)?;
    for folder in ["artifacts", "proofs"] {
        together.ensure_folder(&places.bundle.join(folder))?;
    }
    for folder in artifact::FOLDERS {
        together.ensure_folder(&places.out.join(folder))?;
    }
    together.sync()
}

/// Whether an event is the one that names what was stored before it.
const fn names_artifacts(event: &Event) -> bool {
    matches!(
        event,
        Event::CertSigned { .. }
            | Event::CsrSigned { .. }
            | Event::CrlSigned { .. }
            | Event::CrlSeriesSigned { .. }
            | Event::OcspSigned { .. }
            | Event::ArtifactEmitted { .. }
    )
}

/// The digest of a file of ours.
pub(super) fn digest_of(path: &Path) -> io::Result<Digest> {
    Digest::of_reader(&mut File::open(path)?)
}

fn nothing_there() -> JournalError {
    unfit(&"nothing was put where artifacts are")
}

fn no_series() -> JournalError {
    unfit(&"a member of a series that was not begun")
}

fn unfit(fault: &dyn ToString) -> JournalError {
    JournalError::Record { why: fault.to_string() }
}

impl From<Fault> for JournalError {
    fn from(fault: Fault) -> Self {
        unfit(&fault)
    }
}

/// The DER of an Ed25519 SubjectPublicKeyInfo up to the key.
pub(super) const ED25519_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_octets_are_kept_once_and_others_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::of("c", true, &folder.path().join("log"), &folder.path().join("out"));
        let identity = Identity {
            ceremony: "c".into(),
            origin: "example.org/log/practice".into(),
            practice: true,
            plan_sha256: Digest::of(b""),
        };
        let mut log = LogFolder::create(places.clone(), &identity, Vec::new()).unwrap();
        let [one, two] = [b"one", b"two"].map(|octets| Digest::of(octets));
        log.keep_pending(one, &mut &b"one"[..]).unwrap();
        log.keep_pending(one, &mut &b"one"[..]).unwrap();
        log.keep_pending(two, &mut &b"two"[..]).unwrap();
        assert_eq!(std::fs::read_dir(places.run("c").join("pending")).unwrap().count(), 2);
        assert_eq!((log.kept(one).unwrap(), log.kept(two).unwrap()), (b"one".to_vec(), b"two".to_vec()));
        // What lies there under its name and is something else is not taken for it.
        std::fs::write(places.run("c").join("pending").join(one.to_string()), b"other").unwrap();
        assert!(matches!(log.keep_pending(one, &mut &b"one"[..]), Err(JournalError::Exists { .. })));
        assert!(matches!(log.kept(one), Err(JournalError::Lost { .. })));
    }
}

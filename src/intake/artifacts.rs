//! The files of a bundle, compared with the log and the manifest: none missing, none extra, each named by its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use ceremony_log::code::Code;
use ceremony_log::json::Value;

use super::folder::{Entry, EntryKind, Folder};
use super::log::Told;
use super::manifest::{self, Manifest};
use super::report::Report;
use super::story::Named;
use crate::digest::Digest;

/// The files that every bundle has beside its folders.
pub const FILES: [&str; 5] = ["checkpoint", "consistency", "log.jsonl", manifest::FILE, "policy"];

/// The folders that every bundle has.
pub const FOLDERS: [&str; 2] = ["artifacts", "proofs"];

/// The largest file that is hashed: nothing that a ceremony signs comes near.
const MOST_OCTETS: u64 = 1 << 30;

/// How many files that nobody names are hashed; beyond that only their names are told.
const MOST_UNNAMED: usize = 1000;

/// The largest list: more than a million digests.
const MOST_LIST_OCTETS: u64 = 128 << 20;

/// The artifacts of a bundle.
#[derive(Debug, Default)]
pub struct Artifacts<'t> {
    /// What records name, by digest.
    pub logged: BTreeMap<Digest, &'t Named>,
    /// What a list names that a record names, by digest: the record.
    pub members: BTreeMap<Digest, &'t Named>,
    /// CRLs that are sealed until their time, by digest: the record of their list, and the place in it.
    pub sealed: BTreeMap<Digest, (&'t Named, usize)>,
    /// The lists' digests in their order, by the list's digest.
    pub lists: BTreeMap<Digest, Vec<Digest>>,
    /// The files that are there and are what their names say, by digest.
    files: BTreeMap<Digest, String>,
    /// The files that are there and are not.
    damaged: BTreeMap<Digest, String>,
    folder: Option<Folder>,
}

impl<'t> Artifacts<'t> {
    /// Reads an artifact that is there and is what the log names, if it has at most `most` octets.
    ///
    /// A larger one is E128, and one that changed since it was hashed E143.
    pub fn octets(&self, sha256: &Digest, most: u64, report: &mut Report) -> Option<Vec<u8>> {
        let name = self.files.get(sha256)?;
        let file = self.path(sha256);
        match self.folder.as_ref()?.read(name, most) {
            Ok(octets) if octets.len() as u64 > most => {
                report.find(Code::E128, &file, format!("more than {most} octets"));
                None
            }
            Ok(octets) if Digest::of(&octets) == *sha256 => Some(octets),
            Ok(_) => {
                report.find(Code::E143, &file, "it changed while it was read");
                None
            }
            Err(error) => {
                report.find(Code::E141, &file, format!("it cannot be read: {error}"));
                None
            }
        }
    }

    /// Opens an artifact that is there and is what the log names. Whoever reads it hashes it once more.
    pub fn file(&self, sha256: &Digest, report: &mut Report) -> Option<File> {
        let name = self.files.get(sha256)?;
        match self.folder.as_ref()?.file(name) {
            Ok(file) => Some(file),
            Err(error) => {
                report.find(Code::E141, &self.path(sha256), format!("it cannot be read: {error}"));
                None
            }
        }
    }

    /// The place of an artifact in the bundle.
    pub fn path(&self, sha256: &Digest) -> String {
        match self.files.get(sha256) {
            Some(name) => format!("artifacts/{name}"),
            None => format!("artifacts/{sha256}"),
        }
    }

    /// Whether the file is there and good.
    pub fn has(&self, sha256: &Digest) -> bool {
        self.files.contains_key(sha256)
    }

    /// Every artifact but manifests, each with the record that names it.
    pub fn all(&self) -> impl Iterator<Item = (&Digest, &'t Named)> {
        let direct = self.logged.iter().filter(|(_, named)| named.kind != "manifest");
        direct.chain(&self.members).map(|(sha256, named)| (sha256, *named))
    }
}

/// Looks at every entry of the bundle's own folder: the files and folders of the layout, and nothing else.
pub fn layout(folder: &Folder, report: &mut Report) {
    let mut seen: Vec<String> = Vec::new();
    let mut visit = |Entry { name, kind }: Entry| {
        let wanted = if FOLDERS.contains(&name.as_str()) {
            EntryKind::Folder
        } else if FILES.contains(&name.as_str()) {
            EntryKind::File
        } else {
            report.find(Code::E142, &shown(&name), format!("{} that is no part of a bundle", kind.name()));
            return;
        };
        if kind == wanted {
            seen.push(name);
        } else {
            report.find(Code::E142, &name, format!("{}; wanted {}", kind.name(), wanted.name()));
        }
    };
    if let Err(error) = folder.entries(&mut visit) {
        report.find(Code::E141, ".", format!("the folder cannot be listed: {error}"));
        return;
    }
    for name in FILES.iter().chain(&FOLDERS).filter(|name| !seen.iter().any(|seen| seen == *name)) {
        report.find(Code::E141, name, "it is missing");
    }
}

/// Reads and compares all artifacts.
pub fn read<'t>(
    folder: &Folder,
    told: &'t Told,
    manifest: Option<&Manifest>,
    report: &mut Report,
) -> Artifacts<'t> {
    let mut artifacts = Artifacts { folder: folder.folder("artifacts").ok(), ..Artifacts::default() };
    let Some((cer, _)) = &told.story.ceremony else {
        report.unjudged(
            Code::E150,
            "artifacts",
            "they were not judged, because the log tells of no ceremony",
        );
        return artifacts;
    };
    artifacts.logged = told.story.of_ceremony(cer).map(|named| (named.sha256, named)).collect();
    files(&mut artifacts, manifest, report);
    lists(&mut artifacts, manifest, report);
    strangers(&artifacts, manifest, report);
    missing(&artifacts, report);
    if let Some(manifest) = manifest {
        judge_manifest(&artifacts, told, manifest, report);
    }
    artifacts
}

/// Hashes every file whose name is a digest.
fn files(artifacts: &mut Artifacts<'_>, manifest: Option<&Manifest>, report: &mut Report) {
    let Some(folder) = &artifacts.folder else { return };
    let (mut good, mut damaged) = (BTreeMap::new(), BTreeMap::new());
    let mut unnamed = 0_usize;
    let listed = listed(folder, &artifacts.logged);
    let visit = &mut |entry: Entry| {
        let path = format!("artifacts/{}", shown(&entry.name));
        let Some(sha256) = digest_named(&entry) else {
            report.find(
                Code::E142,
                &path,
                format!("{}; wanted files named `<SHA-256>.<ending>`", entry.kind.name()),
            );
            return;
        };
        if let Some(other) = good.get(&sha256).or_else(|| damaged.get(&sha256)) {
            report.find(Code::E142, &path, format!("the same as `{other}`"));
            return;
        }
        if !artifacts.logged.contains_key(&sha256)
            && !listed.contains(&sha256)
            && !manifest.is_some_and(|manifest| manifest.lists(&sha256))
        {
            unnamed += 1;
            if unnamed > MOST_UNNAMED {
                report.find(Code::E142, &path, "neither the log nor the manifest names it");
                return;
            }
        }
        match folder.digest(&entry.name, MOST_OCTETS) {
            Ok(Some(hashed)) if hashed == sha256 => {
                good.insert(sha256, entry.name);
                return;
            }
            Ok(Some(hashed)) => {
                report.find(Code::E143, &path, format!("its octets have the digest {hashed}"));
            }
            Ok(None) => {
                report.find(Code::E143, &path, format!("more than {MOST_OCTETS} octets; it was not hashed"));
            }
            Err(error) => report.find(Code::E143, &path, format!("it cannot be read: {error}")),
        }
        damaged.insert(sha256, entry.name);
    };
    if let Err(error) = folder.entries(visit) {
        report.find(Code::E141, "artifacts", format!("the folder cannot be listed: {error}"));
    }
    (artifacts.files, artifacts.damaged) = (good, damaged);
}

/// What long lists name, whose members the manifest does not list: to be hashed however many they are.
fn listed(folder: &Folder, logged: &BTreeMap<Digest, &Named>) -> BTreeSet<Digest> {
    let long = logged.values().filter(|named| named.kind == "list" && !named.singles_out());
    // What cannot be read here is told where lists are read.
    let read = long.filter_map(|named| {
        let octets = folder.read(&format!("{}.txt", named.sha256), MOST_LIST_OCTETS).ok()?;
        if Digest::of(&octets) == named.sha256 { read_list(&octets) } else { None }
    });
    read.flatten().collect()
}

/// Reads the lists that records name: one digest a line.
fn lists(artifacts: &mut Artifacts<'_>, manifest: Option<&Manifest>, report: &mut Report) {
    let lists: Vec<_> = artifacts.logged.values().copied().filter(|named| named.kind == "list").collect();
    for list in lists {
        let Some(octets) = artifacts.octets(&list.sha256, MOST_LIST_OCTETS, report) else {
            // The manifest stands in for a list that is missing or damaged: that was said.
            let entries = manifest.into_iter().flat_map(|manifest| manifest.of_record(list.seq));
            let members: Vec<_> = entries.filter(|sha256| !artifacts.logged.contains_key(*sha256)).collect();
            artifacts.members.extend(members.into_iter().map(|sha256| (*sha256, list)));
            continue;
        };
        let path = artifacts.path(&list.sha256);
        let Some(digests) = read_list(&octets) else {
            report.find(Code::E128, &path, "a list has one digest in hex on each line, and nothing else");
            continue;
        };
        match list.batch() {
            Some((count, sha256)) if count == digests.len() as u64 && sha256 == list.sha256 => {}
            Some((count, sha256)) => {
                let message = format!(
                    "{} digests, SHA-256 {}; record {} says {count}, {sha256}",
                    digests.len(),
                    list.sha256,
                    list.seq
                );
                report.find(Code::E143, &path, message);
            }
            None => report.find_record(Code::E128, list.seq, "it names a list and says no `batch`"),
        }
        if list.is_sealed() {
            let members = digests.iter().enumerate();
            artifacts.sealed.extend(members.map(|(index, sha256)| (*sha256, (list, index))));
        } else {
            artifacts.members.extend(digests.iter().map(|sha256| (*sha256, list)));
        }
        artifacts.lists.insert(list.sha256, digests);
    }
}

fn read_list(octets: &[u8]) -> Option<Vec<Digest>> {
    let text = std::str::from_utf8(octets).ok()?.strip_suffix('\n')?;
    text.split('\n').map(|line| line.parse().ok()).collect()
}

/// What is there and should not be.
fn strangers(artifacts: &Artifacts<'_>, manifest: Option<&Manifest>, report: &mut Report) {
    for (sha256, name) in artifacts.files.iter().chain(&artifacts.damaged) {
        if artifacts.logged.contains_key(sha256) || artifacts.members.contains_key(sha256) {
            continue;
        }
        let path = format!("artifacts/{name}");
        if let Some((list, index)) = artifacts.sealed.get(sha256) {
            let activates = list.data.get("activates").and_then(Value::as_array);
            let at = activates.and_then(|all| all.get(*index)).and_then(Value::as_str).unwrap_or("its time");
            let message = format!(
                "one of the sealed CRLs of record {}: it has no place in a bundle before {at}",
                list.seq
            );
            report.find(Code::E142, &path, message);
            continue;
        }
        report.find(Code::E140, &path, "no record of the ceremony names it");
        if !manifest.is_some_and(|manifest| manifest.lists(sha256)) {
            report.find(Code::E142, &path, "the manifest does not list it");
        }
    }
}

/// What should be there and is not.
fn missing(artifacts: &Artifacts<'_>, report: &mut Report) {
    for (sha256, named) in artifacts.all() {
        if !artifacts.has(sha256) && !artifacts.damaged.contains_key(sha256) {
            let message =
                format!("it is missing; record {} names it: `{}` ({})", named.seq, named.name, named.kind);
            report.find(Code::E141, &artifacts.path(sha256), message);
        }
    }
}

/// The manifest is the one artifact that lies under a name of its own.
fn judge_manifest(artifacts: &Artifacts<'_>, told: &Told, manifest: &Manifest, report: &mut Report) {
    let logged: Vec<_> = artifacts.logged.values().filter(|named| named.kind == "manifest").collect();
    match logged.as_slice() {
        [] => report.find(Code::E140, manifest::FILE, "no record of the ceremony names a manifest"),
        [named] if named.sha256 == manifest.sha256 => {}
        all => {
            let wanted: Vec<_> = all.iter().map(|named| named.sha256.to_string()).collect();
            let message = format!("its digest is {}; the log names {}", manifest.sha256, wanted.join(", "));
            report.find(Code::E143, manifest::FILE, message);
        }
    }
    if let Some((seq, outputs)) = &told.story.outputs
        && logged.iter().all(|named| named.sha256.to_string() != *outputs)
    {
        let message =
            format!("the ceremony closes with the manifest {outputs}, which no record before it names");
        report.find_record(Code::E143, *seq, message);
    }
    manifest::compare(manifest, &artifacts.logged, &artifacts.members, report);
}

/// The digest that a file is named by: `<64 hex digits>.<ending>`.
fn digest_named(entry: &Entry) -> Option<Digest> {
    let (digest, ending) = entry.name.split_once('.')?;
    let good = entry.kind == EntryKind::File
        && (1..=8).contains(&ending.len())
        && ending.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit());
    digest.parse().ok().filter(|_| good && digest.bytes().all(|octet| !octet.is_ascii_uppercase()))
}

/// A name from a folder as it may be shown: no controls, no text that runs the other way, not too long.
pub fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(80).flat_map(char::escape_default).collect();
    if name.chars().nth(80).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Option<Digest> {
        digest_named(&Entry { name: name.to_owned(), kind: EntryKind::File })
    }

    #[test]
    fn an_artifact_is_named_by_its_digest_in_lower_case_and_an_ending() {
        let digest = Digest::of(b"x");
        assert_eq!(named(&format!("{digest}.der")), Some(digest));
        let upper = digest.to_string().to_uppercase();
        for bad in [
            digest.to_string(),
            format!("{digest}."),
            format!("{digest}.DER"),
            format!("{digest}.der.bak"),
            format!("{digest}.toolongone"),
            format!("{upper}.der"),
            format!("0{digest}.der"),
            "x.der".to_owned(),
        ] {
            assert_eq!(named(&bad), None, "{bad}");
        }
        let link = Entry { name: format!("{digest}.der"), kind: EntryKind::Link };
        assert_eq!(digest_named(&link), None);
    }

    #[test]
    fn a_list_is_digests_and_line_feeds() {
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        assert_eq!(read_list(format!("{one}\n{other}\n").as_bytes()), Some(vec![one, other]));
        for bad in
            [String::new(), format!("{one}"), format!("{one}\n\n"), format!("{one}\r\n"), format!(" {one}\n")]
        {
            assert_eq!(read_list(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn a_name_cannot_steer_the_screen() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}b"), "a\\u{1b}[2J\\u{202e}b");
        assert_eq!(shown(&"a".repeat(81)), format!("{}...", "a".repeat(80)));
    }
}

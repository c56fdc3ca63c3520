//! A rehearsed ceremony's bundle to spoil, and a forger who seals what was spoilt again with a log key of his own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ceremony_log::checkpoint::checkpoint_text;
use ceremony_log::consistency::Consistency;
use ceremony_log::key::{KeyKind, VerifierKey, cosignature_text};
use ceremony_log::note::{Note, Signature};
use ceremony_log::proof::Proof;
use ceremony_log::tree::{Hash, Levels};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rootrite::digest::Digest;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The origin of the rehearsal's log.
pub const ORIGIN: &str = "example.org/ceremony-log/practice";

/// A copy of the rehearsal's bundle.
pub struct Bundle {
    folder: TempDir,
}

/// What `verify` said: its exit code, and every code once, sorted.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub exit: i32,
    pub codes: Vec<String>,
}

/// What is expected: 5 with these codes and that of every practice log.
pub fn refused(codes: &[&str]) -> Said {
    let mut codes: Vec<_> = codes.iter().chain(&["W203"]).map(ToString::to_string).collect();
    codes.sort();
    Said { exit: 5, codes }
}

/// What is expected: 0 with these codes and that of every practice log.
pub fn accepted(codes: &[&str]) -> Said {
    let mut said = refused(codes);
    said.exit = 0;
    said
}

impl Bundle {
    /// A copy of what one rehearsal of the demonstration left.
    pub fn new() -> Self {
        Self::of(rehearsed())
    }

    /// A copy of any bundle.
    pub fn of(bundle: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(bundle, folder.path());
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), octets).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// Replaces a text that is there once.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        self.write(name, text.replace(from, to));
    }

    /// Changes the log's lines, without their line feeds.
    pub fn lines(&self, change: impl FnOnce(&mut Vec<String>)) {
        let text = self.text("log.jsonl");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        let changed = lines.join("\n") + "\n";
        assert_ne!(changed, text);
        self.write("log.jsonl", changed);
    }

    /// Where an artifact lies, by its kind and name.
    pub fn artifact(&self, kind: &str, name: &str) -> String {
        let manifest: Value = serde_json::from_slice(&self.read("manifest.json")).unwrap();
        let of = |entry: &&Value| entry["kind"] == kind && entry["name"] == name;
        let sha256 = manifest["artifacts"].as_array().unwrap().iter().find(of).unwrap()["sha256"].clone();
        let ending = if kind == "list" { "txt" } else { "der" };
        format!("artifacts/{}.{ending}", sha256.as_str().unwrap())
    }

    /// Its proof.
    pub fn proof(&self, kind: &str, name: &str) -> String {
        let artifact = self.artifact(kind, name);
        let sha256 = artifact.trim_start_matches("artifacts/").split('.').next().unwrap().to_owned();
        format!("proofs/{sha256}.tlog-proof")
    }

    pub fn verify(&self) -> Said {
        self.verify_with(&[])
    }

    pub fn verify_with(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_rootrite"))
            .args(["verify", "--format", "json"])
            .args(arguments)
            .arg(self.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let findings: Vec<Value> =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
        let mut codes: Vec<_> =
            findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
        codes.sort();
        codes.dedup();
        Said { exit: output.status.code().unwrap(), codes }
    }
}

/// The bundle of the one rehearsal of this test program.
fn rehearsed() -> &'static Path {
    static BUNDLE: OnceLock<PathBuf> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        let out = place.join("rehearsal");
        let output = Command::new(env!("CARGO_BIN_EXE_rootrite"))
            .arg("rehearse")
            .arg(root.join("ceremonies/root-and-subordinates.yaml"))
            .args(["--quiet", "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut entries = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
        let is_bundle =
            |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("bundle-practice-");
        entries.find(is_bundle).unwrap()
    })
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A key that signs heads.
pub struct LogKey {
    pkcs8: Vec<u8>,
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl Clone for LogKey {
    fn clone(&self) -> Self {
        Self {
            pkcs8: self.pkcs8.clone(),
            pair: Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap(),
            verifier: self.verifier.clone(),
        }
    }
}

impl LogKey {
    pub fn new(name: &str) -> Self {
        Self::of_kind(name, KeyKind::Ed25519)
    }

    pub fn witness(name: &str) -> Self {
        Self::of_kind(name, KeyKind::Cosignature)
    }

    fn of_kind(name: &str, kind: KeyKind) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let verifier = VerifierKey::new(name, kind, pair.public_key().as_ref()).unwrap();
        Self { pkcs8: document.as_ref().to_vec(), pair, verifier }
    }

    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub fn sign(&self, text: &str) -> Signature {
        Signature::new(&self.verifier, self.pair.sign(text.as_bytes()).as_ref())
    }

    pub fn cosign(&self, text: &str, time: u64) -> Signature {
        let octets = self.pair.sign(cosignature_text(time, text).as_bytes());
        Signature::new(&self.verifier, &[&time.to_be_bytes(), octets.as_ref()].concat())
    }

    pub fn policy(&self) -> String {
        format!("log {}\nquorum none\n", self.verifier)
    }
}

/// A bundle's content, to be changed and sealed again: numbers, chain, tree, head, proofs and manifest are made
/// anew, so that nothing is wrong with the bundle but what was changed.
pub struct Forger {
    bundle: Bundle,
    pub key: LogKey,
    pub records: Vec<Value>,
    pub manifest: Value,
    /// Artifacts by their digests in hex: ending and octets.
    pub artifacts: BTreeMap<String, (String, Vec<u8>)>,
    /// What the policy says after the log's key.
    pub quorum: String,
    pub cosignatures: Vec<(LogKey, u64)>,
}

impl Forger {
    pub fn new() -> Self {
        Self::of(Bundle::new(), ORIGIN)
    }

    /// Of any bundle.
    pub fn of(bundle: Bundle, origin: &str) -> Self {
        let records =
            bundle.text("log.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let manifest = serde_json::from_slice(&bundle.read("manifest.json")).unwrap();
        let mut artifacts = BTreeMap::new();
        for entry in fs::read_dir(bundle.path().join("artifacts")).unwrap() {
            let path = entry.unwrap().path();
            let (stem, ending) = (path.file_stem().unwrap(), path.extension().unwrap());
            let text = |part: &std::ffi::OsStr| part.to_str().unwrap().to_owned();
            artifacts.insert(text(stem), (text(ending), fs::read(&path).unwrap()));
        }
        let (key, quorum) = (LogKey::new(origin), "quorum none\n".to_owned());
        Self { bundle, key, records, manifest, artifacts, quorum, cosignatures: Vec::new() }
    }

    /// The index of the first record of an event whose data has a text somewhere.
    pub fn find(&self, ev: &str, text: &str) -> usize {
        let fits = |record: &Value| record["ev"] == ev && record["data"].to_string().contains(text);
        self.records.iter().position(fits).unwrap_or_else(|| panic!("no {ev} with {text}"))
    }

    /// The record of an artifact, by its event and name.
    pub fn record(&mut self, ev: &str, name: &str) -> &mut Value {
        let fits = |record: &&mut Value| record["ev"] == ev && record["data"]["artifact"]["name"] == name;
        self.records.iter_mut().find(fits).unwrap()
    }

    /// The intent of an artifact's record.
    pub fn intent(&mut self, ev: &str, name: &str) -> &mut Value {
        let index = usize::try_from(self.record(ev, name)["ref"].as_u64().unwrap()).unwrap();
        &mut self.records[index]
    }

    /// A new record after `index`, like it but for event, data and reference.
    pub fn insert_after(&mut self, index: usize, ev: &str, data: Value) {
        let mut record = self.records[index].clone();
        let fields = record.as_object_mut().unwrap();
        fields.insert("ev".into(), ev.into());
        fields.insert("data".into(), data);
        fields.remove("ref");
        fields.remove("seq");
        self.records.insert(index + 1, record);
    }

    /// The last record before the ceremony's closing.
    pub fn before_close(&self) -> usize {
        self.find("ceremony.close", "") - 1
    }

    /// The digest of an artifact.
    pub fn sha256(&self, kind: &str, name: &str) -> String {
        let of = |entry: &&Value| entry["kind"] == kind && entry["name"] == name;
        let entries = self.manifest["artifacts"].as_array().unwrap();
        entries.iter().find(of).unwrap()["sha256"].as_str().unwrap().to_owned()
    }

    /// Changes the octets of an artifact; everything that names its digest names the new one.
    pub fn change(&mut self, kind: &str, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let old = self.sha256(kind, name);
        let (ending, mut octets) = self.artifacts.remove(&old).unwrap();
        change(&mut octets);
        let new = Digest::of(&octets).to_string();
        assert_ne!(old, new);
        self.artifacts.insert(new.clone(), (ending, octets));
        self.everywhere(&old, &new);
        let lists: Vec<_> = self
            .artifacts
            .iter()
            .filter(|(_, (ending, octets))| ending == "txt" && String::from_utf8_lossy(octets).contains(&old))
            .map(|(sha256, _)| sha256.clone())
            .collect();
        for list in lists {
            let (ending, octets) = self.artifacts.remove(&list).unwrap();
            let octets = String::from_utf8(octets).unwrap().replace(&old, &new).into_bytes();
            let sha256 = Digest::of(&octets).to_string();
            self.everywhere(&list, &sha256);
            self.artifacts.insert(sha256, (ending, octets));
        }
    }

    /// Replaces a text in all records and the manifest.
    pub fn everywhere(&mut self, from: &str, to: &str) {
        let replaced = |value: &Value| serde_json::from_str(&value.to_string().replace(from, to)).unwrap();
        self.records = self.records.iter().map(replaced).collect();
        self.manifest = replaced(&self.manifest);
    }

    /// The same for a record and its entry in the manifest.
    pub fn rename_kind(&mut self, ev: &str, name: &str, kind: &str) {
        let record = self.record(ev, name);
        let sha256 = record["data"]["artifact"]["sha256"].clone();
        record["data"]["artifact"]["kind"] = kind.into();
        for entry in self.manifest["artifacts"].as_array_mut().unwrap() {
            if entry["sha256"] == sha256 {
                entry["kind"] = kind.into();
            }
        }
    }

    /// Makes everything anew that follows from records and artifacts.
    pub fn seal(mut self) -> Bundle {
        self.renumber();
        self.seal_manifest();
        let lines = self.chain();
        self.bundle.write("log.jsonl", lines.join("\n") + "\n");
        let mut levels = Levels::new();
        for line in &lines {
            levels.push(Hash::leaf(line.as_bytes()));
        }
        let head = self.head(&levels);
        self.bundle.write("checkpoint", head.to_string());
        self.bundle.write("consistency", Consistency::new(0, Vec::new(), head.clone()).to_string());
        self.bundle.write("policy", format!("log {}\n{}", self.key.verifier, self.quorum));
        for folder in ["artifacts", "proofs"] {
            fs::remove_dir_all(self.bundle.path().join(folder)).unwrap();
            fs::create_dir(self.bundle.path().join(folder)).unwrap();
        }
        for (sha256, (ending, octets)) in &self.artifacts {
            self.bundle.write(&format!("artifacts/{sha256}.{ending}"), octets);
        }
        for (sha256, seq) in self.proven() {
            let line = &lines[usize::try_from(seq).unwrap()];
            let path = levels.inclusion(seq, levels.size()).unwrap();
            let proof = Proof::new(line.as_bytes(), seq, path, head.clone());
            self.bundle.write(&format!("proofs/{sha256}.tlog-proof"), proof.to_string());
        }
        self.bundle
    }

    /// Gives every record its number, and what refers to records their new ones.
    fn renumber(&mut self) {
        let mut new = BTreeMap::new();
        for (index, record) in self.records.iter_mut().enumerate() {
            if let Some(old) = record["seq"].as_u64() {
                new.insert(old, index);
                // What witnesses speak of is as many records back as it was.
                if let Some(size) = record["data"]["head_size"].as_u64() {
                    record["data"]["head_size"] = (index as u64 - (old - size)).into();
                }
            }
            record["seq"] = index.into();
        }
        let renumbered = |value: &Value| value.as_u64().and_then(|old| new.get(&old)).copied();
        for record in &mut self.records {
            if let Some(reference) = record.get("ref").and_then(renumbered) {
                record["ref"] = reference.into();
            }
        }
        for entry in self.manifest["artifacts"].as_array_mut().unwrap() {
            if let Some(seq) = renumbered(&entry["seq"]) {
                entry["seq"] = seq.into();
            }
        }
    }

    fn seal_manifest(&mut self) {
        let octets = self.manifest.to_string().into_bytes();
        let sha256 = Digest::of(&octets).to_string();
        let emitted = |record: &&Value| record["data"]["artifact"]["kind"] == "manifest";
        if let Some(record) = self.records.iter().find(emitted) {
            let old = record["data"]["artifact"]["sha256"].as_str().unwrap().to_owned();
            let replaced =
                |value: &Value| serde_json::from_str(&value.to_string().replace(&old, &sha256)).unwrap();
            self.records = self.records.iter().map(replaced).collect();
        }
        self.bundle.write("manifest.json", octets);
    }

    /// The lines, each with the hash of the one before.
    fn chain(&self) -> Vec<String> {
        let mut prev = Hash::ZERO;
        let mut lines = Vec::new();
        let mut levels = Levels::new();
        for record in &self.records {
            let mut record = record.clone();
            record["prev"] = prev.to_string().into();
            // Witnesses speak of the log as it is now.
            let size = record["data"]["head_size"].as_u64();
            if let Some(root) = size.and_then(|size| levels.root(size)) {
                record["data"]["head_root"] = root.to_string().into();
            }
            let line = record.to_string();
            prev = Hash::leaf(line.as_bytes());
            levels.push(prev);
            lines.push(line);
        }
        lines
    }

    pub fn head(&self, levels: &Levels) -> Note {
        let text =
            checkpoint_text(self.key.verifier.name(), levels.size(), &levels.root(levels.size()).unwrap())
                .unwrap();
        let mut note = Note::new(text.clone()).unwrap();
        note.add(self.key.sign(&text)).unwrap();
        for (witness, time) in &self.cosignatures {
            note.add(witness.cosign(&text, *time)).unwrap();
        }
        note
    }

    /// Every artifact with the record that names it or its list.
    fn proven(&self) -> BTreeMap<String, u64> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let entries = self.manifest["artifacts"].as_array().unwrap().iter();
        let mut proven: BTreeMap<_, _> =
            entries.filter_map(|entry| Some((text(&entry["sha256"]), entry["seq"].as_u64()?))).collect();
        for record in self.records.iter().filter(|record| record["data"]["artifact"]["kind"] == "manifest") {
            proven.insert(text(&record["data"]["artifact"]["sha256"]), record["seq"].as_u64().unwrap());
        }
        proven
    }
}

/// An object without fields.
pub fn nothing() -> Value {
    Value::Object(Map::new())
}

/// What `cert.revoked` says.
pub fn revoked(serial: &str, sha256: &str) -> Value {
    json!({ "effective": "2026-11-01T00:00:00Z", "reason": "superseded", "serial": serial, "sha256": sha256 })
}

/// Puts E1 on the CRL of its issuer, as the log tells it too. Only the CA's signature cannot be forged.
pub fn revoke_e1(forger: &mut Forger, reason: Option<u8>) {
    let serial = serial_of(forger, "e1");
    let octets: Vec<u8> =
        (0..serial.len()).step_by(2).map(|at| u8::from_str_radix(&serial[at..at + 2], 16).unwrap()).collect();
    let old = forger.intent("crl.signed", "root-x1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
    let mut new = String::new();
    forger.change("crl", "root-x1", |crl| {
        let view = rootrite::pki::read::crl(crl).unwrap();
        let tbs = view.tbs();
        let extensions = tbs.octets().windows(2).rposition(|window| window[0] == 0xa0).unwrap();
        let extensions = find_explicit(tbs.octets(), extensions);
        let reason = reason.map_or_else(Vec::new, |reason| {
            let value = element(0x04, &element(0x0a, &[reason]));
            element(0x30, &element(0x30, &[vec![0x06, 0x03, 0x55, 0x1d, 0x15], value].concat()))
        });
        let entry =
            element(0x30, &[element(0x02, &octets), element(0x17, b"261101000000Z"), reason].concat());
        let header = tbs.octets().len() - content(tbs.octets()).len();
        let (before, after) = tbs.octets().split_at(extensions);
        let made = element(0x30, &[&before[header..], &element(0x30, &entry), after].concat());
        new = rootrite::digest::Digest::of(&made).to_string();
        let signed = &content(crl)[tbs.octets().len()..];
        *crl = element(0x30, &[&made, signed].concat());
    });
    forger.everywhere(&old, &new);
    let said = reason.map_or_else(|| "absent".to_owned(), |reason| reason.to_string());
    let list = format!("{serial} 2026-11-01T00:00:00Z {said}\n");
    let record = forger.record("crl.signed", "root-x1");
    record["data"]["revoked_count"] = 1.into();
    record["data"]["revoked_sha256"] = rootrite::digest::Digest::of(list.as_bytes()).to_string().into();
}

/// Where the crlExtensions begin: the last \[0\] that ends where the whole does.
fn find_explicit(octets: &[u8], last: usize) -> usize {
    let ends = |at: &usize| octets[*at] == 0xa0 && at + 2 + usize::from(octets[at + 1]) == octets.len();
    (0..=last).rev().find(ends).unwrap()
}

/// DER of less than 64 KiB.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        0..=0x7f => vec![tag, length[1]],
        0x80..=0xff => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&header, content].concat()
}

fn content(element: &[u8]) -> &[u8] {
    match element[1] {
        0x81 => &element[3..],
        0x82 => &element[4..],
        _ => &element[2..],
    }
}

/// The serial number of a certificate, in hex.
pub fn serial_of(forger: &mut Forger, name: &str) -> String {
    forger.record("cert.signed", name)["data"]["serial"].as_str().unwrap().to_owned()
}

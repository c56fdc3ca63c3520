//! What the bundle of another ceremony says of a key: that a token generated it there, and never gave it away.
//!
//! The rules of this file:
//! - The bundle is verified whole first; nothing is taken from one that does not verify.
//! - The key was generated in this log, on a token, never extractable; it proved itself, became live, and is not destroyed.
//! - The ceremony that generated it, and the one that signed the request, ended as they should.
//! - The request is the one that the log names, and its key is that key.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};
use std::path::Path;

use ceremony_log::json::{Object, Value};
use ceremony_log::record::Record;
use ceremony_log::verify::scan;

use super::certificates::Earlier;
use super::folder::Folder;
use super::{Options, Trust, verify};
use crate::clock::Timestamp;
use crate::digest::{Digest, Hashing, hex};
use crate::pki::read;
use crate::record::{BroughtRequest, KeyOrigin};

/// Reads a bundle and finds the request that it brings; `request`: its name, where there are several.
///
/// # Errors
///
/// Everything that does not fit, in words.
pub fn brought_request(
    bundle: &Path,
    request: Option<&str>,
    now: Timestamp,
) -> Result<BroughtRequest, Vec<String>> {
    let one = |why: String| vec![why];
    let judged = verify(bundle, &Options { trust: Trust::OwnPolicy, now, at: None, issuers: Earlier::new() });
    let judged = judged.map_err(|error| one(error.to_string()))?;
    if judged.report.refuses() {
        let errors = judged.report.findings().iter().filter(|finding| finding.code.is_error());
        return Err(errors.take(MOST_SAID).map(|finding| format!("it does not verify: {finding}")).collect());
    }
    let unreadable = |error: std::io::Error| one(format!("it cannot be read: {error}"));
    let folder = Folder::open(bundle).map_err(unreadable)?;
    let mut log = folder.file("log.jsonl").map_err(unreadable)?;
    let mut hashing = Hashing::new(&mut log);
    let mut told = Told::default();
    let scanned = scan(&mut BufReader::new(&mut hashing), &mut |entry| told.follow(entry.record));
    let scanned = scanned.map_err(unreadable)?;
    let log_sha256 = hashing.sha256();
    let Some(genesis) = scanned.genesis.filter(|_| scanned.tree.size() == judged.records) else {
        return Err(one("its log is not the one that was verified".into()));
    };
    let log = KnownLog {
        origin: genesis.origin,
        practice: genesis.practice,
        size: scanned.tree.size(),
        root: Digest::from_octets(*scanned.tree.root().octets()),
        log_sha256,
    };
    let signed = told.request(request).map_err(one)?;
    let origin = told.origin_of(signed, &log)?;
    let der = artifact(&folder, signed.sha256).map_err(one)?;
    let spki = read::request(&der)
        .map_err(|error| error.to_string())
        .and_then(|view| view.info().public_key().map_err(|error| error.to_string()))
        .map_err(|why| one(format!("the request `{}` cannot be read: {why}", signed.name)))?
        .spki_sha256();
    if spki != origin.spki_sha256 {
        return Err(one(format!(
            "the request `{}` is of the key with the SPKI SHA-256 {spki}; its record names {}",
            signed.name, origin.spki_sha256
        )));
    }
    Ok(BroughtRequest { origin, request: hex(&der) })
}

/// The log as a whole.
struct KnownLog {
    origin: String,
    practice: bool,
    size: u64,
    root: Digest,
    log_sha256: Digest,
}

/// What the records say, as far as it concerns keys.
#[derive(Debug, Default)]
struct Told {
    requests: Vec<SignedRequest>,
    generated: BTreeMap<String, Generated>,
    proved: Vec<String>,
    live: Vec<String>,
    destroyed: Vec<String>,
    devices: BTreeMap<String, Device>,
    outcomes: BTreeMap<String, String>,
}

#[derive(Debug)]
struct SignedRequest {
    name: String,
    sha256: Digest,
    spki_sha256: String,
    ceremony: String,
}

#[derive(Debug)]
struct Generated {
    ceremony: String,
    at: Timestamp,
    token: String,
    id: String,
    algorithm: String,
    attributes: Object,
    device: Option<Device>,
}

#[derive(Clone, Debug)]
struct Device {
    model: String,
    serial: String,
    class: String,
}

impl Told {
    fn follow(&mut self, record: &Record) {
        let data = &record.data;
        let spki = || data.str("spki_sha256").map(str::to_owned);
        // A record whose fields are not as they should be says nothing, and what it should have said is missed.
        match record.ev.as_str() {
            "device.inserted" => drop(self.device(data)),
            "key.generated" => drop(self.key(record)),
            "key.proved" if data.get("verified").and_then(Value::as_bool) == Some(true) => {
                self.proved.extend(spki());
            }
            "key.live" => self.live.extend(spki()),
            "key.destroyed" => self.destroyed.extend(spki()),
            "csr.signed" => drop(self.signed(record)),
            "artifact.voided" => self.voided(data),
            "ceremony.close" => {
                let outcome = data.str("outcome").unwrap_or("unknown").to_owned();
                self.outcomes.insert(record.cer.clone(), outcome);
            }
            _ => {}
        }
    }

    fn device(&mut self, data: &Object) -> Option<()> {
        let device = Device {
            model: data.str("model")?.to_owned(),
            serial: data.str("serial")?.to_owned(),
            class: data.str("class")?.to_owned(),
        };
        self.devices.insert(data.str("token")?.to_owned(), device);
        Some(())
    }

    fn key(&mut self, record: &Record) -> Option<()> {
        let data = &record.data;
        let token = data.str("token")?.to_owned();
        let key = Generated {
            ceremony: record.cer.clone(),
            at: Timestamp::from_seconds(record.at.seconds())?,
            device: self.devices.get(&token).cloned(),
            token,
            id: data.str("id")?.to_owned(),
            algorithm: data.str("algorithm")?.to_owned(),
            attributes: data.get("attributes")?.as_object()?.clone(),
        };
        self.generated.insert(data.str("spki_sha256")?.to_owned(), key);
        Some(())
    }

    fn signed(&mut self, record: &Record) -> Option<()> {
        let artifact = record.data.get("artifact")?.as_object()?;
        self.requests.push(SignedRequest {
            name: artifact.str("name")?.to_owned(),
            sha256: artifact.str("sha256")?.parse().ok()?,
            spki_sha256: record.data.str("spki_sha256")?.to_owned(),
            ceremony: record.cer.clone(),
        });
        Some(())
    }

    fn voided(&mut self, data: &Object) {
        let voided = data.get("artifact").and_then(|artifact| artifact.get("sha256")?.as_str());
        let voided: Option<Digest> = voided.and_then(|text| text.parse().ok());
        self.requests.retain(|request| Some(request.sha256) != voided);
    }

    /// The request that is meant.
    fn request(&self, named: Option<&str>) -> Result<&SignedRequest, String> {
        let fits = |request: &&SignedRequest| named.is_none_or(|name| request.name == name);
        let found: Vec<&SignedRequest> = self.requests.iter().filter(fits).collect();
        let all: Vec<String> = self.requests.iter().map(|request| format!("`{}`", request.name)).collect();
        match (found.as_slice(), named) {
            ([one], _) => Ok(one),
            ([], Some(name)) if !all.is_empty() => {
                Err(format!("its log has no request `{name}`; there is {}", all.join(", ")))
            }
            ([], _) => Err("no request was signed in its log".into()),
            (_, Some(name)) => Err(format!("its log has several requests of the name `{name}`")),
            (_, None) => {
                Err(format!("its log has the requests {}; wanted `request` with the one", all.join(", ")))
            }
        }
    }

    /// Where the key of a request comes from, or everything that does not fit.
    fn origin_of(&self, request: &SignedRequest, log: &KnownLog) -> Result<KeyOrigin, Vec<String>> {
        let spki = &request.spki_sha256;
        let called = format!("the key of the request `{}`", request.name);
        let Some(key) = self.generated.get(spki) else {
            return Err(vec![format!(
                "{called}, SPKI SHA-256 {spki}, was not generated in its log: it is possessed, and nothing says since when and by whom"
            )]);
        };
        let mut wrong = Vec::new();
        for (name, wanted) in ATTRIBUTES {
            let found = key.attributes.get(name).and_then(Value::as_bool);
            if found != Some(wanted) {
                let found = found.map_or("nothing".to_owned(), |found| found.to_string());
                wrong.push(format!("{called} has {name} {found}, wanted {wanted}"));
            }
        }
        if !self.proved.contains(spki) {
            wrong.push(format!("{called} did not prove itself in its log"));
        }
        if !self.live.contains(spki) {
            wrong.push(format!("{called} never became live in its log"));
        }
        if self.destroyed.contains(spki) {
            wrong.push(format!("{called} was destroyed"));
        }
        for ceremony in [&key.ceremony, &request.ceremony] {
            let outcome = self.outcomes.get(ceremony).map_or("not closed", String::as_str);
            if outcome != "ok" {
                wrong.push(format!("the ceremony `{ceremony}` in its log is {outcome}, wanted ok"));
            }
        }
        wrong.dedup();
        let device = key.device.clone();
        let (Some(device), Ok(spki_sha256)) = (device, spki.parse()) else {
            wrong.push(format!("its log does not say which device the token `{}` was", key.token));
            return Err(wrong);
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(KeyOrigin {
            origin: log.origin.clone(),
            size: log.size,
            root: log.root,
            log_sha256: log.log_sha256,
            practice: log.practice,
            ceremony: key.ceremony.clone(),
            generated_at: key.at,
            token: key.token.clone(),
            model: device.model,
            serial: device.serial,
            class: device.class,
            id: key.id.clone(),
            algorithm: key.algorithm.clone(),
            spki_sha256,
            request: request.name.clone(),
            request_sha256: request.sha256,
        })
    }
}

/// An artifact's octets by its digest.
fn artifact(folder: &Folder, sha256: Digest) -> Result<Vec<u8>, String> {
    let lost =
        |error: std::io::Error| format!("the request with the SHA-256 {sha256} cannot be read: {error}");
    let artifacts = folder.folder("artifacts").map_err(lost)?;
    let (wanted, mut name) = (sha256.to_string(), None);
    let mut look = |entry: super::folder::Entry| {
        if entry.name.split('.').next() == Some(wanted.as_str()) {
            name = Some(entry.name);
        }
    };
    artifacts.entries(&mut look).map_err(lost)?;
    let name = name.ok_or_else(|| format!("the request with the SHA-256 {sha256} is not there"))?;
    let mut octets = Vec::new();
    artifacts.file(&name).and_then(|file| file.take(MOST_OCTETS).read_to_end(&mut octets)).map_err(lost)?;
    if Digest::of(&octets) == sha256 {
        Ok(octets)
    } else {
        Err(format!("the request is not the one with the SHA-256 {sha256}"))
    }
}

/// What a key has to be that never leaves its token, as `key.generated` says it.
const ATTRIBUTES: [(&str, bool); 5] = [
    ("sensitive", true),
    ("extractable", false),
    ("always_sensitive", true),
    ("never_extractable", true),
    ("local", true),
];

/// A request has a few KiB.
const MOST_OCTETS: u64 = 64 * 1024;
/// Findings that one message names.
const MOST_SAID: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a good ceremony, one a line: event, then its data.
    const GOOD: &[(&str, &str)] = &[
        (
            "device.inserted",
            r#"{"class":"hardware","kind":"token","model":"Luna","serial":"7","token":"issuing"}"#,
        ),
        (
            "key.generated",
            r#"{"algorithm":"ecdsa-p384","attributes":{"always_sensitive":true,"extractable":false,"local":true,"never_extractable":true,"sensitive":true},"id":"01","label":"e3","spki_sha256":"SPKI","token":"issuing"}"#,
        ),
        ("key.proved", r#"{"spki_sha256":"SPKI","verified":true}"#),
        ("key.live", r#"{"spki_sha256":"SPKI"}"#),
        ("csr.signed", r#"{"artifact":{"kind":"request","name":"e3","sha256":"SHA"},"spki_sha256":"SPKI"}"#),
        ("ceremony.close", r#"{"outcome":"ok"}"#),
    ];

    fn told(records: &[(&str, &str)]) -> Told {
        let mut told = Told::default();
        let digest = Digest::of(b"").to_string();
        for (seq, (ev, data)) in records.iter().enumerate() {
            let data = data.replace("SPKI", &digest).replace("SHA", &digest);
            let line = format!(
                r#"{{"actor":{{"id":"rootrite","role":"software"}},"at":"2026-10-20T08:00:00Z","cer":"e3","data":{data},"ev":"{ev}","mono":0,"prev":"{}","seq":{seq},"v":1}}"#,
                "0".repeat(64)
            );
            told.follow(&Record::parse(line.as_bytes()).unwrap());
        }
        told
    }

    fn judged(records: &[(&str, &str)]) -> Result<KeyOrigin, Vec<String>> {
        let told = told(records);
        let digest = Digest::of(b"");
        let log =
            KnownLog { origin: "o/l".into(), practice: false, size: 6, root: digest, log_sha256: digest };
        told.request(None).map_err(|why| vec![why]).and_then(|request| told.origin_of(request, &log))
    }

    #[test]
    fn a_key_that_was_generated_and_never_left_is_known_by_its_token() {
        let origin = judged(GOOD).unwrap();
        assert_eq!(
            (origin.model.as_str(), origin.class.as_str(), origin.token.as_str()),
            ("Luna", "hardware", "issuing")
        );
    }

    #[test]
    fn every_thing_that_does_not_fit_is_said() {
        let without =
            |ev: &str| -> Vec<(&str, &str)> { GOOD.iter().filter(|one| one.0 != ev).copied().collect() };
        for (records, said) in [
            (without("key.generated"), "was not generated in its log: it is possessed"),
            (without("key.proved"), "did not prove itself in its log"),
            (without("key.live"), "never became live in its log"),
            (without("ceremony.close"), "the ceremony `e3` in its log is not closed, wanted ok"),
            (without("device.inserted"), "does not say which device the token `issuing` was"),
            (without("csr.signed"), "no request was signed in its log"),
        ] {
            let wrong = judged(&records).unwrap_err();
            assert!(wrong.len() == 1 && wrong[0].contains(said), "{said}: {wrong:?}");
        }
        for (old, new, said) in [
            (
                r#""never_extractable":true"#,
                r#""never_extractable":false"#,
                "has never_extractable false, wanted true",
            ),
            (r#""extractable":false"#, r#""extractable":true"#, "has extractable true, wanted false"),
            (r#""local":true"#, r#""local":false"#, "has local false, wanted true"),
            (r#""sensitive":true"#, r#""sensitive":false"#, "has sensitive false, wanted true"),
            (r#""verified":true"#, r#""verified":false"#, "did not prove itself in its log"),
            (
                r#"{"outcome":"ok"}"#,
                r#"{"outcome":"partial"}"#,
                "the ceremony `e3` in its log is partial, wanted ok",
            ),
        ] {
            let changed: Vec<(&str, String)> =
                GOOD.iter().map(|(ev, data)| (*ev, data.replace(old, new))).collect();
            let changed: Vec<(&str, &str)> = changed.iter().map(|(ev, data)| (*ev, data.as_str())).collect();
            let wrong = judged(&changed).unwrap_err();
            assert!(wrong.iter().any(|one| one.contains(said)), "{said}: {wrong:?}");
        }
        let mut destroyed = GOOD.to_vec();
        destroyed.push(("key.destroyed", r#"{"spki_sha256":"SPKI"}"#));
        assert!(judged(&destroyed).unwrap_err()[0].contains("was destroyed"));
    }

    #[test]
    fn one_request_is_meant() {
        let other = r#"{"artifact":{"kind":"request","name":"e4","sha256":"SHA"},"spki_sha256":"SPKI"}"#;
        let mut two = GOOD.to_vec();
        two.push(("csr.signed", other));
        let told = told(&two);
        assert_eq!(
            told.request(None).unwrap_err(),
            "its log has the requests `e3`, `e4`; wanted `request` with the one"
        );
        assert_eq!(told.request(Some("e4")).unwrap().name, "e4");
        assert_eq!(told.request(Some("e5")).unwrap_err(), "its log has no request `e5`; there is `e3`, `e4`");
    }
}

//! The accounts after a fault: what the log says against what is on the disk and on the tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rootrite::digest::hex;
use rootrite::hsm::{DataObject, Inventory, LOG_HEAD};
use serde_json::Value;

use crate::common::sha256;
use crate::world::Undisturbed;

/// What is wrong with files and log; nothing if all is as in a ceremony that nothing happened to.
pub fn of_files(out: &Path, log: &Path, wanted: &Undisturbed) -> Option<String> {
    let found = artifacts(out);
    if found != wanted.artifacts {
        return Some(format!("artifacts {found:?}, wanted {:?}", wanted.artifacts));
    }
    let said = said(log);
    if said != wanted.said {
        return Some(format!("the log says {said:#?}, wanted {:#?}", wanted.said));
    }
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    for artifact in summary["artifacts"].as_array().unwrap() {
        let path = out.join(artifact["path"].as_str().unwrap());
        let octets = fs::read(&path).unwrap_or_default();
        if artifact["sha256"].as_str() != Some(&*sha256(&octets)) {
            return Some(format!("{} is not what the summary says", path.display()));
        }
    }
    let mut strays = Vec::new();
    parts(out, &mut strays);
    parts(log, &mut strays);
    if !strays.is_empty() {
        return Some(format!("left over: {strays:?}"));
    }
    signatures(&records(log)).or_else(|| sealed(out, &records(log)))
}

/// What is wrong with what is sealed outside the bundle: it is what the log's lists name, and nothing else.
fn sealed(out: &Path, records: &[Value]) -> Option<String> {
    let mut wanted = BTreeSet::new();
    for record in records.iter().filter(|record| record["data"]["activates"].is_array()) {
        let list = record["data"]["artifact"]["sha256"].as_str().unwrap();
        let mut bundles = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
        let bundle = bundles.find(|path| path.join("manifest.json").is_file()).unwrap();
        let text = fs::read_to_string(bundle.join("artifacts").join(format!("{list}.txt"))).unwrap();
        wanted.extend(text.lines().map(str::to_owned));
    }
    for folder in ["sealed", "sealed/artifacts"] {
        let Ok(entries) = fs::read_dir(out.join(folder)) else {
            return (!wanted.is_empty()).then(|| format!("`{folder}` is missing"));
        };
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let found: BTreeSet<String> = files.map(|path| sha256(&fs::read(path).unwrap())).collect();
        if found != wanted {
            return Some(format!("`{folder}` holds {found:?}; the log's lists name {wanted:?}"));
        }
    }
    None
}

/// What is wrong with the keys: each one of the log is on its token with both halves, and nothing else is. `lost`: a token that
/// is another device now, and how many records the log had by then.
pub fn of_keys(
    log: &Path,
    tokens: &BTreeMap<String, Inventory>,
    lost: Option<(&str, usize)>,
) -> Option<String> {
    let mut records = records(log);
    if let Some((token, before)) = lost {
        let mut place = 0;
        records.retain(|record| {
            place += 1;
            place > before || record["data"]["token"] != token
        });
    }
    let mut logged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in records.iter().filter(|record| record["ev"] == "key.generated") {
        let text = |key: &str| record["data"][key].as_str().unwrap().to_owned();
        if !logged.entry(text("token")).or_default().insert(text("id")) {
            return Some(format!("the key {} is in the log twice", text("id")));
        }
    }
    for record in records.iter().filter(|record| record["ev"] == "key.restored") {
        let text = |key: &str| record["data"][key].as_str().unwrap().to_owned();
        if !logged.entry(text("token")).or_default().insert(text("id")) {
            return Some(format!("the key {} was restored twice", text("id")));
        }
    }
    for record in records.iter().filter(|record| record["ev"] == "key.destroyed") {
        let text = |key: &str| record["data"][key].as_str().unwrap().to_owned();
        if !logged.get_mut(&text("token")).is_some_and(|ids| ids.remove(&text("id"))) {
            return Some(format!("the key {} was destroyed and not made, or twice", text("id")));
        }
    }
    for (token, inventory) in tokens {
        let wanted = logged.remove(token).unwrap_or_default();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let is_head = |entry: &&rootrite::hsm::Entry| entry.label == LOG_HEAD.as_bytes();
        let heads = inventory.entries.iter().filter(is_head).count();
        if heads > 1 {
            return Some(format!("token `{token}` holds {heads} heads; one stays"));
        }
        for entry in inventory.entries.iter().filter(|entry| !is_head(entry)) {
            *found.entry(hex(&entry.id)).or_default() += 1;
        }
        let whole = found.values().all(|halves| *halves == 2) && inventory.unreadable == 0;
        if !whole || found.keys().cloned().collect::<BTreeSet<_>>() != wanted {
            return Some(format!("token `{token}` holds {inventory:?}; the log has {wanted:?}"));
        }
    }
    (!logged.is_empty()).then(|| format!("keys on no token: {logged:?}"))
}

/// What is wrong with the heads that tokens keep: each has the log's newest one, once.
pub fn of_heads(log: &Path, tokens: &BTreeMap<String, Vec<DataObject>>) -> Option<String> {
    let newest = fs::read(log.join("checkpoint")).unwrap_or_default();
    // The token of a log key that was replaced is lost, and keeps the last head that it saw.
    let replaced = records(log).iter().any(|record| record["ev"] == "log.key.replaced");
    tokens.iter().filter(|(token, _)| !(replaced && *token == "log")).find_map(|(token, held)| {
        match held.as_slice() {
            [one] if one.value == newest => None,
            other => Some(format!("token `{token}` holds the heads {other:?}; wanted the newest once")),
        }
    })
}

/// What is wrong with media: each holds every file that is handed over, a list of them, its marker, and nothing else.
pub fn of_media(out: &Path, media: &[PathBuf]) -> Option<String> {
    let files = |folder: &Path| {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        found
    };
    // What is sealed goes onto media of its own.
    let mut wanted = files(out);
    wanted.retain(|name, _| !name.starts_with("sealed"));
    media.iter().find_map(|medium| {
        let mut found = files(medium);
        let own = ["SHA256SUMS", "rootrite-medium.txt"].map(|name| found.remove(Path::new(name)));
        (own.iter().any(Option::is_none) || found != wanted)
            .then(|| format!("{} holds {:?}, wanted {:?}", medium.display(), found.keys(), wanted.keys()))
    })
}

/// What is wrong with the backup of a key, by its name: its file is on every copy and nowhere else, it is the one of the last
/// set, of which every share was confirmed, and of the sets before every sheet was given back, or said to be lost.
pub fn of_backup(log: &Path, out: &Path, key: &str, media: &[PathBuf]) -> Option<String> {
    let records = records(log);
    let of = |ev: &str| {
        records.iter().filter(|record| record["ev"] == ev).map(|record| &record["data"]).collect::<Vec<_>>()
    };
    let spki = of("key.generated").into_iter().find(|made| made["label"] == key)?["spki_sha256"].clone();
    let of_key = |ev: &str| of(ev).into_iter().filter(|data| data["spki_sha256"] == spki).collect::<Vec<_>>();
    let backups = of_key("key.backup");
    let last = backups.last().copied()?;
    for medium in media {
        let found = fs::read(medium.join(format!("{key}.backup"))).unwrap_or_default();
        if last["blob_sha256"].as_str() != Some(&*sha256(&found)) {
            return Some(format!("{} does not hold the last wrapped key", medium.display()));
        }
    }
    for folder in [log, out] {
        if let Some(path) = holds_a_backup(folder) {
            return Some(format!("a wrapped key is left in {}", path.display()));
        }
    }
    for backup in &backups {
        let set = backup["set_id"].as_str().unwrap();
        let count = |ev: &str| of_key(ev).iter().filter(|share| share["set_id"] == set).count();
        let lost = of("log.anomaly").iter().filter(|said| is_of_lost_sheet(said, set)).count();
        let (issued, confirmed) = (count("share.issued"), count("share.confirmed"));
        let gone = count("share.returned") + lost;
        let all = usize::try_from(backup["share_count"].as_u64().unwrap()).unwrap();
        let good = if std::ptr::eq(*backup, last) {
            (issued, confirmed, gone) == (all, all, 0)
        } else {
            issued == gone
        };
        if !good {
            return Some(format!("set {set}: {issued} shares issued, {confirmed} confirmed, {gone} gone"));
        }
    }
    (of_key("key.sealed").len() != 1).then(|| "the key was not sealed once".to_owned())
}

/// What is wrong with bags: every sheet that was taken out of one is in one again, or was given back.
pub fn of_bags(records: &[Value]) -> Option<String> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for record in records {
        let item = record["data"]["item"].as_str().unwrap_or_default();
        match record["ev"].as_str().unwrap() {
            "custody.opened" if item.starts_with("share-") => drop(open.insert(item)),
            "custody.sealed" => drop(open.remove(item)),
            "share.returned" => {
                let data = &record["data"];
                let sheet = format!("share-{}-{}", data["set_id"].as_str().unwrap(), data["index"]);
                open.remove(sheet.as_str());
            }
            _ => {}
        }
    }
    (!open.is_empty()).then(|| format!("sheets that are in no bag: {open:?}"))
}

/// What is wrong with a holder's own medium: it has the share of the last set as it opened, and nothing of a set that is void.
pub fn of_own_medium(records: &[Value], holder: &str, medium: &Path) -> Option<String> {
    let of = |ev: &str| {
        let fits = |record: &&Value| record["ev"] == ev && record["data"]["holder"] == holder;
        records.iter().filter(fits).map(|record| &record["data"]).collect::<Vec<_>>()
    };
    let Some(wanted) = of("share.decrypted").last().copied().cloned() else {
        return Some(format!("no share of `{holder}` went out and was opened"));
    };
    let mut files = fs::read_dir(medium).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "openssl"));
    let [file] = files.as_slice() else { return Some(format!("the medium of `{holder}` holds {files:?}")) };
    let found = sha256(&fs::read(file).unwrap());
    let named = file.file_name().and_then(|name| name.to_str()) == wanted["file"].as_str();
    (!named || wanted["ciphertext_sha256"] != found.as_str())
        .then(|| format!("{} with the SHA-256 {found} is not {wanted}", file.display()))
}

fn is_of_lost_sheet(said: &Value, set: &str) -> bool {
    said["text"].as_str().unwrap().ends_with(&format!("in set {set}: lost; it opens nothing any more"))
}

/// What is wrong with secrets in shares: of the last set of each every share was confirmed, and of the sets before every sheet
/// was given back.
pub fn of_secrets(records: &[Value]) -> Option<String> {
    let of = |ev: &str| {
        records.iter().filter(|record| record["ev"] == ev).map(|record| &record["data"]).collect::<Vec<_>>()
    };
    let split = of("secret.split");
    let names: BTreeSet<&str> = split.iter().map(|data| data["secret"].as_str().unwrap()).collect();
    for (place, one) in split.iter().enumerate() {
        let same = |data: &&&Value| data["set_id"] == one["set_id"] && data["secret"] == one["secret"];
        let count = |ev: &str| of(ev).iter().filter(same).count();
        let (issued, confirmed, gone) =
            (count("share.issued"), count("share.confirmed"), count("share.returned"));
        let is_last = !split[place + 1..].iter().any(|later| later["secret"] == one["secret"]);
        let all = usize::try_from(one["share_count"].as_u64().unwrap()).unwrap();
        let good = if is_last { (issued, confirmed, gone) == (all, all, 0) } else { issued == gone };
        if !good {
            return Some(format!(
                "set {} of {}: {issued} shares issued, {confirmed} confirmed, {gone} given back",
                one["set_id"], one["secret"]
            ));
        }
    }
    (names.len() != 3).then(|| format!("divided were {names:?}; wanted three secrets"))
}

/// A file in a folder that is a wrapped key.
fn holds_a_backup(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).find_map(|path| {
        if path.is_dir() {
            return holds_a_backup(&path);
        }
        fs::read(&path).unwrap().starts_with(b"rootrite-backup").then_some(path)
    })
}

/// Every intent has its result, every serial number that came to nothing is burned, and none is used twice.
fn signatures(records: &[Value]) -> Option<String> {
    let closed: BTreeSet<u64> = records.iter().filter_map(|record| record["ref"].as_u64()).collect();
    let mut serials = BTreeSet::new();
    for record in records.iter().filter(|record| record["ev"].as_str().unwrap().ends_with(".intent")) {
        let seq = record["seq"].as_u64().unwrap();
        if !closed.contains(&seq) {
            return Some(format!("record {seq} has no result"));
        }
        if record["ev"] != "cert.sign.intent" {
            continue;
        }
        let serial = record["data"]["serial"].as_str().unwrap();
        if !serials.insert(serial) {
            return Some(format!("the serial number {serial} was announced twice"));
        }
        let with = |ev: &str| {
            let of_serial = |other: &&Value| other["ev"] == ev && other["data"]["serial"] == serial;
            records.iter().filter(of_serial).count()
        };
        if with("cert.signed") + with("serial.burned") != 1 {
            return Some(format!(
                "the serial number {serial}: {} certificates, burned {} times",
                with("cert.signed"),
                with("serial.burned")
            ));
        }
    }
    None
}

/// Every artifact of a summary: kind, name and path; that of a list has its digest as its name, another one each time.
pub fn artifacts(out: &Path) -> Vec<(String, String, String)> {
    let Ok(octets) = fs::read(out.join("summary.json")) else { return Vec::new() };
    let summary: Value = serde_json::from_slice(&octets).unwrap();
    let text = |artifact: &Value, key: &str| artifact[key].as_str().unwrap().to_owned();
    let all = summary["artifacts"].as_array().unwrap().iter();
    let path = |artifact: &Value| match text(artifact, "kind").as_str() {
        "list" => text(artifact, "path").replace(&text(artifact, "sha256"), "<sha256>"),
        _ => text(artifact, "path"),
    };
    all.map(|artifact| (text(artifact, "kind"), text(artifact, "name"), path(artifact))).collect()
}

/// What a log says of what came of the ceremony, as far as it is the same each time.
pub fn said(log: &Path) -> Vec<String> {
    let records = records(log);
    let intent = |record: &Value, key: &str| {
        let seq = record["ref"].as_u64().unwrap_or(u64::MAX);
        let intent = records.iter().find(|other| other["seq"] == seq);
        intent.map_or(Value::Null, |intent| intent["data"][key].clone())
    };
    let one = |record: &Value| match record["ev"].as_str().unwrap() {
        "cert.signed" => Some(format!(
            "{} {} {} {}",
            record["data"]["artifact"]["name"],
            intent(record, "subject"),
            intent(record, "not_before"),
            intent(record, "not_after")
        )),
        "crl.signed" => {
            let data = &record["data"];
            Some(format!("{} {} {}", data["number"], data["last_number"], data["next_update"]))
        }
        "key.live" | "ocsp.signed" | "csr.signed" | "token.initialized" | "ceremony.close" => {
            Some(format!("{} {}", record["ev"], record["data"]["outcome"]))
        }
        _ => None,
    };
    records.iter().filter_map(one).collect()
}

/// Every record of a log.
pub fn records(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log.join("log.jsonl")).unwrap_or_default();
    // The last line may be torn.
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn parts(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            parts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "part" || ending == "new") {
            found.push(path.display().to_string());
        }
    }
}

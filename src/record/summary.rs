//! `summary.json`: what a ceremony left in its output folder, for programs. It is written last: where it is, all
//! the rest is.

use std::fs::File;

use ceremony_log::json::{Object, Value};

use super::artifact;
use super::file::storage;
use super::journal::{LogFolder, Stored};
use crate::digest::Digest;
use crate::stage::{ArtifactPlace, Head, JournalError};

/// The summary of a closed ceremony, whose closing head this is, canonical JSON. Each file is hashed as it lies at its path.
///
/// # Errors
///
/// [`JournalError::Storage`] if a file cannot be read back.
pub fn summary(log: &LogFolder, head: Head) -> Result<Vec<u8>, JournalError> {
    let size = i64::try_from(head.size).unwrap_or(i64::MAX);
    let mut artifacts = Vec::new();
    for stored in log.stored() {
        artifacts.extend(entries(log, stored)?);
    }
    artifacts.push(entry(log, "report", "report", "report.md".into())?);
    let object = Object::new()
        .with("artifacts", Value::Array(artifacts))
        .with("ceremony", log.ceremony())
        .with("log", Object::new().with("root", head.root.to_string()).with("size", size))
        .with("plan_sha256", log.plan_sha256())
        .with("practice", log.is_practice());
    Ok(Value::Object(object).to_canonical().into_bytes())
}

/// One entry for each rendering of an artifact; the manifest has none and lies in the bundle.
fn entries(log: &LogFolder, stored: &Stored) -> Result<Vec<Value>, JournalError> {
    let Stored { artifact: named, .. } = stored;
    if named.kind == "manifest" {
        let bundle = log.places().bundle.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![entry(log, "manifest", &named.name, format!("{bundle}/manifest.json"))?]);
    }
    let Some(kind) = artifact::kind(&named.kind) else { return Ok(Vec::new()) };
    if kind == "list" && log.stored().iter().filter(|other| other.seq == stored.seq).count() == 1 {
        // Its members are too many to be named one by one.
        let bundle = log.places().bundle.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = format!("{bundle}/artifacts/{}.{}", named.sha256, artifact::extension(kind));
        return Ok(vec![entry(log, kind, &named.name, path)?]);
    }
    artifact::renderings(&ArtifactPlace { kind, name: named.name.clone() })
        .into_iter()
        .map(|(path, _)| entry(log, kind, &named.name, path.to_string_lossy().into_owned()))
        .collect()
}

fn entry(log: &LogFolder, kind: &str, name: &str, path: String) -> Result<Value, JournalError> {
    let full = log.places().out.join(&path);
    let sha256 = File::open(&full)
        .and_then(|mut file| Digest::of_reader(&mut file))
        .map_err(|error| storage(&full, "read", error))?
        .to_string();
    Ok(Value::Object(
        Object::new().with("kind", kind).with("name", name).with("path", path).with("sha256", sha256),
    ))
}

//! The manifest: the list of everything that a ceremony hands over.

use ceremony_log::json::{Object, Value};

use super::journal::{LogFolder, Stored};

/// The manifest of all artifacts so far, canonical JSON. It does not list itself.
pub fn manifest(log: &LogFolder) -> Vec<u8> {
    let artifacts: Vec<Value> = log.stored().iter().map(|stored| Value::Object(entry(stored))).collect();
    let object = Object::new()
        .with("v", 1_i64)
        .with("ceremony", log.ceremony())
        .with("origin", log.origin())
        .with("practice", log.is_practice())
        .with("plan_sha256", log.plan_sha256())
        .with("artifacts", Value::Array(artifacts));
    Value::Object(object).to_canonical().into_bytes()
}

fn entry(stored: &Stored) -> Object {
    let artifact = &stored.artifact;
    Object::new()
        .with("name", artifact.name.as_str())
        .with("kind", artifact.kind.as_str())
        .with("sha256", artifact.sha256.to_string())
        .with("media_type", artifact.media_type.as_str())
        // An artifact is in the manifest only once its record is in the log.
        .with_some("seq", stored.seq.and_then(|seq| i64::try_from(seq).ok()))
}

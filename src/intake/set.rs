//! What is active on the online side at a time: the artifacts that count, from this bundle and from earlier ones.
//!
//! A set is described by its `set.json`: canonical JSON without times or people, so that the same bundle on top of the
//! same active set, by the same pins, is the same set. Its id is its size and the beginning of that file's digest.

use std::collections::BTreeMap;

use ceremony_log::code::Fault;
use ceremony_log::json::{Limits, Object, Value};
use thiserror::Error;

use super::story::Outcome;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// The file that describes a set.
pub const FILE: &str = "set.json";

/// What is or can be active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The log's origin.
    pub origin: String,
    /// The ceremony whose bundle made it.
    pub ceremony: String,
    /// How that ended.
    pub outcome: Outcome,
    /// The size of its head.
    pub size: u64,
    /// The root of its head.
    pub root: Digest,
    /// The id of the set that was active when it was staged.
    pub follows: Option<String>,
    /// The pins that it was judged by.
    pub pins_sha256: Digest,
    /// The servers whose configuration is in it.
    pub exports: Vec<String>,
    /// When the next ceremony is due.
    pub next_due: Option<Timestamp>,
    /// The newest CRL of each issuer, by the digest of its SubjectPublicKeyInfo.
    pub crls: BTreeMap<Digest, Crl>,
    /// Every artifact that counts.
    pub artifacts: Vec<Item>,
    /// Certificates of a ceremony that was not completed: kept, and not active.
    pub quarantined: Vec<Item>,
}

/// The newest CRL of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crl {
    /// Its number.
    pub number: u128,
    /// Its digest.
    pub sha256: Digest,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// root, subordinate, crl …
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The digest of its octets.
    pub sha256: Digest,
    /// What it is, for programs.
    pub media_type: String,
    /// The record that names it or its list.
    pub seq: u64,
    /// Its path in the set's folder.
    pub path: String,
    /// Whether it is a certificate that its issuer's CRL revokes.
    pub revoked: bool,
}

/// Why a `set.json` is none.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetError {
    /// It is not canonical JSON.
    #[error("it is not canonical JSON: {0}")]
    Json(Fault),
    /// A field is missing or is not what it has to be.
    #[error("its field `{field}` is missing or is not what it has to be")]
    Field {
        /// Which.
        field: &'static str,
    },
}

impl Set {
    /// The id: the size, and the first 16 digits of the description's digest.
    pub fn id(&self) -> String {
        let digest = Digest::of(self.to_json().as_bytes()).to_string();
        let short: String = digest.chars().take(16).collect();
        format!("{}-{short}", self.size)
    }

    /// The description.
    pub fn to_json(&self) -> String {
        let text = |value: &dyn ToString| Value::String(value.to_string());
        let crl = |(issuer, crl): (&Digest, &Crl)| {
            let object = Object::new().with("issuer_spki_sha256", issuer.to_string());
            let object = object.with("number", crl.number.to_string());
            Value::Object(object.with("sha256", crl.sha256.to_string()))
        };
        let mut object = Object::new()
            .with("artifacts", Value::Array(self.artifacts.iter().map(Item::to_value).collect()))
            .with("ceremony", self.ceremony.clone())
            .with("crls", Value::Array(self.crls.iter().map(crl).collect()))
            .with("exports", Value::Array(self.exports.iter().cloned().map(Value::String).collect()))
            .with("origin", self.origin.clone())
            .with("outcome", self.outcome.word())
            .with("pins_sha256", text(&self.pins_sha256))
            .with("quarantined", Value::Array(self.quarantined.iter().map(Item::to_value).collect()))
            .with("root", text(&self.root))
            .with("size", number(self.size))
            .with("v", Value::Int(1));
        if let Some(follows) = &self.follows {
            object = object.with("follows", follows.clone());
        }
        if let Some(due) = self.next_due {
            object = object.with("next_due", due.to_string());
        }
        Value::Object(object).to_canonical()
    }

    /// Reads a description.
    ///
    /// # Errors
    ///
    /// What is wrong, unless it is one.
    pub fn read(octets: &[u8]) -> Result<Self, SetError> {
        let value = Value::parse(octets, &Limits::FILE).map_err(SetError::Json)?;
        let object = value.as_object().ok_or(SetError::Field { field: "v" })?;
        let wrong = |field| SetError::Field { field };
        if object.get("v").and_then(Value::as_int) != Some(1) {
            return Err(wrong("v"));
        }
        let text = |field: &'static str| object.str(field).ok_or(wrong(field));
        let digest = |field: &'static str| {
            text(field).and_then(|text| text.parse::<Digest>().map_err(|_| wrong(field)))
        };
        let list = |field: &'static str| object.get(field).and_then(Value::as_array).ok_or(wrong(field));
        let items = |field: &'static str| {
            let read = list(field)?.iter().map(|item| Item::read(item).ok_or(wrong(field)));
            read.collect::<Result<Vec<_>, _>>()
        };
        let crl = |value: &Value| {
            let text = |key: &str| value.get(key)?.as_str();
            let number = text("number")?.parse().ok()?;
            Some((
                text("issuer_spki_sha256")?.parse().ok()?,
                Crl { number, sha256: text("sha256")?.parse().ok()? },
            ))
        };
        let next_due = match object.str("next_due") {
            Some(text) => Some(text.parse().map_err(|_| wrong("next_due"))?),
            None => None,
        };
        Ok(Self {
            origin: text("origin")?.to_owned(),
            ceremony: text("ceremony")?.to_owned(),
            outcome: Outcome::of(text("outcome")?).ok_or(wrong("outcome"))?,
            size: object.get("size").and_then(Value::as_u64).ok_or(wrong("size"))?,
            root: digest("root")?,
            follows: object.str("follows").map(str::to_owned),
            pins_sha256: digest("pins_sha256")?,
            exports: {
                let names = list("exports")?.iter().map(|name| name.as_str().map(str::to_owned));
                names.map(|name| name.ok_or(wrong("exports"))).collect::<Result<_, _>>()?
            },
            next_due,
            crls: list("crls")?
                .iter()
                .map(|value| crl(value).ok_or(wrong("crls")))
                .collect::<Result<_, _>>()?,
            artifacts: items("artifacts")?,
            quarantined: items("quarantined")?,
        })
    }
}

impl Item {
    fn to_value(&self) -> Value {
        let object = Object::new()
            .with("kind", self.kind.clone())
            .with("media_type", self.media_type.clone())
            .with("name", self.name.clone())
            .with("path", self.path.clone())
            .with("revoked", Value::Bool(self.revoked))
            .with("seq", number(self.seq))
            .with("sha256", self.sha256.to_string());
        Value::Object(object)
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        let path = text("path")?;
        // Two folders deep and nowhere else: what stands here is opened.
        let mut parts = path.split('/');
        let inside = parts.all(|part| !part.is_empty() && part != "." && part != "..");
        Some(Self {
            kind: text("kind")?,
            name: text("name")?,
            sha256: text("sha256")?.parse().ok()?,
            media_type: text("media_type")?,
            seq: value.get("seq")?.as_u64()?,
            path: inside.then_some(path)?,
            revoked: value.get("revoked")?.as_bool()?,
        })
    }
}

/// A number of records: a log has fewer than 2^53.
fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Set {
        let item = |kind: &str, path: &str| Item {
            kind: kind.into(),
            name: "e1".into(),
            sha256: Digest::of(kind.as_bytes()),
            media_type: "application/pkix-cert".into(),
            seq: 7,
            path: path.into(),
            revoked: kind == "subordinate",
        };
        Set {
            origin: "example.org/log".into(),
            ceremony: "c".into(),
            outcome: Outcome::Partial,
            size: 12,
            root: Digest::of(b"root"),
            follows: Some("9-0123456789abcdef".into()),
            pins_sha256: Digest::of(b"pins"),
            exports: vec!["boulder".into()],
            next_due: "2027-09-01T00:00:00Z".parse().ok(),
            crls: BTreeMap::from([(Digest::of(b"k"), Crl { number: u128::MAX, sha256: Digest::of(b"crl") })]),
            artifacts: vec![item("crl", "bundle/artifacts/a.der"), item("subordinate", "earlier/b.der")],
            quarantined: vec![item("root", "bundle/artifacts/c.der")],
        }
    }

    #[test]
    fn a_set_reads_as_it_was_written() {
        for set in [set(), Set { follows: None, next_due: None, ..set() }] {
            assert_eq!(Set::read(set.to_json().as_bytes()).unwrap(), set);
            assert!(set.id().starts_with("12-") && set.id().len() == 19, "{}", set.id());
        }
        assert_ne!(set().id(), Set { follows: None, ..set() }.id());
    }

    #[test]
    fn a_description_that_names_something_outside_or_lacks_a_field_is_none() {
        let text = set().to_json();
        for (from, to) in [
            ("earlier/b.der", "../b.der"),
            ("earlier/b.der", "/etc/passwd"),
            ("\"v\":1", "\"v\":2"),
            ("\"outcome\":\"partial\"", "\"outcome\":\"done\""),
            ("\"size\":12", "\"size\":\"12\""),
            ("2027-09-01", "2027-13-01"),
            ("\"number\":\"", "\"number\":\"-"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text, "{from}");
            assert!(matches!(Set::read(wrong.as_bytes()), Err(SetError::Field { .. })), "{to}");
        }
        assert!(matches!(Set::read(b"{}\n"), Err(SetError::Json(_))));
    }
}

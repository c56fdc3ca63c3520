//! One record of a log: the fields of a line and their rules (ceremony-log/v1 §2).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::code::{Code, Fault};
use crate::json::{self, Limits, Object, Value};
use crate::time::Time;
use crate::tree::Hash;

/// The version that records have in `v`.
pub const VERSION: i64 = 1;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The leaf's index, from 0.
    pub seq: u64,
    /// [`Hash::leaf`] of the line before; [`Hash::ZERO`] at 0.
    pub prev: Hash,
    /// The ceremony clock.
    pub at: Time,
    /// Milliseconds since the last `session.start` or `session.resumed`.
    pub mono: u64,
    /// The ceremony's id, `[a-z0-9-]{1,64}`; `-` outside a ceremony.
    pub cer: String,
    /// The event, `[a-z]+(\.[a-z]+)+`.
    pub ev: String,
    /// Who acted.
    pub actor: Actor,
    /// What the event says.
    pub data: Object,
    /// The script's step, `4.12`.
    pub step: Option<String>,
    /// `ref`: the seq of the intent or approval that this record closes.
    pub reference: Option<u64>,
}

/// Who acted: people by id only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A person's id, or the software's.
    pub id: String,
    /// In which role.
    pub role: Role,
}

/// Makes [`Role`] and its names from one table.
macro_rules! roles {
    ($($role:ident $name:literal,)*) => {
        /// The role in which someone acts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Role { $(#[doc = concat!("`", $name, "`")] $role,)* }

        impl Role {
            /// Every role.
            pub const ALL: &[Self] = &[$(Self::$role,)*];

            /// The role as records write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$role => $name,)* }
            }
        }

        impl FromStr for Role {
            type Err = Fault;

            fn from_str(name: &str) -> Result<Self, Fault> {
                match name {
                    $($name => Ok(Self::$role),)*
                    _ => Err(Fault::new(Code::E128, format!("there is no role `{name}`"))),
                }
            }
        }
    };
}

roles! {
    Software "software",
    CeremonyAdministrator "ceremony-administrator",
    CryptoOfficer "crypto-officer",
    ShareHolder "share-holder",
    InternalWitness "internal-witness",
    ExternalWitness "external-witness",
    Auditor "auditor",
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Record {
    /// Reads a line without its line feed.
    ///
    /// # Errors
    ///
    /// Those of [`Value::parse`]; E129 if `v` is not 1; E128 where a field is missing, unknown or not as its
    /// rule wants. Whether `seq`, `prev` and the times follow the line before is not judged here.
    pub fn parse(line: &[u8]) -> Result<Self, Fault> {
        Self::from_fields(json::fields(line, &Limits::RECORD)?)
    }

    /// The line without its line feed, read back before it is returned: what may be appended to a log.
    ///
    /// # Errors
    ///
    /// Those of [`Record::parse`].
    pub fn to_line(&self) -> Result<String, Fault> {
        let line = Value::Object(self.to_object()).to_canonical();
        let read = Self::parse(line.as_bytes())?;
        if &read == self {
            Ok(line)
        } else {
            Err(Fault::new(Code::E124, "what was written does not read back as the same record"))
        }
    }

    fn to_object(&self) -> Object {
        let actor = Object::new().with("id", self.actor.id.as_str()).with("role", self.actor.role.name());
        Object::new()
            .with("actor", actor)
            .with("at", self.at.to_string())
            .with("cer", self.cer.as_str())
            .with("data", self.data.clone())
            .with("ev", self.ev.as_str())
            .with("mono", self.mono)
            .with("prev", self.prev.to_string())
            .with_some("ref", self.reference)
            .with("seq", self.seq)
            .with_some("step", self.step.as_deref())
            .with("v", VERSION)
    }

    fn from_fields(fields: Vec<(Cow<'_, str>, Value)>) -> Result<Self, Fault> {
        // First, because the other fields' rules are this version's.
        match fields.iter().find(|(key, _)| key == "v").map(|(_, value)| value) {
            Some(Value::Int(VERSION)) => {}
            Some(Value::Int(other)) => {
                return Err(Fault::new(Code::E129, format!("record version {other}; wanted 1")));
            }
            _ => return Err(Fault::new(Code::E129, "no record version; wanted 1")),
        }
        let mut slots = Slots::default();
        for (key, value) in fields {
            match key.as_ref() {
                "actor" => slots.actor = Some(actor(value)?),
                "at" => slots.at = Some(text("at", value)?.parse()?),
                "cer" => slots.cer = Some(matching("cer", value, "[a-z0-9-]{1,64}", is_ceremony)?),
                "data" => slots.data = Some(object("data", value)?),
                "ev" => slots.ev = Some(matching("ev", value, r"[a-z]+(\.[a-z]+)+", is_event)?),
                "mono" => slots.mono = Some(number("mono", &value)?),
                "prev" => slots.prev = Some(text("prev", value)?.parse()?),
                "ref" => slots.reference = Some(number("ref", &value)?),
                "seq" => slots.seq = Some(number("seq", &value)?),
                "step" => slots.step = Some(matching("step", value, r"[0-9]+(\.[0-9]+)*", is_step)?),
                "v" => {}
                _ => return Err(Fault::new(Code::E128, format!("unknown field `{key}`"))),
            }
        }
        slots.fill()
    }
}

/// A record whose fields are still coming in.
#[derive(Default)]
struct Slots {
    seq: Option<u64>,
    prev: Option<Hash>,
    at: Option<Time>,
    mono: Option<u64>,
    cer: Option<String>,
    ev: Option<String>,
    actor: Option<Actor>,
    data: Option<Object>,
    step: Option<String>,
    reference: Option<u64>,
}

impl Slots {
    fn fill(self) -> Result<Record, Fault> {
        let missing = |field: &str| Fault::new(Code::E128, format!("no field `{field}`"));
        Ok(Record {
            seq: self.seq.ok_or_else(|| missing("seq"))?,
            prev: self.prev.ok_or_else(|| missing("prev"))?,
            at: self.at.ok_or_else(|| missing("at"))?,
            mono: self.mono.ok_or_else(|| missing("mono"))?,
            cer: self.cer.ok_or_else(|| missing("cer"))?,
            ev: self.ev.ok_or_else(|| missing("ev"))?,
            actor: self.actor.ok_or_else(|| missing("actor"))?,
            data: self.data.ok_or_else(|| missing("data"))?,
            step: self.step,
            reference: self.reference,
        })
    }
}

fn wrong(field: &str, wanted: &str) -> Fault {
    Fault::new(Code::E128, format!("field `{field}` is not {wanted}"))
}

fn text(field: &str, value: Value) -> Result<String, Fault> {
    if let Value::String(text) = value { Ok(text) } else { Err(wrong(field, "a string")) }
}

fn object(field: &str, value: Value) -> Result<Object, Fault> {
    if let Value::Object(object) = value { Ok(object) } else { Err(wrong(field, "an object")) }
}

fn number(field: &str, value: &Value) -> Result<u64, Fault> {
    value.as_u64().ok_or_else(|| wrong(field, "an integer from 0"))
}

fn matching(field: &str, value: Value, pattern: &str, rule: fn(&str) -> bool) -> Result<String, Fault> {
    let text = text(field, value)?;
    if rule(&text) { Ok(text) } else { Err(wrong(field, pattern)) }
}

fn actor(value: Value) -> Result<Actor, Fault> {
    let (mut id, mut role) = (None, None);
    for (key, value) in object("actor", value)? {
        match key.as_str() {
            "id" => id = Some(text("actor.id", value)?),
            "role" => role = Some(text("actor.role", value)?.parse()?),
            _ => return Err(Fault::new(Code::E128, format!("unknown field `actor.{key}`"))),
        }
    }
    match (id, role) {
        (Some(id), Some(role)) if !id.is_empty() => Ok(Actor { id, role }),
        _ => Err(wrong("actor", "an object with `id` and `role`")),
    }
}

/// Whether `text` is a ceremony's id.
fn is_ceremony(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
}

/// Whether `text` could name an event.
fn is_event(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_lowercase()))
}

/// Whether `text` is the number of a step.
fn is_step(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            seq: 7,
            prev: Hash::leaf(b"before"),
            at: "2026-11-01T08:00:00Z".parse().unwrap(),
            mono: 1500,
            cer: "2026-root".to_owned(),
            ev: "key.generate.intent".to_owned(),
            actor: Actor { id: "ca-1".to_owned(), role: Role::CeremonyAdministrator },
            data: Object::new().with("token", "root-a").with("label", "Root R1"),
            step: Some("4.12".to_owned()),
            reference: Some(3),
        }
    }

    #[test]
    fn a_record_is_its_line() {
        let line = record().to_line().unwrap();
        assert_eq!(
            line,
            format!(
                concat!(
                    r#"{{"actor":{{"id":"ca-1","role":"ceremony-administrator"}},"at":"2026-11-01T08:00:00Z","#,
                    r#""cer":"2026-root","data":{{"label":"Root R1","token":"root-a"}},"#,
                    r#""ev":"key.generate.intent","mono":1500,"prev":"{}","ref":3,"seq":7,"step":"4.12","v":1}}"#
                ),
                Hash::leaf(b"before")
            )
        );
        assert_eq!(Record::parse(line.as_bytes()), Ok(record()));
    }

    #[test]
    fn optional_fields_may_be_absent() {
        let record = Record { step: None, reference: None, ..record() };
        assert_eq!(Record::parse(record.to_line().unwrap().as_bytes()), Ok(record));
    }

    #[test]
    fn a_field_missing_unknown_or_wrong_is_e128() {
        let good = record().to_line().unwrap();
        for (from, to) in [
            (r#""seq":7,"#, ""),
            (r#""seq":7"#, r#""seq":-1"#),
            (r#""seq":7"#, r#""seq":"7""#),
            (r#""mono":1500"#, r#""mono":-1"#),
            (r#""at":"2026-11-01T08:00:00Z""#, r#""at":"2026-11-31T08:00:00Z""#),
            (r#""cer":"2026-root""#, r#""cer":"2026 root""#),
            (r#""cer":"2026-root""#, r#""cer":"""#),
            (r#""ev":"key.generate.intent""#, r#""ev":"key""#),
            (r#""ev":"key.generate.intent""#, r#""ev":"key.Generate""#),
            (r#""ev":"key.generate.intent""#, r#""ev":"key..intent""#),
            (r#""step":"4.12""#, r#""step":"4.""#),
            (r#""step":"4.12""#, r#""step":4"#),
            (r#""ref":3"#, r#""ref":-3"#),
            (r#""role":"ceremony-administrator""#, r#""role":"admin""#),
            (r#""id":"ca-1","#, ""),
            (r#""id":"ca-1","#, r#""id":"","#),
            (r#""id":"ca-1","role":"ceremony-administrator""#, r#""id":"ca-1","name":"x","role":"software""#),
            (r#""v":1"#, r#""v":1,"x":1"#),
            (r#""data":{"label":"Root R1","token":"root-a"}"#, r#""data":[]"#),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert_eq!(Record::parse(bad.as_bytes()).unwrap_err().code, Code::E128, "{to}");
        }
        assert_eq!(Record::parse(b"[]").unwrap_err().code, Code::E128);
    }

    #[test]
    fn another_version_is_e129() {
        let good = record().to_line().unwrap();
        for to in [r#""v":2"#, r#""v":"1""#] {
            assert_eq!(Record::parse(good.replace(r#""v":1"#, to).as_bytes()).unwrap_err().code, Code::E129);
        }
        assert_eq!(Record::parse(b"{}").unwrap_err().code, Code::E129);
    }

    #[test]
    fn ceremony_ids_have_1_to_64_characters() {
        for (length, good) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(is_ceremony(&"a".repeat(length)), good);
        }
    }

    #[test]
    fn a_record_that_breaks_a_rule_has_no_line() {
        for (bad, code) in [
            (Record { cer: String::new(), ..record() }, Code::E128),
            (Record { data: Object::new().with("text", "a\u{200b}b"), ..record() }, Code::E128),
            (Record { data: Object::new().with("text", "x".repeat(17_000)), ..record() }, Code::E128),
            (Record { seq: 1 << 53, ..record() }, Code::E123),
        ] {
            assert_eq!(bad.to_line().unwrap_err().code, code);
        }
    }

    #[test]
    fn every_role_reads_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(*role));
        }
        assert_eq!(Role::ALL.len(), 7);
    }
}

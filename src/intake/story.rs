//! What the records of a log say of artifacts and of the signatures behind them.
//!
//! It is gathered while the log is read, for all ceremonies in it; memory is bounded by [`MOST_TOLD`].

use std::collections::{BTreeMap, BTreeSet};

use ceremony_log::code::Code;
use ceremony_log::event;
use ceremony_log::json::{Object, Value};
use ceremony_log::record::Record;
use ceremony_log::verify::Genesis;

use super::report::Report;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::record::MOST_SINGLED_OUT;

/// How many artifacts, approvals and intents of a log are remembered together.
pub const MOST_TOLD: usize = 200_000;

/// An artifact that a record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The record.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Its ceremony.
    pub cer: String,
    /// Its event.
    pub ev: String,
    /// root, subordinate, crl, list …
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The digest of its octets.
    pub sha256: Digest,
    /// What it is, for programs.
    pub media_type: String,
    /// What else the record says.
    pub data: Object,
    /// What its intent said, where it has one.
    pub intent: Option<Object>,
}

impl Named {
    /// A text of the record or else of its intent.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.str(key).or_else(|| self.intended(key))
    }

    /// A text of the intent.
    pub fn intended(&self, key: &str) -> Option<&str> {
        self.intent.as_ref()?.str(key)
    }

    /// A digest of the record or else of its intent.
    pub fn digest(&self, key: &str) -> Option<Digest> {
        self.text(key)?.parse().ok()
    }

    /// Whether it names CRLs that are sealed outside the bundle.
    pub fn is_sealed(&self) -> bool {
        self.ev == "crl.signed" && self.kind == "list"
    }

    /// How many and the digest of their list, if the record is about several.
    pub fn batch(&self) -> Option<(u64, Digest)> {
        batch(&self.data)
    }

    /// Whether its list has so few members that the manifest lists each and each has a proof of its own.
    pub fn singles_out(&self) -> bool {
        self.batch().is_none_or(|(count, _)| count <= MOST_SINGLED_OUT as u64)
    }

    /// The same of the intent: the list of what was to be signed.
    pub fn intended_batch(&self) -> Option<(u64, Digest)> {
        batch(self.intent.as_ref()?)
    }
}

fn batch(data: &Object) -> Option<(u64, Digest)> {
    let batch = data.get("batch")?;
    Some((batch.get("count")?.as_u64()?, batch.get("list_sha256")?.as_str()?.parse().ok()?))
}

/// A revocation that a record tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The record.
    pub seq: u64,
    /// Its ceremony.
    pub cer: String,
    /// The serial number in hex.
    pub serial: String,
    /// The certificate.
    pub certificate: Option<Digest>,
    /// The SubjectPublicKeyInfo of its issuer, by digest.
    pub issuer: Option<Digest>,
}

/// How a ceremony ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As scripted.
    Ok,
    /// Before its time; what it signed is kept.
    Partial,
    /// Before its time; nothing counts.
    Aborted,
}

impl Outcome {
    /// Its word in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Aborted => "aborted",
        }
    }

    /// The one of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Ok, Self::Partial, Self::Aborted].into_iter().find(|one| one.word() == word)
    }
}

/// Where a key was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The script's name of the token.
    pub token: String,
    /// The key's label there.
    pub label: String,
    /// Its CKA_ID in hex.
    pub id: String,
}

/// The closing of a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The record.
    pub seq: u64,
    /// When it was.
    pub at: Timestamp,
    /// When the next ceremony is due.
    pub next_due: Option<Timestamp>,
}

/// A record that a series of sealed CRLs counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The record.
    pub seq: u64,
    /// The list of the series.
    pub list: Digest,
}

impl Closing {
    fn of(record: &Record) -> Option<Self> {
        let next_due = record.data.str("next_due").and_then(|text| text.parse().ok());
        Some(Self { seq: record.seq, at: Timestamp::from_seconds(record.at.seconds())?, next_due })
    }
}

/// Everything that is gathered.
#[derive(Debug, Default)]
pub struct Story {
    /// What the log says of itself.
    pub genesis: Option<Genesis>,
    /// Artifacts in the order of the log.
    pub named: Vec<Named>,
    /// Revocations.
    pub revoked: Vec<Revoked>,
    /// Series of sealed CRLs that count for nothing.
    pub superseded: Vec<Superseded>,
    /// Where keys were generated, by the digests of their SubjectPublicKeyInfos.
    pub generated: BTreeMap<Digest, Generated>,
    /// Ceremonies that closed as scripted.
    pub complete: BTreeSet<String>,
    /// How each ceremony ended.
    pub outcomes: BTreeMap<String, Outcome>,
    /// The last ceremony that opened: its id and the plan's digest.
    pub ceremony: Option<(String, Option<Digest>)>,
    /// How the last ceremony that closed did so.
    pub closing: Option<Closing>,
    /// What the next ceremony is for, as the last one said.
    pub next_purpose: Option<String>,
    /// What its closing says was handed over.
    pub outputs: Option<(u64, String)>,
    /// Under which policy what was to be signed was linted, by its digest in hex.
    policies: BTreeMap<String, String>,
    approvals: BTreeMap<u64, String>,
    intents: BTreeMap<u64, Object>,
    /// What counts for nothing, with the record that says so: what is named after it counts again.
    voided: BTreeMap<Digest, u64>,
    full: bool,
}

impl Story {
    /// Follows the next record.
    pub fn follow(&mut self, record: &Record, report: &mut Report) {
        let told = self.policies.len()
            + self.named.len()
            + self.revoked.len()
            + self.superseded.len()
            + self.generated.len()
            + self.approvals.len()
            + self.intents.len();
        if self.full || told >= MOST_TOLD {
            if !self.full {
                report.find_record(
                    Code::E128,
                    record.seq,
                    format!("more than {MOST_TOLD} artifacts and signatures"),
                );
            }
            self.full = true;
            return;
        }
        if event::SIGN_INTENTS.contains(&record.ev.as_str()) {
            self.intent(record, report);
        }
        match record.ev.as_str() {
            "log.genesis" => {
                let practice = record.data.get("practice").and_then(Value::as_bool);
                let origin = record.data.str("origin").map(str::to_owned);
                self.genesis = origin.zip(practice).map(|(origin, practice)| Genesis { origin, practice });
            }
            "ceremony.open" => {
                let plan = record.data.str("plan_sha256").and_then(|text| text.parse().ok());
                self.ceremony = Some((record.cer.clone(), plan));
                self.outputs = None;
            }
            "ceremony.close" => self.closes(record),
            "lint.result" => {
                let text = |key: &str| record.data.str(key).map(str::to_owned);
                self.policies.extend(text("tbs_sha256").zip(text("policy")));
            }
            "request.approved" => {
                let sha256 = record.data.str("sha256").unwrap_or_default();
                self.approvals.insert(record.seq, sha256.to_owned());
            }
            "cert.revoked" => self.revocation(record, report),
            "crl.superseded" => match record.data.str("list_sha256").and_then(|text| text.parse().ok()) {
                Some(list) => self.superseded.push(Superseded { seq: record.seq, list }),
                None => report.find_record(Code::E128, record.seq, "`crl.superseded` names no list"),
            },
            "key.generated" => self.generation(record),
            "artifact.voided" => {
                let sha256 = record.data.get("artifact").and_then(|artifact| artifact.get("sha256"));
                let sha256 = sha256.and_then(Value::as_str).and_then(|text| text.parse::<Digest>().ok());
                self.voided.extend(sha256.map(|sha256| (sha256, record.seq)));
            }
            "cert.signed" | "csr.signed" | "crl.signed" | "ocsp.signed" | "artifact.emitted" => {
                self.artifact(record, report);
            }
            _ => {}
        }
    }

    fn generation(&mut self, record: &Record) {
        let text = |key: &str| record.data.str(key).map(str::to_owned);
        let key = text("spki_sha256").and_then(|text| text.parse().ok());
        if let (Some(key), Some(token), Some(label), Some(id)) =
            (key, text("token"), text("label"), text("id"))
        {
            self.generated.insert(key, Generated { token, label, id });
        }
    }

    fn closes(&mut self, record: &Record) {
        self.closing = Closing::of(record);
        self.next_purpose = record.data.str("next_purpose").map(str::to_owned);
        if let Some(outcome) = record.data.str("outcome").and_then(Outcome::of) {
            self.outcomes.insert(record.cer.clone(), outcome);
            if outcome == Outcome::Ok {
                self.complete.insert(record.cer.clone());
            }
        }
        self.outputs = record.data.str("outputs").map(|outputs| (record.seq, outputs.to_owned()));
        self.approvals.clear();
        self.intents.clear();
    }

    /// Under which policy something was linted before it was signed.
    pub fn policy_of(&self, to_be_signed: Digest) -> Option<&str> {
        self.policies.get(&to_be_signed.to_string()).map(String::as_str)
    }

    /// Artifacts of one ceremony that still count.
    pub fn of_ceremony<'s>(&'s self, cer: &'s str) -> impl Iterator<Item = &'s Named> {
        self.named.iter().filter(move |named| named.cer == cer && self.counts(named))
    }

    /// Whether an artifact still counts.
    pub fn counts(&self, named: &Named) -> bool {
        self.voided.get(&named.sha256).is_none_or(|voided| *voided < named.seq)
    }

    /// What people approved is what was about to be signed.
    fn intent(&mut self, record: &Record, report: &mut Report) {
        let data = &record.data;
        let batch = || data.get("batch")?.get("list_sha256")?.as_str();
        let signed = data.str("tbs_sha256").or_else(batch).unwrap_or_default();
        let approved = record.reference.and_then(|seq| self.approvals.get(&seq));
        match approved {
            Some(approved) if approved == signed => {}
            Some(approved) => report.find_record(
                Code::E155,
                record.seq,
                format!("`{}` is for {signed}; approved was {approved}", record.ev),
            ),
            None => report.find_record(
                Code::E155,
                record.seq,
                format!("`{}` refers to no `request.approved`", record.ev),
            ),
        }
        self.intents.insert(record.seq, data.clone());
    }

    /// What people approved is what was revoked.
    fn revocation(&mut self, record: &Record, report: &mut Report) {
        let data = &record.data;
        let said = Digest::of(Value::Object(data.clone()).to_canonical().as_bytes()).to_string();
        match record.reference.and_then(|seq| self.approvals.get(&seq)) {
            Some(approved) if *approved == said => {}
            Some(approved) => {
                let message = format!("`cert.revoked` says {said}; approved was {approved}");
                report.find_record(Code::E155, record.seq, message);
            }
            None => {
                report.find_record(Code::E155, record.seq, "`cert.revoked` refers to no `request.approved`");
            }
        }
        let digest = |key: &str| data.str(key).and_then(|text| text.parse().ok());
        self.revoked.push(Revoked {
            seq: record.seq,
            cer: record.cer.clone(),
            serial: data.str("serial").unwrap_or_default().to_owned(),
            certificate: digest("sha256"),
            issuer: digest("issuer_spki_sha256"),
        });
    }

    fn artifact(&mut self, record: &Record, report: &mut Report) {
        let artifact = record.data.get("artifact");
        let text = |key: &str| artifact.and_then(|artifact| artifact.get(key)).and_then(Value::as_str);
        let Some((sha256, kind)) = text("sha256").and_then(|text| text.parse().ok()).zip(text("kind")) else {
            let message = format!("`{}` names no artifact by `kind` and `sha256`", record.ev);
            report.find_record(Code::E128, record.seq, message);
            return;
        };
        self.named.push(Named {
            seq: record.seq,
            at: Timestamp::from_seconds(record.at.seconds()).unwrap_or(Timestamp::MAX),
            cer: record.cer.clone(),
            ev: record.ev.clone(),
            kind: kind.to_owned(),
            name: text("name").unwrap_or_default().to_owned(),
            sha256,
            media_type: text("media_type").unwrap_or_default().to_owned(),
            data: record.data.clone(),
            intent: record.reference.and_then(|seq| self.intents.remove(&seq)),
        });
    }
}

#[cfg(test)]
mod tests {
    use ceremony_log::record::{Actor, Role};
    use ceremony_log::time::Time;
    use ceremony_log::tree::Hash;

    use super::*;

    fn record(seq: u64, ev: &str, data: Object, reference: Option<u64>) -> Record {
        let actor = Actor { id: "rootrite".into(), role: Role::Software };
        let (ev, cer) = (ev.to_owned(), "c".to_owned());
        let (prev, at) = (Hash::ZERO, Time::from_seconds(0).unwrap());
        Record { seq, prev, at, mono: 0, cer, ev, actor, data, step: None, reference }
    }

    /// What is found if this was approved and that is said to be revoked.
    fn found(approved: &str, serial: &str, reference: Option<u64>) -> Vec<Code> {
        let data = Object::new().with("serial", serial).with("reason", "superseded");
        let approval = Object::new().with("kind", "revocation").with("sha256", approved);
        let (mut story, mut report) = (Story::default(), Report::new());
        story.follow(&record(0, "request.approved", approval, None), &mut report);
        story.follow(&record(1, "cert.revoked", data, reference), &mut report);
        assert_eq!(story.revoked.len(), 1);
        report.findings().iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_is_revoked_is_what_was_approved() {
        let approved = Digest::of(br#"{"reason":"superseded","serial":"01"}"#).to_string();
        assert_eq!(found(&approved, "01", Some(0)), []);
        assert_eq!(found(&approved, "02", Some(0)), [Code::E155]);
        assert_eq!(found(&approved, "01", None), [Code::E155]);
        assert_eq!(found("", "01", Some(0)), [Code::E155]);
    }
}

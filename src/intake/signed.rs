//! The signatures of people in a log: by the keys that it registers, over what its records say and the heads that it had.
//!
//! Which keys are whose is not known here: what a key is worth is for who pins it. Whether every approval is there that the
//! plan asks for was judged before the ceremony began; a log in which some are signatures and others are not is refused.

use std::collections::{BTreeMap, VecDeque};

use ceremony_log::code::Code;
use ceremony_log::json::{Object, Value};
use ceremony_log::record::Record;
use ceremony_log::tree::{Hash, Tree};

use super::report::Report;
use crate::approval::{ActStatement, PersonKey, PlanStatement, SshSignature, deviation_sha256};
use crate::digest::Digest;

/// What was gathered of a ceremony.
#[derive(Debug, Default)]
pub struct Signed {
    /// The keys that were registered, by person: a practice log may have more than one.
    keys: BTreeMap<String, Vec<PersonKey>>,
    /// The plan that was approved last.
    plan: Option<Digest>,
    /// The site of the session.
    site: Option<Digest>,
    /// The last heads, while there are keys.
    heads: VecDeque<(u64, Hash)>,
    /// Whether acts are approved by signatures, once one was approved.
    by_signature: Option<bool>,
}

impl Signed {
    /// Follows the next record; `before`: the tree of those before it.
    pub fn follow(&mut self, record: &Record, before: &Tree, report: &mut Report) {
        if !self.keys.is_empty() {
            if self.heads.len() >= MOST_HEADS {
                self.heads.pop_front();
            }
            self.heads.push_back((before.size(), before.root()));
        }
        let data = &record.data;
        let wrong = match record.ev.as_str() {
            "session.start" | "session.resumed" => {
                self.site = digest(data, "site_sha256");
                None
            }
            "person.registered" => self.registered(data).err(),
            "plan.approved" | "site.approved" => {
                if record.ev == "plan.approved" {
                    self.plan = digest(data, "sha256");
                }
                self.plan_approved(record).err()
            }
            "request.approved" => self.act_approved(record, "approvers", digest(data, "sha256")).err(),
            "step.deviation" => {
                let text = |key: &str| data.str(key).unwrap_or_default();
                let sha256 = deviation_sha256(text("step"), text("expected"), text("actual"));
                self.act_approved(record, "approved_by", Some(sha256)).err()
            }
            "ceremony.close" => {
                *self = Self::default();
                None
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            report.find_record(Code::E155, record.seq, format!("`{}`: {wrong}", record.ev));
        }
    }

    fn registered(&mut self, data: &Object) -> Result<(), String> {
        let person = data.str("id").unwrap_or_default().to_owned();
        let Some(key) = data.str("key") else { return Ok(()) };
        let key: PersonKey = key.parse().map_err(|error| format!("the key of `{person}`: {error}"))?;
        let known: usize = self.keys.values().map(Vec::len).sum();
        if known >= MOST_KEYS {
            return Err(format!("more than {MOST_KEYS} keys"));
        }
        self.keys.entry(person).or_default().push(key);
        Ok(())
    }

    /// The person signed plan and site, or the plan alone.
    fn plan_approved(&self, record: &Record) -> Result<(), String> {
        let data = &record.data;
        if data.str("method") != Some("signature") {
            return Ok(());
        }
        let person = data.str("person").unwrap_or_default();
        let signature = data.str("signature").unwrap_or_default();
        let plan = self.plan.ok_or("no plan was approved")?;
        let site = if record.ev == "site.approved" { digest(data, "sha256") } else { self.site };
        let statement = |site| {
            let (ceremony, person) = (record.cer.clone(), person.to_owned());
            PlanStatement { ceremony, person, plan, site }.to_string()
        };
        let whole = self.verify(person, signature, &statement(site));
        if record.ev == "site.approved" || whole.is_ok() {
            return whole;
        }
        self.verify(person, signature, &statement(None)).map_err(|_| whole.err().unwrap_or_default())
    }

    /// Everybody who approved an act signed it, or nobody did and it was the word; in one ceremony it is the same for all.
    fn act_approved(&mut self, record: &Record, who: &str, sha256: Option<Digest>) -> Result<(), String> {
        let approvers: Vec<&str> = texts(record.data.get(who));
        if approvers.is_empty() {
            return Ok(());
        }
        let signatures = record.data.get("signatures").and_then(Value::as_array).unwrap_or_default();
        let by_signature = !signatures.is_empty();
        if *self.by_signature.get_or_insert(by_signature) != by_signature {
            return Err("some acts of the ceremony are approved by signatures, and others are not".to_owned());
        }
        if !by_signature {
            return Ok(());
        }
        let sha256 = sha256.ok_or("it names nothing that was approved")?;
        let mut signed = Vec::new();
        for signature in signatures {
            signed.push(self.act_signed(record, signature, sha256)?);
        }
        if signed == approvers {
            return Ok(());
        }
        Err(format!("approved by {}, signed by {}", approvers.join(", "), signed.join(", ")))
    }

    /// One person's signature over an act; who it is.
    fn act_signed<'r>(
        &self,
        record: &Record,
        signature: &'r Value,
        sha256: Digest,
    ) -> Result<&'r str, String> {
        let text = |key: &str| signature.get(key).and_then(Value::as_str).unwrap_or_default();
        let person = text("person");
        let size = signature.get("size").and_then(Value::as_u64).ok_or("a signature without a size")?;
        let root = self.heads.iter().find(|(known, _)| *known == size).map(|(_, root)| root);
        let root = root.ok_or_else(|| {
            format!("`{person}` signed over {size} records, which the log does not know here")
        })?;
        let root = Digest::from_octets(*root.octets());
        if text("root") != root.to_string() {
            return Err(format!(
                "`{person}` signed over the root {} of {size} records; it is {root}",
                text("root")
            ));
        }
        let statement = ActStatement {
            ceremony: record.cer.clone(),
            person: person.to_owned(),
            plan: self.plan.ok_or("no plan was approved")?,
            step: record.step.clone().unwrap_or_else(|| "-".to_owned()),
            kind: record.data.str("kind").unwrap_or("deviation").to_owned(),
            sha256,
            size,
            root,
        };
        self.verify(person, text("signature"), &statement.to_string())?;
        Ok(person)
    }

    fn verify(&self, person: &str, signature: &str, text: &str) -> Result<(), String> {
        let refused = |error: &dyn ToString| format!("the signature of `{person}`: {}", error.to_string());
        let read = SshSignature::from_base64(signature).map_err(|error| refused(&error))?;
        let keys = self.keys.get(person).map(Vec::as_slice).unwrap_or_default();
        let mut wrong = refused(&"no key of theirs is registered");
        for key in keys.iter().rev() {
            match read.verify(text.as_bytes(), key) {
                Ok(()) => return Ok(()),
                Err(error) => wrong = refused(&error),
            }
        }
        Err(wrong)
    }
}

fn digest(data: &Object, key: &str) -> Option<Digest> {
    data.str(key)?.parse().ok()
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

/// How many records may lie between what a person signed and the record of it.
const MOST_HEADS: usize = 4096;

/// How many keys of people a ceremony has at most.
const MOST_KEYS: usize = 4096;

#[cfg(test)]
mod tests {
    use ceremony_log::record::{Actor, Role};
    use ceremony_log::time::Time;

    use super::*;
    use crate::approval::{practice_key, practice_signature};

    /// A log in which `bo` approves, and what is found in it.
    struct Log {
        tree: Tree,
        signed: Signed,
        report: Report,
    }

    impl Log {
        /// As far as the plan is approved; with the site if `site` says so.
        fn approved(site: bool) -> Self {
            let mut log = Self { tree: Tree::new(), signed: Signed::default(), report: Report::new() };
            let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
            log.add("session.start", Object::new().with("site_sha256", digest("site")));
            let key = practice_key().to_string();
            log.add("person.registered", Object::new().with("id", "bo").with("role", "x").with("key", key));
            let approval = |sha256: String, signature: &str| {
                let data = Object::new().with("sha256", sha256).with("person", "bo");
                data.with("method", "signature").with("signature", signature)
            };
            let statement = PlanStatement {
                ceremony: "c".into(),
                person: "bo".into(),
                plan: Digest::of(b"plan"),
                site: site.then(|| Digest::of(b"site")),
            };
            let signature = practice_signature(statement.to_string().as_bytes()).to_base64();
            log.add("plan.approved", approval(digest("plan"), &signature));
            if site {
                log.add("site.approved", approval(digest("site"), &signature));
            }
            log
        }

        fn add(&mut self, ev: &str, data: Object) {
            let actor = Actor { id: "rootrite".into(), role: Role::Software };
            let (seq, ev, cer) = (self.tree.size(), ev.to_owned(), "c".to_owned());
            let (prev, at) = (Hash::ZERO, Time::from_seconds(0).unwrap());
            let step = Some("2.1".to_owned());
            let record = Record { seq, prev, at, mono: 0, cer, ev, actor, data, step, reference: None };
            self.signed.follow(&record, &self.tree, &mut self.report);
            self.tree.push_line(record.ev.as_bytes());
        }

        /// What `bo` would sign now, over a digest.
        fn statement(&self, sha256: Digest) -> ActStatement {
            ActStatement {
                ceremony: "c".into(),
                person: "bo".into(),
                plan: Digest::of(b"plan"),
                step: "2.1".into(),
                kind: "crl".into(),
                sha256,
                size: self.tree.size(),
                root: Digest::from_octets(*self.tree.root().octets()),
            }
        }

        /// An act that was approved by this statement.
        fn act(&mut self, statement: &ActStatement) {
            self.act_said(statement, statement.root);
        }

        /// The same with another root in the record than in what was signed.
        fn act_said(&mut self, statement: &ActStatement, root: Digest) {
            let signature = practice_signature(statement.to_string().as_bytes()).to_base64();
            let said = Object::new().with("person", "bo").with("root", root.to_string());
            let said = said.with("signature", signature);
            let said = said.with("size", Value::Int(i64::try_from(statement.size).unwrap()));
            self.add(
                "request.approved",
                request().with("signatures", Value::Array(vec![Value::Object(said)])),
            );
        }

        fn found(&self) -> Vec<&str> {
            self.report.findings().iter().map(|finding| finding.message.as_str()).collect()
        }
    }

    fn request() -> Object {
        let approvers = Value::Array(vec![Value::from("bo")]);
        let sha256 = Digest::of(b"to be signed").to_string();
        Object::new().with("kind", "crl").with("sha256", sha256).with("approvers", approvers)
    }

    #[test]
    fn what_people_signed_is_what_the_log_says_and_where_it_says_it() {
        for site in [true, false] {
            let mut log = Log::approved(site);
            let statement = log.statement(Digest::of(b"to be signed"));
            log.act(&statement);
            // Something else came between the signature and its record.
            let statement = log.statement(Digest::of(b"to be signed"));
            log.add("log.note", Object::new());
            log.act(&statement);
            assert_eq!(log.found(), [""; 0]);
        }
    }

    #[test]
    fn a_signature_over_anything_else_is_found() {
        let changes: [&dyn Fn(&mut ActStatement); 7] = [
            &|said| said.ceremony = "d".into(),
            &|said| said.plan = Digest::of(b"other"),
            &|said| said.step = "2.2".into(),
            &|said| said.kind = "root".into(),
            &|said| said.sha256 = Digest::of(b"other"),
            &|said| said.size -= 1,
            &|said| said.root = Digest::of(b"other"),
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut log = Log::approved(true);
            let mut statement = log.statement(Digest::of(b"to be signed"));
            change(&mut statement);
            log.act(&statement);
            assert_eq!(log.found().len(), 1, "{place}: {:?}", log.found());
        }
        let mut log = Log::approved(true);
        let statement = log.statement(Digest::of(b"to be signed"));
        log.act_said(&statement, Digest::of(b"other"));
        assert!(log.found()[0].contains("signed over the root"), "{:?}", log.found());
        let mut log = Log::approved(true);
        let mut statement = log.statement(Digest::of(b"to be signed"));
        statement.size += 100;
        log.act(&statement);
        assert!(log.found()[0].contains("which the log does not know here"), "{:?}", log.found());
    }

    #[test]
    fn an_approval_of_the_plan_is_by_a_registered_key_over_plan_and_site() {
        let mut log = Log::approved(true);
        let other = Object::new().with("sha256", Digest::of(b"plan").to_string()).with("method", "signature");
        log.add("plan.approved", other.clone().with("person", "cy").with("signature", "AAAA"));
        let statement = log.statement(Digest::of(b"x")).to_string();
        let signature = practice_signature(statement.as_bytes()).to_base64();
        log.add("plan.approved", other.clone().with("person", "bo").with("signature", signature.clone()));
        log.add("plan.approved", other.with("person", "cy").with("signature", signature));
        let found = log.found();
        assert!(found[0].contains("none of a signature"), "{found:?}");
        assert!(found[1].contains("not by this key over this text"), "{found:?}");
        assert!(found[2].contains("no key of theirs is registered"), "{found:?}");
        let mut log = Log::approved(false);
        log.add("person.registered", Object::new().with("id", "cy").with("key", "ssh-dss AAAA"));
        assert!(
            log.found()[0].contains("the key of `cy`: found a key of kind `ssh-dss`"),
            "{:?}",
            log.found()
        );
    }

    #[test]
    fn words_and_signatures_do_not_mix_and_every_approver_signed() {
        let mut log = Log::approved(true);
        let statement = log.statement(Digest::of(b"to be signed"));
        log.act(&statement);
        log.add("request.approved", request());
        assert!(log.found()[0].contains("and others are not"), "{:?}", log.found());
        let mut log = Log::approved(true);
        log.add("request.approved", request());
        assert_eq!(log.found(), [""; 0], "a ceremony of words, whose plan somebody signed");
    }
}

//! What witnesses said of the log's heads: each head is one that the log had, each cosignature one that verifies. And that
//! the log's old and new key both sign the heads of the ceremony that changed it.
//!
//! Which keys are whose is not known here: what a witness's key is worth is for who pins it.

use std::collections::{BTreeMap, VecDeque};

use ceremony_log::checkpoint::checkpoint_text;
use ceremony_log::code::Code;
use ceremony_log::json::Value;
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::record::Record;
use ceremony_log::tree::{Hash, Tree};

use super::report::Report;

/// What was gathered.
#[derive(Debug, Default)]
pub struct Witnessed {
    /// The log's name.
    origin: String,
    /// The registered keys, by person: the last one counts.
    keys: BTreeMap<String, VerifierKey>,
    /// The heads that witnesses can have seen.
    heads: VecDeque<(u64, Hash)>,
    /// Whether a step `witness` is going on.
    watching: bool,
    /// Whether the record before this one closed a ceremony.
    closed: bool,
    /// The last ceremony changed the log's key: by this record, from the one to the other.
    rotated: Option<(u64, VerifierKey, VerifierKey)>,
}

impl Witnessed {
    /// Follows the next record; `before`: the tree of those before it.
    pub fn follow(&mut self, record: &Record, before: &Tree, report: &mut Report) {
        if self.watching || self.closed {
            if self.heads.len() >= MOST_HEADS {
                self.heads.pop_front();
            }
            self.heads.push_back((before.size(), before.root()));
        }
        self.closed = record.ev == "ceremony.close";
        let data = &record.data;
        let wrong = match record.ev.as_str() {
            "log.genesis" => {
                data.str("origin").unwrap_or_default().clone_into(&mut self.origin);
                None
            }
            "step.begin" => {
                self.watching |= data.str("name") == Some("witness");
                None
            }
            "step.end" => {
                self.watching = false;
                None
            }
            "witness.registered" => self.registered(record).err(),
            "witness.removed" => {
                let vkey = data.str("vkey").unwrap_or_default();
                self.keys.retain(|_, key| key.to_string() != vkey);
                None
            }
            "ceremony.open" => {
                self.rotated = None;
                None
            }
            "log.key.rotated" => self.rotated(record).err(),
            "witness.agreed" | "witness.disagreed" => self.said(record).err(),
            _ => None,
        };
        if let Some((code, wrong)) = wrong {
            report.find_record(code, record.seq, format!("`{}`: {wrong}", record.ev));
        }
    }

    /// In the ceremony that changed the log's key both keys sign its heads: whoever pinned the old one knows the new one by it.
    pub fn judge_head(&self, note: &Note, report: &mut Report) {
        let Some((seq, old, new)) = &self.rotated else { return };
        for key in [old, new] {
            let by = |line: &&Signature| line.is_by(key) && key.verify(note.text(), &line.octets).is_ok();
            if !note.signatures().iter().any(|line| by(&line)) {
                let message = format!("the log's key was changed, and the head is not signed by `{key}`");
                report.find_record(Code::E109, *seq, message);
            }
        }
    }

    fn rotated(&mut self, record: &Record) -> Result<(), (Code, String)> {
        let key = |name: &str| {
            let key = record.data.str(name).unwrap_or_default().parse::<VerifierKey>();
            key.map_err(|fault| (fault.code, format!("`{name}`: {}", fault.message)))
        };
        self.rotated = Some((record.seq, key("old")?, key("new")?));
        Ok(())
    }

    fn registered(&mut self, record: &Record) -> Result<(), (Code, String)> {
        let person = record.data.str("person").unwrap_or_default().to_owned();
        let key = record.data.str("vkey").unwrap_or_default().parse::<VerifierKey>();
        let key = key.map_err(|fault| (fault.code, fault.message))?;
        if key.kind() != KeyKind::Cosignature {
            return Err((Code::E101, format!("`{}` is no witness's key", key.name())));
        }
        if self.keys.len() >= MOST_KEYS && !self.keys.contains_key(&person) {
            return Err((Code::E128, format!("more than {MOST_KEYS} witnesses")));
        }
        self.keys.insert(person, key);
        Ok(())
    }

    fn said(&self, record: &Record) -> Result<(), (Code, String)> {
        let data = &record.data;
        let person = data.str("person").unwrap_or_default();
        let size = data.get("head_size").and_then(Value::as_u64);
        let root = data.str("head_root").and_then(|text| text.parse::<crate::digest::Digest>().ok());
        let (Some(size), Some(root)) = (size, root) else {
            return Err((Code::E128, format!("`{person}` speaks of no head")));
        };
        if let Some((_, known)) = self.heads.iter().find(|(known, _)| *known == size)
            && known.octets() != root.octets()
        {
            let message = format!("`{person}` speaks of the root {root} of {size} records; it is {known}");
            return Err((Code::E131, message));
        }
        let Some(line) = data.str("cosignature") else { return Ok(()) };
        let bad = |why: String| (Code::E108, format!("the cosignature of `{person}`: {why}"));
        let key = self.keys.get(person).ok_or_else(|| bad("no key of theirs is registered".to_owned()))?;
        let line = Signature::parse(line).map_err(|fault| bad(fault.to_string()))?;
        if !line.is_by(key) {
            return Err(bad(format!("it is by another key than `{}`", key.name())));
        }
        let text = checkpoint_text(&self.origin, size, &Hash::from_octets(*root.octets()));
        let text = text.map_err(|fault| bad(fault.to_string()))?;
        key.verify(&text, &line.octets).map_err(|fault| bad(fault.message))?;
        Ok(())
    }
}

/// How many records a step `witness` may have.
const MOST_HEADS: usize = 4096;
/// How many witnesses with keys a log has at most.
const MOST_KEYS: usize = 1024;

#[cfg(test)]
mod tests {
    use ceremony_log::json::Object;
    use ceremony_log::key::cosignature_text;
    use ceremony_log::record::{Actor, Role};
    use ceremony_log::time::Time;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    const ORIGIN: &str = "example.org/log";

    struct Log {
        tree: Tree,
        witnessed: Witnessed,
        report: Report,
        pair: Ed25519KeyPair,
    }

    impl Log {
        /// As far as a step `witness` and its head.
        fn new() -> Self {
            let pair = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap();
            let (tree, witnessed, report) = (Tree::new(), Witnessed::default(), Report::new());
            let mut log = Self { tree, witnessed, report, pair };
            log.add("log.genesis", Object::new().with("origin", ORIGIN));
            log.add("step.begin", Object::new().with("name", "witness"));
            let vkey = log.key().to_string();
            log.add("witness.registered", Object::new().with("person", "wim").with("vkey", vkey));
            log
        }

        fn key(&self) -> VerifierKey {
            VerifierKey::new("wim", KeyKind::Cosignature, self.pair.public_key().as_ref()).unwrap()
        }

        fn add(&mut self, ev: &str, data: Object) {
            let actor = Actor { id: "rootrite".into(), role: Role::Software };
            let (seq, ev, cer) = (self.tree.size(), ev.to_owned(), "c".to_owned());
            let (prev, at) = (Hash::ZERO, Time::from_seconds(0).unwrap());
            let record = Record { seq, prev, at, mono: 0, cer, ev, actor, data, step: None, reference: None };
            self.witnessed.follow(&record, &self.tree, &mut self.report);
            self.tree.push_line(record.to_line().unwrap().as_bytes());
        }

        fn line(&self, size: u64, root: &Hash) -> String {
            let text = checkpoint_text(ORIGIN, size, root).unwrap();
            let signature = self.pair.sign(cosignature_text(7, &text).as_bytes());
            let octets = [&7_u64.to_be_bytes()[..], signature.as_ref()].concat();
            Signature::new(&self.key(), &octets).to_string()
        }

        fn agree(&mut self, size: u64, root: Hash, line: Option<String>) {
            let said = Object::new().with("person", "wim").with("head_size", size);
            let said = said.with("head_root", root.to_string());
            let said = match line {
                Some(line) => said.with("cosignature", line),
                None => said,
            };
            self.add("witness.agreed", said);
        }

        fn codes(&self) -> Vec<Code> {
            self.report.findings().iter().map(|finding| finding.code).collect()
        }
    }

    #[test]
    fn what_a_witness_cosigned_is_a_head_that_the_log_had() {
        let mut log = Log::new();
        let (size, root) = (log.tree.size(), log.tree.root());
        // Somebody else speaks first.
        log.agree(size, root, None);
        log.agree(size, root, Some(log.line(size, &root)));
        log.add("step.end", Object::new());
        log.add("ceremony.close", Object::new());
        let (size, root) = (log.tree.size(), log.tree.root());
        log.add("step.begin", Object::new().with("name", "witness"));
        log.agree(size, root, Some(log.line(size, &root)));
        assert_eq!(log.codes(), []);
    }

    #[test]
    fn another_root_another_key_and_a_changed_line_are_found() {
        let mut log = Log::new();
        let (size, root) = (log.tree.size(), log.tree.root());
        log.agree(size, Hash::ZERO, None);
        log.agree(size, root, Some(log.line(size - 1, &root)));
        log.agree(size, root, Some(log.line(size, &root).replace("wim", "cat")));
        log.agree(size, root, Some("no line".to_owned()));
        assert_eq!(log.codes(), [Code::E131, Code::E108, Code::E108, Code::E108]);
        let mut log = Log::new();
        log.add("witness.registered", Object::new().with("person", "wim").with("vkey", "wim+00000000+AA=="));
        log.add("witness.agreed", Object::new().with("person", "wim"));
        assert_eq!(log.codes(), [Code::E101, Code::E128]);
        let mut log = Log::new();
        let (size, root) = (log.tree.size(), log.tree.root());
        let line = log.line(size, &root);
        let said = Object::new().with("person", "cat").with("head_size", size).with("cosignature", line);
        log.add("witness.agreed", said.with("head_root", root.to_string()));
        assert_eq!(log.codes(), [Code::E108]);
    }
}

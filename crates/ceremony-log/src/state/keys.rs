//! The life of a CA key: generated, proved; backed up, restored and sealed where it could leave its token;
//! live; destroyed.
//!
//! A key that could leave its token is restored only after every share of its backup's set was confirmed, and sealed only
//! after what was restored has proved itself. A new backup in the place of one that was given up has a set of its own.
//!
//! The keys that sign heads and cosignatures are followed too: only one that the log names can be replaced or removed.
//!
//! A key is named by the digest of its SubjectPublicKeyInfo. Messages here are findings of the code E159.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::{Object, Value};
use crate::record::Record;

use super::OpenIntent;

/// Everything that the log says of keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    known: BTreeMap<String, Key>,
    /// Those that sign heads, and nothing else.
    of_logs: BTreeSet<String>,
    /// The same as policies write them.
    named: BTreeSet<String>,
    /// The keys of witnesses whose cosignatures count, as policies write them.
    witnesses: BTreeSet<String>,
    /// Requests whose proof of possession was verified: digest, and the key's if it was said.
    requests: BTreeMap<String, Option<String>>,
}

/// What the log says of one key.
#[derive(Clone, Debug)]
struct Key {
    never_extractable: bool,
    stage: Stage,
    /// The shares of its backup, if it is one in shares.
    set: Option<Set>,
    /// Whether it has proved itself since it was restored.
    proved: bool,
}

/// The shares of a key's backup.
#[derive(Clone, Debug)]
struct Set {
    id: String,
    count: u64,
    confirmed: BTreeSet<u64>,
}

/// The most shares that a set has (SLIP-0039: 16 groups of 16).
const MOST_SHARES: u64 = 256;

/// How far a key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Generated,
    BackedUp,
    Restored,
    Sealed,
    Live,
    Destroyed,
}

impl Key {
    /// Goes on to `next`, if this is where it comes from. A live key that is backed up again stays live.
    fn advance(&mut self, from: Stage, next: Stage) {
        if self.stage == from {
            self.stage = next;
        }
    }
}

impl Keys {
    /// Follows a record that closes `intent`, if it closes one. What is wrong is said.
    pub fn follow(&mut self, record: &Record, intent: Option<&OpenIntent>) -> Option<String> {
        let data = &record.data;
        match record.ev.as_str() {
            "log.key.added" => self.log_key(data),
            "log.key.replaced" | "log.key.rotated" => self.log_key_changes(record),
            "witness.registered" => {
                self.witnesses.extend(data.str("vkey").map(str::to_owned));
                None
            }
            "witness.removed" => self.witness_removed(data),
            "key.generated" => self.generated(data),
            "key.proved" => self.proved(record, intent),
            "key.backup" => self.backed_up(record),
            "share.confirmed" => self.confirmed(data),
            "key.restored" => self.restored(record),
            "key.sealed" => self.sealed(record),
            "key.live" => self.live(data),
            "key.destroyed" => self.destroyed(record),
            "request.received" => self.received(data),
            "request.rejected" => self.rejected(data),
            "cert.sign.intent" | "crl.sign.intent" => self.signs(record, data.str("issuer_spki_sha256")),
            "csr.sign.intent" => self.signs(record, data.str("spki_sha256")),
            // The format names no key here: where a writer does, it is checked.
            "ocsp.sign.intent" => {
                let named = ["responder_spki_sha256", "issuer_spki_sha256", "spki_sha256"];
                match named.iter().find_map(|key| data.str(key)) {
                    Some(spki) => self.signs(record, Some(spki)),
                    None => None,
                }
            }
            "cert.signed" => self.certified(data),
            _ => None,
        }
    }

    /// How much there is to remember.
    pub fn len(&self) -> usize {
        self.known.len() + self.of_logs.len() + self.named.len() + self.witnesses.len() + self.requests.len()
    }

    /// Whether the key may sign.
    pub fn is_live(&self, spki_sha256: &str) -> bool {
        self.known.get(spki_sha256).is_some_and(|key| key.stage == Stage::Live)
    }

    fn log_key(&mut self, data: &Object) -> Option<String> {
        self.named.extend(data.str("vkey").map(str::to_owned));
        match data.str("spki_sha256") {
            Some(spki) => drop(self.of_logs.insert(spki.to_owned())),
            None => return Some("a log key without `spki_sha256`".to_owned()),
        }
        None
    }

    /// Another key signs heads from here on: one that was added before, while there was a key to sign that.
    fn log_key_changes(&self, record: &Record) -> Option<String> {
        match record.data.str("new") {
            Some(new) if self.named.contains(new) => None,
            Some(_) => Some("the new key of the log was not added to it before".to_owned()),
            None => Some(format!("`{}` without `new`", record.ev)),
        }
    }

    /// A witness's key does not count any more: one that counted until now.
    fn witness_removed(&mut self, data: &Object) -> Option<String> {
        let known = data.str("vkey").is_some_and(|vkey| self.witnesses.remove(vkey));
        (!known).then(|| "the witness's key that is removed was not registered before".to_owned())
    }

    fn generated(&mut self, data: &Object) -> Option<String> {
        let Some(spki) = data.str("spki_sha256") else {
            return Some("a key was generated without `spki_sha256`".to_owned());
        };
        let attribute = |name: &str| data.get("attributes")?.get(name)?.as_bool();
        // Where a token does not say, what it says right after generating is as good. CKA_LOCAL says nothing:
        // there are tokens on which it is false for keys that they generated.
        let never_extractable =
            attribute("never_extractable").unwrap_or_else(|| attribute("extractable") == Some(false));
        let key = Key { never_extractable, stage: Stage::Generated, set: None, proved: false };
        if self.known.insert(spki.to_owned(), key).is_some() {
            return Some(format!("the key {spki} was generated a second time"));
        }
        None
    }

    fn proved(&mut self, record: &Record, intent: Option<&OpenIntent>) -> Option<String> {
        if record.data.get("verified").and_then(Value::as_bool) != Some(true) {
            return Some("a key's proof was not verified".to_owned());
        }
        // Either record may name the key; the preimage names it in octets that are not text.
        let named = record.data.str("spki_sha256").or_else(|| intent?.data.str("spki_sha256"));
        match named {
            Some(spki) => match self.known.get_mut(spki) {
                Some(key) => {
                    key.proved |= key.stage == Stage::Restored;
                    None
                }
                None => Some(foreign(spki)),
            },
            None => None,
        }
    }

    /// A backup; the last one before a restore is the one that counts.
    fn backed_up(&mut self, record: &Record) -> Option<String> {
        let data = &record.data;
        let count = data.get("share_count").and_then(Value::as_u64);
        let set = match (data.str("set_id"), count) {
            (Some(id), Some(count @ 1..=MOST_SHARES)) => {
                Some(Set { id: id.to_owned(), count, confirmed: BTreeSet::new() })
            }
            (None, None) => None,
            _ => return Some("a backup in shares without their set, or of none or too many".to_owned()),
        };
        if !are_grouped(data, count) {
            return Some("a backup in groups that are not all of its shares, or that cannot be".to_owned());
        }
        self.step(record, |key| {
            if matches!(key.stage, Stage::Generated | Stage::BackedUp) {
                key.stage = Stage::BackedUp;
                key.set = set;
            }
        })
    }

    /// A holder has typed a share back. Shares of other things than keys are nobody's matter here.
    fn confirmed(&mut self, data: &Object) -> Option<String> {
        let (spki, id) = (data.str("spki_sha256")?, data.str("set_id")?);
        let index = data.get("index").and_then(Value::as_u64)?;
        let Some(key) = self.known.get_mut(spki) else { return Some(foreign(spki)) };
        if let Some(set) = key.set.as_mut().filter(|set| set.id == id && (1..=set.count).contains(&index)) {
            set.confirmed.insert(index);
        }
        None
    }

    fn restored(&mut self, record: &Record) -> Option<String> {
        let spki = record.data.str("spki_sha256").unwrap_or_default();
        if let Some(Key { stage: Stage::BackedUp, set: Some(set), .. }) = self.known.get(spki)
            && u64::try_from(set.confirmed.len()) != Ok(set.count)
        {
            let (found, wanted) = (set.confirmed.len(), set.count);
            return Some(format!(
                "the key {spki} was restored when {found} of {wanted} shares of set {} were confirmed",
                set.id
            ));
        }
        self.step(record, |key| key.advance(Stage::BackedUp, Stage::Restored))
    }

    /// A key that must be known goes one step on.
    fn step(&mut self, record: &Record, change: impl FnOnce(&mut Key)) -> Option<String> {
        let Some(spki) = record.data.str("spki_sha256") else {
            return Some(format!("`{}` without `spki_sha256`", record.ev));
        };
        match self.known.get_mut(spki) {
            Some(key) => {
                change(key);
                None
            }
            None => Some(foreign(spki)),
        }
    }

    fn sealed(&mut self, record: &Record) -> Option<String> {
        let extractable = record.data.get("attributes").and_then(|attributes| attributes.get("extractable"));
        if extractable.and_then(Value::as_bool) != Some(false) {
            return Some("a key was sealed without `extractable` false".to_owned());
        }
        let spki = record.data.str("spki_sha256").unwrap_or_default();
        if let Some(Key { stage: Stage::Restored, proved: false, .. }) = self.known.get(spki) {
            return Some(format!("the key {spki} was sealed before what was restored proved itself"));
        }
        self.step(record, |key| key.advance(Stage::Restored, Stage::Sealed))
    }

    fn live(&mut self, data: &Object) -> Option<String> {
        let Some(spki) = data.str("spki_sha256") else {
            return Some("`key.live` without `spki_sha256`".to_owned());
        };
        let Some(key) = self.known.get_mut(spki) else { return Some(foreign(spki)) };
        match key.stage {
            Stage::Sealed | Stage::Live => key.stage = Stage::Live,
            Stage::Generated | Stage::BackedUp | Stage::Restored if key.never_extractable => {
                key.stage = Stage::Live;
            }
            Stage::Destroyed => return Some(format!("the key {spki} is live after it was destroyed")),
            stage => {
                return Some(format!("the extractable key {spki} is live, only {stage:?} and not sealed"));
            }
        }
        None
    }

    fn destroyed(&mut self, record: &Record) -> Option<String> {
        let surviving =
            record.data.get("surviving").and_then(Value::as_array).is_some_and(|rest| !rest.is_empty());
        self.step(record, |key| {
            if !surviving {
                key.stage = Stage::Destroyed;
            }
        })
    }

    fn received(&mut self, data: &Object) -> Option<String> {
        if data.str("kind") == Some("csr") && data.get("pop_verified").and_then(Value::as_bool) == Some(true)
        {
            let sha256 = data.str("sha256").unwrap_or_default();
            self.requests.insert(sha256.to_owned(), data.str("spki_sha256").map(str::to_owned));
        }
        None
    }

    fn rejected(&mut self, data: &Object) -> Option<String> {
        self.requests.remove(data.str("sha256").unwrap_or_default());
        None
    }

    fn signs(&self, record: &Record, spki: Option<&str>) -> Option<String> {
        let Some(spki) = spki else { return Some(format!("`{}` names no key", record.ev)) };
        if self.of_logs.contains(spki) {
            return Some(format!("the log key {spki} signs more than heads"));
        }
        match self.known.get(spki) {
            None => Some(foreign(spki)),
            Some(Key { stage: Stage::Live, .. }) => None,
            Some(Key { stage: Stage::Destroyed, .. }) => {
                Some(format!("the key {spki} signs after it was destroyed"))
            }
            Some(_) => Some(format!("the key {spki} signs before it is live")),
        }
    }

    /// A certificate is for a key of this log, or for one whose owner proved to have it; a cross-certificate is
    /// for the key of another CA.
    fn certified(&self, data: &Object) -> Option<String> {
        let Some(spki) = data.str("spki_sha256") else {
            return Some("a certificate was signed without `spki_sha256`".to_owned());
        };
        let kind = data.get("artifact").and_then(|artifact| artifact.get("kind")).and_then(Value::as_str);
        let requested = |key: &Option<String>| key.as_deref().is_none_or(|key| key == spki);
        if kind == Some("cross") || self.known.contains_key(spki) || self.requests.values().any(requested) {
            return None;
        }
        Some(format!(
            "a certificate for the key {spki}, neither generated in this log nor requested with proof"
        ))
    }
}

/// Whether the groups that a backup names, if it names any, are 2 or more with all of its shares, and each threshold can be met.
fn are_grouped(data: &Object, share_count: Option<u64>) -> bool {
    let (groups, needed) = (data.get("groups"), data.get("group_threshold").map(Value::as_u64));
    let (Some(groups), Some(needed)) = (groups, needed) else { return groups.is_none() && needed.is_none() };
    let Some(groups) = groups.as_array() else { return false };
    let shares = |group: &Value| {
        let (threshold, count) = (group.get("threshold")?.as_u64()?, group.get("share_count")?.as_u64()?);
        (1..=count.min(MOST_SHARES)).contains(&threshold).then_some(count)
    };
    let counts: Option<Vec<u64>> = groups.iter().map(shares).collect();
    let all = counts.map(|counts| counts.into_iter().fold(0, u64::saturating_add));
    let most = u64::try_from(groups.len()).unwrap_or(u64::MAX);
    most >= 2 && needed.is_some_and(|needed| (1..=most).contains(&needed)) && all == share_count
}

fn foreign(spki: &str) -> String {
    format!("the key {spki} was not generated in this log")
}

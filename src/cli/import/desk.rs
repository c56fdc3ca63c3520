//! What an import works with: the pins, the store, and the time by which everything is judged.

use std::path::Path;

use super::possession::Tokens;
use super::{failures, store};
use crate::approval::OwnKey;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{
    Accepted, Judged, Kept, Locked, Online, PinnedExport, Pins, Set, SetStore, Verified, judge,
};
use crate::receipt::Receipt;
use crate::script::Whole;

/// What a command works with.
pub struct Desk {
    pub pins: Whole<Pins>,
    pub policy: Vec<u8>,
    pub store: SetStore,
    pub exports: Vec<PinnedExport>,
    pub now: Timestamp,
}

impl Desk {
    pub fn judge(&self, bundle: &Path, active: Option<&Kept>) -> Result<Judged, Failure> {
        let pins = &self.pins.value;
        let active = active.map(|kept| (kept.set.clone(), kept.folder.clone()));
        let accepted = Accepted { active, pinned: pins.last.clone() };
        let online = Online {
            pins,
            pins_sha256: self.pins.sha256,
            policy: &self.policy,
            accepted: &accepted,
            now: self.now,
            exports: self.exports.clone(),
        };
        judge(bundle, &online, Some(&mut Tokens::default())).map_err(|error| {
            Failure::new(Turn::Author, failures::with_causes(&error))
                .hint("name the folder `bundle-<ceremony>` itself")
        })
    }

    /// The staged set with this head on top of what is active.
    pub fn staged(&self, head: (u64, Digest), active: Option<&Kept>) -> Result<Kept, Failure> {
        let follows = active.map(|active| active.id.clone());
        let sets = self.store.sets().map_err(|error| store(&error))?;
        let same: Vec<Kept> =
            sets.into_iter().filter(|kept| (kept.set.size, kept.set.root) == head).collect();
        let servers: Vec<&str> = self.exports.iter().map(|export| export.server.name()).collect();
        let fits = |kept: &&Kept| {
            kept.set.follows == follows
                && kept.set.pins_sha256 == self.pins.sha256
                && kept.set.exports == servers
        };
        if let Some(kept) = same.iter().find(fits) {
            return Ok(kept.clone());
        }
        let message = format!("nobody has staged the head of {} records, root {}", head.0, head.1);
        let hint = match same.first() {
            None => "another person stages it first: `--stage`",
            Some(kept) if kept.set.follows != follows => {
                "it was staged on top of what is no longer active: stage it again"
            }
            Some(kept) if kept.set.pins_sha256 != self.pins.sha256 => {
                "it was staged by other pins than those of now: stage it again"
            }
            Some(_) => "it was staged with other exports: name the same ones, or stage it again",
        };
        Err(Failure::new(Turn::Operators, message).hint(hint))
    }

    /// What lies in the store is what is made now, to the last octet.
    pub fn is_what_was_staged(&self, kept: &Kept, verified: &Verified) -> Result<(), Failure> {
        self.store.whole(kept).map_err(|error| store(&error))?;
        let mut differing = self.store.differing(kept, verified.exported()).map_err(|error| store(&error))?;
        if verified.set() != &kept.set {
            differing.push("set.json: it is made with other octets now".to_owned());
        }
        if differing.is_empty() {
            return Ok(());
        }
        let messages = differing.into_iter().map(|what| format!("E210 {what}")).collect();
        Err(Failure::several(Turn::Refused, messages).hint("nothing was changed; stage the bundle again"))
    }

    /// The receipt of what is active, made now if an interruption left none.
    pub fn receipt(&self, lock: &Locked, active: &Kept) -> Result<String, Failure> {
        let path = self.store.receipt(active);
        if path.is_file() {
            return Ok(format!("  receipt  {}\n", path.display()));
        }
        match self.sign_receipt(active, self.now)? {
            Some(answer) => kept_receipt(lock, active, &answer),
            None => Ok(NO_RECEIPT.to_owned()),
        }
    }

    /// Signs the receipt of a set, if a key for it is pinned.
    ///
    /// # Errors
    ///
    /// If no agent signs.
    pub fn sign_receipt(&self, kept: &Kept, at: Timestamp) -> Result<Option<Answer>, Failure> {
        let Some(fingerprint) = &self.pins.value.receipt_key else { return Ok(None) };
        let failed = |error: &dyn std::error::Error| {
            Failure::because(
                Turn::Equipment,
                "the receipt could not be signed, so that nothing was changed",
                error,
            )
            .hint("the key of `receipt-key` lies in an ssh-agent: `ssh-add KEY`")
        };
        let mut key = OwnKey::of_fingerprint(&fingerprint.value).map_err(|error| failed(&error))?;
        let receipt = receipt(&kept.set, at);
        let verifier = Receipt::verifier(&receipt.origin, key.point()).map_err(|error| failed(&error))?;
        let signature = key.sign(receipt.text().as_bytes()).map_err(|error| failed(&error))?;
        let note = receipt.signed(&verifier, &signature).map_err(|error| failed(&error))?;
        Ok(Some(Answer { note, key: verifier.to_string() }))
    }
}

/// A receipt that was signed, and the key, as scripts write it.
pub struct Answer {
    note: String,
    key: String,
}

/// Keeps a receipt; where it is.
///
/// # Errors
///
/// What the disk says: the set is active all the same.
pub fn kept_receipt(lock: &Locked, kept: &Kept, answer: &Answer) -> Result<String, Failure> {
    match lock.keep_receipt(kept, &answer.note) {
        Ok(path) => Ok(format!("  receipt  {}\n  its key  {}\n", path.display(), answer.key)),
        Err(error) => Err(store(&error).hint("it is active; the same command again makes the receipt")),
    }
}

/// What is answered.
fn receipt(set: &Set, at: Timestamp) -> Receipt {
    let named = set.artifacts.iter().filter(|item| item.kind != "ocsp-response" && item.kind != "list");
    Receipt {
        origin: set.origin.clone(),
        size: set.size,
        root: set.root,
        at,
        set: Digest::of(set.to_json().as_bytes()),
        artifacts: set.artifacts.len() as u64,
        active: named.map(|item| (item.kind.clone(), item.sha256, item.name.clone())).collect(),
    }
}

/// What is said where nobody pinned a key for receipts.
pub const NO_RECEIPT: &str = "  receipt  none: the pins file names no `receipt-key`\n";

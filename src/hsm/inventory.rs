//! What is on a token: every object, in an order that does not depend on the token, with a digest.

use std::fmt::{self, Write as _};

use super::ObjectClass;
use crate::digest::{Digest, hex};

/// Every object that a session could see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The objects, sorted.
    pub entries: Vec<Entry>,
    /// How many objects the token names but does not let one read.
    pub unreadable: usize,
}

impl Inventory {
    /// An inventory of these objects, sorted.
    pub fn of(mut entries: Vec<Entry>, unreadable: usize) -> Self {
        entries.sort();
        Self { entries, unreadable }
    }

    /// The text that is digested: a line for each object and one for those that cannot be read.
    ///
    /// A line holds class, id, label, key type and fingerprint, divided by one space. The label is in hex, so
    /// that no label can look like another line; what is missing is `-`.
    pub fn canonical_text(&self) -> String {
        let mut text = String::from("rootrite-inventory/v1\n");
        for Entry { class, id, label, key_type, fingerprint } in &self.entries {
            let shown = |octets: &[u8]| if octets.is_empty() { "-".to_owned() } else { hex(octets) };
            let number =
                |number: &Option<u64>| number.map_or("-".to_owned(), |number| format!("{number:#x}"));
            let fingerprint = fingerprint.map_or("-".to_owned(), |digest| digest.to_string());
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{} {} {} {} {fingerprint}",
                number(class),
                shown(id),
                shown(label),
                number(key_type)
            );
        }
        let _ = writeln!(text, "unreadable {}", self.unreadable);
        text
    }

    /// The SHA-256 digest of [`Inventory::canonical_text`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.canonical_text().as_bytes())
    }

    /// The inventory without the log's heads, which come and go as the log goes on.
    #[must_use]
    pub fn without_heads(&self) -> Self {
        let other = |entry: &&Entry| {
            let is_data = entry.class.and_then(ObjectClass::from_number) == Some(ObjectClass::Data);
            !(is_data && entry.label == LOG_HEAD.as_bytes())
        };
        Self { entries: self.entries.iter().filter(other).cloned().collect(), unreadable: self.unreadable }
    }

    /// What is in this inventory and not in `before`, and what was in `before` and is no longer here.
    pub fn since(&self, before: &Self) -> (Vec<Entry>, Vec<Entry>) {
        (missing_from(&before.entries, &self.entries), missing_from(&self.entries, &before.entries))
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its class, as [`super::ObjectClass`] numbers it; vendors have their own.
    pub class: Option<u64>,
    /// Its id; empty if it has none.
    pub id: Vec<u8>,
    /// Its label; empty if it has none. Tokens do not promise that it is text.
    pub label: Vec<u8>,
    /// Its key type, if it is a key.
    pub key_type: Option<u64>,
    /// SHA-256 of the public part: of the SubjectPublicKeyInfo of a public key, of the value of a certificate
    /// or data object, of the modulus of an RSA private key; nothing where none can be read.
    pub fingerprint: Option<Digest>,
}

/// For people: class, label, id, digest. Nothing that a token says can look like another line.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class.map(|class| (class, ObjectClass::from_number(class))) {
            Some((_, Some(known))) => write!(f, "{known}")?,
            Some((number, None)) => write!(f, "class {number:#x}")?,
            None => f.write_str("no class")?,
        }
        write!(f, ", label `{}`", String::from_utf8_lossy(&self.label).escape_debug())?;
        write!(f, ", id {}", if self.id.is_empty() { "none".to_owned() } else { hex(&self.id) })?;
        self.fingerprint.map_or(Ok(()), |digest| write!(f, ", SHA-256 {digest}"))
    }
}

/// A data object: octets that the token keeps for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// Its label.
    pub label: String,
    /// The application that it belongs to.
    pub application: String,
    /// Its octets.
    pub value: Vec<u8>,
}

/// The label of the data object in which a token keeps the newest head of a ceremony log. Its application is the log's name.
///
/// It changes with each signed head. In an inventory it stands without a fingerprint, so that two inventories between which
/// only the log went on are the same.
pub const LOG_HEAD: &str = "rootrite-log-head";

/// What is in `entries` more often than in `reference`; both are sorted.
fn missing_from(reference: &[Entry], entries: &[Entry]) -> Vec<Entry> {
    let mut rest = reference.iter().peekable();
    let mut missing = Vec::new();
    for entry in entries {
        while rest.next_if(|other| *other < entry).is_some() {}
        if rest.next_if_eq(&entry).is_none() {
            missing.push(entry.clone());
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: &str) -> Entry {
        Entry { class: Some(3), id: vec![1], label: label.into(), key_type: Some(0), fingerprint: None }
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_objects() {
        let one = Inventory::of(vec![entry("a"), entry("b")], 0);
        assert_eq!(one.digest(), Inventory::of(vec![entry("b"), entry("a")], 0).digest());
        assert_ne!(one.digest(), Inventory::of(vec![entry("a")], 0).digest());
        assert_ne!(one.digest(), Inventory::of(vec![entry("a"), entry("b")], 1).digest());
    }

    #[test]
    fn no_label_looks_like_another_line() {
        let Inventory { entries, .. } = Inventory::of(vec![entry("a -\nunreadable 0")], 0);
        let text = Inventory::of(entries, 0).canonical_text();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.lines().nth(1), Some("0x3 01 61202d0a756e7265616461626c652030 0x0 -"));
    }

    #[test]
    fn people_read_an_object_in_words_and_no_label_ends_its_line() {
        assert_eq!(entry("root-x1").to_string(), "private-key, label `root-x1`, id 01");
        let odd = Entry { class: Some(0x8000_0001), id: vec![], ..entry("a`\nb") };
        assert_eq!(odd.to_string(), "class 0x80000001, label `a`\\nb`, id none");
    }

    #[test]
    fn what_came_and_what_went_is_named_with_its_count() {
        let before = Inventory::of(vec![entry("a"), entry("b"), entry("b")], 0);
        let after = Inventory::of(vec![entry("b"), entry("c"), entry("c")], 0);
        assert_eq!(after.since(&before), (vec![entry("c"), entry("c")], vec![entry("a"), entry("b")]));
        assert_eq!(after.since(&after), (vec![], vec![]));
    }
}

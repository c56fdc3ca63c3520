//! What the log knows of things beside keys and certificates: sealed bags, what is left of a key elsewhere, keys that are gone.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;

/// Bags, copies and destroyed keys, as earlier ceremonies and this one left them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Possessions {
    bags: BTreeMap<String, Bag>,
    /// What is left of a key elsewhere, by the digest of its public key.
    surviving: BTreeMap<Digest, BTreeSet<String>>,
    destroyed: BTreeSet<String>,
    /// What a token held when it was last looked at, without the log's heads, if nothing was made or destroyed there since.
    inventories: BTreeMap<String, Digest>,
    /// The serial number of the device that was a token last.
    devices: BTreeMap<String, String>,
    /// On which device a key was generated or restored, by the digest of its public key and the token's name.
    made_on: BTreeMap<(String, String), String>,
}

/// Where a thing is that is kept in bags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bag {
    /// In a bag whose number has this salted digest; a plan has the digest of bags that earlier ceremonies sealed only.
    Sealed(Option<Digest>),
    /// Out of it since it was opened.
    Open(Option<Digest>),
}

impl Possessions {
    /// Where a thing is; nothing if no bag of it is known.
    pub fn bag(&self, item: &str) -> Option<Bag> {
        self.bags.get(item).copied()
    }

    /// A thing was put into a bag, or out of one.
    pub fn put(&mut self, item: &str, bag: Bag) {
        self.bags.insert(item.to_owned(), bag);
    }

    /// Something of a key is elsewhere.
    pub fn survives(&mut self, spki_sha256: Digest, what: String) {
        self.surviving.entry(spki_sha256).or_default().insert(what);
    }

    /// Something of a key is elsewhere no longer.
    pub fn survives_no_longer(&mut self, spki_sha256: Digest, what: &str) {
        if let Some(all) = self.surviving.get_mut(&spki_sha256) {
            all.remove(what);
        }
    }

    /// What is left of a key elsewhere.
    pub fn surviving(&self, spki_sha256: Digest) -> Vec<String> {
        self.surviving.get(&spki_sha256).into_iter().flatten().cloned().collect()
    }

    /// A token was looked at: what it held, without the log's heads.
    pub fn looked_at(&mut self, token: &str, without_heads_sha256: Digest) {
        self.inventories.insert(token.to_owned(), without_heads_sha256);
    }

    /// Something may have come to a token or gone from it.
    pub fn changed(&mut self, token: &str) {
        self.inventories.remove(token);
    }

    /// What a token has to hold, if the log says it: the digest of its inventory without the log's heads.
    pub fn inventory(&self, token: &str) -> Option<Digest> {
        self.inventories.get(token).copied()
    }

    /// A device is a token from now on: its serial number.
    pub fn inserted(&mut self, token: &str, serial: &str) {
        self.devices.insert(token.to_owned(), serial.to_owned());
    }

    /// The serial number of the device that was a token last.
    pub fn device(&self, token: &str) -> Option<&str> {
        self.devices.get(token).map(String::as_str)
    }

    /// A key was generated or restored on the device that a token is now.
    pub fn made_on(&mut self, spki_sha256: &str, token: &str) {
        if let Some(serial) = self.devices.get(token) {
            self.made_on.insert((spki_sha256.to_owned(), token.to_owned()), serial.clone());
        }
    }

    /// Whether a key that the log has on a token can be on the device that the token was last: another one may have taken
    /// the place of the one on which it was made.
    pub fn is_on(&self, spki_sha256: &str, token: &str) -> bool {
        let made_on = self.made_on.get(&(spki_sha256.to_owned(), token.to_owned()));
        made_on.is_none_or(|serial| self.devices.get(token) == Some(serial))
    }

    /// A key was destroyed; its name is never given again.
    pub fn destroy(&mut self, key: &str) {
        self.destroyed.insert(key.to_owned());
    }

    /// Whether a key of this name was destroyed.
    pub fn is_destroyed(&self, key: &str) -> bool {
        self.destroyed.contains(key)
    }
}

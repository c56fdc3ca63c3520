//! What is not there for the reason that something else is wrong: nothing is said of it again.

use std::collections::BTreeSet;

use super::stand_in::is_stand_in;
use crate::script::{Id, Node, Part, Unread, Value};

/// The gaps that mistakes leave in what later steps could refer to.
#[derive(Debug, Default)]
pub struct Gaps {
    unread: Unread,
    spoiled: BTreeSet<String>,
    /// A step before this one makes something, and nobody knows what.
    lost: bool,
    /// The step makes something under another name than it says.
    pub renames: bool,
    /// The log that the script continues was not given: what that would know is not missed.
    pub lacks_log: bool,
    /// Profiles that are named and are none.
    pub(super) no_profiles: BTreeSet<String>,
}

impl Gaps {
    /// Those of a script as far as it could be read.
    pub fn of(unread: Unread) -> Self {
        let (people, steps) = (unread.people().to_vec(), unread.steps().to_vec());
        let mut gaps = Self { unread, ..Self::default() };
        // What is wrong with them is said; who they are is known.
        for id in &people {
            gaps.spoil(id.as_str());
        }
        for node in &steps {
            gaps.spoil_names(node);
        }
        gaps
    }

    /// Something of this name would be there if all were well: nothing more is said of what refers to it.
    pub fn spoil(&mut self, name: &str) {
        self.spoiled.insert(name.to_owned());
    }

    /// A step could not be resolved: the names that it would have made are spoiled.
    pub fn spoil_names(&mut self, fields: &Node) {
        let Value::Map(entries) = &fields.value else {
            // What should say them says nothing.
            self.lost = true;
            return;
        };
        for entry in entries {
            match (&entry.node.value, entry.node.text()) {
                (_, Some(name)) if MAKES.contains(&entry.key.as_str()) => self.spoil(name),
                (Value::Map(_), _) => self.spoil_names(&entry.node),
                _ => {}
            }
        }
    }

    /// Whether something of this name would be there if all were well.
    pub fn is_spoiled(&self, name: &str) -> bool {
        self.lost || is_stand_in(name) || self.spoiled.contains(name)
    }

    /// Whether a part of the script could not be read: nothing is to be said of what it would have said.
    pub fn has(&self, part: Part) -> bool {
        self.unread.has(part)
    }

    /// How many people there are of whom not everything could be read.
    pub const fn people(&self) -> usize {
        self.unread.count()
    }

    /// Whether nothing is to be said of a name that is not known: it was said already what would have made it.
    pub fn explains(&self, name: &Id, part: Part) -> bool {
        let step = part == Part::Acts && (self.lost || self.lacks_log);
        name.is_unread() || step || self.has(part) || self.spoiled.contains(name.as_str())
    }
}

/// The keys under which a step says the names of what it makes.
const MAKES: [&str; 6] = ["key", "certificate", "request", "crl", "crls", "responses"];

//! From YAML to a [`Script`], and the strict reader for every other file that people write.
//!
//! - `yaml`: octets to a tree of located text, lists and maps;
//! - `problem`: what is wrong and where, all of it at once;
//! - `guess`: what stands in for what could not be read;
//! - `fields`: from the tree to typed values;
//! - `ceremony`: the script itself, whose steps it does not understand;
//! - `parts`: how the parts of a script are written;
//! - `agreement`: what has to agree within a script.

mod agreement;
mod ceremony;
mod fields;
mod guess;
mod parts;
mod problem;
mod yaml;

pub use ceremony::{
    Act, Approvals, Counts, Input, InputSource, Method, Part, Person, PinCustody, Policy, Role, Script,
    StepNode, TokenClass, TokenDemand, Unread, Window,
};
pub use fields::{
    Fields, FromNode, Id, IdError, MOST_TEXT, NamePart, Named, Paragraph, Word, is_misspelled, listed, text,
    unknown, wrong,
};
pub use guess::Guess;
pub use problem::{Located, Place, Problem, Problems, Source, is_hidden, shown};
pub use yaml::{Entry, MOST_DEPTH, MOST_NODES, MOST_OCTETS, Node, Value, read};

use crate::digest::Digest;

/// Refuses a file unless its first key is `key` and says version 1.
pub fn version(fields: &mut Fields<'_, '_>, node: &Node, key: &'static str) {
    let version = fields.node(key);
    let Value::Map(entries) = &node.value else { return };
    let (place, message) = match (version, entries.first()) {
        (Some(version), Some(first)) if first.key == key => {
            if version.is_text("1") {
                return;
            }
            let found = version.found();
            (version.place, format!("found version {found} of the format; this program reads version `1`"))
        }
        (Some(_), Some(first)) => {
            (first.place, format!("the first key is `{}`; wanted `{key}`", shown(&first.key)))
        }
        _ => (node.place, format!("`{key}: 1` is missing; wanted it as the first key")),
    };
    fields.problems().add(place, message);
}

/// A file that was read as a whole: what it says, its digest and its lines for messages.
#[derive(Clone, Debug)]
pub struct Whole<T> {
    /// What it says.
    pub value: T,
    /// The SHA-256 of its octets.
    pub sha256: Digest,
    /// Its lines, for problems that are found later.
    pub source: Source,
}

/// Reads a file that may hold PINs as one value, and wipes what this reader made of it. What the parser of YAML itself kept is
/// its own.
///
/// # Errors
///
/// Every problem of the file; a problem shows its line.
pub fn read_secret<T: FromNode>(file: &str, octets: &[u8]) -> Result<T, Problems> {
    let (node, mut problems) = read(file, octets);
    let value = node.and_then(|mut node| {
        let value = T::from_node(&node, &mut problems);
        node.wipe();
        value
    });
    let mut source = problems.source().clone();
    let value = problems.or(value)?;
    source.wipe();
    Ok(value)
}

/// Reads a whole file as one value.
///
/// # Errors
///
/// Every problem of the file.
pub fn read_as<T: FromNode>(file: &str, octets: &[u8]) -> Result<Whole<T>, Problems> {
    let (node, mut problems) = read(file, octets);
    let value = node.and_then(|node| T::from_node(&node, &mut problems));
    let source = problems.source().clone();
    problems.or(value).map(|value| Whole { value, sha256: Digest::of(octets), source })
}

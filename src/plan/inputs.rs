//! The files that steps use, read once: from then on only their octets count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Sources;
use crate::digest::Digest;
use crate::script::{Id, InputSource, Located, Place, Problems, Script};
use crate::step::{BroughtRequest, Input};

/// The file of an input beside the log of a ceremony that was begun.
pub fn kept_input(name: &str) -> String {
    format!("input-{name}")
}

/// Reads every input of a script from where the sources say. In a rehearsal a digest may be missing.
pub fn read(script: &Script, sources: &Sources<'_>, problems: &mut Problems) -> BTreeMap<String, Input> {
    let mut inputs = BTreeMap::new();
    for (name, input) in script.inputs.iter() {
        let id = name.value.as_str();
        let read = match &input.source {
            InputSource::File(file) => from_file(id, file, sources, problems),
            InputSource::Bundle { folder, request } => {
                from_bundle(id, folder, request.as_ref(), (script, sources), problems)
            }
        };
        let Some((read, place)) = read else { continue };
        // A bundle has many files: its log names all of them.
        let of_what = "the bundle's log.jsonl";
        let sha256 = read.brought.as_ref().map_or(read.sha256, |brought| brought.origin.log_sha256);
        match &input.sha256 {
            Some(wanted) if wanted.value != sha256 => {
                let message = match &read.brought {
                    None => format!("input `{id}` has the SHA-256 {sha256}, wanted {}", wanted.value),
                    Some(_) => {
                        format!("input `{id}`: {of_what} has the SHA-256 {sha256}, wanted {}", wanted.value)
                    }
                };
                problems.add(wanted.place, message);
            }
            None if !sources.rehearsal => {
                let message = format!("input `{id}` has no `sha256`; only a rehearsal goes without");
                let hint = match &read.brought {
                    None => format!("the file's SHA-256 is {sha256}"),
                    Some(brought) => format!(
                        "the SHA-256 of {of_what} is {sha256}; its head, as it was read out there: {}",
                        brought.origin.root.words()
                    ),
                };
                problems.add_with_hint(place, message, hint);
            }
            _ => {}
        }
        inputs.insert(name.value.to_string(), read);
    }
    inputs
}

/// Where an input lies: beside the script, or beside the log of a ceremony that was begun.
fn path(name: &str, named: &str, sources: &Sources<'_>) -> PathBuf {
    if sources.begun { sources.folder.join(kept_input(name)) } else { sources.folder.join(named) }
}

/// A file, and where the script names it.
fn from_file(
    name: &str,
    file: &Located<String>,
    sources: &Sources<'_>,
    problems: &mut Problems,
) -> Option<(Input, Place)> {
    let path = path(name, &file.value, sources);
    match octets(&path) {
        Ok((octets, sha256)) => {
            Some((Input { file: file.value.clone(), path, octets, sha256, brought: None }, file.place))
        }
        Err(error) => {
            problems.add(file.place, format!("input `{name}`: `{}` cannot be read: {error}", file.value));
            None
        }
    }
}

/// The request that a bundle brings, with everything that does not fit its key.
fn from_bundle(
    name: &str,
    folder: &Located<String>,
    request: Option<&Located<Id>>,
    (script, sources): (&Script, &Sources<'_>),
    problems: &mut Problems,
) -> Option<(Input, Place)> {
    let path = path(name, &folder.value, sources);
    let brought = if sources.begun {
        let kept = octets(&path).map_err(|error| error.to_string());
        kept.and_then(|(octets, _)| BroughtRequest::read(&octets)).map_err(|why| vec![why])
    } else {
        sources.bundles.request(&path, request.map(|request| request.value.as_str()))
    };
    let brought = match brought {
        Ok(brought) => brought,
        Err(wrong) => {
            for why in wrong {
                problems.add(folder.place, format!("input `{name}`: the bundle `{}`: {why}", folder.value));
            }
            return None;
        }
    };
    for why in brought.origin.unfit(crate::step::policy(script.policy.value), sources.practice) {
        problems.add(folder.place, format!("input `{name}`: the bundle `{}`: {why}", folder.value));
    }
    let octets = brought.octets();
    let sha256 = Digest::of(&octets);
    let (file, brought) = (folder.value.clone(), Some(Box::new(brought)));
    Some((Input { file, path, octets, sha256, brought }, folder.place))
}

/// The octets of a file and their digest; of a long one only its beginning, for what takes it reads it row by row.
fn octets(path: &Path) -> std::io::Result<(Vec<u8>, Digest)> {
    // A pipe could keep us waiting for ever, and gives what it has only once.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > MOST_OCTETS {
        return Err(std::io::Error::other(format!("it is larger than {} GiB", MOST_OCTETS >> 30)));
    }
    let mut octets = Vec::new();
    if length <= Input::MOST_HELD {
        // What grew in between is read as it is now, to its digest.
        file.by_ref().take(MOST_OCTETS).read_to_end(&mut octets)?;
        let sha256 = Digest::of(&octets);
        return Ok((octets, sha256));
    }
    file.by_ref().take(Input::BEGINNING).read_to_end(&mut octets)?;
    let sha256 = Digest::of_reader(&mut octets.as_slice().chain(file))?;
    Ok((octets, sha256))
}

/// More than any list of entries that a CRL can have.
const MOST_OCTETS: u64 = 16 << 30;

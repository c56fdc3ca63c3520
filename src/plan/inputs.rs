//! The files that steps use, read once: from then on only their octets count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::Sources;
use crate::digest::Digest;
use crate::script::{InputSource, Problems, Script};
use crate::step::Input;

/// The file of an input beside the log of a ceremony that was begun.
pub fn kept_input(name: &str) -> String {
    format!("input-{name}")
}

/// Reads every input of a script from where the sources say. In a rehearsal a digest may be missing.
pub fn read(script: &Script, sources: &Sources<'_>, problems: &mut Problems) -> BTreeMap<String, Input> {
    let mut inputs = BTreeMap::new();
    for (name, input) in script.inputs.iter() {
        let file = match &input.source {
            InputSource::File(file) => file,
            InputSource::Bundle(bundle) => {
                problems.add(
                    bundle.place,
                    "an input from a bundle is not available in this version; wanted `file`",
                );
                continue;
            }
        };
        let path = if sources.begun {
            sources.folder.join(kept_input(name.value.as_str()))
        } else {
            sources.folder.join(&file.value)
        };
        let (octets, sha256) = match octets(&path) {
            Ok(read) => read,
            Err(error) => {
                problems.add(
                    file.place,
                    format!("input `{}`: `{}` cannot be read: {error}", name.value, file.value),
                );
                continue;
            }
        };
        match &input.sha256 {
            Some(wanted) if wanted.value != sha256 => {
                let message =
                    format!("input `{}` has the SHA-256 {sha256}, wanted {}", name.value, wanted.value);
                problems.add(wanted.place, message);
            }
            None if !sources.rehearsal => {
                let message =
                    format!("input `{}` has no `sha256`; only a rehearsal goes without", name.value);
                let hint = format!("the file's SHA-256 is {sha256}");
                problems.add_with_hint(file.place, message, hint);
            }
            _ => {}
        }
        inputs.insert(name.value.to_string(), Input { file: file.value.clone(), path, octets, sha256 });
    }
    inputs
}

/// The octets of a file and their digest; of a long one only its beginning, for what takes it reads it row by row.
fn octets(path: &Path) -> std::io::Result<(Vec<u8>, Digest)> {
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

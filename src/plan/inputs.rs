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
        let octets = match octets(&path) {
            Ok(octets) => octets,
            Err(error) => {
                problems.add(
                    file.place,
                    format!("input `{}`: `{}` cannot be read: {error}", name.value, file.value),
                );
                continue;
            }
        };
        let sha256 = Digest::of(&octets);
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
        inputs.insert(name.value.to_string(), Input { file: file.value.clone(), octets, sha256 });
    }
    inputs
}

/// The octets of a file, if it is not larger than any certificate, request or list that a step takes whole.
fn octets(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(MOST_OCTETS + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > MOST_OCTETS {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_OCTETS >> 20)));
    }
    Ok(octets)
}

const MOST_OCTETS: u64 = 64 << 20;

//! What the kernel shows of the machine, as files: from the root, or from a tree that a test made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::event::{Check, CheckOutcome};
use super::super::printable;
use crate::digest::Digest;

/// Where to look, and the environment of this program.
#[derive(Clone, Debug)]
pub struct Look {
    root: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Look {
    /// At a tree.
    pub fn at(root: &Path, environment: BTreeMap<String, String>) -> Self {
        let root = if root.as_os_str().is_empty() { Path::new("/") } else { root };
        Self { root: root.to_owned(), environment }
    }

    /// A path of the machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A file's text without the white space around it; otherwise why there is none.
    pub fn text(&self, path: &str) -> Result<String, String> {
        let octets = self.octets(path)?;
        Ok(String::from_utf8_lossy(&octets).trim().to_owned())
    }

    /// A file's octets; otherwise why there are none.
    pub fn octets(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.path(path)).map_err(|error| format!("`{path}`: {error}"))
    }

    /// The digest of the program's file; otherwise why there is none.
    pub fn program(&self) -> Result<Digest, String> {
        if self.root == Path::new("/") {
            return Digest::of_this_program().map_err(|error| format!("`/proc/self/exe`: {error}"));
        }
        Ok(Digest::of(&self.octets("/proc/self/exe")?))
    }

    /// The names in a folder, sorted; otherwise why there are none.
    pub fn names(&self, path: &str) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(self.path(path)).map_err(|error| format!("`{path}`: {error}"))?;
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// The names in a folder that the kernel makes only where there is something to put into it: none where it is not.
    pub fn class(&self, name: &str) -> Result<Vec<String>, String> {
        self.names("/sys/class")?;
        Ok(self.names(&format!("/sys/class/{name}")).unwrap_or_default())
    }

    /// Whether something is there.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// A variable of this program's environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The names of the variables of this program's environment.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.environment.keys().map(String::as_str)
    }
}

/// It is as it should be.
pub fn held(id: &str, detail: impl Into<String>) -> Check {
    check(id, CheckOutcome::Ok, detail)
}

/// It is not as it should be.
pub fn failed(id: &str, detail: impl Into<String>) -> Check {
    check(id, CheckOutcome::Violated, detail)
}

/// It could not be found out, or nobody has said what it should be.
pub fn unknown(id: &str, detail: impl Into<String>) -> Check {
    check(id, CheckOutcome::Unknown, detail)
}

/// Something that was read, compared with what the site expects of it.
pub fn compared(id: &str, found: &str, wanted: Option<&str>) -> Check {
    match wanted {
        Some(wanted) if wanted == found => held(id, found),
        Some(wanted) => failed(id, format!("{found}; wanted {wanted}")),
        None => unknown(id, format!("{found}; the site expects nothing of it")),
    }
}

/// A check with what was found, as far as it fits.
pub fn check(id: &str, outcome: CheckOutcome, detail: impl Into<String>) -> Check {
    let detail = printable(&detail.into());
    let short: String = detail.chars().take(MOST_SHOWN).collect();
    let cut = if short.len() < detail.len() { "…" } else { "" };
    Check { id: id.into(), outcome, detail: format!("{short}{cut}") }
}

/// Characters of what was found; all checks together fit into a few lines of the log.
const MOST_SHOWN: usize = 300;

//! What an online CA is configured with, made from a bundle that verified: one kind of server per file.
//!
//! The rules of this folder:
//! - The same handover and the same setting give the same octets: an importer makes them again and compares.
//! - No secret is ever in an export: a PIN is named by the file or the place where the server finds it.
//! - A name from a bundle becomes part of a path only if it is an id.
//! - What came from a practice ceremony says so in every folder.

mod acme_proxy;
mod boulder;
mod ccadb;
mod chain;
mod django_ca;
mod folder;
mod general;
mod handover;
mod setting;
mod step_ca;

use thiserror::Error;

pub use chain::Chain;
pub(super) use handover::{Beside, handover};
pub use handover::{Certificate, Crl, Handover, KeyPlace, OcspResponse, Role, take};
pub use setting::{Setting, SettingError, State};

/// A kind of server that can be configured; a new one is one file and one line in [`ALL`].
pub trait Server: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What an operator does with the files, in one sentence without a full stop.
    fn next(&self) -> &'static str;

    /// What it is configured with.
    ///
    /// # Errors
    ///
    /// Everything that the setting does not say and this server has to know.
    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError>;
}

/// Every kind of server.
pub static ALL: [&dyn Server; 6] = [
    &folder::Folder,
    &boulder::Boulder,
    &step_ca::StepCa,
    &acme_proxy::AcmeProxy,
    &django_ca::DjangoCa,
    &ccadb::Ccadb,
];

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its path below the export's folder, parts separated by `/`.
    pub path: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Its permissions: 0o644, or 0o600 for one that somebody will write a secret into.
    pub mode: u32,
}

impl ExportedFile {
    /// A file that everybody may read.
    pub fn new(path: impl Into<String>, octets: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), octets: octets.into(), mode: 0o644 }
    }

    /// A file that somebody will write a secret into.
    pub fn private(path: impl Into<String>, octets: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o600, ..Self::new(path, octets) }
    }
}

/// Why nothing is exported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A name that would be a path of its own.
    #[error("the bundle names a {kind} `{name}`; a name in a path has 1 to 64 of `a-z`, `0-9` and `-`")]
    Name {
        /// What it names.
        kind: String,
        /// The name, as it may be shown.
        name: String,
    },
    /// Two artifacts would be one file.
    #[error("two files would have the name `{path}`")]
    Twice {
        /// The path.
        path: String,
    },
    /// There is nothing to configure a server with.
    #[error("the bundle has no subordinate CA certificate{}", .name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default())]
    NoSubordinate {
        /// The one that was asked for.
        name: Option<String>,
    },
    /// A path that does not end at a root.
    #[error("no root CA certificate that `{name}` leads to is in the bundle")]
    NoRoot {
        /// The subordinate CA certificate.
        name: String,
    },
    /// Something that only the online side knows.
    #[error("`{server}` has to know, for `{name}`, {what}; {option} says it")]
    Unknown {
        /// The server.
        server: &'static str,
        /// What is missing.
        what: &'static str,
        /// Of which certificate.
        name: String,
        /// How to say it.
        option: &'static str,
    },
    /// A key that this server cannot sign with.
    #[error("`{server}` cannot use the key of `{name}`: it is {found}; wanted {wanted}")]
    Key {
        /// The server.
        server: &'static str,
        /// The certificate.
        name: String,
        /// What the key is.
        found: String,
        /// What it would have to be.
        wanted: &'static str,
    },
}

/// The server of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Server> {
    ALL.into_iter().find(|server| server.name() == name)
}

/// Everything that is exported for a server: its own files, what every export has, each path once.
///
/// # Errors
///
/// [`ExportError`] if a name is no id, or the server has to know more.
pub fn export(
    server: &dyn Server,
    handover: &Handover,
    setting: &Setting,
) -> Result<Vec<ExportedFile>, ExportError> {
    handover.names()?;
    let mut files = server.files(handover, setting)?;
    files.push(ExportedFile::new(general::FILE, general::describe(server.name(), handover, setting)));
    if handover.practice {
        files.push(ExportedFile::new("PRACTICE", practice(handover)));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let twice = files.iter().zip(files.iter().skip(1)).find(|(one, other)| one.path == other.path);
    match twice {
        Some((one, _)) => Err(ExportError::Twice { path: one.path.clone() }),
        None => Ok(files),
    }
}

/// Everything that the setting does not say and this server has to know, so that nobody has to come back for each.
pub fn missing(server: &dyn Server, handover: &Handover, setting: &Setting) -> Vec<ExportError> {
    let mut trial = setting.clone();
    let mut missing = Vec::new();
    while let Err(error) = server.files(handover, &trial) {
        let ExportError::Unknown { option, .. } = error else { break };
        missing.push(error);
        // What stands there for the trial goes nowhere.
        if !trial.stand_in(option) {
            break;
        }
    }
    missing
}

fn practice(handover: &Handover) -> String {
    format!(
        "Everything in this folder was made by the practice ceremony `{}`.\n\
         Its keys were made on throw-away tokens or without consequences: it is for trials, and nobody may rely on it.\n",
        handover.ceremony
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_a_name_of_its_own_and_is_found_by_it() {
        for server in ALL {
            let found = by_name(server.name()).map(Server::name);
            assert_eq!(found, Some(server.name()));
            assert!(!server.next().ends_with('.'), "{}", server.name());
        }
        let mut names: Vec<_> = ALL.iter().map(|server| server.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(by_name("pebble").is_none());
    }
}

//! What a person signs who stages what a ceremony handed over, or makes active what somebody else staged.

use std::fmt;

use super::key::PersonKey;
use super::signature::{SshSignature, SshSignatureError};
use super::statement::GivenError;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportAct {
    /// A set is put beside what is active.
    Stage,
    /// A staged set becomes the active one.
    Activate,
}

impl ImportAct {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Activate => "activate",
        }
    }
}

/// One person, one act, one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportStatement {
    /// What is done.
    pub act: ImportAct,
    /// Who does it.
    pub person: String,
    /// The log's origin.
    pub origin: String,
    /// The size of its head.
    pub size: u64,
    /// The root of its head.
    pub root: Digest,
    /// The digest of the set's description.
    pub set: Digest,
    /// When.
    pub at: Timestamp,
}

impl ImportStatement {
    /// Reads the text that is signed, in its one form.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        let act = value("act")?;
        let act = [ImportAct::Stage, ImportAct::Activate].into_iter().find(|one| one.word() == act)?;
        let (person, origin) = (value("person")?.to_owned(), value("origin")?.to_owned());
        let (size, root) = (value("size")?.parse().ok()?, value("root")?.parse().ok()?);
        let (set, at) = (value("set")?.parse().ok()?, value("at")?.parse().ok()?);
        let read = Self { act, person, origin, size, root, set, at };
        (read.to_string() == text).then_some(read)
    }
}

impl fmt::Display for ImportStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { act, person, origin, size, root, set, at } = self;
        write!(
            f,
            "{HEADER}\nact: {}\nperson: {person}\norigin: {origin}\nsize: {size}\nroot: {root}\nset: {set}\nat: {at}\n",
            act.word()
        )
    }
}

/// A statement with its signature, as it is kept: the text, then what `ssh-keygen` made.
#[derive(Clone, Debug)]
pub struct ImportApproval {
    statement: ImportStatement,
    signature: SshSignature,
}

impl ImportApproval {
    /// Puts a signature under a statement. Not verified.
    pub const fn of(statement: ImportStatement, signature: SshSignature) -> Self {
        Self { statement, signature }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`GivenError`] unless it is a statement and a signature.
    pub fn read(octets: &[u8]) -> Result<Self, GivenError> {
        let text = std::str::from_utf8(octets).map_err(|_| GivenError::NoApproval)?;
        let (said, armor) = text.split_once(SEPARATOR).ok_or(GivenError::NoApproval)?;
        let statement = ImportStatement::read(&format!("{said}\n")).ok_or(GivenError::NoApproval)?;
        let armor = format!("{}{armor}", SEPARATOR.trim_start());
        Ok(Self { statement, signature: SshSignature::from_armor(&armor)? })
    }

    /// What it says, before anybody knows who signed it.
    pub fn person(&self) -> &str {
        &self.statement.person
    }

    /// The statement, if `key` signed it.
    ///
    /// # Errors
    ///
    /// [`SshSignatureError`]: why that is not so.
    pub fn verify(self, key: &PersonKey) -> Result<VerifiedImportApproval, SshSignatureError> {
        self.signature.verify(self.statement.to_string().as_bytes(), key)?;
        Ok(VerifiedImportApproval(self))
    }
}

/// A statement that its person signed.
#[derive(Clone, Debug)]
pub struct VerifiedImportApproval(ImportApproval);

impl VerifiedImportApproval {
    /// What they said.
    pub const fn statement(&self) -> &ImportStatement {
        &self.0.statement
    }

    /// The file.
    pub fn to_text(&self) -> String {
        format!("{}{}", self.0.statement, self.0.signature.to_armor())
    }
}

const HEADER: &str = "rootrite import approval/v1";
const SEPARATOR: &str = "\n-----BEGIN SSH SIGNATURE-----";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{practice_key, practice_signature};

    fn statement() -> ImportStatement {
        ImportStatement {
            act: ImportAct::Stage,
            person: "ann".into(),
            origin: "example.org/log".into(),
            size: 12,
            root: Digest::of(b"root"),
            set: Digest::of(b"set"),
            at: Timestamp::from_seconds(1_800_000_000).unwrap(),
        }
    }

    #[test]
    fn an_approval_is_of_one_act_of_one_person_for_one_set() {
        let text = statement().to_string();
        assert_eq!(ImportStatement::read(&text), Some(statement()));
        let signature = practice_signature(text.as_bytes());
        let file = ImportApproval::of(statement(), signature).verify(&practice_key()).unwrap().to_text();
        let read = ImportApproval::read(file.as_bytes()).unwrap().verify(&practice_key()).unwrap();
        assert_eq!((read.statement(), read.to_text()), (&statement(), file.clone()));
        for (from, to) in [
            ("act: stage", "act: activate"),
            ("person: ann", "person: ben"),
            ("size: 12", "size: 13"),
            ("origin: example.org/log", "origin: example.org/other"),
        ] {
            let other = ImportApproval::read(file.replacen(from, to, 1).as_bytes()).unwrap();
            assert_eq!(other.verify(&practice_key()).unwrap_err(), SshSignatureError::Wrong, "{to}");
        }
        for wrong in [file.replace("act: stage", "act: both"), text.clone(), text.replace("/v1", "/v2")] {
            assert!(ImportApproval::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

//! Who stages and who activates: two people of the pins file, each with a key of their own.

use std::io::{BufRead as _, Read as _, Write};
use std::path::Path;

use super::super::{approve::ssh_keygen, files};
use crate::approval::{ImportAct, ImportApproval, ImportStatement, SshSignature, VerifiedImportApproval};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{Importer, Kept, Pins, Set, SetStore};

/// The person who runs the command, and everybody else.
pub struct People<'p> {
    pins: &'p Pins,
    own: &'p Importer,
    key: &'p Path,
}

impl<'p> People<'p> {
    /// Finds the person in the pins file.
    ///
    /// # Errors
    ///
    /// If nobody there has the id, or it is not for two.
    pub fn find(pins: &'p Pins, id: &str, key: &'p Path) -> Result<Self, Failure> {
        let ids: Vec<&str> = pins.people.iter().map(|person| person.id.value.as_str()).collect();
        if ids.len() < 2 {
            let message =
                format!("the pins file has {} people; wanted two: one stages, another activates", ids.len());
            return Err(Failure::new(Turn::Author, message)
                .hint("under `people`: `{id: ann, ssh-key: \"ssh-ed25519 AAAA…\"}`, a key for each"));
        }
        if let Some(own) = pins.person(id) {
            return Ok(Self { pins, own, key });
        }
        let message = format!(
            "the pins file has nobody of the id `{}`; it has {}",
            files::one_line(id),
            ids.join(", ")
        );
        Err(Failure::new(Turn::Author, message))
    }

    /// Lets the person sign, by the key that is pinned for them.
    ///
    /// # Errors
    ///
    /// No signature, or one by another key.
    pub fn sign(&self, act: ImportAct, set: &Set, at: Timestamp) -> Result<VerifiedImportApproval, Failure> {
        let statement = ImportStatement {
            act,
            person: self.own.id.value.as_str().to_owned(),
            origin: set.origin.clone(),
            size: set.size,
            root: set.root,
            set: Digest::of(set.to_json().as_bytes()),
            at,
        };
        let armor = ssh_keygen(self.key, &statement.to_string())?;
        let refused = |error: crate::approval::SshSignatureError| {
            let message =
                format!("the signature is not one of `{}`, and nothing was changed", self.own.id.value);
            Failure::because(Turn::Refused, message, &error)
        };
        let signature = SshSignature::from_armor(&armor).map_err(refused)?;
        ImportApproval::of(statement, signature).verify(&self.own.key).map_err(refused)
    }

    /// Who staged a set: somebody of the pins file, who signed for this set.
    ///
    /// # Errors
    ///
    /// If that is not so: then nobody did.
    pub fn who_staged(&self, store: &SetStore, kept: &Kept) -> Result<&'p Importer, Failure> {
        let octets = store.staged_by(kept).map_err(|error| super::store(&error))?;
        let wrong = |why: String| {
            let message = format!("it is not known who staged `{}`: {why}", kept.id);
            Failure::new(Turn::Refused, message).hint("nothing was changed; stage the bundle again")
        };
        let approval = ImportApproval::read(&octets).map_err(|error| wrong(error.to_string()))?;
        let person = self.pins.person(approval.person());
        let person = person.ok_or_else(|| wrong("the pins file has nobody of that id".to_owned()))?;
        let verified = approval.verify(&person.key).map_err(|error| wrong(error.to_string()))?;
        let said = verified.statement();
        if said.act == ImportAct::Stage && said.set == Digest::of(kept.set.to_json().as_bytes()) {
            return Ok(person);
        }
        Err(wrong("what they signed is another set".to_owned()))
    }

    /// The person is another one than who staged it; who that was.
    ///
    /// # Errors
    ///
    /// If it is the same.
    pub fn is_another(&self, store: &SetStore, kept: &Kept) -> Result<&'p Importer, Failure> {
        let staged = self.who_staged(store, kept)?;
        if staged.id.value == self.own.id.value || staged.key.blob() == self.own.key.blob() {
            let message = format!("`{}` staged it; somebody else activates it", staged.id.value);
            return Err(Failure::new(Turn::Operators, message).hint("that is what two people are for"));
        }
        Ok(staged)
    }
}

/// The root was named as it was compared, or is confirmed by the exact word.
///
/// # Errors
///
/// If it is another one, or another word.
pub fn agree(compared: Option<Digest>, set: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    match compared {
        Some(root) if root == set.root => return Ok(()),
        Some(root) => {
            let message = format!("the log has the root {}; compared was {root}", set.root);
            return Err(Failure::new(Turn::Refused, message)
                .hint("nothing was changed; compare it with the paper of the ceremony"));
        }
        None => {}
    }
    files::print(
        out,
        "\nAre these the words on the paper of the ceremony? Type `activate` to make it active.\n  > ",
    )?;
    let mut line = String::new();
    match std::io::stdin().lock().take(LONGEST_WORD).read_line(&mut line) {
        Ok(_) if line.trim_end_matches('\n') == "activate" => Ok(()),
        Ok(_) => Err(Failure::new(Turn::Operators, "not activated; wanted exactly `activate`")
            .hint("or name the root that you compared with --root")),
        Err(error) => Err(Failure::because(Turn::Operators, "nobody answers", &error)),
    }
}

impl std::fmt::Display for Importer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.id.value, self.key.fingerprint())
    }
}

/// Octets of a line that somebody types, at most.
const LONGEST_WORD: u64 = 1024;

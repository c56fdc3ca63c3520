//! What a person signs: a text of a few lines that says whose approval it is, and of what.
//!
//! The rules of this file:
//! - A text has one form: what does not come out again as it was read is none.
//! - An approval of the plan is for one ceremony, one person, one plan and at most one site. One of an act is, besides, for
//!   one step, one digest and one head of the log: it fits into one place of one log.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

use super::key::PersonKey;
use super::signature::{SshSignature, SshSignatureError};
use crate::digest::Digest;

/// The approval of a plan, and of a site if one is named; before the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStatement {
    /// The ceremony's id.
    pub ceremony: String,
    /// Whose approval it is.
    pub person: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The site file's digest.
    pub site: Option<Digest>,
}

impl PlanStatement {
    /// Reads the text that was signed; nothing for any other.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(PLAN) {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        let (ceremony, person) = (value("ceremony")?.to_owned(), value("person")?.to_owned());
        let plan = value("plan")?.parse().ok()?;
        let site = match value("site")? {
            NONE => None,
            digest => Some(digest.parse().ok()?),
        };
        let read = Self { ceremony, person, plan, site };
        if read.to_string() == text { Some(read) } else { None }
    }
}

/// The text that is signed.
impl fmt::Display for PlanStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = self.site.map_or_else(|| NONE.to_owned(), |site| site.to_string());
        let Self { ceremony, person, plan, .. } = self;
        write!(f, "{PLAN}\nceremony: {ceremony}\nperson: {person}\nplan: {plan}\nsite: {site}\n")
    }
}

/// The approval of one act, in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActStatement {
    /// The ceremony's id.
    pub ceremony: String,
    /// Whose approval it is.
    pub person: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The step, `-` outside steps.
    pub step: String,
    /// What it is an approval of: the `kind` of its record.
    pub kind: String,
    /// The digest of what is approved: of a certificate or a CRL, what will be signed.
    pub sha256: Digest,
    /// How many records the log had.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// The text that is signed.
impl fmt::Display for ActStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ceremony, person, plan, step, kind, sha256, size, root } = self;
        write!(
            f,
            "{ACT}\nceremony: {ceremony}\nperson: {person}\nplan: {plan}\nstep: {step}\nact: {kind}\nsha256: {sha256}\n\
             records: {size}\nroot: {root}\n"
        )
    }
}

/// The digest of what is otherwise than scripted: of its canonical JSON, as its record has it.
pub fn deviation_sha256(step: &str, expected: &str, actual: &str) -> Digest {
    let [step, expected, actual] = [step, expected, actual].map(|text| text.nfc().collect::<String>());
    let said = serde_json::json!({ "actual": actual, "expected": expected, "step": step });
    Digest::of(said.to_string().as_bytes())
}

/// The `kind` of an approval of something that is otherwise than scripted.
pub const DEVIATION: &str = "deviation";

/// The file that somebody gave before the day: the text, and then the signature over it.
#[derive(Clone, Debug)]
pub struct PlanApproval {
    /// What it says.
    pub statement: PlanStatement,
    signature: SshSignature,
}

impl PlanApproval {
    /// The longest file that is read.
    pub const MOST_OCTETS: usize = SshSignature::MOST_OCTETS + 4096;

    /// Reads a file. Whether the signature is good is not known yet.
    ///
    /// # Errors
    ///
    /// [`GivenError`] unless it is a text and a signature.
    pub fn read(octets: &[u8]) -> Result<Self, GivenError> {
        let text = std::str::from_utf8(octets).map_err(|_| GivenError::NoApproval)?;
        let (said, armor) = text.split_once(SEPARATOR).ok_or(GivenError::NoApproval)?;
        let statement = PlanStatement::read(&format!("{said}\n")).ok_or(GivenError::NoApproval)?;
        // The line feed before the armor ends the text's last line.
        let armor = format!("{}{armor}", SEPARATOR.trim_start());
        Ok(Self { statement, signature: SshSignature::from_armor(&armor)? })
    }

    /// The file of a statement and the signature over it.
    pub const fn of(statement: PlanStatement, signature: SshSignature) -> Self {
        Self { statement, signature }
    }

    /// The file's octets.
    pub fn to_text(&self) -> String {
        format!("{}{}", self.statement, self.signature.to_armor())
    }

    /// Checks that the person's own key signed the statement.
    ///
    /// # Errors
    ///
    /// [`SshSignatureError`] if not.
    pub fn verify(self, key: &PersonKey) -> Result<VerifiedPlanApproval, SshSignatureError> {
        self.signature.verify(self.statement.to_string().as_bytes(), key)?;
        Ok(VerifiedPlanApproval(self))
    }
}

/// An approval that was signed by the person's own key.
#[derive(Clone, Debug)]
pub struct VerifiedPlanApproval(PlanApproval);

impl VerifiedPlanApproval {
    /// What it says.
    pub const fn statement(&self) -> &PlanStatement {
        &self.0.statement
    }

    /// The signature in base64, as the log has it.
    pub fn signature(&self) -> String {
        self.0.signature.to_base64()
    }

    /// The file's octets.
    pub fn to_text(&self) -> String {
        self.0.to_text()
    }
}

/// Why a file is no approval.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GivenError {
    /// Not the text of an approval with a signature after it.
    #[error("found no approval; wanted what `rootrite approve` writes, `{PLAN}` and what follows")]
    NoApproval,
    /// The signature cannot be read.
    #[error(transparent)]
    Signature(#[from] SshSignatureError),
}

const PLAN: &str = "rootrite plan approval/v1";
const ACT: &str = "rootrite act approval/v1";
const NONE: &str = "none";
/// Where the text ends and the signature begins.
const SEPARATOR: &str = "\n-----BEGIN SSH SIGNATURE-----";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{practice_key, practice_signature};

    fn statement() -> PlanStatement {
        let (ceremony, person) = ("2026-11-root-x1".to_owned(), "bo".to_owned());
        PlanStatement { ceremony, person, plan: Digest::of(b"plan"), site: Some(Digest::of(b"site")) }
    }

    #[test]
    fn a_text_is_read_as_it_was_written_and_in_no_other_form() {
        for site in [None, statement().site] {
            let statement = PlanStatement { site, ..statement() };
            let text = statement.to_string();
            assert_eq!(PlanStatement::read(&text), Some(statement));
            for wrong in [
                text.to_uppercase(),
                format!("{text}\n"),
                format!("{text}more: lines\n"),
                text.replace("person: bo\n", ""),
                text.replace('\n', "\r\n"),
                text.trim_end().to_owned(),
                text.replace("/v1", "/v2"),
            ] {
                assert_eq!(PlanStatement::read(&wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn a_file_is_the_text_and_the_signature_over_it() {
        let key = practice_key();
        let signature = practice_signature(statement().to_string().as_bytes());
        let file = PlanApproval::of(statement(), signature).to_text();
        let read = PlanApproval::read(file.as_bytes()).unwrap();
        let verified = read.verify(&key).unwrap();
        assert_eq!(verified.statement(), &statement());
        assert_eq!(verified.to_text(), file);
        let other = file.replace("person: bo", "person: cy");
        let error = PlanApproval::read(other.as_bytes()).unwrap().verify(&key).unwrap_err();
        assert_eq!(error, SshSignatureError::Wrong);
        let said = statement().to_string();
        for wrong in ["", "\n", &said, &file.replace("-----BEGIN", "----BEGIN")] {
            assert_eq!(PlanApproval::read(wrong.as_bytes()).unwrap_err(), GivenError::NoApproval, "{wrong}");
        }
        let torn = PlanApproval::read(&file.as_bytes()[..file.len() - 40]).unwrap_err();
        assert_eq!(torn, GivenError::Signature(SshSignatureError::Armor));
    }

    #[test]
    fn the_text_of_an_act_names_everything_that_it_is_for() {
        let act = ActStatement {
            ceremony: "c".into(),
            person: "bo".into(),
            plan: Digest::of(b"plan"),
            step: "2.3".into(),
            kind: "crl".into(),
            sha256: Digest::of(b"crl"),
            size: 12,
            root: Digest::of(b"root"),
        };
        let text = act.to_string();
        let mut changed: Vec<ActStatement> = vec![act.clone(); 8];
        changed[0].ceremony = "d".into();
        changed[1].person = "cy".into();
        changed[2].plan = Digest::of(b"other");
        changed[3].step = "2.4".into();
        changed[4].kind = "root".into();
        changed[5].sha256 = Digest::of(b"other");
        changed[6].size = 13;
        changed[7].root = Digest::of(b"other");
        for other in changed {
            assert_ne!(other.to_string(), text);
        }
    }
}

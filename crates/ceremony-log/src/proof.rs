//! One line of a log, proven without the rest (C2SP tlog-proof): `extra` carries the line.

use std::fmt;

use crate::base64;
use crate::checkpoint;
use crate::code::{Code, Fault, Finding, Place};
use crate::note::{MOST_OCTETS, Note};
use crate::policy::{Policy, SignedHead, Window};
use crate::record::Record;
use crate::tree::{Hash, includes};

/// The first line of the format.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// How many hashes a path may have: a tree has at most 2^63 - 1 leaves.
pub(crate) const LONGEST_PATH: usize = 63;

/// A line, where it stands, and the path from it to a head. Not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    line: Vec<u8>,
    index: u64,
    path: Vec<Hash>,
    note: Note,
}

/// A line that a verified proof says is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLine {
    record: Record,
    line: Vec<u8>,
    head: SignedHead,
}

impl ProvenLine {
    /// The record.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The line without its line feed.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The head that has it.
    pub const fn head(&self) -> &SignedHead {
        &self.head
    }
}

impl Proof {
    /// A proof for a line (without its line feed) with a path of [`crate::tree::Levels::inclusion`].
    pub fn new(line: &[u8], index: u64, path: Vec<Hash>, head: Note) -> Self {
        Self { line: line.to_vec(), index, path, note: head }
    }

    /// Reads a proof that fills `octets`.
    ///
    /// # Errors
    ///
    /// E144; those of [`Note::parse`] for the head; E104 for base64.
    pub fn parse(octets: &[u8]) -> Result<Self, Fault> {
        // A line of 16 KiB in base64, a path and a note.
        if octets.len() > 32 * 1024 + MOST_OCTETS {
            return Err(fault(format!("{} octets are too many", octets.len())));
        }
        let text = std::str::from_utf8(octets).map_err(|_| fault("not UTF-8"))?;
        let (body, note) =
            text.split_once("\n\n").ok_or_else(|| fault("no empty line before the checkpoint"))?;
        let mut lines = body.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(fault(format!("the first line is not `{HEADER}`")));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let line =
            base64::decode(extra.ok_or_else(|| fault("no line `extra` with the log's line"))?, "`extra`")?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = checkpoint::number(index.ok_or_else(|| fault("no line `index`"))?)
            .map_err(|error| fault(error.message))?;
        let path =
            lines.map(|line| checkpoint::hash(line, "a hash of the path")).collect::<Result<Vec<_>, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(fault(format!("a path of {} hashes; there are at most {LONGEST_PATH}", path.len())));
        }
        Ok(Self { line, index, path, note: Note::parse(note.as_bytes())? })
    }

    /// The line that the proof is about. Unproven: [`Proof::verify`] is what proves it.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// Checks the head, the path, and that the line is the record of its place.
    ///
    /// # Errors
    ///
    /// Everything that is wrong: those of [`Policy::judge`]; E144; those of [`Record::parse`].
    pub fn verify(self, policy: &Policy, window: &Window) -> Result<ProvenLine, Vec<Finding>> {
        let place = || Place::File("proof".to_owned());
        let head = policy.judge(&self.note, window);
        let mut findings = Vec::new();
        let record = Record::parse(&self.line).map_err(|fault| findings.push(fault.at(place()))).ok();
        if record.as_ref().is_some_and(|record| record.seq != self.index) {
            findings.push(fault(format!("the line is not the record of index {}", self.index)).at(place()));
        }
        match (head, record) {
            (Ok(head), record) => {
                let Checked { size, root } = Checked::of(&head);
                if !includes(self.index, size, &Hash::leaf(&self.line), &self.path, &root) {
                    let message = format!("the path does not lead from line {} to the root", self.index + 1);
                    findings.push(fault(message).at(place()));
                }
                match record {
                    Some(record) if findings.is_empty() => Ok(ProvenLine { record, line: self.line, head }),
                    _ => Err(findings),
                }
            }
            (Err(mut others), _) => {
                others.append(&mut findings);
                Err(others)
            }
        }
    }
}

/// What of a head a path leads to.
struct Checked {
    size: u64,
    root: Hash,
}

impl Checked {
    fn of(head: &SignedHead) -> Self {
        Self { size: head.checkpoint().size, root: head.checkpoint().root }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", base64::encode(&self.line), self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", base64::encode(hash.octets()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

fn fault(message: impl Into<String>) -> Fault {
    Fault::new(Code::E144, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GoodLog, LogKey};

    fn proofs() -> (Policy, Vec<Proof>) {
        let key = LogKey::ed25519("example.org/log/practice");
        let log = GoodLog::new();
        let policy = Policy::parse(format!("log {}\nquorum none\n", key.verifier()).as_bytes()).unwrap();
        let (levels, size) = (log.levels(), log.size());
        let proofs = log.lines.iter().zip(0..).map(|(line, index)| {
            Proof::new(line.as_bytes(), index, levels.inclusion(index, size).unwrap(), log.note(&key))
        });
        (policy, proofs.collect())
    }

    fn codes(proof: Proof, policy: &Policy) -> Vec<Code> {
        proof.verify(policy, &Window::at(0)).err().unwrap_or_default().into_iter().map(|f| f.code).collect()
    }

    #[test]
    fn every_line_of_a_log_is_proven_by_its_file_alone() {
        let (policy, proofs) = proofs();
        for (index, proof) in (0..).zip(proofs) {
            let read = Proof::parse(proof.to_string().as_bytes()).unwrap();
            assert_eq!(read, proof);
            let proven = read.verify(&policy, &Window::at(0)).unwrap();
            assert_eq!(proven.record().seq, index);
            assert_eq!(proven.head().checkpoint().origin, "example.org/log/practice");
        }
    }

    #[test]
    fn a_proof_that_proves_something_else_is_e144() {
        let (policy, proofs) = proofs();
        let good = &proofs[2];
        assert_eq!(codes(Proof { path: proofs[3].path.clone(), ..good.clone() }, &policy), [Code::E144]);
        assert_eq!(codes(Proof { index: 3, ..good.clone() }, &policy), [Code::E144, Code::E144]);
        assert_eq!(
            codes(Proof { line: proofs[3].line.clone(), ..good.clone() }, &policy),
            [Code::E144, Code::E144]
        );
        assert_eq!(codes(Proof { line: b"{".to_vec(), ..good.clone() }, &policy), [Code::E121, Code::E144]);
        let stranger = Policy::parse(b"quorum none").unwrap();
        assert_eq!(codes(good.clone(), &stranger), [Code::E109]);
    }

    #[test]
    fn a_proof_in_another_form_is_not_read() {
        let text = proofs().1[2].to_string();
        let index = "index 2";
        for (from, to, code) in [
            (HEADER, "c2sp.org/tlog-proof@v2", Code::E144),
            ("extra ", "extras ", Code::E144),
            ("extra ", "extra  ", Code::E104),
            (index, "index 02", Code::E144),
            (index, "index -1", Code::E144),
            (index, "", Code::E144),
            (index, "index 2\nAAAA", Code::E104),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text);
            assert_eq!(Proof::parse(bad.as_bytes()).unwrap_err().code, code, "{to}");
        }
        assert_eq!(Proof::parse(text.replace("\n\n", "\n").as_bytes()).unwrap_err().code, Code::E144);
        let hash = format!("{}\n", base64::encode(&[0; 32]));
        let longer =
            |count: usize| text.replacen("index 2\n", &format!("index 2\n{}", hash.repeat(count)), 1);
        let path = proofs().1[2].path.len();
        assert!(Proof::parse(longer(63 - path).as_bytes()).is_ok());
        assert_eq!(Proof::parse(longer(64 - path).as_bytes()).unwrap_err().code, Code::E144);
    }
}

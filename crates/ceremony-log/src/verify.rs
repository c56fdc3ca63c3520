//! Reads a log line by line and checks every one against the line before it and the whole against a head.
//!
//! The rules of this file:
//! - Memory does not grow with the log: one line, one hash per bit of its size, a bounded list of findings.
//! - Everything that is wrong is reported, up to [`MOST_FINDINGS`]; the rest is counted.
//! - A [`VerifiedLog`] exists only for a log that is exactly the head's.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read as _};

use ring::digest::{Context, SHA256};

use crate::checkpoint::Checkpoint;
use crate::code::{Code, Fault, Finding, Place};
use crate::json::Limits;
use crate::policy::SignedHead;
use crate::record::Record;
use crate::tree::{Hash, Tree};

mod follow;

use follow::Follower;
pub use follow::Genesis;

/// How many findings are kept.
pub const MOST_FINDINGS: usize = 1000;

/// What happens to the log of a practice ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Practice {
    /// It is good, with the warning W203: for those who rehearse.
    Warn,
    /// It is refused, E158: for those who import.
    Refuse,
}

/// One line of a log on its way to whoever follows the records.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The record.
    pub record: &'a Record,
    /// The line without its line feed.
    pub line: &'a [u8],
    /// Its hash: what [`crate::tree::Levels`] takes.
    pub leaf: Hash,
}

/// Who follows the records, in their order. What was learned counts only once the log is verified.
pub type Visit<'a> = dyn FnMut(Entry<'_>) + 'a;

/// A log that is exactly what its signed head says, every line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLog {
    head: SignedHead,
    genesis: Genesis,
    tree: Tree,
    warnings: Vec<Finding>,
}

impl VerifiedLog {
    /// The head.
    pub const fn head(&self) -> &SignedHead {
        &self.head
    }

    /// What the log says of itself.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The tree, ready to grow.
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What does not refuse the log but should be looked at.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }
}

/// What was read of a log that no head vouches for yet: what a writer has before it goes on.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The tree of the whole lines.
    pub tree: Tree,
    /// The last line's record, if it has one.
    pub last: Option<Record>,
    /// What the log says of itself, if it says so.
    pub genesis: Option<Genesis>,
    /// How many octets follow the last line feed.
    pub torn: u64,
    /// Everything that is wrong with the lines.
    pub findings: Findings,
}

/// Why a log was not verified.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// It could not be read.
    Read(io::Error),
    /// This is wrong with it, or with its policy, head or proof.
    Refused(Findings),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("the log could not be read"),
            Self::Refused(findings) => {
                let count = findings.list.len() as u64 + findings.unreported;
                let first = findings.list.first().map(|first| format!("; the first: {first}"));
                write!(f, "the log is refused for {count} reasons{}", first.unwrap_or_default())
            }
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Read(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for VerifyError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// What a policy, a proof or a consistency file refuses with, as an error like the others.
impl From<Vec<Finding>> for VerifyError {
    fn from(list: Vec<Finding>) -> Self {
        let mut findings = Findings::default();
        for finding in list {
            findings.push(finding);
        }
        Self::Refused(findings)
    }
}

/// The first [`MOST_FINDINGS`] findings in the order in which they were made, and how many more there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Those that were kept.
    pub list: Vec<Finding>,
    /// How many were not.
    pub unreported: u64,
    refuse: bool,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.refuse |= finding.code.is_error();
        if self.list.len() < MOST_FINDINGS {
            self.list.push(finding);
        } else {
            self.unreported += 1;
        }
    }

    /// Whether one refuses, kept or not.
    pub const fn refuse(&self) -> bool {
        self.refuse
    }
}

/// Checks that the log is exactly what `head` says, and that it continues `earlier`.
///
/// `earlier` is the last head that the caller accepted, if there is one: size and root, not only what was read
/// with this log. Each record that can be read goes to `visit`.
///
/// # Errors
///
/// [`VerifyError::Refused`] with everything that is wrong: E111, E120 to E133, E158.
pub fn verify(
    log: &mut dyn BufRead,
    head: SignedHead,
    earlier: Option<&Checkpoint>,
    practice: Practice,
    visit: &mut Visit<'_>,
) -> Result<VerifiedLog, VerifyError> {
    let checkpoint = head.checkpoint().clone();
    let mut marks: Vec<Mark> = vec![Mark::new(&checkpoint, Code::E131, Place::Checkpoint)];
    // A head of the same size needs no lines to be compared with.
    let before = earlier.filter(|earlier| earlier.size != checkpoint.size);
    marks.extend(before.map(|earlier| Mark::new(earlier, Code::E133, Place::Log)));
    let Scan { tree, genesis, torn, mut findings, .. } = read(log, &mut marks, visit)?;
    if torn > 0 {
        let message = format!("{torn} octets after the last line feed");
        findings.push(Finding::new(Code::E120, Place::Line(tree.size() + 1), message));
    }
    if tree.size() != checkpoint.size {
        let message = format!("{} lines; the head has {}", tree.size(), checkpoint.size);
        findings.push(Finding::new(Code::E130, Place::Log, message));
    }
    for mark in marks {
        // Lines that are not the head's are a broken copy: they say nothing of what the head continues.
        if !mark.judge(&mut findings) {
            break;
        }
    }
    if let Some(earlier) = earlier {
        continues(&checkpoint, earlier, &mut findings);
    }
    if let Some(genesis) = &genesis {
        judge_genesis(genesis, &checkpoint, practice, &mut findings);
    }
    match genesis {
        Some(genesis) if !findings.refuse() => {
            let warnings = head.warnings().iter().cloned().chain(findings.list).collect();
            Ok(VerifiedLog { head, genesis, tree, warnings })
        }
        None if !findings.refuse() => {
            findings.push(Finding::new(Code::E125, Place::Log, "the log has no records"));
            Err(VerifyError::Refused(findings))
        }
        _ => Err(VerifyError::Refused(findings)),
    }
}

/// Checks the lines of a log that no head vouches for: each is canonical and follows the one before it.
///
/// # Errors
///
/// The reader's own. What is wrong with the lines is in the result.
pub fn scan(log: &mut dyn BufRead, visit: &mut Visit<'_>) -> io::Result<Scan> {
    read(log, &mut [], visit)
}

fn judge_genesis(genesis: &Genesis, head: &Checkpoint, practice: Practice, findings: &mut Findings) {
    if genesis.origin != head.origin {
        let message = format!("the log's origin is `{}`, the head's `{}`", genesis.origin, head.origin);
        findings.push(Finding::new(Code::E111, Place::Line(1), message));
    }
    if genesis.practice {
        let code = match practice {
            Practice::Warn => Code::W203,
            Practice::Refuse => Code::E158,
        };
        findings.push(Finding::new(code, Place::Line(1), "the log of a practice ceremony"));
    }
}

fn continues(head: &Checkpoint, earlier: &Checkpoint, findings: &mut Findings) {
    if head.origin != earlier.origin {
        let message = format!("a head of `{}`; the last was of `{}`", head.origin, earlier.origin);
        findings.push(Finding::new(Code::E111, Place::Checkpoint, message));
    } else if head.size < earlier.size {
        let message = format!("size {}; the last head had {}", head.size, earlier.size);
        findings.push(Finding::new(Code::E132, Place::Checkpoint, message));
    } else if head.size == earlier.size && head.root != earlier.root {
        let message = format!(
            "the root over {} records is {}; the last head had {}",
            head.size, head.root, earlier.root
        );
        findings.push(Finding::new(Code::E133, Place::Checkpoint, message));
    }
}

/// A root that the tree must have had at some size.
struct Mark {
    size: u64,
    root: Hash,
    found: Option<Hash>,
    code: Code,
    place: Place,
}

impl Mark {
    fn new(checkpoint: &Checkpoint, code: Code, place: Place) -> Self {
        Self { size: checkpoint.size, root: checkpoint.root, found: None, code, place }
    }

    fn look(&mut self, tree: &Tree) {
        if self.size == tree.size() {
            self.found = Some(tree.root());
        }
    }

    /// Whether the lines have the root.
    fn judge(self, findings: &mut Findings) -> bool {
        // A size that the log does not reach is the matter of E130 and E132.
        if let Some(found) = self.found.filter(|found| *found != self.root) {
            let message =
                format!("the first {} lines have the root {found}; wanted {}", self.size, self.root);
            findings.push(Finding::new(self.code, self.place, message));
        }
        self.found == Some(self.root)
    }
}

fn read(log: &mut dyn BufRead, marks: &mut [Mark], visit: &mut Visit<'_>) -> io::Result<Scan> {
    let mut tree = Tree::new();
    let mut follower = Follower::default();
    let mut findings = Findings::default();
    let mut line = Vec::new();
    loop {
        for mark in &mut *marks {
            mark.look(&tree);
        }
        let place = Place::Line(tree.size() + 1);
        let (leaf, record) = match next_line(log, &mut line)? {
            Line::Whole => {
                let leaf = Hash::leaf(&line);
                (leaf, Record::parse(&line))
            }
            Line::TooLong(leaf) => {
                let message = format!("more than {} octets in a line", Limits::RECORD.octets);
                (leaf, Err(Fault::new(Code::E128, message)))
            }
            Line::End(torn) => {
                let (last, genesis) = follower.finish();
                return Ok(Scan { tree, last, genesis, torn, findings });
            }
        };
        match record {
            Ok(record) => {
                for fault in follower.follow(&record, tree.size()) {
                    findings.push(fault.at(place.clone()));
                }
                visit(Entry { record: &record, line: &line, leaf });
                follower.passed(Some(record), leaf);
            }
            Err(fault) => {
                findings.push(fault.at(place));
                follower.passed(None, leaf);
            }
        }
        tree.push(leaf);
    }
}

/// What [`next_line`] found.
enum Line {
    /// A line, in the buffer without its line feed.
    Whole,
    /// A line that is too long to be one, and its hash.
    TooLong(Hash),
    /// No line feed any more, and that many octets.
    End(u64),
}

/// Reads up to a line feed, but never more into memory than a line may have.
fn next_line(log: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    // The longest line and its line feed.
    const MOST: u64 = Limits::RECORD.octets as u64 + 1;
    line.clear();
    log.take(MOST).read_until(b'\n', line)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Line::Whole);
    }
    let mut length = line.len() as u64;
    if length < MOST {
        return Ok(Line::End(length));
    }
    let mut context = Context::new(&SHA256);
    context.update(&[0x00]);
    loop {
        let ended = line.pop_if(|last| *last == b'\n').is_some();
        context.update(line);
        if ended {
            return Ok(Line::TooLong(Hash::finish(context)));
        }
        line.clear();
        match log.take(MOST).read_until(b'\n', line)? {
            0 => return Ok(Line::End(length)),
            count => length += count as u64,
        }
    }
}

#[cfg(test)]
mod tests;

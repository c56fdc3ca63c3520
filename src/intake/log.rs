//! The log of a bundle: whom to trust, what they signed, and every line of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Fault, Finding, Place};
use ceremony_log::consistency::Consistency;
use ceremony_log::json::Limits;
use ceremony_log::note::{self, Note};
use ceremony_log::policy::{Policy, SignedHead, Window};
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::tree::{Hash, Tree};
use ceremony_log::verify::{Entry, Findings, Practice, Scan, VerifyError, scan, verify};

use super::folder::Folder;
use super::report::Report;
use super::signed::Signed;
use super::story::Story;
use super::witnessed::Witnessed;
use crate::clock::Timestamp;

/// Whose signatures count.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those of a policy that came from elsewhere: its octets.
    Pinned(Vec<u8>),
    /// Those that the bundle itself names. The report says so.
    OwnPolicy,
}

/// How a log is read, and who follows it.
pub struct Reading<'a> {
    /// Whose signatures count.
    pub trust: &'a Trust,
    /// Which times of cosignatures count.
    pub window: Window,
    /// The last head that the judge accepted.
    pub earlier: Option<&'a Checkpoint>,
    /// What happens to the log of a practice ceremony.
    pub practice: Practice,
    /// Follows every record that can be read. What it finds counts only if all can be read.
    pub follow: &'a mut dyn FnMut(&Record, &mut Report),
}

impl<'a> Reading<'a> {
    /// Everything that can be known without an importer's pins.
    pub fn plain(trust: &'a Trust, at: Timestamp, follow: &'a mut dyn FnMut(&Record, &mut Report)) -> Self {
        let window = Window::at(at.seconds());
        Self { trust, window, earlier: None, practice: Practice::Warn, follow }
    }
}

/// A log that was read to its end.
#[derive(Debug)]
pub struct Told {
    /// The policy, if it can be read.
    pub policy: Option<Policy>,
    /// The head, if the policy accepts it.
    pub head: Option<SignedHead>,
    /// What the head says, accepted or not.
    pub checkpoint: Option<Checkpoint>,
    /// Codes of what is wrong with the head.
    pub refused: BTreeSet<Code>,
    /// How many lines it has.
    pub size: u64,
    /// What the records say of artifacts.
    pub story: Story,
}

impl Told {
    /// Whether the log is that of a practice ceremony.
    pub fn is_practice(&self) -> bool {
        self.story.genesis.as_ref().is_some_and(|genesis| genesis.practice)
    }
}

/// The head of a log, and what a policy says of it.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The names of the keys on its signature lines.
    pub signers: Vec<String>,
    /// What is wrong with it by the policy; nothing if it is good.
    pub refused: Vec<Finding>,
}

/// Verifies the log in a folder, of a bundle or the ceremonies' own: head, lines and what the records say together.
///
/// The second result is how many lines were read.
///
/// # Errors
///
/// The system's, if `folder` is no folder with a log.
pub fn verify_log(folder: &Path, trust: &Trust, at: Timestamp) -> io::Result<(Report, u64)> {
    let folder = Folder::open(folder)?;
    folder.file("log.jsonl")?;
    let mut report = Report::new();
    let own_policy = matches!(trust, Trust::OwnPolicy).then_some("policy");
    for name in ["checkpoint"].into_iter().chain(own_policy).filter(|name| folder.file(name).is_err()) {
        report.find(Code::E141, name, "it is missing");
    }
    let told = read(&folder, Reading::plain(trust, at, &mut |_, _| ()), &mut report);
    Ok((report, told.size))
}

/// Reads the head of the log in a folder and judges its signatures; the log itself is not read.
///
/// # Errors
///
/// The system's, if there is no checkpoint; [`io::ErrorKind::InvalidData`] for what is none.
pub fn head(folder: &Path, trust: &Trust, at: Timestamp) -> io::Result<LogHead> {
    let folder = Folder::open(folder)?;
    let octets = folder.read("checkpoint", note::MOST_OCTETS as u64)?;
    let invalid = |fault: Fault| io::Error::new(io::ErrorKind::InvalidData, fault);
    let note = Note::parse(&octets).map_err(invalid)?;
    let checkpoint = note.text().parse().map_err(invalid)?;
    let mut report = Report::new();
    let mut refused = Vec::new();
    match policy(&folder, trust, &mut report) {
        Some(policy) => {
            refused.extend(policy.judge(&note, &Window::at(at.seconds())).err().unwrap_or_default());
        }
        None => refused.push(Finding::new(Code::E102, Place::Policy, "there is no policy that can be read")),
    }
    let signers = note.signatures().iter().map(|signature| signature.name.clone()).collect();
    Ok(LogHead { checkpoint, signers, refused })
}

/// Reads policy, head, log and consistency, and reports everything that is wrong with them.
pub fn read(folder: &Folder, reading: Reading<'_>, report: &mut Report) -> Told {
    let window = reading.window;
    let policy = policy(folder, reading.trust, report);
    let note = read_note(folder, report);
    let mut refused = BTreeSet::new();
    let mut head = None;
    if let (Some(policy), Some(note)) = (&policy, &note) {
        match policy.judge(note, &window) {
            Ok(good) => head = Some(good),
            Err(findings) => {
                refused.extend(findings.iter().map(|finding| finding.code));
                report.push_all(findings);
            }
        }
    }
    let checkpoint: Option<Checkpoint> = note.as_ref().and_then(|note| match note.text().parse() {
        Ok(checkpoint) => Some(checkpoint),
        Err(fault) if policy.is_none() => {
            report.push(Fault::at(fault, Place::Checkpoint));
            None
        }
        Err(_) => None,
    });
    let consistency = read_consistency(folder, note.as_ref(), report);
    let mut told = Told { policy, head, checkpoint, refused, size: 0, story: Story::default() };
    let old = consistency.as_ref().map(Consistency::old);
    let old_root = lines(folder, &mut told, note.as_ref(), old, reading, report);
    if let (Some(consistency), Some(policy)) = (&consistency, &told.policy) {
        judge_consistency(consistency, old_root, policy, &told, &window, report);
    }
    told
}

/// The policy to judge by, if it can be read.
pub fn policy(folder: &Folder, trust: &Trust, report: &mut Report) -> Option<Policy> {
    // 256 KiB are the format's bound.
    let own = folder.read("policy", 256 * 1024);
    let octets = match (trust, own) {
        (Trust::Pinned(octets), _) => octets.clone(),
        (Trust::OwnPolicy, Ok(octets)) => {
            report.note("the bundle's own policy was used, so that the log's key vouches for itself; pin one with --policy");
            octets
        }
        // That it is missing is said where the files are compared.
        (Trust::OwnPolicy, Err(_)) => return None,
    };
    match Policy::parse(&octets) {
        Ok(policy) => Some(policy),
        Err(findings) => {
            report.push_all(findings);
            None
        }
    }
}

fn read_note(folder: &Folder, report: &mut Report) -> Option<Note> {
    let octets = folder.read("checkpoint", note::MOST_OCTETS as u64).ok()?;
    Note::parse(&octets).map_err(|fault| report.push(fault.at(Place::Checkpoint))).ok()
}

/// The consistency file, if it can be read and is about the bundle's own head.
fn read_consistency(folder: &Folder, note: Option<&Note>, report: &mut Report) -> Option<Consistency> {
    let octets = folder.read("consistency", 4096 + note::MOST_OCTETS as u64).ok()?;
    match Consistency::parse(&octets) {
        Ok(consistency) if note.is_none_or(|note| note == consistency.note()) => Some(consistency),
        Ok(_) => {
            report.find(Code::E144, "consistency", "its checkpoint is not the bundle's");
            None
        }
        Err(fault) => {
            report.fault(fault, "consistency");
            None
        }
    }
}

/// Reads every line. The root of the first `old` lines, if there are so many and all can be read.
fn lines(
    folder: &Folder,
    told: &mut Told,
    note: Option<&Note>,
    old: Option<u64>,
    reading: Reading<'_>,
    report: &mut Report,
) -> Option<Hash> {
    let file = folder.file("log.jsonl").ok()?;
    let most = most_octets(&file, told, report);
    let mut reader = BufReader::with_capacity(64 * 1024, file.take(most));
    let mut state = State::new();
    let mut story = Story::default();
    let (mut signed, mut witnessed) = (Signed::default(), Witnessed::default());
    let mut tree = Tree::new();
    let mut old_root = None;
    let Reading { earlier, practice, follow, .. } = reading;
    let mut earlier_root = None;
    let mut of_story = Report::like(report);
    let mut visit = |entry: Entry<'_>| {
        if Some(tree.size()) == old {
            old_root = Some(tree.root());
        }
        if earlier.is_some_and(|earlier| earlier.size == tree.size()) {
            earlier_root = Some(tree.root());
        }
        signed.follow(entry.record, &tree, &mut of_story);
        witnessed.follow(entry.record, &tree, &mut of_story);
        tree.push(entry.leaf);
        state.follow(entry.record);
        story.follow(entry.record, &mut of_story);
        follow(entry.record, &mut of_story);
    };
    let findings = match (told.head.clone(), &told.checkpoint) {
        (Some(head), _) => match verify(&mut reader, head, earlier, practice, &mut visit) {
            Ok(log) => Ok(kept(log.warnings())),
            Err(VerifyError::Refused(findings)) => Ok(findings),
            Err(error) => Err(error),
        },
        (None, checkpoint) => scan(&mut reader, &mut visit)
            .map_err(VerifyError::from)
            .map(|scan| judge_scan(scan, checkpoint.as_ref(), practice)),
    };
    if told.head.is_none() {
        // What the format's verifier says of the last head it can only say of a log whose head a policy accepts.
        let fits = findings.as_ref().is_ok_and(|found| found.list.iter().all(|one| one.code != Code::E131));
        report.push_all(continues(told.checkpoint.as_ref(), earlier, earlier_root.filter(|_| fits)));
    }
    if Some(tree.size()) == old {
        old_root = Some(tree.root());
    }
    if let Some(note) = note {
        witnessed.judge_head(note, &mut of_story);
    }
    let findings = findings.unwrap_or_else(|error| unreadable(&error));
    let unread = findings.list.iter().filter(|finding| is_unread(finding)).count();
    // Of lines that are not the head's nothing is compared with it: they are a broken copy.
    let broken = findings.list.iter().any(|finding| finding.code == Code::E131);
    report.extend(findings);
    if unread == 0 {
        report.extend(state.finish());
        report.append(of_story);
    } else {
        report.note("what the records say together was not judged, because not every line can be read");
    }
    (told.size, told.story) = (tree.size(), story);
    old_root.filter(|_| unread == 0 && !broken)
}

/// What is found of a log that the disk does not give.
fn unreadable(error: &VerifyError) -> Findings {
    let mut findings = Findings::default();
    findings.push(Finding::new(Code::E120, Place::Log, format!("it cannot be read to its end: {error}")));
    findings
}

/// What is found of a log that is taken with warnings.
fn kept(warnings: &[Finding]) -> Findings {
    let mut findings = Findings::default();
    for finding in warnings {
        findings.push(finding.clone());
    }
    findings
}

/// How much is read of a log.
fn most_octets(file: &File, told: &Told, report: &mut Report) -> u64 {
    // A log that is longer than the longest its head allows is not read to its end, and one without a head that
    // somebody vouches for only as far as it helps to say what is wrong.
    let longest = Limits::RECORD.octets as u64 + 1;
    let allowed = |head: &SignedHead| head.checkpoint().size.saturating_add(1).saturating_mul(longest);
    let most = told.head.as_ref().map_or(MOST_UNSIGNED_OCTETS, allowed);
    if let Ok(length) = file.metadata().map(|file| file.len())
        && length > most
    {
        report.find(Code::E130, "log.jsonl", format!("{length} octets; only the first {most} are read"));
    }
    most
}

/// What the format's verifier says where it has a head that a policy accepts, for a head that none does.
fn judge_scan(scan: Scan, checkpoint: Option<&Checkpoint>, practice: Practice) -> Findings {
    let Scan { tree, genesis, torn, mut findings, .. } = scan;
    if torn > 0 {
        let message = format!("{torn} octets after the last line feed");
        findings.push(Finding::new(Code::E120, Place::Line(tree.size() + 1), message));
    }
    if let Some(head) = checkpoint {
        if tree.size() != head.size {
            let message = format!("{} lines; the head has {}", tree.size(), head.size);
            findings.push(Finding::new(Code::E130, Place::Log, message));
        } else if tree.root() != head.root {
            let message = format!("the lines have the root {}; wanted {}", tree.root(), head.root);
            findings.push(Finding::new(Code::E131, Place::Checkpoint, message));
        }
        if let Some(genesis) = genesis.as_ref().filter(|genesis| genesis.origin != head.origin) {
            let message = format!("the log's origin is `{}`, the head's `{}`", genesis.origin, head.origin);
            findings.push(Finding::new(Code::E111, Place::Line(1), message));
        }
    }
    if genesis.is_some_and(|genesis| genesis.practice) {
        let code = if practice == Practice::Refuse { Code::E158 } else { Code::W203 };
        findings.push(Finding::new(code, Place::Line(1), "the log of a practice ceremony"));
    }
    findings
}

/// Whether a head that no policy accepts continues the last one. `root`: that of as many lines as the last one had.
fn continues(head: Option<&Checkpoint>, earlier: Option<&Checkpoint>, root: Option<Hash>) -> Option<Finding> {
    let (head, earlier) = head.zip(earlier)?;
    if head.size < earlier.size {
        let message = format!("size {}; the last head had {}", head.size, earlier.size);
        return Some(Finding::new(Code::E132, Place::Checkpoint, message));
    }
    let found = if head.size == earlier.size { Some(head.root) } else { root };
    let found = found.filter(|found| *found != earlier.root)?;
    let message = format!("the first {} lines have the root {found}; wanted {}", earlier.size, earlier.root);
    Some(Finding::new(Code::E133, Place::Log, message))
}

/// How much is read of a log whose head no policy accepts.
const MOST_UNSIGNED_OCTETS: u64 = 256 << 20;

/// Whether a finding means that a line, and with it a record, could not be read.
const fn is_unread(finding: &Finding) -> bool {
    matches!(
        finding.code,
        Code::E120 | Code::E121 | Code::E122 | Code::E123 | Code::E124 | Code::E128 | Code::E129
    )
}

/// Whether the bundle proves that the size it starts from is a prefix of its head.
fn judge_consistency(
    consistency: &Consistency,
    old_root: Option<Hash>,
    policy: &Policy,
    told: &Told,
    window: &Window,
    report: &mut Report,
) {
    let Some((root, checkpoint)) = old_root.zip(told.checkpoint.as_ref()) else {
        if told.checkpoint.as_ref().is_some_and(|head| consistency.old() > head.size) {
            let message = format!("it starts from size {}, after the head", consistency.old());
            report.find(Code::E144, "consistency", message);
        }
        return;
    };
    let earlier = Checkpoint { origin: checkpoint.origin.clone(), size: consistency.old(), root };
    let Err(findings) = consistency.verify(&earlier, policy, window) else { return };
    // It is the bundle's own head: what is wrong with that was said once.
    report.push_all(findings.into_iter().filter(|finding| !told.refused.contains(&finding.code)));
}

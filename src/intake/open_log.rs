//! A log up to a head that may have been signed while its ceremony was open: what a witness and a receiver judge it by.

use std::io::{self, BufRead};

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::{Code, Finding};
use ceremony_log::policy::SignedHead;
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::tree::Tree;
use ceremony_log::verify::{Entry, Practice, VerifyError, verify};

use super::report::Report;
use super::signed::Signed;
use super::witnessed::Witnessed;

/// Reads every line up to a head: whether it is exactly what the head says, continues `earlier`, and what its records say
/// together. That a ceremony is open or was aborted is nothing against it.
///
/// # Errors
///
/// The reader's own. What is wrong with the log is in the report.
pub fn judge(
    lines: &mut dyn BufRead,
    head: &SignedHead,
    earlier: Option<&Checkpoint>,
    follow: &mut dyn FnMut(&Record),
) -> io::Result<Report> {
    let (mut state, mut tree) = (State::new(), Tree::new());
    let (mut signed, mut witnessed) = (Signed::default(), Witnessed::default());
    let mut said = Report::new();
    let mut visit = |entry: Entry<'_>| {
        signed.follow(entry.record, &tree, &mut said);
        witnessed.follow(entry.record, &tree, &mut said);
        tree.push(entry.leaf);
        state.follow(entry.record);
        follow(entry.record);
    };
    let mut report = Report::new();
    match verify(lines, head.clone(), earlier, Practice::Warn, &mut visit) {
        Ok(log) => report.push_all(log.warnings().iter().cloned()),
        Err(VerifyError::Refused(findings)) => report.extend(findings),
        Err(VerifyError::Read(source)) => return Err(source),
        Err(_) => return Err(io::ErrorKind::Other.into()),
    }
    // A head is signed while its ceremony is open, and of one that was aborted the log goes on all the same.
    let open = |finding: &Finding| matches!(finding.code, Code::E150 | Code::E151);
    report.append(said);
    let mut ended = state.finish();
    ended.list.retain(|finding| !open(finding));
    report.extend(ended);
    Ok(report)
}

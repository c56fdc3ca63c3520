//! Approvals that were given before the day, read from where somebody says they are.

use std::path::{Path, PathBuf};

use super::failures::with_causes;
use super::{failures, files};
use crate::conduct::{ApprovalError, Approvals, Given, kept_name};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::plan::Plan;

/// Files, and of folders every file in them that ends with `.approval`.
///
/// # Errors
///
/// What cannot be read, and folders without an approval.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    for path in paths {
        let found = if path.is_dir() { in_folder(path)? } else { vec![path.clone()] };
        for file in found {
            given.push(Given { name: file.display().to_string(), octets: files::octets(&file)? });
        }
    }
    Ok(given)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| failures::file("read", folder, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        let message = format!("`{}` has no file that ends with `.{ENDING}`", folder.display());
        return Err(
            Failure::new(Turn::Author, message).hint("name the folder or the files of `rootrite approve`")
        );
    }
    Ok(found)
}

/// Those that were kept beside the log when the ceremony was begun.
///
/// # Errors
///
/// What cannot be read.
pub fn kept(folder: &Path) -> Result<Vec<Given>, Failure> {
    let paths = (1..).map(|number| folder.join(kept_name(number)));
    read(&paths.take_while(|path| path.symlink_metadata().is_ok()).collect::<Vec<_>>())
}

/// Verifies them.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub fn verify(plan: &Plan, site: Option<Digest>, given: &[Given]) -> Result<Approvals, Failure> {
    Approvals::verify(plan, site, given).map_err(|errors| refused(&errors))
}

/// Whether they are enough to begin.
///
/// # Errors
///
/// Which roles lack how many.
pub fn are_enough(approvals: &Approvals, plan: &Plan, site: Digest) -> Result<(), Failure> {
    approvals.are_enough(plan, site).map_err(|lacking| {
        Failure::several(Turn::Operators, lacking.iter().map(ToString::to_string).collect()).hint(
            "each of them: `rootrite approve SCRIPT --site SITE --person ID --key KEY -o FILE`; then `--approvals`",
        )
    })
}

fn refused(errors: &[ApprovalError]) -> Failure {
    let failure = Failure::several(Turn::Refused, errors.iter().map(with_causes).collect());
    if errors.iter().any(|error| matches!(error, ApprovalError::Other { .. })) {
        return failure.hint("a plan or site that changed is another one: it is reviewed and approved anew");
    }
    failure
}

/// How files of approvals end.
const ENDING: &str = "approval";

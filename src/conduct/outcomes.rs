//! What module processes leave beside the journal when the program dies: they are waited for, and what they tell is read.
//!
//! One file for each process, `module-<n>.outcomes` in the ceremony's own folder. Nothing of it is believed: a signature is
//! verified and compared with the open intent, a key is looked at on the token.

use std::fs;
use std::path::{Path, PathBuf};

use super::cabinet::Modules;
use crate::hsm::{Outcome, TokenError, is_at_work};

/// Hands every module process the file in which it leaves the outcome of its last call.
///
/// # Errors
///
/// [`TokenError`] if a file cannot be made or a process does not take it.
pub(super) fn keep(modules: &Modules, folder: &Path) -> Result<(), TokenError> {
    let mut number = files(folder).iter().filter_map(|path| number_of(path)).max().unwrap_or(0);
    for process in modules.processes() {
        number += 1;
        process.keep_outcomes(&folder.join(format!("{BEGINS}{number}{ENDS}")))?;
    }
    Ok(())
}

/// How many module processes of an interrupted start still work.
pub fn at_work(folder: &Path) -> usize {
    // One that cannot be asked about is waited for.
    files(folder).iter().filter(|path| is_at_work(path).unwrap_or(true)).count()
}

/// Every outcome that was left. A file that is none tells nothing: the token and the disk are looked at all the same.
pub fn left(folder: &Path) -> Vec<Outcome> {
    files(folder).iter().filter_map(|path| Outcome::read_all(path).ok()).flatten().collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| number_of(path).is_some());
    paths.sort();
    paths
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(BEGINS)?.strip_suffix(ENDS)?.parse().ok()
}

const BEGINS: &str = "module-";
const ENDS: &str = ".outcomes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_tells_nothing_and_nobody_works_on_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("module-3.outcomes"), b"no outcome\n").unwrap();
        fs::write(folder.path().join("module-x.outcomes"), b"").unwrap();
        assert_eq!(files(folder.path()).len(), 1);
        assert_eq!((at_work(folder.path()), left(folder.path()).len()), (0, 0));
        assert_eq!(at_work(Path::new("/no/such/folder")), 0);
    }
}

//! What pkilint says of the corpus, in one process of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rootrite::rule::Policy;

use crate::common::program::{run, tool_folder};
use crate::corpus::Corpus;
use crate::judge::{Mutant, Structure};

/// The findings of severity WARNING or above, by the name of the mutant. Nothing if pkilint is not there.
pub fn findings(corpus: &Corpus) -> Option<BTreeMap<String, Vec<String>>> {
    let python = tool_folder("PKILINT_BIN")?.join("python");
    let folder = tempfile::TempDir::new().unwrap();
    let (mut jobs, mut names) = (String::new(), BTreeMap::new());
    for (index, one) in judged(corpus).enumerate() {
        let file = format!("{index}.der");
        std::fs::write(folder.path().join(&file), &one.octets).unwrap();
        writeln!(jobs, "{file} {}", one.structure.lint_kind().unwrap()).unwrap();
        names.insert(file, one.name.clone());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutants/lint_all.py");
    let mut command = Command::new(python);
    let ended = run(command.arg(script).current_dir(folder.path()), jobs.as_bytes()).with(0);
    let mut found = BTreeMap::new();
    for line in ended.out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let findings = row["findings"].as_array().unwrap().iter();
        let findings = findings.map(|one| one.as_str().unwrap().to_owned()).collect();
        found.insert(names[row["file"].as_str().unwrap()].clone(), findings);
    }
    assert_eq!(found.len(), names.len(), "every structure is linted");
    Some(found)
}

/// What pkilint has a linter for: no requests, no policy of one's own, no subscribers.
pub fn judged(corpus: &Corpus) -> impl Iterator<Item = &Mutant> {
    corpus.0.iter().filter(|one| {
        let linted = !matches!(one.structure, Structure::Request) && one.structure.lint_kind().is_some();
        linted && one.policy == Policy::PublicTls
    })
}

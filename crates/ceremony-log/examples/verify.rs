//! Verifies the log of a bundle, or of a ceremony-log folder, and prints its head and what was found.
//!
//! `cargo run --example verify -- FOLDER [POLICY]`. Without a policy of your own the folder's is used: then the
//! log vouches for itself. Exit code 0 if nothing refuses the log, 5 if something does, 2 for wrong usage.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example prints what it found")]

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use ceremony_log::code::{Finding, Place};
use ceremony_log::note::Note;
use ceremony_log::policy::{Policy, Window};
use ceremony_log::state::State;
use ceremony_log::verify::{Practice, VerifyError, verify};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: verify FOLDER [POLICY]");
        return ExitCode::from(2);
    };
    let policy = arguments.next();
    if policy.is_none() {
        println!("policy    the folder's own: pin your own to know whose log this is");
    }
    match judge(&folder, &policy.unwrap_or_else(|| folder.join("policy"))) {
        Ok(findings) => {
            for finding in &findings {
                println!("{finding}");
            }
            let refused = findings.iter().any(|finding| finding.code.is_error());
            println!("{}", if refused { "refused" } else { "good" });
            ExitCode::from(if refused { 5 } else { 0 })
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(4)
        }
    }
}

/// Everything that was found, warnings too.
fn judge(folder: &Path, policy: &Path) -> Result<Vec<Finding>, Box<dyn Error>> {
    let policy = match Policy::parse(&fs::read(policy)?) {
        Ok(policy) => policy,
        Err(findings) => return Ok(findings),
    };
    let note = match Note::parse(&fs::read(folder.join("checkpoint"))?) {
        Ok(note) => note,
        Err(fault) => return Ok(vec![fault.at(Place::Checkpoint)]),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let head = match policy.judge(&note, &Window::at(now)) {
        Ok(head) => head,
        Err(findings) => return Ok(findings),
    };
    println!("origin    {}", head.checkpoint().origin);
    println!("size      {}", head.checkpoint().size);
    println!("root      {}", head.checkpoint().root);
    println!("cosigned  by {} witnesses", head.cosignatures().len());

    let mut state = State::new();
    let mut log = BufReader::new(File::open(folder.join("log.jsonl"))?);
    let verified = verify(&mut log, head, None, Practice::Warn, &mut |entry| state.follow(entry.record));
    let mut findings = match verified {
        Ok(verified) => verified.warnings().to_vec(),
        Err(VerifyError::Refused(findings)) => findings.list,
        Err(error) => return Err(error.into()),
    };
    findings.extend(state.finish().list);
    Ok(findings)
}

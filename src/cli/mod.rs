//! The command line: one subcommand per file.

mod answers;
mod check;
mod draft;
mod failures;
mod files;
mod inspect;
mod lint;
mod log;
mod new;
mod piece;
mod plain;
mod plan;
mod profile;
mod rehearse;
mod resume;
mod run;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Plans, rehearses, conducts and records scripted key ceremonies on PKCS#11 HSMs
#[derive(Debug, Parser)]
#[command(name = "rootrite", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Every subcommand; a new one is one file and one line here.
#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Check(check::Check),
    Plan(plan::Plan),
    Rehearse(rehearse::Rehearse),
    Run(run::Run),
    Resume(resume::Resume),
    Verify(verify::Verify),
    Log(log::Log),
    Inspect(inspect::Inspect),
    Lint(lint::Lint),
    #[command(subcommand)]
    Profile(profile::Profile),
    Draft(draft::Draft),
}

/// The program from its arguments to its exit code.
pub fn main() -> ExitCode {
    // The process that this program starts for a PKCS#11 module: the same binary, before anything is parsed.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == crate::hsm::CHILD_ARGUMENT) {
        return crate::hsm::child_main();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // If not even this can be printed, the exit code has to say it.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    forbid_core_dumps();
    let mut out = std::io::stdout().lock();
    let done = match arguments.command {
        Command::New(command) => command.run(&mut out),
        Command::Check(command) => command.run(&mut out),
        Command::Plan(command) => command.run(&mut out),
        Command::Rehearse(command) => command.run(&mut out),
        Command::Run(command) => command.run(&mut out),
        Command::Resume(command) => command.run(&mut out),
        Command::Verify(command) => command.run(&mut out),
        Command::Log(command) => command.run(&mut out),
        Command::Inspect(command) => command.run(&mut out),
        Command::Lint(command) => command.run(&mut out),
        Command::Profile(command) => command.run(&mut out),
        Command::Draft(command) => command.run(&mut out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => say(&failure),
    }
}

/// Says a failure on standard error; its exit code.
fn say(failure: &Failure) -> ExitCode {
    // If not even this can be printed, the exit code has to say it.
    let _ = std::io::stderr().write_all(failure.text().as_bytes());
    ExitCode::from(failure.turn().code())
}

/// No secret reaches a disk through a crash.
fn forbid_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // A system that refuses is found by `preflight`.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

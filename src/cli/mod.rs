//! The command line: one subcommand per file.

mod answers;
mod approvals;
mod approve;
mod check;
mod convert;
mod draft;
mod due;
mod encryptor;
mod export;
mod failures;
mod files;
mod hsm;
mod import;
mod inspect;
mod lint;
mod log;
mod near;
mod new;
mod piece;
mod plain;
mod plan;
mod print;
mod printer;
mod profile;
mod quiet;
mod rehearse;
mod resume;
mod run;
mod share;
mod survive;
mod verify;
mod waiting;

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use lint::lint_octets;

use crate::failure::{Failure, Turn};
use crate::hsm::Heartbeat;

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
    #[command(subcommand)]
    Convert(convert::Convert),
    Plan(plan::Plan),
    Approve(approve::Approve),
    Rehearse(rehearse::Rehearse),
    Run(run::Run),
    Resume(resume::Resume),
    Verify(verify::Verify),
    Export(Box<export::Export>),
    Import(import::Import),
    Due(due::Due),
    Log(log::Log),
    #[command(subcommand)]
    Print(print::Print),
    Inspect(inspect::Inspect),
    Lint(lint::Lint),
    #[command(subcommand)]
    Profile(profile::Profile),
    Draft(draft::Draft),
    #[command(subcommand)]
    Hsm(hsm::Hsm),
    #[command(subcommand)]
    Share(share::Share),
    Survive(survive::Survive),
}

/// The command line as data: what completions and man pages are made of.
pub fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

/// The program from its arguments to its exit code.
pub fn main() -> ExitCode {
    // The process that this program starts for a PKCS#11 module: the same binary, before anything is parsed.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == crate::hsm::CHILD_ARGUMENT) {
        return crate::hsm::child_main();
    }
    if std::env::args_os().nth(1).is_some_and(|argument| argument == encryptor::CHILD_ARGUMENT) {
        return encryptor::child_main(std::env::args_os().skip(2));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = near::with_nearest(error, &command(), std::env::args_os());
            let code = if error.use_stderr() { 2 } else { 0 };
            // If not even this can be printed, the exit code has to say it.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    if let Err(failure) = confine(&arguments.command) {
        return say(&failure);
    }
    waiting::begin();
    let mut out = std::io::stdout().lock();
    let done = match arguments.command {
        Command::New(command) => command.run(&mut out),
        Command::Check(command) => command.run(&mut out),
        Command::Convert(command) => command.run(&mut out),
        Command::Plan(command) => command.run(&mut out),
        Command::Approve(command) => command.run(&mut out),
        Command::Rehearse(command) => command.run(&mut out),
        Command::Run(command) => command.run(&mut out),
        Command::Resume(command) => command.run(&mut out),
        Command::Verify(command) => command.run(&mut out),
        Command::Import(command) => command.run(&mut out),
        Command::Due(command) => command.run(&mut out),
        Command::Export(command) => command.run(&mut out),
        Command::Log(command) => command.run(&mut out),
        Command::Print(command) => command.run(&mut out),
        Command::Inspect(command) => command.run(&mut out),
        Command::Lint(command) => command.run(&mut out),
        Command::Profile(command) => command.run(&mut out),
        Command::Draft(command) => command.run(&mut out),
        Command::Hsm(command) => command.run(&mut out),
        Command::Share(command) => command.run(&mut out),
        Command::Survive(command) => command.run(&mut out),
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

/// Denies this program the network and core dumps, whatever the command; before, where there will be modules, the thread
/// begins that starts their processes and is denied nothing.
fn confine(command: &Command) -> Result<(), Failure> {
    if matches!(
        command,
        Command::Rehearse(_) | Command::Run(_) | Command::Resume(_) | Command::Hsm(_) | Command::Import(_)
    ) {
        crate::hsm::begin_starter(heartbeat()).map_err(|error| {
            Failure::because(
                Turn::Equipment,
                "the thread that starts module processes could not begin",
                &error,
            )
        })?;
    }
    // What could not be denied is found by `preflight`.
    crate::confinement::confine_program();
    Ok(())
}

/// Says every ten seconds, to people at a terminal, that a call still takes.
fn heartbeat() -> Heartbeat {
    Heartbeat::to(|operation, waited| {
        let seconds = waited.as_secs();
        if crate::tui::beats(&operation.to_string()) {
            return;
        }
        if seconds > 0 && seconds.is_multiple_of(10) && std::io::stderr().is_terminal() {
            // A closed terminal does not stop a call.
            let _ = writeln!(std::io::stderr(), "  … {operation}: {seconds} s");
        }
    })
}

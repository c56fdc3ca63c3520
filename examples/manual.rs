//! Writes shell completions and man pages, for whoever packages the program: `cargo run --example manual -- FOLDER`.
//!
//! They are made of the command line itself, so that they say what `--help` says. The program does not carry them: it runs on
//! machines where every line that it has is reviewed.

#![allow(clippy::print_stderr, reason = "a tool of the build, on a developer's machine")]

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap_complete::Shell;

/// Writes them where the command line says.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: cargo run --example manual -- FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", Path::new(&folder).display());
            ExitCode::from(4)
        }
    }
}

/// Writes everything below a folder: `completions/` and `man1/`.
///
/// # Errors
///
/// The system's, if something cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    let (completions, pages) = (folder.join("completions"), folder.join("man1"));
    fs::create_dir_all(&completions)?;
    fs::create_dir_all(&pages)?;
    let mut command = rootrite::cli::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "rootrite", &completions)?;
    }
    clap_mangen::generate_to(command, &pages)
}

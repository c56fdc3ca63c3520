//! Running the program under test, and the programs that judge what it makes.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How a program ended, and what it said.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; nothing if it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub error: String,
}

impl Ended {
    /// The value itself, if the program ended with `code`.
    ///
    /// # Panics
    ///
    /// If it did not: with everything that it said.
    #[track_caller]
    #[must_use]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n-- output\n{}\n-- errors\n{}", self.out, self.error);
        self
    }

    /// Both streams, one after the other.
    pub fn both(&self) -> String {
        format!("{}{}", self.out, self.error)
    }
}

/// Runs the program under test in a folder, with nothing on standard input.
pub fn rootrite<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Ended {
    run(command(folder).args(arguments), b"")
}

/// The program under test, in a folder and without anybody's settings.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rootrite"));
    command.current_dir(folder);
    bare(&mut command);
    command
}

/// Runs a command to its end, with `input` on standard input.
///
/// # Panics
///
/// If it does not end in two minutes.
pub fn run(command: &mut Command, input: &[u8]) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that ends before it has read everything is no mistake of the test.
        let _ = stdin.write_all(&input);
    });
    let out = reader(child.stdout.take().unwrap());
    let error = reader(child.stderr.take().unwrap());
    let until = Instant::now() + LONGEST;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
            None => {
                child.kill().unwrap();
                break None;
            }
        }
    };
    writer.join().unwrap();
    let (out, error) = (out.join().unwrap(), error.join().unwrap());
    let status =
        status.unwrap_or_else(|| panic!("not done in {LONGEST:?}\n-- output\n{out}\n-- errors\n{error}"));
    Ended { code: status.code(), out, error }
}

fn reader(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut octets = Vec::new();
        from.read_to_end(&mut octets).unwrap();
        String::from_utf8(octets).expect("what a program says is UTF-8")
    })
}

const LONGEST: Duration = Duration::from_mins(2);

/// Runs a program that judges: from a folder or from the path. `None` says loudly that it is not there.
///
/// # Panics
///
/// In CI, where no judge may be missing.
pub fn tool<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Option<Ended> {
    let program = program.as_ref();
    if !is_there(program) {
        skipped(&format!("{} is not installed", program.display()));
        return None;
    }
    let mut command = Command::new(program);
    bare(command.current_dir(folder).args(arguments));
    Some(run(&mut command, b""))
}

/// The folder of tools that an environment variable names. `None` says loudly that there is none.
///
/// # Panics
///
/// In CI, where no judge may be missing.
pub fn tool_folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        skipped(&format!("{variable} names no folder; scripts/test sets it"));
    }
    folder
}

/// Says that a test, or a part of it, did not happen.
///
/// # Panics
///
/// In CI.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}; in CI nothing is left out");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the test harness, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
}

/// Says that a machine does not let a test do what it has to. What can be installed is not meant: see [`skipped`].
pub fn not_possible(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
}

/// No environment but the path: no user's SoftHSM, no language, no settings.
fn bare(command: &mut Command) {
    command.env_clear().env("PATH", path()).env("HOME", "/nonexistent");
}

fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn is_there(program: &OsStr) -> bool {
    let program = Path::new(program);
    program.is_file() || std::env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}

/// A new folder for what several tests of one process look at. It stays after them, until the next time.
pub fn own_folder(name: &str) -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in std::fs::read_dir(all).unwrap().filter_map(Result::ok) {
        let file = entry.file_name().to_string_lossy().into_owned();
        let process = file.strip_prefix(&format!("{name}-")).and_then(|id| id.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
            // Another run of the same tests may be faster.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = all.join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

/// The SHA-256 of octets, in hex.
pub fn sha256(octets: &[u8]) -> String {
    rootrite::digest::hex(&<sha2::Sha256 as sha2::Digest>::digest(octets))
}

//! How long a key takes to be seen, and what a frame costs, while a CRL of a million entries is made in the same process.
//!
//!     cargo bench --bench screen [-- KEYS]        500 keys unless told
//!
//! A process of its own holds a question at the screen, on a pseudo-terminal of 80 by 24 and then on one of 120 by 40, and
//! its other thread makes the CRL over and over. What is typed is timed from the key to the first octet that the terminal gets for it. A frame's cost is
//! the processor time of the screen's thread, by key. To reach: 50 ms from key to screen, 5 ms a frame.

#![expect(clippy::print_stdout, reason = "a benchmark says what it found")]

#[expect(dead_code, reason = "its own benchmarks are not run here")]
#[path = "crl.rs"]
mod crl;

use std::env;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rootrite::stage::{Expected, Line, Operators as _, Person, Question};
use rootrite::tui::{Look, Screen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crl::Outcome;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    match arguments.first().map(String::as_str) {
        Some("child") => child(),
        Some(keys) => at_both_sizes(keys.parse()?),
        None => at_both_sizes(500),
    }
}

fn at_both_sizes(keys: usize) -> Outcome {
    for (columns, rows) in [(80, 24), (120, 40)] {
        println!("{columns} by {rows}");
        measure(keys, columns, rows)?;
    }
    Ok(())
}

/// Asks, while the other thread works.
fn child() -> Outcome {
    let list = crl::list(1_000_000)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_owned();
    std::thread::spawn(move || {
        for number in 0_u64.. {
            let file = path.join(number.to_string());
            if crl::ours(&list, &file).and_then(|_| Ok(fs::remove_file(&file)?)).is_err() {
                return;
            }
        }
    });
    let mut screen = Screen::open(Look { colour: true, unicode: true })?;
    let digest = rootrite::digest::Digest::of(b"");
    let lines = (0..3)
        .flat_map(|_| [Line::new("SHA-256", digest.to_string()), Line::new("in words", digest.words())]);
    let question = Question {
        step: "1.1".into(),
        person: Person { id: "bo".into(), role: "crypto-officer".into() },
        sentence: "What is typed?".into(),
        lines: lines.collect(),
        expected: Expected::Text,
    };
    // It ends with the terminal.
    let _ = screen.ask(&question);
    Ok(())
}

fn measure(keys: usize, columns: u16, rows: u16) -> Outcome {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    tcsetwinsize(&master, Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 })?;
    let slave = File::options().read(true).write(true).open(ptsname(&master, Vec::new())?.to_str()?)?;
    let mut child = Command::new("setsid")
        .arg("--ctty")
        .arg(env::current_exe()?)
        .arg("child")
        .stdin(Stdio::from(slave.try_clone()?))
        .stdout(Stdio::from(slave.try_clone()?))
        .stderr(Stdio::inherit())
        .spawn()?;
    drop(slave);
    let mut terminal = File::from(master);
    wait_for(&mut terminal, "Enter: ")?;
    // Reads to the end and opens the answer; once it is open, nothing typed is no answer.
    for _ in 0..6 {
        terminal.write_all(b"\r")?;
        std::thread::sleep(Duration::from_millis(300));
    }
    let before = screen_time(&child)?;
    let mut waited = Vec::new();
    for number in 0..keys {
        quiet(&mut terminal)?;
        let key = [b'a' + u8::try_from(number % 26)?];
        let begun = Instant::now();
        terminal.write_all(&key)?;
        answered(&mut terminal)?;
        waited.push(begun.elapsed());
    }
    let spent = screen_time(&child)?.saturating_sub(before);
    child.kill()?;
    child.wait()?;
    waited.sort();
    let at = |part: usize| waited.get((waited.len() - 1) * part / 100).copied().unwrap_or_default();
    println!(
        "  key to screen: median {:?}, 99 of 100 within {:?}, longest {:?}; to reach 50 ms",
        at(50),
        at(99),
        at(100)
    );
    println!(
        "  processor time of a key and its frames: {:?}; to reach 5 ms",
        spent / u32::try_from(keys.max(1))?
    );
    Ok(())
}

/// Reads until a text was sent.
fn wait_for(terminal: &mut File, text: &str) -> Outcome {
    let until = Instant::now() + Duration::from_mins(1);
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        if Instant::now() > until {
            return Err(format!("`{text}` was not shown").into());
        }
        if !ready(terminal, 1_000)? {
            continue;
        }
        let mut octets = [0; 8_192];
        let count = terminal.read(&mut octets)?;
        seen.extend(octets.iter().take(count));
    }
    Ok(())
}

/// Reads what is there until nothing more comes for a while, so that a tick of the clock is no answer.
fn quiet(terminal: &mut File) -> Outcome {
    let mut octets = [0; 8_192];
    while ready(terminal, 10)? {
        let _ = terminal.read(&mut octets)?;
    }
    Ok(())
}

fn answered(terminal: &mut File) -> Outcome {
    let mut octets = [0; 8_192];
    if !ready(terminal, 5_000)? || terminal.read(&mut octets)? == 0 {
        return Err("a key was not seen in 5 s".into());
    }
    Ok(())
}

fn ready(terminal: &File, milliseconds: i64) -> Result<bool, Box<dyn std::error::Error>> {
    let timeout = Timespec { tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000 };
    let file = terminal.as_fd();
    Ok(poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&timeout))? > 0)
}

/// The processor time of the screen's thread.
fn screen_time(child: &Child) -> Result<Duration, Box<dyn std::error::Error>> {
    for task in fs::read_dir(format!("/proc/{}/task", child.id()))? {
        let path = task?.path();
        if fs::read_to_string(path.join("comm"))?.trim() == "screen" {
            // The first number is nanoseconds on a processor.
            let said = fs::read_to_string(path.join("schedstat"))?;
            let spent = said.split(' ').next().unwrap_or_default().parse()?;
            return Ok(Duration::from_nanos(spent));
        }
    }
    Err("there is no thread `screen`".into())
}

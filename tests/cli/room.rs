//! The people in the room: they read what a terminal shows and type what they are asked for.
//!
//! The program runs on a terminal of its own, made by `script` of util-linux, because it takes PINs from nowhere else.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::common::Ended;
use crate::table::{FIRST, OFFICER, Table, USER};

/// A ceremony that is going on.
pub struct Room {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    read: usize,
    /// What the last question wanted: one that is asked again does not say it again.
    last: Option<Wanted>,
}

/// A question, with everything that was shown since the last answer.
pub struct Question {
    /// What was shown.
    pub shown: String,
    /// What is wanted.
    pub wanted: Wanted,
}

/// What a question wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An exact word.
    Word(String),
    /// The words of a digest.
    Words,
    /// A signature over the file of this path.
    Signature(PathBuf),
    /// Any text.
    Text,
    /// A time.
    Time,
    /// The user's PIN of a token.
    Pin(String),
    /// The user's first PIN of a token, which the security officer gives.
    FirstPin(String),
    /// The security officer's PIN of a token.
    OfficerPin(String),
    /// A share, or what belongs to one: the prompt.
    Secret(String),
    /// Nothing but that somebody presses Enter.
    Enter,
}

impl Room {
    /// Starts the program with these arguments on a terminal.
    pub fn open(table: &Table, arguments: &str) -> Self {
        Self::open_after("", table, arguments)
    }

    /// The same, after a command of the shell.
    pub fn open_after(before: &str, table: &Table, arguments: &str) -> Self {
        let program = format!("{before}{}", env!("CARGO_BIN_EXE_rootrite"));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &format!("{program} {arguments}"), "/dev/null"])
            .current_dir(table.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script is needed: apt-get install bsdutils");
        let keyboard = child.stdin.take().unwrap();
        let mut out = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut octets) {
                copy.lock().unwrap().extend(octets[..count].iter().filter(|octet| **octet != b'\r'));
            }
        });
        Self { child, keyboard, screen, reader: Some(reader), read: 0, last: None }
    }

    /// The next question, or nothing if the program has ended.
    pub fn question(&mut self) -> Option<Question> {
        let until = Instant::now() + LONGEST;
        loop {
            let ended = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            let screen = self.screen();
            let shown = &screen[self.read..];
            if let Some(wanted) = wanted(shown, self.last.as_ref()) {
                let shown = shown.to_owned();
                self.read = screen.len();
                self.last = Some(wanted.clone());
                return Some(Question { shown, wanted });
            }
            if ended {
                return None;
            }
            assert!(Instant::now() < until, "nothing is asked for {LONGEST:?}:\n{shown}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The number of the process that the program's terminal goes with.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Answers every question as it wants to be answered, unless `other` says something else, to the program's end.
    pub fn go_on(mut self, mut other: impl FnMut(&Question) -> Option<String>) -> Ended {
        while let Some(question) = self.question() {
            let answer = other(&question).unwrap_or_else(|| usual(&question));
            self.type_line(&answer);
        }
        self.end()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let until = Instant::now() + LONGEST;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
                None => {
                    self.child.kill().unwrap();
                    panic!("it does not end:\n{}", self.screen());
                }
            }
        };
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let out = String::from_utf8(self.screen.lock().unwrap().clone()).unwrap();
        // A terminal has one stream.
        Ended { code: status.code(), out, error: String::new() }
    }

    /// Everything that was shown so far, up to the last whole character.
    fn screen(&self) -> String {
        let octets = self.screen.lock().unwrap();
        let whole = std::str::from_utf8(&octets).map_or_else(|error| error.valid_up_to(), str::len);
        String::from_utf8(octets[..whole].to_vec()).unwrap()
    }
}

/// A test that fails leaves no program behind: its terminal goes with `script`, and it ends with its terminal.
impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What people answer who agree.
pub fn usual(question: &Question) -> String {
    match &question.wanted {
        Wanted::Word(word) => word.clone(),
        Wanted::Words => {
            let words = question
                .shown
                .lines()
                .filter_map(|line| line.trim().strip_prefix("in words: "))
                .next_back()
                .unwrap();
            words.split(' ').take(4).collect::<Vec<_>>().join(" ")
        }
        Wanted::Text | Wanted::Signature(_) => "as it was seen".to_owned(),
        Wanted::Time => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            rootrite::clock::Timestamp::from_seconds(now.as_secs()).unwrap().to_string()
        }
        Wanted::Pin(_) => USER.to_owned(),
        Wanted::FirstPin(_) => FIRST.to_owned(),
        Wanted::OfficerPin(_) => OFFICER.to_owned(),
        Wanted::Secret(_) | Wanted::Enter => String::new(),
    }
}

/// What is wanted, if what is shown ends with a question.
fn wanted(shown: &str, before: Option<&Wanted>) -> Option<Wanted> {
    let last = shown.lines().next_back()?;
    if last == "  > " {
        let line = shown.lines().rev().find(|line| line.ends_with(')') && line.contains(" ("));
        let Some(line) = line else { return before.cloned() };
        return Some(match line.rsplit_once(" (")?.1 {
            text if text.starts_with("type `") => Wanted::Word(text.split('`').nth(1)?.to_owned()),
            text if text.starts_with("sign `") => Wanted::Signature(text.split('`').nth(1)?.into()),
            text if text.starts_with("type the words") => Wanted::Words,
            text if text.starts_with("such as ") => Wanted::Time,
            _ => Wanted::Text,
        });
    }
    // After a screen of its own the terminal goes back.
    let prompt = last.rsplit("\u{1b}[?1049l").next()?.trim_start();
    if prompt.starts_with("Press Enter") && (prompt.ends_with('.') || prompt.ends_with(": ")) {
        return Some(Wanted::Enter);
    }
    if prompt.ends_with(": ")
        && ["share", "passphrase", ": secret `"].iter().any(|what| prompt.contains(what))
    {
        return Some(Wanted::Secret(prompt.to_owned()));
    }
    let (before, token) = last.strip_suffix("`: ")?.rsplit_once(" of `")?;
    match before {
        before if before.ends_with("security officer's PIN") => Some(Wanted::OfficerPin(token.to_owned())),
        before if before.ends_with("user's first PIN") => Some(Wanted::FirstPin(token.to_owned())),
        before if before.ends_with(": PIN") => Some(Wanted::Pin(token.to_owned())),
        _ => None,
    }
}

const LONGEST: Duration = Duration::from_mins(2);

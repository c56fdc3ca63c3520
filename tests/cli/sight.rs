//! People at the screen: the program on a pseudo-terminal of its own, and a terminal that shows what they would see.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::table::{FIRST, OFFICER, Table, USER, now};

/// A ceremony at the screen.
pub struct Sight {
    child: Child,
    keyboard: Option<File>,
    terminal: Arc<Mutex<Terminal>>,
    reader: Option<JoinHandle<()>>,
    columns: u16,
    /// What stood in the middle when something was typed last.
    last: String,
}

/// What the terminal shows, and everything that it was ever sent.
struct Terminal {
    parser: vt100::Parser,
    octets: Vec<u8>,
}

/// What the screen waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// That somebody reads on, or opens the answer.
    Enter,
    /// An exact word.
    Word(String),
    /// The words of a digest.
    Words,
    /// A text.
    Text,
    /// A time.
    Time,
    /// The user's PIN of a token, the first one, or the security officer's.
    Pin(String),
    /// Another secret.
    Secret,
    /// That somebody who looks alone has written down what is there.
    Alone,
}

impl Sight {
    /// Starts the program with these arguments at a window of this size.
    pub fn open(table: &Table, arguments: &str, size: (u16, u16)) -> Self {
        Self::open_in(table.folder(), arguments, size, &[])
    }

    /// The same, in a folder and with more of an environment.
    pub fn open_in(
        folder: &Path,
        arguments: &str,
        (columns, rows): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        size(&master, columns, rows);
        let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        // `setsid` makes the terminal the one of a session of its own.
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_rootrite")])
            .args(arguments.split(' '))
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("setsid is needed: apt-get install util-linux");
        drop(slave);
        let keyboard = File::from(master);
        let mut out = keyboard.try_clone().unwrap();
        let parser = vt100::Parser::new(whole(rows), whole(columns), 1_000);
        let terminal = Arc::new(Mutex::new(Terminal { parser, octets: Vec::new() }));
        let shared = Arc::clone(&terminal);
        let reader = std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut octets) {
                let mut terminal = shared.lock().unwrap();
                terminal.parser.process(&octets[..count]);
                terminal.octets.extend(&octets[..count]);
            }
        });
        let (keyboard, reader) = (Some(keyboard), Some(reader));
        Self { child, keyboard, terminal, reader, columns, last: String::new() }
    }

    /// The number of the program's process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The whole screen, as lines.
    pub fn screen(&self) -> String {
        self.terminal.lock().unwrap().parser.screen().contents()
    }

    /// What stands in every cell, row after row.
    pub fn cells(&self) -> Vec<Vec<String>> {
        let terminal = self.terminal.lock().unwrap();
        let screen = terminal.parser.screen();
        let (rows, columns) = screen.size();
        let cell = |row, column| screen.cell(row, column).unwrap().contents().to_owned();
        (0..rows.get()).map(|row| (0..columns.get()).map(|column| cell(row, column)).collect()).collect()
    }

    /// Whether the program has the alternate screen.
    pub fn is_inside(&self) -> bool {
        self.terminal.lock().unwrap().parser.screen().alternate_screen()
    }

    /// Whether the terminal marks what is pasted.
    pub fn marks_pastes(&self) -> bool {
        self.terminal.lock().unwrap().parser.screen().bracketed_paste()
    }

    /// What stands in the middle: the document, what is wanted, what was typed.
    pub fn middle(&self) -> String {
        let terminal = self.terminal.lock().unwrap();
        let (left, width) = middle_of(self.columns);
        let rows: Vec<String> = terminal.parser.screen().rows(left, width).collect();
        let below = if self.columns >= WIDE { 1 } else { 5 };
        let rows = &rows[1..rows.len() - below];
        rows.iter().flat_map(|row| [row.trim_end(), "\n"]).collect()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, mut seen: impl FnMut(&Self) -> Option<T>) -> T {
        let until = Instant::now() + LONGEST;
        loop {
            if let Some(seen) = seen(self) {
                return seen;
            }
            assert!(Instant::now() < until, "not seen in {LONGEST:?}: {what}\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(4));
        }
    }

    /// Waits until a text stands somewhere on the screen, however it is wrapped.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(text, |sight| {
            (flat(&sight.middle()).contains(text) || flat(&sight.screen()).contains(text)).then_some(())
        });
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let alone = self.is_alone();
        self.last = self.middle();
        let mut keyboard = self.keyboard.as_ref().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        if alone {
            self.wait("what was for one person alone is gone", |sight| (!sight.is_alone()).then_some(()));
        }
    }

    /// Gives the window another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut terminal = self.terminal.lock().unwrap();
        terminal.parser.screen_mut().set_size(whole(rows), whole(columns));
        drop(terminal);
        self.columns = columns;
        size(self.keyboard.as_ref().unwrap(), columns, rows);
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What the system says that the program is doing: `T` is stopped.
    pub fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('-')
    }

    /// What is asked next, or nothing if the program has ended.
    pub fn asked(&mut self) -> Option<Asked> {
        let until = Instant::now() + LONGEST;
        loop {
            if self.reader.as_ref().is_none_or(JoinHandle::is_finished) {
                return None;
            }
            let middle = self.middle();
            let whole = self.is_whole() && self.middle() == middle;
            if (middle != self.last && whole || self.is_alone())
                && let Some(asked) = self.read(&middle)
            {
                return Some(asked);
            }
            assert!(Instant::now() < until, "nothing is asked for {LONGEST:?}:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the last frame came whole: it ends with the cursor, hidden or at its place.
    fn is_whole(&self) -> bool {
        let terminal = self.terminal.lock().unwrap();
        let octets = &terminal.octets;
        let Some(at) = octets.windows(5).rposition(|window| window == b"\x1b[?25") else { return true };
        match &octets[at + 5..] {
            [b'l'] => true,
            [b'h', rest @ ..] => rest.last() == Some(&b'H') && rest.len() <= 10,
            _ => false,
        }
    }

    fn is_alone(&self) -> bool {
        self.screen().contains("Press Enter when it is written down")
    }

    fn read(&self, middle: &str) -> Option<Asked> {
        if self.is_alone() {
            return Some(Asked::Alone);
        }
        let (above, below) = parts(middle)?;
        let below = flat(&below);
        if below.ends_with("(nothing typed yet; it is not shown)") {
            let above = flat(&above);
            let token = || above.rsplit("of token `").next()?.split('`').next();
            let pin = above.rfind(" of token `").is_some_and(|end| above[..end].ends_with("PIN"));
            let share = above.contains("hare of the PIN") || above.contains("hare ");
            return Some(if pin && !share { Asked::Pin(token()?.to_owned()) } else { Asked::Secret });
        }
        if below.contains("Enter: ") && !below.contains("Enter: tell") && !below.contains("Enter: pause") {
            return Some(Asked::Enter);
        }
        // Not yet what was typed.
        if !below.ends_with(" >") {
            return None;
        }
        let (_, how) = below.split_once("): ")?;
        Some(match how {
            how if how.starts_with("type the first") => Asked::Words,
            how if how.starts_with("type it in a line") => Asked::Text,
            how if how.starts_with("type a time such as") => Asked::Time,
            how => Asked::Word(how.strip_prefix("type ")?.split_once(" to go on")?.0.to_owned()),
        })
    }

    /// Answers everything as it wants to be answered, unless `other` types something else, to the program's end; its exit
    /// code.
    pub fn go_on(mut self, mut other: impl FnMut(&mut Self, &Asked) -> Option<String>) -> Gone {
        while let Some(asked) = self.asked() {
            match other(&mut self, &asked) {
                Some(keys) if keys.is_empty() => {}
                Some(keys) => self.keys(&keys),
                None => {
                    let keys = self.usual(&asked);
                    self.keys(&keys);
                }
            }
        }
        self.end()
    }

    /// What people type who agree.
    pub fn usual(&self, asked: &Asked) -> String {
        let typed = match asked {
            Asked::Enter | Asked::Alone | Asked::Secret => String::new(),
            Asked::Word(word) => word.clone(),
            Asked::Words => {
                let middle = flat(&self.middle());
                let words = middle.split("in words: ").nth(1).expect("the words are in sight");
                words.split(' ').take(4).collect::<Vec<_>>().join(" ")
            }
            Asked::Text => "as it was seen".to_owned(),
            Asked::Time => now().to_string(),
            Asked::Pin(_) => {
                let middle = flat(&self.middle());
                match () {
                    () if middle.contains("security officer's PIN") => OFFICER,
                    () if middle.contains("first PIN") => FIRST,
                    () => USER,
                }
                .to_owned()
            }
        };
        format!("{typed}\r")
    }

    /// The terminal is gone.
    pub fn hang_up(mut self) -> Gone {
        // The reader has the other handle; with it gone the master is closed.
        self.keyboard = None;
        self.signal(Signal::HUP);
        self.end()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Gone {
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
        let mut terminal = self.terminal.lock().unwrap();
        let inside = terminal.parser.screen().alternate_screen();
        let marks = terminal.parser.screen().bracketed_paste();
        terminal.parser.screen_mut().set_scrollback(usize::MAX);
        let screen = terminal.parser.screen().contents();
        terminal.parser.screen_mut().set_scrollback(0);
        let screen = format!("{screen}\n{}", terminal.parser.screen().contents());
        Gone { code: status.code(), inside, marks, screen, octets: terminal.octets.clone() }
    }
}

/// A test that fails leaves no program behind.
impl Drop for Sight {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Gone {
    /// Its exit code.
    pub code: Option<i32>,
    /// Whether it left the terminal on the alternate screen.
    pub inside: bool,
    /// Whether it left the terminal marking what is pasted.
    pub marks: bool,
    /// What stands on the terminal, what one can scroll back to included.
    pub screen: String,
    /// Everything that the terminal was ever sent.
    pub octets: Vec<u8>,
}

impl Gone {
    /// The value itself, if the program ended with `code` and gave the terminal back.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}", self.screen);
        assert!(!self.inside && !self.marks, "the terminal was not given back");
        self
    }

    /// Whether a window that kept this size ever showed the text, however short: nobody has to look at the right moment.
    pub fn showed(&self, text: &str, (columns, rows): (u16, u16)) -> bool {
        let mut parser = vt100::Parser::new(whole(rows), whole(columns), 0);
        let cursor = b"\x1b[?25";
        // What is sent of a frame ends with the cursor, hidden or at its place.
        let ends = self.octets.windows(cursor.len()).enumerate().filter(|(_, window)| window == cursor);
        let mut begin = 0;
        ends.map(|(end, _)| end).chain([self.octets.len()]).any(|end| {
            parser.process(&self.octets[std::mem::replace(&mut begin, end)..end]);
            let screen = parser.screen();
            flat(&screen.rows(middle_of(columns).0, middle_of(columns).1).collect::<Vec<_>>().join("\n"))
                .contains(text)
        })
    }
}

/// The document, and what stands below its rule.
pub fn parts(middle: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = middle.lines().collect();
    let rule = lines.iter().rposition(|line| line.starts_with("-----"))?;
    Some((lines[..rule].join("\n"), lines[rule + 1..].join("\n")))
}

/// Where the middle begins in a window so wide, and how wide it is.
const fn middle_of(columns: u16) -> (u16, u16) {
    if columns >= WIDE { (34, columns - 34 - 33) } else { (28, columns - 28) }
}

/// From here on there is a third column.
const WIDE: u16 = 110;

/// A text in one line.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn whole(size: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(size).unwrap()
}

fn size(terminal: impl std::os::fd::AsFd, columns: u16, rows: u16) {
    let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}

const LONGEST: Duration = Duration::from_mins(2);

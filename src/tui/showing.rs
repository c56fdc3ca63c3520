//! A log's checkpoints on a terminal, as QR symbols that another machine reads: `log follow --qr`.
//!
//! The symbol stands at the left, light on dark, with the margin that readers want; beside it, what it is. Frames follow each
//! other round and round. A key changes nothing but what is shown.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use ratatui::Frame as Drawing;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier, Style};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::low_level::emulate_default_handler;

use super::keys::{Decoder, Key};
use super::look::Look;
use super::signals::Signals;
use super::terminal::{Tty, has_panicked};
use super::text::one_line;
use super::watch::{Found, wait};
use crate::digest::Digest;
use crate::paper::{MARGIN, Symbol, characters};
use crate::relay::{Following, Frame, Head, News, SequenceId, cut};

/// How frames are shown.
#[derive(Clone, Copy, Debug)]
pub struct Showing {
    /// How many records the other machine has already.
    pub from: u64,
    /// The largest version of symbol.
    pub largest: u8,
    /// How long each frame stands.
    pub each: Duration,
    /// After how many rounds the next checkpoint is shown, if one waits.
    pub rounds: u32,
}

/// Shows the checkpoints of the log in a folder until somebody presses `q`.
///
/// # Errors
///
/// The system's, if there is no terminal, or the log cannot be read.
pub fn show(folder: &Path, showing: Showing, look: Look) -> io::Result<()> {
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    let signals = Signals::register(&wake)?;
    let mut tty = Tty::open()?;
    let mut canvas = tty.canvas()?;
    let mut presenter = Presenter::of(Following::of(folder), showing, look);
    let mut decoder = Decoder::default();
    let mut looked: Option<Instant> = None;
    while !presenter.over && !has_panicked() {
        if signals.came(SIGHUP) || signals.came(SIGTERM) || signals.came(SIGINT) {
            break;
        }
        if signals.came(SIGTSTP) {
            tty.leave();
            // Stops here, until somebody says that the program goes on.
            let _ = emulate_default_handler(SIGTSTP);
            tty.enter()?;
            canvas.clear()?;
        }
        if signals.came(SIGCONT) {
            canvas.clear()?;
        }
        signals.came(SIGWINCH);
        if looked.is_none_or(|looked| looked.elapsed() >= AGAIN) {
            presenter.look()?;
            looked = Some(Instant::now());
        }
        let size = canvas.size()?;
        presenter.fit(size.width, size.height);
        presenter.turn(Instant::now());
        canvas.draw(|frame| presenter.draw(frame))?;
        match wait(&tty, &woken, TICK) {
            Found::Key(octet) => {
                if let Some(key) = decoder.push(octet) {
                    presenter.press(key);
                }
            }
            Found::Nothing => {
                if let Some(key) = decoder.pause() {
                    presenter.press(key);
                }
            }
            Found::Woken => {}
            Found::End => break,
        }
    }
    tty.leave();
    Ok(())
}

/// What is shown, without a terminal.
struct Presenter {
    following: Following,
    showing: Showing,
    look: Look,
    /// The checkpoints, in their order: what is shown and what waits.
    heads: Vec<Head>,
    place: usize,
    /// Whether records are shown from the first one on.
    all: bool,
    begun: bool,
    frames: Vec<Frame>,
    symbol: Option<Symbol>,
    at: usize,
    round: u32,
    since: Option<Instant>,
    size: (u16, u16),
    version: Option<u8>,
    notices: VecDeque<String>,
    over: bool,
}

impl Presenter {
    fn of(following: Following, showing: Showing, look: Look) -> Self {
        Self {
            following,
            showing,
            look,
            heads: Vec::new(),
            place: 0,
            all: false,
            begun: false,
            frames: Vec::new(),
            symbol: None,
            at: 0,
            round: 0,
            since: None,
            size: (0, 0),
            version: None,
            notices: VecDeque::new(),
            over: false,
        }
    }

    /// Looks at the log.
    fn look(&mut self) -> io::Result<()> {
        for news in self.following.look()? {
            match news {
                News::Head(head) if head.checkpoint.size >= self.showing.from => self.heads.push(head),
                News::Record(_) | News::Head(_) => {}
                News::Shorter { had, has } => {
                    self.notice(format!("the log has become shorter: {has} of {had} records are left"));
                }
                News::Differs { line } => {
                    self.heads.retain(|head| head.checkpoint.size < line);
                    self.notice(format!("record {line} is not the one that was there before: E133"));
                }
                News::Wrong(why) => self.notice(why),
            }
        }
        if !self.begun && !self.heads.is_empty() {
            // What was there before is shown at once, by its newest head.
            self.heads = self.heads.split_off(self.heads.len() - 1);
            self.begun = true;
            self.pack();
        }
        if self.place >= self.heads.len() {
            self.place = self.heads.len().saturating_sub(1);
        }
        Ok(())
    }

    fn notice(&mut self, text: String) {
        self.notices.truncate(MOST_NOTICES - 1);
        self.notices.push_front(text);
    }

    /// How large the terminal is.
    fn fit(&mut self, columns: u16, rows: u16) {
        if self.size != (columns, rows) {
            self.size = (columns, rows);
            let version = largest(columns, rows, self.showing.largest);
            if self.version != version {
                self.version = version;
                self.pack();
            }
        }
    }

    /// The frames of the checkpoint that is shown.
    fn pack(&mut self) {
        self.frames.clear();
        (self.at, self.round, self.since, self.symbol) = (0, 0, None, None);
        let (Some(head), Some(room)) = (self.heads.get(self.place), self.version.and_then(characters)) else {
            return;
        };
        let before = self.place.checked_sub(1).and_then(|place| self.heads.get(place));
        let old = match before {
            _ if self.all => 0,
            Some(before) => before.checkpoint.size,
            None => self.showing.from,
        };
        let packed =
            self.following.sequence(old.min(head.checkpoint.size), head).map_err(|error| error.to_string());
        let packed = packed.and_then(|sequence| sequence.pack().map_err(|error| error.to_string()));
        let made = packed.and_then(|packed| {
            let log = self.following.log().ok_or("the log is gone")?;
            let sequence = SequenceId::of(log, head.checkpoint.size, &packed);
            cut(sequence, &packed, room)
                .ok_or_else(|| "it takes too many frames; make the terminal larger".into())
        });
        match made {
            Ok(frames) => self.frames = frames,
            Err(why) => {
                self.notice(format!("the checkpoint over {} cannot be shown: {why}", head.checkpoint.size));
            }
        }
        self.make();
    }

    fn make(&mut self) {
        let text = self.frames.get(self.at).map(ToString::to_string);
        self.symbol =
            text.zip(self.version).and_then(|(text, version)| Symbol::of_version(&text, version).ok());
    }

    /// The next frame, if it is time.
    fn turn(&mut self, now: Instant) {
        match self.since {
            None => self.since = Some(now),
            Some(since) if now.saturating_duration_since(since) >= self.showing.each => {
                self.since = Some(now);
                self.at += 1;
                if self.at >= self.frames.len() {
                    (self.at, self.round) = (0, self.round + 1);
                    if self.round >= self.showing.rounds && self.waiting() > 0 {
                        return self.go(1);
                    }
                }
                self.make();
            }
            Some(_) => {}
        }
    }

    /// How many checkpoints wait.
    fn waiting(&self) -> usize {
        self.heads.len().saturating_sub(self.place + 1)
    }

    /// To another checkpoint.
    fn go(&mut self, by: isize) {
        if let Some(place) = self.place.checked_add_signed(by).filter(|place| *place < self.heads.len()) {
            self.place = place;
            self.all = false;
            self.pack();
        }
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Char('q') | Key::Interrupt => self.over = true,
            Key::Enter | Key::Char('n') => self.go(1),
            Key::Char('b') => self.go(-1),
            Key::Char('a') => {
                self.all = !self.all;
                self.pack();
            }
            Key::Char('+') => self.showing.each = (self.showing.each / 2).max(FASTEST),
            Key::Char('-') => self.showing.each = (self.showing.each * 2).min(SLOWEST),
            _ => {}
        }
    }

    fn draw(&self, drawing: &mut Drawing<'_>) {
        let style = if self.look.colour {
            Style::new().fg(Color::White).add_modifier(Modifier::BOLD)
        } else {
            Style::new().add_modifier(Modifier::BOLD)
        };
        let mut left = 0;
        if let Some(symbol) = &self.symbol {
            let side = symbol.side() + 2 * MARGIN;
            left = u16::try_from(side).unwrap_or(u16::MAX).saturating_add(1);
            for row in 0..side.div_ceil(2) {
                for column in 0..side {
                    let light = |y: usize| y < side && !is_dark(symbol, column, y);
                    let sign = match (light(2 * row), light(2 * row + 1)) {
                        (true, true) => "█",
                        (true, false) => "▀",
                        (false, true) => "▄",
                        (false, false) => " ",
                    };
                    put(drawing, column, row, sign, style);
                }
            }
        }
        let width = usize::from(self.size.0.saturating_sub(left));
        for (row, line) in self.lines().iter().flat_map(|line| wrapped(line, width)).enumerate() {
            for (column, sign) in line.chars().enumerate() {
                let mut octets = [0; 4];
                put(drawing, usize::from(left) + column, row, sign.encode_utf8(&mut octets), Style::new());
            }
        }
    }

    /// What stands beside the symbol.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec!["rootrite log follow --qr".to_owned(), String::new()];
        if self.version.is_none() {
            lines.push(format!("The terminal is too small for a symbol: it needs {LEAST_COLUMNS} columns and {LEAST_ROWS} rows"));
        }
        match self.heads.get(self.place) {
            None => lines.push(format!("{} records, and no checkpoint yet", self.following.size())),
            Some(head) => {
                let root = Digest::from_octets(*head.checkpoint.root.octets());
                lines.push(one_line(&head.checkpoint.origin));
                lines.push(format!("head     over {} records", head.checkpoint.size));
                lines.push(format!("frame    {} of {}", self.at + 1, self.frames.len()));
                lines.push(format!("round    {}", self.round + 1));
                lines.push(format!("waiting  {}", self.waiting()));
                lines.push(String::new());
                lines.push(root.first_words());
                lines.push(String::new());
            }
        }
        lines.push("Enter next  b back".to_owned());
        lines.push("a from the first record".to_owned());
        lines.push("+ faster  - slower  q end".to_owned());
        for notice in &self.notices {
            lines.extend([String::new(), one_line(notice)]);
        }
        lines
    }
}

fn is_dark(symbol: &Symbol, column: usize, row: usize) -> bool {
    match (column.checked_sub(MARGIN), row.checked_sub(MARGIN)) {
        (Some(column), Some(row)) => symbol.is_dark(column, row),
        _ => false,
    }
}

fn put(drawing: &mut Drawing<'_>, column: usize, row: usize, sign: &str, style: Style) {
    let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(row)) else { return };
    if let Some(cell) = drawing.buffer_mut().cell_mut(Position { x, y }) {
        cell.set_symbol(sign).set_style(style);
    }
}

/// A line in pieces of a width, cut at spaces where there are some.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let long = word.trim_end().chars().count();
        if used > 0 && used + long > width && long <= width {
            pieces.push(String::new());
            used = 0;
        }
        for sign in word.chars() {
            if used >= width.max(1) {
                pieces.push(String::new());
                used = 0;
            }
            pieces.last_mut().iter_mut().for_each(|piece| piece.push(sign));
            used += 1;
        }
    }
    pieces
}

/// The largest version of symbol that a terminal shows with its margin and what stands beside it.
fn largest(columns: u16, rows: u16, most: u8) -> Option<u8> {
    let fits = |version: &u8| {
        let side = 17 + 4 * u16::from(*version) + 8;
        side + BESIDE <= columns && side.div_ceil(2) <= rows
    };
    (SMALLEST..=most).rev().find(fits)
}

/// The smallest version: what is smaller has hardly room for more than a frame's head.
const SMALLEST: u8 = 3;
/// Columns beside the symbol.
const BESIDE: u16 = 28;
/// What the smallest version takes.
const LEAST_COLUMNS: u16 = 17 + 4 * 3 + 8 + BESIDE;
const LEAST_ROWS: u16 = 19;
/// How often the log is looked at.
const AGAIN: Duration = Duration::from_millis(250);
/// Milliseconds after which it is seen whether the next frame is due.
const TICK: i64 = 25;
/// The shortest and the longest time that a frame stands.
const FASTEST: Duration = Duration::from_millis(50);
const SLOWEST: Duration = Duration::from_secs(10);
/// How many notices are kept.
const MOST_NOTICES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_as_large_as_the_terminal_and_the_person_allow() {
        for (columns, rows, most, wanted) in [
            (80, 24, 13, Some(5)),
            (80, 24, 4, Some(4)),
            (120, 40, 13, Some(13)),
            (120, 40, 20, Some(13)),
            (200, 60, 20, Some(20)),
            (LEAST_COLUMNS, LEAST_ROWS, 13, Some(3)),
            (LEAST_COLUMNS - 1, LEAST_ROWS, 13, None),
            (LEAST_COLUMNS, LEAST_ROWS - 1, 13, None),
            (0, 0, 20, None),
        ] {
            assert_eq!(largest(columns, rows, most), wanted, "{columns} {rows} {most}");
        }
    }

    #[test]
    fn a_line_is_cut_at_its_spaces() {
        assert_eq!(wrapped("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("example.org/ceremony-log", 10), ["example.or", "g/ceremony", "-log"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
    }
}

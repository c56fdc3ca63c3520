//! The screen's thread: draws, reads keys, hears the ceremony and signals. Nothing of it is waited for by a signature.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, TryRecvError};

use ratatui::Terminal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::low_level::emulate_default_handler;

use super::canvas::Canvas;
use super::desk::Desk;
use super::frame::{Geometry, draw};
use super::keys::{Decoder, Key};
use super::look::Look;
use super::signals::Signals;
use super::talk::Message;
use super::terminal::{Tty, has_panicked};
use crate::progress;

/// Everything that the thread has.
pub struct Watch {
    tty: Tty,
    canvas: Terminal<Canvas>,
    desk: Desk,
    decoder: Decoder,
    look: Look,
    messages: Receiver<Message>,
    wake: UnixStream,
    signals: Signals,
    alone: bool,
}

impl Watch {
    /// Takes everything that the thread has.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn new(
        tty: Tty,
        look: Look,
        messages: Receiver<Message>,
        wake: UnixStream,
        signals: Signals,
    ) -> io::Result<Self> {
        let canvas = tty.canvas()?;
        let size = canvas.size()?;
        let desk = Desk::new(Geometry::of(size.width, size.height));
        let decoder = Decoder::default();
        Ok(Self { tty, canvas, desk, decoder, look, messages, wake, signals, alone: false })
    }

    /// Watches to the end: the ceremony's, or that nobody is there any more.
    pub fn run(mut self) {
        let mut drawn = false;
        while !self.desk.is_over() && !has_panicked() {
            self.see_to_signals();
            drawn &= !self.hear();
            let wait = if !drawn {
                0
            } else if self.decoder.is_waiting() {
                SEQUENCE
            } else {
                TICK
            };
            let found = self.wait(wait);
            match found {
                Found::Key(octet) => {
                    if let Some(key) = self.decoder.push(octet) {
                        self.press(key);
                    }
                    drawn = false;
                }
                Found::Nothing if drawn => {
                    if let Some(key) = self.decoder.pause() {
                        self.press(key);
                    }
                    drawn = false;
                }
                Found::Nothing => {
                    // A terminal that cannot be drawn on shows at the next key.
                    let _ = self.draw();
                    drawn = true;
                }
                Found::Woken => drawn = false,
                Found::End => self.desk.leave(),
            }
        }
        self.tty.leave();
        if self.desk.is_left() {
            self.tty.say("The screen is left; the program finishes what is under way and stops at the next question.\r\n");
        }
    }

    /// Messages of the ceremony; whether there were any.
    fn hear(&mut self) -> bool {
        let mut heard = false;
        loop {
            match self.messages.try_recv() {
                Ok(message) => {
                    if self.desk.hear(message) {
                        self.forget_typed();
                    }
                    heard = true;
                }
                Err(TryRecvError::Empty) => return heard,
                Err(TryRecvError::Disconnected) => {
                    self.desk.hear(Message::Stopped);
                    return true;
                }
            }
        }
    }

    /// What was typed and not read is for nobody. It is read to its end: the rest of a paste would be taken for keys.
    fn forget_typed(&mut self) {
        for _ in 0..MOST_FORGOTTEN {
            let Found::Key(octet) = typed(&self.tty) else { break };
            let _ = self.decoder.push(octet);
        }
        self.decoder.spoil();
    }

    fn see_to_signals(&mut self) {
        if self.signals.came(SIGHUP) || self.signals.came(SIGTERM) {
            self.desk.leave();
        }
        if self.signals.came(SIGINT) {
            self.press(Key::Interrupt);
        }
        if self.signals.came(SIGTSTP) {
            self.tty.leave();
            // Stops here, until somebody says that the program goes on.
            let _ = emulate_default_handler(SIGTSTP);
            self.come_back();
        }
        if self.signals.came(SIGCONT) {
            self.come_back();
        }
        // Looked at before every frame.
        self.signals.came(SIGWINCH);
    }

    fn come_back(&mut self) {
        // A terminal that is gone shows at the next key.
        let _ = self.tty.enter().and_then(|()| self.canvas.clear());
        self.alone = false;
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Redraw if self.desk.alone().is_none() => {
                let _ = self.canvas.clear();
            }
            Key::Pasted => {
                if let Some(paste) = self.decoder.pasted() {
                    self.desk.paste(&paste);
                }
            }
            _ => self.desk.press(key),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        if let Some(delivery) = self.desk.alone() {
            if !self.alone {
                self.alone = true;
                self.tty.show_alone(delivery)?;
            }
            return Ok(());
        }
        if std::mem::take(&mut self.alone) {
            self.canvas.clear()?;
        }
        let size = self.canvas.size()?;
        self.desk.resize(Geometry::of(size.width, size.height));
        self.desk.count(progress::under_way());
        let (desk, look) = (&self.desk, self.look);
        self.canvas.draw(|frame| draw(desk, look, frame))?;
        Ok(())
    }

    /// Waits for a key, a message or a signal.
    fn wait(&mut self, milliseconds: i64) -> Found {
        wait(&self.tty, &self.wake, milliseconds)
    }
}

/// Waits for a key of a terminal or for whatever wakes, less than a second.
pub fn wait(tty: &Tty, mut wake: &UnixStream, milliseconds: i64) -> Found {
    let timeout = Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
    let mut ready = [PollFd::new(tty.file(), PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
    match poll(&mut ready, Some(&timeout)) {
        Ok(0) => return Found::Nothing,
        Ok(_) => {}
        // A signal: its flag is looked at first.
        Err(rustix::io::Errno::INTR) => return Found::Woken,
        Err(_) => return Found::End,
    }
    let [terminal, woken] = ready.map(|ready| ready.revents());
    if !woken.is_empty() {
        // How many octets there are means nothing.
        let _ = wake.read(&mut [0; 64]);
        return Found::Woken;
    }
    if terminal.is_empty() {
        return Found::Nothing;
    }
    read(tty)
}

/// What was typed already; nothing is waited for.
fn typed(tty: &Tty) -> Found {
    let mut ready = [PollFd::new(tty.file(), PollFlags::IN)];
    match poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(1..) => read(tty),
        Ok(0) => Found::Nothing,
        // Whatever it is, it shows at the next key.
        Err(_) => Found::End,
    }
}

fn read(tty: &Tty) -> Found {
    match tty.read() {
        Ok(Some(octet)) => Found::Key(octet),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Found::Woken,
        Ok(None) | Err(_) => Found::End,
    }
}

/// What was waited for.
pub enum Found {
    /// An octet that was typed.
    Key(u8),
    /// Something that was sent, or a signal.
    Woken,
    /// Nothing in that time.
    Nothing,
    /// The terminal is gone.
    End,
}

/// Octets that are forgotten at once: many times what a terminal keeps.
const MOST_FORGOTTEN: usize = 1 << 20;
/// Milliseconds after which the clock is drawn anew.
const TICK: i64 = 250;
/// Milliseconds in which the rest of a sequence follows.
const SEQUENCE: i64 = 40;

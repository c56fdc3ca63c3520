//! The screen at which people hold a ceremony. It talks to people, and to nothing else: it never sees a token.
//!
//! The ceremony runs in its own thread and the screen in another. What happens is sent to the screen and not waited for;
//! what is asked is waited for, by the ceremony alone. A terminal that hangs holds up nothing but the next question.
//!
//! The rules of this folder:
//! - No single key answers anything. An answer is opened, typed letter by letter, and judged by the rule that prompts and
//!   files of answers are judged by (`text.rs`).
//! - A secret is typed and shown by code of its own (`field.rs`, `terminal.rs`) and is in nothing that is drawn.
//! - Nothing is told by colour alone.
//!
//! A new screen is one file in `screen/` and one line in its list.

mod canvas;
mod desk;
mod document;
mod field;
mod frame;
mod keys;
mod look;
mod model;
mod paste;
#[cfg(test)]
mod random_keys;
mod screen;
mod showing;
mod signals;
mod talk;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod watch;

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use zeroize::Zeroizing;

pub use look::Look;
pub use showing::{Showing, show};
pub use text::{judge, one_line, said};

use signals::Signals;
use talk::{Delivery, Message, SecretKind, SecretQuestion, Seen};
use terminal::Tty;
use watch::Watch;

use crate::secret::SecretOctets;
use crate::stage::{
    Line, NoAnswer, Notice, Operators, Overview, Pin, PinKind, PinPurpose, PinRequest, Programme, Question,
    ShareDelivery, SharePurpose, ShareRequest, SharedSecret,
};

/// A screen, for as long as this lives.
pub struct Screen {
    wire: Wire,
    thread: Option<JoinHandle<()>>,
}

/// How the screen's thread is reached.
#[derive(Clone)]
struct Wire {
    messages: Sender<Message>,
    wake: std::sync::Arc<UnixStream>,
}

impl Wire {
    /// Sends something; whether somebody hears it.
    fn send(&self, message: Message) -> bool {
        let sent = self.messages.send(message).is_ok();
        // A pipe that is full wakes as well.
        let _ = (&*self.wake).write(&[0]);
        sent
    }
}

impl Screen {
    /// Takes the terminal and shows the screen.
    ///
    /// # Errors
    ///
    /// If there is no terminal that it can be shown on.
    pub fn open(look: Look) -> io::Result<Self> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let signals = Signals::register(&wake)?;
        let tty = Tty::open()?;
        let (messages, heard) = channel();
        let watch = Watch::new(tty, look, heard, woken, signals)?;
        let thread = std::thread::Builder::new().name("screen".into()).spawn(move || watch.run())?;
        let wire = Wire { messages, wake: wake.into() };
        *listener() = Some(wire.clone());
        Ok(Self { wire, thread: Some(thread) })
    }

    /// The ceremony has come to its end: the screen stays until somebody has read it.
    pub fn end(self) {
        // A screen that was left has nothing to be read.
        let _ = self.ask("the end", Message::Ended);
    }

    /// Asks the screen and waits; a screen that is gone answers nothing.
    fn ask<T>(
        &self,
        what: &str,
        message: impl FnOnce(Sender<Result<T, NoAnswer>>) -> Message,
    ) -> Result<T, NoAnswer> {
        let (reply, answer) = channel();
        self.wire.send(message(reply));
        answer.recv().unwrap_or_else(|_| Err(NoAnswer::Ended { question: what.to_owned() }))
    }

    fn ask_secret(&self, question: SecretQuestion) -> Result<SecretOctets, NoAnswer> {
        let what = question.sentence.clone();
        self.ask(&what, |reply| Message::AskSecret(Box::new(question), reply))
    }

    /// The parts of a PIN, typed by one after the other.
    fn typed_by_all(&self, request: &PinRequest, again: bool) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
        // It does not grow: that would leave a copy behind.
        let mut whole = Zeroizing::new(Vec::with_capacity(Pin::MAX_OCTETS + 1));
        let halves = request.people.len();
        for (place, person) in (1..).zip(&request.people) {
            let of = if request.kind == PinKind::Named { "secret" } else { "token" };
            let mut lines = vec![Line::new(of, request.token.clone())];
            if !request.tries.is_empty() {
                lines.push(Line::new("tries", request.tries.clone()));
            }
            if halves > 1 {
                let place: usize = place;
                lines.push(Line::new("part", format!("{place} of {halves}; each person types one")));
            }
            let once_more = if again { ", once more: nobody saw it" } else { "" };
            let new = if request.purpose == PinPurpose::New { "A new " } else { "The " };
            let sentence = format!("{new}{}{once_more}", request.kind.of(&request.token));
            let question = SecretQuestion {
                kind: SecretKind::Pin,
                pin: request.kind,
                person: person.clone(),
                sentence,
                lines,
                empty: None,
            };
            let part = self.ask_secret(question)?;
            // One octet more than a PIN may have, so that what is too long is said to be so.
            let room = Pin::MAX_OCTETS + 1 - whole.len();
            part.expose(|octets| whole.extend(octets.iter().take(room)));
        }
        Ok(whole)
    }

    fn wrong(&mut self, sentence: String) {
        self.show(&Notice::Wrong { sentence });
    }
}

impl Operators for Screen {
    fn begin(&mut self, programme: &Programme) {
        self.wire.send(Message::Programme(Box::new(programme.clone())));
    }

    fn observe(&mut self, overview: &Overview<'_>) {
        self.wire.send(Message::Seen(Box::new(Seen::of(overview))));
    }

    fn show(&mut self, notice: &Notice) {
        self.wire.send(Message::Notice(notice.clone()));
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        Self::ask(self, &question.sentence, |reply| Message::Ask(question.clone(), reply))
    }

    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        loop {
            let first = Pin::read(&self.typed_by_all(request, false)?);
            let again = match request.purpose {
                PinPurpose::New if first.is_ok() => Some(Pin::read(&self.typed_by_all(request, true)?)),
                _ => None,
            };
            match (first, again) {
                (Ok(first), Some(Ok(again))) if first.is_same(&again) => return Ok(first),
                (Ok(_), Some(_)) => {
                    self.wrong("the second one is not the first one; wanted the same PIN twice".into());
                }
                (Ok(first), None) => return Ok(first),
                (Err(error), _) => self.wrong(error.to_string()),
            }
        }
    }

    fn deliver(&mut self, delivery: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        let ShareDelivery { of, person, set_id, index, count, share, .. } = delivery;
        let (which, takes) = (delivery.which(), delivery.takes());
        let sentence = format!("Share {index} of {count} of {of}, for {}", said(person));
        let what = match of {
            SharedSecret::Key { .. } => "Write down every word with its number",
            _ => "Write down every group. The last character of each checks it",
        };
        let salt = delivery.salt.map_or_else(String::new, |salt| format!(", and the salt {salt}"));
        let above = format!("{}: {which} of {of}, set {set_id}; {takes}.\n{what}{salt}.", said(person));
        let secret = share.expose(SecretOctets::read);
        let secret = secret.ok_or_else(|| NoAnswer::Ended { question: sentence.clone() })?;
        let delivery = Delivery { person: person.clone(), sentence, above, secret };
        let what = delivery.sentence.clone();
        Self::ask(self, &what, |reply| Message::Deliver(Box::new(delivery), reply))
    }

    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        let (of, person) = (&request.of, request.person.clone());
        let mut lines = Vec::new();
        let (sentence, empty) = match request.purpose {
            SharePurpose::ReadBack { index } => {
                if let Some(member) = request.division().member(index) {
                    lines.push(Line::new("that is", member.said()));
                }
                (format!("Share {index} of {of}, as it was written down"), "shows it once more")
            }
            SharePurpose::Login { given, .. } => {
                if !request.tries.is_empty() {
                    lines.push(Line::new("tries", request.tries.clone()));
                }
                lines.push(Line::new("shares given", format!("{given} of {}", request.threshold)));
                (format!("A share of {of}"), "goes on without this holder")
            }
        };
        let typed = self.ask_secret(SecretQuestion {
            kind: SecretKind::Share,
            pin: PinKind::User,
            person,
            sentence,
            lines,
            empty: Some(empty),
        })?;
        Ok(Some(typed).filter(|typed| !typed.is_empty()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        *listener() = None;
        self.wire.send(Message::Stopped);
        if let Some(thread) = self.thread.take() {
            // Its panic was said when it happened.
            let _ = thread.join();
        }
    }
}

/// Tells the screen that a call of a module still takes; whether there is a screen to tell.
pub fn beats(what: &str) -> bool {
    listener().as_ref().is_some_and(|wire| wire.send(Message::Beat(what.to_owned())))
}

/// Whether a screen shows how far the work is.
pub fn is_shown() -> bool {
    listener().is_some()
}

fn listener() -> MutexGuard<'static, Option<Wire>> {
    LISTENER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who hears that a call takes long: calls are made deep below the ceremony, by a thread that knows no screen.
static LISTENER: Mutex<Option<Wire>> = Mutex::new(None);

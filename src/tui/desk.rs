//! The interface without a terminal: what is asked, what is typed, what is to be seen. Keys and messages go in, answers go out.
//!
//! The rules of this file:
//! - A letter is an answer only after somebody has opened the answer with Enter; before, it is a key of the interface or nothing.
//! - The answer opens only once the card has been seen to its end.
//! - Nothing but what is expected goes on: what was typed is judged here, letter by letter, by the same rule as everywhere.
//! - A question that nobody can answer any more is ended, never answered.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::document::{Document, Laid};
use super::field::{Field, SecretField};
use super::frame::Geometry;
use super::keys::Key;
use super::model::{Card, Model};
use super::paste::Paste;
use super::screen;
use super::talk::{Delivery, Message, SecretKind, SecretQuestion};
use super::text::{judge, said};
use crate::digest::words::words_at;
use crate::progress::Reading;
use crate::secret::SecretOctets;
use crate::stage::{Aside, Expected, NoAnswer, Question};

/// What is on the table, and how it is being answered.
pub struct Desk {
    /// What is known of the ceremony.
    pub model: Model,
    open: Option<Open>,
    mode: Mode,
    /// The answer that was being typed when somebody was asked whether to stop.
    kept: Option<Mode>,
    page: Option<Page>,
    scroll: usize,
    note: Option<String>,
    geometry: Geometry,
    /// When the program went to work; nothing: the clock stands.
    since: Option<Instant>,
    beat: Option<String>,
    counted: Option<Reading>,
    left: bool,
    over: bool,
}

/// What somebody is asked for.
pub enum Open {
    /// An answer.
    Question(Question, Sender<Result<String, NoAnswer>>),
    /// A secret.
    Secret(Box<SecretQuestion>, Sender<Result<SecretOctets, NoAnswer>>),
    /// To look at something alone.
    Delivery {
        /// What.
        delivery: Box<Delivery>,
        /// Where to say that it was seen.
        reply: Sender<Result<(), NoAnswer>>,
        /// Whether it is on the screen.
        shown: bool,
    },
    /// To read the end.
    Ended(Sender<Result<(), NoAnswer>>),
}

/// What keys do.
pub enum Mode {
    /// They turn pages and open things.
    Reading,
    /// They are an answer.
    Typing(Field),
    /// They are a secret.
    Hidden(SecretField),
    /// They answer the interface itself.
    Sure(Sure, Field),
}

/// What somebody is asked before a key does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// To tell an exception.
    Exception,
    /// To pause.
    Pause,
    /// To leave.
    Leave,
}

/// A page in front of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// What conducts the ceremony, and what it will do.
    Identity,
    /// What keys do.
    Help,
    /// The log.
    Log,
    /// What was shown to be compared: which, counted from the newest.
    Inspect(usize),
}

impl Desk {
    /// An empty table, seen at a size.
    pub fn new(geometry: Geometry) -> Self {
        Self {
            model: Model::default(),
            open: None,
            mode: Mode::Reading,
            kept: None,
            page: None,
            scroll: 0,
            note: None,
            geometry,
            since: Some(Instant::now()),
            beat: None,
            counted: None,
            left: false,
            over: false,
        }
    }

    /// The window has another size. What was typed stays.
    pub fn resize(&mut self, geometry: Geometry) {
        if self.geometry != geometry {
            self.geometry = geometry;
            let last = self.last_scroll();
            // Whoever types has read to the end, and goes on seeing it.
            let types = matches!(self.mode, Mode::Typing(_) | Mode::Hidden(_));
            self.scroll = if types { last } else { self.scroll.min(last) };
        }
    }

    /// Takes in what the ceremony says. `true`: what was typed before is for nobody.
    pub fn hear(&mut self, message: Message) -> bool {
        match message {
            Message::Programme(programme) => {
                self.model.take_programme(*programme);
                self.turn_to(Some(Page::Identity));
            }
            Message::Seen(seen) => self.model.take_seen(*seen),
            Message::Notice(notice) => {
                self.model.take_notice(notice);
                self.follow();
            }
            Message::Beat(what) => self.beat = Some(what),
            Message::Ask(question, reply) => return self.lay(Open::Question(question, reply)),
            Message::AskSecret(question, reply) => return self.lay(Open::Secret(question, reply)),
            Message::Deliver(delivery, reply) => {
                return self.lay(Open::Delivery { delivery, reply, shown: false });
            }
            Message::Ended(reply) => {
                self.model.take_end();
                return self.lay(Open::Ended(reply));
            }
            Message::Stopped => self.over = true,
        }
        false
    }

    /// Nobody answers any more: what is asked ends, and so does what will be asked.
    pub fn leave(&mut self) {
        self.left = true;
        (self.mode, self.kept) = (Mode::Reading, None);
        if let Some(open) = self.open.take() {
            end(open);
        }
    }

    /// Whether the screen is not wanted any more.
    pub const fn is_over(&self) -> bool {
        self.over || self.left
    }

    /// Whether nobody answers any more.
    pub const fn is_left(&self) -> bool {
        self.left
    }

    /// What only the person in front of the screen is to see, while it is shown.
    pub fn alone(&self) -> Option<&Delivery> {
        match &self.open {
            Some(Open::Delivery { delivery, shown: true, .. }) => Some(delivery),
            _ => None,
        }
    }

    /// What is asked.
    pub const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// What keys do.
    pub const fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The page in front.
    pub const fn page(&self) -> Option<Page> {
        self.page
    }

    /// How many rows of the document are above the window.
    pub const fn scroll(&self) -> usize {
        self.scroll
    }

    /// What is wrong with the last answer.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// How long nobody has been asked anything, and what the program waits for.
    pub fn work(&self) -> Option<(Duration, String)> {
        if self.open.is_some() {
            return None;
        }
        let what = match (&self.counted, &self.beat, &self.model.waiting) {
            (Some(counted), ..) => format!("{counted}."),
            (None, _, Some(waiting)) => waiting.clone(),
            (None, Some(what), None) => format!("The token is at work: {what}."),
            (None, None, None) => "The program is at work.".to_owned(),
        };
        Some((self.since.map_or(Duration::ZERO, |since| since.elapsed()), what))
    }

    /// How far the work is that is under way, if anything is counted.
    pub const fn count(&mut self, counted: Option<Reading>) {
        self.counted = counted;
    }

    /// Stops the clocks: what a test draws does not depend on when, nor on how fast the machine is.
    #[cfg(test)]
    pub fn stop_clock(&mut self) {
        self.model.stop_clock();
        self.since = None;
    }

    /// What stands in the middle.
    pub fn document(&self) -> Document {
        screen::document(self)
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) {
        if matches!(self.open, Some(Open::Delivery { shown: true, .. })) {
            if key == Key::Enter {
                self.answer_delivery();
            }
            return;
        }
        match key {
            Key::Interrupt => return self.be_sure(Sure::Leave),
            Key::Suspend => {
                let first = if matches!(self.mode, Mode::Reading) { "" } else { "Esc, then " };
                self.note = Some(format!("{first}`p` pauses the ceremony and locks the screen"));
                return;
            }
            _ => {}
        }
        let leaves = self.tells_exception();
        match &mut self.mode {
            Mode::Reading => self.read_on(key),
            Mode::Typing(field) => match key {
                Key::Escape if leaves => self.decline(),
                Key::Escape => self.mode = Mode::Reading,
                Key::Enter => self.answer(),
                Key::Tab => self.complete(),
                _ => field.press(key),
            },
            Mode::Hidden(field) => {
                let of_words = matches!(&self.open, Some(Open::Secret(question, _)) if question.kind == SecretKind::Share);
                if of_words && matches!(key, Key::Enter | Key::Tab | Key::Char(' ')) {
                    screen::share::complete(field);
                }
                match key {
                    Key::Escape => self.mode = Mode::Reading,
                    Key::Enter => self.answer_secret(),
                    _ => field.press(key),
                }
            }
            Mode::Sure(sure, field) => match (key, *sure) {
                (Key::Escape, _) => self.back(),
                (Key::Enter, Sure::Leave) if field.text() == LEAVE => self.leave(),
                (Key::Enter, Sure::Leave) => {
                    self.note = Some(format!("wanted exactly `{LEAVE}`; Esc goes back"));
                }
                (Key::Enter, Sure::Exception) => self.put_off(Aside::Exception),
                (Key::Enter, Sure::Pause) => self.put_off(Aside::Pause),
                _ => field.press(key),
            },
        }
    }

    /// Takes what was pasted, as if it had been typed letter by letter, into the one line that is open. It answers nothing.
    pub fn paste(&mut self, paste: &Paste) {
        if self.alone().is_some() {
            return;
        }
        let room = match &self.mode {
            Mode::Typing(field) | Mode::Sure(Sure::Leave, field) => field.room(),
            // One that is too full says so at Enter.
            Mode::Hidden(_) => usize::MAX,
            Mode::Reading | Mode::Sure(Sure::Exception | Sure::Pause, _) => {
                self.note = Some("a paste was not taken, since no answer is open".into());
                return;
            }
        };
        match paste.line() {
            Ok(line) if line.chars().count() > room => {
                self.note = Some(format!("a paste was not taken, since there is room for {room} characters"));
            }
            Ok(line) => {
                self.note = None;
                line.chars().for_each(|character| self.press(Key::Char(character)));
            }
            Err(why) => self.note = Some(why),
        }
    }

    /// Puts something on the table. What was typed before it came is for nobody.
    fn lay(&mut self, open: Open) -> bool {
        if self.left {
            end(open);
            return false;
        }
        if let Open::Question(question, _) = &open
            && !question.lines.is_empty()
        {
            let (step, sentence) = (question.step.clone(), question.sentence.clone());
            self.model.keep_card(Card { step, sentence, lines: question.lines.clone() });
        }
        self.open = Some(open);
        (self.mode, self.kept) = (Mode::Reading, None);
        self.note = None;
        self.beat = None;
        self.model.waiting = None;
        // Behind a page nothing can be answered; whoever reads it goes on reading, and loses no key.
        if self.page.is_none() {
            self.scroll = 0;
        }
        self.page.is_none()
    }

    fn read_on(&mut self, key: Key) {
        self.note = None;
        let page = self.geometry.window().saturating_sub(1).max(1);
        match key {
            Key::Char('?' | 'h') => self.turn_to(Some(Page::Help)),
            Key::Char('l') => self.turn_to(Some(Page::Log)),
            Key::Char('i') => self.turn_to(Some(Page::Inspect(0))),
            Key::Char('b') => self.turn_to(Some(Page::Identity)),
            Key::Char('q') => self.be_sure(Sure::Leave),
            Key::Char('e') => self.aside(Sure::Exception),
            Key::Char('p') => self.aside(Sure::Pause),
            Key::Escape if self.page.is_some() => self.turn_to(None),
            Key::Escape if self.tells_exception() => self.decline(),
            Key::Up => self.scroll_to(self.scroll.saturating_sub(1)),
            Key::Down => self.scroll_to(self.scroll + 1),
            Key::PageUp => self.scroll_to(self.scroll.saturating_sub(page)),
            Key::PageDown | Key::Char(' ') => self.turn(),
            Key::Home => self.scroll_to(0),
            Key::End => self.scroll_to(usize::MAX),
            Key::Left => self.browse(1),
            Key::Right => self.browse(-1),
            Key::Enter => self.enter(),
            _ => {}
        }
    }

    /// Enter turns the page; on the last one it goes on.
    fn enter(&mut self) {
        if self.scroll < self.last_scroll() {
            return self.turn();
        }
        if self.page.is_some() {
            return self.turn_to(None);
        }
        match &mut self.open {
            Some(Open::Question(..)) => self.mode = Mode::Typing(Field::default()),
            Some(Open::Secret(..)) => self.mode = Mode::Hidden(SecretField::default()),
            Some(Open::Delivery { shown, .. }) => *shown = true,
            Some(Open::Ended(_)) => {
                if let Some(open) = self.open.take() {
                    end(open);
                }
                self.over = true;
            }
            None => {}
        }
    }

    fn answer(&mut self) {
        let (Some(Open::Question(question, _)), Mode::Typing(field)) = (&self.open, &mut self.mode) else {
            return;
        };
        let typed = field.text();
        let answer = if typed == "no" {
            return self.decline();
        } else if let Some(aside) = Aside::of(&typed) {
            Err(NoAnswer::Aside(aside))
        } else if let Err(why) = judge(&question.expected, &typed) {
            if matches!(question.expected, Expected::Word(_) | Expected::OneOf(_)) {
                field.clear();
            }
            self.note = Some(why);
            return;
        } else {
            Ok(typed)
        };
        self.give(answer);
    }

    /// Whether somebody is to say what is otherwise than the script says, and can leave it.
    pub fn tells_exception(&self) -> bool {
        matches!(&self.open, Some(Open::Question(question, _)) if question.expected == Expected::Exception)
    }

    fn decline(&mut self) {
        if let Some(Open::Question(question, _)) = &self.open {
            let (person, question) = (said(&question.person), question.sentence.clone());
            self.give(Err(NoAnswer::Declined { person, question }));
        }
    }

    /// Gives the answer to whoever asked; what was told before it has been read.
    fn give(&mut self, answer: Result<String, NoAnswer>) {
        if let Some(Open::Question(_, reply)) = self.open.take() {
            // A ceremony that is gone does not wait for it.
            let _ = reply.send(answer);
        }
        self.go_on();
    }

    fn answer_secret(&mut self) {
        let (Some(Open::Secret(question, _)), Mode::Hidden(field)) = (&self.open, &mut self.mode) else {
            return;
        };
        if field.is_full() {
            *field = SecretField::default();
            self.note = Some(format!("found more than {} octets; type it again", SecretOctets::MAX_OCTETS));
            return;
        }
        if !field.is_begun() && question.empty.is_none() {
            self.note = Some("found nothing; type it, nothing of it is shown".into());
            return;
        }
        let typed = field.take();
        if let Some(Open::Secret(_, reply)) = self.open.take() {
            let _ = reply.send(Ok(typed));
        }
        self.go_on();
    }

    fn answer_delivery(&mut self) {
        if let Some(Open::Delivery { reply, .. }) = self.open.take() {
            let _ = reply.send(Ok(()));
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        (self.mode, self.kept) = (Mode::Reading, None);
        self.note = None;
        self.scroll = 0;
        self.since = self.since.map(|_| Instant::now());
        self.model.told.clear();
    }

    /// Completes the last word from the list of words that digests are read aloud in: never from the expected ones.
    fn complete(&mut self) {
        let (Some(Open::Question(question, _)), Mode::Typing(field)) = (&self.open, &mut self.mode) else {
            return;
        };
        let text = field.text();
        let words = text.split(' ').count();
        let last = text.rsplit(' ').next().unwrap_or_default();
        if matches!(question.expected, Expected::Words(_)) && !last.is_empty() {
            match completions(last, words).as_slice() {
                [only] => {
                    let kept = text.strip_suffix(last).unwrap_or_default();
                    field.set(&format!("{kept}{only} "));
                }
                [] => self.note = Some(format!("no word of the list begins with `{last}`")),
                several => self.note = Some(several.join(", ")),
            }
        }
    }

    fn be_sure(&mut self, sure: Sure) {
        self.note = None;
        let before = std::mem::replace(&mut self.mode, Mode::Sure(sure, Field::default()));
        if matches!(before, Mode::Typing(_) | Mode::Hidden(_)) {
            self.kept = Some(before);
        }
    }

    /// What can be said in the place of an answer needs a question.
    fn aside(&mut self, sure: Sure) {
        match &self.open {
            Some(Open::Question(..) | Open::Secret(..) | Open::Delivery { .. }) => self.be_sure(sure),
            Some(Open::Ended(_)) => {
                let why = "the ceremony has ended; what was otherwise goes into the report by hand";
                self.note = Some(why.into());
            }
            None => self.note = Some("the program is at work; at the next question it can be said".into()),
        }
    }

    fn put_off(&mut self, aside: Aside) {
        let answer = NoAnswer::Aside(aside);
        // A ceremony that is gone does not wait for it.
        let _ = match self.open.take() {
            Some(Open::Question(_, reply)) => reply.send(Err(answer)).is_ok(),
            Some(Open::Secret(_, reply)) => reply.send(Err(answer)).is_ok(),
            Some(Open::Delivery { reply, .. }) => reply.send(Err(answer)).is_ok(),
            other => {
                self.open = other;
                false
            }
        };
        self.go_on();
    }

    /// Back to what was being typed, if something was.
    fn back(&mut self) {
        self.mode = self.kept.take().unwrap_or(Mode::Reading);
        self.note = None;
    }

    fn turn_to(&mut self, page: Option<Page>) {
        self.page = page;
        self.scroll = 0;
        // The newest record is the last one.
        if page == Some(Page::Log) {
            self.scroll = self.last_scroll();
        }
    }

    /// The card before this one, or after it.
    fn browse(&mut self, by: isize) {
        if let Some(Page::Inspect(which)) = self.page {
            let last = self.model.cards.len().saturating_sub(1);
            let which = which.saturating_add_signed(by).min(last);
            self.turn_to(Some(Page::Inspect(which)));
        }
    }

    fn scroll_to(&mut self, row: usize) {
        self.scroll = row.min(self.last_scroll());
    }

    fn turn(&mut self) {
        self.scroll = self.laid().next(self.scroll, self.geometry.window());
    }

    /// While the program is at work, what it tells is followed to its end.
    fn follow(&mut self) {
        if self.open.is_none() && self.page.is_none() {
            self.scroll = self.last_scroll();
        }
    }

    fn laid(&self) -> Laid {
        self.document().lay(self.geometry.width())
    }

    fn last_scroll(&self) -> usize {
        self.laid().last(self.geometry.window())
    }
}

/// The words of the list that a place can have and that begin so.
fn completions(begins: &str, place: usize) -> Vec<&'static str> {
    let begins = begins.to_ascii_lowercase();
    let all = words_at(place.saturating_sub(1));
    let fits = all.filter(|word| word.to_ascii_lowercase().starts_with(&begins));
    fits.take(MOST_COMPLETIONS).collect()
}

/// Ends what was asked; nobody has answered it.
fn end(open: Open) {
    let ended = |question: String| NoAnswer::Ended { question };
    // A ceremony that is gone does not wait for any of them.
    let _ = match open {
        Open::Question(question, reply) => reply.send(Err(ended(question.sentence))).is_ok(),
        Open::Secret(question, reply) => reply.send(Err(ended(question.sentence))).is_ok(),
        Open::Delivery { delivery, reply, .. } => reply.send(Err(ended(delivery.sentence))).is_ok(),
        Open::Ended(reply) => reply.send(Ok(())).is_ok(),
    };
}

/// What is typed to leave.
pub const LEAVE: &str = "leave";
/// Words that are named at most.
const MOST_COMPLETIONS: usize = 8;

//! What the screen knows of the ceremony: the programme, where it is, and what was told.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::talk::Seen;
use crate::clock::Timestamp;
use crate::stage::{Head, Line, Notice, Person, Programme, ProgrammeStep, StepTimes, TokenState, TokenView};

/// Everything that is known.
#[derive(Default)]
pub struct Model {
    /// What the ceremony will do.
    pub programme: Option<Programme>,
    /// Where it is, since the last record.
    pub seen: Option<Seen>,
    /// When that was.
    seen_at: Option<Instant>,
    /// The step that is being done.
    pub step: Option<String>,
    /// What was told since the last answer.
    pub told: Vec<Notice>,
    /// The records, the newest last.
    pub records: VecDeque<Record>,
    /// What was shown to be compared, the newest last.
    pub cards: VecDeque<Card>,
    /// What is being waited for, as the program says it.
    pub waiting: Option<String>,
}

/// A record, as a line.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The event.
    pub event: String,
    /// Who.
    pub actor: String,
    /// What it says.
    pub data: String,
}

/// What was shown to be compared.
#[derive(Clone, Debug)]
pub struct Card {
    /// The step that it belongs to.
    pub step: String,
    /// What it is about.
    pub sentence: String,
    /// The fields.
    pub lines: Vec<Line>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was done.
    Done,
    /// It is being done.
    Now,
    /// It comes later.
    Later,
}

impl Model {
    /// Takes in what the ceremony will do.
    pub fn take_programme(&mut self, programme: Programme) {
        self.programme = Some(programme);
    }

    /// Takes in where it is.
    pub fn take_seen(&mut self, seen: Seen) {
        if self.records.len() == MOST_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(Record {
            seq: seen.seq,
            at: seen.at,
            event: seen.event.clone(),
            actor: seen.actor.clone(),
            data: seen.data.clone(),
        });
        self.seen_at = Some(Instant::now());
        self.seen = Some(seen);
    }

    /// Takes in what happened.
    pub fn take_notice(&mut self, notice: Notice) {
        self.waiting = None;
        match &notice {
            Notice::Step { number, .. } => self.step = Some(number.clone()),
            Notice::Waiting { sentence } => self.waiting = Some(sentence.clone()),
            Notice::Done { sentence, lines } if !lines.is_empty() => {
                let step = self.step.clone().unwrap_or_else(|| "-".into());
                self.keep_card(Card { step, sentence: sentence.clone(), lines: lines.clone() });
            }
            _ => {}
        }
        if !matches!(notice, Notice::Waiting { .. }) {
            if self.told.len() == MOST_TOLD {
                self.told.remove(0);
            }
            self.told.push(notice);
        }
    }

    /// The ceremony has ended: nobody is logged in to any token any more.
    pub fn take_end(&mut self) {
        for token in self.seen.iter_mut().flat_map(|seen| &mut seen.tokens) {
            if token.state == TokenState::LoggedIn {
                token.state = TokenState::LoggedOut;
            }
        }
    }

    /// Keeps what was shown to be compared.
    pub fn keep_card(&mut self, card: Card) {
        if self.cards.len() == MOST_CARDS {
            self.cards.pop_front();
        }
        self.cards.push_back(card);
    }

    /// Whether it is practice, as far as anybody has said.
    pub fn is_practice(&self) -> bool {
        self.programme.as_ref().is_some_and(|programme| programme.practice)
    }

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &ProgrammeStep> {
        self.programme.iter().flat_map(|programme| &programme.acts).flat_map(|act| &act.steps)
    }

    /// The step that is being done.
    pub fn current(&self) -> Option<&ProgrammeStep> {
        let number = self.step.as_deref()?;
        self.steps().find(|step| step.number == number)
    }

    /// When a step began and ended.
    pub fn times(&self, number: &str) -> StepTimes {
        self.seen.as_ref().and_then(|seen| seen.steps.get(number)).copied().unwrap_or_default()
    }

    /// How far a step is.
    pub fn progress(&self, number: &str) -> Progress {
        let times = self.times(number);
        match (times.ended, self.step.as_deref() == Some(number)) {
            (Some(_), _) => Progress::Done,
            (None, true) => Progress::Now,
            (None, false) => Progress::Later,
        }
    }

    /// How many steps are done, how many there are, and the minutes that the others take by experience.
    pub fn how_far(&self) -> (usize, usize, u32) {
        let done = self.steps().filter(|step| self.progress(&step.number) == Progress::Done).count();
        let left = self.steps().filter(|step| self.progress(&step.number) != Progress::Done);
        (done, self.steps().count(), left.map(|step| step.minutes).sum())
    }

    /// Who is in the room.
    pub fn present(&self) -> &[Person] {
        self.seen.as_ref().map_or(&[], |seen| &seen.present)
    }

    /// Each role that has to be there: how many are, and how many have to be.
    pub fn quorum(&self) -> Vec<(&str, usize, usize)> {
        let wanted = self.programme.iter().flat_map(|programme| &programme.quorum);
        let here = |role: &str| self.present().iter().filter(|person| person.role == role).count();
        wanted.map(|(role, wanted)| (role.as_str(), here(role), *wanted)).collect()
    }

    /// The tokens.
    pub fn tokens(&self) -> &[TokenView] {
        self.seen.as_ref().map_or(&[], |seen| &seen.tokens)
    }

    /// The log's head.
    pub fn head(&self) -> Option<Head> {
        self.seen.as_ref().map(|seen| seen.head)
    }

    /// The ceremony's time, and the time since this session began.
    pub fn clock(&self) -> Option<(Timestamp, Duration)> {
        let since = self.seen_at.map_or(Duration::ZERO, |at| at.elapsed());
        let seen = self.seen.as_ref()?;
        Some((seen.at.plus(since.as_secs()).unwrap_or(seen.at), seen.elapsed + since))
    }

    /// Stops the clock where the last record was: what a test draws does not depend on when.
    #[cfg(test)]
    pub fn stop_clock(&mut self) {
        self.seen_at = None;
    }
}

/// Records that can be looked at.
const MOST_RECORDS: usize = 2_000;
/// Cards that can be looked at.
const MOST_CARDS: usize = 200;
/// Notices between two answers.
const MOST_TOLD: usize = 200;

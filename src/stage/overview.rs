//! A ceremony as somebody sees it who follows: what it will do, and where it is. Nothing of it can be changed from there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::equipment::{Device, Equipment};
use super::event::{Event, Module};
use super::journal::{Entry, Head};
use super::operators::Person;
use super::past::Past;
use super::{Cabinet, Stage};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// What a ceremony will do, and by what: known before its first record.
#[derive(Clone, Debug)]
pub struct Programme {
    /// The ceremony's id.
    pub ceremony: String,
    /// Its title.
    pub title: String,
    /// Whether it is practice.
    pub practice: bool,
    /// Whether it was begun before, and goes on.
    pub resumed: bool,
    /// The plan's digest: what people approve.
    pub plan_sha256: Digest,
    /// The site's.
    pub site_sha256: Digest,
    /// This program's own.
    pub tool_sha256: Digest,
    /// This program's version.
    pub tool_version: String,
    /// The machine's name.
    pub host: String,
    /// The PKCS#11 modules, by digest.
    pub modules: Vec<Module>,
    /// First and last second of the script's window.
    pub window: (Timestamp, Timestamp),
    /// Everybody of the script.
    pub people: Vec<Person>,
    /// How many of each role have to be there.
    pub quorum: BTreeMap<String, usize>,
    /// The acts, in order.
    pub acts: Vec<ProgrammeAct>,
}

/// An act.
#[derive(Clone, Debug)]
pub struct ProgrammeAct {
    /// Its title.
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<ProgrammeStep>,
}

/// A step.
#[derive(Clone, Debug)]
pub struct ProgrammeStep {
    /// Act and step, both from 1: `2.1`.
    pub number: String,
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub preview: String,
    /// Why ceremonies have it, in a sentence; empty if nobody has said.
    pub why: &'static str,
    /// Minutes that it takes by experience.
    pub minutes: u32,
}

/// Where a ceremony is, after a record.
#[derive(Debug)]
pub struct Overview<'o> {
    /// The record: who, when, what.
    pub entry: &'o Entry,
    /// Its number.
    pub seq: u64,
    /// When steps began and ended, by number.
    pub steps: &'o BTreeMap<String, StepTimes>,
    /// Who is in the room.
    pub present: &'o [Person],
    /// The tokens.
    pub tokens: Vec<TokenView>,
    /// The log's head.
    pub head: Head,
}

/// When a step began and ended, as far as it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepTimes {
    /// When it began.
    pub begun: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl StepTimes {
    /// How long it took, once it has ended.
    pub fn took(&self) -> Option<Duration> {
        let (begun, ended) = (self.begun?, self.ended?);
        Some(Duration::from_secs(ended.seconds().saturating_sub(begun.seconds())))
    }

    fn take_in(steps: &mut BTreeMap<String, Self>, at: Timestamp, step: &str, begins: bool) {
        let times = steps.entry(step.to_owned()).or_default();
        if begins {
            times.begun.get_or_insert(at);
        } else {
            times.ended.get_or_insert(at);
        }
    }
}

/// A token as it is seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// The script's name for it.
    pub name: String,
    /// `hardware` or `software`.
    pub class: String,
    /// What it is doing.
    pub state: TokenState,
    /// Wrong PINs since the last good one.
    pub wrong: u32,
}

/// What a token is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It has to be initialised first.
    Blank,
    /// Nobody is logged in.
    LoggedOut,
    /// Somebody is.
    LoggedIn,
}

impl TokenView {
    fn of(name: &str, equipment: &Equipment) -> Self {
        let state = match (&equipment.device, equipment.is_logged_in()) {
            (Device::Blank(_), _) => TokenState::Blank,
            (Device::Ready(_), true) => TokenState::LoggedIn,
            (Device::Ready(_), false) => TokenState::LoggedOut,
        };
        let (name, class) = (name.to_owned(), equipment.class.clone());
        Self { name, class, state, wrong: equipment.wrong }
    }

    fn all(cabinet: &Cabinet) -> Vec<Self> {
        cabinet.iter().map(|(name, equipment)| Self::of(name, equipment)).collect()
    }
}

impl Stage<'_> {
    /// Tells whoever follows the ceremony that a record was stored.
    pub(super) fn tell_followers(&mut self, entry: &Entry, seq: u64) {
        match &entry.event {
            Event::StepBegin { step, .. } => StepTimes::take_in(&mut self.steps, entry.at, step, true),
            Event::StepEnd { step } => StepTimes::take_in(&mut self.steps, entry.at, step, false),
            _ => {}
        }
        let tokens = TokenView::all(&self.cabinet);
        let (steps, present, head) = (&self.steps, self.present.as_slice(), self.journal.head());
        self.operators.observe(&Overview { entry, seq, steps, present, tokens, head });
    }

    /// When the steps of an interrupted ceremony began and ended.
    pub(super) fn steps_of(past: &Past) -> BTreeMap<String, StepTimes> {
        let mut steps = BTreeMap::new();
        for record in past.records() {
            let Some(step) = record.text("step") else { continue };
            if matches!(record.ev.as_str(), "step.begin" | "step.end") {
                StepTimes::take_in(&mut steps, record.at, step, record.ev == "step.begin");
            }
        }
        steps
    }
}

//! What the ceremony's thread and the screen's say to each other.
//!
//! The ceremony never waits for the terminal but where it waits for a person: everything else is sent and forgotten.

use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::secret::SecretOctets;
use crate::stage::{
    Head, NoAnswer, Notice, Overview, Person, PinKind, Programme, Question, StepTimes, TokenView,
};
use std::collections::BTreeMap;

/// From the ceremony to the screen.
pub enum Message {
    /// What the ceremony will do.
    Programme(Box<Programme>),
    /// Where it is.
    Seen(Box<Seen>),
    /// What happened.
    Notice(Notice),
    /// A question.
    Ask(Question, Sender<Result<String, NoAnswer>>),
    /// A question whose answer nobody is to see.
    AskSecret(Box<SecretQuestion>, Sender<Result<SecretOctets, NoAnswer>>),
    /// Something that one person alone is to see.
    Deliver(Box<Delivery>, Sender<Result<(), NoAnswer>>),
    /// A call of a module takes long.
    Beat(String),
    /// The ceremony has come to its end; the screen stays until somebody has read it.
    Ended(Sender<Result<(), NoAnswer>>),
    /// The ceremony stopped; the screen goes at once.
    Stopped,
}

/// An overview, kept.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The record's number.
    pub seq: u64,
    /// The ceremony's time.
    pub at: Timestamp,
    /// Time since the session began.
    pub elapsed: Duration,
    /// The event's name.
    pub event: String,
    /// What it says.
    pub data: String,
    /// Who did it.
    pub actor: String,
    /// When steps began and ended.
    pub steps: BTreeMap<String, StepTimes>,
    /// Who is in the room.
    pub present: Vec<Person>,
    /// The tokens.
    pub tokens: Vec<TokenView>,
    /// The log's head.
    pub head: Head,
}

impl Seen {
    /// What is to be kept of an overview.
    pub fn of(overview: &Overview<'_>) -> Self {
        let entry = overview.entry;
        let (event, data) = entry.event.name_and_data();
        Self {
            seq: overview.seq,
            at: entry.at,
            elapsed: entry.elapsed,
            event,
            data: data.to_string(),
            actor: entry.actor.id.clone(),
            steps: overview.steps.clone(),
            present: overview.present.to_vec(),
            tokens: overview.tokens.clone(),
            head: overview.head,
        }
    }
}

/// A question whose answer nobody is to see.
#[derive(Clone, Debug)]
pub struct SecretQuestion {
    /// What kind of secret it is.
    pub kind: SecretKind,
    /// Which PIN, if it is one.
    pub pin: PinKind,
    /// Who types it.
    pub person: Person,
    /// What it is, a sentence.
    pub sentence: String,
    /// What to look at before.
    pub lines: Vec<crate::stage::Line>,
    /// Whether nothing is an answer too, and what it says then.
    pub empty: Option<&'static str>,
}

/// What kind of secret is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A PIN, or a part of one.
    Pin,
    /// A share.
    Share,
}

/// Something that one person alone is to see.
pub struct Delivery {
    /// Who.
    pub person: Person,
    /// What it is, a sentence.
    pub sentence: String,
    /// What stands above it.
    pub above: String,
    /// It.
    pub secret: SecretOctets,
}

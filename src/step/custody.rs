//! `custody`: things that are kept in sealed bags between ceremonies. BR §5.1.2, §6.2.6 to §6.2.8.
//!
//! The rules of this file:
//! - A bag that is opened is the one that the log says was sealed last, by its number. Another number ends the ceremony.
//! - Nothing is sealed that is sealed already, and nothing opened that is open: found while planning, over all ceremonies of
//!   the log.
//! - Two people at least: one reads the number, the others agree to it.
//! - Numbers are for the annex; the log has their salted digests.

use serde::{Deserialize, Serialize};

use super::{Bag, Room, Scope, Step, StepError, spec};
use crate::digest::Digest;
use crate::script::{Id, Located};
use crate::stage::{Bagged, Event, Expected, Line, Notice, Person};

spec!(
    /// `custody: {open: card-1, by: [bo, wim]}` or `custody: {seal: card-1, by: [bo, wim]}`
    Spec {
        /// What is taken out of its bag,
        open: Option<Located<Id>> = optional "open",
        /// or put into a new one.
        seal: Option<Located<Id>> = optional "seal",
        /// Who does it, and who sees it.
        by: Vec<Located<Id>> = list "by",
    }
);

/// A thing is taken out of its bag, or put into a new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Custody {
    item: String,
    direction: Direction,
    people: Vec<Person>,
}

/// Out or in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Open,
    Seal,
}

impl Step for Custody {
    const NAME: &'static str = "custody";
    const ABOUT: &'static str = "a thing is taken out of its sealed bag, or put into a new one";
    const WHY: &'static str = "A device that was alone with somebody proves nothing: its bag does. BR 5.1.2.";
    const MINUTES: u32 = 4;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let people: Vec<Option<Person>> = spec.by.iter().map(|name| scope.person(name)).collect();
        let people: Vec<Person> = people.into_iter().collect::<Option<_>>()?;
        let (item, direction) = match (spec.open, spec.seal) {
            (Some(item), None) => (item, Direction::Open),
            (None, Some(item)) => (item, Direction::Seal),
            _ => {
                scope.wrong("one of `open` and `seal` is wanted: what is done with the thing");
                return None;
            }
        };
        let repeated =
            people.iter().enumerate().any(|(place, one)| people.iter().take(place).any(|other| other == one));
        if people.len() < 2 || repeated {
            scope.wrong(
                "`by` wants two people or more, each once: one reads the bag's number, the others see it",
            );
            return None;
        }
        let name = item.value.to_string();
        let (bag, problem) = match (direction, scope.ledger.possessions.bag(&name)) {
            (Direction::Open, Some(Bag::Open(_))) => {
                (None, Some("was opened before and has not been sealed since"))
            }
            (Direction::Seal, Some(Bag::Sealed(_))) => {
                (None, Some("is sealed and has not been opened since"))
            }
            (Direction::Open, _) => (Some(Bag::Open(None)), None),
            (Direction::Seal, _) => (Some(Bag::Sealed(None)), None),
        };
        if let Some(why) = problem {
            scope.problems.add(item.place, format!("`{name}` {why}"));
        }
        scope.ledger.possessions.put(&name, bag?);
        Some(Self { item: name, direction, people })
    }

    fn preview(&self) -> String {
        let people: Vec<&str> = self.people.iter().map(|person| person.id.as_str()).collect();
        match self.direction {
            Direction::Open => format!("Open the bag of `{}`: {}.", self.item, people.join(", ")),
            Direction::Seal => format!("Seal `{}` in a new bag: {}.", self.item, people.join(", ")),
        }
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let digest = match self.before(room) {
            // The log has it from before an interruption.
            Some(digest) => digest,
            None => self.handle(room)?,
        };
        let bag = match self.direction {
            Direction::Open => Bag::Open(Some(digest)),
            Direction::Seal => Bag::Sealed(Some(digest)),
        };
        room.ledger.possessions.put(&self.item, bag);
        Ok(())
    }
}

impl Custody {
    /// What this step recorded before an interruption.
    fn before(&self, room: &Room<'_, '_>) -> Option<Digest> {
        let event = match self.direction {
            Direction::Open => "custody.opened",
            Direction::Seal => "custody.sealed",
        };
        room.stage.said(event)?.digest("bag_digest")
    }

    /// The number is read, compared with the log's and agreed to; the digest under which the log has it.
    fn handle(&self, room: &mut Room<'_, '_>) -> Result<Digest, StepError> {
        let known = match room.ledger.possessions.bag(&self.item) {
            Some(Bag::Sealed(digest) | Bag::Open(digest)) => digest,
            None => None,
        };
        let number = self.read_number(known, room)?;
        let bag_digest = match (self.direction, known) {
            (Direction::Open, Some(known)) => {
                self.is_same(known, &number, room)?;
                known
            }
            _ => room.stage.annex(&format!("bag of {}", self.item), &number)?,
        };
        let bagged = Bagged {
            item: self.item.clone(),
            bag_digest,
            previous_bag_digest: known,
            people: self.people.iter().map(|person| person.id.clone()).collect(),
        };
        let event = match self.direction {
            Direction::Open => Event::CustodyOpened(bagged),
            Direction::Seal => Event::CustodySealed(bagged),
        };
        room.stage.record(event)?;
        let sentence = match (self.direction, known) {
            (Direction::Open, None) => "The log knows of no bag before this one.",
            (Direction::Open, Some(_)) => "It is the bag that was sealed last.",
            (Direction::Seal, _) => "The next ceremony will ask for this number.",
        };
        let lines = vec![Line::new("thing", self.item.clone()), Line::new("bag", number)];
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(bag_digest)
    }

    /// One reads the number from the bag; the others see bag and number, and agree.
    fn read_number(&self, known: Option<Digest>, room: &mut Room<'_, '_>) -> Result<String, StepError> {
        let (sentence, agree) = match self.direction {
            Direction::Open => {
                ("What is the number on the bag, and is the bag whole? Do not open it yet.", "whole")
            }
            Direction::Seal => ("What is the number on the new bag? It is sealed first.", "sealed"),
        };
        let mut lines = vec![Line::new("thing", self.item.clone())];
        lines.extend(known.map(|digest| Line::new("annex", digest.to_string())));
        let missing = || StepError::Quorum { role: "custody".into(), present: 0, wanted: 2 };
        let (first, others) = self.people.split_first().ok_or_else(missing)?;
        let number = room.stage.question(first.clone(), sentence, lines, Expected::Text)?;
        for person in others {
            let lines = vec![Line::new("thing", self.item.clone()), Line::new("bag", number.clone())];
            let sentence = "Is this the number on the bag, and is the bag whole?";
            room.stage.question(person.clone(), sentence, lines, Expected::Word(agree))?;
        }
        Ok(number)
    }

    /// The number is the one that was written down when the bag was sealed.
    fn is_same(&self, known: Digest, number: &str, room: &Room<'_, '_>) -> Result<(), StepError> {
        let custody = |why: String| StepError::Custody { item: self.item.clone(), why };
        match room.stage.annexed(known)? {
            Some(sealed) if sealed == number => Ok(()),
            Some(sealed) => {
                Err(custody(format!("the bag has the number `{number}`; it was sealed in `{sealed}`")))
            }
            None => Err(custody(format!(
                "the annex on this medium does not have the item {known}, the bag's number"
            ))),
        }
    }
}

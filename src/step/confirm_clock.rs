//! `confirm-clock`: the ceremony clock against the clocks of people. BR §5.4.1 (each record has its time).

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::clock::Timestamp;
use crate::script::Located;
use crate::stage::{Event, Expected, Line, Notice, Person};

spec!(
    /// `confirm-clock: {sources: 2}`
    Spec {
        /// How many people tell the time of their own clocks.
        sources: Located<usize> = required "sources",
    }
);

/// People tell the time of their own clocks, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmClock {
    people: Vec<Person>,
}

impl Step for ConfirmClock {
    const NAME: &'static str = "confirm-clock";
    const ABOUT: &'static str = "people compare the ceremony clock with their own";
    const WHY: &'static str = "Every record carries a time, and certificates begin and end to the second: the clock is nobody's alone. BR 5.4.1.";
    const MINUTES: u32 = 2;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let order =
            ["external-witness", "internal-witness", "auditor", "crypto-officer", "ceremony-administrator"];
        let people: Vec<Person> = order
            .iter()
            .flat_map(|role| scope.setting.people.of_role(role))
            .take(spec.sources.value)
            .cloned()
            .collect();
        if spec.sources.value == 0 || people.len() + scope.gaps.people() < spec.sources.value {
            let message = format!(
                "found `{}` sources, wanted 1 to {}, one for each person but share holders",
                spec.sources.value,
                people.len()
            );
            scope.problems.add(spec.sources.place, message);
            return None;
        }
        Some(Self { people })
    }

    fn preview(&self) -> String {
        let people: Vec<&str> = self.people.iter().map(|person| person.id.as_str()).collect();
        format!("Compare the ceremony clock with those of: {}.", people.join(", "))
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        for person in &self.people {
            let reference = told_time(room, person)?;
            let clock = room.stage.now();
            if clock.seconds().abs_diff(reference.seconds()) > MOST_DRIFT {
                let error = StepError::Clock {
                    clock: clock.to_string(),
                    person: person.id.clone(),
                    reference: reference.to_string(),
                    most: MOST_DRIFT,
                };
                // Why the ceremony stops here is nowhere else but on the screen.
                room.stage.record_anomaly(&error.to_string())?;
                return Err(error);
            }
            let event = Event::ClockSet {
                source: room.stage.clock_source().into(),
                reference,
                old: clock,
                new: clock,
                approved_by: vec![person.id.clone()],
            };
            room.stage.record_by(person, event)?;
        }
        let now = room.stage.now();
        let window = room.setting.window;
        if !window.includes(now) {
            let (from, to) = (window.from.to_string(), window.to.to_string());
            let error = StepError::Window { clock: now.to_string(), from, to };
            room.stage.record_anomaly(&error.to_string())?;
            return Err(error);
        }
        Ok(())
    }
}

/// Asks until what is told is a time.
fn told_time(room: &mut Room<'_, '_>, person: &Person) -> Result<Timestamp, StepError> {
    loop {
        let lines = vec![Line::new("ceremony clock", room.stage.now().to_string())];
        let sentence = "What does your own clock say, in UTC?";
        let told = room.stage.question(person.clone(), sentence, lines, Expected::Time)?;
        match told.parse() {
            Ok(time) => return Ok(time),
            Err(error) => room.stage.show(&Notice::Wrong { sentence: format!("{error}") }),
        }
    }
}

/// Seconds by which a person's clock and the ceremony's may differ.
const MOST_DRIFT: u64 = 120;

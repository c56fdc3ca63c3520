//! `preflight`: what the machine looks like before anything else happens.
//!
//! Each check is ok, violated or unknown, and all of them go into the log. What is violated has to be accepted
//! by a person, or the ceremony ends here with nothing done.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::approval::{DEVIATION, deviation_sha256};
use crate::script::Part;
use crate::stage::{Check, CheckOutcome, Event, Expected, Line, Notice, ToApprove};

spec!(
    /// `preflight: {}`
    Spec {}
);

/// The machine is looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Preflight {}

impl Step for Preflight {
    const NAME: &'static str = "preflight";
    const ABOUT: &'static str = "the program looks at the machine: program, kernel, memory, networks, devices, disks, who else is there";
    const WHY: &'static str = "Nobody can see from outside what a machine runs: what is not as it should be is found before any key is used.";
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(_: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        if !scope.is_unread(Part::People) && scope.setting.people.of_role(ACCEPTS).next().is_none() {
            scope.wrong("`preflight` needs a ceremony administrator, who accepts what is violated or ends the ceremony");
            return None;
        }
        Some(Self {})
    }

    fn preview(&self) -> String {
        "Look at the machine: program, kernel, memory, networks, devices, disks, and who else is there."
            .into()
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let mut checks = room.stage.look_at_machine();
        checks.push(keyboard(room)?);
        let mut seq = None;
        for part in parts(&checks) {
            let recorded = room.stage.record(Event::PreflightResult { checks: part.to_vec() })?;
            seq.get_or_insert(recorded);
        }
        let seq = seq.unwrap_or_default();
        let lines: Vec<Line> =
            checks.iter().map(|check| Line::new(check.id.clone(), check.to_string())).collect();
        room.stage.show(&Notice::Done { sentence: "This is what the machine looks like.".into(), lines });
        let violated: Vec<_> =
            checks.iter().filter(|check| check.outcome == CheckOutcome::Violated).collect();
        if violated.is_empty() {
            return Ok(());
        }
        let Some(person) = room.setting.people.of_role(ACCEPTS).next() else {
            return Err(StepError::Quorum { role: ACCEPTS.into(), present: 0, wanted: 1 });
        };
        let lines: Vec<Line> =
            violated.iter().map(|check| Line::new(check.id.clone(), check.detail.clone())).collect();
        let sentence = "These are not as they should be. Go on all the same?";
        let violated = violated.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join(", ");
        let (step, expected) = (room.stage.step_number(), "no check violated".to_owned());
        let actual = format!("violated: {violated} (record {seq})");
        let sha256 = deviation_sha256(&step, &expected, &actual);
        let what = ToApprove { kind: DEVIATION, sha256, word: "accept" };
        let signatures = room.stage.approval(person, sentence, &lines, what)?.into_iter().collect();
        let approved_by = vec![person.id.clone()];
        let event = Event::StepDeviation { step, expected, actual, approved_by, signatures };
        room.stage.record_by(person, event)?;
        Ok(())
    }
}

/// A wrong layout of the keyboard costs tries of a PIN: it shows here, where nothing is lost.
fn keyboard(room: &mut Room<'_, '_>) -> Result<Check, StepError> {
    let check = |outcome, detail: &str| Check { id: "keyboard".into(), outcome, detail: detail.into() };
    let person = room.setting.people.of_role(ACCEPTS).next().cloned();
    let Some(person) = person.filter(|_| !room.stage.is_improvised()) else {
        return Ok(check(CheckOutcome::Unknown, "nobody types"));
    };
    let sentence = "Type this line as it stands: is every key where it seems to be?";
    let lines = vec![Line::new("line", KEYS)];
    room.stage.question(person, sentence, lines, Expected::Word(KEYS))?;
    Ok(check(CheckOutcome::Ok, "its keys give what stands on them, those that differ between layouts too"))
}

/// What PINs are made of, and keys that lie elsewhere on other keyboards.
const KEYS: &str = "qwazymQWAZYM0123456789-_/:;.";

/// All checks in parts that fit into a line of the log.
fn parts(checks: &[Check]) -> Vec<&[Check]> {
    let mut parts = Vec::new();
    let mut rest = checks;
    while !rest.is_empty() {
        let mut room = MOST_OF_A_LINE;
        let fits = rest.iter().take_while(|check| {
            let takes = check.id.len() + check.detail.len() + AROUND;
            let fits = takes <= room;
            room = room.saturating_sub(takes);
            fits
        });
        let count = fits.count().max(1);
        let (part, others) = rest.split_at(count.min(rest.len()));
        parts.push(part);
        rest = others;
    }
    parts
}

/// A line has 16 KiB; some octets of a text take two there.
const MOST_OF_A_LINE: usize = 6 << 10;
/// What stands around a check in its line.
const AROUND: usize = 48;

/// Who accepts what is violated.
const ACCEPTS: &str = "ceremony-administrator";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checks_are_recorded_in_parts_that_fit() {
        let check =
            |size: usize| Check { id: "a".into(), outcome: CheckOutcome::Ok, detail: "x".repeat(size) };
        let checks: Vec<Check> = (0..60).map(|number| check(number * 9)).collect();
        let parts = parts(&checks);
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 60);
        assert!(parts.len() > 1);
        for part in &parts {
            let text = serde_json::to_string(part).unwrap();
            assert!(text.len() <= MOST_OF_A_LINE, "{}", text.len());
        }
        assert_eq!(super::parts(&[check(100_000)]).len(), 1);
    }
}

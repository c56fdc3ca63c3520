//! `preflight`: what the machine looks like before anything else happens.
//!
//! Each check is ok, violated or unknown, and all of them go into the log. What is violated has to be accepted
//! by a person, or the ceremony ends here with nothing done.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::script::Part;
use crate::stage::{CheckOutcome, DEVIATION, Event, Line, Notice, ToApprove, deviation_sha256};

spec!(
    /// `preflight: {}`
    Spec {}
);

/// The machine is looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Preflight {}

impl Step for Preflight {
    const NAME: &'static str = "preflight";
    const ABOUT: &'static str =
        "the program looks at the machine: time, space, modules, swap, core dumps, network";
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
        "Look at the machine: time, free space, modules, swap, core dumps, network interfaces.".into()
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let checks = room.stage.look_at_machine();
        let seq = room.stage.record(Event::PreflightResult { checks: checks.clone() })?;
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

/// Who accepts what is violated.
const ACCEPTS: &str = "ceremony-administrator";

//! What a ceremony will do, for those who follow it: the plan's acts and steps, its people, and by what it is conducted.

use crate::plan::Plan;
use crate::stage::{Programme, ProgrammeAct, ProgrammeStep, Session};

/// The programme of a plan, conducted by this program on this machine.
pub(super) fn of(plan: &Plan, practice: bool, resumed: bool, session: &Session) -> Programme {
    let setting = &plan.setting;
    let steps = |steps: &[crate::plan::PlannedStep]| {
        let step = |planned: &crate::plan::PlannedStep| ProgrammeStep {
            number: planned.number.clone(),
            name: planned.step.name(),
            preview: planned.step.preview(),
            why: planned.step.why(),
            minutes: planned.step.minutes(),
        };
        steps.iter().map(step).collect()
    };
    Programme {
        ceremony: setting.ceremony.clone(),
        title: setting.title.clone(),
        practice,
        resumed,
        plan_sha256: plan.sha256(),
        site_sha256: session.site_sha256,
        tool_sha256: session.tool_sha256,
        tool_version: session.tool_version.clone(),
        host: session.host.clone(),
        modules: session.modules.clone(),
        window: (setting.window.from, setting.window.to),
        people: setting.people.all.clone(),
        quorum: setting.people.quorum.iter().map(|(role, count)| (role.clone(), *count)).collect(),
        acts: plan
            .acts
            .iter()
            .map(|act| ProgrammeAct { title: act.title.clone(), steps: steps(&act.steps) })
            .collect(),
    }
}

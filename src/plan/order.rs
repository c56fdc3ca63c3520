//! What has to come before what in a script.

use crate::script::{Problems, Script, StepNode};

/// Finds steps that stand in the wrong place.
pub fn judge(script: &Script, problems: &mut Problems) {
    let steps: Vec<&StepNode> = script.steps().collect();
    let first = |name: &str| steps.iter().position(|step| step.name == name);
    once("seal", &steps, problems);
    if let (Some(seal), Some(last)) = (first("seal"), steps.len().checked_sub(1))
        && seal != last
        && let Some(step) = steps.get(seal)
    {
        problems.add(step.place, "`seal` is not the last step; after it nothing can be recorded");
    }
    if first("seal").is_none()
        && let Some(step) = steps.last()
    {
        problems.add(step.place, "`seal` is missing; it is the last step of every script");
    }
    let log = first("create-log").or_else(|| first("confirm-log"));
    let opening: [(&str, Option<usize>); 3] =
        [("roll-call", first("roll-call")), ("confirm-clock", first("confirm-clock")), ("create-log` or `confirm-log", log)];
    for (name, position) in opening {
        let user = steps.iter().position(|step| needs_room(&step.name));
        match (position, user.and_then(|user| Some((user, steps.get(user)?)))) {
            (position, Some((user, step))) if position.is_none_or(|position| position > user) && step.name != name => {
                if !(name.starts_with("create-log") && step.name == "inventory") {
                    problems.add(step.place, format!("`{}` uses a key or a token before `{name}`", step.name));
                }
            }
            _ => {}
        }
    }
    if let (Some(create), Some(_)) = (first("create-log"), first("confirm-log"))
        && let Some(step) = steps.get(create)
    {
        problems.add(step.place, "a script has `create-log` for a new log or `confirm-log` for one that goes on, not both");
    }
}

/// Whether a step needs people, clock and log to be settled before it.
fn needs_room(name: &str) -> bool {
    name.starts_with("issue-")
        || ["generate-key", "request-certificate", "inventory", "initialize-token", "witness"].contains(&name)
}

fn once(name: &str, steps: &[&StepNode], problems: &mut Problems) {
    for step in steps.iter().filter(|step| step.name == name).skip(1) {
        problems.add(step.place, format!("`{name}` stands here for the second time"));
    }
}

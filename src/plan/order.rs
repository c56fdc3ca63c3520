//! What has to come before what in a script.

use crate::script::{Problems, Script, StepNode};

/// Which steps need something before them, by their names.
type Needs = fn(&str) -> bool;

/// What has to stand before the steps that need it: any of these, and which steps those are.
const BEFORE: [(&[&str], Needs); 3] = [
    (&["roll-call"], needs_people),
    (&["confirm-clock"], needs_clock),
    (&["create-log", "confirm-log"], needs_clock),
];

/// Finds steps that stand in the wrong place. Where not all of them could be read, none is missing.
pub fn judge(script: &Script, all_are_known: bool, problems: &mut Problems) {
    let steps: Vec<&StepNode> = script.steps().collect();
    for name in ["seal", "create-log", "confirm-log", "replace-log-key", "rotate-log-key"] {
        for step in steps.iter().filter(|step| step.name == name).skip(1) {
            problems.add(step.place, format!("`{name}` stands here for the second time"));
        }
    }
    for (wanted, needs) in BEFORE.into_iter().filter(|_| all_are_known) {
        let position = steps.iter().position(|step| wanted.contains(&step.name.as_str()));
        let user = steps.iter().enumerate().find(|(_, step)| needs(&step.name));
        if let Some((user, step)) = user
            && position.is_none_or(|position| position > user)
        {
            let message =
                format!("`{}` stands before `{}`, which it needs", step.name, wanted.join("` or `"));
            problems.add(step.place, message);
        }
    }
    last(&steps, all_are_known, problems);
    let named = |name: &str| steps.iter().find(|step| step.name == name);
    let place = |name: &str| steps.iter().position(|step| step.name == name);
    if let (Some(replace), Some(at)) = (named("replace-log-key"), place("replace-log-key"))
        && place("confirm-log").map_or(all_are_known, |confirm| confirm < at)
    {
        let message = "`replace-log-key` stands before `confirm-log`: whose heads are compared there is settled by then";
        problems.add(replace.place, message);
    }
    if let (Some(rotate), Some(at)) = (named("rotate-log-key"), place("rotate-log-key"))
        && place("confirm-log").map_or(all_are_known, |confirm| confirm > at)
    {
        let message =
            "`rotate-log-key` stands after `confirm-log`: the key that signs until now compares the log";
        problems.add(rotate.place, message);
    }
    if let (Some(create), Some(_)) = (named("create-log"), named("confirm-log")) {
        let message =
            "a script has `create-log` for a new log or `confirm-log` for one that goes on, not both";
        problems.add(create.place, message);
    }
}

/// `seal` is the last step, and there is one; after it its head is cosigned, and then media are written, none before.
fn last(steps: &[&StepNode], all_are_known: bool, problems: &mut Problems) {
    let sealed = steps.iter().position(|step| step.name == "seal").unwrap_or(usize::MAX);
    for (_, step) in steps.iter().enumerate().filter(|(at, step)| *at < sealed && step.name == "write-media")
    {
        let message = "`write-media` stands before `seal`; what is handed over is complete only after it";
        problems.add(step.place, message);
    }
    let written = steps.iter().position(|step| step.name == "write-media").unwrap_or(usize::MAX);
    for (_, step) in steps.iter().enumerate().filter(|(at, step)| *at > written && step.name == "witness") {
        let message = "`witness` stands after `write-media`; what is written would lack the cosignatures";
        problems.add(step.place, message);
    }
    let follows = |at: usize, name: &str| name == "write-media" || name == "witness" && at > sealed;
    let Some((_, last)) = steps.iter().enumerate().rfind(|(at, step)| !follows(*at, &step.name)) else {
        return;
    };
    match steps.iter().find(|step| step.name == "seal") {
        None if !all_are_known => {}
        None => problems.add(last.place, "`seal` is missing; it is the last step of every script"),
        Some(seal) if seal.number != last.number => {
            problems.add(seal.place, "`seal` is not the last step; after it nothing can be recorded");
        }
        Some(_) => {}
    }
}

/// Whether a step uses a token: the quorum has to be in the room.
fn needs_people(name: &str) -> bool {
    needs_clock(name)
        || ["create-log", "confirm-log", "replace-log-key", "rotate-log-key", "inventory", "initialize-token"]
            .contains(&name)
}

/// Whether a step makes or uses a key of the ceremony: the clock and the log have to be settled.
fn needs_clock(name: &str) -> bool {
    name.starts_with("issue-")
        || [
            "generate-key",
            "back-up-key",
            "check-shares",
            "refresh-shares",
            "restore-key",
            "split-secret",
            "request-certificate",
            "revoke",
            "witness",
        ]
        .contains(&name)
}

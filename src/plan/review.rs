//! The review text: the whole plan for people, who read it weeks before the room.

use std::fmt::Write as _;

use super::Plan;
use crate::step::{Draft, Entries, Octets};

/// Every step and every to-be-signed field of a plan, with the digest that people approve.
pub fn review(plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = head(plan, &mut text);
    for act in &plan.acts {
        let _ = writeln!(text, "\n{}\n", act.title);
        for step in &act.steps {
            let _ = writeln!(text, "  {} {}: {}", step.number, step.step.name(), step.step.preview());
            for draft in plan.drafts.iter().filter(|draft| draft.step == step.number) {
                let _ = draft_text(draft, &mut text);
            }
        }
    }
    text
}

fn head(plan: &Plan, text: &mut String) -> std::fmt::Result {
    let setting = &plan.setting;
    writeln!(text, "Plan of the ceremony {}: {}\n", setting.ceremony, setting.title)?;
    writeln!(text, "plan SHA-256    {}", plan.sha256())?;
    writeln!(text, "in words        {}", plan.sha256().words())?;
    writeln!(text, "script SHA-256  {}", plan.script_sha256)?;
    writeln!(text, "policy          {}", setting.policy)?;
    writeln!(text, "window          {} to {}, both included", setting.window.from, setting.window.to)?;
    match &plan.origin {
        Some(origin) => writeln!(text, "log             {origin}, created here")?,
        None => writeln!(text, "log             continued")?,
    }
    writeln!(text, "\nPeople\n")?;
    for person in &setting.people.all {
        match setting.people.keys.get(&person.id) {
            Some(key) => writeln!(
                text,
                "  {}: {}, approves with the key {} ({})",
                person.id,
                person.role,
                key.fingerprint(),
                key.algorithm()
            )?,
            None => writeln!(text, "  {}: {}", person.id, person.role)?,
        }
    }
    for (what, counts) in
        [("in the room", &setting.people.quorum), ("to approve the plan", &setting.people.approvals)]
    {
        for (role, count) in counts {
            writeln!(text, "  at least {count} {role} {what}")?;
        }
    }
    if setting.people.sign() {
        writeln!(text, "  approvals are signatures, of the plan before the day and of each act in the room")?;
    }
    writeln!(text, "\nTokens\n")?;
    for (name, token) in &setting.tokens {
        let pin = token.pin.as_ref().map_or(String::new(), |pin| format!(", PIN by {pin}"));
        let distinct = if token.distinct_from.is_empty() {
            String::new()
        } else {
            format!(", another device than {}", token.distinct_from.join(", "))
        };
        writeln!(text, "  {name}: {}{pin}{distinct}", token.class)?;
    }
    taken(plan, text)?;
    writeln!(text, "\nWhat will be handed over\n")?;
    for (kind, name) in &plan.outputs {
        writeln!(text, "  {kind} {name}")?;
    }
    Ok(())
}

/// What the plan takes from elsewhere, each by its digest.
fn taken(plan: &Plan, text: &mut String) -> std::fmt::Result {
    let setting = &plan.setting;
    writeln!(text, "\nInputs and profiles, by SHA-256\n")?;
    for (name, input) in &setting.inputs {
        writeln!(text, "  input {name} ({}): {}", input.file, input.sha256)?;
    }
    for (name, sha256) in &setting.recalled.certificates {
        writeln!(text, "  certificate {name}, of the log: {sha256}")?;
    }
    for (name, sha256) in &setting.recalled.keys {
        writeln!(text, "  key {name}, of the log, by its public key: {sha256}")?;
    }
    for (name, profile) in &setting.profiles {
        writeln!(text, "  profile {name}: {}", profile.sha256())?;
    }
    Ok(())
}

fn draft_text(draft: &Draft, text: &mut String) -> std::fmt::Result {
    let with =
        draft.signed_with.as_ref().map_or_else(String::new, |with| format!(" with {}", with.algorithm));
    writeln!(text, "      {} `{}`, signed by the key `{}`{with}:", draft.kind, draft.name, draft.signed_by)?;
    for field in draft.fields.fields() {
        writeln!(text, "        {}: {}", field.name, field.value)?;
    }
    // Rules that object end the plan; these people acknowledge.
    for warning in &draft.warnings {
        writeln!(text, "        {warning}")?;
    }
    let fixed: usize =
        draft.octets.iter().map(|part| if let Octets::Fixed(hex) = part { hex.len() / 2 } else { 0 }).sum();
    for part in &draft.octets {
        if let Octets::Entries(Entries { count, octets, .. }) = part {
            writeln!(text, "        octets of {count} entries, named by their digest: {octets}")?;
        }
    }
    let holes: Vec<String> = draft
        .octets
        .iter()
        .filter_map(|part| match part {
            Octets::Hole(hole) => Some(format!("{} ({})", hole.name, hole.octets)),
            Octets::Fixed(_) | Octets::Entries(_) => None,
        })
        .collect();
    writeln!(text, "        octets: {fixed} fixed; holes, with their octets: {}", holes.join(", "))
}

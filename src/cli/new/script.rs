//! A template with the answers in it. Comments stay: they are what the author reads.

use std::fmt::Write as _;

use crate::clock::{DAY, Timestamp};
use crate::script::{Script, Word as _};

use super::wishes::Wishes;

/// What stands in the templates for the answers.
pub const COUNTRY: &str = "{C: US}";
/// The organization.
pub const ORGANIZATION: &str = "{O: Example Trust Services}";
/// The beginning of the roots' common names.
pub const ROOTS: &str = "{CN: Example Root ";
/// The domain.
pub const DOMAIN: &str = "example.org";

/// The template of the wishes, filled.
pub fn fill(wishes: &Wishes) -> String {
    let mut text = String::new();
    let mut in_people = false;
    let mut written = Vec::new();
    let mut in_acts = false;
    for line in wishes.template.text.lines() {
        in_acts |= line == "acts:";
        if line == "people:" {
            in_people = true;
        } else if in_people && !line.starts_with(' ') {
            in_people = false;
        }
        if in_people && line.trim_start().starts_with("- {id: ") {
            person(line, wishes, &mut written, &mut text);
        } else {
            text.push_str(&filled(line, in_acts, wishes));
            text.push('\n');
        }
    }
    text
}

/// Everyone of a role where the template has the first one of it.
fn person(line: &str, wishes: &Wishes, written: &mut Vec<&'static str>, text: &mut String) {
    let of_role = |role: &str| line.contains(&format!("role: {role}}}"));
    let Some((role, ids)) = wishes.people.iter().find(|(role, _)| of_role(role.word())) else { return };
    if !written.contains(&role.word()) {
        written.push(role.word());
        for id in ids {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  - {{id: {id}, role: {}}}", role.word());
        }
    }
}

/// One line with the answers in it.
fn filled(line: &str, in_acts: bool, wishes: &Wishes) -> String {
    let Wishes { ceremony, policy, country, organization, roots, domain, day, .. } = wishes;
    let later = |days: u64| day.plus(days * DAY).unwrap_or(Timestamp::MAX);
    if line.starts_with("ceremony: ") {
        return format!("ceremony: {ceremony}");
    }
    if line.starts_with("policy: ") {
        return format!("policy: {policy}");
    }
    if line.starts_with("window: {") {
        let at = |day: Timestamp, time: &str| day.to_string().replace("00:00:00", time);
        return format!("window: {{from: {}, to: {}}}", at(*day, "08:00:00"), at(later(1), "20:00:00"));
    }
    let mut line = line
        .replace(COUNTRY, &format!("{{C: {country}}}"))
        .replace(ORGANIZATION, &format!("{{O: {}}}", scalar(organization)));
    if let Some((before, after)) = line.split_once(ROOTS)
        && let Some((number, after)) = after.split_once('}')
    {
        line = format!("{before}{{CN: {}}}{after}", scalar(&format!("{roots} {number}")));
    }
    if let Some((before, after)) = line.split_once("next-due: ")
        && let Some((_, after)) = after.split_once(',')
    {
        // Two months before a CRL of a year runs out.
        line = format!("{before}next-due: {},{after}", later(304));
    }
    let line = line.replace(DOMAIN, domain);
    if in_acts { renamed(&line, wishes) } else { line }
}

/// The ids of the template's people, as they are called now. Nothing in a comment is changed.
fn renamed(line: &str, wishes: &Wishes) -> String {
    let (script, _, _) = Script::partly("", wishes.template.text.as_bytes());
    let Some(script) = script else { return line.to_owned() };
    let comment =
        line.find(" # ").or_else(|| line.trim_start().starts_with('#').then_some(0)).unwrap_or(line.len());
    let (said, comment) = line.split_at_checked(comment).unwrap_or((line, ""));
    let mut text = String::new();
    let mut word = String::new();
    for character in said.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || character == '-' {
            word.push(character);
            continue;
        }
        text.push_str(&called(&word, &script, wishes).unwrap_or_else(|| word.clone()));
        word.clear();
        if character != '\n' {
            text.push(character);
        }
    }
    format!("{text}{comment}")
}

/// Who stands in the place of a person of the template: the one of the same place in the role, or the last.
fn called(word: &str, script: &Script, wishes: &Wishes) -> Option<String> {
    let person = script.people.iter().find(|person| person.id.value.as_str() == word)?;
    let role = person.role.value;
    let place = script
        .people
        .iter()
        .filter(|other| other.role.value == role)
        .position(|other| other.id.value.as_str() == word)?;
    let (_, ids) = wishes.people.iter().find(|(named, _)| *named == role)?;
    ids.get(place).or_else(|| ids.last()).cloned()
}

/// A text as a YAML scalar in a flow map: plain where nothing in it means anything, in double quotes otherwise.
pub fn scalar(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '.' | '-');
    // What begins with anything but a letter could be read as something else.
    if text.chars().all(plain)
        && text.starts_with(char::is_alphabetic)
        && !["true", "false", "null"].contains(&text)
    {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

//! What is asked about a ceremony, and about which template.

use crate::clock::{DAY, Timestamp};
use crate::failure::Failure;
use crate::script::{Id, Role, Script, Word as _};

use super::find;
use super::questions::Questions;
use super::script::{COUNTRY, DOMAIN, ORGANIZATION, ROOTS};
use super::templates::{TEMPLATES, Template};

/// What somebody wants of a ceremony.
#[derive(Debug)]
pub struct Wishes {
    /// The script to start from.
    pub template: &'static Template,
    /// The ceremony's id.
    pub ceremony: String,
    /// Which rules.
    pub policy: String,
    /// The country in names.
    pub country: String,
    /// The organization in names.
    pub organization: String,
    /// What the roots' common names begin with.
    pub roots: String,
    /// The domain of the log's origin and of URLs.
    pub domain: String,
    /// The day on which the window begins.
    pub day: Timestamp,
    /// The people: each role of the template with its ids, in the template's order.
    pub people: Vec<(Role, Vec<String>)>,
}

impl Wishes {
    /// Asks about everything that the template says.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub fn ask(questions: &mut Questions<'_>, now: Timestamp) -> Result<Self, Failure> {
        questions.say("\nThere are these scripts to start from:\n");
        for template in TEMPLATES {
            questions.say(&format!("  {:<22} {}\n", template.name, template.about));
        }
        let first = TEMPLATES.first().map_or("", |template| template.name);
        let template = questions
            .ask("Which one?", first, |text| find(text).map_err(|failure| failure.messages().join("; ")))?;
        let (script, _, _) = Script::partly(template.name, template.text.as_bytes());
        let ceremony =
            questions.ask("The ceremony's id: letters, digits and `-`", &proposed_id(template, now), id)?;
        let policy =
            questions.ask("Which rules: public-tls for the web's PKI, or private?", "public-tls", policy)?;
        let said = |text: &str| template.text.contains(text);
        let country =
            ask_if(said(COUNTRY), questions, "The country in the names, two letters", "US", country)?;
        let organization = ask_if(
            said(ORGANIZATION),
            questions,
            "The organization in the names",
            "Example Trust Services",
            name,
        )?;
        let roots =
            ask_if(said(ROOTS), questions, "What the names of the roots begin with", "Example Root", name)?;
        let domain =
            ask_if(said(DOMAIN), questions, "The domain of the log and of the URLs", DOMAIN, domain)?;
        let proposed = now.day().plus(14 * DAY).unwrap_or(now).to_string();
        let proposed = proposed.split('T').next().unwrap_or_default().to_owned();
        let day = questions.ask("The ceremony's day; its window is that day and the next", &proposed, day)?;
        let people = match &script {
            Some(script) => people(script, questions)?,
            None => Vec::new(),
        };
        Ok(Self { template, ceremony, policy, country, organization, roots, domain, day, people })
    }
}

/// Asks about something that the template says.
fn ask_if(
    said: bool,
    questions: &mut Questions<'_>,
    question: &str,
    proposed: &str,
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<String, Failure> {
    if said { questions.ask(question, proposed, read) } else { Ok(proposed.to_owned()) }
}

/// Asks who takes part, role by role.
fn people(script: &Script, questions: &mut Questions<'_>) -> Result<Vec<(Role, Vec<String>)>, Failure> {
    let mut roles: Vec<(Role, Vec<String>)> = Vec::new();
    for person in &script.people {
        let id = person.id.value.to_string();
        match roles.iter_mut().find(|(role, _)| *role == person.role.value) {
            Some((_, ids)) => ids.push(id),
            None => roles.push((person.role.value, vec![id])),
        }
    }
    let mut asked: Vec<(Role, Vec<String>)> = Vec::new();
    for (role, proposed) in roles {
        let least = script.quorum.of(role).max(script.approvals.plan.of(role)).max(1);
        let question = format!("The ids of each {}, with commas between them", role.word());
        let taken: Vec<String> = asked.iter().flat_map(|(_, ids)| ids.clone()).collect();
        let ids = questions.ask(&question, &proposed.join(", "), |text| ids(text, least, &taken))?;
        asked.push((role, ids));
    }
    Ok(asked)
}

fn ids(text: &str, least: usize, taken: &[String]) -> Result<Vec<String>, String> {
    let read: Vec<String> = text.split(',').map(|one| id(one.trim())).collect::<Result<_, _>>()?;
    let again = read
        .iter()
        .enumerate()
        .find(|(place, one)| taken.contains(one) || read.iter().take(*place).any(|other| other == *one));
    match again {
        Some((_, one)) => Err(format!("`{one}` is there already; each person has an id and one role")),
        None if read.len() < least => {
            Err(format!("found {}, wanted at least {least}: the quorum", read.len()))
        }
        None => Ok(read),
    }
}

fn id(text: &str) -> Result<String, String> {
    text.parse::<Id>().map(|id| id.to_string()).map_err(|error| error.to_string())
}

fn policy(text: &str) -> Result<String, String> {
    match text {
        "public-tls" | "private" => Ok(text.to_owned()),
        other => Err(format!("found `{other}`, wanted public-tls or private")),
    }
}

fn country(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|octet| octet.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err(format!("found `{text}`, wanted two capital letters, as in ISO 3166-1"))
    }
}

fn name(text: &str) -> Result<String, String> {
    // The longest that RFC 5280 lets an organization or a common name be, with room for ` X1`.
    let count = text.chars().count();
    if count == 0 || count > 60 || text.chars().any(ceremony_log::json::forbidden) {
        return Err(format!("found {count} characters, wanted 1 to 60 that can be seen"));
    }
    Ok(text.to_owned())
}

fn domain(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if text.len() <= 100 && text.contains('.') && text.split('.').all(label) {
        Ok(text.to_owned())
    } else {
        Err(format!("found `{text}`, wanted a domain in lower case, such as example.org"))
    }
}

fn day(text: &str) -> Result<Timestamp, String> {
    let day: Result<Timestamp, _> = format!("{text}T00:00:00Z").parse();
    day.map_err(|_| format!("found `{text}`, wanted a day, such as 2026-11-01"))
}

/// The year and the month, and the template's name.
fn proposed_id(template: &Template, now: Timestamp) -> String {
    let text = now.plus(14 * DAY).unwrap_or(now).to_string();
    let month: String = text.chars().take(7).collect();
    format!("{month}-{}", template.name)
}

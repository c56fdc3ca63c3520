//! `hsm inventory`: everything that a token holds.

use std::fmt::Write as _;
use std::io::{Write, stderr};

use serde_json::json;

use super::super::files;
use super::report;
use super::which::{Ask, Which, equipment, log_in};
use crate::digest::hex;
use crate::failure::Failure;
use crate::hsm::{Entry, Inventory as Objects, ObjectClass, Token as _, TokenInformation};

/// List everything that a token holds, with the digest of the list
///
/// The digest is the one that a ceremony's `inventory` step has in the log.
#[derive(Debug, clap::Args)]
pub struct Inventory {
    #[command(flatten)]
    which: Which,
    /// Do not log in: only what is public is seen then
    #[arg(long)]
    public: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl Inventory {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with the command line or the site; what the token says.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let chosen = self.which.choose()?;
        let process = chosen.start()?;
        let mut session = chosen.open(&process)?;
        let token = session.information().map_err(|error| equipment(&error))?;
        if !self.public {
            let mut to = stderr();
            let key = chosen.key(token.pin_state(), &mut Ask::on(&mut to))?;
            log_in(&mut session, &key)?;
        }
        let objects = session.inventory().map_err(|error| equipment(&error))?;
        drop(session);
        process.stop().map_err(|error| equipment(&error))?;
        let said = if self.json {
            as_json(&token, &objects, self.public)
        } else {
            text(&token, &objects, self.public)
        };
        files::print(out, &said)
    }
}

/// For people: a line for each object.
fn text(token: &TokenInformation, objects: &Objects, public: bool) -> String {
    let mut text = format!("token {}\n", files::one_line(&token.to_string()));
    for entry in &objects.entries {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}", files::one_line(&entry.to_string()));
    }
    let _ =
        writeln!(text, "{} objects, and {} that cannot be read", objects.entries.len(), objects.unreadable);
    if public {
        text.push_str("nobody was logged in: what is private is not seen\n");
    }
    let _ = writeln!(text, "inventory SHA-256 {}", objects.digest());
    text
}

/// For programs: the same as JSON on one line.
fn as_json(token: &TokenInformation, objects: &Objects, public: bool) -> String {
    let object = |entry: &Entry| {
        json!({
            "class": entry.class.and_then(ObjectClass::from_number).map(ObjectClass::name),
            "class_number": entry.class,
            "id": hex(&entry.id),
            "label": String::from_utf8_lossy(&entry.label),
            "key_type": entry.key_type,
            "sha256": entry.fingerprint.map(|digest| digest.to_string()),
        })
    };
    let said = json!({
        "token": report::token(token),
        "objects": objects.entries.iter().map(object).collect::<Vec<_>>(),
        "unreadable": objects.unreadable,
        "logged_in": !public,
        "inventory_sha256": objects.digest().to_string(),
    });
    format!("{said}\n")
}

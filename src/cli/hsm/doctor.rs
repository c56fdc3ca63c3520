//! `hsm doctor`: what a token can really do.
//!
//! The rules of this file:
//! - Without `--probe` nobody logs in and nothing is made. With it there is one login, by one try.
//! - A token that holds anything may be one that is in use: it is probed only after an exact word.
//! - What the token holds is compared before and after, and once more from a fresh process.
//! - Objects of the token are made only with `--objects` (`objects.rs`).

use std::fs::File;
use std::io::{Write, stderr};
use std::path::PathBuf;

use super::super::{failures, files};
use super::objects;
use super::profile::profile;
use super::report::{Report, finding};
use super::which::{Ask, Chosen, Which, equipment, log_in};
use crate::conduct::is_software;
use crate::failure::{Failure, Turn};
use crate::hsm::{Finding, Found, Inventory, ModuleProcess, Probe, Session, Token as _, TokenError};
use crate::stage::LoginKind;

/// Find out what a token can really do, and write its entry for a site file
///
/// Looks only, until `--probe` is given. Probing makes keys that go with their session, and changes no object of the token.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    which: Which,
    /// Log in, once, and try keys and backups on objects that go with their session
    #[arg(long)]
    probe: bool,
    /// Try objects of the token as well: make keys and a data object on it and remove them. Only on an empty token, named by
    /// its serial number, after a word
    #[arg(long, requires = "probe")]
    objects: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    /// Write the entry for the site file into this new file as well
    #[arg(long, value_name = "FILE", requires = "probe")]
    profile: Option<PathBuf>,
}

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with the command line or the site; what the module says; [`Turn::Equipment`] if anything is wrong with the
    /// token.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let chosen = self.which.choose()?;
        if self.probe && !chosen.has_label {
            return Err(Failure::new(Turn::Author, "`--probe` wants one token: its `--label`"));
        }
        if self.objects {
            objects::is_named(&chosen)?;
        }
        if let Some(path) = self.profile.as_ref().filter(|path| path.exists()) {
            let message = format!("`{}` is there already; files are only ever created", path.display());
            return Err(Failure::new(Turn::Author, message));
        }
        let process = chosen.start()?;
        let mut report = Report::of(&chosen.token()?.module_path(), process.information());
        if chosen.has_label {
            self.look(&chosen, process, &mut report)?;
        } else {
            let slots = process.slots().map_err(|error| equipment(&error))?;
            report.tokens = slots.into_iter().map(|slot| slot.token).collect();
            process.stop().map_err(|error| equipment(&error))?;
        }
        if let (Some(path), Some(text)) = (&self.profile, &report.profile) {
            let made = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
            made.map_err(|error| failures::file("written", path, &error))?;
        }
        files::print(out, &if self.json { report.json() } else { report.text() })?;
        match report.wrong().as_slice() {
            [] => Ok(()),
            wrong => {
                let message = format!("not as a ceremony needs it: {}", wrong.join("; "));
                Err(Failure::new(Turn::Equipment, message))
            }
        }
    }

    /// Looks at one token, and probes it if that is wanted.
    fn look(&self, chosen: &Chosen, process: ModuleProcess, report: &mut Report) -> Result<(), Failure> {
        let mut session = chosen.open(&process)?;
        let token = session.information().map_err(|error| equipment(&error))?;
        report.tokens.push(token.clone());
        let logged_in = if self.probe { Some(enter(chosen, &mut session, self.objects)?) } else { None };
        for probe in Probe::ALL {
            if probe.makes_objects() && !self.probe {
                let detail = "not tried: it makes objects of a session, which wants `--probe`";
                report.parts.push((probe.name(), vec![finding(probe.name(), Found::Unknown, detail)]));
                continue;
            }
            let (findings, goes_on) = found(*probe, session.probe(*probe));
            report.parts.push((probe.name(), findings));
            if !goes_on {
                break;
            }
        }
        if let Some((key, before)) = logged_in {
            if self.objects {
                let found: Vec<&Finding> = report.findings().collect();
                let found = objects::find_out(chosen, &key, &mut session, &found, &mut stderr())?;
                report.parts.push(("objects of the token", found));
            }
            let after = session.inventory();
            let mut findings = vec![same("inventory", &before, after)];
            drop(session);
            // A module that died or hangs has said so; what it left is seen by the next one.
            let _ = process.stop();
            findings.push(same("inventory in a fresh process", &before, fresh(chosen, &key)));
            report.parts.push(("inventory", findings));
            let class = if is_software(&token) { "software" } else { "hardware" };
            let module = report.module.clone();
            report.profile = Some(profile(chosen, &module, &token, report.findings(), class)?);
            return Ok(());
        }
        drop(session);
        process.stop().map_err(|error| equipment(&error))
    }
}

/// Logs in, once, and takes the inventory; a token that holds anything is probed only after the word.
fn enter(chosen: &Chosen, session: &mut Session, objects: bool) -> Result<(LoginKind, Inventory), Failure> {
    let mut to = stderr();
    let mut ask = Ask::on(&mut to);
    let state = session.information().map_err(|error| equipment(&error))?.pin_state();
    let key = chosen.key(state, &mut ask)?;
    log_in(session, &key)?;
    let before = session.inventory().map_err(|error| equipment(&error))?;
    if objects {
        objects::is_empty(&before)?;
        let token = session.token();
        let sentence = format!(
            "Keys and a data object will be made on the token `{}`, serial `{}`, and removed again. Make them?",
            files::one_line(&token.label),
            files::one_line(&token.serial)
        );
        ask.word(&sentence, objects::OBJECTS)?;
        return Ok((key, before));
    }
    let count = before.entries.len() + before.unreadable;
    if count > 0 {
        let sentence = format!(
            "The token `{}` holds {count} objects and may be in use. Probing makes keys of a session beside them and changes none. Probe it?",
            files::one_line(&session.token().label)
        );
        ask.word(&sentence, PROBE)?;
    }
    Ok((key, before))
}

/// What a probe found, and whether the module can be asked further.
fn found(probe: Probe, answer: Result<Vec<Finding>, TokenError>) -> (Vec<Finding>, bool) {
    match answer {
        Ok(findings) => (findings, true),
        Err(error) => {
            let spent = matches!(
                error,
                TokenError::ModuleDied { .. } | TokenError::Timeout { .. } | TokenError::ModuleSpent { .. }
            );
            let found = if spent { Found::Wrong } else { Found::Unknown };
            (vec![finding(probe.name(), found, error.to_string())], !spent)
        }
    }
}

/// What a fresh process sees of the token. The PIN that was right before is given once more; people are asked nothing.
fn fresh(chosen: &Chosen, key: &LoginKind) -> Result<Inventory, TokenError> {
    let lost = |failure: Failure| TokenError::NotAModule {
        module: "fresh".into(),
        reason: failure.messages().join("; "),
    };
    let process = chosen.start().map_err(lost)?;
    let mut session = chosen.open(&process).map_err(lost)?;
    if !matches!(key, LoginKind::ProtectedPath) {
        log_in(&mut session, key).map_err(lost)?;
    }
    let inventory = session.inventory()?;
    drop(session);
    process.stop()?;
    Ok(inventory)
}

/// Whether a token holds what it held before.
fn same(subject: &str, before: &Inventory, now: Result<Inventory, TokenError>) -> Finding {
    match now {
        Ok(now) if now == *before => {
            let detail = format!("{} objects, as before; SHA-256 {}", now.entries.len(), now.digest());
            finding(subject, Found::Good, detail)
        }
        Ok(now) => {
            let (came, went) = now.since(before);
            let named = |what: &str, all: &[crate::hsm::Entry]| {
                all.iter().map(|one| format!("{what} {one}")).collect::<Vec<_>>()
            };
            let mut changes = [named("came:", &came), named("went:", &went)].concat();
            if now.unreadable != before.unreadable {
                changes.push(format!("{} cannot be read, {} before", now.unreadable, before.unreadable));
            }
            finding(subject, Found::Wrong, changes.join("; "))
        }
        Err(error) => finding(subject, Found::Unknown, error.to_string()),
    }
}

/// What is typed before a token that holds anything is probed.
const PROBE: &str = "probe";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::Entry;

    fn holding(labels: &[&str]) -> Inventory {
        let entry = |label: &&str| Entry {
            class: Some(3),
            id: vec![1],
            label: label.as_bytes().to_vec(),
            key_type: Some(0),
            fingerprint: None,
        };
        Inventory::of(labels.iter().map(entry).collect(), 0)
    }

    #[test]
    fn what_came_and_went_is_wrong_and_named() {
        let before = holding(&["a", "b"]);
        assert_eq!(same("x", &before, Ok(holding(&["a", "b"]))).found, Found::Good);
        let changed = same("x", &before, Ok(holding(&["b", "c"])));
        assert_eq!(changed.found, Found::Wrong);
        assert!(changed.detail.contains("came: private-key, label `c`"), "{}", changed.detail);
        assert!(changed.detail.contains("went: private-key, label `a`"), "{}", changed.detail);
        let unread = same("x", &before, Ok(Inventory { unreadable: 1, ..before.clone() }));
        assert_eq!((unread.found, unread.detail.as_str()), (Found::Wrong, "1 cannot be read, 0 before"));
    }
}

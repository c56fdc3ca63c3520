//! `check-shares`: holders type their shares, each is compared with the log's commitment to it, and nothing is combined.
//! BR §6.2.2.
//!
//! The rules of this file:
//! - Each share is looked at alone and forgotten before the next one is asked for.
//! - A share that is not there, or not what was handed out, is named by its holder and stands in the log as an anomaly: the set
//!   should be refreshed.

use serde::{Deserialize, Serialize};

use super::restore_key::{backup_of, set_of, set_of_secret};
use super::share_set::{ShareSet, recall_bags};
use super::{DividedSecret, Room, Scope, Step, StepError, spec};
use crate::issuance::Shares;
use crate::script::{Id, Located};
use crate::stage::{Event, Line, Notice, PastRecord, Person};

spec!(
    /// `check-shares: {key: root-x1, holders: [h1, h2]}`, or `check-shares: {secret: root-so-pin}`
    Spec {
        /// The key whose backup it is.
        key: Option<Located<Id>> = optional "key",
        /// The secret, in the place of a key: one that was divided by `split-secret`.
        secret: Option<Located<Id>> = optional "secret",
        /// Whose; every holder's unless it is said.
        holders: Vec<Located<Id>> = optional_list "holders",
    }
);

/// Shares are checked, one by one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckShares {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    set: String,
    holders: Vec<Person>,
}

impl Step for CheckShares {
    const NAME: &'static str = "check-shares";
    const ABOUT: &'static str =
        "holders type their shares; each is compared with the log, and nothing is combined";
    const WHY: &'static str =
        "A sheet that was lost or spoiled is found while the others can still replace it. BR 5.2.2, 6.2.4.";
    const MINUTES: u32 = 15;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let (named, set, shares) = set_named(&spec, scope)?;
        let known: Vec<String> =
            shares.values().filter(|share| !share.returned).map(|share| share.holder.clone()).collect();
        let mut holders = Vec::new();
        if spec.holders.is_empty() {
            for id in &known {
                if let Some(person) = scope.setting.people.find(id).cloned() {
                    holders.push(person);
                } else {
                    let message =
                        format!("`{id}` holds a share of set {set} and is not among the script's people");
                    scope.problems.add(named.place, message);
                }
            }
        }
        for name in &spec.holders {
            let person = scope.person(name)?;
            if !known.contains(&person.id) {
                let message = format!("`{}` holds no share of set {set}", person.id);
                scope.problems.add(name.place, message);
            } else if !holders.contains(&person) {
                holders.push(person);
            }
        }
        let name = |named: &Option<Located<Id>>| named.as_ref().map(|name| name.value.to_string());
        Some(Self { key: name(&spec.key), secret: name(&spec.secret), set, holders })
    }

    fn preview(&self) -> String {
        let holders: Vec<&str> = self.holders.iter().map(|holder| holder.id.as_str()).collect();
        format!("Check the shares of {}, set {}: {}.", self.what(), self.set, holders.join(", "))
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        recall_bags(room);
        if room.stage.is_recalling() {
            return Ok(());
        }
        let (set, shares) = self.known(room)?;
        let step = Some(room.stage.step_number());
        let mut lines = vec![Line::new("of", self.what()), Line::new("set", self.set.clone())];
        for (place, holder) in self.holders.iter().enumerate() {
            let checked =
                |record: &PastRecord| record.step == step && record.text("holder") == Some(&holder.id);
            let is_good = room.stage.past().find("share.checked", checked).is_some()
                || (room.stage.present().contains(holder) && set.is_good(holder, place, &shares, room)?);
            lines.push(Line::new(
                holder.id.clone(),
                if is_good { "as it was handed out" } else { "MISSING or wrong" },
            ));
            if !is_good {
                let text = format!(
                    "share of `{}` in set {}: missing or not as it was handed out",
                    holder.id, self.set
                );
                room.stage.record(Event::LogAnomaly { severity: "share".into(), text })?;
            }
        }
        set.bag_the_open(&shares, room)?;
        let sentence = "The shares were compared with the log; nothing was combined.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}

impl CheckShares {
    /// The set as the log knows it, with its shares.
    fn known(&self, room: &Room<'_, '_>) -> Result<(ShareSet, Shares), StepError> {
        let backups = &room.ledger.backups;
        let known = if let Some(name) = &self.secret {
            let of_set = |secret: &&DividedSecret| secret.name == *name && secret.set == self.set;
            let secret = backups.secrets().iter().rfind(of_set);
            secret.map(|secret| (set_of_secret(secret, room), secret.shares.clone()))
        } else {
            let backup = backups.all().iter().rfind(|backup| backup.set == self.set);
            backup.map(|backup| (set_of(backup, "", room), backup.shares.clone()))
        };
        let missing = || StepError::Backup {
            what: format!("set {}", self.set),
            why: "the log does not know it".into(),
        };
        known.ok_or_else(missing)
    }

    fn what(&self) -> String {
        match (&self.key, &self.secret) {
            (_, Some(secret)) => format!("the secret `{secret}`"),
            (key, None) => format!("the key `{}`", key.as_deref().unwrap_or_default()),
        }
    }
}

/// The last set of what a script names, with its shares: of a key's backup or of a secret.
fn set_named(spec: &Spec, scope: &mut Scope<'_>) -> Option<(Located<Id>, String, Shares)> {
    match (&spec.key, &spec.secret) {
        (Some(key), None) => backup_of(key, scope).map(|backup| (key.clone(), backup.set, backup.shares)),
        (None, Some(name)) => {
            let secret = scope.ledger.backups.secret(name.value.as_str()).cloned();
            if secret.is_none() {
                let message = format!("the log knows no secret `{}` in shares", name.value);
                scope.problems.add(name.place, message);
            }
            secret.map(|secret| (name.clone(), secret.set, secret.shares))
        }
        _ => {
            scope.wrong("`key` or `secret` is wanted, and one of them: whose shares are they?");
            None
        }
    }
}

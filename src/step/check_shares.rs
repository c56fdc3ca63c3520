//! `check-shares`: holders type their shares, each is compared with the log's commitment to it, and nothing is combined.
//! BR §6.2.2.
//!
//! The rules of this file:
//! - Each share is looked at alone and forgotten before the next one is asked for.
//! - A share that is not there, or not what was handed out, is named by its holder and stands in the log as an anomaly: the set
//!   should be refreshed.

use serde::{Deserialize, Serialize};

use super::restore_key::{backup_of, set_of};
use super::share_set::recall_bags;
use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located};
use crate::stage::{Event, Line, Notice, PastRecord, Person};

spec!(
    /// `check-shares: {key: root-x1, holders: [h1, h2]}`
    Spec {
        /// The key whose backup it is.
        key: Located<Id> = required "key",
        /// Whose; every holder's unless it is said.
        holders: Vec<Located<Id>> = optional_list "holders",
    }
);

/// Shares are checked, one by one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckShares {
    key: String,
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
        let backup = backup_of(&spec.key, scope)?;
        let known: Vec<String> = backup
            .shares
            .values()
            .filter(|share| !share.returned)
            .map(|share| share.holder.clone())
            .collect();
        let mut holders = Vec::new();
        if spec.holders.is_empty() {
            for id in &known {
                if let Some(person) = scope.setting.people.find(id).cloned() {
                    holders.push(person);
                } else {
                    let message = format!(
                        "`{id}` holds a share of set {} and is not among the script's people",
                        backup.set
                    );
                    scope.problems.add(spec.key.place, message);
                }
            }
        }
        for name in &spec.holders {
            let person = scope.person(name)?;
            if !known.contains(&person.id) {
                let message = format!("`{}` holds no share of set {}", person.id, backup.set);
                scope.problems.add(name.place, message);
            } else if !holders.contains(&person) {
                holders.push(person);
            }
        }
        Some(Self { key: spec.key.value.to_string(), set: backup.set, holders })
    }

    fn preview(&self) -> String {
        let holders: Vec<&str> = self.holders.iter().map(|holder| holder.id.as_str()).collect();
        format!("Check the shares of the key `{}`, set {}: {}.", self.key, self.set, holders.join(", "))
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        recall_bags(room);
        if room.stage.is_recalling() {
            return Ok(());
        }
        let known = room.ledger.backups.all().iter().rfind(|backup| backup.set == self.set).cloned();
        let missing = || StepError::Backup {
            what: format!("set {}", self.set),
            why: "the log does not know it".into(),
        };
        let backup = known.ok_or_else(missing)?;
        let set = set_of(&backup, "", room);
        let step = Some(room.stage.step_number());
        let mut lines = vec![Line::new("key", self.key.clone()), Line::new("set", self.set.clone())];
        for (place, holder) in self.holders.iter().enumerate() {
            let checked =
                |record: &PastRecord| record.step == step && record.text("holder") == Some(&holder.id);
            let is_good = room.stage.past().find("share.checked", checked).is_some()
                || (room.stage.present().contains(holder)
                    && set.is_good(holder, place, &backup.shares, room)?);
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
        set.bag_the_open(&backup.shares, room)?;
        let sentence = "The shares were compared with the log; nothing was combined.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}

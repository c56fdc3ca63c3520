//! `restore-key`: a key comes back from its media and its holders' sheets to another token, and proves itself there. BR §5.2.2,
//! §6.2.4.
//!
//! The rules of this file:
//! - What is on the medium is the file of the log, by its digest; what is on the sheets is what the log has commitments to.
//! - Who is asked is drawn from the holders in the room.
//! - The key comes back as one that cannot leave its token. The script's name for a token can mean another device than
//!   before: that is how a lost one is replaced.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::back_up_key::plugger;
use super::share_set::ShareSet;
use super::{DividedSecret, KeyBackup, KnownShare, Room, Scope, Step, StepError, Wrapping, spec};
use crate::digest::Digest;
use crate::issuance::{self, Key, Shares, ToRestore};
use crate::script::{Id, Located, Part};
use crate::share::Backup;
use crate::stage::{Delivery, Line, Notice, PastRecord, Person};

spec!(
    /// `restore-key: {key: root-x1, to: [spare], copy: 1}`
    Spec {
        /// Which key: one that the log knows a backup of.
        key: Located<Id> = required "key",
        /// Where it comes back to.
        to: Vec<Located<Id>> = list "to",
        /// From which of its numbered media.
        copy: Option<Located<usize>> = optional "copy",
        /// Who plugs it.
        ask: Option<Located<Id>> = optional "ask",
    }
);

/// A key is restored from its backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestoreKey {
    key: String,
    algorithm: String,
    /// The digest of the file that the log says is on the medium.
    blob_sha256: Digest,
    set: String,
    to: Vec<String>,
    medium: String,
    copy: usize,
    copies: usize,
    person: Person,
}

impl Step for RestoreKey {
    const NAME: &'static str = "restore-key";
    const ABOUT: &'static str = "a key comes back from its media and sheets to a token, and proves itself";
    const WHY: &'static str = "A backup is one only if it has been restored. BR 6.2.4, 6.2.6.";
    const MINUTES: u32 = 15;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let person = plugger(spec.ask.as_ref(), &spec.key, scope);
        let to: Vec<Option<String>> = spec.to.iter().map(|name| scope.token(name)).collect();
        let key = scope.real_key(&spec.key)?;
        let backup = backup_of(&spec.key, scope)?;
        holders_here(&backup, &spec.key, scope);
        let copy = spec.copy.as_ref().map_or(1, |copy| copy.value);
        let Some(medium) = copy.checked_sub(1).and_then(|place| backup.copies.get(place)) else {
            let place = spec.copy.as_ref().map_or(spec.key.place, |copy| copy.place);
            let message = format!("`copy` is {copy}; the log knows {} of this key", backup.copies.len());
            scope.problems.add(place, message);
            return None;
        };
        let to = to.into_iter().collect::<Option<Vec<_>>>()?;
        let each: BTreeSet<&String> = to.iter().collect();
        if to.is_empty() || each.len() != to.len() {
            scope.wrong("`to` wants one token or more, each once");
            return None;
        }
        for token in &to {
            scope.uses(token);
            if let Some(backup) = scope.ledger.backups.last_of(key.public.spki_sha256()) {
                backup.restored.insert(token.clone());
            }
        }
        Some(Self {
            key: key.name,
            algorithm: key.algorithm.to_string(),
            blob_sha256: backup.blob_sha256,
            set: backup.set.clone(),
            to,
            medium: medium_of(medium, copy),
            copy,
            copies: backup.copies.len(),
            person: person?,
        })
    }

    fn preview(&self) -> String {
        format!(
            "Restore the key `{}` to {} from the medium `{}`, copy {}, by the shares of set {}.",
            self.key,
            self.to.join(", "),
            self.medium,
            self.copy,
            self.set
        )
    }

    fn reads(&self) -> Option<(&str, usize)> {
        Some((&self.medium, self.copies))
    }

    fn wraps(&self) -> Option<Wrapping<'_>> {
        Some(Wrapping { from: None, algorithm: &self.algorithm, to: &self.to })
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || issuance::IssuanceError::Unknown { what: "key", name: self.key.clone() };
        let key = room.ledger.key(&self.key).ok_or_else(unknown)?.clone();
        let known = room.ledger.backups.all().iter().rfind(|backup| backup.set == self.set).cloned();
        let backup = known.ok_or_else(|| self.wrong("the log does not know the set"))?;
        super::share_set::recall_bags(room);
        if !room.stage.is_recalling() {
            self.restore(&key, &backup, room)?;
        }
        let sha256 = key.public.spki_sha256();
        for token in &self.to {
            room.ledger.possessions.survives(sha256, format!("the same key on token `{token}`"));
            if let Some(backup) = room.ledger.backups.last_of(sha256) {
                backup.restored.insert(token.clone());
            }
        }
        Ok(())
    }
}

impl RestoreKey {
    /// Brings the key back to every token where this step has not yet; it proves itself there.
    fn restore(&self, key: &Key, backup: &KeyBackup, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let step = Some(room.stage.step_number());
        let done = |token: &str, room: &Room<'_, '_>| {
            let here = |record: &PastRecord| record.step == step && record.text("token") == Some(token);
            room.stage.past().find("key.restored", here).is_some()
        };
        let missing: Vec<&String> = self.to.iter().filter(|token| !done(token, room)).collect();
        let set = set_of(backup, &key.token, room);
        if !missing.is_empty() {
            let file = read_file(&self.delivery(), self.copy, backup, key, room)?;
            let tokens: Vec<&str> = missing.iter().map(|token| token.as_str()).collect();
            let (kek, people) = set
                .gather(backup, &tokens, room)?
                .map_err(|who| self.wrong(&format!("`{}` has not given their share", who.id)))?;
            for token in missing {
                let mechanism = issuance::mechanism_of(&key.name, token, file.format(), room.stage)?;
                let (wrapped, people) = (file.wrapped(), people.clone());
                issuance::restore(ToRestore { key, token, mechanism, wrapped, people }, &kek, room.stage)?;
            }
        }
        // Of those who were drawn before an interruption not all were drawn again.
        set.bag_the_open(&backup.shares, room)?;
        for token in &self.to {
            let id = issuance::restored_id(key, token, room.stage)?;
            issuance::prove_restored(key, (token, &id), &room.setting.ceremony, room.stage)?;
            let lines = vec![Line::new("key", key.name.clone()), Line::new("token", token.clone())];
            let sentence = "The key came back from its backup, and proved itself.";
            room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        }
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            medium: self.medium.clone(),
            copies: u64::try_from(self.copies).unwrap_or(u64::MAX),
            person: self.person.clone(),
            read_again: false,
            others: false,
        }
    }

    fn wrong(&self, why: &str) -> StepError {
        StepError::Backup { what: format!("the key `{}`", self.key), why: why.to_owned() }
    }
}

/// The file of a backup from one of its media: by the log's digest, and of this key.
pub fn read_file(
    delivery: &Delivery,
    copy: usize,
    backup: &KeyBackup,
    key: &Key,
    room: &mut Room<'_, '_>,
) -> Result<Backup, StepError> {
    let wanted = backup.blob_sha256;
    let is_it = |octets: &[u8]| {
        let found = Digest::of(octets);
        if found != wanted {
            return Err(format!("the file has the SHA-256 {found}; the log says {wanted}"));
        }
        Backup::read(octets).map(|_| ()).map_err(|error| error.to_string())
    };
    let name = format!("{}.backup", backup.key);
    let copy = u64::try_from(copy).unwrap_or(u64::MAX);
    let octets = room.stage.read_medium(delivery, copy, &name, &is_it)?;
    let what = || format!("the backup of the key `{}`", key.name);
    let file =
        Backup::read(&octets).map_err(|error| StepError::Backup { what: what(), why: error.to_string() })?;
    if file.spki() != key.public.spki_der() {
        return Err(StepError::Backup { what: what(), why: "it is of another public key".into() });
    }
    Ok(file)
}

/// The set of a backup with all its holders; who is not among the script's people is not in the room.
pub fn set_of(backup: &KeyBackup, token: &str, room: &Room<'_, '_>) -> ShareSet {
    ShareSet::of(backup, token, holders_of(&backup.shares, room))
}

/// The set of a secret with all its holders.
pub fn set_of_secret(secret: &DividedSecret, room: &Room<'_, '_>) -> ShareSet {
    ShareSet::of_secret(secret, "", holders_of(&secret.shares, room))
}

fn holders_of(shares: &Shares, room: &Room<'_, '_>) -> Vec<Person> {
    let person = |id: &String| {
        let other = || Person { id: id.clone(), role: "share-holder".into() };
        room.setting.people.find(id).cloned().unwrap_or_else(other)
    };
    shares.values().map(|share| person(&share.holder)).collect()
}

/// The backup in shares that the log knows of a key.
pub fn backup_of(key: &Located<Id>, scope: &mut Scope<'_>) -> Option<KeyBackup> {
    let known =
        scope.ledger.backups.of_key(key.value.as_str()).filter(|backup| !backup.set.is_empty()).cloned();
    if known.is_none() && !scope.lacks_the_log() && !key.value.is_unread() {
        let message = format!("the log knows no backup of the key `{}` in shares", key.value);
        scope.problems.add(key.place, message);
    }
    known
}

/// Refuses a script that has fewer holders among its people than a set takes.
pub fn holders_here(backup: &KeyBackup, key: &Located<Id>, scope: &mut Scope<'_>) {
    let ids: BTreeSet<&str> = backup.shares.values().map(|share| share.holder.as_str()).collect();
    let here = ids.iter().filter(|id| scope.setting.people.find(id).is_some()).count();
    let is_here = |(_, share): &(&u64, &KnownShare)| scope.setting.people.find(&share.holder).is_some();
    let numbers = backup.shares.iter().filter(is_here).map(|(index, _)| *index).collect();
    if !backup.division().is_enough(&numbers) && !scope.is_unread(Part::People) {
        let ids: Vec<&str> = ids.into_iter().collect();
        let message = format!(
            "{here} of the holders of set {} are among the script's people; wanted {} of {}",
            backup.set,
            backup.division().takes(),
            ids.join(", ")
        );
        scope.problems.add(key.place, message);
    }
}

/// The name of the media of which this is the so-many-th.
pub fn medium_of(numbered: &str, copy: usize) -> String {
    numbered.strip_suffix(&format!("-{copy}")).unwrap_or(numbered).to_owned()
}

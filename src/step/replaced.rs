//! A key is sealed on a token that takes the permission to leave from no key: it goes, and what comes back from its backup takes
//! its place.
//!
//! The rules of this file:
//! - Every officer of the quorum sees what is destroyed and what survives, and says the word.
//! - Holders who are drawn give the key-encryption key before anything is destroyed.

use super::share_set::ShareSet;
use super::{KeyBackup, Room, StepError};
use crate::issuance::{self, DESTRUCTION, Key, ToReplace};
use crate::share::Backup;
use crate::stage::{Event, Line, Notice, Person, ToApprove};

/// Replaces a key by what comes back; what its token says when it is told to let that go.
pub fn replaced(
    key: &Key,
    backup: &KeyBackup,
    set: &ShareSet,
    room: &mut Room<'_, '_>,
) -> Result<String, StepError> {
    let wrong = |why: String| StepError::Backup { what: format!("the key `{}`", key.name), why };
    let mechanism = issuance::mechanism_of(&key.name, &key.token, &backup.format, room.stage)?;
    let file = room.stage.kept(backup.blob_sha256)?;
    let file = Backup::read(&file).map_err(|error| wrong(error.to_string()))?;
    let sentence = format!(
        "Token `{}` takes the permission to leave from no key: the key there is destroyed, and comes back from its backup as one that cannot \
         leave.",
        key.token
    );
    room.stage.show(&Notice::Done { sentence, lines: vec![Line::new("key", key.name.clone())] });
    let approval = approve(key, backup, room)?;
    // Before anything goes. From here on the log says that it was allowed, and a later start comes here again.
    let (kek, _) = set
        .gather(backup, &[&key.token], room)?
        .map_err(|who| wrong(format!("`{}` has not given their share; nothing was destroyed", who.id)))?;
    let order = ToReplace { key, mechanism, wrapped: file.wrapped(), approval };
    Ok(issuance::replace(&order, &kek, room.stage)?)
}

/// Everyone of the quorum sees what goes and what stays, and allows it; the record that says so.
fn approve(key: &Key, backup: &KeyBackup, room: &mut Room<'_, '_>) -> Result<u64, StepError> {
    let wanted = room.setting.people.quorum.get("crypto-officer").copied().unwrap_or(1);
    let officers = room.stage.present().iter().filter(|person| person.role == "crypto-officer");
    let people: Vec<Person> = officers.take(wanted).cloned().collect();
    if people.len() < wanted {
        return Err(StepError::Quorum { role: "crypto-officer".into(), present: people.len(), wanted });
    }
    let sha256 = key.public.spki_sha256();
    let restored: Vec<&str> = backup.restored.iter().map(String::as_str).collect();
    let lines = vec![
        Line::new("key", key.name.clone()),
        Line::new("token", key.token.clone()),
        Line::new("proved itself on", restored.join(", ")),
        Line::new("wrapped copies", backup.copies.join(", ")),
        Line::new("shares", format!("{} of {}, set {}", backup.threshold, backup.share_count, backup.set)),
        Line::new("public key SHA-256", sha256.to_string()),
        Line::new("in words", sha256.words()),
    ];
    let (mut approvers, mut signatures) = (Vec::new(), Vec::new());
    for person in people {
        let sentence =
            "Destroy the key on this token? It comes back there from its backup, and cannot leave any more.";
        let what = ToApprove { kind: DESTRUCTION, sha256, word: "destroy" };
        signatures.extend(room.stage.approval(&person, sentence, &lines, what)?);
        approvers.push(person.id);
    }
    let kind = DESTRUCTION.to_owned();
    Ok(room.stage.record(Event::RequestApproved { kind, sha256, approvers, signatures })?)
}

//! Who takes part, and with which keys of their own they approve.
//!
//! The rules of this file:
//! - A key belongs to one person, and the key that signs in rehearsals belongs to nobody.
//! - Where approvals are signatures, everybody who may be asked for one has a key, before anybody enters the room.

use std::collections::BTreeMap;

use crate::approval::{PersonKey, practice_key};
use crate::script::{self, Method, Problems, Role, Script, Word as _};
use crate::step::{People, Person};

/// The people of a script.
pub(super) fn people(script: &Script, problems: &mut Problems) -> People {
    let counts = |counts: &script::Counts| {
        counts
            .iter()
            .map(|(role, count)| (role.value.word().to_owned(), count.value))
            .collect::<BTreeMap<_, _>>()
    };
    let person = |person: &script::Person| Person {
        id: person.id.value.to_string(),
        role: person.role.value.word().to_owned(),
    };
    if script.approvals.method.value == Method::Signature {
        everybody_has_a_key(script, problems);
    }
    let keys = keys(script, problems);
    if script.approvals.method.value == Method::Signature {
        signatures_fit(script, &keys, problems);
    }
    People {
        all: once(script.people.iter().map(person)),
        quorum: counts(&script.quorum),
        approvals: counts(&script.approvals.plan),
        method: script.approvals.method.value.word().to_owned(),
        keys,
    }
}

/// Each by an id: who is listed for the second time, which is refused, is somebody else.
fn once(people: impl Iterator<Item = Person>) -> Vec<Person> {
    let mut all: Vec<Person> = Vec::new();
    for mut person in people {
        while all.iter().any(|other| other.id == person.id) {
            person.id.push('?');
        }
        all.push(person);
    }
    all
}

/// The keys that the script registers, by person.
fn keys(script: &Script, problems: &mut Problems) -> BTreeMap<String, PersonKey> {
    let mut keys: BTreeMap<String, PersonKey> = BTreeMap::new();
    for person in &script.people {
        let Some(text) = &person.ssh_key else { continue };
        let key: PersonKey = match text.value.parse() {
            Ok(key) => key,
            Err(error) => {
                problems.add(text.place, format!("the key of `{}`: {error}", person.id.value));
                continue;
            }
        };
        if key == practice_key() {
            let message = "this is the key that signs in rehearsals, which everybody has; wanted a key of the person's own";
            problems.add(text.place, message);
        }
        if let Some((other, _)) = keys.iter().find(|(_, other)| **other == key) {
            let message =
                format!("`{}` has the same key as `{other}`; a key belongs to one person", person.id.value);
            problems.add(text.place, message);
        }
        keys.insert(person.id.value.to_string(), key);
    }
    keys
}

/// Everybody who approves the plan, and everybody who approves an act: the crypto officers, and the ceremony administrators,
/// who accept what is not as it should be.
fn everybody_has_a_key(script: &Script, problems: &mut Problems) {
    let asked = |role: Role| ROLES_ASKED.contains(&role) || script.approvals.plan.of(role) > 0;
    for person in script.people.iter().filter(|person| asked(person.role.value) && person.ssh_key.is_none()) {
        let message = format!(
            "`{}` has no `ssh-key`; approvals by `signature` need one of everybody of the role `{}`",
            person.id.value,
            person.role.value.word()
        );
        let hint = "the person's line of `ssh-keygen -t ed25519-sk` or of another key: `ssh-key: \"ssh-ed25519 AAAA…\"`";
        problems.add_with_hint(person.id.place, message, hint);
    }
}

/// An exception is approved by every crypto officer who is there, and their signatures stand in one record.
fn signatures_fit(script: &Script, keys: &BTreeMap<String, PersonKey>, problems: &mut Problems) {
    let officers = script.people.iter().filter(|person| person.role.value == Role::CryptoOfficer);
    let of_officers = officers.filter_map(|person| keys.get(person.id.value.as_str()));
    let octets: usize = of_officers.map(PersonKey::most_in_a_record).sum();
    if octets > MOST_SIGNED {
        let message = format!(
            "the signatures of all crypto officers take up to {octets} octets; a record has room for {MOST_SIGNED}"
        );
        let hint = "Ed25519 and ECDSA keys have short signatures, also those of FIDO devices";
        problems.add_with_hint(script.approvals.method.place, message, hint);
    }
}

/// Octets of a record, of 16 KiB, that are left for signatures beside the longest text.
const MOST_SIGNED: usize = 11_000;

/// Who is asked in the room to approve.
const ROLES_ASKED: [Role; 2] = [Role::CryptoOfficer, Role::CeremonyAdministrator];

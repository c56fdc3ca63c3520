//! Objects on the token: all of them, those of an id, and data objects of ours.

use super::super::raw::Object;
use super::super::{
    AttributeName, Attributes, DataObject, Entry, Inventory, KeyId, LOG_HEAD, ObjectClass, Reading,
    TokenError, TokenFlag,
};
use super::key;
use super::place::{Task, class, flag, octets};
use crate::digest::Digest;

/// Every object that the session can see.
pub(super) fn inventory(task: &mut Task<'_>) -> Result<Inventory, TokenError> {
    let (mut entries, mut unreadable) = (Vec::new(), 0);
    for object in task.find(&[])? {
        match entry(task, object)? {
            Some(entry) => entries.push(entry),
            None => unreadable += 1,
        }
    }
    Ok(Inventory::of(entries, unreadable))
}

/// Destroys every object of an id and says how many there were.
pub(super) fn destroy(task: &mut Task<'_>, id: &KeyId) -> Result<usize, TokenError> {
    let search = [octets(AttributeName::Id, id.octets())];
    let objects = task.find(&search)?;
    if objects.is_empty() {
        return Err(TokenError::NoSuchKey { token: task.token(), id: id.clone(), private: 0, public: 0 });
    }
    for object in &objects {
        let destroyed = task.session.destroy(*object);
        destroyed.map_err(|fault| task.explain(fault))?;
    }
    match task.find(&search)?.len() {
        0 => Ok(objects.len()),
        count => Err(TokenError::StillThere { token: task.token(), id: id.clone(), count }),
    }
}

/// Keeps a data object in the place of all others of its label and application.
pub(super) fn store_data(task: &mut Task<'_>, data: &DataObject) -> Result<(), TokenError> {
    if data.value.len() > LARGEST_DATA {
        let what = format!("the data object `{}`", data.label);
        return Err(TokenError::TooMuch { what, found: data.value.len(), most: LARGEST_DATA });
    }
    let search = [
        class(ObjectClass::Data),
        octets(AttributeName::Label, data.label.as_bytes()),
        octets(AttributeName::Application, data.application.as_bytes()),
    ];
    let old = task.find(&search)?;
    let mut template = search.to_vec();
    template.extend([
        flag(AttributeName::Token, true),
        flag(AttributeName::Private, true),
        octets(AttributeName::Value, &data.value),
    ]);
    let made = task.session.create(&template);
    let made = made.map_err(|fault| task.explain(fault))?;
    // After a power failure here there are the old one and the new one.
    let kept = task.read(made, AttributeName::Value)?;
    if kept != Reading::Octets(data.value.clone()) {
        return Err(TokenError::DataDiffers { token: task.token(), label: data.label.clone() });
    }
    for object in old {
        let destroyed = task.session.destroy(object);
        destroyed.map_err(|fault| task.explain(fault))?;
    }
    Ok(())
}

/// Destroys all data objects of a label and says how many there were.
pub(super) fn forget_data(task: &mut Task<'_>, label: &str) -> Result<usize, TokenError> {
    let objects = task.find(&key::labelled(ObjectClass::Data, label))?;
    for object in &objects {
        let destroyed = task.session.destroy(*object);
        destroyed.map_err(|fault| task.explain(fault))?;
    }
    Ok(objects.len())
}

/// The data objects of a label.
pub(super) fn data(task: &mut Task<'_>, label: &str) -> Result<Vec<DataObject>, TokenError> {
    // Whoever is not logged in sees no private object, and is told that this went well.
    if task.place.token.has(TokenFlag::LoginRequired) && !key::user_is_logged_in(task)? {
        return Err(TokenError::NotLoggedIn { token: task.token(), operation: task.operation });
    }
    let objects = task.find(&key::labelled(ObjectClass::Data, label))?;
    objects.into_iter().map(|object| data_object(task, object, label)).collect()
}

fn data_object(task: &mut Task<'_>, object: Object, label: &str) -> Result<DataObject, TokenError> {
    let unreadable =
        |task: &Task<'_>| TokenError::DataDiffers { token: task.token(), label: label.to_owned() };
    let Reading::Octets(value) = task.read(object, AttributeName::Value)? else {
        return Err(unreadable(task));
    };
    let application = match task.read(object, AttributeName::Application)? {
        Reading::Octets(text) => String::from_utf8(text).map_err(|_| unreadable(task))?,
        _ => String::new(),
    };
    Ok(DataObject { label: label.to_owned(), application, value })
}

/// One object; nothing if its class cannot be read.
fn entry(task: &mut Task<'_>, object: Object) -> Result<Option<Entry>, TokenError> {
    let Attributes(mut read) = task.read_all(object, ENTRY)?;
    let mut take = |name| read.remove(&name).unwrap_or(Reading::Absent);
    let Reading::Number(class) = take(AttributeName::Class) else { return Ok(None) };
    let mut octets = |name| match take(name) {
        Reading::Octets(octets) => octets,
        _ => Vec::new(),
    };
    let (id, label) = (octets(AttributeName::Id), octets(AttributeName::Label));
    let key_type = match take(AttributeName::KeyType) {
        Reading::Number(number) => Some(number),
        _ => None,
    };
    let known = ObjectClass::from_number(class);
    let changes = known == Some(ObjectClass::Data) && label == LOG_HEAD.as_bytes();
    let fingerprint = if changes { None } else { fingerprint(task, object, known)? };
    Ok(Some(Entry { class: Some(class), id, label, key_type, fingerprint }))
}

/// The digest of what is public of an object.
fn fingerprint(
    task: &mut Task<'_>,
    object: Object,
    class: Option<ObjectClass>,
) -> Result<Option<Digest>, TokenError> {
    let public = match class {
        Some(ObjectClass::PublicKey) => {
            let attributes = key::read_public(task, object)?;
            return Ok(key::public_key(&attributes).ok().map(|(_, key)| key.spki_sha256()));
        }
        Some(ObjectClass::PrivateKey) => octets_of(task, object, AttributeName::Modulus)?,
        Some(ObjectClass::Certificate | ObjectClass::Data) => octets_of(task, object, AttributeName::Value)?,
        _ => None,
    };
    Ok(public.filter(|octets| !octets.is_empty()).map(|octets| Digest::of(&octets)))
}

fn octets_of(
    task: &mut Task<'_>,
    object: Object,
    name: AttributeName,
) -> Result<Option<Vec<u8>>, TokenError> {
    Ok(match task.read(object, name)? {
        Reading::Octets(octets) => Some(octets),
        _ => None,
    })
}

/// What is read of every object.
const ENTRY: &[AttributeName] =
    &[AttributeName::Class, AttributeName::Id, AttributeName::Label, AttributeName::KeyType];

/// A data object has room in one answer of the token.
const LARGEST_DATA: usize = 8 * 1024;

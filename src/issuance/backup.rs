//! A key that may leave its token once: it leaves wrapped, comes back to another token, proves itself there, and is sealed.
//!
//! The rules of this file:
//! - What is wrapped is kept by its digest before its record is there; the key-encryption key never is.
//! - What comes back is the key by its public half, cannot leave, and nothing else came with it.
//! - A restore that an interruption cut short is taken only whole; otherwise what is there of it goes: the original is untouched.
//! - A sealed key was told to leave all the same, and did not.

use super::key::{attributes, prove, token_error};
use super::{IssuanceError, Key, past};
use crate::hsm::{Entry, KeyDescription, KeyId, KeyRequest, RestoreRequest, TokenError, WrappedFormat};
use crate::stage::{BackedUp, Event, Hands, Notice, PastRecord, Sealed, Secret, Stage, StageError};

/// A key that is to leave its token wrapped.
#[derive(Debug)]
pub struct ToWrap<'o> {
    /// The key.
    pub key: &'o Key,
    /// What has to come out.
    pub format: WrappedFormat,
    /// By which mechanism of the token.
    pub mechanism: u64,
    /// What the log says of the backup, but for the digest of its file.
    pub said: BackedUp,
}

/// A key that is to come back.
#[derive(Debug)]
pub struct ToRestore<'o> {
    /// The key, as it is on its own token.
    pub key: &'o Key,
    /// The token that it comes back to.
    pub token: &'o str,
    /// By which mechanism that one unwraps.
    pub mechanism: u64,
    /// The wrapped private half.
    pub wrapped: &'o [u8],
    /// Whose shares gave the key-encryption key.
    pub people: Vec<String>,
}

/// In which format a key goes from one token to others, and by which mechanism it is wrapped.
///
/// # Errors
///
/// [`IssuanceError::Key`] if they have no format in common.
pub fn wrapping_between(
    key: &str,
    from: &str,
    to: &[String],
    stage: &mut Stage<'_>,
) -> Result<(WrappedFormat, u64), IssuanceError> {
    let ways = stage.wraps(from)?.to_vec();
    for (format, mechanism) in ways {
        let mut takes = 0;
        for token in to {
            takes += usize::from(stage.wraps(token)?.iter().any(|(known, _)| *known == format));
        }
        if takes == to.len() {
            return Ok((format, mechanism));
        }
    }
    let why = format!("tokens `{from}` and `{}` have no way of wrapping in common", to.join("`, `"));
    Err(IssuanceError::Key { name: key.to_owned(), why })
}

/// By which mechanism a token takes back, or refuses to give away, a key in a format of this name.
///
/// # Errors
///
/// [`IssuanceError::Key`] if it knows none.
pub fn mechanism_of(
    key: &str,
    token: &str,
    format: &str,
    stage: &mut Stage<'_>,
) -> Result<u64, IssuanceError> {
    let known = stage.wraps(token)?.iter().find(|(known, _)| known.name() == format);
    let why = || format!("nobody has said by which mechanism token `{token}` takes `{format}`");
    known
        .map(|(_, mechanism)| *mechanism)
        .ok_or_else(|| IssuanceError::Key { name: key.to_owned(), why: why() })
}

/// Wraps a key and keeps the file that `write` makes of it; the file's octets.
///
/// # Errors
///
/// [`IssuanceError`] if the token or the log refuse, or if it comes out in another format.
pub fn wrap(
    order: ToWrap<'_>,
    kek: &Secret<32>,
    write: impl FnOnce(Vec<u8>) -> Result<String, String>,
    stage: &mut Stage<'_>,
) -> Result<String, IssuanceError> {
    let ToWrap { key, format, mechanism, mut said } = order;
    let id = made(key)?;
    settle(stage, "key.backup.intent", key, "nothing: what was wrapped is lost with its key-encryption key")?;
    let intent = Event::KeyBackupIntent {
        spki_sha256: said.spki_sha256,
        token: key.token.clone(),
        id: id.to_string(),
        format: format.name().to_owned(),
        set_id: said.set_id.clone().unwrap_or_default(),
    };
    let wrong = |why: String| IssuanceError::Key { name: key.name.clone(), why };
    stage
        .act(&key.token, intent, None, |hands| {
            let wrapped =
                hands.token().wrap_key(id, kek, mechanism).map_err(|error| token_error(&key.token, error))?;
            if wrapped.format != format {
                let (found, wanted) = (wrapped.format.name(), format.name());
                return Err(wrong(format!("it was wrapped as {found}; wanted {wanted}")));
            }
            let file = write(wrapped.octets).map_err(wrong)?;
            // A power failure from here on leaves a file that nobody can open: its key was in memory alone.
            said.blob_sha256 = hands.keep(file.as_bytes())?;
            Ok::<_, IssuanceError>((file, Event::KeyBackup(said)))
        })
        .map_err(IssuanceError::from)
}

/// A backup in the place of one before, on its way: under the same key-encryption key, or wrapped anew on a token.
pub struct ToRewrap<'o> {
    /// The key.
    pub key: &'o Key,
    /// The token that wraps it anew.
    pub token: &'o str,
    /// What it was wrapped into before.
    pub wrapped: &'o [u8],
    /// Under which key until now, and under which from now on; nothing where that stays the same.
    pub keks: Option<(&'o Secret<32>, &'o Secret<32>)>,
    /// What the log says of the backup, but for the digest of a new file.
    pub said: BackedUp,
}

/// Records a new backup of a key in the place of the one before: its shares are of another set. The new file's octets, where
/// it was wrapped anew; `write` makes the file.
///
/// # Errors
///
/// [`IssuanceError`] if the token or the log refuse, or if it comes out in another format.
pub fn rewrap(
    order: ToRewrap<'_>,
    write: impl FnOnce(Vec<u8>) -> Result<String, String>,
    stage: &mut Stage<'_>,
) -> Result<Option<String>, IssuanceError> {
    let ToRewrap { key, token, wrapped, keks, mut said } = order;
    settle(stage, "key.backup.intent", key, "nothing: what was wrapped is lost with its key-encryption key")?;
    let id = made(key)?.clone();
    let intent = Event::KeyBackupIntent {
        spki_sha256: said.spki_sha256,
        token: token.to_owned(),
        id: id.to_string(),
        format: said.format.clone(),
        set_id: said.set_id.clone().unwrap_or_default(),
    };
    let Some((old, new)) = keks else {
        let seq = stage.record(intent)?;
        stage.record_closing(Event::KeyBackup(said), seq)?;
        return Ok(None);
    };
    let mechanism = mechanism_of(&key.name, token, &said.format, stage)?;
    let wrong = |why: String| IssuanceError::Key { name: key.name.clone(), why };
    let asked = KeyRequest { label: key.name.clone(), id, algorithm: key.algorithm, extractable: true };
    let request =
        RestoreRequest { key: asked, public_key: key.public.clone(), mechanism, wrapped: wrapped.to_vec() };
    stage
        .act(token, intent, None, |hands| {
            let again =
                hands.token().rewrap_key(&request, old, new).map_err(|error| token_error(token, error))?;
            if again.format.name() != said.format {
                return Err(wrong(format!(
                    "it was wrapped as {}; wanted {}",
                    again.format.name(),
                    said.format
                )));
            }
            let file = write(again.octets).map_err(wrong)?;
            said.blob_sha256 = hands.keep(file.as_bytes())?;
            Ok::<_, IssuanceError>((Some(file), Event::KeyBackup(said)))
        })
        .map_err(IssuanceError::from)
}

/// Brings a key back to another token as one that cannot leave it; its id there.
///
/// # Errors
///
/// [`IssuanceError`] if the token or the log refuse, or if it is not the key.
pub fn restore(
    order: ToRestore<'_>,
    kek: &Secret<32>,
    stage: &mut Stage<'_>,
) -> Result<KeyId, IssuanceError> {
    let ToRestore { key, token, mechanism, wrapped, people } = order;
    if let Some(id) = settle_restore(key, token, stage)? {
        return Ok(id);
    }
    let wrong = |why: String| IssuanceError::Key { name: key.name.clone(), why };
    let before = stage.inventory(token)?;
    let id = id_there(key, token, stage)?;
    let intent = Event::KeyRestoreIntent {
        spki_sha256: key.public.spki_sha256(),
        token: token.to_owned(),
        id: id.to_string(),
        people,
    };
    let asked =
        KeyRequest { label: key.name.clone(), id: id.clone(), algorithm: key.algorithm, extractable: false };
    let request =
        RestoreRequest { key: asked, public_key: key.public.clone(), mechanism, wrapped: wrapped.to_vec() };
    stage.show(&Notice::Waiting { sentence: format!("Restoring `{}` to the token `{token}`.", key.name) });
    stage.act(token, intent, None, |hands| {
        let there = hands.token().restore_key(&request, kek).map_err(|error| token_error(token, error))?;
        let event = restored(key, token, &there)
            .ok_or_else(|| wrong("what came back could leave again".to_owned()))?;
        Ok::<_, IssuanceError>(((), event))
    })?;
    let (came, went) = stage.inventory(token)?.since(&before);
    let is_half = |entry: &Entry| entry.id == id.octets() && entry.label == key.name.as_bytes();
    if !went.is_empty() || came.len() != 2 || !came.iter().all(is_half) {
        return Err(IssuanceError::Inventory { token: token.to_owned(), came: came.len(), went: went.len() });
    }
    Ok(id)
}

/// The id of a key on a token that it was restored to.
///
/// # Errors
///
/// [`IssuanceError`] if nothing says that it was, or the token does not have it.
pub fn restored_id(key: &Key, token: &str, stage: &mut Stage<'_>) -> Result<KeyId, IssuanceError> {
    let ours = |record: &PastRecord| {
        record.digest("spki_sha256") == Some(key.public.spki_sha256()) && record.text("token") == Some(token)
    };
    let said = stage.past().find("key.restored", ours).and_then(|record| record.text("id")?.parse().ok());
    match said {
        Some(id) => Ok(id),
        None => found_copy(key, token, stage),
    }
}

/// The id of a copy of a key on another token: by its own id, or as the only key of its public half.
///
/// # Errors
///
/// [`IssuanceError::Key`] if it is not there once.
pub fn found_copy(key: &Key, token: &str, stage: &mut Stage<'_>) -> Result<KeyId, IssuanceError> {
    let inventory = stage.inventory(token)?;
    let mut ids: Vec<&[u8]> = inventory.entries.iter().map(|entry| entry.id.as_slice()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids.into_iter().filter_map(|id| KeyId::from_octets(id).ok()) {
        if stage.key(token, &id).is_ok_and(|there| there.public_key == key.public) {
            found.push(id);
        }
    }
    match found.as_slice() {
        [id] => Ok(id.clone()),
        all => {
            let why = format!("token `{token}` has {} keys of its public half; wanted 1", all.len());
            Err(IssuanceError::Key { name: key.name.clone(), why })
        }
    }
}

/// The intent of a backup that people make by a vendor's tool; its sequence number.
///
/// # Errors
///
/// [`IssuanceError`] if the log refuses.
pub fn begin_vendor_backup(key: &Key, stage: &mut Stage<'_>) -> Result<u64, IssuanceError> {
    let ours = Some(key.public.spki_sha256());
    let open = stage
        .take_open_intent(|record| record.ev == "key.backup.intent" && record.digest("spki_sha256") == ours);
    if let Some(intent) = open {
        return Ok(intent.seq);
    }
    let intent = Event::KeyBackupIntent {
        spki_sha256: key.public.spki_sha256(),
        token: key.token.clone(),
        id: made(key)?.to_string(),
        format: "vendor".into(),
        set_id: String::new(),
    };
    Ok(stage.record(intent)?)
}

/// Records the copy that a vendor's tool brought to another token, once it was found there; its id.
///
/// # Errors
///
/// [`IssuanceError`] if it is not there once, or can leave that token, or the log refuses.
pub fn take_in_copy(
    key: &Key,
    token: &str,
    people: Vec<String>,
    stage: &mut Stage<'_>,
) -> Result<KeyId, IssuanceError> {
    let spki_sha256 = key.public.spki_sha256();
    let of_copy = |record: &PastRecord| {
        record.digest("spki_sha256") == Some(spki_sha256) && record.text("token") == Some(token)
    };
    let said = stage.past().find("key.restored", of_copy).and_then(|record| record.text("id")?.parse().ok());
    if let Some(id) = said {
        return Ok(id);
    }
    let id = found_copy(key, token, stage)?;
    let there = stage.key(token, &id)?;
    let event = restored(key, token, &there).ok_or_else(|| {
        let why = format!("its copy on token `{token}` could leave that, or shows its private half");
        IssuanceError::Key { name: key.name.clone(), why }
    })?;
    let open = stage.take_open_intent(|record| record.ev == "key.restore.intent" && of_copy(record));
    let seq = if let Some(intent) = open {
        intent.seq
    } else {
        let (token, id) = (token.to_owned(), id.to_string());
        stage.record(Event::KeyRestoreIntent { spki_sha256, token, id, people })?
    };
    stage.record_closing(event, seq)?;
    Ok(id)
}

/// Has a restored key sign the text of a proof, unless it did before an interruption.
///
/// # Errors
///
/// [`IssuanceError`] if it is not the key, or the token or the log refuse.
pub fn prove_restored(
    key: &Key,
    (token, id): (&str, &KeyId),
    ceremony: &str,
    stage: &mut Stage<'_>,
) -> Result<(), IssuanceError> {
    let there = Key { token: token.to_owned(), id: Some(id.clone()), ..key.clone() };
    past::settle_proof(&there, stage)?;
    let ours = Some(key.public.spki_sha256());
    let proved = stage.past().records().iter().any(|record| {
        record.ev == "key.proof.intent"
            && record.digest("spki_sha256") == ours
            && record.text("token") == Some(token)
            && stage.past().result_of(record).is_some_and(|result| result.ev == "key.proved")
    });
    if proved { Ok(()) } else { prove(&there, ceremony, stage) }
}

/// Takes from a key the permission to leave its token, and shows that it leaves no more: what the token says to that. Nothing, if
/// the token does not let a key's permission be taken.
///
/// # Errors
///
/// [`IssuanceError`] if it can leave all the same, or the token or the log refuse.
pub fn seal(key: &Key, mechanism: u64, stage: &mut Stage<'_>) -> Result<Option<String>, IssuanceError> {
    let (id, spki_sha256) = (made(key)?, key.public.spki_sha256());
    settle(stage, "key.seal.intent", key, "the key can leave its token still, or no more")?;
    let intent = Event::KeySealIntent { spki_sha256, token: key.token.clone(), id: id.to_string() };
    let sealed = stage.act(&key.token, intent, None, |hands| {
        let there = hands.token().seal_key(id).map_err(|error| token_error(&key.token, error))?;
        let wrap_refused = wrap_refused(key, id, mechanism, hands)?;
        let event = Event::KeySealed {
            spki_sha256,
            token: key.token.clone(),
            id: id.to_string(),
            how: Sealed::ExtractableCleared,
            attributes: attributes(&there.private),
            wrap_refused: wrap_refused.clone(),
        };
        Ok::<_, IssuanceError>((wrap_refused, event))
    });
    match sealed {
        Ok(refused) => Ok(Some(refused)),
        Err(StageError::Token { source, .. }) if source.seals_nothing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the log says of a key that is sealed: what the token said when it was told to let it go.
pub fn sealed_before(key: &Key, stage: &Stage<'_>) -> Option<String> {
    let ours = |record: &PastRecord| record.digest("spki_sha256") == Some(key.public.spki_sha256());
    let sealed = stage.past().find("key.sealed", ours)?;
    Some(sealed.text("wrap_refused").unwrap_or_default().to_owned())
}

/// Tells a token to wrap a key all the same; what it says, which has to be no.
pub(super) fn wrap_refused(
    key: &Key,
    id: &KeyId,
    mechanism: u64,
    hands: &mut Hands<'_>,
) -> Result<String, IssuanceError> {
    // Of no use to anybody: what it would wrap is thrown away.
    let kek = Secret::try_fill(|octets| getrandom::fill(octets)).map_err(|_| StageError::Random)?;
    match hands.token().wrap_key(id, &kek, mechanism) {
        Err(TokenError::Code { code, .. }) => Ok(code.to_string()),
        Err(error) => Err(token_error(&key.token, error)),
        Ok(_) => {
            let why = "it was sealed, and left its token all the same".to_owned();
            Err(IssuanceError::Key { name: key.name.clone(), why })
        }
    }
}

/// Declares a key live.
///
/// # Errors
///
/// [`IssuanceError::Stage`] if the log refuses.
pub fn make_live(key: &mut Key, stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    stage.record_once(Event::KeyLive { spki_sha256: key.public.spki_sha256() })?;
    key.live = true;
    Ok(())
}

/// What the log says of a key that came back; nothing if it could leave again.
fn restored(key: &Key, token: &str, there: &KeyDescription) -> Option<Event> {
    let attributes = attributes(&there.private);
    let inside = attributes.extractable == Some(false) && attributes.sensitive == Some(true);
    (inside && there.public_key == key.public).then(|| Event::KeyRestored {
        spki_sha256: key.public.spki_sha256(),
        token: token.to_owned(),
        id: there.id.to_string(),
        attributes,
    })
}

/// What an interrupted restore left on a token: taken if it is the whole key, and gone otherwise.
fn settle_restore(key: &Key, token: &str, stage: &mut Stage<'_>) -> Result<Option<KeyId>, IssuanceError> {
    let ours = Some(key.public.spki_sha256());
    let of_restore = |record: &PastRecord| {
        record.ev == "key.restore.intent"
            && record.digest("spki_sha256") == ours
            && record.text("token") == Some(token)
    };
    let Some(attempt) = stage.past().records().iter().rfind(|record| of_restore(record)).cloned() else {
        return Ok(None);
    };
    let open = stage.take_open_intent(of_restore).map(|intent| intent.seq);
    let wrong = |why: &str| IssuanceError::Key { name: key.name.clone(), why: why.to_owned() };
    let id: KeyId =
        attempt.text("id").and_then(|id| id.parse().ok()).ok_or_else(|| wrong("its intent has no id"))?;
    let inventory = stage.inventory(token)?;
    let nameless =
        inventory.entries.iter().filter(|entry| entry.id.is_empty() && entry.label.is_empty()).count();
    if inventory.unreadable + nameless > 0 {
        let (token, unreadable) = (token.to_owned(), inventory.unreadable);
        return Err(IssuanceError::Spoiled { token, unreadable, nameless });
    }
    let there = inventory.entries.iter().any(|entry| entry.id == id.octets());
    let whole = if there { stage.key(token, &id).ok() } else { None };
    if let (Some(seq), Some(event)) = (open, whole.and_then(|found| restored(key, token, &found))) {
        stage.record_closing(event, seq)?;
        return Ok(Some(id));
    }
    // It was restored by an attempt that has its result: whoever asks again means that one.
    let done = stage.past().result_of(&attempt).is_some_and(|result| result.ev == "key.restored");
    if done {
        return Ok(Some(id));
    }
    let residue = if there {
        format!("{} objects of a copy, destroyed", stage.destroy_remains(token, &id)?)
    } else {
        "nothing is on the token".to_owned()
    };
    match open {
        Some(seq) => stage.record_closing(Event::ActFailed { error: "interrupted".into(), residue }, seq)?,
        None if there => stage.record(Event::LogNote {
            text: format!("`{}` on `{token}`, id {id}, record {}: {residue}", key.name, attempt.seq),
        })?,
        None => attempt.seq,
    };
    Ok(None)
}

/// Closes an intent about a key that an interruption left open.
pub(super) fn settle(stage: &mut Stage<'_>, ev: &str, key: &Key, residue: &str) -> Result<(), IssuanceError> {
    let ours = Some(key.public.spki_sha256());
    let of_key = |record: &PastRecord| record.ev == ev && record.digest("spki_sha256") == ours;
    if let Some(intent) = stage.take_open_intent(of_key) {
        let (error, residue) = ("interrupted".to_owned(), residue.to_owned());
        stage.record_closing(Event::ActFailed { error, residue }, intent.seq)?;
    }
    Ok(())
}

/// The id that the key has on another token: the same, where that takes as many octets.
fn id_there(key: &Key, token: &str, stage: &mut Stage<'_>) -> Result<KeyId, IssuanceError> {
    let (own, octets) = (made(key)?, stage.id_octets(token)?);
    if own.octets().len() == octets {
        return Ok(own.clone());
    }
    let drawn = stage.random::<16>(token)?;
    KeyId::from_octets(drawn.get(..octets).unwrap_or(drawn.as_slice()))
        .map_err(|error| IssuanceError::Key { name: key.name.clone(), why: error.to_string() })
}

fn made(key: &Key) -> Result<&KeyId, IssuanceError> {
    key.id.as_ref().ok_or_else(|| IssuanceError::NotMade { name: key.name.clone() })
}

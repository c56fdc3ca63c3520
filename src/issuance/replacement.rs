//! A key whose token does not let go of the permission to leave: it is destroyed there, and comes back from its backup as one that
//! cannot leave. Everything but the key's origin stays as it was: token, label, id, public half.
//!
//! The rules of this file:
//! - Nothing is destroyed before the key-encryption key is in hand, and the same key has proved itself on another token.
//! - One intent is around both halves of it. What an interruption left there is looked at and gone on with: the original, nothing,
//!   a half, or the whole of what came back.
//! - What came back is told to leave all the same, has to refuse, and proves itself.

use super::backup::{settle, wrap_refused};
use super::key::{attributes, prove, token_error};
use super::{IssuanceError, Key};
use crate::hsm::{AttributeName, Entry, KeyDescription, KeyId, KeyRequest, Reading, RestoreRequest, Token};
use crate::stage::{Event, PastRecord, Sealed, Secret, Stage};

/// A key that is to be replaced by what comes back from its backup.
#[derive(Debug)]
pub struct ToReplace<'o> {
    /// The key.
    pub key: &'o Key,
    /// By which mechanism it is unwrapped, and is told to leave all the same.
    pub mechanism: u64,
    /// The wrapped private half.
    pub wrapped: &'o [u8],
    /// The record by which people allowed it.
    pub approval: u64,
}

/// Destroys a key and brings it back as one that cannot leave; what its token says when it is told to let it go all the same.
///
/// # Errors
///
/// [`IssuanceError`] if the token or the log refuse, if other things came or went on the token, or if it can leave all the same.
pub fn replace(
    order: &ToReplace<'_>,
    kek: &Secret<32>,
    stage: &mut Stage<'_>,
) -> Result<String, IssuanceError> {
    let ToReplace { key, mechanism, wrapped, approval } = *order;
    let spki_sha256 = key.public.spki_sha256();
    let id = key.id.clone().ok_or_else(|| IssuanceError::NotMade { name: key.name.clone() })?;
    settle(
        stage,
        "key.seal.intent",
        key,
        "the key can leave its token still, or is gone there, or came back as one that cannot leave",
    )?;
    let before = stage.inventory(&key.token)?;
    let asked =
        KeyRequest { label: key.name.clone(), id: id.clone(), algorithm: key.algorithm, extractable: false };
    let request =
        RestoreRequest { key: asked, public_key: key.public.clone(), mechanism, wrapped: wrapped.to_vec() };
    let intent = Event::KeySealIntent { spki_sha256, token: key.token.clone(), id: id.to_string() };
    let refused = stage.act(&key.token, intent, Some(approval), |hands| {
        let there =
            in_its_place(&request, kek, hands.token()).map_err(|error| token_error(&key.token, error))?;
        let refused = wrap_refused(key, &id, mechanism, hands)?;
        let event = Event::KeySealed {
            spki_sha256,
            token: key.token.clone(),
            id: id.to_string(),
            how: Sealed::ReplacedByRestore,
            attributes: attributes(&there.private),
            wrap_refused: refused.clone(),
        };
        Ok::<_, IssuanceError>((refused, event))
    })?;
    let (came, went) = stage.inventory(&key.token)?.since(&before);
    let is_half = |entry: &Entry| entry.id == id.octets();
    if !came.iter().chain(&went).all(is_half) {
        let (token, came, went) = (key.token.clone(), came.len(), went.len());
        return Err(IssuanceError::Inventory { token, came, went });
    }
    Ok(refused)
}

/// Has a replaced key sign the text of a proof, unless it did before an interruption.
///
/// # Errors
///
/// [`IssuanceError`] if it is not the key, or the token or the log refuse.
pub fn prove_replaced(key: &Key, ceremony: &str, stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    super::past::settle_proof(key, stage)?;
    let ours = |record: &PastRecord| record.digest("spki_sha256") == Some(key.public.spki_sha256());
    let past = stage.past();
    let sealed = past.find("key.sealed", ours).map(|record| record.seq);
    // The original signed a proof too, when it was made.
    let proved = past.records().iter().any(|record| {
        record.ev == "key.proof.intent"
            && ours(record)
            && record.text("token") == Some(&key.token)
            && sealed.is_some_and(|sealed| record.seq > sealed)
            && past.result_of(record).is_some_and(|result| result.ev == "key.proved")
    });
    if proved { Ok(()) } else { prove(key, ceremony, stage) }
}

/// Whether a key was replaced, or began to be, before an interruption: somebody allowed it.
pub fn is_being_replaced(key: &Key, stage: &Stage<'_>) -> bool {
    let step = Some(stage.step_number());
    let allowed = |record: &PastRecord| {
        record.step == step
            && record.text("kind") == Some(super::DESTRUCTION)
            && record.digest("sha256") == Some(key.public.spki_sha256())
    };
    stage.past().find("request.approved", allowed).is_some()
}

/// Destroys what is there of the original and brings the key back; it is there already, if an interruption came after that.
fn in_its_place(
    request: &RestoreRequest,
    kek: &Secret<32>,
    token: &mut dyn Token,
) -> Result<KeyDescription, crate::hsm::TokenError> {
    let id: &KeyId = &request.key.id;
    if token.inventory()?.entries.iter().any(|entry| entry.id == id.octets()) {
        let inside = |there: &KeyDescription| {
            there.private.0.get(&AttributeName::Extractable) == Some(&Reading::Flag(false))
                && there.public_key == request.public_key
        };
        if let Some(there) = token.key(id).ok().filter(inside) {
            return Ok(there);
        }
        token.destroy_objects(id)?;
    }
    token.restore_key(request, kek)
}

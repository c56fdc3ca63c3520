//! A key becomes live: generated, proven, and only then fit to sign what people rely on. BR §6.1.1.1.
//!
//! The rules of this file:
//! - The id is drawn at random before the key is made, so that a crash leaves nothing that cannot be named.
//! - The token's inventory afterwards is the one before and exactly the two halves of the key.
//! - The key is what was asked for, by its attributes as read back, or it never becomes live.
//! - A key that an interruption cut short is taken only whole and as it was ordered, or it goes.
//! - The proof signs a text that can be no DER structure, logged before it is signed, and it is verified in
//!   software: the token's word proves nothing.

use std::io::Read;

use base64ct::{Base64, Encoding};

use super::{IssuanceError, Key, past};
use crate::digest::hex;
use crate::hsm::{AttributeName, Attributes, KeyDescription, KeyId, KeyRequest, ToSign, Token, TokenError};
use crate::pki::{KeyAlgorithm, PublicKey, Signable, SignatureAlgorithm, verify_signature};
use crate::stage::{Event, KeyAttributes, LogKey, Notice, Stage};

/// A key to be made.
#[derive(Clone, Copy, Debug)]
pub struct KeyOrder<'o> {
    /// The ceremony's id, part of the proof's text.
    pub ceremony: &'o str,
    /// The key's name and label.
    pub name: &'o str,
    /// The script's name for the token.
    pub token: &'o str,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
    /// Whether and how it is backed up, which comes before it is live.
    pub backup: Backup,
}

/// Whether and how a key is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// Not at all: it can never leave its token, and is live once it has proved itself.
    None,
    /// Wrapped: it can leave its token once, and is live once a restore has proved itself and it can leave no more.
    Wrapped,
    /// By the vendor's own means: it can never leave its token in a way that this program knows, and is live once what the
    /// vendor's tool made of it has proved itself.
    Vendor,
}

/// Makes a key, has it prove itself, and declares it live unless it has to be backed up first.
///
/// # Errors
///
/// [`IssuanceError`] if the token, the people or the log refuse, or if the key is not what was asked for.
pub fn make_key(order: &KeyOrder<'_>, stage: &mut Stage<'_>) -> Result<Key, IssuanceError> {
    let found = match past::made(order, stage)? {
        Some(found) => Some(found),
        None => past::settle_key(order, stage)?,
    };
    let (id, public) = match found {
        Some(found) => found,
        None => make(order, stage)?,
    };
    let wrong = |error: &dyn ToString| IssuanceError::Key { name: order.name.into(), why: error.to_string() };
    if public.algorithm() != Some(order.algorithm) {
        return Err(wrong(&format!("it is {public}; wanted {}", order.algorithm)));
    }
    let mut key = Key {
        name: order.name.into(),
        token: order.token.into(),
        id: Some(id),
        algorithm: order.algorithm,
        public,
        live: false,
    };
    let spki_sha256 = key.public.spki_sha256();
    past::settle_proof(&key, stage)?;
    if !past::is_proved(spki_sha256, stage) {
        prove(&key, order.ceremony, stage)?;
    }
    if order.backup == Backup::None {
        stage.record_once(Event::KeyLive { spki_sha256 })?;
        key.live = true;
    }
    Ok(key)
}

/// Makes the key pair itself: nothing else comes to the token, and nothing goes.
fn make(order: &KeyOrder<'_>, stage: &mut Stage<'_>) -> Result<(KeyId, PublicKey), IssuanceError> {
    let before = stage.inventory(order.token)?;
    let drawn = stage.random::<16>(order.token)?;
    let octets = stage.id_octets(order.token)?;
    // Where a token takes fewer octets, all of them are random.
    let id = match drawn.get(..octets).filter(|fewer| fewer.len() < drawn.len()) {
        Some(fewer) => KeyId::from_octets(fewer)
            .map_err(|error| IssuanceError::Key { name: order.name.into(), why: error.to_string() })?,
        None => KeyId::readable(&drawn),
    };
    let description = generate(order, &id, stage)?;
    let (came, went) = stage.inventory(order.token)?.since(&before);
    let is_half = |entry: &crate::hsm::Entry| entry.id == id.octets() && entry.label == order.name.as_bytes();
    if !went.is_empty() || came.len() != 2 || !came.iter().all(is_half) {
        return Err(IssuanceError::Inventory {
            token: order.token.into(),
            came: came.len(),
            went: went.len(),
        });
    }
    Ok((id, description.public_key))
}

/// Says that a live key signs the log's heads from now on.
///
/// # Errors
///
/// [`IssuanceError`] for a key that cannot.
pub fn use_log_key(key: &Key, stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    let id = key.id.as_ref().ok_or_else(|| IssuanceError::NotMade { name: key.name.clone() })?;
    let hashed = key.algorithm != KeyAlgorithm::Ed25519;
    stage.use_log_key(&key.token, id, hashed, &LogKey { spki_der: key.public.spki_der().to_vec() })?;
    Ok(())
}

/// Signs a message with a key on a token, hashing in software where the algorithm hashes.
///
/// # Errors
///
/// [`TokenError`]: what the token says.
pub(super) fn sign(
    token: &mut dyn Token,
    id: &KeyId,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, TokenError> {
    if let SignatureAlgorithm::RsaPss(hash) = algorithm {
        return token.sign(id, ToSign::Pss { hash, octets: &hash.digest(message), message: Some(message) });
    }
    let octets = &input(algorithm, message);
    match algorithm.hash() {
        Some(hash) => token.sign(id, ToSign::Whole { hash, octets, message }),
        None => token.sign(id, ToSign::Message(octets)),
    }
}

/// What the token signs of a message: its digest, or the message itself.
pub(super) fn input(algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
    algorithm.hash().map_or_else(|| message.to_vec(), |hash| hash.digest(message))
}

/// Signs what was heard. `message`: the same octets once more, for a token that hashes itself.
///
/// # Errors
///
/// [`TokenError`]: what the token says.
pub(super) fn sign_heard(
    token: &mut dyn Token,
    id: &KeyId,
    what: Signable<'_>,
    message: &mut dyn Read,
) -> Result<Vec<u8>, TokenError> {
    let what = match what {
        Signable::Digest(hash, octets, Some(message)) => ToSign::Whole { hash, octets, message },
        Signable::Digest(hash, octets, None) => ToSign::Digest { hash, octets },
        Signable::Pss(hash, octets, message) => ToSign::Pss { hash, octets, message },
        Signable::Message(message) => ToSign::Message(message),
    };
    token.sign_read(id, what, message)
}

fn generate(
    order: &KeyOrder<'_>,
    id: &KeyId,
    stage: &mut Stage<'_>,
) -> Result<KeyDescription, IssuanceError> {
    let (token, label) = (order.token.to_owned(), order.name.to_owned());
    let intent = Event::KeyGenerateIntent {
        token: token.clone(),
        label: label.clone(),
        id: id.to_string(),
        algorithm: order.algorithm.to_string(),
    };
    stage.show(&Notice::Waiting { sentence: format!("Generating the {} key `{label}`.", order.algorithm) });
    let extractable = order.backup == Backup::Wrapped;
    let request =
        KeyRequest { label: label.clone(), id: id.clone(), algorithm: order.algorithm, extractable };
    let description = stage.act(order.token, intent, None, |hands| {
        let description =
            hands.token().generate_key_pair(&request).map_err(|error| token_error(order.token, error))?;
        let event = generated(order, id, &description)?;
        // Where it is read from once the record is there that names it.
        hands.keep(description.public_key.spki_der())?;
        Ok::<_, IssuanceError>((description, event))
    })?;
    Ok(description)
}

/// What the log says of a key that was generated and is fit.
pub(super) fn generated(
    order: &KeyOrder<'_>,
    id: &KeyId,
    description: &KeyDescription,
) -> Result<Event, IssuanceError> {
    let attributes = attributes(&description.private);
    if let Some(why) = unfit(attributes, order.backup == Backup::Wrapped) {
        return Err(IssuanceError::Key { name: order.name.to_owned(), why });
    }
    Ok(Event::KeyGenerated {
        token: order.token.to_owned(),
        label: order.name.to_owned(),
        id: id.to_string(),
        algorithm: order.algorithm.to_string(),
        spki_sha256: description.public_key.spki_sha256(),
        attributes,
    })
}

/// Has a key sign the text of a proof and verifies it in software.
pub(super) fn prove(key: &Key, ceremony: &str, stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    let id = key.id.clone().ok_or_else(|| IssuanceError::NotMade { name: key.name.clone() })?;
    let spki_sha256 = key.public.spki_sha256();
    let nonce = stage.random::<32>(&key.token)?;
    let preimage = format!("rootrite key-proof/v1\n{ceremony}\n{spki_sha256}\n{}\n", hex(nonce.as_slice()));
    let intent = Event::KeyProofIntent {
        spki_sha256,
        token: key.token.clone(),
        id: id.to_string(),
        preimage: shown(&preimage),
    };
    let algorithm = SignatureAlgorithm::for_key(&key.public);
    stage.act(&key.token, intent, None, |hands| {
        let signature = sign(hands.token(), &id, algorithm, preimage.as_bytes())
            .map_err(|error| token_error(&key.token, error))?;
        verify_signature(&key.public, algorithm, preimage.as_bytes(), &signature).map_err(|error| {
            IssuanceError::Key { name: key.name.clone(), why: format!("its proof: {error}") }
        })?;
        let signature = Base64::encode_string(&signature);
        let event = Event::KeyProved { spki_sha256, preimage: shown(&preimage), signature, verified: true };
        Ok::<_, IssuanceError>(((), event))
    })?;
    Ok(())
}

/// The proof's text as one line of the log can hold it: line feeds are written as the two characters `\n`.
fn shown(preimage: &str) -> String {
    preimage.replace('\n', "\\n")
}

pub(super) fn attributes(private: &Attributes) -> KeyAttributes {
    KeyAttributes {
        sensitive: private.flag(AttributeName::Sensitive),
        extractable: private.flag(AttributeName::Extractable),
        always_sensitive: private.flag(AttributeName::AlwaysSensitive),
        never_extractable: private.flag(AttributeName::NeverExtractable),
        local: private.flag(AttributeName::Local),
    }
}

/// Why a key is not fit; nothing if it is. `leaves`: it has to leave its token once, wrapped.
///
/// What a token does not say cannot be held against it here: the log leaves it out, and the importer judges. Where it came
/// from (CKA_LOCAL) is judged by `hsm`, which knows the makes that cannot tell.
fn unfit(read: KeyAttributes, leaves: bool) -> Option<String> {
    [
        ("CKA_SENSITIVE", read.sensitive, true),
        ("CKA_EXTRACTABLE", read.extractable, leaves),
        ("CKA_NEVER_EXTRACTABLE", read.never_extractable, !leaves),
        ("CKA_ALWAYS_SENSITIVE", read.always_sensitive, true),
    ]
    .into_iter()
    .find(|(_, found, wanted)| found.is_some_and(|found| found != *wanted))
    .map(|(name, _, wanted)| format!("{name} reads {}; wanted {wanted}", !wanted))
}

/// A token's error with the token's name.
pub(super) fn token_error(token: &str, error: TokenError) -> IssuanceError {
    IssuanceError::Stage(crate::stage::StageError::token(token, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_may_leave_its_token_is_not_fit() {
        let good = KeyAttributes {
            sensitive: Some(true),
            extractable: Some(false),
            always_sensitive: Some(true),
            never_extractable: Some(true),
            local: Some(false),
        };
        assert_eq!(unfit(good, false), None);
        assert_eq!(unfit(KeyAttributes { always_sensitive: None, ..good }, false), None);
        for bad in [
            KeyAttributes { sensitive: Some(false), ..good },
            KeyAttributes { extractable: Some(true), ..good },
            KeyAttributes { never_extractable: Some(false), ..good },
            KeyAttributes { always_sensitive: Some(false), ..good },
        ] {
            assert!(unfit(bad, false).is_some(), "{bad:?}");
        }
        assert!(unfit(good, true).is_some());
        let leaves = KeyAttributes { extractable: Some(true), never_extractable: Some(false), ..good };
        assert_eq!(unfit(leaves, true), None);
    }
}

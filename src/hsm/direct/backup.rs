//! A private key that leaves its token wrapped, comes back to another as one that cannot leave, and is sealed at the first.
//!
//! The rules of this file:
//! - The key-encryption key is an object of the session, for one call, and its octets are wiped here.
//! - A wrapped key is decrypted here before it is handed out: what nobody could read is no backup.
//! - What comes back is compared with what it was to be; what is not so is destroyed again.
//!
//! A power failure within [`restore`] can leave one half or both; by their id, which was drawn before, they are found.

use zeroize::Zeroize as _;

use super::super::doctor::wrapped_format;
use super::super::encoding::{PUBLIC_EXPONENT, curve_parameters, ec_point, key_type};
use super::super::raw::{Attribute, Object, Value};
use super::super::{
    AttributeName, KeyDescription, KeyId, ObjectClass, Reading, RestoreRequest, TokenError, Wrapped,
};
use super::place::{Task, class, flag, octets};
use super::{generate, key};
use crate::pki::key::KeyKind;
use crate::secret::Secret;

/// Wraps the private key of an id.
pub(super) fn wrap(
    task: &mut Task<'_>,
    id: &KeyId,
    kek: &Secret<32>,
    mechanism: u64,
) -> Result<Wrapped, TokenError> {
    let (_, private) = key::describe(task, id)?;
    let by = wrapping_key(task, kek, AttributeName::Wrap)?;
    let wrapped = task.session.wrap(mechanism, by, private);
    let octets = wrapped.map_err(|fault| task.explain(fault))?;
    forget(task, by)?;
    in_known_format(task, id, kek, octets)
}

/// Wraps a private key under another key, from what it was wrapped into before.
pub(super) fn rewrap(
    task: &mut Task<'_>,
    request: &RestoreRequest,
    old: &Secret<32>,
    new: &Secret<32>,
) -> Result<Wrapped, TokenError> {
    let by = wrapping_key(task, old, AttributeName::Unwrap)?;
    // An object of the session: a power failure takes it with it.
    let unwrapped = task.session.unwrap(request.mechanism, by, &request.wrapped, &passing_template(request));
    let private = unwrapped.map_err(|fault| task.explain(fault))?;
    forget(task, by)?;
    let by = wrapping_key(task, new, AttributeName::Wrap)?;
    let wrapped = task.session.wrap(request.mechanism, by, private);
    // Whatever came of it: the key does not stay, by its handle, and neither does what it was wrapped under.
    forget(task, private)?;
    let octets = wrapped.map_err(|fault| task.explain(fault))?;
    forget(task, by)?;
    in_known_format(task, &request.key.id, new, octets)
}

/// A wrapped key once it was decrypted here.
fn in_known_format(
    task: &Task<'_>,
    id: &KeyId,
    kek: &Secret<32>,
    octets: Vec<u8>,
) -> Result<Wrapped, TokenError> {
    let format = kek.expose(|kek| wrapped_format(kek, &octets)).ok_or_else(|| TokenError::MalformedKey {
        token: task.token(),
        id: id.clone(),
        finding: format!("it was wrapped into {} octets of a format that is not known here", octets.len()),
    })?;
    Ok(Wrapped { format, octets })
}

/// Brings a key pair back.
pub(super) fn restore(
    task: &mut Task<'_>,
    request: &RestoreRequest,
    kek: &Secret<32>,
) -> Result<KeyDescription, TokenError> {
    generate::check_names(task, &request.key)?;
    if request.public_key.algorithm() != Some(request.key.algorithm) {
        let finding = format!(
            "the public key is {}, and the key was to be {}",
            request.public_key, request.key.algorithm
        );
        let (token, id) = (task.token(), request.key.id.clone());
        return Err(TokenError::MalformedKey { token, id, finding });
    }
    let by = wrapping_key(task, kek, AttributeName::Unwrap)?;
    // From here on the token may hold something of the key.
    let template = private_template(request);
    let unwrapped = task.session.unwrap(request.mechanism, by, &request.wrapped, &template);
    let private = unwrapped.map_err(|fault| task.explain(fault))?;
    let restored = forget(task, by).and_then(|()| with_public_half(task, request));
    if restored.is_err() {
        // What is no whole key is no key. By its handle: nothing else can be meant.
        let gone = task.session.destroy(private);
        gone.map_err(|fault| task.explain(fault))?;
    }
    restored
}

/// Takes from a private key the permission to leave.
pub(super) fn seal(task: &mut Task<'_>, id: &KeyId) -> Result<KeyDescription, TokenError> {
    let (description, private) = key::describe(task, id)?;
    // A token refuses to change what it need not: a key that was sealed before is sealed.
    if reads(task, &description, AttributeName::Extractable, false).is_ok() {
        return Ok(description);
    }
    let sealed = task.session.change(private, &[flag(AttributeName::Extractable, false)]);
    sealed.map_err(|fault| task.explain(fault))?;
    let (description, _) = key::describe(task, id)?;
    reads(task, &description, AttributeName::Extractable, false)?;
    Ok(description)
}

/// Makes the public half of a key whose private half is there, and looks at both.
fn with_public_half(task: &mut Task<'_>, request: &RestoreRequest) -> Result<KeyDescription, TokenError> {
    let made = task.session.create(&public_template(request));
    let public = made.map_err(|fault| task.explain(fault))?;
    let judged = judged(task, request);
    if judged.is_err() {
        let gone = task.session.destroy(public);
        gone.map_err(|fault| task.explain(fault))?;
    }
    judged
}

/// Reads the pair as everybody will, and compares it with what it was to be.
fn judged(task: &mut Task<'_>, request: &RestoreRequest) -> Result<KeyDescription, TokenError> {
    let (description, _) = key::describe(task, &request.key.id)?;
    if description.public_key != request.public_key {
        let finding = "its public half does not read as it was written".to_owned();
        let (token, id) = (task.token(), request.key.id.clone());
        return Err(TokenError::MalformedKey { token, id, finding });
    }
    generate::stays_inside(task, &request.key, &description)?;
    for (attribute, wanted) in [
        (AttributeName::Token, true),
        (AttributeName::Private, true),
        (AttributeName::Sensitive, true),
        (AttributeName::Extractable, false),
        (AttributeName::Sign, true),
    ] {
        reads(task, &description, attribute, wanted)?;
    }
    Ok(description)
}

/// Refuses a private key of which an attribute does not read as it was to be.
fn reads(
    task: &Task<'_>,
    description: &KeyDescription,
    attribute: AttributeName,
    wanted: bool,
) -> Result<(), TokenError> {
    let found = description.private.0.get(&attribute).unwrap_or(&Reading::Absent);
    if *found == Reading::Flag(wanted) {
        return Ok(());
    }
    Err(TokenError::AttributeDiffers {
        token: task.token(),
        id: description.id.clone(),
        attribute,
        wanted: Reading::Flag(wanted).to_string(),
        found: found.to_string(),
    })
}

/// The key-encryption key as an object of the session that does one thing.
fn wrapping_key(task: &mut Task<'_>, kek: &Secret<32>, may: AttributeName) -> Result<Object, TokenError> {
    use AttributeName as A;
    let mut template = [
        class(ObjectClass::SecretKey),
        (A::KeyType.number(), Value::Number(cryptoki_sys::CKK_AES)),
        flag(A::Token, false),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, false),
        flag(A::Wrap, may == A::Wrap),
        flag(A::Unwrap, may == A::Unwrap),
        kek.expose(|kek| octets(A::Value, kek)),
    ];
    let made = task.session.create(&template);
    for (_, value) in &mut template {
        if let Value::Octets(octets) = value {
            octets.zeroize();
        }
    }
    made.map_err(|fault| task.explain(fault))
}

/// Destroys the key-encryption key, which would go with the session otherwise.
fn forget(task: &mut Task<'_>, by: Object) -> Result<(), TokenError> {
    let gone = task.session.destroy(by);
    gone.map_err(|fault| task.explain(fault))
}

/// The private half: what tokens take with a wrapped key, and no more; the curve is in the key itself.
fn private_template(request: &RestoreRequest) -> Vec<Attribute> {
    use AttributeName as A;
    vec![
        class(ObjectClass::PrivateKey),
        (A::KeyType.number(), Value::Number(key_type(request.key.algorithm))),
        flag(A::Token, true),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, false),
        flag(A::Sign, true),
        octets(A::Id, request.key.id.octets()),
        octets(A::Label, request.key.label.as_bytes()),
    ]
}

/// A private half that passes through: it is on no token, signs nothing, and leaves wrapped.
fn passing_template(request: &RestoreRequest) -> Vec<Attribute> {
    use AttributeName as A;
    vec![
        class(ObjectClass::PrivateKey),
        (A::KeyType.number(), Value::Number(key_type(request.key.algorithm))),
        flag(A::Token, false),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, true),
        flag(A::Sign, false),
    ]
}

/// The public half, which tokens do not make by themselves.
fn public_template(request: &RestoreRequest) -> Vec<Attribute> {
    use AttributeName as A;
    let mut template = vec![
        class(ObjectClass::PublicKey),
        (A::KeyType.number(), Value::Number(key_type(request.key.algorithm))),
        flag(A::Token, true),
        flag(A::Private, false),
        flag(A::Verify, true),
        octets(A::Id, request.key.id.octets()),
        octets(A::Label, request.key.label.as_bytes()),
    ];
    match request.public_key.kind() {
        KeyKind::Rsa { modulus, .. } => {
            template.extend([octets(A::Modulus, modulus), octets(A::PublicExponent, &PUBLIC_EXPONENT)]);
        }
        KeyKind::Ec { point, .. } | KeyKind::Ed25519 { point } => template.extend([
            octets(A::EcParams, curve_parameters(request.key.algorithm)),
            octets(A::EcPoint, &ec_point(point)),
        ]),
        KeyKind::MlDsa { key, .. } => template.push(octets(A::Value, key)),
    }
    template
}

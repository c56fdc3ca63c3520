//! Keys on the token: found by id, both halves, and described.

use super::super::encoding::{
    PUBLIC_EXPONENT, elliptic_key, is_curve, key_type, parameter_set, without_zeros,
};
use super::super::raw::{Object, Value};
use super::super::{
    AttributeName, Attributes, KeyDescription, KeyId, ObjectClass, Operation, Reading, TokenError,
};
use super::place::{Task, class, octets};
use crate::pki::key::{KeyAlgorithm, PublicKey};

/// The key pair of an id, and its private half.
pub(in super::super) fn describe(
    task: &mut Task<'_>,
    id: &KeyId,
) -> Result<(KeyDescription, Object), TokenError> {
    let (private, public) = pair(task, id)?;
    let malformed = |task: &Task<'_>, finding: String| TokenError::MalformedKey {
        token: task.token(),
        id: id.clone(),
        finding,
    };
    let public_attributes = read_public(task, public)?;
    let (algorithm, public_key) =
        public_key(&public_attributes).map_err(|finding| malformed(task, finding))?;
    let mut private_attributes = task.read_all(private, PRIVATE)?;
    let kept_inside = secret_attribute(algorithm);
    let probed = task.probe(private, kept_inside)?;
    private_attributes.0.insert(kept_inside, probed);
    halves_agree(algorithm, &private_attributes, &public_attributes)
        .map_err(|finding| malformed(task, finding))?;
    let label = match private_attributes.0.get(&AttributeName::Label) {
        Some(Reading::Octets(label)) => String::from_utf8(label.clone())
            .map_err(|_| malformed(task, "its label is not UTF-8".to_owned()))?,
        _ => String::new(),
    };
    let description = KeyDescription {
        label,
        id: id.clone(),
        algorithm,
        public_key,
        private: private_attributes,
        public: public_attributes,
    };
    Ok((description, private))
}

/// What is read of a public key: what every kind has, and what its own kind needs beside.
pub(in super::super) fn read_public(task: &mut Task<'_>, object: Object) -> Result<Attributes, TokenError> {
    let mut attributes = task.read_all(object, PUBLIC)?;
    let told = |attributes: &Attributes, name| matches!(attributes.0.get(&name), Some(Reading::Octets(_)));
    let more: &[AttributeName] = match attributes.0.get(&AttributeName::KeyType) {
        Some(Reading::Number(cryptoki_sys::CKK_ML_DSA)) => {
            &[AttributeName::ParameterSet, AttributeName::Value]
        }
        _ if told(&attributes, AttributeName::Modulus) || told(&attributes, AttributeName::EcPoint) => &[],
        _ => &[AttributeName::PublicKeyInfo],
    };
    if !more.is_empty() {
        attributes.0.extend(task.read_all(object, more)?.0);
    }
    Ok(attributes)
}

/// How many objects of any class have an attribute.
pub(super) fn count(task: &mut Task<'_>, name: AttributeName, value: &[u8]) -> Result<usize, TokenError> {
    Ok(task.find(&[octets(name, value)])?.len())
}

/// What of a private key must never be shown: the probe of it is part of every description.
pub(in super::super) const fn secret_attribute(algorithm: KeyAlgorithm) -> AttributeName {
    match algorithm.rsa_bits() {
        Some(_) => AttributeName::PrivateExponent,
        None => AttributeName::Value,
    }
}

/// The public key that an object's attributes make, and its kind. Otherwise what is wrong with them.
pub(in super::super) fn public_key(attributes: &Attributes) -> Result<(KeyAlgorithm, PublicKey), String> {
    let read = |name: AttributeName| attributes.0.get(&name).unwrap_or(&Reading::Absent);
    let octets = |name: AttributeName| match read(name) {
        Reading::Octets(octets) => Ok(octets.as_slice()),
        other => Err(format!("{name} of the public key is {other}")),
    };
    let found = match read(AttributeName::KeyType) {
        // Where the parts cannot be read, it is told as a whole, or not at all.
        Reading::Number(number) if told_as_a_whole(read) => {
            let whole = PublicKey::from_spki_der(octets(AttributeName::PublicKeyInfo)?);
            return whole.map_err(|error| error.to_string()).and_then(|key| match key.algorithm() {
                Some(algorithm) if key_type(algorithm) == *number => Ok((algorithm, key)),
                _ => Err(format!("its CKA_PUBLIC_KEY_INFO is {key}, and its key type {number:#x}")),
            });
        }
        Reading::Number(cryptoki_sys::CKK_ML_DSA) => {
            let set = read(AttributeName::ParameterSet);
            let known = |algorithm: &KeyAlgorithm| {
                parameter_set(*algorithm).map(Reading::Number).as_ref() == Some(set)
            };
            let known = KeyAlgorithm::ALL.into_iter().find(known).and_then(KeyAlgorithm::ml_dsa);
            let known = known.ok_or_else(|| format!("its parameter set {set} is not known"))?;
            PublicKey::from_ml_dsa(known, octets(AttributeName::Value)?)
        }
        Reading::Number(cryptoki_sys::CKK_RSA) => {
            let exponent = without_zeros(octets(AttributeName::PublicExponent)?);
            if exponent != PUBLIC_EXPONENT {
                return Err("its public exponent is not 65537".to_owned());
            }
            PublicKey::from_rsa(octets(AttributeName::Modulus)?, exponent)
        }
        Reading::Number(number) => {
            let parameters = octets(AttributeName::EcParams)?;
            let algorithm = KeyAlgorithm::ALL
                .into_iter()
                .find(|algorithm| key_type(*algorithm) == *number && is_curve(*algorithm, parameters))
                .ok_or_else(|| {
                    format!(
                        "its key type {number:#x} and curve {} are not known",
                        Reading::Octets(parameters.to_vec())
                    )
                })?;
            elliptic_key(algorithm, octets(AttributeName::EcPoint)?)
                .ok_or_else(|| format!("its CKA_EC_POINT is in none of the known forms of {algorithm}"))?
        }
        other => return Err(format!("{} of the public key is {other}", AttributeName::KeyType)),
    };
    let key = found.map_err(|error| error.to_string())?;
    match key.algorithm() {
        Some(algorithm) => Ok((algorithm, key)),
        None => Err(format!("it is {key}, which is none of the known kinds")),
    }
}

/// Whether a public key says its SubjectPublicKeyInfo and not the parts of it. One that is empty says nothing.
fn told_as_a_whole<'a>(read: impl Fn(AttributeName) -> &'a Reading) -> bool {
    let octets = |name| matches!(read(name), Reading::Octets(octets) if !octets.is_empty());
    octets(AttributeName::PublicKeyInfo)
        && ![AttributeName::Modulus, AttributeName::EcPoint, AttributeName::Value].into_iter().any(octets)
}

/// The one private and the one public key of an id.
fn pair(task: &mut Task<'_>, id: &KeyId) -> Result<(Object, Object), TokenError> {
    let mut of = |kind| task.find(&[class(kind), octets(AttributeName::Id, id.octets())]);
    let (private, public) = (of(ObjectClass::PrivateKey)?, of(ObjectClass::PublicKey)?);
    match (private.as_slice(), public.as_slice()) {
        ([private], [public]) => Ok((*private, *public)),
        ([], _) if !user_is_logged_in(task)? => {
            Err(TokenError::NotLoggedIn { token: task.token(), operation: Operation::ReadKey })
        }
        (privates, publics) => {
            let (token, id) = (task.token(), id.clone());
            let (private, public) = (privates.len(), publics.len());
            Err(if private.max(public) > 1 {
                TokenError::SeveralKeys { token, id, private, public }
            } else {
                TokenError::NoSuchKey { token, id, private, public }
            })
        }
    }
}

/// Whether the user is logged in.
pub(super) fn user_is_logged_in(task: &mut Task<'_>) -> Result<bool, TokenError> {
    let has_user = task.session.has_user();
    has_user.map_err(|fault| task.explain(fault))
}

/// Whether what the private half tells of the public one is the same. Otherwise what is not.
fn halves_agree(algorithm: KeyAlgorithm, private: &Attributes, public: &Attributes) -> Result<(), String> {
    let [ours, theirs] = [private, public].map(|half| half.0.get(&AttributeName::KeyType));
    if ours != theirs {
        return Err("its halves are of different key types".to_owned());
    }
    let octets = |half: &Attributes, name: AttributeName| match half.0.get(&name) {
        Some(Reading::Octets(octets)) => Some(octets.clone()),
        _ => None,
    };
    match algorithm.rsa_bits() {
        Some(_) => {
            let [ours, theirs] = [private, public].map(|half| octets(half, AttributeName::Modulus));
            match (ours, theirs) {
                (Some(ours), Some(theirs)) if without_zeros(&ours) == without_zeros(&theirs) => Ok(()),
                (None, _) => Ok(()),
                _ => Err("its halves have different moduli".to_owned()),
            }
        }
        None => match octets(private, AttributeName::EcParams) {
            Some(parameters) if !is_curve(algorithm, &parameters) => {
                Err("its halves are on different curves".to_owned())
            }
            _ => Ok(()),
        },
    }
}

/// A search for one object of a class with a label.
pub(super) fn labelled(kind: ObjectClass, label: &str) -> [(u64, Value); 2] {
    [class(kind), octets(AttributeName::Label, label.as_bytes())]
}

/// What is read of a private key.
pub(in super::super) const PRIVATE: &[AttributeName] = &[
    AttributeName::Class,
    AttributeName::KeyType,
    AttributeName::Token,
    AttributeName::Private,
    AttributeName::Sensitive,
    AttributeName::AlwaysSensitive,
    AttributeName::Extractable,
    AttributeName::NeverExtractable,
    AttributeName::Local,
    AttributeName::KeyGenMechanism,
    AttributeName::Sign,
    AttributeName::SignRecover,
    AttributeName::Decrypt,
    AttributeName::Unwrap,
    AttributeName::Derive,
    AttributeName::Modifiable,
    AttributeName::Copyable,
    AttributeName::Destroyable,
    AttributeName::AlwaysAuthenticate,
    AttributeName::WrapWithTrusted,
    AttributeName::AllowedMechanisms,
    AttributeName::Id,
    AttributeName::Label,
    AttributeName::Modulus,
    AttributeName::EcParams,
];

/// What is read of a public key.
const PUBLIC: &[AttributeName] = &[
    AttributeName::Class,
    AttributeName::KeyType,
    AttributeName::Token,
    AttributeName::Private,
    AttributeName::Verify,
    AttributeName::VerifyRecover,
    AttributeName::Encrypt,
    AttributeName::Wrap,
    AttributeName::Derive,
    AttributeName::Local,
    AttributeName::KeyGenMechanism,
    AttributeName::Modifiable,
    AttributeName::Copyable,
    AttributeName::Destroyable,
    AttributeName::Id,
    AttributeName::Label,
    AttributeName::Modulus,
    AttributeName::ModulusBits,
    AttributeName::PublicExponent,
    AttributeName::EcParams,
    AttributeName::EcPoint,
];

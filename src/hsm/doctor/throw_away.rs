//! Keys that are made to be tried and go with their session. The only file of this folder that makes objects.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{Bench, refusal, timed};
use crate::hsm::direct::generate::{private_template, public_template, without};
use crate::hsm::direct::key;
use crate::hsm::direct::place::{Task, class, flag, octets};
use crate::hsm::direct::sign::sign_hashed;
use crate::hsm::encoding::generating_mechanism;
use crate::hsm::raw::{Attribute, Fault, Object, Value};
use crate::hsm::{AttributeName, Attributes, KeyId, KeyRequest, ObjectClass, Reading, ToSign, TokenError};
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::pki::signature::{SignatureAlgorithm, verify_signature};

/// Attributes that a token does not accept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Omitted {
    /// In the template of a private key.
    pub(super) private: Vec<AttributeName>,
    /// In the template of a public key.
    pub(super) public: Vec<AttributeName>,
}

/// A key pair of a session, with the session.
pub(super) struct Pair<'b> {
    /// The session, which nothing went wrong in.
    pub(super) task: Task<'b>,
    /// Which kind.
    pub(super) algorithm: KeyAlgorithm,
    /// The private half.
    pub(super) private: Object,
    /// The public half.
    pub(super) public: Object,
    /// The templates that it was made of, whole: what was left out as well.
    pub(super) templates: [Vec<Attribute>; 2],
    /// How long it took.
    pub(super) took: Duration,
}

/// What came of making a key pair.
pub(super) enum Made<'b> {
    /// A pair of the session.
    Pair(Box<Pair<'b>>),
    /// The token refused.
    Refused(Fault),
    /// The token made objects of its own where it was asked for some of the session; they are gone again, or not.
    OnToken(String),
}

/// Makes a key pair as the ceremony would, but for the session only.
pub(super) fn pair<'b>(
    bench: &'b Bench<'_>,
    algorithm: KeyAlgorithm,
    extractable: bool,
    omitted: &Omitted,
) -> Result<Made<'b>, TokenError> {
    let mut task = bench.session()?;
    let request = KeyRequest { label: LABEL.into(), id: random_id(), algorithm, extractable };
    let templates = [for_session(private_template(&request)), for_session(public_template(&request))];
    let [private, public] = &templates;
    let (private, public) = (without(private, &omitted.private), without(public, &omitted.public));
    let (made, took) =
        timed(|| task.session.generate_key_pair(generating_mechanism(algorithm), &public, &private));
    let (public, private) = match made {
        Ok(made) => made,
        Err(fault) => return Ok(Made::Refused(fault)),
    };
    if let Some(why) = is_on_token(&mut task, &[private, public])? {
        return Ok(Made::OnToken(why));
    }
    Ok(Made::Pair(Box::new(Pair { task, algorithm, private, public, templates, took })))
}

impl Pair<'_> {
    /// What the attributes of both halves read, and whether the secret part is shown.
    pub(super) fn attributes(&mut self) -> Result<[Attributes; 2], TokenError> {
        let mut private = self.task.read_all(self.private, key::PRIVATE)?;
        let secret = key::secret_attribute(self.algorithm);
        private.0.insert(secret, self.task.probe(self.private, secret)?);
        Ok([private, key::read_public(&mut self.task, self.public)?])
    }

    /// Signs something new and verifies it in software. How long the token took, or why it is no signature.
    pub(super) fn signs(&mut self, key: &PublicKey) -> Result<Duration, String> {
        signs(&mut self.task, (self.private, self.algorithm), key)
    }

    /// Signs something new in one way and verifies it in software. `itself`: the token hashes.
    pub(super) fn signs_by(&mut self, key: &PublicKey, way: SignatureAlgorithm, itself: bool) -> Tried {
        try_to_sign(&mut self.task, (self.private, self.algorithm), key, (way, itself))
    }
}

/// What came of signing.
#[derive(Debug)]
pub(super) enum Tried {
    /// A signature that verifies in software; how long the token took.
    Signed(Duration),
    /// The token does not do it.
    Refused(String),
    /// What it signed is no signature of this.
    Wrong(String),
    /// Something else went wrong, which says nothing of what it does.
    Failed(String),
}

/// Signs 32 random octets by a private key and verifies them in software. A token that takes no digest hashes them itself.
pub(super) fn signs(
    task: &mut Task<'_>,
    private: (Object, KeyAlgorithm),
    key: &PublicKey,
) -> Result<Duration, String> {
    let way = SignatureAlgorithm::for_key(key);
    match try_to_sign(task, private, key, (way, false)) {
        Tried::Signed(took) => Ok(took),
        Tried::Failed(why) => Err(why),
        Tried::Refused(why) | Tried::Wrong(why) => {
            match way.hash().map(|_| try_to_sign(task, private, key, (way, true))) {
                Some(Tried::Signed(took)) => Ok(took),
                _ => Err(why),
            }
        }
    }
}

fn try_to_sign(
    task: &mut Task<'_>,
    private: (Object, KeyAlgorithm),
    key: &PublicKey,
    (way, itself): (SignatureAlgorithm, bool),
) -> Tried {
    let message = Zeroizing::new(random_octets::<32>());
    let message = message.as_slice();
    let digest = way.hash().map(|hash| (hash, hash.digest(message)));
    let what = match (&digest, way) {
        (Some((hash, octets)), SignatureAlgorithm::RsaPss(_)) => {
            ToSign::Pss { hash: *hash, octets, message: Some(message) }
        }
        (Some((hash, octets)), _) => ToSign::Whole { hash: *hash, octets, message },
        (None, _) => ToSign::Message(message),
    };
    let (signature, took) = timed(|| sign_hashed(task, &random_id(), private, (what, itself)));
    let signature = match signature {
        Ok(signature) => signature,
        Err(error) => return not_signed(&error),
    };
    match verify_signature(key, way, message, &signature) {
        Ok(()) => Tried::Signed(took),
        Err(error) => Tried::Wrong(format!("what it signed does not verify: {error}")),
    }
}

/// What it means that there is no signature: without the names of token and operation, which are those of the whole report.
fn not_signed(error: &TokenError) -> Tried {
    match error {
        TokenError::Code { function, code, .. } if ELSEWHERE.contains(&code.0) => {
            Tried::Failed(format!("{function} returned {code}"))
        }
        TokenError::Code { function, code, .. } => Tried::Refused(format!("{function} returned {code}")),
        TokenError::NoFunction { function, .. } => Tried::Refused(format!("the module has no {function}")),
        TokenError::MalformedSignature { found, wanted, .. } => {
            Tried::Wrong(format!("a signature of {found} octets; wanted {wanted}"))
        }
        error => Tried::Failed(error.to_string()),
    }
}

/// What is returned where something else is wrong than what was asked for.
const ELSEWHERE: [u64; 10] = [
    cryptoki_sys::CKR_HOST_MEMORY,
    cryptoki_sys::CKR_DEVICE_ERROR,
    cryptoki_sys::CKR_DEVICE_MEMORY,
    cryptoki_sys::CKR_DEVICE_REMOVED,
    cryptoki_sys::CKR_TOKEN_NOT_PRESENT,
    cryptoki_sys::CKR_SESSION_CLOSED,
    cryptoki_sys::CKR_SESSION_HANDLE_INVALID,
    cryptoki_sys::CKR_USER_NOT_LOGGED_IN,
    cryptoki_sys::CKR_OPERATION_ACTIVE,
    cryptoki_sys::CKR_CRYPTOKI_NOT_INITIALIZED,
];

/// An AES-256 key of a session that wraps and unwraps, with octets that are known here.
pub(super) fn wrapping_key(task: &mut Task<'_>, kek: &[u8; 32]) -> Result<Object, Fault> {
    use AttributeName as A;
    let template = [
        class(ObjectClass::SecretKey),
        (A::KeyType.number(), Value::Number(cryptoki_sys::CKK_AES)),
        flag(A::Token, false),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, false),
        flag(A::Wrap, true),
        flag(A::Unwrap, true),
        octets(A::Label, LABEL.as_bytes()),
        octets(A::Value, kek),
    ];
    task.session.create(&template)
}

/// The template of a private key of a session that was wrapped and comes back.
pub(super) fn comes_back(algorithm: KeyAlgorithm) -> Vec<Attribute> {
    use AttributeName as A;
    vec![
        class(ObjectClass::PrivateKey),
        (A::KeyType.number(), Value::Number(crate::hsm::encoding::key_type(algorithm))),
        flag(A::Token, false),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, false),
        flag(A::Sign, true),
        octets(A::Id, random_id().octets()),
        octets(A::Label, LABEL.as_bytes()),
    ]
}

/// Whether new objects are the token's own, which they were not to be. They are destroyed then: by handles that this file
/// was given a moment ago.
pub(super) fn is_on_token(task: &mut Task<'_>, objects: &[Object]) -> Result<Option<String>, TokenError> {
    let mut kept = false;
    for object in objects {
        kept |= task.read(*object, AttributeName::Token)? == Reading::Flag(true);
    }
    if !kept {
        return Ok(None);
    }
    let mut why = String::from("asked for an object of the session, it made one of the token");
    for object in objects {
        match task.session.destroy(*object) {
            Ok(()) => why.push_str("; it was destroyed"),
            Err(fault) => {
                why.push_str("; it could not be destroyed: ");
                why.push_str(&refusal(fault));
            }
        }
    }
    Ok(Some(why))
}

/// A template for the session only.
fn for_session(template: Vec<Attribute>) -> Vec<Attribute> {
    let session = flag(AttributeName::Token, false);
    template.into_iter().map(|one| if one.0 == session.0 { session.clone() } else { one }).collect()
}

/// An id that no object has.
fn random_id() -> KeyId {
    KeyId::from(random_octets::<16>())
}

/// Random octets for keys that protect nothing.
pub(super) fn random_octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    // Nothing hangs on them: a system without random octets shows at the first real key.
    let _ = getrandom::fill(&mut octets);
    octets
}

/// The label of everything that is made here.
const LABEL: &str = "rootrite-doctor";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_here_is_never_the_tokens() {
        let request = KeyRequest {
            label: LABEL.into(),
            id: random_id(),
            algorithm: KeyAlgorithm::EcdsaP256,
            extractable: true,
        };
        let mut templates = vec![comes_back(KeyAlgorithm::Rsa2048)];
        for template in [private_template(&request), public_template(&request)] {
            assert!(template.contains(&flag(AttributeName::Token, true)));
            templates.push(for_session(template));
        }
        for template in templates {
            let token = AttributeName::Token.number();
            let said: Vec<_> = template.iter().filter(|(kind, _)| *kind == token).collect();
            assert_eq!(said, [&flag(AttributeName::Token, false)]);
        }
    }
}

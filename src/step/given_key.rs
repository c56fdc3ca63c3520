//! Where a subordinate's key comes from: a request, a public key, or a token of this ceremony.

use super::{KeyOrigin, Scope, placeholder};
use crate::digest::{Digest, from_hex};
use crate::pki::read::{self, RequestView};
use crate::pki::{PublicKey, SignatureAlgorithm, pem, verify_signature};
use crate::script::{Id, Located, Place};

/// A key that a certificate will certify.
pub struct GivenKey {
    /// The public key; in a plan a placeholder for keys that the ceremony makes.
    pub public: PublicKey,
    /// Its name, if the ceremony has it.
    pub name: Option<String>,
    /// The digest of the request that it came in.
    pub request_sha256: Option<Digest>,
    /// The ceremony that made it, if a bundle says so.
    pub origin: Option<Box<KeyOrigin>>,
}

/// Finds the one key that a step names.
pub fn resolve(
    request: Option<&Located<Id>>,
    public_key: Option<&Located<Id>>,
    key: Option<&Located<Id>>,
    scope: &mut Scope<'_>,
) -> Option<GivenKey> {
    let given = match (request, public_key, key) {
        (Some(request), None, None) => from_request(request, scope),
        (None, Some(public_key), None) => from_public_key(public_key, scope),
        (None, None, Some(key)) => {
            let key = scope.key(key)?;
            Some(GivenKey { public: key.public, name: Some(key.name), request_sha256: None, origin: None })
        }
        _ => {
            scope.wrong(
                "one of `request`, `public-key` and `key` is wanted: where the subordinate's key comes from",
            );
            None
        }
    };
    given.or_else(|| {
        let named = request.or(public_key).or(key);
        stand_in(named.map_or_else(|| scope.step_place(), |named| named.place), scope)
    })
}

/// In the place of a key that is not there, which is said already.
fn stand_in(place: Place, scope: &mut Scope<'_>) -> Option<GivenKey> {
    let public = placeholder::public_key(scope.stand_in_algorithm()?, &format!("given at {place}"));
    Some(GivenKey { public, name: None, request_sha256: None, origin: None })
}

fn from_request(name: &Located<Id>, scope: &mut Scope<'_>) -> Option<GivenKey> {
    if let Some(key) = scope.request(name.value.as_str()) {
        return Some(GivenKey {
            public: key.public.clone(),
            name: Some(key.name.clone()),
            request_sha256: None,
            origin: None,
        });
    }
    let input = scope.required_input(name)?;
    let octets = match &input.brought {
        Some(brought) => from_hex(&brought.request).ok_or_else(|| "the request is not in hex".to_owned()),
        None => one_structure(&input.octets, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]),
    };
    let read = octets.and_then(|octets| {
        let view = read::request(&octets).map_err(|error| error.to_string())?;
        let public = view.info().public_key().map_err(|error| error.to_string())?;
        possession(&view, &public)?;
        Ok((public, Digest::of(&octets)))
    });
    match read {
        Ok((public, sha256)) => supported(public, name, scope).map(|public| GivenKey {
            public,
            name: None,
            request_sha256: Some(sha256),
            origin: input.brought.map(|brought| Box::new(brought.origin)),
        }),
        Err(why) => {
            scope.problems.add(name.place, format!("request `{}` ({}): {why}", name.value, input.file));
            None
        }
    }
}

fn from_public_key(name: &Located<Id>, scope: &mut Scope<'_>) -> Option<GivenKey> {
    let input = scope.required_input(name)?;
    let read = one_structure(&input.octets, &["PUBLIC KEY"])
        .and_then(|octets| PublicKey::from_spki_der(&octets).map_err(|error| error.to_string()));
    match read {
        Ok(public) => supported(public, name, scope).map(|public| GivenKey {
            public,
            name: None,
            request_sha256: None,
            origin: None,
        }),
        Err(why) => {
            scope.problems.add(name.place, format!("public key `{}` ({}): {why}", name.value, input.file));
            None
        }
    }
}

/// The request is signed by its own key.
fn possession(view: &RequestView<'_>, public: &PublicKey) -> Result<(), String> {
    let algorithm = SignatureAlgorithm::from_der(view.signature_algorithm().octets())
        .ok_or("its signature algorithm is none that this program takes")?;
    verify_signature(public, algorithm, view.info().octets(), view.signature())
        .map_err(|error| format!("its proof of possession does not verify: {error}"))
}

fn supported(public: PublicKey, name: &Located<Id>, scope: &mut Scope<'_>) -> Option<PublicKey> {
    if public.algorithm().is_some() {
        return Some(public);
    }
    let message = format!(
        "the key of `{}` is {public}; wanted RSA-2048, -3072 or -4096, P-256, P-384, P-521 or Ed25519",
        name.value
    );
    scope.problems.add(name.place, message);
    None
}

/// The DER of the one structure in a file, in PEM or as it is.
///
/// # Errors
///
/// What was found instead, in words.
pub fn one_structure(octets: &[u8], labels: &[&str]) -> Result<Vec<u8>, String> {
    if !pem::is_pem(octets) {
        return Ok(octets.to_vec());
    }
    let blocks = pem::read(octets).map_err(|error| error.to_string())?;
    match blocks.as_slice() {
        [block] if labels.contains(&block.label.as_str()) => Ok(block.octets.clone()),
        [block] => Err(format!("found PEM `{}`, wanted `{}`", block.label, labels.join("` or `"))),
        blocks => Err(format!("found {} PEM blocks, wanted one", blocks.len())),
    }
}

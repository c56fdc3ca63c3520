//! By which mechanisms a private key leaves a token wrapped and comes back, and what the wrapped key looks like.
//!
//! A number says nothing: 0x210a is RFC 5649 for one make and RFC 3394 over PKCS#7 for another, and some mechanisms are
//! named for wrapping although nothing that they wrapped ever comes back. So a key that was made for it is wrapped under a key
//! that is known here, decrypted here, and unwrapped on the token; then it has to sign.

use zeroize::Zeroizing;

use super::format::{Told, format_of};
use super::ladder::climb;
use super::throw_away::{self, Made, Omitted, Pair, comes_back, is_on_token, random_octets, wrapping_key};
use super::{Bench, Finding, Found, Says, refusal};
use crate::hsm::TokenError;
use crate::hsm::direct::key::public_key;
use crate::hsm::raw::Fault;
use crate::pki::key::KeyAlgorithm;

/// It makes key pairs and secret keys of a session.
pub(super) const MAKES_OBJECTS: bool = true;

/// Tries each mechanism with an elliptic-curve key and an RSA key.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut findings = Vec::new();
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let omitted = match climb(bench, (algorithm, true), &Omitted::default())? {
            (Made::Pair(_), omitted) => omitted,
            (Made::Refused(fault), _) => {
                let why = format!("no key that may leave the token can be made: {}", refusal(fault));
                findings.push(Finding::new(format!("wrap {algorithm}"), Found::Unknown, why));
                continue;
            }
            (Made::OnToken(why), _) => {
                findings.push(Finding::new(format!("wrap {algorithm}"), Found::Wrong, why));
                break;
            }
        };
        for (name, mechanism) in MECHANISMS {
            let subject = format!("wrap {algorithm} by {name} ({mechanism:#x})");
            findings.push(match attempt(bench, algorithm, &omitted, *mechanism)? {
                Ok(told) => comes_back_and_signs(subject, told, *mechanism),
                Err((Found::Wrong, why)) if why.starts_with(ON_TOKEN) => {
                    findings.push(Finding::new(subject, Found::Wrong, why));
                    return Ok(findings);
                }
                Err((found, why)) => Finding::new(subject, found, why),
            });
        }
    }
    Ok(findings)
}

/// What one mechanism does to one kind of key.
type Attempt = Result<Told, (Found, String)>;

/// A mechanism that wraps what comes back. The site file is told of it where it takes keys of all lengths.
fn comes_back_and_signs(subject: String, told: Told, mechanism: u64) -> Finding {
    let Told { format, any_length } = told;
    let detail = format!("{}; it comes back and signs", format.name());
    if any_length {
        return Finding::new(subject, Found::Good, detail).saying(vec![Says::Wraps { format, mechanism }]);
    }
    Finding::new(
        subject,
        Found::Good,
        format!("{detail}; this key's length needed no padding, others may be refused"),
    )
}

fn attempt(
    bench: &Bench<'_>,
    algorithm: KeyAlgorithm,
    omitted: &Omitted,
    mechanism: u64,
) -> Result<Attempt, TokenError> {
    let mut pair = match throw_away::pair(bench, algorithm, true, omitted)? {
        Made::Pair(pair) => *pair,
        Made::Refused(fault) => {
            let why = format!("no key that may leave the token can be made for this: {}", refusal(fault));
            return Ok(Err((Found::Unknown, why)));
        }
        Made::OnToken(why) => return Ok(Err((Found::Wrong, format!("{ON_TOKEN}{why}")))),
    };
    let kek = Zeroizing::new(random_octets::<32>());
    let by = match wrapping_key(&mut pair.task, &kek) {
        Ok(by) => by,
        Err(fault) => {
            let why = format!("no AES key that is known here can be brought in: {}", refusal(fault));
            return Ok(Err((Found::Unknown, why)));
        }
    };
    if let Some(why) = is_on_token(&mut pair.task, &[by])? {
        return Ok(Err((Found::Wrong, format!("{ON_TOKEN}{why}"))));
    }
    let wrapped = match pair.task.session.wrap(mechanism, by, pair.private) {
        Ok(wrapped) => wrapped,
        Err(fault) => return Ok(Err((Found::Lacking, refusal(fault)))),
    };
    let back = pair.task.session.unwrap(mechanism, by, &wrapped, &comes_back(algorithm));
    let format = format_of(&kek, &wrapped);
    let found = match (format, back) {
        (Some(told), Ok(back)) => returned(&mut pair, back).map(|()| told),
        (None, Ok(_)) => Err((
            Found::Wrong,
            format!(
                "{} octets in a format that is not known here: only this make could read such a backup",
                wrapped.len()
            ),
        )),
        (told, Err(fault)) => Err(never_returns(told.map(|told| told.format.name()), fault)),
    };
    Ok(found)
}

/// Whether the key that came back signs as the one that left.
fn returned(pair: &mut Pair<'_>, back: crate::hsm::raw::Object) -> Result<(), (Found, String)> {
    let wrong = |why: String| (Found::Wrong, why);
    if let Some(why) = is_on_token(&mut pair.task, &[back]).map_err(|error| wrong(error.to_string()))? {
        return Err(wrong(format!("{ON_TOKEN}{why}")));
    }
    let [_, public] = pair.attributes().map_err(|error| wrong(error.to_string()))?;
    let (algorithm, key) = public_key(&public).map_err(wrong)?;
    throw_away::signs(&mut pair.task, (back, algorithm), &key)
        .map(|_| ())
        .map_err(|why| wrong(format!("it comes back and does not sign: {why}")))
}

/// A mechanism that wraps what nobody gets back.
fn never_returns(format: Option<&str>, fault: Fault) -> (Found, String) {
    let format = format.unwrap_or("a format that is not known here");
    (Found::Wrong, format!("wraps into {format}, and it does not come back: {}", refusal(fault)))
}

/// How a finding begins after which nothing more is made.
const ON_TOKEN: &str = "stopped: ";

/// Those without parameters that some make uses for wrapping keys under AES.
pub(super) const MECHANISMS: &[(&str, u64)] = &[
    ("CKM_AES_KEY_WRAP", cryptoki_sys::CKM_AES_KEY_WRAP),
    ("CKM_AES_KEY_WRAP_PAD", cryptoki_sys::CKM_AES_KEY_WRAP_PAD),
    ("CKM_AES_KEY_WRAP_KWP", cryptoki_sys::CKM_AES_KEY_WRAP_KWP),
    ("Luna's CKM_AES_KWP", 0x8000_0171),
];

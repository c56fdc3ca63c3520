//! How a key that may leave its token loses that permission: by a change of its attribute, or only by being replaced.
//!
//! What reads sealed is told to leave all the same, by every mechanism that some make uses for it, and to take the change back.

use zeroize::Zeroizing;

use super::ladder::climb;
use super::throw_away::{Made, Omitted, Pair, is_on_token, random_octets, wrapping_key};
use super::wraps::MECHANISMS;
use super::{Bench, Finding, Found, Says, refusal};
use crate::hsm::direct::place::flag;
use crate::hsm::raw::{Fault, Object};
use crate::hsm::{AttributeName, Reading, TokenError};
use crate::pki::key::KeyAlgorithm;

/// It makes key pairs and secret keys of a session.
pub(super) const MAKES_OBJECTS: bool = true;

/// Tries it with an elliptic-curve key and an RSA key.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut findings = Vec::new();
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let subject = format!("seal {algorithm}");
        let (made, _) = climb(bench, (algorithm, true), &Omitted::default())?;
        findings.push(match made {
            Made::Pair(pair) => look_at(&subject, *pair)?,
            Made::Refused(fault) => {
                let why = format!("no key that may leave the token can be made: {}", refusal(fault));
                Finding::new(subject, Found::Unknown, why)
            }
            Made::OnToken(why) => {
                findings.push(Finding::new(subject, Found::Wrong, why));
                break;
            }
        });
    }
    Ok(findings)
}

/// Takes the permission to leave from a key of a session, and looks whether it is gone.
fn look_at(subject: &str, mut pair: Pair<'_>) -> Result<Finding, TokenError> {
    let say = |found: Found, detail: String| Finding::new(subject, found, detail);
    let extractable = AttributeName::Extractable;
    if pair.task.read(pair.private, extractable)? != Reading::Flag(true) {
        return Ok(say(
            Found::Unknown,
            "no key that may leave the token can be made: it says that it may not".into(),
        ));
    }
    let only_replaced = |why: String| {
        say(Found::Lacking, format!("only by being replaced: {why}"))
            .saying(vec![Says::Seals { replaced: true }])
    };
    let ways = match ways_out(&mut pair)? {
        Ok(ways) => ways,
        Err(why) => return Ok(say(Found::Unknown, why)),
    };
    match pair.task.session.change(pair.private, &[flag(extractable, false)]) {
        Err(fault @ Fault::NoFunction(_)) => return Ok(only_replaced(refusal(fault))),
        Err(fault @ Fault::Code(_, code)) if code.changes_no_attribute() => {
            return Ok(only_replaced(refusal(fault)));
        }
        Err(fault) => return Ok(say(Found::Unknown, refusal(fault))),
        Ok(()) => {}
    }
    match pair.task.read(pair.private, extractable)? {
        Reading::Flag(false) => {}
        Reading::Flag(true) => {
            return Ok(only_replaced("it says that it took the permission, and did not".into()));
        }
        other => return Ok(say(Found::Unknown, format!("{extractable} reads {other} afterwards"))),
    }
    if let Some(name) = ways.leave_by(&mut pair) {
        let why = format!("{extractable} is cleared and reads so, and the key leaves by {name} all the same");
        return Ok(say(Found::Wrong, why));
    }
    let taken_back = pair.task.session.change(pair.private, &[flag(extractable, true)]).is_ok()
        && pair.task.read(pair.private, extractable)? == Reading::Flag(true);
    if taken_back {
        return Ok(say(
            Found::Wrong,
            format!("{extractable} is cleared, and whoever has the PIN sets it again"),
        ));
    }
    let then =
        if ways.names.is_empty() { "nothing was known to wrap it before" } else { "it refuses to leave" };
    let detail = format!("{extractable} is cleared and reads so, for good; {then}");
    Ok(say(Found::Good, detail).saying(vec![Says::Seals { replaced: false }]))
}

/// How a key leaves while it may.
struct WaysOut {
    by: Object,
    names: Vec<(&'static str, u64)>,
}

impl WaysOut {
    /// One by which it leaves now: of those that pad, if it can be. Whether an RSA key needs that is a matter of its numbers.
    fn leave_by(&self, pair: &mut Pair<'_>) -> Option<&'static str> {
        let leaves =
            |(_, mechanism): &&(&str, u64)| pair.task.session.wrap(*mechanism, self.by, pair.private).is_ok();
        self.names.iter().rev().find(leaves).map(|(name, _)| *name)
    }
}

/// By which mechanisms a key leaves; otherwise why that cannot be tried.
fn ways_out(pair: &mut Pair<'_>) -> Result<Result<WaysOut, String>, TokenError> {
    let kek = Zeroizing::new(random_octets::<32>());
    let by = match wrapping_key(&mut pair.task, &kek) {
        Ok(by) => by,
        Err(fault) => {
            let why = format!("no AES key that is known here can be brought in: {}", refusal(fault));
            return Ok(Err(why));
        }
    };
    if let Some(why) = is_on_token(&mut pair.task, &[by])? {
        return Ok(Err(why));
    }
    let leaves = |(_, mechanism): &(&str, u64)| pair.task.session.wrap(*mechanism, by, pair.private).is_ok();
    let names = MECHANISMS.iter().copied().filter(leaves).collect();
    Ok(Ok(WaysOut { by, names }))
}

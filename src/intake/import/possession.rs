//! Whether the online side has the private keys of its subordinate CAs, each on the token that the pins name.
//!
//! The rules of this file:
//! - What is signed is a text that says what it is for, with random octets of ours: it can be no DER structure.
//! - The public key is the certificate's; what the token says of its own does not count.
//! - This module sees no token: whoever calls brings one.

use ceremony_log::code::Code;

use super::super::certificates::Certificate;
use super::super::pins::{OnlineToken, Pins};
use super::super::report::Report;
use super::issuers::expected;
use crate::digest::{Digest, hex};
use crate::pki::{PublicKey, SignatureAlgorithm, verify_signature};

/// The tokens of the online side.
pub trait Possession {
    /// Lets the private key of an id sign a text by the algorithm that is usual for `key`.
    fn sign(&mut self, token: &OnlineToken, key: &PublicKey, text: &[u8]) -> Held;
}

/// What a token has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// No such private key, or none that could be asked: why.
    Nothing(String),
    /// A private key.
    Key {
        /// What it signed, as X.509 has signatures; or why it did not.
        signature: Result<Vec<u8>, String>,
        /// Whether it may leave the token, as far as that says.
        extractable: Option<bool>,
        /// Whether it never could.
        never_extractable: Option<bool>,
    },
}

/// Judges the keys of every new subordinate CA whose token is pinned.
pub fn judge(
    certificates: &[Certificate<'_>],
    pins: &Pins,
    possession: Option<&mut (dyn Possession + '_)>,
    report: &mut Report,
) {
    let new = certificates.iter().filter(|one| !one.earlier && one.named.kind == "subordinate");
    let mut possession = possession;
    for one in new {
        let Some(expected) = expected(one, pins) else { continue };
        let Some(token) = &expected.token else {
            report.note(format!(
                "possession of the key of {} was not judged: its pin names no token",
                one.path
            ));
            continue;
        };
        let Some(possession) = possession.as_deref_mut() else {
            report.note(format!("possession of the key of {} was not judged: no token was asked", one.path));
            continue;
        };
        key(one, token, possession, report);
    }
}

fn key(one: &Certificate<'_>, token: &OnlineToken, possession: &mut dyn Possession, report: &mut Report) {
    let place = format!("key {} on token `{}`", hex(&token.id), token.label);
    let Some(public) = &one.key else {
        report.find(Code::E181, one.path, "its key is of a kind that cannot be verified by");
        return;
    };
    let Some(text) = text(one.spki_sha256()) else {
        report.find(Code::E181, one.path, "the system gives no random octets");
        return;
    };
    match possession.sign(token, public, text.as_bytes()) {
        Held::Nothing(why) => report.find(Code::E180, one.path, format!("no {place}: {why}")),
        Held::Key { signature, extractable, never_extractable } => {
            let verified = signature.and_then(|signature| {
                let algorithm = SignatureAlgorithm::for_key(public);
                verify_signature(public, algorithm, text.as_bytes(), &signature)
                    .map_err(|error| error.to_string())
            });
            if let Err(why) = verified {
                let message = format!("the {place} does not sign for it: {why}");
                report.find(Code::E181, one.path, message);
            }
            if extractable != Some(false) {
                let message = format!("the {place} may leave the token");
                report.find(Code::E182, one.path, message);
            } else if never_extractable == Some(false) {
                report.note(format!("the {place} could leave a token once, and cannot any more"));
            }
        }
    }
}

/// What is signed.
fn text(spki: Digest) -> Option<String> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).ok()?;
    Some(format!("rootrite possession/v1\n{spki}\n{}\n", hex(&nonce)))
}

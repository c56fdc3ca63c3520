//! By what a token signs a digest that was made elsewhere, and by what only a message that it hashes itself.
//!
//! Both are tried for each way of signing that X.509 has a hash in, each with a key pair of its own after a refusal: names of
//! mechanisms are claims, and a token that names both may refuse one of them.

use super::ladder::climb;
use super::throw_away::{Made, Omitted, Pair, Tried, pair};
use super::{Bench, Finding, Found, Says, refusal};
use crate::hsm::direct::generate::NEXT_RUNG;
use crate::hsm::direct::key::public_key;
use crate::hsm::raw::Fault;
use crate::hsm::wire::wire_enum;
use crate::hsm::{HashAlgorithm, TokenError};
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::pki::signature::SignatureAlgorithm;

/// It makes key pairs of a session.
pub(super) const MAKES_OBJECTS: bool = true;

/// A way of signing in which there is a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashedBy {
    /// RSA, PKCS #1 v1.5.
    Rsa,
    /// RSA-PSS.
    RsaPss,
    /// ECDSA.
    Ecdsa,
}

wire_enum!(HashedBy { 0 Rsa, 1 RsaPss, 2 Ecdsa });

impl HashedBy {
    /// The word for it in site files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::RsaPss => "rsa-pss",
            Self::Ecdsa => "ecdsa",
        }
    }

    const fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa => SignatureAlgorithm::RsaPkcs1(HASH),
            Self::RsaPss => SignatureAlgorithm::RsaPss(HASH),
            Self::Ecdsa => SignatureAlgorithm::Ecdsa(HASH),
        }
    }
}

/// Tries each way, with the smallest key of its kind.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut findings = Vec::new();
    for (algorithm, ways) in WAYS {
        let (made, omitted) = climb(bench, (*algorithm, false), &Omitted::default())?;
        let mut made = Some(made);
        for way in *ways {
            let subject = format!("sign by {}", way.word());
            let next = match made.take() {
                Some(made) => made,
                None => pair(bench, *algorithm, false, &omitted)?,
            };
            match next {
                Made::Pair(first) => findings.push(attempt(bench, *first, &omitted, *way)?),
                Made::Refused(fault) => {
                    let found = match fault {
                        Fault::Code(_, code) if NEXT_RUNG.contains(&code.0) => Found::Unknown,
                        _ => Found::Lacking,
                    };
                    let why = format!("no key for a session to try it with: {}", refusal(fault));
                    findings.push(Finding::new(subject, found, why));
                }
                Made::OnToken(why) => {
                    findings.push(Finding::new(subject, Found::Wrong, why));
                    return Ok(findings);
                }
            }
        }
    }
    Ok(findings)
}

/// Has one key sign a digest, and one what the token hashes itself.
fn attempt(
    bench: &Bench<'_>,
    mut first: Pair<'_>,
    omitted: &Omitted,
    way: HashedBy,
) -> Result<Finding, TokenError> {
    let kind = first.algorithm;
    let unknown = |why: String| Finding::new(format!("sign by {}", way.word()), Found::Unknown, why);
    let key = match public(&mut first) {
        Ok(key) => key,
        Err(why) => return Ok(unknown(why)),
    };
    let digest = first.signs_by(&key, way.algorithm(), false);
    // Whatever a refusal left behind in that session spoils nothing here.
    let mut second = match (&digest, pair(bench, kind, false, omitted)?) {
        (Tried::Signed(_), Made::Pair(_)) => first,
        (_, Made::Pair(second)) => *second,
        (_, Made::Refused(fault)) => return Ok(unknown(refusal(fault))),
        (_, Made::OnToken(why)) => return Ok(unknown(why)),
    };
    let key = match public(&mut second) {
        Ok(key) => key,
        Err(why) => return Ok(unknown(why)),
    };
    let whole = second.signs_by(&key, way.algorithm(), true);
    Ok(verdict(way, digest, whole))
}

fn public(pair: &mut Pair<'_>) -> Result<PublicKey, String> {
    let [_, public] = pair.attributes().map_err(|error| error.to_string())?;
    public_key(&public).map(|(_, key)| key).map_err(|why| format!("its public key cannot be used: {why}"))
}

/// What follows from both.
fn verdict(way: HashedBy, digest: Tried, whole: Tried) -> Finding {
    let subject = format!("sign by {}", way.word());
    let says = |itself| vec![Says::Hashes { by: way, itself }];
    match (digest, whole) {
        (Tried::Failed(why), _) => Finding::new(subject, Found::Unknown, why),
        (Tried::Signed(took), Tried::Signed(_)) => {
            let detail = "a digest, and what it hashes itself";
            Finding::new(subject, Found::Good, detail).after(took).saying(says(false))
        }
        (Tried::Signed(took), Tried::Refused(why) | Tried::Wrong(why) | Tried::Failed(why)) => {
            let detail = format!("a digest; what it would have to hash itself, not: {why}");
            Finding::new(subject, Found::Good, detail).after(took).saying(says(false))
        }
        (Tried::Refused(why) | Tried::Wrong(why), Tried::Signed(took)) => {
            let detail = format!("only what it hashes itself; a digest, not: {why}");
            Finding::new(subject, Found::Good, detail).after(took).saying(says(true))
        }
        (Tried::Refused(digest), Tried::Refused(whole)) => {
            let detail = format!("neither a digest: {digest}; nor what it hashes itself: {whole}");
            Finding::new(subject, Found::Lacking, detail)
        }
        (_, Tried::Failed(why)) => Finding::new(subject, Found::Unknown, why),
        (Tried::Refused(digest) | Tried::Wrong(digest), Tried::Refused(whole) | Tried::Wrong(whole)) => {
            let detail = format!("neither a digest: {digest}; nor what it hashes itself: {whole}");
            Finding::new(subject, Found::Wrong, detail)
        }
    }
}

/// The kinds of keys to try, and what they sign by.
const WAYS: &[(KeyAlgorithm, &[HashedBy])] = &[
    (KeyAlgorithm::EcdsaP256, &[HashedBy::Ecdsa]),
    (KeyAlgorithm::Rsa2048, &[HashedBy::Rsa, HashedBy::RsaPss]),
];

/// The hash that every kind of key signs.
const HASH: HashAlgorithm = HashAlgorithm::Sha256;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_a_refused_digest_and_a_good_signature_make_a_token_that_hashes_itself() {
        let signed = || Tried::Signed(Duration::from_millis(1));
        let (no, bad, gone) =
            (|| Tried::Refused("no".into()), || Tried::Wrong("bad".into()), || Tried::Failed("gone".into()));
        let found = |digest, whole| {
            let finding = verdict(HashedBy::RsaPss, digest, whole);
            let itself = finding.says.first().map(|says| match says {
                Says::Hashes { by: HashedBy::RsaPss, itself } => *itself,
                other => panic!("{other:?}"),
            });
            (finding.found, itself)
        };
        for whole in [signed(), no(), bad(), gone()] {
            assert_eq!(found(signed(), whole), (Found::Good, Some(false)));
        }
        assert_eq!(found(no(), signed()), (Found::Good, Some(true)));
        assert_eq!(found(bad(), signed()), (Found::Good, Some(true)));
        assert_eq!(found(no(), no()), (Found::Lacking, None));
        assert_eq!(found(bad(), no()), (Found::Wrong, None));
        assert_eq!(found(no(), bad()), (Found::Wrong, None));
        // What a cable does says nothing of the make.
        for whole in [signed(), no(), bad(), gone()] {
            assert_eq!(found(gone(), whole), (Found::Unknown, None));
        }
        assert_eq!(found(no(), gone()), (Found::Unknown, None));
    }
}

//! Which keys a token makes as the ceremony asks for them, what it says of them afterwards, and whether they sign.

use super::ladder::climb;
use super::throw_away::{Made, Omitted, Pair};
use super::{Bench, Finding, Found, Says, refusal};
use crate::hsm::direct::generate::{NEXT_RUNG, differing};
use crate::hsm::direct::key::{public_key, secret_attribute};
use crate::hsm::raw::Fault;
use crate::hsm::{AttributeName, Attributes, Reading, TokenError};
use crate::pki::key::{KeyAlgorithm, PublicKey};

/// It makes key pairs of a session.
pub(super) const MAKES_OBJECTS: bool = true;

/// Makes one of each kind.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut findings = Vec::new();
    let mut known = Omitted::default();
    for algorithm in ORDER {
        let subject = format!("make {algorithm}");
        let (made, omitted) = climb(bench, (algorithm, false), &known)?;
        match made {
            Made::Pair(pair) => {
                findings.extend(look_at(*pair, &omitted));
                known = omitted;
            }
            Made::Refused(fault @ Fault::Code(_, code)) if NEXT_RUNG.contains(&code.0) => {
                // Some tokens make keys of their own only, and those are never made here.
                let why = format!("not for a session only, and nothing else is tried: {}", refusal(fault));
                findings.push(Finding::new(subject, Found::Unknown, why));
            }
            Made::Refused(fault) => findings.push(Finding::new(subject, Found::Lacking, refusal(fault))),
            Made::OnToken(why) => {
                findings.push(Finding::new(subject, Found::Wrong, why));
                break;
            }
        }
    }
    Ok(findings)
}

/// What a pair says of itself and whether it signs.
fn look_at(mut pair: Pair<'_>, omitted: &Omitted) -> Vec<Finding> {
    let (algorithm, took) = (pair.algorithm, pair.took);
    let make = format!("make {algorithm}");
    let (made, key) = match attributes(&mut pair, omitted) {
        Ok((finding, key)) => (finding, key),
        Err(why) => return vec![Finding::new(make, Found::Wrong, why).after(took)],
    };
    let signed = match pair.signs(&key) {
        Ok(took) => {
            Finding::new(format!("sign {algorithm}"), Found::Good, "verifies in software").after(took)
        }
        Err(why) => Finding::new(format!("sign {algorithm}"), Found::Wrong, why),
    };
    vec![made.after(took), signed]
}

/// What the attributes of a pair say. Otherwise why it is of no use.
fn attributes(pair: &mut Pair<'_>, omitted: &Omitted) -> Result<(Finding, PublicKey), String> {
    let algorithm = pair.algorithm;
    let [private, public] = pair.attributes().map_err(|error| error.to_string())?;
    let (found, key) = public_key(&public).map_err(|why| format!("its public key cannot be used: {why}"))?;
    if found != algorithm {
        return Err(format!("it is {found}"));
    }
    let secret = secret_attribute(algorithm);
    if private.0.get(&secret) != Some(&Reading::Sensitive) {
        return Err(format!("{secret} of the private key is not refused as sensitive"));
    }
    let mut absent = Omitted::default();
    let mut wrong = Vec::new();
    let halves = [
        ("private", &private, &omitted.private, &mut absent.private),
        ("public", &public, &omitted.public, &mut absent.public),
    ];
    for ((half, read, left_out, missing), template) in halves.into_iter().zip(&pair.templates) {
        for (name, wanted, found) in differing(algorithm, template, left_out, read) {
            match found {
                Reading::Absent => missing.push(name),
                found => wrong.push(format!("{name} of the {half} key reads {found}, asked for {wanted}")),
            }
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    let untold = untold(&private);
    let mut detail = vec!["as asked".to_owned()];
    detail.extend(point(algorithm, &public).map(|form| format!("its point is {form}")));
    for (names, what) in [
        (&omitted.private, "not accepted of the private key"),
        (&omitted.public, "not accepted of the public key"),
        (&absent.private, "not there to be read of the private key"),
        (&absent.public, "not there to be read of the public key"),
        (&untold, "not what happened"),
    ] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().map(|name| name.name()).collect();
            detail.push(format!("{what}: {}", names.join(", ")));
        }
    }
    let says = omitted.private.iter().chain(&absent.private).map(|name| Says::OmitPrivate(*name));
    let says = says.chain(omitted.public.iter().chain(&absent.public).map(|name| Says::OmitPublic(*name)));
    let says = says.chain(untold.iter().map(|name| Says::Untold(*name))).collect();
    Ok((Finding::new(format!("make {algorithm}"), Found::Good, detail.join("; ")).saying(says), key))
}

/// What the token says of where a key comes from that is not what happened.
fn untold(private: &Attributes) -> Vec<AttributeName> {
    let origin = [AttributeName::Local, AttributeName::AlwaysSensitive, AttributeName::NeverExtractable];
    origin.into_iter().filter(|name| private.flag(*name) != Some(true)).collect()
}

/// The form in which the token writes a point, for people; nothing for keys without.
fn point(algorithm: KeyAlgorithm, public: &Attributes) -> Option<&'static str> {
    let Some(Reading::Octets(point)) = public.0.get(&AttributeName::EcPoint) else { return None };
    let raw = algorithm.curve().map_or(32, |curve| 1 + 2 * curve.coordinate_octets());
    if algorithm.rsa_bits().is_some() {
        return None;
    }
    Some(match (point.len().checked_sub(raw), point.first()) {
        (Some(0), _) => "raw",
        (_, Some(0x03)) => "a BIT STRING",
        (Some(2), _) if raw > 0x7f => "an OCTET STRING with its length cut",
        _ => "an OCTET STRING",
    })
}

/// From cheap to dear: what the first could not have is left out of the others at once.
const ORDER: [KeyAlgorithm; 9] = [
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::EcdsaP384,
    KeyAlgorithm::EcdsaP521,
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::MlDsa65,
    KeyAlgorithm::MlDsa87,
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::Rsa4096,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_form_of_a_point_is_told_by_its_head() {
        let with = |octets: usize, first: u8| {
            let mut point = vec![4; octets];
            point[0] = first;
            Attributes(BTreeMap::from([(AttributeName::EcPoint, Reading::Octets(point))]))
        };
        let form = |algorithm, octets, first| point(algorithm, &with(octets, first));
        assert_eq!(form(KeyAlgorithm::EcdsaP256, 65, 4), Some("raw"));
        assert_eq!(form(KeyAlgorithm::EcdsaP256, 67, 4), Some("an OCTET STRING"));
        assert_eq!(form(KeyAlgorithm::EcdsaP521, 136, 4), Some("an OCTET STRING"));
        assert_eq!(form(KeyAlgorithm::EcdsaP521, 135, 4), Some("an OCTET STRING with its length cut"));
        assert_eq!(form(KeyAlgorithm::EcdsaP256, 68, 3), Some("a BIT STRING"));
        assert_eq!(form(KeyAlgorithm::Ed25519, 32, 3), Some("raw"));
        assert_eq!(form(KeyAlgorithm::Ed25519, 34, 4), Some("an OCTET STRING"));
        assert_eq!(form(KeyAlgorithm::Rsa2048, 65, 4), None);
    }

    #[test]
    fn an_origin_that_is_not_told_is_named() {
        let origin = [AttributeName::Local, AttributeName::AlwaysSensitive, AttributeName::NeverExtractable];
        let said = |flags: [bool; 3]| Attributes(origin.into_iter().zip(flags.map(Reading::Flag)).collect());
        assert_eq!(untold(&said([true; 3])), []);
        assert_eq!(untold(&said([false, true, true])), [AttributeName::Local]);
        assert_eq!(untold(&Attributes::default()), origin);
    }
}

//! Where two TBSCertificates first differ, by the name of the field.

use crate::digest::hex;
use crate::pki::oid::{Oid, OidView, extension};
use crate::pki::read::der::{Cursor, Element, tag};
use crate::pki::read::{ExtensionView, Faults, TbsCertificateView};

/// The first field in which `made` is not as `found`, and what both have there.
pub(super) fn first(found: &[u8], made: &[u8]) -> String {
    let (ours, theirs) = (fields(made), fields(found));
    for (name, theirs) in &theirs {
        let ours = ours.iter().find(|(other, _)| other == name).map(|(_, element)| *element);
        if ours == Some(*theirs) {
            continue;
        }
        if *name == EXTENSIONS
            && let Some(difference) = in_extensions(found, made)
        {
            return difference;
        }
        return said(name, theirs, ours.unwrap_or_default());
    }
    let more = ours.iter().find(|(name, _)| theirs.iter().all(|(other, _)| other != name));
    more.map_or_else(|| "tbsCertificate: its own header".to_owned(), |(name, ours)| said(name, &[], ours))
}

/// What an extension is called: as profiles call it, or by its identifier.
pub(super) fn extension_name(oid: &OidView<'_>) -> String {
    let known = NAMES.iter().find(|(known, _)| *oid == *known).map(|(_, name)| (*name).to_owned());
    known.unwrap_or_else(|| format!("extension {oid}"))
}

fn said(field: &str, found: &[u8], made: &[u8]) -> String {
    let shown = |octets: &[u8]| match octets.split_at_checked(SHOWN) {
        _ if octets.is_empty() => "nothing".to_owned(),
        Some((first, rest)) if !rest.is_empty() => format!("{}… ({} octets)", hex(first), octets.len()),
        _ => hex(octets),
    };
    format!("{field}: found {}; the profile makes {}", shown(found), shown(made))
}

/// The fields of a TBSCertificate with their octets.
fn fields(tbs: &[u8]) -> Vec<(&'static str, &[u8])> {
    let mut faults = Faults::new();
    let Ok(whole) = Cursor::new(tbs).any("tbsCertificate", &mut faults) else { return Vec::new() };
    let mut inside = whole.inside();
    let mut plain =
        ["serialNumber", "signature", "issuer", "validity", "subject", "subjectPublicKeyInfo"].into_iter();
    let mut fields = Vec::new();
    while let Ok(element) = inside.any("field", &mut faults) {
        let name = match element.tag() {
            0xa0 => "version",
            0x81 | 0xa1 => "issuerUniqueID",
            0x82 | 0xa2 => "subjectUniqueID",
            0xa3 => EXTENSIONS,
            tag::INTEGER | tag::SEQUENCE => plain.next().unwrap_or("another field"),
            _ => "another field",
        };
        fields.push((name, Element::octets(&element)));
    }
    fields
}

fn in_extensions(found: &[u8], made: &[u8]) -> Option<String> {
    let list = |octets| TbsCertificateView::read(octets, &mut Faults::new()).ok().map(|tbs| tbs.extensions());
    let (found, made) = (list(found)?, list(made)?);
    let octets = |one: &ExtensionView<'_>| one.element().octets().to_vec();
    let made: Vec<_> = made.iter().collect();
    for (place, theirs) in found.iter().enumerate() {
        let ours = made.get(place).map(octets).unwrap_or_default();
        if octets(&theirs) != ours {
            return Some(said(&extension_name(&theirs.oid()), &octets(&theirs), &ours));
        }
    }
    let more = made.get(found.iter().count())?;
    Some(said(&extension_name(&more.oid()), &[], &octets(more)))
}

const EXTENSIONS: &str = "extensions";

/// How many octets of a field are shown.
const SHOWN: usize = 40;

const NAMES: [(Oid, &str); 17] = [
    (extension::KEY_USAGE, "key-usage"),
    (extension::EXTENDED_KEY_USAGE, "extended-key-usage"),
    (extension::BASIC_CONSTRAINTS, "basic-constraints"),
    (extension::SUBJECT_KEY_IDENTIFIER, "subject-key-identifier"),
    (extension::AUTHORITY_KEY_IDENTIFIER, "authority-key-identifier"),
    (extension::AUTHORITY_INFORMATION_ACCESS, "authority-information-access"),
    (extension::SUBJECT_INFORMATION_ACCESS, "subject information access"),
    (extension::CERTIFICATE_POLICIES, "certificate-policies"),
    (extension::POLICY_MAPPINGS, "policy mappings"),
    (extension::CRL_DISTRIBUTION_POINTS, "crl-distribution-points"),
    (extension::FRESHEST_CRL, "freshest CRL"),
    (extension::NAME_CONSTRAINTS, "name-constraints"),
    (extension::POLICY_CONSTRAINTS, "policy-constraints"),
    (extension::INHIBIT_ANY_POLICY, "inhibit-any-policy"),
    (extension::SUBJECT_ALT_NAME, "subject alternative name"),
    (extension::ISSUER_ALT_NAME, "issuer alternative name"),
    (extension::OCSP_NO_CHECK, "ocsp-no-check"),
];

//! What a key may be used for: key usage and extended key usage.

use super::oid;
use crate::pki::oid::{Oid, purpose};
use crate::pki::usage::KeyUsage;
use crate::script::{Fields, FromNode, Node, Problems, listed, text, wrong};

/// Reads the bits of a key usage; at least one. Source: RFC 5280 §4.2.1.3.
pub(super) fn key_usage(fields: &mut Fields<'_, '_>) -> Option<KeyUsage> {
    let bits: Vec<Bit> = fields.list("bits")?;
    Some(bits.into_iter().fold(KeyUsage::NONE, |usage, bit| usage.and(bit.0)))
}

struct Bit(KeyUsage);

impl FromNode for Bit {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let names = KeyUsage::NAMES.map(|(_, name)| name);
        let wanted = format!("one of {}", listed(&names));
        let name = text(node, &wanted, problems)?;
        KeyUsage::from_name(name).map(Self).or_else(|| wrong(node, &wanted, problems))
    }
}

/// The purposes of an extended key usage, in their order; at least one. Source: RFC 5280 §4.2.1.12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purposes(pub Vec<Oid>);

impl Purposes {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let purposes: Vec<Purpose> = fields.list("purposes")?;
        Some(Self(purposes.into_iter().map(|purpose| purpose.0).collect()))
    }
}

struct Purpose(Oid);

impl FromNode for Purpose {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        oid(node, &PURPOSES, "a purpose", problems).map(Self)
    }
}

/// The name that profiles have for a purpose.
pub fn purpose_name(purpose: &Oid) -> Option<&'static str> {
    PURPOSES.iter().find(|(_, oid)| oid == purpose).map(|(name, _)| *name)
}

const PURPOSES: [(&str, Oid); 7] = [
    ("server-auth", purpose::SERVER_AUTH),
    ("client-auth", purpose::CLIENT_AUTH),
    ("code-signing", purpose::CODE_SIGNING),
    ("email-protection", purpose::EMAIL_PROTECTION),
    ("time-stamping", purpose::TIME_STAMPING),
    ("ocsp-signing", purpose::OCSP_SIGNING),
    ("any", purpose::ANY),
];

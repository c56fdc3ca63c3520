//! What a key may be used for: key usage and extended key usage.

use super::oid;
use crate::pki::build::element::{element, sequence};
use crate::pki::oid::{Oid, purpose};
use crate::pki::read::der::tag;
use crate::script::{Fields, FromNode, Node, Problems, Word};

/// The bits of a key usage; at least one. Source: RFC 5280 §4.2.1.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub Vec<KeyUsageBit>);

/// One bit of a key usage, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyUsageBit(u8);

impl Word for KeyUsageBit {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("digital-signature", Self(0)),
        ("content-commitment", Self(1)),
        ("key-encipherment", Self(2)),
        ("data-encipherment", Self(3)),
        ("key-agreement", Self(4)),
        ("key-cert-sign", Self(5)),
        ("crl-sign", Self(6)),
        ("encipher-only", Self(7)),
        ("decipher-only", Self(8)),
    ];
}

impl KeyUsage {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        fields.list("bits").map(Self)
    }

    /// A named bit list: trailing zeros are not encoded. Source: X.690 §11.2.2.
    pub(super) fn der(&self) -> Vec<u8> {
        let bits = self.0.iter().fold(0_u16, |bits, bit| bits | 0x8000 >> bit.0);
        let unused = u8::try_from(bits.trailing_zeros()).unwrap_or(0);
        let [first, second] = bits.to_be_bytes();
        if second == 0 {
            element(tag::BIT_STRING, &[unused.saturating_sub(8), first])
        } else {
            element(tag::BIT_STRING, &[unused, first, second])
        }
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

    pub(super) fn der(&self) -> Vec<u8> {
        let purposes: Vec<_> = self.0.iter().map(|oid| element(tag::OID, oid.as_bytes())).collect();
        sequence(&purposes)
    }
}

struct Purpose(Oid);

impl FromNode for Purpose {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        oid(node, &PURPOSES, "a purpose", problems).map(Self)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_list_has_no_trailing_zeros() {
        for (bits, der) in [
            (&[5, 6][..], &[3, 2, 1, 0x06][..]),
            (&[0, 5, 6], &[3, 2, 1, 0x86]),
            (&[6, 5, 0], &[3, 2, 1, 0x86]),
            (&[0], &[3, 2, 7, 0x80]),
            (&[7], &[3, 2, 0, 0x01]),
            (&[8], &[3, 3, 7, 0, 0x80]),
            (&[4, 8], &[3, 3, 7, 0x08, 0x80]),
        ] {
            let usage = KeyUsage(bits.iter().map(|bit| KeyUsageBit(*bit)).collect());
            assert_eq!(usage.der(), der, "{bits:?}");
        }
    }
}

//! An extension that this program has no words for: its identifier and its octets.

use super::oid;
use crate::digest::from_hex;
use crate::pki::oid::Oid;
use crate::script::{Fields, FromNode, Node, Problems, text, wrong};

/// Any extension, as octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Its identifier.
    pub oid: Oid,
    /// What its OCTET STRING contains: the DER of its value.
    pub der: Vec<u8>,
}

impl Other {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let oid: Option<Identifier> = fields.required("oid");
        let der: Option<Hex> = fields.required("der");
        Some(Self { oid: oid?.0, der: der?.0 })
    }
}

struct Identifier(Oid);

impl FromNode for Identifier {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        oid(node, &[], "an extension", problems).map(Self)
    }
}

struct Hex(Vec<u8>);

impl FromNode for Hex {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let wanted = "the DER of the value in lower-case hex digits";
        let hex = text(node, wanted, problems)?;
        from_hex(hex).map(Self).or_else(|| wrong(node, wanted, problems))
    }
}

//! How the subject key identifier is made.

use super::ProfileError;
use crate::pki::PublicKey;
use crate::pki::key_identifier::KeyIdentifierMethod;
use crate::script::{FromNode, Node, Problems, listed, text, wrong};

/// Where a subject key identifier comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIdentifier {
    /// It is made from the key.
    By(KeyIdentifierMethod),
    /// It is copied from another certificate of the same key, whatever the method was.
    Copied,
}

impl KeyIdentifier {
    /// The identifier of `key`; `copied` is what there is to copy.
    ///
    /// # Errors
    ///
    /// [`ProfileError::NotGiven`] if there is nothing to copy.
    pub fn of(self, key: &PublicKey, copied: Option<&[u8]>) -> Result<Vec<u8>, ProfileError> {
        self.of_octets(key.spki_der(), key.bit_string_content(), copied)
    }

    /// The same for a key of any kind: its SubjectPublicKeyInfo, and what the BIT STRING in it holds.
    pub(super) fn of_octets(
        self,
        spki: &[u8],
        bits: &[u8],
        copied: Option<&[u8]>,
    ) -> Result<Vec<u8>, ProfileError> {
        match self {
            Self::By(method) => Ok(method.identifier_of(spki, bits)),
            Self::Copied => {
                let copied =
                    copied.ok_or(ProfileError::NotGiven { what: "subject key identifier to copy" })?;
                Ok(copied.to_vec())
            }
        }
    }
}

impl FromNode for KeyIdentifier {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let methods = KeyIdentifierMethod::NAMES.map(|(_, name)| name);
        let wanted = format!("`copied` or one of {}", listed(&methods));
        match text(node, &wanted, problems)? {
            "copied" => Some(Self::Copied),
            name => name.parse().map(Self::By).ok().or_else(|| wrong(node, &wanted, problems)),
        }
    }
}

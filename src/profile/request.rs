//! What certificate requests contain: a name, a key, and the extensions they ask for. RFC 2986.

use super::extension::{Content, Extension, Given, encode};
use super::identifier::KeyIdentifierMethod;
use super::names::NameForms;
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError};
use crate::pki::build::element::{element, integer, sequence};
use crate::pki::name::Name;
use crate::pki::oid::EXTENSION_REQUEST;
use crate::pki::read::der::tag;
use crate::pki::signature::SignatureAlgorithm;

/// The profile of a certificate request.
#[derive(Clone, Debug)]
pub struct RequestProfile {
    pub(super) signature: SignatureChoice,
    pub(super) names: NameForms,
    pub(super) key_identifier: Option<KeyIdentifierMethod>,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one request.
#[derive(Clone, Debug)]
pub struct RequestValues<'v> {
    /// The subject.
    pub subject: &'v Name,
    /// The whole SubjectPublicKeyInfo.
    pub spki: &'v [u8],
    /// What the script fills in.
    pub fills: &'v Fills,
}

impl RequestProfile {
    /// The string types of the subject.
    pub const fn names(&self) -> &NameForms {
        &self.names
    }

    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        &self.open
    }

    /// The extensions that are asked for, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The algorithm that the request is signed with: it stands outside of what is signed.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Signature`] if the profile names one that is not for this key.
    pub fn signature(&self, key: SignatureAlgorithm) -> Result<SignatureAlgorithm, ProfileError> {
        self.signature.choose(key)
    }

    /// The CertificationRequestInfo in DER; without extensions its attributes are an empty set.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing.
    pub fn draft(&self, values: &RequestValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        let mut given = Given { fills: Some(values.fills), ..Given::default() };
        let wanted = |extension: &Extension| extension.content == Content::SubjectKeyIdentifier;
        if let Some(method) = self.key_identifier.filter(|_| self.extensions.iter().any(wanted)) {
            given.subject_key_identifier = Some(method.identifier(values.spki, None)?);
        }
        let attributes = encode(&self.extensions, &given)?.map_or_else(Vec::new, |extensions| {
            let oid = element(tag::OID, EXTENSION_REQUEST.as_bytes());
            sequence(&[oid, element(tag::SET, &extensions)])
        });
        Ok(sequence(&[
            integer(0),
            values.subject.der().to_vec(),
            values.spki.to_vec(),
            element(tag::context_constructed(0), &attributes),
        ]))
    }
}

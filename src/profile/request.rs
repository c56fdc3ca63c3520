//! What certificate requests contain: a name, a key, and the extensions they ask for. RFC 2986.

use super::extension::{Content, Extension, Given, build};
use super::identifier::KeyIdentifier;
use super::names::NameForms;
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError};
use crate::pki::build::{RequestParts, request_info};
use crate::pki::{Name, PublicKey, SignatureAlgorithm};

/// The profile of a certificate request.
#[derive(Clone, Debug)]
pub struct RequestProfile {
    pub(super) signature: SignatureChoice,
    pub(super) names: NameForms,
    pub(super) key_identifier: Option<KeyIdentifier>,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one request.
#[derive(Clone, Copy, Debug)]
pub struct RequestValues<'v> {
    /// The subject.
    pub subject: &'v Name,
    /// The key that is to be certified, and that signs.
    pub key: &'v PublicKey,
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
    pub const fn signature(&self) -> SignatureChoice {
        self.signature
    }

    /// The CertificationRequestInfo in DER; without extensions its attributes are an empty set.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing.
    pub fn draft(&self, values: &RequestValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        self.signature.choose(SignatureAlgorithm::for_key(values.key))?;
        let mut given = Given { fills: Some(values.fills), ..Given::default() };
        let wanted = |extension: &Extension| extension.content == Content::SubjectKeyIdentifier;
        if let Some(method) = self.key_identifier.filter(|_| self.extensions.iter().any(wanted)) {
            given.subject_key_identifier = Some(method.of(values.key, None)?);
        }
        let extensions = build(&self.extensions, &given)?;
        let (subject, spki) = (values.subject, values.key.spki_der());
        Ok(request_info(&RequestParts { subject, spki, extensions: &extensions }))
    }
}

//! What certificates contain: of root, subordinate and cross-certified subordinate CAs and of OCSP responders.

use super::extension::{Content, Extension, Given, encode};
use super::identifier::KeyIdentifierMethod;
use super::names::NameForms;
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError, der};
use crate::pki::build::element::{element, integer, sequence};
use crate::pki::name::Name;
use crate::pki::read::der::tag;
use crate::pki::serial::SerialNumber;
use crate::pki::signature::SignatureAlgorithm;
use crate::pki::validity::Validity;

/// The kinds of certificate that a ceremony issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// A root CA. BR §7.1.2.1.
    Root,
    /// A subordinate CA. BR §7.1.2.6.
    Subordinate,
    /// A cross-certified subordinate CA. BR §7.1.2.2.
    Cross,
    /// A delegated OCSP responder. BR §7.1.2.8.
    OcspResponder,
}

impl CertificateKind {
    /// Its name in profiles, logs and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subordinate => "subordinate",
            Self::Cross => "cross",
            Self::OcspResponder => "ocsp-responder",
        }
    }
}

/// The profile of a certificate.
#[derive(Clone, Debug)]
pub struct CertificateProfile {
    pub(super) kind: CertificateKind,
    pub(super) signature: SignatureChoice,
    pub(super) names: NameForms,
    pub(super) key_identifier: KeyIdentifierMethod,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one certificate.
#[derive(Clone, Debug)]
pub struct CertificateValues<'v> {
    /// The issuer's subject, octet for octet.
    pub issuer: &'v Name,
    /// The subject, made by [`CertificateProfile::names`] or copied.
    pub subject: &'v Name,
    /// The serial number.
    pub serial: &'v SerialNumber,
    /// From when to when.
    pub validity: Validity,
    /// The subject's whole SubjectPublicKeyInfo.
    pub spki: &'v [u8],
    /// The subject key identifier in the issuer's certificate; not needed for a root, which is its own issuer.
    pub issuer_key_identifier: Option<&'v [u8]>,
    /// What the issuer's key signs with when nothing else is said: [`SignatureAlgorithm::for_key`].
    pub key_signature: SignatureAlgorithm,
    /// What is copied from the certificate that is being cross-signed.
    pub copied: Option<&'v Copied>,
    /// What the script fills in.
    pub fills: &'v Fills,
}

/// What a cross-certificate copies besides subject and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The subject key identifier, if the existing certificate has one.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// The path length, if the existing certificate has one.
    pub path_length: Option<u32>,
}

impl CertificateProfile {
    /// Which kind of certificate.
    pub const fn kind(&self) -> CertificateKind {
        self.kind
    }

    /// The string types of the subject.
    pub const fn names(&self) -> &NameForms {
        &self.names
    }

    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        &self.open
    }

    /// The extensions, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// With which algorithm it is signed.
    pub const fn signature(&self) -> SignatureChoice {
        self.signature
    }

    /// The subject key identifier it will have.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the key cannot be read, or there is nothing to copy.
    pub fn subject_key_identifier(
        &self,
        spki: &[u8],
        copied: Option<&Copied>,
    ) -> Result<Vec<u8>, ProfileError> {
        let copied = copied.and_then(|copied| copied.subject_key_identifier.as_deref());
        self.key_identifier.identifier(spki, copied)
    }

    /// The TBSCertificate in DER: version 3, no unique identifiers. Source: RFC 5280 §4.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit; nothing about what is wise: that is for the rules.
    pub fn draft(&self, values: &CertificateValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        let signature = self.signature.choose(values.key_signature)?;
        let version = element(tag::context_constructed(0), &integer(2));
        let validity = [values.validity.not_before(), values.validity.not_after()].map(der::time);
        let mut parts = vec![
            version,
            der::serial(values.serial),
            signature.der(),
            values.issuer.der().to_vec(),
            sequence(&validity),
            values.subject.der().to_vec(),
            values.spki.to_vec(),
        ];
        if let Some(extensions) = encode(&self.extensions, &self.given(values)?)? {
            parts.push(element(tag::context_constructed(3), &extensions));
        }
        Ok(sequence(&parts))
    }

    fn given<'v>(&self, values: &CertificateValues<'v>) -> Result<Given<'v>, ProfileError> {
        let identified = |extension: &Extension| match extension.content {
            Content::SubjectKeyIdentifier => true,
            Content::AuthorityKeyIdentifier => self.kind == CertificateKind::Root,
            _ => false,
        };
        let subject_key_identifier = if self.extensions.iter().any(identified) {
            Some(self.subject_key_identifier(values.spki, values.copied)?)
        } else {
            None
        };
        let issuer_key_identifier = match self.kind {
            CertificateKind::Root => subject_key_identifier.clone(),
            _ => values.issuer_key_identifier.map(<[u8]>::to_vec),
        };
        Ok(Given {
            fills: Some(values.fills),
            subject_key_identifier,
            issuer_key_identifier,
            copied_path_length: values.copied.map(|copied| copied.path_length),
            crl_number: None,
        })
    }
}

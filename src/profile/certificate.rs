//! What certificates contain: of root, subordinate and cross-certified subordinate CAs and of OCSP responders.

use super::extension::{Content, Extension, Given, build};
use super::identifier::KeyIdentifier;
use super::names::NameForms;
use super::signing::SignatureChoice;
use super::term::Fills;
use super::times::Times;
use super::{Open, ProfileError};
use crate::pki::build::{CertificateParts, tbs_certificate, tbs_certificate_of_generalized_times};
use crate::pki::{Name, PublicKey, SerialNumber, SignatureAlgorithm, Validity};

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
    /// Its name in profiles, logs and manifests.
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
    pub(super) key_identifier: KeyIdentifier,
    pub(super) times: Times,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one certificate.
#[derive(Clone, Copy, Debug)]
pub struct CertificateValues<'v> {
    /// The issuer's subject, octet for octet.
    pub issuer: &'v Name,
    /// The subject, made by [`CertificateProfile::names`] or copied.
    pub subject: &'v Name,
    /// The serial number.
    pub serial: &'v SerialNumber,
    /// From when to when.
    pub validity: Validity,
    /// The subject's key.
    pub key: &'v PublicKey,
    /// The subject key identifier in the issuer's certificate; not needed for a root, which is its own issuer.
    pub issuer_key_identifier: Option<&'v [u8]>,
    /// What the issuer's key signs with when nothing else is said: [`SignatureAlgorithm::for_key`].
    pub issuer_signature: SignatureAlgorithm,
    /// What is copied from the certificate that is being cross-signed.
    pub copied: Option<&'v Copied>,
    /// What the script fills in.
    pub fills: &'v Fills,
}

/// What comes with one certificate that somebody else made or will sign: octets where ours have types.
#[derive(Clone, Copy, Debug)]
pub struct FoundValues<'v> {
    /// The issuer's subject, octet for octet.
    pub issuer: &'v Name,
    /// The subject.
    pub subject: &'v Name,
    /// The content octets of the serial number: old roots have zero.
    pub serial: &'v [u8],
    /// From when to when.
    pub validity: Validity,
    /// The SubjectPublicKeyInfo of any kind of key.
    pub spki: &'v [u8],
    /// What the BIT STRING in it holds.
    pub key_bits: &'v [u8],
    /// The subject key identifier in the issuer's certificate; not needed for a root, which is its own issuer.
    pub issuer_key_identifier: Option<&'v [u8]>,
    /// The AlgorithmIdentifier that the issuer's key demands when the profile does not name one.
    pub issuer_signature: &'v [u8],
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
    pub path_length: Option<u8>,
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
    /// [`ProfileError::NotGiven`] if there is nothing to copy.
    pub fn subject_key_identifier(
        &self,
        key: &PublicKey,
        copied: Option<&Copied>,
    ) -> Result<Vec<u8>, ProfileError> {
        self.key_identifier.of(key, copied.and_then(|copied| copied.subject_key_identifier.as_deref()))
    }

    /// The TBSCertificate in DER. Source: RFC 5280 §4.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit; nothing about what is wise: that is for the rules.
    pub fn draft(&self, values: &CertificateValues<'_>) -> Result<Vec<u8>, ProfileError> {
        let algorithm = self.signature.choose(values.issuer_signature)?.der();
        self.written(
            &FoundValues {
                issuer: values.issuer,
                subject: values.subject,
                serial: values.serial.der_content(),
                validity: values.validity,
                spki: values.key.spki_der(),
                key_bits: values.key.bit_string_content(),
                issuer_key_identifier: values.issuer_key_identifier,
                issuer_signature: &algorithm,
                copied: values.copied,
                fills: values.fills,
            },
            &algorithm,
        )
    }

    /// The TBSCertificate in DER of what somebody else made, or will sign elsewhere: no ceremony signs this.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing.
    pub fn reproduce(&self, values: &FoundValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.written(values, &self.signature.der(values.issuer_signature))
    }

    fn written(&self, values: &FoundValues<'_>, algorithm: &[u8]) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        let extensions = build(&self.extensions, &self.given(values)?)?;
        let parts = CertificateParts {
            serial: values.serial,
            algorithm,
            issuer: values.issuer,
            validity: values.validity,
            subject: values.subject,
            spki: values.spki,
            extensions: &extensions,
        };
        Ok(match self.times {
            Times::ByDate => tbs_certificate(&parts),
            Times::Generalized => tbs_certificate_of_generalized_times(&parts),
        })
    }

    /// What the extensions need. An identifier is only made where one of them wants it.
    fn given<'v>(&self, values: &FoundValues<'v>) -> Result<Given<'v>, ProfileError> {
        let root = self.kind == CertificateKind::Root;
        let identified = |extension: &Extension| match extension.content {
            Content::SubjectKeyIdentifier => true,
            Content::AuthorityKeyIdentifier => root,
            _ => false,
        };
        let subject_key_identifier = if self.extensions.iter().any(identified) {
            let copied = values.copied.and_then(|copied| copied.subject_key_identifier.as_deref());
            Some(self.key_identifier.of_octets(values.spki, values.key_bits, copied)?)
        } else {
            None
        };
        let issuer_key_identifier = if root {
            subject_key_identifier.clone()
        } else {
            values.issuer_key_identifier.map(<[u8]>::to_vec)
        };
        Ok(Given {
            fills: Some(values.fills),
            subject_key_identifier,
            issuer_key_identifier,
            copied: values.copied,
            crl_number: None,
        })
    }
}

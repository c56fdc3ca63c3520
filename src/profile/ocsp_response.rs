//! What OCSP responses contain. RFC 6960 §4.2.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::extension::{Extension, Given, encode};
use super::identifier::key_bits;
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError, der};
use crate::clock::Timestamp;
use crate::pki::build::element::{element, sequence};
use crate::pki::name::Name;
use crate::pki::read::der::tag;
use crate::pki::serial::SerialNumber;
use crate::pki::signature::SignatureAlgorithm;
use crate::script::Word;

/// The profile of OCSP responses.
#[derive(Clone, Debug)]
pub struct OcspResponseProfile {
    pub(super) signature: SignatureChoice,
    pub(super) responder: ResponderForm,
    pub(super) certificate_id: CertificateIdHash,
    pub(super) responder_certificate: bool,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// How a response says who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderForm {
    /// By the SHA-1 of the responder's key.
    ByKey,
    /// By the responder's subject.
    ByName,
}

impl Word for ResponderForm {
    const WORDS: &'static [(&'static str, Self)] = &[("by-key", Self::ByKey), ("by-name", Self::ByName)];
}

/// The hash by which a response says which certificate it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateIdHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Word for CertificateIdHash {
    const WORDS: &'static [(&'static str, Self)] = &[("sha1", Self::Sha1), ("sha256", Self::Sha256)];
}

/// What comes with one response.
#[derive(Clone, Debug)]
pub struct OcspResponseValues<'v> {
    /// The subject of the CA that issued the certificates.
    pub issuer: &'v Name,
    /// Its whole SubjectPublicKeyInfo.
    pub issuer_spki: &'v [u8],
    /// The subject of who answers: the CA, or its responder.
    pub responder: &'v Name,
    /// Its whole SubjectPublicKeyInfo.
    pub responder_spki: &'v [u8],
    /// When it is signed.
    pub produced_at: Timestamp,
    /// What is said about which certificates; at least one.
    pub responses: &'v [SingleResponse],
    /// What the script fills in.
    pub fills: &'v Fills,
}

/// What is said about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleResponse {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Good, or revoked.
    pub status: Status,
    /// When it was true.
    pub this_update: Timestamp,
    /// By when there will be another one.
    pub next_update: Timestamp,
}

/// The state of a certificate. `unknown` is nothing that a ceremony has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Issued and not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why: the number of a CRLReason (RFC 5280 §5.3.1). A certificate of a CA needs one (BR §7.3).
        reason: Option<u8>,
    },
}

impl OcspResponseProfile {
    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        &self.open
    }

    /// Whether the certificate of a responder that is not the CA itself is in the response.
    pub const fn has_responder_certificate(&self) -> bool {
        self.responder_certificate
    }

    /// The algorithm that the response is signed with: it stands outside of what is signed.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Signature`] if the profile names one that is not for this key.
    pub fn signature(&self, key: SignatureAlgorithm) -> Result<SignatureAlgorithm, ProfileError> {
        self.signature.choose(key)
    }

    /// The ResponseData in DER; version 1 is the default and is not encoded. Source: RFC 6960 §4.2.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit.
    pub fn draft(&self, values: &OcspResponseValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        if values.responses.is_empty() {
            return Err(ProfileError::NoCertificates);
        }
        let responder = match self.responder {
            ResponderForm::ByName => element(tag::context_constructed(1), values.responder.der()),
            ResponderForm::ByKey => {
                let key = Sha1::digest(key_bits(values.responder_spki)?);
                element(tag::context_constructed(2), &element(tag::OCTET_STRING, &key))
            }
        };
        let issuer = self.issuer_hashes(values)?;
        let responses: Vec<_> =
            values.responses.iter().map(|response| response.der(&issuer)).collect::<Result<_, _>>()?;
        let mut parts = vec![responder, der::generalized_time(values.produced_at), sequence(&responses)];
        let given = Given { fills: Some(values.fills), ..Given::default() };
        let extensions = encode(&self.extensions, &given)?;
        parts.extend(extensions.map(|extensions| element(tag::context_constructed(1), &extensions)));
        Ok(sequence(&parts))
    }

    /// What stands in a CertID before the serial: the hash algorithm, the issuer's name hashed and its key's bits
    /// hashed. Source: RFC 6960 §4.1.1.
    fn issuer_hashes(&self, values: &OcspResponseValues<'_>) -> Result<Vec<u8>, ProfileError> {
        let name = values.issuer.der();
        let key = key_bits(values.issuer_spki)?;
        let (oid, name, key) = match self.certificate_id {
            CertificateIdHash::Sha1 => (SHA1, Sha1::digest(name).to_vec(), Sha1::digest(key).to_vec()),
            CertificateIdHash::Sha256 => {
                (SHA256, Sha256::digest(name).to_vec(), Sha256::digest(key).to_vec())
            }
        };
        let algorithm = sequence(&[element(tag::OID, oid), element(tag::NULL, &[])]);
        Ok([algorithm, element(tag::OCTET_STRING, &name), element(tag::OCTET_STRING, &key)].concat())
    }
}

impl SingleResponse {
    fn der(&self, issuer: &[u8]) -> Result<Vec<u8>, ProfileError> {
        let (from, to) = (self.this_update, self.next_update);
        if to < from {
            return Err(ProfileError::Times { from, to });
        }
        let status = match self.status {
            Status::Good => element(tag::context(0), &[]),
            Status::Revoked { at, reason } => {
                let mut parts = der::generalized_time(at);
                if let Some(reason) = reason {
                    let reason = element(tag::ENUMERATED, &[reason]);
                    parts.extend(element(tag::context_constructed(0), &reason));
                }
                element(tag::context_constructed(1), &parts)
            }
        };
        Ok(sequence(&[
            sequence(&[issuer.to_vec(), der::serial(&self.serial)]),
            status,
            der::generalized_time(from),
            element(tag::context_constructed(0), &der::generalized_time(to)),
        ]))
    }
}

/// The content of id-sha1.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// The content of id-sha256.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

//! What OCSP responses contain. RFC 6960 §4.2.

use super::extension::{Extension, Given, build};
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError};
use crate::clock::Timestamp;
use crate::pki::build::{
    CertIdHash, CertIdParts, Responder, ResponseParts, SingleParts, Status, response_data,
};
use crate::pki::{Name, PublicKey, SerialNumber, SignatureAlgorithm};
use crate::script::Word;

/// The profile of OCSP responses.
#[derive(Clone, Debug)]
pub struct OcspResponseProfile {
    pub(super) signature: SignatureChoice,
    pub(super) responder: ResponderForm,
    pub(super) certificate_id: CertificateIds,
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

/// By which hashes responses say which certificate they are about: one response for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateIds(&'static [CertIdHash]);

impl Word for CertificateIds {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sha1", Self(&[CertIdHash::Sha1])),
        ("sha256", Self(&[CertIdHash::Sha256])),
        ("sha1-and-sha256", Self(&[CertIdHash::Sha1, CertIdHash::Sha256])),
    ];
}

/// What comes with one response.
#[derive(Clone, Copy, Debug)]
pub struct OcspResponseValues<'v> {
    /// The subject of the CA that issued the certificates.
    pub issuer: &'v Name,
    /// Its key.
    pub issuer_key: &'v PublicKey,
    /// The subject of who answers: the CA, or its responder.
    pub responder: &'v Name,
    /// Its key.
    pub responder_key: &'v PublicKey,
    /// By which of the profile's hashes it says which certificate it is about.
    pub certificate_id: CertIdHash,
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

impl OcspResponseProfile {
    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        &self.open
    }

    /// How it says who answers.
    pub const fn responder(&self) -> ResponderForm {
        self.responder
    }

    /// By which hashes responses say which certificate they are about: each by one.
    pub const fn certificate_ids(&self) -> &'static [CertIdHash] {
        self.certificate_id.0
    }

    /// Whether the certificate of a responder that is not the CA itself is in the response.
    pub const fn has_responder_certificate(&self) -> bool {
        self.responder_certificate
    }

    /// The extensions of the response, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The algorithm that the response is signed with: it stands outside of what is signed.
    pub const fn signature(&self) -> SignatureChoice {
        self.signature
    }

    /// The ResponseData in DER. Source: RFC 6960 §4.2.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit.
    pub fn draft(&self, values: &OcspResponseValues<'_>) -> Result<Vec<u8>, ProfileError> {
        self.open.check(values.fills)?;
        self.signature.choose(SignatureAlgorithm::for_key(values.responder_key))?;
        if values.responses.is_empty() {
            return Err(ProfileError::NoCertificates);
        }
        let responder = match self.responder {
            ResponderForm::ByName => Responder::ByName(values.responder),
            ResponderForm::ByKey => Responder::ByKey(values.responder_key),
        };
        let single = |response: &SingleResponse| {
            let (from, to) = (response.this_update, response.next_update);
            if to < from {
                return Err(ProfileError::Times { from, to });
            }
            let serial = response.serial.clone();
            let cert_id = CertIdParts::new(values.certificate_id, values.issuer, values.issuer_key, serial);
            Ok(SingleParts { cert_id, status: response.status, this_update: from, next_update: to })
        };
        let responses: Vec<_> = values.responses.iter().map(single).collect::<Result<_, _>>()?;
        let given = Given { fills: Some(values.fills), ..Given::default() };
        let extensions = build(&self.extensions, &given)?;
        let produced_at = values.produced_at;
        Ok(response_data(&ResponseParts {
            responder,
            produced_at,
            responses: &responses,
            extensions: &extensions,
        }))
    }
}

//! ResponseData and OCSPResponse, written. Source: RFC 6960 §4.2.1.

use sha1::{Digest as _, Sha1};

use super::element::{concatenated, element, sequence};
use super::extension::{Extension, extensions};
use super::time;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::pki::key::PublicKey;
use crate::pki::name::Name;
use crate::pki::oid::access;
use crate::pki::read::der::tag;
use crate::pki::reason::Reason;
use crate::pki::serial::SerialNumber;

/// Everything that a basic response says.
#[derive(Clone, Copy, Debug)]
pub struct ResponseParts<'a> {
    /// Who answers.
    pub responder: Responder<'a>,
    /// When the response is signed.
    pub produced_at: Timestamp,
    /// The answers in their order.
    pub responses: &'a [SingleParts],
    /// responseExtensions; usually none.
    pub extensions: &'a [Extension],
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub enum Responder<'a> {
    /// byName: the subject of the responder's certificate.
    ByName(&'a Name),
    /// byKey: SHA-1 of the responder's key bits, whatever its key identifier is.
    ByKey(&'a PublicKey),
}

/// One answer.
#[derive(Clone, Debug)]
pub struct SingleParts {
    /// Which certificate it is about.
    pub cert_id: CertIdParts,
    /// What is known of it.
    pub status: Status,
    /// This update.
    pub this_update: Timestamp,
    /// Next update.
    pub next_update: Timestamp,
}

/// Which certificate an answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertIdParts {
    hash: CertIdHash,
    issuer_name_hash: Vec<u8>,
    issuer_key_hash: Vec<u8>,
    serial: SerialNumber,
}

/// The hash function of a CertID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertIdHash {
    /// SHA-1, which clients ask by. No security rests on it: RFC 5019 §2.1.1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not revoked.
    Good,
    /// It was revoked.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why. `Unspecified` leaves the reason out.
        reason: Reason,
    },
}

impl CertIdParts {
    /// The certificate of this serial number that the CA with this name and key issued.
    pub fn new(hash: CertIdHash, issuer: &Name, issuer_key: &PublicKey, serial: SerialNumber) -> Self {
        Self {
            hash,
            issuer_name_hash: hash.digest(issuer.der()),
            issuer_key_hash: hash.digest(issuer_key.bit_string_content()),
            serial,
        }
    }
}

impl CertIdHash {
    /// The digest of `octets`.
    pub fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Digest::of(octets).octets().to_vec(),
        }
    }

    /// The whole AlgorithmIdentifier, with NULL as clients send it.
    pub fn der(self) -> Vec<u8> {
        let oid: &[u8] = match self {
            Self::Sha1 => &[0x2b, 0x0e, 0x03, 0x02, 0x1a],
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        };
        sequence(&[element(tag::OID, oid), element(tag::NULL, &[])])
    }
}

/// Writes a ResponseData of version 1.
pub fn response_data(parts: &ResponseParts<'_>) -> Vec<u8> {
    let responder = match parts.responder {
        Responder::ByName(name) => element(tag::context_constructed(1), name.der()),
        Responder::ByKey(key) => {
            let hash = CertIdHash::Sha1.digest(key.bit_string_content());
            element(tag::context_constructed(2), &element(tag::OCTET_STRING, &hash))
        }
    };
    let responses: Vec<_> = parts.responses.iter().map(single).collect();
    sequence(&[
        responder,
        time::generalized(parts.produced_at),
        sequence(&responses),
        extensions(1, parts.extensions),
    ])
}

/// Puts a successful OCSPResponse together from what was signed, the algorithm, the signature and the certificates that
/// lead from the responder's key to the issuer: the delegate's own, or none for the issuer itself.
pub fn ocsp_response(tbs: &[u8], algorithm: &[u8], signature: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
    let signature = concatenated(tag::BIT_STRING, &[&[0], signature]);
    let certificates = if certificates.is_empty() {
        Vec::new()
    } else {
        element(tag::context_constructed(0), &concatenated(tag::SEQUENCE, certificates))
    };
    let basic = concatenated(tag::SEQUENCE, &[tbs, algorithm, &signature, &certificates]);
    let bytes =
        sequence(&[element(tag::OID, access::OCSP_BASIC.as_bytes()), element(tag::OCTET_STRING, &basic)]);
    sequence(&[element(tag::ENUMERATED, &[0]), element(tag::context_constructed(0), &bytes)])
}

fn single(parts: &SingleParts) -> Vec<u8> {
    let id = &parts.cert_id;
    let cert_id = sequence(&[
        id.hash.der(),
        element(tag::OCTET_STRING, &id.issuer_name_hash),
        element(tag::OCTET_STRING, &id.issuer_key_hash),
        element(tag::INTEGER, id.serial.der_content()),
    ]);
    let status = match parts.status {
        Status::Good => element(tag::context(0), &[]),
        Status::Revoked { at, reason } => {
            let reason = match reason {
                Reason::Unspecified => Vec::new(),
                reason => element(tag::context_constructed(0), &element(tag::ENUMERATED, &[reason.code()])),
            };
            concatenated(tag::context_constructed(1), &[&time::generalized(at), &reason])
        }
    };
    let next_update = element(tag::context_constructed(0), &time::generalized(parts.next_update));
    sequence(&[cert_id, status, time::generalized(parts.this_update), next_update])
}

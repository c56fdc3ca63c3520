//! TBSCertificate, written. Source: RFC 5280 §4.1.

use super::element::{concatenated, element, integer, sequence};
use super::extension::{Extension, extensions};
use super::time;
use crate::clock::Timestamp;
use crate::pki::name::Name;
use crate::pki::read::der::tag;
use crate::pki::validity::Validity;

/// Everything that a version 3 certificate says.
#[derive(Clone, Copy, Debug)]
pub struct CertificateParts<'a> {
    /// The content octets of the serial number: `SerialNumber::der_content`, or as another certificate has it.
    pub serial: &'a [u8],
    /// The AlgorithmIdentifier of the signature: `SignatureAlgorithm::der`, or as another certificate has it.
    pub algorithm: &'a [u8],
    /// The issuer, copied from the issuing CA's subject.
    pub issuer: &'a Name,
    /// From not before through not after.
    pub validity: Validity,
    /// The subject.
    pub subject: &'a Name,
    /// The SubjectPublicKeyInfo: `PublicKey::spki_der`.
    pub spki: &'a [u8],
    /// The extensions in their order.
    pub extensions: &'a [Extension],
}

/// Writes a TBSCertificate of version 3.
pub fn tbs_certificate(parts: &CertificateParts<'_>) -> Vec<u8> {
    written(parts, time::by_date)
}

/// Writes a TBSCertificate of version 3 whose times are GeneralizedTimes whatever their date, as some old roots have it.
pub fn tbs_certificate_of_generalized_times(parts: &CertificateParts<'_>) -> Vec<u8> {
    written(parts, time::generalized)
}

fn written(parts: &CertificateParts<'_>, time: fn(Timestamp) -> Vec<u8>) -> Vec<u8> {
    let version = element(tag::context_constructed(0), &integer(2));
    let serial = element(tag::INTEGER, parts.serial);
    let validity = sequence(&[time(parts.validity.not_before()), time(parts.validity.not_after())]);
    let extensions = extensions(3, parts.extensions);
    concatenated(
        tag::SEQUENCE,
        &[
            &version,
            &serial,
            parts.algorithm,
            parts.issuer.der(),
            &validity,
            parts.subject.der(),
            parts.spki,
            &extensions,
        ],
    )
}

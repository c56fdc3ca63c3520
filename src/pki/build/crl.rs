//! TBSCertList, written. Source: RFC 5280 §5.1.

use super::element::{concatenated, element, integer, sequence};
use super::extension::{Extension, extension_list, extensions};
use super::time;
use crate::clock::Timestamp;
use crate::pki::name::Name;
use crate::pki::read::der::tag;
use crate::pki::reason::Reason;
use crate::pki::serial::SerialNumber;

/// Everything that a version 2 CRL says.
#[derive(Clone, Copy, Debug)]
pub struct CrlParts<'a> {
    /// The AlgorithmIdentifier of the signature.
    pub algorithm: &'a [u8],
    /// The issuer, copied from the issuing CA's subject.
    pub issuer: &'a Name,
    /// This update.
    pub this_update: Timestamp,
    /// Next update.
    pub next_update: Timestamp,
    /// The revoked certificates in their order; none at all leaves the field out.
    pub revoked: &'a [RevokedParts],
    /// The extensions in their order.
    pub extensions: &'a [Extension],
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedParts {
    /// Its serial number.
    pub serial: SerialNumber,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why. `Unspecified` leaves the reason code out, as RFC 5280 §5.3.1 wants.
    pub reason: Reason,
}

/// Writes a TBSCertList of version 2.
pub fn tbs_crl(parts: &CrlParts<'_>) -> Vec<u8> {
    let revoked: Vec<_> = parts.revoked.iter().map(entry).collect();
    let revoked = if revoked.is_empty() { Vec::new() } else { sequence(&revoked) };
    concatenated(
        tag::SEQUENCE,
        &[
            &integer(1),
            parts.algorithm,
            parts.issuer.der(),
            &time::by_date(parts.this_update),
            &time::by_date(parts.next_update),
            &revoked,
            &extensions(0, parts.extensions),
        ],
    )
}

fn entry(parts: &RevokedParts) -> Vec<u8> {
    let extensions = match parts.reason {
        Reason::Unspecified => Vec::new(),
        reason => extension_list(&[Extension::reason_code(reason)]),
    };
    sequence(&[
        element(tag::INTEGER, parts.serial.der_content()),
        time::by_date(parts.revoked_at),
        extensions,
    ])
}

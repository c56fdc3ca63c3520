//! CertificationRequestInfo, written. Source: RFC 2986 §4.1.

use super::element::{concatenated, element, integer, sequence};
use super::extension::{Extension, extension_list};
use crate::pki::name::Name;
use crate::pki::oid::EXTENSION_REQUEST;
use crate::pki::read::der::tag;

/// Everything that a request says.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// The subject that is asked for.
    pub subject: &'a Name,
    /// The SubjectPublicKeyInfo of the key that asks.
    pub spki: &'a [u8],
    /// The extensions that are asked for; usually none.
    pub extensions: &'a [Extension],
}

/// Writes a CertificationRequestInfo. The attributes are always there, even when there are none: RFC 2986 has no
/// OPTIONAL for them.
pub fn request_info(parts: &RequestParts<'_>) -> Vec<u8> {
    let attribute = if parts.extensions.is_empty() {
        Vec::new()
    } else {
        sequence(&[
            element(tag::OID, EXTENSION_REQUEST.as_bytes()),
            element(tag::SET, &extension_list(parts.extensions)),
        ])
    };
    let attributes = element(tag::context_constructed(0), &attribute);
    concatenated(tag::SEQUENCE, &[&integer(0), parts.subject.der(), parts.spki, &attributes])
}

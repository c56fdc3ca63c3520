//! DER built: the first implementation.
//!
//! Structures are written element by element, so that every octet is ours; the values of extensions are encoded by the
//! types of the crate `x509-cert`, whose authors are not those of [`read`](super::read). Its builders are not used.
//!
//! The rules of this file and those below it:
//! - What has its default value is not written. What is empty and optional is not written.
//! - Order is the caller's. Names, keys and algorithms are copied as octets.
//! - The entries of a CRL are written while they are read: none of this holds millions of them.
//! - A time is a UTCTime to 2049 and a GeneralizedTime from 2050 on, but in OCSP always the latter, and where somebody
//!   asks for the octets of old roots.

mod certificate;
mod crl;
pub(crate) mod element;
pub(crate) mod extension;
mod ocsp;
mod request;
mod streamed;
pub(crate) mod time;
mod value;

use thiserror::Error;

pub use super::revoked::{RevokedList, RevokedParts};
pub use certificate::{CertificateParts, tbs_certificate, tbs_certificate_of_generalized_times};
pub(super) use crl::entry_octets;
pub use crl::{CrlParts, tbs_crl};
pub use extension::{CrlScope, Extension};
pub use ocsp::{
    CertIdHash, CertIdParts, Responder, ResponseParts, SingleParts, Status, ocsp_response, response_data,
};
pub use request::{RequestParts, request_info};
pub use streamed::Streamed;
pub use value::{Access, GeneralNameParts, PolicyParts};

use super::read::der::tag;

/// Puts what was signed, the algorithm and the signature together: a certificate, a CRL or a request.
///
/// `tbs` and `algorithm` are whole elements; `signature` is what the BIT STRING holds.
pub fn assemble(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let signature = element::concatenated(tag::BIT_STRING, &[&[0], signature]);
    element::concatenated(tag::SEQUENCE, &[tbs, algorithm, &signature])
}

/// The same for a CRL, however many entries it has.
pub fn assemble_streamed(tbs: &Streamed, algorithm: &[u8], signature: &[u8]) -> Streamed {
    let signature = element::concatenated(tag::BIT_STRING, &[&[0], signature]);
    let length = tbs.len() + algorithm.len() + signature.len();
    tbs.enclosed(&element::header(tag::SEQUENCE, length), &[algorithm, &signature].concat())
}

/// Why something cannot be built.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A URI or a domain name with a character that is not ASCII.
    #[error("`{found}` has a character that is not ASCII; write international names in their ASCII form")]
    NotAscii {
        /// The whole text.
        found: String,
    },
    /// A list that may not be empty.
    #[error("{what} is empty; leave the extension out instead")]
    Empty {
        /// Which list.
        what: &'static str,
    },
    /// A combination that the standard forbids.
    #[error("{what}")]
    Forbidden {
        /// What was combined, as a sentence.
        what: &'static str,
    },
    /// The encoder refused.
    #[error("{what} could not be encoded: {because}")]
    Encoder {
        /// What was being encoded.
        what: &'static str,
        /// What the encoder says.
        because: String,
    },
}

//! What can be signed: one kind of structure per file.

mod certificate;
mod certificate_list;
mod ocsp_response;
mod request;

use std::ops::Range;

pub use certificate::Certificate;
pub use certificate_list::{CertificateList, revoked_sha256};
pub(super) use certificate_list::{REVOKED_SHA256, revoked_name, say_entries, since_and_why};
pub use ocsp_response::OcspResponse;
pub(super) use ocsp_response::said_revoked;
pub use request::Request;

use super::Statement;
use crate::pki::read::{AlgorithmView, ReadError};
use crate::pki::{SignatureAlgorithm, build};
use crate::rule::{Assessment, Context};

/// A kind of structure that is signed.
pub trait ToBeSigned {
    /// What people call it.
    const NAME: &'static str;

    /// What is to be signed, as the second implementation reads it.
    type View<'a>;

    /// Reads what is to be signed; DER and nothing else.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: where and why it cannot be read.
    fn read(octets: &[u8]) -> Result<Self::View<'_>, ReadError>;

    /// Applies every rule of this kind of structure to what is to be signed. `algorithm` is the AlgorithmIdentifier that
    /// will stand beside it, for structures that do not have it inside.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: where and why it cannot be read.
    fn judge<'a>(
        octets: &'a [u8],
        algorithm: &'a [u8],
        context: &Context<'a>,
    ) -> Result<Assessment, ReadError>;

    /// What it says, field by field.
    fn statement(view: &Self::View<'_>) -> Statement;

    /// Where fields stand whose value may not be known while planning, by the names of the statement.
    fn places(octets: &[u8]) -> Vec<(String, Range<usize>)>;

    /// Puts the whole together: what was signed, the signature, and certificates that go along.
    fn assemble(
        to_be_signed: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        _along: &[Vec<u8>],
    ) -> Vec<u8> {
        build::assemble(to_be_signed, &algorithm.der(), signature)
    }

    /// Takes the whole apart again, by the second implementation.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: where and why it cannot be read.
    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError>;
}

/// A whole structure taken apart.
#[derive(Clone, Debug)]
pub struct Opened<'a> {
    /// What was signed.
    pub to_be_signed: &'a [u8],
    /// The signature algorithm's whole AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// The octets in the BIT STRING.
    pub signature: &'a [u8],
    /// The certificates that go along.
    pub along: Vec<&'a [u8]>,
}

impl<'a> Opened<'a> {
    /// A structure that nothing goes along with.
    const fn alone(to_be_signed: &'a [u8], algorithm: AlgorithmView<'a>, signature: &'a [u8]) -> Self {
        Self { to_be_signed, algorithm: algorithm.octets(), signature, along: Vec::new() }
    }
}

/// The place of an element inside what was read.
fn place(element: &crate::pki::read::Element<'_>) -> Range<usize> {
    element.offset()..element.offset() + element.octets().len()
}

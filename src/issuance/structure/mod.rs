//! What can be signed: one kind of structure per file.

mod certificate;
mod certificate_list;
mod ocsp_response;
mod request;

use std::io::Read;
use std::ops::Range;

pub use certificate::Certificate;
pub use certificate_list::CertificateList;
pub(super) use certificate_list::{REVOKED_SHA256, revoked_name, say_entries, since_and_why};
pub use ocsp_response::OcspResponse;
pub(super) use ocsp_response::said_revoked;
pub use request::Request;

use super::Statement;
use crate::pki::build::Streamed;
use crate::pki::read::{AlgorithmView, ReadError};
use crate::pki::{Heard, Message, SignatureAlgorithm, build};
use crate::rule::{Assessment, Context};

/// A kind of structure that is signed, as the chain wants it: read once from its beginning to its end, whether it is in
/// memory or not.
pub trait Structure {
    /// What people call it.
    const NAME: &'static str;

    /// Reads what is to be signed, DER and nothing else, has every rule of this kind of structure judge it, and says
    /// field by field what it says: one reading. `algorithm` is what it will be signed with; `heard` is given the octets
    /// as they are read.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: where and why it cannot be read.
    fn assess(
        octets: &Streamed,
        algorithm: SignatureAlgorithm,
        context: &Context<'_>,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Result<Assessed, ReadError>;

    /// Where fields stand whose value may not be known while planning, by the names of the statement.
    fn places(octets: &Streamed) -> Vec<(String, Range<usize>)>;

    /// Puts the whole together: what was signed, the signature, and certificates that go along.
    fn assemble(
        to_be_signed: &Streamed,
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        along: &[Vec<u8>],
    ) -> Streamed;

    /// Takes the whole apart again, by the second implementation. `planned` is what it was made from.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: where and why it cannot be read.
    fn reopen(
        whole: &mut dyn Read,
        planned: &Streamed,
        algorithm: SignatureAlgorithm,
    ) -> Result<Reopened, ReadError>;
}

/// What one reading of a to-be-signed structure gave.
#[derive(Debug)]
pub struct Assessed {
    /// What every rule said.
    pub assessment: Assessment,
    /// What it says.
    pub statement: Statement,
}

/// What one reading of a signed structure gave.
#[derive(Debug)]
pub struct Reopened {
    /// What the signed part says.
    pub statement: Statement,
    /// The octets that are signed.
    pub heard: Heard,
    /// The signature algorithm's whole AlgorithmIdentifier.
    pub algorithm: Vec<u8>,
    /// The octets in the BIT STRING.
    pub signature: Vec<u8>,
    /// The certificates that go along.
    pub along: Vec<Vec<u8>>,
}

/// What is always in memory is read as a whole.
impl<T: ToBeSigned> Structure for T {
    const NAME: &'static str = T::NAME;

    fn assess(
        octets: &Streamed,
        algorithm: SignatureAlgorithm,
        context: &Context<'_>,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Result<Assessed, ReadError> {
        let octets = held(&mut octets.reader())?;
        let identifier = algorithm.der();
        let view = T::read(&octets)?;
        let assessment = T::judge(&octets, &identifier, &context.clone())?;
        let statement = T::statement(&view);
        heard(&octets);
        Ok(Assessed { assessment, statement })
    }

    fn places(octets: &Streamed) -> Vec<(String, Range<usize>)> {
        octets.in_memory().map(T::places).unwrap_or_default()
    }

    fn assemble(
        to_be_signed: &Streamed,
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        along: &[Vec<u8>],
    ) -> Streamed {
        let to_be_signed = to_be_signed.in_memory().unwrap_or_default();
        T::assemble(to_be_signed, algorithm, signature, along).into()
    }

    fn reopen(
        whole: &mut dyn Read,
        _: &Streamed,
        algorithm: SignatureAlgorithm,
    ) -> Result<Reopened, ReadError> {
        let octets = held(whole)?;
        let opened = T::open(&octets)?;
        Ok(Reopened {
            statement: T::statement(&T::read(opened.to_be_signed)?),
            heard: Message::whole(algorithm, opened.to_be_signed),
            algorithm: opened.algorithm.to_vec(),
            signature: opened.signature.to_vec(),
            along: opened.along.iter().map(|one| one.to_vec()).collect(),
        })
    }
}

/// All octets of something that is small.
fn held(source: &mut dyn Read) -> Result<Vec<u8>, ReadError> {
    let mut octets = Vec::new();
    source
        .take(MOST_HELD)
        .read_to_end(&mut octets)
        .map_err(|error| ReadError::Source { offset: octets.len(), kind: error.kind() })?;
    Ok(octets)
}

/// No certificate, request or OCSP response comes near this: one that did would be cut, and not be read.
const MOST_HELD: u64 = 16 << 20;

/// A kind of structure that is signed and always in memory.
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

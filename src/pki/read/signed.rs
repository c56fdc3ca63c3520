//! What certificates, CRLs, OCSP responses and requests have in common: something signed, an algorithm, a signature.

use super::algorithm::AlgorithmView;
use super::der::{Cursor, Element, Faults, ReadError, tag};

/// SIGNED: what is signed, by which algorithm, the signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    element: Element<'a>,
    tbs: Element<'a>,
    algorithm: AlgorithmView<'a>,
    signature: &'a [u8],
    rest: Cursor<'a>,
}

impl<'a> Signed<'a> {
    /// Reads a whole SIGNED with nothing after its signature.
    pub(super) fn read(
        octets: &'a [u8],
        offset: usize,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        let signed = Self::read_open(octets, offset, what, faults)?;
        signed.rest.end("signature")?;
        Ok(signed)
    }

    /// Reads a whole SIGNED that may have more after its signature.
    pub(super) fn read_open(
        octets: &'a [u8],
        offset: usize,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        let mut outer = Cursor::at(octets, offset);
        let element = outer.take(tag::SEQUENCE, what, faults)?;
        outer.end(what)?;
        let mut rest = element.inside();
        let tbs = rest.take(tag::SEQUENCE, "what is signed", faults)?;
        let algorithm = AlgorithmView::read(&mut rest, "signatureAlgorithm", faults)?;
        let signature = rest.take(tag::BIT_STRING, "signature", faults)?;
        let signature = signature.whole_octets("signature", faults)?;
        Ok(Self { element, tbs, algorithm, signature, rest })
    }

    pub(super) const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    pub(super) const fn tbs(&self) -> Element<'a> {
        self.tbs
    }

    pub(super) const fn algorithm(&self) -> AlgorithmView<'a> {
        self.algorithm
    }

    pub(super) const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// What comes after the signature.
    pub(super) const fn rest(&self) -> Cursor<'a> {
        self.rest
    }
}

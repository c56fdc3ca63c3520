//! AlgorithmIdentifier, read. Source: RFC 5280 §4.1.1.2.

use super::der::{Cursor, Element, Faults, ReadError, tag};
use crate::pki::oid::OidView;
use crate::pki::signature::SignatureAlgorithm;

/// An algorithm and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmView<'a> {
    element: Element<'a>,
    oid: OidView<'a>,
    parameters: Option<Element<'a>>,
}

impl<'a> AlgorithmView<'a> {
    /// Reads the next element.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is no AlgorithmIdentifier.
    pub fn read(cursor: &mut Cursor<'a>, what: &'static str, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.take(tag::SEQUENCE, what, faults)?;
        let mut inside = element.inside();
        let oid = inside.take(tag::OID, what, faults)?;
        let oid = OidView::read(&oid, what, faults)?;
        let parameters = if inside.is_empty() { None } else { Some(inside.any(what, faults)?) };
        inside.end(what)?;
        if let Some(parameters) = parameters {
            parameters.note_inside(what, faults);
        }
        Ok(Self { element, oid, parameters })
    }

    /// The whole AlgorithmIdentifier.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// Where it stands and its octets.
    pub const fn element(&self) -> Element<'a> {
        self.element
    }

    /// The algorithm.
    pub const fn oid(&self) -> OidView<'a> {
        self.oid
    }

    /// Its parameters.
    pub const fn parameters(&self) -> Option<Element<'a>> {
        self.parameters
    }

    /// The signature algorithm that these octets are, if they are one of ours exactly.
    pub fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_der(self.octets())
    }
}

//! Certificate signing requests, read. Source: RFC 2986 §4.

use super::algorithm::AlgorithmView;
use super::certificate::read_name;
use super::der::{Cursor, Element, FaultKind, Faults, ReadError, only, tag};
use super::extension::Extensions;
use super::signed::Signed;
use crate::digest::Digest;
use crate::pki::key::{KeyError, PublicKey};
use crate::pki::name::NameView;
use crate::pki::oid::{EXTENSION_REQUEST, OidView};

/// A whole request.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    signed: Signed<'a>,
    info: RequestInfoView<'a>,
}

impl<'a> RequestView<'a> {
    /// Reads a whole CertificationRequest.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        let signed = Signed::read(octets, 0, "certificationRequest", faults)?;
        let info = RequestInfoView::read_element(&signed.tbs(), faults)?;
        Ok(Self { signed, info })
    }

    /// The whole request.
    pub const fn octets(&self) -> &'a [u8] {
        self.signed.octets()
    }

    /// SHA-256 of the whole request.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// What is signed.
    pub const fn info(&self) -> RequestInfoView<'a> {
        self.info
    }

    /// signatureAlgorithm.
    pub const fn signature_algorithm(&self) -> AlgorithmView<'a> {
        self.signed.algorithm()
    }

    /// The signature: the octets in the BIT STRING.
    pub const fn signature(&self) -> &'a [u8] {
        self.signed.signature()
    }
}

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestInfoView<'a> {
    element: Element<'a>,
    version: u64,
    subject: NameView<'a>,
    spki: Element<'a>,
    attributes: Option<Element<'a>>,
}

/// One attribute of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestAttribute<'a> {
    /// Its type.
    pub kind: OidView<'a>,
    /// The SET of its values, not looked into.
    pub values: Element<'a>,
}

impl<'a> RequestInfoView<'a> {
    /// Reads a whole CertificationRequestInfo.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        Self::read_element(&only(octets, tag::SEQUENCE, "certificationRequestInfo", faults)?, faults)
    }

    fn read_element(element: &Element<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let version = inside.take(tag::INTEGER, "version", faults)?.unsigned("version", faults)?;
        let subject = read_name(&mut inside, "subject", faults)?;
        let spki = inside.take(tag::SEQUENCE, "subjectPKInfo", faults)?;
        spki.note_inside("subjectPKInfo", faults);
        // RFC 2986 has no OPTIONAL here, yet some write nothing at all.
        let attributes = inside.optional(tag::context_constructed(0), "attributes", faults)?;
        if let Some(attributes) = attributes {
            check_attributes(&attributes, faults)?;
        }
        inside.end("certificationRequestInfo")?;
        Ok(Self { element: *element, version, subject, spki, attributes })
    }

    /// The octets that are signed.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// SHA-256 of the octets that are signed.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// The version: 0 is version 1.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The subject that is asked for.
    pub const fn subject(&self) -> NameView<'a> {
        self.subject
    }

    /// The SubjectPublicKeyInfo.
    pub const fn spki(&self) -> Element<'a> {
        self.spki
    }

    /// The public key that asks.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of no kind that CAs may use, or not well formed.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki_der(self.spki.octets())
    }

    /// The attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = RequestAttribute<'a>> + use<'a> {
        let mut rest = self.attributes.map_or(Cursor::new(&[]), |attributes| attributes.inside());
        std::iter::from_fn(move || {
            if rest.is_empty() { None } else { read_attribute(&mut rest, &mut Faults::new()).ok() }
        })
    }

    /// The extensions that are asked for: those of the first extensionRequest attribute.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if its value is not one list of extensions.
    pub fn extensions(&self) -> Result<Extensions<'a>, ReadError> {
        self.extensions_with_faults(&mut Faults::new())
    }

    /// The same; what is not DER in them is noted in `faults`.
    pub(super) fn extensions_with_faults(&self, faults: &mut Faults) -> Result<Extensions<'a>, ReadError> {
        let Some(attribute) = self.attributes().find(|attribute| attribute.kind == EXTENSION_REQUEST) else {
            return Ok(Extensions::NONE);
        };
        let mut inside = attribute.values.inside();
        let extensions = Extensions::read(&mut inside, faults)?;
        inside.end("extensionRequest")?;
        Ok(extensions)
    }
}

fn read_attribute<'a>(
    cursor: &mut Cursor<'a>,
    faults: &mut Faults,
) -> Result<RequestAttribute<'a>, ReadError> {
    let mut inside = cursor.take(tag::SEQUENCE, "attribute", faults)?.inside();
    let kind = inside.take(tag::OID, "attribute type", faults)?;
    let kind = OidView::read(&kind, "attribute type", faults)?;
    let values = inside.take(tag::SET, "attribute values", faults)?;
    inside.end("attribute")?;
    Ok(RequestAttribute { kind, values })
}

/// Attributes are a SET OF: ascending, whole elements inside.
fn check_attributes(attributes: &Element<'_>, faults: &mut Faults) -> Result<(), ReadError> {
    let mut rest = attributes.inside();
    let mut before: &[u8] = &[];
    while !rest.is_empty() {
        let mut here = rest;
        let element = here.any("attribute", &mut Faults::new())?;
        if element.octets() < before {
            faults.note(element.offset(), "attributes", FaultKind::SetOrder);
        }
        before = element.octets();
        let attribute = read_attribute(&mut rest, faults)?;
        let mut values = attribute.values.inside();
        if values.is_empty() {
            faults.note(attribute.values.offset(), "attribute values", FaultKind::Empty);
        }
        while !values.is_empty() {
            values.any("attribute value", faults)?.note_inside("attribute value", faults);
        }
    }
    Ok(())
}

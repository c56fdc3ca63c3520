//! Certificates, read. Source: RFC 5280 §4.1.

use super::algorithm::AlgorithmView;
use super::der::{Cursor, Element, FaultKind, Faults, ReadError, only, tag};
use super::extension::Extensions;
use super::signed::Signed;
use super::time::TimeView;
use crate::digest::Digest;
use crate::pki::key::{KeyError, PublicKey};
use crate::pki::name::NameView;
use crate::pki::serial::{SerialError, SerialNumber};
use crate::pki::validity::{Validity, ValidityError};

/// A whole certificate.
#[derive(Clone, Copy, Debug)]
pub struct CertificateView<'a> {
    signed: Signed<'a>,
    tbs: TbsCertificateView<'a>,
}

impl<'a> CertificateView<'a> {
    /// Reads a whole certificate, values of known extensions not looked into.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        let signed = Signed::read(octets, 0, "certificate", faults)?;
        let tbs = TbsCertificateView::read_element(&signed.tbs(), faults)?;
        Ok(Self { signed, tbs })
    }

    /// The whole certificate.
    pub const fn octets(&self) -> &'a [u8] {
        self.signed.octets()
    }

    /// SHA-256 of the whole certificate.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// What is signed.
    pub const fn tbs(&self) -> TbsCertificateView<'a> {
        self.tbs
    }

    /// signatureAlgorithm, outside of what is signed.
    pub const fn signature_algorithm(&self) -> AlgorithmView<'a> {
        self.signed.algorithm()
    }

    /// The signature: the octets in the BIT STRING.
    pub const fn signature(&self) -> &'a [u8] {
        self.signed.signature()
    }

    /// The subject.
    pub const fn subject(&self) -> NameView<'a> {
        self.tbs.subject()
    }

    /// The issuer.
    pub const fn issuer(&self) -> NameView<'a> {
        self.tbs.issuer()
    }

    /// The extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.tbs.extensions()
    }

    /// The subject's public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of no kind that CAs may use, or not well formed.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        self.tbs.public_key()
    }
}

/// What is signed of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct TbsCertificateView<'a> {
    element: Element<'a>,
    version: Option<Element<'a>>,
    serial: Element<'a>,
    signature: AlgorithmView<'a>,
    issuer: NameView<'a>,
    not_before: TimeView<'a>,
    not_after: TimeView<'a>,
    subject: NameView<'a>,
    spki: Element<'a>,
    issuer_unique_id: Option<Element<'a>>,
    subject_unique_id: Option<Element<'a>>,
    extensions: Extensions<'a>,
}

impl<'a> TbsCertificateView<'a> {
    /// Reads a whole TBSCertificate, values of known extensions not looked into.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        Self::read_element(&only(octets, tag::SEQUENCE, "tbsCertificate", faults)?, faults)
    }

    fn read_element(element: &Element<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let version = read_version(&mut inside, faults)?;
        let serial = inside.take(tag::INTEGER, "serialNumber", faults)?;
        serial.integer("serialNumber", faults)?;
        let signature = AlgorithmView::read(&mut inside, "signature", faults)?;
        let issuer = read_name(&mut inside, "issuer", faults)?;
        let mut validity = inside.take(tag::SEQUENCE, "validity", faults)?.inside();
        let not_before = TimeView::read(&mut validity, "notBefore", faults)?;
        let not_after = TimeView::read(&mut validity, "notAfter", faults)?;
        validity.end("validity")?;
        let subject = read_name(&mut inside, "subject", faults)?;
        let spki = inside.take(tag::SEQUENCE, "subjectPublicKeyInfo", faults)?;
        spki.note_inside("subjectPublicKeyInfo", faults);
        let issuer_unique_id = inside.optional(tag::context(1), "issuerUniqueID", faults)?;
        let subject_unique_id = inside.optional(tag::context(2), "subjectUniqueID", faults)?;
        let extensions = read_extensions(&mut inside, 3, faults)?;
        inside.end("tbsCertificate")?;
        Ok(Self {
            element: *element,
            version,
            serial,
            signature,
            issuer,
            not_before,
            not_after,
            subject,
            spki,
            issuer_unique_id,
            subject_unique_id,
            extensions,
        })
    }

    /// The octets that are signed.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// Where it begins in the whole input.
    pub const fn offset(&self) -> usize {
        self.element.offset()
    }

    /// SHA-256 of the octets that are signed.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// The version field with its explicit tag, if it is there: `a003020102` for version 3.
    pub const fn version(&self) -> Option<Element<'a>> {
        self.version
    }

    /// Where the serial number stands, its tag included.
    pub const fn serial_element(&self) -> Element<'a> {
        self.serial
    }

    /// The content octets of the serial number.
    pub const fn serial_octets(&self) -> &'a [u8] {
        self.serial.content()
    }

    /// The serial number.
    ///
    /// # Errors
    ///
    /// [`SerialError`] if it is not from 1 to 2^159 - 1 in its shortest form.
    pub fn serial(&self) -> Result<SerialNumber, SerialError> {
        SerialNumber::from_der_content(self.serial_octets())
    }

    /// The signature algorithm, inside of what is signed.
    pub const fn signature(&self) -> AlgorithmView<'a> {
        self.signature
    }

    /// The issuer.
    pub const fn issuer(&self) -> NameView<'a> {
        self.issuer
    }

    /// The first second.
    pub const fn not_before(&self) -> TimeView<'a> {
        self.not_before
    }

    /// The last second.
    pub const fn not_after(&self) -> TimeView<'a> {
        self.not_after
    }

    /// From not before through not after.
    ///
    /// # Errors
    ///
    /// [`ValidityError`] if it would end before it begins.
    pub fn validity(&self) -> Result<Validity, ValidityError> {
        Validity::new(self.not_before.at(), self.not_after.at())
    }

    /// The subject.
    pub const fn subject(&self) -> NameView<'a> {
        self.subject
    }

    /// The SubjectPublicKeyInfo.
    pub const fn spki(&self) -> Element<'a> {
        self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn spki_sha256(&self) -> Digest {
        Digest::of(self.spki.octets())
    }

    /// The subject's public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of no kind that CAs may use, or not well formed.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki_der(self.spki.octets())
    }

    /// issuerUniqueID \[1\], which no certificate has any more.
    pub const fn issuer_unique_id(&self) -> Option<Element<'a>> {
        self.issuer_unique_id
    }

    /// subjectUniqueID \[2\], which no certificate has any more.
    pub const fn subject_unique_id(&self) -> Option<Element<'a>> {
        self.subject_unique_id
    }

    /// The extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }
}

/// Reads `[0] EXPLICIT Version DEFAULT v1`.
fn read_version<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Option<Element<'a>>, ReadError> {
    let Some(version) = cursor.optional(tag::context_constructed(0), "version", faults)? else {
        return Ok(None);
    };
    let mut inside = version.inside();
    let number = inside.take(tag::INTEGER, "version", faults)?;
    if number.integer("version", faults)? == [0] {
        faults.note(number.offset(), "version", FaultKind::Default);
    }
    inside.end("version")?;
    Ok(Some(version))
}

/// Reads a Name.
pub(super) fn read_name<'a>(
    cursor: &mut Cursor<'a>,
    what: &'static str,
    faults: &mut Faults,
) -> Result<NameView<'a>, ReadError> {
    // Its header is read again below; its faults are noted there.
    let element = cursor.take(tag::SEQUENCE, what, &mut Faults::new())?;
    NameView::read(element.octets(), element.offset(), faults)
}

/// Reads `[number] EXPLICIT Extensions OPTIONAL`.
pub(super) fn read_extensions<'a>(
    cursor: &mut Cursor<'a>,
    number: u8,
    faults: &mut Faults,
) -> Result<Extensions<'a>, ReadError> {
    match cursor.optional(tag::context_constructed(number), "extensions", faults)? {
        None => Ok(Extensions::NONE),
        Some(explicit) => {
            let mut inside = explicit.inside();
            let extensions = Extensions::read(&mut inside, faults)?;
            inside.end("extensions")?;
            Ok(extensions)
        }
    }
}

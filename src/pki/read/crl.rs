//! Certificate revocation lists, read; their entries one after another, never copied. Source: RFC 5280 §5.1.

use super::algorithm::AlgorithmView;
use super::certificate::{read_extensions, read_name};
use super::der::{Cursor, Element, FaultKind, Faults, ReadError, only, tag};
use super::extension::Extensions;
use super::signed::Signed;
use super::time::TimeView;
use crate::digest::Digest;
use crate::pki::name::NameView;
use crate::pki::reason::Reason;
use crate::pki::serial::{SerialError, SerialNumber};

/// A whole CRL.
#[derive(Clone, Copy, Debug)]
pub struct CrlView<'a> {
    signed: Signed<'a>,
    tbs: TbsCrlView<'a>,
}

impl<'a> CrlView<'a> {
    /// Reads a whole CRL, its entries not looked into.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        let signed = Signed::read(octets, 0, "certificateList", faults)?;
        let tbs = TbsCrlView::read_element(&signed.tbs(), faults)?;
        Ok(Self { signed, tbs })
    }

    /// The whole CRL.
    pub const fn octets(&self) -> &'a [u8] {
        self.signed.octets()
    }

    /// SHA-256 of the whole CRL.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// What is signed.
    pub const fn tbs(&self) -> TbsCrlView<'a> {
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
}

/// What is signed of a CRL.
#[derive(Clone, Copy, Debug)]
pub struct TbsCrlView<'a> {
    element: Element<'a>,
    version: Option<Element<'a>>,
    signature: AlgorithmView<'a>,
    issuer: NameView<'a>,
    this_update: TimeView<'a>,
    next_update: Option<TimeView<'a>>,
    revoked: Option<Element<'a>>,
    extensions: Extensions<'a>,
}

impl<'a> TbsCrlView<'a> {
    /// Reads a whole TBSCertList, its entries not looked into.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        Self::read_element(&only(octets, tag::SEQUENCE, "tbsCertList", faults)?, faults)
    }

    fn read_element(element: &Element<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let version = inside.optional(tag::INTEGER, "version", faults)?;
        if let Some(version) = version {
            version.integer("version", faults)?;
        }
        let signature = AlgorithmView::read(&mut inside, "signature", faults)?;
        let issuer = read_name(&mut inside, "issuer", faults)?;
        let this_update = TimeView::read(&mut inside, "thisUpdate", faults)?;
        let next_update = if TimeView::is_next(&inside) {
            Some(TimeView::read(&mut inside, "nextUpdate", faults)?)
        } else {
            None
        };
        let revoked = inside.optional(tag::SEQUENCE, "revokedCertificates", faults)?;
        if let Some(revoked) = revoked
            && revoked.content().is_empty()
        {
            faults.note(revoked.offset(), "revokedCertificates", FaultKind::Empty);
        }
        let extensions = read_extensions(&mut inside, 0, faults)?;
        inside.end("tbsCertList")?;
        Ok(Self {
            element: *element,
            version,
            signature,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
        })
    }

    /// The octets that are signed.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// SHA-256 of the octets that are signed.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// The version field, if it is there: `020101` for version 2.
    pub const fn version(&self) -> Option<Element<'a>> {
        self.version
    }

    /// The signature algorithm, inside of what is signed.
    pub const fn signature(&self) -> AlgorithmView<'a> {
        self.signature
    }

    /// The issuer.
    pub const fn issuer(&self) -> NameView<'a> {
        self.issuer
    }

    /// This update.
    pub const fn this_update(&self) -> TimeView<'a> {
        self.this_update
    }

    /// Next update.
    pub const fn next_update(&self) -> Option<TimeView<'a>> {
        self.next_update
    }

    /// The revokedCertificates field, if it is there.
    pub const fn revoked(&self) -> Option<Element<'a>> {
        self.revoked
    }

    /// The entries in their order, read one after another. After an error there is nothing more.
    pub fn entries(&self) -> Entries<'a> {
        let rest = self.revoked.map_or(Cursor::new(&[]), |revoked| revoked.inside());
        Entries { rest, faults: Faults::new() }
    }

    /// The extensions of the CRL.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }

    /// Reads every entry and the values of its extensions, and notes the faults in them and where reading had to end.
    pub fn read_entries(&self, faults: &mut Faults) {
        let mut rest = self.entries().rest;
        while !rest.is_empty() {
            match EntryView::read(&mut rest, faults) {
                Ok(entry) => entry.extensions.read_values(faults),
                Err(error) => return faults.note_unread(error),
            }
        }
    }
}

/// The entries of a CRL, one after another.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: Cursor<'a>,
    faults: Faults,
}

impl<'a> Entries<'a> {
    /// What has not been read.
    pub const fn rest(&self) -> Cursor<'a> {
        self.rest
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<EntryView<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = EntryView::read(&mut self.rest, &mut self.faults);
        if entry.is_err() {
            self.rest = Cursor::new(&[]);
        }
        Some(entry)
    }
}

/// One revoked certificate.
#[derive(Clone, Copy, Debug)]
pub struct EntryView<'a> {
    element: Element<'a>,
    serial: Element<'a>,
    revoked_at: TimeView<'a>,
    extensions: Extensions<'a>,
}

impl<'a> EntryView<'a> {
    /// Reads the next element, values of its extensions not looked into.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is no entry.
    pub fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.take(tag::SEQUENCE, "revokedCertificate", faults)?;
        let mut inside = element.inside();
        let serial = inside.take(tag::INTEGER, "userCertificate", faults)?;
        serial.integer("userCertificate", faults)?;
        let revoked_at = TimeView::read(&mut inside, "revocationDate", faults)?;
        let extensions =
            if inside.is_empty() { Extensions::NONE } else { Extensions::read(&mut inside, faults)? };
        inside.end("revokedCertificate")?;
        Ok(Self { element, serial, revoked_at, extensions })
    }

    /// Where it stands and its octets.
    pub const fn element(&self) -> Element<'a> {
        self.element
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

    /// When it was revoked.
    pub const fn revoked_at(&self) -> TimeView<'a> {
        self.revoked_at
    }

    /// The extensions of the entry.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }

    /// Why it was revoked; nothing if there is no reason code or it is none of the standard's.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the reason code is not of its type.
    pub fn reason(&self) -> Result<Option<Reason>, ReadError> {
        Ok(self.extensions.reason_code()?.and_then(Reason::from_code))
    }
}

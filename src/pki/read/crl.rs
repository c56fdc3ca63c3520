//! Certificate revocation lists, read; their entries one after another, never copied. Source: RFC 5280 §5.1.

use super::algorithm::AlgorithmView;
use super::certificate::{read_extensions, read_name};
use super::der::{Cursor, Element, FaultKind, Faults, ReadError, only, tag};
use super::extension::Extensions;
use super::signed::Signed;
use super::time::{TimeForm, TimeView};
use crate::clock::Timestamp;
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

/// What is signed of a CRL, in memory.
#[derive(Clone, Copy, Debug)]
pub struct TbsCrlView<'a> {
    element: Element<'a>,
    revoked: Option<Element<'a>>,
    fields: CrlFields<'a>,
}

/// What is signed of a CRL but its entries.
#[derive(Clone, Copy, Debug)]
pub struct CrlFields<'a> {
    head: CrlHead<'a>,
    revoked: Option<ListPlace>,
    extensions: Extensions<'a>,
    signed_octets: usize,
}

/// What stands before the entries.
#[derive(Clone, Copy, Debug)]
pub struct CrlHead<'a> {
    version: Option<Element<'a>>,
    signature: AlgorithmView<'a>,
    issuer: NameView<'a>,
    this_update: TimeView<'a>,
    next_update: Option<TimeView<'a>>,
}

/// Where the list of entries stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPlace {
    /// Where its header begins, counted from the beginning of the whole input.
    pub offset: usize,
    /// How many octets its entries have.
    pub content: usize,
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
        let head = CrlHead::read(&mut inside, faults)?;
        let revoked = inside.optional(tag::SEQUENCE, "revokedCertificates", faults)?;
        let place = revoked.map(|revoked| ListPlace::of(revoked.offset(), revoked.content().len(), faults));
        let extensions = read_extensions(&mut inside, 0, faults)?;
        inside.end("tbsCertList")?;
        Ok(Self {
            element: *element,
            revoked,
            fields: CrlFields::new(&head, place, extensions, element.octets().len()),
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

    /// Everything but the entries.
    pub const fn fields(&self) -> CrlFields<'a> {
        self.fields
    }

    /// The entries in their order, read one after another. After an error there is nothing more.
    pub fn entries(&self) -> Entries<'a> {
        let rest = self.revoked.map_or(Cursor::new(&[]), |revoked| revoked.inside());
        Entries { rest, faults: Faults::new() }
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

/// The fields of a CRL in memory are those of any.
impl<'a> std::ops::Deref for TbsCrlView<'a> {
    type Target = CrlFields<'a>;

    fn deref(&self) -> &CrlFields<'a> {
        &self.fields
    }
}

impl<'a> CrlFields<'a> {
    pub(super) const fn new(
        head: &CrlHead<'a>,
        revoked: Option<ListPlace>,
        extensions: Extensions<'a>,
        signed_octets: usize,
    ) -> Self {
        Self { head: *head, revoked, extensions, signed_octets }
    }

    /// How many octets are signed.
    pub const fn signed_octets(&self) -> usize {
        self.signed_octets
    }

    /// What stands before the entries.
    pub const fn head(&self) -> &CrlHead<'a> {
        &self.head
    }

    /// The version field, if it is there: `020101` for version 2.
    pub const fn version(&self) -> Option<Element<'a>> {
        self.head.version
    }

    /// The signature algorithm, inside of what is signed.
    pub const fn signature(&self) -> AlgorithmView<'a> {
        self.head.signature
    }

    /// The issuer.
    pub const fn issuer(&self) -> NameView<'a> {
        self.head.issuer
    }

    /// This update.
    pub const fn this_update(&self) -> TimeView<'a> {
        self.head.this_update
    }

    /// Next update.
    pub const fn next_update(&self) -> Option<TimeView<'a>> {
        self.head.next_update
    }

    /// Where the revokedCertificates field stands, if it is there.
    pub const fn revoked(&self) -> Option<ListPlace> {
        self.revoked
    }

    /// The extensions of the CRL.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }
}

impl<'a> CrlHead<'a> {
    /// Reads from the front of what is inside of a TBSCertList.
    pub(super) fn read(inside: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let version = inside.optional(tag::INTEGER, "version", faults)?;
        if let Some(version) = version {
            version.integer("version", faults)?;
        }
        let signature = AlgorithmView::read(inside, "signature", faults)?;
        let issuer = read_name(inside, "issuer", faults)?;
        let this_update = TimeView::read(inside, "thisUpdate", faults)?;
        let next_update = if TimeView::is_next(inside) {
            Some(TimeView::read(inside, "nextUpdate", faults)?)
        } else {
            None
        };
        Ok(Self { version, signature, issuer, this_update, next_update })
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
}

/// Reads the extensions of a CRL from what stands after its entries, at `offset` of the whole input.
///
/// # Errors
///
/// [`ReadError`] if they cannot be read or are not DER.
pub fn crl_extensions(octets: &[u8], offset: usize) -> Result<Extensions<'_>, ReadError> {
    let mut faults = Faults::new();
    let extensions = read_extensions(&mut Cursor::at(octets, offset), 0, &mut faults)?;
    faults.none()?;
    Ok(extensions)
}

impl ListPlace {
    /// Notes the fault of a list that is there and empty.
    pub(super) fn of(offset: usize, content: usize, faults: &mut Faults) -> Self {
        if content == 0 {
            faults.note(offset, "revokedCertificates", FaultKind::Empty);
        }
        Self { offset, content }
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
    repeats: bool,
}

/// What stands after the serial number of an entry that was read and is good: many entries of a CRL end alike.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    octets: Vec<u8>,
    at: Timestamp,
    form: TimeForm,
}

impl Ending {
    /// The ending of an entry in which nothing is wrong, its extensions not looked into.
    pub(super) fn of(entry: &EntryView<'_>) -> Self {
        let octets = entry.after_serial().to_vec();
        Self { octets, at: entry.revoked_at.at(), form: entry.revoked_at.form() }
    }
}

impl<'a> EntryView<'a> {
    /// Reads the next element: as [`EntryView::read`], but what stands after its serial number is not read again if it is
    /// this ending, octet for octet.
    pub(super) fn read_like(
        cursor: &mut Cursor<'a>,
        ending: &Ending,
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        let begin = *cursor;
        let mut found = Faults::new();
        let element = cursor.take(tag::SEQUENCE, "revokedCertificate", &mut found)?;
        let mut inside = element.inside();
        let serial = inside.take(tag::INTEGER, "userCertificate", &mut found)?;
        if inside.rest() != ending.octets || found != Faults::new() {
            *cursor = begin;
            return Self::read(cursor, faults);
        }
        serial.integer("userCertificate", faults)?;
        let time = inside.any("revocationDate", &mut found)?;
        let extensions = if inside.is_empty() {
            Extensions::NONE
        } else {
            Extensions::again(&inside.any("extensions", &mut found)?)
        };
        let revoked_at = TimeView::again(time, ending.at, ending.form);
        Ok(Self { element, serial, revoked_at, extensions, repeats: true })
    }

    /// Whether everything after its serial number is, octet for octet, what the entry before had there, and whether there
    /// was no fault in that, the values of its extensions apart.
    pub const fn repeats(&self) -> bool {
        self.repeats
    }

    /// What stands after the serial number.
    fn after_serial(&self) -> &'a [u8] {
        let before = self.serial.offset() + self.serial.octets().len() - self.element.offset();
        self.element.octets().get(before..).unwrap_or_default()
    }

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
        Ok(Self { element, serial, revoked_at, extensions, repeats: false })
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

//! OCSP responses, read. Source: RFC 6960 §4.2.1.

use super::algorithm::AlgorithmView;
use super::certificate::{read_extensions, read_name};
use super::der::{Cursor, Element, FaultKind, Faults, ReadError, only, tag};
use super::extension::Extensions;
use super::list::{Item, List};
use super::signed::Signed;
use super::time::TimeView;
use crate::digest::Digest;
use crate::pki::name::NameView;
use crate::pki::oid::{OidView, access};

/// A whole OCSP response.
#[derive(Clone, Copy, Debug)]
pub struct OcspResponseView<'a> {
    element: Element<'a>,
    status: u64,
    basic: Option<BasicResponseView<'a>>,
}

impl<'a> OcspResponseView<'a> {
    /// Reads a whole OCSPResponse.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read or is not basic; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        let element = only(octets, tag::SEQUENCE, "OCSPResponse", faults)?;
        let mut inside = element.inside();
        let said = inside.take(tag::ENUMERATED, "responseStatus", faults)?;
        let status = said.unsigned("responseStatus", faults)?;
        let bytes = inside.optional(tag::context_constructed(0), "responseBytes", faults)?;
        inside.end("OCSPResponse")?;
        // RFC 6960 §4.2.1: 4 is not used, and an error has no responseBytes.
        match (status, &bytes) {
            (0, Some(_)) | (1..=3 | 5 | 6, None) => {}
            (0, None) => return Err(said.wrong("responseStatus", "is successful, and there is no response")),
            (1..=3 | 5 | 6, Some(_)) => {
                return Err(said.wrong("responseStatus", "is an error, and there is a response"));
            }
            _ => return Err(said.wrong("responseStatus", "is none that RFC 6960 has")),
        }
        let basic = bytes.map(|bytes| read_response_bytes(&bytes, faults)).transpose()?;
        Ok(Self { element, status, basic })
    }

    /// The whole response.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// SHA-256 of the whole response.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// responseStatus: 0 is successful.
    pub const fn status(&self) -> u64 {
        self.status
    }

    /// The response itself; an error response has none.
    pub const fn basic(&self) -> Option<BasicResponseView<'a>> {
        self.basic
    }
}

fn read_response_bytes<'a>(
    bytes: &Element<'a>,
    faults: &mut Faults,
) -> Result<BasicResponseView<'a>, ReadError> {
    let mut outer = bytes.inside();
    let mut inside = outer.take(tag::SEQUENCE, "responseBytes", faults)?.inside();
    outer.end("responseBytes")?;
    let kind = inside.take(tag::OID, "responseType", faults)?;
    if OidView::read(&kind, "responseType", faults)? != access::OCSP_BASIC {
        return Err(kind.wrong("responseType", "is not id-pkix-ocsp-basic"));
    }
    let response = inside.take(tag::OCTET_STRING, "response", faults)?;
    inside.end("responseBytes")?;
    BasicResponseView::read(response.content(), response.inside().offset(), faults)
}

/// A basic response: what is signed, the signature, the responder's certificates.
#[derive(Clone, Copy, Debug)]
pub struct BasicResponseView<'a> {
    signed: Signed<'a>,
    tbs: ResponseDataView<'a>,
    certificates: Option<List<'a, EnclosedCertificate<'a>>>,
}

impl<'a> BasicResponseView<'a> {
    /// Reads a whole BasicOCSPResponse that stands at `offset`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], offset: usize, faults: &mut Faults) -> Result<Self, ReadError> {
        let signed = Signed::read_open(octets, offset, "BasicOCSPResponse", faults)?;
        let tbs = ResponseDataView::read_element(&signed.tbs(), faults)?;
        let mut rest = signed.rest();
        let certificates = match rest.optional(tag::context_constructed(0), "certs", faults)? {
            None => None,
            Some(explicit) => {
                let mut inside = explicit.inside();
                let list = inside.take(tag::SEQUENCE, "certs", faults)?;
                inside.end("certs")?;
                Some(List::read(&list, "certs", faults)?)
            }
        };
        rest.end("BasicOCSPResponse")?;
        Ok(Self { signed, tbs, certificates })
    }

    /// What is signed.
    pub const fn tbs(&self) -> ResponseDataView<'a> {
        self.tbs
    }

    /// signatureAlgorithm.
    pub const fn signature_algorithm(&self) -> AlgorithmView<'a> {
        self.signed.algorithm()
    }

    /// The signature: the octets in the BIT STRING.
    pub const fn signature(&self) -> &'a [u8] {
        self.signed.signature()
    }

    /// The certificates, if there is the field; each a whole certificate, not looked into.
    pub const fn certificates(&self) -> Option<List<'a, EnclosedCertificate<'a>>> {
        self.certificates
    }
}

/// A certificate within a response: its place and octets, not looked into.
#[derive(Clone, Copy, Debug)]
pub struct EnclosedCertificate<'a>(pub Element<'a>);

impl<'a> Item<'a> for EnclosedCertificate<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        cursor.take(tag::SEQUENCE, "certificate", faults).map(Self)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub enum ResponderId<'a> {
    /// byName \[1\].
    ByName(NameView<'a>),
    /// byKey \[2\]: SHA-1 of the responder's key bits.
    ByKey(&'a [u8]),
}

/// What is signed of an OCSP response.
#[derive(Clone, Copy, Debug)]
pub struct ResponseDataView<'a> {
    element: Element<'a>,
    version: Option<Element<'a>>,
    responder: ResponderId<'a>,
    produced_at: TimeView<'a>,
    responses: List<'a, SingleResponseView<'a>>,
    extensions: Extensions<'a>,
}

impl<'a> ResponseDataView<'a> {
    /// Reads a whole ResponseData.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn read(octets: &'a [u8], faults: &mut Faults) -> Result<Self, ReadError> {
        Self::read_element(&only(octets, tag::SEQUENCE, "tbsResponseData", faults)?, faults)
    }

    fn read_element(element: &Element<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let version = inside.optional(tag::context_constructed(0), "version", faults)?;
        if let Some(version) = version {
            let mut number = version.inside();
            if number.take(tag::INTEGER, "version", faults)?.integer("version", faults)? == [0] {
                faults.note(version.offset(), "version", FaultKind::Default);
            }
            number.end("version")?;
        }
        let responder = read_responder(&mut inside, faults)?;
        let produced_at = TimeView::read_generalized(&mut inside, "producedAt", faults)?;
        let list = inside.take(tag::SEQUENCE, "responses", faults)?;
        let responses = List::read(&list, "responses", faults)?;
        let extensions = read_extensions(&mut inside, 1, faults)?;
        inside.end("tbsResponseData")?;
        Ok(Self { element: *element, version, responder, produced_at, responses, extensions })
    }

    /// The octets that are signed.
    pub const fn octets(&self) -> &'a [u8] {
        self.element.octets()
    }

    /// SHA-256 of the octets that are signed.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.octets())
    }

    /// The version field with its explicit tag, if it is there.
    pub const fn version(&self) -> Option<Element<'a>> {
        self.version
    }

    /// Who answers.
    pub const fn responder(&self) -> ResponderId<'a> {
        self.responder
    }

    /// Produced at.
    pub const fn produced_at(&self) -> TimeView<'a> {
        self.produced_at
    }

    /// The answers, one a certificate.
    pub const fn responses(&self) -> List<'a, SingleResponseView<'a>> {
        self.responses
    }

    /// responseExtensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }
}

fn read_responder<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<ResponderId<'a>, ReadError> {
    let element = cursor.any("responderID", faults)?;
    let mut inside = element.inside();
    let responder = match element.tag() {
        0xa1 => ResponderId::ByName(read_name(&mut inside, "responderID", faults)?),
        0xa2 => ResponderId::ByKey(inside.take(tag::OCTET_STRING, "responderID", faults)?.content()),
        _ => return Err(element.wrong("responderID", "is neither byName nor byKey")),
    };
    inside.end("responderID")?;
    Ok(responder)
}

/// Which certificate an answer is about. Source: RFC 6960 §4.1.1.
#[derive(Clone, Copy, Debug)]
pub struct CertIdView<'a> {
    /// The hash function.
    pub hash_algorithm: AlgorithmView<'a>,
    /// Its digest of the issuer's name, DER.
    pub issuer_name_hash: &'a [u8],
    /// Its digest of the issuer's key bits.
    pub issuer_key_hash: &'a [u8],
    /// The content octets of the serial number.
    pub serial: &'a [u8],
}

/// What is known of a certificate.
#[derive(Clone, Copy, Debug)]
pub enum CertStatus<'a> {
    /// good \[0\].
    Good,
    /// revoked \[1\].
    Revoked {
        /// When.
        at: TimeView<'a>,
        /// The number of the reason, if one is given.
        reason: Option<u64>,
    },
    /// unknown \[2\].
    Unknown,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub struct SingleResponseView<'a> {
    element: Element<'a>,
    /// Which certificate it is about.
    pub cert_id: CertIdView<'a>,
    /// What is known of it.
    pub status: CertStatus<'a>,
    /// This update.
    pub this_update: TimeView<'a>,
    /// Next update.
    pub next_update: Option<TimeView<'a>>,
    /// singleExtensions.
    pub extensions: Extensions<'a>,
}

impl<'a> SingleResponseView<'a> {
    /// Where it stands and its octets.
    pub const fn element(&self) -> Element<'a> {
        self.element
    }
}

impl<'a> Item<'a> for SingleResponseView<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.take(tag::SEQUENCE, "singleResponse", faults)?;
        let mut inside = element.inside();
        let cert_id = read_cert_id(&mut inside, faults)?;
        let status = read_status(&mut inside, faults)?;
        let this_update = TimeView::read_generalized(&mut inside, "thisUpdate", faults)?;
        let next_update = match inside.optional(tag::context_constructed(0), "nextUpdate", faults)? {
            None => None,
            Some(explicit) => {
                let mut time = explicit.inside();
                let next_update = TimeView::read_generalized(&mut time, "nextUpdate", faults)?;
                time.end("nextUpdate")?;
                Some(next_update)
            }
        };
        let extensions = read_extensions(&mut inside, 1, faults)?;
        inside.end("singleResponse")?;
        Ok(Self { element, cert_id, status, this_update, next_update, extensions })
    }
}

fn read_cert_id<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<CertIdView<'a>, ReadError> {
    let mut inside = cursor.take(tag::SEQUENCE, "certID", faults)?.inside();
    let hash_algorithm = AlgorithmView::read(&mut inside, "hashAlgorithm", faults)?;
    let issuer_name_hash = inside.take(tag::OCTET_STRING, "issuerNameHash", faults)?.content();
    let issuer_key_hash = inside.take(tag::OCTET_STRING, "issuerKeyHash", faults)?.content();
    let serial = inside.take(tag::INTEGER, "serialNumber", faults)?.integer("serialNumber", faults)?;
    inside.end("certID")?;
    Ok(CertIdView { hash_algorithm, issuer_name_hash, issuer_key_hash, serial })
}

fn read_status<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<CertStatus<'a>, ReadError> {
    let element = cursor.any("certStatus", faults)?;
    match (element.tag(), element.content()) {
        (0x80, []) => Ok(CertStatus::Good),
        (0x82, []) => Ok(CertStatus::Unknown),
        (0xa1, _) => {
            let mut inside = element.inside();
            let at = TimeView::read_generalized(&mut inside, "revocationTime", faults)?;
            let reason = match inside.optional(tag::context_constructed(0), "revocationReason", faults)? {
                None => None,
                Some(explicit) => {
                    let mut number = explicit.inside();
                    let reason = number.take(tag::ENUMERATED, "revocationReason", faults)?;
                    number.end("revocationReason")?;
                    Some(reason.unsigned("revocationReason", faults)?)
                }
            };
            inside.end("revokedInfo")?;
            Ok(CertStatus::Revoked { at, reason })
        }
        _ => Err(element.wrong("certStatus", "is neither good, revoked nor unknown")),
    }
}

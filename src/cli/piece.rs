//! What a file holds, one structure after another: PEM blocks, or DER elements.
//!
//! The rules of this file:
//! - What does not begin like DER and has no PEM block is one piece all the same: it is objected to, not passed over.
//! - A broken block does not hide those beside it.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::Path;

use super::failures;
use crate::failure::{Failure, Turn};
use crate::pki::pem::{self, PemError};
use crate::pki::read::der::{Cursor, Faults, tag};
use crate::pki::read::lenient;

/// What kind of structure octets are, before anybody looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A certificate.
    Certificate,
    /// A CRL.
    Crl,
    /// An OCSP response.
    OcspResponse,
    /// A certificate signing request.
    Request,
}

impl Shape {
    /// What it is called in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Crl => "CRL",
            Self::OcspResponse => "OCSP response",
            Self::Request => "certificate signing request",
        }
    }
}

/// One structure of a file, or what stands where one was wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its octets; or why there are none.
    pub octets: Result<&'a [u8], String>,
    /// What it says or seems to be.
    pub shape: Option<Shape>,
}

/// The largest file that is looked at.
pub const MOST_OCTETS: u64 = 256 << 20;

/// The most structures of one file that are looked at.
pub const MOST_STRUCTURES: usize = 100_000;

/// Refuses what is no file: a pipe or a device could keep us waiting for ever, and a folder is no structure.
///
/// # Errors
///
/// A [`Failure`] if it is none.
pub fn regular(path: &Path) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map_err(|error| failures::file("read", path, &error))?;
    if found.is_file() {
        return Ok(());
    }
    Err(Failure::new(Turn::Author, format!("`{}` is no file", path.display())))
}

/// Opens a file that holds one large CRL and nothing else, PEM or DER, as the octets of that CRL; nothing for any other
/// file. A CRL may be too large to be held.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read.
pub fn large_crl(path: &Path) -> Result<Option<Box<dyn Read>>, Failure> {
    let unreadable = |error: std::io::Error| failures::file("read", path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() <= LARGE {
        return Ok(None);
    }
    let mut beginning = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let label = format!("-----BEGIN {}-----", pem::CRL);
    Ok(if shape(&beginning) == Some(Shape::Crl) {
        Some(Box::new(file))
    } else if beginning.starts_with(label.as_bytes()) {
        Some(Box::new(pem::Reader::new(pem::CRL, BufReader::new(file))))
    } else {
        None
    })
}

/// Files above this size are not read into memory, if they hold a CRL.
const LARGE: u64 = 4 << 20;
/// How much of a large file is looked at to see what it holds.
const BEGINNING: u64 = 1 << 16;

/// The octets of a file; of a larger one, one octet more than is looked at, so that it can be told.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read.
pub fn octets(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_OCTETS + 1).read_to_end(&mut octets))
        .map_err(|error| failures::file("read", path, &error))?;
    Ok(octets)
}

/// The certificates in a file that is said to be `what` and to have nothing else.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read, or has something else.
pub fn certificates(path: &Path, what: &str) -> Result<Vec<Vec<u8>>, Failure> {
    regular(path)?;
    let mut found = Vec::new();
    let mut problem = None;
    each(&octets(path)?, |piece| {
        match piece.octets.and_then(|octets| {
            lenient::certificate(octets).map_err(|error| error.to_string())?;
            Ok(octets.to_vec())
        }) {
            Ok(certificate) => found.push(certificate),
            Err(why) => problem = Some(why),
        }
        problem.is_none() && found.len() <= MOST_STRUCTURES
    });
    match problem {
        Some(why) => Err(Failure::new(Turn::Author, format!("`{}` is no {what}: {why}", path.display()))),
        None => Ok(found),
    }
}

/// Hands over every piece of a file in its order, until `take` says that it has enough.
pub fn each(octets: &[u8], mut take: impl FnMut(Piece<'_>) -> bool) {
    if !is_der(octets) && pem::is_pem(octets) {
        each_block(octets, &mut take);
    } else {
        each_element(octets, &mut take);
    }
}

/// What octets seem to be by the tags at their beginning.
pub fn shape(octets: &[u8]) -> Option<Shape> {
    let outer = opened(octets)?;
    match *outer.first()? {
        tag::ENUMERATED => return Some(Shape::OcspResponse),
        tag::SEQUENCE => {}
        _ => return None,
    }
    let mut inside = Cursor::new(opened(outer)?);
    let mut tags = [0; 5];
    for place in &mut tags {
        let Some(found) = inside.peek() else { break };
        *place = found;
        if inside.any("element", &mut Faults::new()).is_err() {
            break;
        }
    }
    match tags {
        [0xa0, ..] | [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::SEQUENCE, _] => {
            Some(Shape::Certificate)
        }
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, _]
        | [tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, ..] => Some(Shape::Crl),
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0xa0 | 0, _] => Some(Shape::Request),
        _ => None,
    }
}

/// The first element in a SEQUENCE that may be broken: what a certificate, a CRL or a request signs.
pub fn first_inside(octets: &[u8]) -> Option<&[u8]> {
    let inside = opened(octets)?;
    let element = Cursor::new(inside).any("what is signed", &mut Faults::new()).ok()?;
    Some(element.octets())
}

/// The content of a SEQUENCE by its header alone: it need not be whole.
fn opened(octets: &[u8]) -> Option<&[u8]> {
    match octets {
        [tag::SEQUENCE, 0..=0x80, inside @ ..] => Some(inside),
        [tag::SEQUENCE, length @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(length & 0x7f)..),
        _ => None,
    }
}

/// Whether a file is one SEQUENCE of DER after another, its end apart. PEM may have text before it, even one that begins
/// with a zero, and DER may have text that looks like PEM inside.
fn is_der(octets: &[u8]) -> bool {
    let mut rest = Cursor::new(octets);
    rest.peek() == Some(tag::SEQUENCE)
        && rest.any("structure", &mut Faults::new()).is_ok()
        && rest.peek().is_none_or(|next| next == tag::SEQUENCE)
}

fn each_element(octets: &[u8], take: &mut impl FnMut(Piece<'_>) -> bool) {
    let mut rest = Cursor::new(octets);
    if rest.is_empty() {
        take(Piece { octets: Err("there is nothing in it".to_owned()), shape: None });
    }
    while !rest.is_empty() {
        let here = rest.rest();
        let first = rest.offset() == 0;
        let whole = if rest.peek() == Some(tag::SEQUENCE) {
            rest.any("structure", &mut Faults::new()).ok()
        } else {
            None
        };
        let piece = match whole {
            Some(element) => Piece { octets: Ok(element.octets()), shape: shape(element.octets()) },
            None if first || shape(here).is_some() => Piece { octets: Ok(here), shape: shape(here) },
            None => {
                let message = format!(
                    "{} more octets after the last structure, at octet {}",
                    here.len(),
                    rest.offset()
                );
                Piece { octets: Err(message), shape: None }
            }
        };
        if !take(piece) || whole.is_none() {
            return;
        }
    }
}

/// Each block is read alone, so that a broken one does not take the others with it.
fn each_block(octets: &[u8], take: &mut impl FnMut(Piece<'_>) -> bool) {
    let mut block: Option<(usize, usize)> = None;
    let mut at = 0;
    for (line, text) in octets.split(|octet| *octet == b'\n').enumerate() {
        if pem::is_begin(text) {
            if let Some((from, first)) = block
                && !one_block(octets.get(from..at).unwrap_or_default(), first, take)
            {
                return;
            }
            block = Some((at, line));
        }
        at += text.len() + 1;
    }
    // Where no line begins a block, the whole says why.
    let (from, first) = block.unwrap_or((0, 0));
    one_block(octets.get(from..).unwrap_or_default(), first, take);
}

fn one_block(text: &[u8], lines_before: usize, take: &mut impl FnMut(Piece<'_>) -> bool) -> bool {
    match pem::read(text) {
        Ok(blocks) => blocks.iter().all(|block| {
            let shape = shape(&block.octets).or_else(|| labelled(&block.label));
            take(Piece { octets: Ok(&block.octets), shape })
        }),
        Err(error) => {
            let label = text.split(|octet| *octet == b'\n').next().unwrap_or_default().trim_ascii();
            let label = label.strip_prefix(BEGIN).and_then(|label| label.strip_suffix(b"-----"));
            let shape = label.and_then(|label| labelled(&String::from_utf8_lossy(label)));
            take(Piece { octets: Err(moved(error, lines_before).to_string()), shape })
        }
    }
}

/// The same error with its line counted from the beginning of the file.
fn moved(error: PemError, lines_before: usize) -> PemError {
    match error {
        PemError::Begin { line } => PemError::Begin { line: line + lines_before },
        PemError::Unended { label, line } => PemError::Unended { label, line: line + lines_before },
        PemError::OtherEnd { label, found, line } => {
            PemError::OtherEnd { label, found, line: line + lines_before }
        }
        PemError::Base64 { line } => PemError::Base64 { line: line + lines_before },
    }
}

fn labelled(label: &str) -> Option<Shape> {
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Some(Shape::Certificate),
        "X509 CRL" => Some(Shape::Crl),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Shape::Request),
        "OCSP RESPONSE" => Some(Shape::OcspResponse),
        _ => None,
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;

    type Pieces = Vec<(Result<Vec<u8>, String>, Option<Shape>)>;

    fn pieces(octets: &[u8]) -> Pieces {
        let mut all = Vec::new();
        each(octets, |piece| {
            all.push((piece.octets.map(<[u8]>::to_vec), piece.shape));
            all.len() < 10
        });
        all
    }

    #[test]
    fn structures_are_told_by_their_first_tags() {
        for (octets, wanted) in [
            ("30083006a003020102", Some(Shape::Certificate)),
            // Version 1: serial, algorithm, issuer, validity, subject.
            ("300d300b020101300030003000 3000", Some(Shape::Certificate)),
            ("300c300a02010130003000170161", Some(Shape::Crl)),
            ("300930073000300018016100", Some(Shape::Crl)),
            ("300b3009020100300030 00a000", Some(Shape::Request)),
            ("3009300702010030003000", Some(Shape::Request)),
            ("30030a0100", Some(Shape::OcspResponse)),
            // Truncated after the version.
            ("308203e83082025ca003020102", Some(Shape::Certificate)),
            ("3000", None),
            ("30020500", None),
            ("0500", None),
            ("30", None),
        ] {
            let octets = crate::digest::from_hex(&octets.replace(' ', "")).unwrap();
            assert_eq!(shape(&octets), wanted, "{octets:02x?}");
        }
    }

    #[test]
    fn der_elements_follow_each_other() {
        let two = [0x30, 0, 0x30, 1, 5];
        assert_eq!(pieces(&two), [(Ok(vec![0x30, 0]), None), (Ok(vec![0x30, 1, 5]), None)]);
        let after = "1 more octets after the last structure, at octet 2".to_owned();
        assert_eq!(pieces(&[0x30, 0, b'\n']), [(Ok(vec![0x30, 0]), None), (Err(after), None)]);
        assert_eq!(pieces(&[0x30, 9, 5]), [(Ok(vec![0x30, 9, 5]), None)]);
        assert_eq!(pieces(b"text"), [(Ok(b"text".to_vec()), None)]);
        assert_eq!(pieces(b""), [(Err("there is nothing in it".to_owned()), None)]);
        assert_eq!(pieces(&[0x30, 0].repeat(20)).len(), 10);
    }

    #[test]
    fn a_broken_block_does_not_hide_its_neighbours() {
        let good = pem::write(pem::CRL, b"foo");
        let text = format!(
            "# text\n{good}-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n{good}-----BEGIN X-----\n"
        );
        assert_eq!(
            pieces(text.as_bytes()),
            [
                (Ok(b"foo".to_vec()), Some(Shape::Crl)),
                (Err("line 6: this is not base64".to_owned()), Some(Shape::Certificate)),
                (Ok(b"foo".to_vec()), Some(Shape::Crl)),
                (Err("line 11: the block `X` does not end".to_owned()), None),
            ]
        );
    }

    #[test]
    fn der_with_text_that_looks_like_pem_is_der() {
        let octets = [&[0x30, 11][..], BEGIN].concat();
        assert_eq!(pieces(&octets), [(Ok(octets.clone()), None)]);
    }
}

//! TBSCertList, written; its entries one after another. Source: RFC 5280 §5.1.

use super::element::{concatenated, element, header, integer};
use super::extension::{Extension, extension_list, extensions};
use super::streamed::Streamed;
use super::time;
use crate::clock::Timestamp;
use crate::pki::name::Name;
use crate::pki::read::der::tag;
use crate::pki::reason::Reason;
use crate::pki::revoked::{RevokedList, RevokedParts};

/// Everything that a version 2 CRL says.
#[derive(Clone, Copy, Debug)]
pub struct CrlParts<'a> {
    /// The AlgorithmIdentifier of the signature.
    pub algorithm: &'a [u8],
    /// The issuer, copied from the issuing CA's subject.
    pub issuer: &'a Name,
    /// This update.
    pub this_update: Timestamp,
    /// Next update.
    pub next_update: Timestamp,
    /// The revoked certificates in their order; none at all leaves the field out.
    pub revoked: &'a RevokedList,
    /// The extensions in their order.
    pub extensions: &'a [Extension],
}

/// Writes a TBSCertList of version 2. All lengths are known before the first entry is written.
pub fn tbs_crl(parts: &CrlParts<'_>) -> Streamed {
    let before = [
        &integer(1),
        parts.algorithm,
        parts.issuer.der(),
        &time::by_date(parts.this_update),
        &time::by_date(parts.next_update),
    ]
    .concat();
    let after = extensions(0, parts.extensions);
    if parts.revoked.is_empty() {
        return concatenated(tag::SEQUENCE, &[&before, &after]).into();
    }
    // A list whose octets cannot be counted in a usize could not have been made.
    let entries = usize::try_from(parts.revoked.der_octets()).unwrap_or(usize::MAX);
    let list = header(tag::SEQUENCE, entries);
    let content = before.len() + list.len() + entries + after.len();
    let head = [header(tag::SEQUENCE, content), before, list].concat();
    Streamed::new(head, parts.revoked.clone(), after)
}

/// How many octets an entry has.
pub fn entry_octets(parts: &RevokedParts) -> u64 {
    let time = if parts.revoked_at < YEAR_2050 { 15 } else { 17 };
    let extensions = if parts.code().is_some() { 14 } else { 0 };
    // Headers of two octets: everything in an entry is shorter than 128 octets.
    (2 + 2 + parts.serial.der_content().len() + time + extensions) as u64
}

/// Writes entries. Many have the time and the reason of the one before: those are written once.
#[derive(Clone, Debug)]
pub struct EntryWriter {
    rest: Vec<u8>,
    of: Option<(Timestamp, Reason)>,
}

impl EntryWriter {
    /// Has written nothing yet.
    pub const fn new() -> Self {
        Self { rest: Vec::new(), of: None }
    }

    /// Writes an entry to the end of `to`.
    pub fn write(&mut self, parts: &RevokedParts, to: &mut Vec<u8>) {
        let of = (parts.revoked_at, parts.reason);
        if self.of != Some(of) {
            self.of = Some(of);
            self.rest = time::by_date(parts.revoked_at);
            if parts.code().is_some() {
                self.rest.extend(extension_list(&[Extension::reason_code(parts.reason)]));
            }
        }
        let serial = parts.serial.der_content();
        match (u8::try_from(serial.len()), u8::try_from(2 + serial.len() + self.rest.len())) {
            (Ok(short), Ok(whole @ ..0x80)) => to.extend([tag::SEQUENCE, whole, tag::INTEGER, short]),
            // No serial number, time and reason are that long.
            _ => to.extend(element(tag::SEQUENCE, &[])),
        }
        to.extend_from_slice(serial);
        to.extend_from_slice(&self.rest);
    }
}

/// 2050-01-01T00:00:00Z: from here on a time is a GeneralizedTime.
const YEAR_2050: Timestamp = match Timestamp::from_seconds(2_524_608_000) {
    Some(at) => at,
    None => Timestamp::MAX,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::build::element::sequence;
    use crate::pki::serial::SerialNumber;

    #[test]
    fn an_entry_has_as_many_octets_as_was_said_before() {
        let long = format!("7f{}", "00".repeat(19));
        let mut writer = EntryWriter::new();
        for serial in ["01", "0080", "0102030405060708090a0b0c0d0e0f1011", &long] {
            for at in ["1970-01-01T00:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"] {
                for reason in Reason::ALL {
                    let serial = SerialNumber::from_hex(serial).unwrap();
                    let parts = RevokedParts { serial, revoked_at: at.parse().unwrap(), reason };
                    let mut written = Vec::new();
                    writer.write(&parts, &mut written);
                    let extensions = match reason {
                        Reason::Unspecified => Vec::new(),
                        reason => extension_list(&[Extension::reason_code(reason)]),
                    };
                    let serial = element(tag::INTEGER, parts.serial.der_content());
                    assert_eq!(written, sequence(&[serial, time::by_date(parts.revoked_at), extensions]));
                    assert_eq!(entry_octets(&parts), written.len() as u64);
                }
            }
        }
    }
}

//! Certificate revocation lists. RFC 5280 §5.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::certificate::algorithm_name;
use super::{Opened, Statement, ToBeSigned, place};
use crate::digest::{Digest, hex};
use crate::issuance::statement::read::version;
use crate::pki::build::RevokedParts;
use crate::pki::read::{self, ReadError, TbsCrlView};
use crate::pki::reason::Reason;
use crate::pki::{SignatureAlgorithm, build, oid};
use crate::rule::{self, Assessment, Context};

/// A certificate revocation list.
#[derive(Clone, Copy, Debug)]
pub struct CertificateList;

impl ToBeSigned for CertificateList {
    type View<'a> = TbsCrlView<'a>;

    fn read(octets: &[u8]) -> Result<TbsCrlView<'_>, ReadError> {
        read::tbs_crl(octets)
    }

    fn judge<'a>(octets: &'a [u8], _: &'a [u8], context: &Context<'a>) -> Result<Assessment, ReadError> {
        Ok(rule::crl::judge(&rule::crl::Crl::from_tbs(octets)?, context))
    }

    fn statement(view: &TbsCrlView<'_>) -> Statement {
        let mut statement = Statement::new();
        statement.say("version", version(view.version().map(|element| element.content()), &[(V2, "v2")]));
        statement.say("signature algorithm", algorithm_name(view.signature().octets()));
        statement.say_read_name("issuer", view.issuer());
        statement.say_time("this update", &view.this_update());
        match view.next_update() {
            Some(time) => statement.say_time("next update", &time),
            None => statement.say("next update", "absent"),
        }
        say_read_entries(&mut statement, view);
        statement.say_read(&view.extensions());
        statement
    }

    fn places(octets: &[u8]) -> Vec<(String, Range<usize>)> {
        let Ok(view) = read::tbs_crl(octets) else { return Vec::new() };
        let mut places = vec![("this update".into(), place(&view.this_update().element()))];
        places.extend(view.next_update().map(|time| ("next update".into(), place(&time.element()))));
        if let Some(extension) = view.extensions().find(oid::extension::AUTHORITY_KEY_IDENTIFIER) {
            let name = crate::issuance::statement::read::extension_name(&extension.oid());
            places.push((name, place(&extension.element())));
        }
        places
    }

    fn assemble(
        to_be_signed: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        _: &[Vec<u8>],
    ) -> Vec<u8> {
        build::assemble(to_be_signed, &algorithm.der(), signature)
    }

    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError> {
        let view = read::crl(whole)?;
        Ok(Opened {
            to_be_signed: view.tbs().octets(),
            algorithm: view.signature_algorithm().octets(),
            signature: view.signature(),
            along: Vec::new(),
        })
    }
}

/// One revoked certificate as digests and statements have it.
fn line(serial: &[u8], at: &dyn std::fmt::Display, reason: Option<u8>) -> String {
    let reason = reason.map_or_else(|| "absent".to_owned(), |reason| reason.to_string());
    format!("{} {at} {reason}\n", hex(serial))
}

/// The digest of a list of revoked certificates: a line each, serial number in hex, time, reason or `absent`.
pub fn revoked_sha256(entries: &[RevokedParts]) -> Digest {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update(line(entry.serial.der_content(), &entry.revoked_at, code(entry.reason)));
    }
    Digest::from_octets(hash.finalize().into())
}

/// Says the planned entries: the first ones in full, all of them by number and digest.
pub(in crate::issuance) fn say_entries(statement: &mut Statement, entries: &[RevokedParts]) {
    for entry in entries.iter().take(MOST_SHOWN) {
        let text = line(entry.serial.der_content(), &entry.revoked_at, code(entry.reason));
        statement.say("revoked", text.trim_end());
    }
    statement.say("revoked certificates", entries.len());
    statement.say("revoked certificates, SHA-256", revoked_sha256(entries));
}

fn say_read_entries(statement: &mut Statement, view: &TbsCrlView<'_>) {
    let mut hash = Sha256::new();
    let mut count = 0_usize;
    for entry in view.entries() {
        // The reader went through all entries before it gave the view; one that it cannot read now differs from
        // everything that can be planned.
        let Ok(entry) = entry else {
            statement.say("revoked", "unreadable");
            break;
        };
        let reason = match entry.reason() {
            Ok(reason) => reason.map(Reason::code),
            Err(_) => Some(u8::MAX),
        };
        let text = line(entry.serial_octets(), &entry.revoked_at().at(), reason);
        hash.update(&text);
        if count < MOST_SHOWN {
            statement.say("revoked", text.trim_end());
        }
        count += 1;
    }
    statement.say("revoked certificates", count);
    statement.say("revoked certificates, SHA-256", Digest::from_octets(hash.finalize().into()));
}

/// What the CRL says of a reason: unspecified is left out (RFC 5280 §5.3.1).
fn code(reason: Reason) -> Option<u8> {
    Some(reason).filter(|reason| *reason != Reason::Unspecified).map(Reason::code)
}

/// The INTEGER 1: version 2. RFC 5280 §5.1.2.1.
const V2: &[u8] = &[0x01];
/// How many revoked certificates are shown one by one; the rest goes by number and digest.
const MOST_SHOWN: usize = 100;

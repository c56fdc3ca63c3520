//! Certificate revocation lists. RFC 5280 §5.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::certificate::algorithm_name;
use super::{Opened, Statement, ToBeSigned, place};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::issuance::statement::read::version;
use crate::pki::build::RevokedParts;
use crate::pki::oid;
use crate::pki::read::{self, ReadError, TbsCrlView};
use crate::pki::reason::Reason;
use crate::rule::{self, Assessment, Context};

/// A certificate revocation list.
#[derive(Clone, Copy, Debug)]
pub struct CertificateList;

impl ToBeSigned for CertificateList {
    const NAME: &'static str = "the CRL";

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
        let shown = view.entries().take(MOST_SHOWN).enumerate();
        for (index, entry) in shown.filter_map(|(index, entry)| Some((index, entry.ok()?))) {
            places.push((revoked_name(index), place(&entry.serial_element())));
            places.push((since_and_why(index), place(&entry.revoked_at().element())));
        }
        places
    }

    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError> {
        let view = read::crl(whole)?;
        Ok(Opened::alone(view.tbs().octets(), view.signature_algorithm(), view.signature()))
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

/// The name of the field with the serial number of an entry, by its place from 0.
pub(in crate::issuance) fn revoked_name(index: usize) -> String {
    format!("revoked {}", index + 1)
}

/// The name of the field with the time and the reason of an entry, by its place from 0.
pub(in crate::issuance) fn since_and_why(index: usize) -> String {
    format!("{}, since and why", revoked_name(index))
}

/// Says the planned entries: the first ones in full, all of them by number and digest.
pub(in crate::issuance) fn say_entries(statement: &mut Statement, entries: &[RevokedParts]) {
    for (index, entry) in entries.iter().take(MOST_SHOWN).enumerate() {
        say_entry(statement, index, entry.serial.der_content(), entry.revoked_at, code(entry.reason));
    }
    statement.say("revoked certificates", entries.len());
    statement.say(REVOKED_SHA256, revoked_sha256(entries));
}

fn say_read_entries(statement: &mut Statement, view: &TbsCrlView<'_>) {
    let mut hash = Sha256::new();
    let mut count = 0_usize;
    for entry in view.entries() {
        // The reader went through all entries before it gave the view; one that it cannot read now differs from
        // everything that can be planned.
        let Ok(entry) = entry else {
            statement.say(revoked_name(count), "unreadable");
            break;
        };
        let reason = match entry.reason() {
            Ok(reason) => reason.map(Reason::code),
            Err(_) => Some(u8::MAX),
        };
        let at = entry.revoked_at().at();
        hash.update(line(entry.serial_octets(), &at, reason));
        if count < MOST_SHOWN {
            say_entry(statement, count, entry.serial_octets(), at, reason);
        }
        count += 1;
    }
    statement.say("revoked certificates", count);
    statement.say(REVOKED_SHA256, Digest::from_octets(hash.finalize().into()));
}

fn say_entry(statement: &mut Statement, index: usize, serial: &[u8], at: Timestamp, reason: Option<u8>) {
    let name = revoked_name(index);
    let named = reason.and_then(|code| Reason::from_code(code.into()));
    let why = match (named, reason) {
        (Some(named), _) => named.name().to_owned(),
        (None, Some(code)) => format!("reason {code}"),
        (None, None) => "no reason".to_owned(),
    };
    statement.say(since_and_why(index), format!("{at}, {why}"));
    statement.say(name, hex(serial));
}

/// What the CRL says of a reason: unspecified is left out (RFC 5280 §5.3.1).
fn code(reason: Reason) -> Option<u8> {
    Some(reason).filter(|reason| *reason != Reason::Unspecified).map(Reason::code)
}

/// The INTEGER 1: version 2. RFC 5280 §5.1.2.1.
const V2: &[u8] = &[0x01];
/// The name of the field with the digest of all entries.
pub(in crate::issuance) const REVOKED_SHA256: &str = "revoked certificates, SHA-256";
/// How many revoked certificates are shown one by one; the rest goes by number and digest.
const MOST_SHOWN: usize = 100;

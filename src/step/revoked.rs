//! What a CRL lists: nothing, what the log knows, certificates of the ceremony, or a CSV file.

use serde::{Deserialize, Serialize};

use super::Scope;
use super::certificate::subject_sha256;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::{IssuanceError, KnownCertificate, Ledger, Revocation};
use crate::pki::build::RevokedParts;
use crate::pki::reason::Reason;
use crate::pki::{SerialNumber, read};
use crate::script::{Fields, FromNode, Id, Located, Node, Problems, Value, wrong};

/// What a script says of the revoked certificates.
#[derive(Clone, Debug)]
pub enum Listing {
    /// None is revoked.
    None,
    /// Those that the log knows.
    FromLog,
    /// The rows of an input.
    Csv(Located<Id>),
    /// Certificates of this ceremony.
    Certificates(Vec<Revoke>),
}

/// One certificate to be listed.
#[derive(Clone, Debug)]
pub struct Revoke {
    certificate: Located<Id>,
    at: Located<Timestamp>,
    reason: Located<String>,
}

impl FromNode for Listing {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } if text == "none" => Some(Self::None),
            Value::Scalar { text, .. } if text == "from-log" => Some(Self::FromLog),
            Value::Map(_) => {
                let mut fields = Fields::of(node, problems);
                let csv = fields.optional("csv");
                let certificates: Option<Vec<Revoke>> = fields.optional("certificates");
                let both = (fields.has("csv"), fields.has("certificates"));
                fields.finish();
                match both {
                    (true, false) => csv.map(Self::Csv),
                    (false, true) => certificates.map(Self::Certificates),
                    _ => wrong(node, "either `csv` or `certificates`", problems),
                }
            }
            _ => wrong(node, "`none`, `from-log`, `{csv: <input>}` or `{certificates: […]}`", problems),
        }
    }
}

impl FromNode for Revoke {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let certificate = fields.required("certificate");
        let at = fields.required("revoked-at");
        let reason = fields.required("reason");
        fields.finish();
        Some(Self { certificate: certificate?, at: at?, reason: reason? })
    }
}

/// One revoked certificate of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Listed {
    /// By the name of a certificate of this ceremony, whose serial number is drawn when it is signed.
    Certificate {
        certificate: String,
        revoked_at: Timestamp,
        #[serde(with = "super::text")]
        reason: Reason,
    },
    /// By its serial number.
    Serial {
        serial: String,
        revoked_at: Timestamp,
        #[serde(with = "super::text")]
        reason: Reason,
    },
}

/// Finds what a CRL lists.
pub fn resolve(listing: &Listing, issuer: &KnownCertificate, scope: &mut Scope<'_>) -> Option<Vec<Listed>> {
    match listing {
        Listing::None => Some(Vec::new()),
        Listing::FromLog => {
            let name = subject_sha256(issuer, crate::script::Place::START, scope)?;
            let listed = scope.ledger.revocations(name).into_iter().map(|revocation| Listed::Serial {
                serial: revocation.serial.to_string(),
                revoked_at: revocation.at,
                reason: revocation.reason,
            });
            Some(listed.collect())
        }
        Listing::Certificates(certificates) => {
            let each: Vec<Option<Listed>> =
                certificates.iter().map(|revoke| certificate(revoke, issuer, scope)).collect();
            each.into_iter().collect()
        }
        Listing::Csv(name) => {
            let input = scope.required_input(name)?;
            match rows(&input.octets) {
                Ok(rows) => Some(rows),
                Err(wrong) => {
                    for (line, message) in wrong {
                        scope.problems.add(name.place, format!("{}:{line}: {message}", input.file));
                    }
                    None
                }
            }
        }
    }
}

/// Tells the ledger what a CRL said.
pub fn learn(listed: &[Listed], issuer: Digest, ledger: &mut Ledger) {
    let Ok(entries) = entries(listed, ledger) else { return };
    for entry in entries {
        ledger
            .revoke(issuer, Revocation { serial: entry.serial, at: entry.revoked_at, reason: entry.reason });
    }
}

/// The entries as they stand with what the ledger knows.
///
/// # Errors
///
/// [`IssuanceError`] if a certificate is not there or cannot be read.
pub fn entries(listed: &[Listed], ledger: &Ledger) -> Result<Vec<RevokedParts>, IssuanceError> {
    listed
        .iter()
        .map(|listed| match listed {
            Listed::Serial { serial, revoked_at, reason } => {
                let unknown = |_| IssuanceError::Unknown { what: "serial number", name: serial.clone() };
                let serial = SerialNumber::from_hex(serial).map_err(unknown)?;
                Ok(RevokedParts { serial, revoked_at: *revoked_at, reason: *reason })
            }
            Listed::Certificate { certificate, revoked_at, reason } => {
                let unknown = || IssuanceError::Unknown { what: "certificate", name: certificate.clone() };
                let known = ledger.certificate(certificate).ok_or_else(unknown)?;
                let view = read::certificate(&known.der).map_err(|_| unknown())?;
                let serial = view.tbs().serial().map_err(|_| unknown())?;
                Ok(RevokedParts { serial, revoked_at: *revoked_at, reason: *reason })
            }
        })
        .collect()
}

fn certificate(revoke: &Revoke, issuer: &KnownCertificate, scope: &mut Scope<'_>) -> Option<Listed> {
    let known = scope.certificate(&revoke.certificate);
    let reason = match reason(&revoke.reason.value) {
        Ok(reason) => Some(reason),
        Err(message) => {
            scope.problems.add(revoke.reason.place, message);
            None
        }
    };
    let known = known?;
    if known.issuer != issuer.name {
        let message = format!(
            "certificate `{}` was issued by `{}`, not by `{}`",
            known.name, known.issuer, issuer.name
        );
        scope.problems.add(revoke.certificate.place, message);
        return None;
    }
    Some(Listed::Certificate { certificate: known.name, revoked_at: revoke.at.value, reason: reason? })
}

/// The rows of a file with the columns `serial,revoked-at,reason`, in any order of rows; everything that is wrong.
fn rows(octets: &[u8]) -> Result<Vec<Listed>, Vec<(usize, String)>> {
    let Ok(text) = std::str::from_utf8(octets) else { return Err(vec![(1, "the file is not UTF-8".into())]) };
    let mut lines = (1..).zip(text.lines());
    match lines.next() {
        Some((_, HEADER)) => {}
        Some((line, found)) => {
            return Err(vec![(line, format!("found `{}`, wanted `{HEADER}`", crate::script::shown(found)))]);
        }
        None => return Err(vec![(1, format!("the file is empty; wanted `{HEADER}`"))]),
    }
    let mut listed = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for (line, text) in lines {
        match row(text) {
            Ok((serial, one)) => {
                if let Some(first) = seen.insert(serial.clone(), line) {
                    wrong.push((line, format!("serial number {serial} stands in line {first} already")));
                }
                listed.push(one);
            }
            Err(message) => wrong.push((line, message)),
        }
        if wrong.len() >= MOST_WRONG {
            break;
        }
    }
    if wrong.is_empty() { Ok(listed) } else { Err(wrong) }
}

fn row(text: &str) -> Result<(String, Listed), String> {
    let cells: Vec<&str> = text.split(',').collect();
    let [serial, at, why] = cells.as_slice() else {
        return Err(format!("found {} columns, wanted 3: {HEADER}", cells.len()));
    };
    let serial = SerialNumber::from_hex(serial).map_err(|error| error.to_string())?.to_string();
    let revoked_at = at.parse::<Timestamp>().map_err(|error| error.to_string())?;
    let listed = Listed::Serial { serial: serial.clone(), revoked_at, reason: reason(why)? };
    Ok((serial, listed))
}

/// The number of a reason that a script or a file names.
fn reason(name: &str) -> Result<Reason, String> {
    let known = Reason::ALL.iter().find(|reason| reason.name() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        format!(
            "there is no reason `{}`; there are {}",
            crate::script::shown(name),
            crate::script::listed(&names)
        )
    })
}

const HEADER: &str = "serial,revoked-at,reason";
/// After so many wrong rows the file is the wrong file.
const MOST_WRONG: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_any_order_and_each_serial_once() {
        let good = "serial,revoked-at,reason\n0a,2026-10-31T12:00:00Z,superseded\n01,2026-10-30T12:00:00Z,key-compromise\n";
        assert_eq!(rows(good.as_bytes()).unwrap().len(), 2);
        let twice = format!("{good}0a,2026-10-31T12:00:00Z,superseded\n");
        assert_eq!(
            rows(twice.as_bytes()).unwrap_err(),
            [(4, "serial number 0a stands in line 2 already".to_owned())]
        );
    }

    #[test]
    fn every_wrong_row_is_said_with_its_line() {
        let bad = "serial,revoked-at,reason\nzz,2026-10-31T12:00:00Z,superseded\n01,yesterday,superseded\n02,2026-10-31T12:00:00Z,because\n03\n";
        let lines: Vec<usize> = rows(bad.as_bytes()).unwrap_err().into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 3, 4, 5]);
        assert!(rows(b"serial,reason\n").is_err());
        assert!(rows(b"").is_err());
        assert!(rows(b"\xff").is_err());
    }
}

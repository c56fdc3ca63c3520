//! What a CRL lists: nothing, what the log knows, certificates of the ceremony, or a CSV file.

use std::io;

use serde::{Deserialize, Serialize};

use super::certificate::subject_sha256;
use super::last_crl::{self, LastCrl};
use super::rows::{self, RowsError, reason};
use super::{Scope, Setting};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::order::When;
use crate::issuance::{IssuanceError, KnownCertificate, Ledger, Revocation};
use crate::pki::reason::Reason;
use crate::pki::{RevokedList, RevokedParts, SerialNumber, read};
use crate::script::{Fields, FromNode, Id, Located, Node, Place, Problems, Value, wrong};

/// What a script says of the revoked certificates.
#[derive(Clone, Debug)]
pub enum Listing {
    /// None is revoked.
    None,
    /// Those that the log knows.
    FromLog,
    /// The rows of an input; with the last CRL, of which nothing may be left out.
    Csv(Located<Id>, Option<Located<Id>>),
    /// All that is on the last CRL, an input, and what the log knows beside.
    Crl(Located<Id>),
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
                let crl: Option<Located<Id>> = fields.optional("crl");
                let certificates: Option<Vec<Revoke>> = fields.optional("certificates");
                let given = (fields.has("csv"), fields.has("crl"), fields.has("certificates"));
                fields.finish();
                match given {
                    (true, false, false) => Some(Self::Csv(csv?, None)),
                    (true, true, false) => Some(Self::Csv(csv?, Some(crl?))),
                    (false, true, false) => crl.map(Self::Crl),
                    (false, false, true) => certificates.map(Self::Certificates),
                    _ => wrong(node, "`crl`, `csv`, both of them, or `certificates` alone", problems),
                }
            }
            _ => wrong(
                node,
                "`none`, `from-log`, `{crl: <input>}`, `{csv: <input>}` or `{certificates: […]}`",
                problems,
            ),
        }
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess([(); 3]).map(|()| Self::FromLog)
    }
}

impl Revoked {
    /// In the place of a list that could not be read, which is said already.
    pub fn stand_in(scope: &mut Scope<'_>) -> Option<Self> {
        scope.problems.guess([(); 3]).map(|()| Self::Listed(Vec::new()))
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
    /// By the step of this ceremony that revokes it.
    Step {
        revoked_in: String,
        /// What of it is known only on the day; nothing if it is all in the plan.
        #[serde(skip_serializing_if = "Option::is_none")]
        open: Option<String>,
        /// Whether the serial number is.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        serial_is_open: bool,
    },
    /// By its serial number.
    Serial {
        serial: String,
        revoked_at: Timestamp,
        #[serde(with = "super::text")]
        reason: Reason,
    },
}

/// What a CRL of a plan lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revoked {
    /// These, one by one.
    Listed(Vec<Listed>),
    /// Every row of an input, which the plan names by its digest.
    Csv {
        /// The name of the input.
        input: String,
        /// How many rows it has.
        count: u64,
        /// The digest of its entries, as the log has it.
        revoked_sha256: Digest,
        /// The entry with the least serial number.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        first: Option<String>,
        /// The entry with the greatest.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        last: Option<String>,
    },
    /// Everything on the last CRL, which the plan names by its digest.
    Crl {
        /// The name of the input.
        input: String,
        /// How many entries it has.
        count: u64,
        /// What is not on it yet.
        also: Vec<Listed>,
    },
}

impl Listing {
    /// The input that is the last CRL.
    pub const fn last_crl(&self) -> Option<&Located<Id>> {
        match self {
            Self::Crl(crl) | Self::Csv(_, Some(crl)) => Some(crl),
            _ => None,
        }
    }
}

impl Revoked {
    /// How many certificates it lists.
    pub fn count(&self) -> u64 {
        match self {
            Self::Listed(listed) => u64::try_from(listed.len()).unwrap_or(u64::MAX),
            Self::Csv { count, .. } => *count,
            Self::Crl { count, also, .. } => {
                count.saturating_add(u64::try_from(also.len()).unwrap_or(u64::MAX))
            }
        }
    }

    /// The entries as they stand with what the ledger knows.
    ///
    /// # Errors
    ///
    /// [`IssuanceError`] if an input or a certificate is not there or cannot be read.
    pub fn list(&self, ledger: &Ledger, setting: &Setting) -> Result<RevokedList, IssuanceError> {
        match self {
            Self::Listed(listed) => {
                let entries = listed.iter().map(|listed| listed.entry(ledger));
                Ok(RevokedList::of(entries.collect::<Result<_, _>>()?))
            }
            Self::Csv { input: name, revoked_sha256, .. } => {
                let unknown =
                    || IssuanceError::Unknown { what: "list of revoked certificates", name: name.clone() };
                let list = if let Some(list) = setting.lists.get(name) {
                    list.clone()
                } else {
                    let input = setting.inputs.get(name).ok_or_else(unknown)?;
                    let source = |source| IssuanceError::Entries { name: name.clone(), source };
                    rows::read(&mut input.reader().map_err(source)?).map_err(|error| {
                        source(match error {
                            RowsError::Storage(error) => error,
                            wrong @ RowsError::Wrong(_) => io::Error::other(wrong.to_string()),
                        })
                    })?
                };
                // What was planned is what is signed, whenever the file is read again.
                if list.sha256() == *revoked_sha256 { Ok(list) } else { Err(unknown()) }
            }
            Self::Crl { input: name, also, .. } => {
                let unknown = || IssuanceError::Unknown { what: "last CRL", name: name.clone() };
                let source = |source| IssuanceError::Entries { name: name.clone(), source };
                let last = match setting.lists.get(name) {
                    Some(list) => list.clone(),
                    None => {
                        LastCrl::read(setting.inputs.get(name).ok_or_else(unknown)?)
                            .map_err(|why| source(io::Error::other(why)))?
                            .list
                    }
                };
                let also: Vec<_> =
                    also.iter().map(|listed| listed.entry(ledger)).collect::<Result<_, _>>()?;
                last_crl::with(&last, &also).map_err(source)
            }
        }
    }

    /// The entries whose serial number is drawn in the same ceremony: their places, from 0, and their certificates.
    pub fn drawn_later(&self) -> Vec<(u64, String)> {
        let Self::Listed(listed) = self else { return Vec::new() };
        let named = (0..).zip(listed).filter_map(|(index, listed)| match listed {
            Listed::Certificate { certificate, .. } => Some((index, certificate.clone())),
            Listed::Serial { .. } | Listed::Step { .. } => None,
        });
        named.collect()
    }

    /// The entries of which something is said by a step before: their places, from 0, what that is, and whether it is the
    /// serial number too.
    pub fn said_later(&self, list: &RevokedList, ledger: &Ledger) -> Vec<(u64, String, bool)> {
        let (Self::Listed(listed) | Self::Crl { also: listed, .. }) = self else { return Vec::new() };
        let shown = || list.entries().take(MOST_NAMED).filter_map(Result::ok);
        let open = listed.iter().filter_map(|listed| match listed {
            Listed::Step { open: Some(open), serial_is_open, .. } => {
                let serial = listed.entry(ledger).ok()?.serial;
                // One that is not shown is open all the same.
                let place = (0..).zip(shown()).find(|(_, entry)| entry.serial == serial);
                Some((place.map_or(list.count(), |(place, _)| place), open.clone(), *serial_is_open))
            }
            _ => None,
        });
        open.collect()
    }

    /// Tells the ledger what a CRL said.
    pub fn learn(&self, issuer: Digest, ledger: &mut Ledger, setting: &Setting) {
        let Ok(list) = self.list(ledger, setting) else { return };
        // Of a million entries few are certificates that the ledger knows.
        for serial in ledger.serials(issuer) {
            if let Ok(Some(RevokedParts { serial, revoked_at: at, reason })) = list.find(&serial) {
                ledger.revoke(issuer, Revocation { serial, at, reason });
            }
        }
    }
}

impl Listed {
    fn entry(&self, ledger: &Ledger) -> Result<RevokedParts, IssuanceError> {
        match self {
            Self::Serial { serial, revoked_at, reason } => {
                let unknown = |_| IssuanceError::Unknown { what: "serial number", name: serial.clone() };
                let serial = SerialNumber::from_hex(serial).map_err(unknown)?;
                Ok(RevokedParts { serial, revoked_at: *revoked_at, reason: *reason })
            }
            Self::Step { revoked_in, .. } => {
                let unknown =
                    || IssuanceError::Unknown { what: "revocation by step", name: revoked_in.clone() };
                let here =
                    ledger.revoked_here().iter().find(|here| here.step == *revoked_in).ok_or_else(unknown)?;
                let Revocation { serial, at, reason } = here.revocation.clone();
                Ok(RevokedParts { serial, revoked_at: at, reason })
            }
            Self::Certificate { certificate, revoked_at, reason } => {
                let unknown = || IssuanceError::Unknown { what: "certificate", name: certificate.clone() };
                let known = ledger.certificate(certificate).ok_or_else(unknown)?;
                let view = read::certificate(&known.der).map_err(|_| unknown())?;
                let serial = view.tbs().serial().map_err(|_| unknown())?;
                Ok(RevokedParts { serial, revoked_at: *revoked_at, reason: *reason })
            }
        }
    }
}

/// Finds what a CRL lists.
pub fn resolve(
    listing: &Listing,
    last: Option<&LastCrl>,
    issuer: &KnownCertificate,
    scope: &mut Scope<'_>,
) -> Option<Revoked> {
    match listing {
        Listing::None => Some(Revoked::Listed(Vec::new())),
        Listing::FromLog => {
            let name = subject_sha256(issuer, Place::START, scope)?;
            Some(Revoked::Listed(from_log(name, &scope.ledger)))
        }
        Listing::Certificates(certificates) => {
            if let Some(more) = certificates.get(MOST_NAMED) {
                let message =
                    format!("more than {MOST_NAMED} certificates by name; wanted `csv` for so many");
                scope.problems.add(more.certificate.place, message);
                return None;
            }
            let each: Vec<Option<Listed>> =
                certificates.iter().map(|revoke| certificate(revoke, issuer, scope)).collect();
            each.into_iter().collect::<Option<_>>().map(Revoked::Listed)
        }
        Listing::Crl(crl) => {
            let last = &last?.list;
            let name = subject_sha256(issuer, Place::START, scope)?;
            let is_new = |listed: &Listed| {
                let entry = listed.entry(&scope.ledger);
                entry.is_ok_and(|entry| last.find(&entry.serial).is_ok_and(|found| found.is_none()))
            };
            let also = from_log(name, &scope.ledger).into_iter().filter(is_new).collect();
            scope.setting.lists.insert(crl.value.to_string(), last.clone());
            Some(Revoked::Crl { input: crl.value.to_string(), count: last.count(), also })
        }
        Listing::Csv(name, _) => {
            let input = scope.required_input(name)?;
            let read = input.reader().map_err(RowsError::from).and_then(|mut source| rows::read(&mut source));
            let list = match read {
                Ok(list) => list,
                Err(RowsError::Wrong(wrong)) => {
                    for (line, message) in wrong {
                        scope.problems.add(name.place, format!("{}:{line}: {message}", input.file));
                    }
                    return None;
                }
                Err(RowsError::Storage(error)) => {
                    let hint = "TMPDIR names the folder that scratch files are in";
                    scope.problems.add_with_hint(name.place, format!("{}: {error}", input.file), hint);
                    return None;
                }
            };
            let said =
                |entry: RevokedParts| format!("{} {} {}", entry.serial, entry.revoked_at, entry.reason);
            let revoked = Revoked::Csv {
                input: name.value.to_string(),
                count: list.count(),
                revoked_sha256: list.sha256(),
                first: list.entries().next().and_then(Result::ok).map(said),
                last: list.last().ok().flatten().map(said),
            };
            scope.setting.lists.insert(name.value.to_string(), list);
            Some(revoked)
        }
    }
}

/// Every revocation that the log and the steps before know: those of the log by serial number, then those of the steps in
/// their order.
fn from_log(issuer: Digest, ledger: &Ledger) -> Vec<Listed> {
    let here: Vec<_> = ledger.revoked_here().iter().filter(|here| here.issuer == issuer).collect();
    let is_here = |serial: &SerialNumber| here.iter().any(|here| here.revocation.serial == *serial);
    let before = ledger.revocations(issuer).into_iter().filter(|revocation| !is_here(&revocation.serial));
    let mut listed: Vec<Listed> = before
        .map(|revocation| Listed::Serial {
            serial: revocation.serial.to_string(),
            revoked_at: revocation.at,
            reason: revocation.reason,
        })
        .collect();
    listed.extend(here.iter().map(|here| {
        let open: Vec<&str> = [(!here.effective.is_fixed(), "time"), (here.reason_is_open, "reason")]
            .into_iter()
            .filter_map(|(open, what)| open.then_some(what))
            .collect();
        Listed::Step {
            revoked_in: here.step.clone(),
            open: (!open.is_empty()).then(|| format!("{} of step {}", open.join(" and "), here.step)),
            serial_is_open: here.serial_is_open,
        }
    }));
    listed
}

/// A CRL says what is revoked by then: after a step that revokes at its own time it has to begin at its own.
pub fn is_after_revocations(issuer: Digest, this_update: &Located<When>, scope: &mut Scope<'_>) {
    // What begins after the window begins after everything that is done in it.
    let begins_after = matches!(this_update.value, When::At(at) if at >= scope.setting.window.to);
    let too_early = |effective: When| match effective {
        _ if begins_after => false,
        When::SigningTime => this_update.value != When::SigningTime,
        When::CeremonyDay => this_update.value.is_fixed(),
        When::At(_) => false,
    };
    let here = scope.ledger.revoked_here().iter();
    let early = here.filter(|here| here.issuer == issuer && too_early(here.effective));
    let messages: Vec<String> = early
        .map(|here| {
            let (step, effective, begins) = (&here.step, here.effective, this_update.value);
            format!(
                "step {step} revokes with effect from {effective}, and this begins at {begins}: the revocation would lie in the \
                 future; wanted `this-update: {effective}`"
            )
        })
        .collect();
    for message in messages {
        scope.problems.add(this_update.place, message);
    }
}

/// Finds what would be revoked no longer, or otherwise: whoever is on a CRL stays there until the certificate has run out,
/// and this program keeps entries beyond that. RFC 5280 §3.3; BR §4.9.7.
pub fn keeps_all(
    revoked: &Revoked,
    last: Option<&LastCrl>,
    issuer: (&str, Digest),
    place: Place,
    scope: &mut Scope<'_>,
) {
    let (name, sha256) = issuer;
    let known = scope.ledger.revocations(sha256);
    let before = scope.ledger.last_listed(sha256).count;
    let count = revoked.count();
    if last.is_none() && count < before {
        let message = format!(
            "the CRL lists {count} revoked certificates, and the last one of `{name}` listed {before}; wanted all of them and \
             what is new, as `{{crl: …}}` with that CRL or `{{csv: …}}`: of an earlier ceremony's the log has the digest, not \
             the entries"
        );
        scope.problems.add(place, message);
        return;
    }
    if known.is_empty() && last.is_none() {
        return;
    }
    let Ok(list) = revoked.list(&scope.ledger, &scope.setting) else { return };
    let mut wrong = Vec::new();
    if let Some(last) = last {
        let ran_out = |serial: &SerialNumber| Some(scope.ledger.issued_under(sha256, serial)?.not_after);
        wrong = last.left_out(&list, ran_out);
    }
    let is_on = |list: &RevokedList, serial: &SerialNumber| list.find(serial).ok().flatten();
    // What the last CRL has is judged already.
    let others = known.iter().filter(|one| last.is_none_or(|last| is_on(&last.list, &one.serial).is_none()));
    for Revocation { serial, at, reason } in others {
        match is_on(&list, serial) {
            Some(now) if now.revoked_at == *at && now.reason == *reason => {}
            Some(now) => wrong.push(format!(
                "the serial number {serial} is revoked at {}, {}; of `{name}` it is known as revoked at {at}, {reason}, and \
                 neither can be changed",
                now.revoked_at, now.reason
            )),
            None => wrong.push(format!(
                "the CRL leaves out the serial number {serial}, which `{name}` has revoked at {at}"
            )),
        }
    }
    for message in wrong {
        scope.problems.add(place, message);
    }
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
    // Its serial number would be on the list in the bundle that hands it over, and nobody would take that.
    if scope.is_made_here(&known.name) {
        let message = format!(
            "certificate `{}` is made in this ceremony; what is revoked at once need not be made",
            known.name
        );
        scope.problems.add(revoke.certificate.place, message);
        return None;
    }
    Some(Listed::Certificate { certificate: known.name, revoked_at: revoke.at.value, reason: reason? })
}

/// The most certificates that a script lists by name: as many as the plan and the signing screen show one by one.
const MOST_NAMED: usize = 100;

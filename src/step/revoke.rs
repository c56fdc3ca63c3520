//! `revoke`: a certificate is revoked. The log says so, and the next CRL of its issuer has to. BR §4.9.
//!
//! The rules of this file:
//! - What dies with the certificate is in the plan, and in front of whoever approves.
//! - What the script leaves to the room is chosen from what the log knows, and approved by the whole quorum.
//! - Nothing is revoked before it was valid, in the future, twice, or without a reason where it is a CA.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::certificate::{approver, subject_sha256};
use super::stand_in::is_stand_in;
use super::{Room, Scope, Step, StepError, given_key, sealed, spec};
use crate::digest::Digest;
use crate::issuance::order::When;
use crate::issuance::revocable::{REASONS, called_issuer, choices, unfit, untimely};
use crate::issuance::{Issued, Ledger, Loss, Revocation, RevokedHere, loss};
use crate::pki::SerialNumber;
use crate::pki::reason::{Reason, ReasonError};
use crate::script::{FromNode, Id, Located, Node, Problems, listed, shown, wrong};
use crate::stage::{Event, Expected, Line, Notice, Person, StageError, ToApprove};

spec!(
    /// `revoke: {certificate: …, reason: …, effective: signing-time}`, or `{issuer: …, serial: …, …}`
    Spec {
        /// Which certificate: of the log by name, or an input.
        certificate: Option<Located<Id>> = optional "certificate",
        /// Or the certificate of the CA that issued it,
        issuer: Option<Located<Id>> = optional "issuer",
        /// and its serial number, or `by-quorum`.
        serial: Option<Located<Later<SerialNumber>>> = optional "serial",
        /// Why, or `by-quorum`.
        reason: Located<Later<Reason>> = required "reason",
        /// Since when; the time of the step if it is not said.
        effective: Option<Located<When>> = optional "effective",
    }
);

/// What a script says, or leaves to the people in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Later<T> {
    /// The quorum says it.
    ByQuorum,
    /// This.
    Is(T),
}

impl FromNode for Later<SerialNumber> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.text() {
            Some(BY_QUORUM) => Some(Self::ByQuorum),
            Some(text) => match SerialNumber::from_hex(text) {
                Ok(serial) => Some(Self::Is(serial)),
                Err(error) => {
                    problems.add(node.place, format!("serial number `{}`: {error}", shown(text)));
                    None
                }
            },
            None => wrong(node, "a serial number in hex, or `by-quorum`", problems),
        }
    }
}

impl FromNode for Later<Reason> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.text();
        if text == Some(BY_QUORUM) {
            return Some(Self::ByQuorum);
        }
        match Reason::ALL.iter().find(|reason| text == Some(reason.name())) {
            Some(reason) => Some(Self::Is(*reason)),
            None => wrong(
                node,
                &format!("`by-quorum` or one of {}", listed(&Reason::ALL.map(Reason::name))),
                problems,
            ),
        }
    }
}

impl fmt::Display for Later<Reason> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByQuorum => f.write_str(BY_QUORUM),
            Self::Is(reason) => reason.fmt(f),
        }
    }
}

impl FromStr for Later<Reason> {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        if text == BY_QUORUM { Ok(Self::ByQuorum) } else { text.parse().map(Self::Is) }
    }
}

/// A certificate is revoked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revoke {
    issuer: String,
    issuer_sha256: Digest,
    #[serde(flatten)]
    which: Which,
    #[serde(with = "super::text")]
    reason: Later<Reason>,
    effective: When,
    /// CRLs that were sealed before and count for nothing after it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    supersedes: Vec<String>,
}

/// Which certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Which {
    /// The quorum says it.
    Chosen(Chosen),
    /// This one, with what dies.
    Certificate(Fixed),
}

/// What the quorum chooses.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Chosen {
    /// A serial number of the issuer's that the log knows.
    #[serde(rename = "by-quorum")]
    ByQuorum,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Fixed {
    name: String,
    serial: String,
    /// The input that brings it, if the log does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    loss: Loss,
}

impl Step for Revoke {
    const NAME: &'static str = "revoke";
    const ABOUT: &'static str = "a certificate is revoked";
    const WHY: &'static str =
        "From here on the certificate is not to be trusted, whatever else it says. BR 4.9.";
    const MINUTES: u32 = 5;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let effective = spec.effective.as_ref().map_or(When::SigningTime, |when| when.value);
        let (issuer_sha256, which) = which(&spec, scope)?;
        let issuer = called_issuer(&scope.ledger, issuer_sha256);
        let reason = spec.reason.value.clone();
        let mut step = Self { issuer, issuer_sha256, which, reason, effective, supersedes: Vec::new() };
        step.plan(&spec, scope)?;
        step.supersedes = sealed::will_be_superseded(issuer_sha256, scope);
        Some(step)
    }

    fn preview(&self) -> String {
        let why = self
            .reason()
            .map_or("a reason that the quorum says".to_owned(), |reason| format!("reason {reason}"));
        let (effective, issuer) = (self.effective, &self.issuer);
        let fixed = match &self.which {
            Which::Chosen(Chosen::ByQuorum) => {
                return format!(
                    "Revoke a certificate of {issuer} whose serial number the quorum says: {why}, effective {effective}. What \
                     dies with it is shown before it is approved.{}",
                    sealed::said(&self.supersedes)
                );
            }
            Which::Certificate(fixed) => fixed,
        };
        let mut text = format!(
            "Revoke {}, serial number {}, of {issuer}: {why}, effective {effective}.{}",
            fixed.name,
            fixed.serial,
            sealed::said(&self.supersedes)
        );
        for (what, which) in fixed.loss.said() {
            // Writing to a string does not fail.
            let _ = write!(text, "\n    {what}: {which}");
        }
        text
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        self.meet(room.ledger, |name| room.setting.inputs.get(name).map(|input| input.octets.clone()));
        if let Some(revocation) = before(room) {
            // An interruption came after the record: it is revoked.
            return self.learn(revocation, room);
        }
        let people = self.people(room)?;
        let (serial, reason) = self.choose(&people, room)?;
        let at = self.effective.at(room.stage.now());
        let revocation = Revocation { serial, at, reason };
        let Some(issued) = room.ledger.issued_under(self.issuer_sha256, &revocation.serial).cloned() else {
            return Err(StepError::Revocation(format!(
                "nothing is known of the serial number {}",
                revocation.serial
            )));
        };
        let mut wrong = unfit(&issued, Some(reason), room.setting.policy);
        wrong.extend(untimely(&issued, at, room.stage.now()));
        if !wrong.is_empty() {
            return Err(StepError::Revocation(wrong.join("; ")));
        }
        let event = event(&issued, &revocation)?;
        let approval = self.approve(&people, &issued, &revocation, &event, room)?;
        room.stage.record_closing(event, approval)?;
        self.learn(revocation.clone(), room)?;
        let lines = vec![
            Line::new("certificate", issued.called()),
            Line::new("serial number", revocation.serial.to_string()),
            Line::new("revoked since", at.to_string()),
        ];
        let sentence = "Revoked. Relying parties learn it from the next CRL of its issuer.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}

impl Revoke {
    /// Why; nothing if the quorum says it.
    const fn reason(&self) -> Option<Reason> {
        match self.reason {
            Later::ByQuorum => None,
            Later::Is(reason) => Some(reason),
        }
    }

    /// Finds what is wrong with it, and tells the ledger of the revocation that will be there.
    fn plan(&self, spec: &Spec, scope: &mut Scope<'_>) -> Option<()> {
        let window = scope.setting.window;
        let serial = match &self.which {
            Which::Certificate(fixed) => SerialNumber::from_hex(&fixed.serial).ok()?,
            Which::Chosen(Chosen::ByQuorum) => {
                // What is chosen is one of those that are known; here the first stands for it.
                let first =
                    choices(&scope.ledger, self.issuer_sha256).first().map(|issued| issued.serial.clone());
                let Some(first) = first else {
                    scope.wrong(format!("{} has no certificate that could be revoked", self.issuer));
                    return None;
                };
                SerialNumber::from_der_content(&first).ok()?
            }
        };
        let issued = scope.ledger.issued_under(self.issuer_sha256, &serial)?.clone();
        let known = scope.setting.policy;
        if let Which::Certificate(_) = self.which {
            for message in unfit(&issued, self.reason(), known) {
                scope.problems.add(spec.reason.place, message);
            }
        }
        let place = spec.effective.as_ref().map_or(spec.reason.place, |when| when.place);
        for message in untimely(&issued, self.effective.at(window.from), window.from) {
            scope.problems.add(place, message);
        }
        let reason = self.reason().unwrap_or(Reason::KeyCompromise);
        let step = scope.step_number().to_owned();
        let revocation = Revocation { serial, at: self.effective.at(window.from), reason };
        scope.ledger.revoke_here(RevokedHere {
            step,
            issuer: self.issuer_sha256,
            revocation,
            effective: self.effective,
            serial_is_open: matches!(self.which, Which::Chosen(_)),
            reason_is_open: self.reason().is_none(),
        });
        Some(())
    }

    /// The ledger knows of the revocation, and the log of the CRLs that count for nothing without it.
    fn learn(&self, revocation: Revocation, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let reason = format!("the revocation of {}", revocation.serial);
        room.ledger.revoke_here(RevokedHere {
            step: room.stage.step_number(),
            issuer: self.issuer_sha256,
            effective: When::At(revocation.at),
            revocation,
            serial_is_open: false,
            reason_is_open: false,
        });
        sealed::supersede(self.issuer_sha256, &reason, room)
    }

    /// Learns of a certificate that the log does not know, from the input that brings it.
    fn meet(&self, ledger: &mut Ledger, octets: impl FnOnce(&str) -> Option<Vec<u8>>) {
        let Which::Certificate(Fixed { input: Some(name), .. }) = &self.which else { return };
        // An input that cannot be read was no part of the plan.
        if let Some(Ok(der)) = octets(name).map(|octets| given_key::one_structure(&octets, &["CERTIFICATE"]))
        {
            ledger.meet(name, &der);
        }
    }

    /// Who approves: one officer what the script says, the whole quorum what it leaves to them.
    fn people(&self, room: &Room<'_, '_>) -> Result<Vec<Person>, StepError> {
        let first = approver(room)?;
        if self.reason().is_some() && matches!(self.which, Which::Certificate(_)) {
            return Ok(vec![first]);
        }
        let wanted = room.setting.people.quorum.get("crypto-officer").copied().unwrap_or(1);
        let officers = room.stage.present().iter().filter(|person| person.role == "crypto-officer");
        let people: Vec<Person> = officers.take(wanted).cloned().collect();
        if people.len() < wanted {
            return Err(StepError::Quorum { role: "crypto-officer".into(), present: people.len(), wanted });
        }
        Ok(people)
    }

    /// The serial number and the reason, as the script says or the first of the quorum.
    fn choose(
        &self,
        people: &[Person],
        room: &mut Room<'_, '_>,
    ) -> Result<(SerialNumber, Reason), StepError> {
        let missing = || StepError::Quorum { role: "crypto-officer".into(), present: 0, wanted: 1 };
        let first = people.first().ok_or_else(missing)?;
        let unknown = |text: &str| StepError::Revocation(format!("`{text}` is no serial number"));
        let serial = match &self.which {
            Which::Certificate(fixed) => fixed.serial.clone(),
            Which::Chosen(Chosen::ByQuorum) => {
                let known = choices(room.ledger, self.issuer_sha256);
                let lines = known
                    .iter()
                    .map(|one| Line::new(one.called(), crate::digest::hex(&one.serial)))
                    .collect();
                let serials = known.iter().map(|one| crate::digest::hex(&one.serial)).collect();
                let sentence = format!("Which certificate of {} is revoked?", self.issuer);
                room.stage.question(first.clone(), sentence, lines, Expected::OneOf(serials))?
            }
        };
        let number = SerialNumber::from_hex(&serial).map_err(|_| unknown(&serial))?;
        if let Some(reason) = self.reason() {
            return Ok((number, reason));
        }
        let names = REASONS.map(|reason| reason.name().to_owned()).to_vec();
        let typed =
            room.stage.question(first.clone(), "Why is it revoked?", Vec::new(), Expected::OneOf(names))?;
        let reason = REASONS.iter().find(|reason| reason.name() == typed);
        Ok((number, *reason.ok_or_else(|| StepError::Revocation(format!("`{typed}` is no reason")))?))
    }

    /// Everyone of the quorum sees what dies, and allows it by an exact word; the record that says so.
    fn approve(
        &self,
        people: &[Person],
        issued: &Issued,
        revocation: &Revocation,
        event: &Event,
        room: &mut Room<'_, '_>,
    ) -> Result<u64, StepError> {
        let sha256 = Digest::of(event.name_and_data().1.to_string().as_bytes());
        let mut lines = vec![
            Line::new("certificate", issued.called()),
            Line::new("issuer", self.issuer.clone()),
            Line::new("serial number", revocation.serial.to_string()),
            Line::new("reason", revocation.reason.name()),
            Line::new("revoked since", revocation.at.to_string()),
        ];
        let loss = loss(room.ledger, self.issuer_sha256, &revocation.serial);
        lines.extend(loss.said().into_iter().map(|(what, which)| Line::new(what, which)));
        lines.push(Line::new("revocation, SHA-256", sha256.to_string()));
        let (kind, approvers) =
            ("revocation".to_owned(), people.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
        let mut signatures = Vec::new();
        for person in people {
            let sentence = "Revoke this certificate? It cannot be undone.";
            let what = ToApprove { kind: &kind, sha256, word: "revoke" };
            match room.stage.approval(person, sentence, &lines, what) {
                Ok(signed) => signatures.extend(signed),
                Err(error) => {
                    if matches!(error, StageError::NoAnswer(_)) {
                        let (reason, approvers) = (error.to_string(), vec![person.id.clone()]);
                        room.stage
                            .record_by(person, Event::RequestRejected { kind, sha256, reason, approvers })?;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(room.stage.record(Event::RequestApproved { kind, sha256, approvers, signatures })?)
    }
}

fn event(issued: &Issued, revocation: &Revocation) -> Result<Event, StepError> {
    let issuer = issued
        .issuer_spki_sha256
        .ok_or_else(|| StepError::Revocation(format!("nothing says which key issued {}", issued.called())))?;
    Ok(Event::CertRevoked {
        sha256: issued.sha256,
        issuer_spki_sha256: issuer,
        serial: revocation.serial.to_string(),
        reason: revocation.reason.name().to_owned(),
        effective: revocation.at,
    })
}

/// What the log says that this step revoked before an interruption.
fn before(room: &Room<'_, '_>) -> Option<Revocation> {
    let step = room.stage.step_number();
    let record = room.stage.past().find("cert.revoked", |record| record.step.as_deref() == Some(&step))?;
    Some(Revocation {
        serial: SerialNumber::from_hex(record.text("serial")?).ok()?,
        at: record.text("effective")?.parse().ok()?,
        reason: record.text("reason")?.parse().ok()?,
    })
}

/// The issuer's name by digest, and which certificate the words mean.
fn which(spec: &Spec, scope: &mut Scope<'_>) -> Option<(Digest, Which)> {
    match (&spec.certificate, &spec.issuer, &spec.serial) {
        (Some(name), None, None) => named(name, scope),
        (None, Some(issuer), Some(serial)) => by_serial(issuer, serial, scope),
        _ => {
            scope.wrong("found other fields, wanted either `certificate`, or `issuer` and `serial`");
            None
        }
    }
}

/// A certificate by its name: of the ceremony, of the log, or an input.
fn named(name: &Located<Id>, scope: &mut Scope<'_>) -> Option<(Digest, Which)> {
    let text = name.value.as_str();
    let mut input = None;
    if scope.ledger.certificate(text).is_none() && scope.input(text).is_some() {
        let given = scope.required_input(name)?;
        let der = given_key::one_structure(&given.octets, &["CERTIFICATE"]);
        let met = der.and_then(|der| {
            let known = scope.ledger.meet(text, &der);
            known.then_some(()).ok_or_else(|| "no CA of this ceremony or its log issued it".to_owned())
        });
        if let Err(why) = met {
            scope.problems.add(name.place, format!("certificate `{text}` ({}): {why}", given.file));
            return None;
        }
        input = Some(text.to_owned());
    }
    let sha256 = scope.ledger.certificate(text).map(|known| Digest::of(&known.der));
    let meant = |one: &&Issued| sha256.map_or(one.name == text, |sha256| one.sha256 == Some(sha256));
    let found: Vec<Issued> = scope.ledger.all_issued().filter(meant).cloned().collect();
    match found.as_slice() {
        [one] => Some((one.issuer_sha256, fixed(one, input, &scope.ledger)?)),
        [] => scope.certificate(name).and(None),
        several => {
            let serials: Vec<String> = several.iter().map(|one| crate::digest::hex(&one.serial)).collect();
            let message = format!(
                "the log has {} certificates of the name `{text}`, with the serial numbers {}; wanted `issuer` and `serial`",
                several.len(),
                serials.join(", ")
            );
            scope.problems.add(name.place, message);
            None
        }
    }
}

/// A certificate by its serial number, which the log has to know: one wrong digit would leave the right one valid.
fn by_serial(
    issuer: &Located<Id>,
    serial: &Located<Later<SerialNumber>>,
    scope: &mut Scope<'_>,
) -> Option<(Digest, Which)> {
    let known = scope.issuer(issuer).filter(|known| !is_stand_in(&known.name))?;
    let name = subject_sha256(&known, issuer.place, scope)?;
    let Later::Is(number) = &serial.value else { return Some((name, Which::Chosen(Chosen::ByQuorum))) };
    let Some(issued) = scope.ledger.issued_under(name, number).cloned() else {
        let message = format!(
            "`{}` has issued nothing with the serial number {number} that the log knows; wanted one of the log, or \
             `certificate` with an input that is the certificate itself",
            known.name
        );
        scope.problems.add(serial.place, message);
        return None;
    };
    Some((name, fixed(&issued, None, &scope.ledger)?))
}

fn fixed(issued: &Issued, input: Option<String>, ledger: &Ledger) -> Option<Which> {
    let serial = SerialNumber::from_der_content(&issued.serial).ok()?;
    let loss = loss(ledger, issued.issuer_sha256, &serial);
    Some(Which::Certificate(Fixed { name: issued.called(), serial: serial.to_string(), input, loss }))
}

/// What a script says where the people in the room decide.
const BY_QUORUM: &str = "by-quorum";

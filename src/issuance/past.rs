//! What an interrupted ceremony left of keys and signatures: taken in again, adopted after every check, or given up.
//!
//! The rules of this file:
//! - What the log says was signed is read back from the disk, compared with the plan and verified once more.
//! - What was signed and stored, and is not in the log, is adopted if it is what the intent announced.
//! - A signature that is nowhere is given up for good: its serial number is burned and never signed again.
//! - A key pair without its record is adopted whole, by an officer's word; otherwise it is destroyed by the quorum.

use std::io::{BufRead as _, BufReader, Read};

use super::chain::{self, Found, Verified};
use super::issue::{Drawn, Order};
use super::key::{KeyOrder, generated};
use super::series::{Series as _, SeriesOrder};
use super::{IssuanceError, Key};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::{Call, Entry, KeyId};
use crate::pki::{PublicKey, SerialNumber, Signable};
use crate::stage::{
    ActSignature, ArtifactPlace, Event, Line, NoAnswer, Notice, PastRecord, Person, Stage, StageError,
    ToApprove,
};

/// What was drawn for an order, and what came of it.
type Issued<O> = (Drawn, Verified<<O as Order>::Structure>);

/// Something that the log says was issued.
pub(super) fn issued<O: Order>(order: &O, stage: &mut Stage<'_>) -> Result<Option<Issued<O>>, IssuanceError> {
    let place = order.place();
    let Some((record, sha256)) = stage.handed_over(&place)? else { return Ok(None) };
    let intent = record.closes.and_then(|seq| stage.past().records().iter().find(|other| other.seq == seq));
    let drawn = drawn(intent.unwrap_or(&record), &place.name)?;
    let found = Found::new(&place.name, order.draft(&drawn)?, order.algorithm()?, order.along())?;
    let mut stored = stage.stored(place.kind, sha256)?;
    let verified = found.verify(&order.planned(&drawn)?, &order.key().public, &mut *stored, sha256)?;
    Ok(Some((drawn, verified)))
}

/// Settles the intent of an interrupted signature: what is stored is adopted; what is not is given up.
pub(super) fn settle<O: Order>(order: &O, stage: &mut Stage<'_>) -> Result<Option<Issued<O>>, IssuanceError> {
    let place = order.place();
    if let Some(intent) = stage.take_open_intent(is_signature) {
        let (found, is_stored) = match find(order, &intent, stage)? {
            Some(found) => (Some(found), true),
            None => (find_outcome(order, &intent, stage)?, false),
        };
        if let Some((drawn, verified)) = found {
            let result = |artifact| order.result(&drawn, artifact);
            let mut whole = verified.whole().reader();
            let made: Option<&mut dyn Read> = if is_stored { None } else { Some(&mut whole) };
            stage.adopt(&place, verified.sha256(), made, intent.seq, result)?;
            let sentence = "It was signed before the interruption. It was read back, compared and verified, and is taken.";
            let lines = vec![
                Line::new("artifact", place.name.clone()),
                Line::new("SHA-256", verified.sha256().to_string()),
            ];
            stage.show(&Notice::Done { sentence: sentence.into(), lines });
            return Ok(Some((drawn, verified)));
        }
        let reason = "interrupted; there is no artifact, whether or not the token signed".to_owned();
        stage.record_closing(Event::SignAborted { reason }, intent.seq)?;
    }
    if !stage.past().records().is_empty() {
        stage.void_leftovers("signed before an interruption, and named by no record")?;
        burn(stage)?;
    }
    Ok(None)
}

/// A series that the log says was issued.
pub(super) fn issued_series<O: SeriesOrder>(
    order: &O,
    list: &ArtifactPlace,
    stage: &mut Stage<'_>,
) -> Result<Option<(Drawn, Digest)>, IssuanceError> {
    let Some((record, artifact)) = stage.past().artifact(list.kind, &list.name) else { return Ok(None) };
    let (record, sha256) = (record.clone(), artifact.sha256);
    let drawn = drawn(&record, &list.name)?;
    let series = order.ready(&drawn)?;
    let wrong = |why| IssuanceError::Unreadable { name: list.name.clone(), why };
    let count = series.count();
    stage.recall_series(count);
    // Each was verified before the list was logged, and is still what the list says: which is read line by line.
    let mut named = 0;
    for line in BufReader::new(stage.stored(list.kind, sha256)?).lines() {
        let member = line.ok().and_then(|line| line.parse().ok());
        let member: Digest = member.ok_or_else(|| wrong("a line of its list is no digest".to_owned()))?;
        if named < count {
            stage.handed_over_in_batch(&series.place(named), member, record.seq)?;
        }
        named += 1;
    }
    if named != count {
        return Err(wrong(format!("its list names {named}, the plan {count}")));
    }
    stage.handed_over(list)?;
    Ok(Some((drawn, sha256)))
}

/// Gives up a series that was interrupted: all of it is signed anew, and what was stored of it counts for nothing.
pub(super) fn settle_series(stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    if let Some(intent) = stage.take_open_intent(is_signature) {
        let reason = "interrupted; the series is signed anew as a whole".to_owned();
        stage.record_closing(Event::SignAborted { reason }, intent.seq)?;
    }
    if !stage.past().records().is_empty() {
        stage.void_leftovers("one of a series that was interrupted")?;
    }
    Ok(())
}

/// The time for which a CRL or a request was drafted whose signature was lost in this step.
pub(super) fn lost_time(stage: &Stage<'_>) -> Option<Timestamp> {
    let step = Some(stage.step_number());
    let of_step = |record: &&PastRecord| record.ev == "crl.sign.intent" && record.step == step;
    let lost = stage.past().records().iter().rev().find(of_step)?;
    lost.text("this_update")?.parse().ok()
}

/// A key that the log says was generated: its id and its public key as it was kept.
pub(super) fn made(
    order: &KeyOrder<'_>,
    stage: &Stage<'_>,
) -> Result<Option<(KeyId, PublicKey)>, IssuanceError> {
    let of_key = |record: &PastRecord| {
        record.text("token") == Some(order.token) && record.text("label") == Some(order.name)
    };
    let Some(record) = stage.past().find("key.generated", of_key) else { return Ok(None) };
    let wrong = |why: String| IssuanceError::Key { name: order.name.to_owned(), why };
    let id = record.text("id").and_then(|id| id.parse().ok());
    let id: KeyId = id.ok_or_else(|| wrong("its record has no id".into()))?;
    let sha256 = record.digest("spki_sha256").ok_or_else(|| wrong("its record has no digest".into()))?;
    let public = PublicKey::from_spki_der(&stage.kept(sha256)?).map_err(|error| wrong(error.to_string()))?;
    Ok(Some((id, public)))
}

/// Settles every attempt at a key that its record does not follow, by what is on the token.
pub(super) fn settle_key(
    order: &KeyOrder<'_>,
    stage: &mut Stage<'_>,
) -> Result<Option<(KeyId, PublicKey)>, IssuanceError> {
    let of_key = |record: &PastRecord| {
        record.ev == "key.generate.intent"
            && record.text("label") == Some(order.name)
            && record.text("token") == Some(order.token)
    };
    let attempts: Vec<PastRecord> =
        stage.past().records().iter().filter(|record| of_key(record)).cloned().collect();
    if attempts.is_empty() {
        return Ok(None);
    }
    let open = stage.take_open_intent(of_key).map(|intent| intent.seq);
    let mut found = None;
    for attempt in attempts {
        let is_open = open == Some(attempt.seq);
        found = settle_attempt(order, &attempt, is_open, stage)?.or(found);
    }
    Ok(found)
}

/// Settles one attempt. The log says of one that failed that it came to nothing, and its module may have died with it:
/// what is left of that is never adopted.
fn settle_attempt(
    order: &KeyOrder<'_>,
    attempt: &PastRecord,
    is_open: bool,
    stage: &mut Stage<'_>,
) -> Result<Option<(KeyId, PublicKey)>, IssuanceError> {
    let wrong = |why: &str| IssuanceError::Key { name: order.name.to_owned(), why: why.to_owned() };
    let id: KeyId =
        attempt.text("id").and_then(|id| id.parse().ok()).ok_or_else(|| wrong("its intent has no id"))?;
    let inventory = stage.inventory(order.token)?;
    let ours: Vec<&Entry> = inventory.entries.iter().filter(|entry| entry.id == id.octets()).collect();
    let nameless =
        inventory.entries.iter().filter(|entry| entry.id.is_empty() && entry.label.is_empty()).count();
    if inventory.unreadable + nameless > 0 {
        return Err(IssuanceError::Spoiled {
            token: order.token.to_owned(),
            unreadable: inventory.unreadable,
            nameless,
        });
    }
    let objects = ours.len();
    if objects > 0
        && is_open
        && let Some(found) = adopt_key(order, &id, attempt, stage)?
    {
        return Ok(Some(found));
    }
    let residue = if objects > 0 {
        format!("{} objects, destroyed", destroy_key(order, &id, objects, stage)?)
    } else {
        "nothing is on the token".to_owned()
    };
    if is_open {
        stage.record_closing(Event::ActFailed { error: "interrupted".into(), residue }, attempt.seq)?;
    } else if objects > 0 {
        let text =
            format!("`{}` on `{}`, id {id}, record {}: {residue}", order.name, order.token, attempt.seq);
        stage.record(Event::LogNote { text })?;
    }
    Ok(None)
}

/// A whole pair that is as it was ordered, if an officer wants it.
fn adopt_key(
    order: &KeyOrder<'_>,
    id: &KeyId,
    intent: &PastRecord,
    stage: &mut Stage<'_>,
) -> Result<Option<(KeyId, PublicKey)>, IssuanceError> {
    let Ok(description) = stage.key(order.token, id) else { return Ok(None) };
    let Ok(result) = generated(order, id, &description) else { return Ok(None) };
    let public = description.public_key;
    if public.algorithm() != Some(order.algorithm) {
        return Ok(None);
    }
    let sha256 = public.spki_sha256();
    let lines = vec![
        Line::new("key", order.name),
        Line::new("token", order.token),
        Line::new("id", id.to_string()),
        Line::new("SPKI SHA-256", sha256.to_string()),
        Line::new("in words", sha256.words()),
    ];
    let Some(officer) = officers(stage).into_iter().next() else { return Err(IssuanceError::NoOfficers) };
    let sentence = "The key pair was made before the interruption, whole and as ordered. Is it taken? `no`: it is destroyed.";
    let what = ToApprove { kind: "adoption", sha256, word: "adopt" };
    match stage.approval(&officer, sentence, &lines, what) {
        Ok(signed) => keep_signature(&officer, what, signed, stage)?,
        Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    stage.keep(public.spki_der())?;
    stage.record_closing(result, intent.seq)?;
    Ok(Some((id.clone(), public)))
}

/// A signature that allows what has no record of its own for it.
fn keep_signature(
    officer: &Person,
    what: ToApprove<'_>,
    signed: Option<ActSignature>,
    stage: &mut Stage<'_>,
) -> Result<(), StageError> {
    let Some(signature) = signed else { return Ok(()) };
    let (kind, approvers) = (what.kind.to_owned(), vec![officer.id.clone()]);
    let event = Event::RequestApproved { kind, sha256: what.sha256, approvers, signatures: vec![signature] };
    stage.record_by(officer, event).map(drop)
}

/// What is on the token of an interrupted key goes, by the word of every officer of the quorum; how many objects.
fn destroy_key(
    order: &KeyOrder<'_>,
    id: &KeyId,
    objects: usize,
    stage: &mut Stage<'_>,
) -> Result<usize, IssuanceError> {
    let threshold = stage.threshold(order.token)?.max(1);
    let officers = officers(stage);
    if officers.len() < threshold {
        return Err(IssuanceError::NoOfficers);
    }
    for officer in officers.into_iter().take(threshold) {
        let lines = vec![
            Line::new("key", order.name),
            Line::new("token", order.token),
            Line::new("id", id.to_string()),
            Line::new("objects", objects.to_string()),
        ];
        let sentence = "What an interruption left of this key will be destroyed, and the key made anew.";
        let sha256 = Digest::of(format!("`{}` on `{}`, id {id}", order.name, order.token).as_bytes());
        let what = ToApprove { kind: "destruction", sha256, word: "destroy" };
        let signed = stage.approval(&officer, sentence, &lines, what)?;
        keep_signature(&officer, what, signed, stage)?;
        let text =
            format!("`{}` on `{}`, id {id}: {} lets it be destroyed", order.name, order.token, officer.id);
        stage.record_by(&officer, Event::LogNote { text })?;
    }
    // A power failure from here on finds the same attempt, and fewer objects or none.
    Ok(stage.destroy_remains(order.token, id)?)
}

/// Settles the intent of an interrupted proof: its signature is lost, and proves nothing to anybody.
pub(super) fn settle_proof(key: &Key, stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    let spki_sha256 = key.public.spki_sha256();
    let of_key = |record: &PastRecord| {
        record.ev == "key.proof.intent" && record.digest("spki_sha256") == Some(spki_sha256)
    };
    if let Some(intent) = stage.take_open_intent(of_key) {
        let error = "interrupted".to_owned();
        let residue = "a signature over the proof's text, or none".to_owned();
        stage.record_closing(Event::ActFailed { error, residue }, intent.seq)?;
    }
    Ok(())
}

/// Whether the log says that a key proved itself.
pub(super) fn is_proved(spki_sha256: Digest, stage: &Stage<'_>) -> bool {
    stage.past().find("key.proved", |record| record.digest("spki_sha256") == Some(spki_sha256)).is_some()
}

/// Burns every serial number of the current step that an intent announced and no certificate came of.
fn burn(stage: &mut Stage<'_>) -> Result<(), IssuanceError> {
    let step = Some(stage.step_number());
    let lost = |intent: &PastRecord, signed: bool| intent.step == step && !signed;
    for serial in burn_where(&lost, "interrupted", stage)? {
        let lines = vec![Line::new("serial number", serial)];
        let sentence =
            "A signature was interrupted. Its serial number is burned; the certificate gets a new one.";
        stage.show(&Notice::Done { sentence: sentence.into(), lines });
    }
    Ok(())
}

/// Burns the serial numbers of a ceremony that ends before its time: of every certificate that does not count. `kept`: those
/// that were signed do.
///
/// # Errors
///
/// [`StageError`] if it could not be recorded.
pub fn burn_serials(kept: bool, stage: &mut Stage<'_>) -> Result<(), StageError> {
    burn_where(&|_, signed| !(kept && signed), "given up", stage)?;
    Ok(())
}

/// Burns the serial numbers of intents: each once. `which`: the intent, and whether a certificate came of it.
fn burn_where(
    which: &dyn Fn(&PastRecord, bool) -> bool,
    why: &str,
    stage: &mut Stage<'_>,
) -> Result<Vec<String>, StageError> {
    let lost: Vec<PastRecord> = {
        let past = stage.past();
        let intents = past.records().iter().filter(|record| record.ev == "cert.sign.intent");
        let signed =
            |intent: &PastRecord| past.result_of(intent).is_some_and(|result| result.ev == "cert.signed");
        intents.filter(|intent| which(intent, signed(intent))).cloned().collect()
    };
    let mut burned = Vec::new();
    for intent in lost {
        let (Some(issuer_spki_sha256), Some(serial)) =
            (intent.digest("issuer_spki_sha256"), intent.text("serial").map(str::to_owned))
        else {
            continue;
        };
        let of_serial = |record: &PastRecord| record.text("serial") == Some(&serial);
        if stage.past().find("serial.burned", of_serial).is_some() {
            continue;
        }
        let why = format!("the certificate of record {} was {why}", intent.seq);
        stage.record(Event::SerialBurned { issuer_spki_sha256, serial: serial.clone(), why })?;
        burned.push(serial);
    }
    Ok(burned)
}

/// The artifact that an intent announced, if it lies on the disk whole, as planned and well signed.
fn find<O: Order>(
    order: &O,
    intent: &PastRecord,
    stage: &Stage<'_>,
) -> Result<Option<Issued<O>>, IssuanceError> {
    let name = order.place().name;
    let drawn = drawn(intent, &name)?;
    let found = Found::<O::Structure>::new(&name, order.draft(&drawn)?, order.algorithm()?, order.along())?;
    if Some(found.to_be_signed()) != intent.digest("tbs_sha256") {
        return Ok(None);
    }
    let (planned, key) = (order.planned(&drawn)?, &order.key().public);
    for leftover in stage.leftovers()? {
        let mut stored = stage.leftover(&leftover)?;
        if let Ok(verified) = found.verify(&planned, key, &mut *stored, leftover.artifact.sha256) {
            return Ok(Some((drawn, verified)));
        }
    }
    Ok(None)
}

/// The signature that the module finished after the program had died, if it is one over what the intent announced.
fn find_outcome<O: Order>(
    order: &O,
    intent: &PastRecord,
    stage: &Stage<'_>,
) -> Result<Option<Issued<O>>, IssuanceError> {
    let (Some(sha256), Some(id)) = (intent.digest("tbs_sha256"), order.key().id.as_ref()) else {
        return Ok(None);
    };
    let (algorithm, name) = (order.algorithm()?, order.place().name);
    let drawn = drawn(intent, &name)?;
    let drafted = order.draft(&drawn)?;
    let entries = |source| IssuanceError::Entries { name: name.clone(), source };
    let (heard, found) = chain::heard(algorithm, &drafted).map_err(entries)?;
    if found != sha256 {
        return Ok(None);
    }
    let wanted = match heard.signable() {
        Ok(Signable::Digest(_, octets, _) | Signable::Pss(_, octets, _)) => octets,
        Ok(Signable::Message(_)) => sha256.octets().as_slice(),
        Err(_) => return Ok(None),
    };
    let found = Found::<O::Structure>::new(&name, drafted, algorithm, order.along())?;
    let (planned, key) = (order.planned(&drawn)?, &order.key().public);
    for outcome in stage.outcomes() {
        let (Call::Sign { id: by, hash, octets }, Ok(signature)) = (&outcome.call, &outcome.result) else {
            continue;
        };
        if by != id || *hash != algorithm.hash() || octets != wanted {
            continue;
        }
        let whole = found.whole(signature);
        let sha256 = whole.sha256().map_err(entries)?;
        if let Ok(verified) = found.verify(&planned, key, &mut whole.reader(), sha256) {
            return Ok(Some((drawn, verified)));
        }
    }
    Ok(None)
}

/// What was drawn for an intent, as far as its record says it. Where the record has no time of the structure's own, the
/// structure has none that depends on it.
fn drawn(intent: &PastRecord, name: &str) -> Result<Drawn, IssuanceError> {
    let unreadable = |why: String| IssuanceError::Unreadable { name: name.to_owned(), why };
    let said = intent.text("not_before").or_else(|| intent.text("this_update"));
    let at = said.and_then(|text| text.parse().ok()).unwrap_or(intent.at);
    let serial = match intent.text("serial") {
        Some(serial) => SerialNumber::from_hex(serial).map_err(|error| unreadable(error.to_string()))?,
        None => SerialNumber::from_random([0; 16]),
    };
    Ok(Drawn { at, serial })
}

fn is_signature(record: &PastRecord) -> bool {
    record.ev.ends_with(".sign.intent")
}

fn officers(stage: &Stage<'_>) -> Vec<crate::stage::Person> {
    stage.present().iter().filter(|person| person.role == "crypto-officer").cloned().collect()
}

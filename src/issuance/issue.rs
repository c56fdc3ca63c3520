//! An order walked through the chain: the same for everything that is ever signed.
//!
//! Drawn, drafted, judged, logged, approved, kept, intent, signed, read back, compared, verified, stored,
//! logged. A failure after the intent leaves `act.failed` and a serial number that is never used again.

use super::chain::{Approved, Checked, Draft, Judged, Verified, ask_to_sign};
use super::ledger::{Key, Ledger};
use super::statement::Statement;
use super::structure::{Structure, ToBeSigned};
use super::{IssuanceError, Policy};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::pki::build::Streamed;
use crate::pki::{SerialNumber, SignatureAlgorithm};
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Batch, Event, Line, Person, Stage};

/// What is known only at the moment of signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The ceremony's time.
    pub at: Timestamp,
    /// The serial number, where the structure has one.
    pub serial: SerialNumber,
}

/// Under which terms something is signed.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'t> {
    /// Which rules apply.
    pub policy: Policy,
    /// Who approves.
    pub approver: &'t Person,
}

/// Something to be issued, complete but for what is drawn.
pub trait Order {
    /// What kind of structure it is.
    type Structure: Structure;

    /// What it becomes and where that belongs.
    fn place(&self) -> ArtifactPlace;
    /// The `kind` of its approval in the log.
    fn request_kind(&self) -> &'static str;
    /// The key that signs it.
    fn key(&self) -> &Key;
    /// The octets to be signed, by the first implementation.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Profile`] if the profile cannot say it.
    fn draft(&self, drawn: &Drawn) -> Result<Streamed, IssuanceError>;
    /// What it is to say, field by field, without building anything.
    ///
    /// # Errors
    ///
    /// As [`Order::draft`].
    fn planned(&self, drawn: &Drawn) -> Result<Statement, IssuanceError>;
    /// The fields of the statement that are holes of a plan, each with the hole's name.
    fn holes(&self) -> Vec<(String, String)>;
    /// The same order without most of what does not depend on the time of signing, for judging it at times after the
    /// earliest one; nothing if all of it is judged each time.
    fn for_later_times(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// Certificates that go along with the signature.
    fn along(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
    /// What the rules need from outside.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Unreadable`] if the issuer's certificate cannot be read.
    fn context<'c>(
        &'c self,
        drawn: &Drawn,
        policy: Policy,
        ledger: &'c Ledger,
    ) -> Result<Context<'c>, IssuanceError>;
    /// The intent in the log.
    fn intent(&self, drawn: &Drawn, to_be_signed: Digest) -> Event;
    /// The result in the log.
    fn result(&self, drawn: &Drawn, artifact: Artifact) -> Event;
}

/// An order that can be one of a batch: one intent and one result for all.
pub trait BatchOrder: Order<Structure: ToBeSigned> {
    /// The intent in the log, with the list of what is to be signed.
    fn batch_intent(&self, drawn: &Drawn, batch: Batch) -> Event;
    /// The result in the log: the artifact is the list of artifacts.
    fn batch_result(&self, drawn: &Drawn, artifact: Artifact, batch: Batch) -> Event;
}

/// Drafts an order and has every rule judge it: what signing begins with.
///
/// # Errors
///
/// [`IssuanceError`]: what the profile cannot say, and every objection.
pub fn draft_and_check<O: Order>(
    order: &O,
    drawn: &Drawn,
    policy: Policy,
    ledger: &Ledger,
) -> Result<Checked<O::Structure>, IssuanceError> {
    let algorithm = SignatureAlgorithm::for_key(&order.key().public);
    let context = order.context(drawn, policy, ledger)?;
    let checked = Draft::new(&order.place().name, order.draft(drawn)?).check(algorithm, &context)?;
    as_meant(order, drawn, checked.statement())?;
    Ok(checked)
}

/// Drafts an order and has every rule judge it: what planning does. It is the same but that nothing comes of it.
///
/// # Errors
///
/// As [`draft_and_check`].
pub fn draft_and_judge<O: Order>(
    order: &O,
    drawn: &Drawn,
    policy: Policy,
    ledger: &Ledger,
) -> Result<Judged<O::Structure>, IssuanceError> {
    let algorithm = SignatureAlgorithm::for_key(&order.key().public);
    let context = order.context(drawn, policy, ledger)?;
    let judged = Draft::new(&order.place().name, order.draft(drawn)?).judge(algorithm, &context)?;
    as_meant(order, drawn, judged.statement())?;
    Ok(judged)
}

/// What reads back has to be what was meant, before anyone is asked to approve it.
fn as_meant<O: Order>(order: &O, drawn: &Drawn, read: &Statement) -> Result<(), IssuanceError> {
    match order.planned(drawn)?.difference(read) {
        None => Ok(()),
        Some(difference) => Err(IssuanceError::Differs { name: order.place().name, difference }),
    }
}

/// Issues one thing.
///
/// # Errors
///
/// [`IssuanceError`]: rules, people, the token or the log refuse, or what was signed is not what was planned.
pub fn issue<O: Order>(
    order: &O,
    terms: Terms<'_>,
    ledger: &Ledger,
    stage: &mut Stage<'_>,
) -> Result<(Drawn, Verified<O::Structure>), IssuanceError> {
    let drawn = draw(order.key(), stage)?;
    let checked = draft_and_check(order, &drawn, terms.policy, ledger)?;
    // Warnings count as acknowledged once the person who saw them has approved.
    let lint = checked.lint_result(terms.policy);
    let approved = checked.approve(terms.approver, order.request_kind(), stage)?;
    stage.record(lint)?;
    let (place, key) = (order.place(), order.key());
    approved.prepare(&place, stage)?;
    let planned = order.planned(&drawn)?;
    let intent = order.intent(&drawn, approved.sha256());
    let approval = approved.approval();
    let verified = stage.act(&key.token, intent, Some(approval), |hands| {
        let signed = approved.sign(key, order.along(), hands)?;
        // It is read back from where it lies, and has its name only after it was verified: after a power failure there
        // may be a part that nobody takes for an artifact.
        let sha256 = hands.deposit(&place, &mut signed.octets().reader())?;
        let verified = signed.verify_stored(&planned, &key.public, &mut *hands.deposited()?, sha256)?;
        let artifact = hands.complete(&place)?;
        let result = order.result(&drawn, artifact);
        Ok::<_, IssuanceError>((verified, result))
    })?;
    Ok((drawn, verified))
}

/// Issues several things of one kind by one key: one approval, one intent, one result.
///
/// The records name the batch by its count and the digest of the list of digests: the intent of the to-be-signed
/// octets, the result of the artifacts. The list of artifacts is an artifact itself.
///
/// # Errors
///
/// As [`issue`].
pub fn issue_batch<O: BatchOrder>(
    orders: &[O],
    list: &ArtifactPlace,
    terms: Terms<'_>,
    ledger: &Ledger,
    stage: &mut Stage<'_>,
) -> Result<Drawn, IssuanceError> {
    let nothing = || IssuanceError::Unknown { what: "order for", name: list.name.clone() };
    let first = orders.first().ok_or_else(nothing)?;
    let key = first.key();
    let drawn = draw(key, stage)?;
    let mut checked = Vec::with_capacity(orders.len());
    for order in orders {
        checked.push(draft_and_check(order, &drawn, terms.policy, ledger)?);
    }
    let to_be_signed = list_of(checked.iter().map(Checked::sha256));
    let approval = approve_batch(orders, &checked, Digest::of(&to_be_signed), list, terms, stage)?;
    for one in &checked {
        stage.record(one.lint_result(terms.policy))?;
    }
    let mut approved = Vec::with_capacity(orders.len());
    for (order, one) in orders.iter().zip(checked) {
        let one: Approved<O::Structure> = one.approved_as_batch(approval);
        one.prepare(&order.place(), stage)?;
        approved.push((order, one));
    }
    let intent = first.batch_intent(&drawn, batch(orders.len(), &to_be_signed));
    stage.act(&key.token, intent, Some(approval), |hands| {
        let mut digests = Vec::with_capacity(approved.len());
        for (order, one) in approved {
            let signed = one.sign(key, order.along(), hands)?;
            let verified = signed.verify(&order.planned(&drawn)?, &key.public)?;
            digests.push(hands.store(&order.place(), verified.der())?.sha256);
        }
        let count = digests.len();
        let octets = list_of(digests.into_iter());
        let artifact = hands.store(list, &octets)?;
        Ok::<_, IssuanceError>(((), first.batch_result(&drawn, artifact, batch(count, &octets))))
    })?;
    Ok(drawn)
}

fn draw(key: &Key, stage: &mut Stage<'_>) -> Result<Drawn, IssuanceError> {
    let random = stage.random::<16>(&key.token)?;
    Ok(Drawn { at: stage.now(), serial: SerialNumber::from_random(*random) })
}

/// One approval for a batch: the fields of the first in full, then each one by its digest.
fn approve_batch<O: Order>(
    orders: &[O],
    checked: &[Checked<O::Structure>],
    sha256: Digest,
    list: &ArtifactPlace,
    terms: Terms<'_>,
    stage: &mut Stage<'_>,
) -> Result<u64, IssuanceError> {
    let mut lines = Vec::new();
    for (order, one) in orders.iter().zip(checked) {
        lines.push(Line::new("one of the batch", order.place().name));
        lines.extend(
            one.statement().fields().iter().map(|field| Line::new(field.name.clone(), field.value.clone())),
        );
        lines.extend(one.warnings().iter().map(|warning| Line::new("warning", warning.to_string())));
    }
    let name = format!("the OCSP responses `{}` ({} together)", list.name, orders.len());
    let kind = orders.first().map_or("ocsp", Order::request_kind);
    Ok(ask_to_sign(&name, sha256, lines, terms.approver, kind, stage)?)
}

fn list_of(digests: impl Iterator<Item = Digest>) -> Vec<u8> {
    let mut text = String::new();
    for digest in digests {
        text.push_str(&digest.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

fn batch(count: usize, list: &[u8]) -> Batch {
    Batch { count: u64::try_from(count).unwrap_or(u64::MAX), list_sha256: Digest::of(list) }
}

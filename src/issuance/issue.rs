//! An order walked through the chain: the same for everything that is ever signed.
//!
//! Drawn, drafted, judged, logged, approved, kept, intent, signed, read back, compared, verified, stored,
//! logged. A failure after the intent leaves `act.failed` and a serial number that is never used again.

use std::io;

use super::chain::{Checked, Draft, Judged, Verified};
use super::ledger::{Key, Ledger};
use super::statement::Statement;
use super::structure::Structure;
use super::{IssuanceError, Policy, past};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::pki::build::Streamed;
use crate::pki::{SerialNumber, SignatureAlgorithm};
use crate::progress::Work;
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Event, Person, Stage};

/// What is known only at the moment of signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The ceremony's time.
    pub at: Timestamp,
    /// The serial number, where the structure has one.
    pub serial: SerialNumber,
}

/// Under which terms something is signed.
#[derive(Clone, Copy)]
pub struct Terms<'t> {
    /// Which rules apply.
    pub policy: Policy,
    /// Who approves.
    pub approver: &'t Person,
    /// What people approved before the day.
    pub plan: &'t dyn ApprovedPlan,
}

/// The plan that people approved, as far as what is to be signed stands in it.
pub trait ApprovedPlan {
    /// What of a structure to be signed is not as the plan says it, outside its holes; nothing if all of it is.
    ///
    /// # Errors
    ///
    /// The system's, if the entries of a CRL cannot be read.
    fn difference(
        &self,
        place: &ArtifactPlace,
        says: &Statement,
        octets: &Streamed,
    ) -> io::Result<Option<String>>;

    /// What it says of a structure, field by field, its holes by their names; nothing if it does not show it.
    fn statement(&self, place: &ArtifactPlace) -> Option<&Statement> {
        let _ = place;
        None
    }
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
    /// With which algorithm it is signed: the profile's, or the one that the key demands.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Profile`] if the profile names one that the key cannot sign with.
    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError>;
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
    let (algorithm, context) = (order.algorithm()?, order.context(drawn, policy, ledger)?);
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
    let (algorithm, context) = (order.algorithm()?, order.context(drawn, policy, ledger)?);
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
    if let Some(done) = past::issued(order, stage)? {
        return Ok(done);
    }
    if let Some(adopted) = past::settle(order, stage)? {
        return Ok(adopted);
    }
    let drawn = draw_again(order, stage)?;
    let checked = judged(order, &drawn, terms.policy, ledger, stage)?;
    as_approved(terms.plan, &order.place(), &checked)?;
    // Warnings count as acknowledged once the person who saw them has approved.
    let lint = checked.lint_result(terms.policy);
    let approved =
        checked.approve(terms.approver, order.request_kind(), terms.plan.statement(&order.place()), stage)?;
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
        let sha256 = hands.deposit(&place, &mut signed.whole().counted(Work::EntriesWritten))?;
        let verified = signed.verify_stored(&planned, &key.public, &mut *hands.deposited()?, sha256)?;
        let artifact = hands.complete(&place)?;
        let result = order.result(&drawn, artifact);
        Ok::<_, IssuanceError>((verified, result))
    })?;
    Ok((drawn, verified))
}

/// What is drafted on the day has to be what was approved before it, but for the holes.
pub(super) fn as_approved<T: Structure>(
    plan: &dyn ApprovedPlan,
    place: &ArtifactPlace,
    checked: &Checked<T>,
) -> Result<(), IssuanceError> {
    let unreadable = |source| IssuanceError::Entries { name: place.name.clone(), source };
    match plan.difference(place, checked.statement(), checked.octets()).map_err(unreadable)? {
        None => Ok(()),
        Some(difference) => Err(IssuanceError::NotAsApproved { name: place.name.clone(), difference }),
    }
}

/// Drafts and judges; what rules object to is in the log before anyone is told.
fn judged<O: Order>(
    order: &O,
    drawn: &Drawn,
    policy: Policy,
    ledger: &Ledger,
    stage: &mut Stage<'_>,
) -> Result<Checked<O::Structure>, IssuanceError> {
    let judged = draft_and_check(order, drawn, policy, ledger);
    log_objections(&judged, policy, stage)?;
    judged
}

/// Logs what rules object to.
pub(super) fn log_objections<T>(
    judged: &Result<T, IssuanceError>,
    policy: Policy,
    stage: &mut Stage<'_>,
) -> Result<(), IssuanceError> {
    if let Err(IssuanceError::Objections { objections, tbs_sha256, passed, .. }) = &judged {
        let errors = objections.iter().filter(|objection| objection.is_error());
        stage.record(Event::LintResult {
            tbs_sha256: *tbs_sha256,
            policy: policy.to_string(),
            rules_passed: u64::try_from(*passed).unwrap_or(u64::MAX),
            // Nobody has been asked.
            warnings_acknowledged: Vec::new(),
            objections: errors.take(MOST_NAMED).map(|objection| objection.rule.to_string()).collect(),
        })?;
    }
    Ok(())
}

/// What is drawn for a structure: a new serial number always; the time of one that was lost where it has no serial
/// number, so that two CRLs of one number say the same.
fn draw_again<O: Order>(order: &O, stage: &mut Stage<'_>) -> Result<Drawn, IssuanceError> {
    let drawn = draw(order.key(), stage)?;
    Ok(match past::lost_time(stage) {
        Some(at) => Drawn { at, ..drawn },
        None => drawn,
    })
}

/// What is drawn at signing.
pub(super) fn draw(key: &Key, stage: &mut Stage<'_>) -> Result<Drawn, IssuanceError> {
    let random = stage.random::<16>(&key.token)?;
    Ok(Drawn { at: stage.now(), serial: SerialNumber::from_random(*random) })
}

/// Objections that one record names: a line of the log is 16 KiB.
const MOST_NAMED: usize = 100;

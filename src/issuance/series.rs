//! A series walked through the chain: many of one kind by one key, under one approval, between one intent and one result.
//!
//! The rules of this file:
//! - Every member is drafted, judged, compared with what was meant and kept before anyone is asked to approve.
//! - What people approve, and what the intent names, is the list of the digests of what is to be signed; on the way to the
//!   key each member is drafted once more and has to be the same octets.
//! - Every member is read back, compared and verified; not one is left out because its neighbours are good.
//! - Of members not at work only the digest is held. Several sessions work side by side where the token can do that.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::chain::{Approved, ApprovedList, CheckedList, Draft, ShownList, Signed};
use super::issue::{Drawn, Terms, as_approved, draw, log_objections};
use super::ledger::{Key, Ledger};
use super::side_by_side::in_order;
use super::statement::Statement;
use super::structure::{Structure, ToBeSigned};
use super::{Checked, IssuanceError, Policy, past};
use crate::digest::Digest;
use crate::hsm::Token;
use crate::pki::build::Streamed;
use crate::pki::{ManyVerifier, SignatureAlgorithm};
use crate::progress::{Counter, Work};
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Batch, Event, Hands, Line, Stage, StageError};

/// A series to be issued, complete but for what is drawn.
pub trait SeriesOrder {
    /// The series once everything is drawn.
    type Ready<'r>: Series
    where
        Self: 'r;

    /// The key that signs it.
    fn key(&self) -> &Key;
    /// The name of its list.
    fn name(&self) -> &str;
    /// The series with what was drawn.
    ///
    /// # Errors
    ///
    /// [`IssuanceError`]: what of it cannot be used.
    fn ready(&self, drawn: &Drawn) -> Result<Self::Ready<'_>, IssuanceError>;
}

/// A series with everything that is known at the moment of signing. Members go by their place in it, from nought.
pub trait Series: Sync {
    /// What kind of structure its members are.
    type Structure: Structure + Send;

    /// How many members there are.
    fn count(&self) -> usize;
    /// What a member becomes and where that belongs.
    fn place(&self, index: usize) -> ArtifactPlace;
    /// The `kind` of its approval in the log.
    fn request_kind(&self) -> &'static str;
    /// What people call it: `the OCSP responses`.
    fn words(&self) -> &'static str;
    /// What is counted when its members are judged, and when they are signed.
    fn work(&self) -> (Work, Work);
    /// With which algorithm all of them are signed: the profile's, or the one that the key demands.
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
    fn draft(&self, index: usize) -> Result<Streamed, IssuanceError>;
    /// What a member is to say, field by field, without building anything.
    ///
    /// # Errors
    ///
    /// As [`Series::draft`].
    fn planned(&self, index: usize) -> Result<Statement, IssuanceError>;
    /// Certificates that go along with each signature.
    fn along(&self) -> Vec<Vec<u8>>;
    /// What the rules need from outside.
    fn context<'c>(&'c self, policy: Policy, ledger: &'c Ledger) -> Context<'c>;
    /// The intent in the log, with the list of what is to be signed.
    fn intent(&self, batch: Batch) -> Event;
    /// The result in the log: the artifact is the list of artifacts, `last` the digest of the last of them.
    fn result(&self, artifact: Artifact, batch: Batch, last: Digest) -> Event;
    /// Signs, reads back, compares, verifies and stores every member, inside an act; the digest of the last: by
    /// [`sign_side_by_side`] or [`sign_one_by_one`].
    ///
    /// # Errors
    ///
    /// [`IssuanceError`]: what the token or the disk says, or how something is not what was planned.
    fn sign(
        &self,
        key: &Key,
        approved: &ApprovedList,
        hands: &mut Hands<'_>,
    ) -> Result<Digest, IssuanceError>;
}

/// Drafts a member and has every rule judge it: what planning does, and what signing begins with.
///
/// # Errors
///
/// [`IssuanceError`]: what the profile cannot say, and every objection.
pub fn check_member<S: Series>(
    series: &S,
    index: usize,
    context: &Context<'_>,
) -> Result<Checked<S::Structure>, IssuanceError> {
    let name = series.place(index).name;
    let algorithm = series.algorithm()?;
    let draft = Draft::<S::Structure>::new(&name, series.draft(index)?);
    let checked = draft.check(algorithm, context)?;
    // What reads back has to be what was meant, before anyone is asked to approve it.
    match series.planned(index)?.difference(checked.statement()) {
        None => Ok(checked),
        Some(difference) => Err(IssuanceError::Differs { name, difference }),
    }
}

/// Issues a series: one approval, one intent, one result.
///
/// The records name it by its count and the digest of the list of digests: the intent of the to-be-signed octets, the
/// result of the artifacts. The list of artifacts is an artifact itself, whose digest is returned too.
///
/// # Errors
///
/// [`IssuanceError`]: rules, people, the token or the log refuse, or what was signed is not what was planned.
pub fn issue_series<O: SeriesOrder>(
    order: &O,
    terms: Terms<'_>,
    ledger: &mut Ledger,
    stage: &mut Stage<'_>,
) -> Result<(Drawn, Digest), IssuanceError> {
    let key = order.key();
    let list = ArtifactPlace { kind: "list", name: order.name().to_owned() };
    if let Some(issued) = past::issued_series(order, &list, stage)? {
        return Ok(issued);
    }
    past::settle_series(stage)?;
    // Two CRLs of one number say the same: one that was lost may have come to somebody.
    let drawn = match past::lost_time(stage) {
        Some(at) => Drawn { at, ..draw(key, stage)? },
        None => draw_alone(key, ledger, stage)?,
    };
    let series = order.ready(&drawn)?;
    let count = series.count();
    if count == 0 {
        return Err(IssuanceError::Unknown { what: "member of", name: list.name });
    }
    stage.begin_series(count)?;
    let checked = check_all(&series, terms, ledger, stage);
    log_objections(&checked, terms.policy, stage)?;
    let mut checked = checked?;
    let to_be_signed = stage.keep_list()?;
    checked.lines.push(Line::new("together", count.to_string()));
    let name = format!("{} `{}` ({count} together)", series.words(), list.name);
    let (kind, lines) = (series.request_kind(), checked.lines);
    let shown = ShownList { name: &name, sha256: to_be_signed, lines, kind };
    let approved = checked.list.approve(shown, terms.approver, stage)?;
    // Warnings count as acknowledged once the person who saw them has approved.
    stage.record(Event::LintResult {
        tbs_sha256: to_be_signed,
        policy: terms.policy.to_string(),
        rules_passed: checked.passed,
        warnings_acknowledged: checked.warnings.into_iter().collect(),
        objections: Vec::new(),
    })?;
    let intent = series.intent(batch(count, to_be_signed));
    let sha256 = stage.act(&key.token, intent, Some(approved.approval()), |hands| {
        let last = series.sign(key, &approved, hands)?;
        let artifact = hands.store_list(&list).map_err(StageError::from)?;
        let result = series.result(artifact.clone(), batch(count, artifact.sha256), last);
        Ok::<_, IssuanceError>((artifact.sha256, result))
    })?;
    Ok((drawn, sha256))
}

/// Draws, at a second in which this key signed no other series: RSA signs the same octets in the same way, and the same
/// artifact twice could not be told apart.
fn draw_alone(key: &Key, ledger: &mut Ledger, stage: &mut Stage<'_>) -> Result<Drawn, IssuanceError> {
    let spki = key.public.spki_sha256();
    let mut drawn = draw(key, stage)?;
    for _ in 0..MOST_PAUSES {
        if ledger.last_series(spki) != Some(drawn.at) {
            break;
        }
        std::thread::sleep(PAUSE);
        drawn.at = stage.now();
    }
    ledger.signs_series(spki, drawn.at);
    Ok(drawn)
}

/// What is known of a series once every member was judged.
struct CheckedSeries {
    list: CheckedList,
    /// What people see of it: the first and the last member in full.
    lines: Vec<Line>,
    warnings: BTreeSet<String>,
    passed: u64,
}

/// Drafts, judges and keeps every member.
fn check_all<S: Series>(
    series: &S,
    terms: Terms<'_>,
    ledger: &Ledger,
    stage: &mut Stage<'_>,
) -> Result<CheckedSeries, IssuanceError> {
    let mut all = CheckedSeries {
        list: CheckedList::default(),
        lines: Vec::new(),
        warnings: BTreeSet::new(),
        passed: u64::MAX,
    };
    let count = series.count();
    let policy = terms.policy;
    let mut counter = Counter::new(series.work().0, Some(count as u64));
    let check = |(): &mut (), range: Range<usize>| {
        let context = series.context(policy, ledger);
        range.map(|index| check_member(series, index, &context)).collect::<Result<Vec<_>, _>>()
    };
    in_order(count, vec![(); processors(count)], check, |range, checked| {
        counter.add(range.len() as u64);
        for (index, one) in range.zip(&checked) {
            let place = series.place(index);
            as_approved(terms.plan, &place, one)?;
            stage.prepare_member(&place, one.sha256(), &mut one.octets().reader())?;
            all.list.add(one);
            all.passed = all.passed.min(one.rules_passed());
            all.warnings.extend(one.warnings().iter().map(|warning| warning.rule.to_string()));
            if index < SHOWN || index + 1 == count {
                all.show(series.place(index).name, one);
            }
        }
        Ok(())
    })?;
    Ok(all)
}

impl CheckedSeries {
    fn show<T: Structure>(&mut self, name: String, one: &Checked<T>) {
        self.lines.push(Line::new("one of the batch", name));
        let fields = one.statement().fields().iter();
        self.lines.extend(fields.map(|field| Line::new(field.name.clone(), field.value.clone())));
        self.lines.extend(one.warnings().iter().map(|warning| Line::new("warning", warning.to_string())));
    }
}

/// Signs, reads back, compares, verifies and stores every member, one after the other: each may be larger than memory.
///
/// # Errors
///
/// As [`Series::sign`].
pub fn sign_one_by_one<S: Series>(
    series: &S,
    key: &Key,
    approved: &ApprovedList,
    hands: &mut Hands<'_>,
) -> Result<Digest, IssuanceError> {
    let algorithm = series.algorithm()?;
    let mut last = Digest::of(&[]);
    let mut counter = Counter::new(series.work().1, Some(series.count() as u64));
    for index in 0..series.count() {
        let place = series.place(index);
        let one: Approved<S::Structure> =
            approved.admit(index, place.name.clone(), series.draft(index)?, algorithm)?;
        let signed = one.sign(key, series.along(), hands)?;
        let sha256 = hands
            .deposit(&place, &mut signed.whole().counted(Work::EntriesWritten))
            .map_err(StageError::from)?;
        let mut stored = hands.deposited().map_err(StageError::from)?;
        signed.verify_stored(&series.planned(index)?, &key.public, &mut *stored, sha256)?;
        drop(stored);
        last = hands.complete_member(&place).map_err(StageError::from)?;
        counter.add(1);
    }
    Ok(last)
}

/// Signs, reads back, compares, verifies and stores every member, by several sessions where the token can do that.
///
/// # Errors
///
/// As [`Series::sign`].
pub fn sign_side_by_side<S: Series>(
    series: &S,
    key: &Key,
    approved: &ApprovedList,
    hands: &mut Hands<'_>,
) -> Result<Digest, IssuanceError>
where
    S::Structure: ToBeSigned,
{
    let (token, mut shelf) = hands.parts();
    let mut last = Digest::of(&[]);
    let count = series.count();
    let mut others = if count < WORTH_MORE_SESSIONS { Vec::new() } else { beside(token, key)? };
    let mut sessions = vec![Session(token)];
    sessions.extend(others.iter_mut().map(|other| Session(&mut **other)));
    let along: Arc<[Vec<u8>]> = series.along().into();
    let algorithm = series.algorithm()?;
    let verifier = ManyVerifier::new(&key.public, algorithm, count);
    let mut counter = Counter::new(series.work().1, Some(count as u64));
    let sign = |Session(token): &mut Session<'_>, range: Range<usize>| {
        let drafts: Vec<Approved<S::Structure>> = range
            .clone()
            .map(|index| approved.admit(index, series.place(index).name, series.draft(index)?, algorithm))
            .collect::<Result<_, _>>()?;
        let signed = Approved::sign_many(drafts, key, &along, *token)?;
        let planned = range.map(|index| series.planned(index));
        let both: Vec<_> = signed
            .into_iter()
            .zip(planned)
            .map(|(one, planned)| Ok((one, planned?)))
            .collect::<Result<_, IssuanceError>>()?;
        Signed::verify_many(both, &verifier)
    };
    in_order(count, sessions, sign, |range, verified| {
        counter.add(range.len() as u64);
        for (index, one) in range.zip(&verified) {
            shelf.store_member(&series.place(index), one.der()).map_err(StageError::from)?;
            last = one.sha256();
        }
        Ok(())
    })?;
    Ok(last)
}

/// One of the sessions that sign side by side.
struct Session<'t>(&'t mut dyn Token);

fn beside(token: &mut dyn Token, key: &Key) -> Result<Vec<Box<dyn Token>>, IssuanceError> {
    token.beside().map_err(|error| super::key::token_error(&key.token, error))
}

/// How many threads are worth it.
fn processors(count: usize) -> usize {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    if count < WORTH_MORE_SESSIONS { 1 } else { all }
}

fn batch(count: usize, list_sha256: Digest) -> Batch {
    Batch { count: u64::try_from(count).unwrap_or(u64::MAX), list_sha256 }
}

/// From how many members on several sessions sign side by side.
const WORTH_MORE_SESSIONS: usize = 64;

/// How many members people see in full, beside the last one; all of them go by the list's digest.
const SHOWN: usize = 64;

/// How long the next second is waited for.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
const MOST_PAUSES: usize = 100;

//! Draft → Checked → Approved → Signed → Verified.
//!
//! The rules of this file:
//! - A draft is what reads back, not what was meant.
//! - A rule's objection ends it; warnings travel along and people acknowledge them.
//! - What is signed is the octets that were checked and approved: what the rules judged, what people approve by its
//!   digest and what the token signs is one reading.
//! - A signature is worth something once a second implementation has read the whole, found every field as
//!   planned, and verified it in software.

use std::io::{self, Read};
use std::marker::PhantomData;
use std::sync::Arc;

use super::statement::Statement;
use super::structure::{Assessed, Opened, Structure, ToBeSigned};
use super::{IssuanceError, Key, key};
use crate::digest::Digest;
use crate::hsm::{KeyId, Token};
use crate::pki::build::Streamed;
use crate::pki::read::ReadError;
use crate::pki::{
    Heard, ManyVerifier, Message, NamedMessage, PublicKey, Signable, SignatureAlgorithm, SignatureError,
};
use crate::progress::Work;
use crate::rule::{Context, Objection};
use crate::stage::{ArtifactPlace, Event, Hands, Line, Person, Stage, StageError, ToApprove};

/// A to-be-signed structure that nobody has judged.
#[derive(Clone, Debug)]
pub struct Draft<T> {
    name: String,
    octets: Streamed,
    of: PhantomData<T>,
}

impl<T: Structure> Draft<T> {
    /// What a builder wrote.
    pub fn new(name: &str, octets: Streamed) -> Self {
        Self { name: name.into(), octets, of: PhantomData }
    }

    /// Reads back what a builder wrote, for rules judge the octets, not the intent. Applies every rule and reports every
    /// objection, not just the first. `algorithm` is what the key will sign with.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Unreadable`] if the octets are not the DER of such a structure; [`IssuanceError::Objections`]
    /// with all that rules object to, if any of it is an error; [`IssuanceError::Unsignable`] if there is too much to be
    /// signed by this algorithm.
    pub fn check(
        self,
        algorithm: SignatureAlgorithm,
        context: &Context<'_>,
    ) -> Result<Checked<T>, IssuanceError> {
        let mut message = NamedMessage::signed_by(algorithm);
        let judged = self.judge_hearing(algorithm, context, &mut |octets| message.hear(octets))?;
        let Judged { name, octets, warnings, passed, statement, .. } = judged;
        let (heard, sha256) = message.end();
        if let Err(source) = heard.signable() {
            return Err(IssuanceError::Unsignable { name, source });
        }
        let material = Material { name, octets, heard, sha256, of: PhantomData };
        Ok(Checked { material, warnings, passed, statement })
    }

    /// As [`Draft::check`], for a plan: there is no way from here to a signature.
    ///
    /// # Errors
    ///
    /// As [`Draft::check`].
    pub fn judge(
        self,
        algorithm: SignatureAlgorithm,
        context: &Context<'_>,
    ) -> Result<Judged<T>, IssuanceError> {
        if let Err(source) = Message::may_have(algorithm, self.octets.len()) {
            return Err(IssuanceError::Unsignable { name: self.name, source });
        }
        self.judge_hearing(algorithm, context, &mut |_| ())
    }

    fn judge_hearing(
        self,
        algorithm: SignatureAlgorithm,
        context: &Context<'_>,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Result<Judged<T>, IssuanceError> {
        let name = self.name;
        let unreadable = |source| IssuanceError::Entries { name: name.clone(), source };
        let Assessed { assessment, statement } = T::assess(&self.octets, algorithm, context, heard)
            .map_err(|error| IssuanceError::Unreadable { name: name.clone(), why: error.to_string() })?;
        if assessment.has_error() {
            return Err(IssuanceError::Objections {
                tbs_sha256: self.octets.sha256().map_err(unreadable)?,
                passed: assessment.passed.len(),
                name,
                objections: assessment.objections,
            });
        }
        let (passed, warnings) = (assessment.passed.len(), assessment.objections);
        Ok(Judged { name, octets: self.octets, warnings, passed, statement, of: PhantomData })
    }
}

/// A draft of a plan to which no rule objects.
#[derive(Debug)]
pub struct Judged<T> {
    name: String,
    octets: Streamed,
    warnings: Vec<Objection>,
    passed: usize,
    statement: Statement,
    of: PhantomData<T>,
}

impl<T: Structure> Judged<T> {
    /// The octets.
    pub const fn octets(&self) -> &Streamed {
        &self.octets
    }

    /// What it says, as read back.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// What rules warn of.
    pub fn warnings(&self) -> &[Objection] {
        &self.warnings
    }
}

/// Octets that were read once, and what was heard of them.
#[derive(Debug)]
struct Material<T> {
    name: String,
    octets: Streamed,
    heard: Heard,
    /// Of the octets: what people approve.
    sha256: Digest,
    of: PhantomData<T>,
}

/// A draft to which no rule objects.
#[derive(Debug)]
pub struct Checked<T> {
    material: Material<T>,
    warnings: Vec<Objection>,
    passed: usize,
    statement: Statement,
}

impl<T: Structure> Checked<T> {
    /// The octets.
    pub const fn octets(&self) -> &Streamed {
        &self.material.octets
    }

    /// What it says, as read back.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// What rules warn of.
    pub fn warnings(&self) -> &[Objection] {
        &self.warnings
    }

    /// How many rules had nothing to say.
    pub fn rules_passed(&self) -> u64 {
        u64::try_from(self.passed).unwrap_or(u64::MAX)
    }

    /// The digest of the octets: what people approve.
    pub const fn sha256(&self) -> Digest {
        self.material.sha256
    }

    /// What the log says of the rules.
    pub fn lint_result(&self, policy: crate::rule::Policy) -> Event {
        Event::LintResult {
            tbs_sha256: self.sha256(),
            policy: policy.to_string(),
            rules_passed: u64::try_from(self.passed).unwrap_or(u64::MAX),
            warnings_acknowledged: self.warnings.iter().map(|warning| warning.rule.to_string()).collect(),
            objections: Vec::new(),
        }
    }

    /// Shows a person everything that will be signed, beside what the `planned` statement says, and asks for the exact word.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if the person declines; the log then says so.
    pub fn approve(
        self,
        approver: &Person,
        kind: &str,
        planned: Option<&Statement>,
        stage: &mut Stage<'_>,
    ) -> Result<Approved<T>, StageError> {
        let sha256 = self.sha256();
        let fields = self.statement.fields().iter();
        let mut lines: Vec<Line> = fields
            .map(|field| {
                let planned = planned.and_then(|planned| planned.value(&field.name));
                Line::new(field.name.clone(), field.value.clone()).beside_plan(planned)
            })
            .collect();
        lines.extend(self.warnings.iter().map(|warning| Line::new("warning", warning.to_string())));
        let name = format!("{} `{}`", T::NAME, self.material.name);
        let approval = ask_to_sign(&name, sha256, lines, approver, kind, stage)?;
        Ok(Approved { material: self.material, approval })
    }
}

/// The digests of drafts that were checked one after the other and are approved as a whole.
#[derive(Debug, Default)]
pub struct CheckedList {
    digests: Vec<Digest>,
}

impl CheckedList {
    /// Adds one.
    pub fn add<T: Structure>(&mut self, checked: &Checked<T>) {
        self.digests.push(checked.sha256());
    }

    /// Shows a person what will be signed and asks for the exact word.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if the person declines; the log then says so.
    pub fn approve(
        self,
        shown: ShownList<'_>,
        approver: &Person,
        stage: &mut Stage<'_>,
    ) -> Result<ApprovedList, StageError> {
        let ShownList { name, sha256, lines, kind } = shown;
        let approval = ask_to_sign(name, sha256, lines, approver, kind, stage)?;
        Ok(ApprovedList { digests: self.digests, approval })
    }
}

/// How people see a list that they are to approve.
#[derive(Clone, Debug)]
pub struct ShownList<'s> {
    /// What it is called.
    pub name: &'s str,
    /// The digest of the list.
    pub sha256: Digest,
    /// What is to be seen of its members.
    pub lines: Vec<Line>,
    /// The `kind` of its approval in the log.
    pub kind: &'s str,
}

/// What people approved as a whole: 32 octets of each draft.
#[derive(Debug)]
pub struct ApprovedList {
    digests: Vec<Digest>,
    approval: u64,
}

impl ApprovedList {
    /// The record by which people approved.
    pub const fn approval(&self) -> u64 {
        self.approval
    }

    /// The draft at a place of the list, drafted once more: the same octets that were checked and approved. `algorithm` is
    /// what the key will sign with.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Differs`] for any other octets; [`IssuanceError::Entries`] if they cannot be read.
    pub fn admit<T: Structure>(
        &self,
        index: usize,
        name: String,
        octets: Streamed,
        algorithm: SignatureAlgorithm,
    ) -> Result<Approved<T>, IssuanceError> {
        let (heard, sha256) = heard(algorithm, &octets)
            .map_err(|source| IssuanceError::Entries { name: name.clone(), source })?;
        if self.digests.get(index) == Some(&sha256) {
            let material = Material { name, octets, heard, sha256, of: PhantomData };
            return Ok(Approved { material, approval: self.approval });
        }
        let difference = "the octets to be signed are not those that were approved".to_owned();
        Err(IssuanceError::Differs { name, difference })
    }
}

/// A draft that people allowed to be signed.
#[derive(Debug)]
pub struct Approved<T> {
    material: Material<T>,
    approval: u64,
}

impl<T: Structure> Approved<T> {
    /// The record by which people approved.
    pub const fn approval(&self) -> u64 {
        self.approval
    }

    /// The digest of the octets that will be signed.
    pub const fn sha256(&self) -> Digest {
        self.material.sha256
    }

    /// Keeps the octets where `resume` finds them and makes sure that the artifact can be stored.
    ///
    /// # Errors
    ///
    /// [`StageError::Journal`] if either cannot be.
    pub fn prepare(&self, place: &ArtifactPlace, stage: &mut Stage<'_>) -> Result<(), StageError> {
        stage.prepare(place, self.sha256(), &mut self.material.octets.counted(Work::EntriesWritten))
    }

    /// Signs the octets, inside an act.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::NotLive`] before the token is asked; what the token says.
    pub fn sign(
        self,
        key: &Key,
        along: Vec<Vec<u8>>,
        hands: &mut Hands<'_>,
    ) -> Result<Signed<T>, IssuanceError> {
        let id = id_of_live(key)?;
        let signature = self.signature(id, key, hands.token())?;
        Ok(self.with(&signature, along.into()))
    }

    /// Signs the octets of many, in one call.
    ///
    /// # Errors
    ///
    /// As [`Approved::sign`].
    pub fn sign_many(
        all: Vec<Self>,
        key: &Key,
        along: &Arc<[Vec<u8>]>,
        token: &mut dyn Token,
    ) -> Result<Vec<Signed<T>>, IssuanceError> {
        let id = id_of_live(key)?;
        let (mut inputs, mut hash, mut pss) = (Vec::with_capacity(all.len()), None, false);
        for one in &all {
            let octets = match one.signable()? {
                Signable::Digest(by, octets, _) => {
                    hash = Some(by);
                    octets
                }
                Signable::Pss(_, octets, _) => {
                    pss = true;
                    octets
                }
                Signable::Message(octets) => octets,
            };
            inputs.push(octets.to_vec());
        }
        let signatures = if pss || !token.takes_digests() {
            // The module's process takes many of the other kinds in one message.
            all.iter().map(|one| one.signature(id, key, token)).collect::<Result<Vec<_>, IssuanceError>>()?
        } else {
            token.sign_many(id, hash, &inputs).map_err(|error| key::token_error(&key.token, error))?
        };
        // There are as many signatures as inputs, or there was an error.
        let signed = all.into_iter().zip(signatures);
        Ok(signed.map(|(one, signature)| one.with(&signature, Arc::clone(along))).collect())
    }

    /// Has the token sign. One that signs only what it hashes itself reads the octets once more; it gets a signature only over
    /// the digest that was approved.
    fn signature(&self, id: &KeyId, key: &Key, token: &mut dyn Token) -> Result<Vec<u8>, IssuanceError> {
        let mut message = self.material.octets.reader();
        let signed = key::sign_heard(token, id, self.signable()?, &mut message);
        signed.map_err(|error| key::token_error(&key.token, error))
    }

    /// What the token is given to sign.
    fn signable(&self) -> Result<Signable<'_>, IssuanceError> {
        let unsignable = |source| IssuanceError::Unsignable { name: self.material.name.clone(), source };
        self.material.heard.signable().map_err(unsignable)
    }

    fn with(self, signature: &[u8], along: Arc<[Vec<u8>]>) -> Signed<T> {
        let Material { name, octets, heard, sha256, .. } = self.material;
        let algorithm = heard.algorithm();
        let whole = T::assemble(&octets, algorithm, signature, &along);
        let meant = Meant { name, octets, sha256, heard, along, of: PhantomData };
        Signed { meant, whole }
    }
}

/// What a token is given of octets that are to be signed, and their SHA-256.
///
/// # Errors
///
/// The system's, if the list cannot be read.
pub(super) fn heard(algorithm: SignatureAlgorithm, octets: &Streamed) -> io::Result<(Heard, Digest)> {
    let Some(whole) = octets.in_memory() else { return NamedMessage::read(algorithm, &mut octets.reader()) };
    let mut message = NamedMessage::signed_by(algorithm);
    message.hear(whole);
    Ok(message.end())
}

/// The id of a key that may sign.
fn id_of_live(key: &Key) -> Result<&KeyId, IssuanceError> {
    if !key.live {
        return Err(IssuanceError::NotLive { name: key.name.clone() });
    }
    key.id.as_ref().ok_or_else(|| IssuanceError::NotMade { name: key.name.clone() })
}

/// A structure with a signature that nobody has verified.
#[derive(Debug)]
pub struct Signed<T> {
    meant: Meant<T>,
    whole: Streamed,
}

impl<T: Structure> Signed<T> {
    /// The whole structure, to be put where it will be read back from.
    pub const fn whole(&self) -> &Streamed {
        &self.whole
    }

    /// Takes the whole apart again by the second implementation, compares it with the plan field by field, and
    /// verifies the signature in software. `stored` reads the whole from where it lies; `sha256` is its digest.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Differs`], [`IssuanceError::Signature`] or [`IssuanceError::Unreadable`].
    pub fn verify_stored(
        self,
        planned: &Statement,
        key: &PublicKey,
        stored: &mut dyn Read,
        sha256: Digest,
    ) -> Result<Verified<T>, IssuanceError> {
        self.meant.verify(planned, key, stored)?;
        Ok(Verified { sha256, whole: self.whole, of: PhantomData })
    }
}

/// What was meant by a structure with a signature.
#[derive(Debug)]
struct Meant<T> {
    name: String,
    octets: Streamed,
    sha256: Digest,
    heard: Heard,
    along: Arc<[Vec<u8>]>,
    of: PhantomData<T>,
}

impl<T> Meant<T> {
    fn not_verified(&self, key: &PublicKey, source: SignatureError) -> IssuanceError {
        IssuanceError::Signature { name: self.name.clone(), key: key.spki_sha256(), source }
    }
}

impl<T: Structure> Meant<T> {
    /// Takes a whole apart by the second implementation, compares and verifies it; the octets of its signature.
    fn verify(
        &self,
        planned: &Statement,
        key: &PublicKey,
        stored: &mut dyn Read,
    ) -> Result<Vec<u8>, IssuanceError> {
        let wanted = self.heard.algorithm();
        let opened = T::reopen(stored, &self.octets, wanted)
            .map_err(|error| IssuanceError::Unreadable { name: self.name.clone(), why: error.to_string() })?;
        let differs = |difference| IssuanceError::Differs { name: self.name.clone(), difference };
        // By the hash that is signed: of a long structure it is heard anyway, and it says as much as its name.
        if opened.heard.digest() != self.heard.digest() {
            return Err(differs("the octets that were signed are not those that were approved".to_owned()));
        }
        if *opened.along != *self.along {
            return Err(differs("the certificates that go along are not those that were meant".to_owned()));
        }
        if let Some(difference) = planned.difference(&opened.statement) {
            return Err(differs(difference));
        }
        if opened.algorithm != wanted.der() {
            return Err(differs(format!("the signature algorithm is not {}", wanted.name())));
        }
        opened.heard.verify(key, &opened.signature).map_err(|source| self.not_verified(key, source))?;
        Ok(opened.signature)
    }
}

/// What was to be signed before an interruption, drafted once more: of a whole that lies somewhere nothing is believed yet.
#[derive(Debug)]
pub(super) struct Found<T>(Meant<T>);

impl<T: Structure> Found<T> {
    /// `drafted`: what was to be signed, drafted once more; `algorithm`: what it was signed with.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Entries`] if what is to be signed cannot be read.
    pub(super) fn new(
        name: &str,
        drafted: Streamed,
        algorithm: SignatureAlgorithm,
        along: Vec<Vec<u8>>,
    ) -> Result<Self, IssuanceError> {
        let (heard, sha256) = heard(algorithm, &drafted)
            .map_err(|source| IssuanceError::Entries { name: name.into(), source })?;
        let (name, along) = (name.to_owned(), along.into());
        Ok(Self(Meant { name, octets: drafted, sha256, heard, along, of: PhantomData }))
    }

    /// The digest of what was to be signed.
    pub(super) const fn to_be_signed(&self) -> Digest {
        self.0.sha256
    }

    /// The whole with this signature.
    pub(super) fn whole(&self, signature: &[u8]) -> Streamed {
        T::assemble(&self.0.octets, self.0.heard.algorithm(), signature, &self.0.along)
    }

    /// As [`Signed::verify_stored`], of a whole that is read from where it was found and is never held: it is what this program
    /// makes of what was to be signed and the signature, octet for octet.
    ///
    /// # Errors
    ///
    /// As [`Signed::verify_stored`].
    pub(super) fn verify(
        &self,
        planned: &Statement,
        key: &PublicKey,
        stored: &mut dyn Read,
        sha256: Digest,
    ) -> Result<Verified<T>, IssuanceError> {
        let signature = self.0.verify(planned, key, stored)?;
        let whole = self.whole(&signature);
        let name = || self.0.name.clone();
        let made = whole.sha256().map_err(|source| IssuanceError::Entries { name: name(), source })?;
        if made != sha256 {
            let difference = "its octets are not those that this program makes of it".to_owned();
            return Err(IssuanceError::Differs { name: name(), difference });
        }
        Ok(Verified { sha256, whole, of: PhantomData })
    }
}

/// A structure that is always in memory is verified there.
impl<T: ToBeSigned> Signed<T> {
    /// As [`Signed::verify_stored`], for many by the key of a verifier, each with what it is to say; they are stored later.
    ///
    /// # Errors
    ///
    /// As [`Signed::verify_stored`], for the first that is not good.
    pub fn verify_many(
        all: Vec<(Self, Statement)>,
        verifier: &ManyVerifier,
    ) -> Result<Vec<Verified<T>>, IssuanceError> {
        let opened: Vec<_> =
            all.iter().map(|(one, planned)| one.compare(planned)).collect::<Result<_, _>>()?;
        let signatures: Vec<_> = opened.iter().map(|one| (one.to_be_signed, one.signature)).collect();
        verifier.verify(&signatures).map_err(|(index, source)| match all.get(index) {
            Some((one, _)) => one.meant.not_verified(verifier.key(), source),
            None => IssuanceError::Unknown { what: "signature", name: index.to_string() },
        })?;
        drop(opened);
        let verified = |one: Self| Verified {
            sha256: Digest::of(one.whole.in_memory().unwrap_or_default()),
            whole: one.whole,
            of: PhantomData,
        };
        Ok(all.into_iter().map(|(one, _)| verified(one)).collect())
    }

    /// Takes the whole apart and compares everything but the signature itself.
    fn compare(&self, planned: &Statement) -> Result<Opened<'_>, IssuanceError> {
        let meant = &self.meant;
        let name = || meant.name.clone();
        let differs = |difference: String| IssuanceError::Differs { name: name(), difference };
        let unreadable =
            |error: ReadError| IssuanceError::Unreadable { name: name(), why: error.to_string() };
        let opened = T::open(self.whole.in_memory().unwrap_or_default()).map_err(unreadable)?;
        if Some(opened.to_be_signed) != meant.octets.in_memory() {
            return Err(differs("the octets that were signed are not those that were approved".to_owned()));
        }
        if *opened.along != *meant.along {
            return Err(differs("the certificates that go along are not those that were meant".to_owned()));
        }
        let view = T::read(opened.to_be_signed).map_err(unreadable)?;
        if let Some(difference) = planned.difference(&T::statement(&view)) {
            return Err(differs(difference));
        }
        drop(view);
        let wanted = meant.heard.algorithm();
        if opened.algorithm != wanted.der() {
            return Err(differs(format!("the signature algorithm is not {}", wanted.name())));
        }
        Ok(opened)
    }
}

/// An artifact: read back, as planned, with a signature that verifies.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    sha256: Digest,
    whole: Streamed,
    of: PhantomData<T>,
}

impl<T> Verified<T> {
    /// The digest of the whole structure.
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The whole structure.
    pub(super) const fn whole(&self) -> &Streamed {
        &self.whole
    }
}

/// A structure that is always in memory can be had from there.
impl<T: ToBeSigned> Verified<T> {
    /// The whole structure.
    pub fn der(&self) -> &[u8] {
        self.whole.in_memory().unwrap_or_default()
    }

    /// The whole structure, to keep.
    pub fn into_der(self) -> Vec<u8> {
        self.der().to_vec()
    }
}

/// Asks for the word that allows a signature; the record that says so.
pub(super) fn ask_to_sign(
    name: &str,
    sha256: Digest,
    mut lines: Vec<Line>,
    approver: &Person,
    kind: &str,
    stage: &mut Stage<'_>,
) -> Result<u64, StageError> {
    lines.push(Line::new("to be signed, SHA-256", sha256.to_string()));
    lines.push(Line::new("in words", sha256.words()));
    let (kind, approvers) = (kind.to_owned(), vec![approver.id.clone()]);
    let what = ToApprove { kind: &kind, sha256, word: "sign" };
    match stage.approval(approver, format!("Sign {name}?"), &lines, what) {
        Ok(signed) => {
            let signatures = signed.into_iter().collect();
            stage.record_by(approver, Event::RequestApproved { kind, sha256, approvers, signatures })
        }
        Err(error) => {
            if matches!(error, StageError::NoAnswer(_)) {
                let reason = error.to_string();
                stage.record_by(approver, Event::RequestRejected { kind, sha256, reason, approvers })?;
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::super::structure::{Certificate, OcspResponse};
    use super::*;
    use crate::pki::{Curve, HashAlgorithm};
    use crate::rule::sample::Sample;

    const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384);

    /// A key, and what was meant to be signed by it with what was signed in its place, signature and all.
    fn signed(meant: &[u8], in_its_place: &[u8]) -> (PublicKey, Signed<Certificate>) {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pair.as_ref(), &random).unwrap();
        let key = PublicKey::from_ec_point(Curve::P384, pair.public_key().as_ref()).unwrap();
        let signature = pair.sign(&random, in_its_place).unwrap();
        let (octets, other): (Streamed, Streamed) = (meant.to_vec().into(), in_its_place.to_vec().into());
        let whole = <Certificate as Structure>::assemble(&other, ALGORITHM, signature.as_ref(), &[]);
        let (heard, sha256) = heard(ALGORITHM, &octets).unwrap();
        let name = "name".to_owned();
        let meant = Meant { name, octets, sha256, heard, along: Arc::new([]), of: PhantomData };
        (key, Signed { meant, whole })
    }

    /// What octets say.
    fn said(octets: &[u8]) -> Statement {
        <Certificate as ToBeSigned>::statement(&<Certificate as ToBeSigned>::read(octets).unwrap())
    }

    #[test]
    fn what_was_signed_in_the_place_of_what_was_approved_is_refused_whatever_the_plan_says() {
        let (approved, other) = (Sample::root().tbs(), Sample::subordinate().tbs());
        for (in_its_place, good) in [(&approved, true), (&other, false)] {
            let sha256 = Digest::of(&approved);
            let results = [
                {
                    let (key, one) = signed(&approved, in_its_place);
                    let whole = one.whole.in_memory().unwrap().to_vec();
                    one.verify_stored(&said(in_its_place), &key, &mut &whole[..], sha256).map(drop)
                },
                {
                    let (key, one) = signed(&approved, in_its_place);
                    let verifier = ManyVerifier::new(&key, ALGORITHM, 1);
                    Signed::verify_many(vec![(one, said(in_its_place))], &verifier).map(drop)
                },
            ];
            for result in results {
                match result {
                    Ok(()) => assert!(good),
                    Err(IssuanceError::Differs { difference, .. }) => {
                        assert!(!good);
                        assert!(difference.contains("not those that were approved"), "{difference}");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn other_octets_than_those_approved_are_not_admitted() {
        let list = ApprovedList { digests: vec![Digest::of(b"one"), Digest::of(b"two")], approval: 7 };
        let admit = |index, octets: &[u8]| {
            list.admit::<OcspResponse>(
                index,
                "name".into(),
                octets.to_vec().into(),
                SignatureAlgorithm::Ed25519,
            )
        };
        assert_eq!(admit(0, b"one").unwrap().approval(), 7);
        assert_eq!(admit(1, b"two").unwrap().sha256(), Digest::of(b"two"));
        for (index, octets) in [(0, b"two"), (1, b"one"), (2, b"one")] {
            let error = admit(index, octets).unwrap_err();
            assert!(matches!(error, IssuanceError::Differs { .. }), "{error}");
        }
    }
}

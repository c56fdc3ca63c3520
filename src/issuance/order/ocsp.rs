//! An order for OCSP responses, signed ahead of time.

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Period, ceremony, profile_error, view};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::issuance::statement::read::identifier;
use crate::issuance::structure::said_revoked;
use crate::issuance::{
    ApprovedList, Drawn, IssuanceError, Key, KnownCertificate, Ledger, OcspResponse, Order, Policy, Series,
    SeriesOrder, Statement, sign_side_by_side,
};
use crate::pki::build::{CertIdHash, Status, Streamed};
use crate::pki::oid::{Oid, OidView};
use crate::pki::read::{CertificateView, TbsCertificateView};
use crate::pki::reason::Reason;
use crate::pki::{Name, PublicKey, SerialNumber, SignatureAlgorithm};
use crate::profile::{Fills, OcspResponseProfile, OcspResponseValues, ResponderForm, SingleResponse};
use crate::progress::Work;
use crate::rule::{Ceremony, Context, SigningTime};
use crate::stage::{Artifact, ArtifactPlace, Batch, Event, Hands};

/// Responses to be signed: about each certificate, for each of consecutive windows of time.
#[derive(Clone, Debug)]
pub struct OcspSeries {
    /// The script's name for the responses.
    pub name: String,
    /// The profile's name.
    pub profile_name: String,
    /// What each contains.
    pub profile: OcspResponseProfile,
    /// The certificate of the CA that issued the certificates in question.
    pub issuer: KnownCertificate,
    /// The certificate of who answers: the CA's own, or its delegate's.
    pub responder: KnownCertificate,
    /// The key that signs.
    pub key: Key,
    /// What is said, about which certificates.
    pub subjects: Vec<Subject>,
    /// From this update to next update of the first window.
    pub period: Period,
    /// The windows after it.
    pub windows: Windows,
    /// What the script fills in.
    pub fills: Fills,
}

/// Consecutive windows of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// How many there are; one if nothing is signed ahead of its time.
    pub count: u32,
    /// From the beginning of one to the beginning of the next, in seconds.
    pub every: u64,
}

impl Windows {
    /// Nothing is signed ahead of its time.
    pub const ONE: Self = Self { count: 1, every: 0 };
}

/// What a response says about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Whether the serial number is known before the day.
    pub serial_is_fixed: bool,
    /// Since when and why it is revoked; nothing if it is good.
    pub revoked: Option<(Timestamp, Reason)>,
    /// What decides on it in the same ceremony, if that is not known before the day.
    pub decided_later: Option<String>,
}

impl OcspSeries {
    /// How many responses there are: window by window, in each of them certificate by certificate, each by every hash.
    pub fn count(&self) -> usize {
        self.in_one_window() * usize::try_from(self.windows.count).unwrap_or(usize::MAX)
    }

    /// How many responses there are for one window.
    pub fn in_one_window(&self) -> usize {
        self.subjects.len() * self.profile.certificate_ids().len()
    }

    /// One of the responses, as something that can be planned.
    pub const fn member(&self, index: usize) -> OcspOrder<'_> {
        OcspOrder { series: self, index }
    }

    /// This update and next update of a window.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Time`] if it would end after 9999.
    pub fn window(&self, number: u64, signing: Timestamp) -> Result<(Timestamp, Timestamp), IssuanceError> {
        let late = || IssuanceError::Time { name: self.name.clone() };
        let (first, _) = self.period.at(signing, &self.name)?;
        let begins =
            self.windows.every.checked_mul(number).and_then(|later| first.plus(later)).ok_or_else(late)?;
        Ok((begins, self.period.lasts.last_second(begins).ok_or_else(late)?))
    }

    /// From this update of the first window to next update of the last.
    fn whole(&self, signing: Timestamp) -> Result<(Timestamp, Timestamp), IssuanceError> {
        let (first, _) = self.window(0, signing)?;
        let (_, last) = self.window(u64::from(self.windows.count.saturating_sub(1)), signing)?;
        Ok((first, last))
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        let key = SignatureAlgorithm::for_key(&self.key.public);
        self.profile.signature().choose(key).map_err(profile_error(&self.name))
    }

    fn is_delegated(&self) -> bool {
        self.issuer.name != self.responder.name
    }

    fn place(&self, index: usize) -> ArtifactPlace {
        ArtifactPlace { kind: "ocsp-response", name: format!("{}-{}", self.name, index + 1) }
    }

    fn along(&self) -> Vec<Vec<u8>> {
        if self.is_delegated() && self.profile.has_responder_certificate() {
            vec![self.responder.der.clone()]
        } else {
            Vec::new()
        }
    }

    fn delegate(&self) -> Result<Option<TbsCertificateView<'_>>, IssuanceError> {
        Ok(if self.is_delegated() { Some(view(&self.responder)?.tbs()) } else { None })
    }
}

impl SeriesOrder for OcspSeries {
    type Ready<'r> = ReadyOcspSeries<'r>;

    fn key(&self) -> &Key {
        &self.key
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn ready(&self, drawn: &Drawn) -> Result<ReadyOcspSeries<'_>, IssuanceError> {
        let (issuer, responder) = (view(&self.issuer)?, view(&self.responder)?);
        let issuer_key = public_key(&issuer)?;
        let hashed = |hash: CertIdHash| Hashed {
            hash,
            algorithm: identifier(&OidView::of(&hash_oid(hash))),
            name: hex(&digest(hash, issuer.subject().octets())),
            key: hex(&digest(hash, issuer_key.bit_string_content())),
        };
        let basis =
            crate::issuance::statement::planned::Basis { fills: Some(&self.fills), ..Default::default() };
        let mut extensions = Statement::new();
        extensions.say_planned(self.profile.extensions(), &basis).map_err(profile_error(&self.name))?;
        Ok(ReadyOcspSeries {
            series: self,
            at: drawn.at,
            whole: self.whole(drawn.at)?,
            said_responder: said_responder(&self.profile, &responder)?,
            hashed: self.profile.certificate_ids().iter().copied().map(hashed).collect(),
            extensions,
            responder_key: public_key(&responder)?,
            responder_name: responder.subject().to_name(),
            issuer_name: issuer.subject().to_name(),
            issuer_key,
            issuer: issuer.tbs(),
            delegate: self.delegate()?,
        })
    }
}

/// A series with the moment of signing, and what its members have in common made once.
#[derive(Debug)]
pub struct ReadyOcspSeries<'s> {
    series: &'s OcspSeries,
    at: Timestamp,
    whole: (Timestamp, Timestamp),
    said_responder: String,
    hashed: Vec<Hashed>,
    extensions: Statement,
    responder_key: PublicKey,
    responder_name: Name,
    issuer_name: Name,
    issuer_key: PublicKey,
    issuer: TbsCertificateView<'s>,
    delegate: Option<TbsCertificateView<'s>>,
}

/// How certificate ids by one hash name the issuer, in a statement's words.
#[derive(Debug)]
struct Hashed {
    hash: CertIdHash,
    algorithm: String,
    name: String,
    key: String,
}

/// What one response of a series is about.
struct Member<'r> {
    subject: &'r Subject,
    hashed: &'r Hashed,
    this_update: Timestamp,
    next_update: Timestamp,
    produced_at: Timestamp,
}

impl ReadyOcspSeries<'_> {
    fn member(&self, index: usize) -> Result<Member<'_>, IssuanceError> {
        let unknown =
            || IssuanceError::Unknown { what: "OCSP response", name: self.series.place(index).name };
        let (hashes, in_one_window) = (self.hashed.len(), self.series.in_one_window());
        let window = index.checked_div(in_one_window).ok_or_else(unknown)?;
        let in_window = index.checked_rem(in_one_window).ok_or_else(unknown)?;
        let subject = in_window.checked_div(hashes).and_then(|subject| self.series.subjects.get(subject));
        let hashed = in_window.checked_rem(hashes).and_then(|hash| self.hashed.get(hash));
        let number = u64::try_from(window).unwrap_or(u64::MAX);
        let (this_update, next_update) = self.series.window(number, self.at)?;
        Ok(Member {
            subject: subject.ok_or_else(unknown)?,
            hashed: hashed.ok_or_else(unknown)?,
            this_update,
            next_update,
            // What is signed ahead of its time says that it is of its time.
            produced_at: self.at.max(this_update),
        })
    }
}

impl Series for ReadyOcspSeries<'_> {
    type Structure = OcspResponse;

    fn count(&self) -> usize {
        self.series.count()
    }

    fn place(&self, index: usize) -> ArtifactPlace {
        self.series.place(index)
    }

    fn request_kind(&self) -> &'static str {
        "ocsp"
    }

    fn words(&self) -> &'static str {
        "the OCSP responses"
    }

    fn work(&self) -> (Work, Work) {
        (Work::ResponsesJudged, Work::ResponsesSigned)
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        self.series.algorithm()
    }

    fn draft(&self, index: usize) -> Result<Streamed, IssuanceError> {
        let Member { subject, hashed, this_update, next_update, produced_at } = self.member(index)?;
        let status = match subject.revoked {
            Some((at, reason)) => Status::Revoked { at, reason },
            None => Status::Good,
        };
        let single = SingleResponse { serial: subject.serial.clone(), status, this_update, next_update };
        let values = OcspResponseValues {
            issuer: &self.issuer_name,
            issuer_key: &self.issuer_key,
            responder: &self.responder_name,
            responder_key: &self.responder_key,
            certificate_id: hashed.hash,
            produced_at,
            responses: &[single],
            fills: &self.series.fills,
        };
        self.series.profile.draft(&values).map(Streamed::from).map_err(profile_error(&self.series.name))
    }

    fn planned(&self, index: usize) -> Result<Statement, IssuanceError> {
        let Member { subject, hashed, this_update, next_update, produced_at } = self.member(index)?;
        let mut statement = Statement::new();
        statement.say("version", "absent");
        statement.say("responder", &self.said_responder);
        statement.say("produced at", produced_at);
        statement.say("certificate, hash algorithm", &hashed.algorithm);
        statement.say("certificate, issuer name hash", &hashed.name);
        statement.say("certificate, issuer key hash", &hashed.key);
        statement.say("certificate, serial number", &subject.serial);
        let status = subject.revoked.map_or_else(
            || "good".to_owned(),
            |(at, reason)| {
                let reason = Some(reason).filter(|reason| *reason != Reason::Unspecified);
                said_revoked(&at, reason.map(|reason| reason.code().into()))
            },
        );
        statement.say("status", status);
        statement.say("this update", this_update);
        statement.say("next update", next_update);
        statement.append(&self.extensions);
        Ok(statement)
    }

    fn along(&self) -> Vec<Vec<u8>> {
        self.series.along()
    }

    fn context<'c>(&'c self, policy: Policy, ledger: &'c Ledger) -> Context<'c> {
        let signed_at = SigningTime::at(self.at);
        Context::ocsp_response(Ceremony { policy, signed_at, known: ledger }, self.issuer, self.delegate)
    }

    fn intent(&self, batch: Batch) -> Event {
        let (this_update, next_update) = self.whole;
        Event::OcspSignIntent {
            profile: self.series.profile_name.clone(),
            responder_spki_sha256: self.series.key.public.spki_sha256(),
            batch,
            this_update,
            next_update,
        }
    }

    fn result(&self, artifact: Artifact, batch: Batch, _: Digest) -> Event {
        let (this_update, next_update) = self.whole;
        Event::OcspSigned { artifact, batch, this_update, next_update }
    }

    fn sign(
        &self,
        key: &Key,
        approved: &ApprovedList,
        hands: &mut Hands<'_>,
    ) -> Result<Digest, IssuanceError> {
        sign_side_by_side(self, key, approved, hands)
    }
}

/// One response of a series, as something that can be planned.
#[derive(Clone, Copy, Debug)]
pub struct OcspOrder<'s> {
    series: &'s OcspSeries,
    index: usize,
}

impl Order for OcspOrder<'_> {
    type Structure = OcspResponse;

    fn place(&self) -> ArtifactPlace {
        self.series.place(self.index)
    }

    fn request_kind(&self) -> &'static str {
        "ocsp"
    }

    fn key(&self) -> &Key {
        &self.series.key
    }

    fn along(&self) -> Vec<Vec<u8>> {
        self.series.along()
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        self.series.algorithm()
    }

    fn draft(&self, drawn: &Drawn) -> Result<Streamed, IssuanceError> {
        self.series.ready(drawn)?.draft(self.index)
    }

    fn planned(&self, drawn: &Drawn) -> Result<Statement, IssuanceError> {
        self.series.ready(drawn)?.planned(self.index)
    }

    fn holes(&self) -> Vec<(String, String)> {
        let series = self.series;
        let mut holes = vec![("produced at".into(), "signing-time".into())];
        let window = self.index.checked_div(series.in_one_window()).unwrap_or_default();
        let later = series.windows.every.saturating_mul(u64::try_from(window).unwrap_or(u64::MAX));
        holes.extend(series.period.holes_after(later, "this update", "next update"));
        let hashes = series.profile.certificate_ids().len();
        let of_window = self.index.checked_rem(series.in_one_window()).unwrap_or_default();
        let subject = of_window.checked_div(hashes).and_then(|index| series.subjects.get(index));
        if subject.is_some_and(|subject| !subject.serial_is_fixed) {
            holes.push(("certificate, serial number".into(), "serial".into()));
        }
        if let Some(decided) = subject.and_then(|subject| subject.decided_later.clone()) {
            holes.push(("status".into(), decided));
        }
        if series.key.id.is_none() {
            holes.push(("responder".into(), "responder's key hash".into()));
            holes.push(("certificate, issuer key hash".into(), "issuer's key hash".into()));
        }
        holes
    }

    fn context<'c>(
        &'c self,
        drawn: &Drawn,
        policy: Policy,
        ledger: &'c Ledger,
    ) -> Result<Context<'c>, IssuanceError> {
        let issuer = view(&self.series.issuer)?.tbs();
        Ok(Context::ocsp_response(ceremony(drawn, policy, ledger), issuer, self.series.delegate()?))
    }

    fn intent(&self, drawn: &Drawn, to_be_signed: Digest) -> Event {
        let (this_update, next_update) = self.series.whole(drawn.at).unwrap_or((drawn.at, drawn.at));
        Event::OcspSignIntent {
            profile: self.series.profile_name.clone(),
            responder_spki_sha256: self.series.key.public.spki_sha256(),
            batch: Batch { count: 1, list_sha256: to_be_signed },
            this_update,
            next_update,
        }
    }

    fn result(&self, drawn: &Drawn, artifact: Artifact) -> Event {
        let (this_update, next_update) = self.series.whole(drawn.at).unwrap_or((drawn.at, drawn.at));
        let batch = Batch { count: 1, list_sha256: artifact.sha256 };
        Event::OcspSigned { artifact, batch, this_update, next_update }
    }
}

/// How a statement says who answers, from the profile's form and the responder's certificate.
fn said_responder(
    profile: &OcspResponseProfile,
    responder: &CertificateView<'_>,
) -> Result<String, IssuanceError> {
    Ok(match profile.responder() {
        ResponderForm::ByName => format!("by name {}", responder.subject()),
        // byKey is SHA-1 whatever the certificate ids use (RFC 6960 §4.2.1).
        ResponderForm::ByKey => {
            format!("by key {}", hex(&digest(CertIdHash::Sha1, public_key(responder)?.bit_string_content())))
        }
    })
}

fn public_key(view: &CertificateView<'_>) -> Result<PublicKey, IssuanceError> {
    view.public_key()
        .map_err(|error| IssuanceError::Key { name: view.subject().to_string(), why: error.to_string() })
}

fn digest(hash: CertIdHash, octets: &[u8]) -> Vec<u8> {
    match hash {
        CertIdHash::Sha1 => Sha1::digest(octets).to_vec(),
        CertIdHash::Sha256 => Sha256::digest(octets).to_vec(),
    }
}

const fn hash_oid(hash: CertIdHash) -> Oid {
    match hash {
        CertIdHash::Sha1 => Oid::new_unwrap("1.3.14.3.2.26"),
        CertIdHash::Sha256 => Oid::new_unwrap("2.16.840.1.101.3.4.2.1"),
    }
}

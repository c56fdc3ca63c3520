//! An order for an OCSP response about one certificate, signed ahead of time.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Period, ceremony, profile_error, view};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::issuance::statement::read::identifier;
use crate::issuance::structure::said_revoked;
use crate::issuance::{
    BatchOrder, Drawn, IssuanceError, Key, KnownCertificate, Ledger, OcspResponse, Order, Policy, Statement,
};
use crate::pki::build::Streamed;
use crate::pki::build::{CertIdHash, Status};
use crate::pki::oid::{Oid, OidView};
use crate::pki::read::CertificateView;
use crate::pki::reason::Reason;
use crate::pki::{PublicKey, SerialNumber};
use crate::profile::{Fills, OcspResponseProfile, OcspResponseValues, ResponderForm, SingleResponse};
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Batch, Event};

/// A response to be signed.
#[derive(Clone, Debug)]
pub struct OcspOrder {
    /// The script's name for the response.
    pub name: String,
    /// The profile's name.
    pub profile_name: String,
    /// What it contains.
    pub profile: OcspResponseProfile,
    /// The certificate of the CA that issued the certificate in question.
    pub issuer: KnownCertificate,
    /// The certificate of who answers: the CA's own, or its delegate's.
    pub responder: KnownCertificate,
    /// The key that signs.
    pub key: Key,
    /// What is said.
    pub subject: Subject,
    /// From this update to next update.
    pub period: Period,
    /// What the script fills in.
    pub fills: Fills,
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
}

impl OcspOrder {
    fn is_delegated(&self) -> bool {
        self.issuer.name != self.responder.name
    }
}

impl Order for OcspOrder {
    type Structure = OcspResponse;

    fn place(&self) -> ArtifactPlace {
        ArtifactPlace { kind: "ocsp-response", name: self.name.clone() }
    }

    fn request_kind(&self) -> &'static str {
        "ocsp"
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn along(&self) -> Vec<Vec<u8>> {
        if self.is_delegated() && self.profile.has_responder_certificate() {
            vec![self.responder.der.clone()]
        } else {
            Vec::new()
        }
    }

    fn draft(&self, drawn: &Drawn) -> Result<Streamed, IssuanceError> {
        let (issuer, responder) = (view(&self.issuer)?, view(&self.responder)?);
        let (this_update, next_update) = self.period.at(drawn.at, &self.name)?;
        let status = match self.subject.revoked {
            Some((at, reason)) => Status::Revoked { at, reason },
            None => Status::Good,
        };
        let single = SingleResponse { serial: self.subject.serial.clone(), status, this_update, next_update };
        let values = OcspResponseValues {
            issuer: &issuer.subject().to_name(),
            issuer_key: &public_key(&issuer)?,
            responder: &responder.subject().to_name(),
            responder_key: &public_key(&responder)?,
            produced_at: drawn.at,
            responses: &[single],
            fills: &self.fills,
        };
        self.profile.draft(&values).map(Streamed::from).map_err(profile_error(&self.name))
    }

    fn planned(&self, drawn: &Drawn) -> Result<Statement, IssuanceError> {
        let (issuer, responder) = (view(&self.issuer)?, view(&self.responder)?);
        let (this_update, next_update) = self.period.at(drawn.at, &self.name)?;
        let mut statement = Statement::new();
        statement.say("version", "absent");
        statement.say("responder", said_responder(&self.profile, &responder)?);
        statement.say("produced at", drawn.at);
        let hash = self.profile.certificate_id();
        statement.say("certificate, hash algorithm", identifier(&OidView::of(&hash_oid(hash))));
        statement.say("certificate, issuer name hash", hex(&digest(hash, issuer.subject().octets())));
        statement.say(
            "certificate, issuer key hash",
            hex(&digest(hash, public_key(&issuer)?.bit_string_content())),
        );
        statement.say("certificate, serial number", &self.subject.serial);
        let status = self.subject.revoked.map_or_else(
            || "good".to_owned(),
            |(at, reason)| {
                said_revoked(
                    &at,
                    Some(reason)
                        .filter(|reason| *reason != Reason::Unspecified)
                        .map(|reason| reason.code().into()),
                )
            },
        );
        statement.say("status", status);
        statement.say("this update", this_update);
        statement.say("next update", next_update);
        let basis =
            crate::issuance::statement::planned::Basis { fills: Some(&self.fills), ..Default::default() };
        statement.say_planned(self.profile.extensions(), &basis).map_err(profile_error(&self.name))?;
        Ok(statement)
    }

    fn holes(&self) -> Vec<(String, String)> {
        let mut holes = vec![("produced at".into(), "signing-time".into())];
        holes.extend(self.period.holes("this update", "next update"));
        if !self.subject.serial_is_fixed {
            holes.push(("certificate, serial number".into(), "serial".into()));
        }
        if self.key.id.is_none() {
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
        let delegate = if self.is_delegated() { Some(view(&self.responder)?.tbs()) } else { None };
        Ok(Context::ocsp_response(ceremony(drawn, policy, ledger), view(&self.issuer)?.tbs(), delegate))
    }

    fn intent(&self, drawn: &Drawn, to_be_signed: Digest) -> Event {
        self.batch_intent(drawn, Batch { count: 1, list_sha256: to_be_signed })
    }

    fn result(&self, drawn: &Drawn, artifact: Artifact) -> Event {
        let batch = Batch { count: 1, list_sha256: artifact.sha256 };
        self.batch_result(drawn, artifact, batch)
    }
}

impl BatchOrder for OcspOrder {
    fn batch_intent(&self, drawn: &Drawn, batch: Batch) -> Event {
        let (this_update, next_update) = self.period.at(drawn.at, &self.name).unwrap_or((drawn.at, drawn.at));
        Event::OcspSignIntent {
            profile: self.profile_name.clone(),
            responder_spki_sha256: self.key.public.spki_sha256(),
            batch,
            this_update,
            next_update,
        }
    }

    fn batch_result(&self, drawn: &Drawn, artifact: Artifact, batch: Batch) -> Event {
        let (this_update, next_update) = self.period.at(drawn.at, &self.name).unwrap_or((drawn.at, drawn.at));
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

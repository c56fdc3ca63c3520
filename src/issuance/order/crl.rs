//! An order for a certificate revocation list.

use super::{Period, ceremony, key_identifier, profile_error, view};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::statement::planned::Basis;
use crate::issuance::structure::{REVOKED_SHA256, revoked_name, say_entries, since_and_why};
use crate::issuance::{
    CertificateList, Drawn, IssuanceError, Key, KnownCertificate, Ledger, Order, Policy, Statement,
};
use crate::pki::build::Streamed;
use crate::pki::{RevokedList, SignatureAlgorithm};
use crate::profile::{CrlProfile, CrlValues, Fills};
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Event};

/// A CRL to be issued.
#[derive(Clone, Debug)]
pub struct CrlOrder {
    /// The script's name for the CRL.
    pub name: String,
    /// The profile's name.
    pub profile_name: String,
    /// What it contains.
    pub profile: CrlProfile,
    /// The certificate of the CA that issues it.
    pub issuer: KnownCertificate,
    /// The key that signs.
    pub key: Key,
    /// Its number, above every one before it.
    pub number: u64,
    /// From this update to next update.
    pub period: Period,
    /// How many seconds after that it is: nothing, but for the later ones of a series.
    pub later: u64,
    /// What it becomes: a CRL of the bundle, or one that is sealed until its time.
    pub kind: CrlKind,
    /// What is revoked, in the order of the list.
    pub revoked: RevokedList,
    /// Which of them were not signed when the plan was made, by place from 0 and name: their serial numbers are drawn
    /// in the same ceremony.
    pub drawn_later: Vec<(u64, String)>,
    /// Of which of them a step before says something only on the day: by place from 0, what that is, and whether it is the
    /// serial number too.
    pub said_later: Vec<(u64, String, bool)>,
    /// What the script fills in.
    pub fills: Fills,
}

/// What becomes of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlKind {
    /// It is handed over in the bundle.
    Current,
    /// It is sealed outside the bundle until it begins.
    Sealed,
}

impl CrlOrder {
    /// This update and next update, if it is signed at `signing`.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Time`] if it would end after 9999.
    pub fn updates(&self, signing: Timestamp) -> Result<(Timestamp, Timestamp), IssuanceError> {
        let late = || IssuanceError::Time { name: self.name.clone() };
        let first = self.period.begins.at(signing).plus(self.later).ok_or_else(late)?;
        Ok((first, self.period.lasts.last_second(first).ok_or_else(late)?))
    }

    fn number_octets(&self) -> Vec<u8> {
        let octets = self.number.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count().min(octets.len() - 1);
        octets.get(zeros..).unwrap_or_default().to_vec()
    }
}

impl Order for CrlOrder {
    type Structure = CertificateList;

    fn place(&self) -> ArtifactPlace {
        let kind = match self.kind {
            CrlKind::Current => "crl",
            CrlKind::Sealed => "sealed-crl",
        };
        ArtifactPlace { kind, name: self.name.clone() }
    }

    fn request_kind(&self) -> &'static str {
        "crl"
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        let key = SignatureAlgorithm::for_key(&self.key.public);
        self.profile.signature().choose(key).map_err(profile_error(&self.name))
    }

    fn draft(&self, drawn: &Drawn) -> Result<Streamed, IssuanceError> {
        let issuer = view(&self.issuer)?;
        let (name, identifier) = (issuer.subject().to_name(), key_identifier(&issuer));
        let (this_update, next_update) = self.updates(drawn.at)?;
        let values = CrlValues {
            issuer: &name,
            issuer_key_identifier: identifier.as_deref(),
            issuer_signature: SignatureAlgorithm::for_key(&self.key.public),
            number: &self.number_octets(),
            this_update,
            next_update,
            revoked: &self.revoked,
            fills: &self.fills,
        };
        self.profile.draft(&values).map_err(profile_error(&self.name))
    }

    fn planned(&self, drawn: &Drawn) -> Result<Statement, IssuanceError> {
        let issuer = view(&self.issuer)?;
        let (this_update, next_update) = self.updates(drawn.at)?;
        let mut statement = Statement::new();
        statement.say("version", "v2");
        statement.say("signature algorithm", self.algorithm()?.name());
        statement.say_name("issuer", &issuer.subject().to_name());
        statement.say("this update", this_update);
        statement.say("next update", next_update);
        say_entries(&mut statement, &self.revoked)
            .map_err(|source| IssuanceError::Entries { name: self.name.clone(), source })?;
        let basis = Basis {
            fills: Some(&self.fills),
            issuer_key_identifier: key_identifier(&issuer),
            crl_number: Some(self.number_octets()),
            ..Basis::default()
        };
        statement.say_planned(self.profile.extensions(), &basis).map_err(profile_error(&self.name))?;
        Ok(statement)
    }

    fn holes(&self) -> Vec<(String, String)> {
        let mut holes = self.period.holes_after(self.later, "this update", "next update");
        for (index, certificate) in &self.drawn_later {
            holes.push((revoked_name(*index), format!("serial of {certificate}")));
        }
        for (index, what, serial_is_open) in &self.said_later {
            holes.push((since_and_why(*index), what.clone()));
            if *serial_is_open {
                holes.push((revoked_name(*index), "serial by-quorum".into()));
            }
        }
        if !self.drawn_later.is_empty() || !self.said_later.is_empty() {
            holes.push((REVOKED_SHA256.into(), "digest of the list".into()));
        }
        if self.key.id.is_none() {
            holes.push(("extension authorityKeyIdentifier".into(), "issuer's key identifier".into()));
        }
        holes
    }

    /// The entries do not change with the time of signing, and the one thing they are measured by, this update, is never
    /// earlier than at the earliest time: what holds for them there holds later.
    fn for_later_times(&self) -> Option<Self> {
        if self.revoked.count() <= FEW {
            return None;
        }
        let few = self.revoked.entries().take(2).collect::<Result<_, _>>().ok()?;
        Some(Self { revoked: RevokedList::of(few), ..self.clone() })
    }

    fn context<'c>(
        &'c self,
        drawn: &Drawn,
        policy: Policy,
        ledger: &'c Ledger,
    ) -> Result<Context<'c>, IssuanceError> {
        Ok(Context::crl(ceremony(drawn, policy, ledger), view(&self.issuer)?.tbs()))
    }

    fn intent(&self, drawn: &Drawn, to_be_signed: Digest) -> Event {
        let (this_update, next_update) = self.updates(drawn.at).unwrap_or((drawn.at, drawn.at));
        Event::CrlSignIntent {
            profile: self.profile_name.clone(),
            issuer_spki_sha256: self.key.public.spki_sha256(),
            tbs_sha256: to_be_signed,
            number: self.number.to_string(),
            this_update,
            next_update,
        }
    }

    fn result(&self, drawn: &Drawn, artifact: Artifact) -> Event {
        let (this_update, next_update) = self.updates(drawn.at).unwrap_or((drawn.at, drawn.at));
        Event::CrlSigned {
            artifact,
            issuer_spki_sha256: self.key.public.spki_sha256(),
            number: self.number.to_string(),
            this_update,
            next_update,
            revoked_count: self.revoked.count(),
            revoked_sha256: self.revoked.sha256(),
        }
    }
}

/// So many entries are judged at every time at which rules are tried.
const FEW: u64 = 100;

//! An order for a certificate.

use super::{Period, ceremony, key_identifier, profile_error, view};
use crate::digest::Digest;
use crate::issuance::statement::planned::Basis;
use crate::issuance::{
    Certificate, Drawn, IssuanceError, Key, KnownCertificate, Ledger, Order, Policy, Statement,
};
use crate::pki::build::Streamed;
use crate::pki::{Name, PublicKey, SignatureAlgorithm, Validity};
use crate::profile::extension::Content;
use crate::profile::{CertificateKind, CertificateProfile, CertificateValues, Copied, Fills};
use crate::rule::{Context, Kind};
use crate::stage::{Artifact, ArtifactPlace, Event, KeyPlace};

/// A certificate to be issued.
#[derive(Clone, Debug)]
pub struct CertificateOrder {
    /// The script's name for the certificate.
    pub name: String,
    /// The profile's name.
    pub profile_name: String,
    /// What it contains.
    pub profile: CertificateProfile,
    /// The certificate of the CA that issues it; nothing for a root, which issues itself.
    pub issuer: Option<KnownCertificate>,
    /// The key that signs.
    pub key: Key,
    /// Whose certificate it is.
    pub subject: Name,
    /// The key that it certifies.
    pub public_key: PublicKey,
    /// Whether that key is known before the day.
    pub public_key_is_fixed: bool,
    /// Its validity.
    pub period: Period,
    /// What the script fills in.
    pub fills: Fills,
    /// The certificate that is being cross-signed.
    pub crossed: Option<KnownCertificate>,
    /// Whether the script spells the organization otherwise than that certificate.
    pub other_organization: bool,
}

impl CertificateOrder {
    fn copied(&self) -> Result<Option<Copied>, IssuanceError> {
        let Some(crossed) = &self.crossed else { return Ok(None) };
        let view = view(crossed)?;
        let path_length =
            view.extensions().basic_constraints().ok().flatten().and_then(|found| found.path_length);
        Ok(Some(Copied {
            subject_key_identifier: key_identifier(&view),
            path_length: path_length.and_then(|length| u8::try_from(length).ok()),
        }))
    }

    fn issuer_name(&self) -> Result<Name, IssuanceError> {
        match &self.issuer {
            Some(issuer) => Ok(view(issuer)?.subject().to_name()),
            None => Ok(self.subject.clone()),
        }
    }

    fn issuer_key_identifier(&self) -> Result<Option<Vec<u8>>, IssuanceError> {
        self.issuer.as_ref().map_or(Ok(None), |issuer| Ok(key_identifier(&view(issuer)?)))
    }

    fn validity(&self, drawn: &Drawn) -> Result<Validity, IssuanceError> {
        let (first, last) = self.period.at(drawn.at, &self.name)?;
        Validity::new(first, last).map_err(|_| IssuanceError::Time { name: self.name.clone() })
    }

    const fn kind(&self) -> &'static str {
        self.profile.kind().name()
    }

    const fn rule_kind(&self) -> Kind {
        match self.profile.kind() {
            CertificateKind::Root => Kind::Root,
            CertificateKind::Subordinate => Kind::Subordinate,
            CertificateKind::Cross => Kind::Cross,
            CertificateKind::OcspResponder => Kind::OcspResponder,
        }
    }
}

impl Order for CertificateOrder {
    type Structure = Certificate;

    fn place(&self) -> ArtifactPlace {
        ArtifactPlace { kind: self.kind(), name: self.name.clone() }
    }

    fn request_kind(&self) -> &'static str {
        "certificate"
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        let key = SignatureAlgorithm::for_key(&self.key.public);
        self.profile.signature().choose(key).map_err(profile_error(&self.name))
    }

    fn draft(&self, drawn: &Drawn) -> Result<Streamed, IssuanceError> {
        let (issuer, identifier, copied) =
            (self.issuer_name()?, self.issuer_key_identifier()?, self.copied()?);
        let values = CertificateValues {
            issuer: &issuer,
            subject: &self.subject,
            serial: &drawn.serial,
            validity: self.validity(drawn)?,
            key: &self.public_key,
            issuer_key_identifier: identifier.as_deref(),
            issuer_signature: SignatureAlgorithm::for_key(&self.key.public),
            copied: copied.as_ref(),
            fills: &self.fills,
        };
        self.profile.draft(&values).map(Streamed::from).map_err(profile_error(&self.name))
    }

    fn planned(&self, drawn: &Drawn) -> Result<Statement, IssuanceError> {
        let copied = self.copied()?;
        let wrong = profile_error(&self.name);
        let own = |extension: &crate::profile::extension::Extension| {
            extension.content == Content::SubjectKeyIdentifier
        };
        let root = self.profile.kind() == CertificateKind::Root;
        let identifier = if root || self.profile.extensions().iter().any(own) {
            Some(self.profile.subject_key_identifier(&self.public_key, copied.as_ref()).map_err(&wrong)?)
        } else {
            None
        };
        let issuer_key_identifier = if root { identifier.clone() } else { self.issuer_key_identifier()? };
        let validity = self.validity(drawn)?;
        let mut statement = Statement::new();
        statement.say("version", "v3");
        statement.say("serial number", &drawn.serial);
        statement.say("signature algorithm", self.algorithm()?.name());
        statement.say_name("issuer", &self.issuer_name()?);
        statement.say("not before", validity.not_before());
        statement.say("not after", validity.not_after());
        statement.say_name("subject", &self.subject);
        statement.say_key(&self.public_key);
        let basis = Basis {
            fills: Some(&self.fills),
            subject_key_identifier: identifier,
            issuer_key_identifier,
            copied: copied.as_ref(),
            crl_number: None,
        };
        statement.say_planned(self.profile.extensions(), &basis).map_err(wrong)?;
        Ok(statement)
    }

    fn holes(&self) -> Vec<(String, String)> {
        let mut holes = vec![("serial number".into(), "serial".into())];
        holes.extend(self.period.holes("not before", "not after"));
        if !self.public_key_is_fixed {
            holes.push(("public key, SPKI SHA-256".into(), "key".into()));
            holes.push(("extension subjectKeyIdentifier".into(), "key identifier".into()));
        }
        if self.key.id.is_none() {
            holes.push(("extension authorityKeyIdentifier".into(), "issuer's key identifier".into()));
        }
        holes
    }

    fn context<'c>(
        &'c self,
        drawn: &Drawn,
        policy: Policy,
        ledger: &'c Ledger,
    ) -> Result<Context<'c>, IssuanceError> {
        let ceremony = ceremony(drawn, policy, ledger);
        let Some(issuer) = &self.issuer else { return Ok(Context::root(ceremony)) };
        let issuer = view(issuer)?.tbs();
        Ok(match &self.crossed {
            Some(crossed) => {
                let context = Context::cross(ceremony, issuer, view(crossed)?.tbs(), &[]);
                if self.other_organization { context.with_other_organization() } else { context }
            }
            None => Context::issued_by(ceremony, self.rule_kind(), issuer),
        })
    }

    fn intent(&self, drawn: &Drawn, to_be_signed: Digest) -> Event {
        let (not_before, not_after) = self.period.at(drawn.at, &self.name).unwrap_or((drawn.at, drawn.at));
        Event::CertSignIntent {
            profile: self.profile_name.clone(),
            issuer_spki_sha256: self.key.public.spki_sha256(),
            tbs_sha256: to_be_signed,
            subject: self.subject.to_string(),
            subject_sha256: self.subject.sha256(),
            serial: drawn.serial.to_string(),
            not_before,
            not_after,
        }
    }

    fn result(&self, drawn: &Drawn, artifact: Artifact) -> Event {
        // A root is its own issuer.
        let issuer_sha256 = self.issuer.as_ref().map_or(artifact.sha256, |issuer| Digest::of(&issuer.der));
        Event::CertSigned {
            artifact,
            issuer_sha256,
            spki_sha256: self.public_key.spki_sha256(),
            serial: drawn.serial.to_string(),
            key: key_place(&self.key),
        }
    }
}

/// Where the key is that signed.
fn key_place(key: &Key) -> KeyPlace {
    KeyPlace {
        token: key.token.clone(),
        label: key.name.clone(),
        id: key.id.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

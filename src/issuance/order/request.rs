//! An order for a certification request from a key on a token.

use super::{ceremony, profile_error};
use crate::digest::Digest;
use crate::issuance::statement::planned::Basis;
use crate::issuance::{Drawn, IssuanceError, Key, Ledger, Order, Policy, Request, Statement};
use crate::pki::build::Streamed;
use crate::pki::{Name, SignatureAlgorithm};
use crate::profile::{Fills, RequestProfile, RequestValues};
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Event};

/// A request to be made.
#[derive(Clone, Debug)]
pub struct RequestOrder {
    /// The script's name for the request.
    pub name: String,
    /// What it contains.
    pub profile: RequestProfile,
    /// The key that asks and signs.
    pub key: Key,
    /// The name that is asked for.
    pub subject: Name,
    /// What the script fills in.
    pub fills: Fills,
}

impl Order for RequestOrder {
    type Structure = Request;

    fn place(&self) -> ArtifactPlace {
        ArtifactPlace { kind: "request", name: self.name.clone() }
    }

    fn request_kind(&self) -> &'static str {
        "csr"
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        let key = SignatureAlgorithm::for_key(&self.key.public);
        self.profile.signature().choose(key).map_err(profile_error(&self.name))
    }

    fn draft(&self, _: &Drawn) -> Result<Streamed, IssuanceError> {
        let values = RequestValues { subject: &self.subject, key: &self.key.public, fills: &self.fills };
        self.profile.draft(&values).map(Streamed::from).map_err(profile_error(&self.name))
    }

    fn planned(&self, _: &Drawn) -> Result<Statement, IssuanceError> {
        let mut statement = Statement::new();
        statement.say("version", "v1");
        statement.say_name("subject", &self.subject);
        statement.say_key(&self.key.public);
        let basis = Basis { fills: Some(&self.fills), ..Basis::default() };
        statement.say_planned(self.profile.extensions(), &basis).map_err(profile_error(&self.name))?;
        Ok(statement)
    }

    fn holes(&self) -> Vec<(String, String)> {
        if self.key.id.is_none() {
            vec![("public key, SPKI SHA-256".into(), "key".into())]
        } else {
            Vec::new()
        }
    }

    fn context<'c>(
        &'c self,
        drawn: &Drawn,
        policy: Policy,
        ledger: &'c Ledger,
    ) -> Result<Context<'c>, IssuanceError> {
        Ok(Context::request(ceremony(drawn, policy, ledger)))
    }

    fn intent(&self, _: &Drawn, to_be_signed: Digest) -> Event {
        Event::CsrSignIntent {
            tbs_sha256: to_be_signed,
            spki_sha256: self.key.public.spki_sha256(),
            subject: self.subject.to_string(),
            subject_sha256: self.subject.sha256(),
        }
    }

    fn result(&self, _: &Drawn, artifact: Artifact) -> Event {
        Event::CsrSigned { artifact, spki_sha256: self.key.public.spki_sha256() }
    }
}

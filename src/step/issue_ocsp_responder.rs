//! `issue-ocsp-responder`: the certificate of a delegated OCSP responder. BR §7.1.2.8.

use serde::{Deserialize, Serialize};

use super::certificate::{CertificateWords, Issue, Resolved, issuer_key, period, subject};
use super::{Room, Scope, Step, StepError, spec};
use crate::clock::Lasting;
use crate::issuance::order::When;
use crate::profile::Fills;
use crate::script::{Id, Located, NamePart};

spec!(
    /// `issue-ocsp-responder: {issuer: …, key: …, profile: …, subject: […], not-before: …, lasts: …, certificate: …}`
    Spec {
        /// The certificate of the CA that issues.
        issuer: Located<Id> = required "issuer",
        /// The responder's key.
        key: Located<Id> = required "key",
        /// Its profile.
        profile: Located<Id> = required "profile",
        /// Its name.
        subject: Vec<NamePart> = list "subject",
        /// From when.
        not_before: Located<When> = required "not-before",
        /// For how long.
        lasts: Option<Located<Lasting>> = optional "lasts",
        /// The name of the certificate.
        certificate: Located<Id> = required "certificate",
    }
);

/// An OCSP responder's certificate is signed by the CA it answers for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueOcspResponder(Issue);

impl Step for IssueOcspResponder {
    const NAME: &'static str = "issue-ocsp-responder";
    const ABOUT: &'static str = "the certificate of an OCSP responder that answers for a CA";
    const WHY: &'static str = "Answers about revocation are signed by a key of their own, so that the CA's can stay offline. BR 7.1.2.8.";
    const MINUTES: u32 = 4;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let issuer = scope.issuer(&spec.issuer);
        let responder = scope.key(&spec.key);
        let profile = scope.profile(&spec.profile, &["ocsp-responder"]);
        let name = scope.new_output("ocsp-responder", &spec.certificate);
        let (subject, named) = subject(&spec.subject, profile.as_ref(), scope);
        let period = period(spec.not_before, spec.lasts, profile.as_ref(), scope);
        let (issuer, responder) = (issuer?, responder?);
        let key = issuer_key(&issuer, spec.issuer.place, scope)?;
        if responder.name == key.name {
            scope
                .problems
                .add(spec.key.place, format!("the responder's key is the issuer's own key `{}`", key.name));
            return None;
        }
        scope.uses(&key.token);
        let words = CertificateWords {
            name: name?,
            profile: spec.profile.value.to_string(),
            period: period?,
            fills: Fills::new(),
        };
        let resolved = Resolved {
            profile: profile?,
            issuer: Some(issuer),
            subject: subject?,
            named,
            public_key: responder.public,
            certified: Some(responder.name),
            crossed: None,
            organization: None,
            key: key.name,
        };
        Issue::resolve(words, resolved, scope).map(Self)
    }

    fn preview(&self) -> String {
        let (name, issuer) = (self.0.name(), self.0.issuer());
        format!(
            "Sign the OCSP responder's certificate `{name}` under `{issuer}` with the key `{}`.",
            self.0.signer()
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        self.0.perform(room)
    }
}

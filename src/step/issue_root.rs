//! `issue-root`: a self-signed root CA certificate. BR §4.3.1.1, §7.1.2.1.

use serde::{Deserialize, Serialize};

use super::certificate::{CertificateWords, Issue, Resolved, period, subject};
use super::{Room, Scope, Step, StepError, spec};
use crate::clock::Lasting;
use crate::issuance::order::When;
use crate::script::{Id, Located, NamePart};

spec!(
    /// `issue-root: {key: …, profile: …, subject: […], not-before: …, lasts: …, certificate: …}`
    Spec {
        /// The root's key.
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

/// A root CA certificate is signed by its own key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueRoot(Issue);

impl Step for IssueRoot {
    const NAME: &'static str = "issue-root";
    const ABOUT: &'static str = "a self-signed root CA certificate";
    const WHY: &'static str = "Browsers will trust this certificate as it is, for years: nothing of it can be corrected afterwards. BR 7.1.2.1.";
    const MINUTES: u32 = 4;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let key = scope.key(&spec.key);
        let profile = scope.profile(&spec.profile, &["root"]);
        let name = scope.new_output("root", &spec.certificate);
        let (subject, named) = subject(&spec.subject, profile.as_ref(), scope);
        let period = period(spec.not_before, spec.lasts, profile.as_ref(), scope);
        let (key, profile) = (key?, profile?);
        scope.uses(&key.token);
        let words = CertificateWords {
            name: name?,
            profile: spec.profile.value.to_string(),
            period: period?,
            fills: crate::profile::Fills::new(),
        };
        let public_key = key.public.clone();
        Issue::resolve(
            words,
            Resolved {
                profile,
                issuer: None,
                subject: subject?,
                named,
                public_key,
                certified: Some(key.name.clone()),
                crossed: None,
                organization: None,
                key: key.name,
            },
            scope,
        )
        .map(Self)
    }

    fn preview(&self) -> String {
        format!("Sign the root CA certificate `{}` with its own key `{}`.", self.0.name(), self.0.signer())
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        self.0.perform(room)
    }
}

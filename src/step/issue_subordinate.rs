//! `issue-subordinate`: a subordinate CA certificate. BR §7.1.2.6.
//!
//! The subordinate's key comes from a request with proof of possession, from a public key, or from a token of this
//! ceremony. Of a request nothing but the public key is taken: the script says the rest.

use serde::{Deserialize, Serialize};

use super::certificate::{CertificateWords, Issue, Resolved, fills, issuer_key, period, subject};
use super::{KeyOrigin, Room, Scope, Step, StepError, given_key, spec};
use crate::clock::Lasting;
use crate::digest::Digest;
use crate::issuance::order::When;
use crate::script::{Id, Located, NamePart};
use crate::stage::{Event, OriginHead};

spec!(
    /// `issue-subordinate: {issuer: …, request: …, profile: …, subject: […], not-before: …, lasts: …, …, certificate: …}`
    Spec {
        /// The certificate of the CA that issues.
        issuer: Located<Id> = required "issuer",
        /// A request: of a step before this one, or an input.
        request: Option<Located<Id>> = optional "request",
        /// A public key: an input.
        public_key: Option<Located<Id>> = optional "public-key",
        /// A key of this ceremony.
        key: Option<Located<Id>> = optional "key",
        /// Its profile.
        profile: Located<Id> = required "profile",
        /// Its name.
        subject: Vec<NamePart> = list "subject",
        /// From when.
        not_before: Located<When> = required "not-before",
        /// For how long.
        lasts: Option<Located<Lasting>> = optional "lasts",
        /// Where the issuer's CRL is.
        crl_url: Option<Located<String>> = optional "crl-url",
        /// Where the issuer's certificate is.
        issuer_url: Option<Located<String>> = optional "issuer-url",
        /// Where the issuer's OCSP responder is.
        ocsp_url: Option<Located<String>> = optional "ocsp-url",
        /// The name of the certificate.
        certificate: Located<Id> = required "certificate",
    }
);

/// A subordinate CA certificate is signed by its issuer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueSubordinate {
    #[serde(flatten)]
    issue: Issue,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_sha256: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    key_origin: Option<Box<KeyOrigin>>,
}

impl Step for IssueSubordinate {
    const NAME: &'static str = "issue-subordinate";
    const ABOUT: &'static str =
        "a subordinate CA certificate, from a request, a public key or a key on a token";
    const WHY: &'static str =
        "The root stays offline; this certificate lets the online CA issue in its name. BR 7.1.2.6.";
    const MINUTES: u32 = 4;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let issuer = scope.issuer(&spec.issuer);
        let profile = scope.profile(&spec.profile, &["subordinate"]);
        let given =
            given_key::resolve(spec.request.as_ref(), spec.public_key.as_ref(), spec.key.as_ref(), scope);
        let name = scope.new_output("subordinate", &spec.certificate);
        let (subject, named) = subject(&spec.subject, profile.as_ref(), scope);
        let period = period(spec.not_before, spec.lasts, profile.as_ref(), scope);
        let filled =
            [("crl-url", &spec.crl_url), ("issuer-url", &spec.issuer_url), ("ocsp-url", &spec.ocsp_url)];
        let fills = fills(&filled, profile.as_ref(), scope);
        let (issuer, given) = (issuer?, given?);
        let key = issuer_key(&issuer, spec.issuer.place, scope)?;
        if given.name.as_deref() == Some(&key.name)
            || given.public.spki_der() == key.public.spki_der() && key.id.is_some()
        {
            scope.wrong(format!("the key of the subordinate CA is the issuer's own key `{}`", key.name));
            return None;
        }
        scope.uses(&key.token);
        let words = CertificateWords {
            name: name?,
            profile: spec.profile.value.to_string(),
            period: period?,
            fills: fills?,
        };
        let resolved = Resolved {
            profile: profile?,
            issuer: Some(issuer),
            subject: subject?,
            named,
            public_key: given.public,
            certified: given.name,
            crossed: None,
            organization: None,
            key: key.name,
        };
        Issue::resolve(words, resolved, scope).map(|issue| Self {
            issue,
            request_sha256: given.request_sha256,
            key_origin: given.origin,
        })
    }

    fn preview(&self) -> String {
        let (name, issuer) = (self.issue.name(), self.issue.issuer());
        let origin = self.key_origin.as_ref().map_or(String::new(), |origin| format!(" {origin}"));
        format!(
            "Sign the subordinate CA certificate `{name}` under `{issuer}` with the key `{}`.{origin}",
            self.issue.signer()
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        if let Some(sha256) = self.request_sha256 {
            // The proof of possession was verified when the plan was made, over these octets.
            let origin_head = self.key_origin.as_ref().map(|log| OriginHead {
                origin: log.origin.clone(),
                size: log.size,
                root: log.root,
            });
            let kind = "csr".to_owned();
            room.stage.record(Event::RequestReceived { kind, sha256, pop_verified: true, origin_head })?;
        }
        self.issue.perform(room)
    }
}

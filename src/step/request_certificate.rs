//! `request-certificate`: a certification request from a key on a token. RFC 2986.

use serde::{Deserialize, Serialize};

use super::certificate::{approver, subject};
use super::{Room, Scope, Step, StepError, spec};
use crate::digest::{Digest, from_hex, hex};
use crate::issuance::order::RequestOrder;
use crate::issuance::{self, IssuanceError, Ledger, Terms};
use crate::pki::Name;
use crate::profile::{Fills, Profile};
use crate::script::{Id, Located, NamePart};
use crate::stage::{Line, Notice};

spec!(
    /// `request-certificate: {key: …, profile: …, subject: […], request: …}`
    Spec {
        /// The key that asks.
        key: Located<Id> = required "key",
        /// The request's profile.
        profile: Located<Id> = required "profile",
        /// The name that is asked for.
        subject: Vec<NamePart> = list "subject",
        /// The name of the request.
        request: Located<Id> = required "request",
    }
);

/// A key asks for a certificate and proves that it is possessed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestCertificate {
    request: String,
    key: String,
    profile: String,
    subject: Vec<(String, String)>,
    subject_der: String,
}

impl RequestCertificate {
    fn order(&self, profile: &Profile, ledger: &Ledger) -> Result<RequestOrder, IssuanceError> {
        let unknown = |what, name: &str| IssuanceError::Unknown { what, name: name.to_owned() };
        let subject = Name::from_der(&from_hex(&self.subject_der).unwrap_or_default()).map_err(|error| {
            IssuanceError::Unreadable { name: self.request.clone(), why: error.to_string() }
        })?;
        Ok(RequestOrder {
            name: self.request.clone(),
            profile: profile.request().ok_or_else(|| unknown("request profile", &self.profile))?.clone(),
            key: ledger.key(&self.key).ok_or_else(|| unknown("key", &self.key))?.clone(),
            subject,
            fills: Fills::new(),
        })
    }
}

impl Step for RequestCertificate {
    const NAME: &'static str = "request-certificate";
    const ABOUT: &'static str = "a certification request from a key on a token";
    const WHY: &'static str =
        "The key itself signs the request: whoever certifies it knows that somebody holds it. RFC 2986.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let key = scope.key(&spec.key);
        let profile = scope.profile(&spec.profile, &["csr"]);
        let name = scope.new_output("request", &spec.request);
        let (subject, named) = subject(&spec.subject, profile.as_ref(), scope);
        let (key, profile) = (key?, profile?);
        let step = Self {
            request: name?,
            key: key.name.clone(),
            profile: spec.profile.value.to_string(),
            subject: named,
            subject_der: hex(subject?.der()),
        };
        match step.order(&profile, &scope.ledger) {
            Ok(order) => drop(scope.plan_order(&order)?),
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        }
        scope.uses(&key.token);
        scope.will_have_request(&step.request, key);
        Some(step)
    }

    fn preview(&self) -> String {
        format!("Sign the certification request `{}` with its own key `{}`.", self.request, self.key)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || IssuanceError::Unknown { what: "profile", name: self.profile.clone() };
        let profile = room.setting.profiles.get(&self.profile).ok_or_else(unknown)?;
        let order = self.order(profile, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (_, verified) = issuance::issue(&order, terms, room.ledger, room.stage)?;
        let sha256 = Digest::of(verified.der());
        let lines =
            vec![Line::new("request", self.request.clone()), Line::new("SHA-256", sha256.to_string())];
        room.stage
            .show(&Notice::Done { sentence: "Signed, read back, compared and verified.".into(), lines });
        Ok(())
    }
}

//! `issue-crl`: a certificate revocation list. BR §4.9.7, §7.2.

use serde::{Deserialize, Serialize};

use super::certificate::{approver, issuer_key, subject_sha256};
use super::revoked::{self, Listing, Revoked};
use super::{Room, Scope, Setting, Step, StepError, last_crl, spec};
use crate::clock::Lasting;
use crate::issuance::order::{CrlOrder, Period, When};
use crate::issuance::{self, IssuanceError, Ledger, Listed, Terms};
use crate::profile::{Fills, Profile};
use crate::script::{FromNode, Id, Located, Node, Problems, wrong};
use crate::stage::{Line, Notice};

spec!(
    /// `issue-crl: {issuer: …, profile: root-crl, number: next, this-update: …, lasts: …, revoked: none, crl: …}`
    Spec {
        /// The certificate of the CA that issues.
        issuer: Located<Id> = required "issuer",
        /// Its profile; `root-crl` if none is named.
        profile: Option<Located<Id>> = optional "profile",
        /// `next`, or a number above every one before it.
        number: Located<Number> = required "number",
        /// From when.
        this_update: Located<When> = required "this-update",
        /// For how long, next update included.
        lasts: Located<Lasting> = required "lasts",
        /// What is revoked.
        revoked: Listing = required "revoked",
        /// The name of the CRL.
        crl: Located<Id> = required "crl",
    }
);

/// The number of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// One above the last.
    Next,
    /// This one.
    Is(u64),
}

impl FromNode for Number {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if node.is_text("next") {
            return Some(Self::Next);
        }
        match node.text().map(str::parse) {
            Some(Ok(number)) => Some(Self::Is(number)),
            _ => wrong(node, "`next` or a number from 0", problems),
        }
    }
}

/// A CRL is signed by the CA.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueCrl {
    crl: String,
    issuer: String,
    key: String,
    profile: String,
    number: String,
    period: Period,
    revoked: Revoked,
}

impl IssueCrl {
    fn order(&self, setting: &Setting, ledger: &Ledger) -> Result<CrlOrder, IssuanceError> {
        let unknown = |what, name: &str| IssuanceError::Unknown { what, name: name.to_owned() };
        let profile = setting.profiles.get(&self.profile).and_then(Profile::crl);
        let revoked = self.revoked.list(ledger, setting)?;
        let said_later = self.revoked.said_later(&revoked, ledger);
        Ok(CrlOrder {
            name: self.crl.clone(),
            profile_name: self.profile.clone(),
            profile: profile.ok_or_else(|| unknown("CRL profile", &self.profile))?.clone(),
            issuer: ledger
                .certificate(&self.issuer)
                .ok_or_else(|| unknown("certificate", &self.issuer))?
                .clone(),
            key: ledger.key(&self.key).ok_or_else(|| unknown("key", &self.key))?.clone(),
            number: self.number.parse().map_err(|_| unknown("CRL number", &self.number))?,
            period: self.period,
            revoked,
            drawn_later: self.revoked.drawn_later(),
            said_later,
            fills: Fills::new(),
        })
    }
}

impl Step for IssueCrl {
    const NAME: &'static str = "issue-crl";
    const ABOUT: &'static str = "a certificate revocation list";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let issuer = scope.issuer(&spec.issuer);
        let named =
            spec.profile.clone().unwrap_or_else(|| Located::new(default_profile(), spec.issuer.place));
        let profile = scope.profile(&named, &["crl"]);
        let name = scope.new_output("crl", &spec.crl);
        let issuer = issuer?;
        let key = issuer_key(&issuer, spec.issuer.place, scope)?;
        let issuer_name = subject_sha256(&issuer, spec.issuer.place, scope)?;
        let last_crl = match spec.revoked.last_crl() {
            Some(name) => Some(last_crl::take_in(name, &issuer, issuer_name, scope)?),
            None => None,
        };
        let last = scope.ledger.last_number(issuer_name);
        let number = match spec.number.value {
            Number::Next => last.map_or(1, |last| last.saturating_add(1)),
            Number::Is(number) => {
                if let Some(last) = last.filter(|last| *last >= number) {
                    let message = format!(
                        "found CRL number {number}; the last one of `{}` is {last}, wanted a higher one",
                        issuer.name
                    );
                    scope.problems.add(spec.number.place, message);
                }
                number
            }
        };
        let revoked = revoked::resolve(&spec.revoked, last_crl.as_ref(), &issuer, scope);
        if let Some(revoked) = &revoked {
            let issuer = (issuer.name.as_str(), issuer_name);
            revoked::keeps_all(revoked, last_crl.as_ref(), issuer, spec.crl.place, scope);
        }
        revoked::is_after_revocations(issuer_name, &spec.this_update, scope);
        let step = Self {
            crl: name?,
            issuer: issuer.name.clone(),
            key: key.name.clone(),
            profile: named.value.to_string(),
            number: number.to_string(),
            period: Period { begins: spec.this_update.value, lasts: spec.lasts.value },
            revoked: revoked?,
        };
        profile?;
        match step.order(&scope.setting, &scope.ledger) {
            Ok(order) => drop(scope.plan_order(&order)?),
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        }
        scope.uses(&key.token);
        scope.ledger.use_crl_number(issuer_name, number);
        step.revoked.learn(issuer_name, &mut scope.ledger, &scope.setting);
        let count = step.revoked.count();
        scope.ledger.use_listed(issuer_name, Listed { count, only_counted: false });
        scope.will_run_out(step.period);
        Some(step)
    }

    fn preview(&self) -> String {
        let count = self.revoked.count();
        format!(
            "Sign the CRL `{}`, number {}, of `{}` with the key `{}`; it lists {count} revoked certificate{}.",
            self.crl,
            self.number,
            self.issuer,
            self.key,
            if count == 1 { "" } else { "s" }
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let order = self.order(room.setting, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (drawn, verified) = issuance::issue(&order, terms, room.ledger, room.stage)?;
        if let Ok(view) = crate::pki::read::certificate(&order.issuer.der) {
            let issuer_name = view.subject().sha256();
            room.ledger.use_crl_number(issuer_name, order.number);
            self.revoked.learn(issuer_name, room.ledger, room.setting);
        }
        let (_, next_update) = self.period.at(drawn.at, &self.crl)?;
        room.ledger.runs_out(next_update);
        let sha256 = verified.sha256();
        let lines = vec![
            Line::new("CRL", self.crl.clone()),
            Line::new("next update", next_update.to_string()),
            Line::new("SHA-256", sha256.to_string()),
        ];
        room.stage
            .show(&Notice::Done { sentence: "Signed, read back, compared and verified.".into(), lines });
        Ok(())
    }
}

fn default_profile() -> Id {
    #[expect(clippy::expect_used, reason = "a constant id; every ready script reads it")]
    "root-crl".parse().expect("a constant id")
}

//! `issue-crl`: a certificate revocation list. BR §4.9.7, §7.2.

use serde::{Deserialize, Serialize};

use super::certificate::approver;
use super::crl::{Crl, Number, Words};
use super::revoked::Listing;
use super::{Room, Scope, Step, StepError, sealed, spec};
use crate::clock::Lasting;
use crate::issuance::order::{CrlKind, When};
use crate::issuance::{self, Terms};
use crate::script::{Id, Located};
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

/// A CRL is signed by the CA.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueCrl {
    crl: String,
    #[serde(flatten)]
    list: Crl,
    /// CRLs that were sealed before and count for nothing after it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    supersedes: Vec<String>,
}

impl Step for IssueCrl {
    const NAME: &'static str = "issue-crl";
    const ABOUT: &'static str = "a certificate revocation list";
    const WHY: &'static str =
        "Everybody who checks certificates looks here for the ones that were revoked. BR 4.9.7, 7.2.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let name = scope.new_output("crl", &spec.crl);
        let words = Words {
            issuer: &spec.issuer,
            profile: spec.profile.as_ref(),
            number: &spec.number,
            this_update: &spec.this_update,
            lasts: &spec.lasts,
            revoked: &spec.revoked,
            name: &spec.crl,
        };
        let (list, known) = Crl::resolve(&words, scope)?;
        let crl = name?;
        match list.order(&crl, CrlKind::Current, &scope.setting, &scope.ledger) {
            Ok(order) => drop(scope.plan_order(&order)?),
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        }
        list.will_be_known(known.issuer, known.number, scope);
        let period = list.period;
        scope.will_run_out(&format!("CRLs {}", known.issuer), |signing| {
            period.at(signing, "").ok().map(|(_, last)| last)
        });
        // At the earliest: what follows it without a gap has to begin by then.
        if let Ok((_, until)) = period.at(scope.setting.window.from, "") {
            scope.ledger.use_crl_until(known.issuer, until);
        }
        let supersedes = sealed::will_be_superseded(known.issuer, scope);
        Some(Self { crl, list, supersedes })
    }

    fn preview(&self) -> String {
        let Crl { issuer, key, .. } = &self.list;
        format!(
            "Sign the CRL `{}`, number {}, of `{issuer}` with the key `{key}`; it lists {}.{}",
            self.crl,
            self.list.number(),
            self.list.lists(),
            sealed::said(&self.supersedes)
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let order = self.list.order(&self.crl, CrlKind::Current, room.setting, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (drawn, verified) = issuance::issue(&order, terms, room.ledger, room.stage)?;
        let (_, next_update) = order.updates(drawn.at)?;
        let sha256 = verified.sha256();
        if let Ok(view) = crate::pki::read::certificate(&order.issuer.der) {
            let issuer = view.subject().sha256();
            self.list.learn(issuer, order.number, room.ledger, room.setting);
            room.ledger.crls_run_out(issuer, next_update);
            sealed::supersede(issuer, &format!("CRL number {}", order.number), room)?;
        }
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

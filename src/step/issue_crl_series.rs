//! `issue-crl-series`: CRLs ahead of time, sealed until each begins. RFC 5280 §5.1.2.5.
//!
//! The rules of this file:
//! - Only under the policy `private`: a CRL that begins in the future can un-revoke what is revoked until then.
//! - From the CRL before the first one to the end of the last there is always one: each ends not before the next begins.
//! - None of them is in the bundle. A revocation, or a CRL with a higher number, ends them all.

use serde::{Deserialize, Serialize};

use super::certificate::approver;
use super::crl::{Crl, Known, Number, Words};
use super::revoked::Listing;
use super::{Room, Scope, Step, StepError, sealed, spec};
use crate::clock::{Lasting, Timestamp};
use crate::digest::Digest;
use crate::issuance::order::{CrlKind, CrlSeries, When, Windows};
use crate::issuance::{self, IssuanceError, Ledger, Policy, SealedSeries, Terms};
use crate::script::{Id, Located};
use crate::stage::{Line, Notice};

spec!(
    /// `issue-crl-series: {issuer: …, number: next, this-update: …, lasts: …, windows: …, every: …, revoked: …, crls: …}`
    Spec {
        /// The certificate of the CA that issues.
        issuer: Located<Id> = required "issuer",
        /// Their profile; `root-crl` if none is named.
        profile: Option<Located<Id>> = optional "profile",
        /// `next`, or a number above every one before it: that of the first.
        number: Located<Number> = required "number",
        /// From when the first one is.
        this_update: Located<When> = required "this-update",
        /// For how long each is, next update included.
        lasts: Located<Lasting> = required "lasts",
        /// How many there are.
        windows: Located<u32> = required "windows",
        /// From the beginning of one to the beginning of the next.
        every: Located<Lasting> = required "every",
        /// What is revoked.
        revoked: Listing = required "revoked",
        /// The name of the CRLs; each has its number behind it, from 1.
        crls: Located<Id> = required "crls",
    }
);

/// CRLs are signed by the CA, all under one approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueCrlSeries {
    crls: String,
    #[serde(flatten)]
    first: Crl,
    windows: Windows,
    /// CRLs that were sealed before and count for nothing after these.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    supersedes: Vec<String>,
}

impl IssueCrlSeries {
    fn series(&self, setting: &super::Setting, ledger: &Ledger) -> Result<CrlSeries, IssuanceError> {
        let first = self.first.order(&self.crls, CrlKind::Sealed, setting, ledger)?;
        Ok(CrlSeries { first, windows: self.windows })
    }

    /// What the ledger knows of it.
    fn sealed(
        &self,
        series: &CrlSeries,
        known: Known,
        list_sha256: Digest,
        until: Timestamp,
    ) -> SealedSeries {
        SealedSeries {
            name: self.crls.clone(),
            list_sha256,
            issuer: known.issuer,
            issuer_spki_sha256: series.first.key.public.spki_sha256(),
            number: known.number,
            last_number: series.last_number(),
            until,
        }
    }
}

impl Step for IssueCrlSeries {
    const NAME: &'static str = "issue-crl-series";
    const ABOUT: &'static str = "certificate revocation lists ahead of time, sealed until each begins";
    const WHY: &'static str =
        "The lists of the months to come are signed now, and sealed, so that the key can stay offline.";
    const MINUTES: u32 = 5;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        if scope.setting.policy != Policy::Private {
            let message = format!(
                "a CRL that begins in the future can un-revoke: CRLs ahead of time are for the policy `private` only, and this is \
                 `{}`",
                scope.setting.policy
            );
            scope.wrong(message);
            return None;
        }
        let name = scope.new_output("sealed-crl", &spec.crls);
        let windows = windows(&spec, scope);
        let words = Words {
            issuer: &spec.issuer,
            profile: spec.profile.as_ref(),
            number: &spec.number,
            this_update: &spec.this_update,
            lasts: &spec.lasts,
            revoked: &spec.revoked,
            name: &spec.crls,
        };
        let (first, known) = Crl::resolve(&words, scope)?;
        let supersedes = sealed::will_be_superseded(known.issuer, scope);
        let step = Self { crls: name?, first, windows: windows?, supersedes };
        let series = match step.series(&scope.setting, &scope.ledger) {
            Ok(series) => series,
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        };
        follows(&spec, &series, known.issuer, scope);
        let mut good = true;
        for index in 0..series.count() {
            // All of them are planned, so that everything that is wrong is said.
            good &= scope.plan_order(&series.member(index)).is_some();
        }
        let until = ends(&series, scope.setting.window.from);
        step.first.will_be_known(known.issuer, series.last_number(), scope);
        scope.will_run_out(&format!("CRLs {}", known.issuer), |_| until);
        if let Some(until) = until {
            let sealed = step.sealed(&series, known, Digest::of(step.crls.as_bytes()), until);
            scope.ledger.seal_series(sealed);
        }
        good.then_some(step)
    }

    fn preview(&self) -> String {
        let Crl { issuer, key, period, .. } = &self.first;
        let Windows { count, every } = self.windows;
        let overlap = period.lasts.seconds().saturating_sub(every.saturating_add(1));
        let every = Lasting::from_seconds(every).map_or_else(String::new, |every| every.to_string());
        format!(
            "Sign {count} CRLs ahead of time, `{name}-1` to `{name}-{count}`, numbers from {number} on without a gap, of `{issuer}` \
             with the key `{key}`; each lists {lists}. The first begins {begins}, each later one {every} after the one before; each \
             lasts {lasts}, so that it ends {overlap} seconds after the next has begun and there is always one. They are sealed \
             outside the bundle, each until it begins.{supersedes}",
            name = self.crls,
            number = self.first.number(),
            lists = self.first.lists(),
            begins = period.begins,
            lasts = period.lasts,
            supersedes = sealed::said(&self.supersedes),
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let series = self.series(room.setting, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (drawn, list_sha256) = issuance::issue_series(&series, terms, room.ledger, room.stage)?;
        let updates = series.updates(drawn.at)?;
        if let Ok(view) = crate::pki::read::certificate(&series.first.issuer.der)
            && let Some((_, until)) = updates.last()
        {
            let issuer = view.subject().sha256();
            let known = Known { issuer, number: series.first.number };
            self.first.learn(issuer, series.last_number(), room.ledger, room.setting);
            let reason = format!("CRLs ahead of time from number {} on", series.first.number);
            sealed::supersede(issuer, &reason, room)?;
            room.ledger.crls_run_out(issuer, *until);
            room.ledger.seal_series(self.sealed(&series, known, list_sha256, *until));
        }
        let said = |(index, (activates, until)): (usize, &(Timestamp, Timestamp))| {
            let one = series.member(index);
            let value = format!("number {}, activates {activates}, next update {until}", one.number);
            Line::new(one.name, value)
        };
        let mut lines: Vec<Line> = updates.iter().enumerate().map(said).collect();
        lines.push(Line::new("list, SHA-256", list_sha256.to_string()));
        let sentence = "Signed, read back, compared and verified. They are in the folder `sealed`, not in the bundle: \
                        keep them in custody, and hand over each when it activates.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}

/// The windows: each ends after the next has begun.
fn windows(spec: &Spec, scope: &mut Scope<'_>) -> Option<Windows> {
    let (count, every, lasts) = (&spec.windows, &spec.every, spec.lasts.value);
    if !(1..=MOST).contains(&count.value) {
        let message = format!("found {} windows, wanted 1 to {MOST}", count.value);
        scope.problems.add(count.place, message);
        return None;
    }
    if every.value >= lasts {
        // The last second of one has to be the first of the next at the latest.
        let gap = every.value.seconds() - lasts.seconds();
        let message = format!(
            "each CRL lasts {lasts}, and the next one begins {} after it: its next update is {} seconds before that; wanted \
             `lasts` longer than `every`",
            every.value,
            gap.saturating_add(1)
        );
        scope.problems.add(every.place, message);
        return None;
    }
    Some(Windows { count: count.value, every: every.value.seconds() })
}

/// The series begins before the CRL before it has run out, whenever in the window it is signed.
fn follows(spec: &Spec, series: &CrlSeries, issuer: Digest, scope: &mut Scope<'_>) {
    let window = scope.setting.window;
    let Ok((latest, _)) = series.first.updates(window.to) else { return };
    let message = match scope.ledger.crls_until(issuer) {
        Some(until) if latest <= until => return,
        Some(until) => format!(
            "the first CRL ahead of time begins at {latest}, and the one before it has its next update at {until}: between them \
             there is none"
        ),
        None if latest <= window.to => return,
        None => format!(
            "the first CRL ahead of time begins at {latest}, and `{}` has none before it; wanted an `issue-crl` before this step",
            series.first.issuer.name
        ),
    };
    scope.problems.add(spec.this_update.place, message);
}

/// Next update of the last one, if it is signed at `signing`.
fn ends(series: &CrlSeries, signing: Timestamp) -> Option<Timestamp> {
    series.updates(signing).ok()?.last().map(|(_, until)| *until)
}

/// So many times fit into the record that says when each activates, and into a year of days.
const MOST: u32 = 366;

//! `issue-ocsp-responses`: OCSP responses ahead of time, one for each certificate. BR §4.9.9, §7.3; RFC 6960.

use serde::{Deserialize, Serialize};

use super::certificate::approver;
use super::stand_in::is_stand_in;
use super::{Room, Scope, Step, StepError, revoked, spec};
use crate::clock::Lasting;
use crate::digest::Digest;
use crate::issuance::order::{OcspSeries, Period, Subject, When, Windows};
use crate::issuance::{self, IssuanceError, KnownCertificate, Ledger, RevokedHere, Terms};
use crate::pki::{SerialNumber, read};
use crate::profile::{Fills, Profile};
use crate::script::{FromNode, Id, Located, Node, Place, Problems, Value, wrong};
use crate::stage::{Line, Notice};

spec!(
    /// `issue-ocsp-responses: {issuer: …, responder: …, certificates: […], this-update: …, lasts: …, responses: …}`
    Spec {
        /// The certificate of the CA that issued the certificates.
        issuer: Located<Id> = required "issuer",
        /// The certificate of who answers: the CA's own, or a delegate's.
        responder: Located<Id> = required "responder",
        /// The responses' profile; `ocsp-response` if none is named.
        profile: Option<Located<Id>> = optional "profile",
        /// The certificates in question.
        certificates: Answered = required "certificates",
        /// From when.
        this_update: Located<When> = required "this-update",
        /// For how long, next update included.
        lasts: Located<Lasting> = required "lasts",
        /// How many windows, one after the other; one if it is not said.
        windows: Option<Located<u32>> = optional "windows",
        /// From the beginning of one window to the beginning of the next.
        every: Option<Located<Lasting>> = optional "every",
        /// The name of the responses; each has its number behind it.
        responses: Located<Id> = required "responses",
    }
);

/// About which certificates there are responses.
#[derive(Debug)]
pub enum Answered {
    /// These, by name.
    Named(Vec<Located<Id>>),
    /// All of the issuer's that the log and the steps before know and that have not run out.
    FromLog(Place),
}

impl FromNode for Answered {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } if text == "from-log" => Some(Self::FromLog(node.place)),
            Value::List(items) if items.is_empty() => {
                problems.add(node.place, "`certificates` is an empty list; wanted at least one");
                None
            }
            Value::List(_) => Vec::from_node(node, problems).map(Self::Named),
            _ => wrong(node, "a list of certificates by name, or `from-log`", problems),
        }
    }

    fn stand_in(key: &str, place: Place, problems: &mut Problems) -> Option<Self> {
        FromNode::stand_in(key, place, problems).map(Self::Named)
    }
}

/// OCSP responses are signed, all under one approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueOcspResponses {
    responses: String,
    issuer: String,
    responder: String,
    key: String,
    profile: String,
    certificates: Vec<String>,
    period: Period,
    windows: Windows,
}

impl IssueOcspResponses {
    fn series(&self, profile: &Profile, ledger: &Ledger) -> Result<OcspSeries, IssuanceError> {
        let unknown = |what, name: &str| IssuanceError::Unknown { what, name: name.to_owned() };
        let certificate =
            |name: &str| ledger.certificate(name).ok_or_else(|| unknown("certificate", name)).cloned();
        let key = ledger.key(&self.key).ok_or_else(|| unknown("key", &self.key))?;
        let profile = profile.ocsp_response().ok_or_else(|| unknown("OCSP profile", &self.profile))?;
        let subject = |name: &String| {
            let known = certificate(name)?;
            let view = read::certificate(&known.der)
                .map_err(|error| IssuanceError::Unreadable { name: name.clone(), why: error.to_string() })?;
            let serial = view.tbs().serial().map_err(|_| unknown("serial number of", name))?;
            let revoked = ledger
                .revocations(view.issuer().sha256())
                .into_iter()
                .find(|revocation| revocation.serial == serial)
                .map(|revocation| (revocation.at, revocation.reason));
            let decided_later = decided_later(view.issuer().sha256(), &serial, ledger);
            // The serial number of a certificate of this ceremony is drawn on the day, whoever answers.
            let made_here =
                ledger.issued_under(view.issuer().sha256(), &serial).is_none_or(|one| one.made_here);
            Ok(Subject { serial, serial_is_fixed: !made_here, revoked, decided_later })
        };
        Ok(OcspSeries {
            name: self.responses.clone(),
            profile_name: self.profile.clone(),
            profile: profile.clone(),
            issuer: certificate(&self.issuer)?,
            responder: certificate(&self.responder)?,
            key: key.clone(),
            subjects: self.certificates.iter().map(subject).collect::<Result<_, IssuanceError>>()?,
            period: self.period,
            windows: self.windows,
            fills: Fills::new(),
        })
    }
}

impl Step for IssueOcspResponses {
    const NAME: &'static str = "issue-ocsp-responses";
    const ABOUT: &'static str = "OCSP responses ahead of time, one for each certificate";
    const WHY: &'static str =
        "Software that asks whether a certificate is revoked gets these answers. BR 4.9.10.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let issuer = scope.issuer(&spec.issuer);
        let responder = scope.certificate(&spec.responder);
        let named =
            spec.profile.clone().unwrap_or_else(|| Located::new(default_profile(), spec.issuer.place));
        let profile = scope.profile(&named, &["ocsp-response"]);
        let name = scope.new_output("ocsp-response", &spec.responses);
        let known = match &spec.certificates {
            Answered::Named(names) => {
                let known: Vec<_> = names.iter().map(|name| scope.certificate(name)).collect();
                if let Some(issuer) = &issuer {
                    judge_certificates(names, &known, issuer, scope);
                }
                known.into_iter().collect::<Option<Vec<_>>>()
            }
            Answered::FromLog(place) => {
                issuer.as_ref().and_then(|issuer| scope.certificates_of(issuer, *place))
            }
        };
        let (issuer, responder) = (issuer?, responder?);
        if let Some(known) = &known {
            let names: Vec<String> = known.iter().map(|known| known.name.clone()).collect();
            scope.answers_for(&issuer.name, &names);
        }
        let answers = answers(&responder, &issuer, spec.responder.place, scope);
        knows_who_is_revoked(&issuer, spec.issuer.place, scope)?;
        let issuer_name = super::certificate::subject_sha256(&issuer, spec.issuer.place, scope)?;
        let windows = windows(&spec, scope);
        let key = super::certificate::issuer_key(&responder, spec.responder.place, scope)?;
        let step = Self {
            responses: name?,
            issuer: issuer.name,
            responder: responder.name,
            key: key.name.clone(),
            profile: named.value.to_string(),
            certificates: of_known_issuers(known?),
            period: Period { begins: spec.this_update.value, lasts: spec.lasts.value },
            windows: windows?,
        };
        if !answers {
            return None;
        }
        match step.series(&profile?, &scope.ledger) {
            Ok(series) => {
                if series.subjects.iter().any(|subject| subject.decided_later.is_some()) {
                    revoked::is_after_revocations(issuer_name, &spec.this_update, scope);
                }
                plan_series(&series, spec.responses.place, scope)?;
            }
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        }
        scope.uses(&key.token);
        Some(step)
    }

    fn preview(&self) -> String {
        let Windows { count, every } = self.windows;
        let each = match Lasting::from_seconds(every) {
            Some(every) if count > 1 => {
                format!(
                    " for {count} windows of {}, each beginning {every} after the one before, without a gap",
                    self.period.lasts
                )
            }
            _ => String::new(),
        };
        format!(
            "Sign OCSP responses of `{}` on {} by `{}` with the key `{}`{each}.",
            self.issuer,
            self.certificates.join(", "),
            self.responder,
            self.key
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || IssuanceError::Unknown { what: "profile", name: self.profile.clone() };
        let profile = room.setting.profiles.get(&self.profile).ok_or_else(unknown)?;
        let series = self.series(profile, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (drawn, _) = issuance::issue_series(&series, terms, room.ledger, room.stage)?;
        let last = u64::from(self.windows.count.saturating_sub(1));
        let (_, next_update) = series.window(last, drawn.at)?;
        room.ledger.responses_run_out(&self.responses, next_update);
        let lines = vec![
            Line::new("responses", format!("{}-1 to {}-{}", self.responses, self.responses, series.count())),
            Line::new("next update", next_update.to_string()),
        ];
        room.stage
            .show(&Notice::Done { sentence: "Signed, read back, compared and verified.".into(), lines });
        Ok(())
    }
}

/// The windows; each begins before the one before it is over or at once after it.
fn windows(spec: &Spec, scope: &mut Scope<'_>) -> Option<Windows> {
    let (count, every) = match (&spec.windows, &spec.every) {
        (None, None) => return Some(Windows::ONE),
        (Some(count), Some(every)) => (count, every),
        (Some(one), None) => {
            scope.problems.add(one.place, "`windows` without `every`: wanted both or neither");
            return None;
        }
        (None, Some(one)) => {
            scope.problems.add(one.place, "`every` without `windows`: wanted both or neither");
            return None;
        }
    };
    if count.value == 0 {
        scope.problems.add(count.place, "found 0 windows, wanted at least 1");
        return None;
    }
    let lasts = spec.lasts.value;
    if every.value > lasts {
        let gap = every.value.seconds() - lasts.seconds();
        let message = format!(
            "each window lasts {lasts} and the next begins after {}: between them nothing is said for {gap} seconds",
            every.value
        );
        scope.problems.add(every.place, message);
        return None;
    }
    Some(Windows { count: count.value, every: every.value.seconds() })
}

/// Has every response judged. The plan shows each of a few, and of many the first and the last; between them nothing but
/// the serial number and the time differs, and rules about time hold from the first window to the last.
fn plan_series(series: &OcspSeries, place: Place, scope: &mut Scope<'_>) -> Option<()> {
    let in_windows = series.in_one_window().checked_mul(usize::try_from(series.windows.count).ok()?);
    let Some(count) = in_windows.filter(|count| *count <= MOST) else {
        let message =
            format!("there would be more than {MOST} responses; wanted fewer certificates or windows");
        scope.problems.add(place, message);
        return None;
    };
    let shown = |index: &usize| *index < SHOWN || *index + SHOWN >= count;
    for index in (0..count).filter(shown) {
        scope.plan_order(&series.member(index))?;
    }
    // A series runs out with its last window.
    let last = u64::from(series.windows.count.saturating_sub(1));
    scope.will_run_out(&format!("responses {}", series.name), |signing| {
        series.window(last, signing).ok().map(|(_, ends)| ends)
    });
    scope.judge_series(series, |index| !shown(&index))
}

/// Whether whoever is to answer can answer for the issuer. Where either is in error itself, there is nothing to judge answers by.
fn answers(
    responder: &KnownCertificate,
    issuer: &KnownCertificate,
    place: Place,
    scope: &mut Scope<'_>,
) -> bool {
    if [&issuer.name, &responder.name, &responder.issuer].into_iter().any(|name| is_stand_in(name)) {
        return false;
    }
    let answers = responder.name == issuer.name
        || responder.kind == "ocsp-responder" && responder.issuer == issuer.name;
    if !answers {
        let message = format!(
            "`{}` does not answer for `{}`: wanted the CA itself or an OCSP responder under it",
            responder.name, issuer.name
        );
        scope.problems.add(place, message);
    }
    answers
}

/// The names of all but those that are in error themselves: nobody knows who issued them.
fn of_known_issuers(known: Vec<KnownCertificate>) -> Vec<String> {
    let in_error = |known: &KnownCertificate| is_stand_in(&known.name) || is_stand_in(&known.issuer);
    known.into_iter().filter(|known| !in_error(known)).map(|known| known.name).collect()
}

/// Each certificate stands there once and was issued by the issuer.
fn judge_certificates(
    certificates: &[Located<Id>],
    known: &[Option<KnownCertificate>],
    issuer: &KnownCertificate,
    scope: &mut Scope<'_>,
) {
    for (place, name) in certificates.iter().enumerate() {
        // The two responses would be the same octets, which cannot be stored twice.
        let is_there = certificates.iter().take(place).any(|before| before.value == name.value);
        if is_there && !name.value.is_unread() {
            let message = format!("certificate `{}` stands here for the second time", name.value);
            scope.problems.add(name.place, message);
        }
    }
    for (name, known) in certificates.iter().zip(known) {
        if let Some(known) = known.as_ref().filter(|known| {
            known.issuer != issuer.name && !is_stand_in(&known.issuer) && !is_stand_in(&issuer.name)
        }) {
            let message = format!(
                "certificate `{}` was issued by `{}`, not by `{}`",
                known.name, known.issuer, issuer.name
            );
            scope.problems.add(name.place, message);
        }
    }
}

/// The step of this ceremony that decides what is said of a certificate, if that is not known before the day.
fn decided_later(issuer: Digest, serial: &SerialNumber, ledger: &Ledger) -> Option<String> {
    let decides = |here: &&RevokedHere| {
        let open = !here.effective.is_fixed() || here.reason_is_open;
        here.issuer == issuer && (here.serial_is_open || open && here.revocation.serial == *serial)
    };
    let here = ledger.revoked_here().iter().find(decides)?;
    Some(format!("status by step {}", here.step))
}

/// Of every certificate of the issuer it is known whether it is revoked.
fn knows_who_is_revoked(issuer: &KnownCertificate, place: Place, scope: &mut Scope<'_>) -> Option<()> {
    let issuer_name = super::certificate::subject_sha256(issuer, place, scope)?;
    if scope.ledger.last_listed(issuer_name).only_counted {
        let message = format!(
            "the last CRL of `{}` lists revoked certificates and the log does not say which; wanted an `issue-crl` of it \
             with `{{csv: …}}` before this step, so that nothing revoked is called good",
            issuer.name
        );
        scope.problems.add(place, message);
        return None;
    }
    Some(())
}

fn default_profile() -> Id {
    #[expect(clippy::expect_used, reason = "a constant id; every ready script reads it")]
    "ocsp-response".parse().expect("a constant id")
}

/// The most responses of one step.
const MOST: usize = 1_000_000;

/// How many responses a plan shows from the beginning, and how many from the end.
const SHOWN: usize = 128;

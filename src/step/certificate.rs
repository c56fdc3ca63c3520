//! What the steps that issue certificates have in common: from their words to an order, and its performance.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, StepError};
use crate::clock::Lasting;
use crate::digest::{Digest, from_hex, hex};
use crate::issuance::order::{CertificateOrder, Period, When};
use crate::issuance::{self, IssuanceError, Key, KnownCertificate, Ledger, Terms};
use crate::pki::{Name, PublicKey};
use crate::profile::{Fills, Profile, ProfileError, Term};
use crate::script::{FromNode as _, Located, NamePart, Word as _};
use crate::stage::{Line, Notice, Person};

/// What every step that issues a certificate says.
pub struct CertificateWords {
    /// The name of the certificate.
    pub name: String,
    /// The name of its profile.
    pub profile: String,
    /// Its validity.
    pub period: Period,
    /// What the script fills into the profile.
    pub fills: Fills,
}

/// What the words refer to.
pub struct Resolved {
    /// The profile.
    pub profile: Profile,
    /// The issuer's certificate; nothing for a root.
    pub issuer: Option<KnownCertificate>,
    /// Whose certificate it is.
    pub subject: Name,
    /// The subject as the script says it.
    pub named: Vec<(String, String)>,
    /// The key that it certifies.
    pub public_key: PublicKey,
    /// The name of that key, if the ceremony has it.
    pub certified: Option<String>,
    /// The certificate that is being cross-signed.
    pub crossed: Option<KnownCertificate>,
    /// The organization as a cross-certificate spells it, if not as that certificate does.
    pub organization: Option<String>,
    /// The name of the key that signs.
    pub key: String,
}

/// A certificate to be issued, as a plan holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issue {
    certificate: String,
    kind: String,
    profile: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    key: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    subject: Vec<(String, String)>,
    subject_der: String,
    #[serde(flatten)]
    public_key: Certified,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_signs: Option<Crossed>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    organization: Option<String>,
    validity: Period,
    #[serde(skip_serializing_if = "Fills::is_empty", default)]
    fills: Fills,
}

/// The key that a certificate certifies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Certified {
    /// A key of the ceremony, by name.
    CertifiesKey(String),
    /// A public key from outside: its whole SubjectPublicKeyInfo in hex.
    CertifiesSpki(String),
}

/// The certificate that is being cross-signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Crossed {
    /// One of the ceremony, by name.
    Certificate(String),
    /// One from outside, in hex.
    Der(String),
}

impl Issue {
    /// Drafts and judges the certificate for the whole window, and tells the scope that it will be there.
    pub fn resolve(words: CertificateWords, resolved: Resolved, scope: &mut Scope<'_>) -> Option<Self> {
        let Resolved { profile, issuer, subject, named, public_key, certified, crossed, organization, key } =
            resolved;
        let cross_signs = crossed.as_ref().map(|crossed| match scope.ledger.certificate(&crossed.name) {
            Some(_) => Crossed::Certificate(crossed.name.clone()),
            None => Crossed::Der(hex(&crossed.der)),
        });
        let issue = Self {
            certificate: words.name,
            kind: profile.kind().word().to_owned(),
            profile: words.profile,
            issuer: issuer.as_ref().map(|issuer| issuer.name.clone()),
            key,
            subject: named,
            subject_der: hex(subject.der()),
            public_key: match &certified {
                Some(name) => Certified::CertifiesKey(name.clone()),
                None => Certified::CertifiesSpki(hex(public_key.spki_der())),
            },
            cross_signs,
            organization,
            validity: words.period,
            fills: words.fills,
        };
        let order = match issue.order(&profile, &scope.ledger) {
            Ok(order) => order,
            Err(error) => {
                scope.wrong(error.to_string());
                return None;
            }
        };
        let der = scope.plan_order(&order)?;
        issue.learn(&mut scope.ledger, der);
        Some(issue)
    }

    /// The name of the certificate.
    pub fn name(&self) -> &str {
        &self.certificate
    }

    /// The name of the key that signs.
    pub fn signer(&self) -> &str {
        &self.key
    }

    /// The issuer's certificate.
    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or(&self.certificate)
    }

    /// Issues the certificate.
    ///
    /// # Errors
    ///
    /// [`StepError`]: what stopped it.
    pub fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || IssuanceError::Unknown { what: "profile", name: self.profile.clone() };
        let profile = room.setting.profiles.get(&self.profile).ok_or_else(unknown)?;
        let order = self.order(profile, room.ledger)?;
        let approver = approver(room)?;
        let plan = room.approved();
        let terms = Terms { policy: room.setting.policy, approver: &approver, plan: &plan };
        let (_, verified) = issuance::issue(&order, terms, room.ledger, room.stage)?;
        let der = verified.into_der();
        // Beside the log, for the ceremonies after this one. A power failure before this finds the step not ended.
        let sha256 = room.stage.keep(&der)?;
        self.learn(room.ledger, der);
        let lines = vec![
            Line::new("certificate", self.certificate.clone()),
            Line::new("SHA-256", sha256.to_string()),
            Line::new("in words", sha256.words()),
        ];
        room.stage
            .show(&Notice::Done { sentence: "Signed, read back, compared and verified.".into(), lines });
        Ok(())
    }

    /// The order as it stands with what the ledger knows: while planning and on the day.
    fn order(&self, profile: &Profile, ledger: &Ledger) -> Result<CertificateOrder, IssuanceError> {
        let unknown = |what, name: &str| IssuanceError::Unknown { what, name: name.to_owned() };
        let key = ledger.key(&self.key).ok_or_else(|| unknown("key", &self.key))?.clone();
        let issuer = match &self.issuer {
            Some(name) => Some(ledger.certificate(name).ok_or_else(|| unknown("certificate", name))?.clone()),
            None => None,
        };
        let (public_key, public_key_is_fixed) = match &self.public_key {
            Certified::CertifiesKey(name) => {
                let certified = ledger.key(name).ok_or_else(|| unknown("key", name))?;
                (certified.public.clone(), certified.id.is_some())
            }
            Certified::CertifiesSpki(text) => {
                let spki = from_hex(text).unwrap_or_default();
                let why = |error: crate::pki::KeyError| IssuanceError::Key {
                    name: self.certificate.clone(),
                    why: error.to_string(),
                };
                (PublicKey::from_spki_der(&spki).map_err(why)?, true)
            }
        };
        let crossed = match &self.cross_signs {
            None => None,
            Some(Crossed::Certificate(name)) => {
                Some(ledger.certificate(name).ok_or_else(|| unknown("certificate", name))?.clone())
            }
            Some(Crossed::Der(text)) => Some(KnownCertificate {
                name: "the certificate being cross-signed".into(),
                kind: "root".into(),
                der: from_hex(text).unwrap_or_default(),
                key: None,
                issuer: String::new(),
            }),
        };
        let subject = Name::from_der(&from_hex(&self.subject_der).unwrap_or_default()).map_err(|error| {
            IssuanceError::Unreadable { name: self.certificate.clone(), why: error.to_string() }
        })?;
        let profile = profile.certificate().ok_or_else(|| unknown("certificate profile", &self.profile))?;
        Ok(CertificateOrder {
            name: self.certificate.clone(),
            profile_name: self.profile.clone(),
            profile: profile.clone(),
            issuer,
            key,
            subject,
            public_key,
            public_key_is_fixed,
            period: self.validity,
            fills: self.fills.clone(),
            crossed,
            other_organization: self.organization.is_some(),
        })
    }

    /// Tells the ledger of the certificate, planned or real.
    fn learn(&self, ledger: &mut Ledger, der: Vec<u8>) {
        let certified = match &self.public_key {
            Certified::CertifiesKey(name) => Some(name.clone()),
            Certified::CertifiesSpki(_) => None,
        };
        ledger.learn_certificate(KnownCertificate {
            name: self.certificate.clone(),
            kind: self.kind.clone(),
            der,
            key: certified,
            issuer: self.issuer().to_owned(),
        });
    }
}

/// The subject by the profile's string types, and as the script says it.
pub fn subject(
    parts: &[NamePart],
    profile: Option<&Profile>,
    scope: &mut Scope<'_>,
) -> (Option<Name>, Vec<(String, String)>) {
    let named = parts.iter().map(|part| (part.kind.clone(), part.text.clone())).collect();
    let name =
        profile.and_then(|profile| scope.name(parts, profile).or_else(|| scope.stand_in_name(profile)));
    (name, named)
}

/// The period that a step says, or the profile's own length.
pub fn period(
    begins: Located<When>,
    lasts: Option<Located<Lasting>>,
    profile: Option<&Profile>,
    scope: &mut Scope<'_>,
) -> Option<Period> {
    let open = profile?.open();
    match open.lasts(lasts.map(|lasts| lasts.value)) {
        Ok(lasts) => Some(Period { begins: begins.value, lasts }),
        Err(error) => {
            match (&error, lasts) {
                (ProfileError::NotOpen { .. }, Some(lasts)) => {
                    scope.problems.add(lasts.place, error.to_string());
                }
                _ => scope.wrong(error.to_string()),
            }
            Some(Period { begins: begins.value, lasts: scope.stand_in_duration()? })
        }
    }
}

/// What a step fills into its profile, each at its place.
pub fn fills(
    given: &[(&str, &Option<Located<String>>)],
    profile: Option<&Profile>,
    scope: &mut Scope<'_>,
) -> Option<Fills> {
    let open = profile?.open();
    let mut fills = Fills::new();
    for (name, text) in given {
        let Some(text) = text else { continue };
        let mut value = Some(text.value.clone());
        if let Err(error) = Term::Text(text.value.clone()).uri(&Fills::new()) {
            scope.problems.add(text.place, error.to_string());
            value = String::stand_in(name, text.place, scope.problems);
        }
        if !open.holes().iter().any(|hole| hole.as_str() == *name) {
            scope.problems.add(text.place, ProfileError::NotOpen { name: (*name).to_owned() }.to_string());
            continue;
        }
        fills.insert((*name).to_owned(), value?);
    }
    // Each one that is missing is said, and stands in for the next.
    while let Err(error) = open.check(&fills) {
        scope.wrong(error.to_string());
        let ProfileError::Unfilled { name } = error else { return None };
        let value = String::stand_in(&name, scope.step_place(), scope.problems)?;
        fills.insert(name, value);
    }
    Some(fills)
}

/// The key behind an issuer's certificate.
pub fn issuer_key(
    issuer: &KnownCertificate,
    place: crate::script::Place,
    scope: &mut Scope<'_>,
) -> Option<Key> {
    let key = issuer.key.as_deref().and_then(|name| scope.ledger.key(name)).cloned();
    if key.is_none() {
        scope
            .problems
            .add(place, format!("the key of certificate `{}` is none of this ceremony", issuer.name));
    }
    key
}

/// The digest of the name under which an issuer issues.
pub fn subject_sha256(
    issuer: &KnownCertificate,
    place: crate::script::Place,
    scope: &mut Scope<'_>,
) -> Option<Digest> {
    let view = crate::pki::read::certificate(&issuer.der).ok();
    if view.is_none() {
        scope.problems.add(place, format!("certificate `{}` cannot be read", issuer.name));
    }
    view.map(|view| view.subject().sha256())
}

/// Who gives the command to sign: the first crypto officer in the room, while the window is open. BR §4.3.1.1.
///
/// The clock was in the window when it was confirmed. Hours may have passed since, and what is signed outside is not
/// what was planned and approved.
pub fn approver(room: &Room<'_, '_>) -> Result<Person, StepError> {
    if room.stage.is_recalling() {
        // Nothing is signed: what was signed inside the window stays what it is, and nobody is asked again.
        let planned = room.setting.people.of_role("crypto-officer").next().cloned();
        return planned.ok_or_else(|| StepError::Quorum {
            role: "crypto-officer".into(),
            present: 0,
            wanted: 1,
        });
    }
    let (now, window) = (room.stage.now(), room.setting.window);
    if !window.includes(now) {
        let (from, to) = (window.from.to_string(), window.to.to_string());
        return Err(StepError::Window { clock: now.to_string(), from, to });
    }
    let officer = room.stage.present().iter().find(|person| person.role == "crypto-officer").cloned();
    officer.ok_or_else(|| StepError::Quorum { role: "crypto-officer".into(), present: 0, wanted: 1 })
}

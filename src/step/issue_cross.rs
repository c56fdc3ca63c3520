//! `issue-cross`: a cross-certified subordinate CA certificate. BR §7.1.2.2.
//!
//! Subject, public key, subject key identifier and path length are those of the certificate being cross-signed.

use serde::{Deserialize, Serialize};

use super::certificate::{CertificateWords, Issue, Resolved, fills, issuer_key, period};
use super::{Room, Scope, Step, StepError, given_key, spec};
use crate::clock::Lasting;
use crate::issuance::KnownCertificate;
use crate::issuance::order::When;
use crate::pki::oid::attribute::ORGANIZATION;
use crate::pki::read::{self, CertificateView};
use crate::pki::{Name, PublicKey, verify_signature};
use crate::script::{Id, Located};

spec!(
    /// `issue-cross: {issuer: …, certificate-to-cross-sign: …, profile: …, not-before: …, lasts: …, …, certificate: …}`
    Spec {
        /// The certificate of the CA that issues.
        issuer: Located<Id> = required "issuer",
        /// The certificate being cross-signed: of a step before this one, or an input.
        crossed: Located<Id> = required "certificate-to-cross-sign",
        /// Its profile.
        profile: Located<Id> = required "profile",
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
        /// The organization, if it is meant to be spelled otherwise than in the certificate being cross-signed.
        organization: Option<Located<String>> = optional "organization",
        /// The name of the certificate.
        certificate: Located<Id> = required "certificate",
    }
);

/// A cross-certificate is signed by its issuer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueCross(Issue);

impl Step for IssueCross {
    const NAME: &'static str = "issue-cross";
    const ABOUT: &'static str = "a cross-certificate: another CA's name and key under this issuer";
    const WHY: &'static str =
        "Whoever trusts this issuer will trust the other CA too, until the certificate ends. BR 7.1.2.2.";
    const MINUTES: u32 = 4;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let issuer = scope.issuer(&spec.issuer);
        let crossed = crossed(&spec.crossed, scope);
        let profile = scope.profile(&spec.profile, &["cross"]);
        let name = scope.new_output("cross", &spec.certificate);
        let period = period(spec.not_before, spec.lasts, profile.as_ref(), scope);
        let filled =
            [("crl-url", &spec.crl_url), ("issuer-url", &spec.issuer_url), ("ocsp-url", &spec.ocsp_url)];
        let fills = fills(&filled, profile.as_ref(), scope);
        let (issuer, crossed) = (issuer?, crossed?);
        let key = issuer_key(&issuer, spec.issuer.place, scope)?;
        if crossed.key.as_deref() == Some(&key.name) {
            scope.problems.add(
                spec.crossed.place,
                format!("`{}` has the issuer's own key `{}`", crossed.name, key.name),
            );
            return None;
        }
        scope.uses(&key.token);
        let view = read::certificate(&crossed.der).ok()?;
        let (copied, public_key) = (view.subject().to_name(), view.public_key().ok()?);
        let subject = match &spec.organization {
            Some(text) => spelled(&copied, text, scope)?,
            None => copied,
        };
        let words = CertificateWords {
            name: name?,
            profile: spec.profile.value.to_string(),
            period: period?,
            fills: fills?,
        };
        let resolved = Resolved {
            profile: profile?,
            issuer: Some(issuer),
            subject,
            named: Vec::new(),
            public_key,
            certified: crossed.key.clone(),
            crossed: Some(crossed),
            organization: spec.organization.map(|text| text.value),
            key: key.name,
        };
        Issue::resolve(words, resolved, scope).map(Self)
    }

    fn preview(&self) -> String {
        let (name, issuer) = (self.0.name(), self.0.issuer());
        format!("Sign the cross-certificate `{name}` under `{issuer}` with the key `{}`.", self.0.signer())
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        self.0.perform(room)
    }
}

/// A certificate that names itself as its issuer has to be signed by its own key.
fn own_signature(view: &CertificateView<'_>, key: &PublicKey) -> Result<(), String> {
    let algorithm = view.signature_algorithm().signature_algorithm();
    let algorithm = algorithm.ok_or("its own signature has an algorithm that cannot be verified")?;
    verify_signature(key, algorithm, view.tbs().octets(), view.signature())
        .map_err(|error| format!("it names itself as its issuer, and its own key did not sign it: {error}"))
}

/// The name with its organization as the script spells it.
fn spelled(copied: &Name, text: &Located<String>, scope: &mut Scope<'_>) -> Option<Name> {
    let made = copied.with_value(ORGANIZATION, &text.value).map_err(|error| error.to_string());
    let why = match made {
        Ok(Some(name)) if name != *copied => return Some(name),
        Ok(Some(_)) => format!(
            "the certificate being cross-signed spells it `{}` too; wanted no `organization`",
            text.value
        ),
        Ok(None) => format!("`{copied}` has no organization of its own that could be spelled otherwise"),
        Err(why) => why,
    };
    scope.problems.add(text.place, why);
    None
}

/// The certificate being cross-signed; it has to be a CA's.
fn crossed(name: &Located<Id>, scope: &mut Scope<'_>) -> Option<KnownCertificate> {
    let known = match scope.ledger.certificate(name.value.as_str()) {
        Some(known) => known.clone(),
        None if scope.input(name.value.as_str()).is_some() => {
            let input = scope.required_input(name)?;
            let der = match given_key::one_structure(&input.octets, &["CERTIFICATE"]) {
                Ok(der) => der,
                Err(why) => {
                    scope
                        .problems
                        .add(name.place, format!("certificate `{}` ({}): {why}", name.value, input.file));
                    return None;
                }
            };
            KnownCertificate {
                name: name.value.to_string(),
                kind: "root".into(),
                der,
                key: None,
                issuer: String::new(),
            }
        }
        None => return scope.certificate(name),
    };
    let ca = read::certificate(&known.der).map_err(|error| error.to_string()).and_then(|view| {
        let constraints = view.extensions().basic_constraints().map_err(|error| error.to_string())?;
        let key = view.public_key().map_err(|error| error.to_string())?;
        // Of one that signed itself this shows that somebody has the key; the other's issuer is not here to ask.
        if known.key.is_none() && view.issuer() == view.subject() {
            own_signature(&view, &key)?;
        }
        Ok(constraints.is_some_and(|constraints| constraints.ca))
    });
    match ca {
        Ok(true) => Some(known),
        Ok(false) => {
            scope.problems.add(
                name.place,
                format!("certificate `{}` is not a CA's: its basic constraints do not say so", name.value),
            );
            None
        }
        Err(why) => {
            scope.problems.add(name.place, format!("certificate `{}`: {why}", name.value));
            None
        }
    }
}

//! What rules need from outside of the structure they judge.
//!
//! The rules of this file:
//! - In a ceremony nothing can be left out: the constructors take it all.
//! - For `lint` parts may be missing; then a rule that needs one says which, and is not passed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::verdict::CannotJudge;
use super::weak_keys::WeakKeys;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::read::{DistributionPointName, Extensions, TbsCertificateView};
use crate::pki::reason::Reason;

/// Whose rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Publicly trusted TLS: the Baseline Requirements, CCADB and the root programs.
    PublicTls,
    /// A PKI of one's own: the RFCs alone.
    Private,
    /// Microsoft's pilot of post-quantum roots.
    PqcPilot,
}

impl Policy {
    /// Every policy with the name that scripts use.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::PublicTls, "public-tls"), (Self::Private, "private"), (Self::PqcPilot, "pqc-pilot")];
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.into_iter().find(|(policy, _)| policy == self).map(|(_, name)| name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for Policy {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        named(&Self::NAMES, "policy", text)
    }
}

/// What a certificate is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A root CA certificate, self-signed.
    Root,
    /// A subordinate CA certificate; under `public-tls` a TLS subordinate CA.
    Subordinate,
    /// A cross-certified subordinate CA certificate: onto the name and key of an existing CA.
    Cross,
    /// A technically constrained subordinate CA that is not for TLS.
    TechnicallyConstrained,
    /// A delegated OCSP responder's certificate.
    OcspResponder,
    /// Anything else, such as a subscriber's certificate, which no root may sign.
    Other,
}

impl Kind {
    /// Every kind with the name that profiles and `lint --kind` use.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Root, "root"),
        (Self::Subordinate, "subordinate"),
        (Self::Cross, "cross"),
        (Self::TechnicallyConstrained, "technically-constrained"),
        (Self::OcspResponder, "ocsp-responder"),
        (Self::Other, "other"),
    ];

    /// Whether it is a CA that another CA certifies.
    pub const fn is_subordinate_ca(self) -> bool {
        matches!(self, Self::Subordinate | Self::Cross | Self::TechnicallyConstrained)
    }

    /// Whether it is a CA.
    pub const fn is_ca(self) -> bool {
        matches!(self, Self::Root) || self.is_subordinate_ca()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.into_iter().find(|(kind, _)| kind == self).map(|(_, name)| name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        named(&Self::NAMES, "kind", text)
    }
}

/// A text that is none of the names.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no {what} `{found}`; there are {}", known.join(", "))]
pub struct UnknownName {
    what: &'static str,
    found: String,
    known: Vec<&'static str>,
}

fn named<T: Copy>(names: &[(T, &'static str)], what: &'static str, text: &str) -> Result<T, UnknownName> {
    let unknown =
        || UnknownName { what, found: text.to_owned(), known: names.iter().map(|(_, name)| *name).collect() };
    names.iter().find(|(_, name)| *name == text).map(|(value, _)| *value).ok_or_else(unknown)
}

/// When the structure is signed: a moment, or in a plan all moments from the first to the last that are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningTime {
    earliest: Timestamp,
    latest: Timestamp,
}

impl SigningTime {
    /// At this moment.
    pub const fn at(moment: Timestamp) -> Self {
        Self { earliest: moment, latest: moment }
    }

    /// At some moment from the one through the other, in whichever order.
    pub fn between(one: Timestamp, other: Timestamp) -> Self {
        Self { earliest: one.min(other), latest: one.max(other) }
    }

    /// The first possible moment.
    pub const fn earliest(&self) -> Timestamp {
        self.earliest
    }

    /// The last possible moment.
    pub const fn latest(&self) -> Timestamp {
        self.latest
    }
}

/// What is known from earlier: the log's ledger. Names and keys go by the digest of their DER.
pub trait Known {
    /// The certificate that was issued under this issuer name and serial number, if one was.
    fn issued(&self, issuer_sha256: Digest, serial: &[u8]) -> Option<Issued>;
    /// Every certificate whose subject has this key.
    fn certificates_of_key(&self, spki_sha256: Digest) -> Vec<Issued>;
    /// Every certificate with this subject name.
    fn certificates_of_subject(&self, subject_sha256: Digest) -> Vec<Issued>;
    /// Every certificate that was issued under this issuer name.
    fn certificates_issued_by(&self, issuer_sha256: Digest) -> Vec<Issued>;
    /// Every certificate with this subject key identifier.
    fn certificates_with_identifier(&self, identifier: &[u8]) -> Vec<Issued>;
    /// The highest CRL number that this issuer's CRLs had: content octets of its INTEGER.
    fn last_crl_number(&self, issuer_sha256: Digest) -> Option<Vec<u8>>;
}

/// One certificate that is known from earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// What the script called it; empty where only its serial number was used.
    pub name: String,
    /// What it is; [`Kind::Other`] also where nothing says it.
    pub kind: Kind,
    /// Whether this ceremony makes it: what is of earlier ceremonies cannot be changed any more.
    pub made_here: bool,
    /// SHA-256 of the whole certificate, where there is one.
    pub sha256: Option<Digest>,
    /// SHA-256 of its issuer's name, DER.
    pub issuer_sha256: Digest,
    /// SHA-256 of the SubjectPublicKeyInfo of its issuer, where that is known.
    pub issuer_spki_sha256: Option<Digest>,
    /// SHA-256 of its subject, DER.
    pub subject_sha256: Digest,
    /// SHA-256 of its SubjectPublicKeyInfo, where that is known.
    pub spki_sha256: Option<Digest>,
    /// What only its octets say; nothing where there are none.
    pub said: Option<Said>,
    /// The content octets of its serial number.
    pub serial: Vec<u8>,
    /// Its first second.
    pub not_before: Timestamp,
    /// Its last second.
    pub not_after: Timestamp,
    /// When and why it was revoked, if it was.
    pub revoked: Option<(Timestamp, Reason)>,
}

/// What the extensions of a known certificate say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its subject key identifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// The purposes of its extended key usage, dotted, in their order; nothing if it has none.
    pub purposes: Option<Vec<String>>,
    /// Where its issuer's CRL is.
    pub crl_uris: Vec<String>,
    /// Where its issuer's certificate and its issuer's OCSP responder are: the method, dotted, and the place.
    pub access: Vec<(String, String)>,
}

impl Said {
    /// What the extensions say; what cannot be read is not there.
    pub fn of(extensions: &Extensions<'_>) -> Self {
        let purposes = extensions.extended_key_usage().ok().flatten();
        Self {
            subject_key_identifier: extensions.subject_key_identifier().ok().flatten().map(<[u8]>::to_vec),
            purposes: purposes.map(|list| list.iter().map(|purpose| purpose.to_string()).collect()),
            crl_uris: crl_uris(extensions),
            access: access(extensions),
        }
    }
}

/// Every place of a CRL, in the order of the certificate.
fn crl_uris(extensions: &Extensions<'_>) -> Vec<String> {
    let points = extensions.crl_distribution_points().ok().flatten();
    let mut uris = Vec::new();
    for point in points.iter().flatten() {
        let Some(DistributionPointName::Full(names)) = point.name else { continue };
        uris.extend(names.iter().filter_map(|name| name.uri().map(str::to_owned)));
    }
    uris
}

/// Every place of an authority information access, with its method.
fn access(extensions: &Extensions<'_>) -> Vec<(String, String)> {
    let all = extensions.authority_information_access().ok().flatten();
    all.iter()
        .flatten()
        .filter_map(|one| Some((one.method.to_string(), one.location.uri()?.to_owned())))
        .collect()
}

impl Issued {
    /// What a to-be-signed certificate says of itself; nothing if that cannot be read.
    pub fn read(kind: Kind, name: &str, tbs: &TbsCertificateView<'_>) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            kind,
            made_here: false,
            sha256: None,
            issuer_sha256: tbs.issuer().sha256(),
            issuer_spki_sha256: None,
            subject_sha256: tbs.subject().sha256(),
            spki_sha256: Some(tbs.spki_sha256()),
            said: Some(Said::of(&tbs.extensions())),
            serial: tbs.serial().ok()?.der_content().to_vec(),
            not_before: tbs.not_before().at(),
            not_after: tbs.not_after().at(),
            revoked: None,
        })
    }

    /// Its subject key identifier, where that is known.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.said.as_ref()?.subject_key_identifier.as_deref()
    }

    /// The purposes of its extended key usage, dotted; nothing where they are not known.
    pub fn purposes(&self) -> Option<&Option<Vec<String>>> {
        Some(&self.said.as_ref()?.purposes)
    }

    /// What people call it.
    pub fn called(&self) -> String {
        match self.name.as_str() {
            "" => format!("the certificate with the serial number {}", hex(&self.serial)),
            name => format!("`{name}`"),
        }
    }
}

/// Nothing is known from earlier: the first ceremony of all.
#[derive(Clone, Copy, Debug)]
pub struct NothingKnown;

impl Known for NothingKnown {
    fn issued(&self, _: Digest, _: &[u8]) -> Option<Issued> {
        None
    }
    fn certificates_of_key(&self, _: Digest) -> Vec<Issued> {
        Vec::new()
    }
    fn certificates_of_subject(&self, _: Digest) -> Vec<Issued> {
        Vec::new()
    }
    fn certificates_issued_by(&self, _: Digest) -> Vec<Issued> {
        Vec::new()
    }
    fn certificates_with_identifier(&self, _: &[u8]) -> Vec<Issued> {
        Vec::new()
    }
    fn last_crl_number(&self, _: Digest) -> Option<Vec<u8>> {
        None
    }
}

/// What every structure of a ceremony is judged by.
#[derive(Clone, Copy)]
pub struct Ceremony<'a> {
    /// Whose rules apply.
    pub policy: Policy,
    /// When the structure is signed.
    pub signed_at: SigningTime,
    /// What is known from earlier.
    pub known: &'a dyn Known,
}

/// What rules need from outside of the structure they judge.
#[derive(Clone)]
pub struct Context<'a> {
    ceremony: bool,
    policy: Policy,
    kind: Kind,
    signed_at: Option<SigningTime>,
    known: Option<&'a dyn Known>,
    issues_itself: bool,
    issuer: Option<TbsCertificateView<'a>>,
    existing: Vec<TbsCertificateView<'a>>,
    organization_may_differ: bool,
    delegate: Option<TbsCertificateView<'a>>,
    weak_keys: Option<&'a WeakKeys>,
}

impl<'a> Context<'a> {
    /// A root CA certificate in a ceremony.
    pub fn root(ceremony: Ceremony<'a>) -> Self {
        Self { issues_itself: true, ..Self::new(ceremony, Kind::Root) }
    }

    /// A certificate of another kind in a ceremony, issued by the CA with this certificate.
    ///
    /// For a cross-certificate use [`Context::cross`]: it needs the certificates of the CA being cross-signed.
    pub fn issued_by(ceremony: Ceremony<'a>, kind: Kind, issuer: TbsCertificateView<'a>) -> Self {
        Self { issuer: Some(issuer), ..Self::new(ceremony, kind) }
    }

    /// A cross-certificate in a ceremony: `existing` is the certificate being cross-signed, `others` are further ones of
    /// the same name and key.
    pub fn cross(
        ceremony: Ceremony<'a>,
        issuer: TbsCertificateView<'a>,
        existing: TbsCertificateView<'a>,
        others: &[TbsCertificateView<'a>],
    ) -> Self {
        let existing = std::iter::once(existing).chain(others.iter().copied()).collect();
        Self { issuer: Some(issuer), existing, ..Self::new(ceremony, Kind::Cross) }
    }

    /// A CRL in a ceremony, issued by the CA with this certificate.
    pub fn crl(ceremony: Ceremony<'a>, issuer: TbsCertificateView<'a>) -> Self {
        Self { issuer: Some(issuer), ..Self::new(ceremony, Kind::Other) }
    }

    /// An OCSP response in a ceremony about certificates of the CA with this certificate, signed by that CA itself or by
    /// its delegate.
    pub fn ocsp_response(
        ceremony: Ceremony<'a>,
        issuer: TbsCertificateView<'a>,
        delegate: Option<TbsCertificateView<'a>>,
    ) -> Self {
        Self { issuer: Some(issuer), delegate, ..Self::new(ceremony, Kind::Other) }
    }

    /// A request in a ceremony.
    pub fn request(ceremony: Ceremony<'a>) -> Self {
        Self::new(ceremony, Kind::Other)
    }

    /// Anything outside of a ceremony, with nothing known but what it is meant to be.
    pub fn lint(policy: Policy, kind: Kind) -> Self {
        Self {
            ceremony: false,
            policy,
            kind,
            signed_at: None,
            known: None,
            issues_itself: kind == Kind::Root,
            issuer: None,
            existing: Vec::new(),
            organization_may_differ: false,
            delegate: None,
            weak_keys: None,
        }
    }

    /// The same with a time of signing.
    #[must_use]
    pub fn with_signing_time(mut self, signed_at: SigningTime) -> Self {
        self.signed_at = Some(signed_at);
        self
    }

    /// The same with an issuer's certificate.
    #[must_use]
    pub fn with_issuer(mut self, issuer: TbsCertificateView<'a>) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// The same with the certificates of the CA being cross-signed.
    #[must_use]
    pub fn with_existing(mut self, existing: &[TbsCertificateView<'a>]) -> Self {
        self.existing = existing.to_vec();
        self
    }

    /// The same for a cross-certificate whose organization is meant to be spelled otherwise than in the certificate being
    /// cross-signed: the script says so.
    #[must_use]
    pub const fn with_other_organization(mut self) -> Self {
        self.organization_may_differ = true;
        self
    }

    /// The same with an OCSP delegate's certificate.
    #[must_use]
    pub fn with_delegate(mut self, delegate: TbsCertificateView<'a>) -> Self {
        self.delegate = Some(delegate);
        self
    }

    /// The same with a list of keys that everybody can know.
    #[must_use]
    pub fn with_weak_keys(mut self, list: &'a WeakKeys) -> Self {
        self.weak_keys = Some(list);
        self
    }

    /// The same with what is known from earlier.
    #[must_use]
    pub fn with_known(mut self, known: &'a dyn Known) -> Self {
        self.known = Some(known);
        self
    }

    /// What can be missing, each with the same context without it.
    #[cfg(test)]
    pub(super) fn without_each(&self) -> [(&'static str, Self); 6] {
        let all = || self.clone();
        [
            ("the time of signing", Self { signed_at: None, ..all() }),
            ("the log's ledger", Self { known: None, ..all() }),
            ("the issuer's certificate", Self { issuer: None, ..all() }),
            ("the certificate being cross-signed", Self { existing: Vec::new(), ..all() }),
            ("the delegate's certificate", Self { delegate: None, ..all() }),
            ("a list of known weak keys", Self { weak_keys: None, ..all() }),
        ]
    }

    fn new(ceremony: Ceremony<'a>, kind: Kind) -> Self {
        Self {
            ceremony: true,
            policy: ceremony.policy,
            kind,
            signed_at: Some(ceremony.signed_at),
            known: Some(ceremony.known),
            issues_itself: false,
            issuer: None,
            existing: Vec::new(),
            organization_may_differ: false,
            delegate: None,
            weak_keys: None,
        }
    }

    /// Whether nothing may be missing.
    pub const fn is_ceremony(&self) -> bool {
        self.ceremony
    }

    /// Whose rules apply.
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// What the certificate is meant to be.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// When it is signed.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if that is not known.
    pub fn signed_at(&self) -> Result<SigningTime, CannotJudge> {
        self.signed_at.ok_or(CannotJudge::Missing("the time of signing"))
    }

    /// What is known from earlier.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if there is no ledger.
    pub fn known(&self) -> Result<&'a dyn Known, CannotJudge> {
        self.known.ok_or(CannotJudge::Missing("the log's ledger"))
    }

    /// The certificate of whoever issues the certificate `itself`: that one itself for a root.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if that is not known.
    pub fn issuer_of(&self, itself: &TbsCertificateView<'a>) -> Result<TbsCertificateView<'a>, CannotJudge> {
        if self.issues_itself { Ok(*itself) } else { self.issuer() }
    }

    /// The certificate of whoever issues the CRL, or the certificates that an OCSP response is about.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if that is not known.
    pub fn issuer(&self) -> Result<TbsCertificateView<'a>, CannotJudge> {
        self.issuer.ok_or(CannotJudge::Missing("the issuer's certificate"))
    }

    /// The certificates of the CA being cross-signed, the one that is copied first.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if there is none.
    pub fn existing(&self) -> Result<(TbsCertificateView<'a>, &[TbsCertificateView<'a>]), CannotJudge> {
        let first =
            self.existing.first().ok_or(CannotJudge::Missing("the certificate being cross-signed"))?;
        Ok((*first, &self.existing))
    }

    /// Whether a cross-certificate's organization is meant to be spelled otherwise.
    pub const fn organization_may_differ(&self) -> bool {
        self.organization_may_differ
    }

    /// The keys that everybody can know.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if there is no list.
    pub fn weak_keys(&self) -> Result<&'a WeakKeys, CannotJudge> {
        self.weak_keys.ok_or(CannotJudge::Missing("a list of known weak keys"))
    }

    /// The certificate of the delegate that signs an OCSP response; nothing if the CA signs itself.
    pub const fn delegate(&self) -> Option<TbsCertificateView<'a>> {
        self.delegate
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({}, {}, {:?})", self.policy, self.kind, self.signed_at)
    }
}

//! Rules on certificates.

use super::context::{Context, Kind};
use super::objection::Assessment;
use super::verdict::{CannotJudge, Findings, Judgement};
use super::{graph, key, name, rules};
use crate::digest::hex;
use crate::pki::oid::{Oid, OidView, attribute, extension, policy, purpose};
use crate::pki::read::{
    AlgorithmView, CertificateView, ExtensionView, Extensions, Faults, GeneralName, ReadError,
    TbsCertificateView, lenient,
};
use crate::pki::usage::KeyUsage;

/// A certificate under judgement: to be signed, or whole.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    tbs: TbsCertificateView<'a>,
    algorithm: Option<AlgorithmView<'a>>,
    faults: Faults,
}

/// How a rule on certificates judges.
pub type Judge = for<'a> fn(&Certificate<'a>, &Context<'a>) -> Judgement;

impl<'a> Certificate<'a> {
    /// Reads a TBSCertificate as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_tbs(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (tbs, faults) = lenient::tbs_certificate(octets)?;
        Ok(Self { tbs, algorithm: None, faults })
    }

    /// Reads a whole certificate as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_whole(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (whole, faults) = lenient::certificate(octets)?;
        Ok(Self::from_view(whole, faults))
    }

    /// A whole certificate that was read, with the faults that were met.
    pub const fn from_view(whole: CertificateView<'a>, faults: Faults) -> Self {
        Self { tbs: whole.tbs(), algorithm: Some(whole.signature_algorithm()), faults }
    }

    /// What is signed.
    pub const fn tbs(&self) -> &TbsCertificateView<'a> {
        &self.tbs
    }

    /// signatureAlgorithm, outside of what is signed, if the certificate is whole.
    pub const fn signature_algorithm(&self) -> Option<AlgorithmView<'a>> {
        self.algorithm
    }

    /// What is not DER in it.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Its extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.tbs.extensions()
    }

    /// The extension of this kind.
    fn extension(&self, oid: Oid) -> Option<ExtensionView<'a>> {
        self.extensions().find(oid)
    }
}

rules! { Judge;
    version serial_range signature_algorithms issuer_name unique_ids extension_set der not_before period time_form
    unknown_extensions within_issuer serial_unique signature_encoding signature_hash
    root_self_issued root_validity root_not_before root_basic_constraints root_key_usage root_subject_key_identifier
    root_authority_key_identifier root_extended_key_usage root_other_extensions root_signs root_microsoft_validity
    authority_key_identifier basic_constraints key_usage subject_key_identifier crl_distribution_points
    authority_information_access policy_qualifiers name_constraints no_poison ca_without_ocsp_signing
    tls_purposes tls_policies constrained_purposes
    cross_subject cross_key_identifier cross_dates cross_policies cross_restricted cross_purposes cross_path_length
    responder_purposes responder_no_check responder_key_usage responder_basic_constraints responder_other_extensions
    responder_key_identifiers key_used_before root_name ca_name responder_name
    usage_of_ca criticality no_revocation_available usage_of_key
    chrome_purposes chrome_validity apple_key apple_purposes apple_trust_purpose
    root_microsoft_key microsoft_revocation single_purpose
    pilot_key root_pilot_purposes pilot_validity pilot_purposes
}

pub(super) use time_form::wrong_form;

/// Judges a certificate by every rule on certificates, on its subject's name, on its key, and on its place among others.
pub fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(certificate, context));
    }
    name::judge(&mut assessment, certificate.tbs().subject(), context);
    key::judge(&mut assessment, certificate.tbs().spki().octets(), context);
    graph::judge(&mut assessment, certificate, context);
    assessment
}

/// What a certificate seems to be, for those who do not say what it is meant to be.
///
/// A cross-certificate looks like any subordinate CA's: it is never recognised.
pub fn recognise(tbs: &TbsCertificateView<'_>) -> Kind {
    let extensions = tbs.extensions();
    let ca = extensions.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.ca);
    let purposes = extensions.extended_key_usage().ok().flatten();
    let has = |oid: Oid| purposes.is_some_and(|list| list.iter().any(|one| one == oid));
    match (ca, tbs.issuer() == tbs.subject()) {
        (true, true) => Kind::Root,
        (true, false) if purposes.is_some() && !has(purpose::SERVER_AUTH) && !has(purpose::ANY) => {
            Kind::TechnicallyConstrained
        }
        (true, false) => Kind::Subordinate,
        (false, _) if has(purpose::OCSP_SIGNING) => Kind::OcspResponder,
        (false, _) => Kind::Other,
    }
}

/// Asks that an extension is there and has this criticality.
fn expect_extension<'a>(
    certificate: &Certificate<'a>,
    oid: Oid,
    what: &str,
    critical: bool,
    findings: &mut Findings,
) -> Option<ExtensionView<'a>> {
    let found = certificate.extension(oid);
    match found {
        None => findings.must(format!("there is no {what} extension")),
        Some(found) if found.critical() != critical => findings.must(format!(
            "the {what} extension is {}; it has to be {}",
            criticality(found.critical()),
            criticality(critical)
        )),
        Some(_) => {}
    }
    found
}

fn criticality(critical: bool) -> &'static str {
    if critical { "critical" } else { "not critical" }
}

/// A CA's key usage: critical, key-cert-sign and crl-sign, digital-signature allowed.
fn judge_ca_key_usage(certificate: &Certificate<'_>) -> Judgement {
    let mut findings = Findings::new();
    expect_extension(certificate, extension::KEY_USAGE, "key usage", true, &mut findings);
    if let Some(usage) = certificate.extensions().key_usage()? {
        let wanted = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
        let lacking = wanted.without(usage);
        if !lacking.is_empty() {
            findings.must(format!("the key usage lacks {lacking}"));
        }
        let others = usage.without(wanted.and(KeyUsage::DIGITAL_SIGNATURE));
        if !others.is_empty() {
            findings.must(format!("the key usage also says {others}"));
        }
    }
    findings.verdict()
}

/// A subject key identifier: there, not critical, not empty.
fn judge_subject_key_identifier(certificate: &Certificate<'_>) -> Judgement {
    let mut findings = Findings::new();
    let oid = extension::SUBJECT_KEY_IDENTIFIER;
    expect_extension(certificate, oid, "subject key identifier", false, &mut findings);
    if certificate.extensions().subject_key_identifier()?.is_some_and(<[u8]>::is_empty) {
        findings.must("the subject key identifier has no octets");
    }
    findings.verdict()
}

/// An authority key identifier: not critical, keyIdentifier alone, the issuer's subject key identifier.
fn judge_authority_key_identifier(
    certificate: &Certificate<'_>,
    issuer: &TbsCertificateView<'_>,
) -> Judgement {
    let mut findings = Findings::new();
    let oid = extension::AUTHORITY_KEY_IDENTIFIER;
    expect_extension(certificate, oid, "authority key identifier", false, &mut findings);
    if let Some(found) = certificate.extensions().authority_key_identifier()? {
        let wanted = issuer.extensions().subject_key_identifier()?;
        match (found.key_identifier, wanted) {
            (None, _) => findings.must("the authority key identifier has no keyIdentifier"),
            (Some(_), None) => {
                findings.must("the issuer's certificate has no subject key identifier to copy");
            }
            (Some(found), Some(wanted)) if found != wanted => findings.must(format!(
                "the authority key identifier is {}; the issuer's subject key identifier is {}",
                hex(found),
                hex(wanted)
            )),
            (Some(_), Some(_)) => {}
        }
        if found.issuer.is_some() {
            findings.must("the authority key identifier has an authorityCertIssuer");
        }
        if found.serial.is_some() {
            findings.must("the authority key identifier has an authorityCertSerialNumber");
        }
    }
    findings.verdict()
}

/// No purpose of the extended key usage is there twice.
fn judge_no_repetition(certificate: &Certificate<'_>, findings: &mut Findings) -> Result<(), CannotJudge> {
    let mut purposes: Vec<_> = certificate.extensions().extended_key_usage()?.iter().flatten().collect();
    purposes.sort_unstable();
    for same in purposes.chunk_by(|left, right| left == right).filter(|same| same.len() > 1) {
        if let Some(purpose) = same.first() {
            findings.must(format!("the extended key usage has {purpose} twice"));
        }
    }
    Ok(())
}

/// A URI of the scheme http, and of no other.
fn judge_http(name: &GeneralName<'_>, what: &str, findings: &mut Findings) {
    let host = name.uri().and_then(|uri| uri.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        findings.must(format!("{what} is {name}; wanted a URI that begins with http:// and has a host"));
    }
}

/// One of the policies that BR §7.1.6.1 reserves.
fn is_reserved_policy(one: &OidView<'_>) -> bool {
    [
        policy::EXTENDED_VALIDATION,
        policy::DOMAIN_VALIDATED,
        policy::ORGANIZATION_VALIDATED,
        policy::INDIVIDUAL_VALIDATED,
    ]
    .iter()
    .any(|reserved| one == reserved)
}

/// What an organizational unit in a name is.
#[derive(Clone, Copy)]
enum Unit {
    Forbidden,
    NotRecommended,
}

/// A CA's subject: C, O and CN; what else there may be.
fn judge_ca_name(certificate: &Certificate<'_>, unit: Unit) -> Judgement {
    let subject = certificate.tbs().subject();
    let mut findings = Findings::new();
    for (oid, name) in
        [(attribute::COUNTRY, "C"), (attribute::ORGANIZATION, "O"), (attribute::COMMON_NAME, "CN")]
    {
        if !subject.attributes().any(|one| one.kind() == oid) {
            findings.must(format!("the subject `{subject}` has no {name}"));
        }
    }
    for one in subject.attributes().map(|one| name::called(&one)) {
        match (one.as_str(), unit) {
            ("OU", Unit::Forbidden) => findings.must(format!("the subject `{subject}` has an OU")),
            ("OU", Unit::NotRecommended) => {
                findings.should(format!("the subject `{subject}` should not have an OU"));
            }
            ("C" | "ST" | "L" | "postalCode" | "street" | "O" | "CN", _) => {}
            (other, _) => {
                findings.should(format!("the subject has {other}, which is not recommended for a CA"));
            }
        }
    }
    findings.verdict()
}

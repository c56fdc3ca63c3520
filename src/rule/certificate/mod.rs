//! Rules on certificates.

use super::context::{Context, Kind};
use super::objection::Assessment;
use super::verdict::{CannotJudge, Findings, Judgement};
use super::{key, name, rules};
use crate::pki::oid::{Oid, purpose};
use crate::pki::read::{
    AlgorithmView, CertificateView, ExtensionView, Extensions, Faults, ReadError, TbsCertificateView, lenient,
};

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

    /// The purposes of the extended key usage, dotted; nothing if there is no such extension.
    fn purposes(&self) -> Result<Option<Vec<String>>, CannotJudge> {
        let list = self.extensions().extended_key_usage()?;
        Ok(list.map(|list| list.iter().map(|one| one.to_string()).collect()))
    }
}

rules! { Judge;
    version serial_range signature_algorithms issuer_name unique_ids extension_set der not_before period time_form
    unknown_extensions within_issuer serial_unique signature_encoding signature_hash
}

/// Judges a certificate by every rule on certificates, on its subject's name and on its key.
pub fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(certificate, context));
    }
    name::judge(&mut assessment, certificate.tbs().subject(), context);
    key::judge(&mut assessment, certificate.tbs().spki().octets(), context);
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
            "{what} is {}; it has to be {}",
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

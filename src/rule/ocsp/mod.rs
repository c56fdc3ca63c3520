//! Rules on OCSP responses.

use super::context::Context;
use super::objection::Assessment;
use super::rules;
use super::verdict::{CannotJudge, Judgement};
use crate::pki::read::{
    AlgorithmView, BasicResponseView, EnclosedCertificate, Faults, List, OcspResponseView, ReadError,
    ResponseDataView, TbsCertificateView, lenient,
};

/// An OCSP response under judgement: to be signed, or whole.
#[derive(Clone, Debug)]
pub struct Ocsp<'a> {
    tbs: ResponseDataView<'a>,
    whole: Option<BasicResponseView<'a>>,
    algorithm: Option<AlgorithmView<'a>>,
    faults: Faults,
}

/// How a rule on OCSP responses judges.
pub type Judge = for<'a> fn(&Ocsp<'a>, &Context<'a>) -> Judgement;

impl<'a> Ocsp<'a> {
    /// Reads a ResponseData as far as can be. It does not say how it will be signed: see [`Ocsp::with_algorithm`].
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_tbs(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (tbs, faults) = lenient::response_data(octets)?;
        Ok(Self { tbs, whole: None, algorithm: None, faults })
    }

    /// Reads a whole OCSP response as far as can be; nothing if it is an error response, of which there is nothing to judge.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_whole(octets: &'a [u8]) -> Result<Option<Self>, ReadError> {
        let (whole, faults) = lenient::ocsp_response(octets)?;
        Ok(Self::from_view(&whole, faults))
    }

    /// A whole response that was read, with the faults that were met; nothing if it is an error response.
    pub fn from_view(whole: &OcspResponseView<'a>, faults: Faults) -> Option<Self> {
        let basic = whole.basic()?;
        Some(Self {
            tbs: basic.tbs(),
            whole: Some(basic),
            algorithm: Some(basic.signature_algorithm()),
            faults,
        })
    }

    /// The same with the algorithm it will be signed by.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: AlgorithmView<'a>) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// What is signed.
    pub const fn tbs(&self) -> &ResponseDataView<'a> {
        &self.tbs
    }

    /// The algorithm it is or will be signed by, if that is known.
    pub const fn signature_algorithm(&self) -> Option<AlgorithmView<'a>> {
        self.algorithm
    }

    /// The certificates in a whole response, if there is the field.
    pub fn certificates(&self) -> Option<List<'a, EnclosedCertificate<'a>>> {
        self.whole.and_then(|whole| whole.certificates())
    }

    /// Whether it is a whole response.
    pub const fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// What is not DER in it.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }
}

/// The certificate of whoever signs: the delegate's, or the issuer's.
fn signer<'a>(context: &Context<'a>) -> Result<TbsCertificateView<'a>, CannotJudge> {
    context.delegate().map_or_else(|| context.issuer(), Ok)
}

rules! { Judge;
    direct_signer delegate delegate_issuer lasts assigned status reasons single_reason_code responder_id window
    version_and_certificates extensions cert_id der subscriber_lasts signature_encoding signature_hash
}

/// Judges an OCSP response by every rule on OCSP responses.
pub fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(response, context));
    }
    assessment
}

#[cfg(test)]
mod sample;

//! Rules on certificate signing requests. What a request asks for is not looked at: profiles and scripts say what is issued.

use super::context::Context;
use super::objection::Assessment;
use super::verdict::Judgement;
use super::{key, rules};
use crate::pki::read::{Faults, ReadError, RequestInfoView, RequestView, lenient};

/// A request under judgement: to be signed, or whole.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    info: RequestInfoView<'a>,
    whole: Option<RequestView<'a>>,
    faults: Faults,
}

/// How a rule on requests judges.
pub type Judge = for<'a> fn(&Request<'a>, &Context<'a>) -> Judgement;

impl<'a> Request<'a> {
    /// Reads a whole request as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_whole(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (whole, faults) = lenient::request(octets)?;
        Ok(Self { info: whole.info(), whole: Some(whole), faults })
    }

    /// Reads a CertificationRequestInfo, which is to be signed, as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_info(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (info, faults) = lenient::request_info(octets)?;
        Ok(Self { info, whole: None, faults })
    }

    /// What is signed.
    pub const fn info(&self) -> &RequestInfoView<'a> {
        &self.info
    }

    /// The whole request, if it is one.
    pub const fn whole(&self) -> Option<&RequestView<'a>> {
        self.whole.as_ref()
    }

    /// What is not DER in it.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }
}

rules! { Judge; possession der version }

/// Judges a request by every rule on requests and on its key.
pub fn judge<'a>(request: &Request<'a>, context: &Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(request, context));
    }
    key::judge(&mut assessment, request.info().spki().octets(), context);
    assessment
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::{Judge, Request};
    use crate::pki::build::{RequestParts, assemble, request_info};
    use crate::pki::key::{Curve, PublicKey};
    use crate::pki::signature::SignatureAlgorithm;
    use crate::rule::evidence::messages;
    use crate::rule::sample::{Sample, name};
    use crate::rule::{Context, Kind, Policy, Rule, Severity};

    /// A request with a good signature.
    pub(super) fn request() -> Vec<u8> {
        let (random, signing) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, pair.as_ref(), &random).unwrap();
        let key = PublicKey::from_ec_point(Curve::P256, pair.public_key().as_ref()).unwrap();
        let info =
            request_info(&RequestParts { subject: &name("E1"), spki: key.spki_der(), extensions: &[] });
        let signature = pair.sign(&random, &info).unwrap();
        assemble(&info, &SignatureAlgorithm::for_key(&key).der(), signature.as_ref())
    }

    pub(super) fn objections(rule: &Rule<Judge>, request: &[u8]) -> Vec<String> {
        let request = Request::from_whole(request).unwrap();
        let context = Context::lint(Policy::PublicTls, Kind::Other);
        messages(rule, &context, |context| (rule.verdict)(&request, context))
    }

    #[test]
    fn every_rule_is_met_by_a_good_request() {
        let octets = request();
        Sample::root().in_context(&Sample::root().tbs(), &Sample::existing().tbs(), |context| {
            let octets = octets.clone();
            let assessment = super::judge(&Request::from_whole(&octets).unwrap(), &context.clone());
            assert_eq!(assessment.objections, []);
            assert_eq!(assessment.not_judged, []);
            assert!(assessment.passed.contains(&"KEY-06") && !assessment.has_error());
        });
    }

    #[test]
    fn an_unmet_rule_is_an_objection_with_its_source() {
        let mut octets = request();
        *octets.last_mut().unwrap() ^= 1;
        let request = Request::from_whole(&octets).unwrap();
        let assessment = super::judge(&request, &Context::lint(Policy::PublicTls, Kind::Other));
        let objection = assessment.objections.first().unwrap();
        assert_eq!((objection.rule, objection.severity), ("KEY-06", Severity::Error));
        assert!(objection.to_string().starts_with("error KEY-06: the signature is not by this key"));
    }
}

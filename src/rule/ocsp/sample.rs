//! A good OCSP response to break.

use std::borrow::Cow;

use super::{Judge, Ocsp};
use crate::clock::Timestamp;
use crate::pki::build::{
    CertIdHash, CertIdParts, Extension, Responder, ResponseParts, SingleParts, Status, assemble,
    ocsp_response, response_data,
};
use crate::pki::key::PublicKey;
use crate::pki::name::Name;
use crate::pki::oid::extension::KEY_USAGE;
use crate::pki::read::TbsCertificateView;
use crate::pki::read::der::Faults;
use crate::pki::serial::SerialNumber;
use crate::pki::signature::SignatureAlgorithm;
use crate::rule::evidence::messages;
use crate::rule::sample::{DAY, Ledger, SIGNED_AT, Sample, after, at, name, responder_key, root_key};
use crate::rule::{Ceremony, Context, Issued, Policy, Rule, SigningTime};

pub(super) const SERIAL: &str = "0102030405060708090a0b0c0d0e0f1011";

/// A response by the delegate about the subordinate CA, in pieces.
#[derive(Clone)]
pub(super) struct OcspSample {
    pub(super) policy: Policy,
    pub(super) delegated: bool,
    pub(super) root: Sample,
    pub(super) delegate: Sample,
    pub(super) by_name: Option<Name>,
    pub(super) by_key: PublicKey,
    pub(super) produced_at: Timestamp,
    pub(super) hash: CertIdHash,
    pub(super) issuer: Name,
    pub(super) issuer_key: PublicKey,
    pub(super) status: Status,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
    pub(super) extensions: Vec<Extension>,
    pub(super) algorithm: Vec<u8>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) known: Vec<Issued>,
    /// Hex that is replaced by hex of the same length in what is signed.
    pub(super) replaced: Option<(String, String)>,
}

/// A certificate without a good signature: rules do not verify.
pub(super) fn whole(sample: &Sample) -> Vec<u8> {
    assemble(&sample.tbs(), &sample.algorithm, &[0; 8])
}

impl OcspSample {
    pub(super) fn new() -> Self {
        Self {
            policy: Policy::PublicTls,
            delegated: true,
            root: Sample::root(),
            delegate: Sample::responder(),
            by_name: None,
            by_key: responder_key(),
            produced_at: at(SIGNED_AT),
            hash: CertIdHash::Sha1,
            issuer: name("Root X1"),
            issuer_key: root_key(),
            status: Status::Good,
            this_update: after(0),
            next_update: after(364 * DAY - 1),
            extensions: Vec::new(),
            algorithm: SignatureAlgorithm::for_key(&responder_key()).der(),
            certificates: vec![whole(&Sample::responder())],
            known: vec![Sample::subordinate().issued()],
            replaced: None,
        }
    }

    /// By the root itself, which then has the bit for it.
    pub(super) fn direct() -> Self {
        Self::new().but(|one| {
            one.delegated = false;
            one.by_key = root_key();
            one.algorithm = SignatureAlgorithm::for_key(&root_key()).der();
            one.certificates.clear();
            one.root = Sample::root().with_value(KEY_USAGE, "03020186");
        })
    }

    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn replacing(self, from: &str, to: &str) -> Self {
        self.but(|one| one.replaced = Some((from.into(), to.into())))
    }

    pub(super) fn tbs(&self) -> Vec<u8> {
        let serial = SerialNumber::from_hex(SERIAL).unwrap();
        let tbs = response_data(&ResponseParts {
            responder: self.by_name.as_ref().map_or(Responder::ByKey(&self.by_key), Responder::ByName),
            produced_at: self.produced_at,
            responses: &[SingleParts {
                cert_id: CertIdParts::new(self.hash, &self.issuer, &self.issuer_key, serial),
                status: self.status,
                this_update: self.this_update,
                next_update: self.next_update,
            }],
            extensions: &self.extensions,
        });
        let Some((from, to)) = &self.replaced else { return tbs };
        let hex = crate::digest::hex(&tbs);
        assert!(hex.contains(from.as_str()), "no {from} in {hex}");
        crate::digest::from_hex(&hex.replacen(from.as_str(), to, 1)).unwrap()
    }

    pub(super) fn octets(&self) -> Vec<u8> {
        let certificates: Vec<_> = self.certificates.iter().map(Vec::as_slice).collect();
        ocsp_response(&self.tbs(), &self.algorithm, &[0; 8], &certificates)
    }

    pub(super) fn objections(&self, rule: &Rule<Judge>) -> Vec<String> {
        if !rule.applies_under(self.policy) {
            return Vec::new();
        }
        let (octets, root, delegate) = (self.octets(), self.root.tbs(), self.delegate.tbs());
        let response = Ocsp::from_whole(&octets).unwrap().unwrap();
        let known = Ledger(Cow::Borrowed(&self.known));
        let signed_at = SigningTime::at(at(SIGNED_AT));
        let ceremony = Ceremony { policy: self.policy, signed_at, known: &known };
        let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
        let delegate = TbsCertificateView::read(&delegate, &mut Faults::new()).unwrap();
        let context = Context::ocsp_response(ceremony, root, self.delegated.then_some(delegate));
        messages(rule, &context, |context| (rule.verdict)(&response, context))
    }

    #[track_caller]
    pub(super) fn passes(&self, rule: &Rule<Judge>) {
        assert_eq!(self.objections(rule), Vec::<String>::new(), "{}", rule.id);
    }

    #[track_caller]
    pub(super) fn fails(&self, rule: &Rule<Judge>, words: &str) {
        let objections = self.objections(rule);
        assert!(
            objections.len() == 1 && objections[0].contains(words),
            "{}: wanted one with `{words}`, found {objections:?}",
            rule.id
        );
    }
}

#[test]
fn every_rule_is_met_by_a_good_response() {
    for policy in [Policy::PublicTls, Policy::Private, Policy::PqcPilot] {
        for response in [OcspSample::new(), OcspSample::direct()] {
            let response = response.but(|one| one.policy = policy);
            for rule in super::RULES {
                response.passes(rule);
            }
            let by_name = if response.delegated { "Root X1 OCSP" } else { "Root X1" };
            let response = response.but(|one| {
                one.by_name = Some(name(by_name));
                one.hash = CertIdHash::Sha256;
            });
            for rule in super::RULES {
                response.passes(rule);
            }
        }
    }
}

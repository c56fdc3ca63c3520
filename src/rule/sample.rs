//! Good structures to break: a root, a subordinate CA, a cross-certificate, an OCSP responder.

use std::borrow::Cow;

use super::certificate::{self, Certificate};
use super::evidence::messages;
use super::{Ceremony, Context, Issued, Kind, Known, Policy, Rule, SigningTime, Verdict};
use crate::clock::Timestamp;
use crate::digest::{Digest, from_hex};
use crate::pki::build::element::{element, sequence};
use crate::pki::build::{Access, Extension, PolicyParts, extension, time};
use crate::pki::key::{Curve, MlDsa, PublicKey};
use crate::pki::key_identifier::KeyIdentifierMethod;
use crate::pki::name::{Attribute, Name, StringForm, attribute_type};
use crate::pki::oid::{Oid, policy, purpose};
use crate::pki::read::TbsCertificateView;
use crate::pki::read::der::{Faults, tag};
use crate::pki::signature::SignatureAlgorithm;
use crate::pki::usage::KeyUsage;

/// When samples are signed.
pub(crate) const SIGNED_AT: &str = "2026-11-01T08:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Seconds after the samples' not before.
pub(crate) fn after(seconds: u64) -> Timestamp {
    at("2026-11-01T00:00:00Z").plus(seconds).unwrap()
}

pub(crate) const DAY: u64 = 86_400;

/// A TBSCertificate in pieces, each whole elements, so that any can be replaced.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) policy: Policy,
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) unique_ids: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) known: Vec<Issued>,
    pub(crate) organization_may_differ: bool,
}

pub(crate) fn attribute(short: &str, value: &str) -> Attribute {
    let form = if crate::pki::name::is_printable(value) { StringForm::Printable } else { StringForm::Utf8 };
    Attribute { kind: attribute_type(short).unwrap(), form, value: value.into() }
}

pub(crate) fn name(common: &str) -> Name {
    let parts = [("C", "US"), ("O", "Example Trust Services"), ("CN", common)];
    Name::from_attributes(&parts.map(|(short, value)| attribute(short, value))).unwrap()
}

/// The root's key: P-384.
pub(crate) fn root_key() -> PublicKey {
    ec_key(
        Curve::P384,
        "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
         3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    )
}

/// The subordinate CA's key: P-256.
pub(crate) fn subordinate_key() -> PublicKey {
    ec_key(
        Curve::P256,
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    )
}

/// The key of the CA being cross-signed, ISRG Root X2's: P-384.
pub(crate) fn existing_key() -> PublicKey {
    ec_key(
        Curve::P384,
        "04cd9bd59f80830aec094af3164a3e5ccf77acde67050d1d07b6dc16fb5a8b14dbe27160c4ba459511898eea06dff72a16\
         1ca4b9c5c532e003e01e8218388bd745d80a6a6ee60077fb02517d22d80a6e9a5b77dff0fa41ec39dc75ca68070c1fea",
    )
}

/// The OCSP responder's key: P-521.
pub(crate) fn responder_key() -> PublicKey {
    ec_key(
        Curve::P521,
        "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ff\
         a8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e\
         662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    )
}

/// A key of ML-DSA: octets that nobody drew.
pub(crate) fn ml_dsa_key(set: MlDsa) -> PublicKey {
    PublicKey::from_ml_dsa(set, &vec![7; set.key_octets()]).unwrap()
}

fn ec_key(curve: Curve, point: &str) -> PublicKey {
    PublicKey::from_ec_point(curve, &from_hex(&point.replace(' ', "")).unwrap()).unwrap()
}

pub(crate) fn identifier(key: &PublicKey) -> Vec<u8> {
    KeyIdentifierMethod::Rfc7093Method1.identifier(key)
}

pub(crate) fn ca_usage() -> KeyUsage {
    KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)
}

impl Sample {
    fn new(
        kind: Kind,
        issuer: &str,
        issuer_key: &PublicKey,
        subject: &str,
        key: &PublicKey,
        lasts: u64,
    ) -> Self {
        Self {
            kind,
            policy: Policy::PublicTls,
            version: from_hex("a003020102").unwrap(),
            serial: from_hex("02110102030405060708090a0b0c0d0e0f1011").unwrap(),
            algorithm: SignatureAlgorithm::for_key(issuer_key).der(),
            issuer: name(issuer).der().to_vec(),
            not_before: time::by_date(after(0)),
            not_after: time::by_date(after(lasts - 1)),
            subject: name(subject).der().to_vec(),
            spki: key.spki_der().to_vec(),
            unique_ids: Vec::new(),
            extensions: Vec::new(),
            organization_may_differ: false,
            known: if kind == Kind::Root { Vec::new() } else { vec![Self::known_root()] },
        }
    }

    /// What a ledger says of the root, which issues all others.
    pub(crate) fn known_root() -> Issued {
        Self::root().but(|root| root.serial = from_hex("0209010102030405060708").unwrap()).issued()
    }

    /// A root of 3650 days, P-384.
    pub(crate) fn root() -> Self {
        let key = root_key();
        let mut sample = Self::new(Kind::Root, "Root X1", &key, "Root X1", &key, 3650 * DAY);
        sample.extensions = vec![
            Extension::key_usage(true, ca_usage()).unwrap(),
            Extension::basic_constraints(true, true, None).unwrap(),
            Extension::subject_key_identifier(&identifier(&key)).unwrap(),
            Extension::authority_key_identifier(&identifier(&key)).unwrap(),
        ];
        sample
    }

    /// A TLS subordinate CA of 1095 days, P-256.
    pub(crate) fn subordinate() -> Self {
        let (root, key) = (root_key(), subordinate_key());
        let mut sample = Self::new(Kind::Subordinate, "Root X1", &root, "E1", &key, 1095 * DAY);
        sample.extensions = Self::ca_extensions(&root, &identifier(&key), Some(0));
        sample
    }

    /// The root being cross-signed: self-signed, P-384, eight years.
    pub(crate) fn existing() -> Self {
        let key = existing_key();
        let mut sample = Self::new(Kind::Root, "Root X2", &key, "Root X2", &key, 2922 * DAY);
        sample.extensions = vec![
            Extension::key_usage(true, ca_usage()).unwrap(),
            Extension::basic_constraints(true, true, None).unwrap(),
            Extension::subject_key_identifier(&KeyIdentifierMethod::Sha1.identifier(&key)).unwrap(),
        ];
        sample
    }

    /// A cross-certificate onto [`Sample::existing`] by the root.
    pub(crate) fn cross() -> Self {
        let (root, key) = (root_key(), existing_key());
        let mut sample = Self::new(Kind::Cross, "Root X1", &root, "Root X2", &key, 1095 * DAY);
        let identifier = KeyIdentifierMethod::Sha1.identifier(&key);
        sample.extensions = Self::ca_extensions(&root, &identifier, None);
        sample
    }

    /// A delegated OCSP responder of 365 days, P-521.
    pub(crate) fn responder() -> Self {
        let (root, key) = (root_key(), responder_key());
        let mut sample = Self::new(Kind::OcspResponder, "Root X1", &root, "Root X1 OCSP", &key, 365 * DAY);
        sample.extensions = vec![
            Extension::key_usage(true, KeyUsage::DIGITAL_SIGNATURE).unwrap(),
            Extension::extended_key_usage(false, &[purpose::OCSP_SIGNING]).unwrap(),
            Extension::subject_key_identifier(&identifier(&key)).unwrap(),
            Extension::authority_key_identifier(&identifier(&root)).unwrap(),
            Extension::ocsp_no_check(),
        ];
        sample
    }

    fn ca_extensions(root: &PublicKey, own_identifier: &[u8], path_length: Option<u8>) -> Vec<Extension> {
        vec![
            Extension::key_usage(true, ca_usage()).unwrap(),
            Extension::extended_key_usage(false, &[purpose::SERVER_AUTH]).unwrap(),
            Extension::basic_constraints(true, true, path_length).unwrap(),
            Extension::subject_key_identifier(own_identifier).unwrap(),
            Extension::authority_key_identifier(&identifier(root)).unwrap(),
            Extension::authority_information_access(&[(Access::CaIssuers, "http://x1.i.example.org/")])
                .unwrap(),
            Extension::certificate_policies(
                false,
                &[PolicyParts { policy: policy::DOMAIN_VALIDATED, cps: None }],
            )
            .unwrap(),
            Extension::crl_distribution_points(&[&["http://x1.c.example.org/"]]).unwrap(),
        ]
    }

    /// Every good sample.
    pub(crate) fn all() -> [Self; 5] {
        [Self::root(), Self::subordinate(), Self::existing(), Self::cross(), Self::responder()]
    }

    /// The same without this extension.
    pub(crate) fn without(mut self, oid: Oid) -> Self {
        self.extensions.retain(|one| one.oid != oid);
        self
    }

    /// The same with this extension, in the place of the one of its kind.
    pub(crate) fn with(mut self, extension: Extension) -> Self {
        match self.extensions.iter_mut().find(|one| one.oid == extension.oid) {
            Some(place) => *place = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// The same with this value of an extension, hex, its criticality as before; not critical if it had none.
    pub(crate) fn with_value(self, oid: Oid, value: &str) -> Self {
        let critical = self.extensions.iter().any(|one| one.oid == oid && one.critical);
        self.with(Extension::new(oid, critical, from_hex(value).unwrap()))
    }

    /// The same with the criticality of this extension turned over.
    pub(crate) fn with_criticality_turned(mut self, oid: Oid) -> Self {
        let extension = self.extensions.iter_mut().find(|one| one.oid == oid).unwrap();
        extension.critical = !extension.critical;
        self
    }

    /// The same with something changed.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same under the policy of the pilot.
    pub(crate) fn pilot(mut self) -> Self {
        self.policy = Policy::PqcPilot;
        self
    }

    /// The octets.
    pub(crate) fn tbs(&self) -> Vec<u8> {
        let extensions: Vec<_> = self.extensions.iter().map(extension::extension).collect();
        let extensions = match extensions[..] {
            [] => Vec::new(),
            _ => element(tag::context_constructed(3), &sequence(&extensions)),
        };
        sequence(&[
            self.version.clone(),
            self.serial.clone(),
            self.algorithm.clone(),
            self.issuer.clone(),
            sequence(&[self.not_before.clone(), self.not_after.clone()]),
            self.subject.clone(),
            self.spki.clone(),
            self.unique_ids.clone(),
            extensions,
        ])
    }

    /// What a ledger says of it.
    pub(crate) fn issued(&self) -> Issued {
        let tbs = self.tbs();
        let view = TbsCertificateView::read(&tbs, &mut Faults::new()).unwrap();
        Issued::read(self.kind, "known", &view).unwrap()
    }

    /// Judges it in a ceremony by this rule: every message, or nothing if it passes or the rule does not apply.
    pub(crate) fn objections(&self, rule: &Rule<certificate::Judge>) -> Vec<String> {
        if !rule.applies_under(self.policy) {
            return Vec::new();
        }
        let tbs = self.tbs();
        let certificate = Certificate::from_tbs(&tbs).unwrap();
        let (root, existing) = (Self::root().tbs(), Self::existing().tbs());
        self.in_context(&root, &existing, |context| {
            messages(rule, &context.clone(), |context| (rule.verdict)(&certificate, context))
        })
    }

    /// Lends the context of a ceremony for this sample.
    pub(crate) fn in_context<T>(
        &self,
        root: &[u8],
        existing: &[u8],
        read: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let known = Ledger(Cow::Borrowed(&self.known));
        let signed_at = SigningTime::at(at(SIGNED_AT));
        let ceremony = Ceremony { policy: self.policy, signed_at, known: &known };
        let root = TbsCertificateView::read(root, &mut Faults::new()).unwrap();
        let existing = TbsCertificateView::read(existing, &mut Faults::new()).unwrap();
        match self.kind {
            Kind::Root => read(&Context::root(ceremony)),
            Kind::Cross if self.organization_may_differ => {
                read(&Context::cross(ceremony, root, existing, &[]).with_other_organization())
            }
            Kind::Cross => read(&Context::cross(ceremony, root, existing, &[])),
            kind => read(&Context::issued_by(ceremony, kind, root)),
        }
    }

    /// Whether all that the rule says of it is a SHOULD, and it says something.
    pub(crate) fn only_warns(&self, rule: &Rule<certificate::Judge>) -> bool {
        let tbs = self.tbs();
        let certificate = Certificate::from_tbs(&tbs).unwrap();
        let (root, existing) = (Self::root().tbs(), Self::existing().tbs());
        self.in_context(&root, &existing, |context| match (rule.verdict)(&certificate, context) {
            Ok(Verdict::Unmet(ways)) => {
                ways.iter().all(|way| way.strength == super::verdict::Strength::Should)
            }
            _ => false,
        })
    }

    /// Asserts that the rule is met or does not apply.
    #[track_caller]
    pub(crate) fn passes(&self, rule: &Rule<certificate::Judge>) {
        assert_eq!(self.objections(rule), Vec::<String>::new(), "{} {}", rule.id, self.kind);
    }

    /// Asserts that the rule objects once, in words that contain these.
    #[track_caller]
    pub(crate) fn fails(&self, rule: &Rule<certificate::Judge>, words: &str) {
        self.fails_in(rule, &[words]);
    }

    /// Asserts that the rule objects once for each of these words.
    #[track_caller]
    pub(crate) fn fails_in(&self, rule: &Rule<certificate::Judge>, words: &[&str]) {
        let objections = self.objections(rule);
        assert!(
            objections.len() == words.len()
                && objections.iter().zip(words).all(|(objection, words)| objection.contains(words)),
            "{} {}: wanted {words:?}, found {objections:?}",
            rule.id,
            self.kind
        );
    }
}

/// A ledger of these certificates, and of the last CRL number of the root, 5.
pub(crate) struct Ledger<'a>(pub(crate) Cow<'a, [Issued]>);

impl Known for Ledger<'_> {
    fn issued(&self, issuer: Digest, serial: &[u8]) -> Option<Issued> {
        let all = self.certificates_issued_by(issuer);
        all.into_iter().find(|one| one.serial == serial)
    }
    fn certificates_of_key(&self, spki: Digest) -> Vec<Issued> {
        self.0.iter().filter(|one| one.spki_sha256 == Some(spki)).cloned().collect()
    }
    fn certificates_of_subject(&self, subject: Digest) -> Vec<Issued> {
        self.0.iter().filter(|one| one.subject_sha256 == subject).cloned().collect()
    }
    fn certificates_issued_by(&self, issuer: Digest) -> Vec<Issued> {
        self.0.iter().filter(|one| one.issuer_sha256 == issuer).cloned().collect()
    }
    fn certificates_with_identifier(&self, identifier: &[u8]) -> Vec<Issued> {
        self.0.iter().filter(|one| one.subject_key_identifier() == Some(identifier)).cloned().collect()
    }
    fn last_crl_number(&self, issuer: Digest) -> Option<Vec<u8>> {
        (issuer == name("Root X1").sha256()).then(|| vec![5])
    }
}

//! A structure in the circumstances of a ceremony, and what every rule together says of it.

use std::collections::BTreeSet;

use rootrite::clock::Timestamp;
use rootrite::digest::{Digest, hex};
use rootrite::pki::read::{CertificateView, CrlForm, Faults};
use rootrite::pki::reason::Reason;
use rootrite::rule::{
    Assessment, Ceremony, Context, Issued, Kind, Known, Policy, SigningTime, WeakKeys, certificate, crl,
    ocsp, request,
};

use sha1::{Digest as _, Sha1};

use crate::good::{Certificate, SUBORDINATE_SERIAL, modulus};
use crate::tree::unhex;

/// When everything is signed.
pub const SIGNED_AT: &str = "2026-11-01T08:00:00Z";

/// What is judged.
#[derive(Clone, Debug)]
pub enum Structure {
    /// A certificate meant to be of this kind.
    Certificate(Kind),
    /// A CRL.
    Crl,
    /// An OCSP response by a delegate, or by the CA itself.
    Ocsp {
        /// Whether it is by a delegate.
        delegated: bool,
    },
    /// A certificate signing request.
    Request,
}

impl Structure {
    /// What `lint --kind` calls it; nothing where it has no word.
    pub fn lint_kind(&self) -> Option<String> {
        Some(match self {
            Self::Certificate(Kind::Other) => return None,
            Self::Certificate(kind) => kind.to_string(),
            Self::Crl => "crl".into(),
            Self::Ocsp { .. } => "ocsp-response".into(),
            Self::Request => "csr".into(),
        })
    }

    /// The rule that speaks of what cannot be read at all.
    const fn unreadable(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "CRT-07",
            Self::Crl => "CRL-20",
            Self::Ocsp { .. } => "OCS-13",
            Self::Request => "REQ-01",
        }
    }
}

/// One structure with one fault, or a good one.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What it is made from, and the fault: `root serial zero`.
    pub name: String,
    /// What it is.
    pub structure: Structure,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Whose rules apply.
    pub policy: Policy,
    /// The rules that object, in alphabetical order: `CRT-01`, and `w:ROOT-07` for a warning.
    pub expected: BTreeSet<String>,
    /// The issuer's certificate.
    pub issuer: Vec<u8>,
    /// The certificate of the delegate, for OCSP responses.
    pub delegate: Vec<u8>,
    /// The certificates that the log knows.
    pub known: Vec<Issued>,
    /// What else is not as in every other ceremony.
    pub otherwise: Otherwise,
}

/// What is not as in every other ceremony.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing.
    #[default]
    Nothing,
    /// The log has the issuer's certificate as revoked.
    IssuerRevoked,
    /// There is a list of weak keys, and the key is on it.
    KeyListed,
}

impl Mutant {
    /// Judges it as a ceremony does before it signs.
    pub fn judged(&self) -> BTreeSet<String> {
        // The issuer is of the same log.
        let root = matches!(self.structure, Structure::Certificate(Kind::Root));
        let mut issuer = (!root).then(|| issued_der(&self.issuer, Kind::Root));
        if let (Otherwise::IssuerRevoked, Some(issuer)) = (self.otherwise, &mut issuer) {
            issuer.revoked = Some((SIGNED_AT.parse().unwrap(), Reason::KeyCompromise));
        }
        let weak = self.weak_keys();
        let known = Ledger(self.known.iter().cloned().chain(issuer).collect());
        let signed_at = SigningTime::at(SIGNED_AT.parse().unwrap());
        let ceremony = Ceremony { policy: self.policy, signed_at, known: &known };
        let existing = Certificate::existing().der();
        let view = |octets| CertificateView::read(octets, &mut Faults::new()).unwrap().tbs();
        let (issuer, existing) = (view(&self.issuer), view(&existing));
        let assessment = match &self.structure {
            Structure::Certificate(kind) => {
                certificate::Certificate::from_whole(&self.octets).ok().map(|one| {
                    let context = match kind {
                        Kind::Root => Context::root(ceremony),
                        Kind::Cross => Context::cross(ceremony, issuer, existing, &[]),
                        kind => Context::issued_by(ceremony, *kind, issuer),
                    };
                    let context = match &weak {
                        Some(weak) => context.with_weak_keys(weak),
                        None => context,
                    };
                    certificate::judge(&one, &context)
                })
            }
            Structure::Crl => {
                let context = Context::crl(ceremony, issuer);
                let judged = crl::judge_octets(&self.octets, CrlForm::Whole, &context).ok();
                judged.filter(|one| one.read.around().is_ok()).map(|one| one.assessment)
            }
            // Of an error response there is nothing to judge.
            Structure::Ocsp { delegated } => ocsp::Ocsp::from_whole(&self.octets).ok().map(|one| {
                let delegate = delegated.then(|| view(&self.delegate));
                let context = Context::ocsp_response(ceremony, issuer, delegate);
                one.map_or_else(Assessment::default, |one| ocsp::judge(&one, &context))
            }),
            Structure::Request => request::Request::from_whole(&self.octets)
                .ok()
                .map(|one| request::judge(&one, &Context::request(ceremony))),
        };
        let Some(assessment) = assessment else { return [self.structure.unreadable().to_owned()].into() };
        assert_eq!(assessment.not_judged, [], "{}", self.name);
        said(&assessment)
    }
}

impl Mutant {
    /// A list of weak keys that has this one's, if there is to be one: the last 80 bits of SHA-1 over what `openssl rsa -modulus`
    /// prints.
    fn weak_keys(&self) -> Option<WeakKeys> {
        if self.otherwise != Otherwise::KeyListed {
            return None;
        }
        let modulus = modulus(crate::tree::Node::read(&self.octets).at(&[0, 6]));
        let line = format!("Modulus={}\n", hex(&modulus).to_uppercase());
        WeakKeys::read(&hex(&Sha1::digest(line.as_bytes())[10..])).ok()
    }
}

fn said(assessment: &Assessment) -> BTreeSet<String> {
    let said = assessment.objections.iter();
    // What follows from another fault: of a value that cannot be read, nothing further can be said.
    let said = said.filter(|one| !one.message.starts_with("this rule cannot be judged: it cannot be read"));
    said.map(|one| if one.is_error() { one.rule.to_owned() } else { format!("w:{}", one.rule) }).collect()
}

/// The subordinate CA as the log has it.
pub fn subordinate() -> Issued {
    issued(&Certificate::subordinate(), Kind::Subordinate)
}

/// What the log has of a certificate.
pub fn issued(certificate: &Certificate, kind: Kind) -> Issued {
    issued_der(&certificate.der(), kind)
}

fn issued_der(octets: &[u8], kind: Kind) -> Issued {
    let tbs = CertificateView::read(octets, &mut Faults::new()).unwrap().tbs();
    Issued { serial: tbs.serial_octets().to_vec(), ..Issued::read(kind, "", &tbs).unwrap() }
}

/// The subordinate CA, revoked.
pub fn revoked(at: &str, reason: Reason) -> Issued {
    let at: Timestamp = at.parse().unwrap();
    Issued { revoked: Some((at, reason)), ..subordinate() }
}

/// A ledger of these certificates, all the root's; its last CRL number is 5.
struct Ledger(Vec<Issued>);

impl Known for Ledger {
    fn issued(&self, _: Digest, serial: &[u8]) -> Option<Issued> {
        self.0.iter().find(|one| one.serial == serial).cloned()
    }
    fn certificates_of_key(&self, spki: Digest) -> Vec<Issued> {
        self.0.iter().filter(|one| one.spki_sha256 == Some(spki)).cloned().collect()
    }
    fn certificates_of_subject(&self, subject: Digest) -> Vec<Issued> {
        self.0.iter().filter(|one| one.subject_sha256 == subject).cloned().collect()
    }
    fn certificates_issued_by(&self, _: Digest) -> Vec<Issued> {
        self.0.clone()
    }
    fn certificates_with_identifier(&self, identifier: &[u8]) -> Vec<Issued> {
        let same = |one: &&Issued| {
            let said = one.said.as_ref().and_then(|said| said.subject_key_identifier.as_deref());
            said == Some(identifier)
        };
        self.0.iter().filter(same).cloned().collect()
    }
    fn last_crl_number(&self, _: Digest) -> Option<Vec<u8>> {
        Some(vec![5])
    }
}

/// Whether the serial of the subordinate CA is the one that everything else speaks of.
#[test]
fn the_subordinate_has_its_serial() {
    assert_eq!(subordinate().serial, unhex(SUBORDINATE_SERIAL));
}

//! What a verified bundle hands over to the online side, and nothing that a file of it says beside that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::certificates::{self, signed_by};
use super::super::report::Report;
use super::super::story::Outcome;
use super::super::verify::{NoBundle, Open, Options, Verification, judge};
use super::ExportError;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::key::KeyAlgorithm;
use crate::pki::oid::{access, attribute};
use crate::pki::pem;
use crate::pki::read::{CrlView, DistributionPointName, Extensions, Faults};

/// How many CA certificates an export has place for: each may be the issuer of each other one.
const MOST_CERTIFICATES: usize = 200;

/// The most octets of one CRL or response that is handed on.
const MOST_OCTETS: u64 = 1 << 28;

/// How much of CRLs and responses together is held.
const MOST_HELD: usize = 1 << 29;

/// The content of a bundle that nothing refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The log's origin.
    pub origin: String,
    /// The ceremony.
    pub ceremony: String,
    /// Whether it was a practice ceremony.
    pub practice: bool,
    /// How many records the signed head counts.
    pub size: u64,
    /// The head's root in hex.
    pub root: String,
    /// Its certificates, in the order of their names.
    pub certificates: Vec<Certificate>,
    /// Its CRLs.
    pub crls: Vec<Crl>,
    /// Its OCSP responses.
    pub responses: Vec<OcspResponse>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A root CA's.
    Root,
    /// A subordinate CA's.
    Subordinate,
    /// A cross-certificate.
    Cross,
    /// A delegated OCSP responder's.
    OcspResponder,
}

impl Role {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subordinate => "subordinate",
            Self::Cross => "cross",
            Self::OcspResponder => "ocsp-responder",
        }
    }

    fn of(kind: &str) -> Option<Self> {
        let all = [Self::Root, Self::Subordinate, Self::Cross, Self::OcspResponder];
        all.into_iter().find(|role| role.name() == kind)
    }
}

/// Where a key is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPlace {
    /// The token: its label where the online side says it, the script's name for it where the log does.
    pub token: Option<String>,
    /// The key's label.
    pub label: Option<String>,
    /// Its CKA_ID in hex.
    pub id: Option<String>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The script's name for it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its octets.
    pub der: Vec<u8>,
    /// When it was signed, by the log.
    pub signed_at: Timestamp,
    /// The serial number's content octets in hex.
    pub serial: String,
    /// The subject's octets.
    pub subject_der: Vec<u8>,
    /// The subject in words.
    pub subject: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// The first second.
    pub not_before: Timestamp,
    /// The last second.
    pub not_after: Timestamp,
    /// The SubjectPublicKeyInfo's digest.
    pub spki_sha256: Digest,
    /// What kind of key it has, if it is one of ours.
    pub algorithm: Option<KeyAlgorithm>,
    /// Where the log says that the key was generated.
    pub key: KeyPlace,
    /// Where its issuer's certificate is, by its authority information access.
    pub issuer_urls: Vec<String>,
    /// Where its issuer's CRL is, by its CRL distribution points.
    pub crl_urls: Vec<String>,
    /// Its certificate policies, by their numbers.
    pub policies: Vec<String>,
    /// Which of the handover's certificates have the name and the key of who signed it.
    pub issuers: Vec<usize>,
}

impl Certificate {
    /// PEM.
    pub fn pem(&self) -> String {
        pem::write(pem::CERTIFICATE, &self.der)
    }

    /// SHA-256 of its octets.
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// Whether the two certify the same key under the same name: one issuer, whoever signed.
    pub fn is_same_issuer(&self, other: &Self) -> bool {
        self.subject_der == other.subject_der && self.spki_sha256 == other.spki_sha256
    }

    /// Whether the key is an elliptic curve's.
    pub fn is_ecdsa(&self) -> bool {
        self.algorithm.is_some_and(|algorithm| algorithm.curve().is_some())
    }

    /// The key's kind, in words.
    pub fn key_kind(&self) -> String {
        self.algorithm
            .map_or_else(|| "of a kind of its own".to_owned(), |algorithm| algorithm.name().to_owned())
    }
}

/// A CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    /// The script's name for it.
    pub name: String,
    /// Its octets.
    pub der: Vec<u8>,
    /// Its number's content octets in hex.
    pub number: Option<String>,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is there.
    pub next_update: Option<Timestamp>,
    /// Which of the handover's certificates signed it.
    pub issuers: Vec<usize>,
}

/// An OCSP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspResponse {
    /// The script's name for it and, where several have one, its number.
    pub name: String,
    /// Its octets.
    pub der: Vec<u8>,
}

impl Handover {
    /// The subordinate CA certificates that a setting asks for.
    ///
    /// # Errors
    ///
    /// [`ExportError::NoSubordinate`] if there is none.
    pub fn subordinates(&self, certificate: Option<&str>) -> Result<Vec<&Certificate>, ExportError> {
        let all = self.certificates.iter().filter(|one| one.role == Role::Subordinate);
        let wanted: Vec<_> = all.filter(|one| certificate.is_none_or(|name| one.name == name)).collect();
        if wanted.is_empty() {
            return Err(ExportError::NoSubordinate { name: certificate.map(str::to_owned) });
        }
        Ok(wanted)
    }

    /// The CRLs that a certificate's key signed.
    pub fn crls_of<'h>(&'h self, issuer: &'h Certificate) -> impl Iterator<Item = &'h Crl> {
        self.crls.iter().filter(move |crl| {
            crl.issuers
                .iter()
                .filter_map(|index| self.certificates.get(*index))
                .any(|one| one.is_same_issuer(issuer))
        })
    }

    /// Every name is an id: what a path may be made of.
    ///
    /// # Errors
    ///
    /// [`ExportError::Name`] for the first that is not.
    pub fn names(&self) -> Result<(), ExportError> {
        let certificates = self.certificates.iter().map(|one| (one.role.name(), &one.name));
        let crls = self.crls.iter().map(|one| ("crl", &one.name));
        let responses = self.responses.iter().map(|one| (RESPONSE, &one.name));
        let mut all = certificates.chain(crls).chain(responses);
        match all.find(|(_, name)| !is_id(name)) {
            Some((kind, name)) => Err(ExportError::Name {
                kind: kind.to_owned(),
                name: name.chars().take(80).flat_map(char::escape_default).collect(),
            }),
            None => Ok(()),
        }
    }
}

fn is_id(name: &str) -> bool {
    let good = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// Judges a bundle and takes what it hands over: nothing, if anything refuses it.
///
/// # Errors
///
/// [`NoBundle`] if there is nothing to judge.
pub fn take(path: &Path, options: &Options) -> Result<(Verification, Option<Handover>), NoBundle> {
    let mut taken = None;
    let verification = judge(path, options, &mut |open, report| {
        if !report.refuses() {
            let beside = Beside { without: revoked_before(open), crls: Vec::new() };
            taken = handover(open, &beside, report);
        }
    })?;
    // Reading it once more may have found what was changed meanwhile.
    let taken = taken.filter(|_| !verification.report.refuses());
    Ok((verification, taken))
}

/// Certificates of earlier ceremonies that the log says are revoked: the CRL that lists them need not be in this bundle.
fn revoked_before(open: &Open<'_>) -> BTreeSet<Digest> {
    let is_revoked = |one: &certificates::Certificate<'_>| {
        let issuer: Option<Digest> =
            one.named.intended("issuer_spki_sha256").and_then(|text| text.parse().ok());
        let serial = hex(one.view.tbs().serial_octets());
        open.told.story.revoked.iter().any(|revoked| {
            let is_serial = revoked.issuer.is_some() && revoked.issuer == issuer && revoked.serial == serial;
            revoked.certificate == Some(one.named.sha256) || is_serial
        })
    };
    let earlier = open.certificates.iter().filter(|one| one.earlier);
    earlier.filter(|one| is_revoked(one)).map(|one| one.named.sha256).collect()
}

/// What an importer has beside the bundle.
#[derive(Clone, Debug, Default)]
pub(in crate::intake) struct Beside {
    /// CRLs of earlier ceremonies that still count: name, the issuer's SubjectPublicKeyInfo, octets.
    pub crls: Vec<(String, Digest, Vec<u8>)>,
    /// Certificates that are not to be used: those of a ceremony that was not completed, and revoked ones.
    pub without: BTreeSet<Digest>,
}

/// What an open bundle hands over, and what counts beside it.
pub(in crate::intake) fn handover(open: &Open<'_>, beside: &Beside, report: &mut Report) -> Option<Handover> {
    let (ceremony, _) = open.told.story.ceremony.as_ref()?;
    let checkpoint = open.told.checkpoint.as_ref()?;
    if open.certificates.len() > MOST_CERTIFICATES {
        report.note(format!(
            "nothing was taken from the bundle: it has {} certificates, and there is place for {MOST_CERTIFICATES}",
            open.certificates.len()
        ));
        return None;
    }
    // In the order of their names, whatever their digests are. What is revoked, or was made by a ceremony that was not
    // completed, is handed to nobody.
    let unfinished = |one: &certificates::Certificate<'_>| {
        open.told.story.outcomes.get(&one.named.cer) == Some(&Outcome::Partial)
    };
    let revoked = |one: &certificates::Certificate<'_>| {
        let issuer: Option<Digest> =
            one.named.intended("issuer_spki_sha256").and_then(|text| text.parse().ok());
        let serial = hex(one.view.tbs().serial_octets());
        issuer.is_some_and(|issuer| open.revoked.contains(&(issuer, serial)))
    };
    let unused = |one: &certificates::Certificate<'_>| {
        beside.without.contains(&one.named.sha256) || unfinished(one) || revoked(one)
    };
    let used = open.certificates.iter().filter(|one| !unused(one));
    let mut ordered: Vec<_> = used.collect();
    ordered.sort_by(|one, other| {
        (&one.named.name, one.named.sha256).cmp(&(&other.named.name, other.named.sha256))
    });
    let certificates = ordered.iter().filter_map(|one| certificate(one, &ordered, open)).collect();
    let mut held = 0;
    let mut crls = octets_of("crl", open, &mut held, report)?;
    crls.extend(beside.crls.iter().map(|(name, issuer, der)| (name.clone(), Some(*issuer), der.clone())));
    let crls = crls.into_iter().filter_map(|(name, issuer, der)| crl(name, issuer, der, &ordered)).collect();
    let responses = octets_of(RESPONSE, open, &mut held, report)?;
    let responses = responses.into_iter().map(|(name, _, der)| OcspResponse { name, der }).collect();
    Some(Handover {
        origin: open.told.story.genesis.as_ref()?.origin.clone(),
        ceremony: ceremony.clone(),
        practice: open.told.is_practice(),
        size: checkpoint.size,
        root: hex(checkpoint.root.octets()),
        certificates,
        crls,
        responses,
    })
}

fn certificate(
    one: &certificates::Certificate<'_>,
    all: &[&certificates::Certificate<'_>],
    open: &Open<'_>,
) -> Option<Certificate> {
    let tbs = one.view.tbs();
    let extensions = one.view.extensions();
    let signed = |other: &certificates::Certificate<'_>| {
        other.is_ca() && other.view.subject() == one.view.issuer() && signed_by(&one.view, other).is_ok()
    };
    let issuers = (0..).zip(all).filter(|(_, other)| signed(other)).map(|(index, _)| index).collect();
    let common_name = tbs.subject().attributes().find(|part| part.kind() == attribute::COMMON_NAME);
    let generated = open.told.story.generated.get(&one.spki_sha256());
    Some(Certificate {
        name: one.named.name.clone(),
        role: Role::of(&one.named.kind)?,
        der: one.view.octets().to_vec(),
        signed_at: one.named.at,
        serial: hex(tbs.serial_octets()),
        subject_der: tbs.subject().octets().to_vec(),
        subject: tbs.subject().to_string(),
        common_name: common_name.and_then(|part| String::from_utf8(part.value().content().to_vec()).ok()),
        not_before: tbs.not_before().at(),
        not_after: tbs.not_after().at(),
        spki_sha256: one.spki_sha256(),
        algorithm: one.key.as_ref().and_then(crate::pki::PublicKey::algorithm),
        key: generated
            .map(|it| KeyPlace {
                token: Some(it.token.clone()),
                label: Some(it.label.clone()),
                id: Some(it.id.clone()),
            })
            .unwrap_or_default(),
        issuer_urls: issuer_urls(&extensions),
        crl_urls: crl_urls(&extensions),
        policies: policies(&extensions),
        issuers,
    })
}

fn issuer_urls(extensions: &Extensions<'_>) -> Vec<String> {
    let places = extensions.authority_information_access().ok().flatten();
    let places = places.into_iter().flat_map(|list| list.iter());
    let issuers = places.filter(|place| place.method == access::CA_ISSUERS);
    issuers.filter_map(|place| place.location.uri().map(str::to_owned)).collect()
}

fn crl_urls(extensions: &Extensions<'_>) -> Vec<String> {
    let points = extensions.crl_distribution_points().ok().flatten();
    let points = points.into_iter().flat_map(|list| list.iter());
    let names = points.filter_map(|point| match point.name {
        Some(DistributionPointName::Full(names)) => Some(names),
        _ => None,
    });
    names.flat_map(|names| names.iter()).filter_map(|name| name.uri().map(str::to_owned)).collect()
}

fn policies(extensions: &Extensions<'_>) -> Vec<String> {
    let policies = extensions.certificate_policies().ok().flatten();
    policies.into_iter().flat_map(|list| list.iter()).map(|one| one.policy.to_string()).collect()
}

fn crl(
    name: String,
    issuer: Option<Digest>,
    der: Vec<u8>,
    all: &[&certificates::Certificate<'_>],
) -> Option<Crl> {
    let (number, this_update, next_update) = {
        let view = CrlView::read(&der, &mut Faults::new()).ok()?;
        let fields = view.tbs().fields();
        let number = fields.extensions().crl_number().ok().flatten().map(hex);
        (number, fields.this_update().at(), fields.next_update().map(|next| next.at()))
    };
    let issuers = (0..).zip(all).filter(|(_, one)| one.is_ca() && Some(one.spki_sha256()) == issuer);
    Some(Crl {
        name,
        der,
        number,
        this_update,
        next_update,
        issuers: issuers.map(|(index, _)| index).collect(),
    })
}

/// Name, issuer and octets of every artifact of a kind, in the order of the log and its lists; responses are numbered.
fn octets_of(kind: &str, open: &Open<'_>, held: &mut usize, report: &mut Report) -> Option<Vec<Content>> {
    let places: BTreeMap<_, _> =
        open.artifacts.lists.values().flat_map(|list| list.iter().zip(0_usize..)).collect();
    let mut found = Vec::new();
    for (sha256, named) in open.artifacts.all() {
        let is_member = open.artifacts.members.contains_key(sha256);
        let of_kind =
            if is_member { named.ev == "ocsp.signed" && kind == RESPONSE } else { named.kind == kind };
        if !of_kind {
            continue;
        }
        let octets = open.artifacts.octets(sha256, MOST_OCTETS, report)?;
        *held += octets.len();
        if *held > MOST_HELD {
            report.note(format!(
                "nothing was taken from the bundle: more than {MOST_HELD} octets of CRLs and responses"
            ));
            return None;
        }
        found.push((named.seq, places.get(sha256).copied(), named, octets));
    }
    found.sort_by_key(|(seq, place, ..)| (*seq, *place));
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let named = found.into_iter().map(|(_, _, named, octets)| {
        let number = numbers.entry(named.name.as_str()).or_insert(0);
        *number += 1;
        let name = if kind == RESPONSE { format!("{}-{number}", named.name) } else { named.name.clone() };
        (name, named.digest("issuer_spki_sha256"), octets)
    });
    Some(named.collect())
}

/// Name, issuer's key and octets of an artifact.
type Content = (String, Option<Digest>, Vec<u8>);

const RESPONSE: &str = "ocsp-response";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Earlier;

    fn named(name: &str) -> Handover {
        let crl = Crl {
            name: name.to_owned(),
            der: Vec::new(),
            number: None,
            this_update: Timestamp::EPOCH,
            next_update: None,
            issuers: Vec::new(),
        };
        Handover {
            origin: String::new(),
            ceremony: String::new(),
            practice: false,
            size: 0,
            root: String::new(),
            certificates: Vec::new(),
            crls: vec![crl],
            responses: Vec::new(),
        }
    }

    #[test]
    fn a_name_that_would_be_a_path_is_refused() {
        for name in
            ["", "..", "../e1", "/e1", "e1/", "e1.pem", "E1", "e 1", "e1\n", "\u{e9}1", &"e".repeat(65)]
        {
            let found = named(name).names();
            assert!(matches!(found, Err(ExportError::Name { ref kind, .. }) if kind == "crl"), "{name:?}");
        }
        for name in ["e1", "-", &"e".repeat(64)] {
            assert_eq!(named(name).names(), Ok(()));
        }
        let shown = named("\u{1b}[2J").names().unwrap_err().to_string();
        assert!(shown.contains("`\\u{1b}[2J`"), "{shown}");
    }

    /// A bundle that a rehearsal left, after a change of its log.
    fn taken(change: impl FnOnce(String) -> String) -> (Verification, Option<Handover>) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs/export/bundle");
        let to = tempfile::tempdir().unwrap();
        for folder in ["", "artifacts", "proofs"] {
            std::fs::create_dir_all(to.path().join(folder)).unwrap();
            for entry in std::fs::read_dir(from.join(folder)).unwrap().map(Result::unwrap) {
                if entry.path().is_file() {
                    std::fs::copy(entry.path(), to.path().join(folder).join(entry.file_name())).unwrap();
                }
            }
        }
        let log = to.path().join("log.jsonl");
        std::fs::write(&log, change(std::fs::read_to_string(&log).unwrap())).unwrap();
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        take(
            to.path(),
            &Options { trust: crate::intake::Trust::OwnPolicy, now, at: None, issuers: Earlier::new() },
        )
        .unwrap()
    }

    #[test]
    fn nothing_is_taken_from_a_bundle_that_is_refused() {
        let (verification, handover) = taken(|log| log.replacen("crypto-officer", "crypto-0fficer", 1));
        assert!(verification.report.refuses() && handover.is_none());
        let (verification, handover) = taken(|log| log);
        assert!(!verification.report.refuses());
        let handover = handover.unwrap();
        let names: Vec<_> = handover.certificates.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["e1", "r1", "root-x1", "root-x1-ocsp", "root-x2", "root-x2-by-root-x1"]);
        assert_eq!(handover.crls.len(), 2);
        assert_eq!(
            handover.responses.iter().map(|one| &one.name).collect::<Vec<_>>(),
            ["root-x1-1", "root-x1-2"]
        );
        // By the root itself, and by the cross-certificate of its key.
        let r1 = handover.certificates.iter().find(|one| one.name == "r1").unwrap();
        let chains: Vec<_> = crate::intake::export::Chain::all(&handover, r1)
            .iter()
            .map(|chain| chain.names().join(" "))
            .collect();
        assert_eq!(chains, ["r1 root-x2", "r1 root-x2-by-root-x1 root-x1"]);
    }

    #[test]
    fn a_bundle_without_a_subordinate_ca_says_so() {
        let all = named("e1").subordinates(None).unwrap_err();
        assert_eq!(all.to_string(), "the bundle has no subordinate CA certificate");
    }
}

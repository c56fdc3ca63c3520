//! The OCSP responses of a bundle: signed by who may, about certificates that the log knows, for the period it tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use ceremony_log::code::Code;
use sha1::{Digest as _, Sha1};

use super::artifacts::Artifacts;
use super::certificates::{Certificate, beside};
use super::crl::RevokedSerials;
use super::log::Told;
use super::report::Report;
use super::story::Named;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::read::{
    self, BasicResponseView, CertIdView, CertStatus, CertificateView, ResponderId, SingleResponseView,
};
use crate::pki::{ManyVerifier, PublicKey, SignatureAlgorithm, SignedOctets, verify_signature};

/// A response has a few KiB; this is what is read of one.
const MOST_OCTETS: u64 = 64 * 1024;

/// How many signatures are verified together: more gain nothing, and each may be as long as a response.
const MOST_TOGETHER: usize = 128;

/// What responses are judged by.
struct Judge<'j, 's> {
    certificates: &'j [Certificate<'s>],
    /// Issuer's key and serial number in hex of every certificate in the log.
    known: BTreeSet<(String, String)>,
    revoked: &'j RevokedSerials,
    /// The digests that certificate ids may have: of a CA's name and its key bits.
    ids: Vec<Id<'j, 's>>,
    /// Whether every certificate that the log names is in the bundle: those of earlier ceremonies are not.
    complete: bool,
    /// By key and issuer: who was found to be allowed to answer.
    responders: BTreeMap<(String, String), Rc<Responder>>,
    /// By certificate in question: whether a response is good at the moment in question.
    current: BTreeMap<(Digest, String), (bool, String)>,
    at: Option<Timestamp>,
}

/// How certificate ids name a CA.
struct Id<'j, 's> {
    issuer: &'j Certificate<'s>,
    hashes: [(Vec<u8>, Vec<u8>); 2],
}

/// Judges every response.
pub fn judge(
    artifacts: &Artifacts<'_>,
    told: &Told,
    certificates: &[Certificate<'_>],
    revoked: &RevokedSerials,
    at: Option<Timestamp>,
    report: &mut Report,
) {
    let signed = told.story.named.iter().filter(|named| named.ev == "cert.signed");
    let known = signed.filter_map(|named| {
        Some((named.intended("issuer_spki_sha256")?.to_owned(), named.data.str("serial")?.to_owned()))
    });
    let count = told.story.named.iter().filter(|named| named.ev == "cert.signed").count();
    let complete = count == certificates.len();
    let ids = certificates.iter().filter(|one| one.is_ca()).filter_map(Id::of).collect();
    let mut judge = Judge {
        certificates,
        known: known.collect(),
        revoked,
        ids,
        complete,
        responders: BTreeMap::new(),
        current: BTreeMap::new(),
        at,
    };
    for (list, members) in &artifacts.lists {
        if let Some(named) = artifacts.logged.get(list).filter(|named| named.ev == "ocsp.signed") {
            judge.batch(artifacts, named, members, report);
        }
    }
    for (sha256, named) in &artifacts.logged {
        if named.kind == "ocsp-response" {
            judge.batch(artifacts, named, std::slice::from_ref(sha256), report);
        }
    }
    let Some(at) = at else { return };
    for ((_, serial), (_, path)) in judge.current.iter().filter(|(_, (good, _))| !good) {
        let message = format!("neither it nor another response about {serial} is good at {at}");
        report.find(Code::E199, path, message);
    }
}

impl<'j, 's> Judge<'j, 's> {
    /// The responses of one record, in its order.
    fn batch(&mut self, artifacts: &Artifacts<'_>, named: &Named, members: &[Digest], report: &mut Report) {
        let mut to_be_signed = String::new();
        let mut windows = Windows::default();
        let mut signatures = Signatures::of(members.len());
        let mut complete = true;
        for sha256 in members {
            let path = artifacts.path(sha256);
            let octets = artifacts.octets(sha256, MOST_OCTETS, report);
            let response = octets.as_ref().map(|octets| read::ocsp_response(octets));
            let basic = match response {
                Some(Ok(response)) if response.status() == 0 => response.basic(),
                Some(Ok(_)) => None,
                Some(Err(error)) => {
                    report.find(Code::E197, &path, format!("it cannot be read as an OCSP response: {error}"));
                    complete = false;
                    continue;
                }
                None => {
                    complete = false;
                    continue;
                }
            };
            let Some(basic) = basic else {
                report.find(Code::E197, &path, "it is no successful response");
                complete = false;
                continue;
            };
            // Writing to a String cannot fail.
            let _ = writeln!(to_be_signed, "{}", basic.tbs().sha256());
            self.response(named, &basic, &path, (&mut windows, &mut signatures), report);
        }
        signatures.verify(report);
        // Where one is missing or cannot be read, that is what is told.
        if complete {
            windows.tell(named, report);
        }
        let wanted = named.intended_batch();
        let found = (members.len() as u64, Digest::of(to_be_signed.as_bytes()));
        // A single response without a list is named by its own to-be-signed octets.
        let single = members.len() == 1
            && wanted.is_some_and(|(_, digest)| to_be_signed.trim_end() == digest.to_string());
        if complete && wanted != Some(found) && !single {
            let message = format!(
                "the to-be-signed octets of the {} responses are not those of the intent of record {}",
                found.0, named.seq
            );
            report.find(Code::E175, &artifacts.path(&named.sha256), message);
        }
    }

    fn response(
        &mut self,
        named: &Named,
        basic: &BasicResponseView<'_>,
        path: &str,
        (windows, signatures): (&mut Windows, &mut Signatures),
        report: &mut Report,
    ) {
        let mut issuers: Vec<&'j Certificate<'s>> = Vec::new();
        for single in &basic.tbs().responses() {
            windows.add(named, &single, path);
            let Some(issuer) = self.issuer(&single.cert_id) else {
                let serial = hex(single.cert_id.serial);
                if self.complete {
                    report.find(
                        Code::E198,
                        path,
                        format!("its certificate id for {serial} names no CA of the bundle"),
                    );
                } else {
                    let beside = beside(report);
                    let message =
                        format!("it was not judged: the issuer of {serial} is not in the bundle{beside}");
                    report.unjudged(Code::E198, path, message);
                }
                continue;
            };
            issuers.push(issuer);
            self.subject(issuer, &single, path, report);
        }
        let Some(issuer) = issuers.first() else { return };
        match self.responder(named, basic, issuer) {
            Ok((responder, algorithm)) => {
                let signed = (basic.tbs().octets(), basic.signature());
                signatures.add(&responder.key, algorithm, signed, path, report);
            }
            Err(why) => report.find(Code::E197, path, why),
        }
    }

    /// The CA that a certificate id names.
    fn issuer(&self, id: &CertIdView<'_>) -> Option<&'j Certificate<'s>> {
        let pair = (id.issuer_name_hash, id.issuer_key_hash);
        let fits = |one: &&Id<'j, 's>| {
            one.hashes.iter().any(|(name, key)| (name.as_slice(), key.as_slice()) == pair)
        };
        self.ids.iter().find(fits).map(|one| one.issuer)
    }

    /// The certificate in question is one that the log knows, and its status what the CRLs say.
    fn subject(
        &mut self,
        issuer: &Certificate<'_>,
        single: &SingleResponseView<'_>,
        path: &str,
        report: &mut Report,
    ) {
        let (spki, serial) = (issuer.spki_sha256(), hex(single.cert_id.serial));
        if !self.known.contains(&(spki.to_string(), serial.clone())) {
            let message = format!("serial number {serial}: no certificate of {} has it", issuer.path);
            report.find(Code::E198, path, message);
        }
        if matches!(single.status, CertStatus::Good) && self.revoked.contains(&(spki, serial.clone())) {
            report.find(Code::E196, path, format!("it calls {serial} good, which its issuer's CRL revokes"));
        }
        if let Some(at) = self.at {
            let good =
                single.this_update.at() <= at && single.next_update.is_some_and(|next| at <= next.at());
            self.current.entry((spki, serial)).or_insert_with(|| (false, path.to_owned())).0 |= good;
        }
    }

    /// Who answers is the CA itself or its delegate, and is who the record names: whose signature it has to be, and of
    /// what kind.
    fn responder(
        &mut self,
        named: &Named,
        basic: &BasicResponseView<'_>,
        issuer: &Certificate<'_>,
    ) -> Result<(Rc<Responder>, SignatureAlgorithm), String> {
        let wanted = named.intended("responder_spki_sha256").ok_or("its intent names no responder's key")?;
        let responder = self.who_answers(wanted, basic, issuer)?;
        let Responder { name, key, until } = &*responder;
        match basic.tbs().responder() {
            ResponderId::ByName(found) if found.octets() == name.as_slice() => {}
            ResponderId::ByKey(hash) if hash == Sha1::digest(key.bit_string_content()).as_slice() => {}
            _ => return Err("its responder id is not its responder's".to_owned()),
        }
        let late =
            basic.tbs().responses().iter().filter_map(|one| one.next_update).find(|next| next.at() > *until);
        if let Some(late) = late {
            return Err(format!("it lasts until {}, its responder's certificate until {until}", late.at()));
        }
        let algorithm =
            basic.signature_algorithm().signature_algorithm().ok_or("unknown signature algorithm")?;
        Ok((responder, algorithm))
    }

    /// Whoever has a key and may answer for an issuer. One that is found among the bundle's certificates is remembered.
    fn who_answers(
        &mut self,
        wanted: &str,
        basic: &BasicResponseView<'_>,
        issuer: &Certificate<'_>,
    ) -> Result<Rc<Responder>, String> {
        let known = (wanted.to_owned(), issuer.path.to_owned());
        if let Some(responder) = self.responders.get(&known) {
            return Ok(Rc::clone(responder));
        }
        let delegate = |view: &CertificateView<'_>| {
            let is_wanted = view.tbs().spki_sha256().to_string() == wanted;
            if is_wanted && is_delegate(view, issuer) { Responder::of(view) } else { None }
        };
        let along = || {
            let list = basic.certificates()?;
            list.iter().find_map(|one| delegate(&read::certificate(one.0.octets()).ok()?))
        };
        let own = issuer.view.tbs().spki_sha256().to_string() == wanted;
        let found = if own {
            Responder::of(&issuer.view)
        } else {
            self.certificates.iter().find_map(|one| delegate(&one.view))
        };
        if let Some(responder) = found.map(Rc::new) {
            self.responders.insert(known, Rc::clone(&responder));
            return Ok(responder);
        }
        let none = || format!("no certificate lets the key {wanted} answer for {}", issuer.path);
        along().map(Rc::new).ok_or_else(none)
    }
}

/// Who answers.
struct Responder {
    /// The DER of its name.
    name: Vec<u8>,
    key: PublicKey,
    until: Timestamp,
}

impl Responder {
    fn of(view: &CertificateView<'_>) -> Option<Self> {
        let key = view.public_key().ok()?;
        Some(Self { name: view.subject().octets().to_vec(), key, until: view.tbs().not_after().at() })
    }
}

/// The signatures of the responses of one record, verified many at a time: a record names one key.
struct Signatures {
    /// How many there are of that record.
    count: usize,
    /// For each algorithm that was met.
    verifiers: BTreeMap<SignatureAlgorithm, (ManyVerifier, Vec<Waiting>)>,
}

/// A signature that waits for others.
struct Waiting {
    path: String,
    to_be_signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Signatures {
    const fn of(count: usize) -> Self {
        Self { count, verifiers: BTreeMap::new() }
    }

    /// Adds the signature of a response; memory does not grow with their number.
    fn add(
        &mut self,
        key: &PublicKey,
        algorithm: SignatureAlgorithm,
        (to_be_signed, signature): SignedOctets<'_>,
        path: &str,
        report: &mut Report,
    ) {
        let new = || (ManyVerifier::new(key, algorithm, self.count), Vec::new());
        let (_, waiting) = self.verifiers.entry(algorithm).or_insert_with(new);
        waiting.push(Waiting {
            path: path.to_owned(),
            to_be_signed: to_be_signed.to_vec(),
            signature: signature.to_vec(),
        });
        // Of all algorithms together: a bundle that names many is not to fill the memory.
        if self.verifiers.values().map(|(_, waiting)| waiting.len()).sum::<usize>() >= MOST_TOGETHER {
            self.verify(report);
        }
    }

    /// Verifies all that were added.
    fn verify(&mut self, report: &mut Report) {
        for (verifier, waiting) in self.verifiers.values_mut() {
            let all: Vec<_> = waiting.iter().map(|one| (&*one.to_be_signed, &*one.signature)).collect();
            for (place, error) in verifier.not_good(&all) {
                let path = waiting.get(place).map_or("", |one| &one.path);
                report.find(Code::E197, path, format!("its responder's key did not sign it: {error}"));
            }
            waiting.clear();
        }
    }
}

/// Whether the CA issued the certificate to sign OCSP responses for it. Source: RFC 6960 §4.2.2.2.
fn is_delegate(view: &CertificateView<'_>, issuer: &Certificate<'_>) -> bool {
    let purposes = view.extensions().extended_key_usage().ok().flatten();
    let may = purposes.is_some_and(|all| all.iter().any(|one| one == crate::pki::oid::purpose::OCSP_SIGNING));
    let algorithm = view.signature_algorithm().signature_algorithm();
    let signed = issuer.key.as_ref().zip(algorithm).is_some_and(|(key, algorithm)| {
        verify_signature(key, algorithm, view.tbs().octets(), view.signature()).is_ok()
    });
    may && signed && view.issuer() == issuer.view.subject()
}

/// The windows of each certificate in question, in the order of the list: from the record's this update to its next
/// update without a gap. What is wrong is told with its path.
#[derive(Default)]
struct Windows {
    last: BTreeMap<(Vec<u8>, Vec<u8>), Window>,
    wrong: Vec<(String, String)>,
}

/// From this update to next update of a response, and its path.
type Window = (Timestamp, Timestamp, String);

impl Windows {
    fn add(&mut self, named: &Named, single: &SingleResponseView<'_>, path: &str) {
        let this = single.this_update.at();
        let mut wrong = |message: String| self.wrong.push((path.to_owned(), message));
        let Some(next) = single.next_update.map(|next| next.at()) else {
            return wrong("it has no next update".to_owned());
        };
        if next < this {
            wrong("its next update is before its this update".to_owned());
        }
        // The issuer by the hash of its key, which also tells the hash functions apart by its length.
        let id = (single.cert_id.issuer_key_hash.to_vec(), single.cert_id.serial.to_vec());
        match self.last.get(&id) {
            None if named.text("this_update") != Some(this.to_string().as_str()) => {
                wrong(format!("this update {this}; record {} has another", named.seq));
            }
            Some((before, _, _)) if this <= *before => {
                wrong(format!("this update {this} is not after {before}, that of the response before it"));
            }
            Some((_, ends, _)) if ends.plus(1).is_some_and(|follows| this > follows) => {
                wrong(format!(
                    "this update {this}: the response before it ends at {ends}, and between them is a gap"
                ));
            }
            None | Some(_) => {}
        }
        self.last.insert(id, (this, next, path.to_owned()));
    }

    /// Tells what is wrong.
    fn tell(self, named: &Named, report: &mut Report) {
        for (path, message) in &self.wrong {
            report.find(Code::E199, path, message.clone());
        }
        let wanted = named.text("next_update");
        for (_, next, path) in
            self.last.values().filter(|(_, next, _)| wanted != Some(next.to_string().as_str()))
        {
            report.find(Code::E199, path, format!("next update {next}; record {} has another", named.seq));
        }
    }
}

impl<'j, 's> Id<'j, 's> {
    fn of(issuer: &'j Certificate<'s>) -> Option<Self> {
        let name = issuer.view.subject().octets();
        let bits = issuer.key.as_ref().map(PublicKey::bit_string_content)?;
        let sha1 = |octets: &[u8]| Sha1::digest(octets).to_vec();
        let sha256 = |octets: &[u8]| Digest::of(octets).octets().to_vec();
        Some(Self { issuer, hashes: [(sha1(name), sha1(bits)), (sha256(name), sha256(bits))] })
    }
}

#[cfg(test)]
mod tests {
    use ceremony_log::code::Place;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;
    use crate::pki::{Curve, HashAlgorithm};

    #[test]
    fn every_signature_of_a_long_record_is_verified() {
        const COUNT: u32 = 300;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pair.as_ref(), &random).unwrap();
        let key = PublicKey::from_ec_point(Curve::P384, pair.public_key().as_ref()).unwrap();
        let algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384);
        let mut report = Report::new();
        let mut signatures = Signatures::of(COUNT as usize);
        // At the beginning, in the middle of what is verified together, at the edge of it, and last.
        let wrong = [0, 5, 127, 128, 299];
        for index in 0..COUNT {
            let message = index.to_be_bytes();
            let signature = pair.sign(&random, &message).unwrap();
            let message = if wrong.contains(&index) { [0xff; 4] } else { message };
            let signed = (&message[..], signature.as_ref());
            signatures.add(&key, algorithm, signed, &index.to_string(), &mut report);
        }
        signatures.verify(&mut report);
        let found: Vec<_> = report.findings().iter().map(|one| (one.code, one.place.clone())).collect();
        assert_eq!(found, wrong.map(|index| (Code::E197, Place::File(index.to_string()))));
    }
}

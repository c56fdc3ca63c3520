//! What a ceremony and its log know: keys, certificates, serial numbers, CRL numbers and revocations.
//!
//! Planning fills a ledger with what will be, conducting with what is; everything that is issued is drafted
//! and judged against one. Names are the script's.

use std::collections::BTreeMap;

use super::backups::Backups;
use super::order::When;
use super::possessions::Possessions;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::KeyId;
use crate::pki::read::{self, TbsCertificateView};
use crate::pki::reason::Reason;
use crate::pki::{KeyAlgorithm, PublicKey, SerialNumber, verify_signature};
use crate::rule::certificate::recognise;
use crate::rule::{Issued, Known, Said};

/// A key that the ceremony knows.
#[derive(Clone, Debug)]
pub struct Key {
    /// The script's name, which is its label on the token.
    pub name: String,
    /// The script's name for the token.
    pub token: String,
    /// CKA_ID; drawn when the key is made, so a plan has none.
    pub id: Option<KeyId>,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
    /// The public key; in a plan a placeholder of the same form.
    pub public: PublicKey,
    /// Whether it may sign what people rely on.
    pub live: bool,
}

/// A certificate that the ceremony knows.
#[derive(Clone, Debug)]
pub struct KnownCertificate {
    /// The script's name.
    pub name: String,
    /// root, subordinate, cross or ocsp-responder.
    pub kind: String,
    /// The whole certificate; in a plan with placeholders and without a true signature.
    pub der: Vec<u8>,
    /// The name of the key that it certifies, if it is one of the ledger.
    pub key: Option<String>,
    /// The name of the certificate that it was issued under; its own for a root.
    pub issuer: String,
}

/// A key that an earlier ceremony made, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedKey {
    /// Its name, which is its label.
    pub name: String,
    /// The script's name for the token.
    pub token: String,
    /// CKA_ID in hex.
    pub id: String,
    /// What kind of key.
    pub algorithm: String,
    /// The digest of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
    /// Whether it may sign.
    pub live: bool,
    /// Whether it is one of the log's own, which sign its heads.
    pub of_log: bool,
}

/// A certificate that an earlier ceremony signed, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCertificate {
    /// root, subordinate, cross or ocsp-responder.
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The digest of the whole certificate.
    pub sha256: Digest,
    /// The digest of its issuer's.
    pub issuer_sha256: Digest,
    /// The digest of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
}

/// A revocation that the next CRL has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// CRLReason, RFC 5280 §5.3.1.
    pub reason: Reason,
}

/// A revocation by a step of this ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedHere {
    /// The step's number.
    pub step: String,
    /// The digest of the issuer's name.
    pub issuer: Digest,
    /// What is revoked; in a plan with stand-ins for what is open.
    pub revocation: Revocation,
    /// Since when.
    pub effective: When,
    /// Whether the serial number is said only in the room.
    pub serial_is_open: bool,
    /// Whether the reason is said only in the room.
    pub reason_is_open: bool,
}

/// How many revoked certificates a CRL listed, and whether it is known which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many.
    pub count: u64,
    /// Of an earlier ceremony the log has their number and a digest, not the entries themselves.
    pub only_counted: bool,
}

/// CRLs ahead of time that are sealed until each activates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSeries {
    /// The script's name for them.
    pub name: String,
    /// The digest of the list of their digests; in a plan a stand-in.
    pub list_sha256: Digest,
    /// The digest of the issuer's name.
    pub issuer: Digest,
    /// The digest of the SubjectPublicKeyInfo of the key that signed them.
    pub issuer_spki_sha256: Digest,
    /// The number of the first.
    pub number: u64,
    /// The number of the last.
    pub last_number: u64,
    /// Next update of the last.
    pub until: Timestamp,
}

/// Everything that is known. Issuers go by the digest of their names, DER.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    keys: BTreeMap<String, Key>,
    certificates: BTreeMap<String, KnownCertificate>,
    issued: BTreeMap<(Digest, SerialNumber), Issued>,
    crl_numbers: BTreeMap<Digest, u64>,
    listed: BTreeMap<Digest, Listed>,
    last_crls: BTreeMap<Digest, Digest>,
    revoked_here: Vec<RevokedHere>,
    /// What runs out when.
    deadlines: BTreeMap<String, Timestamp>,
    /// Next update of the last CRL of each issuer that was handed over.
    crl_ends: BTreeMap<Digest, Timestamp>,
    /// Series of CRLs that are sealed and not superseded.
    sealed: Vec<SealedSeries>,
    pub(super) logged_keys: BTreeMap<String, LoggedKey>,
    pub(super) logged_certificates: BTreeMap<Digest, LoggedCertificate>,
    /// Octets that earlier ceremonies kept beside the log, by digest.
    pub(super) kept: BTreeMap<Digest, Vec<u8>>,
    /// When a key signed its last series.
    series: BTreeMap<Digest, Timestamp>,
    /// When the last record of the log was written that is continued.
    pub last_at: Option<Timestamp>,
    /// The token of the key that signs the heads of the log that is continued, by the name that scripts have for it.
    pub log_token: Option<String>,
    /// Bags, copies, and keys that are gone.
    pub possessions: Possessions,
    /// Backups of keys, and the keys that wait for theirs.
    pub backups: Backups,
    /// Whose cosignatures count at the end of the log: each key as policies write it, and its person.
    pub witnesses: BTreeMap<String, String>,
}

impl Ledger {
    /// A key by the script's name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(name)
    }

    /// Every key, by name.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// Learns of a key.
    pub fn add_key(&mut self, key: Key) {
        self.keys.insert(key.name.clone(), key);
    }

    /// When a key signed its last series, as produced at says.
    pub fn last_series(&self, spki_sha256: Digest) -> Option<Timestamp> {
        self.series.get(&spki_sha256).copied()
    }

    /// A key signs a series.
    pub fn signs_series(&mut self, spki_sha256: Digest, at: Timestamp) {
        self.series.insert(spki_sha256, at);
    }

    /// Whether a key of this name exists: in this ceremony or in the log.
    pub fn has_key(&self, name: &str) -> bool {
        self.keys.contains_key(name)
            || self.possessions.is_destroyed(name)
            || self.logged_keys.values().any(|key| key.name == name)
    }

    /// A key of the log by its name, if it is the only one of this name.
    pub fn logged_key_named(&self, name: &str) -> Option<&LoggedKey> {
        let mut named = self.logged_keys.values().filter(|key| key.name == name);
        named.next().filter(|_| named.next().is_none())
    }

    /// The id and the public key's digest of a key, as this ceremony or the log knows it.
    pub fn whereabouts(&self, name: &str) -> Option<(KeyId, Digest)> {
        if let Some(key) = self.key(name) {
            return Some((key.id.clone()?, key.public.spki_sha256()));
        }
        let key = self.logged_key_named(name)?;
        Some((key.id.parse().ok()?, key.spki_sha256.parse().ok()?))
    }

    /// A key was destroyed: it signs nothing any more, and its name is never given again.
    pub fn destroy_key(&mut self, name: &str) {
        self.keys.remove(name);
        for key in self.logged_keys.values_mut().filter(|key| key.name == name) {
            key.live = false;
        }
        self.possessions.destroy(name);
    }

    /// Remembers a key of the log; it is not live yet.
    pub fn remember_key(&mut self, key: LoggedKey) {
        self.logged_keys.insert(key.spki_sha256.clone(), key);
    }

    /// A key of the log became live.
    pub fn logged_key_is_live(&mut self, spki_sha256: &str) {
        if let Some(key) = self.logged_keys.get_mut(spki_sha256) {
            key.live = true;
        }
    }

    /// Every key of the log.
    pub fn logged_keys(&self) -> impl Iterator<Item = &LoggedKey> {
        self.logged_keys.values()
    }

    /// A key of the log by its public key.
    pub fn logged_key(&self, spki_sha256: &str) -> Option<&LoggedKey> {
        self.logged_keys.get(spki_sha256)
    }

    /// The name of a key of the log.
    pub fn logged_key_name(&self, spki_sha256: &str) -> Option<String> {
        self.logged_key(spki_sha256).map(|key| key.name.clone())
    }

    /// Remembers a certificate of the log.
    pub fn remember_certificate(&mut self, certificate: LoggedCertificate) {
        self.logged_certificates.insert(certificate.sha256, certificate);
    }

    /// Takes in a certificate that the log names and its file brings: from here on it and its key can be used like
    /// those of this ceremony. Whether it was one of the log.
    pub fn take_in(&mut self, name: &str, der: &[u8]) -> bool {
        let Some(logged) = self.logged_certificates.get(&Digest::of(der)).cloned() else { return false };
        let Ok(view) = read::certificate(der) else { return false };
        let issuer = match self.logged_certificates.get(&logged.issuer_sha256) {
            Some(issuer) if issuer.sha256 == logged.sha256 => name.to_owned(),
            Some(issuer) => self.name_of(issuer.sha256).unwrap_or_else(|| issuer.name.clone()),
            None => String::new(),
        };
        let key = view.public_key().ok().and_then(|public| self.take_in_key(&logged.spki_sha256, public));
        self.know(
            KnownCertificate { name: name.to_owned(), kind: logged.kind, der: der.to_vec(), key, issuer },
            false,
        );
        true
    }

    /// The script's name for a certificate that was taken in.
    fn name_of(&self, sha256: Digest) -> Option<String> {
        self.certificates
            .values()
            .find(|known| Digest::of(&known.der) == sha256)
            .map(|known| known.name.clone())
    }

    pub(super) fn take_in_key(&mut self, spki_sha256: &str, public: PublicKey) -> Option<String> {
        let logged = self.logged_keys.get(spki_sha256)?.clone();
        self.add_key(Key {
            name: logged.name.clone(),
            token: logged.token,
            id: Some(logged.id.parse().ok()?),
            algorithm: logged.algorithm.parse().ok()?,
            public,
            live: logged.live,
        });
        Some(logged.name)
    }

    /// A certificate by the script's name.
    pub fn certificate(&self, name: &str) -> Option<&KnownCertificate> {
        self.certificates.get(name)
    }

    /// Every certificate, by name.
    pub fn certificates(&self) -> impl Iterator<Item = &KnownCertificate> {
        self.certificates.values()
    }

    /// The certificate under which a CA key signs: its root's own, or the newest that certifies the key.
    pub fn certificate_of_key(&self, key: &str) -> Option<&KnownCertificate> {
        let of_key = |kind: &str| {
            self.certificates.values().find(|known| known.kind == kind && known.key.as_deref() == Some(key))
        };
        of_key("root").or_else(|| of_key("subordinate"))
    }

    /// Learns of a certificate of this ceremony, its serial number, and what its key is used for.
    pub fn learn_certificate(&mut self, certificate: KnownCertificate) {
        self.know(certificate, true);
    }

    fn know(&mut self, certificate: KnownCertificate, made_here: bool) {
        if let Some((serial, mut issued)) = issued(&certificate) {
            issued.made_here = made_here;
            issued.sha256 = Some(Digest::of(&certificate.der));
            let issuer = self.certificates.get(&certificate.issuer).map(|issuer| issuer.der.as_slice());
            let issuer =
                if certificate.issuer == certificate.name { Some(&*certificate.der) } else { issuer };
            let spki = issuer.and_then(|der| Some(read::certificate(der).ok()?.tbs().spki_sha256()));
            let key = (issued.issuer_sha256, serial);
            // What the log says of it beside its octets stays.
            if let Some(before) = self.issued.get(&key) {
                issued.revoked = before.revoked;
                issued.issuer_spki_sha256 = before.issuer_spki_sha256;
            }
            issued.issuer_spki_sha256 = issued.issuer_spki_sha256.or(spki);
            self.issued.insert(key, issued);
        }
        self.certificates.insert(certificate.name.clone(), certificate);
    }

    /// Learns of a certificate that a CA issued elsewhere: its octets are given, and one of the CA's certificates that the
    /// ledger has. Whether a key of such a certificate signed it.
    pub fn meet(&mut self, name: &str, der: &[u8]) -> bool {
        let Ok(view) = read::certificate(der) else { return false };
        let tbs = view.tbs();
        let Some(algorithm) = view.signature_algorithm().signature_algorithm() else { return false };
        let signer = self.certificates.values().find_map(|known| {
            let issuer = read::certificate(&known.der).ok()?;
            let key = issuer.public_key().ok().filter(|_| issuer.subject() == view.issuer())?;
            verify_signature(&key, algorithm, tbs.octets(), view.signature()).ok().map(|()| key.spki_sha256())
        });
        let (Some(signer), Ok(serial)) = (signer, tbs.serial()) else { return false };
        let Some(mut issued) = Issued::read(recognise(&tbs), name, &tbs) else { return false };
        issued.sha256 = Some(Digest::of(der));
        issued.issuer_spki_sha256 = Some(signer);
        // A serial number of a signature whose result was lost: here is the certificate.
        let known = self.issued.entry((issued.issuer_sha256, serial)).or_insert_with(|| issued.clone());
        if known.sha256.is_none() {
            *known = Issued { revoked: known.revoked, ..issued };
        }
        true
    }

    /// Learns that a serial number is used under an issuer's name: from the intent on, whether or not a certificate
    /// comes of it.
    pub fn use_serial(&mut self, issuer: Digest, serial: SerialNumber, issued: Issued) {
        self.issued.entry((issuer, serial)).or_insert(issued);
    }

    /// Learns what became of a serial number that is used.
    pub fn serial_became(&mut self, issuer: Digest, serial: &SerialNumber, became: impl FnOnce(&mut Issued)) {
        if let Some(issued) = self.issued.get_mut(&(issuer, serial.clone())) {
            became(issued);
        }
    }

    /// Every certificate and every serial number that was used.
    pub fn all_issued(&self) -> impl Iterator<Item = &Issued> {
        self.issued.values()
    }

    /// What is known of the certificate with this serial number of this issuer's.
    pub fn issued_under(&self, issuer: Digest, serial: &SerialNumber) -> Option<&Issued> {
        self.issued.get(&(issuer, serial.clone()))
    }

    /// What is known of the certificate with this digest.
    pub fn issued_as(&self, sha256: Digest) -> Option<&Issued> {
        self.issued.values().find(|issued| issued.sha256 == Some(sha256))
    }

    /// Learns what the to-be-signed octets of a certificate say, of which the log has the digest alone.
    pub fn complete(&mut self, issuer: Digest, serial: &SerialNumber, tbs: &TbsCertificateView<'_>) {
        if let Some(issued) = self.issued.get_mut(&(issuer, serial.clone())) {
            issued.spki_sha256.get_or_insert_with(|| tbs.spki_sha256());
            issued.said = Some(Said::of(&tbs.extensions()));
            // Of a signature without a result nobody knows what it was for but the octets.
            if issued.name.is_empty() {
                issued.kind = recognise(tbs);
            }
        }
    }

    /// The last CRL number of an issuer.
    pub fn last_number(&self, issuer: Digest) -> Option<u64> {
        self.crl_numbers.get(&issuer).copied()
    }

    /// Learns that a CRL number is used.
    pub fn use_crl_number(&mut self, issuer: Digest, number: u64) {
        let last = self.crl_numbers.entry(issuer).or_insert(number);
        *last = number.max(*last);
    }

    /// What the last CRL of an issuer listed.
    pub fn last_listed(&self, issuer: Digest) -> Listed {
        self.listed.get(&issuer).copied().unwrap_or_default()
    }

    /// Learns what a CRL listed. It is the last one now, and its digest is not known yet.
    pub fn use_listed(&mut self, issuer: Digest, listed: Listed) {
        self.listed.insert(issuer, listed);
        self.last_crls.remove(&issuer);
    }

    /// The digest of the last CRL that the log has of an issuer.
    pub fn last_crl(&self, issuer: Digest) -> Option<Digest> {
        self.last_crls.get(&issuer).copied()
    }

    /// Learns the digest of the last CRL of an issuer.
    pub fn use_crl(&mut self, issuer: Digest, sha256: Digest) {
        self.last_crls.insert(issuer, sha256);
    }

    /// Learns that OCSP responses run out at `at`.
    pub fn responses_run_out(&mut self, name: &str, at: Timestamp) {
        self.deadlines.insert(format!("responses {name}"), at);
    }

    /// Learns that the CRLs of an issuer run out at `at`: those of a series with its last.
    pub fn crls_run_out(&mut self, issuer: Digest, at: Timestamp) {
        self.deadlines.insert(format!("CRLs {issuer}"), at);
    }

    /// When the first issuer has no CRL any more, or the first OCSP responses run out.
    pub fn first_next_update(&self) -> Option<Timestamp> {
        self.deadlines.values().min().copied()
    }

    /// Learns until when the last CRL that was handed over may be used.
    pub fn use_crl_until(&mut self, issuer: Digest, at: Timestamp) {
        self.crl_ends.insert(issuer, at);
    }

    /// Until when there is a CRL of an issuer, handed over or sealed.
    pub fn crls_until(&self, issuer: Digest) -> Option<Timestamp> {
        let sealed = self.sealed(issuer).map(|series| series.until);
        sealed.chain(self.crl_ends.get(&issuer).copied()).max()
    }

    /// Learns of a series of CRLs that is sealed.
    pub fn seal_series(&mut self, series: SealedSeries) {
        self.sealed.push(series);
    }

    /// The series of an issuer that are sealed and not superseded.
    pub fn sealed(&self, issuer: Digest) -> impl Iterator<Item = &SealedSeries> {
        self.sealed.iter().filter(move |series| series.issuer == issuer)
    }

    /// What of a series is still sealed counts for nothing.
    pub fn supersede(&mut self, list_sha256: Digest) {
        self.sealed.retain(|series| series.list_sha256 != list_sha256);
    }

    /// What is revoked of the certificates of an issuer, by serial number.
    pub fn revocations(&self, issuer: Digest) -> Vec<Revocation> {
        let of_issuer = self.issued.iter().filter(|((of, _), _)| *of == issuer);
        let revoked = of_issuer.filter_map(|((_, serial), issued)| {
            issued.revoked.map(|(at, reason)| Revocation { serial: serial.clone(), at, reason })
        });
        revoked.collect()
    }

    /// The serial numbers that are used under an issuer's name.
    pub fn serials(&self, issuer: Digest) -> Vec<SerialNumber> {
        let of_issuer = self.issued.keys().filter(|(of, _)| *of == issuer);
        of_issuer.map(|(_, serial)| serial.clone()).collect()
    }

    /// Learns of a revocation by a step of this ceremony.
    pub fn revoke_here(&mut self, here: RevokedHere) {
        self.revoke(here.issuer, here.revocation.clone());
        self.revoked_here.push(here);
    }

    /// What steps of this ceremony revoke, in their order.
    pub fn revoked_here(&self) -> &[RevokedHere] {
        &self.revoked_here
    }

    /// Learns of a revocation.
    pub fn revoke(&mut self, issuer: Digest, revocation: Revocation) {
        if let Some(issued) = self.issued.get_mut(&(issuer, revocation.serial)) {
            issued.revoked = Some((revocation.at, revocation.reason));
        }
    }
}

impl Known for Ledger {
    fn issued(&self, issuer_sha256: Digest, serial: &[u8]) -> Option<Issued> {
        let serial = SerialNumber::from_der_content(serial).ok()?;
        self.issued.get(&(issuer_sha256, serial)).cloned()
    }

    fn certificates_of_key(&self, spki_sha256: Digest) -> Vec<Issued> {
        self.issued.values().filter(|issued| issued.spki_sha256 == Some(spki_sha256)).cloned().collect()
    }

    fn certificates_of_subject(&self, subject_sha256: Digest) -> Vec<Issued> {
        self.issued.values().filter(|issued| issued.subject_sha256 == subject_sha256).cloned().collect()
    }

    fn certificates_issued_by(&self, issuer_sha256: Digest) -> Vec<Issued> {
        let of_issuer = self.issued.iter().filter(|((issuer, _), _)| *issuer == issuer_sha256);
        of_issuer.map(|(_, issued)| issued.clone()).collect()
    }

    fn certificates_with_identifier(&self, identifier: &[u8]) -> Vec<Issued> {
        let with = self.issued.values().filter(|issued| issued.subject_key_identifier() == Some(identifier));
        with.cloned().collect()
    }

    fn last_crl_number(&self, issuer_sha256: Digest) -> Option<Vec<u8>> {
        self.last_number(issuer_sha256).map(|number| {
            // The content octets of an INTEGER: the shortest that do not read as negative.
            let octets: Vec<u8> = std::iter::once(0).chain(number.to_be_bytes()).collect();
            let needed = |rest: &[u8]| matches!(rest, [0, second, ..] if second & 0x80 == 0);
            let mut rest = octets.as_slice();
            while needed(rest) {
                rest = rest.get(1..).unwrap_or_default();
            }
            rest.to_vec()
        })
    }
}

/// What rules want to know of a certificate; nothing if it cannot be read.
fn issued(certificate: &KnownCertificate) -> Option<(SerialNumber, Issued)> {
    let view = read::certificate(&certificate.der).ok()?;
    let issued = Issued::read(certificate.kind.parse().ok()?, &certificate.name, &view.tbs())?;
    Some((view.tbs().serial().ok()?, issued))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Kind;

    /// A CA that signed itself, and a certificate by it.
    fn ca_and_child(name: &str, ca_key: &rcgen::KeyPair) -> (Vec<u8>, Vec<u8>) {
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, name);
        let der = ca.self_signed(ca_key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let child = rcgen::CertificateParams::new(vec!["child.example.org".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        (der, child.signed_by(&key, &issuer).unwrap().der().to_vec())
    }

    fn with_root(der: Vec<u8>) -> Ledger {
        let mut ledger = Ledger::default();
        let (name, issuer) = ("root".to_owned(), "root".to_owned());
        ledger.learn_certificate(KnownCertificate { name, kind: "root".into(), der, key: None, issuer });
        ledger
    }

    #[test]
    fn a_certificate_from_elsewhere_is_met_if_a_known_key_signed_it() {
        let key = rcgen::KeyPair::generate().unwrap();
        let (root, child) = ca_and_child("Root", &key);
        let mut ledger = with_root(root);
        assert!(ledger.meet("child", &child));
        let met = ledger.issued_as(Digest::of(&child)).unwrap();
        let issuer = ledger.certificate("root").unwrap();
        let spki = read::certificate(&issuer.der).unwrap().tbs().spki_sha256();
        assert_eq!((met.name.as_str(), met.made_here, met.issuer_spki_sha256), ("child", false, Some(spki)));
        // The same name and another key.
        let (other, _) = ca_and_child("Root", &rcgen::KeyPair::generate().unwrap());
        let mut ledger = with_root(other);
        assert!(!ledger.meet("child", &child) && ledger.issued_as(Digest::of(&child)).is_none());
        assert!(!with_root(Vec::new()).meet("child", &child) && !ledger.meet("child", b"x"));
    }

    #[test]
    fn the_certificate_of_a_signature_without_a_result_is_met_and_stays_revoked() {
        let key = rcgen::KeyPair::generate().unwrap();
        let (root, child) = ca_and_child("Root", &key);
        let mut ledger = with_root(root);
        let view = read::certificate(&child).unwrap();
        let (issuer, serial) = (view.issuer().sha256(), view.tbs().serial().unwrap());
        let lost = Issued { said: None, ..Issued::read(Kind::Other, "", &view.tbs()).unwrap() };
        ledger.use_serial(issuer, serial.clone(), lost);
        let at = Timestamp::FIRST;
        ledger.revoke(issuer, Revocation { serial: serial.clone(), at, reason: Reason::Superseded });
        assert!(ledger.meet("child", &child));
        let met = ledger.issued_under(issuer, &serial).unwrap();
        assert_eq!((met.name.as_str(), met.revoked), ("child", Some((at, Reason::Superseded))));
        assert!(met.said.is_some() && met.sha256 == Some(Digest::of(&child)));
    }

    #[test]
    fn a_crl_number_is_the_content_of_its_integer() {
        let mut ledger = Ledger::default();
        let issuer = Digest::of(b"issuer");
        assert_eq!(ledger.last_crl_number(issuer), None);
        for (number, octets) in [(0, vec![0]), (127, vec![127]), (128, vec![0, 128]), (256, vec![1, 0])] {
            ledger.use_crl_number(issuer, number);
            assert_eq!(ledger.last_crl_number(issuer), Some(octets), "{number}");
        }
        ledger.use_crl_number(issuer, 5);
        assert_eq!(ledger.last_number(issuer), Some(256));
    }
}

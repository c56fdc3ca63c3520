//! The CRLs of a bundle: signed by the CA that their records name, numbered upward, with every revocation.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use ceremony_log::code::Code;

use super::artifacts::Artifacts;
use super::certificates::{Certificate, beside};
use super::crl_series;
use super::log::Told;
use super::report::Report;
use super::story::Named;
use crate::clock::{DAY, Timestamp};
use crate::digest::{Digest, from_hex, hex};
use crate::pki::read::{CrlFields, CrlForm, CrlStream, EntryView, Faults, ReadCrl, ReadError};
use crate::pki::reason::Reason;
use crate::pki::revoked::EntriesDigest;
use crate::pki::{HashAlgorithm, Heard, NamedMessage, SignatureAlgorithm};
use crate::rule::Policy;
use crate::rule::crl::Seen;

/// How long a CRL of a public CA may last: 365 days, the last second included.
const LONGEST: u64 = 365 * DAY - 1;

/// Which certificates of the log are revoked: the issuer's key and the serial number in hex.
pub type RevokedSerials = BTreeSet<(Digest, String)>;

/// Judges every CRL, and that no certificate of the bundle is on one.
pub fn judge(
    artifacts: &Artifacts<'_>,
    told: &Told,
    certificates: &[Certificate<'_>],
    at: Option<Timestamp>,
    report: &mut Report,
) -> RevokedSerials {
    numbers(told, report);
    crl_series::judge(artifacts, told, report);
    let known = Known::of(told);
    let mut revoked = RevokedSerials::new();
    // By issuer: whether one of its CRLs is good at the moment in question.
    let mut current: BTreeMap<Digest, (bool, String)> = BTreeMap::new();
    for (sha256, named) in artifacts.all().filter(|(_, named)| named.kind == "crl") {
        let path = artifacts.path(sha256);
        let issuer = named.digest("issuer_spki_sha256");
        let signer = issuer
            .and_then(|issuer| certificates.iter().find(|one| one.is_ca() && one.spki_sha256() == issuer));
        let is_root = signer.is_some_and(|signer| signer.named.kind == "root");
        let wanted = issuer.map(|issuer| known.wanted(issuer)).unwrap_or_default();
        let Some(read) = read(artifacts, sha256, Entries::new(wanted, is_root), report) else { continue };
        let Ok(fields) = read.crl.fields() else { continue };
        by_record(named, &read, &fields, &path, report);
        lasts(told, &read, &fields, &path, report);
        let Some(issuer) = issuer else {
            report.find(Code::E190, &path, "its record names no issuer");
            continue;
        };
        if let Some(signer) = signer {
            by_issuer(&read, &fields, signer, &path, report);
        } else {
            let message = format!(
                "the signature of the CRL `{}` was not judged: the certificate of its issuer is not in the bundle{}",
                named.name,
                beside(report)
            );
            report.unjudged(Code::E190, &path, message);
        }
        let listed = read.entries.judge(named, &path, report);
        known.missing(named, issuer, &listed, &path, report);
        revoked.extend(
            listed
                .into_iter()
                .filter(|serial| known.serials.contains_key(&(issuer, serial.clone())))
                .map(|serial| (issuer, serial)),
        );
        if let Some(at) = at {
            let next = fields.next_update();
            let good = fields.this_update().at() <= at && next.is_some_and(|next| at <= next.at());
            let entry = current.entry(issuer).or_insert_with(|| (false, path.clone()));
            entry.0 |= good;
        }
    }
    if let Some(at) = at {
        without_crl(current, told, at, report);
    }
    for one in certificates.iter().filter(|one| !one.earlier) {
        let issuer = one.named.intended("issuer_spki_sha256").and_then(|text| text.parse::<Digest>().ok());
        let serial = hex(one.view.tbs().serial_octets());
        if issuer.is_some_and(|issuer| revoked.contains(&(issuer, serial.clone()))) {
            report.find(Code::E174, one.path, format!("its serial number {serial} is on its issuer's CRL"));
        }
    }
    revoked
}

/// Issuers of which no CRL is good at the moment in question: whether one was, and the path of one.
fn without_crl(current: BTreeMap<Digest, (bool, String)>, told: &Told, at: Timestamp, report: &mut Report) {
    for (issuer, (_, path)) in current.into_iter().filter(|(_, (good, _))| !good) {
        if crl_series::covers(told, issuer, at) {
            report.note(format!(
                "the CRL of {at} is one that was sealed, and not in the bundle: it was not judged"
            ));
        } else {
            report.find(
                Code::E193,
                &path,
                format!("neither it nor another CRL of its issuer is good at {at}"),
            );
        }
    }
}

/// A CRL that was read from its file to its end, once.
struct Read {
    crl: ReadCrl,
    /// What is signed, and its SHA-256, by which the log knows it.
    heard: Heard,
    sha256: Digest,
    entries: Entries,
}

/// Reads a CRL of any size, strictly; what cannot be read is reported.
fn read(
    artifacts: &Artifacts<'_>,
    sha256: &Digest,
    mut entries: Entries,
    report: &mut Report,
) -> Option<Read> {
    // Which hash the signature is over stands at the beginning: that is read once more.
    let algorithm = algorithm(&mut artifacts.file(sha256, report)?);
    let mut file = artifacts.file(sha256, report)?;
    let mut message = NamedMessage::signed_by(algorithm);
    let mut heard = |octets: &[u8]| message.hear(octets);
    // Whoever changed it since it was hashed has changed what is signed, which the log names, or the signature.
    let read = whole(&mut file, &mut heard, &mut entries);
    let path = artifacts.path(sha256);
    match read {
        Ok(crl) => {
            let (heard, sha256) = message.end();
            Some(Read { crl, heard, sha256, entries })
        }
        Err(error) => {
            report.find(Code::E190, &path, format!("it cannot be read as a CRL: {error}"));
            None
        }
    }
}

/// By which algorithm a CRL says that it is signed. Where it is none that we know, nothing is verified, and any will do.
fn algorithm(source: &mut dyn io::Read) -> SignatureAlgorithm {
    let (mut heard, mut faults) = (|_: &[u8]| (), Faults::new());
    let found = CrlStream::open(source, CrlForm::Whole, &mut heard, &mut faults)
        .and_then(|stream| Ok(stream.head()?.signature().signature_algorithm()));
    found.ok().flatten().unwrap_or(SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256))
}

fn whole(
    source: &mut dyn io::Read,
    heard: &mut dyn FnMut(&[u8]),
    entries: &mut Entries,
) -> Result<ReadCrl, ReadError> {
    let mut faults = Faults::new();
    let mut stream = CrlStream::open(source, CrlForm::Whole, heard, &mut faults)?;
    let mut reason = None;
    while let Some(entry) = stream.entry(&mut faults) {
        let entry = entry?;
        // Many entries end alike; a fault in one of them ends the reading.
        if !entry.repeats() {
            entry.extensions().read_values(&mut faults);
            faults.none()?;
            reason = entry.reason()?;
        }
        entries.enter(&entry, reason);
    }
    let read = stream.finish(&mut faults)?;
    read.fields()?.extensions().read_values(&mut faults);
    faults.none()?;
    read.around()?;
    Ok(read)
}

/// What the log knows of certificates and their revocation.
struct Known<'t> {
    /// Issuer's key and serial number, to the certificate.
    serials: BTreeMap<(Digest, String), Digest>,
    told: &'t Told,
}

impl<'t> Known<'t> {
    fn of(told: &'t Told) -> Self {
        let signed = told.story.named.iter().filter(|named| named.ev == "cert.signed");
        let serials = signed.filter_map(|named| {
            let issuer = named.intended("issuer_spki_sha256")?.parse().ok()?;
            Some(((issuer, named.data.str("serial")?.to_owned()), named.sha256))
        });
        Self { serials: serials.collect(), told }
    }

    /// The serial numbers of an issuer that the log knows: of certificates, and of revocations.
    fn wanted(&self, issuer: Digest) -> BTreeSet<Vec<u8>> {
        let issued = self.serials.keys().filter(|(of, _)| *of == issuer).map(|(_, serial)| serial);
        let revoked = self.told.story.revoked.iter().map(|revoked| &revoked.serial);
        issued.chain(revoked).filter_map(|serial| from_hex(serial)).collect()
    }

    /// Every revocation that the log told before the CRL was signed is on it.
    fn missing(
        &self,
        crl: &Named,
        issuer: Digest,
        listed: &BTreeSet<String>,
        path: &str,
        report: &mut Report,
    ) {
        for revoked in self.told.story.revoked.iter().filter(|revoked| revoked.seq < crl.seq) {
            let by_this = self.serials.get(&(issuer, revoked.serial.clone()));
            // A record that names the issuer may be about a certificate from elsewhere.
            let is_meant = match revoked.issuer {
                Some(its) => its == issuer,
                None => by_this.is_some_and(|known| revoked.certificate.is_none_or(|meant| meant == *known)),
            };
            if is_meant && !listed.contains(&revoked.serial) {
                let message = format!(
                    "serial number {} is not on it; record {} revoked it",
                    revoked.serial, revoked.seq
                );
                report.find(Code::E195, path, message);
            }
        }
    }
}

/// What the CRL says is what the intent announced and the result told.
fn by_record(named: &Named, read: &Read, tbs: &CrlFields<'_>, path: &str, report: &mut Report) {
    let found = read.sha256.to_string();
    if named.intended("tbs_sha256") != Some(found.as_str()) {
        let message = format!(
            "the to-be-signed octets have the digest {found}; the intent of record {} has another",
            named.seq
        );
        report.find(Code::E175, path, message);
    }
    let number = tbs.extensions().crl_number().ok().flatten().and_then(number);
    let told = named.text("number").and_then(|text| text.parse().ok());
    if number.is_none() || number != told {
        let said =
            |number: Option<u128>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        report.find(
            Code::E192,
            path,
            format!("number {}; record {} has {}", said(number), named.seq, said(told)),
        );
    }
    for (what, found, wanted) in [
        ("this update", Some(tbs.this_update().at()), named.text("this_update")),
        ("next update", tbs.next_update().map(|time| time.at()), named.text("next_update")),
    ] {
        let found = found.map_or_else(|| "absent".to_owned(), |time| time.to_string());
        if wanted != Some(found.as_str()) {
            report.find(Code::E193, path, format!("{what} {found}; record {} has another", named.seq));
        }
    }
}

/// Where the policy that was applied before signing binds it, a CRL lasts a year at most: BR §4.9.7.
fn lasts(told: &Told, read: &Read, tbs: &CrlFields<'_>, path: &str, report: &mut Report) {
    let policy = told.story.policy_of(read.sha256).and_then(|policy| policy.parse().ok());
    if matches!(policy, None | Some(Policy::Private)) {
        return;
    }
    let this_update = tbs.this_update().at();
    let late = |next: Timestamp| this_update.plus(LONGEST).is_some_and(|longest| next > longest);
    if let Some(next) = tbs.next_update().map(|next| next.at()).filter(|next| late(*next)) {
        let message =
            format!("next update is {next}, more than {LONGEST} s after this update, {this_update}");
        report.find(Code::E194, path, message);
    }
}

fn by_issuer(read: &Read, tbs: &CrlFields<'_>, issuer: &Certificate<'_>, path: &str, report: &mut Report) {
    if let Err(why) = signed_by(read, tbs, issuer) {
        report.find(Code::E190, path, format!("the key of {} did not sign it: {why}", issuer.path));
    }
    if tbs.issuer() != issuer.view.subject() {
        let message = format!(
            "issuer `{}`; the subject of {} is `{}`",
            tbs.issuer(),
            issuer.path,
            issuer.view.subject()
        );
        report.find(Code::E191, path, message);
    }
    let authority =
        tbs.extensions().authority_key_identifier().ok().flatten().and_then(|found| found.key_identifier);
    if authority.is_none() || authority != issuer.view.extensions().subject_key_identifier().ok().flatten() {
        let message =
            format!("its authority key identifier is not the subject key identifier of {}", issuer.path);
        report.find(Code::E191, path, message);
    }
}

fn signed_by(read: &Read, tbs: &CrlFields<'_>, issuer: &Certificate<'_>) -> Result<(), String> {
    let around = read.crl.around().ok().flatten();
    let (algorithm, signature) = around.ok_or("there is no signature")?;
    if algorithm.octets() != tbs.signature().octets() {
        return Err("the algorithm outside is not the one inside".to_owned());
    }
    let key = issuer.key.as_ref().ok_or("the key is of a kind that cannot be verified by")?;
    algorithm.signature_algorithm().ok_or("unknown signature algorithm")?;
    read.heard.verify(key, signature).map_err(|error| error.to_string())
}

/// The entries of a CRL as they pass by: memory does not grow with them.
struct Entries {
    /// The serial numbers that matter to the log, and which of them are listed.
    wanted: BTreeSet<Vec<u8>>,
    listed: BTreeSet<String>,
    /// Under a root each has a reason.
    is_root: bool,
    without_reason: Vec<String>,
    more_without: u64,
    seen: Seen,
    digest: EntriesDigest,
    count: u64,
}

impl Entries {
    fn new(wanted: BTreeSet<Vec<u8>>, is_root: bool) -> Self {
        Self {
            wanted,
            listed: BTreeSet::new(),
            is_root,
            without_reason: Vec::new(),
            more_without: 0,
            // A ceremony signs a long list in ascending order only: nothing has to be held to see one twice.
            seen: Seen::new(true),
            digest: EntriesDigest::default(),
            count: 0,
        }
    }

    fn enter(&mut self, entry: &EntryView<'_>, reason: Option<Reason>) {
        let serial = entry.serial_octets();
        self.count += 1;
        self.digest.enter(serial, entry.revoked_at().at(), reason.map(Reason::code));
        self.seen.look(serial);
        if self.wanted.contains(serial) {
            self.listed.insert(hex(serial));
        }
        if self.is_root && reason.is_none() {
            if self.without_reason.len() < MOST_SAID {
                self.without_reason.push(hex(serial));
            } else {
                self.more_without += 1;
            }
        }
    }

    /// Their list is the one that the record tells; none is there twice; under a root each has a reason. Those that
    /// matter to the log.
    fn judge(self, named: &Named, path: &str, report: &mut Report) -> BTreeSet<String> {
        for serial in self.without_reason {
            report.find(Code::E195, path, format!("serial number {serial} is revoked without a reason"));
        }
        if self.more_without > 0 {
            let message = format!("{} more are revoked without a reason", self.more_without);
            report.find(Code::E195, path, message);
        }
        match self.seen.repeated() {
            Ok(repeated) => repeated.into_iter().for_each(|message| report.find(Code::E195, path, message)),
            Err(because) => {
                report.note(format!("{path}: that none is there twice was not judged: {because}"));
            }
        }
        let digest = self.digest.finish();
        let told = (
            named.data.get("revoked_count").and_then(ceremony_log::json::Value::as_u64),
            named.digest("revoked_sha256"),
        );
        if told != (Some(self.count), Some(digest)) {
            let message =
                format!("{} revocations, SHA-256 {digest}; record {} has others", self.count, named.seq);
            report.find(Code::E195, path, message);
        }
        self.listed
    }
}

/// The numbers of each issuer's CRLs go up through the whole log.
fn numbers(told: &Told, report: &mut Report) {
    let mut last: BTreeMap<&str, u128> = BTreeMap::new();
    for named in told.story.named.iter().filter(|named| named.ev == "crl.signed") {
        let number = named.text("number").and_then(|text| text.parse::<u128>().ok());
        let (Some(issuer), Some(number)) = (named.text("issuer_spki_sha256"), number) else {
            report.find_record(Code::E192, named.seq, "a CRL without issuer or number");
            continue;
        };
        // Of a series the first is above the one before it, and the next above its last.
        let own_last = named.text("last_number").and_then(|text| text.parse::<u128>().ok()).unwrap_or(number);
        if let Some(before) = last.insert(issuer, own_last).filter(|before| *before >= number) {
            report.find_record(
                Code::E192,
                named.seq,
                format!("number {number} after {before} of the same issuer"),
            );
        }
    }
}

/// The content octets of a cRLNumber as a number; nothing if it is negative or beyond 128 bits.
fn number(octets: &[u8]) -> Option<u128> {
    let significant = match octets {
        [0x80..=0xff, ..] | [] => return None,
        [0, rest @ ..] => rest,
        all => all,
    };
    (significant.len() <= 16)
        .then(|| significant.iter().fold(0, |number, octet| number << 8 | u128::from(*octet)))
}

/// How many entries that lack a reason are said one by one.
const MOST_SAID: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_to_its_last_octet() {
        assert_eq!(number(&[0]), Some(0));
        assert_eq!(number(&[1, 0]), Some(256));
        assert_eq!(number(&[0, 0x80]), Some(128));
        assert_eq!(number(&[0x7f; 16]), Some(u128::from_be_bytes([0x7f; 16])));
        for bad in [&[][..], &[0x80], &[1; 17]] {
            assert_eq!(number(bad), None);
        }
    }
}

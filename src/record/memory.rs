//! What a log says of earlier ceremonies, as the ledger of the next one: keys, certificates, numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ceremony_log::json::Object;
use ceremony_log::key::VerifierKey;
use ceremony_log::record::Record;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::pki::SerialNumber;
use crate::pki::reason::Reason;
use crate::plan::{
    Backups, Bag, DividedSecret, Issued, KeyBackup, Kind, KnownShare, Ledger, Listed, LoggedCertificate,
    LoggedKey, Revocation, SealedSeries, SentShare, Shares,
};
use crate::stage::{Groups, HolderGroup};

/// Learns from one record after the other.
#[derive(Debug, Default)]
pub struct Memory {
    /// What was learnt.
    pub ledger: Ledger,
    /// The main key of the log, once it has one.
    pub log_key: Option<LogKeyPlace>,
    /// The keys that can take over from it.
    standby: Vec<LogKeyPlace>,
    /// The subject names of keys, by SPKI: under which name a key issues.
    subjects: BTreeMap<String, Digest>,
    /// Intents to sign a certificate, by record.
    intents: BTreeMap<u64, Intent>,
    /// Which key a set of shares is of.
    sets: BTreeMap<String, Digest>,
    /// The serial numbers that the ceremony being read has burned so far.
    burned: Vec<Burned>,
    /// What ceremonies kept beside the log of what they made: certificates and public keys.
    kept: Vec<(String, Digest)>,
}

/// A serial number that is never used again: a certificate with it could exist that nobody has.
#[derive(Clone, Debug)]
struct Burned {
    issuer_spki: String,
    serial: SerialNumber,
    at: Timestamp,
}

/// An intent to sign a certificate.
#[derive(Clone, Debug)]
struct Intent {
    ceremony: String,
    issuer: Digest,
    subject: Digest,
    serial: SerialNumber,
    to_be_signed: Digest,
}

/// Where the main key of a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeyPlace {
    /// Its note name and key.
    pub vkey: String,
    /// The script's name for the token.
    pub token: String,
    /// The digest of its SubjectPublicKeyInfo.
    pub spki_sha256: String,
    /// The keys that signed before it and were replaced, as policies write them.
    pub former: Vec<String>,
    /// The record from which on it signs.
    pub since: u64,
}

impl LogKeyPlace {
    /// The keys that signed before it.
    pub fn former_keys(&self) -> Vec<VerifierKey> {
        self.former.iter().filter_map(|vkey| vkey.parse().ok()).collect()
    }
}

impl Memory {
    /// Learns from a record; nothing from one that is not as the log format says.
    pub fn learn(&mut self, record: &Record) {
        let data = &record.data;
        self.watch(record);
        // A record whose fields are not as they should be teaches nothing; the log's own checks say so.
        let _ = match record.ev.as_str() {
            "key.generated" => self.key_generated(&record.cer, data),
            "key.live" => data.str("spki_sha256").and_then(|spki| self.key_is_live(spki)),
            "log.key.added" => self.log_key_added(data),
            "witness.registered" => self.witness_registered(data),
            "witness.removed" => data.str("vkey").and_then(|vkey| {
                let _ = self.ledger.witnesses.remove(vkey)?;
                Some(())
            }),
            "log.key.replaced" | "log.key.rotated" => self.log_key_changed(record),
            "cert.sign.intent" => self.certificate_intended(record),
            "cert.signed" => self.certificate_signed(record.reference, data),
            "crl.signed" => self.crl_signed(data),
            "crl.superseded" => data.str("list_sha256").and_then(|list| self.list_superseded(list)),
            "artifact.voided" => data
                .get("artifact")
                .and_then(|artifact| artifact.get("sha256")?.as_str())
                .and_then(|sha256| self.voided(sha256)),
            "cert.revoked" => self.certificate_revoked(data),
            "serial.burned" => self.serial_burned(record),
            "ceremony.close" => {
                self.ceremony_closed();
                Some(())
            }
            "custody.opened" | "custody.sealed" => self.bag(&record.ev, data),
            "key.backup" | "key.restored" | "share.issued" | "share.returned" => {
                self.survives(&record.ev, data);
                self.backed_up(&record.ev, data)
            }
            "media.destroyed" => self.copy_destroyed(data),
            "share.decrypted" => self.share_sent(data),
            "share.confirmed" | "share.missing" => self.backed_up(&record.ev, data),
            "secret.split" => self.secret_split(data),
            "key.destroyed" => self.key_destroyed(data),
            _ => None,
        };
    }

    /// What a token held when it was last looked at; forgotten as soon as something is begun there that may change it.
    fn watch(&mut self, record: &Record) {
        let Some(token) = record.data.str("token") else { return };
        if let ("device.inserted", Some(serial)) = (record.ev.as_str(), record.data.str("serial")) {
            self.ledger.possessions.inserted(token, serial);
        }
        if let ("key.generated" | "key.restored", Some(spki)) =
            (record.ev.as_str(), record.data.str("spki_sha256"))
        {
            self.ledger.possessions.made_on(spki, token);
        }
        let seen = record.data.str("without_heads_sha256").and_then(|text| text.parse().ok());
        match (record.ev.as_str(), seen) {
            ("token.inventory", Some(sha256)) => {
                self.kept.push((record.cer.clone(), sha256));
                self.ledger.possessions.looked_at(token, sha256);
            }
            (
                "auth.ok" | "auth.failed" | "quorum.met" | "log.confirmed" | "device.inserted"
                | "device.attested" | "device.audit",
                _,
            ) => {}
            // Whatever else names a token may have changed it. To compare less is no harm; to compare wrongly is.
            _ => self.ledger.possessions.changed(token),
        }
    }

    fn key_generated(&mut self, ceremony: &str, data: &Object) -> Option<()> {
        self.kept.push((ceremony.to_owned(), data.str("spki_sha256")?.parse().ok()?));
        self.ledger.remember_key(LoggedKey {
            name: data.str("label")?.to_owned(),
            token: data.str("token")?.to_owned(),
            id: data.str("id")?.to_owned(),
            algorithm: data.str("algorithm")?.to_owned(),
            spki_sha256: data.str("spki_sha256")?.to_owned(),
            live: false,
            of_log: false,
        });
        Some(())
    }

    fn key_is_live(&mut self, spki_sha256: &str) -> Option<()> {
        self.ledger.logged_key_is_live(spki_sha256);
        let name = self.ledger.logged_key_name(spki_sha256)?;
        self.ledger.backups.is_proven(&name);
        Some(())
    }

    /// The standby key takes over; heads of before stay its predecessor's.
    fn log_key_changed(&mut self, record: &Record) -> Option<()> {
        let (old, new) = (record.data.str("old")?, record.data.str("new")?);
        let mut place = self.standby.iter().find(|place| place.vkey == new)?.clone();
        place.former = self.log_key.take().map(|former| former.former).unwrap_or_default();
        place.former.push(old.to_owned());
        place.since = record.seq;
        self.log_key = Some(place);
        Some(())
    }

    fn witness_registered(&mut self, data: &Object) -> Option<()> {
        let (vkey, person) = (data.str("vkey")?.to_owned(), data.str("person")?.to_owned());
        self.ledger.witnesses.insert(vkey, person);
        Some(())
    }

    fn log_key_added(&mut self, data: &Object) -> Option<()> {
        self.ledger.logged_key_is_of_the_log(data.str("spki_sha256")?);
        let place = LogKeyPlace {
            vkey: data.str("vkey")?.to_owned(),
            token: data.str("token")?.to_owned(),
            spki_sha256: data.str("spki_sha256")?.to_owned(),
            former: Vec::new(),
            since: 0,
        };
        if data.str("role") == Some("main") {
            self.log_key = Some(place);
        } else {
            self.standby.push(place);
        }
        Some(())
    }

    /// From the intent on the serial number is used, whether or not a certificate comes of it.
    fn certificate_intended(&mut self, record: &Record) -> Option<()> {
        let data = &record.data;
        let subject: Digest = data.str("subject_sha256")?.parse().ok()?;
        let issuer_spki = data.str("issuer_spki_sha256")?;
        // The first certificate under a key that issued none is its root: issuer and subject are one.
        let issuer = self.subjects.get(issuer_spki).copied().unwrap_or(subject);
        let serial = SerialNumber::from_hex(data.str("serial")?).ok()?;
        let issued = Issued {
            name: String::new(),
            kind: Kind::Other,
            made_here: false,
            sha256: None,
            issuer_sha256: issuer,
            issuer_spki_sha256: issuer_spki.parse().ok(),
            subject_sha256: subject,
            // The result says it; a certificate that is taken in or was kept brings all of it.
            spki_sha256: None,
            said: None,
            serial: serial.der_content().to_vec(),
            not_before: data.str("not_before")?.parse().ok()?,
            not_after: data.str("not_after")?.parse().ok()?,
            revoked: None,
        };
        self.ledger.use_serial(issuer, serial.clone(), issued);
        let (ceremony, to_be_signed) = (record.cer.clone(), data.str("tbs_sha256")?.parse().ok()?);
        self.intents.insert(record.seq, Intent { ceremony, issuer, subject, serial, to_be_signed });
        Some(())
    }

    fn certificate_signed(&mut self, intent: Option<u64>, data: &Object) -> Option<()> {
        let intent = self.intents.get(&intent?)?;
        let artifact = data.get("artifact")?.as_object()?;
        let spki = data.str("spki_sha256")?;
        let (kind, name) = (artifact.str("kind")?.to_owned(), artifact.str("name")?.to_owned());
        if kind != "cross" {
            self.subjects.entry(spki.to_owned()).or_insert(intent.subject);
        }
        let (known, digest) = (kind.parse().unwrap_or(Kind::Other), spki.parse().ok()?);
        let sha256 = artifact.str("sha256")?.parse().ok()?;
        self.kept.push((intent.ceremony.clone(), sha256));
        self.ledger.serial_became(intent.issuer, &intent.serial, |issued| {
            issued.name.clone_from(&name);
            issued.kind = known;
            issued.sha256 = Some(sha256);
            issued.spki_sha256 = Some(digest);
        });
        self.ledger.remember_certificate(LoggedCertificate {
            kind,
            name,
            sha256,
            issuer_sha256: data.str("issuer_sha256")?.parse().ok()?,
            spki_sha256: spki.to_owned(),
        });
        Some(())
    }

    /// Learns from what earlier ceremonies kept beside the log, as far as it is there: what the log names by digest and
    /// does not say itself. To-be-signed octets, certificates, public keys.
    pub fn look_into(&mut self, folder: &Path) {
        let kept = |ceremony: &str, sha256: Digest| {
            let pending = folder.join("runs").join(ceremony).join("pending");
            kept_octets(&pending.join(sha256.to_string()), sha256)
        };
        for (ceremony, sha256) in &self.kept {
            if let Some(octets) = kept(ceremony, *sha256) {
                self.ledger.keep(*sha256, octets);
            }
        }
        for intent in self.intents.values() {
            let Some(octets) = kept(&intent.ceremony, intent.to_be_signed) else { continue };
            if let Ok(tbs) = crate::pki::read::tbs_certificate(&octets) {
                self.ledger.complete(intent.issuer, &intent.serial, &tbs);
            }
        }
    }

    fn certificate_revoked(&mut self, data: &Object) -> Option<()> {
        let serial = SerialNumber::from_hex(data.str("serial")?).ok()?;
        let (at, reason) = (data.str("effective")?.parse().ok()?, data.str("reason")?.parse().ok()?);
        let by_key = data.str("issuer_spki_sha256").and_then(|spki| self.subjects.get(spki)).copied();
        let sha256 = data.str("sha256").and_then(|text| text.parse().ok());
        let issuer = by_key.or_else(|| Some(self.ledger.issued_as(sha256?)?.issuer_sha256))?;
        self.ledger.revoke(issuer, Revocation { serial, at, reason });
        Some(())
    }

    fn serial_burned(&mut self, record: &Record) -> Option<()> {
        let issuer_spki = record.data.str("issuer_spki_sha256")?.to_owned();
        let serial = SerialNumber::from_hex(record.data.str("serial")?).ok()?;
        let at = Timestamp::from_seconds(record.at.seconds())?;
        self.burned.push(Burned { issuer_spki, serial, at });
        Some(())
    }

    /// From the next ceremony on whatever could exist under a burned serial number is revoked: the plan of the ceremony that
    /// burned it was approved before, and says nothing of it. It was never to be used, so it is revoked since it would have
    /// begun. No root revokes itself.
    fn ceremony_closed(&mut self) {
        for Burned { issuer_spki, serial, at } in std::mem::take(&mut self.burned) {
            let Some(issuer) = self.subjects.get(&issuer_spki).copied() else { continue };
            let Some(issued) = self.ledger.issued_under(issuer, &serial) else { continue };
            if issued.subject_sha256 != issuer && issued.revoked.is_none() {
                let (at, reason) = (issued.not_before.min(at), Reason::Superseded);
                self.ledger.revoke(issuer, Revocation { serial, at, reason });
            }
        }
    }

    fn bag(&mut self, ev: &str, data: &Object) -> Option<()> {
        let digest = data.str("bag_digest")?.parse().ok();
        let bag = if ev == "custody.sealed" { Bag::Sealed(digest) } else { Bag::Open(digest) };
        self.ledger.possessions.put(data.str("item")?, bag);
        Some(())
    }

    /// What is known of backups: their sets, who has which share, where the key came back to.
    fn backed_up(&mut self, ev: &str, data: &Object) -> Option<()> {
        let number = |key: &str| data.get(key)?.as_u64();
        match ev {
            "key.backup" => {
                let count = |key: &str| number(key).and_then(|number| usize::try_from(number).ok());
                let copies =
                    data.get("copies").and_then(ceremony_log::json::Value::as_array).unwrap_or_default();
                let medium =
                    |copy: &ceremony_log::json::Value| copy.get("medium")?.as_str().map(str::to_owned);
                let spki = data.str("spki_sha256")?;
                self.ledger.backups.add(KeyBackup {
                    key: self.ledger.logged_key_name(spki)?,
                    spki_sha256: spki.parse().ok()?,
                    format: data.str("format")?.to_owned(),
                    blob_sha256: data.str("blob_sha256")?.parse().ok()?,
                    copies: copies.iter().filter_map(medium).collect(),
                    set: data.str("set_id").unwrap_or_default().to_owned(),
                    threshold: count("threshold").unwrap_or_default(),
                    share_count: count("share_count").unwrap_or_default(),
                    groups: groups_of(data)?,
                    check: data.str("kcv").unwrap_or_default().to_owned(),
                    shares: BTreeMap::new(),
                    restored: BTreeSet::new(),
                });
            }
            "key.restored" => {
                let backup = self.ledger.backups.last_of(data.str("spki_sha256")?.parse().ok()?)?;
                backup.restored.insert(data.str("token")?.to_owned());
            }
            _ => {
                let (index, set) = (number("index")?, data.str("set_id")?);
                let known =
                    shares_of(&mut self.ledger.backups, set, data)?.entry(index).or_insert(KnownShare {
                        holder: data.str("holder")?.to_owned(),
                        commitment: data.str("commitment_sha256")?.parse().ok()?,
                        salt_digest: data.str("salt_digest").and_then(|text| text.parse().ok()),
                        confirmed: false,
                        returned: false,
                        missing: false,
                        sent: None,
                    });
                known.confirmed |= ev == "share.confirmed";
                // What was missing can turn up and be destroyed.
                known.returned |= ev == "share.returned";
                known.missing = !known.returned && (known.missing || ev == "share.missing");
            }
        }
        Some(())
    }

    /// A share lies encrypted on its holder's own medium.
    fn share_sent(&mut self, data: &Object) -> Option<()> {
        let index = data.get("index")?.as_u64()?;
        let shares = shares_of(&mut self.ledger.backups, data.str("set_id")?, data)?;
        shares.get_mut(&index)?.sent = Some(SentShare {
            medium: data.str("medium")?.to_owned(),
            file: data.str("file")?.to_owned(),
            sha256: data.str("ciphertext_sha256")?.parse().ok()?,
        });
        Some(())
    }

    /// A secret was divided.
    fn secret_split(&mut self, data: &Object) -> Option<()> {
        let count = |key: &str| usize::try_from(data.get(key)?.as_u64()?).ok();
        self.ledger.backups.add_secret(DividedSecret {
            name: data.str("secret")?.to_owned(),
            set: data.str("set_id")?.to_owned(),
            threshold: count("threshold")?,
            share_count: count("share_count")?,
            groups: groups_of(data)?,
            shares: BTreeMap::new(),
        });
        Some(())
    }

    /// A copy of a wrapped key is gone; one that is lost is somewhere still.
    fn copy_destroyed(&mut self, data: &Object) -> Option<()> {
        let medium = data.str("medium")?;
        let of_copy = |backup: &&KeyBackup| backup.copies.iter().any(|copy| copy == medium);
        let spki = self.ledger.backups.all().iter().find(of_copy)?.spki_sha256;
        if data.get("lost").and_then(ceremony_log::json::Value::as_bool) == Some(false) {
            self.ledger.possessions.survives_no_longer(spki, &format!("wrapped copy on {medium}"));
        }
        Some(())
    }

    /// What is elsewhere of a key: wrapped copies and where they are, the set of shares, other tokens.
    fn survives(&mut self, ev: &str, data: &Object) -> Option<()> {
        if ev.starts_with("share.") {
            if data.str("secret").is_some() {
                return None;
            }
            let (set, index) = (data.str("set_id")?, data.get("index")?.as_u64()?);
            let sheet = format!("share {index} of set {set}, held by {}", data.str("holder")?);
            let spki = *self.sets.get(set)?;
            if ev == "share.returned" {
                self.ledger.possessions.survives_no_longer(spki, &sheet);
            } else {
                self.ledger.possessions.survives(spki, sheet);
            }
            return Some(());
        }
        let spki: Digest = data.str("spki_sha256")?.parse().ok()?;
        if ev == "key.restored" {
            let place = format!("the same key on token `{}`, id {}", data.str("token")?, data.str("id")?);
            self.ledger.possessions.survives(spki, place);
            return Some(());
        }
        if let Some(set) = data.str("set_id") {
            self.sets.insert(set.to_owned(), spki);
        }
        for copy in data.get("copies")?.as_array()? {
            let medium = copy.as_object()?.str("medium")?.to_owned();
            self.ledger.possessions.survives(spki, format!("wrapped copy on {medium}"));
        }
        Some(())
    }

    fn key_destroyed(&mut self, data: &Object) -> Option<()> {
        let (spki, token) = (data.str("spki_sha256")?, data.str("token")?);
        let key = self.ledger.logged_key(spki)?.clone();
        if key.token == token {
            self.ledger.destroy_key(&key.name);
        } else {
            // A copy that was restored there: the key itself stays.
            self.ledger.copy_is_gone(spki.parse().ok()?, token);
        }
        Some(())
    }

    fn crl_signed(&mut self, data: &Object) -> Option<()> {
        let number = data.str("number")?.parse().ok()?;
        let issuer_spki_sha256 = data.str("issuer_spki_sha256")?;
        let issuer = *self.subjects.get(issuer_spki_sha256)?;
        let last_number = data.str("last_number").and_then(|text| text.parse().ok()).unwrap_or(number);
        self.ledger.use_crl_number(issuer, last_number);
        let count = data.get("revoked_count").and_then(ceremony_log::json::Value::as_u64)?;
        self.ledger.use_listed(issuer, Listed { count, only_counted: count > 0 });
        let artifact = data.get("artifact")?.as_object()?;
        let (sha256, until) = (artifact.str("sha256")?.parse().ok()?, data.str("next_update")?.parse().ok()?);
        if artifact.str("kind")? == "list" {
            let issuer_spki_sha256 = issuer_spki_sha256.parse().ok()?;
            let (name, list_sha256) = (artifact.str("name")?.to_owned(), sha256);
            self.ledger.seal_series(SealedSeries {
                name,
                list_sha256,
                issuer,
                issuer_spki_sha256,
                number,
                last_number,
                until,
            });
            self.ledger.use_crl(issuer, data.str("last_sha256")?.parse().ok()?);
        } else {
            self.ledger.use_crl_until(issuer, until);
            self.ledger.use_crl(issuer, sha256);
        }
        Some(())
    }

    /// An artifact of a ceremony that was aborted, or a part of one that was interrupted.
    fn voided(&mut self, sha256: &str) -> Option<()> {
        self.ledger.forget_certificate(sha256.parse().ok()?);
        self.list_superseded(sha256)
    }

    /// A series of CRLs of which nothing counts any more: superseded, or of a ceremony that was aborted.
    fn list_superseded(&mut self, list_sha256: &str) -> Option<()> {
        self.ledger.supersede(list_sha256.parse().ok()?);
        Some(())
    }
}

/// The shares of the set that a record of a share is about, of a secret or of a key.
fn shares_of<'b>(backups: &'b mut Backups, set: &str, data: &Object) -> Option<&'b mut Shares> {
    if let Some(name) = data.str("secret") {
        return Some(&mut backups.secret_of_set(name, set)?.shares);
    }
    let backup = backups.of_set(set)?;
    // A share of something else can have the same number.
    let same = data.str("spki_sha256") == Some(backup.spki_sha256.to_string().as_str());
    same.then_some(&mut backup.shares)
}

/// The groups that a record says a set is divided among, if it says any; nothing at all if they cannot be.
#[expect(clippy::option_option, reason = "there may be none, and what is there may be none that can be")]
fn groups_of(data: &Object) -> Option<Option<Groups>> {
    let Some(said) = data.get("groups") else { return Some(None) };
    let count = |data: &Object, key: &str| usize::try_from(data.get(key)?.as_u64()?).ok();
    let group = |value: &ceremony_log::json::Value| {
        let group = value.as_object()?;
        HolderGroup::new(group.str("name")?, count(group, "threshold")?, count(group, "share_count")?).ok()
    };
    let all: Option<Vec<HolderGroup>> = said.as_array()?.iter().map(group).collect();
    Some(Some(Groups::new(count(data, "group_threshold")?, all?).ok()?))
}

/// What a file holds, if it is what its digest says.
fn kept_octets(path: &Path, wanted: Digest) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path).ok()?.take(MOST_KEPT).read_to_end(&mut octets).ok()?;
    (Digest::of(&octets) == wanted).then_some(octets)
}

/// Octets of a certificate that are read: more than any has.
const MOST_KEPT: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use ceremony_log::json::{Limits, Value};

    fn object(text: &str) -> Object {
        match Value::parse(text.as_bytes(), &Limits::RECORD).unwrap() {
            Value::Object(object) => object,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn groups_that_no_set_can_have_are_not_learnt_and_none_are_none() {
        let group =
            |name: &str, count: u32| format!(r#"{{"name":"{name}","share_count":{count},"threshold":2}}"#);
        let said = |needed: &str, groups: &[String]| {
            groups_of(&object(&format!(r#"{{{needed}"groups":[{}]}}"#, groups.join(","))))
        };
        let two = [group("asia", 2), group("europe", 3)];
        assert_eq!(groups_of(&object("{}")), Some(None));
        let groups = said(r#""group_threshold":2,"#, &two).unwrap().unwrap();
        assert_eq!((groups.needed(), groups.share_count(), groups.fewest()), (2, 5, 4));
        assert_eq!(said("", &two), None);
        assert_eq!(said(r#""group_threshold":3,"#, &two), None);
        assert_eq!(said(r#""group_threshold":1,"#, &two[..1]), None);
        assert_eq!(said(r#""group_threshold":2,"#, &[group("asia", 2), group("asia", 3)]), None);
        assert_eq!(said(r#""group_threshold":2,"#, &[group("asia", 2), group("Europe", 3)]), None);
        assert_eq!(said(r#""group_threshold":2,"#, &["7".to_owned(), group("asia", 2)]), None);
    }

    #[test]
    fn a_share_of_another_key_or_of_a_secret_is_not_taken_for_one_of_a_keys_set() {
        let mut backups = Backups::default();
        let own = Digest::of(b"own");
        backups.add(KeyBackup {
            key: "root".into(),
            spki_sha256: own,
            format: "rfc5649".into(),
            blob_sha256: own,
            copies: Vec::new(),
            set: "5a3f".into(),
            threshold: 2,
            share_count: 3,
            groups: None,
            check: String::new(),
            shares: BTreeMap::new(),
            restored: BTreeSet::new(),
        });
        let of_key = |spki: Digest| object(&format!(r#"{{"spki_sha256":"{spki}"}}"#));
        assert!(shares_of(&mut backups, "5a3f", &of_key(own)).is_some());
        assert!(shares_of(&mut backups, "5a3f", &of_key(Digest::of(b"other"))).is_none());
        assert!(shares_of(&mut backups, "0000", &of_key(own)).is_none());
        assert!(shares_of(&mut backups, "5a3f", &object(r#"{"secret":"pin"}"#)).is_none());
        assert!(shares_of(&mut backups, "5a3f", &object("{}")).is_none());
    }
}

//! What a log says of earlier ceremonies, as the ledger of the next one: keys, certificates, numbers.

use std::collections::BTreeMap;

use ceremony_log::json::Object;
use ceremony_log::record::Record;

use crate::digest::Digest;
use crate::plan::{Issued, Kind, Ledger, Listed, LoggedCertificate, LoggedKey};

/// Learns from one record after the other.
#[derive(Debug, Default)]
pub struct Memory {
    /// What was learnt.
    pub ledger: Ledger,
    /// The main key of the log, once it has one.
    pub log_key: Option<LogKeyPlace>,
    /// The subject names of keys, by SPKI: under which name a key issues.
    subjects: BTreeMap<String, Digest>,
    /// Intents to sign a certificate, by record.
    intents: BTreeMap<u64, (String, Digest)>,
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
}

impl Memory {
    /// Learns from a record; nothing from one that is not as the log format says.
    pub fn learn(&mut self, record: &Record) {
        let data = &record.data;
        // A record whose fields are not as they should be teaches nothing; the log's own checks say so.
        let _ = match record.ev.as_str() {
            "key.generated" => self.key_generated(data),
            "key.live" => data.str("spki_sha256").map(|spki| self.ledger.logged_key_is_live(spki)),
            "log.key.added" if data.str("role") == Some("main") => self.log_key_added(data),
            "cert.sign.intent" => self.certificate_intended(record.seq, data),
            "cert.signed" => self.certificate_signed(record.reference, data),
            "crl.signed" => self.crl_signed(data),
            _ => None,
        };
    }

    fn key_generated(&mut self, data: &Object) -> Option<()> {
        self.ledger.remember_key(LoggedKey {
            name: data.str("label")?.to_owned(),
            token: data.str("token")?.to_owned(),
            id: data.str("id")?.to_owned(),
            algorithm: data.str("algorithm")?.to_owned(),
            spki_sha256: data.str("spki_sha256")?.to_owned(),
            live: false,
        });
        Some(())
    }

    fn log_key_added(&mut self, data: &Object) -> Option<()> {
        self.log_key = Some(LogKeyPlace {
            vkey: data.str("vkey")?.to_owned(),
            token: data.str("token")?.to_owned(),
            spki_sha256: data.str("spki_sha256")?.to_owned(),
        });
        Some(())
    }

    /// From the intent on the serial number is used, whether or not a certificate comes of it.
    fn certificate_intended(&mut self, seq: u64, data: &Object) -> Option<()> {
        let subject: Digest = data.str("subject_sha256")?.parse().ok()?;
        let issuer_spki = data.str("issuer_spki_sha256")?;
        // The first certificate under a key that issued none is its root: issuer and subject are one.
        let issuer = self.subjects.get(issuer_spki).copied().unwrap_or(subject);
        let serial = crate::pki::SerialNumber::from_hex(data.str("serial")?).ok()?;
        let issued = Issued {
            kind: Kind::Other,
            subject_sha256: subject,
            // Not in the intent; a certificate that is taken in brings it.
            spki_sha256: Digest::of(b""),
            subject_key_identifier: None,
            purposes: None,
            serial: serial.der_content().to_vec(),
            not_after: data.str("not_after")?.parse().ok()?,
            revoked: None,
        };
        self.ledger.use_serial(issuer, serial, issued);
        self.intents.insert(seq, (issuer_spki.to_owned(), subject));
        Some(())
    }

    fn certificate_signed(&mut self, intent: Option<u64>, data: &Object) -> Option<()> {
        let (_, subject) = self.intents.get(&intent?)?.clone();
        let artifact = data.get("artifact")?.as_object()?;
        let spki = data.str("spki_sha256")?;
        let kind = artifact.str("kind")?.to_owned();
        if kind != "cross" {
            self.subjects.entry(spki.to_owned()).or_insert(subject);
        }
        self.ledger.remember_certificate(LoggedCertificate {
            kind,
            name: artifact.str("name")?.to_owned(),
            sha256: artifact.str("sha256")?.parse().ok()?,
            issuer_sha256: data.str("issuer_sha256")?.parse().ok()?,
            spki_sha256: spki.to_owned(),
        });
        Some(())
    }

    fn crl_signed(&mut self, data: &Object) -> Option<()> {
        let number = data.str("number")?.parse().ok()?;
        let issuer = *self.subjects.get(data.str("issuer_spki_sha256")?)?;
        self.ledger.use_crl_number(issuer, number);
        let count = data.get("revoked_count").and_then(ceremony_log::json::Value::as_u64)?;
        self.ledger.use_listed(issuer, Listed { count, only_counted: count > 0 });
        Some(())
    }
}

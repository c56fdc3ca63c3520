//! What writing a large CRL costs: processor time and peak memory of our writer, of rcgen and of x509-cert, one after the
//! other in one run, each in a process of its own.
//!
//!     cargo bench --bench crl [-- ENTRIES]        1,000,000 unless told
//!     cargo bench --bench crl -- csv ENTRIES FILE  writes `revoked.csv` for `benches/crl-million.yaml`
//!
//! Each makes the entries itself, from the same numbers: 17 octets of serial number, revoked at one time, superseded, a
//! reason code each. Ours is given a list, as the tool has it after sorting; writes the to-be-signed octets to a file and
//! hashes them with SHA-384 on the way, once; the token would be given the digest. rcgen signs by ring, which is a
//! millisecond; x509-cert encodes what is signed, hashes it and writes it.

#![expect(clippy::print_stdout, reason = "a benchmark says what it found")]

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::process::Command;
use std::time::Duration;

use der::asn1::UtcTime;
use der::{Decode as _, Encode as _};
use rootrite::clock::Timestamp;
use rootrite::pki::build::{CrlParts, Extension, Streamed, tbs_crl};
use rootrite::pki::reason::Reason;
use rootrite::pki::revoked::{RevokedList, RevokedParts, Sorter};
use rootrite::pki::{Attribute, HashAlgorithm, Name, SerialNumber, SignatureAlgorithm, StringForm, name};
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::pkix::CrlReason;
use x509_cert::time::Time;

/// What comes of it.
pub type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["csv", entries, file] => csv(entries.parse()?, file),
        ["one", which, entries] => one(which, entries.parse()?),
        [] => all("1000000"),
        [entries] => all(entries),
        _ => Err("wanted nothing, a number of entries, or `csv ENTRIES FILE`".into()),
    }
}

/// Every writer in a process of its own, so that each has its own peak.
fn all(entries: &str) -> Outcome {
    println!("{entries} entries; processor time beside making the entries, and the process's peak memory");
    for which in ["ours", "rcgen", "x509-cert"] {
        let status = Command::new(env::current_exe()?).args(["one", which, entries]).status()?;
        if !status.success() {
            return Err(format!("{which} ended with {status}").into());
        }
    }
    Ok(())
}

fn one(which: &str, entries: u64) -> Outcome {
    let (folder, length);
    let begun;
    match which {
        "ours" => {
            let list = list(entries)?;
            folder = tempfile::tempdir()?;
            begun = processor_time()?;
            length = ours(&list, &folder.path().join("tbs"))?;
        }
        "rcgen" => {
            let parameters = rcgen_parameters(entries);
            folder = tempfile::tempdir()?;
            begun = processor_time()?;
            length = rcgen_crl(&parameters, &folder.path().join("crl"))?;
        }
        "x509-cert" => {
            let list = x509_cert_list(entries)?;
            folder = tempfile::tempdir()?;
            begun = processor_time()?;
            length = x509_cert_crl(&list, &folder.path().join("tbs"))?;
        }
        other => return Err(format!("there is no writer `{other}`").into()),
    }
    let taken = processor_time()?.saturating_sub(begun);
    println!("{which:>10}: {:6.3} s, {:>8} KiB, {length} octets", taken.as_secs_f64(), peak()?);
    Ok(())
}

/// The tool's own: made while it is read, hashed and written.
pub fn ours(list: &RevokedList, path: &std::path::Path) -> Result<usize, Box<dyn Error>> {
    let issuer = Name::from_attributes(&[Attribute {
        kind: name::attribute_type("CN").ok_or("CN")?,
        form: StringForm::Utf8,
        value: "Example Root X1".into(),
    }])?;
    let algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384);
    let tbs: Streamed = tbs_crl(&CrlParts {
        algorithm: &algorithm.der(),
        issuer: &issuer,
        this_update: THIS_UPDATE.parse()?,
        next_update: NEXT_UPDATE.parse()?,
        revoked: list,
        extensions: &[Extension::authority_key_identifier(&[7; 20])?, Extension::crl_number(1)],
    });
    let mut hash = ring::digest::Context::new(&ring::digest::SHA384);
    let mut file = File::create(path)?;
    let (mut reader, mut buffer) = (tbs.reader(), vec![0; 1 << 16]);
    loop {
        let count = reader.read(&mut buffer)?;
        let octets = buffer.get(..count).unwrap_or_default();
        if octets.is_empty() {
            break;
        }
        hash.update(octets);
        file.write_all(octets)?;
    }
    std::hint::black_box(hash.finish());
    Ok(tbs.len())
}

pub fn list(entries: u64) -> Result<RevokedList, Box<dyn Error>> {
    let mut sorter = Sorter::new();
    let revoked_at: Timestamp = REVOKED_AT.parse()?;
    for (line, serial) in (2..).zip(serials(entries)) {
        let serial = SerialNumber::from_der_content(&serial)?;
        sorter.push(&RevokedParts { serial, revoked_at, reason: Reason::Superseded }, line)?;
    }
    Ok(sorter.finish()?)
}

fn rcgen_parameters(entries: u64) -> rcgen::CertificateRevocationListParams {
    let revoked = |serial: [u8; 17]| rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from_slice(&serial),
        revocation_time: rcgen::date_time_ymd(2026, 10, 31),
        reason_code: Some(rcgen::RevocationReason::Superseded),
        invalidity_date: None,
    };
    rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 11, 1),
        next_update: rcgen::date_time_ymd(2027, 10, 30),
        crl_number: rcgen::SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: serials(entries).map(revoked).collect(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    }
}

fn rcgen_crl(
    parameters: &rcgen::CertificateRevocationListParams,
    path: &std::path::Path,
) -> Result<usize, Box<dyn Error>> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)?;
    let mut issuer = rcgen::CertificateParams::default();
    issuer.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let crl = parameters.signed_by(&rcgen::Issuer::new(issuer, key))?;
    fs::write(path, crl.der())?;
    Ok(crl.der().len())
}

fn x509_cert_list(entries: u64) -> Result<TbsCertList, Box<dyn Error>> {
    let time = |text: &str| -> Result<Time, Box<dyn Error>> {
        let seconds = text.parse::<Timestamp>()?.seconds();
        Ok(Time::UtcTime(UtcTime::from_unix_duration(Duration::from_secs(seconds))?))
    };
    let reason = CrlReason::Superseded.to_der()?;
    let extension = x509_cert::ext::Extension {
        extn_id: const_oid::db::rfc5280::ID_CE_CRL_REASONS,
        critical: false,
        extn_value: der::asn1::OctetString::new(reason)?,
    };
    let revocation_date = time(REVOKED_AT)?;
    let revoked = |serial: [u8; 17]| -> Result<RevokedCert, Box<dyn Error>> {
        Ok(RevokedCert {
            serial_number: x509_cert::serial_number::SerialNumber::new(&serial)?,
            revocation_date,
            crl_entry_extensions: Some(vec![extension.clone()]),
        })
    };
    Ok(TbsCertList {
        version: x509_cert::Version::V2,
        signature: spki::AlgorithmIdentifierOwned::from_der(
            &SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384).der(),
        )?,
        issuer: x509_cert::name::Name::default(),
        this_update: time(THIS_UPDATE)?,
        next_update: Some(time(NEXT_UPDATE)?),
        revoked_certificates: Some(serials(entries).map(revoked).collect::<Result<_, _>>()?),
        crl_extensions: None,
    })
}

fn x509_cert_crl(list: &TbsCertList, path: &std::path::Path) -> Result<usize, Box<dyn Error>> {
    let octets = list.to_der()?;
    let digest = ring::digest::digest(&ring::digest::SHA384, &octets);
    fs::write(path, &octets)?;
    std::hint::black_box(digest);
    Ok(octets.len())
}

/// Rows in an order without a pattern, the same in each run.
fn csv(entries: u64, path: &str) -> Outcome {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "serial,revoked-at,reason")?;
    for serial in serials(entries) {
        for octet in serial {
            write!(file, "{octet:02x}")?;
        }
        writeln!(file, ",{REVOKED_AT},superseded")?;
    }
    file.flush()?;
    Ok(())
}

/// Positive serial numbers of 17 octets, no two alike: 128 bits that step through all of their values.
fn serials(entries: u64) -> impl Iterator<Item = [u8; 17]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
    (0..entries).map(move |_| {
        state = state.wrapping_mul(0xda94_2042_e4dd_58b5).wrapping_add(0x5851_f42d_4c95_7f2d);
        let mut serial = [1; 17];
        let (_, random) = serial.split_at_mut(1);
        // The high half of such a number is random; the low one is mixed with it, which can be undone: none repeats.
        random.copy_from_slice(&(state ^ state >> 67).to_be_bytes());
        serial
    })
}

/// What this process has had of a processor: others on the machine do not count.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(Duration::try_from(time)?)
}

/// The most memory that this process had, in KiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

const THIS_UPDATE: &str = "2026-11-01T00:00:00Z";
const NEXT_UPDATE: &str = "2027-10-30T23:59:59Z";
const REVOKED_AT: &str = "2026-10-31T12:00:00Z";

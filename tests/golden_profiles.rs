//! Real certificates, drafted again: profile, key, serial and dates reproduce their to-be-signed octets.
//!
//! The data lie beside this project and not in it; without them this test says so and tests nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use std::fmt::Write as _;
use std::path::Path;

use rootrite::clock::Timestamp;
use rootrite::digest::{Digest, from_hex};
use rootrite::pki::{Name, PublicKey, SerialNumber, SignatureAlgorithm, Validity};
use rootrite::profile::{
    BuiltIn, CertificateProfile, CertificateValues, Fills, FoundValues, NameForms, Profile, ProfileError,
    SignatureChoice, reading,
};
use rootrite::script::{NamePart, Place, Problems, Source};
use serde_json::Value;

#[test]
fn real_certificates_are_reproduced_octet_for_octet() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../shared/golden", "../../shared/golden"].map(|folder| root.join(folder));
    let files = folders.map(|folder| folder.join("letsencrypt-profiles.json"));
    let Some(file) = files.iter().find(|file| file.exists()) else {
        eprintln!("SKIPPED: {} is not there, so no real certificate was drafted again", files[0].display());
        return;
    };
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(rows.len(), 81);
    let mut not_signed = Vec::new();
    for row in &rows {
        let name = text(&row["file"]);
        let algorithm = SignatureChoice::of(&octets(&row["signature"])).unwrap();
        let made = made_again(row, algorithm);
        assert_eq!(Digest::of(&made).to_string(), text(&row["tbsSHA256"]), "{name}");
        match drafted(row, algorithm) {
            Ok(draft) => assert_eq!(draft, made, "{name}"),
            Err(error) => not_signed.push((name, error)),
        }
        // The octets alone say the whole profile.
        assert_eq!(reading::difference(&made), Ok(None), "{name}");
    }
    // Signed with SHA-1: a profile can say so, and no ceremony signs it.
    let sha1 = ProfileError::DraftOnly { named: "rsa-sha1" };
    assert_eq!(not_signed.iter().map(|(_, error)| error).collect::<Vec<_>>(), [&sha1], "{not_signed:?}");
}

/// What a row says besides its profile.
struct Row {
    profile: CertificateProfile,
    fills: Fills,
    issuer: Name,
    subject: Name,
    serial: SerialNumber,
    validity: Validity,
    key: PublicKey,
    issuer_key_identifier: Option<Vec<u8>>,
}

/// The profile is written as YAML and read again.
fn row_of(row: &Value, algorithm: SignatureChoice) -> Row {
    let mut fills = Fills::new();
    let yaml = profile(row, algorithm, &mut fills);
    let profile = Profile::read("golden.yaml", yaml.as_bytes(), &BuiltIn)
        .unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    let profile = profile.certificate().unwrap().clone();
    let identifier = |name: &str| {
        let extension = extensions(row).find(|extension| extension["name"] == name);
        let value = extension.map(|extension| match &extension["v"] {
            Value::Array(values) => text(&values[0]).strip_prefix("keyid:").unwrap().to_owned(),
            value => text(value).to_owned(),
        });
        value.map(|value| from_hex(&value).unwrap())
    };
    Row {
        issuer: dn(profile.names(), &row["issuer"]),
        subject: dn(profile.names(), &row["subject"]),
        profile,
        fills,
        serial: SerialNumber::from_der_content(&octets(&row["serialDERHex"])).unwrap(),
        validity: Validity::new(time(&row["notBefore"]), time(&row["notAfter"])).unwrap(),
        key: PublicKey::from_spki_der(&octets(&row["spkiHex"])).unwrap(),
        issuer_key_identifier: identifier("AKI"),
    }
}

/// The to-be-signed octets of whoever signed them.
fn made_again(row: &Value, algorithm: SignatureChoice) -> Vec<u8> {
    let row = row_of(row, algorithm);
    let values = FoundValues {
        issuer: &row.issuer,
        subject: &row.subject,
        serial: row.serial.der_content(),
        validity: row.validity,
        spki: row.key.spki_der(),
        key_bits: row.key.bit_string_content(),
        issuer_key_identifier: row.issuer_key_identifier.as_deref(),
        issuer_signature: &[],
        copied: None,
        fills: &row.fills,
    };
    row.profile.reproduce(&values).unwrap()
}

/// The to-be-signed octets as a ceremony drafts them.
fn drafted(row: &Value, algorithm: SignatureChoice) -> Result<Vec<u8>, ProfileError> {
    let row = row_of(row, algorithm);
    let issuer_signature = match algorithm {
        SignatureChoice::Named(named) => named,
        _ => SignatureAlgorithm::for_key(&row.key),
    };
    row.profile.draft(&CertificateValues {
        issuer: &row.issuer,
        subject: &row.subject,
        serial: &row.serial,
        validity: row.validity,
        key: &row.key,
        issuer_key_identifier: row.issuer_key_identifier.as_deref(),
        issuer_signature,
        copied: None,
        fills: &row.fills,
    })
}

fn profile(row: &Value, algorithm: SignatureChoice, fills: &mut Fills) -> String {
    let mut yaml =
        format!("rootrite-profile: 1\nkind: subordinate\nsignature: {}\nnames: {{", algorithm.name());
    for part in row["issuer"].as_array().unwrap().iter().chain(row["subject"].as_array().unwrap()) {
        let (kind, form) = (text(&part[0][0]), text(&part[0][1]));
        let entry = format!("{kind}: {form}, ");
        if !yaml.contains(&entry) {
            yaml.push_str(&entry);
        }
    }
    let method = match text(&row["skiMethod"]) {
        method if method.starts_with("SHA-1") => "sha1",
        _ => "rfc7093-1",
    };
    write!(yaml, "}}\nkey-identifier: {method}\nextensions:\n").unwrap();
    for extension in extensions(row) {
        let critical = extension["critical"].as_bool().unwrap();
        let (name, fields) = extension_fields(text(&extension["name"]), &extension["v"], fills);
        writeln!(yaml, "  - {name}: {{critical: {critical}{fields}}}").unwrap();
    }
    let holes: Vec<_> = fills.keys().cloned().chain(["lasts".to_owned()]).collect();
    writeln!(yaml, "open: [{}]", holes.join(", ")).unwrap();
    yaml
}

/// The name of an extension in a profile, and what it says there.
fn extension_fields(name: &str, value: &Value, fills: &mut Fills) -> (&'static str, String) {
    let list =
        |value: &Value| value.as_array().unwrap().iter().map(|one| kebab(text(one))).collect::<Vec<_>>();
    let uri = |value: &Value| text(value).strip_prefix("URI:").unwrap().to_owned();
    match name {
        "KU" => ("key-usage", format!(", bits: [{}]", list(value).join(", "))),
        "EKU" => ("extended-key-usage", format!(", purposes: [{}]", list(value).join(", "))),
        "BC" => {
            let length =
                value["pathLen"].as_u64().map_or(String::new(), |length| format!(", path-length: {length}"));
            ("basic-constraints", format!(", ca: {}{length}", value["cA"] == "ff"))
        }
        "SKI" => ("subject-key-identifier", String::new()),
        "AKI" => ("authority-key-identifier", String::new()),
        "AIA" => {
            let locations = value.as_array().unwrap().iter();
            let locations: Vec<_> = locations
                .map(|one| {
                    let method = if one[0] == "ocsp" { "ocsp" } else { "ca-issuers" };
                    format!("{{{method}: \"{}\"}}", uri(&one[1]))
                })
                .collect();
            ("authority-information-access", format!(", locations: [{}]", locations.join(", ")))
        }
        "CDP" => {
            fills.insert("crl-url".to_owned(), uri(&value[0]["dp"][0]));
            ("crl-distribution-points", ", uris: [$crl-url]".to_owned())
        }
        "CP" => {
            let policies: Vec<_> = value
                .as_array()
                .unwrap()
                .iter()
                .map(|one| match &one["q"] {
                    Value::Null => text(&one["oid"]).to_owned(),
                    q => format!("{{policy: {}, cps: \"{}\"}}", text(&one["oid"]), text(&q[0][2])),
                })
                .collect();
            ("certificate-policies", format!(", policies: [{}]", policies.join(", ")))
        }
        "NC" => {
            let excluded = text(&value["excluded"][0][0]).strip_prefix("DNS:").unwrap().to_owned();
            ("name-constraints", format!(", excluded: [{{dns: {excluded}}}]"))
        }
        "ocsp-nocheck" => ("ocsp-no-check", String::new()),
        other => panic!("{other}"),
    }
}

/// `keyCertSign` as profiles write it.
fn kebab(name: &str) -> String {
    match name {
        "cRLSign" => "crl-sign".to_owned(),
        "OCSPSigning" => "ocsp-signing".to_owned(),
        _ => name.chars().fold(String::new(), |mut text, character| {
            if character.is_ascii_uppercase() {
                text.push('-');
            }
            text.push(character.to_ascii_lowercase());
            text
        }),
    }
}

fn dn(forms: &NameForms, value: &Value) -> Name {
    let parts: Vec<_> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|part| NamePart {
            kind: text(&part[0][0]).to_owned(),
            joined: false,
            text: text(&part[0][2]).to_owned(),
            place: Place::START,
        })
        .collect();
    let mut problems = Problems::new(Source::new("golden.yaml", ""));
    forms.name(&parts, &mut problems).unwrap_or_else(|| panic!("{problems}"))
}

fn extensions(row: &Value) -> impl Iterator<Item = &Value> {
    row["extensions"].as_array().unwrap().iter()
}

fn time(value: &Value) -> Timestamp {
    let digits = text(value).strip_prefix("utc:").unwrap();
    let part = |at: usize| &digits[at..at + 2];
    format!("20{}-{}-{}T{}:{}:{}Z", part(0), part(2), part(4), part(6), part(8), part(10)).parse().unwrap()
}

fn octets(value: &Value) -> Vec<u8> {
    from_hex(text(value)).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

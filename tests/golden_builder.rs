//! Real CA certificates, rebuilt from what they say: the builder and the reader against the outside world.
//!
//! The profiles are beside the repository, not in it. Where they are not, the tests say so.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, and says aloud what it skipped"
)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use rootrite::clock::Timestamp;
use rootrite::digest::{Digest, from_hex, hex};
use rootrite::pki::build::{self, Access, CertificateParts, Extension, GeneralNameParts, PolicyParts};
use rootrite::pki::key::PublicKey;
use rootrite::pki::key_identifier::KeyIdentifierMethod;
use rootrite::pki::name::{Attribute, Name, StringForm, attribute_type};
use rootrite::pki::oid::{Oid, extension, purpose};
use rootrite::pki::read;
use rootrite::pki::read::TbsCertificateView;
use rootrite::pki::read::der::Faults;
use rootrite::pki::serial::SerialNumber;
use rootrite::pki::usage::KeyUsage;
use rootrite::pki::validity::Validity;
use rootrite::rule::certificate::{Certificate, judge, recognise};
use rootrite::rule::{Assessment, Context, Kind, Policy, SigningTime};

fn golden() -> Option<Vec<Value>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/golden", "../../shared/golden"]
        .iter()
        .find_map(|folder| std::fs::read(beside.join(folder).join("letsencrypt-profiles.json")).ok());
    if found.is_none() {
        println!("SKIPPED: the golden profiles are not beside the repository");
    }
    Some(serde_json::from_slice::<Value>(&found?).unwrap().as_array().unwrap().clone())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn name(value: &Value) -> Name {
    let attribute = |one: &Value| {
        let form = match text(&one[1]) {
            "printable" => StringForm::Printable,
            "utf8" => StringForm::Utf8,
            other => panic!("{other}"),
        };
        Attribute { kind: attribute_type(text(&one[0])).unwrap(), form, value: text(&one[2]).into() }
    };
    let parts = value.as_array().unwrap().iter();
    let parts: Vec<Vec<_>> =
        parts.map(|part| part.as_array().unwrap().iter().map(attribute).collect()).collect();
    Name::from_parts(&parts).unwrap()
}

fn time(value: &Value) -> Timestamp {
    let digits = text(value).strip_prefix("utc:").unwrap();
    let parts: Vec<_> = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    let [year, month, day, hour, minute, second, "Z"] = parts[..] else { panic!("{digits}") };
    format!("20{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().unwrap()
}

fn usage(value: &Value) -> KeyUsage {
    value.as_array().unwrap().iter().fold(KeyUsage::NONE, |all, one| {
        all.and(match text(one) {
            "digitalSignature" => KeyUsage::DIGITAL_SIGNATURE,
            "keyCertSign" => KeyUsage::KEY_CERT_SIGN,
            "cRLSign" => KeyUsage::CRL_SIGN,
            other => panic!("{other}"),
        })
    })
}

fn purposes(value: &Value) -> Vec<Oid> {
    let purpose = |one: &Value| match text(one) {
        "serverAuth" => purpose::SERVER_AUTH,
        "clientAuth" => purpose::CLIENT_AUTH,
        "OCSPSigning" => purpose::OCSP_SIGNING,
        other => panic!("{other}"),
    };
    value.as_array().unwrap().iter().map(purpose).collect()
}

fn uri(value: &Value) -> &str {
    text(value).strip_prefix("URI:").unwrap()
}

fn identifier(method: &str, key: &PublicKey) -> Vec<u8> {
    match method {
        "SHA-1(BITSTRING) RFC5280 m1" => KeyIdentifierMethod::Sha1.identifier(key),
        "RFC7093 m1 SHA-256[:20] of BITSTRING" => KeyIdentifierMethod::Rfc7093Method1.identifier(key),
        other => panic!("{other}"),
    }
}

fn built(one: &Value, row: &Value, key: &PublicKey) -> Extension {
    let (value, critical) = (&one["v"], one["critical"].as_bool().unwrap());
    let list = || value.as_array().unwrap();
    let extension = match text(&one["name"]) {
        "KU" => Extension::key_usage(critical, usage(value)),
        "EKU" => Extension::extended_key_usage(critical, &purposes(value)),
        "BC" => {
            let path_length = value["pathLen"].as_u64().map(|length| u8::try_from(length).unwrap());
            Extension::basic_constraints(critical, value["cA"] == "ff", path_length)
        }
        "SKI" => {
            let identifier = identifier(text(&row["skiMethod"]), key);
            assert_eq!(hex(&identifier), text(value));
            Extension::subject_key_identifier(&identifier)
        }
        "AKI" => {
            let identifier = text(&list()[0]).strip_prefix("keyid:").unwrap();
            Extension::authority_key_identifier(&from_hex(identifier).unwrap())
        }
        "AIA" => {
            let method = |name| if name == "ocsp" { Access::Ocsp } else { Access::CaIssuers };
            let places: Vec<_> = list().iter().map(|one| (method(text(&one[0])), uri(&one[1]))).collect();
            Extension::authority_information_access(&places)
        }
        "CP" => {
            let policies = list().iter().map(|one| PolicyParts {
                policy: text(&one["oid"]).parse().unwrap(),
                cps: one.get("q").map(|qualifiers| text(&qualifiers[0][2])),
            });
            Extension::certificate_policies(critical, &policies.collect::<Vec<_>>())
        }
        "CDP" => {
            let uris = |point: &Value| point["dp"].as_array().unwrap().len();
            assert!(list().iter().all(|point| uris(point) == 1));
            let uris: Vec<_> = list().iter().map(|point| [uri(&point["dp"][0])]).collect();
            Extension::crl_distribution_points(&uris.iter().map(|one| &one[..]).collect::<Vec<_>>())
        }
        "NC" => {
            let excluded = text(&value["excluded"][0][0]).strip_prefix("DNS:").unwrap();
            Extension::name_constraints(critical, &[], &[GeneralNameParts::Dns(excluded)])
        }
        "ocsp-nocheck" => Ok(Extension::ocsp_no_check()),
        other => panic!("{other}"),
    };
    let extension = extension.unwrap();
    assert_eq!((extension.oid.to_string().as_str(), extension.critical), (text(&one["oid"]), critical));
    extension
}

fn tbs(row: &Value) -> (Vec<u8>, PublicKey) {
    let spki = from_hex(text(&row["spkiHex"])).unwrap();
    let key = PublicKey::from_spki_der(&spki).unwrap();
    assert_eq!(key.spki_sha256().to_string(), text(&row["spkiSHA256"]));
    let extensions = row["extensions"].as_array().unwrap().iter();
    let extensions: Vec<_> = extensions.map(|one| built(one, row, &key)).collect();
    let tbs = build::tbs_certificate(&CertificateParts {
        serial: SerialNumber::from_hex(text(&row["serialDERHex"])).unwrap().der_content(),
        algorithm: &from_hex(text(&row["signature"])).unwrap(),
        issuer: &name(&row["issuer"]),
        validity: Validity::new(time(&row["notBefore"]), time(&row["notAfter"])).unwrap(),
        subject: &name(&row["subject"]),
        spki: &spki,
        extensions: &extensions,
    });
    (tbs, key)
}

/// The file name and the to-be-signed octets of every profile; none where the profiles are not there.
fn real_certificates() -> Vec<(String, Vec<u8>)> {
    golden().into_iter().flatten().map(|row| (text(&row["file"]).to_owned(), tbs(&row).0)).collect()
}

#[test]
fn real_certificates_are_built_octet_for_octet() {
    for row in golden().into_iter().flatten() {
        let (tbs, _) = tbs(&row);
        assert_eq!(Digest::of(&tbs).to_string(), text(&row["tbsSHA256"]), "{}", row["file"]);
    }
}

#[test]
fn real_certificates_are_read_as_they_were_written() {
    for row in golden().into_iter().flatten() {
        let (tbs, key) = tbs(&row);
        let view = read::tbs_certificate(&tbs).unwrap();
        assert_eq!(view.octets(), tbs);
        assert_eq!(hex(view.serial_octets()), text(&row["serialDERHex"]));
        assert_eq!(hex(view.signature().octets()), text(&row["signature"]));
        assert_eq!(view.issuer(), name(&row["issuer"]));
        assert_eq!(view.subject(), name(&row["subject"]));
        assert_eq!(view.not_before().at(), time(&row["notBefore"]));
        assert_eq!(view.not_after().at(), time(&row["notAfter"]));
        assert_eq!(view.public_key().unwrap(), key);
        let values: BTreeMap<_, _> =
            row["extensions"].as_array().unwrap().iter().map(|one| (text(&one["name"]), &one["v"])).collect();
        let oids: Vec<_> = view.extensions().iter().map(|one| one.oid().to_string()).collect();
        let wanted = row["extensions"].as_array().unwrap().iter().map(|one| text(&one["oid"]));
        assert_eq!(oids, wanted.collect::<Vec<_>>());
        let extensions = view.extensions();
        assert_eq!(extensions.key_usage().unwrap().unwrap(), usage(values["KU"]));
        let constraints = extensions.basic_constraints().unwrap().unwrap();
        assert_eq!(constraints.path_length, values["BC"]["pathLen"].as_u64());
        assert_eq!(constraints.ca, values["BC"]["cA"] == "ff");
        assert_eq!(hex(extensions.subject_key_identifier().unwrap().unwrap()), text(values["SKI"]));
        let authority = extensions.authority_key_identifier().unwrap();
        let authority = authority.map(|one| format!("keyid:{}", hex(one.key_identifier.unwrap())));
        assert_eq!(authority.as_deref(), values.get("AKI").map(|value| text(&value[0])));
        let read = extensions.extended_key_usage().unwrap().map(|list| list.iter().collect::<Vec<_>>());
        let wanted = values.get("EKU").map(|value| purposes(value));
        assert_eq!(read.is_some(), wanted.is_some());
        assert!(
            read.into_iter().flatten().zip(wanted.into_iter().flatten()).all(|(read, wanted)| read == wanted)
        );
        let uris = extensions.authority_information_access().unwrap();
        let uris: Vec<_> =
            uris.iter().flat_map(|list| list.iter().map(|one| one.location.uri().unwrap())).collect();
        let wanted =
            values.get("AIA").map(|value| value.as_array().unwrap().iter().map(|one| uri(&one[1])).collect());
        assert_eq!(uris, wanted.unwrap_or_else(Vec::new));
        assert_eq!(extensions.find(extension::OCSP_NO_CHECK).is_some(), values.contains_key("ocsp-nocheck"));
    }
}

#[test]
fn the_roots_and_subordinate_cas_of_lets_encrypt_have_no_error() {
    let real = real_certificates();
    let current = |file: &str| {
        let made_lately = file.starts_with("2024/") || file.starts_with("gen-y/int-");
        made_lately
            || ["isrgrootx1.pem", "isrg-root-x2.pem", "gen-y/root-ye.pem", "gen-y/root-yr.pem"]
                .contains(&file)
    };
    let mut judged = 0;
    for (file, tbs) in real.iter().filter(|(file, _)| current(file)) {
        let certificate = Certificate::from_tbs(tbs).unwrap();
        let assessment = judge(&certificate, &Context::lint(Policy::PublicTls, recognise(certificate.tbs())));
        assert!(!assessment.has_error(), "{file}: {:?}", assessment.objections);
        judged += 1;
    }
    assert!(real.is_empty() || judged == 25, "{judged}");
}

fn rules(assessment: &Assessment) -> Vec<String> {
    assessment.objections.iter().map(|one| format!("{} {}", one.severity, one.rule)).collect()
}

#[test]
fn the_cross_certificates_that_stopped_lets_encrypt_are_refused_and_their_successors_are_not() {
    let real = real_certificates();
    let find = |name: &str| real.iter().find(|(file, _)| file == name).map(|(_, tbs)| tbs);
    for (file, existing, issuer) in [
        ("root-x2-by-x1.pem", "isrg-root-x2.pem", "isrgrootx1.pem"),
        ("root-ye-by-x2.pem", "gen-y/root-ye.pem", "isrg-root-x2.pem"),
        ("root-yr-by-x1.pem", "gen-y/root-yr.pem", "isrgrootx1.pem"),
    ] {
        for (folder, wanted) in [("gen-y", &[][..]), ("revoked", &["error XCA-05", "error XCA-06"])] {
            let Some(tbs) = find(&format!("{folder}/{file}")) else { continue };
            let [existing, issuer] = [existing, issuer]
                .map(|file| TbsCertificateView::read(find(file).unwrap(), &mut Faults::new()).unwrap());
            let certificate = Certificate::from_tbs(tbs).unwrap();
            let context = Context::lint(Policy::PublicTls, Kind::Cross)
                .with_issuer(issuer)
                .with_existing(&[existing])
                .with_signing_time(SigningTime::at(certificate.tbs().not_before().at()));
            let errors: Vec<_> = rules(&judge(&certificate, &context));
            let errors: Vec<_> = errors.iter().filter(|one| one.starts_with("error")).collect();
            assert_eq!(errors, wanted, "{folder}/{file}");
        }
    }
}

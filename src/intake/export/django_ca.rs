//! `django-ca`: the settings of a key backend on the token, and a script for its management shell that adds the CAs.
//!
//! `import_ca` of django-ca wants a private key, which nobody has; the script adds the rows that it would have added.
//! Source: django-ca 3.2 `key_backends/hsm`, `models.CertificateAuthority`.

use super::general::{key_place, pretty};
use super::{Certificate, Chain, ExportError, ExportedFile, Handover, Server, Setting};
use crate::digest::from_hex;
use crate::pki::KeyAlgorithm;
use serde_json::{Value, json};

/// The certificate manager for Django.
#[derive(Debug)]
pub struct DjangoCa;

const NAME: &str = "django-ca";

impl Server for DjangoCa {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next(&self) -> &'static str {
        "append settings.py to the project's settings, put the token's PIN into the file that it names, and run \
         `manage.py shell < add.py`"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let issuers = handover.subordinates(setting.certificate.as_deref())?;
        let mut files = Vec::new();
        let mut rows = Vec::new();
        for issuer in &issuers {
            let no_root = || ExportError::NoRoot { name: issuer.name.clone() };
            let chain = Chain::all(handover, issuer).into_iter().next().ok_or_else(no_root)?;
            files.push(ExportedFile::new(format!("{}.pem", issuer.name), issuer.pem()));
            rows.push(row(issuer, &chain, setting)?);
        }
        files.push(ExportedFile::new("settings.py", settings(issuers.first().copied(), setting)?));
        files.push(ExportedFile::new("authorities.json", pretty(&Value::Array(rows))));
        let add = ADD.replace("@AUTHORITIES@", &python(&setting.at("authorities.json")));
        files.push(ExportedFile::new("add.py", add));
        Ok(files)
    }
}

fn row(issuer: &Certificate, chain: &Chain<'_>, setting: &Setting) -> Result<Value, ExportError> {
    let place = key_place(issuer, setting);
    let id = place.id.ok_or_else(|| unknown("the CKA_ID of the key", issuer, "--key-id"))?;
    let label = place.label.ok_or_else(|| unknown("the label of the key", issuer, "--key-label"))?;
    // It keeps a CKA_ID as text and gives the token the octets of that text.
    let ascii = from_hex(&id)
        .and_then(|octets| String::from_utf8(octets).ok())
        .filter(|text| text.bytes().all(|octet| octet.is_ascii_graphic()));
    let wrong =
        |found: String, wanted| ExportError::Key { server: NAME, name: issuer.name.clone(), found, wanted };
    let id = ascii
        .ok_or_else(|| wrong(format!("the one with the CKA_ID {id}"), "a CKA_ID of ASCII characters"))?;
    let key_type = match issuer.algorithm {
        Some(algorithm) if algorithm.rsa_bits().is_some() => "RSA",
        Some(algorithm) if algorithm.curve().is_some() => "EC",
        Some(KeyAlgorithm::Ed25519) => "Ed25519",
        _ => return Err(wrong(issuer.key_kind(), "RSA, an elliptic curve or Ed25519")),
    };
    Ok(json!({
        "name": issuer.name,
        "certificate": issuer.pem(),
        "chain": chain.certificates().iter().skip(1).map(|one| one.pem()).collect::<Vec<_>>(),
        "enabled": setting.state.issues(),
        "acme_enabled": setting.state.issues(),
        "key_backend_options": {"key_id": id, "key_label": label, "key_type": key_type},
        "sign_crl_url": setting.crl_url.as_ref().map(|base| format!("{base}{}.crl", issuer.name)),
        "sign_issuer_url": setting.issuer_url.as_ref().map(|base| format!("{base}{}.der", issuer.name)),
    }))
}

fn settings(issuer: Option<&Certificate>, setting: &Setting) -> Result<String, ExportError> {
    let Some(issuer) = issuer else { return Ok(String::new()) };
    let module = setting.module.as_ref().ok_or_else(|| unknown("the PKCS#11 module", issuer, "--module"))?;
    let token =
        key_place(issuer, setting).token.ok_or_else(|| unknown("the token's label", issuer, "--token"))?;
    let pin =
        setting.pin_file.as_ref().ok_or_else(|| unknown("the file with the PIN", issuer, "--pin-file"))?;
    Ok(SETTINGS
        .replace("@MODULE@", &python(module))
        .replace("@TOKEN@", &python(&token))
        .replace("@PIN_FILE@", &python(pin)))
}

fn unknown(what: &'static str, issuer: &Certificate, option: &'static str) -> ExportError {
    ExportError::Unknown { server: NAME, what, name: issuer.name.clone(), option }
}

/// A string of Python: JSON's, which has the same escapes.
fn python(text: &str) -> String {
    Value::from(text).to_string()
}

const SETTINGS: &str = r#"# The keys of the subordinate CAs, on their token. It holds no secret: the PIN is in a file of its own.
from pathlib import Path as _Path

CA_KEY_BACKENDS = {
    "default": {
        "BACKEND": "django_ca.key_backends.hsm.HSMBackend",
        "OPTIONS": {
            "library_path": @MODULE@,
            "token": @TOKEN@,
            "user_pin": _Path(@PIN_FILE@).read_text().strip(),
        },
    },
}
"#;

const ADD: &str = r#"# Adds the subordinate CAs whose keys are on the token, and the certificates above them without keys.
import json
from pathlib import Path

from cryptography import x509
from django_ca.models import CertificateAuthority


def add(name, pem, parent, **fields):
    """One row; one that is there already is left as it is."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    authority = CertificateAuthority(name=name, parent=parent, ocsp_key_backend_alias="default", **fields)
    authority.update_certificate(certificate)
    found = CertificateAuthority.objects.filter(serial=authority.serial).first()
    if found is not None:
        return found
    authority.full_clean(exclude=["parent"])
    authority.save()
    return authority


for row in json.loads(Path(@AUTHORITIES@).read_text()):
    parent = None
    for above, pem in reversed(list(enumerate(row["chain"], 1))):
        parent = add(f"{row['name']}-above-{above}", pem, parent, enabled=False, key_backend_alias="default", key_backend_options={})
    urls = {}
    if row["sign_crl_url"]:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(row["sign_crl_url"])], None, None, None)
        urls["sign_crl_distribution_points"] = x509.Extension(
            x509.CRLDistributionPoints.oid, False, x509.CRLDistributionPoints([point])
        )
    add(
        row["name"],
        row["certificate"],
        parent,
        enabled=row["enabled"],
        acme_enabled=row["acme_enabled"],
        key_backend_alias="default",
        key_backend_options=row["key_backend_options"],
        **urls,
    )
"#;

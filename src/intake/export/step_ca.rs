//! `step-ca`: one configuration for each subordinate CA, whose key stays on its token.
//!
//! step-ca takes a chain without asking whether the root signed it: what it is given here was verified before.
//! Sources: smallstep/certificates 0.19 `authority/config`, `kms/pkcs11`, `kms/uri`; RFC 7512.

use serde_json::json;

use super::general::{key_place, pretty};
use super::{Certificate, Chain, ExportError, ExportedFile, Handover, KeyPlace, Server, Setting};

/// Smallstep's server.
#[derive(Debug)]
pub struct StepCa;

const NAME: &str = "step-ca";

impl Server for StepCa {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next(&self) -> &'static str {
        "put the token's PIN into the file that `kms` names, readable by the server alone, and start `step-ca <name>/ca.json`"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let mut files = Vec::new();
        for issuer in handover.subordinates(setting.certificate.as_deref())? {
            let no_root = || ExportError::NoRoot { name: issuer.name.clone() };
            let chain = Chain::all(handover, issuer).into_iter().next().ok_or_else(no_root)?;
            let root = chain.root().ok_or_else(no_root)?;
            let path = |file: &str| format!("{}/{file}", issuer.name);
            files.push(ExportedFile::new(path("chain.pem"), Chain::pem(chain.sent())));
            files.push(ExportedFile::new(path("root.pem"), root.pem()));
            files.push(ExportedFile::new(path("ca.json"), configuration(issuer, setting)?));
        }
        Ok(files)
    }
}

fn configuration(issuer: &Certificate, setting: &Setting) -> Result<String, ExportError> {
    let place = key_place(issuer, setting);
    let path = |file: &str| setting.at(&format!("{}/{file}", issuer.name));
    let host = setting.acme_url.as_deref().map(host);
    let (name, port) = host.unwrap_or(("localhost", "443"));
    // A provisioner that claims nothing would issue for a day, which is step-ca's own default.
    let claims = json!({"defaultTLSCertDuration": "2160h", "maxTLSCertDuration": "2160h"});
    let provisioners = if setting.state.issues() {
        json!([{"type": "ACME", "name": "acme", "forceCN": false, "claims": claims}])
    } else {
        json!([])
    };
    Ok(pretty(&json!({
        "root": path("root.pem"),
        "crt": path("chain.pem"),
        "key": key(issuer, &place)?,
        "kms": {"type": "pkcs11", "uri": module(issuer, &place, setting)?},
        "address": format!(":{port}"),
        "dnsNames": [name],
        "db": {"type": "badgerv2", "dataSource": setting.data_at(&format!("{}/db", issuer.name))},
        "logger": {"format": "json"},
        "authority": {"provisioners": provisioners},
        "tls": {"minVersion": 1.2, "maxVersion": 1.3, "renegotiation": false},
    })))
}

/// Host and port of a URL.
fn host(url: &str) -> (&str, &str) {
    let (default, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => ("443", rest),
        (_, Some(rest)) => ("80", rest),
        _ => ("443", url),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit()) => {
            (host, port)
        }
        _ => (authority, default),
    }
}

/// `pkcs11:id=…;object=…`: what is known of the key.
fn key(issuer: &Certificate, place: &KeyPlace) -> Result<String, ExportError> {
    let id = place.id.as_ref().map(|id| format!("id={id}"));
    let label = place.label.as_ref().map(|label| format!("object={}", escaped(label)));
    let known: Vec<_> = id.into_iter().chain(label).collect();
    if known.is_empty() {
        return Err(unknown("the label or the CKA_ID of the key", issuer, "--key-label or --key-id"));
    }
    Ok(format!("pkcs11:{}", known.join(";")))
}

fn module(issuer: &Certificate, place: &KeyPlace, setting: &Setting) -> Result<String, ExportError> {
    let module = setting.module.as_ref().ok_or_else(|| unknown("the PKCS#11 module", issuer, "--module"))?;
    let token = place.token.as_ref().ok_or_else(|| unknown("the token's label", issuer, "--token"))?;
    let pin =
        setting.pin_file.as_ref().ok_or_else(|| unknown("the file with the PIN", issuer, "--pin-file"))?;
    Ok(format!("pkcs11:module-path={};token={}?pin-source={}", escaped(module), escaped(token), escaped(pin)))
}

fn unknown(what: &'static str, issuer: &Certificate, option: &'static str) -> ExportError {
    ExportError::Unknown { server: NAME, what, name: issuer.name.clone(), option }
}

/// Percent-encoded, but for what no reader of a `pkcs11:` URI takes for anything else.
fn escaped(text: &str) -> String {
    let plain =
        |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'/');
    text.bytes()
        .map(|octet| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_label_ends_a_uri_or_a_part_of_it() {
        assert_eq!(escaped("/usr/lib/a-b_c.so"), "/usr/lib/a-b_c.so");
        assert_eq!(escaped("a b;c?d&e+f%g=é"), "a%20b%3Bc%3Fd%26e%2Bf%25g%3D%C3%A9");
    }

    #[test]
    fn a_host_may_have_a_port() {
        assert_eq!(host("https://acme.example.org"), ("acme.example.org", "443"));
        assert_eq!(host("http://acme.example.org/x"), ("acme.example.org", "80"));
        assert_eq!(host("https://acme.example.org:9000/x"), ("acme.example.org", "9000"));
        assert_eq!(host("https://[::1]"), ("[::1]", "443"));
    }
}

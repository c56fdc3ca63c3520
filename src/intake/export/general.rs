//! `export.json`, which every export has: what was exported, from which head, and everything that the next tool may ask.

use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::Chain;
use super::handover::{Certificate, Crl, Handover, KeyPlace, Role};
use super::setting::Setting;
use crate::pki::pem;

/// The file.
pub const FILE: &str = "export.json";

/// The whole description, with a line feed at its end.
pub fn describe(format: &str, handover: &Handover, setting: &Setting) -> String {
    let issuers = handover.subordinates(setting.certificate.as_deref()).unwrap_or_default();
    let roots = handover.certificates.iter().filter(|one| one.role == Role::Root);
    pretty(&json!({
        "rootrite-export": 1,
        "format": format,
        "practice": handover.practice,
        "ceremony": handover.ceremony,
        "log": {"origin": handover.origin, "size": handover.size, "root": handover.root},
        "issuers": issuers.iter().map(|one| issuer(one, handover, setting)).collect::<Vec<_>>(),
        "roots": roots.map(|one| root(one, handover)).collect::<Vec<_>>(),
    }))
}

fn issuer(one: &Certificate, handover: &Handover, setting: &Setting) -> Value {
    let place = key_place(one, setting);
    let chains = Chain::all(handover, one);
    json!({
        "name": one.name,
        "state": setting.state.name(),
        "certificate": {"pem": one.pem(), "sha256": one.sha256().to_string()},
        "subject": one.subject,
        "serial": one.serial,
        "not_before": one.not_before.to_string(),
        "not_after": one.not_after.to_string(),
        "spki_sha256": one.spki_sha256.to_string(),
        "boulder_name_id": name_id(one).to_string(),
        "key": {
            "kind": one.key_kind(),
            "module": setting.module,
            "token": place.token.or_else(|| setting.token.clone()),
            "label": place.label,
            "id": place.id,
            "log_token": one.key.token,
        },
        "policies": one.policies,
        "issuer_urls": one.issuer_urls,
        "crl_urls": one.crl_urls,
        "chains": chains.iter().map(|chain| json!({
            "names": chain.names(),
            "pem": Chain::pem(chain.certificates()),
            "root_spki_sha256": chain.root().map(|root| root.spki_sha256.to_string()),
        })).collect::<Vec<_>>(),
        "leaf_crl_url_base": setting.crl_url,
        "leaf_issuer_url_base": setting.issuer_url,
    })
}

fn root(one: &Certificate, handover: &Handover) -> Value {
    json!({
        "name": one.name,
        "certificate": {"pem": one.pem(), "sha256": one.sha256().to_string()},
        "spki_sha256": one.spki_sha256.to_string(),
        "not_after": one.not_after.to_string(),
        "crls": handover.crls_of(one).map(crl).collect::<Vec<_>>(),
    })
}

fn crl(one: &Crl) -> Value {
    json!({
        "name": one.name,
        "sha256": crate::digest::Digest::of(&one.der).to_string(),
        "number": one.number,
        "this_update": one.this_update.to_string(),
        "next_update": one.next_update.map(|next| next.to_string()),
    })
}

/// Where the key of a certificate is: what the online side says, and for the rest what the log says.
///
/// The log's name of the token is none of it: only the site of the ceremony knew which device that was.
pub fn key_place(one: &Certificate, setting: &Setting) -> KeyPlace {
    let told = setting.keys.get(&one.spki_sha256).cloned().unwrap_or_default();
    KeyPlace {
        token: told.token.or_else(|| setting.token.clone()),
        label: told.label.or_else(|| one.key.label.clone()),
        id: told.id.or_else(|| one.key.id.clone()),
    }
}

/// Boulder's short name of an issuer: the first 7 octets of SHA-1 of the subject, most significant first.
pub fn name_id(one: &Certificate) -> u64 {
    Sha1::digest(&one.subject_der).iter().take(7).fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// JSON for people, with a line feed at its end.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A CRL as PEM.
pub fn crl_pem(one: &Crl) -> String {
    pem::write(pem::CRL, &one.der)
}

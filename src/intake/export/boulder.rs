//! `boulder`: issuers and chains as files, and the fragments of each component's configuration that name them.
//!
//! A PKCS#11 configuration of Boulder holds the PIN itself: what is written here holds the placeholder [`PIN`], and
//! whoever installs it puts the PIN there. Source: letsencrypt/boulder `test/config`, `issuance`, `crl/idp`.

use serde_json::{Value, json};

use super::general::{key_place, name_id, pretty};
use super::{Certificate, Chain, ExportError, ExportedFile, Handover, Server, Setting};

/// Let's Encrypt's server.
#[derive(Debug)]
pub struct Boulder;

const NAME: &str = "boulder";

/// What stands where the PIN has to.
const PIN: &str = "@PIN@";

impl Server for Boulder {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next(&self) -> &'static str {
        "replace `@PIN@` in issuers/*.pkcs11.json on the server, and merge the fragments into its configuration; \
         it needs an RSA and an ECDSA issuer"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let issuers = handover.subordinates(setting.certificate.as_deref())?;
        let mut files = Vec::new();
        let (mut entries, mut chains) = (Vec::new(), Vec::new());
        for issuer in &issuers {
            files.push(ExportedFile::private(key_file(issuer), key(issuer, setting)?));
            entries.push(entry(issuer, setting)?);
            let all = Chain::all(handover, issuer);
            if all.is_empty() {
                return Err(ExportError::NoRoot { name: issuer.name.clone() });
            }
            chains.extend(all);
        }
        let mut written: Vec<&str> = Vec::new();
        for one in chains.iter().flat_map(Chain::certificates) {
            if !written.contains(&one.name.as_str()) {
                files.push(ExportedFile::new(certificate_file(one), one.pem()));
                written.push(&one.name);
            }
        }
        let at = |one: &Certificate| setting.at(&certificate_file(one));
        let certificates: Vec<_> = issuers.iter().map(|one| at(one)).collect();
        let chains: Vec<Vec<_>> =
            chains.iter().map(|chain| chain.certificates().iter().map(|one| at(one)).collect()).collect();
        let mut fragment =
            |name: &str, value: &Value| files.push(ExportedFile::new(format!("{name}.json"), pretty(value)));
        fragment("ca", &json!({"ca": {"issuance": {"issuers": entries}}}));
        fragment("ra", &json!({"ra": {"issuerCerts": certificates}}));
        fragment("crl-updater", &json!({"crlUpdater": {"issuerCerts": certificates}}));
        fragment("crl-storer", &json!({"crlStorer": {"issuerCerts": certificates}}));
        fragment("publisher", &json!({"publisher": {"chains": chains}}));
        fragment("wfe2", &json!({"wfe": {"chains": chains}}));
        Ok(files)
    }
}

fn key_file(one: &Certificate) -> String {
    format!("issuers/{}.pkcs11.json", one.name)
}

fn certificate_file(one: &Certificate) -> String {
    format!("certificates/{}.cert.pem", one.name)
}

/// Boulder finds the key by the public key on the token: that object has to be there.
fn key(issuer: &Certificate, setting: &Setting) -> Result<String, ExportError> {
    let module = setting.module.as_ref().ok_or_else(|| unknown("the PKCS#11 module", issuer, "--module"))?;
    let token =
        key_place(issuer, setting).token.ok_or_else(|| unknown("the token's label", issuer, "--token"))?;
    Ok(pretty(&json!({"module": module, "tokenLabel": token, "pin": PIN})))
}

fn entry(issuer: &Certificate, setting: &Setting) -> Result<Value, ExportError> {
    let base = |url: &Option<String>, what, option| url.clone().ok_or_else(|| unknown(what, issuer, option));
    let crl_url = base(&setting.crl_url, "what the URLs of its CRLs begin with", "--crl-url")?;
    let issuer_url =
        base(&setting.issuer_url, "what the URL of its certificate begins with", "--issuer-url")?;
    if setting.state.issues() && setting.profiles.is_empty() {
        return Err(unknown("the profiles to issue by", issuer, "--profile"));
    }
    // Without a profile an issuer signs CRLs only.
    let profiles = if setting.state.issues() { setting.profiles.as_slice() } else { &[] };
    Ok(json!({
        "profiles": profiles,
        "crlShards": 1,
        "issuerURL": format!("{issuer_url}{}.der", issuer.name),
        "crlURLBase": format!("{crl_url}{}/", name_id(issuer)),
        "location": {
            "configFile": setting.at(&key_file(issuer)),
            "certFile": setting.at(&certificate_file(issuer)),
            "numSessions": 2,
        },
    }))
}

fn unknown(what: &'static str, issuer: &Certificate, option: &'static str) -> ExportError {
    ExportError::Unknown { server: NAME, what, name: issuer.name.clone(), option }
}

//! `acme-proxy`: one configuration for each subordinate CA, whose key stays on its token.
//!
//! acme-proxy compares key and certificate and takes a chain without asking whether the root signed it: what it is given
//! here was verified before. Source: acme-proxy 0.7 `config.toml.example`.

use std::fmt::Write as _;

use super::general::key_place;
use super::{Certificate, Chain, ExportError, ExportedFile, Handover, Server, Setting};
use crate::pki::Curve;

/// acme-proxy, built with its feature `hsm`.
#[derive(Debug)]
pub struct AcmeProxy;

const NAME: &str = "acme-proxy";

impl Server for AcmeProxy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next(&self) -> &'static str {
        "put the token's PIN into the file that `pin_file` names, readable by the server alone, and start `acme-proxy` in `<name>`"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let mut files = Vec::new();
        let wanted = handover.subordinates(setting.certificate.as_deref())?;
        // It has no use for other keys; of several subordinate CAs the others are left out, a named one is refused.
        let (usable, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|one| is_usable(one));
        if let (true, Some(one)) = (usable.is_empty(), others.first()) {
            return Err(ExportError::Key {
                server: NAME,
                name: one.name.clone(),
                found: one.key_kind(),
                wanted: "ecdsa-p256 or ecdsa-p384",
            });
        }
        for issuer in usable {
            let no_root = || ExportError::NoRoot { name: issuer.name.clone() };
            let chain = Chain::all(handover, issuer).into_iter().next().ok_or_else(no_root)?;
            let path = |file: &str| format!("{}/{file}", issuer.name);
            files.push(ExportedFile::new(path("chain.pem"), Chain::pem(chain.certificates())));
            files.push(ExportedFile::new(path("config.toml"), configuration(issuer, setting)?));
        }
        Ok(files)
    }
}

fn is_usable(one: &Certificate) -> bool {
    matches!(one.algorithm.and_then(crate::pki::KeyAlgorithm::curve), Some(Curve::P256 | Curve::P384))
}

fn configuration(issuer: &Certificate, setting: &Setting) -> Result<String, ExportError> {
    let place = key_place(issuer, setting);
    let unknown =
        |what, option| ExportError::Unknown { server: NAME, what, name: issuer.name.clone(), option };
    let module = setting.module.as_deref().ok_or_else(|| unknown("the PKCS#11 module", "--module"))?;
    let token = place.token.as_deref().ok_or_else(|| unknown("the token's label", "--token"))?;
    let label = place.label.as_deref().ok_or_else(|| unknown("the label of the key", "--key-label"))?;
    let pin = setting.pin_file.as_deref().ok_or_else(|| unknown("the file with the PIN", "--pin-file"))?;
    let path = |file: &str| setting.at(&format!("{}/{file}", issuer.name));
    let data = |file: &str| setting.data_at(&format!("{}/{file}", issuer.name));
    let urls = |base: &Option<String>, end: &str| {
        base.iter().map(|base| quoted(&format!("{base}{}{end}", issuer.name))).collect::<Vec<_>>().join(", ")
    };
    let acme = setting.acme_url.as_deref().unwrap_or("https://localhost");
    let mut text = String::new();
    let mut line = |text_of_line: String| {
        let _ = writeln!(text, "{text_of_line}");
    };
    line(format!(
        "# The subordinate CA {}, made from a bundle that verified. It holds no secret.",
        issuer.name
    ));
    line(format!("[database]\nurl = {}\n", quoted(&format!("sqlite://{}", data("acme-proxy.db")))));
    line(format!("[server]\nbind_address = \"127.0.0.1:3000\"\nbase_url = {}\n", quoted(acme)));
    if !setting.state.issues() {
        line(format!("# {}: nothing is answered but its CRL.", setting.state.name()));
        line("[filter]\nrules = [\"crl-only\"]\ndefault = \"deny\"\n".to_owned());
        line("[filter.check.crl]\ntype = \"path\"\nallow = [\"/crl\"]\n".to_owned());
        line("[filter.rule.crl-only]\nwhen = \"crl\"\nthen = \"allow\"\n".to_owned());
    }
    line(format!(
        "[signer]\nbackend = \"local_ca\"\n\n[signer.local_ca]\ncert_path = {}\nkey_source = \"pkcs11\"\ncrl_path = {}",
        quoted(&path("chain.pem")),
        quoted(&data(&format!("{}.crl", issuer.name))),
    ));
    line(format!(
        "crl_distribution_points = [{}]\nca_issuer_urls = [{}]\n",
        urls(&setting.crl_url, ".crl"),
        urls(&setting.issuer_url, ".der")
    ));
    line(format!(
        "[signer.local_ca.pkcs11]\nmodule_path = {}\ntoken_label = {}\nkey_label = {}",
        quoted(module),
        quoted(token),
        quoted(label)
    ));
    if let Some(id) = &place.id {
        line(format!("key_id = {}", quoted(id)));
    }
    line(format!("pin_file = {}\n", quoted(pin)));
    line("# Its directory is at /profile/default/directory of `base_url`.\n[profiles.default]".to_owned());
    Ok(text)
}

/// A basic string of TOML. What a setting holds has no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_in_a_label_ends_a_string() {
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
    }
}

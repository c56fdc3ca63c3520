//! The certificate signing requests of a bundle: each is what its record says, and proves that its key was there.

use ceremony_log::code::Code;

use super::artifacts::Artifacts;
use super::report::Report;
use crate::pki::read::{self, RequestView};
use crate::pki::verify_signature;

/// A request has a few KiB; this is what is read of one.
const MOST_OCTETS: u64 = 64 * 1024;

/// Judges every request.
pub fn judge(artifacts: &Artifacts<'_>, report: &mut Report) {
    for (sha256, named) in artifacts.all().filter(|(_, named)| named.kind == "request") {
        let Some(der) = artifacts.octets(sha256, MOST_OCTETS, report) else { continue };
        let path = artifacts.path(sha256);
        let view = match read::request(&der) {
            Ok(view) => view,
            Err(error) => {
                report.find(Code::E181, &path, format!("it cannot be read as a request: {error}"));
                continue;
            }
        };
        if let Err(why) = possession(&view) {
            report.find(Code::E181, &path, format!("its own key did not sign it: {why}"));
        }
        let found = view.info().sha256().to_string();
        if named.intended("tbs_sha256").is_some_and(|wanted| wanted != found) {
            let message = format!(
                "the to-be-signed octets have the digest {found}; the intent of record {} has another",
                named.seq
            );
            report.find(Code::E175, &path, message);
        }
    }
}

fn possession(view: &RequestView<'_>) -> Result<(), String> {
    let key = view.info().public_key().map_err(|error| error.to_string())?;
    let algorithm = view.signature_algorithm().signature_algorithm().ok_or("unknown signature algorithm")?;
    verify_signature(&key, algorithm, view.info().octets(), view.signature())
        .map_err(|error| error.to_string())
}

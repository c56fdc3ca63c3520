//! The responder is named by its subject or by SHA-1 of its key, whatever its key identifier is. RFC 6960 §4.2.1.

use super::{Judge, Ocsp};
use sha1::{Digest as _, Sha1};

use super::signer;
use crate::digest::hex;
use crate::pki::read::ResponderId;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-07",
    requires: "the responder id is the signer's subject, or SHA-1 of the signer's key bits",
    source: "RFC 6960 §4.2.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let signer = signer(context)?;
    match response.tbs().responder() {
        ResponderId::ByName(name) if name == signer.subject() => PASS,
        ResponderId::ByName(name) => must(format!("the responder is `{name}`; the signer is `{}`", signer.subject())),
        ResponderId::ByKey(found) => {
            let wanted = match signer.public_key() {
                Ok(key) => Sha1::digest(key.bit_string_content()),
                Err(error) => return must(format!("the signer's key cannot be used: {error}")),
            };
            if found == wanted.as_slice() {
                PASS
            } else {
                must(format!("the responder is {}; SHA-1 of the signer's key is {}", hex(found), hex(&wanted)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::rule::sample::{name, root_key};

    #[test]
    fn it_is_the_signers_name_or_key() {
        OcspSample::new().passes(&RULE);
        OcspSample::new().but(|one| one.by_key = root_key()).fails(&RULE, "SHA-1 of the signer's key");
        OcspSample::new().but(|one| one.by_name = Some(name("Root X1 OCSP"))).passes(&RULE);
        OcspSample::new().but(|one| one.by_name = Some(name("Root X1"))).fails(&RULE, "the signer is");
    }
}

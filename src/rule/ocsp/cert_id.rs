//! Every answer names the issuer by the digests of its name and key. RFC 6960 §4.1.1.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::pki::build::CertIdHash;
use crate::pki::serial::SerialNumber;
use crate::rule::{Context, Findings, Judgement, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-12",
    requires: "every CertID has SHA-1 or SHA-256 digests of the issuer's subject and key bits, and a serial number in its shortest form",
    source: "RFC 6960 §4.1.1; RFC 5019 §2.1.1; RFC 9919",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let issuer = context.issuer()?;
    let key = match issuer.public_key() {
        Ok(key) => key,
        Err(error) => return must(format!("the issuer's key cannot be used: {error}")),
    };
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        let id = single.cert_id;
        let serial = hex(id.serial);
        if let Err(error) = SerialNumber::from_der_content(id.serial) {
            findings.must(format!("the answer about {serial}: {error}"));
        }
        // The parameters may be NULL or absent: clients send both.
        let found = id.hash_algorithm.octets();
        let hash = [CertIdHash::Sha1, CertIdHash::Sha256].into_iter().find(|hash| is_hash(*hash, found));
        let Some(hash) = hash else {
            findings.must(format!("the CertID of {serial} is by {}; wanted SHA-1 or SHA-256", hex(found)));
            continue;
        };
        if id.issuer_name_hash != hash.digest(issuer.subject().octets()) {
            findings.must(format!("the issuer's name in the CertID of {serial} is another's"));
        }
        if id.issuer_key_hash != hash.digest(key.bit_string_content()) {
            findings.must(format!("the issuer's key in the CertID of {serial} is another's"));
        }
    }
    findings.verdict()
}

/// Whether these octets are the AlgorithmIdentifier of a hash function, with or without NULL.
fn is_hash(hash: CertIdHash, octets: &[u8]) -> bool {
    let with_null = hash.der();
    match (with_null.split_first_chunk::<2>(), octets.split_first_chunk::<2>()) {
        (Some((_, wanted)), Some((_, found))) => wanted == found || wanted.strip_suffix(&[5, 0]) == Some(found),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::build::CertIdHash;
    use crate::rule::sample::{name, subordinate_key};

    #[test]
    fn digests_are_of_the_issuer() {
        for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
            let sample = || OcspSample::new().but(|one| one.hash = hash);
            sample().passes(&RULE);
            sample().but(|one| one.issuer = name("Root X2")).fails(&RULE, "name in the CertID");
            sample().but(|one| one.issuer_key = subordinate_key()).fails(&RULE, "key in the CertID");
        }
        OcspSample::new().replacing("300906052b0e03021a0500", "300906052b0e03021b0500").fails(&RULE, "wanted SHA-1");
        OcspSample::new().replacing("02110102", "02118102").fails(&RULE, "negative");
    }
}

//! A CRL names its issuer's key and has a number. BR §7.2.2.

use super::{Crl, Judge};
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-06",
    requires: "there are an authority key identifier, the issuer's subject key identifier alone, and a CRL number below 2^159, both not critical",
    source: "BR 2.2.6 §7.2.2; RFC 5280 §5.2.1, §5.2.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for (oid, what) in [
        (extension::AUTHORITY_KEY_IDENTIFIER, "authority key identifier"),
        (extension::CRL_NUMBER, "CRL number"),
    ] {
        match crl.extensions().find(oid) {
            None => findings.must(format!("there is no {what}")),
            Some(found) if found.critical() => findings.must(format!("the {what} is critical")),
            Some(_) => {}
        }
    }
    match crl.extensions().crl_number()? {
        Some([0x80..=0xff, ..]) => findings.must("the CRL number is negative"),
        Some(octets) if octets.len() > 20 => findings.must("the CRL number is 2^159 or more"),
        _ => {}
    }
    let mut oids: Vec<_> = crl.extensions().iter().map(|one| one.oid()).collect();
    oids.sort_unstable();
    if let Some([twice, ..]) = oids.chunk_by(|left, right| left == right).find(|same| same.len() > 1) {
        findings.must(format!("the extension {twice} is there twice"));
    }
    if let Some(found) = crl.extensions().authority_key_identifier()? {
        if found.issuer.is_some() || found.serial.is_some() {
            findings.must("the authority key identifier has more than a keyIdentifier");
        }
        let wanted = context.issuer()?.extensions().subject_key_identifier()?;
        if found.key_identifier != wanted {
            findings.must(format!(
                "the authority key identifier is {}; the issuer's subject key identifier is {}",
                found.key_identifier.map_or("empty".to_owned(), hex),
                wanted.map_or("absent".to_owned(), hex)
            ));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension;
    use crate::rule::sample::{identifier, subordinate_key};

    #[test]
    fn both_are_there_and_not_critical() {
        let crl = CrlSample::new;
        crl().passes(&RULE);
        for oid in [extension::AUTHORITY_KEY_IDENTIFIER, extension::CRL_NUMBER] {
            crl().but(|crl| crl.extensions.retain(|one| one.oid != oid)).fails(&RULE, "there is no");
            let turned = crl().extensions.into_iter().find(|one| one.oid == oid).unwrap();
            crl().with(Extension { critical: true, ..turned }).fails(&RULE, "is critical");
        }
        let other = Extension::authority_key_identifier(&identifier(&subordinate_key())).unwrap();
        crl().with(other).fails(&RULE, "subject key identifier is");
        crl().but(|crl| crl.extensions.push(crl.extensions[1].clone())).fails(&RULE, "twice");
    }

    #[test]
    fn the_number_is_from_0_to_2_to_the_159th() {
        let number = |octets: &[u8]| CrlSample::new().with(Extension::large_crl_number(octets));
        number(&[0]).passes(&RULE);
        number(&[0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).passes(&RULE);
        number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).fails(&RULE, "2^159");
        let negative = Extension::new(extension::CRL_NUMBER, false, vec![2, 1, 0x80]);
        CrlSample::new().with(negative).fails(&RULE, "negative");
    }
}

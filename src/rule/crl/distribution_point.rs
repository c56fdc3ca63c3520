//! An issuing distribution point is critical and says one thing. RFC 5280 §5.2.5; BR §7.2.2.1.

use super::{Crl, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-13",
    requires: "an issuing distribution point is critical, not indirect, not for attribute certificates, not for some reasons, and for one kind at most",
    source: "BR 2.2.6 §7.2.2.1; RFC 5280 §5.2.5",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let Some(found) = crl.extensions().find(extension::ISSUING_DISTRIBUTION_POINT) else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    if !found.critical() {
        findings.must("the issuing distribution point is not critical");
    }
    let Some(point) = crl.extensions().issuing_distribution_point()? else { return findings.verdict() };
    if found.value() == [0x30, 0] {
        findings.must("the issuing distribution point is empty");
    }
    if point.indirect {
        findings.must("the CRL is indirect");
    }
    if point.only_attribute_certificates {
        findings.must("the CRL is only about attribute certificates");
    }
    if point.only_ca_certificates && point.only_user_certificates {
        findings.must("the CRL is only about CA certificates and only about user certificates");
    }
    if point.only_some_reasons.is_some() {
        findings.should("the CRL is only about some reasons");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::digest::from_hex;
    use crate::pki::build::{CrlScope, Extension};
    use crate::pki::oid::extension::ISSUING_DISTRIBUTION_POINT;

    #[test]
    fn it_is_critical_and_says_one_thing() {
        let with = |critical, value: &str| {
            let value = from_hex(value).unwrap();
            CrlSample::new().with(Extension::new(ISSUING_DISTRIBUTION_POINT, critical, value))
        };
        let scope = CrlScope { uris: &["http://x1.c.example.org/"], ..CrlScope::default() };
        CrlSample::new().passes(&RULE);
        CrlSample::new().with(Extension::issuing_distribution_point(&scope).unwrap()).passes(&RULE);
        with(true, "30038201ff").passes(&RULE);
        with(false, "30038201ff").fails(&RULE, "not critical");
        with(true, "3000").fails(&RULE, "empty");
        with(true, "30038401ff").fails(&RULE, "indirect");
        with(true, "30038501ff").fails(&RULE, "attribute certificates");
        with(true, "30068101ff8201ff").fails(&RULE, "only about user certificates");
        with(true, "3004830206c0").fails(&RULE, "some reasons");
    }
}

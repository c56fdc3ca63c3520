//! A cross-certificate has the name and the key of the CA it certifies, octet for octet. BR §7.1.2.2.

use super::{Certificate, Judge};
use crate::pki::oid::attribute;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-01",
    requires: "a cross-certificate's subject and key are those of the certificate being cross-signed, octet for octet; where the script says so, the organization may be spelled otherwise",
    source: "BR 2.2.6 §7.1.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let (tbs, (existing, _)) = (certificate.tbs(), context.existing()?);
    let mut findings = Findings::new();
    if tbs.subject() != existing.subject() {
        let (found, wanted) = (tbs.subject(), existing.subject());
        let organization = attribute::ORGANIZATION;
        if context.organization_may_differ() && found.is_same_but_for(organization, &wanted) {
            findings.should(format!(
                "the subject is `{found}`; that of the certificate being cross-signed is `{wanted}`, and no path leads over \
                 this certificate to what that name issued"
            ));
        } else {
            findings.must(format!("the subject is `{found}`; that of the certificate being cross-signed is `{wanted}`"));
        }
    }
    if tbs.spki().octets() != existing.spki().octets() {
        let (found, wanted) = (tbs.spki_sha256(), existing.spki_sha256());
        findings.must(format!("the key is {found}; that of the certificate being cross-signed is {wanted}"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::{Sample, name, subordinate_key};

    #[test]
    fn name_and_key_are_copied() {
        Sample::cross().passes(&RULE);
        Sample::cross().but(|one| one.subject = name("Root X3").der().to_vec()).fails(&RULE, "Root X3");
        let other = name("Root X2").with_value(crate::pki::oid::attribute::ORGANIZATION, "ETS").unwrap().unwrap();
        let spelled = Sample::cross().but(|one| one.subject = other.der().to_vec());
        spelled.fails(&RULE, "O=ETS");
        assert!(!spelled.only_warns(&RULE));
        let meant = spelled.but(|one| one.organization_may_differ = true);
        assert!(meant.only_warns(&RULE));
        let more = meant.but(|one| one.subject = name("Root X3").der().to_vec());
        assert!(!more.only_warns(&RULE));
        Sample::cross().but(|one| one.spki = subordinate_key().spki_der().to_vec()).fails(&RULE, "the key is");
    }
}

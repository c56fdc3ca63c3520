//! A CRL has no extension that is not recommended. BR §7.2.2.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-17",
    requires: "there is no delta CRL indicator, freshest CRL, access, certificate issuer, invalidity date or other unlisted extension",
    source: "BR 2.2.6 §7.2.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let listed =
        [extension::AUTHORITY_KEY_IDENTIFIER, extension::CRL_NUMBER, extension::ISSUING_DISTRIBUTION_POINT];
    let mut findings = EntryFindings::default();
    let mut find = |message: String| {
        // Not recommended for others; in our own there is no reason for any.
        if context.is_ceremony() { findings.must(|| message) } else { findings.should(|| message) }
    };
    for one in &crl.extensions() {
        if !listed.iter().any(|listed| one.oid() == *listed) {
            find(format!("the extension {} is not recommended in a CRL", one.oid()));
        }
    }
    for entry in crl.tbs().entries() {
        let entry = entry?;
        for one in &entry.extensions() {
            if one.oid() != extension::REASON_CODE {
                let serial = hex(entry.serial_octets());
                find(format!("the extension {} of the entry {serial} is not recommended", one.oid()));
            }
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::entry_with;
    use crate::pki::build::time::by_date;
    use crate::pki::build::{Extension, extension};
    use crate::pki::oid;
    use crate::rule::sample::after;

    #[test]
    fn delta_crls_and_invalidity_dates_are_refused() {
        CrlSample::new().passes(&RULE);
        let delta = Extension::new(oid::extension::DELTA_CRL_INDICATOR, true, vec![2, 1, 1]);
        CrlSample::new().with(delta).fails(&RULE, "2.5.29.27");
        let date = extension::extension(&Extension::invalidity_date(after(0)));
        let extensions = crate::pki::build::element::sequence(&[date]);
        CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &extensions)).fails(&RULE, "2.5.29.24");
    }
}

//! The whole CRL is DER. RFC 5280 §5.1.

use super::{Crl, Judge};
use crate::pki::read::{Fault, FaultKind};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-20",
    requires: "everything is DER, the entries and the values of known extensions included",
    source: "RFC 5280 §5.1; X.690",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in crl.faults().list().iter().filter(|fault| !is_said_elsewhere(fault)) {
        findings.must(fault.to_string());
    }
    for error in crl.faults().unread() {
        findings.must(error.to_string());
    }
    if crl.faults().more() > 0 {
        findings.must(format!("there are {} more faults", crl.faults().more()));
    }
    findings.verdict()
}

/// Times are CRL-11's, empty lists CRL-07's, CRL-10's and CRL-13's.
fn is_said_elsewhere(fault: &Fault) -> bool {
    matches!(
        (fault.kind, fault.what),
        (FaultKind::Time, _)
            | (FaultKind::Empty, "revokedCertificates" | "extensions" | "issuingDistributionPoint")
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::entry_with;
    use crate::digest::from_hex;
    use crate::pki::build::Extension;
    use crate::pki::build::time::by_date;
    use crate::pki::oid::extension;
    use crate::rule::sample::after;

    #[test]
    fn what_ber_allows_is_a_fault() {
        CrlSample::new().passes(&RULE);
        let with = |oid, value| CrlSample::new().with(Extension::new(oid, true, from_hex(value).unwrap()));
        with(extension::ISSUING_DISTRIBUTION_POINT, "30068101008201ff").fails(&RULE, "default value");
        with(extension::ISSUING_DISTRIBUTION_POINT, "3003820101").fails(&RULE, "TRUE that is not FF");
        with(extension::CRL_NUMBER, "02020006").fails(&RULE, "shortest form");
        // A reason code that is an INTEGER.
        let extensions = from_hex("300c300a0603551d150403020104").unwrap();
        let crl = CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &extensions));
        crl.fails(&RULE, "wanted 0x0a");
    }
}

//! A reason code is one of the standard's, and taking off is for delta CRLs. RFC 5280 §5.3.1.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::pki::reason::Reason;
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-19",
    requires: "a reason code is one that RFC 5280 has, not unspecified, not remove-from-crl, and not critical",
    source: "RFC 5280 §5.3.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = EntryFindings::default();
    for entry in crl.tbs().entries() {
        let entry = entry?;
        let serial = || hex(entry.serial_octets());
        if entry.extensions().find(extension::REASON_CODE).is_some_and(|found| found.critical()) {
            findings.must(|| format!("the reason of the entry {} is critical", serial()));
        }
        let Some(code) = entry.extensions().reason_code()? else { continue };
        match Reason::from_code(code) {
            None => findings.must(|| format!("the entry {} has the reason {code}, which is none", serial())),
            Some(Reason::Unspecified) => {
                findings.should(|| format!("the entry {} says unspecified; that is said by no reason", serial()));
            }
            Some(Reason::RemoveFromCrl) => {
                findings.must(|| format!("the entry {} says remove-from-crl, which is for delta CRLs", serial()));
            }
            Some(_) => {}
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::{entry, entry_with};
    use crate::digest::from_hex;
    use crate::pki::build::time::by_date;
    use crate::pki::reason::Reason;
    use crate::rule::sample::after;

    #[test]
    fn a_number_is_a_reason() {
        let with = |code: &str| {
            let extensions = from_hex(&format!("300c300a0603551d1504030a01{code}")).unwrap();
            CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &extensions))
        };
        for code in ["01", "02", "03", "04", "05", "06", "09", "0a"] {
            with(code).passes(&RULE);
        }
        with("07").fails(&RULE, "which is none");
        with("0b").fails(&RULE, "which is none");
        with("00").fails(&RULE, "unspecified");
        with("08").fails(&RULE, "delta");
        CrlSample::new().with_entry(entry("07", after(0), Some(Reason::Superseded))).passes(&RULE);
        let critical = from_hex("300f300d0603551d150101ff04030a0104").unwrap();
        CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &critical)).fails(&RULE, "critical");
    }
}

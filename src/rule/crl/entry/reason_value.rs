//! A reason code is one of the standard's, and taking off is for delta CRLs. RFC 5280 §5.3.1.

use super::{Entry, Judge};
use crate::pki::reason::Reason;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-19",
    requires: "a reason code is one that RFC 5280 has, not unspecified, not remove-from-crl, and not critical",
    source: "RFC 5280 §5.3.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, _: &Context<'a>) -> Judgement {
    let Some(code) = entry.reason()? else { return PASS };
    if entry.has_critical_reason() {
        return must(format!("the reason of the entry {entry} is critical"));
    }
    match Reason::from_code(code) {
        None => must(format!("the entry {entry} has the reason {code}, which is none")),
        Some(Reason::Unspecified) => {
            should(format!("the entry {entry} says unspecified; that is said by no reason"))
        }
        Some(Reason::RemoveFromCrl) => {
            must(format!("the entry {entry} says remove-from-crl, which is for delta CRLs"))
        }
        Some(_) => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::crl::sample::CrlSample;
    use crate::rule::crl::sample::{entry, entry_with};
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
            with(code).entry_passes(&RULE);
        }
        with("07").entry_fails(&RULE, "which is none");
        with("0b").entry_fails(&RULE, "which is none");
        with("00").entry_fails(&RULE, "unspecified");
        with("08").entry_fails(&RULE, "delta");
        CrlSample::new().with_entry(entry("07", after(0), Some(Reason::Superseded))).entry_passes(&RULE);
        let critical = from_hex("300f300d0603551d150101ff04030a0104").unwrap();
        CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), &critical)).entry_fails(&RULE, "critical");
    }
}

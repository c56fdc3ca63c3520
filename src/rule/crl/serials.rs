//! Entries have their certificates' serial numbers, octet for octet. RFC 5280 §5.1.2.6.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-08",
    requires: "every entry has a serial number from 1 to 2^159 - 1 in its shortest form",
    source: "RFC 5280 §5.1.2.6, §4.1.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = EntryFindings::default();
    for entry in crl.tbs().entries() {
        let entry = entry?;
        if let Err(error) = entry.serial() {
            findings.must(|| format!("the entry {}: {error}", hex(entry.serial_octets())));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::entry;
    use crate::pki::reason::Reason;
    use crate::rule::sample::after;

    #[test]
    fn a_serial_is_positive_and_not_padded() {
        let with = |serial| CrlSample::new().with_entry(entry(serial, after(0), Some(Reason::Superseded)));
        with("0080").passes(&RULE);
        with("80").fails(&RULE, "negative");
        with("00").fails(&RULE, "zero");
        with("0001").fails(&RULE, "shortest");
        with("00ffffffffffffffffffffffffffffffffffffffff").fails(&RULE, "21 octets");
    }

    #[test]
    fn a_multitude_is_counted() {
        let many = vec![entry("80", after(0), None); 30];
        let objections = CrlSample::new().but(|crl| crl.entries = Some(many)).objections(&RULE);
        assert_eq!(objections.len(), 11);
        assert_eq!(objections[10], "the same holds for 20 more");
    }
}

//! Entries have their certificates' serial numbers, octet for octet. RFC 5280 §5.1.2.6.

use super::{Entry, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-08",
    requires: "every entry has a serial number from 1 to 2^159 - 1 in its shortest form",
    source: "RFC 5280 §5.1.2.6, §4.1.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, _: &Context<'a>) -> Judgement {
    entry.view().serial().map_or_else(|error| must(format!("the entry {entry}: {error}")), |_| PASS)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::crl::sample::CrlSample;
    use crate::rule::crl::sample::entry;
    use crate::pki::reason::Reason;
    use crate::rule::sample::after;

    #[test]
    fn a_serial_is_positive_and_not_padded() {
        let with = |serial| CrlSample::new().with_entry(entry(serial, after(0), Some(Reason::Superseded)));
        with("0080").entry_passes(&RULE);
        with("80").entry_fails(&RULE, "negative");
        with("00").entry_fails(&RULE, "zero");
        with("0001").entry_fails(&RULE, "shortest");
        with("00ffffffffffffffffffffffffffffffffffffffff").entry_fails(&RULE, "21 octets");
    }
}

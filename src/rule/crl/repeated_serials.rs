//! No certificate is on a CRL twice. RFC 5280 §5.1.2.6.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::rule::{Context, Judgement, PASS, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-21",
    requires: "no serial number is there twice",
    source: "RFC 5280 §5.1.2.6",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    // Our own CRLs are in ascending order: then one look at each entry is enough, and nothing is held.
    let mut before: Option<&[u8]> = None;
    let mut ascending = true;
    for entry in crl.tbs().entries() {
        let serial = entry?.serial_octets();
        ascending &= before.is_none_or(|before| (before.len(), before) < (serial.len(), serial));
        before = Some(serial);
    }
    if ascending {
        return PASS;
    }
    let mut serials: Vec<_> = crl.tbs().entries().filter_map(Result::ok).map(|entry| entry.serial_octets()).collect();
    serials.sort_unstable();
    let mut findings = EntryFindings::default();
    for same in serials.chunk_by(|left, right| left == right).filter(|same| same.len() > 1) {
        if let Some(serial) = same.first() {
            findings.must(|| format!("the serial number {} is there {} times", hex(serial), same.len()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::entry;
    use crate::rule::sample::after;

    #[test]
    fn a_serial_is_there_once_in_any_order() {
        let with = |serials: &[&str]| {
            let entries = serials.iter().map(|serial| entry(serial, after(0), None)).collect();
            CrlSample::new().but(|crl| crl.entries = Some(entries))
        };
        with(&["07", "08", "0101"]).passes(&RULE);
        with(&["0101", "08", "07"]).passes(&RULE);
        with(&["07", "07"]).fails(&RULE, "07 is there 2 times");
        with(&["0101", "07", "0101", "08"]).fails(&RULE, "0101 is there 2 times");
    }
}

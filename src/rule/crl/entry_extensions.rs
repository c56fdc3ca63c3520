//! An entry's extensions are absent or not empty. RFC 5280 §5.1.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::rule::{Context, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-10",
    requires: "no entry has an empty list of extensions",
    source: "RFC 5280 §5.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = EntryFindings::default();
    for entry in crl.tbs().entries() {
        let entry = entry?;
        if entry.extensions().are_present() && entry.extensions().iter().next().is_none() {
            findings.must(|| format!("the entry {} has an empty list of extensions", hex(entry.serial_octets())));
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
    use crate::rule::sample::after;

    #[test]
    fn an_empty_list_is_refused() {
        let with = |extensions| CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), extensions));
        with(&[]).passes(&RULE);
        with(&[0x30, 0]).fails(&RULE, "the entry 07 has an empty list");
    }
}

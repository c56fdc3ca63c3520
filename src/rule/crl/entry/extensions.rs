//! An entry's extensions are absent or not empty. RFC 5280 §5.1.

use super::{Entry, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-10",
    requires: "no entry has an empty list of extensions",
    source: "RFC 5280 §5.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, _: &Context<'a>) -> Judgement {
    if entry.has_empty_extensions() {
        must(format!("the entry {entry} has an empty list of extensions"))
    } else {
        PASS
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::crl::sample::CrlSample;
    use crate::rule::crl::sample::entry_with;
    use crate::pki::build::time::by_date;
    use crate::rule::sample::after;

    #[test]
    fn an_empty_list_is_refused() {
        let with = |extensions| CrlSample::new().with_entry(entry_with("07", &by_date(after(0)), extensions));
        with(&[]).entry_passes(&RULE);
        with(&[0x30, 0]).entry_fails(&RULE, "the entry 07 has an empty list");
    }
}

//! The version is 3, written out. BR §7.1.1.

use super::{Certificate, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-01",
    requires: "the version is 3, written out",
    source: "BR 2.2.6 §7.1.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    match certificate.tbs().version().map(|version| version.octets()) {
        Some([0xa0, 3, 2, 1, 2]) => PASS,
        Some(other) => must(format!("the version field is {}; wanted a003020102, version 3", hex(other))),
        None => must("there is no version field, which means version 1; wanted a003020102, version 3"),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::digest::from_hex;
    use crate::rule::sample::Sample;

    #[test]
    fn only_version_3_passes() {
        Sample::root().passes(&RULE);
        Sample::root().but(|root| root.version = from_hex("a003020101").unwrap()).fails(&RULE, "a003020101");
        Sample::root().but(|root| root.version.clear()).fails(&RULE, "version 1");
    }
}

//! A CRL is version 2. BR §7.2.

use super::{Crl, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-01",
    requires: "the version is 2",
    source: "BR 2.2.6 §7.2; RFC 5280 §5.1.2.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    match crl.tbs().version().map(|version| version.octets()) {
        Some([2, 1, 1]) => PASS,
        Some(other) => must(format!("the version field is {}; wanted 020101, version 2", hex(other))),
        None => must("there is no version field, which means version 1; wanted 020101, version 2"),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::digest::from_hex;

    #[test]
    fn only_version_2_passes() {
        CrlSample::new().passes(&RULE);
        CrlSample::new().but(|crl| crl.version.clear()).fails(&RULE, "version 1");
        CrlSample::new().but(|crl| crl.version = from_hex("020100").unwrap()).fails(&RULE, "020100");
    }
}

//! A CRL without entries has no list of entries. RFC 5280 §5.1.2.6.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-07",
    requires: "revokedCertificates is absent when nothing is revoked",
    source: "RFC 5280 §5.1.2.6; BR 2.2.6 §7.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    match crl.tbs().revoked() {
        Some(list) if list.content == 0 => must("revokedCertificates is there and empty; it has to be absent"),
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;

    #[test]
    fn an_empty_list_is_left_out() {
        CrlSample::new().passes(&RULE);
        CrlSample::new().but(|crl| crl.entries = None).passes(&RULE);
        CrlSample::new().but(|crl| crl.entries = Some(vec![])).fails(&RULE, "absent");
    }
}

//! No serial number is used twice by one issuer. RFC 5280 §4.1.2.2.

use super::{Certificate, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-15",
    requires: "the issuer has not used this serial number before",
    source: "RFC 5280 §4.1.2.2; BR 2.2.6 §7.1.2.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let tbs = certificate.tbs();
    let serial = tbs.serial_octets();
    match context.known()?.issued(tbs.issuer().sha256(), serial) {
        Some(other) => must(format!(
            "the serial number {} is that of another certificate of this issuer, {} until {}",
            hex(serial),
            other.kind,
            other.not_after
        )),
        None => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn it_is_new_under_its_issuer() {
        let other = Sample::subordinate().but(|one| *one.serial.last_mut().unwrap() ^= 1);
        Sample::subordinate().but(|one| one.known = vec![other.issued()]).passes(&RULE);
        let same = Sample::responder().issued();
        Sample::subordinate().but(|one| one.known = vec![same]).fails(&RULE, "ocsp-responder until");
    }
}

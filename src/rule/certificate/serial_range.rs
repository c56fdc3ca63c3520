//! The serial number is positive, below 2^159, and long enough for 64 random bits. BR §7.1.2.1.

use super::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

/// 64 bits and the zero that keeps them positive.
const SHORTEST: usize = 9;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-02",
    requires: "the serial number is from 1 to 2^159 - 1 and has room for 64 random bits",
    source: "BR 2.2.6 §7.1.2.1; RFC 5280 §4.1.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    let octets = certificate.tbs().serial_octets().len();
    if let Err(error) = certificate.tbs().serial() {
        findings.must(error.to_string());
    } else if octets < SHORTEST {
        let message = format!("the serial number has {octets} octets; 64 random bits need at least {SHORTEST}");
        // A draw of 64 bits may happen to begin with zeros; ours never do.
        if context.is_ceremony() { findings.must(message) } else { findings.should(message) }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::digest::from_hex;
    use crate::rule::sample::Sample;

    fn root(serial: &str) -> Sample {
        Sample::root().but(|root| root.serial = from_hex(serial).unwrap())
    }

    #[test]
    fn it_has_9_to_20_octets_and_is_positive() {
        root("0209008000000000000000").passes(&RULE);
        root("02087fffffffffffffff").fails(&RULE, "at least 9");
        root("02147fffffffffffffffffffffffffffffffffffffff").passes(&RULE);
        root("021500ffffffffffffffffffffffffffffffffffffffff").fails(&RULE, "21 octets");
        root("02148000000000000000000000000000000000000000").fails(&RULE, "negative");
        root("020100").fails(&RULE, "zero");
        root("020a00007fffffffffffffff").fails(&RULE, "shortest");
    }
}

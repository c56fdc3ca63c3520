//! Only a CA signs certificates, and only such a CA bounds paths. RFC 5280 §4.2.1.3, §4.2.1.9.

use super::{Certificate, Judge};
use crate::pki::usage::KeyUsage;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-16",
    requires: "key-cert-sign is a CA's alone, and so is a path length, which goes with key-cert-sign",
    source: "RFC 5280 §4.2.1.3, §4.2.1.9",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let extensions = certificate.extensions();
    let (usage, constraints) = (extensions.key_usage()?, extensions.basic_constraints()?);
    let signs = usage.map(|usage| usage.has(KeyUsage::KEY_CERT_SIGN));
    let ca = constraints.is_some_and(|constraints| constraints.ca);
    let mut findings = Findings::new();
    if signs == Some(true) && !ca {
        findings.must("the key usage says key-cert-sign; the basic constraints do not say CA");
    }
    if let Some(length) = constraints.and_then(|constraints| constraints.path_length) {
        if !ca {
            findings.must(format!("there is a path length, {length}; the basic constraints do not say CA"));
        } else if signs == Some(false) {
            findings.must(format!("there is a path length, {length}; the key usage does not say key-cert-sign"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::{BASIC_CONSTRAINTS, KEY_USAGE};
    use crate::pki::usage::KeyUsage;
    use crate::rule::sample::{Sample, ca_usage};

    #[test]
    fn who_is_no_ca_signs_no_certificates() {
        for sample in Sample::all() {
            sample.passes(&RULE);
        }
        let responder = || Sample::responder().with(Extension::key_usage(true, ca_usage()).unwrap());
        responder().fails(&RULE, "do not say CA");
        responder().with_value(BASIC_CONSTRAINTS, "3000").fails(&RULE, "do not say CA");
        Sample::responder().with_value(BASIC_CONSTRAINTS, "3000").passes(&RULE);
        // The path length 0, without and with CA.
        Sample::responder().with_value(BASIC_CONSTRAINTS, "3003020100").fails(&RULE, "path length, 0");
        let bounded = || Sample::subordinate().with_value(BASIC_CONSTRAINTS, "30060101ff020100");
        bounded().passes(&RULE);
        bounded().with(Extension::key_usage(true, KeyUsage::CRL_SIGN).unwrap()).fails(&RULE, "does not say key-cert-sign");
        bounded().without(KEY_USAGE).passes(&RULE);
    }
}

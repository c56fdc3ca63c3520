//! An OCSP responder has no basic constraints, or critical ones that are empty. BR §7.1.2.8.4.

use super::{Certificate, Judge};
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-05",
    requires: "an OCSP responder has no basic constraints, or critical ones with the value 3000",
    source: "BR 2.2.6 §7.1.2.8.4",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::OcspResponder {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    if let Some(found) = certificate.extension(extension::BASIC_CONSTRAINTS) {
        if !found.critical() {
            findings.must("basic constraints are not critical; they have to be critical");
        }
        if found.value() != [0x30, 0] {
            findings.must(format!("the value of basic constraints is {}; wanted 3000", hex(found.value())));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_3000_or_there_is_none() {
        let with = |critical, ca| Sample::responder().with(Extension::basic_constraints(critical, ca, None).unwrap());
        Sample::responder().passes(&RULE);
        with(true, false).passes(&RULE);
        with(false, false).fails(&RULE, "not critical");
        with(true, true).fails(&RULE, "30030101ff; wanted 3000");
    }
}

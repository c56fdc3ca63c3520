//! The whole request is DER. RFC 2986 §4.

use super::{Judge, Request};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "REQ-01",
    requires: "everything is DER",
    source: "RFC 2986 §4; X.690",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(request: &Request<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for fault in request.faults().list() {
        findings.must(fault.to_string());
    }
    for error in request.faults().unread() {
        findings.must(error.to_string());
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{objections, request};
    use super::RULE;

    #[test]
    fn a_length_in_a_long_form_is_a_fault() {
        let good = request();
        assert_eq!(objections(&RULE, &good), Vec::<String>::new());
        let long = match good.as_slice() {
            [0x30, 0x81, length, rest @ ..] => [&[0x30, 0x82, 0, *length], rest].concat(),
            other => panic!("{other:?}"),
        };
        assert!(objections(&RULE, &long)[0].contains("shortest form"));
    }
}

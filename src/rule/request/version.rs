//! A request is version 1. RFC 2986 §4.1.

use super::{Judge, Request};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "REQ-02",
    requires: "the version is 1",
    source: "RFC 2986 §4.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(request: &Request<'a>, _: &Context<'a>) -> Judgement {
    match request.info().version() {
        0 => PASS,
        other => must(format!("the version field is {other}; wanted 0, version 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{objections, request};
    use super::RULE;

    #[test]
    fn only_version_1_passes() {
        let mut octets = request();
        assert_eq!(objections(&RULE, &octets), Vec::<String>::new());
        let place = octets.windows(3).position(|three| three == [2, 1, 0]).unwrap();
        octets[place + 2] = 2;
        assert_eq!(objections(&RULE, &octets), ["the version field is 2; wanted 0, version 1"]);
    }
}

//! There are extensions, and none twice. RFC 5280 §4.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-06",
    requires: "there is at least one extension and none is there twice",
    source: "RFC 5280 §4.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    let extensions = certificate.extensions();
    if extensions.iter().next().is_none() {
        findings.must("there are no extensions");
    }
    let mut oids: Vec<_> = extensions.iter().map(|one| one.oid()).collect();
    oids.sort_unstable();
    for twice in oids.chunk_by(|left, right| left == right).filter(|same| same.len() > 1) {
        if let Some(oid) = twice.first() {
            findings.must(format!("the extension {oid} is there {} times", twice.len()));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn one_is_the_least_and_the_most_of_each() {
        Sample::root().passes(&RULE);
        Sample::root().but(|root| root.extensions.truncate(1)).passes(&RULE);
        Sample::root().but(|root| root.extensions.clear()).fails(&RULE, "no extensions");
        Sample::root()
            .but(|root| root.extensions.push(root.extensions[2].clone()))
            .fails(&RULE, "2.5.29.14 is there 2 times");
    }
}

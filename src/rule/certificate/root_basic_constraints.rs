//! A root has critical basic constraints: a CA, without a path length. BR §7.1.2.1.4.

use super::{Certificate, Judge, expect_extension};
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-04",
    requires: "a root has critical basic constraints that say CA, better without a path length",
    source: "BR 2.2.6 §7.1.2.1.4; RFC 5280 §4.2.1.9",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    expect_extension(certificate, extension::BASIC_CONSTRAINTS, "basic constraints", true, &mut findings);
    if let Some(constraints) = certificate.extensions().basic_constraints()? {
        if !constraints.ca {
            findings.must("basic constraints do not say that this is a CA");
        }
        if let Some(length) = constraints.path_length {
            findings.should(format!("basic constraints have path length {length}; a root had better have none"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::oid::extension::BASIC_CONSTRAINTS;
    use crate::rule::sample::Sample;

    #[test]
    fn the_value_is_30030101ff() {
        let root = Sample::root;
        root().with_value(BASIC_CONSTRAINTS, "30030101ff").passes(&RULE);
        root().without(BASIC_CONSTRAINTS).fails(&RULE, "no basic constraints");
        root().with_criticality_turned(BASIC_CONSTRAINTS).fails(&RULE, "has to be critical");
        root().with_value(BASIC_CONSTRAINTS, "3000").fails(&RULE, "not say that this is a CA");
        root().with_value(BASIC_CONSTRAINTS, "30060101ff020103").fails(&RULE, "path length 3");
    }
}

//! Name constraints are critical, of names only, without distances. BR §7.1.2.10.8; RFC 5280 §4.2.1.10.

use super::{Certificate, Judge};
use crate::pki::oid::extension;
use crate::pki::read::{GeneralName, Subtree};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-08",
    requires: "name constraints are better critical, without minimum and maximum; addresses have their mask; domains no leading dot",
    source: "BR 2.2.6 §7.1.2.10.8; RFC 5280 §4.2.1.10",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, _: &Context<'a>) -> Judgement {
    let Some(found) = certificate.extension(extension::NAME_CONSTRAINTS) else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    if !found.critical() {
        findings.should("name constraints are not critical");
    }
    if !certificate.extensions().basic_constraints()?.is_some_and(|constraints| constraints.ca) {
        findings.must("name constraints are for CAs only");
    }
    if let Some(constraints) = certificate.extensions().name_constraints()? {
        for subtree in constraints.permitted.iter().chain(&constraints.excluded).flatten() {
            judge_subtree(&subtree, &mut findings);
        }
    }
    findings.verdict()
}

fn judge_subtree(subtree: &Subtree<'_>, findings: &mut Findings) {
    let base = &subtree.base;
    if subtree.minimum.is_some() || subtree.maximum.is_some() {
        findings.must(format!("the subtree {base} has a minimum or maximum"));
    }
    match base {
        GeneralName::Ip(octets) if !matches!(octets.len(), 8 | 32) => {
            findings.must(format!("{base} has {} octets; wanted 8 or 32, address and mask", octets.len()));
        }
        // RFC 5280 gives the dot a meaning in URIs and e-mail addresses alone.
        GeneralName::Dns([b'.', ..]) => findings.should(format!("{base} begins with a dot")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::{Extension, GeneralNameParts};
    use crate::pki::oid::extension::{BASIC_CONSTRAINTS, NAME_CONSTRAINTS};
    use crate::rule::sample::Sample;

    #[test]
    fn subtrees_are_whole_and_without_distances() {
        let with = |critical, name: GeneralNameParts<'_>| {
            Sample::subordinate().with(Extension::name_constraints(critical, &[name], &[]).unwrap())
        };
        let domain = GeneralNameParts::Dns("example.org");
        Sample::subordinate().passes(&RULE);
        with(true, domain).passes(&RULE);
        with(false, domain).fails(&RULE, "not critical");
        with(true, domain).with_value(BASIC_CONSTRAINTS, "3000").fails(&RULE, "CAs only");
        with(true, GeneralNameParts::Dns(".mil")).fails(&RULE, "dot");
        for length in [8, 32] {
            with(true, GeneralNameParts::Ip(&vec![0; length])).passes(&RULE);
        }
        for length in [4, 7, 16, 31] {
            with(true, GeneralNameParts::Ip(&vec![0; length])).fails(&RULE, "8 or 32");
        }
        let constrained = with(true, domain);
        constrained.clone().with_value(NAME_CONSTRAINTS, "300aa0083006820161800101").fails(&RULE, "minimum");
        constrained.with_value(NAME_CONSTRAINTS, "300aa1083006820161810101").fails(&RULE, "maximum");
    }
}

//! Extensions are critical, or not, as their standard says. RFC 5280 §4.2.

use super::{Certificate, Judge, criticality};
use crate::pki::oid::{Oid, extension};
use crate::rule::{Context, Findings, Judgement, Kind, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-17",
    requires: "policy constraints and inhibit-any-policy are critical; access descriptions, key identifiers, freshest CRL, directory attributes and no-revocation are not",
    source: "RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.1.8, §4.2.1.11, §4.2.1.14, §4.2.1.15, §4.2.2; RFC 9608 §2",
    severity: Severities::STANDARD,
    verdict: judge,
};

const CRITICAL: [Oid; 2] = [extension::POLICY_CONSTRAINTS, extension::INHIBIT_ANY_POLICY];

const NOT_CRITICAL: [Oid; 4] = [
    extension::SUBJECT_INFORMATION_ACCESS,
    extension::FRESHEST_CRL,
    extension::SUBJECT_DIRECTORY_ATTRIBUTES,
    extension::NO_REVOCATION_AVAILABLE,
];

/// Those of which the rules for each kind of CA and for responders speak themselves.
const NOT_CRITICAL_ELSEWHERE: [Oid; 3] = [
    extension::AUTHORITY_INFORMATION_ACCESS,
    extension::AUTHORITY_KEY_IDENTIFIER,
    extension::SUBJECT_KEY_IDENTIFIER,
];

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for found in &certificate.extensions() {
        let is = |list: &[Oid]| list.iter().any(|one| found.oid() == *one);
        let wanted = if is(&CRITICAL) {
            true
        } else if is(&NOT_CRITICAL) || (context.kind() == Kind::Other && is(&NOT_CRITICAL_ELSEWHERE)) {
            false
        } else {
            continue;
        };
        if found.critical() != wanted {
            let (found, wanted, oid) = (criticality(found.critical()), criticality(wanted), found.oid());
            findings.must(format!("the extension {oid} is {found}; it has to be {wanted}"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::{CRITICAL, NOT_CRITICAL, NOT_CRITICAL_ELSEWHERE, RULE};
    use crate::pki::build::Extension;
    use crate::rule::Kind;
    use crate::rule::sample::Sample;

    #[test]
    fn each_is_as_its_standard_says() {
        for sample in Sample::all() {
            sample.passes(&RULE);
            let with = |oid, critical| sample.clone().with(Extension::new(oid, critical, vec![0x30, 0]));
            for oid in CRITICAL {
                with(oid, true).passes(&RULE);
                with(oid, false).fails(&RULE, "is not critical; it has to be critical");
            }
            for oid in NOT_CRITICAL {
                with(oid, false).passes(&RULE);
                with(oid, true).fails(&RULE, "is critical; it has to be not critical");
            }
            for oid in NOT_CRITICAL_ELSEWHERE {
                let other = |critical| with(oid, critical).but(|one| one.kind = Kind::Other);
                other(false).passes(&RULE);
                other(true).fails(&RULE, "it has to be not critical");
            }
        }
    }
}

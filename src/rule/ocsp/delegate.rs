//! A delegate is one by its certificate. RFC 6960 §4.2.2.2; BR §4.9.9.

use super::{Judge, Ocsp};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Policy, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-01",
    requires: "a delegate has the purpose OCSP signing, is no CA, has ocsp-nocheck and is valid when it signs",
    source: "RFC 6960 §4.2.2.2; BR 2.2.6 §4.9.9",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let Some(delegate) = context.delegate() else { return NOT_APPLICABLE };
    let mut findings = Findings::new();
    let purposes = delegate.extensions().extended_key_usage()?;
    if !purposes.iter().flatten().any(|one| one == purpose::OCSP_SIGNING) {
        findings.must("the delegate's certificate lacks the purpose OCSP signing");
    }
    if delegate.extensions().basic_constraints()?.is_some_and(|constraints| constraints.ca) {
        findings.must("the delegate is a CA");
    }
    let checked = delegate.extensions().find(extension::OCSP_NO_CHECK).is_none();
    if checked && context.policy() != Policy::Private {
        findings.must("the delegate's certificate lacks ocsp-nocheck");
    }
    let produced_at = response.tbs().produced_at().at();
    if produced_at < delegate.not_before().at() || produced_at > delegate.not_after().at() {
        findings.must(format!("the delegate's certificate is not valid at {produced_at}, produced at"));
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::pki::oid::extension::{EXTENDED_KEY_USAGE, OCSP_NO_CHECK};
    use crate::rule::Policy;
    use crate::rule::sample::{Sample, at};

    #[test]
    fn a_delegate_is_made_for_it() {
        let with = |delegate: Sample| OcspSample::new().but(|one| one.delegate = delegate);
        let responder = Sample::responder;
        with(responder()).passes(&RULE);
        with(responder().without(EXTENDED_KEY_USAGE)).fails(&RULE, "lacks the purpose");
        with(responder().with_value("2.5.29.19".parse().unwrap(), "30030101ff")).fails(&RULE, "is a CA");
        let checked = with(responder().without(OCSP_NO_CHECK));
        checked.fails(&RULE, "ocsp-nocheck");
        checked.but(|one| one.policy = Policy::Private).passes(&RULE);
        let begins = |time| with(responder().but(|one| one.not_before = by_date(at(time))));
        begins("2026-11-01T08:00:00Z").passes(&RULE);
        begins("2026-11-01T08:00:01Z").fails(&RULE, "not valid");
    }
}

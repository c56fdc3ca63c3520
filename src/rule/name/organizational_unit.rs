//! There is no organizational unit. BR §7.1.2.1.3, §7.1.2.10.2.

use super::Judge;
use crate::pki::name::NameView;
use crate::pki::oid::attribute;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-12",
    requires: "there is no organizational unit",
    source: "BR 2.2.6 §7.1.2.10.2, §7.1.4.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, context: &Context<'a>) -> Judgement {
    let there = subject.attributes().any(|one| one.kind() == attribute::ORGANIZATIONAL_UNIT);
    match context.kind() {
        Kind::Other => NOT_APPLICABLE,
        _ if !there => PASS,
        Kind::Root | Kind::Subordinate => must(format!("the subject `{subject}` has an OU")),
        // Forbidden in roots and TLS subordinate CAs, else merely advised against.
        Kind::Cross | Kind::TechnicallyConstrained | Kind::OcspResponder => {
            should(format!("the subject `{subject}` has an OU"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::RULE;
    use crate::rule::sample::attribute;

    #[test]
    fn an_organizational_unit_is_refused() {
        passes(&RULE, &[attribute("CN", "X")]);
        fails(&RULE, &[attribute("OU", "Y"), attribute("CN", "X")], "OU=Y");
    }
}

//! A CA certificate has no precertificate poison. BR §7.1.2.4; RFC 6962 §3.1.

use super::{Certificate, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "SUB-09",
    requires: "a CA certificate has no precertificate poison",
    source: "BR 2.2.6 §7.1.2.10; RFC 6962 §3.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match (context.kind().is_ca(), certificate.extension(extension::PRECERTIFICATE_POISON)) {
        (true, Some(_)) => must("there is a precertificate poison"),
        (true, None) => PASS,
        (false, _) => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::PRECERTIFICATE_POISON;
    use crate::rule::sample::Sample;

    #[test]
    fn poison_is_refused() {
        Sample::subordinate().passes(&RULE);
        Sample::subordinate().with(Extension::new(PRECERTIFICATE_POISON, true, vec![5, 0])).fails(&RULE, "poison");
    }
}

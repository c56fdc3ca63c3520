//! A root has no extended key usage. BR §7.1.2.1.2.

use super::{Certificate, Judge};
use crate::pki::oid::extension;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-08",
    requires: "a root has no extended key usage",
    source: "BR 2.2.6 §7.1.2.1.2",
    severity: Severities::BASELINE_NOT_PILOT,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    match (context.kind(), certificate.extension(extension::EXTENDED_KEY_USAGE)) {
        (Kind::Root, Some(_)) => must("there is an extended key usage; a root has none"),
        (Kind::Root, None) => PASS,
        _ => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::SERVER_AUTH;
    use crate::rule::sample::Sample;

    #[test]
    fn not_even_for_servers() {
        Sample::root().passes(&RULE);
        Sample::root()
            .with(Extension::extended_key_usage(false, &[SERVER_AUTH]).unwrap())
            .fails(&RULE, "a root has none");
    }
}

//! A cross-certificate says what it is for: unrestricted ones need one organization on both sides. BR §7.1.2.2.4.

use super::{Certificate, Judge};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Findings, Judgement, Kind, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-05",
    requires: "a cross-certificate has an extended key usage without any-purpose, not critical",
    source: "BR 2.2.6 §7.1.2.2.4; CCADB Policy 2.1 §6.3",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let mut findings = Findings::new();
    match certificate.extension(extension::EXTENDED_KEY_USAGE) {
        None => findings.must("there is no extended key usage; an unrestricted cross-certificate is refused"),
        Some(found) if found.critical() => findings.must("the extended key usage is critical"),
        Some(_) => {}
    }
    if certificate.extensions().extended_key_usage()?.iter().flatten().any(|one| one == purpose::ANY) {
        findings.must("the extended key usage has any purpose; an unrestricted cross-certificate is refused");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::EXTENDED_KEY_USAGE;
    use crate::pki::oid::purpose::{ANY, SERVER_AUTH};
    use crate::rule::sample::Sample;

    #[test]
    fn an_unrestricted_one_is_refused() {
        Sample::cross().passes(&RULE);
        Sample::cross().without(EXTENDED_KEY_USAGE).fails(&RULE, "no extended key usage");
        Sample::cross().with_criticality_turned(EXTENDED_KEY_USAGE).fails(&RULE, "critical");
        let any = Extension::extended_key_usage(false, &[SERVER_AUTH, ANY]).unwrap();
        Sample::cross().with(any).fails(&RULE, "any purpose");
    }
}

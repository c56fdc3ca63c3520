//! Apple: every subordinate CA and cross-certificate says what it is for. Apple Root Program 2.0.

use super::{Certificate, Judge};
use crate::pki::oid::{extension, purpose};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "APL-02",
    requires: "a subordinate CA or cross-certificate, for TLS or not, has an extended key usage without any-purpose",
    source: "Apple Root Program 2.0 §2.1.3",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    if certificate.extension(extension::EXTENDED_KEY_USAGE).is_none() {
        return should("there is no extended key usage; Apple takes no CA without");
    }
    let any = certificate.extensions().extended_key_usage()?.iter().flatten().any(|one| one == purpose::ANY);
    if any { should("the extended key usage has any purpose; Apple takes no such CA") } else { PASS }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::extension::EXTENDED_KEY_USAGE;
    use crate::pki::oid::purpose::{ANY, EMAIL_PROTECTION};
    use crate::rule::Kind;
    use crate::rule::sample::Sample;

    #[test]
    fn a_ca_without_purposes_is_advised_against() {
        let email = Extension::extended_key_usage(false, &[EMAIL_PROTECTION]).unwrap();
        let constrained = Sample::subordinate().but(|one| one.kind = Kind::TechnicallyConstrained).with(email);
        for sample in [Sample::subordinate(), Sample::cross(), constrained] {
            sample.passes(&RULE);
            sample.clone().without(EXTENDED_KEY_USAGE).fails(&RULE, "no extended key usage");
            let any = Extension::extended_key_usage(false, &[EMAIL_PROTECTION, ANY]).unwrap();
            sample.with(any).fails(&RULE, "any purpose");
        }
        Sample::root().passes(&RULE);
    }
}

//! Apple: a CA is for one of its trust purposes. Apple Root Program 2.0.

use super::single_purpose::TrustPurpose;
use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "APL-03",
    requires: "the purposes of a subordinate CA or cross-certificate are of one trust purpose: servers, e-mail, code, time stamps or documents",
    source: "Apple Root Program 2.0 §2.1.3; Mozilla Root Store Policy 3.1 §5.3",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let purposes: Vec<_> = certificate.extensions().extended_key_usage()?.iter().flatten().collect();
    let found = TrustPurpose::ALL.into_iter().filter(|one| purposes.iter().any(|purpose| *purpose == one.purpose()));
    let found: Vec<_> = found.map(TrustPurpose::name).collect();
    if found.len() > 1 { should(format!("the CA is for {}; Apple takes one of them", found.join(" and "))) } else { PASS }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, CODE_SIGNING, EMAIL_PROTECTION, SERVER_AUTH, TIME_STAMPING};
    use crate::rule::sample::Sample;

    #[test]
    fn two_trust_purposes_are_one_too_many() {
        for sample in [Sample::subordinate(), Sample::cross()] {
            let with = |purposes: &[_]| {
                sample.clone().with(Extension::extended_key_usage(false, purposes).unwrap())
            };
            with(&[SERVER_AUTH]).passes(&RULE);
            with(&[SERVER_AUTH, CLIENT_AUTH]).passes(&RULE);
            with(&[EMAIL_PROTECTION, CLIENT_AUTH]).passes(&RULE);
            with(&[SERVER_AUTH, EMAIL_PROTECTION]).fails(&RULE, "servers and e-mail");
            with(&[CODE_SIGNING, TIME_STAMPING]).fails(&RULE, "code and time stamps");
        }
    }
}

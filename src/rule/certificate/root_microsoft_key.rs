//! Microsoft: a root's key has no other root certificate. Trusted Root Program 1.2.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, should};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "MS-03",
    requires: "a root's key has no other root certificate",
    source: "Microsoft Trusted Root Program 1.2 §3.1.11",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    let others = context.known()?.certificates_of_key(certificate.tbs().spki_sha256());
    match others.iter().find(|other| other.kind == Kind::Root) {
        Some(other) => should(format!(
            "this key has a root certificate already, {}; Microsoft wants a key of its own for each",
            other.called()
        )),
        None => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::sample::Sample;

    #[test]
    fn a_key_is_not_signed_as_a_root_again() {
        let known = |other: Sample| Sample::root().but(|root| root.known = vec![other.issued()]);
        Sample::root().passes(&RULE);
        known(Sample::existing()).passes(&RULE);
        known(Sample::root()).fails(&RULE, "a root certificate already");
        Sample::subordinate().but(|one| one.known = vec![Sample::root().issued()]).passes(&RULE);
    }
}

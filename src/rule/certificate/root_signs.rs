//! A root's key certifies CAs and OCSP responders, never subscribers. BR §6.1.7.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-11",
    requires: "a root certifies itself, subordinate CAs and OCSP responders, nothing else",
    source: "BR 2.2.6 §6.1.7",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(_: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() == Kind::Root {
        return PASS;
    }
    let issuer = context.issuer()?;
    match (issuer.issuer() == issuer.subject(), context.kind()) {
        (true, Kind::Other) => must("a root may certify CAs and OCSP responders only"),
        (true, _) => PASS,
        (false, _) => NOT_APPLICABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::Kind;
    use crate::rule::sample::Sample;

    #[test]
    fn subscribers_are_refused() {
        for sample in Sample::all() {
            sample.passes(&RULE);
        }
        Sample::responder().but(|one| one.kind = Kind::Other).fails(&RULE, "only");
    }
}

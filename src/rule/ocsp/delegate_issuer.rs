//! A delegate is certified by the very CA whose certificates it answers for. RFC 6960 §4.2.2.2.

use super::{Judge, Ocsp};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCR-01",
    requires: "a delegate's certificate is issued by the CA whose certificates it answers for, by the same key",
    source: "RFC 6960 §4.2.2.2; BR 2.2.6 §4.9.9",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(_: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let Some(delegate) = context.delegate() else { return NOT_APPLICABLE };
    let issuer = context.issuer()?;
    let mut findings = Findings::new();
    if delegate.issuer() != issuer.subject() {
        findings.must(format!("the delegate's issuer is `{}`, not `{}`", delegate.issuer(), issuer.subject()));
    }
    let authority = delegate.extensions().authority_key_identifier()?.and_then(|found| found.key_identifier);
    let key = issuer.extensions().subject_key_identifier()?;
    if authority.is_some() && authority != key {
        findings.must("the delegate's authority key identifier is not the issuer's subject key identifier");
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::rule::sample::{Sample, name};

    #[test]
    fn another_cas_delegate_is_refused() {
        let with = |delegate: Sample| OcspSample::new().but(|one| one.delegate = delegate);
        with(Sample::responder()).passes(&RULE);
        with(Sample::responder().but(|one| one.issuer = name("Root X2").der().to_vec())).fails(&RULE, "Root X2");
        let other = Extension::authority_key_identifier(&[7; 20]).unwrap();
        with(Sample::responder().with(other)).fails(&RULE, "authority key identifier");
    }
}

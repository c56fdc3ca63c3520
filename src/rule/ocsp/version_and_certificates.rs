//! The version is not written out; a delegate's certificate is there. RFC 6960 §4.2.1, §4.2.2.3.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::pki::read::lenient;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-09",
    requires: "version 1 is not written out; a delegate's certificate is enclosed, the issuer's own is not needed",
    source: "RFC 6960 §4.2.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, context: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    if let Some(version) = response.tbs().version() {
        findings.must(format!("the version is written out, {}; version 1 is said by nothing", hex(version.octets())));
    }
    let enclosed: Vec<_> = response.certificates().iter().flatten().collect();
    if response.certificates().is_some() && enclosed.is_empty() {
        findings.must("the list of certificates is there and empty; it has to be absent");
    }
    if let Some(delegate) = context.delegate().filter(|_| response.is_whole()) {
        let is_delegate = |octets| {
            lenient::certificate(octets).is_ok_and(|(view, _)| view.tbs().octets() == delegate.octets())
        };
        if !enclosed.iter().any(|one| is_delegate(one.0.octets())) {
            findings.must("the delegate's certificate is not enclosed");
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use super::super::sample::whole;
    use crate::rule::sample::Sample;

    #[test]
    fn the_delegates_certificate_is_enclosed() {
        OcspSample::new().passes(&RULE);
        OcspSample::new().but(|one| one.certificates.clear()).fails(&RULE, "not enclosed");
        OcspSample::new().but(|one| one.certificates = vec![whole(&Sample::root())]).fails(&RULE, "not enclosed");
        OcspSample::direct().passes(&RULE);
    }

    #[test]
    fn version_1_is_said_by_nothing() {
        use crate::pki::build::element::concatenated;
        use crate::pki::read::der::{Faults, only, tag};
        use crate::rule::ocsp::Ocsp;
        use crate::rule::{Context, Kind, Policy, Verdict};
        let tbs = OcspSample::new().tbs();
        let content = only(&tbs, tag::SEQUENCE, "tbs", &mut Faults::new()).unwrap().content().to_vec();
        for (version, good) in [(&[][..], true), (&[0xa0, 3, 2, 1, 0], false), (&[0xa0, 3, 2, 1, 1], false)] {
            let tbs = concatenated(tag::SEQUENCE, &[version, &content]);
            let response = Ocsp::from_tbs(&tbs).unwrap();
            let verdict = (RULE.verdict)(&response, &Context::lint(Policy::Private, Kind::Other)).unwrap();
            assert_eq!(verdict == Verdict::Pass, good);
        }
    }
}

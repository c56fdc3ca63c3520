//! The reason stands in the status, not in an extension. BR §7.3.2.

use super::{Judge, Ocsp};
use crate::digest::hex;
use crate::pki::oid::extension;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "OCS-06",
    requires: "no answer has a reason code extension",
    source: "BR 2.2.6 §7.3.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(response: &Ocsp<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for single in &response.tbs().responses() {
        if single.extensions.find(extension::REASON_CODE).is_some() {
            findings.must(format!("the answer about {} has a reason code extension", hex(single.cert_id.serial)));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::sample::OcspSample;
    use super::RULE;
    use super::super::Ocsp;
    use crate::digest::{from_hex, hex};
    use crate::pki::build::element::{element, sequence};
    use crate::pki::read::der::{Cursor, Faults, tag};
    use crate::rule::evidence::messages;
    use crate::rule::{Context, Kind, Policy};

    /// The same response with these single extensions.
    fn with_single_extensions(extensions: &str) -> Vec<u8> {
        let tbs = OcspSample::new().tbs();
        let mut faults = Faults::new();
        let mut fields = Cursor::new(&tbs).any("tbs", &mut faults).unwrap().inside();
        let (responder, produced_at) = (fields.any("1", &mut faults).unwrap(), fields.any("2", &mut faults).unwrap());
        let single = fields.any("3", &mut faults).unwrap().inside().any("single", &mut faults).unwrap();
        let extensions = element(tag::context_constructed(1), &from_hex(extensions).unwrap());
        let single = sequence(&[single.content().to_vec(), extensions]);
        let fields = [responder.octets().to_vec(), produced_at.octets().to_vec(), sequence(&[single])];
        sequence(&fields)
    }

    #[test]
    fn a_reason_code_extension_is_refused() {
        OcspSample::new().passes(&RULE);
        for (extensions, good) in [
            ("300c300a0603551d1504030a0104", false),
            ("300c300a0603551d1804030a0104", true),
        ] {
            let tbs = with_single_extensions(extensions);
            let response = Ocsp::from_tbs(&tbs).unwrap();
            let context = Context::lint(Policy::PublicTls, Kind::Other);
            let objections = messages(&RULE, &context, |context| (RULE.verdict)(&response, context));
            assert_eq!(objections.is_empty(), good, "{}", hex(&tbs));
        }
    }
}

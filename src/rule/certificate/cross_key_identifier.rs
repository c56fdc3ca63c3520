//! A cross-certificate copies the subject key identifier, whatever its method. RFC 5280 §4.2.1.2.

use super::{Certificate, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-02",
    requires: "a cross-certificate's subject key identifier is that of the certificate being cross-signed",
    source: "BR 2.2.6 §7.1.2.2.3; RFC 5280 §4.2.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let found = certificate.extensions().subject_key_identifier()?;
    match (found, context.existing()?.0.extensions().subject_key_identifier()?) {
        (Some(found), Some(wanted)) if found != wanted => must(format!(
            "the subject key identifier is {}; that of the certificate being cross-signed is {}",
            hex(found),
            hex(wanted)
        )),
        // SUB-04 asks that there is one.
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::rule::sample::{Sample, existing_key, identifier};

    #[test]
    fn the_method_is_that_of_the_existing_certificate() {
        // The existing certificate has SHA-1; another method's identifier of the same key is another identifier.
        Sample::cross().passes(&RULE);
        let other = Extension::subject_key_identifier(&identifier(&existing_key())).unwrap();
        Sample::cross().with(other).fails(&RULE, "being cross-signed is");
    }
}
